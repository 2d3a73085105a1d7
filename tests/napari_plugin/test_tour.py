"""The guided tour on a finished case: it goes on when one does what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from napari.components import ViewerModel
from napari_plugin.windows import wait_for, why_no_window

from napari_netlm.desk import clear_desk
from napari_netlm.hang import put_on_desk
from napari_netlm.opened import OpenedStudy

if why := why_no_window():
    pytest.skip(why, allow_module_level=True)

from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_netlm.widgets.decide import DecideWidget
from napari_netlm.widgets.plan import PlanWidget
from napari_netlm.widgets.review import ReviewWidget
from napari_netlm.widgets.study import StudyWidget
from napari_netlm.widgets.tour import STEPS, TourWidget

pytestmark = pytest.mark.xdist_group("window")
MADE = {"Study": StudyWidget, "Review": ReviewWidget, "Plan": PlanWidget, "Decide": DecideWidget}


class Shown:
    """A window of all widgets side by side, each made when the tour asks for it."""

    def __init__(self) -> None:
        self.viewer = ViewerModel()
        self.window = QWidget()
        self.row = QHBoxLayout(self.window)
        self.widgets: dict[str, Any] = {}
        self.window.show()

    def open(self, name: str) -> Any:
        if name not in self.widgets:
            self.widgets[name] = MADE[name](self.viewer)
            self.row.addWidget(self.widgets[name])
        return self.widgets[name]


@pytest.fixture
def shown() -> Iterator[Shown]:
    from napari.qt import get_qapp

    application, made = get_qapp(), Shown()
    yield made
    if (plan := made.widgets.get("Plan")) is not None:
        wait_for(lambda: not plan.begin.job.busy and not (plan.planning and plan.planning.proving))
    clear_desk(made.viewer)
    for widget in made.widgets.values():
        widget.close()
    made.window.close()
    application.processEvents()


def test_it_goes_on_when_one_does_what_it_says(shown: Shown, study: OpenedStudy, tmp_path: Path) -> None:
    tour = TourWidget(shown.viewer, shown.open)
    wait_for(lambda: tour.title.text())
    assert tour.step.title == "Open a patient who never was"
    put_on_desk(shown.viewer, replace(study, path=tmp_path))
    wait_for(lambda: tour.step.title == "Look around")  # the case is finished already
    tour.next.click()
    review = shown.widgets["Review"]
    tour.next.click()
    wait_for(lambda: tour.step.title == "Judge it")
    button = review.buttons["Accept"]
    wait_for(button.isEnabled)  # once the lesions are measured
    wait_for(
        lambda: tour._frame and tour._frame.geometry().contains(button.mapTo(shown.window, QPoint(0, 0)))
    )
    button.click()
    wait_for(lambda: tour.step.title == "Correct an outline")
    tour.back.click()
    assert tour.step.title == "Judge it"
    assert tour.next.text() == "Next", "nothing is waited for: it was done"
    tour.stop()
    assert tour._frame is None


def test_every_step_frames_what_is_there_and_can_be_skipped(
    shown: Shown, study: OpenedStudy, tmp_path: Path
) -> None:
    put_on_desk(shown.viewer, replace(study, path=tmp_path))
    tour = TourWidget(shown.viewer, shown.open)
    tour._look.stop()
    for step in STEPS:
        assert isinstance(step.target(shown.open(step.widget)), QWidget)
    wait_for(lambda: tour.title.text())
    seen = [tour.step.title]
    while tour.next.text() != "Done":
        tour.next.click()
        seen.append(tour.step.title)
    assert seen == [step.title for step in STEPS[2:]]
    tour.next.click()
    assert not tour.isVisible()
