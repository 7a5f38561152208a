// SPDX-License-Identifier: Apache-2.0
//
// chardev_backend: the forms in which the command line describes a chardev, as the one that QMP has.
//
// Thread: any.  Source: QEMU's options -chardev and -qmp.
#pragma once

#include "daemon/util/result.hpp"

#include <string>
#include <string_view>

namespace iothreadd {

namespace qapi {
struct ChardevBackend;
struct ChardevOptions;
struct QmpOptions;
} // namespace qapi

/// The flat form of the command line as the nested form of QMP.
/// Errors: no address, or more than one.
Result<qapi::ChardevBackend> chardev_backend(const qapi::ChardevOptions &options);
/// The same for the short form, such as `unix:/run/q.sock`.
/// Errors: no such kind of device, or not all of its address.
Result<qapi::ChardevBackend> chardev_backend(const qapi::QmpOptions &options);

/// An option's value with its short flags written out: `server,nowait` is `server=on,wait=off`.
std::string with_long_flags(std::string_view value);

} // namespace iothreadd
