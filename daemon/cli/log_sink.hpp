// SPDX-License-Identifier: Apache-2.0
//
// LogSink: the log on a descriptor, mostly stderr, whose reader may be slow or gone. A line that does not fit
// at once is dropped; how many were is said in front of the next one. Logging never waits.
//
// Thread: any.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <cstdint>
#include <mutex>
#include <string_view>

namespace iothreadd {

class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    /// Longer lines are cut: so much can be written to a pipe that is ready, as a whole.
    static constexpr std::size_t kMaxLogLineBytes = 4096;

    /// `fd` stays open as long as the sink.
    explicit LogSink(int fd) : fd_(fd) {}

private:
    void sink_it_(const spdlog::details::log_msg &message) override;
    void flush_() override {}
    bool write(std::string_view line);

    const int fd_;
    std::uint64_t dropped_ = 0; ///< since the last line that was written
};

} // namespace iothreadd
