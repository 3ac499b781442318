#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/channel.hpp>
#include <walmgr/duplex.hpp>
#include <walmgr/store/frames.hpp>
#include <walmgr/store/sftp_packets.hpp>

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

BOOST_AUTO_TEST_SUITE(walmgr_duplex)

using support::is_fault;
using walmgr::duplex;
using walmgr::fault;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

/// One end of a link whose other end has said this, has perhaps left something unread, and has hung up.
walmgr::file left_alone(std::string_view last_words, std::string_view unread) {
    auto [ours, theirs] = walmgr::detail::socket_pair();
    duplex{theirs.descriptor(), theirs.descriptor(), "this end", 5s}.send(last_words);
    duplex{ours.descriptor(), ours.descriptor(), "the other end", 5s}.send(unread);
    return std::move(ours);
}

struct hung_up {
    explicit hung_up(std::string_view last_words, std::string_view unread = {}) : end{left_alone(last_words, unread)} {}
    walmgr::file end;
    duplex link{end.descriptor(), end.descriptor(), "the other end", 5s};
};

}  // namespace

BOOST_AUTO_TEST_CASE(what_the_other_end_said_before_it_hung_up_is_read_though_nothing_can_be_sent_to_it) {
    for (auto const unread : {""sv, "a question"sv}) {
        hung_up there{"no", unread};
        there.link.send("a question");
        there.link.send("and another");
        std::array<char, 2> said{};
        there.link.receive(said);
        BOOST_TEST(std::string_view(said.data(), said.size()) == "no");
        BOOST_CHECK_EXCEPTION(there.link.send("a third"), walmgr::error,
                              is_fault(fault::unavailable, "the other end: the link was cut"));
    }
}

BOOST_AUTO_TEST_CASE(one_that_hung_up_without_a_word_is_told_by_the_first_that_is_sent) {
    hung_up there{""};
    BOOST_CHECK_EXCEPTION(there.link.send("a question"), walmgr::error,
                          is_fault(fault::unavailable, "the other end: the link was cut: Broken pipe"));
    BOOST_TEST(there.link.is_broken());
}

BOOST_AUTO_TEST_CASE(a_shell_that_greets_and_ends_at_once_is_told_from_a_cut_link) {
    hung_up by_sftp{"Welcome to this machine\n"};
    by_sftp.link.send("a question");
    BOOST_CHECK_EXCEPTION(walmgr::detail::receive_sftp(by_sftp.link), walmgr::error,
                          is_fault(fault::unavailable, "its shell must print nothing"));
    hung_up by_ssh{"Welcome to this machine\n"};
    walmgr::detail::send_hello(by_ssh.link, "");
    BOOST_CHECK_EXCEPTION(walmgr::detail::receive_hello(by_ssh.link), walmgr::error,
                          is_fault(fault::unavailable, "its shell must print nothing"));
}

BOOST_AUTO_TEST_SUITE_END()
