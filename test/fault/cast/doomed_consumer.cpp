/// doomed_consumer same_transaction|at_least_once CONNINFO QUEUE CONSUMER: stores the data of events in the table
/// `consumed`, in the batch's transaction or by a session of its own, until there are no more batches. Events of the
/// types "abort", "exit" and "kill" end the process just so, after they have stored theirs; "throw" throws.
#include <pgq/codecs.hpp>
#include <pgq/pgq.hpp>

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

constexpr auto store = [](pgq::event const& ev, pgq::transport auto& session) {
    pgq::query(session, "insert into consumed values ($1)", ev.data);
    if (ev.type == "abort") std::abort();
    if (ev.type == "exit") ::_exit(7);
    if (ev.type == "kill") std::raise(SIGKILL);
    if (ev.type == "throw") throw std::runtime_error{"thrown"};
};

void drain(auto& consumer, std::string const& conninfo) {
    pgq::libpq::connection db{conninfo};
    consumer.subscribe(db);
    while (consumer.step(db)) {}
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 5) return 2;
    pgq::subscription const source{argv[3], argv[4]};
    if (std::string_view{argv[1]} == "same_transaction") {
        pgq::consumer consumer{source, pgq::same_transaction{}, pgq::bisected{}, store};
        drain(consumer, argv[2]);
    } else {
        pgq::libpq::connection side{argv[2]};
        pgq::consumer consumer{source, pgq::bisected{}, [&](pgq::event const& ev) { store(ev, side); }};
        drain(consumer, argv[2]);
    }
} catch (std::exception const& trouble) {
    std::fprintf(stderr, "doomed_consumer: %s\n", trouble.what());
    return 1;
}
