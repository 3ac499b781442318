/// tracked_consumer SOURCE TARGET QUEUE CONSUMER never|before|between|run: stores the events of the type "good" in the
/// table `consumed` of the target, hands "late" back once and sets "bad" aside, until there are no more batches. Dies
/// by SIGKILL just before or just after its first commit in the target. With "run" it goes on until SIGTERM, over
/// sessions that the framework opens.
#include <pgq/codecs.hpp>
#include <pgq/pgq.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

namespace {

struct mortal_session : pgq::libpq::connection {
    std::string_view dies;

    mortal_session(std::string const& conninfo, std::string_view when) : connection{conninfo}, dies{when} {}
    void commit() {
        if (dies == "before") std::raise(SIGKILL);
        connection::commit();
        if (dies == "between") std::raise(SIGKILL);
    }
};

constexpr auto store = [](pgq::event const& ev, pgq::transport auto& target) {
    if (ev.type == "late" && ev.retry == 0) return pgq::retry_in(std::chrono::seconds{0});
    if (ev.type == "bad") return pgq::dead_letter("it is bad");
    pgq::query(target, "insert into consumed values ($1)", ev.data);
    return pgq::done();
};

void go_on(pgq::subscription const& source, std::string const& conninfo, std::string const& target) {
    pgq::consumer consumer{source, pgq::tracked{target}, store};
    pgq::run(consumer, conninfo, pgq::stop_on_signals());
}

void until_idle(pgq::subscription const& source, std::string const& conninfo, auto const& target) {
    pgq::consumer consumer{source, pgq::tracked{target}, store};
    pgq::libpq::connection db{conninfo};
    consumer.subscribe(db);
    pgq::verdict_counts counts;
    while (auto const report = consumer.step(db))
        counts += report->counts;
    std::printf("%llu\n", 0ULL + counts.events);
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 6) return 2;
    pgq::subscription const source{argv[3], argv[4]};
    std::string_view const how{argv[5]};
    if (how == "run") go_on(source, argv[1], argv[2]);
    else until_idle(source, argv[1], [&] { return mortal_session{argv[2], how}; });
} catch (pgq::fenced_error const& trouble) {
    return std::fprintf(stderr, "tracked_consumer: %s\n", trouble.what()), 3;
} catch (std::exception const& trouble) { return std::fprintf(stderr, "tracked_consumer: %s\n", trouble.what()), 1; }
