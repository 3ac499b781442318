/// The door to libcurl: one request after the other over a connection that stays, with a deadline on silence.
#pragma once

#include <curl/curl.h>
#include <signal.h>
#include <walmgr/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr::detail {

/// What is sent.
struct http_request {
    std::string method;
    std::string url;
    std::vector<std::string> headers{};  ///< "name: value"
    std::uint64_t body_size = 0;
    std::function<std::size_t(std::uint64_t offset, std::span<char> into)> body{};  ///< empty: none is sent
};

/// What came, whatever its status is.
struct http_answer {
    long status = 0;
    std::vector<std::pair<std::string, std::string>> headers{};  ///< names in small letters
    std::string body{};

    /// Empty when it has no such header.
    [[nodiscard]] std::string header(std::string_view name) const {
        for (auto const& [one, value] : headers)
            if (one == name) return value;
        return {};
    }
};

/// Writing to a connection that was cut by TLS raises SIGPIPE, which would end the program. While this lives, it comes
/// to nothing in this thread.
class without_sigpipe {
public:
    without_sigpipe() {
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    without_sigpipe(without_sigpipe const&) = delete;
    without_sigpipe& operator=(without_sigpipe const&) = delete;
    ~without_sigpipe() {
        if (::sigismember(&before_, SIGPIPE) == 1) return;
        ::timespec const now{};
        ::sigtimedwait(&pipe_, nullptr, &now);
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    ::sigset_t pipe_{};
    ::sigset_t before_{};
};

/// Not thread-safe.
class http_client {
public:
    /// `patience`: how long nothing may come or go; `ca_file`: whose certificates are trusted, empty for the system's
    http_client(std::chrono::milliseconds patience, std::string ca_file)
        : patience_{patience}, ca_file_{std::move(ca_file)}, handle_{made()} {}

    /// At most `longest` bytes of a body are taken. @throws error  unavailable, with libcurl's own words
    http_answer ask(http_request const& request, std::size_t longest) {
        state now{request, longest, {}, 0};
        auto* const curl = handle_.get();
        ::curl_easy_reset(curl);
        char why[CURL_ERROR_SIZE] = "";
        std::unique_ptr<::curl_slist, free_list> headers;
        for (auto const& one : request.headers)
            headers.reset(::curl_slist_append(headers.release(), one.c_str()));
        auto const set = [&](::CURLoption option, auto value) { ::curl_easy_setopt(curl, option, value); };
        set(CURLOPT_ERRORBUFFER, why);
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_URL, request.url.c_str());
        set(CURLOPT_PATH_AS_IS, 1L);
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_HTTPHEADER, headers.get());
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(patience_.count()));
        set(CURLOPT_LOW_SPEED_LIMIT, 1L);
        set(CURLOPT_LOW_SPEED_TIME,
            std::max<long>(1, static_cast<long>(std::chrono::duration_cast<std::chrono::seconds>(patience_).count())));
        if (!ca_file_.empty()) set(CURLOPT_CAINFO, ca_file_.c_str());
        set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
        if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
        if (request.body) {
            set(CURLOPT_UPLOAD, 1L);
            set(CURLOPT_INFILESIZE_LARGE, static_cast<::curl_off_t>(request.body_size));
            set(CURLOPT_READFUNCTION, &http_client::give);
            set(CURLOPT_READDATA, &now);
            set(CURLOPT_SEEKFUNCTION, &http_client::seek);
            set(CURLOPT_SEEKDATA, &now);
        }
        set(CURLOPT_WRITEFUNCTION, &http_client::take);
        set(CURLOPT_WRITEDATA, &now);
        set(CURLOPT_HEADERFUNCTION, &http_client::take_header);
        set(CURLOPT_HEADERDATA, &now);
        without_sigpipe const guard;
        auto const done = ::curl_easy_perform(curl);
        if (done != CURLE_OK)
            throw error{fault::unavailable, *why != '\0' ? std::string{why} : ::curl_easy_strerror(done)};
        ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &now.answer.status);
        return std::move(now.answer);
    }

private:
    struct state {
        http_request const& request;
        std::size_t longest;
        http_answer answer;
        std::uint64_t sent;
    };
    struct free_handle {
        void operator()(::CURL* handle) const { ::curl_easy_cleanup(handle); }
    };
    struct free_list {
        void operator()(::curl_slist* list) const { ::curl_slist_free_all(list); }
    };

    static ::CURL* made() {
        static bool const ready = ::curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
        auto* const handle = ready ? ::curl_easy_init() : nullptr;
        if (handle == nullptr) throw error{fault::unavailable, "libcurl cannot be used: no memory"};
        return handle;
    }

    // Called by C, which no exception may pass.
    static std::size_t give(char* into, std::size_t size, std::size_t count, void* data) noexcept {
        auto& now = *static_cast<state*>(data);
        try {
            auto const left =
                static_cast<std::size_t>(std::min<std::uint64_t>(size * count, now.request.body_size - now.sent));
            auto const given = now.request.body(now.sent, {into, left});
            now.sent += given;
            return given;
        } catch (...) { return CURL_READFUNC_ABORT; }
    }
    static int seek(void* data, ::curl_off_t offset, int origin) noexcept {
        if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_FAIL;
        static_cast<state*>(data)->sent = static_cast<std::uint64_t>(offset);
        return CURL_SEEKFUNC_OK;
    }
    static std::size_t take(char* bytes, std::size_t size, std::size_t count, void* data) noexcept {
        auto& now = *static_cast<state*>(data);
        if (now.answer.body.size() + size * count > now.longest) return 0;
        try {
            now.answer.body.append(bytes, size * count);
            return size * count;
        } catch (...) { return 0; }
    }
    static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* data) noexcept {
        auto& now = *static_cast<state*>(data);
        std::string_view line{bytes, size * count};
        try {
            if (line.starts_with("HTTP/")) now.answer.headers.clear();  // an interim answer came before
            auto const colon = line.find(':');
            if (colon == line.npos) return line.size();
            std::string name{line.substr(0, colon)};
            for (auto& c : name)
                if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
            auto value = line.substr(colon + 1);
            value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
            value = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
            now.answer.headers.emplace_back(std::move(name), value);
            return line.size();
        } catch (...) { return 0; }
    }

    std::chrono::milliseconds patience_;
    std::string ca_file_;
    std::unique_ptr<::CURL, free_handle> handle_;
};

}  // namespace walmgr::detail
