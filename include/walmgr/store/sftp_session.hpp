/// One connection with an SFTP server: ssh runs, and its subsystem `sftp` at the other end. Not for users.
#pragma once

#include <walmgr/channel.hpp>
#include <walmgr/location.hpp>
#include <walmgr/store/sessions.hpp>
#include <walmgr/store/sftp_packets.hpp>
#include <walmgr/store/ssh_command.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr::detail {

/// A name in a folder.
struct sftp_entry {
    std::string name;
    sftp_attributes attributes;
};

/// Requests are answered in the order in which they came. What it throws is `unavailable` when the link fails, and what
/// the server's refusal means when it refuses.
class sftp_session {
public:
    sftp_session(location const& to, ssh_options const& by)
        : channel_{command(to, by), to_string(to), by.patience}, folder_{to.path} {
        link().send(sftp_packet{sftp_kind::init}.number(3).bytes());
        auto const came = receive_sftp(link());
        sftp_body body{came.body};
        if (came.kind != sftp_kind::version || body.number() != 3) misunderstood();
        bool can_sync = false;
        bool can_link = false;
        while (!body.at_end() && body.fine()) {
            auto const name = body.text();
            body.text();
            can_sync = can_sync || name == "fsync@openssh.com";
            can_link = can_link || name == "hardlink@openssh.com";
            can_tell_room_ = can_tell_room_ || name == "statvfs@openssh.com";
        }
        if (!can_sync || !can_link)
            throw error{fault::configuration, link().shown() +
                                                  ": its SFTP server cannot make a file durable or link it, as that of "
                                                  "OpenSSH can, so nothing is sure to stay there"};
    }

    [[nodiscard]] bool can_be_used() { return at_rest && channel_.link().is_quiet(); }
    [[nodiscard]] duplex& link() { return channel_.link(); }

    /// A request, whose answer is fetched by one of the functions below.
    [[nodiscard]] sftp_packet request(sftp_kind kind) { return std::move(sftp_packet{kind}.number(++sent_)); }
    void send(sftp_packet& packet) { link().send(packet.bytes()); }
    void send(sftp_packet&& packet) { link().send(packet.bytes()); }

    /// The answer to the oldest request, its body without the request's number.
    sftp_answer receive() {
        auto came = receive_sftp(link());
        sftp_body body{came.body};
        if (body.number() != ++answered_ || !body.fine()) misunderstood();
        came.body.erase(0, 4);
        return came;
    }
    /// The status that the answer is.
    sftp_status status() { return status_of(receive()); }
    sftp_status status_of(sftp_answer const& came) {
        if (came.kind != sftp_kind::status) misunderstood();
        sftp_body body{came.body};
        auto const said = static_cast<sftp_status>(body.number());
        complaint_ = body.text();
        return said;
    }
    /// @throws error  what else than ok means; `doing`: "cannot write x"
    void expect_ok(std::string const& doing) {
        if (auto const said = status(); said != sftp_status::ok) refuse(doing, said);
    }
    /// A handle, or nothing when there is no such file.
    std::string handle(std::string const& doing) {
        auto came = receive();
        if (came.kind == sftp_kind::handle) return std::string{sftp_body{came.body}.text()};
        auto const said = status_of(came);
        if (said == sftp_status::no_such_file) return {};
        refuse(doing, said);
    }
    sftp_attributes attributes(std::string const& doing) {
        auto came = receive();
        if (came.kind != sftp_kind::attributes) refuse(doing, status_of(came));
        return sftp_body{came.body}.attributes();
    }

    std::string open(std::string const& path, std::uint32_t flags, std::string const& doing) {
        send(request(sftp_kind::open).text(path).number(flags).number(sftp_flag::has_permissions).number(0600));
        return handle(doing);
    }
    void close(std::string const& handle, std::string const& doing) {
        send(request(sftp_kind::close).text(handle));
        expect_ok(doing);
    }
    /// Returns when what lies behind a handle will survive a loss of power.
    void sync(std::string const& handle, std::string const& doing) {
        send(request(sftp_kind::extended).text("fsync@openssh.com").text(handle));
        expect_ok(doing);
    }
    /// The same for files and folders by name, all at the same time.
    void sync_paths(std::vector<std::string> const& paths) {
        auto failed = sftp_status::ok;
        std::string what;
        std::string why;
        auto const hear = [&](std::string const& path, sftp_status said) {
            if (said == sftp_status::ok || failed != sftp_status::ok) return;
            failed = said;
            what = path;
            why = complaint_;
        };
        for (auto const& path : paths)
            send(request(sftp_kind::open).text(path).number(sftp_flag::read).number(0));
        std::vector<std::string> handles;
        for (auto const& path : paths) {
            auto const came = receive();
            if (came.kind == sftp_kind::handle) handles.emplace_back(sftp_body{came.body}.text());
            else hear(path, status_of(came));
        }
        for (auto const& handle : handles)
            send(request(sftp_kind::extended).text("fsync@openssh.com").text(handle));
        for (std::size_t i = 0; i < handles.size(); ++i)
            hear(paths[i], status());
        for (auto const& handle : handles)
            send(request(sftp_kind::close).text(handle));
        for (std::size_t i = 0; i < handles.size(); ++i)
            hear(paths[i], status());
        complaint_ = why;
        if (failed != sftp_status::ok) refuse("cannot make " + what + " durable", failed);
    }
    /// Whether there is something of that name.
    bool is_there(std::string const& path) {
        send(request(sftp_kind::stat).text(path));
        auto const came = receive();
        if (came.kind == sftp_kind::attributes) return true;
        auto const said = status_of(came);
        if (said != sftp_status::no_such_file) refuse("cannot look at " + path, said);
        return false;
    }
    /// What is behind a name, and behind a symbolic link of that name.
    sftp_attributes look(std::string const& path) {
        send(request(sftp_kind::stat).text(path));
        return attributes("cannot look at " + path);
    }
    /// That `path`, which was not found, lies behind no symbolic link below `top` to what is away, another disk
    /// perhaps.
    void require_no_lost_link(std::string path, std::string const& top) {
        while (path.size() > top.size()) {
            send(request(sftp_kind::lstat).text(path));
            auto const came = receive();
            if (came.kind == sftp_kind::attributes) {
                if (sftp_body{came.body}.attributes().is_link()) look(path);
                return;
            }
            if (auto const said = status_of(came); said != sftp_status::no_such_file)
                refuse("cannot look at " + path, said);
            path.resize(path.rfind('/'));
        }
    }
    /// What a folder has; nothing when there is none.
    std::vector<sftp_entry> entries(std::string const& path) {
        auto const doing = "cannot list " + path;
        send(request(sftp_kind::opendir).text(path));
        auto const handle = this->handle(doing);
        std::vector<sftp_entry> all;
        if (handle.empty()) return all;
        for (;;) {
            send(request(sftp_kind::readdir).text(handle));
            auto const came = receive();
            if (came.kind != sftp_kind::name) {
                if (auto const said = status_of(came); said != sftp_status::end_of_file) refuse(doing, said);
                break;
            }
            sftp_body body{came.body};
            for (auto left = body.number(); left > 0 && body.fine(); --left) {
                std::string name{body.text()};
                body.text();
                all.push_back({std::move(name), body.attributes()});
            }
            if (!body.fine()) misunderstood();
        }
        close(handle, doing);
        return all;
    }

    [[noreturn]] void misunderstood() { link().lost("it answers what was not asked"); }
    /// Throws what a status means. OpenSSH's has one word for most of what can go wrong, a full disk among them.
    [[noreturn]] void refuse(std::string const& doing, sftp_status said) {
        bool const full = said == sftp_status::failure && is_full();
        auto const why = full ? "No space left on device" : complaint_.empty() ? "refused" : complaint_;
        throw error{full ? fault::disk_full : fault::unavailable, link().shown() + ": " + doing + ": " + why};
    }

    bool at_rest = true;  ///< false while an object is open or answers are on their way

private:
    static std::vector<std::string> command(location const& to, ssh_options const& by) {
        auto command = ssh_command(to, by);
        command.insert(command.end(), {"-s", "--", to.host, "sftp"});
        return command;
    }
    /// Asked after a failure only, when no answer is on its way.
    bool is_full() {
        if (!can_tell_room_ || sent_ != answered_) return false;
        auto const complaint = complaint_;
        send(request(sftp_kind::extended).text("statvfs@openssh.com").text(folder_));
        auto const came = receive();
        complaint_ = complaint;
        if (came.kind != sftp_kind::extended_reply) return false;
        sftp_body body{came.body};
        for (int i = 0; i < 4; ++i)  // lengths of blocks, all and free ones
            body.long_number();
        return body.long_number() == 0 && body.fine();
    }

    channel channel_;
    std::string folder_;
    std::string complaint_{};
    bool can_tell_room_ = false;
    std::uint32_t sent_ = 0;
    std::uint32_t answered_ = 0;
};

using sftp_lease = sessions<sftp_session>::lease;

}  // namespace walmgr::detail
