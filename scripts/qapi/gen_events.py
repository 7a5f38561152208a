# SPDX-License-Identifier: Apache-2.0
"""M_events.hpp and M_events.cpp: one emit() for each event."""

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
        return [file for module in modules for file in (self._header(module), self._source(module))]

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
