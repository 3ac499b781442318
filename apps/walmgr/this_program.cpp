#include "this_program.hpp"

#include <walmgr/command_line.hpp>
#include <walmgr/file.hpp>

#include <filesystem>
#include <system_error>

namespace walmgr_app {

std::string program_path() {
    std::error_code problem;
    auto const path = std::filesystem::read_symlink("/proc/self/exe", problem);
    if (problem) walmgr::refuse("cannot find out where this program lies", problem.value());
    return path.string();
}

std::string command_of_server(config const& settings, std::string_view arguments) {
    return walmgr::server_command(program_path(), settings.path, arguments);
}

bool is_command_of_server(config const& settings, std::string_view command, std::string_view arguments) {
    auto const words = walmgr::words_of_server_command(command);
    if (!words || words->size() < 3) return false;
    auto const same = [](std::string const& one, std::string const& other) {
        std::error_code problem;
        return std::filesystem::equivalent(one, other, problem) && !problem;
    };
    // A program without a slash is found by PATH, which the server may have another one of: that it is ours is
    // believed.
    auto const& program = words->front();
    bool const ours = program.find('/') == std::string::npos ? program == "walmgr" : same(program, program_path());
    std::string rest;
    for (std::size_t i = 2; i < words->size(); ++i)
        rest.append(i == 2 ? "" : " ").append((*words)[i]);
    return ours && same((*words)[1], settings.path) && rest == arguments;
}

}  // namespace walmgr_app
