/// Looks through a tar file that passes by, so that it can be cut between two members and its files be known by their
/// digests, while its bytes stay as they are.
#pragma once

#include <walmgr/tar_reader.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace walmgr {

/// What ends a tar file.
inline constexpr std::size_t tar_end_bytes = 2 * detail::tar_block;

/// Hands what it sees to a visitor: `member(tar_entry const&)` in front of a member; `raw(bytes)` for all bytes of
/// members as they came, without those that end the file; `content(bytes)` for those of a file, and `file_end()` behind
/// it. Not thread-safe.
class tar_scanner {
public:
    /// Takes the next bytes. @throws error  corrupt
    void write(std::string_view bytes, auto&& visitor) {
        while (!bytes.empty()) {
            if (auto const left = std::max(content_, padding_); left > 0) {
                auto& what = content_ > 0 ? content_ : padding_;
                auto const piece =
                    bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(what, bytes.size())));
                visitor.raw(piece);
                bytes.remove_prefix(piece.size());
                what -= piece.size();
                if (&what == &padding_) continue;
                visitor.content(piece);
                if (content_ == 0) visitor.file_end();
                continue;
            }
            auto const taken = bytes.substr(0, header_.size() - filled_);
            taken.copy(header_.data() + filled_, taken.size());
            filled_ += taken.size();
            bytes.remove_prefix(taken.size());
            if (filled_ < header_.size()) return;
            filled_ = 0;
            take_header(visitor);
        }
    }

    /// To be called after the last bytes. @throws error  corrupt, when the file ends before its end
    void finish() const {
        if (zeros_ < 2 || content_ > 0 || padding_ > 0 || filled_ > 0) detail::bad_tar("it ends too early");
    }

private:
    void take_header(auto& visitor) {
        std::string_view const block{header_.data(), header_.size()};
        auto const entry = detail::parse_tar_header(block);
        if (!entry) {
            ++zeros_;
            return;
        }
        if (zeros_ > 0) detail::bad_tar("it goes on behind its end");
        visitor.member(*entry);
        visitor.raw(block);
        if (entry->kind != tar_kind::file) return;
        content_ = entry->size;
        padding_ = (detail::tar_block - content_ % detail::tar_block) % detail::tar_block;
        if (content_ == 0) visitor.file_end();
    }

    std::array<char, detail::tar_block> header_{};
    std::size_t filled_ = 0;     ///< of the header
    std::uint64_t content_ = 0;  ///< that is still to come of the file
    std::uint64_t padding_ = 0;  ///< and behind it
    std::size_t zeros_ = 0;      ///< blocks of zeros that came
};

}  // namespace walmgr
