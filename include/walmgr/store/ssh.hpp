/// A store in a folder of another machine, kept there by this program, which ssh starts: `walmgr serve --folder PATH`.
/// The folder's rules are those of <walmgr/store/posix.hpp>, the protocol is in <walmgr/store/frames.hpp>.
#pragma once

#include <walmgr/channel.hpp>
#include <walmgr/command_line.hpp>
#include <walmgr/location.hpp>
#include <walmgr/store.hpp>
#include <walmgr/store/frames.hpp>
#include <walmgr/store/read_ahead.hpp>
#include <walmgr/store/sessions.hpp>
#include <walmgr/store/ssh_command.hpp>

#include <algorithm>
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
namespace detail {

/// One connection. What it throws is `unavailable` when the link fails, and what the other end says when that does.
class ssh_session {
public:
    ssh_session(location const& to, ssh_options const& by) : channel_{command(to, by), to_string(to), by.patience} {
        auto& link = channel_.link();
        receive_hello(link);
        send_hello(link, to.path);
        expect(frame_kind::done);
    }

    [[nodiscard]] bool can_be_used() { return at_rest && channel_.link().is_quiet(); }
    [[nodiscard]] duplex& link() { return channel_.link(); }

    void send(frame_kind kind, std::string_view body) { send_frame(link(), kind, body); }
    /// The next frame, unless it tells of a failure.
    frame receive() {
        auto came = receive_frame(link());
        if (came.kind != frame_kind::failed) return came;
        if (came.body.empty()) misunderstood();
        throw error{kind_of(came.body.front()), link().shown() + ": " + came.body.substr(1)};
    }
    std::string expect(frame_kind kind) {
        auto came = receive();
        if (came.kind != kind) misunderstood();
        return std::move(came.body);
    }
    bool expect_yes() {
        auto const body = expect(frame_kind::done);
        if (body.size() != 1) misunderstood();
        return body.front() != '\0';
    }
    [[noreturn]] void misunderstood() { link().lost("it answers what was not asked"); }

    bool at_rest = true;  ///< false while an object is being written or blocks are on their way

private:
    static std::vector<std::string> command(location const& to, ssh_options const& by) {
        auto command = ssh_command(to, by);
        command.insert(command.end(), {"--", to.host, by.walmgr + " serve --folder " + shell_word(to.path)});
        return command;
    }
    static fault kind_of(char number) {
        for (auto const kind : {fault::usage, fault::configuration, fault::identity, fault::duplicate, fault::corrupt,
                                fault::gap, fault::locked, fault::timed_out, fault::disk_full})
            if (static_cast<char>(kind) == number) return kind;
        return fault::unavailable;
    }

    channel channel_;
};

using ssh_lease = sessions<ssh_session>::lease;

/// What a reader asks.
struct ssh_reading {
    ssh_lease session;

    void ask(std::uint64_t offset, std::size_t length) {
        session->at_rest = false;
        session->send(frame_kind::read, number_bytes(offset) + number_bytes(static_cast<std::uint32_t>(length)));
    }
    std::string take(bool last) {
        auto bytes = session->expect(frame_kind::data);
        session->at_rest = last;
        return bytes;
    }
    [[noreturn]] void lost(std::string const& why) { session->link().lost(why); }
};

}  // namespace detail

/// Connects when it is first used, and once more for each object that is read or written at the same time. Thread-safe;
/// a reader or writer is for one thread. A link that is cut in the middle is an error `unavailable`, and leaves
/// nothing.
class ssh_store {
public:
    /// @param where  of the kind reached_by::ssh
    explicit ssh_store(location where, ssh_options by = {}) : where_{std::move(where)}, by_{std::move(by)} {}

    /// See object_writer. Blocks are sent without waiting for an answer; what went wrong meanwhile is told by seal().
    class writer {
    public:
        explicit writer(detail::ssh_lease session) : session_{std::move(session)} { session_->at_rest = false; }
        writer(writer&&) noexcept = default;
        writer& operator=(writer&&) = delete;
        ~writer() {
            if (!session_ || session_->at_rest || session_->link().is_broken()) return;
            try {
                session_->send(detail::frame_kind::abandon, {});
                session_->expect(detail::frame_kind::done);
                session_->at_rest = true;
            } catch (error const&) {  // closed with the session, upon which the other end forgets it by itself
                return;
            }
        }

        void write(std::string_view bytes) {
            waiting_ += bytes;
            if (waiting_.size() >= detail::usual_block) flush();
        }
        bool seal() { return end(detail::frame_kind::seal, {}); }
        /// See replacing_writer. A walmgr at the other end that is older does not know it, and hangs up.
        bool replace(std::string const& aside) { return end(detail::frame_kind::replace, aside); }

    private:
        bool end(detail::frame_kind by, std::string const& aside) {
            flush();
            session_->send(by, aside);
            bool const done = session_->expect_yes();
            session_->at_rest = true;
            return done;
        }
        void flush() {
            for (std::string_view rest{waiting_}; !rest.empty();) {
                auto const block = rest.substr(0, detail::usual_block);
                session_->send(detail::frame_kind::data, block);
                rest.remove_prefix(block.size());
            }
            waiting_.clear();
        }

        detail::ssh_lease session_;
        std::string waiting_{};
    };

    /// See object_reader. Whoever reads on where he stopped has eight blocks on their way to him.
    using reader = detail::read_ahead<detail::ssh_reading>;

    [[nodiscard]] writer create(std::string const& name) const {
        auto session = connect();
        session->send(detail::frame_kind::create, name);
        session->expect(detail::frame_kind::done);
        return writer{std::move(session)};
    }
    [[nodiscard]] std::optional<reader> open(std::string const& name) const {
        auto session = connect();
        session->send(detail::frame_kind::open, name);
        auto const came = session->receive();
        if (came.kind == detail::frame_kind::absent) return std::nullopt;
        if (came.kind != detail::frame_kind::done || came.body.size() != 8) session->misunderstood();
        return reader{{std::move(session)}, detail::get<std::uint64_t>(came.body, 0), {detail::usual_block, 8}};
    }
    [[nodiscard]] std::vector<std::string> list(std::string const& folder) const {
        auto session = connect();
        session->send(detail::frame_kind::list, folder);
        std::vector<std::string> names;
        for (;;) {
            auto const came = session->receive();
            if (came.kind == detail::frame_kind::done) return names;
            if (came.kind != detail::frame_kind::names) session->misunderstood();
            for (std::string_view rest{came.body}; !rest.empty();) {
                auto const length = rest.size() < 2 ? rest.size() : detail::get<std::uint16_t>(rest, 0);
                if (length + 2 > rest.size()) session->misunderstood();
                names.emplace_back(rest.substr(2, length));
                rest.remove_prefix(2 + length);
            }
        }
    }
    bool remove(std::string const& name) const {
        auto session = connect();
        session->send(detail::frame_kind::remove, name);
        return session->expect_yes();
    }

private:
    [[nodiscard]] detail::ssh_lease connect() const {
        return detail::sessions<detail::ssh_session>::take(
            sessions_, [&] { return std::make_unique<detail::ssh_session>(where_, by_); });
    }

    location where_;
    ssh_options by_;
    std::shared_ptr<detail::sessions<detail::ssh_session>> sessions_ =
        std::make_shared<detail::sessions<detail::ssh_session>>();
};

static_assert(store<ssh_store>);

}  // namespace walmgr
