/// Signed requests to one bucket of an object store, tried again while the server is busy. Not for users.
#pragma once

#include <sys/random.h>
#include <walmgr/file.hpp>
#include <walmgr/location.hpp>
#include <walmgr/retry.hpp>
#include <walmgr/s3/http.hpp>
#include <walmgr/s3/options.hpp>
#include <walmgr/s3/sign.hpp>
#include <walmgr/s3/xml.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace walmgr::detail {

/// The SHA-256 of no bytes.
inline constexpr std::string_view digest_of_nothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// One question. `headers` are signed as well; names in small letters.
struct s3_question {
    std::string method;
    std::string key{};  ///< empty: the bucket itself
    s3_pairs query{};
    s3_pairs headers{};
    std::string body_sha256{digest_of_nothing};
    std::uint64_t body_size = 0;
    std::function<std::size_t(std::uint64_t, std::span<char>)> body{};
    std::size_t longest = std::size_t{4} << 20U;  ///< of what is answered
};

/// A retry policy, of which only its holder knows which it is.
struct s3_retry {
    std::function<std::optional<std::chrono::milliseconds>(int, std::chrono::milliseconds)> by;

    [[nodiscard]] std::optional<std::chrono::milliseconds> pause(int failures, std::chrono::milliseconds since) const {
        return by(failures, since);
    }
};

/// Not thread-safe.
class s3_session {
public:
    s3_session(location const& where, s3_options const& by, s3_retry retry)
        : by_{by}, retry_{std::move(retry)}, shown_{to_string(where)}, bucket_{where.host}, to_{endpoint_of(by)},
          client_{by.patience, by.ca_file} {}

    [[nodiscard]] bool can_be_used() const noexcept { return true; }

    /// The answer, whatever it says, but for one of a busy server: then it is asked again, for as long as the policy
    /// says. `again` becomes true when a question may have been answered before, unheard.
    http_answer ask(s3_question const& question, bool& again) {
        for (attempts tries{retry_};;) {
            std::string failure;
            try {
                auto answer = once(question);
                if (!is_busy(answer)) return answer;
                failure = words_of(answer);
            } catch (error const& problem) { failure = problem.what(); }
            again = true;
            if (!tries.again()) throw error{fault::unavailable, shown_ + ": " + failure};
        }
    }
    http_answer ask(s3_question const& question) {
        bool again = false;
        return ask(question, again);
    }

    /// Throws what an answer means that nobody expected. `doing`: "cannot read x".
    [[noreturn]] void refuse(std::string const& doing, http_answer const& answer) const {
        auto const code = code_of(answer);
        bool const full = answer.status == 507 || code.find("Full") != code.npos || code.find("Quota") != code.npos;
        throw error{full ? fault::disk_full : fault::unavailable, shown_ + ": " + doing + ": " + words_of(answer)};
    }
    [[nodiscard]] std::string const& shown() const noexcept { return shown_; }

private:
    http_answer once(s3_question const& question) {
        s3_request asked{.method = question.method,
                         .path = (by_.path_style ? '/' + bucket_ : std::string{}) + '/' + question.key,
                         .query = question.query,
                         .headers = question.headers,
                         .body_sha256 = question.body_sha256};
        if (by_.path_style && question.key.empty()) asked.path.pop_back();
        s3_scope const scope{by_.region, now()};
        auto const host = (by_.path_style ? std::string{} : bucket_ + '.') + to_.host;
        asked.headers.emplace_back("host", host);
        asked.headers.emplace_back("x-amz-content-sha256", question.body_sha256);
        asked.headers.emplace_back("x-amz-date", scope.moment);
        if (!by_.who.session_token.empty()) asked.headers.emplace_back("x-amz-security-token", by_.who.session_token);
        auto const query = s3_query(question.query);
        http_request sent{.method = question.method,
                          .url = to_.scheme + host + s3_encoded(asked.path, true) + (query.empty() ? "" : '?' + query),
                          .body_size = question.body_size,
                          .body = question.body};
        for (auto const& [name, value] : asked.headers)
            sent.headers.push_back(name + ": " + value);
        sent.headers.push_back("authorization: " + s3_authorization(asked, by_.who, scope));
        sent.headers.emplace_back("expect:");  // no asking first
        return client_.ask(sent, question.longest);
    }

    /// What an error is called. The body of another answer is an object, whose bytes may look like anything.
    static std::string code_of(http_answer const& answer) {
        return answer.status < 300 ? std::string{} : xml_element(answer.body, "Code");
    }
    /// 409 is what a conditional request gets that met another one.
    static bool is_busy(http_answer const& answer) {
        auto const code = code_of(answer);
        return answer.status == 500 || answer.status == 502 || answer.status == 503 || answer.status == 504 ||
               answer.status == 429 || code == "ConditionalRequestConflict" || code == "RequestTimeout";
    }
    /// For people, on one line. Nothing of what we have sent is in it.
    static std::string words_of(http_answer const& answer) {
        auto const code = code_of(answer);
        auto words = "the server answers with status " + std::to_string(answer.status);
        if (!code.empty()) words += ", " + code.substr(0, 100);
        if (code == "SignatureDoesNotMatch" || code == "InvalidAccessKeyId")
            words += "; are key and secret right, and of this endpoint?";
        if (code == "AccessDenied" || answer.status == 403)
            words += "; an object that is not there is answered so where the right s3:ListBucket is missing";
        if (answer.status == 301 || answer.status == 307) words += "; is s3_region that of the bucket?";
        return words;
    }
    static std::string now() {
        std::time_t const seconds = std::time(nullptr);
        std::tm parts{};
        ::gmtime_r(&seconds, &parts);
        std::string out(16, '\0');
        std::strftime(out.data(), out.size() + 1, "%Y%m%dT%H%M%SZ", &parts);
        return out;
    }

    s3_options by_;
    s3_retry retry_;
    std::string shown_;
    std::string bucket_;
    s3_endpoint to_;
    http_client client_;
};

}  // namespace walmgr::detail
