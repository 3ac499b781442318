/// A store keeps objects under names like `main/wal/0000000100000000000000A1.wal`. What it promises is small, so that a
/// folder, a machine behind ssh and an object store can all keep it.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace walmgr {

/// Takes the bytes of a new object. Nobody sees it before seal(); without seal() it never was.
/// seal() returns when the object will survive a loss of power. False: there is one of that name already, which is
/// untouched, and will survive as well.
template <class W>
concept object_writer = requires(W& out, std::string_view bytes) {
    out.write(bytes);
    { out.seal() } -> std::same_as<bool>;
};

/// `read` fills `into` from `offset` on and returns how many bytes there were, fewer than asked for at the end only.
template <class R>
concept object_reader = requires(R& in, std::uint64_t offset, std::span<char> into) {
    { in.size() } -> std::convertible_to<std::uint64_t>;
    { in.read(offset, into) } -> std::same_as<std::size_t>;
};

/// `open` gives nothing where there is no such object: whatever else goes wrong is an error, never "not there".
/// `list` names what lies in a folder, one level deep, sorted, folders with a slash at the end.
template <class S>
concept readable_store = requires(S& where, std::string const& name) {
    { *where.open(name) } -> object_reader;
    { where.open(name).has_value() } -> std::same_as<bool>;
    { where.list(name) } -> std::same_as<std::vector<std::string>>;
};

/// What can be written, too. `remove` is false when there was nothing.
template <class S>
concept store = readable_store<S> && requires(S& where, std::string const& name) {
    { where.create(name) } -> object_writer;
    { where.remove(name) } -> std::same_as<bool>;
};

/// Gives a store to the thread that calls it, for what several do at once: stores need not be thread-safe.
template <class O>
concept store_opener = requires(O const& open) {
    { open() } -> store;
};

}  // namespace walmgr
