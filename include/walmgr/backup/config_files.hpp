/// Finding a server's configuration files: those that it names, and what these include.
#pragma once

#include <pgq/error.hpp>

#include <walmgr/backup/kept_config.hpp>
#include <walmgr/backup/manifest_writer.hpp>
#include <walmgr/config_includes.hpp>
#include <walmgr/config_places.hpp>
#include <walmgr/tar_writer.hpp>

#include <concepts>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// A configuration file.
struct config_file {
    std::string path{};  ///< from the root
    std::string bytes{};
    unsigned mode = 0;
    tar_origin from{};
};

/// What was found of a server's configuration.
struct found_config {
    config_places places{};            ///< empty when the server did not say them
    std::vector<config_file> files{};  ///< those that the backup does not have anyway
    std::vector<missing_config> missing{};
    bool lacks_rights = false;  ///< something is missing since the role may not do what is needed
};

/// No configuration file is longer; what is, is not kept.
inline constexpr std::size_t longest_config_file = std::size_t{4} << 20U;

/// Where configuration files are read. `file()` gives nothing where there is none, and more than longest_config_file
/// bytes of one that is too long; `folder()` gives the names in one.
template <class Reader>
concept config_reader = requires(Reader& from, std::string const& path) {
    { from.file(path) } -> std::same_as<std::optional<config_file>>;
    { from.folder(path) } -> std::same_as<std::vector<std::string>>;
};

namespace detail {

/// Without what could not stand in a record, or on a line for people.
inline std::string plain_text(std::string_view text) {
    std::string out{text};
    for (char& byte : out)
        if (byte < ' ' || byte > '~') byte = '?';
    return out;
}

/// Goes through the files, each once. `Kept` says of a path whether the backup has that file anyway.
template <config_reader Reader, class Kept> class config_walk {
public:
    config_walk(Reader& from, Kept const& is_kept, found_config& found)
        : from_{from}, is_kept_{is_kept}, found_{found} {}

    void visit(std::string const& named, config_kind kind, bool may_be_missing = false) {
        constexpr std::size_t most_files = 1000;
        constexpr std::size_t most_bytes = std::size_t{64} << 20U;
        if (named.empty()) return;
        auto const path = std::filesystem::path{named}.lexically_normal().string();
        if (seen_.contains(path)) return;
        if (seen_.size() >= most_files) return lack(path, "there are more than 1000 files");
        seen_.insert(path);
        auto file = read(path, [&] { return from_.file(path); });
        if (!file) return;
        if (!*file) {
            if (!may_be_missing) lack(path, "there is no such file");
            return;
        }
        if ((*file)->bytes.size() > longest_config_file) return lack(path, "it is too long for a configuration file");
        for (auto const& one : config_includes((*file)->bytes, kind))
            visit_included(one, path);
        if (is_kept_(path)) return;
        if (!can_be_kept(path)) return lack(path, "its name cannot be kept");
        bytes_ += (*file)->bytes.size();
        if (bytes_ > most_bytes) return lack(path, "all files together are too long for a configuration");
        found_.files.push_back(std::move(**file));
        found_.files.back().path = path;
    }

private:
    void visit_included(config_include const& one, std::string const& from) {
        auto const path = (std::filesystem::path{from}.parent_path() / one.path).lexically_normal().string();
        if (!one.is_folder) return visit(path, one.kind, one.may_be_missing);
        auto const names = read(path, [&] { return from_.folder(path); });
        if (!names) return;
        for (auto const& name : *names)
            if (name.ends_with(".conf") && !name.starts_with('.')) visit(path + '/' + name, one.kind);
    }
    /// What `get()` gives; nothing where it fails, which is noted.
    auto read(std::string const& path, auto const& get) -> std::optional<decltype(get())> {
        try {
            return get();
        } catch (pgq::stopped const&) { throw; } catch (pgq::error const& problem) {
            if (problem.connection_lost()) throw;
            if (is_kept_(path)) return std::nullopt;
            lack(path, problem.what());
            found_.lacks_rights = found_.lacks_rights || problem.state() == "42501";
            return std::nullopt;
        }
    }
    void lack(std::string const& path, std::string_view why) {
        found_.missing.push_back({plain_text(path), plain_text(why)});
    }
    static bool can_be_kept(std::string const& path) {
        constexpr std::size_t longest = 100;
        auto const inner = path.substr(1);
        if (!is_plain_path(path) || !is_inner_path(inner)) return false;
        auto const name = std::filesystem::path{inner}.filename().string();
        return name.size() <= longest && inner.size() - name.size() <= longest;
    }

    Reader& from_;
    Kept const& is_kept_;
    found_config& found_;
    std::set<std::string> seen_{};
    std::size_t bytes_ = 0;  ///< of the files that were found
};

}  // namespace detail

/// Finds the configuration files that a backup does not have anyway. `places` is what the server says, nothing for a
/// role that may not see it; `sources`: files that its settings come from, as it says. `is_kept(path)`: whether the
/// backup has a file, or would have it. A file that cannot be read is no failure, but noted.
/// @throws pgq::connection_error, pgq::stopped
template <config_reader Reader>
found_config find_config_files(std::optional<config_places> const& places, std::vector<std::string> const& sources,
                               Reader& from, auto const& is_kept) {
    found_config found;
    if (!places) {
        found.lacks_rights = true;
        found.missing.push_back({"postgresql.conf", "the role may not see where it is"});
        return found;
    }
    found.places = *places;
    detail::config_walk walk{from, is_kept, found};
    walk.visit(places->config, config_kind::settings);
    for (auto const& one : sources)
        walk.visit(one, config_kind::settings);
    walk.visit(places->hba, config_kind::access);
    walk.visit(places->ident, config_kind::access);
    return found;
}

}  // namespace walmgr
