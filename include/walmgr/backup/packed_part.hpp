/// Packs one part of a backup into its object.
#pragma once

#include <walmgr/backup/record.hpp>
#include <walmgr/codec.hpp>
#include <walmgr/error.hpp>
#include <walmgr/object.hpp>
#include <walmgr/store.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace walmgr {
namespace detail {

/// A writer that counts what goes through it.
template <object_writer Out> struct counting_writer {
    Out out;
    std::uint64_t bytes = 0;

    void write(std::string_view some) {
        bytes += some.size();
        out.write(some);
    }
    bool seal() { return out.seal(); }
};

}  // namespace detail

/// Without finish() nothing of it is in the store. Not thread-safe. The store must live as long, and the codec.
template <store Store, codec Codec> class packed_part {
public:
    /// `object` is its name within `folder`.
    packed_part(Store const& where, Codec const& way, std::string const& folder, std::string object)
        : name_{folder + '/' + object}, out_{where.create(name_)}, pack_{out_, way} {
        done_.object = std::move(object);
    }
    packed_part(packed_part const&) = delete;
    packed_part& operator=(packed_part const&) = delete;

    /// Raw bytes. @throws error  from the store
    void write(std::string_view raw) {
        pack_.write(raw);
        done_.raw_size += raw.size();
    }
    /// Counts a member of the tar file.
    void count_member() { ++done_.files; }
    /// In bytes that were written.
    [[nodiscard]] std::uint64_t raw_size() const noexcept { return done_.raw_size; }

    /// Makes it durable. @return its place in the backup's record
    /// @throws error  duplicate, when there is an object of that name; or from the store
    backup_part finish(origin const& from) {
        done_.sha256 = hex_of(pack_.finish(from).raw_digest);
        if (!out_.seal()) throw error{fault::duplicate, name_ + " is in the repository already"};
        done_.stored_size = out_.bytes;
        return done_;
    }

private:
    using writer = detail::counting_writer<decltype(std::declval<Store const&>().create(std::string{}))>;

    std::string name_;
    writer out_;
    object_packer<writer, Codec> pack_;
    backup_part done_{};
};

}  // namespace walmgr
