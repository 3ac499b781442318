// What a typed event costs beyond its bytes: nanoseconds of processor time per event for reading each payload format,
// beside a parser written by hand for this one struct. Settings: `decode [EVENTS] [ROUNDS]`.
#include <pgq/change.hpp>
#include <pgq/codecs.hpp>
#include <pgq/field.hpp>
#include <pgq/payload/json.hpp>
#include <pgq/payload/urlencoded.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct order {
    BOOST_HANA_DEFINE_STRUCT(order, (std::int64_t, id), (std::string, customer), (std::int32_t, cents), (bool, paid),
                             (std::optional<std::string>, note), (std::string, address));
    friend bool operator==(order const&, order const&) = default;
};

order sample(std::int64_t id) {
    return {.id = id,
            .customer = "customer number " + std::to_string(id % 1000),
            .cents = static_cast<std::int32_t>(id % 100'000),
            .paid = id % 2 == 0,
            .note = id % 4 == 0 ? std::nullopt : std::optional<std::string>{"leave it at the door"},
            .address = "Pikk 12-3, 10123 Tallinn, second house on the left side"};
}

[[noreturn]] void wrong() {
    throw std::runtime_error{"not an order"};
}

template <class T> T number(std::string_view text) {
    T value{};
    auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (problem != std::errc{} || end != text.data() + text.size()) wrong();
    return value;
}

int digit(char c) {
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

std::string unescaped(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] == '%' && i + 2 < text.size()) {
            out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

order urlencoded_by_hand(std::string_view data) {
    order out{};
    unsigned seen = 0;
    while (!data.empty()) {
        auto const pair = data.substr(0, data.find('&'));
        data.remove_prefix(std::min(pair.size() + 1, data.size()));
        auto const name = pair.substr(0, pair.find('='));
        if (name.size() == pair.size()) continue;  // NULL, which only the note may be
        auto const value = pair.substr(name.size() + 1);
        if (name == "id") {
            out.id = number<std::int64_t>(value);
            seen |= 1U;
        } else if (name == "customer") {
            out.customer = unescaped(value);
            seen |= 2U;
        } else if (name == "cents") {
            out.cents = number<std::int32_t>(value);
            seen |= 4U;
        } else if (name == "paid") {
            out.paid = value == "t";
            seen |= 8U;
        } else if (name == "note") {
            out.note = unescaped(value);
        } else if (name == "address") {
            out.address = unescaped(value);
            seen |= 16U;
        }
    }
    if (seen != 31U) wrong();
    return out;
}

/// Knows no escapes but those that may follow a backslash alone, no nesting and no white space.
order json_by_hand(std::string_view data) {
    order out{};
    unsigned seen = 0;
    std::size_t at = 1;
    auto const text = [&] {
        std::string value;
        for (++at; at < data.size() && data[at] != '"'; ++at) {
            if (data[at] == '\\') ++at;
            value += data[at];
        }
        ++at;
        return value;
    };
    auto const word = [&] {
        auto const start = at;
        while (at < data.size() && data[at] != ',' && data[at] != '}')
            ++at;
        return data.substr(start, at - start);
    };
    for (; at < data.size() && data[at - 1] != '}'; ++at) {
        auto const end = data.find('"', at + 1);
        auto const name = data.substr(at + 1, end - at - 1);
        at = end + 2;
        if (name == "id") {
            out.id = number<std::int64_t>(word());
            seen |= 1U;
        } else if (name == "customer") {
            out.customer = text();
            seen |= 2U;
        } else if (name == "cents") {
            out.cents = number<std::int32_t>(word());
            seen |= 4U;
        } else if (name == "paid") {
            out.paid = word() == "true";
            seen |= 8U;
        } else if (name == "note") {
            if (data[at] == '"') {
                out.note = text();
            } else {
                word();
            }
        } else if (name == "address") {
            out.address = text();
            seen |= 16U;
        } else {
            wrong();
        }
    }
    if (seen != 31U) wrong();
    return out;
}

/// Processor time of this thread, so that other work on the machine counts less.
std::int64_t now() {
    std::timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

double round_of(std::vector<std::string> const& payloads, auto const& read) {
    std::size_t sum = 0;
    auto const start = now();
    for (auto const& payload : payloads) {
        order const value = read(std::string_view{payload});
        sum += static_cast<std::size_t>(value.cents) + value.customer.size() + value.address.size();
    }
    auto const spent = now() - start;
    if (sum == 0) wrong();
    return static_cast<double>(spent) / static_cast<double>(payloads.size());
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

/// Both in turn, so that a slow spell of the machine hits both.
void compare(char const* name, int rounds, std::vector<std::string> const& payloads, auto const& by_hand,
             auto const& ours) {
    std::vector<double> hand;
    std::vector<double> mine;
    for (auto const& payload : payloads) {
        if (by_hand(std::string_view{payload}) != ours(std::string_view{payload})) wrong();
    }
    for (int i = 0; i < rounds; ++i) {
        hand.push_back(round_of(payloads, by_hand));
        mine.push_back(round_of(payloads, ours));
    }
    std::printf("%-24s %8.0f %8.0f %8.2f\n", name, median(hand), median(mine), median(mine) / median(hand));
}

}  // namespace

int main(int argc, char** argv) {
    int const events = argc > 1 ? std::atoi(argv[1]) : 20'000;
    int const rounds = argc > 2 ? std::atoi(argv[2]) : 25;
    if (events < 1 || rounds < 1) {
        std::fputs("usage: decode [EVENTS] [ROUNDS]\n", stderr);
        return 2;
    }
    std::vector<std::string> pairs;
    std::vector<std::string> objects;
    for (int i = 1; i <= events; ++i) {
        pairs.push_back(pgq::urlencoded::write(sample(i)));
        objects.push_back(pgq::json::write(sample(i)));
    }
    std::printf("%d events of 6 fields, %zu bytes urlencoded, %zu bytes JSON; medians of %d rounds, ns per event\n",
                events, pairs.front().size(), objects.front().size(), rounds);
    std::printf("%-24s %8s %8s %8s\n", "", "by hand", "ours", "ratio");
    compare("urlencoded", rounds, pairs, urlencoded_by_hand,
            [](std::string_view data) { return pgq::urlencoded::read<order>(data); });
    compare("json", rounds, objects, json_by_hand, [](std::string_view data) { return pgq::json::read<order>(data); });
    compare("change, logutriga", rounds, pairs, urlencoded_by_hand, [](std::string_view data) {
        return *pgq::change<order>::read({.type = "U:id", .data = data, .extra = {"public.orders"}}).row;
    });
    compare("change, jsontriga", rounds, objects, json_by_hand, [](std::string_view data) {
        constexpr std::string_view type = R"({"op":"UPDATE","table":["public","orders"],"pkey":["id"]})";
        return *pgq::change<order>::read({.type = type, .data = data, .extra = {"public.orders"}}).row;
    });
}
