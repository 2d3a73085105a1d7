"""Layers that are not seen at first are made while nobody does anything in the viewer."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication

from napari_netlm.desk import Desk

REST_MS, NEXT_MS = 1000, 100
"""After the last move in the picture the first is made, then one after the other."""


class UnseenLayers(QTimer):  # type: ignore[misc]
    """Each takes a fifth of a second, in which the window stands still."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.setSingleShot(True)
        self._desk: Desk | None = None
        self._drawn = False
        self.timeout.connect(self._make_one)
        for event in (viewer.dims.events.point, viewer.cursor.events.position):
            event.connect(self._wait)

    def show_desk(self, desk: Desk | None) -> None:
        """Those of this desk."""
        self._desk, self._drawn = desk, False
        self.start(0)  # comes after the first picture, however long that takes

    def _wait(self, _event: Any = None) -> None:
        if self.isActive():
            self.start(REST_MS)

    def _make_one(self) -> None:
        desk = self._desk
        if desk is None or not desk.waiting.keys:
            return
        if QApplication.mouseButtons() != Qt.MouseButton.NoButton:  # in a drag, which need not be told
            self.start(REST_MS)
            return
        if self._drawn:
            desk.make(1)
        self.start(NEXT_MS if self._drawn else REST_MS)
        self._drawn = True
