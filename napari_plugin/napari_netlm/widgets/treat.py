"""The tab of treatments: fix, forbid, free; clear a lesion or leave it alone; the objective."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_netlm.drawing import drawing_of
from napari_netlm.plan_list import lesion_rows, shared_rows
from napari_netlm.planning import Planning
from napari_netlm.widgets.treatments import Treatments
from netlm_imaging.errors import NetlmError
from netlm_imaging.export.wording import OBJECTIVES
from netlm_imaging.plan.session import Edit, PlanSession
from netlm_imaging.settings import Objective

SELECT_TREATMENT = "Select a treatment of the list."
SELECT_LESION = "Select a lesion of the list."


class TreatTab(QWidget):  # type: ignore[misc]
    """Shows treatments, and does what its buttons and keys say with the selected one."""

    failed = Signal(object)
    """With the NetlmError."""
    probe_wanted = Signal(int)
    """In this lesion, by hand."""
    by_hand = Signal()
    """The selected treatment is to be moved."""

    def __init__(self) -> None:
        super().__init__()
        self.planning: Planning | None = None
        self.list = Treatments()
        self.objective = QComboBox()
        for objective in get_args(Objective):
            self.objective.addItem(OBJECTIVES[objective], objective)
        self.objective.setToolTip("What the plan is the best for; fixed choices hold for all")
        self.objective.activated.connect(self._choose)
        self.missing = QLabel(SELECT_TREATMENT)
        self.buttons: dict[str, QPushButton] = {}
        self._keys: dict[str, QPushButton] = {}
        self.list.pressed.connect(self._press)
        self.list.picked.connect(self._pick)
        self._lay_out()

    def show_plan(self, planning: Planning | None, _outlook: Any = None) -> None:
        """Of this plan, or of none."""
        self.planning = planning
        self._shown: Any = None

    def refresh(self) -> None:
        """The plan as it stands."""
        planning = self.planning
        if planning is None:
            self.list.show_rows((), ())
            return
        state = planning.session.state
        basis = state.basis
        shown = (state.choice.chosen, state.fixed, basis.case.problem.candidates, basis.options, basis.limits)
        if shown != self._shown:
            self._shown = shown
            self.list.show_rows(lesion_rows(planning), shared_rows(planning))
        self.objective.setCurrentIndex(self.objective.findData(state.objective))
        self._pick(*self.list.selected, look=False)

    # what is done

    def must(self) -> None:
        """Do this treatment in every plan"""
        self._edit_candidate(lambda session, c: session.must(c))

    def never(self) -> None:
        """Never do this treatment"""
        self._edit_candidate(lambda session, c: session.must_not(c))

    def free(self) -> None:
        """Neither fixed nor forbidden any more, treatment or lesion"""
        lesion, candidate = self.list.selected
        if candidate is not None:
            self._edit_candidate(lambda session, c: session.free(c))
        elif lesion is not None:
            self._edit(lambda session: session.free_lesion(lesion))

    def clear(self) -> None:
        """Clear this lesion, however"""
        lesion = self.list.selected[0]
        if lesion is not None:
            self._edit(lambda session: session.must_clear(lesion))

    def leave(self) -> None:
        """No treatment of its own for this lesion"""
        lesion = self.list.selected[0]
        if lesion is not None:
            self._edit(lambda session: session.leave_alone(lesion))

    def move(self) -> None:
        """Take this treatment in hand: drag it in the picture, in 2D or 3D. Of a lesion: a new probe in it"""
        planning, (lesion, candidate) = self.planning, self.list.selected
        if planning is None:
            return
        if candidate is None:
            if lesion is not None:
                self.probe_wanted.emit(lesion)
                self.by_hand.emit()
            return
        try:
            planning.hand.take(drawing_of(planning.session, candidate))
        except NetlmError as error:
            self.failed.emit(error)
            return
        self.by_hand.emit()

    def _press(self, letter: str) -> None:
        if letter in self._keys:
            self._keys[letter].click()

    def _edit_candidate(self, edit: Callable[[PlanSession, int], Edit]) -> None:
        candidate = self.list.selected[1]
        if candidate is not None:
            self._edit(lambda session: edit(session, candidate))

    def _edit(self, make: Callable[[PlanSession], Edit]) -> None:
        if self.planning is not None:
            self.planning.edit(make)

    def _choose(self, index: int) -> None:
        objective = self.objective.itemData(index)
        self._edit(lambda session: session.choose(objective))

    def _pick(self, lesion: int | None, candidate: int | None, *, look: bool = True) -> None:
        for title in ("Do", "Never"):
            self.buttons[title].setEnabled(candidate is not None)
        for title in ("Clear lesion", "Leave lesion"):
            self.buttons[title].setEnabled(lesion is not None)
        for title in ("Free", "Move by hand"):
            self.buttons[title].setEnabled(candidate is not None or lesion is not None)
        self.missing.setText("" if candidate is not None else SELECT_TREATMENT if lesion else SELECT_LESION)
        self.missing.setVisible(candidate is None)
        if look and lesion is not None and self.planning is not None:
            found = next((x for x in self.planning.started.lesions if x.id == lesion), None)
            if found is not None:
                self.planning.desk.go_to(found.centroid_lps_mm)

    # how it looks

    def _lay_out(self) -> None:
        rows = QVBoxLayout(self)
        rows.setContentsMargins(4, 4, 4, 4)
        top = QHBoxLayout()
        top.addWidget(QLabel("Best for"))
        top.addWidget(self.objective, 1)
        rows.addLayout(top)
        rows.addWidget(self.list, 1)
        rows.addWidget(self.missing)
        grid = QGridLayout()
        commands = (
            ("Do", "D", self.must),
            ("Never", "N", self.never),
            ("Free", "F", self.free),
            ("Clear lesion", "C", self.clear),
            ("Leave lesion", "L", self.leave),
            ("Move by hand", "M", self.move),
        )
        for n, (title, key, do) in enumerate(commands):
            button = QPushButton(f"{title}  {key}")
            button.setToolTip(f"{do.__doc__} ({key}, in the list)")
            button.clicked.connect(lambda _checked=False, do=do: do())
            self.buttons[title] = button
            self._keys[key] = button
            grid.addWidget(button, n // 3, n % 3)
        rows.addLayout(grid)
