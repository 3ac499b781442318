/// The keys by which objects are encrypted, and the file that holds them. What is made of them is in
/// <walmgr/store/encrypted.hpp>.
#pragma once

#include <pgq/codec/hex.hpp>

#include <walmgr/file.hpp>
#include <walmgr/hmac.hpp>
#include <walmgr/secret_file.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// 32 secret bytes, which are wiped out of memory at the end. They are for deriving others, and never shown.
class encryption_key {
public:
    static constexpr std::size_t length = 32;

    /// `bytes`: `length` of them.
    explicit encryption_key(std::string_view bytes) { std::copy_n(bytes.begin(), length, bytes_.begin()); }
    encryption_key(encryption_key const&) = default;
    encryption_key& operator=(encryption_key const&) = default;
    ~encryption_key() { detail::wipe(bytes_.data(), bytes_.size()); }

    /// Another key, for one purpose and one object.
    [[nodiscard]] encryption_key derive(std::string_view purpose, std::string_view salt) const {
        auto made = hmac_sha256({bytes_.data(), bytes_.size()}, std::string{purpose}.append(salt));
        encryption_key const key{{reinterpret_cast<char const*>(made.data()), made.size()}};
        detail::wipe(reinterpret_cast<char*>(made.data()), made.size());
        return key;
    }
    /// 16 digits that tell one key from another and say nothing of it.
    [[nodiscard]] std::string id() const {
        return hex_of(hmac_sha256({bytes_.data(), bytes_.size()}, "walmgr key")).substr(0, 16);
    }
    /// For OpenSSL only.
    [[nodiscard]] std::string_view bytes() const noexcept { return {bytes_.data(), bytes_.size()}; }

private:
    std::array<char, length> bytes_{};
};

/// At least one key: new objects are encrypted by the first, and all of them are tried for reading.
class encryption_keys {
public:
    /// @param shown  where they come from, for messages
    encryption_keys(std::vector<encryption_key> all, std::string shown)
        : all_{std::move(all)}, shown_{std::move(shown)} {}

    /// The one that encrypts.
    [[nodiscard]] encryption_key const& newest() const { return all_.front(); }
    /// Nothing when none has that id.
    [[nodiscard]] encryption_key const* find(std::string_view id) const {
        auto const found = std::find_if(all_.begin(), all_.end(), [&](auto const& one) { return one.id() == id; });
        return found == all_.end() ? nullptr : &*found;
    }
    [[nodiscard]] std::string const& shown() const noexcept { return shown_; }

private:
    std::vector<encryption_key> all_;
    std::string shown_;
};

namespace detail {

/// The value of a digit of base64, or -1.
constexpr int base64_digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// Takes 64 digits, or 44 characters of base64, of which the last is a padding.
inline std::optional<encryption_key> parse_key(std::string_view text) {
    std::string bytes;
    bytes.reserve(encryption_key::length);
    bool fine = text.size() == 64;
    if (fine) {
        for (std::size_t i = 0; i < text.size(); i += 2) {
            int const high = pgq::detail::hex_digit(text[i]);
            int const low = pgq::detail::hex_digit(text[i + 1]);
            fine = fine && high >= 0 && low >= 0;
            bytes += static_cast<char>(high * 16 + low);
        }
    } else if (text.size() == 44 && text.back() == '=') {
        fine = true;
        unsigned held = 0;
        for (std::size_t i = 0; i + 1 < text.size(); ++i) {
            int const digit = base64_digit(text[i]);
            fine = fine && digit >= 0;
            held = held << 6U | static_cast<unsigned>(digit & 63);
            if (i % 4 != 0) bytes += static_cast<char>(held >> (6 - 2 * (i % 4)) & 255U);
        }
        fine = fine && bytes.size() == encryption_key::length && (held & 3U) == 0;
    }
    std::optional<encryption_key> made;
    if (fine) made.emplace(bytes);
    wipe(bytes.data(), bytes.size());
    return made;
}

}  // namespace detail

/// Reads a file with a key on each line: as `openssl rand -hex 32` or `openssl rand -base64 32` writes it. Lines that
/// are empty or begin with # are passed over. The file must be for nobody but its owner; one of root's may be readable
/// for its group. @throws error  configuration, which shows no part of it
inline encryption_keys read_encryption_keys(std::string const& path) {
    constexpr std::size_t longest = std::size_t{64} << 10U;
    auto const from = open_secret_file(path);
    std::string text(longest, '\0');
    text.resize(from.read(0, text));
    std::vector<encryption_key> all;
    std::string wrong;
    int number = 0;
    for (std::string_view rest{text}; !rest.empty() && wrong.empty();) {
        ++number;
        auto const end = std::min(rest.find('\n'), rest.size());
        auto line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
        if (line.empty() || line.front() == '#') continue;
        if (auto key = detail::parse_key(line)) all.push_back(std::move(*key));
        else wrong = ':' + std::to_string(number) + ": no key of 32 bytes; make one by: openssl rand -hex 32";
    }
    if (all.empty() && wrong.empty()) wrong = " holds no key; make one by: openssl rand -hex 32";
    detail::wipe(text.data(), text.size());
    if (!wrong.empty()) throw error{fault::configuration, path + wrong};
    return {std::move(all), path};
}

}  // namespace walmgr
