/// A store that does not begin the next step once a stop was requested.
#pragma once

#include <pgq/error.hpp>

#include <walmgr/store.hpp>
#include <walmgr/store/replace.hpp>

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Steps throw pgq::stopped after a stop request; a step that was begun is not cut short. What was not sealed by then
/// never was, as always.
template <store S> class stoppable_store {
public:
    stoppable_store(S where, std::stop_token stop) : where_{std::move(where)}, stop_{std::move(stop)} {}

    /// See object_writer.
    class writer {
        using inner = decltype(std::declval<S const&>().create(std::declval<std::string const&>()));

    public:
        writer(inner out, std::stop_token stop) : out_{std::move(out)}, stop_{std::move(stop)} {}
        void write(std::string_view bytes) {
            check(stop_);
            out_.write(bytes);
        }
        bool seal() {
            check(stop_);
            return out_.seal();
        }
        /// See replacing_writer.
        bool replace(std::string const& aside) {
            check(stop_);
            return replace_object(out_, aside);
        }

    private:
        inner out_;
        std::stop_token stop_;
    };

    [[nodiscard]] writer create(std::string const& name) const {
        check(stop_);
        return {where_.create(name), stop_};
    }
    [[nodiscard]] auto open(std::string const& name) const {
        check(stop_);
        return where_.open(name);
    }
    [[nodiscard]] std::vector<std::string> list(std::string const& folder) const {
        check(stop_);
        return where_.list(folder);
    }
    bool remove(std::string const& name) const {
        check(stop_);
        return where_.remove(name);
    }

private:
    static void check(std::stop_token const& stop) {
        if (stop.stop_requested()) throw pgq::stopped{};
    }

    S where_;
    std::stop_token stop_;
};

}  // namespace walmgr
