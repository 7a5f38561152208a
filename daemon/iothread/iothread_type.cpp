// SPDX-License-Identifier: Apache-2.0
#include "daemon/iothread/iothread_type.hpp"

#include "daemon/iothread/iothread.hpp"
#include "daemon/iothread/iothread_pool.hpp"
#include "qapi/iothread_types.hpp"
#include "qapi/qom_types.hpp"

#include <optional>

namespace iothreadd {
namespace {

/// A parameter as a property: read from the thread, changed through a copy, so that a refused value changes
/// nothing.
Property parameter_property(const IOThreadParameter &parameter) {
    return int_property(
        std::string{parameter.name},
        [&parameter](const Object &object) {
            return static_cast<const IOThread &>(object).parameters().*parameter.value;
        },
        [&parameter](Object &object, std::int64_t value) -> Result<void> {
            auto &iothread = static_cast<IOThread &>(object);
            IOThreadParameters changed = iothread.parameters();
            if (auto set = parameter.set(changed, value); !set)
                return set;
            return iothread.set_parameters(changed);
        });
}

bool belongs_to_event_loop_base(const IOThreadParameter &parameter) {
    return !parameter.name.starts_with("poll-");
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
        {"poll-max-ns", given.poll_max_ns},         {"poll-grow", given.poll_grow},
        {"poll-shrink", given.poll_shrink},         {"poll-weight", given.poll_weight},
        {"aio-max-batch", given.aio_max_batch},     {"thread-pool-min", given.thread_pool_min},
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
    iothread.properties.push_back(string_property("fd-monitor", [](const Object &object) {
        return fd_monitor_name(static_cast<const IOThread &>(object).fd_monitor());
    }));
    tree.register_type(std::move(base));
    tree.register_type(std::move(iothread), [&pool](const qapi::ObjectOptions &options) {
        return create_iothread(options, pool);
    });
}

} // namespace iothreadd
