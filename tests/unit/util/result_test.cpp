// SPDX-License-Identifier: Apache-2.0
#include "daemon/util/result.hpp"

#include <catch2/catch.hpp>

using namespace iothreadd;

namespace {
Result<int> half(int n) {
    if (n % 2 != 0)
        return generic_error("'{}' is odd", n);
    return n / 2;
}
} // namespace

TEST_CASE("Result: carries the value or the reason", "[util]") {
    CHECK(*half(4) == 2);
    const auto odd = half(3);
    REQUIRE(odd.has_error());
    CHECK(odd.error().error_class == ErrorClass::GenericError);
    CHECK(odd.error().desc == "'3' is odd");
}

TEST_CASE("Result: an unchecked error is a bug that says which", "[util]") {
    CHECK_THROWS_WITH(half(3).value(), "unchecked error: '3' is odd");
}

TEST_CASE("Error: class names are QMP's", "[util]") {
    CHECK(to_string(device_not_found("Device '{}' not found", "x").error_class) == "DeviceNotFound");
    CHECK(to_string(ErrorClass::CommandNotFound) == "CommandNotFound");
}
