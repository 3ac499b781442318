#include "command_line.hpp"

#include "status.hpp"
#include "version.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <utility>

namespace apps {

option& option::required() {
    it_->required();
    return *this;
}

option& option::one_of(std::vector<std::string> const& words) {
    it_->check(CLI::IsMember(words));
    return *this;
}

option& option::between(long low, long high) {
    it_->check(CLI::Range(low, high));
    return *this;
}

option& option::takes(int least, int most) {
    it_->expected(least, most);
    return *this;
}

option& option::takes_one() {
    it_->allow_extra_args(false);
    return *this;
}

option& option::excludes(option const& other) {
    it_->excludes(other.it_);
    return *this;
}

command command::add_command(std::string const& name, std::string const& help) {
    return command{*it_->add_subcommand(name, help)};
}

command& command::alias(std::string const& name) {
    it_->alias(name);
    return *this;
}

command& command::needs_command() {
    it_->require_subcommand(1);
    return *this;
}

command& command::when_given(std::function<void()> act) {
    it_->callback(std::move(act));
    return *this;
}

template <class Value> option command::add_option(std::string const& names, Value& value, std::string const& help) {
    return option{*it_->add_option(names, value, help)};
}

template option command::add_option(std::string const&, std::string&, std::string const&);
template option command::add_option(std::string const&, std::vector<std::string>&, std::string const&);
template option command::add_option(std::string const&, int&, std::string const&);
template option command::add_option(std::string const&, long&, std::string const&);
template option command::add_option(std::string const&, unsigned&, std::string const&);
template option command::add_option(std::string const&, unsigned long&, std::string const&);
template option command::add_option(std::string const&, std::optional<std::string>&, std::string const&);
template option command::add_option(std::string const&, std::optional<unsigned>&, std::string const&);

option command::add_flag(std::string const& names, bool& value, std::string const& help) {
    return option{*it_->add_flag(names, value, help)};
}

option command::add_flag(std::string const& names, int& times, std::string const& help) {
    return option{*it_->add_flag(names, times, help)};
}

namespace {

/// The command at the end of those that were given.
CLI::App const* innermost(CLI::App const* from) {
    for (auto below = from->get_subcommands(); !below.empty(); below = from->get_subcommands())
        from = below.front();
    return from;
}

void add_beside(CLI::App& to, std::string const& beside, std::string const& names, std::string const& help) {
    if (to.get_option_no_throw(beside) != nullptr) to.add_flag(names, help);
    for (auto* const below : to.get_subcommands({}))
        add_beside(*below, beside, names, help);
}

}  // namespace

command_line::command_line(std::string const& program, std::string const& description)
    : command{*new CLI::App{description, program}}, app_{it_} {
    app_->set_version_flag("-V,--version", program + ' ' + version, "show the version");
    app_->set_help_flag("-h,--help", "show this help");
}

command_line::~command_line() = default;

void command_line::add_answer(std::string const& names, std::function<std::string()> text, std::string const& help) {
    app_->add_flag_callback(
        names,
        [text = std::move(text)] {
            std::cout << text();
            throw CLI::Success{};
        },
        help);
}

void command_line::footer(std::string const& text) {
    app_->footer(text);
}

void command_line::add_flag_beside(std::string const& beside, std::string const& names, std::string const& help) {
    add_beside(*app_, beside, names, help);
}

std::optional<int> command_line::read(int argc, char** argv) {
    try {
        app_->parse(argc, argv);
        return std::nullopt;
    } catch (CLI::ParseError const& problem) {
        if (problem.get_exit_code() == 0) return app_->exit(problem);
        return refuse(problem.what());
    }
}

int command_line::refuse(std::string const& problem) {
    refused_ = one_line(problem);
    std::cerr << app_->get_name() << ": " << refused_ << ", see " << app_->get_name() << " --help\n";
    return status_usage;
}

std::string command_line::given_command() const {
    std::string words;
    for (auto const* one = innermost(app_.get()); one != app_.get(); one = one->get_parent())
        words = words.empty() ? one->get_name() : one->get_name() + ' ' + words;
    return words;
}

bool command_line::has_flag(std::string const& name) const {
    return innermost(app_.get())->get_option_no_throw(name) != nullptr;
}

bool command_line::was_given(std::string const& name) const {
    auto const* const flag = innermost(app_.get())->get_option_no_throw(name);
    return flag != nullptr && flag->count() > 0;
}

}  // namespace apps
