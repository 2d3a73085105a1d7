"""Faults and notices in the words and codes of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from qtpy.QtWidgets import QTextBrowser

from netlm_imaging.errors import Fault, NetlmError, Notice

LEAST_PIXELS = 40
"""Two lines, the rest is scrolled to: a window that is full already would grow beyond the screen."""


class Messages(QTextBrowser):  # type: ignore[misc]
    """What is wrong first, then what one must know; hidden while there is nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(LEAST_PIXELS)
        self.setMaximumHeight(150)
        self.setToolTip("Errors and notices, as netlm inspect and netlm run say them")
        self._faults: tuple[str, ...] = ()
        self._notices: tuple[str, ...] = ()
        self.hide()

    def show_all(self, faults: Sequence[Fault], notices: Sequence[Notice]) -> None:
        """These and no others."""
        self._faults = tuple(str(fault) for fault in faults)
        self._notices = ()
        self.add_notices(notices)

    def show_error(self, error: NetlmError) -> None:
        """Why something was refused, above what is there."""
        self._faults = (*str(error).splitlines(), *self._faults)
        self._write()

    def add_notices(self, notices: Sequence[Notice]) -> None:
        """More of them; each stands once."""
        lines = (f"{n.code}{f' in {n.where}' if n.where else ''}: {n.message}" for n in notices)
        self._notices = tuple(dict.fromkeys((*self._notices, *lines)))
        self._write()

    def _write(self) -> None:
        faults = [f'<p style="color:#ff7b72"><b>error</b> {escape(line)}</p>' for line in self._faults]
        notices = [f"<p>{escape(line)}</p>" for line in self._notices]
        self.setHtml("".join([*faults, *notices]))
        self.setVisible(bool(faults or notices))
