// SPDX-License-Identifier: Apache-2.0
//
// TestContext: a QmpContext for commands that touch little of it. The parts of the daemon that no command of
// a test touches have an address and nothing else.
#pragma once

#include "daemon/qom/object_tree.hpp"
#include "daemon/util/qmp_context.hpp"
#include "daemon/util/shutdown_request.hpp"
#include "protocol/qmp/event_sink.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace iothreadd::test {

class TestContext : public EventSink, public ShutdownRequest {
public:
    void emit(std::string_view name, std::optional<Json>) override { events.emplace_back(name); }
    void request(std::string_view reason) override { reasons.emplace_back(reason); }

    std::vector<std::string> events;
    std::vector<std::string> reasons;

private:
    template <class T>
    T &untouched() {
        return reinterpret_cast<T &>(nothing_);
    }

    std::max_align_t nothing_{};
    ObjectTree tree_;

public:
    QmpContext context{
        tree_,  untouched<IOThreadPool>(), untouched<BlockGraph>(), untouched<ExportRegistry>(), *this, *this,
        nullptr};
};

} // namespace iothreadd::test
