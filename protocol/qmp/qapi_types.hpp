// SPDX-License-Identifier: Apache-2.0
//
// What generated types are made of: Case (one alternative of a union), Box (a value that may contain its own
// type) and the tables of enum names.
//
// Thread: any; plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace iothreadd::qapi {

/// A branch without members; the arguments of a command that takes none.
struct Empty {};

/// A branch of a union: the tag makes alternatives of the same type distinct. No member of its own.
template <auto Tag, class T = Empty>
struct Case : T {};

/// Owns one T by value, though T is incomplete where the Box is a member. Never null: a new Box holds a T
/// that is made when it is first looked at, so that a type may contain itself.
template <class T>
class Box {
public:
    Box() = default;
    Box(T value) : value_(std::make_unique<T>(std::move(value))) {}
    Box(const Box &other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
    Box(Box &&other) noexcept = default;
    Box &operator=(const Box &other) {
        value_ = other.value_ ? std::make_unique<T>(*other.value_) : nullptr;
        return *this;
    }
    Box &operator=(Box &&other) noexcept = default;
    ~Box() = default;

    T &operator*() { return made(); }
    const T &operator*() const { return made(); }
    T *operator->() { return &made(); }
    const T *operator->() const { return &made(); }

private:
    T &made() const {
        if (!value_)
            value_ = std::make_unique<T>();
        return *value_;
    }

    mutable std::unique_ptr<T> value_;
};

/// The wire name of an enumerator; its value is the index.
template <class E, std::size_t N>
constexpr std::string_view enum_name(const std::array<std::string_view, N> &names, E value) {
    return names[static_cast<std::size_t>(value)];
}

/// The enumerator with a wire name, if there is one.
template <class E, std::size_t N>
constexpr std::optional<E> enum_value(const std::array<std::string_view, N> &names, std::string_view name) {
    for (std::size_t index = 0; index < N; ++index)
        if (names[index] == name)
            return static_cast<E>(index);
    return std::nullopt;
}

} // namespace iothreadd::qapi
