/// A store in memory, for tests. It can be made to fail at a step, and to lose power.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/store.hpp>
#include <walmgr/store/name.hpp>
#include <walmgr/store/replace.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Copies share what they hold. Not thread-safe.
class memory_store {
    struct contents {
        std::map<std::string, std::string> objects{};
        int steps_left = -1;  ///< until one fails; below zero: none does
        fault kind = fault::unavailable;
    };

public:
    /// See object_writer.
    class writer {
    public:
        writer(std::shared_ptr<contents> held, std::string name) : held_{std::move(held)}, name_{std::move(name)} {}

        void write(std::string_view bytes) {
            step(*held_);
            bytes_ += bytes;
        }
        bool seal() {
            step(*held_);
            return held_->objects.emplace(name_, std::move(bytes_)).second;
        }
        /// See replacing_writer.
        bool replace(std::string const& aside) {
            check_object_name(aside);
            step(*held_);
            auto const there = held_->objects.find(name_);
            if (there == held_->objects.end()) return false;
            if (!held_->objects.emplace(aside, there->second).second)
                throw error{fault::unavailable, aside + " is in the store already"};
            there->second = std::move(bytes_);
            return true;
        }

    private:
        std::shared_ptr<contents> held_;
        std::string name_;
        std::string bytes_{};
    };

    /// See object_reader.
    class reader {
    public:
        reader(std::shared_ptr<contents> held, std::string bytes) : held_{std::move(held)}, bytes_{std::move(bytes)} {}

        [[nodiscard]] std::uint64_t size() const noexcept { return bytes_.size(); }
        std::size_t read(std::uint64_t offset, std::span<char> into) const {
            step(*held_);
            if (offset >= bytes_.size()) return 0;
            return bytes_.copy(into.data(), into.size(), static_cast<std::size_t>(offset));
        }

    private:
        std::shared_ptr<contents> held_;
        std::string bytes_;
    };

    [[nodiscard]] writer create(std::string const& name) const {
        check_object_name(name);
        step(*held_);
        return {held_, name};
    }
    [[nodiscard]] std::optional<reader> open(std::string const& name) const {
        check_object_name(name);
        step(*held_);
        auto const found = held_->objects.find(name);
        if (found == held_->objects.end()) return std::nullopt;
        return reader{held_, found->second};
    }
    [[nodiscard]] std::vector<std::string> list(std::string const& folder) const {
        if (!folder.empty()) check_object_name(folder);
        step(*held_);
        auto const prefix = folder.empty() ? folder : folder + '/';
        std::vector<std::string> names;
        for (auto const& [name, bytes] : held_->objects) {
            if (!name.starts_with(prefix)) continue;
            auto const end = name.find('/', prefix.size());
            auto one = name.substr(prefix.size(), end == name.npos ? end : end + 1 - prefix.size());
            if (names.empty() || names.back() != one) names.push_back(std::move(one));
        }
        std::sort(names.begin(), names.end());
        return names;
    }
    bool remove(std::string const& name) const {
        check_object_name(name);
        step(*held_);
        return held_->objects.erase(name) > 0;
    }

    /// The step after `steps` more (creating, opening, reading, writing, sealing, listing, removing) fails, once.
    void fail_after(int steps, fault kind = fault::unavailable) const {
        held_->steps_left = steps;
        held_->kind = kind;
    }
    /// True when that failure has not happened yet.
    [[nodiscard]] bool failure_waits() const { return held_->steps_left >= 0; }
    /// What is stored under a name, to be looked at or damaged. @throws std::out_of_range
    [[nodiscard]] std::string& bytes_of(std::string const& name) const { return held_->objects.at(name); }

private:
    static void step(contents& held) {
        if (held.steps_left < 0) return;
        if (held.steps_left-- == 0) throw error{held.kind, "the store fails, as it was told to"};
    }

    std::shared_ptr<contents> held_ = std::make_shared<contents>();
};

static_assert(store<memory_store> && replacing_writer<memory_store::writer>);

}  // namespace walmgr
