"""The series of a study with their roles; a double click shows one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QTreeWidget, QTreeWidgetItem

from netlm_imaging.ingest import Series

_FAULTY, _SHOWN = "⚠", "●"


class SeriesList(QTreeWidget):  # type: ignore[misc]
    """Number, role, description, and whether it is shown or cannot be read."""

    wanted = Signal(int)
    """The number of a series that was double-clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderLabels(["", "#", "Role", "Series"])
        self.setRootIsDecorated(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMaximumHeight(160)
        self.setToolTip("Double-click a series to show it. ● is shown, ⚠ has faults: hover to read them")
        self.itemDoubleClicked.connect(lambda item, _column: self.wanted.emit(int(item.text(1))))

    def show_series(self, series: Sequence[Series], *, shown: Collection[int]) -> None:
        """``shown``: the numbers of those that are on the viewer."""
        self.clear()
        for one in series:
            mark = _FAULTY if one.faults else _SHOWN if one.number in shown else ""
            item = QTreeWidgetItem([mark, str(one.number), one.role, one.description])
            why = "\n".join(str(fault) for fault in one.faults) or f"{one.role}: {one.role_reason}"
            for column in range(4):
                item.setToolTip(column, why)
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)
            self.addTopLevelItem(item)
        for column in range(3):
            self.resizeColumnToContents(column)
