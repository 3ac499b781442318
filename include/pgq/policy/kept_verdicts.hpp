/// Verdicts of a batch that wait in another database until its source has been told of them.
/// Not for users: <pgq/policy/tracked.hpp>.
#pragma once

#include <pgq/codec/integer.hpp>
#include <pgq/policy/dead_letters.hpp>
#include <pgq/sql/ext.hpp>
#include <pgq/sql/insert.hpp>
#include <pgq/transport.hpp>
#include <pgq/verdicts.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pgq::detail {

/// Moves the verdicts from the book into the target's transaction. False when there were none.
bool keep_verdicts(transport auto& there, batch_in_hand const& batch, std::string_view name) {
    return batch.book.defer(
        batch.queue, batch.consumer,
        [&](std::string const& ids, std::string const& seconds) {
            sql::ext::keep_retries(there, name, batch.info.tick, '{' + ids + '}', '{' + seconds + '}');
        },
        [&](new_event const& letter) { sql::ext::keep_letter(there, name, batch.info.tick, letter); });
}

/// Sends what the target keeps to the source, some at a time.
void send_kept(transport auto& there, transport auto& source, batch_in_hand const& batch, std::string_view name) {
    constexpr int page = 500;
    std::optional<std::string> letters;
    for (std::int64_t after = 0;;) {
        auto const rows = sql::ext::kept_verdicts(there, name, batch.info.tick, after, page);
        std::string ids, seconds;
        for (std::size_t row = 0; row < rows.size(); ++row) {
            after = value_of<std::int64_t>(rows, row, 0);
            if (auto const delay = rows.at(row, 2)) {
                auto const comma = ids.empty() ? "" : ",";
                ids.append(comma).append(rows.at(row, 1).value_or("0"));
                seconds.append(comma).append(*delay);
                continue;
            }
            if (!letters) letters = checked_queue(source, batch.letters, batch.queue);
            sql::insert_event(source, *letters,
                              new_event{.type = rows.at(row, 3).value_or(std::string_view{}),
                                        .data = rows.at(row, 4).value_or(std::string_view{}),
                                        .extra = {rows.at(row, 5), rows.at(row, 6), rows.at(row, 7), rows.at(row, 8)}});
        }
        if (!ids.empty()) hand_back(source, batch.info.id, ids, seconds, batch.queue, batch.consumer);
        if (rows.size() < page) return;
    }
}

}  // namespace pgq::detail
