/// Failures that a test orders from a server in memory: which step fails next, and how.
#pragma once

#include <pgq/sqlstate.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pgq::testing {

/// What a session is asked to do.
enum class step {
    connect,     ///< opening a session
    begin,       ///< beginning a transaction
    next_batch,  ///< asking for a batch, of a plain or a cooperating consumer
    events,      ///< reading events of a batch, or more of them
    retry,       ///< handing events back
    insert,      ///< storing events, dead letters among them; a pipeline or COPY is stored when it ends
    finish,      ///< finishing a batch
    commit,      ///< committing a transaction that was begun
    statement    ///< anything that the others do not name
};

/// The server refuses with an SQLSTATE; nothing is done, and an open transaction takes no more statements.
struct refused {
    std::string_view state = "40001";
    std::string text = "refused by a test";
};

/// The session is lost, and the transaction that it had open. With `done` a statement outside a transaction, or a
/// commit, has taken effect before, which its caller cannot know.
struct lost {
    bool done = false;
};

/// What servers refuse when nobody is to blame. The same statement may succeed the next time.
inline refused serialization_failure() {
    return {"40001", "could not serialize access due to concurrent update"};
}
inline refused deadlock() {
    return {"40P01", "deadlock detected"};
}
inline refused statement_timeout() {
    return {"57014", "canceling statement due to statement timeout"};
}
inline refused disk_full() {
    return {"53100", "could not extend file: no space left on device"};
}

/// What a session does instead of a step.
using fault = std::variant<refused, lost>;

namespace detail {

/// Faults that were ordered and have not come yet.
class faults {
public:
    void add(step at, fault what, std::size_t after) { ordered_.push_back({at, {}, std::move(what), after}); }
    void add(std::string part, fault what, std::size_t after) {
        ordered_.push_back({{}, std::move(part), std::move(what), after});
    }

    /// The fault for this step, or for this statement, if it is its turn.
    std::optional<fault> take(step at, std::string_view sql) {
        for (auto one = ordered_.begin(); one != ordered_.end(); ++one) {
            bool const meant = one->at ? *one->at == at : sql.find(one->part) != sql.npos;
            if (!meant) continue;
            if (one->after-- > 0) return std::nullopt;
            auto what = std::move(one->what);
            ordered_.erase(one);
            return what;
        }
        return std::nullopt;
    }
    [[nodiscard]] std::size_t size() const { return ordered_.size(); }

private:
    struct order {
        std::optional<step> at;
        std::string part;  ///< of a statement, where no step is named
        fault what;
        std::size_t after;
    };
    std::vector<order> ordered_{};
};

inline bool mentions(std::string_view sql, std::string_view part) {
    return sql.find(part) != sql.npos;
}

inline step step_of(std::string_view sql) {
    if (mentions(sql, "to_regprocedure(")) return step::statement;
    if (mentions(sql, ".next_batch")) return step::next_batch;
    if (mentions(sql, ".get_batch_events") || mentions(sql, ".get_batch_cursor") || mentions(sql, ".batch_event_sql") ||
        sql.starts_with("fetch ")) {
        return step::events;
    }
    if (mentions(sql, ".event_retry")) return step::retry;
    if (mentions(sql, ".finish_batch")) return step::finish;
    if (mentions(sql, ".insert_event") || sql.starts_with("copy ")) return step::insert;
    return step::statement;
}

}  // namespace detail
}  // namespace pgq::testing
