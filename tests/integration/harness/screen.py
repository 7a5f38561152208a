# SPDX-License-Identifier: Apache-2.0
"""What a terminal of type xterm shows: the characters in its cells. Knows as much as curses and readline use."""
import re

_SEQUENCE = re.compile(r"\x1b\[(?P<private>[?>]?)(?P<numbers>[0-9;]*)(?P<final>[@-~])|\x1b[()](?P<set>.)|"
                       r"\x1b(?P<one>[=>78MDEc])")


class Screen:
    """A grid of characters and a cursor; `feed()` moves both."""

    def __init__(self, rows: int, columns: int):
        self._rest = ""
        self.lines: list[list[str]] = []
        self.row = self.column = 0
        self.resize(rows, columns)
        self._saved = (0, 0)

    def resize(self, rows: int, columns: int) -> None:
        """Another size; what fits stays where it is."""
        self.rows, self.columns = rows, columns
        kept = [(line + [" "] * columns)[:columns] for line in self.lines[:rows]]
        self.lines = kept + [[" "] * columns for _ in range(rows - len(kept))]
        self._top, self._bottom = 0, rows - 1
        self.row, self.column = min(self.row, rows - 1), min(self.column, columns)

    @property
    def text(self) -> str:
        """The lines from the top, without blanks at their ends."""
        return "\n".join("".join(line).rstrip() for line in self.lines)

    def feed(self, text: str) -> None:
        """Show this."""
        text, self._rest = self._rest + text, ""
        position = 0
        while position < len(text):
            if text[position] != "\x1b":
                self._character(text[position])
                position += 1
                continue
            match = _SEQUENCE.match(text, position)
            if match is None:
                self._rest = text[position:]
                assert len(self._rest) < 20, f"unknown sequence {self._rest[:20]!r}"
                return
            position = match.end()
            if match["final"]:
                if not match["private"]:
                    self._control(match["final"], [int(number or 0) for number in match["numbers"].split(";")])
                elif match["final"] == "h" and match["numbers"] == "1049":
                    self._erase(0, self.rows * self.columns)
            elif match["one"]:
                self._single(match["one"])

    def _character(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self._index()
        elif character == "\b":
            self.column = max(0, min(self.column, self.columns - 1) - 1)
        elif character == "\t":
            self.column = min(self.columns - 1, self.column // 8 * 8 + 8)
        elif character >= " ":
            if self.column >= self.columns:
                self.column = 0
                self._index()
            self.lines[self.row][self.column] = self._last = character
            self.column += 1

    def _index(self) -> None:
        if self.row == self._bottom:
            self._delete_lines(self._top, 1)
        else:
            self.row = min(self.rows - 1, self.row + 1)

    def _single(self, letter: str) -> None:
        if letter == "7":
            self._saved = self.row, self.column
        elif letter == "8":
            self.row, self.column = self._saved
        elif letter in "DE":
            self._index()
        elif letter == "M":
            if self.row == self._top:
                self._insert_lines(self._top, 1)
            else:
                self.row -= 1

    def _control(self, final: str, numbers: list[int]) -> None:
        count = max(1, numbers[0])
        if final in "ABCDGdHf":
            self._move(final, count, max(1, numbers[1]) if len(numbers) > 1 else 1)
        elif final in "@PXKb":
            self._edit_line(final, count, numbers[0])
        elif final == "J":
            here = self.row * self.columns + self.column
            self._erase(here if numbers[0] == 0 else 0, here + 1 if numbers[0] == 1 else self.rows * self.columns)
        elif final in "LT":
            self._insert_lines(self.row if final == "L" else self._top, count)
        elif final in "MS":
            self._delete_lines(self.row if final == "M" else self._top, count)
        elif final == "r":
            self._top, self._bottom = count - 1, (numbers[1] if len(numbers) > 1 and numbers[1] else self.rows) - 1
            self.row = self.column = 0
        else:
            assert final in "mhlnt", f"unknown sequence: CSI {numbers} {final}"

    def _move(self, final: str, first: int, second: int) -> None:
        row, column = self.row, min(self.column, self.columns - 1)
        row, column = {"A": (row - first, column), "B": (row + first, column), "C": (row, column + first),
                       "D": (row, column - first), "G": (row, first - 1), "d": (first - 1, column),
                       "H": (first - 1, second - 1), "f": (first - 1, second - 1)}[final]
        self.row, self.column = max(0, min(row, self.rows - 1)), max(0, min(column, self.columns - 1))

    def _edit_line(self, final: str, count: int, number: int) -> None:
        line, column = self.lines[self.row], min(self.column, self.columns - 1)
        if final == "b":
            for _ in range(count):
                self._character(self._last)
            return
        if final == "@":
            line[column:column] = [" "] * count
        elif final == "P":
            del line[column:column + count]
        elif final == "X":
            line[column:column + count] = [" "] * count
        else:
            begin, end = (column if number == 0 else 0), (column + 1 if number == 1 else self.columns)
            line[begin:end] = [" "] * (end - begin)
        self.lines[self.row] = (line + [" "] * self.columns)[:self.columns]

    def _erase(self, begin: int, end: int) -> None:
        for cell in range(begin, min(end, self.rows * self.columns)):
            self.lines[cell // self.columns][cell % self.columns] = " "

    def _insert_lines(self, at: int, count: int) -> None:
        for _ in range(min(count, self._bottom - at + 1)):
            del self.lines[self._bottom]
            self.lines.insert(at, [" "] * self.columns)

    def _delete_lines(self, at: int, count: int) -> None:
        for _ in range(min(count, self._bottom - at + 1)):
            del self.lines[at]
            self.lines.insert(self._bottom, [" "] * self.columns)
