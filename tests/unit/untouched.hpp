// SPDX-License-Identifier: Apache-2.0
//
// Untouched: stands where a QmpContext wants a part of the daemon that nothing under test touches. It has an
// address and nothing else.
#pragma once

#include <cstddef>

namespace iothreadd::test {

class Untouched {
public:
    template <class T>
    operator T &() {
        return reinterpret_cast<T &>(storage_);
    }

private:
    std::max_align_t storage_{};
};

} // namespace iothreadd::test
