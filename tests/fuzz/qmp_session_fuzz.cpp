// SPDX-License-Identifier: Apache-2.0
//
// QmpSession: a whole conversation with a client that sends anything, and an owner that takes its time.
//
// Input: directions, then what the client sends. The directions are followed again and again until all is
// sent: a letter feeds some bytes (see fuzz_check.hpp), a digit answers one of the commands that wait for it,
// `.` is the client's half-close. `!` in front: no capability is offered; `=`: the pretty style.
//
// A second JsonReader is told the same bytes; its messages are what has to be answered.
#include "protocol/qmp/json_reader.hpp"
#include "protocol/qmp/json_writer.hpp"
#include "protocol/qmp/qmp_session.hpp"

#include "fuzz_check.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

using namespace iothreadd;
using fuzz::check;

namespace {

constexpr std::array<CommandInfo, 9> kCommands{{
    {"block", kCoroutine}, // these two wait until a digit answers them
    {"block-oob", kAllowOob | kCoroutine},
    {"echo", kUnstable},
    {"echo-oob", kAllowOob | kAllowPreconfig},
    {"fail", kDeprecated},
    {"qmp_capabilities", kAllowPreconfig},
    {"silent", kNoSuccessResponse},
    {"silent-oob", kAllowOob | kNoSuccessResponse},
    {"text", 0},
}};

constexpr std::string_view kNoId = "none";

std::string id_text(const Json *id) {
    std::string text;
    if (id)
        write_json(text, *id);
    else
        text = kNoId;
    return text;
}

const Json *member(const Json &object, const char *name) {
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

/// What the client said, in the eyes of the second reader.
struct Message {
    std::string id{kNoId};
    std::string execute{};
};

Message describe(const Result<Json> &message) {
    if (!message.has_value() || !message->is_object())
        return {};
    const Json *execute = member(*message, "execute");
    return {id_text(member(*message, "id")),
            execute && execute->is_string() ? execute->get<std::string>() : std::string{}};
}

/// One line of a server, its end included: valid JSON, and either of the two replies.
Json parse_reply(std::string_view line, QmpStyle style) {
    check(line.ends_with(kQmpLineEnd), "a reply ends in CR LF", line);
    const std::string_view text = line.substr(0, line.size() - kQmpLineEnd.size());
    check(style == QmpStyle::pretty || text.find_first_of("\r\n") == std::string_view::npos,
          "a reply is one line", line);
    check(Json::accept(text), "a reply is JSON", line);
    JsonReader reader;
    reader.feed(text);
    auto message = reader.next();
    check(message && message->has_value() && (*message)->is_object() && !reader.next(),
          "a reply is one object", line);
    return std::move(**message);
}

void check_members(const Json &reply, std::string_view line) {
    const Json *const error = member(reply, "error");
    check(error != member(reply, "return"), "a reply is a return or an error", line);
    check(reply.size() == (reply.contains("id") ? 2U : 1U), "a reply has nothing else", line);
    if (!error)
        return;
    check(!reply.contains("return") && error->is_object() && error->size() == 2, "an error has two members",
          line);
    const Json *const error_class = member(*error, "class");
    check(error_class && (*error_class == "GenericError" || *error_class == "CommandNotFound" ||
                          *error_class == "DeviceNotFound"),
          "an error has a class", line);
    check(member(*error, "desc") && (*error)["desc"].is_string(), "an error has a text", line);
}

/// The owner of a session, and the judge of what it does.
class Conversation {
public:
    Conversation(bool offers, QmpStyle style)
        : session_({.commands = kCommands, .capabilities = offered(offers), .style = style}) {}

    bool wants_input() const { return session_.wants_input(); }

    void feed(std::string_view bytes) {
        session_.feed(bytes);
        reader_.feed(bytes);
        while (const auto message = reader_.next())
            messages_.push_back(describe(*message));
        run();
    }

    /// Answer the command at `place` among those that wait.
    void answer(std::size_t place) {
        if (held_.empty())
            return;
        const auto chosen = held_.begin() + static_cast<std::ptrdiff_t>(place % held_.size());
        const QmpCommand command = std::move(*chosen);
        held_.erase(chosen);
        if (place % 2 == 0)
            reply(command, QmpReply{command.arguments});
        else
            reply(command, device_not_found("Device '{}' not found", place));
        run();
    }

    void finish() {
        check(!session_.done(), "a client that may send is not done");
        session_.finish();
        run();
        check(!session_.wants_input(), "nothing is wanted after the end");
        while (!held_.empty())
            answer(held_.size() / 2);
        check(session_.done(), "all is answered in the end");
        check(!session_.next(), "nothing comes after the end");
        check(answered_.size() == messages_.size(), "each message has one reply");
        std::vector<std::string> asked;
        for (Message &message : messages_)
            asked.push_back(std::move(message.id));
        std::ranges::sort(asked);
        std::ranges::sort(answered_);
        check(asked == answered_, "each reply has its message's id");
    }

private:
    static std::vector<std::string_view> offered(bool offers) {
        return offers ? std::vector<std::string_view>{"oob", "event-seq"} : std::vector<std::string_view>{};
    }

    void run() {
        while (auto step = session_.next()) {
            if (const auto *line = std::get_if<std::string>(&*step))
                sent(*line);
            else
                take(std::move(std::get<QmpCommand>(*step)));
        }
        check(!session_.next(), "nothing comes without a cause");
        check_queue();
    }

    bool in_band_held() const {
        return std::ranges::any_of(held_, [](const QmpCommand &command) { return !command.out_of_band; });
    }

    /// Input is wanted if and only if there is room for what may come of it.
    void check_queue() const {
        const std::size_t waiting = messages_.size() - answered_.size() - held_.size();
        if (session_.wants_input()) {
            const bool oob = session_.enabled("oob");
            check(oob ? waiting < QmpSession::kMaxWaiting : waiting == 0, "few commands wait");
            check(oob || !in_band_held(), "one command at a time");
        } else {
            check(session_.done() || in_band_held(), "a session waits for somebody");
        }
        check(in_band_held() || waiting == 0, "a command waits for another");
    }

    void take(QmpCommand command) {
        check(command.index < kCommands.size(), "a command of the table");
        check(command.arguments.is_object(), "arguments are an object");
        const CommandInfo &info = kCommands.at(command.index);
        check(session_.negotiated() || info.name == "qmp_capabilities", "negotiation comes first");
        if (command.out_of_band) {
            check(session_.enabled("oob") && (info.flags & kAllowOob) != 0, "what may overtake");
        } else {
            check(!in_band_held(), "one command runs");
            check_order(id_text(command.id ? &*command.id : nullptr), info.name);
        }
        if (info.name.starts_with("block"))
            held_.push_back(std::move(command));
        else
            reply(command, execute(info.name, command.arguments));
    }

    /// In-band commands run in the order in which they were sent.
    void check_order(const std::string &id, std::string_view name) {
        while (next_in_band_ < messages_.size()) {
            const Message &message = messages_[next_in_band_++];
            if (message.id == id && message.execute == name)
                return;
        }
        check(false, "a command that was sent, in its turn", name);
    }

    Result<QmpReply> execute(std::string_view name, const Json &arguments) {
        if (name == "fail")
            return generic_error("{}", id_text(&arguments));
        if (name == "text")
            return QmpReply{SerialisedJson{R"([{"a": 1}, "\r\n", {}])"}};
        if (name == "qmp_capabilities")
            return negotiate(arguments);
        return QmpReply{arguments};
    }

    Result<QmpReply> negotiate(const Json &arguments) {
        std::vector<std::string_view> wanted;
        if (const Json *enable = member(arguments, "enable"); enable && enable->is_array())
            for (const Json &name : *enable)
                if (name.is_string())
                    wanted.push_back(name.get_ref<const std::string &>());
        if (auto enabled = session_.enable(wanted); !enabled.has_value())
            return enabled.error();
        return QmpReply{Json::object()};
    }

    void reply(const QmpCommand &command, const Result<QmpReply> &result) {
        const std::string line = session_.reply(command, result);
        const std::string id = id_text(command.id ? &*command.id : nullptr);
        if (line.empty()) {
            check((kCommands.at(command.index).flags & kNoSuccessResponse) != 0 && result.has_value(),
                  "a reply is due");
            answered_.push_back(id);
            return;
        }
        sent(line);
        check(answered_.back() == id, "a reply has its command's id", line);
    }

    void sent(std::string_view line) {
        const Json message = parse_reply(line, session_.style());
        check_members(message, line);
        answered_.push_back(id_text(member(message, "id")));
    }

    QmpSession session_;
    JsonReader reader_;
    std::vector<Message> messages_;
    std::size_t next_in_band_ = 0; ///< messages before it can be no in-band command that is still to come
    std::vector<QmpCommand> held_; ///< handed out, not yet answered
    std::vector<std::string> answered_; ///< the ids of all replies
};

/// Feed up to `most` bytes, if they are wanted; what is left.
std::string_view feed_some(Conversation &talk, std::string_view bytes, std::size_t most) {
    if (!talk.wants_input())
        return bytes;
    talk.feed(bytes.substr(0, most));
    return bytes.substr(std::min(most, bytes.size()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    auto [directions, bytes] = fuzz::split_input(data, size);
    const bool offers = !directions.starts_with('!');
    directions.remove_prefix(offers ? 0 : 1);
    const bool pretty = directions.starts_with('=');
    directions.remove_prefix(pretty ? 1 : 0);

    const bool feeds = std::ranges::any_of(directions, [](char step) { return step >= 'A'; });
    Conversation talk{offers, pretty ? QmpStyle::pretty : QmpStyle::compact};
    bool half_closed = false;
    while (!bytes.empty() && !half_closed) {
        for (const char step : directions) {
            if (step >= '0' && step <= '9')
                talk.answer(static_cast<std::size_t>(step - '0'));
            else if (step == '.')
                half_closed = true;
            else if (step >= 'A')
                bytes = feed_some(talk, bytes, fuzz::piece_bytes(step));
            if (half_closed)
                break;
        }
        if (!half_closed && !feeds)
            bytes = feed_some(talk, bytes, bytes.size());
        talk.answer(0); // so that it comes to an end
    }
    talk.finish();
    return 0;
}
