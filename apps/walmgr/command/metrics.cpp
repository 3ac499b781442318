#include "../command.hpp"
#include "../look.hpp"

#include <common/status.hpp>
#include <pgq/prometheus.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <walmgr/file.hpp>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace walmgr_app {
namespace command_metrics {
namespace {

/// The text that Prometheus scrapes; each metric of a cluster.
class exposition {
public:
    explicit exposition(std::string cluster) : cluster_{std::move(cluster)} {}

    void metric(std::string_view name, std::string_view kind, std::string_view help) {
        name_ = "walmgr_" + std::string{name};
        text_.append("# HELP ").append(name_).append(" ").append(help).append("\n# TYPE ").append(name_).append(" ");
        text_.append(kind).append("\n");
    }
    void sample(auto value, std::string_view label = {}, std::string_view labelled = {}) {
        text_.append(name_).append("{");
        pgq::detail::append_label(text_, "cluster", cluster_);
        if (!label.empty()) {
            text_ += ',';
            pgq::detail::append_label(text_, label, labelled);
        }
        text_ += "} ";
        pgq::detail::append_number(text_, value);
        text_ += '\n';
    }
    [[nodiscard]] std::string const& text() const { return text_; }

private:
    std::string cluster_;
    std::string name_{};
    std::string text_{};
};

void add_backlog(exposition& out, walmgr::archive_pace const& pace, std::optional<walmgr::segment_size> size) {
    if (auto const waiting = pace.newest().waiting) {
        out.metric("archiver_waiting_files", "gauge", "Files of the server's log that wait to be archived.");
        out.sample(*waiting);
    }
    if (auto const files = pace.files_a_second()) {
        out.metric("archiver_files_per_second", "gauge", "Files archived in a second while files waited.");
        out.sample(*files);
    }
    if (auto const left = size ? pace.seconds_to_drain(*size) : std::nullopt) {
        out.metric("archiver_drain_seconds", "gauge", "Seconds until no file waits, at the present pace.");
        out.sample(*left);
    }
}

void add_server(exposition& out, walmgr::server_status const& server, std::optional<walmgr::segment_size> size) {
    auto const& log = server.log;
    out.metric("server_timeline", "gauge", "Timeline of the server.");
    out.sample(static_cast<std::uint32_t>(log.tli));
    out.metric("server_flushed_bytes", "gauge", "Position up to which the server's log is flushed.");
    out.sample(log.flushed.bytes);
    out.metric("archiver_archived_total", "counter", "Files that the server's archiver has archived.");
    out.sample(log.archived);
    out.metric("archiver_failed_total", "counter", "Attempts of the server's archiver that have failed.");
    out.sample(log.failed);
    out.metric("archiver_failing", "gauge", "1 when its last attempt has failed.");
    out.sample(server.archiver.failing ? 1 : 0);
    if (log.seconds_since_last) {
        out.metric("archiver_last_success_seconds", "gauge", "Seconds since the archiver's last success.");
        out.sample(*log.seconds_since_last);
    }
    add_backlog(out, server.pace, size);
    out.metric("receiver_connected", "gauge", "1 while a receiver is connected to the server.");
    out.sample(server.receiver ? 1 : 0);
    if (server.receiver && server.receiver->flush_seconds) {
        out.metric("receiver_lag_seconds", "gauge", "How long it took lately until the receiver had flushed.");
        out.sample(*server.receiver->flush_seconds);
    }
    if (server.slots.empty()) return;
    out.metric("slot_active", "gauge", "1 while somebody uses a physical replication slot.");
    for (auto const& one : server.slots)
        out.sample(one.active ? 1 : 0, "slot", one.name);
    out.metric("slot_retained_bytes", "gauge", "Bytes of log that a physical replication slot keeps.");
    for (auto const& one : server.slots)
        out.sample(one.retained.value_or(0), "slot", one.name);
}

void add_received(exposition& out, walmgr::log_status const& found) {
    out.metric("received_waiting_files", "gauge", "Received files that the repository has not yet.");
    out.sample(found.received->waiting);
    auto const& at = found.received->flushed;
    if (!at) return;
    out.metric("received_flushed_bytes", "gauge", "Position up to which received log is durable.");
    out.sample(at->at.bytes);
    if (!found.server) return;
    out.metric("received_lag_bytes", "gauge", "Bytes that the server is ahead of what was received.");
    out.sample(bytes_behind(found.server->log.flushed, at->at));
}

void add_repositories(exposition& out, walmgr::log_status const& found) {
    out.metric("repository_end_bytes", "gauge", "Position up to which a repository has the log.");
    for (auto const& one : found.repositories) {
        if (auto const end = end_of(one, *found.size)) out.sample(end->bytes, "repository", one.location);
    }
    out.metric("found_gaps", "gauge", "Recorded gaps that nobody has filled or accepted.");
    for (auto const& one : found.repositories)
        out.sample(one.gaps.size(), "repository", one.location);
    if (!found.server) return;
    out.metric("repository_lag_bytes", "gauge", "Bytes that the server is ahead of a repository.");
    for (auto const& one : found.repositories) {
        if (auto const end = end_of(one, *found.size))
            out.sample(bytes_behind(found.server->log.flushed, *end), "repository", one.location);
    }
}

void add_local(exposition& out, walmgr::local_status const& local) {
    out.metric("dropped_files", "gauge", "Dropped segments of which the repositories do not know yet.");
    out.sample(local.dropped.size());
    if (!local.pressure) return;
    out.metric("pressure", "gauge", "1 while a limit for the server's log folder is passed.");
    out.sample(local.pressure->holds ? 1 : 0);
    out.metric("log_free_bytes", "gauge", "Bytes free on the disk of the server's log folder.");
    out.sample(local.pressure->free_bytes);
    out.metric("log_waiting_files", "gauge", "Files there that wait to be archived.");
    out.sample(local.pressure->waiting);
}

/// Whoever reads the file sees the old text or the new one, and never a part.
void replace_file(std::string const& path, std::string const& text) {
    auto const beside = path + '.' + std::to_string(::getpid()) + ".tmp";
    auto out = walmgr::open_file(beside, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (!out.is_open()) walmgr::refuse("cannot create " + beside, ENOENT);
    try {
        out.write(text);
        out.close();
        if (std::rename(beside.c_str(), path.c_str()) != 0) walmgr::refuse("cannot give " + path + " its name");
    } catch (walmgr::error const&) {
        ::unlink(beside.c_str());
        throw;
    }
}

int metrics(config const& settings, std::string const& path) {
    auto const found = look(settings);
    exposition out{found.cluster};
    out.metric("up", "gauge", "1 when the server and all repositories could be asked.");
    out.sample(found.failed.empty() ? 1 : 0);
    if (found.server) add_server(out, *found.server, found.size);
    if (found.received) add_received(out, found);
    if (!found.repositories.empty()) add_repositories(out, found);
    add_local(out, found.local);
    if (path.empty()) std::cout << out.text();
    else replace_file(path, out.text());
    for (auto const& one : found.failed)
        std::cerr << "walmgr: " << apps::one_line(one.why) << '\n';
    return found.failed.empty() ? 0 : static_cast<int>(found.failed.front().kind);
}

}  // namespace
}  // namespace command_metrics

void add_metrics(apps::command& program, request& wanted) {
    using namespace command_metrics;
    auto command = program.add_command("metrics", "what status shows, as Prometheus reads it");
    auto const path = std::make_shared<std::string>();
    command.add_option("file", *path, "where to write it, in one step; standard output otherwise");
    command.when_given(
        [&wanted, path] { wanted.run = [&wanted, path] { return metrics(read_config(wanted.file), *path); }; });
}

}  // namespace walmgr_app
