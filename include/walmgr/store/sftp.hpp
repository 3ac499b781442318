/// A store in a folder of another machine that has OpenSSH's server, and need have nothing of ours: ssh is started, and
/// its subsystem `sftp` spoken to. The folder's rules are those of <walmgr/store/posix.hpp>. Where this program can be
/// installed at the other end, <walmgr/store/ssh.hpp> waits less.
#pragma once

#include <walmgr/location.hpp>
#include <walmgr/store.hpp>
#include <walmgr/store/name.hpp>
#include <walmgr/store/replace.hpp>
#include <walmgr/store/sftp_folders.hpp>
#include <walmgr/store/sftp_reading.hpp>
#include <walmgr/store/temporary_name.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Connects when it is first used, and once more for each object that is read or written at the same time. Thread-safe;
/// a reader or writer is for one thread. A link that is cut in the middle is an error `unavailable`; it can leave a
/// file behind whose name begins with a dot, which list() does not show and remove() tidies up after a day.
class sftp_store {
public:
    /// @param where  of the kind reached_by::sftp  @param by  its `walmgr` is not used
    explicit sftp_store(location where, ssh_options by = {}) : where_{std::move(where)}, by_{std::move(by)} {}

    /// See object_writer. Blocks are sent without waiting for each answer.
    class writer {
    public:
        /// `root`: length of the path of the store's own folder.
        writer(detail::sftp_lease session, std::string handle, std::string temporary, std::string path,
               std::size_t root)
            : session_{std::move(session)}, handle_{std::move(handle)}, temporary_{std::move(temporary)},
              path_{std::move(path)}, root_{root} {}
        writer(writer&&) noexcept = default;
        writer& operator=(writer&&) = delete;
        ~writer() {
            if (!session_ || session_->at_rest || session_->link().is_broken()) return;
            try {
                forget();
            } catch (error const&) { return; }
        }

        void write(std::string_view bytes) {
            waiting_ += bytes;
            if (waiting_.size() >= detail::sftp_block) flush();
        }
        bool seal() {
            keep();
            auto const said = move("hardlink@openssh.com", temporary_, path_);
            bool const first = said == detail::sftp_status::ok;
            if (!first) {
                // There is no status for a name that is taken.
                if (!session_->is_there(path_)) session_->refuse("cannot give " + path_ + " its name", said);
                session_->sync_paths({path_});
            }
            sync_above(path_);
            forget();
            return first;
        }
        /// See replacing_writer.
        bool replace(std::string const& aside) {
            check_object_name(aside);
            keep();
            auto const root = path_.substr(0, root_);
            auto const second = root + '/' + aside;
            detail::make_sftp_folders(session_, root, second.substr(0, second.rfind('/')));
            if (auto const said = move("hardlink@openssh.com", path_, second); said != detail::sftp_status::ok) {
                if (session_->is_there(path_))
                    session_->refuse("cannot give " + path_ + " the second name " + second, said);
                return forget(), false;
            }
            sync_above(second);
            if (auto const said = move("posix-rename@openssh.com", temporary_, path_); said != detail::sftp_status::ok)
                session_->refuse("cannot give " + path_ + " its name", said);
            sync_above(path_);
            session_->at_rest = true;
            return true;
        }

    private:
        /// Writes the rest, and makes it durable under its temporary name.
        void keep() {
            flush();
            answers(0);
            session_->sync(handle_, "cannot make " + temporary_ + " durable");
            session_->close(std::exchange(handle_, {}), "cannot close " + temporary_);
        }
        detail::sftp_status move(std::string const& how, std::string const& from, std::string const& to) {
            session_->send(session_->request(detail::sftp_kind::extended).text(how).text(from).text(to));
            return session_->status();
        }
        /// All folders above, as one of them may be of somebody who was killed before he made it durable.
        void sync_above(std::string const& path) {
            std::vector<std::string> above;
            for (auto end = path.rfind('/'); end >= root_; end = path.rfind('/', end - 1))
                above.push_back(path.substr(0, end));
            session_->sync_paths(above);
        }
        void flush() {
            for (std::string_view rest{waiting_}; !rest.empty();) {
                auto const block = rest.substr(0, detail::sftp_block);
                session_->send(
                    session_->request(detail::sftp_kind::write).text(handle_).long_number(written_).text(block));
                written_ += block.size();
                ++coming_;
                rest.remove_prefix(block.size());
                answers(detail::sftp_writes_ahead);
            }
            waiting_.clear();
        }
        /// Hears until so many are on their way. After a failure all are heard first.
        void answers(int left) {
            auto failed = detail::sftp_status::ok;
            while (coming_ > left) {
                auto const said = session_->status();
                --coming_;
                if (said == detail::sftp_status::ok || failed != detail::sftp_status::ok) continue;
                failed = said;
                left = 0;
            }
            if (failed != detail::sftp_status::ok) session_->refuse("cannot write " + temporary_, failed);
        }
        void forget() {
            while (coming_ > 0)
                session_->status(), --coming_;
            if (!handle_.empty()) session_->close(handle_, "cannot close " + temporary_);
            session_->send(session_->request(detail::sftp_kind::remove).text(temporary_));
            session_->status();
            session_->at_rest = true;
        }

        detail::sftp_lease session_;
        std::string handle_;
        std::string temporary_;
        std::string path_;
        std::size_t root_;
        std::string waiting_{};
        std::uint64_t written_ = 0;
        int coming_ = 0;
    };

    /// See object_reader. Whoever reads on where he stopped has 2 MiB on their way to him.
    using reader = detail::read_ahead<detail::sftp_reading>;

    [[nodiscard]] writer create(std::string const& name) const {
        auto const path = path_of(name);
        auto session = connect();
        auto const folder = path.substr(0, path.rfind('/'));
        auto temporary = detail::temporary_name(path);
        constexpr auto how = detail::sftp_flag::write | detail::sftp_flag::create | detail::sftp_flag::exclusive;
        auto const doing = "cannot create " + temporary;
        auto handle = session->open(temporary, how, doing);
        for (int again = 0; handle.empty(); ++again) {  // an empty folder may be tidied up at any time
            if (again == 10) session->refuse(doing, detail::sftp_status::no_such_file);
            detail::make_sftp_folders(session, where_.path, folder);
            handle = session->open(temporary, how, doing);
        }
        session->at_rest = false;
        return {std::move(session), std::move(handle), std::move(temporary), path, where_.path.size()};
    }
    [[nodiscard]] std::optional<reader> open(std::string const& name) const {
        auto const path = path_of(name);
        auto session = connect();
        auto handle = session->open(path, detail::sftp_flag::read, "cannot open " + path);
        if (handle.empty()) {
            detail::require_sftp_folder(session, where_.path);
            session->require_no_lost_link(path, where_.path);
            return std::nullopt;
        }
        session->at_rest = false;
        session->send(session->request(detail::sftp_kind::fstat).text(handle));
        auto const size = session->attributes("cannot look at " + path).size;
        return reader{{std::move(session), path, std::move(handle)}, size, {detail::sftp_block, 64}};
    }
    [[nodiscard]] std::vector<std::string> list(std::string const& folder) const {
        auto const path = folder.empty() ? where_.path : path_of(folder);
        auto session = connect();
        std::vector<std::string> names;
        auto all = session->entries(path);
        if (all.empty()) {
            detail::require_sftp_folder(session, where_.path);
            session->require_no_lost_link(path, where_.path);
        }
        for (auto& one : all) {
            if (one.name.empty() || one.name.front() == '.') continue;
            // A folder may be a link to one on another disk.
            auto const& known = one.attributes;
            if (!known.is_file() && (known.is_folder() || session->look(path + '/' + one.name).is_folder()))
                one.name += '/';
            names.push_back(std::move(one.name));
        }
        std::sort(names.begin(), names.end());
        return names;
    }
    /// Removes a folder with its last object.
    bool remove(std::string const& name) const {
        auto const path = path_of(name);
        auto session = connect();
        session->send(session->request(detail::sftp_kind::remove).text(path));
        auto const said = session->status();
        bool const there = said != detail::sftp_status::no_such_file;
        if (there && said != detail::sftp_status::ok) session->refuse("cannot remove " + path, said);
        auto const folder = path.substr(0, path.rfind('/'));
        if (there) session->sync_paths({folder});
        else detail::require_sftp_folder(session, where_.path);
        if (folder.size() > where_.path.size()) detail::tidy_sftp_folder(session, folder);
        return there;
    }

private:
    [[nodiscard]] detail::sftp_lease connect() const {
        return detail::sessions<detail::sftp_session>::take(
            sessions_, [&] { return std::make_unique<detail::sftp_session>(where_, by_); });
    }
    [[nodiscard]] std::string path_of(std::string const& name) const {
        check_object_name(name);
        return where_.path + '/' + name;
    }

    location where_;
    ssh_options by_;
    std::shared_ptr<detail::sessions<detail::sftp_session>> sessions_ =
        std::make_shared<detail::sessions<detail::sftp_session>>();
};

static_assert(store<sftp_store> && replacing_writer<sftp_store::writer>);

}  // namespace walmgr
