/// A store that encrypts what it puts into another one, which needs not be trusted: it learns names, lengths and times,
/// and whatever it gives back is refused unless it is, byte for byte, what was stored under that name.
///
/// What is stored: the bytes, encrypted by AES-256 in counter mode that begins at zero; the SHA-256 of each 64 KiB of
/// that; and 96 bytes behind them, by offset: 0 "WALMGRAE", 8 version 1 (16 bits), 10 zeros, 12 length of blocks
/// (32 bits), 16 length of the bytes (64 bits), 24 id of the key, 32 salt, 64 the HMAC-SHA256 of bytes 0 to 63, the
/// digests and the object's name. Numbers begin with their least significant byte. The keys are the HMAC-SHA256 of
/// "walmgr encrypt" and the salt, and of "walmgr seal" and the salt, by the key of the configuration. The manual shows
/// how openssl opens an object without this program, docs/design why all of it is as it is.
#pragma once

#include <sys/random.h>
#include <walmgr/object.hpp>
#include <walmgr/store.hpp>
#include <walmgr/store/aes_counter.hpp>
#include <walmgr/store/encrypted_mark.hpp>
#include <walmgr/store/encryption_keys.hpp>
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

inline constexpr std::size_t encrypted_block = std::size_t{64} << 10U;
inline constexpr std::size_t encrypted_end_checked = 64;

inline std::string encrypted_seal(encryption_key const& key, std::string_view end, std::string_view digests,
                                  std::string_view name) {
    auto const sealed = key.derive("walmgr seal", end.substr(32, 32));
    auto const made =
        hmac_sha256(sealed.bytes(), std::string{end.substr(0, encrypted_end_checked)}.append(digests).append(name));
    return {reinterpret_cast<char const*>(made.data()), made.size()};
}

inline std::string digest_bytes(std::string_view of) {
    auto const made = digest_of(of);
    return {reinterpret_cast<char const*>(made.data()), made.size()};
}

inline std::string key_id_of(std::string_view end) {
    std::string id;
    for (char const byte : end.substr(24, 8))
        pgq::detail::append_hex(id, static_cast<unsigned char>(byte));
    return id;
}

}  // namespace detail

/// As thread-safe as the store in it; a reader or writer is for one thread. Errors are those of the store in it, and
/// from open() and reading: configuration, when the key is another or the object is not encrypted; corrupt, when its
/// bytes are not those that were stored under its name. No byte is handed out before that was checked.
template <store S> class encrypted_store {
public:
    encrypted_store(S where, encryption_keys keys) : where_{std::move(where)}, keys_{std::move(keys)} {}

    /// See object_writer.
    template <class W> class writer_of {
    public:
        writer_of(W out, encryption_key const& key, std::string name)
            : out_{std::move(out)}, key_{key}, name_{std::move(name)}, end_(detail::encrypted_end, '\0'),
              by_{prepare()} {}

        void write(std::string_view bytes) {
            while (!bytes.empty()) {
                auto const taken = bytes.substr(0, detail::encrypted_block - block_.size());
                block_ += taken;
                bytes.remove_prefix(taken.size());
                if (block_.size() == detail::encrypted_block) flush();
            }
        }
        bool seal() {
            finish();
            return out_.seal();
        }
        /// See replacing_writer. What is put aside can be opened under its first name only.
        bool replace(std::string const& aside) {
            finish();
            return replace_object(out_, aside);
        }

    private:
        void finish() {
            if (!block_.empty()) flush();
            detail::put(end_, 16, written_);
            end_.replace(detail::encrypted_end_checked, 32, detail::encrypted_seal(key_, end_, digests_, name_));
            out_.write(digests_ += end_);
        }
        /// Fills in what is known before the first byte.
        [[nodiscard]] detail::aes_counter prepare() {
            end_.replace(0, detail::encrypted_magic.size(), detail::encrypted_magic);
            detail::put(end_, 8, std::uint16_t{1});
            detail::put(end_, 12, std::uint32_t{detail::encrypted_block});
            auto const id = key_.id();
            for (std::size_t i = 0; i < 8; ++i)
                end_[24 + i] =
                    static_cast<char>(pgq::detail::hex_digit(id[2 * i]) * 16 + pgq::detail::hex_digit(id[2 * i + 1]));
            // The salt makes the key of this object another than that of each other, so that no counter comes twice.
            if (::getentropy(end_.data() + 32, 32) != 0) refuse("the system gives no random numbers");
            return detail::aes_counter{key_.derive("walmgr encrypt", std::string_view{end_}.substr(32, 32))};
        }
        void flush() {
            by_.apply(written_, block_);
            written_ += block_.size();
            digests_ += detail::digest_bytes(block_);
            out_.write(block_);
            block_.clear();
        }

        W out_;
        encryption_key key_;
        std::string name_;
        std::string end_;
        detail::aes_counter by_;
        std::string block_{};
        std::string digests_{};
        std::uint64_t written_ = 0;
    };

    /// See object_reader.
    template <class R> class reader_of {
    public:
        reader_of(R in, encryption_keys const& keys, std::string name)
            : in_{std::move(in)}, name_{std::move(name)}, by_{unlock(keys)} {}

        [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
        std::size_t read(std::uint64_t offset, std::span<char> into) const {
            if (offset >= size_) return 0;
            auto const wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - offset));
            for (std::size_t done = 0; done < wanted;) {
                auto const at = offset + done;
                if (at < begin_ || at >= begin_ + blocks_.size()) load(at, wanted - done);
                done += blocks_.copy(into.data() + done, wanted - done, static_cast<std::size_t>(at - begin_));
            }
            return wanted;
        }

    private:
        [[noreturn]] void damaged(std::string const& why) const {
            throw error{fault::corrupt, name_ + " in the store " + why};
        }
        [[nodiscard]] std::string tail(std::uint64_t from, std::uint64_t length) const {
            std::string bytes(static_cast<std::size_t>(length), '\0');
            if (in_.read(from, bytes) != bytes.size()) damaged("became shorter while it was read");
            return bytes;
        }

        /// Reads and checks what is behind the bytes.
        [[nodiscard]] detail::aes_counter unlock(encryption_keys const& keys) {
            auto const all = std::uint64_t{in_.size()};
            if (all < detail::encrypted_end || !looks_encrypted(in_))
                throw error{fault::corrupt, name_ + " in the store is not encrypted, or was cut short: with " +
                                                keys.shown() +
                                                " nothing is read that is not; keep what is not encrypted in a "
                                                "repository of its own"};
            auto const end = tail(all - detail::encrypted_end, detail::encrypted_end);
            if (auto const version = detail::get<std::uint16_t>(end, 8); version != 1)
                damaged("is encrypted in version " + std::to_string(version) +
                        ", which this program does not know; use a newer one");
            auto const* const key = keys.find(detail::key_id_of(end));
            if (key == nullptr)
                throw error{fault::configuration, name_ + " in the store was encrypted by the key with the id " +
                                                      detail::key_id_of(end) + ", and " + keys.shown() +
                                                      " has not that one but the id " + keys.newest().id()};
            size_ = detail::get<std::uint64_t>(end, 16);
            auto const digests = all - detail::encrypted_end - std::min(size_, all - detail::encrypted_end);
            auto const blocks = size_ / detail::encrypted_block + (size_ % detail::encrypted_block != 0 ? 1 : 0);
            if (detail::get<std::uint32_t>(end, 12) != detail::encrypted_block || size_ >= all ||
                digests != blocks * sizeof(digest))
                damaged("is damaged: its length is not the one that was sealed");
            digests_ = tail(size_, digests);
            auto const seal = detail::encrypted_seal(*key, end, digests_, name_);
            if (!detail::same_secret(seal, std::string_view{end}.substr(detail::encrypted_end_checked)))
                damaged("is damaged, or is not what was stored under this name");
            return detail::aes_counter{key->derive("walmgr encrypt", std::string_view{end}.substr(32, 32))};
        }

        /// Reads the blocks in which `wanted` bytes from `at` on lie, and at most 1 MiB.
        void load(std::uint64_t at, std::size_t wanted) const {
            constexpr std::uint64_t most = std::uint64_t{1} << 20U;
            auto const begin = at / detail::encrypted_block * detail::encrypted_block;
            auto const up_to = at + std::min<std::uint64_t>(wanted, most - detail::encrypted_block) - 1;
            auto const last = (up_to / detail::encrypted_block + 1) * detail::encrypted_block;
            blocks_.clear();
            auto bytes = tail(begin, std::min(last, size_) - begin);
            for (std::size_t i = 0; i < bytes.size(); i += detail::encrypted_block) {
                auto const number = static_cast<std::size_t>((begin + i) / detail::encrypted_block);
                auto const sealed = std::string_view{digests_}.substr(number * sizeof(digest), sizeof(digest));
                if (detail::digest_bytes(std::string_view{bytes}.substr(i, detail::encrypted_block)) != sealed)
                    damaged("is damaged: its bytes from " + std::to_string(begin + i) + " on are not those stored");
            }
            by_.apply(begin, bytes);
            begin_ = begin;
            blocks_ = std::move(bytes);
        }

        R in_;
        std::string name_;
        std::uint64_t size_ = 0;
        std::string digests_{};
        detail::aes_counter by_;
        mutable std::uint64_t begin_ = 0;
        mutable std::string blocks_{};
    };

    [[nodiscard]] auto create(std::string const& name) const {
        using out = decltype(where_.create(name));
        return writer_of<out>{where_.create(name), keys_.newest(), name};
    }
    [[nodiscard]] auto open(std::string const& name) const {
        auto found = where_.open(name);
        using in = typename decltype(found)::value_type;
        return found ? std::optional<reader_of<in>>{std::in_place, std::move(*found), keys_, name} : std::nullopt;
    }
    [[nodiscard]] std::vector<std::string> list(std::string const& folder) const { return where_.list(folder); }
    bool remove(std::string const& name) const { return where_.remove(name); }

private:
    S where_;
    encryption_keys keys_;
};

}  // namespace walmgr
