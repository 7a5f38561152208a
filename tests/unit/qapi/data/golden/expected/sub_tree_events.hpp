// SPDX-License-Identifier: Apache-2.0
//
// The events of sub_tree. Generated from the QAPI schema.
#pragma once

#include "golden/sub_tree_types.hpp"

namespace iothreadd {
class EventSink;
}

namespace iothreadd::qapi {

void emit(EventSink &sink, const NodeAddedEvent &event);

} // namespace iothreadd::qapi
