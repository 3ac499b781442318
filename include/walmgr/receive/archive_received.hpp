/// Archiving what was received.
#pragma once

#include <walmgr/codec.hpp>
#include <walmgr/file.hpp>
#include <walmgr/object.hpp>
#include <walmgr/receive/received_digest.hpp>
#include <walmgr/repositories.hpp>
#include <walmgr/repositories/archive.hpp>

#include <string>

namespace walmgr {

/// As archive_file(), where the file is still what was received. @throws error  corrupt, where it is not, and then
/// nobody has it; likewise
archive_report archive_received(repositories& all, codec auto const& way, std::string const& path,
                                std::string const& text) {
    return archive_file(all, way, path, text, [&](file const& /*read*/, object_label const& label) {
        require_received(path, label.raw_digest);
    });
}

}  // namespace walmgr
