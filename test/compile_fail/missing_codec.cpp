// expect: pgq: a field has no codec: specialise pgq::codec<T> for the T named above
// max-errors: 2
#include <support/mistakes.hpp>

struct money {
    long cents = 0;
};
#if !REJECT
template <> struct pgq::codec<money> {
    static money parse(std::string_view text) { return {codec<long>::parse(text)}; }
    static void append(std::string& out, money const& value) { codec<long>::append(out, value.cents); }
};
#endif

struct invoice {
    static constexpr std::string_view event_type = "invoice";
    BOOST_HANA_DEFINE_STRUCT(invoice, (money, total));
};

pgq::consumer const billing{orders, pgq::decode<invoice>{}, [](invoice const&) {}};
