/// A file of an SFTP server that is being read. Not for users.
#pragma once

#include <walmgr/store/read_ahead.hpp>
#include <walmgr/store/sftp_session.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace walmgr::detail {

inline constexpr std::size_t sftp_block = std::size_t{32} << 10U;  // what every server takes and gives at once
inline constexpr int sftp_writes_ahead = 64;

/// What a reader asks. Its file is closed with it.
struct sftp_reading {
    sftp_reading(sftp_lease by, std::string of, std::string file)
        : session{std::move(by)}, path{std::move(of)}, handle{std::move(file)} {}
    sftp_reading(sftp_reading&&) noexcept = default;
    sftp_reading& operator=(sftp_reading&&) = delete;
    ~sftp_reading() {
        if (!session || waiting || session->link().is_broken()) return;
        try {
            session->close(handle, "cannot close " + path);
            session->at_rest = true;
        } catch (error const&) { return; }  // the session ends, and its files with it
    }

    void ask(std::uint64_t offset, std::size_t length) {
        waiting = true;
        session->send(session->request(sftp_kind::read)
                          .text(handle)
                          .long_number(offset)
                          .number(static_cast<std::uint32_t>(length)));
    }
    std::string take(bool last) {
        auto came = session->receive();
        waiting = !last;
        if (came.kind == sftp_kind::data) return std::string{sftp_body{came.body}.text()};
        auto const said = session->status_of(came);
        if (said == sftp_status::end_of_file) return {};
        session->refuse("cannot read " + path, said);
    }
    [[noreturn]] void lost(std::string const& why) { session->link().lost(why); }

    sftp_lease session;
    std::string path;
    std::string handle;
    bool waiting = false;
};

}  // namespace walmgr::detail
