// SPDX-License-Identifier: Apache-2.0
//
// QmpPeer: a server of a few commands around a QmpSession, as an owner would be: it runs what the session
// hands out, and keeps what it would have sent.
#pragma once

#include "protocol/qmp/qmp_session.hpp"

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace iothreadd::test {

inline constexpr std::array<CommandInfo, 8> kCommands{{
    {"block", 0}, // waits until finish_blocked()
    {"fail", 0},
    {"object-add", 0},
    {"oob-block", kAllowOob},
    {"oob-echo", kAllowOob},
    {"qmp_capabilities", kAllowPreconfig},
    {"query-version", 0},
    {"silent", kNoSuccessResponse},
}};

class QmpPeer {
public:
    explicit QmpPeer(std::vector<std::string_view> capabilities = {"oob"}, QmpStyle style = QmpStyle::compact)
        : session({.commands = kCommands, .capabilities = std::move(capabilities), .style = style}) {}

    /// Feed, run what can run, and tell what is to be sent for it: lines without their ends.
    std::vector<std::string> talk(std::string_view bytes) {
        session.feed(bytes);
        return run();
    }

    std::vector<std::string> run() {
        std::vector<std::string> lines;
        while (auto step = session.next())
            send(lines, take(std::move(*step)));
        return lines;
    }

    /// The blocked command ends, and what waited for it comes.
    std::vector<std::string> finish_blocked() {
        std::vector<std::string> lines;
        auto command = std::move(blocked.front());
        blocked.erase(blocked.begin());
        send(lines, session.reply(command, QmpReply{Json("unblocked")}));
        for (auto &line : run())
            lines.push_back(std::move(line));
        return lines;
    }

    QmpSession session;
    std::vector<QmpCommand> blocked;
    std::vector<std::string> executed; ///< names, in order

private:
    static void send(std::vector<std::string> &lines, std::string line) {
        if (line.empty())
            return;
        REQUIRE(line.ends_with("\r\n"));
        line.resize(line.size() - 2);
        lines.push_back(std::move(line));
    }

    std::string take(QmpStep step) {
        if (auto *line = std::get_if<std::string>(&step))
            return std::move(*line);
        auto &command = std::get<QmpCommand>(step);
        const std::string_view name = kCommands.at(command.index).name;
        executed.emplace_back(name);
        if (name == "block" || name == "oob-block") {
            blocked.push_back(std::move(command));
            return {};
        }
        return session.reply(command, execute(name, command.arguments));
    }

    Result<QmpReply> execute(std::string_view name, const Json &arguments) {
        if (name == "fail")
            return device_not_found("Device '{}' not found", "x");
        if (name == "oob-echo")
            return QmpReply{arguments};
        if (name == "query-version")
            return QmpReply{SerialisedJson{R"({"b": 1, "a": []})"}};
        if (name == "qmp_capabilities")
            return negotiate(arguments);
        return QmpReply{Json::object()};
    }

    /// What generated decoding and the handler do together.
    Result<QmpReply> negotiate(const Json &arguments) {
        std::vector<std::string_view> wanted;
        if (const auto enable = arguments.find("enable"); enable != arguments.end()) {
            if (!enable->is_array())
                return generic_error("Invalid parameter type for 'enable', expected: array");
            for (const auto &name : *enable)
                wanted.push_back(name.get_ref<const std::string &>());
        }
        if (auto enabled = session.enable(wanted); !enabled.has_value())
            return enabled.error();
        return QmpReply{Json::object()};
    }
};

} // namespace iothreadd::test
