"""The lesion list: a row a lesion; selecting one shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QColor, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_netlm.review_list import COLUMNS, STATUS_COLORS, Item, ordered, tip_of

_NOWHERE = QModelIndex()


class LesionModel(QAbstractTableModel):  # type: ignore[misc]
    """What the list shows; the words come from ``COLUMNS``."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Item] = []

    def show(self, items: list[Item]) -> bool:
        """These lesions in this order. False where nothing is new."""
        if [item[0] for item in items] != [item[0] for item in self.items]:
            self.beginResetModel()
            self.items = items
            self.endResetModel()
            return True
        changed = [n for n, pair in enumerate(zip(self.items, items, strict=True)) if not _same(*pair)]
        self.items = items
        if changed:
            self.dataChanged.emit(self.index(changed[0], 0), self.index(changed[-1], len(COLUMNS) - 1))
        return bool(changed)

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:  # noqa: N802 Qt's name
        """Lesions."""
        return 0 if parent.isValid() else len(self.items)

    def columnCount(self, parent: QModelIndex = _NOWHERE) -> int:  # noqa: N802 Qt's name
        """Columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Any, role: int) -> Any:  # noqa: N802 Qt's name
        """Titles, and what they mean with their units."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section].title
        return COLUMNS[section].tip if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One cell."""
        item, column = self.items[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(item)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip_of(item)
        if role == Qt.ItemDataRole.ForegroundRole and column.title == "Status":
            color = STATUS_COLORS[item[2]]
            return QColor(color) if color else None
        if role == Qt.ItemDataRole.TextAlignmentRole and column.figure:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None


def _same(one: Item, other: Item) -> bool:
    """The very figures and the same judgement: rows that stay are not measured anew."""
    return one[1] is other[1] and one[2] == other[2]


class LesionList(QTableView):  # type: ignore[misc]
    """Shows lesions; tells which are selected and in which order they are."""

    marked = Signal(object)
    """Numbers of the selected lesions, the current one first."""
    pressed = Signal(str)
    """A key of ``keys``."""
    sorted_by = Signal(object)
    """Numbers of all lesions in their new order."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: frozenset[str] = frozenset()
        """As Qt writes them: ``A``, ``Shift+N``."""
        self.lesions = LesionModel()
        self.setModel(self.lesions)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(False)
        for n, column in enumerate(COLUMNS):
            if column.takes_rest:
                header.setSectionResizeMode(n, QHeaderView.ResizeMode.Stretch)
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self._sort)
        self._sorted: tuple[int, bool] = (0, False)
        self._told = False
        self.selectionModel().selectionChanged.connect(self._tell)
        self.lesions.modelReset.connect(self.clearSelection)

    def show_lesions(self, items: list[Item], *, selected: int | None, also: tuple[int, ...] = ()) -> None:
        """These lesions, and which of them are selected; nothing is told."""
        with self._quiet():
            if self.lesions.show(items):
                for n, column in enumerate(COLUMNS):  # room for those that say something
                    self.setColumnHidden(n, bool(items) and not any(column.text(item) for item in items))
            self._select({n for n, item in enumerate(items) if item[0] in (selected, *also)})
            for n, item in enumerate(items):
                if item[0] == selected:
                    at = self.lesions.index(n, 0)
                    flags = QItemSelectionModel.SelectionFlag.NoUpdate
                    self.selectionModel().setCurrentIndex(at, flags)
                    self.scrollTo(at)

    def _select(self, rows: set[int]) -> None:
        """What is selected already stays untouched: each change paints the list anew."""
        model = self.selectionModel()
        if rows == {index.row() for index in model.selectedRows()}:
            return
        model.clearSelection()
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for row in rows:
            model.select(self.lesions.index(row, 0), flags)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """Commands of the review; all else moves in the list, which looks for no words."""
        key, plain = QKeySequence(event.keyCombination()).toString(), not event.modifiers()
        if key in self.keys:
            self.pressed.emit(key)
        elif not (plain and event.text().isalnum()):
            super().keyPressEvent(event)

    def _tell(self, *_changes: Any) -> None:
        if self._told:
            return
        chosen = [self.lesions.items[index.row()][0] for index in self.selectionModel().selectedRows()]
        at = self.currentIndex().row()
        current = self.lesions.items[at][0] if 0 <= at < len(self.lesions.items) else None
        if chosen:
            self.marked.emit([n for n in dict.fromkeys((current, *chosen)) if n in chosen])

    def _sort(self, column: int) -> None:
        self._sorted = (column, not self._sorted[1] if column == self._sorted[0] else False)
        self.sorted_by.emit([n for n, *_ in ordered(self.lesions.items, column, down=self._sorted[1])])

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        self._told = True
        try:
            yield
        finally:
            self._told = False
