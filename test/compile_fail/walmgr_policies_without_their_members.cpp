// expect: walmgr::posix_store needs a durability with keep(file&), keep_names(folder) and keep_tree(folder), all of them const
// expect: walmgr::attempts: a retry policy needs pause(int failures, milliseconds since) const
// expect: walmgr::s3_store: a retry policy needs pause(int failures, milliseconds since) const
// expect: walmgr::seal_backup: a lock needs is_ours(store) const, which gives a bool
// expect: walmgr::kept_lease: open() const must give a store to each thread
// max-errors: 12
#include <walmgr/backup/take.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/durability.hpp>
#include <walmgr/lease_held.hpp>
#include <walmgr/retry.hpp>
#include <walmgr/store/memory.hpp>
#include <walmgr/store/posix.hpp>
#include <walmgr/store/s3.hpp>

#include <chrono>
#include <optional>
#include <string>

struct late {
    void keep(walmgr::file&) const {}
    void keep_names(std::string const&) const {}
#if !REJECT
    void keep_tree(std::string const&) const {}
#endif
};

struct thrice {
#if REJECT
    bool pause(int failures) const { return failures < 3; }
#else
    std::optional<std::chrono::milliseconds> pause(int failures, std::chrono::milliseconds) const {
        return failures < 3 ? std::optional{std::chrono::milliseconds{10}} : std::nullopt;
    }
#endif
};

struct watched {
#if !REJECT
    bool is_ours(walmgr::memory_store const&) const { return true; }
#endif
};

#if REJECT
inline constexpr auto opened = [] {};
#else
inline constexpr auto opened = [] { return walmgr::memory_store{}; };
#endif

inline void use(walmgr::memory_store const& where, walmgr::cluster const& of, walmgr::held_lease const& taken) {
    walmgr::posix_store const kept{"/srv", late{}};
    walmgr::attempts tries{thrice{}};
    walmgr::s3_store const bucket{{.host = "bucket"}, {}, thrice{}};
    walmgr::seal_backup(where, of, walmgr::stored{}, {}, watched{});
    walmgr::kept_lease const lease{taken, opened};
}
