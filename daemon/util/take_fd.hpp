// SPDX-License-Identifier: Apache-2.0
//
// TakeFd: where a descriptor with a name comes from: the program inherited it, or a client sent it.
//
// Thread: main thread.
#pragma once

#include "daemon/util/result.hpp"
#include "daemon/util/unique_fd.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace iothreadd {

/// Become the owner of the descriptor; nobody can take it a second time.
/// Errors: there is none of that name.
using TakeFd = std::function<Result<UniqueFd>(std::string_view)>;

/// Take a stream socket that listens, or one that is connected; it becomes non-blocking.
/// Errors: those of `take_fd`; it is something else, and closed then.
Result<UniqueFd> take_stream_socket(const TakeFd &take_fd, const std::string &name, bool listening);

} // namespace iothreadd
