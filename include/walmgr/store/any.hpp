/// Any store, where which one it is is known at run time only. What it costs is an indirect call for each block.
#pragma once

#include <walmgr/store.hpp>
#include <walmgr/store/replace.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Holds a store; copies share it. As thread-safe as what it holds.
class any_store {
    struct writing {
        virtual ~writing() = default;
        virtual void write(std::string_view bytes) = 0;
        virtual bool seal() = 0;
        virtual bool replace(std::string const& aside) = 0;
    };
    struct reading {
        virtual ~reading() = default;
        [[nodiscard]] virtual std::uint64_t size() const = 0;
        virtual std::size_t read(std::uint64_t offset, std::span<char> into) const = 0;
    };
    struct storing {
        virtual ~storing() = default;
        [[nodiscard]] virtual std::unique_ptr<writing> create(std::string const& name) const = 0;
        [[nodiscard]] virtual std::unique_ptr<reading> open(std::string const& name) const = 0;
        [[nodiscard]] virtual std::vector<std::string> list(std::string const& folder) const = 0;
        virtual bool remove(std::string const& name) const = 0;
    };

    template <class W> struct writing_by final : writing {
        explicit writing_by(W out) : held{std::move(out)} {}
        void write(std::string_view bytes) override { held.write(bytes); }
        bool seal() override { return held.seal(); }
        bool replace(std::string const& aside) override { return replace_object(held, aside); }
        W held;
    };
    template <class R> struct reading_by final : reading {
        explicit reading_by(R in) : held{std::move(in)} {}
        [[nodiscard]] std::uint64_t size() const override { return held.size(); }
        std::size_t read(std::uint64_t offset, std::span<char> into) const override { return held.read(offset, into); }
        R held;
    };
    template <class S> struct storing_in final : storing {
        explicit storing_in(S where) : held{std::move(where)} {}
        [[nodiscard]] std::unique_ptr<writing> create(std::string const& name) const override {
            return std::make_unique<writing_by<decltype(held.create(name))>>(held.create(name));
        }
        [[nodiscard]] std::unique_ptr<reading> open(std::string const& name) const override {
            auto found = held.open(name);
            if (!found) return nullptr;
            using reader = typename decltype(found)::value_type;
            return std::make_unique<reading_by<reader>>(std::move(*found));
        }
        [[nodiscard]] std::vector<std::string> list(std::string const& folder) const override {
            return held.list(folder);
        }
        bool remove(std::string const& name) const override { return held.remove(name); }
        S held;
    };

public:
    /// `shown` names the store in messages: its location, without secrets.
    template <store S>
    any_store(S where, std::string shown)
        : held_{std::make_shared<storing_in<S>>(std::move(where))}, shown_{std::move(shown)} {}

    /// See object_writer.
    class writer {
    public:
        explicit writer(std::unique_ptr<writing> out) : out_{std::move(out)} {}
        void write(std::string_view bytes) { out_->write(bytes); }
        bool seal() { return out_->seal(); }
        /// See replacing_writer. @throws error  usage, where the store cannot do that
        bool replace(std::string const& aside) { return out_->replace(aside); }

    private:
        std::unique_ptr<writing> out_;
    };

    /// See object_reader.
    class reader {
    public:
        explicit reader(std::unique_ptr<reading> in) : in_{std::move(in)} {}
        [[nodiscard]] std::uint64_t size() const { return in_->size(); }
        std::size_t read(std::uint64_t offset, std::span<char> into) const { return in_->read(offset, into); }

    private:
        std::unique_ptr<reading> in_;
    };

    [[nodiscard]] writer create(std::string const& name) const { return writer{held_->create(name)}; }
    [[nodiscard]] std::optional<reader> open(std::string const& name) const {
        auto found = held_->open(name);
        if (!found) return std::nullopt;
        return reader{std::move(found)};
    }
    [[nodiscard]] std::vector<std::string> list(std::string const& folder) const { return held_->list(folder); }
    bool remove(std::string const& name) const { return held_->remove(name); }

    /// Its location, for messages.
    [[nodiscard]] std::string const& shown() const noexcept { return shown_; }

private:
    std::shared_ptr<storing const> held_;
    std::string shown_;
};

static_assert(store<any_store>);

}  // namespace walmgr
