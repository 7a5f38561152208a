// SPDX-License-Identifier: Apache-2.0
#include "daemon/monitor/pending_fds.hpp"

#include <utility>

namespace iothreadd {

void PendingFds::add(std::uint64_t begin, UniqueFd fd, std::uint64_t commands_end) {
    if (!chunks_.empty() && commands_end <= chunks_.back().begin)
        chunks_.pop_back(); // no command ended in between: nobody will prefer it to this one
    if (chunks_.size() == kMaxPendingFds)
        chunks_.erase(chunks_.begin());
    chunks_.push_back({begin, std::move(fd)});
}

UniqueFd PendingFds::take(std::uint64_t command_end) {
    command_over(command_end);
    if (chunks_.empty() || chunks_.front().begin >= command_end)
        return {};
    UniqueFd fd = std::move(chunks_.front().fd);
    chunks_.erase(chunks_.begin());
    return fd;
}

void PendingFds::command_over(std::uint64_t command_end) {
    while (chunks_.size() > 1 && chunks_[1].begin < command_end)
        chunks_.erase(chunks_.begin());
}

} // namespace iothreadd
