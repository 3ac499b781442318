/// What a command that changes something has done, for the program that has run it with --json: one object, which is
/// there whatever the end. One command is run by a process, so there is one.
#pragma once

#include "command.hpp"

#include <common/json.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr_app {

/// Commands tell it what they do while they do it, with --json or without. For one thread.
class result_object {
public:
    using members = std::initializer_list<std::pair<std::string_view, apps::json>>;

    /// The names that a command has for its facts: null until they are known, so that they are there in any case.
    void has(std::initializer_list<std::string_view> names);
    /// A fact.
    void set(std::string_view name, apps::json value);
    void set(members facts);
    /// One more of a list.
    void add(std::string_view name, apps::json value);
    /// What is done next, or would be: told before, so that nothing can be done that nobody is told of.
    void change(std::string_view action, std::string_view object, members more = {});
    /// Nothing has failed, and yet somebody should know.
    void attention(std::string text) { attentions_.push_back(std::move(text)); }
    /// Why it failed. Of several the first counts, as its status does; the others are attentions.
    void problem(std::string text);
    /// What a problem is about from now on: one of several repositories.
    void about(std::string where) { where_ = std::move(where); }

    /// Whether a program wants it; then what people are told goes to standard error.
    bool wanted = false;

    [[nodiscard]] bool failed() const { return problem_.has_value(); }
    /// The object.
    [[nodiscard]] std::string text(std::string const& command, bool dry_run, int status) const;
    /// The same of a command that shows its facts in its own way, and could not find out all of them.
    [[nodiscard]] std::string failure_text(std::string const& command, int status) const;

private:
    struct fact {
        std::string name;
        std::string value;     ///< as JSON
        bool is_list = false;  ///< then its elements
    };
    fact& named(std::string_view name);
    [[nodiscard]] std::optional<std::string> why(int status) const;

    std::vector<fact> facts_{};
    std::vector<std::string> changes_{};
    std::vector<std::string> attentions_{};
    std::optional<std::string> problem_{};
    std::string where_{};
};

/// That of this process.
result_object& result();

/// Runs the command, unless the command line was refused with that status. What it tells is the only line on standard
/// output; what people are told meanwhile goes to standard error. A command without a dry run shows what it has found
/// out by itself, and what it could not find out is the last line.
/// @return the exit status
int run_for_programs(apps::command_line const& line, request const& wanted, std::optional<int> refusal);

}  // namespace walmgr_app
