#include <pgq/libpq/connection.hpp>

#include <boost/test/unit_test.hpp>
#include <support/proxy.hpp>
#include <support/session.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(server_pgq_libpq_connection)

using namespace std::chrono_literals;
using pgq::libpq::connection;
using support::connect;
using support::conninfo;
using support::text_of;
using support::thrown;

BOOST_AUTO_TEST_CASE(says_who_and_where_it_is) {
    auto db = connect({.application_name = "pgq test"});
    BOOST_TEST(text_of(db.execute("select current_setting('application_name')")) == "pgq test");
    BOOST_TEST(text_of(db.execute("select pg_backend_pid()")) == std::to_string(db.backend_pid()));
    BOOST_TEST(text_of(db.execute("show server_version_num")) == std::to_string(db.server_version()));
    BOOST_TEST(db.parameter_status("client_encoding").value() == "UTF8");
    BOOST_TEST(!db.parameter_status("no such setting").has_value());
    BOOST_TEST(!db.closed());
}

BOOST_AUTO_TEST_CASE(takes_a_uri) {
    support::proxy link{conninfo()};
    std::string user;
    std::string database;
    for (auto const& one : pgq::libpq::parse_conninfo(conninfo())) {
        if (one.keyword == "user") user = one.value;
        if (one.keyword == "dbname") database = one.value;
    }
    connection db{"postgresql://" + user + "@127.0.0.1:" + std::to_string(link.port()) + '/' + database +
                  "?sslmode=disable"};
    BOOST_TEST(text_of(db.execute("select current_database()")) == database);
}

BOOST_AUTO_TEST_CASE(takes_a_service) {
    auto const file = std::filesystem::temp_directory_path() / ("pgq-service-" + std::to_string(::getpid()));
    {
        std::ofstream out{file};
        out << "[pgq_test_service]\n";
        for (auto const& one : pgq::libpq::parse_conninfo(conninfo()))
            out << one.keyword << '=' << one.value << '\n';
    }
    ::setenv("PGSERVICEFILE", file.c_str(), 1);
    connection db{"service=pgq_test_service application_name=by_service"};
    BOOST_TEST(text_of(db.execute("show application_name")) == "by_service");
    auto const unknown = thrown<pgq::usage_error>([] { connection{"service=pgq_no_such_service"}; });
    BOOST_TEST(unknown.what() ==
               "the connection settings are wrong: definition of service \"pgq_no_such_service\" not found");
    ::unsetenv("PGSERVICEFILE");
    std::filesystem::remove(file);
}

BOOST_AUTO_TEST_CASE(nobody_listens) {
    int port = 0;
    {
        support::proxy const link{conninfo()};
        port = link.port();
    }
    auto const where = "host=127.0.0.1 port=" + std::to_string(port) + " dbname=x password=secret";
    auto const failure = thrown<pgq::connection_error>([&] { connection{where}; });
    std::string const said{failure.what()};
    BOOST_TEST(said.starts_with("could not connect to host \"127.0.0.1\" port " + std::to_string(port) +
                                ": Connection refused"));
    BOOST_TEST(said.find('\n') == said.npos);
    BOOST_TEST(said.find("secret") == said.npos);
    BOOST_TEST((failure.state() == "08001"));
    BOOST_TEST(failure.transient());
}

BOOST_AUTO_TEST_CASE(a_refused_login_is_not_transient) {
    auto const failure = thrown<pgq::connection_error>([] { connection{conninfo() + " dbname=pgq_no_such_database"}; });
    BOOST_TEST((failure.state() == "3D000"));
    BOOST_TEST(!failure.transient());
    BOOST_TEST(std::string{failure.what()}.ends_with("database \"pgq_no_such_database\" does not exist"));
}

BOOST_AUTO_TEST_CASE(malformed_settings) {
    for (std::string const wrong : {"host", "nonsense=1", "password=my secret", "postgresql://u:my%secret@h/d"}) {
        auto const failure = thrown<pgq::usage_error>([&] { connection{wrong}; });
        BOOST_TEST(std::string{failure.what()}.starts_with("the connection string cannot be read"));
        BOOST_TEST(std::string{failure.what()}.find("secret") == std::string::npos);
    }
    thrown<pgq::usage_error>([] { connection{conninfo() + " sslmode=perhaps"}; });
    auto const ports = thrown<pgq::usage_error>([] { connection{"host=a,b,c port=1,2"}; });
    BOOST_TEST(ports.what() == "the connection settings are wrong: could not match 2 port numbers to 3 hosts");
}

BOOST_AUTO_TEST_CASE(goes_on_to_the_host_that_lives) {
    support::proxy stalled{conninfo()};
    support::proxy alive{conninfo()};
    stalled.arm(support::fault::stall_before, "");
    auto const hosts = alive.conninfo() + " host=127.0.0.1,127.0.0.1,127.0.0.1 port=1," +
                       std::to_string(stalled.port()) + ',' + std::to_string(alive.port());
    connection db{hosts, {.connect_timeout = 3s}};
    BOOST_TEST(text_of(db.execute("select 1")) == "1");
    BOOST_TEST(stalled.struck());
    stalled.disarm();
    db.reset();
    BOOST_TEST(text_of(db.execute("select 2")) == "2");
}

BOOST_AUTO_TEST_CASE(names_every_host_that_failed) {
    support::proxy stalled{conninfo()};
    stalled.arm(support::fault::stall_before, "");
    auto const port = std::to_string(stalled.port());
    auto const failure = thrown<pgq::connection_error>([&] {
        connection{stalled.conninfo() + " host=127.0.0.1,127.0.0.1 port=1," + port, {.connect_timeout = 100ms}};
    });
    std::string const said{failure.what()};
    BOOST_TEST(said.find("port 1: Connection refused") != said.npos);
    BOOST_TEST(said.find("port " + port + ": no answer within 100 ms") != said.npos);
    BOOST_TEST(failure.connection_lost());
}

BOOST_AUTO_TEST_CASE(session_attributes) {
    auto const failure =
        thrown<pgq::connection_error>([] { connection{conninfo() + " target_session_attrs=standby"}; });
    BOOST_TEST(std::string{failure.what()}.find("not in hot standby mode") != std::string::npos);
    support::proxy one{conninfo()};
    support::proxy two{conninfo()};
    auto const hosts = one.conninfo() + " host=127.0.0.1,127.0.0.1 port=" + std::to_string(one.port()) + ',' +
                       std::to_string(two.port());
    connection db{hosts + " target_session_attrs=prefer-standby"};
    BOOST_TEST(text_of(db.execute("select pg_is_in_recovery()")) == "f");
    thrown<pgq::connection_error>([&] { connection{hosts + " target_session_attrs=read-only"}; });
}

BOOST_AUTO_TEST_CASE(a_stop_ends_connecting) {
    support::proxy stalled{conninfo()};
    stalled.arm(support::fault::stall_before, "");
    std::stop_source stop;
    std::jthread const asker{[&] {
        if (support::eventually([&] { return stalled.struck(); })) stop.request_stop();
    }};
    support::stopwatch const watch;
    thrown<pgq::stopped>([&] { connection{stalled.conninfo(), {.stop = stop.get_token(), .connect_timeout = 60s}}; });
    BOOST_TEST(watch.was_soon());
    thrown<pgq::stopped>([&] { connection{conninfo(), {.stop = stop.get_token()}}; });
}

BOOST_AUTO_TEST_CASE(moves_and_closes) {
    auto first = connect();
    auto const pid = first.backend_pid();
    auto second = std::move(first);
    BOOST_TEST(second.backend_pid() == pid);
    second.close();
    BOOST_TEST(second.closed());
    BOOST_TEST(second.backend_pid() == 0);
    BOOST_TEST(!second.in_transaction());
    auto const failure = thrown<pgq::connection_error>([&] { second.execute("select 1"); });
    BOOST_TEST(failure.what() == "the session is closed: reconnect with reset()");
    second.rollback();
    auto observer = connect();
    BOOST_TEST(support::gone(observer, pid));
    second.reset();
    BOOST_TEST(text_of(second.execute("select 1")) == "1");
}

BOOST_AUTO_TEST_CASE(notices_go_to_the_sink) {
    std::vector<std::string> heard;
    auto db = connect({.notices = [&](pgq::libpq::notice const& one) {
        heard.push_back(std::string{one.severity} + ' ' + std::string{one.state.view()} + ' ' +
                        std::string{one.message} + ' ' + std::string{one.hint});
        throw pgq::error{"a sink that throws does no harm"};
    }});
    db.execute(
        "do $$ begin raise notice 'first'; raise warning 'second' using hint = 'listen', errcode = 'P0042'; end $$");
    BOOST_TEST((heard == std::vector<std::string>{"NOTICE 00000 first ", "WARNING P0042 second listen"}));
    db.notices({});
    db.execute("do $$ begin raise notice 'third'; end $$");
    BOOST_TEST(heard.size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
