# SPDX-License-Identifier: Apache-2.0
"""Line editing beside other work: GNU readline, a character at a time, driven by a select() of our own.

Python's readline module only knows how to wait for a whole line, and while it waits nothing can be printed. The library
below it has an interface for programs that wait for more than one thing; it is called through ctypes here. Completion
and history go through the module as usual.
"""

from __future__ import annotations

import ctypes
import readline
from collections.abc import Callable

_FUNCTIONS = ("rl_callback_handler_install", "rl_callback_handler_remove", "rl_callback_read_char",
              "rl_callback_sigcleanup", "rl_clear_visible_line", "rl_forced_update_display", "rl_free_line_state",
              "rl_redisplay", "rl_resize_terminal")
_LineHandler = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class LineEditor:
    """Between `start()` and the line, call `read_char()` whenever standard input can be read."""

    def __init__(self, complete: Callable[[str], list[str]], delimiters: str) -> None:
        self._library = ctypes.CDLL(getattr(readline, "__file__", None))
        for name in _FUNCTIONS: # raises AttributeError where the module stands on another library
            getattr(self._library, name).restype = None
        self._library.rl_callback_handler_install.argtypes = [ctypes.c_char_p, _LineHandler]
        self._point = ctypes.c_int.in_dll(self._library, "rl_point")
        self._end = ctypes.c_int.in_dll(self._library, "rl_end")
        self._free = ctypes.CDLL(None).free
        self._free.argtypes = [ctypes.c_void_p]
        self._handler = _LineHandler(self._finished)
        self._complete = complete
        self._candidates: list[str] = []
        self._line: str | None = None
        self._done = False
        self.active = False
        readline.set_completer(self._candidate)
        readline.set_completer_delims(delimiters)
        readline.parse_and_bind("tab: complete")

    def start(self, prompt: str) -> None:
        """Show the prompt."""
        self._done = False
        self.active = True
        self._library.rl_callback_handler_install(prompt.encode(), self._handler)

    def read_char(self) -> bool:
        """Take one character; True when the line is complete (see `line`)."""
        self._library.rl_callback_read_char()
        return self._done

    @property
    def line(self) -> str | None:
        """The line that was typed; None at the end of the input."""
        return self._line

    def erase(self) -> None:
        """Make room for other output; `redraw()` has to follow."""
        self._library.rl_clear_visible_line()

    def redraw(self) -> None:
        """Show prompt and line again, the cursor where it was."""
        self._library.rl_forced_update_display()

    def resized(self) -> None:
        """The terminal has another size now."""
        self._library.rl_resize_terminal()

    def stop(self) -> None:
        """Drop the line and give the terminal back. The cursor stays behind what was typed."""
        if self.active:
            self._point.value = self._end.value
            self._library.rl_redisplay()
            self._library.rl_free_line_state()
            self._library.rl_callback_sigcleanup()
            self._remove()

    def _remove(self) -> None:
        self.active = False
        self._library.rl_callback_handler_remove()

    def _finished(self, line: int | None) -> None:
        """Called by readline inside read_char(). The terminal goes back to normal before the command runs."""
        self._remove()
        self._done = True
        self._line = None
        if line is not None:
            self._line = ctypes.string_at(line).decode(errors="surrogateescape")
            self._free(line)

    def _candidate(self, _text: str, state: int) -> str | None:
        if state == 0:
            self._candidates = self._complete(readline.get_line_buffer()[:readline.get_endidx()])
        return self._candidates[state] if state < len(self._candidates) else None
