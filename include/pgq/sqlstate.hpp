/// The five characters by which PostgreSQL names a condition, and the split that retry decisions rest on.
/// Not for messages: texts are translated, codes are not.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace pgq {

/// An SQLSTATE as a value. Default-constructed: "no state", as for errors that no server reported.
/// Source: PostgreSQL documentation, appendix A.
class sqlstate {
public:
    constexpr sqlstate() = default;

    /// Anything but exactly five characters is "no state".
    constexpr explicit sqlstate(std::string_view code) {
        if (code.size() != code_.size()) return;
        for (std::size_t i = 0; i < code_.size(); ++i)
            code_[i] = code[i];
    }

    /// The code, or an empty view for "no state". Lives as long as this object.
    [[nodiscard]] constexpr std::string_view view() const {
        return code_[0] == '\0' ? std::string_view{} : std::string_view{code_.data(), code_.size()};
    }

    /// The first two characters: the class of the condition.
    [[nodiscard]] constexpr std::string_view condition_class() const { return view().substr(0, 2); }

    /// True for what may go away by itself: lost connections, rollbacks by the server (deadlock, serialization),
    /// exhausted resources, a server that starts or stops, locks not had, cancelled statements.
    [[nodiscard]] constexpr bool transient() const {
        auto const group = condition_class();
        if (group == "08" || group == "40" || group == "53" || group == "57" || group == "58") {
            return view() != "57P04";  // the database was dropped
        }
        return view() == "55P03" || view() == "55006" || view() == "25006" || view() == "25P03" || view() == "25P04";
    }

    friend constexpr bool operator==(sqlstate const&, sqlstate const&) = default;
    friend constexpr bool operator==(sqlstate const& state, std::string_view code) { return state.view() == code; }

private:
    std::array<char, 5> code_{};
};

}  // namespace pgq
