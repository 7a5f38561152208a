// SPDX-License-Identifier: Apache-2.0
//
// NbdNegotiation: what the server answers to each option of a client, and what the two have agreed on so far.
// Pure state: the handshake moves the bytes.
//
// Thread: main thread.  Source: NBD proto.md, "Option types"; error texts as QEMU's server.
#pragma once

#include "protocol/nbd/handshake.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd {

/// An export as a client sees it before it chose one.
struct NbdExportInfo {
    std::string name;
    std::string description;
    std::uint64_t size_bytes;
    std::uint32_t alignment_bytes; ///< requests that are multiples of it are served fastest
    bool read_only;
    std::uint64_t serial; ///< tells an export from a later one of the same name
};

/// Where a negotiation looks for exports.
class NbdDirectory {
public:
    virtual std::vector<NbdExportInfo> list() const = 0;
    virtual std::optional<NbdExportInfo> find(std::string_view name) const = 0;
    /// Several connections to one export see each other's writes.
    virtual bool offers_multi_conn() const = 0;

protected:
    ~NbdDirectory() = default;
};

/// The transmission flags of `info` for a client that negotiated `structured` replies or did not.
std::uint16_t nbd_transmission_flags(const NbdExportInfo &info, bool structured, bool multi_conn);

class NbdNegotiation {
public:
    enum class Next {
        option,       ///< another option follows
        transmission, ///< chosen() is served, once the answer is sent
        close,        ///< send the answer, then close
    };

    NbdNegotiation(const NbdDirectory &directory, nbd::ClientFlags flags)
        : directory_(directory), flags_(flags) {}

    /// Append the answer to one option to `out`.
    /// Shape: `data` is the option's data, or its beginning of nbd::kMaxInfoRequestBytes when there is more.
    Next answer(const nbd::OptionHeader &header, nbd::ConstBytes data, nbd::ByteVector &out);

    const NbdExportInfo &chosen() const { return *chosen_; }
    bool structured() const { return structured_; }

private:
    Next export_name(nbd::ConstBytes name, std::uint32_t length, nbd::ByteVector &out);
    void list(std::uint32_t length, nbd::ByteVector &out) const;
    Next info_or_go(const nbd::OptionHeader &header, nbd::ConstBytes data, nbd::ByteVector &out);
    void structured_reply(std::uint32_t length, nbd::ByteVector &out);
    std::uint16_t flags_of(const NbdExportInfo &info) const;

    const NbdDirectory &directory_;
    const nbd::ClientFlags flags_;
    bool structured_ = false;
    std::optional<NbdExportInfo> chosen_;
};

} // namespace iothreadd
