// Wall clock and the processor time of a client and of its server process: the latter two stay true on a busy machine.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

class stopwatch {
public:
    /// `server_process`: as pg_backend_pid() gives it, on this machine.
    explicit stopwatch(int server_process)
        : server_{"/proc/" + std::to_string(server_process) + "/schedstat"},
          client_start_{used("/proc/self/schedstat")}, server_start_{used(server_)} {}

    [[nodiscard]] double seconds() const {
        return std::chrono::duration<double>{std::chrono::steady_clock::now() - start_}.count();
    }
    [[nodiscard]] double client_seconds() const { return used("/proc/self/schedstat") - client_start_; }
    [[nodiscard]] double server_seconds() const { return used(server_) - server_start_; }

private:
    static double used(std::string const& file) {
        double nanoseconds = 0;
        if (auto* const open = std::fopen(file.c_str(), "r")) {
            if (std::fscanf(open, "%lf", &nanoseconds) != 1) nanoseconds = 0;
            std::fclose(open);
        }
        return nanoseconds * 1e-9;
    }

    std::string server_;
    double client_start_;
    double server_start_;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};
