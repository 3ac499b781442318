/// A fault of the link at each of several steps of a running consumer, one after the other.
#pragma once

#include <support/boost_test.hpp>
#include <support/proxy.hpp>
#include <support/queue.hpp>

#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>

namespace support {

/// Arms each of the faults for each step in turn. `send(data)` makes a batch that the consumer goes through after that;
/// `came(data)` has to become true.
void strike(proxy& link, std::initializer_list<fault> faults, std::initializer_list<char const*> steps, auto send,
            auto came) {
    int round = 0;
    for (auto const what : faults) {
        for (auto const* const step : steps) {
            auto const data = "round" + std::to_string(++round);
            link.arm(what, step);
            send(data);
            BOOST_TEST(eventually([&] { return link.struck(); }), "nothing was sent that holds " << step);
            link.disarm();
            BOOST_TEST(eventually([&] { return came(data); }), "after " << step);
        }
    }
}

/// What handlers have seen.
class seen {
public:
    void add(std::string_view data) {
        std::lock_guard const hold{mutex_};
        all_.append(data) += ' ';
    }
    bool has(std::string const& data) const {
        std::lock_guard const hold{mutex_};
        return all_.find(data + ' ') != std::string::npos;
    }

private:
    mutable std::mutex mutex_{};
    std::string all_{};
};

}  // namespace support
