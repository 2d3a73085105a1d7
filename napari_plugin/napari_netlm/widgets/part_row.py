"""Which mask is edited, and which of its segments is drawn."""

from __future__ import annotations

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from napari_netlm.review_files import PARTS
from napari_netlm.tools import Tools
from napari_netlm.widgets.landmark_row import LandmarkRow

PART_NAMES = {"lesions": "Lesions", "liver": "Liver", "segments": "Couinaud segments"}


class PartRow(QWidget):  # type: ignore[misc]
    """Choices for the tools that it follows; landmarks stand below it while segments are edited."""

    def __init__(self, landmarks: QPushButton, *, beside: QWidget) -> None:
        super().__init__()
        self.tools: Tools | None = None
        self.names = QComboBox()
        self.names.addItems([PART_NAMES[part] for part in PARTS])
        self.names.setToolTip("The mask that the tools below change")
        self.names.activated.connect(self.choose)
        self.segment = QSpinBox()
        self.segment.setRange(1, 8)
        self.segment.setPrefix("Segment ")
        self.segment.setToolTip("The Couinaud segment that is drawn, 1 for I to 8 for VIII")
        self.segment.valueChanged.connect(self._choose_segment)
        self.landmarks = LandmarkRow(landmarks)
        row = QHBoxLayout()
        row.addWidget(QLabel("Edit"))
        for widget in (self.names, self.segment, beside):
            row.addWidget(widget)
        row.setStretch(1, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addLayout(row)
        rows.addWidget(self.landmarks)
        self.refresh()

    def follow(self, tools: Tools | None) -> None:
        """Hold for the tools of another review, or for none."""
        self.tools = tools
        self.landmarks.follow(None if tools is None else tools.landmarks)
        self.refresh()

    def refresh(self) -> None:
        """What is edited now."""
        part = "lesions" if self.tools is None else self.tools.reviewing.part
        self.names.setCurrentIndex(PARTS.index(part))
        for widget in (self.segment, self.landmarks):
            widget.setVisible(part == "segments")

    def choose(self, index: int) -> None:
        """Edit another mask."""
        if self.tools is None:
            return
        self.tools.attempt(self.tools.edit_part, PARTS[index])
        self.refresh()
        if PARTS[index] == "segments":
            self._choose_segment(self.segment.value())

    def _choose_segment(self, number: int) -> None:
        if self.tools is not None:
            self.tools.reviewing.layer_of("segments").selected_label = number
