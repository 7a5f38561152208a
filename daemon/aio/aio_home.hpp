// SPDX-License-Identifier: Apache-2.0
//
// AioHome: where something runs, and who pays for it: an event loop and an account there.
//
// Thread: any (a value).  Lifetime: of what it names.
#pragma once

#include "daemon/aio/aio_context.hpp"

#include <utility>

namespace iothreadd {

struct AioHome {
    AioContext &context;
    AioAccount *account; ///< null: the loop's own

    AioHome(AioContext &the_context, AioAccount *the_account = nullptr)
        : context(the_context), account(the_account) {}

    /// AioContext::post(), charged to the account.
    template <class F>
    void post(F &&fn) const {
        if (account != nullptr)
            context.post_for(*account, std::forward<F>(fn));
        else
            context.post(std::forward<F>(fn));
    }
};

} // namespace iothreadd
