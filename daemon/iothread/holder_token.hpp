// SPDX-License-Identifier: Apache-2.0
//
// HolderToken: the right to use an event loop, and the entry in its list of holders, in one: there is no
// other way to an IOThread's AioContext. Keep it in an export, device, node or monitor, never in a connection
// or a request.
//
// Life: IOThread::hold() → home() → destroyed on the main thread, after everything that ran in the loop on
// behalf of the holder has ended.
//
// Thread: main thread; context(), home() any thread.
#pragma once

#include "daemon/aio/aio_home.hpp"
#include "daemon/iothread/holder.hpp"

#include <memory>

namespace iothreadd {

class IOThread;
struct HolderEntry;

class [[nodiscard]] HolderToken {
public:
    HolderToken(HolderToken &&) noexcept;
    HolderToken &operator=(HolderToken &&) noexcept;
    /// Detaches: exactly this entry, in constant time. Never inside the IOThread itself.
    ~HolderToken();

    AioContext &context() const;
    /// The same, with the account that tells what the holder had from it.
    AioHome home() const;
    /// Null for the main loop, which cannot be deleted and so has no list of holders.
    IOThread *iothread() const;
    const Holder &holder() const;

private:
    friend class IOThread;
    friend class IOThreadPool;
    explicit HolderToken(std::unique_ptr<HolderEntry> entry);

    std::unique_ptr<HolderEntry> entry_;
};

} // namespace iothreadd
