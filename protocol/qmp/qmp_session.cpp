// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/qmp_session.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace iothreadd {

namespace {

constexpr std::string_view kNegotiate = "qmp_capabilities";

/// What somebody who tries `help` or a web browser on the socket should know.
constexpr std::string_view kHint =
    R"( (this is a QMP socket: it expects JSON, first {"execute": "qmp_capabilities"}))";

Error command_not_found(std::string text) { return Error{ErrorClass::CommandNotFound, std::move(text)}; }

const Json *find(const Json::object_t &members, std::string_view name) {
    const auto member = members.find(name);
    return member == members.end() ? nullptr : &member->second;
}

/// The checks that need no table: names and types of the members.
Result<void> check_envelope(const Json::object_t &members, bool oob_enabled) {
    for (const auto &[name, value] : members) {
        const bool known = name == "execute" || name == "arguments" || name == "id";
        if (!known && !(oob_enabled && name == "exec-oob"))
            return generic_error("QMP input member '{}' is unexpected", name);
    }
    const Json *const execute = find(members, "execute");
    const Json *const exec_oob = find(members, "exec-oob");
    const Json *const arguments = find(members, "arguments");
    if (execute && !execute->is_string())
        return generic_error("QMP input member 'execute' must be a string");
    if (exec_oob && !exec_oob->is_string())
        return generic_error("QMP input member 'exec-oob' must be a string");
    if (arguments && !arguments->is_object())
        return generic_error("QMP input member 'arguments' must be an object");
    if (execute && exec_oob)
        return generic_error("QMP input member 'execute' clashes with 'exec-oob'");
    if (!execute && !exec_oob)
        return generic_error("QMP input lacks member 'execute'");
    return {};
}

} // namespace

QmpSession::QmpSession(Options options) : options_(std::move(options)), reader_(options_.max_token_bytes) {
    assert(std::ranges::is_sorted(options_.commands, {}, &CommandInfo::name));
}

std::string QmpSession::greeting() const {
    return qmp_greeting_line(options_.version, options_.capabilities, options_.style);
}

void QmpSession::feed(std::string_view bytes) {
    assert(!finished_);
    reader_.feed(bytes);
    drained_ = false;
}

void QmpSession::finish() { finished_ = true; }

bool QmpSession::may_read() const {
    return oob_ ? waiting_.size() < kMaxWaiting : !running_ && waiting_.empty();
}

std::optional<QmpStep> QmpSession::next() {
    while (may_read()) {
        auto message = reader_.next();
        if (!message) {
            drained_ = true;
            if (finished_)
                reader_ = JsonReader{options_.max_token_bytes};
            break;
        }
        Request request = check(std::move(*message));
        if (request.out_of_band)
            return std::move(request.step);
        waiting_.push_back(std::move(request.step));
        in_band_end_ = reader_.position();
    }
    if (running_ || waiting_.empty())
        return std::nullopt;
    QmpStep step = std::move(waiting_.front());
    waiting_.pop_front();
    running_ = std::holds_alternative<QmpCommand>(step);
    return step;
}

QmpSession::Request QmpSession::check(Result<Json> &&message) {
    if (!message.has_value())
        return {qmp_error_line(with_hint(message.error()), std::nullopt, options_.style), false};
    if (!message->is_object())
        return {
            qmp_error_line(generic_error("QMP input must be a JSON object"), std::nullopt, options_.style),
            false};

    auto &members = message->get_ref<Json::object_t &>();
    std::optional<Json> id;
    if (const auto member = members.find("id"); member != members.end())
        id = std::move(member->second);
    const bool out_of_band = oob_ && members.contains("exec-oob") && !members.contains("execute");
    auto command = look_up(members, out_of_band);
    if (!command.has_value())
        return {qmp_error_line(command.error(), id, options_.style), out_of_band};
    command->id = std::move(id);
    command->end = reader_.position();
    return {std::move(*command), out_of_band};
}

/// The command that a message asks for. Takes its arguments out of `members`.
Result<QmpCommand> QmpSession::look_up(Json::object_t &members, bool out_of_band) const {
    if (auto fine = check_envelope(members, oob_); !fine.has_value())
        return fine.error();
    const auto &name = find(members, out_of_band ? "exec-oob" : "execute")->get_ref<const std::string &>();
    if (!negotiated_ && name != kNegotiate)
        return command_not_found("Expecting capabilities negotiation with 'qmp_capabilities'");
    const auto info =
        std::ranges::lower_bound(options_.commands, std::string_view{name}, {}, &CommandInfo::name);
    if (info == options_.commands.end() || info->name != name)
        return command_not_found(fmt::format("The command {} has not been found", name));
    if (out_of_band && (info->flags & kAllowOob) == 0)
        return generic_error("The command {} does not support OOB", name);

    QmpCommand command;
    command.index = static_cast<std::size_t>(info - options_.commands.begin());
    command.out_of_band = out_of_band;
    if (const auto arguments = members.find("arguments"); arguments != members.end())
        command.arguments = std::move(arguments->second);
    return command;
}

/// An error at the very first byte of a client says a little more.
Error QmpSession::with_hint(Error error) const {
    if (!negotiated_ && error.desc.starts_with("1:1: JSON parse error"))
        error.desc += kHint;
    return error;
}

std::string QmpSession::reply(const QmpCommand &command, const Result<QmpReply> &result) {
    if (!command.out_of_band) {
        assert(running_);
        running_ = false;
    }
    if (!result.has_value())
        return qmp_error_line(result.error(), command.id, options_.style);
    if ((options_.commands[command.index].flags & kNoSuccessResponse) != 0)
        return {};
    return qmp_return_line(*result, command.id, options_.style);
}

Result<void> QmpSession::enable(std::span<const std::string_view> capabilities) {
    if (negotiated_)
        return command_not_found("Capabilities negotiation is already complete, command ignored");
    std::vector<std::string_view> accepted;
    for (const std::string_view name : capabilities) {
        const auto offered = std::ranges::find(options_.capabilities, name);
        if (offered == options_.capabilities.end())
            return generic_error("Capability {} not available", name);
        accepted.push_back(*offered);
    }
    enabled_ = std::move(accepted);
    negotiated_ = true;
    oob_ = enabled(kOobCapability);
    return {};
}

bool QmpSession::enabled(std::string_view capability) const {
    return std::ranges::find(enabled_, capability) != enabled_.end();
}

} // namespace iothreadd
