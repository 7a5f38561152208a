# SPDX-License-Identifier: Apache-2.0
"""From wire names to C++ identifiers."""

from __future__ import annotations

import re
from functools import cache

_KEYWORDS = frozenset(
    """alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class
    co_await co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default
    delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline int long
    mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register
    reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch template this
    thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor
    xor_eq""".split()
)
_MACROS = frozenset(
    """unix linux i386 mips sparc major minor makedev errno h_errno assert stdin stdout stderr offsetof alloca
    d_fileno h_addr ifc_buf ifc_req ifa_broadaddr ifa_dstaddr sched_priority sigmask math_errhandling issubnormal
    strdupa strndupa va_arg va_copy va_end va_start""".split()
)
_MACRO_FAMILY = re.compile(
    r"si_[a-z0-9_]+|st_[a-z]*time|sa_handler|sa_sigaction|s6_addr[0-9]*|ifr_[a-z]+|sigev_[a-z_]+"
    r"|pthread_cleanup_[a-z_]+|[bl]e(16|32|64)toh|hto[bl]e(16|32|64)|[A-Z][A-Z0-9_]+|SYS_[a-z0-9_]+"
    r"|M_[A-Z0-9_]+[fl]?[0-9]*x?|[AP]F_DECnet|L_[a-z]+|P_tmpdir"
)
"""Members of system structures that are macros, functions that are; all capitals, and nearly all."""

_RUNTIME = frozenset(
    """AlternateClaims Awaitable Box Case CommandHandler DecodeContext DecodeError Empty Error ErrorClass EventSink
    Input Json Keyval ObjectReader ObjectWriter OptionHandler OptionInfo OptionMember OptionType Path QmpContext
    QmpReply ReplyText Result SerialisedJson""".split()
)
"""What the hand-written part calls its types."""


def _plain(name: str) -> str:
    """`name` with what C++ does not allow or reserves taken out."""
    text = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9_]", "_", name)).strip("_")
    return "v" + text if text[:1].isdigit() else text


@cache
def identifier(name: str) -> str:
    """The identifier for a member, enumerator or function called `name` on the wire."""
    text = _plain(name)
    if text in _KEYWORDS or text in _MACROS or _MACRO_FAMILY.fullmatch(text):
        text += "_"
    return text


def type_identifier(name: str) -> str:
    """The identifier for a type."""
    text = identifier(name)
    return text + "_" if text in _RUNTIME else text


def is_runtime(text: str) -> bool:
    """Whether the hand-written part has a type of this name."""
    return text in _RUNTIME


def camel(name: str) -> str:
    """`block-export-del` or `BLOCK_EXPORT_DELETED` as a type's name."""
    words = re.split(r"[^A-Za-z0-9]+", name)
    text = "".join(word[:1].upper() + (word[1:].lower() if word.isupper() else word[1:]) for word in words)
    return "V" + text if text[:1].isdigit() else text


def snake(type_name: str) -> str:
    """`IOThreadInfo` as `io_thread_info`."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", _plain(type_name))
    return re.sub(r"_+", "_", text).lower()


def module_name(module: str) -> str:
    """`sub/block-core.json` as `block_core`; the name of its generated files."""
    return re.sub(r"[^A-Za-z0-9]", "_", module.removesuffix(".json").removeprefix("./").replace("../", "")) or "_"
