#include "awaited_log.hpp"

#include "command.hpp"

#include <walmgr/archive_pace.hpp>
#include <walmgr/backup/wal_arrival.hpp>
#include <walmgr/error.hpp>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <iomanip>
#include <mutex>
#include <sstream>
#include <string>

namespace walmgr_app {

using namespace std::chrono_literals;

namespace {

/// For people, behind how far the archiver is; nothing as long as nobody knows.
std::string shown_pace(walmgr::archive_pace const& pace, walmgr::segment last, walmgr::segment_size size) {
    auto const files = pace.files_a_second();
    auto const left = pace.seconds_until(last, size);
    if (!files || !left) return {};
    std::ostringstream text;
    text << std::fixed << std::setprecision(*files < 1 ? 3 : 1) << "; at " << *files << " files a second "
         << file_name(last, size) << ", the last one, is there in about " << std::llround(std::ceil(*left)) << " s";
    return text.str();
}

}  // namespace

void rest(std::chrono::milliseconds how_long, std::stop_token const& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock{mutex};
    wake.wait_for(lock, stop, how_long, [&] { return stop.stop_requested(); });
    if (stop.stop_requested()) throw pgq::stopped{};
}

void await_log(config const& settings, walmgr::any_store const& where, walmgr::cluster const& of,
               walmgr::backup_record const& taken, backed_up_server& server, bool each_second,
               std::stop_token const& stop) {
    auto const wanted = segments_between(taken.tli, taken.start, taken.stop, of.size);
    walmgr::wal_arrival log{of, wanted};
    walmgr::archive_pace pace;
    auto const end = std::chrono::steady_clock::now() + settings.backup.wal_timeout;
    auto tell = std::chrono::steady_clock::now() + (each_second ? 1s : 5s);
    for (auto pause = 20ms;; pause = std::min(pause * 2, 1000ms)) {
        server.end_segment(taken);
        auto const missing = log.missing(where);
        if (!missing) return;
        auto const now = std::chrono::steady_clock::now();
        if (now > end)
            throw walmgr::error{
                walmgr::fault::timed_out,
                *missing + " is not in the repository after " + std::to_string(settings.backup.wal_timeout.count()) +
                    " s, so that the backup cannot be restored and is not sealed: " + server.describe_archiving() +
                    ". Mend the archiving, or give backup_wal_timeout more seconds" +
                    (settings.backup.from == backup_origin::files ? "; --resume goes on with what is stored" : "")};
        if (auto const read = server.read_archiver()) pace.note(*read);
        if (now > tell) {
            say("waiting for " + *missing + ": " + server.describe_archiving() +
                shown_pace(pace, wanted.last, of.size));
            tell = now + (each_second ? 1s : 10s);
        }
        rest(pause, stop);
    }
}

}  // namespace walmgr_app
