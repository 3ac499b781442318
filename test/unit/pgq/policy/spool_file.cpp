#include <pgq/policy/spool_file.hpp>

#include <support/boost_test.hpp>

#include <cstdlib>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(pgq_policy_spool_file)

BOOST_AUTO_TEST_CASE(gives_back_what_was_written_anywhere) {
    pgq::detail::spool_file file;
    file.append("one");
    file.append("");
    file.append(std::string(300'000, 'x') + "two");
    BOOST_TEST(file.size() == 300'006U);
    std::string found(5, ' ');
    file.read(0, found);
    BOOST_TEST(found == "onexx");
    file.read(300'001, found);
    BOOST_TEST(found == "xxtwo");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_there_are_an_error_that_names_the_folder) {
    pgq::detail::spool_file file;
    file.append("one");
    std::string into(4, ' ');
    BOOST_CHECK_EXCEPTION(file.read(0, into), pgq::error, [](pgq::error const& failure) {
        return std::string_view{failure.what()}.starts_with("cannot read the file for a large batch in /");
    });
}

BOOST_AUTO_TEST_SUITE_END()
