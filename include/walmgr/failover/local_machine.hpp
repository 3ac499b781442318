/// A server that lives on this machine.
#pragma once

#include <sys/file.h>
#include <unistd.h>
#include <walmgr/auto_conf.hpp>
#include <walmgr/durability.hpp>
#include <walmgr/failover/hidden_secrets.hpp>
#include <walmgr/failover/machine.hpp>
#include <walmgr/file.hpp>
#include <walmgr/node.hpp>
#include <walmgr/process.hpp>
#include <walmgr/text_file.hpp>
#include <walmgr/wait.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {
namespace detail {

constexpr std::array<std::string_view, 4> own_files{"postgresql.conf", "postgresql.auto.conf", "pg_hba.conf",
                                                    "pg_ident.conf"};

/// Whether pg_rewind has done its work on a data folder: it writes this label, and the control file behind it.
inline bool was_rewound(node const& of) {
    auto const label = read_text_file(of.data + "/backup_label");
    return label && label->find("BACKUP METHOD: pg_rewind") != std::string::npos &&
           read_control_data(of.programs, of.data).state == cluster_state::in_recovery;
}

}  // namespace detail

/// What is needed besides the server itself.
struct machine_settings {
    node primary{};                 ///< the other server, which it is to follow
    std::string archive_command{};  ///< as the server runs it
    std::string restore_command{};  ///< likewise
    std::string state{};            ///< begins the paths of our own files: its configuration aside, and the lock
    /// Asked when nobody else acts any more, just before a step is done: throws where it is not wanted any more.
    std::function<void()> confirm{};
};

/// Model of `machine`. Its data folder must be known.
class local_machine {
public:
    local_machine(node of, machine_settings with) : of_{std::move(of)}, with_{std::move(with)} {}

    [[nodiscard]] machine_state look(std::chrono::seconds /*limit*/) const {
        machine_state found{.sign = sign_of_server(of_),
                            .control = read_control_data(of_.programs, data_of(of_)),
                            .archive_command = with_.archive_command};
        try {
            require_startable(placed());
        } catch (error const& problem) { found.obstacle = problem.what(); }
        return found;
    }

    /// @throws error  locked, while another step is being done; what the step throws
    void act(machine_step step, std::chrono::seconds limit) const {
        auto const path = with_.state + "lock";
        auto const lock = open_file(path, O_RDWR | O_CREAT);
        if (!lock.is_open()) refuse("cannot open " + path, ENOENT);
        if (!holds_within(limit, [&] { return ::flock(lock.descriptor(), LOCK_EX | LOCK_NB) == 0; }))
            throw error{fault::locked, "what an earlier run has started at " + of_.name +
                                           " is not done yet, see who has " + path + " open; try again later"};
        if (with_.confirm) with_.confirm();
        switch (step) {
        case machine_step::stop:
            return stop_node(of_, limit);
        case machine_step::start:
            return start_node(placed(), limit);
        case machine_step::prepare:
            return prepare();
        case machine_step::keep:
            if (::access(options().c_str(), F_OK) == 0) replace_text_file(place(), outside_config(of_));
            return copy_own_files(data_of(of_) + '/', kept());
        case machine_step::rewind:
            return rewind(lock.descriptor());
        case machine_step::give_back:
            return copy_own_files(kept(), data_of(of_) + '/');
        case machine_step::forget:
            for (auto const name : detail::own_files)
                ::unlink((kept() + std::string{name}).c_str());
            ::unlink(place().c_str());
            return;
        case machine_step::follow:
            return follow();
        }
    }

private:
    [[nodiscard]] std::string kept() const { return with_.state + "kept-"; }
    [[nodiscard]] std::string place() const { return kept() + "place"; }
    [[nodiscard]] std::string options() const { return data_of(of_) + "/postmaster.opts"; }

    /// With its configuration's place, of which nothing is left in the data folder when pg_rewind was there.
    [[nodiscard]] node placed() const {
        auto found = of_;
        if (found.config.empty() && ::access(options().c_str(), F_OK) != 0)
            found.config = read_text_file(place()).value_or("");
        return found;
    }

    static void copy_own_files(std::string const& from, std::string const& to) {
        for (auto const name : detail::own_files) {
            if (auto const text = read_text_file(from + std::string{name}))
                replace_text_file(to + std::string{name}, *text);
        }
    }

    /// pg_rewind looks for what the server has removed where its settings say.
    void prepare() const { set_when_stopped(data_of(of_), {{"restore_command", with_.restore_command}}); }

    /// pg_rewind goes on to its end if we are killed, and has the lock until then.
    void rewind(int lock) const {
        if (detail::was_rewound(of_)) return synced{}.keep_tree(of_.data);
        prepare();  // once more: one that was ended within its work may have put the source's settings there
        auto source = detail::hide_secrets(with_.primary.db);
        source.environment.emplace_back("LC_ALL", "C");
        std::vector<std::string> command{program_of(of_, "pg_rewind"), "--target-pgdata=" + data_of(of_),
                                         "--source-server=" + source.text, "--restore-target-wal"};
        auto const own = placed();
        if (auto const config = outside_config(own); !config.empty()) command.push_back("--config-file=" + config);
        try {
            run_checked(command, {.deadline = std::chrono::hours{24},
                                  .environment = source.environment,
                                  .inherited = {lock, source.service.descriptor()}});
        } catch (error const& problem) {
            // It removes log that it would need itself if it was ended within its work.
            throw error{problem.kind(),
                        std::string{problem.what()} +
                            "; mend that and rejoin again, and where that ends in the same way make the "
                            "server anew by createslave: what is half rewound must not be started"};
        }
    }

    void follow() const {
        set_when_stopped(data_of(of_), {{"primary_conninfo", with_.primary.followed_by},
                                        {"primary_slot_name", of_.slot},
                                        {"restore_command", with_.restore_command},
                                        {"recovery_target_timeline", "latest"}});
        replace_text_file(of_.data + "/standby.signal", "");
    }

    node of_;
    machine_settings with_;
};

static_assert(machine<local_machine>);

}  // namespace walmgr
