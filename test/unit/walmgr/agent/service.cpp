#include <support/boost_test.hpp>
#include <support/wal.hpp>
#include <walmgr/agent/ask.hpp>
#include <walmgr/agent/listener.hpp>
#include <walmgr/agent/requests.hpp>
#include <walmgr/agent/service.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(walmgr_agent_service)

using support::is_fault;
using walmgr::fault;
using fields = std::vector<std::string>;

namespace {

std::string const name = "000000010000000000000001";

struct storing {
    static walmgr::archive_report store(std::string const& /*path*/, std::string const& /*name*/,
                                        auto const& /*packed*/) {
        throw walmgr::error{fault::duplicate, "other bytes"};
    }
    static walmgr::archive_report still_stored(walmgr::archive_report const& before, std::string const& /*name*/) {
        return before;
    }
};
struct fetching {
    static std::optional<walmgr::fetched_segment> fetch(std::string const& /*name*/, std::string const& /*place*/) {
        throw walmgr::error{fault::corrupt, "damaged"};
    }
};

struct play {
    support::scratch_folder files{};
    walmgr::archive_ahead<storing, pgq::no_log> archive{{}, {.workers = 1}, {}};
    walmgr::spool spool{files.path(), "main"};
    walmgr::prefetch<fetching> fetch{spool, {}, 1, 1};
    walmgr::agent_service<storing, fetching, pgq::no_log> service{"meaning", archive, &fetch};

    [[nodiscard]] fields asks(fields request) {
        request.insert(request.begin(), std::string{walmgr::agent_protocol});
        return service.answer(request);
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(packets_keep_empty_fields) {
    for (auto const& one : {fields{"a"}, fields{"a", "", "b", ""}, fields{"declined", ""}})
        BOOST_TEST((walmgr::fields_of(walmgr::packet_of(one)) == one));
}

BOOST_FIXTURE_TEST_CASE(what_it_cannot_vouch_for_it_leaves_to_the_one_who_asks, play) {
    using walmgr::agent_request::archive;
    using walmgr::agent_request::fetch;
    BOOST_TEST(service.answer({"walmgr-agent-0", "status"}).front() == "declined");
    for (auto const& one : {fields{}, fields{"what"}, fields{"archive"}, archive("other", "/", name, {}),
                            archive("meaning", "/", "../" + name, {}), fetch("meaning", "00000002.history", "/x"),
                            fetch("meaning", name, "/x")})
        BOOST_TEST(asks(one).front() == "declined");
    BOOST_TEST((asks(archive("meaning", "/", name, {})) == fields{"failed", "11", "other bytes"}));
    BOOST_TEST(asks({"status"}).front() == "done");
}

BOOST_FIXTURE_TEST_CASE(who_asks_hears_of_failures_and_of_an_end, play) {
    auto const path = files / "socket";
    BOOST_TEST(!walmgr::ask_agent(path, {"status"}).done);
    std::optional<walmgr::agent_listener> listener{path};
    BOOST_CHECK_EXCEPTION(walmgr::agent_listener{path}, walmgr::error, is_fault(fault::locked, "another agent"));
    auto const answer = [&](bool well) {
        return std::jthread{[&listener, this, well] {
            auto const link = listener->accept(-1, std::chrono::seconds{20});
            if (well) service.serve(link);
        }};
    };
    {
        auto const serving = answer(true);
        BOOST_CHECK_EXCEPTION(walmgr::ask_agent(path, walmgr::agent_request::archive("meaning", "/", name, {})),
                              walmgr::error, is_fault(fault::duplicate, "other bytes"));
    }
    {
        auto const serving = answer(false);
        auto const said = walmgr::ask_agent(path, {"status"});
        BOOST_TEST(!said.done);
        BOOST_TEST(said.says.front().find("has ended") != std::string::npos);
    }
    listener.reset();
    files.write("socket", "a file of somebody");
    BOOST_CHECK_THROW(walmgr::agent_listener{path}, walmgr::error);
    BOOST_TEST(support::bytes_of_file(path) == "a file of somebody");
}

BOOST_AUTO_TEST_SUITE_END()
