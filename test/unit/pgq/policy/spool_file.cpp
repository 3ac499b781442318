#include <pgq/policy/spool_file.hpp>

#include <support/boost_test.hpp>

#include <string>

BOOST_AUTO_TEST_SUITE(pgq_policy_spool_file)

BOOST_AUTO_TEST_CASE(gives_back_every_column_in_order) {
    pgq::detail::spool_file file;
    std::string const large(700'000, 'x');
    for (int i = 0; i < 5000; ++i) {
        pgq::event ev{};
        ev.id = i;
        ev.time = pgq::timestamp{i * 1000};
        ev.txid = 7;
        ev.retry = i % 3;
        ev.type = "type";
        auto const data = i == 2500 ? large : "data " + std::to_string(i);
        if (i % 2 == 0) ev.data = data;
        ev.extra[1] = "";
        ev.extra[3] = "extra";
        file.append(ev);
    }
    file.rewind();
    pgq::event ev{};
    for (int i = 0; i < 5000; ++i) {
        BOOST_REQUIRE(file.next(ev));
        BOOST_REQUIRE(ev.id == i && ev.time.microseconds == i * 1000 && ev.txid == 7 && ev.retry == i % 3);
        BOOST_REQUIRE(ev.type == "type");
        BOOST_REQUIRE((i % 2 == 0) == (ev.data.data() != nullptr));
        if (i == 2500) BOOST_REQUIRE(ev.data == large);
        else if (i % 2 == 0) BOOST_REQUIRE(ev.data == "data " + std::to_string(i));
        BOOST_REQUIRE(!ev.extra[0] && ev.extra[1] == "" && !ev.extra[2] && ev.extra[3] == "extra");
    }
    BOOST_TEST(!file.next(ev));
}

BOOST_AUTO_TEST_CASE(an_empty_one_has_nothing) {
    pgq::detail::spool_file file;
    file.rewind();
    pgq::event ev{};
    BOOST_TEST(!file.next(ev));
}

BOOST_AUTO_TEST_SUITE_END()
