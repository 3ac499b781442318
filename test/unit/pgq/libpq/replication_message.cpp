#include <pgq/libpq/replication_message.hpp>

#include <support/boost_test.hpp>

#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(pgq_libpq_replication_message)

using namespace std::string_view_literals;

BOOST_AUTO_TEST_CASE(data_is_taken_apart) {
    pgq::libpq::wal_message message;
    constexpr auto bytes = "w\0\0\0\1\0\0\0\2"
                           "\0\0\0\1\0\0\0\3"
                           "\0\0\0\0\0\0\0\4"
                           "log"sv;
    BOOST_TEST(pgq::libpq::detail::read_message(bytes, message));
    BOOST_TEST(message.begin == 0x1'0000'0002U);
    BOOST_TEST(message.server == 0x1'0000'0003U);
    BOOST_TEST(message.sent == 4);
    BOOST_TEST(message.data == "log");
    BOOST_TEST(!message.reply_wanted);
}

BOOST_AUTO_TEST_CASE(a_keepalive_tells_whether_a_reply_is_wanted) {
    pgq::libpq::wal_message message;
    std::string bytes{"k\0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0\2\1"sv};
    BOOST_TEST(!pgq::libpq::detail::read_message(bytes, message));
    BOOST_TEST(message.server == 0x80U);
    BOOST_TEST(message.reply_wanted);
    bytes.back() = '\0';
    BOOST_TEST(!pgq::libpq::detail::read_message(bytes, message));
    BOOST_TEST(!message.reply_wanted);
}

BOOST_AUTO_TEST_CASE(what_is_no_message_is_refused) {
    pgq::libpq::wal_message message;
    for (auto const bytes :
         {""sv, "w"sv, "k\0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0\2"sv, "x\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv})
        BOOST_CHECK_THROW(pgq::libpq::detail::read_message(bytes, message), pgq::protocol_error);
}

BOOST_AUTO_TEST_CASE(a_status_never_says_that_something_was_applied) {
    auto const text = pgq::libpq::detail::write_status(0x1'0000'0002U, 0x80U, true);
    BOOST_TEST(text.size() == 34U);
    BOOST_TEST((text.substr(0, 25) == "r\0\0\0\1\0\0\0\2\0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0\0"sv));
    BOOST_TEST(text.back() == '\1');
    BOOST_TEST(pgq::libpq::detail::write_status(0, 0, false).back() == '\0');
}

BOOST_AUTO_TEST_SUITE_END()
