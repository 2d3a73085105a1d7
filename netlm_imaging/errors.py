"""Errors and notices: what was expected, what was found, where, and what to do about it.

Every refusal carries a stable code that users and scripts can rely on. An error holds one or
more faults, so that a bad input reports everything that is wrong with it at once.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import ClassVar

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories: control, format (writing direction), surrogate, line and paragraph separators."""


def printable(text: str) -> str:
    """``text`` on one line, with what could change a terminal or is no character written as an escape.

    Names of files may hold anything but a slash: escape codes, line breaks, bytes that are no text.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode() if unicodedata.category(char) in _HIDDEN else char
        for char in text
    )


def _cleaned(item: Fault | Notice) -> None:
    for name in item.__dataclass_fields__:
        object.__setattr__(item, name, printable(getattr(item, name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong. ``where`` never holds an identifying value."""

    code: str
    """Stable upper-case code, such as ``MISSING_SLICE``."""
    expected: str
    found: str
    where: str = ""
    """A series by its place in the list, a file by its name inside the input, a settings key."""
    remedy: str = ""

    def __post_init__(self) -> None:
        _cleaned(self)

    def __str__(self) -> str:
        place = f" in {self.where}" if self.where else ""
        remedy = f" {self.remedy.rstrip('.')}." if self.remedy else ""
        found = self.found.rstrip(".")
        return f"{self.code}{place}: expected {self.expected.rstrip('.')}; found {found}.{remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something the reader of the result must know although the work went on (case.json ``warnings``)."""

    code: str
    message: str
    where: str = ""

    def __post_init__(self) -> None:
        _cleaned(self)


class NetlmError(Exception):
    """Base of all expected failures. ``exit_code`` is the command line's."""

    exit_code: ClassVar[int] = 70

    def __init__(self, *faults: Fault) -> None:
        if not faults:
            raise ValueError("an error needs at least one fault")
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))

    @property
    def code(self) -> str:
        """The code of the first fault."""
        return self.faults[0].code

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of all faults, in order."""
        return tuple(fault.code for fault in self.faults)


class UsageError(NetlmError):
    """Bad command, settings or clinical facts."""

    exit_code: ClassVar[int] = 2


class InputError(NetlmError):
    """An image, a mask or a case that cannot be used."""

    exit_code: ClassVar[int] = 3


class GridMismatch(InputError):
    """Two objects met on different grids; nothing resamples silently."""


class SuvUnavailable(InputError):
    """The header does not allow a standardized uptake value; the fault says why."""


class PlanError(NetlmError):
    """No plan is possible under the limits given."""

    exit_code: ClassVar[int] = 4


class MissingExtra(UsageError):
    """An optional library is needed; the message names the extra to install."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            Fault(
                code="MISSING_EXTRA",
                expected=f"the library {library}",
                found="it is not installed",
                remedy=f"Install it with: pip install 'netlm-imaging[{extra}]'",
            )
        )
