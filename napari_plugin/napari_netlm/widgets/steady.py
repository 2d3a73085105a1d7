"""Room for words that change at each step of a drag, without the window being laid out anew."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QFrame, QScrollArea, QSizePolicy, QWidget


class Steady(QScrollArea):  # type: ignore[misc]
    """As large as ``inner``; while that changes it grows where it must, and shrinks at the next ``fit``.

    A label that changes asks all that it stands in, up to the window, for another size. Here that ends.
    """

    def __init__(self, inner: QWidget) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        for hide in (self.setHorizontalScrollBarPolicy, self.setVerticalScrollBarPolicy):
            hide(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setWidget(inner)

    def fit(self) -> None:
        """Just as large as what it holds."""
        self.setMinimumWidth(self.widget().minimumSizeHint().width())
        self.setFixedHeight(self._needed())

    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802 Qt's name
        """What is inside has changed, or has another width."""
        done = bool(super().eventFilter(watched, event))
        if watched is self.widget() and event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self._grow()
        return done

    def _grow(self) -> None:
        width, height = self.widget().minimumSizeHint().width(), self._needed()
        if width > self.width():
            self.setMinimumWidth(width)
        if height > self.minimumHeight():
            self.setFixedHeight(height)

    def _needed(self) -> int:
        inner = self.widget()
        if inner.hasHeightForWidth():
            return int(inner.heightForWidth(self.viewport().width()))
        return int(inner.sizeHint().height())
