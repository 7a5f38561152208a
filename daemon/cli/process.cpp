// SPDX-License-Identifier: Apache-2.0
#include "daemon/cli/process.hpp"

#include "daemon/cli/log_sink.hpp"

#include <spdlog/cfg/env.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>

#include <sys/resource.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <csignal>
#include <memory>

namespace iothreadd {
namespace {

constexpr char kProgram[] = "iothreadd";

void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void set_up_log(bool in_background) {
    if (in_background) {
        spdlog::set_default_logger(spdlog::syslog_logger_mt(kProgram, kProgram, LOG_PID, LOG_DAEMON));
        spdlog::set_pattern("%v");
    } else {
        spdlog::set_default_logger(
            std::make_shared<spdlog::logger>(kProgram, std::make_shared<LogSink>(STDERR_FILENO)));
        spdlog::set_pattern("%n: %l: %v");
    }
    spdlog::cfg::load_env_levels(); // SPDLOG_LEVEL=debug
}

} // namespace

void prepare_process(bool in_background) {
    raise_file_limit();
    std::signal(SIGPIPE, SIG_IGN);
    set_up_log(in_background);
}

void notify_service_manager(const char *state) { ::sd_notify(0, state); }

} // namespace iothreadd
