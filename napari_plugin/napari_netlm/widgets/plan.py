"""Plan: what could be done for each lesion, what is done, and what that leaves, live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QTabWidget, QVBoxLayout, QWidget

from napari_netlm.outlook import Outlook
from napari_netlm.plan_details import Details
from napari_netlm.plan_figures import change_words, figure_rows, status_words
from napari_netlm.plan_files import open_plan, save_plan
from napari_netlm.planning import Planning
from napari_netlm.widgets.begin_row import BeginRow
from napari_netlm.widgets.beside import Docked
from napari_netlm.widgets.by_hand import ByHand
from napari_netlm.widgets.figures import Figures
from napari_netlm.widgets.limits import LimitsTab
from napari_netlm.widgets.messages import Messages
from napari_netlm.widgets.outlook import CompareTab, FrontierTab, GrowthTab
from napari_netlm.widgets.steady import Steady
from napari_netlm.widgets.treat import TreatTab
from netlm_imaging.errors import Fault, NetlmError


class PlanWidget(Docked):
    """Follows the study that is open on the viewer; plans a finished case as soon as it is shown."""

    def __init__(self, napari_viewer: Any) -> None:  # the name by which napari gives it
        super().__init__()
        self.viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.planning: Planning | None = None
        self.outlook: Outlook | None = None
        self.begin = BeginRow(self.viewer)
        self.figures = Figures()
        self.change = QLabel()
        self.change.setWordWrap(True)
        self.outcome = Steady(_one_above_the_other(self.figures, self.change))
        self.messages = Messages()
        self._faults: tuple[Fault, ...] = ()
        self._told: Details | None = None
        """The plan whose notices are shown."""
        self.treat = TreatTab()
        self.by_hand = ByHand()
        self.frontier = FrontierTab()
        self.limits = LimitsTab()
        self.growth = GrowthTab()
        self.compare = CompareTab()
        self.buttons: dict[str, QPushButton] = {}
        self._lay_out()
        self.work.setEnabled(False)
        self.begin.planned.connect(self._take)
        self.begin.failed.connect(self._refused)
        self.treat.failed.connect(self._refused)
        self.treat.probe_wanted.connect(self.by_hand.probe_in)
        self.treat.by_hand.connect(lambda: self.tabs.setCurrentWidget(self.by_hand))
        self.by_hand.failed.connect(self._refused)
        self.limits.failed.connect(self._refused)
        self.begin.look()
        self._begin_finished()

    def sizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """Wide enough for the treatments."""
        return QSize(480, 860)

    @property
    def parts(self) -> tuple[Any, ...]:
        """The tabs; each shows a plan, or none."""
        return (self.treat, self.by_hand, self.frontier, self.limits, self.growth, self.compare)

    # which plan

    def _take(self, planning: Planning | None) -> None:
        if self.planning is not None:
            self.planning.changed.disconnect(self.refresh)
            self.planning.hand.previewed.disconnect(self._show_figures)
            self.planning.failed.disconnect(self._refused)
            self.planning.stood.disconnect(self._show_notices)
        self.planning = planning
        self.outlook = None if planning is None else Outlook(planning)
        self._show_notices()
        if planning is not None and self.outlook is not None:
            planning.changed.connect(self.refresh)
            planning.hand.previewed.connect(self._show_figures)
            planning.failed.connect(self._refused)
            planning.stood.connect(self._show_notices)
            self.outlook.failed.connect(self._refused)
        for part in self.parts:
            part.show_plan(planning, self.outlook)
        self.work.setEnabled(planning is not None)
        self.refresh()
        self._begin_finished()

    def _begin_finished(self) -> None:
        desk = self.begin.desk
        if desk is not None and desk.planning is None and desk.study.finished and not self.begin.job.busy:
            self.begin.begin()

    # what is shown

    def refresh(self) -> None:
        """The plan as it stands."""
        self._show_figures()
        self.outcome.fit()
        planning = self.planning
        for part in self.parts:
            part.refresh()
        if planning is not None and planning.worked_out and planning.known.details is not self._told:
            self._show_notices(self._faults)
        session = None if planning is None else planning.session
        self.buttons["Undo"].setEnabled(bool(planning and (planning.busy or planning.session.past)))
        self.buttons["Redo"].setEnabled(bool(session and session.future))
        self.buttons["Save plan..."].setEnabled(planning is not None and planning.worked_out)

    def _show_figures(self) -> None:
        planning = self.planning
        if planning is None:
            self.figures.show_rows(())
            self.change.setText("")
            return
        threshold = planning.settings.type.debulking_threshold_percent
        figures, change, provisional = planning.figures, planning.last, False
        if planning.hand.moved is not None:
            figures, change = planning.hand.moved.preview.figures, planning.hand.moved.preview.difference
            type_now, status = planning.hand.moved.type, "as drawn, nothing else changed"
        else:
            type_now, status = planning.type, status_words(planning)
            provisional = planning.classification is not None and planning.classification.provisional
        rows = figure_rows(
            figures,
            change,
            type_now=type_now,
            threshold_percent=threshold,
            status=status,
            provisional=provisional,
        )
        self.figures.show_rows(rows)
        self.change.setText("\n".join((*change_words(change), *planning.gone)))
        self.change.setVisible(bool(self.change.text()))
        self.by_hand.show_moved()

    def _refused(self, error: NetlmError) -> None:
        self._show_notices(error.faults)

    def _show_notices(self, faults: tuple[Fault, ...] = ()) -> None:
        """What is to be known of the plan, and of what was refused only the last."""
        self._faults, planning = faults, self.planning
        notices = () if planning is None else planning.started.notices
        if planning is not None and planning.worked_out and planning.known.details is not None:
            self._told = planning.known.details
            notices += planning.known.details.notices
        self.messages.show_all(faults, notices)

    # what is done

    def undo(self) -> None:
        """The plan before the last edit."""
        if self.planning is not None:
            self.planning.undo()

    def redo(self) -> None:
        """The plan that was undone last."""
        if self.planning is not None:
            self.planning.redo()

    def save(self) -> None:
        """Ask for a file and write the plan."""
        if self.planning is None:
            return
        path, _ = QFileDialog.getSaveFileName(self, "Save the plan", "plan.json", "Plan (*.json)")
        if path:
            self._attempt(lambda planning: save_plan(planning, Path(path)))

    def open(self) -> None:
        """Ask for a plan file of the same masks and go on with it."""
        path, _ = QFileDialog.getOpenFileName(self, "Open a plan", "", "Plan (*.json)")
        if path:
            self._attempt(lambda planning: open_plan(planning, Path(path)))

    def _attempt(self, do: Any) -> None:
        if self.planning is None:
            return
        self._show_notices()
        try:
            do(self.planning)
        except NetlmError as error:
            self._refused(error)

    def closeEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """The plan stays on the desk for the other widgets."""
        self._take_nothing()
        self.begin.close_all()
        super().closeEvent(event)

    def _take_nothing(self) -> None:
        self.begin.planned.disconnect(self._take)
        if self.planning is not None:
            self.planning.changed.disconnect(self.refresh)
            self.planning.hand.previewed.disconnect(self._show_figures)
            self.planning.failed.disconnect(self._refused)
            self.planning.stood.disconnect(self._show_notices)
            self.planning = None

    # how it looks

    def _lay_out(self) -> None:
        self.tabs = QTabWidget()
        titles = ("Treatments", "By hand", "Frontier", "Limits", "Growth", "Compare")
        for title, part in zip(titles, self.parts, strict=True):
            self.tabs.addTab(part, title)
        self.work = QWidget()
        inner = QVBoxLayout(self.work)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.outcome)
        inner.addLayout(self._buttons())
        inner.addWidget(self.tabs, 1)
        rows = QVBoxLayout(self)
        rows.addWidget(self.begin)
        rows.addWidget(self.work, 1)
        rows.addWidget(self.messages)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for title, tip, do in (
            ("Undo", "The plan before the last edit", self.undo),
            ("Redo", "The plan that was undone last", self.redo),
            ("Open plan...", "A plan file of the same masks; this can be undone", self.open),
            ("Save plan...", "A plan file, to go on with later, here or from Python", self.save),
        ):
            button = QPushButton(title)
            button.setToolTip(tip)
            button.clicked.connect(lambda _checked=False, do=do: do())
            self.buttons[title] = button
            row.addWidget(button)
        return row


def _one_above_the_other(*widgets: QWidget) -> QWidget:
    both = QWidget()
    rows = QVBoxLayout(both)
    rows.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        rows.addWidget(widget)
    return both
