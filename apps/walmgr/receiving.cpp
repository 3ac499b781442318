#include "receiving.hpp"

#include "config.hpp"

#include <pgq/ini.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace walmgr_app {
namespace {

std::string text(pgq::ini_section const& section, std::string_view name) {
    return section.text(name, apps::fallback(keys, name));
}

std::chrono::milliseconds milliseconds(pgq::ini_section const& section, std::string_view name, double least,
                                       double most) {
    auto const usual = std::stod(std::string{apps::fallback(keys, name)});
    return std::chrono::milliseconds{static_cast<long long>(section.seconds(name, usual, least, most) * 1000)};
}

walmgr::flush_policy read_flush(pgq::ini_section const& section) {
    using when = walmgr::flush_policy::when;
    walmgr::flush_policy read;
    auto const kind = text(section, "flush");
    if (kind == "segment") read.kind = when::segment;
    else if (kind == "every") read.kind = when::every;
    else if (kind == "synchronous") read.kind = when::synchronous;
    else section.refuse("flush", "is neither segment, every nor synchronous: \"" + kind + '"');
    auto const usual = std::stoll(std::string{apps::fallback(keys, "flush_bytes")});
    read.bytes = static_cast<std::uint64_t>(section.number("flush_bytes", usual, 8192, 1LL << 30));
    read.delay = milliseconds(section, "flush_delay", 0, 3600);
    return read;
}

/// Both folders lay in one.
bool is_of_the_original(std::filesystem::path const& folder) {
    std::error_code ignored;
    return folder.filename() == "logs.partial" &&
           std::filesystem::exists(folder.parent_path() / "logs.complete", ignored);
}

}  // namespace

receiving read_receiving(pgq::ini_section const& section, bool old) {
    receiving read;
    if (!old) read.partial_wals = section.path("partial_wals", apps::fallback(keys, "partial_wals"));
    if (!read.partial_wals.empty() && read.partial_wals.front() != '/')
        section.refuse("partial_wals", "must begin with a slash");
    if (is_of_the_original(read.partial_wals))
        section.refuse("partial_wals", "is the original's, with unfinished segments under the names of whole ones; "
                                       "name another folder");
    read.slot = text(section, "slot");
    if (read.slot.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos ||
        read.slot.size() > 63)
        section.refuse("slot",
                       "must consist of at most 63 small letters, digits and underscores: \"" + read.slot + '"');
    read.application_name = text(section, "application_name");
    read.flush = read_flush(section);
    read.status_interval = milliseconds(section, "status_interval", 0.1, 3600);
    return read;
}

}  // namespace walmgr_app
