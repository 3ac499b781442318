#include "result.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <walmgr/error.hpp>

#include <cerrno>
#include <cstddef>
#include <iostream>

namespace walmgr_app {

namespace {

apps::json joined(std::vector<std::string> const& values) {
    return apps::json::list(values, [](std::string const& one) { return apps::json::written(one); });
}

apps::json command_name(std::string const& command) {
    return command.empty() ? apps::json{nullptr} : apps::json{command};
}

/// From its making on what is written to standard output goes to standard error, by this program and by those that it
/// runs.
class kept_output {
public:
    kept_output() : kept_{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)} {
        std::cout << std::flush << std::unitbuf;
        if (::dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) return;
        int const none = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
        ::dup2(none, STDOUT_FILENO);
        if (none != STDOUT_FILENO) ::close(none);
    }
    kept_output(kept_output const&) = delete;
    kept_output& operator=(kept_output const&) = delete;
    ~kept_output() {
        if (kept_ >= 0) ::close(kept_);
    }
    /// Writes a line to what was standard output. @return false when it cannot be written
    [[nodiscard]] bool write(std::string line) const {
        line += '\n';
        for (std::size_t done = 0; done < line.size();) {
            auto const count = ::write(kept_, line.data() + done, line.size() - done);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return false;
            done += static_cast<std::size_t>(count);
        }
        return true;
    }

private:
    int kept_;
};

}  // namespace

result_object::fact& result_object::named(std::string_view name) {
    for (auto& one : facts_) {
        if (one.name == name) return one;
    }
    return facts_.emplace_back(fact{std::string{name}, "null"});
}

void result_object::has(std::initializer_list<std::string_view> names) {
    for (auto const name : names)
        named(name);
}

void result_object::set(std::string_view name, apps::json value) {
    auto& one = named(name);
    one.value = value.text();
    one.is_list = false;
}

void result_object::set(members facts) {
    for (auto const& [name, value] : facts)
        set(name, value);
}

void result_object::add(std::string_view name, apps::json value) {
    auto& one = named(name);
    one.value = one.is_list ? one.value + ", " + value.text() : value.text();
    one.is_list = true;
}

void result_object::change(std::string_view action, std::string_view object, members more) {
    apps::json_members all{{"action", action}, {"object", object}};
    all.insert(all.end(), more.begin(), more.end());
    changes_.push_back(apps::json{all}.text());
}

void result_object::problem(std::string text) {
    if (!where_.empty()) text = where_ + ": " + text;
    if (problem_) attention(std::move(text));
    else problem_ = std::move(text);
}

std::optional<std::string> result_object::why(int status) const {
    if (problem_) return problem_;
    return attentions_.empty() ? "it ended with status " + std::to_string(status) : attentions_.front();
}

std::string result_object::text(std::string const& command, bool dry_run, int status) const {
    auto out = apps::json{{"command", command_name(command)},
                          {"dry_run", dry_run},
                          {"status", status},
                          {"problem", status == 0 ? std::nullopt : why(status)},
                          {"changes", joined(changes_)},
                          {"attentions", apps::json::list(attentions_)}}
                   .text();
    out.pop_back();
    for (auto const& one : facts_)
        out.append(", ").append(apps::json_string(one.name)).append(": ") +=
            one.is_list ? '[' + one.value + ']' : one.value;
    return out + '}';
}

std::string result_object::failure_text(std::string const& command, int status) const {
    return apps::json{{"command", command_name(command)}, {"status", status}, {"problem", problem_}}.text();
}

result_object& result() {
    static result_object only;
    return only;
}

int run_for_programs(apps::command_line const& line, request const& wanted, std::optional<int> refusal) {
    auto& told = result();
    auto const command = line.given_command();
    auto const run = [&] {
        if (!refusal) return status_of(wanted.run);
        told.problem(line.refused());
        return *refusal;
    };
    if (!line.has_flag("--dry-run")) {
        auto const status = run();
        if (told.failed()) std::cout << told.failure_text(command, status) << '\n';
        return status;
    }
    told.wanted = true;
    kept_output const out;
    auto const status = run();
    if (out.write(told.text(command, line.was_given("--dry-run"), status))) return status;
    say("what was done could not be written to standard output");
    return status == 0 ? static_cast<int>(walmgr::fault::unavailable) : status;
}

}  // namespace walmgr_app
