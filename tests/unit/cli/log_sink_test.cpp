// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/log_sink.hpp"

#include "daemon/util/unique_fd.hpp"

#include <catch2/catch.hpp>
#include <spdlog/logger.h>

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>

using namespace iothreadd;

namespace {

struct Fixture {
    Fixture() {
        std::signal(SIGPIPE, SIG_IGN);
        int pipe[2];
        REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0); // the writing end would block
        reader = UniqueFd{pipe[0]};
        writer = UniqueFd{pipe[1]};
        logger = std::make_shared<spdlog::logger>("test", std::make_shared<LogSink>(writer.get()));
        logger->set_pattern("%v");
    }

    std::string read_all() {
        std::string text;
        char buffer[4096];
        ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
        for (ssize_t bytes = 0; (bytes = ::read(reader.get(), buffer, sizeof(buffer))) > 0;)
            text.append(buffer, static_cast<std::size_t>(bytes));
        return text;
    }

    UniqueFd reader, writer;
    std::shared_ptr<spdlog::logger> logger;
};

} // namespace

TEST_CASE_METHOD(Fixture, "LogSink: a reader who does not read misses lines, and is told how many", "[cli]") {
    const std::string line(1000, 'x');
    constexpr int kLines = 1000; // much more than a pipe holds
    for (int i = 0; i < kLines; ++i)
        logger->info(line);
    const auto got = static_cast<int>(read_all().size() / (line.size() + 1));
    CHECK(got > 0);
    CHECK(got < kLines);
    logger->info("next");
    logger->info("last");
    CHECK(read_all() == fmt::format("({} lines of the log are missing here)\nnext\nlast\n", kLines - got));
}

TEST_CASE_METHOD(Fixture, "LogSink: a reader who is gone is not waited for", "[cli]") {
    reader.reset();
    logger->info("for nobody");
    logger->info("for nobody");
}

TEST_CASE_METHOD(Fixture, "LogSink: a line that is too long is cut", "[cli]") {
    logger->info(std::string(10 * LogSink::kMaxLogLineBytes, 'x'));
    CHECK(read_all() == std::string(LogSink::kMaxLogLineBytes - 1, 'x') + "\n");
}
