/// Damaged objects of the log: found by reading, and replaced by the same log from another repository, or from who else
/// may have it. What is damaged is kept aside. Missing ones: <walmgr/refill.hpp>.
#pragma once

#include <unistd.h>
#include <walmgr/archive.hpp>
#include <walmgr/codec.hpp>
#include <walmgr/executor.hpp>
#include <walmgr/fetch.hpp>
#include <walmgr/file.hpp>
#include <walmgr/repositories.hpp>
#include <walmgr/store/replace.hpp>
#include <walmgr/verify.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// A damaged object in one repository.
struct damaged_copy {
    std::size_t repository = 0;  ///< its number
    std::string file{};          ///< that it keeps; empty where its name is none of the log
    damaged_object what{};
};

/// Reads all archived files of all repositories, as verify_wal() does, or only those that keep `file` unless that is
/// empty. `failed` has who could not be asked. @throws error  usage, for another kind of name
template <class Executor = inline_executor>
std::vector<damaged_copy> find_damaged(repositories& all, std::string const& file,
                                       std::vector<repository_failure>& failed, Executor const& on = {}) {
    std::vector<damaged_copy> found;
    auto const name = file.empty() ? std::nullopt : std::optional{detail::require_wal_name(file)};
    for (std::size_t which = 0; which < all.size(); ++which) {
        all.attempt(which, failed, [&](repository const& in) {
            std::vector<damaged_object> own;
            if (!name) {
                own = verify_wal([&] { return in.where; }, in.of, [](std::string const&) {}, on).damaged;
            } else if (auto one = detail::damage_of(in.where, in.of, *name, object_name(in.of, *name, file))) {
                own.push_back(std::move(*one));
            }
            for (auto& one : own) {
                std::string const kept{kept_file(std::string_view{one.name}.substr(one.name.rfind('/') + 1))};
                found.push_back({which, parse_wal_name(kept) ? kept : "", std::move(one)});
            }
        });
    }
    return found;
}

namespace detail {

/// From another repository than that with the damaged one. Nothing when none has it whole.
inline std::optional<object_label> fetch_from_others(repositories& all, damaged_copy const& one, wal_name const& name,
                                                     std::string const& place,
                                                     std::vector<repository_failure>& failed) {
    std::optional<object_label> found;
    for (std::size_t from = 0; from < all.size() && !found; ++from) {
        if (from == one.repository) continue;
        all.attempt(from, failed,
                    [&](repository const& in) { found = fetch_object(in.where, in.of, name, one.file, place); });
    }
    return found;
}

/// What the label of a damaged object says, where that is whole and of the file that its name says.
inline std::optional<object_label> label_left(store auto const& where, std::string const& object,
                                              origin const& expected) {
    try {
        auto const found = where.open(object);
        auto const said = found ? std::optional{label_of(*found, object)} : std::nullopt;
        return said && said->from == expected ? said : std::nullopt;
    } catch (error const& failure) {
        if (failure.kind() != fault::corrupt) throw;
        return std::nullopt;
    }
}

/// Puts the file at `place` in the place of a damaged object. @return where that is now
/// @throws error  duplicate, when it was of other bytes; identity and corrupt, for a file that is not what it should be
std::string put_in_place(repository const& in, damaged_copy const& one, std::optional<object_label> const& expected,
                         codec auto const& way, std::string const& place) {
    auto const& object = one.what.name;
    offered_file const offered{place, one.file, in.of};
    auto const before = label_left(in.where, object, origin_of(offered.name, in.of));
    auto out = in.where.create(object);
    auto const ours = pack_into(out, offered, in.of, way);
    if (expected && (ours.raw_digest != expected->raw_digest || ours.raw_size != expected->raw_size))
        throw error{fault::corrupt, place + " is not any more what was fetched"};
    if (before && (ours.raw_digest != before->raw_digest || ours.raw_size != before->raw_size))
        throw error{fault::duplicate, object + " is damaged, and was of other bytes (SHA-256 " +
                                          hex_of(before->raw_digest) + ") than what is whole elsewhere (" +
                                          hex_of(ours.raw_digest) + "): find out which is the right one"};
    auto aside = in.of.name + "/quarantine/" + one.file + ".damaged." + unique_word() + ".wal";
    if (!replace_object(out, aside))
        throw error{fault::unavailable, object + " was in the store and is not any more; try again"};
    if (auto const still = damage_of(in.where, in.of, offered.name, object))
        throw error{still->kind, still->why + ", though it was written just now; what was there is " + aside};
    return aside;
}

}  // namespace detail

/// Replaces a damaged object by the same file from another repository, or else, where it is a segment, by what
/// `elsewhere(segment, path)` writes to a path; false when it has it not. What was verified, and is durable, takes the
/// name in one step, so that wherever this is cut off it can be done again. `scratch` is the path of a file that is
/// written and removed. @return what the damaged one is called now; nothing where it is left as it was: then `failed`
/// says why, unless it is that nobody has it
std::optional<std::string> replace_damaged(repositories& all, damaged_copy const& one, codec auto const& way,
                                           std::string const& scratch, auto&& elsewhere,
                                           std::vector<repository_failure>& failed) {
    auto const name = parse_wal_name(one.file);
    if (!name) return std::nullopt;
    std::vector<repository_failure> others;  // in whose way they are only where none has it
    auto const copy = detail::fetch_from_others(all, one, *name, scratch, others);
    std::optional<std::string> aside;
    all.attempt(one.repository, failed, [&](repository const& in) {
        auto const which = name->kind == wal_kind::segment ? segment_of(*name, in.of.size) : std::nullopt;
        if (copy || (which && elsewhere(*which, scratch))) aside = detail::put_in_place(in, one, copy, way, scratch);
    });
    ::unlink(scratch.c_str());
    if (!aside) failed.insert(failed.end(), others.begin(), others.end());
    return aside;
}

}  // namespace walmgr
