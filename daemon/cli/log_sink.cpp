// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/log_sink.hpp"

#include <fmt/format.h>

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace iothreadd {

void LogSink::sink_it_(const spdlog::details::log_msg &message) {
    spdlog::memory_buf_t line;
    if (dropped_ > 0)
        fmt::format_to(std::back_inserter(line), "({} lines of the log are missing here)\n", dropped_);
    formatter_->format(message, line);
    if (line.size() > kMaxLogLineBytes) {
        line.resize(kMaxLogLineBytes);
        line[kMaxLogLineBytes - 1] = '\n';
    }
    if (write({line.data(), line.size()}))
        dropped_ = 0;
    else
        ++dropped_;
}

/// False when nobody reads what was written before.
bool LogSink::write(std::string_view line) {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) == 0)
        return true; // an error or a hang-up: there is nobody to miss it
    if ((ready.revents & POLLOUT) == 0)
        return false;
    return ::write(fd_, line.data(), line.size()) >= 0 || errno != EAGAIN;
}

} // namespace iothreadd
