/// Writes metrics as the text that Prometheus scrapes. Serving it is the program's own business.
#pragma once

#include <pgq/metrics.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pgq {
namespace detail {

inline void append_number(std::string& out, auto value) {
    std::array<char, 32> text{};
    auto const [end, failed] = std::to_chars(text.data(), text.data() + text.size(), value);
    out.append(text.data(), static_cast<std::size_t>(end - text.data()));
}

/// A label's value as the format quotes it.
inline void append_label(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append("=\"");
    for (char const c : value) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n') out += "\\n";
        else out += c;
    }
    out += '"';
}

class prometheus_writer {
public:
    explicit prometheus_writer(metrics const& from) : from_{from} {}

    void counter(std::string_view name, std::string_view help, auto const& value) {
        head(name, help, "counter");
        from_.each([&](consumer_metrics const& one) { sample(name, one, "", value(one)); });
    }

    void of_histogram(std::string_view name, std::string_view help, histogram consumer_metrics::*values) {
        head(name, help, "histogram");
        from_.each([&](consumer_metrics const& one) {
            auto const& all = one.*values;
            std::uint64_t below = 0;
            std::string const bucket = std::string{name} + "_bucket";
            for (std::size_t i = 0; i <= histogram::bounds.size(); ++i) {
                below += all.count(i);
                std::string bound{"+Inf"};
                if (i < histogram::bounds.size()) {
                    bound.clear();
                    append_number(bound, histogram::bounds[i]);
                }
                sample(bucket, one, bound, below);
            }
            sample(std::string{name} + "_sum", one, "", all.sum());
            sample(std::string{name} + "_count", one, "", below);
        });
    }

    [[nodiscard]] std::string const& text() const { return out_; }

private:
    void head(std::string_view name, std::string_view help, std::string_view type) {
        out_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ").append(name);
        out_.append(" ").append(type).append("\n");
    }
    void sample(std::string_view name, consumer_metrics const& one, std::string_view bound, auto value) {
        out_.append(name).append("{");
        append_label(out_, "queue", one.queue);
        append_label(out_ += ',', "consumer", one.consumer);
        if (!bound.empty()) append_label(out_ += ',', "le", bound);
        append_number(out_ += "} ", value);
        out_ += '\n';
    }

    metrics const& from_;
    std::string out_{};
};

}  // namespace detail

/// All of `from` in the text format, version 0.0.4. From any thread; the counters of one moment need not fit each other
/// to the last event.
inline std::string prometheus_text(metrics const& from) {
    detail::prometheus_writer out{from};
    auto const value = [](std::atomic<std::uint64_t> consumer_metrics::*which) {
        return [which](consumer_metrics const& one) { return (one.*which).load(std::memory_order_relaxed); };
    };
    out.counter("pgq_batches_total", "Batches finished.", value(&consumer_metrics::batches));
    out.counter("pgq_events_total", "Events of finished batches.", value(&consumer_metrics::events));
    out.counter("pgq_events_retried_total", "Events handed back to be delivered again.",
                value(&consumer_metrics::retried));
    out.counter("pgq_events_dead_total", "Events set aside in a dead-letter queue.", value(&consumer_metrics::dead));
    out.counter("pgq_reconnects_total", "Troubles got over by a new session.", value(&consumer_metrics::reconnects));
    out.of_histogram("pgq_batch_seconds", "From asking for a batch to having finished it.",
                     &consumer_metrics::batch_seconds);
    out.of_histogram("pgq_lag_seconds", "From a batch's last tick to having finished it.",
                     &consumer_metrics::lag_seconds);
    return out.text();
}

}  // namespace pgq
