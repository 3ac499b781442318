// expect: walmgr::verify_wal: open() const must give a store to each thread
// expect: walmgr::verify_wal: an executor needs run(work, most) const, which calls work()
// expect: walmgr::verify_backup: open() const must give a store to each thread
// expect: walmgr::verify_backup: an executor needs run(work, most) const, which calls work()
// expect: walmgr::restore_backup: open() const must give a store to each thread
// expect: walmgr::restore_backup: an executor needs run(work, most) const, which calls work()
// expect: walmgr::restore_backup: a durability needs keep(file&), keep_names(folder) and keep_tree(folder), all of them const
// expect: walmgr::take_backup: open() const must give a store to each thread
// expect: walmgr::take_backup: a method needs copy(job), which gives a copied_backup
// max-errors: 32
#include <walmgr/backup/take.hpp>
#include <walmgr/backup/verify_backup.hpp>
#include <walmgr/codec/stored.hpp>
#include <walmgr/restore/restore.hpp>
#include <walmgr/store/memory.hpp>
#include <walmgr/verify.hpp>

#include <cstddef>
#include <string>

struct pool {
#if REJECT
    void run(auto const& work) const { work(); }
#else
    void run(auto const& work, std::size_t) const { work(); }
#endif
};

#if REJECT
inline constexpr auto opened = [] { return std::string{"/srv"}; };
#else
inline constexpr auto opened = [] { return walmgr::memory_store{}; };
#endif

struct copies {
    auto copy(auto const&) {
#if REJECT
        return true;
#else
        return walmgr::copied_backup{};
#endif
    }
};

struct never_kept {
#if !REJECT
    void keep(walmgr::file&) const {}
    void keep_names(std::string const&) const {}
    void keep_tree(std::string const&) const {}
#endif
};

inline void use(walmgr::cluster const& of, walmgr::backup_record const& one, walmgr::restore_plan const& plan,
                walmgr::target_folder& data) {
    auto const nobody = [](auto const&...) {};
    copies method;
    walmgr::verify_wal(opened, of, nobody, pool{});
    walmgr::verify_backup(opened, of, one, nobody, pool{});
    walmgr::restore_backup(opened, of, plan, data, {}, pool{}, never_kept{});
    walmgr::take_backup(method, opened, walmgr::stored{}, of, {}, {}, nobody);
}
