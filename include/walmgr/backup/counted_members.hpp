/// Reads a part without its superseded members.
#pragma once

#include <walmgr/backup/part_record.hpp>
#include <walmgr/tar_reader.hpp>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace walmgr::detail {

/// A visitor for tar_reader: hands to another one the members that count, and counts all. Both, and the part, must live
/// as long.
template <class Visitor> class counted_members {
public:
    counted_members(backup_part const& of, Visitor& next) : of_{of}, next_{next} {}

    void begin(tar_entry const& entry) {
        ++members_;
        passes_ = !std::binary_search(of_.superseded.begin(), of_.superseded.end(), entry.name);
        if (passes_) next_.begin(entry);
    }
    void data(std::string_view bytes) {
        if (passes_) next_.data(bytes);
    }
    void end() {
        if (passes_) next_.end();
    }

    /// How many came, those that do not count among them.
    [[nodiscard]] std::uint64_t members() const noexcept { return members_; }

private:
    backup_part const& of_;
    Visitor& next_;
    bool passes_ = true;
    std::uint64_t members_ = 0;
};

}  // namespace walmgr::detail
