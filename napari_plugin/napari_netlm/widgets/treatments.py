"""Treatments: each lesion with all that could be done for it, what it costs, and why the rest cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QBrush, QColor
from qtpy.QtWidgets import QAbstractItemView, QTreeWidget, QTreeWidgetItem

from napari_netlm.plan_figures import BAD, GOOD
from napari_netlm.plan_list import MARKS, STANDINGS, LesionRow, OptionRow

COLUMNS = ("Treatment", "mL", "n", "")
TIPS = (
    "Lesions, the largest first, and what could be done for each",
    "Functional liver that it loses when done alone, mL",
    "As how many interventions it counts: each zone of an ablation is one",
    "Device and margin asked for",
)
GRAY = "#8b949e"
SHARED = "Whole segments, and drawn by hand"
Key = tuple[str, int]
_KEY = Qt.ItemDataRole.UserRole


class Treatments(QTreeWidget):  # type: ignore[misc]
    """Shows rows; tells which lesion and which treatment are selected."""

    picked = Signal(object, object)
    """Number of the lesion and of the candidate; None for none."""
    pressed = Signal(str)
    """A letter on the keyboard."""

    def __init__(self) -> None:
        super().__init__()
        self.setColumnCount(len(COLUMNS))
        self.setHeaderLabels(list(COLUMNS))
        for column, tip in enumerate(TIPS):
            self.headerItem().setToolTip(column, tip)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setUniformRowHeights(True)
        self.setIndentation(14)
        header = self.header()
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(20)
        for column, width in enumerate((228, 42, 22)):
            self.setColumnWidth(column, width)
        self.currentItemChanged.connect(lambda _now, _before: self._tell())

    def show_rows(self, lesions: Sequence[LesionRow], shared: Sequence[OptionRow]) -> None:
        """These rows; what was selected and open stays so."""
        selected, opened = self.selected, self._opened()
        self.blockSignals(True)
        self.clear()
        for row in lesions:
            top = self._lesion_item(row)
            self.addTopLevelItem(top)
            top.setFirstColumnSpanned(True)
            for option in row.options:
                child = _option_item(option, lesion=row.lesion.id)
                top.addChild(child)
                child.setFirstColumnSpanned(option.candidate is None)
        if shared:
            top = QTreeWidgetItem([SHARED])
            top.setData(0, _KEY, ("shared", None, None))
            self.addTopLevelItem(top)
            top.setFirstColumnSpanned(True)
            for option in shared:
                top.addChild(_option_item(option, lesion=None))
        self._open(opened, selected)
        self.blockSignals(False)

    @property
    def selected(self) -> tuple[int | None, int | None]:
        """Lesion and candidate."""
        item = self.currentItem()
        return (None, None) if item is None else tuple(item.data(0, _KEY))[1:]

    def select(self, lesion: int | None, candidate: int | None = None) -> None:
        """As a click does."""
        for item in self._items():
            if tuple(item.data(0, _KEY))[1:] == (lesion, candidate):
                self.setCurrentItem(item)
                return

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """Letters are commands; all else moves in the list."""
        letter = event.text().upper()
        if len(letter) == 1 and letter.isalpha() and not event.modifiers():
            self.pressed.emit(letter)
        else:
            super().keyPressEvent(event)

    def _lesion_item(self, row: LesionRow) -> QTreeWidgetItem:
        fixed = f" [{row.fixed}]" if row.fixed else ""
        item = QTreeWidgetItem([f"{row.title}{fixed} \N{EN DASH} {row.outcome}"])
        item.setData(0, _KEY, ("lesion", row.lesion.id, None))
        item.setForeground(0, QBrush(QColor(row.color)))
        item.setToolTip(0, item.text(0))
        return item

    def _items(self) -> list[QTreeWidgetItem]:
        tops = [self.topLevelItem(n) for n in range(self.topLevelItemCount())]
        return [item for top in tops for item in (top, *(top.child(n) for n in range(top.childCount())))]

    def _opened(self) -> set[tuple[str, int | None, int | None]]:
        return {tuple(item.data(0, _KEY)) for item in self._items() if item.isExpanded()}

    def _open(self, opened: set[tuple[str, int | None, int | None]], selected: object) -> None:
        for item in self._items():
            key = tuple(item.data(0, _KEY))
            if key in opened:
                item.setExpanded(True)
            if key[1:] == selected and selected != (None, None):
                self.setCurrentItem(item)

    def _tell(self) -> None:
        self.picked.emit(*self.selected)


def _option_item(row: OptionRow, *, lesion: int | None) -> QTreeWidgetItem:
    cost = "" if row.cost_ml is None else f"{row.cost_ml:.1f}"
    count = "" if row.interventions is None else str(row.interventions)
    name = row.name if row.candidate is not None else f"{row.name}: {row.why}"
    item = QTreeWidgetItem([f"{MARKS[row.standing]} {name}".strip(), cost, count, row.why])
    item.setData(0, _KEY, ("option", lesion, row.candidate))
    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    tip = f"{row.name}: {STANDINGS[row.standing]}" + (f". {row.why}" if row.why else "")
    for column in range(len(COLUMNS)):
        item.setToolTip(column, tip)
    color = {"done": GOOD, "must": GOOD, "never": BAD, "impossible": GRAY}.get(row.standing)
    if color:
        for column in range(len(COLUMNS)):
            item.setForeground(column, QBrush(QColor(color)))
    return item
