// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/iothread_type.hpp"

#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "daemon/iothread/poll_rule_qapi.hpp"
#include "protocol/qmp/json.hpp"
#include "qapi/iothread_types.hpp"
#include "qapi/qom_types.hpp"

#include <algorithm>
#include <optional>

namespace iothreadd {
namespace {

/// A parameter as a property: read from the thread, changed through a copy, so that a refused value changes
/// nothing.
Property parameter_property(const IOThreadParameter &parameter) {
    return int_property(
        std::string{parameter.name},
        [&parameter](const Object &object) {
            return static_cast<const IOThread &>(object).parameters().in_force().*parameter.value;
        },
        [&parameter](Object &object, std::int64_t value) -> Result<void> {
            auto &iothread = static_cast<IOThread &>(object);
            IOThreadParameters changed = iothread.parameters();
            if (auto set = parameter.set(changed, value); !set)
                return set;
            return iothread.set_parameters(changed);
        });
}

Property poll_policy_property() {
    return {.name = "poll-policy",
            .type = "IOThreadPollPolicy",
            .get =
                [](const Object &object) {
                    const PollRule rule = static_cast<const IOThread &>(object).parameters().poll_policy;
                    return Json(std::string{to_string(to_qapi(rule))});
                },
            .set = [](Object &object, const Json &value) -> Result<void> {
                if (!value.is_string())
                    return generic_error("Invalid parameter type for 'poll-policy', expected: string");
                const auto &name = value.get_ref<const std::string &>();
                const auto policy = qapi::io_thread_poll_policy_from_string(name);
                if (!policy)
                    return generic_error("Parameter 'poll-policy' does not accept value '{}'", name);
                auto &iothread = static_cast<IOThread &>(object);
                IOThreadParameters changed = iothread.parameters();
                changed.poll_policy = from_qapi(*policy);
                return iothread.set_parameters(changed);
            }};
}

/// Errors: something else than a list of integers.
Result<CpuList> cpu_list(const Json &value) {
    const auto is_cpu = [](const Json &cpu) { return cpu.is_number_integer(); };
    if (!value.is_array() || !std::ranges::all_of(value, is_cpu))
        return generic_error("Invalid parameter type for 'cpu-affinity', expected: array of integers");
    return value.get<CpuList>();
}

Property cpu_affinity_property() {
    return {.name = "cpu-affinity",
            .type = "[int]",
            .get =
                [](const Object &object) {
                    return Json(static_cast<const IOThread &>(object).parameters().cpu_affinity);
                },
            .set = [](Object &object, const Json &value) -> Result<void> {
                auto cpus = cpu_list(value);
                if (!cpus)
                    return cpus.error();
                return static_cast<IOThread &>(object).set_cpus(std::move(*cpus));
            }};
}

bool belongs_to_event_loop_base(const IOThreadParameter &parameter) {
    return !parameter.name.starts_with("poll-") && !parameter.name.starts_with("stall-");
}

FdMonitorKind to_fd_monitor(std::optional<qapi::IOThreadFdMonitor> wanted) {
    switch (wanted.value_or(qapi::IOThreadFdMonitor::auto_)) {
    case qapi::IOThreadFdMonitor::auto_:
        return FdMonitorKind::automatic;
    case qapi::IOThreadFdMonitor::io_uring:
        return FdMonitorKind::io_uring;
    case qapi::IOThreadFdMonitor::epoll:
        return FdMonitorKind::epoll;
    }
    return FdMonitorKind::automatic;
}

std::string fd_monitor_name(FdMonitorKind kind) {
    switch (kind) {
    case FdMonitorKind::automatic:
        return "auto";
    case FdMonitorKind::io_uring:
        return "io_uring";
    case FdMonitorKind::epoll:
        return "epoll";
    }
    return "auto";
}

std::optional<std::int64_t> given_value(const qapi::IothreadProperties &given,
                                        const IOThreadParameter &parameter) {
    const std::pair<std::string_view, std::optional<std::int64_t>> values[] = {
        {"poll-max-ns", given.poll_max_ns},
        {"poll-grow", given.poll_grow},
        {"poll-shrink", given.poll_shrink},
        {"poll-weight", given.poll_weight},
        {"poll-latency-weight", given.poll_latency_weight},
        {"stall-limit-ns", given.stall_limit_ns},
        {"aio-max-batch", given.aio_max_batch},
        {"thread-pool-min", given.thread_pool_min},
        {"thread-pool-max", given.thread_pool_max},
    };
    for (const auto &[name, value] : values)
        if (name == parameter.name)
            return value;
    return std::nullopt;
}

Result<std::unique_ptr<Object>> create_iothread(const qapi::ObjectOptions &options, IOThreadPool &pool) {
    const qapi::IothreadProperties &given =
        std::get<qapi::Case<qapi::ObjectType::iothread, qapi::IothreadProperties>>(options.u);
    IOThreadParameters parameters;
    if (given.poll_policy)
        parameters.poll_policy = from_qapi(*given.poll_policy);
    parameters.cpu_affinity = given.cpu_affinity.value_or(CpuList{});
    for (const IOThreadParameter &parameter : iothread_parameter_table())
        if (const auto value = given_value(given, parameter))
            if (auto set = parameter.set(parameters, *value); !set)
                return set.error();
    std::unique_ptr<Object> made =
        std::make_unique<IOThread>(options.id, parameters, to_fd_monitor(given.fd_monitor), pool);
    return made;
}

} // namespace

void register_iothread_types(ObjectTree &tree, IOThreadPool &pool) {
    ObjectType base{
        .name = "event-loop-base", .parent = "object", .abstract = true, .interfaces = {"user-creatable"}};
    ObjectType iothread{.name = "iothread", .parent = "event-loop-base"};
    for (const IOThreadParameter &parameter : iothread_parameter_table())
        (belongs_to_event_loop_base(parameter) ? base : iothread)
            .properties.push_back(parameter_property(parameter));
    iothread.properties.push_back(poll_policy_property());
    iothread.properties.push_back(cpu_affinity_property());
    iothread.properties.push_back(string_property("fd-monitor", [](const Object &object) {
        return fd_monitor_name(static_cast<const IOThread &>(object).fd_monitor());
    }));
    tree.register_type(std::move(base));
    tree.register_type(std::move(iothread), [&pool](const qapi::ObjectOptions &options) {
        return create_iothread(options, pool);
    });
}

} // namespace iothreadd
