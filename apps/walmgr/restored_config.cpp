#include "restored_config.hpp"

#include "command.hpp"

#include <unistd.h>
#include <walmgr/backup/config_readers.hpp>
#include <walmgr/backup/store_config.hpp>
#include <walmgr/restore/config_folder.hpp>
#include <walmgr/server_config.hpp>

#include <filesystem>
#include <iostream>
#include <system_error>
#include <utility>

namespace walmgr_app {
namespace {

using walmgr::error;
using walmgr::fault;

/// What a backup lacks, and why.
std::string lacking(walmgr::backup_record const& one) {
    std::string text;
    if (one.configuration)
        for (auto const& file : one.configuration->missing)
            text.append(text.empty() ? "" : "; ").append(file.path).append(": ").append(file.why);
    return text.empty() ? "" : " (" + text + ")";
}

std::string settings_words(std::vector<std::string> const& settings) {
    return walmgr::shell_word(walmgr::start_options(settings));
}

}  // namespace

restored_config::restored_config(config const& settings, walmgr::any_store const& where, walmgr::cluster const& of,
                                 walmgr::restore_plan const& plan, std::string folder, bool start,
                                 std::string const& data)
    : folder_{std::move(folder)}, target_{plan.target.kind}, own_{plan.manifest.files.contains("postgresql.conf")} {
    if (auto const& found = plan.from.configuration) {
        was_ = found->places;
        count_ = found->part ? found->part->files : 0;
    }
    if (!folder_.empty()) {
        if ((folder_ + '/').starts_with(data + '/'))
            throw error{fault::usage, "--config " + folder_ +
                                          " lies in the data folder, where each later backup would "
                                          "have it; name another folder"};
        if (count_ == 0)
            throw error{fault::usage, "backup " + plan.from.label +
                                          " has no configuration files from outside of the data folder" +
                                          lacking(plan.from) + ", so that --config has nothing to write"};
        kept_ = read_config(where, of, plan.from);
        check_config_folder(kept_, folder_);
        bool const whole = own_ || (walmgr::detail::has_path(kept_, was_.config) && lacking(plan.from).empty());
        if (start && !whole)
            throw error{fault::usage, "backup " + plan.from.label + " does not have all of its server's configuration" +
                                          lacking(plan.from) + ": restore it without --start"};
        return;
    }
    if (own_) return;
    use_present(settings, data);
    if (start && present_.empty() && start_command_.empty())
        throw error{fault::usage,
                    "the server of backup " + plan.from.label + " had its configuration outside of its data folder" +
                        (count_ == 0 ? ", and the backup does not have it" + lacking(plan.from)
                                     : ": --config DIR writes it below a folder, and --start starts it by that") +
                        "; or let slave_config_dir name the folder of a postgresql.conf for slave_data, or "
                        "slave_start_cmd start it"};
}

/// That of the configuration's two servers whose data folder it is, as it is known there.
void restored_config::use_present(config const& settings, std::string const& data) {
    for (auto const* const one : {&settings.nodes.slave, &settings.nodes.master}) {
        std::error_code problem;
        bool const same = one->data == data || std::filesystem::equivalent(one->data, data, problem);
        if (one->data.empty() || !same || !present_.empty()) continue;
        if (::access(one->config.c_str(), R_OK) == 0) present_ = one->config;
        else if (start_command_.empty()) start_command_ = one->start_command;
    }
    if (present_.empty()) return;
    walmgr::local_config_reader here{std::filesystem::path{present_}.parent_path().string()};
    walmgr::config_places const places{.data = data, .config = present_, .hba = present_, .ident = present_};
    of_present_ = walmgr::find_config_files(places, {}, here, [](std::string const&) { return false; }).files;
}

void restored_config::show() const {
    if (!folder_.empty())
        for (auto const& one : kept_)
            std::cout << one.path << " would be written as " << walmgr::below_folder(folder_, one.path) << '\n';
}

void restored_config::write() const {
    if (folder_.empty()) {
        if (count_ > 0)
            std::cout << "the backup has " << count_
                      << " configuration files from outside of the data folder, of which " << was_.config
                      << " is read first; --config DIR writes them below a folder\n";
        return;
    }
    auto const written = write_config_files(kept_, folder_);
    for (auto const& one : kept_)
        std::cout << "configuration: " << walmgr::below_folder(folder_, one.path) << '\n';
    std::cout << "configuration: " << written << " files written, " << kept_.size() - written
              << " were there already\n";
    if (folder_ == "/") return;
    for (auto const& one : other_includes(kept_, was_))
        say(one + ", and not below " + folder_);
}

std::vector<std::string> restored_config::settings(std::string const& data) const {
    bool const by_kept = !folder_.empty();
    if (own_ && !by_kept) return {};
    auto settings = by_kept            ? config_settings(kept_, was_, folder_, data)
                    : present_.empty() ? std::vector<std::string>{}
                                       : std::vector{"config_file=" + present_, "data_directory=" + data};
    for (auto& one : without_guides(by_kept ? kept_ : of_present_, target_))
        settings.push_back(std::move(one));
    return settings;
}

std::string restored_config::advice(std::string const& data) const {
    auto const by = settings(data);
    std::string const what = "start the server on " + data;
    if (own_ && by.empty()) return what + ": it recovers by itself";
    if (!by.empty())
        return what + ", and it recovers by itself: pg_ctl start -D " + walmgr::shell_word(data) + " -o " +
               settings_words(by);
    return what + " with its configuration, which is not in that folder" +
           (was_.config.empty() ? "" : " and was " + was_.config) + ": it recovers by itself";
}

}  // namespace walmgr_app
