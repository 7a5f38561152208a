// SPDX-License-Identifier: Apache-2.0
//
// What the `info` commands of the human monitor print.
//
// Thread: main thread.
#pragma once

#include "daemon/util/result.hpp"

#include <string>

namespace iothreadd {

struct QmpContext;

/// `verbose`: also what they did so far.
Result<std::string> info_iothreads(QmpContext &context, bool verbose);
Result<std::string> info_block(QmpContext &context);
Result<std::string> info_block_exports(QmpContext &context);
Result<std::string> info_chardev(QmpContext &context);
Result<std::string> info_clients(QmpContext &context);
Result<std::string> info_fdsets(QmpContext &context);
Result<std::string> info_nbd_server(QmpContext &context);
Result<std::string> info_version(QmpContext &context);

} // namespace iothreadd
