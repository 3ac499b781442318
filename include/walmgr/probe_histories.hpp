/// Looking whether a repository can tell where its timelines come from.
#pragma once

#include <walmgr/kept_timelines.hpp>
#include <walmgr/probe.hpp>

#include <cstdint>
#include <string>

namespace walmgr {

/// Whether the history of each timeline is there of which there is log.
void probe_histories(probe_list& to, store auto const& where, cluster const& of) {
    to.ask("histories", [&] {
        std::string missing;
        for (auto const one : without_history(list_timelines(where, of)))
            missing += (missing.empty() ? "" : ", ") + std::to_string(static_cast<std::uint32_t>(one));
        detail::must_be(to, "histories", missing.empty(),
                        missing.empty() ? "each timeline's is there"
                                        : "of timeline " + missing +
                                              " there is log and no history, without which nothing is restored along "
                                              "it; see: walmgr CONFIG gap list");
    });
}

}  // namespace walmgr
