// SPDX-License-Identifier: Apache-2.0
//
// Arithmetic on nanoseconds that ends at the largest number instead of overflowing. Operands are not
// negative.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <limits>

namespace iothreadd {

constexpr std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

constexpr std::int64_t saturating_multiply(std::int64_t a, std::int64_t b) {
    std::int64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? std::numeric_limits<std::int64_t>::max() : product;
}

} // namespace iothreadd
