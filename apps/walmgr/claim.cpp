#include "claim.hpp"

#include "journalled.hpp"
#include "open_repository.hpp"

#include <sys/random.h>
#include <unistd.h>
#include <walmgr/host_name.hpp>
#include <walmgr/promotion_claim.hpp>

#include <array>
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

/// What each repository says, one after the other in the order of the configuration, until `look` has seen enough.
void each_claim(config const& settings, walmgr::timeline tli, auto&& look) {
    for (auto const& location : settings.walmgr_data) {
        auto const where = open_location(settings, location);
        auto const of = known_cluster(settings, where);
        if (!look(where, of, find_promotion(where, of, tli))) return;
    }
}

}  // namespace

void claim_promotion(config const& settings, walmgr::timeline tli, walmgr::journal& log, bool take_over) {
    if (!log.noted(claim_fact)) log.note(claim_fact, new_token());
    promotion_claim const own{token_of(log), "host " + walmgr::host_name() + ", journal " + journal_path(settings)};
    each_claim(settings, tli, [&](auto const& where, auto const& of, auto const& found) {
        if (found && found->token != own.token && take_over) walmgr::release_promotion(where, of, tli);
        if (auto const who = walmgr::claim_promotion(where, of, tli, own); who.token != own.token)
            throw error{fault::locked, "somebody else promotes another standby, or this one (" + who.who +
                                           "): see what has become of that, and where it will never go on, give "
                                           "--take-over"};
        return true;
    });
}

std::string claimed_elsewhere(config const& settings, walmgr::timeline tli, walmgr::journal const& log) {
    std::string who;
    each_claim(settings, tli, [&](auto const&, auto const&, auto const& found) {
        if (found && found->token != token_of(log)) who = found->who;
        return who.empty();
    });
    return who;
}

void release_promotion(config const& settings, walmgr::timeline tli, walmgr::journal const& log) {
    each_claim(settings, tli, [&](auto const& where, auto const& of, auto const& found) {
        if (found && found->token == token_of(log)) walmgr::release_promotion(where, of, tli);
        return true;
    });
}

}  // namespace walmgr_app
