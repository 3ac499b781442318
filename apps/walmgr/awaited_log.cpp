#include "awaited_log.hpp"

#include "command.hpp"

#include <walmgr/backup/wal_arrival.hpp>
#include <walmgr/error.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <string>

namespace walmgr_app {

using namespace std::chrono_literals;

void rest(std::chrono::milliseconds how_long, std::stop_token const& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock{mutex};
    wake.wait_for(lock, stop, how_long, [&] { return stop.stop_requested(); });
    if (stop.stop_requested()) throw pgq::stopped{};
}

void await_log(config const& settings, walmgr::any_store const& where, walmgr::cluster const& of,
               walmgr::backup_record const& taken, backed_up_server& server, std::stop_token const& stop) {
    walmgr::wal_arrival log{of, segments_between(taken.tli, taken.start, taken.stop, of.size)};
    auto const end = std::chrono::steady_clock::now() + settings.backup.wal_timeout;
    auto tell = std::chrono::steady_clock::now() + 5s;
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
        if (now > tell) {
            say("waiting for " + *missing + ": " + server.describe_archiving());
            tell = now + 10s;
        }
        rest(pause, stop);
    }
}

}  // namespace walmgr_app
