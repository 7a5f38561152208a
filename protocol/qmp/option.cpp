// SPDX-License-Identifier: Apache-2.0
#include "protocol/qmp/option.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace iothreadd {

std::string option_help(const OptionInfo &option, std::string_view type) {
    if (option.types.empty())
        return {};
    std::string text;
    const auto found = std::ranges::find(option.types, type, &OptionType::name);
    if (found == option.types.end()) {
        text = option.name == "object" ? "List of user creatable objects:\n" : "List of types:\n";
        for (const OptionType &entry : option.types)
            text += fmt::format("  {}\n", entry.name);
        return text;
    }
    text = fmt::format("{} options:\n", found->name);
    for (const OptionMember &member : found->members)
        text += fmt::format("  {}=<{}>{} - {}\n", member.name, member.type,
                            member.optional ? "" : " (required)", member.help);
    return text;
}

} // namespace iothreadd
