/// The folder in which an old walmgr kept log and backups on the standby, read so that its log can be taken over.
#pragma once

#include <unistd.h>
#include <walmgr/archive.hpp>
#include <walmgr/visit_names.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace walmgr {

/// What lies there.
struct classic_folder {
    std::string log_folder{};               ///< logs.complete
    std::vector<std::string> log{};         ///< names of its files that are of the log, oldest first
    std::vector<std::string> others{};      ///< names of the rest: STOP, PAUSE and the like
    std::vector<std::string> backups{};     ///< folders data.master and data.master.N that hold a backup
    std::vector<std::string> unfinished{};  ///< names of segments in logs.partial that are not in logs.complete
};

/// Looks at `base`, the folder that slave and walmgr_data named. @throws error  negative, when it has no logs.complete
inline classic_folder read_classic(std::string const& base) {
    classic_folder found{.log_folder = base + "/logs.complete"};
    for (auto const& name : names_in(found.log_folder))
        (parse_wal_name(name) ? found.log : found.others).push_back(name);
    if (found.log.empty() && ::access(found.log_folder.c_str(), F_OK) != 0)
        throw error{fault::negative,
                    "there is no logs.complete in " + base +
                        "; name the folder in which the old walmgr kept logs.complete and data.master"};
    for (auto const& name : names_in(base + "/logs.partial")) {
        if (parse_wal_name(name) && std::find(found.log.begin(), found.log.end(), name) == found.log.end())
            found.unfinished.push_back(name);
    }
    for (auto const& name : names_in(base)) {
        if (name.starts_with("data.master") && open_file(base + '/' + name + "/backup_label").is_open())
            found.backups.push_back(base + '/' + name);
    }
    return found;
}

/// Refuses what archive_file() would refuse of a file by itself, and stores nothing. @throws error  as archive_file()
inline void check_archivable(cluster const& of, std::string const& path, std::string const& name) {
    detail::offered_file const offered{path, name, of};
    std::string start(std::min<std::size_t>(offered.from.size(), detail::archive_block), '\0');
    start.resize(offered.from.read(0, start));
    detail::check_start(start, offered.name, of, path);
}

}  // namespace walmgr
