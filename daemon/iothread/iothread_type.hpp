// SPDX-License-Identifier: Apache-2.0
//
// What the object tree must know of IOThreads: the types `event-loop-base` and `iothread`, and how object-add
// makes one.
//
// Thread: main thread.
#pragma once

#include "daemon/qom/object_tree.hpp"

namespace iothreadd {

class IOThreadPool;

/// Both outlive the tree's objects.
void register_iothread_types(ObjectTree &tree, IOThreadPool &pool);

} // namespace iothreadd
