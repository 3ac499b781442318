#include "first_config.hpp"

#include "config.hpp"
#include "result.hpp"
#include "this_program.hpp"

#include <pgq/codec/string.hpp>
#include <pgq/libpq/connection.hpp>
#include <pgq/transport.hpp>

#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/command_line.hpp>
#include <walmgr/location.hpp>
#include <walmgr/process.hpp>
#include <walmgr/sql/config_places.hpp>
#include <walmgr/sql/health.hpp>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <utility>
#include <vector>

namespace walmgr_app {
namespace {

using walmgr::error;
using walmgr::fault;

bool is_by_ssh(walmgr::location const& where) {
    return where.by == walmgr::reached_by::ssh || where.by == walmgr::reached_by::sftp;
}

/// The configuration that was asked for, with what the server itself says of where it lies.
std::string first_config(first_words const& given, walmgr::location const& where) {
    pgq::libpq::connection db{
        given.master_db, {.connect_timeout = std::chrono::seconds{30}, .statement_timeout = std::chrono::seconds{30}}};
    auto const programs = pgq::query(db, "select setting from pg_config where name = 'BINDIR'");
    std::vector<std::pair<std::string, std::string>> const found{
        {"walmgr_data", given.data},
        {"cluster", given.cluster},
        {"master_db", given.master_db},
        {"master_data", walmgr::sql::shown_setting(db, "data_directory")},
        {"master_config", walmgr::sql::outside_config_file(db).value_or("")},
        {"master_bin", programs.empty() ? std::string{} : pgq::value_of<std::string>(programs, 0, 0)},
        {"slave_db", given.slave_db},
        {"slave_data", given.slave_data},
        {"slave_bin",
         programs.empty() || given.slave_data.empty() ? std::string{} : pgq::value_of<std::string>(programs, 0, 0)},
        {"partial_wals", given.partial_wals},
        {"ssh_command", is_by_ssh(where) && !given.key_file.empty()
                            ? "ssh -oIdentitiesOnly=yes -i " + walmgr::shell_word(given.key_file)
                            : std::string{}}};
    std::string text = "# The other keys, and what they are for: walmgr --ini\n[walmgr]\n";
    for (auto const& [key, value] : found) {
        if (value.find_first_of("\r\n") != value.npos)
            throw error{fault::usage, "the value of " + key + " has a line end in it"};
        if (!value.empty()) text.append(key).append(" = ").append(value).append("\n");
    }
    return text;
}

}  // namespace

void write_first_config(std::string const& path, first_words given) {
    // Later commands run elsewhere.
    if (!given.key_file.empty()) given.key_file = std::filesystem::absolute(given.key_file).string();
    auto const where = walmgr::parse_location(given.data);
    if (::access(path.c_str(), F_OK) == 0)
        throw error{fault::negative, path + " is there already, and is left as it is"};
    auto const text = first_config(given, where);
    bool const makes_key = !given.key_file.empty() && ::access(given.key_file.c_str(), F_OK) != 0;
    bool const makes_folder = where.by == walmgr::reached_by::path && ::access(where.path.c_str(), F_OK) != 0;
    auto& told = result();
    told.has({"repo_init"});
    told.change("create", path);
    if (makes_folder) told.change("create", where.path);
    if (makes_key) told.change("create", given.key_file);
    if (given.dry_run) {
        std::cout << "would write " << path << (told.wanted ? "\n" : ":\n" + text);  // it may hold a password
        if (makes_folder) std::cout << "would create " << where.path << '\n';
        if (makes_key) std::cout << "would make the key " << given.key_file << '\n';
        return;
    }
    // Whether it can be read at all is found out before anything else is done. It may hold a password.
    auto out = walmgr::open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!out.is_open()) throw error{fault::unavailable, "cannot create " + path + ", its folder must be there"};
    out.write(text);
    out.sync();
    out.close();
    try {
        static_cast<void>(read_config(path));
    } catch (...) {
        ::unlink(path.c_str());
        throw;
    }
    std::cout << "wrote " << path << std::endl;
    if (makes_folder) {
        if (::mkdir(where.path.c_str(), 0700) != 0) walmgr::refuse("cannot create " + where.path);
        std::cout << "created " << where.path << std::endl;
    }
    if (makes_key) {
        walmgr::run_checked({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "walmgr", "-f", given.key_file});
        std::cout << "made the key " << given.key_file << "; put " << given.key_file
                  << ".pub into authorized_keys on the other machine" << std::endl;
    }
    // Nobody there knows the key yet.
    if (makes_key && is_by_ssh(where)) {
        std::cout << "next: walmgr " << path << " repo init, when " << where.host << " has the key\n";
        return;
    }
    std::vector<std::string> words{program_path(), path, "repo", "init"};
    if (told.wanted) words.emplace_back("--json");
    auto const said = walmgr::run_checked(words);
    if (told.wanted) told.set("repo_init", apps::json::written(said.substr(0, said.find('\n'))));
    else std::cout << said;
    std::cout << "next: walmgr " << path << " setup\n";
}

}  // namespace walmgr_app
