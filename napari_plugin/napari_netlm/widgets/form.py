"""A form made from fields: what is written is checked by the model when a field is left."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QLineEdit, QWidget

from napari_netlm.fields import Field, text_of
from netlm_imaging.settings import Section

WANTED = "color: #F0E442; font-weight: bold"


class Form(QWidget):  # type: ignore[misc]
    """One row a field."""

    edited = Signal(object, str)
    """The Field and what was written or chosen; empty for nothing."""

    def __init__(self, fields: Sequence[Field]) -> None:
        super().__init__()
        self.fields = tuple(fields)
        self.boxes: dict[str, Any] = {}
        self._labels: dict[str, QLabel] = {}
        rows = QFormLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setVerticalSpacing(3)
        for field in self.fields:
            label = QLabel(f"{field.label}, {field.unit}" if field.unit else field.label)
            label.setToolTip(field.tip)
            self._labels[field.path] = label
            self.boxes[field.path] = self._box(field)
            rows.addRow(label, self.boxes[field.path])

    def show_values(self, section: Section, *, wanted: Collection[str] = ()) -> None:
        """These values; ``wanted``: paths of what is missing."""
        for field in self.fields:
            box, text = self.boxes[field.path], text_of(section, field)
            box.blockSignals(True)
            if isinstance(box, QComboBox):
                box.setCurrentIndex(max(0, box.findData(text)))
            elif not (box.hasFocus() and box.isModified()):
                box.setText(text)
            box.blockSignals(False)
            self._labels[field.path].setStyleSheet(WANTED if field.path in wanted else "")

    def _box(self, field: Field) -> Any:
        if field.choices:
            box = QComboBox()
            if field.absent is not None:
                box.addItem(field.absent, "")
            for choice in field.choices:
                box.addItem(choice, choice)
            box.activated.connect(lambda _n, f=field, b=box: self.edited.emit(f, b.currentData()))
        else:
            box = QLineEdit()
            box.setPlaceholderText(field.absent or "")
            box.editingFinished.connect(lambda f=field, b=box: self._finished(f, b))
        box.setToolTip(field.tip)
        return box

    def _finished(self, field: Field, box: QLineEdit) -> None:
        if box.isModified():
            box.setModified(False)
            self.edited.emit(field, box.text())
