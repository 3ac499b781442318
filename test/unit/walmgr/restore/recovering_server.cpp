#include <support/wal.hpp>
#include <walmgr/restore/recovering_server.hpp>

BOOST_AUTO_TEST_SUITE(walmgr_restore_recovering_server)

BOOST_AUTO_TEST_CASE(what_sessions_are_told_is_no_reason_for_the_end_of_a_server) {
    support::scratch_folder const folder;
    auto const reason = [&](std::string_view log) { return walmgr::detail::last_fatal(folder.write("log", log)); };
    BOOST_TEST(reason("LOG:  started\n") == "");
    // A server that shuts down at its target, while somebody connects to ask whether it is there.
    BOOST_TEST(reason("LOG:  recovery stopping at restore point \"behind\"\n"
                      "FATAL:  the database system is starting up\n"
                      "FATAL:  canceling authentication due to timeout\n"
                      "FATAL:  terminating connection due to administrator command\n"
                      "LOG:  database system is shut down\n") == "");
    BOOST_TEST(reason("FATAL:  recovery ended before configured recovery target was reached\n"
                      "FATAL:  canceling authentication due to timeout\n") ==
               "FATAL:  recovery ended before configured recovery target was reached");
    BOOST_TEST(reason("FATAL:  first\nPANIC:  second\nFATAL:  third\n") == "PANIC:  second");
}

BOOST_AUTO_TEST_SUITE_END()
