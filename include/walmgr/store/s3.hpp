/// A store in a bucket of an object store that speaks S3. Durable is what the server has answered with success.
#pragma once

#include <walmgr/retry.hpp>
#include <walmgr/s3/find_object.hpp>
#include <walmgr/s3/session.hpp>
#include <walmgr/s3/spool.hpp>
#include <walmgr/store.hpp>
#include <walmgr/store/name.hpp>
#include <walmgr/store/replace.hpp>
#include <walmgr/store/sessions.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace walmgr {

/// Thread-safe; a reader or writer is for one thread. An object is at most 5 GiB, and is kept in a temporary file
/// until it is sealed, as the server wants to know its digest first. Without `conditional` the server is asked before
/// and after whether there is another: of two who create the same object at the very same time the later one may
/// replace the other's.
class s3_store {
public:
    /// @param where  of the kind reached_by::s3
    s3_store(location where, s3_options const& by)
        : s3_store{std::move(where), by, backoff{.longest = std::chrono::seconds{5}, .limit = by.patience}} {}
    /// `retry` says how long a request is repeated that a busy server refuses, or whose answer does not come: each is
    /// one that does no harm when it is done twice.
    template <class Retry>
    s3_store(location where, s3_options by, Retry retry) : where_{std::move(where)}, by_{std::move(by)} {
        static_assert(retry_policy<Retry>, "walmgr::s3_store: a retry policy needs pause(int failures, milliseconds "
                                           "since) const, which gives a std::optional<std::chrono::milliseconds>");
        static_cast<void>(detail::endpoint_of(by_));
        retry_.by = [retry](int failures, std::chrono::milliseconds since) { return retry.pause(failures, since); };
    }

    /// See object_writer.
    class writer {
    public:
        writer(detail::s3_lease session, location where, std::string key, bool conditional)
            : session_{std::move(session)}, where_{std::move(where)}, key_{std::move(key)}, conditional_{conditional} {}

        void write(std::string_view bytes) {
            constexpr std::uint64_t largest = std::uint64_t{5} << 30U;
            if (bytes_.size() + bytes.size() > largest)
                throw error{fault::usage,
                            session_->shown() + ": " + key_ + " has more than 5 GiB, which S3 does not take"};
            bytes_.write(bytes);
        }
        bool seal() {
            if (!conditional_ && find_object(session_, key_)) return false;
            auto const sign = some_sign();
            auto question = put(sign);
            if (conditional_) question.headers.emplace_back("if-none-match", "*");
            bool again = false;
            auto const answer = session_->ask(question, again);
            bool const taken = answer.status == 412;
            if (!taken && answer.status != 200) session_->refuse("cannot store " + key_, answer);
            if (conditional_ && !taken) return true;
            if (conditional_ && !again) return false;
            // Ours may be there from a try whose answer nobody heard, or another's in its place.
            auto const there = find_object(session_, key_);
            if (!there) throw error{fault::unavailable, session_->shown() + ": " + key_ + " was stored and is gone"};
            return there->writer == sign;
        }
        /// See replacing_writer. The server copies what has the name.
        bool replace(std::string const& aside) {
            if (!find_object(session_, key_)) return false;
            auto const second = key_in(where_, aside);
            auto const copied =
                session_->ask({.method = "PUT",
                               .key = second,
                               .headers = {{"x-amz-copy-source", s3_encoded('/' + where_.host + '/' + key_, true)}}});
            // It may answer with success before it begins, and with a failure behind that.
            if (copied.status != 200 || detail::xml_element(copied.body, "ETag").empty())
                session_->refuse("cannot copy " + key_ + " to " + second, copied);
            auto const answer = session_->ask(put(some_sign()));
            if (answer.status != 200) session_->refuse("cannot replace " + key_, answer);
            return true;
        }

    private:
        [[nodiscard]] detail::s3_question put(std::string const& sign) {
            return {.method = "PUT",
                    .key = key_,
                    .headers = {{detail::s3_sign_header, sign}},
                    .body_sha256 = hex_of(bytes_.finish()),
                    .body_size = bytes_.size(),
                    .body = [this](std::uint64_t offset, std::span<char> into) { return bytes_.read(offset, into); }};
        }
        static std::string some_sign() {
            std::uint64_t chance[2] = {};
            if (::getentropy(&chance, sizeof chance) != 0) refuse("the system gives no random numbers");
            return std::to_string(chance[0]) + '-' + std::to_string(chance[1]);
        }

        detail::s3_lease session_;
        location where_;
        std::string key_;
        bool conditional_;
        detail::spool bytes_{};
    };

    /// See object_reader. Whoever reads on where he stopped gets 8 MiB with one question.
    class reader {
    public:
        reader(detail::s3_lease session, std::string key, detail::s3_found found)
            : session_{std::move(session)}, key_{std::move(key)}, found_{std::move(found)} {}

        [[nodiscard]] std::uint64_t size() const noexcept { return found_.size; }
        std::size_t read(std::uint64_t offset, std::span<char> into) const {
            if (offset >= found_.size) return 0;
            auto const wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), found_.size - offset));
            for (std::size_t done = 0; done < wanted;) {
                auto const at = offset + done;
                if (at < begin_ || at >= begin_ + bytes_.size()) load(at, wanted - done);
                done += bytes_.copy(into.data() + done, wanted - done, static_cast<std::size_t>(at - begin_));
            }
            return wanted;
        }

    private:
        void load(std::uint64_t at, std::size_t wanted) const {
            constexpr std::uint64_t ahead = std::uint64_t{8} << 20U;
            bool const in_order = at == begin_ + bytes_.size();
            auto const length = std::min<std::uint64_t>(found_.size - at, in_order ? ahead : wanted);
            detail::s3_question question{.method = "GET",
                                         .key = key_,
                                         .headers = {{"if-match", found_.etag}},
                                         .longest = static_cast<std::size_t>(length) + 4096};
            if (length != found_.size)
                question.headers.emplace_back("range",
                                              "bytes=" + std::to_string(at) + '-' + std::to_string(at + length - 1));
            auto answer = session_->ask(question);
            if (answer.status == 412 || answer.status == 404)
                throw error{fault::unavailable, session_->shown() + ": " + key_ + " changed while it was read"};
            bool const whole = answer.status == 206 || (answer.status == 200 && length == found_.size);
            if (!whole || answer.body.size() != length) session_->refuse("cannot read " + key_, answer);
            begin_ = at;
            bytes_ = std::move(answer.body);
        }

        detail::s3_lease session_;
        std::string key_;
        detail::s3_found found_;
        mutable std::uint64_t begin_ = 0;
        mutable std::string bytes_{};
    };

    [[nodiscard]] writer create(std::string const& name) const {
        auto key = key_of(name);
        return {connect(), where_, std::move(key), by_.conditional};
    }
    [[nodiscard]] std::optional<reader> open(std::string const& name) const {
        auto const key = key_of(name);
        auto session = connect();
        auto found = detail::find_object(session, key);
        if (!found) return std::nullopt;
        return reader{std::move(session), key, std::move(*found)};
    }
    [[nodiscard]] std::vector<std::string> list(std::string const& folder) const {
        auto prefix = folder.empty() ? where_.path : key_of(folder);
        if (!prefix.empty()) prefix += '/';
        auto session = connect();
        std::vector<std::string> names;
        std::string next;
        do {
            s3_pairs query{{"delimiter", "/"}, {"list-type", "2"}, {"prefix", prefix}};
            if (!next.empty()) query.emplace_back("continuation-token", next);
            auto const answer = session->ask({.method = "GET", .query = std::move(query)});
            if (answer.status != 200) session->refuse("cannot list " + prefix, answer);
            bool more = false;
            if (!detail::is_object_list(answer.body, more))
                throw error{fault::unavailable, session->shown() + ": cannot list " + prefix +
                                                    ": what is answered is no whole list of objects; does something "
                                                    "else than an object store answer there?"};
            for (auto const& one : detail::xml_elements(answer.body, "Contents"))
                add(names, detail::xml_element(one, "Key"), prefix);
            for (auto const& one : detail::xml_elements(answer.body, "CommonPrefixes"))
                add(names, detail::xml_element(one, "Prefix"), prefix);
            next = more ? detail::xml_element(answer.body, "NextContinuationToken") : "";
            if (more && next.empty()) session->refuse("cannot list the rest of " + prefix, answer);
        } while (!next.empty());
        std::sort(names.begin(), names.end());
        return names;
    }
    bool remove(std::string const& name) const {
        auto const key = key_of(name);
        auto session = connect();
        if (!detail::find_object(session, key)) return false;
        auto const answer = session->ask({.method = "DELETE", .key = key});
        if (answer.status != 204 && answer.status != 200) session->refuse("cannot remove " + key, answer);
        return true;
    }

private:
    [[nodiscard]] detail::s3_lease connect() const {
        return detail::sessions<detail::s3_session>::take(
            sessions_, [&] { return std::make_unique<detail::s3_session>(where_, by_, retry_); });
    }
    static std::string key_in(location const& where, std::string const& name) {
        check_object_name(name);
        return where.path.empty() ? name : where.path + '/' + name;
    }
    [[nodiscard]] std::string key_of(std::string const& name) const { return key_in(where_, name); }
    static void add(std::vector<std::string>& names, std::string const& key, std::string const& prefix) {
        if (key.size() > prefix.size() && key.starts_with(prefix)) names.push_back(key.substr(prefix.size()));
    }

    location where_;
    s3_options by_;
    detail::s3_retry retry_{};
    std::shared_ptr<detail::sessions<detail::s3_session>> sessions_ =
        std::make_shared<detail::sessions<detail::s3_session>>();
};

static_assert(store<s3_store> && replacing_writer<s3_store::writer>);

}  // namespace walmgr
