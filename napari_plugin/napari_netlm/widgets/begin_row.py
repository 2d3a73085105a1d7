"""Begin to plan on the masks as they are: one row that the plan and the decision share."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_netlm.desk import Desk, desk_of
from napari_netlm.plan_layers import PlanShown
from napari_netlm.plan_start import RECORD, Started, asking, start
from napari_netlm.planning import Planning, is_planned_on
from napari_netlm.widgets.job_row import JobRow
from napari_netlm.widgets.runner import ThreadRunner
from netlm_imaging.errors import NetlmError

NOTHING_OPEN = "Open a finished case, or a study with masks of liver and lesions."
BEGIN, AGAIN = "Plan on these masks", "Plan again on the masks of now"
LOOK_MS = 50
"""A plan that is made waits until edits of the one of before stand."""
OUTDATED = "Masks have changed since: the plan is that of before."


class BeginRow(QWidget):  # type: ignore[misc]
    """Follows the viewer; tells which plan is edited."""

    planned = Signal(object)
    """With the Planning, or None."""
    failed = Signal(object)
    """With the NetlmError."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.viewer = viewer
        self.desk: Desk | None = None
        self.planning: Planning | None = None
        self._changed = False
        """Masks, since the plan that is made was asked for."""
        self.text = QLabel(NOTHING_OPEN)
        self.text.setWordWrap(True)
        self.button = QPushButton(BEGIN)
        self.button.setToolTip("Makes all treatments that could be done, and the best plan of them")
        self.button.clicked.connect(lambda _checked=False: self.begin())
        self.job = JobRow()
        self.job.failed.connect(self.failed)
        self.job.rested.connect(self._say)
        row = QHBoxLayout()
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addLayout(row)
        rows.addWidget(self.job)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.look)
        viewer.layers.events.inserted.connect(self._look_soon)
        viewer.layers.events.removed.connect(self._look_soon)

    def look(self) -> None:
        """Follow the study that is open now."""
        desk = desk_of(self.viewer)
        if desk is not self.desk:
            self._leave()
            self.desk = desk
            if desk is not None:
                desk.changed.connect(self._on_change)
                desk.closed.connect(self._leave)
        self._follow()

    def begin(self) -> None:
        """Plan on the masks as they are now; what was fixed is found again where masks are the same."""
        desk = self.desk
        if desk is None:
            return
        try:
            ask = asking(desk)
        except NetlmError as error:
            self.failed.emit(error)
            return
        self._changed = False
        before, decided = desk.planning, _decided(desk)

        def begun(found: Started) -> None:
            if desk is not self.desk or desk.planning is not before or self.job.busy:
                return  # another row was faster: people work on that plan; or a newer one is made
            if before is not None and not before.kept_up:  # an edit on the plan of before
                QTimer.singleShot(LOOK_MS, lambda: begun(found))
                return
            if _decided(desk) != decided:  # on the plan of before, while this one was made
                self.begin()
                return
            self._begun(desk, found)

        self.job.start(lambda report: start(ask(), report), begun)
        self._follow()

    def close_all(self) -> None:
        """Listen no more."""
        self.viewer.layers.events.inserted.disconnect(self._look_soon)
        self.viewer.layers.events.removed.disconnect(self._look_soon)
        self._soon.stop()
        self.job.cancel()
        self._leave()

    def _begun(self, desk: Desk, started: Started) -> None:
        end_planning(desk)
        desk.planning = Planning(desk, started, run=ThreadRunner())
        desk.planning.outdated = self._changed
        desk.planning.beside.append(PlanShown(desk.planning))
        desk.changed.emit("planning")

    def _follow(self) -> None:
        planning = None if self.desk is None else self.desk.planning
        if planning is not self.planning:
            if self.planning is not None:
                self.planning.changed.disconnect(self._say)
            self.planning = planning
            if planning is not None:
                planning.changed.connect(self._say)
            self.planned.emit(planning)
        self._say()

    def _say(self) -> None:
        outdated = self.planning is not None and self.planning.outdated
        self.button.setVisible(self.desk is not None and (self.planning is None or outdated))
        self.button.setEnabled(not self.job.busy)
        self.button.setText(AGAIN if outdated else BEGIN)
        self.text.setText(NOTHING_OPEN if self.desk is None else OUTDATED if outdated else "")
        self.text.setVisible(bool(self.text.text()))

    def _on_change(self, name: str) -> None:
        self._changed |= is_planned_on(name)
        if name == "planning":
            self._follow()

    def _leave(self) -> None:
        """The study is closed: its plan is edited no more."""
        desk, self.desk = self.desk, None
        if desk is None:
            return
        desk.changed.disconnect(self._on_change)
        desk.closed.disconnect(self._leave)
        self.job.cancel()
        self._follow()

    def _look_soon(self, _event: Any = None) -> None:
        self._soon.start()  # once all layers are there


def _decided(desk: Desk) -> dict[str, Any]:
    """What a plan is made with, beside masks."""
    return {name: desk.records.get(name) for name in (RECORD, "clinical", "settings")}


def end_planning(desk: Desk) -> None:
    """Take the plan off the viewer; it is kept with the work."""
    if desk.planning is not None:
        desk.planning.close()
        desk.planning = None
