/// The command line of a program: its commands, their options, and what `--help` says of them. A thin cover over CLI11,
/// so that only command_line.cpp includes it: its header alone takes a compiler five seconds.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the name is its own
class App;
class Option;
}  // namespace CLI

namespace apps {

/// An option, a flag or an argument. What is asked of its value is checked while the command line is read.
class option {
public:
    explicit option(CLI::Option& it) : it_{&it} {}

    option& required();
    option& one_of(std::vector<std::string> const& words);
    option& between(long low, long high);
    /// How many values it takes, at most or at least.
    option& takes(int least, int most);
    /// One value each time that it is given, so that an argument may follow.
    option& takes_one();
    /// Not both at once.
    option& excludes(option const& other);

private:
    CLI::Option* it_;
};

/// A command, or the program itself. What values are written to must live until the command line was read.
class command {
public:
    explicit command(CLI::App& it) : it_{&it} {}

    command add_command(std::string const& name, std::string const& help);
    /// Another name for it.
    command& alias(std::string const& name);
    /// One of the commands below must be given.
    command& needs_command();
    /// What is done when it was given, as soon as its options are known.
    command& when_given(std::function<void()> act);

    /// `names` as "-n,--dry-run", or without dashes for an argument.
    /// `Value`: std::string, a list of them, int, long, unsigned, unsigned long, or optional ones of these.
    template <class Value> option add_option(std::string const& names, Value& value, std::string const& help);
    option add_flag(std::string const& names, bool& value, std::string const& help);
    /// Counts how often it was given.
    option add_flag(std::string const& names, int& times, std::string const& help);

protected:
    CLI::App* it_;
};

/// The whole of it.
class command_line : public command {
public:
    command_line(std::string const& program, std::string const& description);
    ~command_line();

    /// A flag that has a text shown, and nothing else done.
    void add_answer(std::string const& names, std::function<std::string()> text, std::string const& help);
    /// Adds a flag to each command that has the flag `beside` already; was_given() tells of it.
    void add_flag_beside(std::string const& beside, std::string const& names, std::string const& help);
    /// What `--help` ends with.
    void footer(std::string const& text);
    /// Nothing when the program is to go on; otherwise the status to exit with, after help or one line of error was
    /// shown.
    std::optional<int> read(int argc, char** argv);
    /// Shows one line about the command line, and gives the status to exit with.
    int refuse(std::string const& problem);
    /// What was refused last, in one line.
    [[nodiscard]] std::string const& refused() const { return refused_; }

    /// The words of the command that was given, as "repo init"; as many as were understood where that was refused.
    [[nodiscard]] std::string given_command() const;
    /// Whether that command has a flag of the name, and whether that was given.
    [[nodiscard]] bool has_flag(std::string const& name) const;
    [[nodiscard]] bool was_given(std::string const& name) const;

private:
    std::string refused_{};
    std::unique_ptr<CLI::App> app_;
};

}  // namespace apps
