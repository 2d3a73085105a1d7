"""The figures of a plan: name, value, change since the last one."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

from napari_netlm.plan_figures import FigureRow


class Figures(QWidget):  # type: ignore[misc]
    """Rows of labels, kept from one plan to the next: they change while a probe is dragged."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(1, 1)
        self._labels: list[tuple[QLabel, QLabel, QLabel]] = []

    def show_rows(self, rows: Sequence[FigureRow]) -> None:
        """These and no others."""
        while len(self._labels) < len(rows):
            labels = (QLabel(), QLabel(), QLabel())
            labels[1].setWordWrap(True)
            labels[1].setTextFormat(Qt.TextFormat.PlainText)
            for column, label in enumerate(labels):
                self._grid.addWidget(label, len(self._labels), column)
            self._labels.append(labels)
        for n, labels in enumerate(self._labels):
            for label in labels:
                label.setVisible(n < len(rows))
            if n < len(rows):
                self._fill(labels, rows[n], large=n < 2)

    @property
    def texts(self) -> dict[str, tuple[str, str]]:
        """Value and change by name, as shown."""
        return {a.text(): (b.text(), c.text()) for a, b, c in self._labels if a.isVisibleTo(self)}

    def _fill(self, labels: tuple[QLabel, QLabel, QLabel], row: FigureRow, *, large: bool) -> None:
        name, value, change = labels
        name.setText(row.name)
        style = f"color:{row.color};" if row.color else ""
        style += "font-weight:bold;font-size:13pt;" if large else ""
        if style != value.styleSheet():  # rich text instead would be painted twice
            value.setStyleSheet(style)
        value.setText(row.value)
        change.setText(row.change)
        for label in labels:
            label.setToolTip(row.tip)
