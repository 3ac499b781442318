#include "failover_hooks.hpp"

#include "claim.hpp"
#include "every_repository.hpp"
#include "handed_over.hpp"
#include "left_log.hpp"
#include "open_repository.hpp"
#include "ready_repositories.hpp"
#include "role_facts.hpp"

#include <unistd.h>
#include <walmgr/archive.hpp>
#include <walmgr/error.hpp>
#include <walmgr/intent.hpp>
#include <walmgr/text_file.hpp>

#include <iostream>
#include <string>
#include <variant>

namespace walmgr_app {
namespace {

using walmgr::error;
using walmgr::fault;

void keep_history(config const& settings, walmgr::timeline tli, std::string const& text) {
    auto const name = walmgr::history_name(tli);
    auto const path = settings.nodes.state_dir + '/' + settings.cluster + '-' + name;
    walmgr::replace_text_file(path, text);
    auto const repositories = open_repositories(settings);
    auto const store_in = [&](std::string const& location) {
        auto const where = open_location(settings, location);
        auto const of = known_cluster(settings, where);
        std::visit([&](auto const& way) { walmgr::archive_file(where, of, way, path, name); }, settings.pack);
        return 0;
    };
    auto const status = in_each_repository(settings, store_in);
    ::unlink(path.c_str());
    if (status != 0)
        throw error{fault::unavailable,
                    "the history of the new timeline could not be stored; mend that and run the same command again" +
                        advice_on_lost(settings)};
}

}  // namespace

walmgr::ended_log ended_log_of(config const& settings, walmgr::timeline tli) {
    auto all = open_repositories(settings);
    auto const found = find_missing_log(all);
    if (!found.failed.empty()) refuse_without(settings, found.failed);
    return walmgr::ended_log_of(found, tli);
}

walmgr::failover_hooks hooks_of(config const& settings, bool without_receivers, bool take_over) {
    return {.log = [&settings](walmgr::timeline tli) { return ended_log_of(settings, tli); },
            .give_up =
                [&settings](walmgr::timeline tli, walmgr::lsn at) {
                    auto const record = [&](std::string const& location) {
                        auto const where = open_location(settings, location);
                        walmgr::record_intent(where, known_cluster(settings, where), {tli, at});
                        return 0;
                    };
                    if (in_each_repository(settings, record) != 0)
                        throw error{fault::unavailable,
                                    "not every repository could be told that the timeline is given up" +
                                        advice_on_lost(settings)};
                },
            .missing =
                [&settings, without_receivers](walmgr::timeline tli) {
                    return without_receivers ? std::string{} : missing_hand_over(settings, tli);
                },
            .unreplayed =
                [&settings, without_receivers](walmgr::timeline tli, walmgr::lsn replayed, walmgr::lsn gap) {
                    return without_receivers ? std::string{} : left_to_replay(settings, tli, replayed, gap);
                },
            .ready =
                [&settings, take_over](walmgr::timeline tli, walmgr::journal const& log) {
                    require_ready_repositories(settings, tli, &log, take_over, false);
                },
            .claim = [&settings, take_over](walmgr::timeline tli,
                                            walmgr::journal& log) { claim_promotion(settings, tli, log, take_over); },
            .keep_history = [&settings](walmgr::timeline tli,
                                        std::string const& text) { keep_history(settings, tli, text); },
            .say = [](std::string const& what) { std::cout << what << std::endl; },
            .warn = [](std::string const& what) { warn(what); }};
}

walmgr::failover_hooks hooks_of_boot(config const& settings, walmgr::node const& standby, bool without_receivers,
                                     bool take_over) {
    auto hooks = hooks_of(settings, without_receivers, take_over);
    hooks.bring_left = [&settings, &standby](walmgr::timeline now, std::string const& history) {
        bring_left_log(settings, standby, now, history);
    };
    return hooks;
}

}  // namespace walmgr_app
