// SPDX-License-Identifier: Apache-2.0
//
// OptionInfo: what the schema says about one command-line option; one constant per option, generated.
//
// Thread: any.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace iothreadd {

/// A member that may be given in key=value form.
struct OptionMember {
    std::string_view name;
    std::string_view type; ///< int, size, bool, str, or an enum's values with | between
    bool optional = false;
    std::string_view help;
};

/// One branch of an option that takes a union, such as the object type `iothread`; its members sorted by
/// name.
struct OptionType {
    std::string_view name;
    std::span<const OptionMember> members;
};

struct OptionInfo {
    std::string_view name; ///< without the dashes
    bool takes_value = true;
    std::string_view implied_key; ///< whose value the first item is when it has no `key=`; empty: none
    std::string_view syntax;      ///< what may follow, one line per form
    std::string_view help;
    std::span<const OptionType> types; ///< sorted by name; empty unless the option takes a union
};

/// What an item `help` asks for, in lines: the members of one type that the option takes, or the types when
/// there is no such one. Empty: it takes no choice of types.
std::string option_help(const OptionInfo &option, std::string_view type);

} // namespace iothreadd
