// Keeps, in tables of its own, what each branch of pgbench owns: once by its accounts, once by its tellers, once by its
// own row, once by the history. The four must agree with pgbench's tables, whatever is killed and when. The update
// triggers need `backup`.
#include <pgq/pgq.hpp>

#include <cstdio>
#include <exception>

// clang-format off
struct account { static constexpr std::string_view table = "public.pgbench_accounts"; int amount() const { return abalance; }
                 BOOST_HANA_DEFINE_STRUCT(account, (int, bid), (int, abalance)); };
struct teller  { static constexpr std::string_view table = "public.pgbench_tellers"; int amount() const { return tbalance; }
                 BOOST_HANA_DEFINE_STRUCT(teller, (int, bid), (int, tbalance)); };
struct branch  { static constexpr std::string_view table = "public.pgbench_branches"; int amount() const { return bbalance; }
                 BOOST_HANA_DEFINE_STRUCT(branch, (int, bid), (int, bbalance)); };
struct history { static constexpr std::string_view table = "public.pgbench_history"; int amount() const { return delta; }
                 BOOST_HANA_DEFINE_STRUCT(history, (int, bid), (int, delta)); };
// clang-format on

constexpr auto add = []<class Row>(pgq::change<Row> const& change, pgq::event const& ev, pgq::transport auto& db) {
    int const before = change.what == pgq::operation::update ? change.old().value().amount() : 0;
    constexpr auto sum = "insert into balance values ($1, $2, $3) "
                         "on conflict (source, bid) do update set amount = balance.amount + $3";
    pgq::query(db, sum, change.table, change.row->bid, change.row->amount() - before);
    pgq::query(db, "insert into delivery values ($1, $2, clock_timestamp())", ev.id, ev.time);
};

int main(int argc, char** argv) try {
    if (argc != 4) throw pgq::usage_error{"usage: balances CONNINFO QUEUE CONSUMER"};
    pgq::consumer balances{pgq::subscription{argv[2], argv[3]}, pgq::same_transaction{},
                           pgq::match{pgq::on<pgq::change<account>>(add), pgq::on<pgq::change<teller>>(add),
                                      pgq::on<pgq::change<branch>>(add), pgq::on<pgq::change<history>>(add)}};
    pgq::libpq::connection db{argv[1]};
    db.execute("create table if not exists balance (source text, bid int, amount bigint, primary key (source, bid));"
               "create table if not exists delivery (event bigint primary key, sent timestamptz, handled timestamptz)");
    balances.subscribe(db);
    auto const report = pgq::run(balances, argv[1], pgq::stop_on_signals());
    std::printf("%llu events in %llu batches\n", 0ULL + report.counts.events, 0ULL + report.batches);
} catch (std::exception const& failure) { return std::fprintf(stderr, "balances: %s\n", failure.what()), 1; }
