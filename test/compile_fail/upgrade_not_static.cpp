// expect: pgq: upgrade must be `static E upgrade(Old const&)`, for the E named above and a described struct Old
// max-errors: 1
#include <support/mistakes.hpp>

struct paid_v1 {
    BOOST_HANA_DEFINE_STRUCT(paid_v1, (int, id));
};
struct paid {
    static constexpr std::string_view event_type = "paid";
    BOOST_HANA_DEFINE_STRUCT(paid, (int, id));
#if !REJECT
    static
#endif
        paid
        upgrade(paid_v1 const& old) {
        return {old.id};
    }
};

pgq::consumer const billing{orders, pgq::decode<paid>{}, [](paid const&) {}};
