// Follows a table that knows nothing of queues: a trigger captures each change in the transaction that makes it.
//
//     create table customer (id int primary key, name text, email text);
//     create trigger follow after insert or update or delete on customer
//         for each row execute function pgq.jsontriga('customers', 'backup');    -- backup: old rows, too
#include <pgq/pgq.hpp>

#include <cstdio>
#include <exception>

struct customer {
    static constexpr std::string_view table = "public.customer";
    BOOST_HANA_DEFINE_STRUCT(customer, (int, id), (std::string, name), (std::optional<std::string>, email));
};

void tell(pgq::change<customer> const& change) {
    auto const& now = change.row.value();
    if (change.what == pgq::operation::insert) std::printf("hello %s\n", now.name.c_str());
    if (change.what == pgq::operation::remove) std::printf("goodbye %s\n", now.name.c_str());
    if (change.what != pgq::operation::update) return;
    if (auto const before = change.old(); before && before->email != now.email)
        std::printf("%s moved to %s\n", now.name.c_str(), now.email.value_or("an unknown place").c_str());
}

int main(int argc, char** argv) try {
    std::string const shop = argc > 1 ? argv[1] : "dbname=shop";
    pgq::consumer mailing{pgq::subscription{"customers", "mailing"}, pgq::decode<pgq::change<customer>>{}, tell};
    pgq::libpq::connection db{shop};
    mailing.subscribe(db);
    pgq::run(mailing, shop, pgq::stop_on_signals());
} catch (std::exception const& failure) {
    std::fprintf(stderr, "table_changes: %s\n", failure.what());
    return 1;
}
