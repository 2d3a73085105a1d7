"""How far the measuring of all lesions is, and a button that stops it or begins it again."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from napari_netlm.measuring import Measuring

STOP, AGAIN = "Cancel", "Measure all lesions"
TIPS = {
    STOP: "Stop measuring: figures stay those of before",
    AGAIN: "Measure all lesions in the liver as it is drawn now",
}


class MeasureRow(QWidget):  # type: ignore[misc]
    """Hidden while figures stand."""

    _said = Signal(str)
    """From the thread that measures."""

    def __init__(self) -> None:
        super().__init__()
        self._measuring: Measuring | None = None
        self.text = QLabel()
        self.button = QPushButton()
        self.button.clicked.connect(lambda _checked=False: self._press())
        self._said.connect(self.text.setText)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        self.hide()

    def follow(self, measuring: Measuring | None) -> None:
        """That of one review, or none."""
        self._measuring = measuring
        if measuring is not None:
            measuring.say = self._said.emit
        self.refresh()

    def refresh(self) -> None:
        """As it is now."""
        now = self._measuring
        running = now is not None and now.running
        if not running:
            self.text.clear()
        title = STOP if running else AGAIN
        self.button.setText(title)
        self.button.setToolTip(TIPS[title])
        self.setVisible(running or (now is not None and now.cancelled and now.stale))

    def _press(self) -> None:
        if self._measuring is None:
            return
        if self._measuring.running:
            self._measuring.cancel()
        else:
            self._measuring.measure(again=True)
            self.refresh()
