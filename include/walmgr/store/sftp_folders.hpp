/// Folders of a store behind SFTP: there, made, and tidied up. Not for users.
#pragma once

#include <walmgr/store/sftp_session.hpp>
#include <walmgr/store/temporary_name.hpp>

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

namespace walmgr::detail {

/// A disk that is not mounted must never look like an empty store.
inline void require_sftp_folder(sftp_lease& session, std::string const& root) {
    if (!session->is_there(root))
        throw error{fault::unavailable, session->link().shown() + ": there is no such folder"};
}

/// Those of `path` below `root`, which must be there.
inline void make_sftp_folders(sftp_lease& session, std::string const& root, std::string const& path) {
    require_sftp_folder(session, root);
    for (auto end = root.size(); end < path.size();) {
        end = std::min(path.find('/', end + 1), path.size());
        auto const part = path.substr(0, end);
        if (session->is_there(part)) continue;
        session->send(session->request(sftp_kind::mkdir).text(part).number(sftp_flag::has_permissions).number(0700));
        auto const said = session->status();
        if (said != sftp_status::ok && !session->is_there(part)) session->refuse("cannot create " + part, said);
    }
}

/// What processes of this machine have left that are known to be gone goes, and with it a folder with nothing in it but
/// what was cut off a day ago. Whatever speaks against it, another time will do.
inline void tidy_sftp_folder(sftp_lease& session, std::string const& folder) {
    constexpr std::time_t day = 24 * 3600;
    auto all = session->entries(folder);
    auto const remove = [&](sftp_entry const& one) {
        session->send(session->request(sftp_kind::remove).text(folder + '/' + one.name));
        return session->status() == sftp_status::ok;
    };
    std::erase_if(all, [&](sftp_entry const& one) {
        return one.name == "." || one.name == ".." || (is_abandoned(one.name) && remove(one));
    });
    for (auto const& one : all) {
        if (!is_temporary_name(one.name) || std::time(nullptr) - std::time_t{one.attributes.modified} < day) return;
    }
    for (auto const& one : all)
        remove(one);
    session->send(session->request(sftp_kind::rmdir).text(folder));
    session->status();
}

}  // namespace walmgr::detail
