/// What the two ends of an ssh connection say to each other about a store, version 1.
///
/// A frame is its kind (1 byte), the length of its body (4 bytes) and the body, at most 1 MiB. Numbers begin with their
/// least significant byte. Requests are answered in the order in which they came, so that many can be on their way.
///
///     serving end      asking end
///     hello            hello              "WALMGR", version (2), and from the asking end the folder that it wants
///     done                                or failed, when that folder is not the one that is served
///                      list NAME
///     names ... done                      each: length (2), name
///                      open NAME
///     done SIZE (8)                       or absent; what was open before is closed
///                      read OFFSET (8) LENGTH (4)
///     data                                of what is open; shorter at its end only
///                      create NAME
///     done                                then bytes of it, which are not answered, and seal or abandon
///                      data ...
///                      seal
///     done YES (1)                        when it is durable; 0 when the name was taken. Or what has failed since
///     create
///                      replace ASIDE      in the place of seal: what has the name gets the name ASIDE
///     done YES (1)                        when both are durable; 0 when nothing had the name
///                      abandon
///     done                                nothing is left of it
///                      remove NAME
///     done YES (1)
///
/// Any of them can be answered by failed: the kind (1, the numbers of walmgr::fault), and a sentence. When the link is
/// cut, what was not sealed never was.
#pragma once

#include <walmgr/duplex.hpp>
#include <walmgr/error.hpp>
#include <walmgr/object.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace walmgr::detail {

inline constexpr std::string_view frames_greeting = "WALMGR";
inline constexpr std::uint16_t frames_version = 1;
inline constexpr std::size_t longest_frame = std::size_t{1} << 20U;
inline constexpr std::size_t usual_block = std::size_t{256} << 10U;

enum class frame_kind : char {
    hello = 'H',
    done = '+',
    absent = '-',
    failed = 'X',
    list = 'L',
    names = 'N',
    open = 'O',
    read = 'R',
    data = 'D',
    create = 'C',
    seal = 'S',
    abandon = 'A',
    remove = 'U',
    replace = 'P'
};

struct frame {
    frame_kind kind;
    std::string body;
};

template <class T> std::string number_bytes(T value) {
    std::string out(sizeof value, '\0');
    put(out, 0, value);
    return out;
}

inline void send_frame(duplex& link, frame_kind kind, std::string_view body = {}) {
    std::string bytes(1, static_cast<char>(kind));
    bytes += number_bytes(static_cast<std::uint32_t>(body.size()));
    link.send(bytes += body);
}

inline frame receive_frame(duplex& link) {
    std::array<char, 5> head{};
    link.receive(head);
    std::string_view const bytes{head.data(), head.size()};
    auto const length = get<std::uint32_t>(bytes, 1);
    if (length > longest_frame) link.lost("it does not speak like walmgr");
    frame came{frame_kind{head[0]}, std::string(length, '\0')};
    link.receive(came.body);
    return came;
}

/// A hello, whose body is greeting and version; gives what is behind them.
inline std::string receive_hello(duplex& link) {
    std::array<char, 1> first{};
    link.receive(first);
    // Before anything is taken for a length: a shell may have something to say.
    if (first[0] != static_cast<char>(frame_kind::hello))
        link.lost("something else than walmgr answers; its shell must print nothing when it is not used by a person");
    std::array<char, 4> length{};
    link.receive(length);
    auto const size = get<std::uint32_t>({length.data(), length.size()}, 0);
    std::string body(size <= longest_frame ? size : 0, '\0');
    link.receive(body);
    auto const head = frames_greeting.size() + sizeof frames_version;
    if (!body.starts_with(frames_greeting) || body.size() < head)
        link.lost("something else than walmgr answers; its shell must print nothing when it is not used by a person");
    if (auto const version = get<std::uint16_t>(body, frames_greeting.size()); version != frames_version)
        link.lost("it speaks version " + std::to_string(version) + " of the protocol, this program version " +
                  std::to_string(frames_version) + "; install the same walmgr on both sides");
    return body.substr(head);
}

inline void send_hello(duplex& link, std::string_view rest) {
    send_frame(link, frame_kind::hello,
               std::string{frames_greeting} + number_bytes(frames_version) + std::string{rest});
}

}  // namespace walmgr::detail
