/// The serving end of a store behind ssh.
#pragma once

#include <walmgr/store.hpp>
#include <walmgr/store/frames.hpp>
#include <walmgr/store/replace.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {
namespace detail {

/// What one asking end has open, and the answers to it.
template <store S> class serving_end {
public:
    serving_end(S const& where, duplex& link) : where_{where}, link_{link} {}

    void answer_all() {
        while (link_.more()) {
            auto const asked = receive_frame(link_);
            try {
                answer(asked);
            } catch (error const& failure) {
                if (link_.is_broken()) throw;
                fail(failure);
            }
        }
    }

private:
    void answer(frame const& asked) {
        switch (asked.kind) {
        case frame_kind::list:
            return names(where_.list(asked.body));
        case frame_kind::open:
            in_.reset();
            if (auto found = where_.open(asked.body)) in_.emplace(std::move(*found));
            if (!in_) return send_frame(link_, frame_kind::absent);
            return send_frame(link_, frame_kind::done, number_bytes(std::uint64_t{in_->size()}));
        case frame_kind::read:
            return read(asked.body);
        case frame_kind::create:
            out_.reset();
            failed_.reset();
            out_.emplace(where_.create(asked.body));
            return send_frame(link_, frame_kind::done);
        case frame_kind::data:
            return take(asked.body);
        case frame_kind::seal:
            return end([](auto& out) { return out.seal(); });
        case frame_kind::replace:
            return end([&](auto& out) { return replace_object(out, asked.body); });
        case frame_kind::abandon:
            out_.reset();
            return send_frame(link_, frame_kind::done);
        case frame_kind::remove:
            return yes(where_.remove(asked.body));
        default:
            link_.lost("it asks for something that this program does not know");
        }
    }

    void yes(bool is) { send_frame(link_, frame_kind::done, std::string(1, is ? '\1' : '\0')); }
    void fail(error const& failure) {
        auto const text = std::string{failure.what()}.substr(0, 4096);
        send_frame(link_, frame_kind::failed, std::string(1, static_cast<char>(failure.kind())) + text);
    }

    void names(std::vector<std::string> const& all) {
        std::string body;
        for (auto const& one : all) {
            if (body.size() + one.size() + 2 > usual_block) {
                send_frame(link_, frame_kind::names, body);
                body.clear();
            }
            body.append(number_bytes(static_cast<std::uint16_t>(one.size()))).append(one);
        }
        send_frame(link_, frame_kind::names, body);
        send_frame(link_, frame_kind::done);
    }

    void read(std::string_view body) {
        if (!in_ || body.size() != 12) link_.lost("it reads without an object");
        auto const length = std::min<std::size_t>(get<std::uint32_t>(body, 8), longest_frame);
        std::string bytes(length, '\0');
        bytes.resize(in_->read(get<std::uint64_t>(body, 0), bytes));
        send_frame(link_, frame_kind::data, bytes);
    }

    /// Not answered: what fails is told by end().
    void take(std::string_view bytes) {
        if (failed_ || !out_) return;
        try {
            out_->write(bytes);
        } catch (error const& failure) {
            failed_.emplace(failure);
            out_.reset();
        }
    }
    void end(auto const& by) {
        if (failed_) return fail(*std::exchange(failed_, std::nullopt));
        if (!out_) link_.lost("it seals without an object");
        auto out = std::move(*out_);
        out_.reset();
        yes(by(out));
    }

    S const& where_;
    duplex& link_;
    std::optional<decltype(std::declval<S const&>().create(std::string{}))> out_{};
    std::optional<typename decltype(std::declval<S const&>().open(std::string{}))::value_type> in_{};
    std::optional<error> failed_{};
};

}  // namespace detail

/// Serves `where`, which is the folder `folder`, to whoever is at the other end, and to nobody who asks for another
/// folder. Protocol: <walmgr/store/frames.hpp>. Returns when he hangs up.
/// @throws error  unavailable, when the link is cut within a message or nothing comes for too long
template <store S> void serve_store(S const& where, std::string const& folder, duplex& link) {
    detail::send_hello(link, {});
    auto const wanted = detail::receive_hello(link);
    if (wanted != folder) {
        constexpr auto kind = static_cast<char>(fault::configuration);
        send_frame(link, detail::frame_kind::failed,
                   std::string(1, kind) + "walmgr serves " + folder + " there, and " + wanted + " was asked for");
        link.lost("it asks for another folder: " + wanted);
    }
    send_frame(link, detail::frame_kind::done);
    detail::serving_end<S>{where, link}.answer_all();
}

}  // namespace walmgr
