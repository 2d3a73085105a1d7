"""How far the tools of a review reach: millimeters, values, the brush, and what follows a judgement."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QWidget

from napari_netlm.tools import Tools

EDGES = ("Lowest value that is painted", "Highest value that is painted")


class ReachForm(QWidget):  # type: ignore[misc]
    """What is set here holds for the tools that it follows; ``ball`` and ``goes_on`` are shown elsewhere."""

    said = Signal(str)
    """Why something cannot be taken."""

    def __init__(self) -> None:
        super().__init__()
        self.tools: Tools | None = None
        self.ball = QCheckBox("3D brush")
        self.ball.setToolTip("The brush is a ball over several slices, not a disk on this one")
        self.goes_on = QCheckBox("Go on")
        self.goes_on.setChecked(True)
        self.goes_on.setToolTip("After a judgement show the next lesion to review")
        for box in (self.ball, self.goes_on):
            box.toggled.connect(self.apply)
        self._lay_out()

    def follow(self, tools: Tools | None) -> None:
        """Hold for the tools of another review, or for none."""
        self.tools = tools
        self.apply()

    def apply(self) -> None:
        """Give what is set to the tools."""
        if self.tools is None:
            return
        reach, texts = self.tools.reach, [edge.text().strip() for edge in self.edges]
        reach.grow_mm, reach.brush_mm = self.grow_mm.value(), self.brush_mm.value()
        try:
            reach.low, reach.high = (float(text) if text else None for text in texts)
        except ValueError:
            self.said.emit("The range of the threshold brush takes numbers only.")
        self.tools.ball = self.ball.isChecked()
        self.tools.goes_on = self.goes_on.isChecked()

    def _lay_out(self) -> None:
        self.grow_mm = _millimeters(25.0, 1.0, 80.0, "Nothing grows farther from the click than this, mm")
        self.brush_mm = _millimeters(6.0, 0.5, 40.0, "Radius of the threshold brush, mm")
        self.edges = tuple(QLineEdit() for _ in EDGES)
        row = QHBoxLayout()
        for edge, tip in zip(self.edges, EDGES, strict=True):
            edge.setPlaceholderText("auto")
            edge.setToolTip(f"{tip}, in units of the image; empty: halfway from the first voxel to the liver")
            edge.editingFinished.connect(self.apply)
            row.addWidget(edge)
        sizes = QHBoxLayout()
        for name, box in (("Grow", self.grow_mm), ("Brush", self.brush_mm)):
            sizes.addWidget(QLabel(name))
            sizes.addWidget(box, 1)
            box.valueChanged.connect(self.apply)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("Reach", sizes)
        form.addRow("Threshold", row)


def _millimeters(value: float, low: float, high: float, tip: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(low, high)
    box.setValue(value)
    box.setSuffix(" mm")
    box.setDecimals(1)
    box.setToolTip(tip)
    return box
