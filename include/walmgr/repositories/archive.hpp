/// Archiving one file into several repositories, read and packed once for all of them.
#pragma once

#include <walmgr/archive.hpp>
#include <walmgr/codec.hpp>
#include <walmgr/object.hpp>
#include <walmgr/repositories.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Which repositories have a file for good, and which do not.
struct archive_report {
    std::vector<std::size_t> kept{};  ///< numbers of repositories
    std::vector<repository_failure> failed{};
    object_label label{};
};

namespace detail {

/// Writes the same to all repositories that can still take it.
class fan_out {
public:
    /// Opens them. @throws error  what all say, when none can be used
    fan_out(repositories& all, std::vector<repository_failure>& failures) : all_{all}, failures_{failures} {
        for (std::size_t which = 0; which < all.size(); ++which)
            all.attempt(which, failures, [&](repository const& in) { copies_.push_back({which, in, {}, false}); });
        if (copies_.empty()) refuse_all(failures);
    }

    void create(wal_name const& name, std::string const& text) {
        each([&](copy& one) { one.out.emplace(one.in.where.create(object_name(one.in.of, name, text))); });
    }
    void write(std::string_view bytes) {
        each([&](copy& one) { one.out->write(bytes); });
    }
    /// True when each that is left had nothing of that name.
    bool seal() {
        each([](copy& one) { one.fresh = one.out->seal(); });
        return std::all_of(copies_.begin(), copies_.end(), [](copy const& one) { return one.fresh; });
    }

    /// A repository that has taken all, and whether the name was new to it.
    struct copy {
        std::size_t which;
        repository in;
        std::optional<any_store::writer> out;
        bool fresh;
    };
    [[nodiscard]] std::vector<copy> const& copies() const noexcept { return copies_; }

private:
    /// Goes on with those that do not fail. Throws when none is left: the rest of the file need not be read.
    void each(auto const& work) {
        std::erase_if(copies_, [&](copy& one) {
            return !all_.attempt(one.which, failures_, [&](repository const&) { work(one); });
        });
        if (copies_.empty()) refuse_all(failures_);
    }

    repositories& all_;
    std::vector<repository_failure>& failures_;
    std::vector<copy> copies_{};
};

}  // namespace detail

/// Stores the file at `path` in each repository, as archive_file() does in one. Reads and packs it once. Whether enough
/// repositories have it is for a quorum to say; other bytes under that name in any of them are for a person.
/// `packed(file const&, object_label const&)` is called when all was read and packed, and nobody can see it yet; what
/// it throws leaves it so.
/// @throws error  usage, identity and corrupt, for a file that is not what its name says; what all say, when none can
///                take it
archive_report archive_file(repositories& all, codec auto const& way, std::string const& path, std::string const& text,
                            auto&& packed) {
    archive_report report;
    detail::fan_out out{all, report.failed};
    auto const of = out.copies().front().in.of;
    detail::offered_file const offered{path, text, of};
    out.create(offered.name, text);
    report.label = detail::pack_into(out, offered, of, way);
    packed(offered.from, report.label);
    out.seal();
    for (auto const& one : out.copies()) {
        if (one.fresh || all.attempt(one.which, report.failed, [&](repository const& in) {
                detail::require_same(in.where, object_name(in.of, offered.name, text), report.label, offered, in.of,
                                     way);
            }))
            report.kept.push_back(one.which);
    }
    offered.forget();
    return report;
}

/// The same, for whoever need not know when it is packed.
archive_report archive_file(repositories& all, codec auto const& way, std::string const& path,
                            std::string const& text) {
    return archive_file(all, way, path, text, [](file const&, object_label const&) {});
}

/// Asks the repositories of a report, which may be old, whether they still have the file: its label is read, none of
/// its bytes. Those that have it not, or another one, are among the failures of what is returned.
inline archive_report still_archived(repositories& all, archive_report const& before, std::string const& text) {
    auto const name = detail::require_wal_name(text);
    archive_report report{.kept = {}, .failed = before.failed, .label = before.label};
    for (auto const which : before.kept) {
        bool const there = all.attempt(which, report.failed, [&](repository const& in) {
            auto const object = object_name(in.of, name, text);
            auto const found = in.where.open(object);
            if (!found) throw error{fault::unavailable, object + " was in the store and is not any more"};
            auto const now = label_of(*found, object);
            if (now.raw_digest != before.label.raw_digest || now.raw_size != before.label.raw_size)
                throw error{fault::unavailable, object + " is not any more what was stored"};
        });
        if (there) report.kept.push_back(which);
    }
    return report;
}

/// Throws all that failed when too few repositories have the file, or one of them has other bytes under its name: then
/// two servers archive under one name, and nobody knows which of them is right.
inline void require_archived(archive_report const& report, quorum const& rule, std::size_t repositories) {
    bool const disputed = std::any_of(report.failed.begin(), report.failed.end(),
                                      [](auto const& one) { return one.kind == fault::duplicate; });
    if (disputed || !rule.met(report.kept.size(), repositories)) refuse_all(report.failed);
}

}  // namespace walmgr
