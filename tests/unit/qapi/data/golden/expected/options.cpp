// SPDX-License-Identifier: Apache-2.0
//
// The command-line options. Generated from the QAPI schema.

#include "golden/options.hpp"
#include "protocol/qmp/codec.hpp"
#include "protocol/qmp/keyval.hpp"
#include "golden/golden_codec.hpp"

#include <array>

namespace iothreadd {
namespace {

constexpr std::array<OptionMember, 1> k_tint_0_members{{
    {"ratio", "number", false, ""},
}};

constexpr std::array<OptionMember, 1> k_tint_1_members{{
    {"ratio", "number", false, ""},
}};

constexpr std::array<OptionMember, 0> k_tint_2_members{{
}};

constexpr std::array<OptionMember, 0> k_tint_3_members{{
}};

constexpr std::array<OptionType, 4> k_tint_types{{
    {"2-high", k_tint_2_members},
    {"default", k_tint_3_members},
    {"extra", k_tint_1_members},
    {"low", k_tint_0_members},
}};

constexpr std::array<OptionInfo, 4> kOptions{{
    {"paint", true, "name",
     "[name=]NAME,amount=SIZE[,level=low|2-high|default|extra][,tags.0=TAGS...][,class=N][,extra=on|off][,anything=N]",
     "add a Paint", {}},
    {"tint", true, "name",
     "[name=]NAME,level=low,ratio=N\n[name=]NAME,level=extra,ratio=N\n[name=]NAME,level=2-high\n[name=]NAME,level=default",
     "add a Tint, as often as there is one", k_tint_types},
    {"pidfile", true, "",
     "PIDFILE",
     "where to write the process id", {}},
    {"quiet", false, "",
     "",
     "say less", {}},
}};

} // namespace

std::span<const OptionInfo> option_table() { return kOptions; }

bool set_option(qapi::Settings &settings, std::string_view name, std::string_view value) {
    if (name == "pidfile") {
        settings.pidfile = std::string(value);
        return true;
    }
    if (name == "quiet") {
        settings.quiet = true;
        return true;
    }
    return false;
}

Result<void> apply_option(OptionHandler &handler, std::string_view name, std::string_view value) {
    if (name == "paint")
        return qapi::apply_structured<qapi::Paint>(
            kOptions[0], value,
            [&](const auto &options) { return handler.paint(options); },
            [&](const OptionInfo &option, std::string_view type) {
                return handler.help(option, type);
            });
    if (name == "tint")
        return qapi::apply_structured<qapi::Tint>(
            kOptions[1], value,
            [&](const auto &options) { return handler.tint(options); },
            [&](const OptionInfo &option, std::string_view type) {
                return handler.help(option, type);
            });
    return generic_error("unknown option '--{}'", name);
}

} // namespace iothreadd
