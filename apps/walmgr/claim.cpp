#include "claim.hpp"

#include "every_repository.hpp"
#include "journalled.hpp"
#include "open_repository.hpp"

#include <sys/random.h>
#include <unistd.h>
#include <walmgr/host_name.hpp>
#include <walmgr/promotion_claim.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace walmgr_app {
namespace {

using walmgr::error;
using walmgr::fault;
using walmgr::promotion_claim;

constexpr std::string_view claim_fact = "claim";

std::string token_of(walmgr::journal const& log) {
    return log.noted(claim_fact).value_or(std::string{});
}

std::string new_token() {
    std::array<std::uint32_t, 4> number{};
    if (::getrandom(number.data(), sizeof number, 0) != static_cast<ssize_t>(sizeof number))
        throw error{fault::unavailable, "the system has no random numbers"};
    std::string token;
    for (auto const part : number)
        token += walmgr::detail::hex_text(part, 8);
    return token;
}

promotion_claim own_claim(config const& settings, walmgr::journal& log) {
    if (!log.noted(claim_fact)) log.note(claim_fact, new_token());
    return {token_of(log), "host " + walmgr::host_name() + ", journal " + journal_path(settings)};
}

/// Does `work(repository const&)` in those that answer. @return what the others say
std::vector<walmgr::repository_failure> in_those_that_answer(config const& settings, auto&& work) {
    auto all = open_repositories(settings);
    return attempt_each(all, work);
}

/// Gives one back, if it is the command's.
void release_own(walmgr::repository const& in, walmgr::timeline tli, walmgr::journal const& log) {
    auto const found = find_promotion(in.where, in.of, tli);
    if (found && found->token == token_of(log)) walmgr::release_promotion(in.where, in.of, tli);
}

}  // namespace

void claim_promotion(config const& settings, walmgr::timeline tli, walmgr::journal& log, bool take_over) {
    auto const own = own_claim(settings, log);
    std::string other;
    in_every_repository(settings, [&](walmgr::repository const& in) {
        if (!other.empty()) return;
        auto const found = find_promotion(in.where, in.of, tli);
        if (found && found->token != own.token && take_over) walmgr::release_promotion(in.where, in.of, tli);
        auto const who = walmgr::claim_promotion(in.where, in.of, tli, own);
        if (who.token != own.token) other = who.who;
    });
    if (!other.empty()) refuse_claimed(other);
}

void refuse_claimed(std::string const& who) {
    throw error{fault::locked, "somebody else promotes another standby, or this one (" + who +
                                   "): see what has become of that, and where it will never go on, give --take-over"};
}

std::string claimed_elsewhere(walmgr::repository const& in, walmgr::timeline tli, walmgr::journal const* log) {
    auto const found = find_promotion(in.where, in.of, tli);
    bool const own = found && log != nullptr && found->token == token_of(*log);
    return found && !own ? found->who : std::string{};
}

std::string claimed_elsewhere(config const& settings, walmgr::timeline tli, walmgr::journal const& log) {
    std::string who;
    in_every_repository(settings, [&](walmgr::repository const& in) {
        if (who.empty()) who = claimed_elsewhere(in, tli, &log);
    });
    return who;
}

void release_promotion(config const& settings, walmgr::timeline tli, walmgr::journal const& log) {
    in_every_repository(settings, [&](walmgr::repository const& in) { release_own(in, tli, log); });
}

void keep_from_promotion(config const& settings, walmgr::timeline tli, walmgr::journal& log, bool dry_run) {
    std::string other;
    std::size_t answered = 0;
    auto const failed = in_those_that_answer(settings, [&](walmgr::repository const& in) {
        if (!dry_run && !find_promotion(in.where, in.of, tli))
            walmgr::claim_promotion(in.where, in.of, tli, own_claim(settings, log));
        if (auto const who = claimed_elsewhere(in, tli, &log); !who.empty()) other = who;
        ++answered;
    });
    if (!other.empty())
        throw error{fault::negative, "somebody else promotes another standby (" + other +
                                         "): the old primary must not be started; let it rejoin"};
    if (answered == 0) refuse_without(settings, failed);
}

std::vector<std::string> release_where_possible(config const& settings, walmgr::timeline tli,
                                                walmgr::journal const& log) {
    std::vector<std::string> not_asked;
    for (auto const& one :
         in_those_that_answer(settings, [&](walmgr::repository const& in) { release_own(in, tli, log); }))
        not_asked.push_back(one.why);
    return not_asked;
}

}  // namespace walmgr_app
