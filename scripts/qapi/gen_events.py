# SPDX-License-Identifier: Apache-2.0
"""M_events.hpp and M_events.cpp: one emit() for each event. event_table.hpp and .cpp: their names."""

from __future__ import annotations

from .cpp import Cpp, CppFile, arguments_name, literal
from .model import EMPTY, Event
from .modules import Module


class EventsBackEnd:
    """Writes the emit() functions of each module that has events."""

    def __init__(self, cpp: Cpp) -> None:
        self._cpp = cpp

    def files(self) -> list[CppFile]:
        """A header and a source for each module that has events."""
        modules = [module for module in self._cpp.modules if module.events]
        emitters = [file for module in modules for file in (self._header(module), self._source(module))]
        return [*emitters, self._table_header(), self._table_source()]

    def _table_header(self) -> CppFile:
        file = CppFile("event_table.hpp", "The names of all events.", ["<span>", "<string_view>"])
        file.add("namespace iothreadd {", "", "/// All events, sorted by name.")
        file.add("std::span<const std::string_view> event_table();", "", "} // namespace iothreadd")
        return file

    def _table_source(self) -> CppFile:
        file = CppFile("event_table.cpp", "The names of all events.")
        file.includes = [f"{self._cpp.prefix}/event_table.hpp", "<array>"]
        names = sorted(event.name for module in self._cpp.modules for event in module.events)
        file.add("namespace iothreadd {", "namespace {", "")
        file.add(f"constexpr std::array<std::string_view, {len(names)}> kEvents{{{{")
        file.add(*(f"    {literal(name)}," for name in names), "}};", "", "} // namespace", "")
        file.add("std::span<const std::string_view> event_table() { return kEvents; }", "")
        file.add("} // namespace iothreadd")
        return file

    def _header(self, module: Module) -> CppFile:
        file = CppFile(f"{module.name}_events.hpp", f"The events of {module.name}.")
        file.includes = [self._cpp.include(module.name, "types")]
        file.add("namespace iothreadd {", "class EventSink;", "}", "", "namespace iothreadd::qapi {", "")
        for event in module.events:
            file.add(f"void emit(EventSink &sink, const {arguments_name('event', event.name)} &event);")
        file.add("", "} // namespace iothreadd::qapi")
        return file

    def _source(self, module: Module) -> CppFile:
        file = CppFile(f"{module.name}_events.cpp", f"The events of {module.name}.")
        file.includes = [self._cpp.include(module.name, "events")]
        file.includes += ["protocol/qmp/codec.hpp", "protocol/qmp/event_sink.hpp"]
        used = [event.arguments for event in module.events]
        file.includes += [self._cpp.include(module.name, "codec"), *self._cpp.includes(used, "codec", module.name)]
        file.add("namespace iothreadd::qapi {", "")
        for event in module.events:
            self._emit(file, event)
        file.add("} // namespace iothreadd::qapi")
        return file

    def _emit(self, file: CppFile, event: Event) -> None:
        name = arguments_name("event", event.name)
        if event.arguments is EMPTY:
            file.add(f"void emit(EventSink &sink, const {name} &) {{")
            file.add(f"    sink.emit({literal(event.name)}, std::nullopt);", "}", "")
            return
        data = "event" if event.arguments.name is None else "event.data"
        file.add(f"void emit(EventSink &sink, const {name} &event) {{")
        file.add(f"    sink.emit({literal(event.name)}, event_data(encode({data})));", "}", "")
