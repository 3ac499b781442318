/// Where the keys of an object store come from.
#pragma once

#include <pgq/ini.hpp>

#include <walmgr/file.hpp>
#include <walmgr/s3/sign.hpp>
#include <walmgr/secret_file.hpp>

#include <cstddef>
#include <cstdlib>
#include <string>

namespace walmgr {

/// From the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, where there is one, AWS_SESSION_TOKEN.
/// @throws error  configuration, when one of the first two is missing
inline s3_credentials credentials_of_environment() {
    auto const value = [](char const* name) {
        char const* const told = std::getenv(name);
        return std::string{told == nullptr ? "" : told};
    };
    s3_credentials read{value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY"), value("AWS_SESSION_TOKEN")};
    if (read.key_id.empty() || read.secret.empty())
        throw error{fault::configuration, "no key for s3://: name a file by s3_credentials_file, or set "
                                          "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"};
    return read;
}

/// From a file as Amazon's programs have it: in the section [`profile`] the keys aws_access_key_id,
/// aws_secret_access_key and, where there is one, aws_session_token. @throws error  configuration, which shows no part
/// of it, for a file that others may read, too
inline s3_credentials read_s3_credentials(std::string const& path, std::string const& profile) {
    constexpr std::size_t longest = std::size_t{64} << 10U;
    auto const from = open_secret_file(path);
    std::string text(longest, '\0');
    text.resize(from.read(0, text));
    s3_credentials read;
    try {
        auto file = pgq::ini_file::parse(text, path);
        for (auto& section : file.sections()) {
            if (section.name() != profile) continue;
            read = {section.text("aws_access_key_id", ""), section.text("aws_secret_access_key", ""),
                    section.text("aws_session_token", "")};
        }
    } catch (pgq::usage_error const&) {  // what it says may show a line
        throw error{fault::configuration, path + " cannot be read as a file with sections and keys"};
    }
    if (read.key_id.empty() || read.secret.empty())
        throw error{fault::configuration,
                    path + " has no aws_access_key_id and aws_secret_access_key in a section [" + profile + ']'};
    return read;
}

}  // namespace walmgr
