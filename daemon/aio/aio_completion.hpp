// SPDX-License-Identifier: Apache-2.0
//
// AioCompletion: one operation on the ring of an AioContext, such as a read. Its owner keeps it in place from
// submit() to complete() and may then use it again: no allocation per operation.
//
// Thread: home thread only.
#pragma once

#include "daemon/aio/intrusive.hpp"

namespace iothreadd {

class AioAccount;

class AioCompletion {
public:
    AioCompletion() = default;
    AioCompletion(const AioCompletion &) = delete;
    AioCompletion &operator=(const AioCompletion &) = delete;

    /// The operation ended with `result`: what the system call would return, or a negative errno. Never
    /// called inside submit(). The object may be destroyed or submitted again from here.
    virtual void complete(int result) = 0;

protected:
    ~AioCompletion() = default;

private:
    friend class AioContext;
    friend class FdEvents;
    int result_ = 0;
    AioAccount *account_ = nullptr; // who pays for complete()
    AutoHook hook_;
};

} // namespace iothreadd
