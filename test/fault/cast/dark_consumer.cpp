/// dark_consumer CONNINFO QUEUE CONSUMER MILLISECONDS GATE: prints the data of each event, once as it comes and, with
/// "done" before it, when the file GATE exists, for which an event "wait" waits. The server may say nothing for so many
/// milliseconds. Ends on SIGTERM.
#include <pgq/pgq.hpp>

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>

int main(int argc, char** argv) try {
    if (argc != 6) return 2;
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    std::string const gate{argv[5]};
    pgq::consumer consumer{pgq::subscription{argv[2], argv[3]}, [&](pgq::event const& ev) {
                               std::printf("%s\n", std::string{ev.data}.c_str());
                               while (ev.data == "wait" && ::access(gate.c_str(), F_OK) != 0)
                                   std::this_thread::sleep_for(std::chrono::milliseconds{10});
                               std::printf("done %s\n", std::string{ev.data}.c_str());
                           }};
    pgq::run_options<> const options{.longest_silence = std::chrono::milliseconds{std::atoi(argv[4])}};
    pgq::run(consumer, argv[1], pgq::stop_on_signals(), options);
} catch (std::exception const& trouble) { return std::fprintf(stderr, "dark_consumer: %s\n", trouble.what()), 1; }
