// Puts the store of one location to the test: store_laws LOCATION [ssh_command=WORDS] [ssh_walmgr=PATH]
// [s3_endpoint=URL] [s3_first_wins=server|looking].
#include <support/store_laws.hpp>
#include <walmgr/location.hpp>
#include <walmgr/s3/credentials.hpp>
#include <walmgr/store/any.hpp>
#include <walmgr/store/s3.hpp>
#include <walmgr/store/sftp.hpp>
#include <walmgr/store/ssh.hpp>

#include <exception>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

using settings = std::map<std::string, std::string>;

walmgr::ssh_options ssh_options_of(settings const& given) {
    walmgr::ssh_options by{.program = {}};
    std::istringstream words{given.at("ssh_command")};
    for (std::string word; words >> word;)
        by.program.push_back(word);
    if (auto const named = given.find("ssh_walmgr"); named != given.end()) by.walmgr = named->second;
    return by;
}

walmgr::any_store open(walmgr::location const& where, settings const& given) {
    if (where.by == walmgr::reached_by::ssh) return {walmgr::ssh_store{where, ssh_options_of(given)}, to_string(where)};
    if (where.by == walmgr::reached_by::sftp)
        return {walmgr::sftp_store{where, ssh_options_of(given)}, to_string(where)};
    if (where.by == walmgr::reached_by::s3) {
        walmgr::s3_options const by{.endpoint = given.at("s3_endpoint"),
                                    .path_style = true,
                                    .conditional = given.at("s3_first_wins") == "server",
                                    .who = walmgr::credentials_of_environment()};
        return {walmgr::s3_store{where, by}, to_string(where)};
    }
    throw std::runtime_error{"no store for " + to_string(where)};
}

}  // namespace

int main(int argc, char** argv) {
    try {
        settings given;
        for (int i = 2; i < argc; ++i) {
            std::string const word{argv[i]};
            given[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
        }
        // Of several who only look, more than one can come to think that he was the first.
        bool const looking = given.contains("s3_first_wins") && given.at("s3_first_wins") == "looking";
        support::keeps_the_laws(open(walmgr::parse_location(argc > 1 ? argv[1] : ""), given), "laws",
                                {.threads = !looking});
        std::cout << "all laws hold\n";
        return 0;
    } catch (std::exception const& failure) {
        std::cerr << failure.what() << '\n';
        return 1;
    }
}
