// expect: pgq::run_options: a log has wants(log_level) const and write(log_level, string_view) const
// max-errors: 1
#include <pgq/run_options.hpp>

#include <support/mistakes.hpp>

struct sink {
#if !REJECT
    [[nodiscard]] static bool wants(pgq::log_level) { return true; }
#endif
    static void write(pgq::log_level, std::string_view) {}
};

pgq::run_options<pgq::trouble_to_stderr, sink> const loud{};
