/// What the configuration says about reaching repositories that are elsewhere.
#pragma once

#include <pgq/ini_section.hpp>

#include <walmgr/s3/options.hpp>
#include <walmgr/store/ssh_command.hpp>

#include <string>

namespace walmgr_app {

struct store_options {
    walmgr::ssh_options ssh{};
    walmgr::s3_options s3{};        ///< without credentials, which are read when they are needed
    std::string s3_credentials{};   ///< their file; empty: the environment has them
    std::string s3_profile{};       ///< section of that file
    std::string encryption_keys{};  ///< the file; empty: what is stored is not encrypted
};

/// @throws pgq::usage_error
store_options read_store_options(pgq::ini_section const& section);

}  // namespace walmgr_app
