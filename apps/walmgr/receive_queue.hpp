/// What was received and waits for the repositories, over all that a receiver begins anew.
#pragma once

#include <walmgr/receive/background_archiver.hpp>

#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

namespace walmgr_app {

/// A receiver that begins anew finds files in its folder that wait already, or are just being archived: they are not
/// taken twice, for the second time they would be gone. `archive(settings, path, name, stop)` stores a file, each time
/// by the settings that hold then. Thread-safe, as background_archiver is.
template <class Settings, class Archive, pgq::log_sink Log> class receive_queue {
public:
    receive_queue(walmgr::partial_folder const& from, std::shared_ptr<Settings const> settings, Archive archive,
                  Log log)
        : settings_{std::move(settings)}, archive_{std::move(archive)}, archiver_{from, job{this}, log} {}

    /// What is begun from now on goes by these.
    void go_by(std::shared_ptr<Settings const> settings) {
        std::lock_guard const hold{mutex_};
        settings_ = std::move(settings);
    }

    /// As background_archiver has it.
    void add(std::string const& file, std::string const& name) {
        std::lock_guard const hold{mutex_};
        if (archiver_.waiting() == 0) taken_.clear();
        if (taken_.insert(file).second) archiver_.add(file, name);
    }
    void check() const { archiver_.check(); }
    void wait_until_empty(std::stop_token const& stop) { archiver_.wait_until_empty(stop); }

private:
    struct job {
        receive_queue* queue;
        void operator()(std::string const& path, std::string const& name, std::stop_token const& stop) const {
            auto const settings = queue->begin(path.substr(path.rfind('/') + 1));
            queue->archive_(*settings, path, name, stop);
        }
    };

    /// Whatever was begun before is gone from the folder.
    std::shared_ptr<Settings const> begin(std::string const& file) {
        std::lock_guard const hold{mutex_};
        if (file != begun_) taken_.erase(std::exchange(begun_, file));
        return settings_;
    }

    std::mutex mutex_{};
    std::set<std::string> taken_{};
    std::string begun_{};
    std::shared_ptr<Settings const> settings_;
    Archive archive_;
    walmgr::background_archiver<job, Log> archiver_;
};

}  // namespace walmgr_app
