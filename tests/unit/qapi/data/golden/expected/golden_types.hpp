// SPDX-License-Identifier: Apache-2.0
//
// The types of golden. Generated from the QAPI schema.
#pragma once

#include "protocol/qmp/qapi_types.hpp"
#include "protocol/qmp/json.hpp"

namespace iothreadd::qapi {

/// How much
enum class Level : std::uint16_t {
    low,
    v2_high,
    default_,
    extra,
};
inline constexpr std::array<std::string_view, 4> level_names{
    "low",
    "2-high",
    "default",
    "extra",
};
std::string_view to_string(Level value);
std::optional<Level> level_from_string(std::string_view name);

struct Named {
    std::string name{};
};

/// A struct with a base and members of every kind
struct Paint : Named {
    std::uint64_t amount{};
    std::optional<Level> level{};
    std::optional<std::vector<std::string>> tags{};
    std::optional<std::uint8_t> class_{};
    std::optional<bool> extra{};
    std::optional<Json> anything{};
};

struct NamedLevel : Named {
    Level level{};
};

struct PaintRatio {
    double ratio{};
};

struct Tint {
    std::string name{};
    std::variant<Case<Level::low, PaintRatio>,
                 Case<Level::v2_high>,
                 Case<Level::default_>,
                 Case<Level::extra, PaintRatio>> u{};

    Level level() const { return static_cast<Level>(u.index()); }
};

struct PaintRef {
    std::variant<std::string, Paint, std::vector<std::int64_t>, std::nullptr_t> u{};
};

struct Settings {
    std::optional<std::string> pidfile{};
    bool quiet{};
};

struct CommandLine : Settings {
    std::optional<Paint> paint{};
    std::optional<std::vector<Tint>> tint{};
};

struct PaintMixArgs {
    PaintRef first{};
    std::optional<PaintRef> second{};
};

struct GetAnythingArgs {
    std::string path{};
};

struct PaintAddedEvent {
    std::string name{};
    std::optional<Level> level{};
};

struct PaintEmptyEvent {};

struct PaintDryEvent {
    Paint data{};
};

struct TintAddedEvent {
    Tint data{};
};

} // namespace iothreadd::qapi
