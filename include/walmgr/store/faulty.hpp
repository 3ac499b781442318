/// A store that fails, is slow or is cut off when it is told to, around any other one. For tests.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/store.hpp>
#include <walmgr/store/replace.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace walmgr {

/// Copies share what they are told. For several threads, even around a store that is not: one step comes after the
/// other.
template <store S> class faulty {
    struct orders {
        std::mutex one_at_a_time{};
        int steps_left = -1;  ///< below zero: none fails
        int failures_left = 0;
        fault kind = fault::unavailable;
        std::chrono::milliseconds pause{0};
        std::uint64_t bytes_left = std::numeric_limits<std::uint64_t>::max();
        std::uint64_t steps = 0;
    };

    template <class F> static auto step(orders& told, F const& work) {
        std::this_thread::sleep_for(pause_of(told));
        std::lock_guard const hold{told.one_at_a_time};
        ++told.steps;
        if (told.steps_left > 0) --told.steps_left;
        else if (told.steps_left == 0) {
            if (--told.failures_left == 0) told.steps_left = -1;
            throw error{told.kind, "the store fails, as it was told to"};
        }
        return work();
    }
    static std::chrono::milliseconds pause_of(orders& told) {
        std::lock_guard const hold{told.one_at_a_time};
        return told.pause;
    }
    /// How many of `wanted` bytes still come through.
    static std::size_t passed(orders& told, std::size_t wanted) {
        if (told.bytes_left < wanted) throw error{fault::unavailable, "the store is cut off, as it was told to"};
        told.bytes_left -= wanted;
        return wanted;
    }

public:
    static constexpr int for_good = std::numeric_limits<int>::max();

    explicit faulty(S where) : where_{std::move(where)} {}

    /// See object_writer.
    template <class W> class writer_of {
    public:
        writer_of(std::shared_ptr<orders> told, W out) : told_{std::move(told)}, out_{std::move(out)} {}
        void write(std::string_view bytes) {
            step(*told_, [&] { out_.write(bytes.substr(0, passed(*told_, bytes.size()))); });
        }
        bool seal() {
            return step(*told_, [&] { return out_.seal(); });
        }
        /// See replacing_writer.
        bool replace(std::string const& aside) {
            return step(*told_, [&] { return replace_object(out_, aside); });
        }

    private:
        std::shared_ptr<orders> told_;
        W out_;
    };

    /// See object_reader.
    template <class R> class reader_of {
    public:
        reader_of(std::shared_ptr<orders> told, R in) : told_{std::move(told)}, in_{std::move(in)} {}
        [[nodiscard]] std::uint64_t size() const { return in_.size(); }
        std::size_t read(std::uint64_t offset, std::span<char> into) const {
            return step(*told_, [&] { return in_.read(offset, into.first(passed(*told_, into.size()))); });
        }

    private:
        std::shared_ptr<orders> told_;
        R in_;
    };

    [[nodiscard]] auto create(std::string const& name) const {
        return step(*told_, [&] {
            using out = decltype(where_.create(name));
            return writer_of<out>{told_, where_.create(name)};
        });
    }
    [[nodiscard]] auto open(std::string const& name) const {
        return step(*told_, [&] {
            auto found = where_.open(name);
            using in = typename decltype(found)::value_type;
            return found ? std::optional<reader_of<in>>{std::in_place, told_, std::move(*found)} : std::nullopt;
        });
    }
    [[nodiscard]] std::vector<std::string> list(std::string const& folder) const {
        return step(*told_, [&] { return where_.list(folder); });
    }
    bool remove(std::string const& name) const {
        return step(*told_, [&] { return where_.remove(name); });
    }

    /// So many steps go well from now on, then so many fail, and then all go well. A step is a call of the store, of a
    /// reader or of a writer.
    void fail_after(int steps, int failures = for_good, fault kind = fault::unavailable) const {
        std::lock_guard const hold{told_->one_at_a_time};
        told_->steps_left = steps;
        told_->failures_left = failures;
        told_->kind = kind;
    }
    /// From now on each step waits so long.
    void slow_down(std::chrono::milliseconds pause) const {
        std::lock_guard const hold{told_->one_at_a_time};
        told_->pause = pause;
    }
    /// So many bytes more are read and written, and then none.
    void cut_after(std::uint64_t bytes) const {
        std::lock_guard const hold{told_->one_at_a_time};
        told_->bytes_left = bytes;
    }
    /// It is well again.
    void heal() const {
        std::lock_guard const hold{told_->one_at_a_time};
        told_->steps_left = -1;
        told_->pause = std::chrono::milliseconds{0};
        told_->bytes_left = std::numeric_limits<std::uint64_t>::max();
    }
    /// Steps since it was made.
    [[nodiscard]] std::uint64_t steps() const {
        std::lock_guard const hold{told_->one_at_a_time};
        return told_->steps;
    }

private:
    S where_;
    std::shared_ptr<orders> told_ = std::make_shared<orders>();
};

}  // namespace walmgr
