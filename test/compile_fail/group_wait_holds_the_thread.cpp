// expect: pgq::group needs wait policies with pause(db, idle) const
// max-errors: 1
#include <pgq/group.hpp>

#include <support/mistakes.hpp>

struct sleeps {
    using policy_axis = pgq::wait_axis;
    void prepare(pgq::transport auto&) const {}
    void wait(pgq::transport auto&, std::string_view, int, std::stop_token const&) const {}
#if !REJECT
    [[nodiscard]] std::chrono::milliseconds pause(pgq::transport auto&, int) const { return {}; }
#endif
};

void work() {
    pgq::consumer billing{orders, sleeps{}, [](pgq::event const&) {}};
    pgq::group{billing}.run([] { return support::scripted{}; });
}
