// Bodies of <pgq/libpq/cancel.hpp>: a part of it, or of <pgq/src.hpp>.
#pragma once

#include <pgq/detail/inline.hpp>
#include <pgq/libpq/cancel.hpp>

namespace pgq::libpq::detail {

PGQ_INLINE cancels_under_way& cancels_under_way::shared() {
    struct keeper {
        cancels_under_way& all = *new cancels_under_way;  // never destroyed: a request may outlive the wait for it
        ~keeper() {
            std::unique_lock held{all.lock};
            all.changed.wait_for(held, std::chrono::seconds{1}, [this] { return all.running == 0; });
        }
    };
    static keeper const process_wide;
    return process_wide.all;
}

}  // namespace pgq::libpq::detail

namespace pgq::libpq {

PGQ_INLINE bool canceller::request(detail::instant end) const {
    if (!key_ || key_->key == nullptr) return false;
    auto& all = detail::cancels_under_way::shared();
    auto const taken = std::make_shared<bool>(false);  // guarded by the lock
    std::unique_lock held{all.lock};
    ++all.running;
    try {
        std::thread{[key = key_, taken, &all] {
            std::array<char, 256> ignored{};
            bool const sent = PQcancel(key->key, ignored.data(), static_cast<int>(ignored.size())) != 0;
            std::scoped_lock const done{all.lock};
            *taken = sent;
            --all.running;
            all.changed.notify_all();
        }}.detach();
    } catch (std::system_error const&) {  // no thread to be had: the caller goes on without the request
        --all.running;
        return false;
    }
    all.changed.wait_until(held, end, [&] { return *taken; });
    return *taken;
}

}  // namespace pgq::libpq
