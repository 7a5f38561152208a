// SPDX-License-Identifier: Apache-2.0
//
// exception_text: what an exception says that arrives in a co_spawn handler.
//
// Thread: any.
#pragma once

#include <exception>
#include <string>

namespace iothreadd {

inline std::string exception_text(const std::exception_ptr &thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception &exception) {
        return exception.what();
    } catch (...) {
        return "unknown exception";
    }
}

} // namespace iothreadd
