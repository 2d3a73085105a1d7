"""The landmarks of the segments: which are set, which one comes next."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from napari_netlm.landmarks import Landmarks
from netlm_imaging.segment.couinaud import LANDMARKS

SET, NOT_SET = "●", "○"


class LandmarkRow(QWidget):  # type: ignore[misc]
    """Beside the button that sets them."""

    def __init__(self, button: QPushButton) -> None:
        super().__init__()
        self.landmarks: Landmarks | None = None
        self.names = QComboBox()
        self.names.setToolTip("Landmarks: ● is set, ○ is not. The one that is shown is set by the next click")
        for n, landmark in enumerate(LANDMARKS):
            self.names.addItem(landmark.title)
            self.names.setItemData(n, landmark.where, Qt.ItemDataRole.ToolTipRole)
        self.names.activated.connect(self._choose)
        self.remove = QPushButton("Remove")
        self.remove.setToolTip("Take this landmark away; the segments stay as they are")
        self.remove.clicked.connect(self._remove)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (button, self.names, self.remove):
            row.addWidget(widget)
        row.setStretch(1, 1)

    def follow(self, landmarks: Landmarks | None) -> None:
        """Show those of another review."""
        if self.landmarks is not None:
            self.landmarks.changed.disconnect(self.refresh)
        self.landmarks = landmarks
        if landmarks is not None:
            landmarks.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Which are set, and which one is next."""
        if self.landmarks is None:
            return
        points, following = self.landmarks.points, self.landmarks.next
        for n, landmark in enumerate(LANDMARKS):
            self.names.setItemText(
                n, f"{SET if landmark.name in points else NOT_SET} {landmark.title} ({landmark.short})"
            )
            if landmark.name == following:
                self.names.setCurrentIndex(n)
        self.remove.setEnabled(LANDMARKS[self.names.currentIndex()].name in points)

    def _choose(self, index: int) -> None:
        if self.landmarks is not None:
            self.landmarks.choose(LANDMARKS[index].name)

    def _remove(self) -> None:
        if self.landmarks is not None:
            self.landmarks.remove(LANDMARKS[self.names.currentIndex()].name)
