#include <support/wal.hpp>
#include <walmgr/restore/recovering_server.hpp>

#include <chrono>
#include <fstream>
#include <string>

BOOST_AUTO_TEST_SUITE(walmgr_recovering_server)

using namespace walmgr;
using support::is_fault;

BOOST_AUTO_TEST_CASE(why_a_server_ended_is_found_in_front_of_those_that_were_not_let_in) {
    support::scratch_folder const folder;
    recovering_server const server{
        .data = folder.path(), .log = folder.path() + "/log", .limit = std::chrono::seconds{10}};
    std::ofstream{server.log} << "12:00 [1] LOG:  starting\n"
                                 "12:01 [2] FATAL:  the database system is starting up\n"
                                 "12:02 [3] FATAL:  recovery ended before configured recovery target was reached\n"
                                 "12:02 [4] FATAL:  the database system is shutting down\n"
                                 "12:02 [5] FATAL:  the database system is shutting down\n"
                                 "12:03 [1] LOG:  database system is shut down\n";
    BOOST_CHECK_EXCEPTION(await_target(server, target_at_name("nowhere"), false), error, [](error const& problem) {
        return is_fault(fault::gap)(problem) &&
               std::string{problem.what()} == "the server ended in front of restore point nowhere: FATAL:  recovery "
                                              "ended before configured recovery target was reached";
    });
}

BOOST_AUTO_TEST_SUITE_END()
