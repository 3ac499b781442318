// expect: pgq::run_options: metrics have of(queue, consumer) const, which gives a pointer to a recorder
// max-errors: 1
#include <pgq/run_options.hpp>

#include <support/mistakes.hpp>

struct recorder {
    void batch(pgq::batch_measure const&) {}
#if !REJECT
    void reconnect() {}
#endif
};
struct policy {
    [[nodiscard]] static recorder* of(std::string_view, std::string_view);
};

pgq::run_options<pgq::trouble_to_stderr, pgq::no_log, policy> const measured{};
