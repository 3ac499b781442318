/// Insert policy for many events by ordinary means: pgq.insert_events() with arrays of types and data.
/// Not for events with extras, and not for pgq 3.5, which has no such function.
#pragma once

#include <pgq/codec/array.hpp>
#include <pgq/policy/insert.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace pgq {
namespace detail {

/// One element of an array literal; the braces are the caller's.
inline void append_next_element(std::string& out, std::string_view value) {
    if (out.size() > 1) out += ',';
    if (value.data() == nullptr) {
        out += "NULL";
    } else {
        append_array_element(out, value);
    }
}

template <transport Db> class bulk_writer {
public:
    bulk_writer(Db& db, std::string queue, std::size_t rows, std::size_t bytes)
        : db_{db}, queue_{std::move(queue)}, rows_{rows}, bytes_{bytes} {}

    void put(new_event const& event) {
        for (auto const& extra : event.extra) {
            if (extra) throw usage_error{"pgq::insert_bulk stores type and data only, but the event has extras"};
        }
        append_next_element(types_, event.type);
        append_next_element(data_, event.data);
        if (++waiting_ >= rows_ || types_.size() + data_.size() >= bytes_) send();
    }

    std::uint64_t finish() {
        send();
        return std::exchange(stored_, 0);
    }

private:
    void send() {
        if (waiting_ == 0) return;
        types_ += '}';
        data_ += '}';
        auto const clear = [this] {
            types_ = data_ = "{";
            waiting_ = 0;
        };
        try {
            stored_ += explaining(queue_, [&] { return sql::insert_events(db_, queue_, types_, data_); });
        } catch (...) {
            clear();
            throw;
        }
        clear();
    }

    Db& db_;
    std::string queue_;
    std::size_t rows_;
    std::size_t bytes_;
    std::string types_ = "{";
    std::string data_ = "{";
    std::size_t waiting_ = 0;
    std::uint64_t stored_ = 0;
};

}  // namespace detail

/// Collects events and stores them by one call per `rows` events or `bytes` of text, whichever comes first. Each call
/// is a transaction of its own unless the caller has one open; what was not sent when the writer goes is dropped.
struct insert_bulk {
    std::size_t rows = 1'000;
    std::size_t bytes = 1'048'576;

    template <transport Db> [[nodiscard]] auto open(Db& db, std::string queue) const {
        return detail::bulk_writer<Db>{db, std::move(queue), rows, bytes};
    }
};

}  // namespace pgq
