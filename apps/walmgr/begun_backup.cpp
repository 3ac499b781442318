#include "begun_backup.hpp"

#include "command.hpp"
#include "megabytes.hpp"

#include <walmgr/backup/list.hpp>

#include <cstdint>

namespace walmgr_app {

std::optional<walmgr::begun_backup> find_begun_backup(walmgr::any_store const& where, walmgr::cluster const& of,
                                                      walmgr::backup_kind kind) {
    auto begun = walmgr::find_begun(where, of, walmgr::list_backups(where, of), kind);
    if (!begun) say("no unfinished backup has anything to go on with; a new one is taken");
    return begun;
}

std::string describe(walmgr::begun_backup const& begun) {
    std::uint64_t stored = 0;
    for (auto const& one : begun.parts())
        stored += one.part.stored_size;
    auto const count = begun.parts().size();
    return begun.label() + ", of which " + std::to_string(count) + (count == 1 ? " part" : " parts") + " with " +
           megabytes(stored) + (count == 1 ? " is stored" : " are stored");
}

}  // namespace walmgr_app
