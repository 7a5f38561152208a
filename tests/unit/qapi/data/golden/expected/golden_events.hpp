// SPDX-License-Identifier: Apache-2.0
//
// The events of golden. Generated from the QAPI schema.
#pragma once

#include "golden/golden_types.hpp"

namespace iothreadd {
class EventSink;
}

namespace iothreadd::qapi {

void emit(EventSink &sink, const PaintEmptyEvent &event);
void emit(EventSink &sink, const PaintAddedEvent &event);
void emit(EventSink &sink, const PaintDryEvent &event);
void emit(EventSink &sink, const TintAddedEvent &event);

} // namespace iothreadd::qapi
