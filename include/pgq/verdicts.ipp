// Bodies of <pgq/verdicts.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/verdicts.hpp>

namespace pgq::detail {

PGQ_INLINE void verdicts::set_aside(event const& ev, std::string const& reason) {
    ++counts_.dead;
    dead_.push_back({keep(ev), reason, history_->of(ev.id, reason)});
    held_ += sizeof(dead_event) + ev.type.size() + ev.data.size() + reason.size();
}

}  // namespace pgq::detail
