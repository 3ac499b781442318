/// tracked_consumer SOURCE TARGET QUEUE CONSUMER never|before|between: stores the events of the type "good" in the
/// table `consumed` of the target, hands "late" back once and sets "bad" aside, until there are no more batches. Dies
/// by SIGKILL just before or just after its first commit in the target.
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

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 6) return 2;
    pgq::consumer consumer{pgq::subscription{argv[3], argv[4]}, pgq::tracked{[&] {
                               return mortal_session{argv[2], argv[5]};
                           }},
                           [](pgq::event const& ev, pgq::transport auto& target) {
                               if (ev.type == "late" && ev.retry == 0) return pgq::retry_in(std::chrono::seconds{0});
                               if (ev.type == "bad") return pgq::dead_letter("it is bad");
                               pgq::query(target, "insert into consumed values ($1)", ev.data);
                               return pgq::done();
                           }};
    pgq::libpq::connection db{argv[1]};
    consumer.subscribe(db);
    pgq::verdict_counts counts;
    while (auto const report = consumer.step(db))
        counts += report->counts;
    std::printf("%llu\n", 0ULL + counts.events);
} catch (pgq::fenced_error const& trouble) {
    return std::fprintf(stderr, "tracked_consumer: %s\n", trouble.what()), 3;
} catch (std::exception const& trouble) { return std::fprintf(stderr, "tracked_consumer: %s\n", trouble.what()), 1; }
