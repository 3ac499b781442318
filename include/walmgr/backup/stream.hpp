/// A base backup that the server sends.
#pragma once

#include <pgq/libpq/base_backup.hpp>
#include <pgq/libpq/quote.hpp>

#include <walmgr/backup/parent_manifest.hpp>
#include <walmgr/backup/part_pool.hpp>
#include <walmgr/backup/receiver.hpp>
#include <walmgr/backup/take.hpp>

#include <cstdint>
#include <string>

namespace walmgr {
namespace detail {

inline std::string backup_options(backup_order const& order) {
    auto text = "LABEL " + pgq::libpq::literal(order.label) +
                ", PROGRESS true, TABLESPACE_MAP true, MANIFEST 'yes', MANIFEST_CHECKSUMS 'SHA256', WAIT false, "
                "CHECKPOINT '" +
                (order.fast ? "fast'" : "spread'");
    if (order.max_rate != 0) text += ", MAX_RATE " + std::to_string(order.max_rate);
    if (!order.parent.empty() && !order.whole_files) text += ", INCREMENTAL true";
    return text;
}

}  // namespace detail

/// A method of take_backup(): everything comes by the replication protocol, from wherever the server is.
class streamed_backup {
public:
    /// The session must live as long.
    explicit streamed_backup(pgq::libpq::base_backup& server) : server_{server} {}

    /// @throws error  corrupt, when what came is not what the server's manifest says; identity, when it came to
    ///         another timeline meanwhile; or from the store; pgq::sql_error, pgq::connection_error, pgq::stopped
    template <class Open, codec Codec, class Progress>
    copied_backup copy(backup_job<Open, Codec, Progress> const& job) {
        part_pool<Open, Codec> pool{job.open, job.way, job.from, job.folder, job.order.limits};
        auto const progress = [&job](std::uint64_t came, std::uint64_t expected) { job.progress(came, expected); };
        backup_receiver receive{pool, progress, job.order.part_size, job.before};
        if (!job.order.parent.empty() && job.before == nullptr)
            server_.upload_manifest(without_visibility_maps(job.order.parent_manifest));
        auto const end = server_.run(detail::backup_options(job.order), receive);
        receive.compare();
        if (timeline{end.timeline} != receive.tli())
            throw error{fault::identity, "the server has come to timeline " + std::to_string(end.timeline) +
                                             " while it sent the backup; take another one"};
        return {.tli = receive.tli(),
                .start = receive.start(),
                .stop = lsn{end.position},
                .tablespaces = receive.tablespaces(),
                .parts = pool.finish(),
                .manifest = receive.manifest_text()};
    }

private:
    pgq::libpq::base_backup& server_;
};

}  // namespace walmgr
