// Bodies of <pgq/libpq/detail/pipeline.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/detail/pipeline.hpp>

namespace pgq::libpq::detail {

PGQ_INLINE pipeline::pipeline(session& db) : db_{db}, running_{db.begin_call({})}, doubt_{running_.in_doubt} {
    if (PQenterPipelineMode(db_.get()) != 1) db_.lost(running_);
    running_.in_doubt = false;
    db_.busy_with = "a pipeline";
    open_ = true;
}

PGQ_INLINE void pipeline::send(std::string_view text, std::span<parameter const> values, result_format format,
                               bool prepared) {
    begin_step();
    refuse_zero_byte(text, "a statement");
    arguments_.assign(values);
    if (!last_text_ || *last_text_ != text) last_text_ = std::make_shared<std::string const>(text);
    running_.statement = *last_text_;
    auto const* const sql = last_text_->c_str();
    int const binary = format == result_format::binary ? 1 : 0;
    int const accepted =
        prepared ? PQsendQueryPrepared(db_.get(), sql, arguments_.count(), arguments_.values(), arguments_.lengths(),
                                       arguments_.formats(), binary)
                 : PQsendQueryParams(db_.get(), sql, arguments_.count(), arguments_.types(), arguments_.values(),
                                     arguments_.lengths(), arguments_.formats(), binary);
    if (accepted != 1) fail_lost();
    std::size_t bytes = text.size() + overhead;
    for (auto const& one : values)
        bytes += one.size + overhead / 8;
    waiting_.push_back({last_text_, bytes});
    in_flight_ += bytes;
    unsent_ += bytes;
    ++sent_;
    if (unsent_ < push_at) return;
    unsent_ = 0;
    if (PQflush(db_.get()) < 0) fail_lost();  // what does not leave now leaves while answers are waited for
}

PGQ_INLINE void pipeline::ask() {
    if (PQsendFlushRequest(db_.get()) != 1) fail_lost();
}

PGQ_INLINE void pipeline::mark() {
    begin_step();
    if (PQpipelineSync(db_.get()) != 1) fail_lost();
    running_.in_doubt = running_.commits = doubt_;
    marked_ = true;
}

PGQ_INLINE std::optional<pipeline::answer> pipeline::take() {
    while (!waiting_.empty() || marked_) {
        if (PQisBusy(db_.get()) != 0) return std::nullopt;
        result_handle got{PQgetResult(db_.get())};
        if (db_.closed()) fail_lost(got.get());
        if (!got) {
            if (!answered_) return std::nullopt;
            answered_ = false;
            continue;
        }
        auto const status = PQresultStatus(got.get());
        if (status == PGRES_PIPELINE_SYNC) {
            marked_ = false;
            running_.in_doubt = false;
            synced_ = done_;
            return std::nullopt;
        }
        if (waiting_.empty()) fail_lost();
        answered_ = true;
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
            fail(std::move(got));
        in_flight_ -= waiting_.front().bytes;
        waiting_.pop_front();
        return answer{done_++, result{std::move(got)}};
    }
    return std::nullopt;
}

PGQ_INLINE void pipeline::wait() {
    int const left = PQflush(db_.get());
    if (left < 0) fail_lost();
    if (PQisBusy(db_.get()) == 0) return;
    try {
        db_.await(left == 0 ? POLLIN : POLLIN | POLLOUT, running_);
    } catch (...) {
        forget();
        throw;
    }
    if (running_.cut != interruption::none && !marked_) interrupt();
    if (PQconsumeInput(db_.get()) == 0) fail_lost();
}

PGQ_INLINE void pipeline::leave() {
    if (!open_) return;
    if (PQexitPipelineMode(db_.get()) != 1) fail_lost();
    forget();
}

PGQ_INLINE void pipeline::drop() noexcept {
    if (!open_) return;
    if (db_.closed()) return forget();
    auto const sink = std::exchange(db_.wanted.notices, notice_sink{});  // "rollback" warns where nothing was begun
    try {
        if (running_.cut == interruption::none) {
            db_.begin_grace(running_);
            running_.cancel_taken = waiting_.empty() || db_.cancel_key().request(running_.end);
        }
        drain();
    } catch (...) {  // a session that is closed drops everything as well
        db_.close();
    }
    db_.wanted.notices = sink;
    forget();
}

PGQ_INLINE void pipeline::begin_step() {
    if (!open_) throw usage_error{"the pipeline is closed: make a new one"};
    if (db_.closed()) fail_lost();
    running_.end = deadline_after(db_.wanted.statement_timeout);
    if (!db_.waits.stop_requested()) return;
    db_.begin_grace(running_);
    running_.cancel_taken = waiting_.empty() || db_.cancel_key().request(running_.end);
    interrupt();
}

PGQ_INLINE void pipeline::drain() {
    if (!marked_) {
        if (doubt_)
            static_cast<void>(PQsendQueryParams(db_.get(), "rollback", 0, nullptr, nullptr, nullptr, nullptr, 0));
        if (PQpipelineSync(db_.get()) != 1) throw connection_error{"the pipeline cannot be ended"};
    }
    for (;;) {
        while (PQisBusy(db_.get()) != 0) {
            int const left = PQflush(db_.get());
            db_.await(left == 0 ? POLLIN : POLLIN | POLLOUT, running_);
            if (PQconsumeInput(db_.get()) == 0) throw connection_error{"the session was lost"};
        }
        result_handle const got{PQgetResult(db_.get())};
        if (db_.closed()) throw connection_error{"the session was lost"};
        if (got && PQresultStatus(got.get()) == PGRES_PIPELINE_SYNC) break;
    }
    if (PQexitPipelineMode(db_.get()) != 1) db_.close();
    db_.settle(running_);
}

PGQ_INLINE void pipeline::fail(result_handle refused) {
    auto const text = waiting_.front().text;
    running_.statement = *text;
    auto const cut = running_.cut;
    if (cut == interruption::none) db_.begin_grace(running_);  // there is nothing left to cancel
    drop();
    running_.cut = cut;
    db_.raise(refused.get(), running_);
}

PGQ_INLINE void pipeline::interrupt() {
    auto const cut = running_.cut;
    std::string const text{running_.statement};
    auto const why = db_.limit_text(running_, "the pipeline");
    drop();
    if (cut == interruption::stop) throw stopped{};
    throw sql_error{why, {.state = sqlstate{"57014"}, .transaction_aborted = !doubt_, .statement = text}};
}

PGQ_INLINE void pipeline::fail_lost(PGresult const* words) {
    auto const text = waiting_.empty() ? last_text_ : waiting_.front().text;
    if (text) running_.statement = *text;
    forget();
    if (words != nullptr && PQresultStatus(words) == PGRES_FATAL_ERROR) db_.raise(words, running_);
    db_.lost(running_);
}

}  // namespace pgq::libpq::detail
