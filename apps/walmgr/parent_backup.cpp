#include "parent_backup.hpp"

#include <walmgr/backup/chain.hpp>
#include <walmgr/backup/list.hpp>
#include <walmgr/error.hpp>

namespace walmgr_app {

bool holds_whole_files(config const& settings, walmgr::backup_source const& source) {
    constexpr int first_with_summaries = 17;
    return settings.backup.from == backup_origin::files || source.version < first_with_summaries;
}

walmgr::backup_record find_parent(config const& settings, std::string const& label, walmgr::any_store const& where,
                                  walmgr::cluster const& of, walmgr::backup_source const& source) {
    bool const whole_files = holds_whole_files(settings, source);
    if (!whole_files && !source.summarizes)
        throw walmgr::error{walmgr::fault::configuration,
                            "the server keeps no summaries of its log, from which an incremental backup "
                            "is made: set summarize_wal = on, and take a full backup after that"};
    auto const all = list_backups(where, of).sealed;
    walmgr::backup_record const* chosen = nullptr;
    for (auto const& one : all) {
        // What a file was is not known where the backup has no more of it than changed blocks.
        bool const suits = one.history == of.history && (!whole_files || one.parent.empty() || one.whole_files);
        if (label.empty() ? suits : one.label == label) chosen = &one;
    }
    if (chosen == nullptr)
        throw walmgr::error{walmgr::fault::negative, label.empty()
                                                         ? "there is no backup to build on; take a full one first"
                                                         : "there is no backup " + label};
    if (chosen->history != of.history)
        throw walmgr::error{walmgr::fault::identity,
                            "backup " + chosen->label + " is of the cluster before its last pg_upgrade"};
    if (chain_of(all, *chosen).empty())
        throw walmgr::error{walmgr::fault::corrupt,
                            "backup " + chosen->label + " builds on " + chosen->parent +
                                ", and that or what it builds on is not in the repository; take a full one"};
    return *chosen;
}

}  // namespace walmgr_app
