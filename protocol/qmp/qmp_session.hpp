// SPDX-License-Identifier: Apache-2.0
//
// QmpSession: one client's side of a QMP conversation, without its socket. Bytes go in; out come, in the
// order the protocol demands, reply lines to send and commands to run. It knows negotiation, the command
// object, ids, and which command may overtake which; what a command does is its owner's business.
//
//     session.feed(bytes);
//     while (auto step = session.next())
//         send(a reply line), or run(a command) and send(session.reply(command, result))
//
// An in-band command holds everything behind it until reply(): then call next() again. Take steps until there
// is none, and read from the client only while wants_input(): this keeps memory bounded and other clients
// unharmed.
//
// Thread: any one at a time.  Source: QMP as observed in QEMU 11.1.
#pragma once

#include "daemon/util/result.hpp"
#include "protocol/qmp/command.hpp"
#include "protocol/qmp/json.hpp"
#include "protocol/qmp/json_reader.hpp"
#include "protocol/qmp/qmp_message.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace iothreadd {

/// The capability to run commands out of band.
inline constexpr std::string_view kOobCapability = "oob";

/// A command whose envelope is in order; its arguments are not yet checked.
struct QmpCommand {
    std::size_t index = 0; ///< in the session's table of commands
    Json arguments = Json::object();
    std::optional<Json> id{};
    bool out_of_band = false; ///< run it at once; its reply may overtake others
    std::uint64_t end = 0;    ///< where it ended in what the client sent, in bytes
};

/// A line to send as it is, or a command to run.
using QmpStep = std::variant<std::string, QmpCommand>;

class QmpSession {
public:
    /// In-band steps that may wait behind the one that runs, once `oob` is enabled. Without, reading stops
    /// instead.
    static constexpr std::size_t kMaxWaiting = 8;

    struct Options {
        std::span<const CommandInfo> commands; ///< sorted by name
        std::vector<std::string_view>
            capabilities{}; ///< offered ones; only `oob` changes what the session does
        QmpStyle style = QmpStyle::compact;
        std::uint64_t max_token_bytes = JsonReader::kMaxTokenBytes; ///< of a message
        QmpVersion version{};
    };

    explicit QmpSession(Options options);

    /// What a server says first.
    std::string greeting() const;

    void feed(std::string_view bytes);
    /// What to do next, or nothing until more is fed or the running command is answered.
    std::optional<QmpStep> next();
    /// The line that answers `command`; empty if the command is not answered. Everybody's turn comes with
    /// next().
    std::string reply(const QmpCommand &command, const Result<QmpReply> &result);

    /// The work of qmp_capabilities, once its arguments were checked: leave negotiation mode.
    /// Errors: CommandNotFound if that happened before; GenericError for a capability that is not offered.
    Result<void> enable(std::span<const std::string_view> capabilities);
    bool enabled(std::string_view capability) const;
    const std::vector<std::string_view> &enabled() const { return enabled_; }
    /// Past negotiation: events may be sent.
    bool negotiated() const { return negotiated_; }

    /// Whether more bytes may be fed now. False until next() has seen what was fed, while commands wait, and
    /// when no more are expected.
    bool wants_input() const { return !finished_ && drained_ && may_read(); }
    /// The client sends no more. Complete commands are still handed out, half a one is dropped.
    void finish();
    /// Of what was fed nothing is left to hand out.
    bool handed_out() const { return waiting_.empty() && (drained_ || reader_.only_white_space_left()); }
    /// After finish(): nothing is left to hand out or to answer.
    bool done() const { return drained_ && finished_ && !running_ && waiting_.empty(); }

    /// Where the last in-band message that was read ended, as in QmpCommand.
    std::uint64_t in_band_end() const { return in_band_end_; }

    QmpStyle style() const { return options_.style; }

private:
    struct Request {
        QmpStep step;
        bool out_of_band;
    };

    bool may_read() const;
    Request check(Result<Json> &&message);
    Result<QmpCommand> look_up(Json::object_t &members, bool out_of_band) const;
    Error with_hint(Error error) const;

    Options options_;
    JsonReader reader_;
    std::deque<QmpStep> waiting_; ///< in-band, in the order of arrival
    std::vector<std::string_view> enabled_;
    bool negotiated_ = false;
    bool running_ = false; ///< an in-band command is out
    bool oob_ = false;
    bool finished_ = false;
    std::uint64_t in_band_end_ = 0;
    bool drained_ = true; ///< the reader has no complete message
};

} // namespace iothreadd
