/// What the configuration says about reaching repositories that are elsewhere.
#pragma once

#include <pgq/ini_section.hpp>

#include <walmgr/store/ssh_command.hpp>

namespace walmgr_app {

struct store_options {
    walmgr::ssh_options ssh{};
};

/// @throws pgq::usage_error
store_options read_store_options(pgq::ini_section const& section);

}  // namespace walmgr_app
