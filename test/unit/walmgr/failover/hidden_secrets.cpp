#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/failover/hidden_secrets.hpp>
#include <walmgr/process.hpp>

#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_failover_hidden_secrets)

using support::is_fault;
using walmgr::detail::hide_secrets;

BOOST_AUTO_TEST_CASE(secrets_are_handed_over_beside_the_arguments) {
    auto const plain = hide_secrets("host=db user='a b' password='the word'");
    BOOST_TEST(plain.text == "user='a b' host=db");
    BOOST_TEST((plain.environment == std::vector<std::pair<std::string, std::string>>{{"PGPASSWORD", "the word"}}));
    BOOST_TEST(!plain.service.is_open());

    auto const more = hide_secrets("host=db sslpassword=' its;own =#word' password=x");
    BOOST_TEST(more.text == "host=db service=walmgr");
    for (int round = 0; round < 2; ++round) {  // pg_basebackup reads it for each of its connections
        auto const done =
            walmgr::run_process({"sh", "-c", "cat \"$PGSERVICEFILE\"; echo $PGPASSWORD"},
                                {.environment = more.environment, .inherited = {more.service.descriptor()}});
        BOOST_TEST(done.out == "[walmgr]\nsslpassword= its;own =#word\nx\n");
    }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_handed_over_so_is_refused_without_being_shown) {
    for (auto const* const text :
         {"service=mine sslpassword=SECRET", "sslpassword='SECRET\nhost=elsewhere'", "sslpassword='SECRET '"})
        BOOST_CHECK_EXCEPTION(hide_secrets(text), walmgr::error, [](walmgr::error const& failure) {
            return is_fault(walmgr::fault::configuration, "sslpassword")(failure) &&
                   std::string{failure.what()}.find("SECRET") == std::string::npos;
        });
    BOOST_TEST(hide_secrets("service=mine password=x").text == "service=mine");
}

BOOST_AUTO_TEST_SUITE_END()
