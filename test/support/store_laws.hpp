/// What every store promises, whatever keeps its objects: the laws that the rest of walmgr builds on.
#pragma once

#include <walmgr/error.hpp>
#include <walmgr/store.hpp>
#include <walmgr/store/replace.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace support {

/// How far a store is put to the test.
struct law_options {
    bool threads = true;                      ///< false for a store that is for one thread
    std::size_t big = std::size_t{3} << 20U;  ///< bytes of the big object
    std::vector<std::string> odd_names{"a b", "a+b", "a%20b", "a&b=c", "a~b", "a'b", "\xC3\xBC"};  ///< each must do
};

namespace law {

inline void require(bool holds, std::string const& what) {
    if (!holds) throw std::runtime_error{"broken law: " + what};
}

inline std::string bytes_like(unsigned seed, std::size_t count) {
    std::mt19937 random{seed};
    std::string bytes(count, '\0');
    for (auto& byte : bytes)
        byte = static_cast<char>(random());
    return bytes;
}

std::string read(auto const& where, std::string const& name) {
    auto const found = where.open(name);
    if (!found) return "(none)";
    std::string bytes(static_cast<std::size_t>(found->size()) + 5, ' ');
    bytes.resize(found->read(0, bytes));
    return bytes;
}

bool add(auto const& where, std::string const& name, std::string_view bytes) {
    auto out = where.create(name);
    out.write(bytes);
    return out.seal();
}

void an_object_is_there_once_it_is_sealed(auto const& where, std::string const& in) {
    require(!where.open(in + "/b/one").has_value(), "an object that nobody made is not there");
    require(where.list(in).empty() && where.list(in + "/b").empty(), "a folder that nobody made is empty");
    require(!where.remove(in + "/b/one"), "what is not there cannot be removed");
    {
        auto out = where.create(in + "/b/one");
        out.write("fir");
        out.write("");
        out.write("st");
        require(where.list(in + "/b").empty(), "an object that is not sealed is not listed");
        require(!where.open(in + "/b/one").has_value(), "an object that is not sealed is not there");
        require(out.seal(), "the first to seal a name has made it");
    }
    require(read(where, in + "/b/one") == "first", "an object holds what was written");
    require(!add(where, in + "/b/one", "second"), "nobody makes a second one of that name");
    require(read(where, in + "/b/one") == "first", "and what is there is not touched");
    require(add(where, in + "/empty", "") && read(where, in + "/empty").empty(), "an object may be empty");
    require(where.remove(in + "/b/one") && !where.open(in + "/b/one").has_value(), "what was removed is not there");
    require(!where.remove(in + "/b/one"), "and not removed twice");
    require(add(where, in + "/b/one", "third") && read(where, in + "/b/one") == "third", "a name is free again then");
}

void what_is_not_sealed_never_was(auto const& where, std::string const& in, std::size_t big) {
    for (std::size_t const size : {std::size_t{0}, std::size_t{10}, big}) {
        where.create(in + "/x").write(bytes_like(1, size));
        require(where.list(in).empty() && !where.open(in + "/x"), "a writer that gave up leaves nothing");
    }
    require(add(where, in + "/x", "later"), "and is in nobody's way");
}

void lists_are_sorted_and_one_level_deep(auto const& where, std::string const& in,
                                         std::vector<std::string> const& odd_names) {
    for (auto const* const name : {"c", "a/deep/er", "a/two", "b", "d/x", "a.b"})
        require(add(where, in + '/' + name, name), "made");
    using names = std::vector<std::string>;
    require(where.list(in) == names{"a.b", "a/", "b", "c", "d/"},
            "a list is sorted, folders have a slash at their end");
    require(where.list(in + "/a") == names{"deep/", "two"}, "a list is one level deep");
    require(where.list(in + "/a/deep") == names{"er"}, "to the last level");
    for (auto const& odd : odd_names) {
        auto const folder = in + "/odd/" + odd;
        require(add(where, folder + '/' + odd, odd), "odd names do: " + odd);
        require(where.list(folder) == names{odd}, "odd names are listed as they are: " + odd);
        require(read(where, folder + '/' + odd) == odd && where.remove(folder + '/' + odd), "and found: " + odd);
    }
}

void a_read_gives_what_there_is(auto const& where, std::string const& in) {
    add(where, in + "/x", "first");
    auto const found = where.open(in + "/x");
    require(found.has_value() && found->size() == 5, "an object knows its size");
    std::string room(3, ' ');
    require(found->read(2, room) == 3 && room == "rst", "from the middle to the end");
    require(found->read(4, room) == 1 && room[0] == 't', "fewer at the end");
    require(found->read(5, room) == 0 && found->read(99, room) == 0, "nothing behind it");
    require(found->read(0, room) == 3 && room == "fir", "and back");
}

void a_big_object_comes_back(auto const& where, std::string const& in, std::size_t big) {
    auto const bytes = bytes_like(7, big + 12345);
    auto out = where.create(in + "/big");
    for (std::size_t at = 0; at < bytes.size(); at += 100'000)
        out.write(std::string_view{bytes}.substr(at, 100'000));
    require(out.seal(), "a big object is sealed");
    auto const found = where.open(in + "/big");
    require(found.has_value() && found->size() == bytes.size(), "with all of its bytes");
    std::string room(104, '\0');
    require(found->read(bytes.size() - 104, room) == 104 && bytes.ends_with(room), "its end");
    std::string block(std::size_t{256} << 10U, '\0');
    for (std::size_t at = 0; at < bytes.size();) {
        auto const wanted = std::min(block.size(), bytes.size() - at);
        auto const got = found->read(at, std::span{block}.first(wanted));
        require(got == wanted && std::string_view{bytes}.substr(at, got) == std::string_view{block}.substr(0, got),
                "in order, at " + std::to_string(at));
        at += got;
    }
    std::mt19937 random{3};
    for (int i = 0; i < 10; ++i) {
        auto const at = random() % bytes.size();
        auto const wanted = std::min<std::size_t>(random() % block.size(), bytes.size() - at);
        require(found->read(at, std::span{block}.first(wanted)) == wanted &&
                    std::string_view{bytes}.substr(at, wanted) == std::string_view{block}.substr(0, wanted),
                "from anywhere, at " + std::to_string(at));
    }
    require(!add(where, in + "/big", bytes), "and nobody makes a second one");
}

void no_name_leads_out(auto const& where) {
    for (std::string const name : {"", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".hidden", "a/.tmp", "a\nb"}) {
        for (int way = 0; way < 3; ++way) {
            try {
                if (way == 0) static_cast<void>(where.open(name));
                if (way == 1) static_cast<void>(where.create(name));
                if (way == 2) static_cast<void>(where.remove(name));
                require(false, "this is refused: " + name);
            } catch (walmgr::error const& failure) {
                require(failure.kind() == walmgr::fault::usage, "it is refused as usage: " + name);
            }
        }
    }
}

void one_of_several_writers_wins(auto const& where, std::string const& in, bool threads) {
    auto first = where.create(in + "/two");
    auto second = where.create(in + "/two");
    second.write("second");
    first.write("first");
    require(second.seal() && !first.seal() && read(where, in + "/two") == "second", "the first to seal wins");
    if (!threads) return;
    constexpr int racers = 4;
    std::atomic<int> winners{0};
    std::atomic<int> winner{-1};
    std::atomic<int> failures{0};
    std::vector<std::thread> race;
    for (int i = 0; i < racers; ++i)
        race.emplace_back([&, i] {
            try {
                if (add(where, in + "/own-" + std::to_string(i), bytes_like(static_cast<unsigned>(i), 50'000)) &&
                    add(where, in + "/race", std::to_string(i)))
                    ++winners, winner = i;
            } catch (std::exception const&) { ++failures; }
        });
    for (auto& one : race)
        one.join();
    require(failures == 0 && winners == 1, "one of several that race wins");
    require(read(where, in + "/race") == std::to_string(winner), "with what it wrote");
    for (int i = 0; i < racers; ++i)
        require(read(where, in + "/own-" + std::to_string(i)) == bytes_like(static_cast<unsigned>(i), 50'000),
                "and none gets in another's way");
}

void one_takes_the_place_of_another(auto const& where, std::string const& in, std::size_t big) {
    auto const replace = [&](std::string const& bytes, std::string const& aside) {
        auto out = where.create(in + "/x");
        out.write(bytes);
        return replace_object(out, aside);
    };
    require(!replace("lost", in + "/aside/none"), "what is not there cannot be replaced");
    require(!where.open(in + "/x") && where.list(in + "/aside").empty(), "and nothing is there then");
    auto const first = bytes_like(5, big);
    require(add(where, in + "/x", first), "made");
    require(replace("second", in + "/aside/1") && replace("third", in + "/aside/2"), "what is there can be replaced");
    require(read(where, in + "/x") == "third", "by what was written");
    using names = std::vector<std::string>;
    require(where.list(in + "/aside") == names{"1", "2"}, "and has another name");
    try {
        require(read(where, in + "/aside/1") == first && read(where, in + "/aside/2") == "second", "as it was");
    } catch (walmgr::error const& failure) {  // encryption binds what is stored to its name
        require(failure.kind() == walmgr::fault::corrupt, "as it was");
    }
    require(!add(where, in + "/x", "fourth") && read(where, in + "/x") == "third", "and is as safe as others are");
    try {
        replace("fifth", in + "/../x");
        require(false, "no name leads out");
    } catch (walmgr::error const& failure) {
        require(failure.kind() == walmgr::fault::usage, "it is refused as usage");
    }
    require(where.list(in) == names{"aside/", "x"}, "and nothing is left of that");
}

}  // namespace law

/// Puts a store to the test, in a folder of it where nothing is yet.
/// @throws std::runtime_error, which names the law that is broken
void keeps_the_laws(walmgr::store auto const& where, std::string const& folder, law_options const& how = {}) {
    law::an_object_is_there_once_it_is_sealed(where, folder + "/seal");
    law::what_is_not_sealed_never_was(where, folder + "/unsealed", how.big);
    law::lists_are_sorted_and_one_level_deep(where, folder + "/list", how.odd_names);
    law::a_read_gives_what_there_is(where, folder + "/read");
    law::a_big_object_comes_back(where, folder + "/big", how.big);
    law::no_name_leads_out(where);
    law::one_of_several_writers_wins(where, folder + "/race", how.threads);
    if constexpr (walmgr::replacing_writer<decltype(where.create(""))>)
        law::one_takes_the_place_of_another(where, folder + "/replace", how.big);
}

}  // namespace support
