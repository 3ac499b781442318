/// Configuration files: `[section]`, `key = value`, comments, values that go on in indented lines; what [DEFAULT] says
/// holds in every section that does not say otherwise. Every complaint names file and line. Not a writer. Source of the
/// dialect: Python's ConfigParser, as SkyTools used it.
#pragma once

#include <pgq/error.hpp>
#include <pgq/ini_section.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace pgq {

/// A file taken apart.
class ini_file {
public:
    /// @param name  for complaints. @throws usage_error with name and line for what cannot be understood
    static ini_file parse(std::string_view text, std::string const& name) {
        ini_file file{name};
        std::size_t line = 0;
        while (!text.empty()) {
            auto const end = text.find('\n');
            file.take(text.substr(0, end), ++line);
            text.remove_prefix(end == text.npos ? text.size() : end + 1);
        }
        file.spread_defaults();
        return file;
    }
    /// @throws usage_error when the file cannot be read
    static ini_file read(std::string const& path) {
        std::ifstream in{path, std::ios::binary};
        if (!in) {
            throw usage_error{"cannot read the configuration file " + path + ": " +
                              std::error_code{errno, std::generic_category()}.message()};
        }
        std::string const text{std::istreambuf_iterator<char>{in}, {}};
        if (in.bad()) throw usage_error{"cannot read the configuration file " + path};
        return parse(text, path);
    }

    /// The one section of that name. @throws usage_error when it is missing
    [[nodiscard]] ini_section& section(std::string_view name) {
        for (auto& each : sections_) {
            if (each.name() == name) return each;
        }
        throw usage_error{name_ + ": section [" + std::string{name} + "] is missing"};
    }
    [[nodiscard]] std::vector<ini_section>& sections() { return sections_; }

private:
    explicit ini_file(std::string name) : name_{std::move(name)} {}

    [[noreturn]] void fail(std::size_t line, std::string const& problem) const {
        throw usage_error{name_ + ':' + std::to_string(line) + ": " + problem};
    }

    void spread_defaults() {
        auto const defaults =
            std::find_if(sections_.begin(), sections_.end(), [](auto const& each) { return each.name() == "DEFAULT"; });
        if (defaults == sections_.end()) return;
        auto const shared = std::move(*defaults);
        sections_.erase(defaults);
        for (auto& each : sections_)
            each.inherit(shared);
    }

    void take(std::string_view raw, std::size_t line) {
        auto const text = detail::trimmed(raw);
        if (text.empty() || text.front() == '#' || text.front() == ';') return;
        if (raw.front() == ' ' || raw.front() == '\t') {
            if (sections_.empty() || sections_.back().empty()) fail(line, "an indented line that continues nothing");
            sections_.back().extend_last(text);
            return;
        }
        if (text.front() == '[') {
            if (text.back() != ']' || text.size() < 3) fail(line, "a section needs the form [name]");
            auto const name = text.substr(1, text.size() - 2);
            for (auto const& each : sections_) {
                if (each.name() == name) fail(line, "section [" + std::string{name} + "] comes twice");
            }
            sections_.emplace_back(name_, std::string{name}, line);
            return;
        }
        auto const equals = text.find_first_of("=:");
        auto const key = detail::trimmed(text.substr(0, equals));
        if (equals == text.npos || key.empty()) fail(line, "neither a [section] nor key = value");
        if (sections_.empty()) fail(line, "a key before the first [section]");
        sections_.back().add(key, detail::trimmed(text.substr(equals + 1)), line);
    }

    std::string name_;
    std::vector<ini_section> sections_{};
};

}  // namespace pgq
