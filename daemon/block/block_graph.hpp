// SPDX-License-Identifier: Apache-2.0
//
// BlockGraph: owns the block nodes and knows them by name.
//
// Thread: main thread.
#pragma once

#include "daemon/util/result.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace iothreadd {

class BlockNode;
class FdStore;
class IOThreadPool;

namespace qapi {
struct BlockdevOptions;
}

class BlockGraph {
public:
    /// The longest node name.
    static constexpr std::size_t kNodeNameMax = 31;

    /// `fds` has the files that others opened for us.
    BlockGraph(IOThreadPool &iothreads, FdStore &fds);
    ~BlockGraph(); ///< nobody uses a node any more
    BlockGraph(const BlockGraph &) = delete;
    BlockGraph &operator=(const BlockGraph &) = delete;

    BlockNode *find(std::string_view name) const; ///< null: there is none
    /// Errors: no name, or one that cannot be used; those of open_block_node().
    boost::asio::awaitable<Result<void>> add(qapi::BlockdevOptions options);
    Result<void> del(std::string_view name);

    /// Oldest first; whoever lists them for a client reverses it.
    const std::vector<std::unique_ptr<BlockNode>> &nodes() const { return nodes_; }

private:
    Result<void> check_name(std::string_view name) const;

    IOThreadPool &iothreads_;
    FdStore &fds_;
    std::vector<std::unique_ptr<BlockNode>> nodes_;
};

} // namespace iothreadd
