#include "open_repository.hpp"

#include "command.hpp"
#include "result.hpp"

#include <common/status.hpp>

#include <walmgr/location.hpp>
#include <walmgr/s3/credentials.hpp>
#include <walmgr/store/encrypted.hpp>
#include <walmgr/store/posix.hpp>
#include <walmgr/store/s3.hpp>
#include <walmgr/store/sftp.hpp>
#include <walmgr/store/ssh.hpp>

#include <cstddef>
#include <iostream>
#include <optional>
#include <utility>

namespace walmgr_app {

namespace {

walmgr::s3_options s3_options_of(store_options const& stores) {
    auto by = stores.s3;
    by.who = stores.s3_credentials.empty() ? walmgr::credentials_of_environment()
                                           : walmgr::read_s3_credentials(stores.s3_credentials, stores.s3_profile);
    return by;
}

walmgr::any_store open_unencrypted(config const& settings, std::string const& text) {
    auto const where = walmgr::parse_location(text);
    auto const shown = to_string(where);
    switch (where.by) {
    case walmgr::reached_by::path:
        return {walmgr::posix_store{where.path}, shown};
    case walmgr::reached_by::ssh:
        return {walmgr::ssh_store{where, settings.stores.ssh}, shown};
    case walmgr::reached_by::sftp:
        return {walmgr::sftp_store{where, settings.stores.ssh}, shown};
    case walmgr::reached_by::s3:
        return {walmgr::s3_store{where, s3_options_of(settings.stores)}, shown};
    }
    throw walmgr::error{walmgr::fault::configuration, "this walmgr keeps nothing in " + shown};
}

}  // namespace

walmgr::any_store open_location(config const& settings, std::string const& text) {
    auto where = open_unencrypted(settings, text);
    auto const& key_file = settings.stores.encryption_keys;
    if (key_file.empty()) return where;
    auto const shown = where.shown();
    return {walmgr::encrypted_store{std::move(where), walmgr::read_encryption_keys(key_file)}, shown};
}

walmgr::repositories open_repositories(config const& settings, std::optional<std::uint64_t> system_id) {
    return {settings.walmgr_data, settings.cluster,
            [&settings](std::string const& text) { return open_location(settings, text); }, system_id};
}

walmgr::any_store open_repository(config const& settings) {
    auto all = open_repositories(settings);
    std::vector<walmgr::repository_failure> failed;
    std::optional<walmgr::any_store> found;
    for (std::size_t which = 0; which < all.size() && !found; ++which)
        all.attempt(which, failed, [&](walmgr::repository const& in) { found = in.where; });
    if (!found) walmgr::refuse_all(failed);
    warn_of(failed);
    return *found;
}

walmgr::cluster known_cluster(config const& settings, walmgr::any_store const& where) {
    return walmgr::require_cluster(where, settings.cluster);
}

void warn_of(std::vector<walmgr::repository_failure> const& failures) {
    for (auto const& one : failures) {
        say(apps::one_line(one.why));
        result().attention(apps::one_line(one.why));
    }
}

int in_each_repository(config const& settings, std::function<int(std::string const&)> const& work) {
    int status = 0;
    for (auto const& location : settings.walmgr_data) {
        if (settings.walmgr_data.size() > 1) result().about(location);
        auto const one = status_of([&] { return work(location); });
        result().about({});
        if (status == 0) status = one;
        if (one != 0 && settings.walmgr_data.size() > 1)
            std::cerr << "walmgr: that was the repository " << location << '\n';
    }
    return status;
}

}  // namespace walmgr_app
