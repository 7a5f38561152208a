// SPDX-License-Identifier: Apache-2.0
//
// Result: a value, or the reason why there is none. Whatever a peer, the operator or the kernel can refuse
// travels as a Result; its Error is what a QMP client sees, word for word.
//
// Thread: any.  Source: QMP error replies (class and desc).
#pragma once

#include <boost/system/result.hpp>
#include <fmt/format.h>

#include <concepts>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace iothreadd {

/// The error classes of QMP. GenericError unless an existing client matches on another one.
enum class ErrorClass { GenericError, CommandNotFound, DeviceNotActive, DeviceNotFound };

constexpr std::string_view to_string(ErrorClass error_class) {
    switch (error_class) {
    case ErrorClass::GenericError:
        return "GenericError";
    case ErrorClass::CommandNotFound:
        return "CommandNotFound";
    case ErrorClass::DeviceNotActive:
        return "DeviceNotActive";
    case ErrorClass::DeviceNotFound:
        return "DeviceNotFound";
    }
    return "GenericError";
}

/// Why something was refused. `desc` is one phrase without a full stop; `hint`, when there is one, helps a
/// person at a command line and is never sent over QMP.
struct Error {
    ErrorClass error_class = ErrorClass::GenericError;
    std::string desc;
    std::string hint;

    Error() = default;
    /// Not an aggregate: one could be made from a Json, which converts to an ErrorClass, and then
    /// Result<Json> could not tell its value from its error.
    Error(ErrorClass its_class, std::string its_desc, std::string its_hint = {})
        : error_class(its_class), desc(std::move(its_desc)), hint(std::move(its_hint)) {}

    bool operator==(const Error &) const = default;
};

/// For test reports.
inline std::ostream &operator<<(std::ostream &out, const Error &error) {
    return out << to_string(error.error_class) << ": " << error.desc;
}

/// What boost::system::result::value() throws on an error: only after a missing check, so a bug of ours.
[[noreturn]] inline void throw_exception_from_error(const Error &error, const boost::source_location &) {
    throw std::logic_error("unchecked error: " + error.desc);
}

template <class T>
class [[nodiscard]] Result : public boost::system::result<T, Error> {
public:
    using boost::system::result<T, Error>::result;

    /// A value of a type that converts to anything, as Json does: it is the value, never an Error.
    template <std::same_as<T> U>
        requires std::is_constructible_v<Error, U>
    Result(U value) : boost::system::result<T, Error>(boost::system::in_place_value, std::move(value)) {}
};

template <class... Args>
Error generic_error(fmt::format_string<Args...> format, Args &&...args) {
    return Error{ErrorClass::GenericError, fmt::format(format, std::forward<Args>(args)...)};
}

template <class... Args>
Error device_not_found(fmt::format_string<Args...> format, Args &&...args) {
    return Error{ErrorClass::DeviceNotFound, fmt::format(format, std::forward<Args>(args)...)};
}

} // namespace iothreadd
