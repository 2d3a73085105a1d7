"""The tab of limits: margins, devices' limits and the remnant that the plan keeps to."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QScrollArea, QVBoxLayout, QWidget

from napari_netlm.fields import Field, plan_fields, with_text
from napari_netlm.planning import Planning
from napari_netlm.widgets.form import Form
from netlm_imaging.errors import NetlmError


class LimitsTab(QWidget):  # type: ignore[misc]
    """A change plans anew at once; fixed choices find their treatments again."""

    failed = Signal(object)
    """With the NetlmError."""

    def __init__(self) -> None:
        super().__init__()
        self.planning: Planning | None = None
        self.form = Form(plan_fields())
        self.form.edited.connect(self._set)
        self.reset = QPushButton("As opened")
        self.reset.setToolTip("All settings as the case or study came with them")
        self.reset.clicked.connect(self._reset)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(self.form)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(4, 4, 4, 4)
        rows.addWidget(area)
        rows.addWidget(self.reset)

    def show_plan(self, planning: Planning | None, _outlook: Any = None) -> None:
        """Of this plan, or of none."""
        self.planning = planning

    def refresh(self) -> None:
        """The settings that the plan keeps to."""
        if self.planning is not None:
            self.form.show_values(self.planning.settings)

    def _set(self, field: Field, text: str) -> None:
        if self.planning is None:
            return
        try:
            self.planning.change(with_text(self.planning.settings, field, text))
        except NetlmError as error:
            self.failed.emit(error)
            self.refresh()

    def _reset(self, _checked: bool = False) -> None:
        if self.planning is not None:
            self.planning.change(self.planning.desk.study.settings)
