// SPDX-License-Identifier: Apache-2.0
//
// The command-line options. Generated from the QAPI schema.
#pragma once

#include "daemon/util/result.hpp"
#include "protocol/qmp/option.hpp"
#include "golden/golden_types.hpp"

#include <span>
#include <string_view>

namespace iothreadd {

/// What each step does; the daemon implements it. Called in the order of the command line.
class OptionHandler {
public:
    virtual ~OptionHandler() = default;
    virtual Result<void> paint(const qapi::Paint &options) = 0;
    virtual Result<void> tint(const qapi::Tint &options) = 0;
    /// The value has an item `help` or `?`; `type` is what was given for the implied key, or empty.
    virtual Result<void> help(const OptionInfo &option, std::string_view type) = 0;
};

/// All options: the steps in the order of the schema, then the settings.
std::span<const OptionInfo> option_table();
/// Store a setting; false when `name` is none.
bool set_option(qapi::Settings &settings, std::string_view name, std::string_view value);
/// Decode the value of a step and hand it to `handler`. Names are without dashes.
Result<void> apply_option(OptionHandler &handler, std::string_view name, std::string_view value);

} // namespace iothreadd
