/// A server that lives on another machine, where this program does for us what must be done there: `walmgr CONFIG
/// step`, started by ssh.
#pragma once

#include <walmgr/command_line.hpp>
#include <walmgr/failover/machine.hpp>
#include <walmgr/failover/machine_request.hpp>
#include <walmgr/location.hpp>
#include <walmgr/node.hpp>
#include <walmgr/process.hpp>
#include <walmgr/store/ssh_command.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {
namespace detail {

/// The last line that is not empty: ssh says there why it gives up.
inline std::string last_line(std::string_view text) {
    auto const end = text.find_last_not_of(" \t\r\n");
    if (end == text.npos) return {};
    text = text.substr(0, end + 1);
    auto const begin = text.find_last_of("\r\n");
    return std::string{begin == text.npos ? text : text.substr(begin + 1)};
}

}  // namespace detail

/// Model of `machine`. One connection for each question; a host that ssh does not know is refused, whatever ssh's own
/// configuration says. What the other side refuses is thrown with its kind. @throws error  unavailable, when there is
/// no way there, or no walmgr; configuration, where the two do not fit together
class remote_machine {
public:
    /// `of.machine` says where, and `meant` what the configurations of both must have in common.
    remote_machine(node const& of, ssh_options by, machine_request meant)
        : shown_{shown(of)}, to_{of.machine}, by_{std::move(by)}, meant_{std::move(meant)} {
        meant_.node = of.name;
    }

    [[nodiscard]] machine_state look(std::chrono::seconds limit) const {
        auto const came = ask(std::nullopt, limit);
        try {
            return {.sign = came.sign,
                    .control = parse_control_data(came.control),
                    .obstacle = came.obstacle,
                    .archive_command = came.archive_command};
        } catch (error const& problem) { throw error{problem.kind(), shown_ + ": " + problem.what()}; }
    }

    /// @throws step_interrupted, besides
    void act(machine_step step, std::chrono::seconds limit) const { ask(step, limit); }

private:
    machine_answer ask(std::optional<machine_step> step, std::chrono::seconds limit) const {
        auto asked = meant_;
        asked.step = step;
        asked.limit = limit;
        auto command = detail::ssh_command(to_, by_);
        command.insert(command.end(), {"--", to_.host, by_.walmgr + ' ' + shell_word(to_.path) + " step"});
        process_result done;
        try {
            done = run_process(command, {.deadline = deadline_of(step, limit), .input = to_line(asked)});
        } catch (error const& problem) {
            if (problem.kind() == fault::configuration)
                throw error{problem.kind(), shown_ + ": there is no program " + command.front() + "; see ssh_command"};
            auto const text = shown_ + ": " + problem.what();
            if (step && problem.kind() == fault::timed_out) throw step_interrupted{problem.kind(), text + again};
            throw error{problem.kind(), text};
        }
        return answer_in(done, step.has_value(), command);
    }

    /// What is there and did not come back in one piece is an end that nobody knows of.
    [[nodiscard]] machine_answer answer_in(process_result const& done, bool acts,
                                           std::vector<std::string> const& command) const {
        constexpr int cannot_run = 126;
        constexpr int no_program = 127;
        constexpr int of_ssh = 255;
        auto const said = detail::last_line(done.err);
        auto const because = said.empty() ? std::string{} : " (" + said + ')';
        if (done.out.ends_with('\n')) {
            machine_answer came;
            try {
                came = parse_machine_answer(done.out);
            } catch (error const& problem) {
                throw error{problem.kind(), shown_ + ": " + problem.what() +
                                                "; a shell there must print nothing when it is not used by a person"};
            }
            if (came.failed) throw error{*came.failed, shown_ + ": " + came.why};
            return came;
        }
        if (done.status == cannot_run || done.status == no_program)
            throw error{fault::configuration, shown_ + " has no program " + by_.walmgr + because +
                                                  "; install walmgr there, or name it in ssh_walmgr"};
        if (done.status != of_ssh && done.status < 128)
            throw error{fault::configuration, shown_ + ": walmgr there does not know this one's question" + because +
                                                  "; install the same walmgr on both machines"};
        if (acts) throw step_interrupted{fault::unavailable, shown_ + ": the link was cut" + because + again};
        std::string way;
        for (auto const& word : command) {
            if (word == "--") break;
            way += shell_word(word) + ' ';
        }
        throw error{fault::unavailable, shown_ + " cannot be reached" + because +
                                            "; this must work without a question: " + way + shell_word(to_.host) +
                                            " true"};
    }

    /// What a step may take there, and the way to it and back.
    [[nodiscard]] std::chrono::milliseconds deadline_of(std::optional<machine_step> step,
                                                        std::chrono::seconds limit) const {
        constexpr std::chrono::seconds more{30};
        auto const work = step == machine_step::rewind ? std::chrono::hours{24} + limit : 2 * limit;
        return work + more + by_.patience;
    }

    static constexpr auto again = "; whether it was done there is found out when the same command is run again";

    std::string shown_;
    location to_;
    ssh_options by_;
    machine_request meant_;
};

static_assert(machine<remote_machine>);

}  // namespace walmgr
