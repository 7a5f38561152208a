// SPDX-License-Identifier: Apache-2.0
#include "daemon/aio/aio_handler.hpp"

#include "daemon/aio/aio_context.hpp"

#include <cassert>

namespace iothreadd {

AioHandler::~AioHandler() { assert(context_ == nullptr); }

void AioHandler::set_events(std::uint32_t events) {
    if (events == events_)
        return;
    events_ = events;
    if (context_ != nullptr)
        context_->change(*this);
}

} // namespace iothreadd
