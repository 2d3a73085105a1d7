"""Clicks and keys of a complete review and plan, counted while a window is driven as a person would.

``python -m benchmarks.clicks [PRESET]`` in a display (``xvfb-run``). Where a button or key is missing, the
longer way of older versions is taken and counted.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MENU_CLICKS = 3
"""Plugins, NETLM imaging, the widget."""


class Person:
    """Does what a hand does in a napari window, and counts it by part of the work."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.part = ""
        self.clicks: Counter[str] = Counter()
        self.keys: Counter[str] = Counter()
        self.notches: Counter[str] = Counter()
        """Of the wheel."""

    def click(self, button: Any) -> None:
        """A button, as the mouse does it."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        assert button.isEnabled(), button.text()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.clicks[self.part] += 1
        self.wait()

    def choose(self, box: Any, row: int) -> None:
        """One entry of a drop-down list: open it, click it."""
        box.setCurrentIndex(row)
        box.activated.emit(row)
        self.clicks[self.part] += 2
        self.wait()

    def press(self, widget: Any, key: str) -> None:
        """A key where the keyboard is."""
        from qtpy.QtGui import QKeySequence
        from qtpy.QtTest import QTest

        pressed = QKeySequence(key)[0]
        QTest.keyClick(widget, pressed.key(), pressed.keyboardModifiers())
        self.keys[self.part] += 1
        self.wait()

    def write(self, box: Any, text: str) -> None:
        """Click into a field, write, Enter."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        QTest.mouseClick(box, Qt.MouseButton.LeftButton)
        QTest.keyClicks(box, text)
        QTest.keyClick(box, Qt.Key.Key_Return)
        self.clicks[self.part] += 1
        self.keys[self.part] += len(text) + 1
        self.wait()

    def open(self, study: Any, name: str) -> Any:
        """A widget: by its button, or by the menu."""
        beside = getattr(study, "beside", None)
        if beside is not None:
            self.click(beside.buttons[name])
        else:
            self.clicks[self.part] += MENU_CLICKS
        return self.viewer.window.add_plugin_dock_widget("netlm-imaging", name, tabify=True)[1]

    def scroll_to(self, point_lps_mm: Any, desk: Any) -> None:
        """With the wheel to the slice of a point."""
        axis, dims = self.viewer.dims.order[0], self.viewer.dims
        before = dims.current_step[axis]
        dims.set_point(axis, float(desk.frame.to_world(point_lps_mm)[axis]))
        self.notches[self.part] += abs(dims.current_step[axis] - before)

    def click_picture(self, point_lps_mm: Any, desk: Any, *, drag: int = 0) -> None:
        """On a point of the slice that is shown; ``drag``: so many pixels to the right from there."""
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest

        canvas = self.viewer.window._qt_viewer.canvas
        at, left = self._pixel(desk.frame.to_world(point_lps_mm)), Qt.MouseButton.LeftButton
        QTest.mousePress(canvas.native, left, pos=at)
        for pixel in range(2, drag + 1, 2):
            QTest.mouseMove(canvas.native, at + QPoint(pixel, 0))
            time.sleep(0.006)  # napari takes one move in 5 ms
            self.wait()
        QTest.mouseRelease(canvas.native, left, pos=at + QPoint(drag, 0))
        self.clicks[self.part] += 1
        self.wait()

    def wait(self, what: Callable[[], object] = lambda: True, *, seconds: float = 300.0) -> None:
        """Look at the window until ``what``."""
        from qtpy.QtWidgets import QApplication

        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, "waited in vain"
            QApplication.processEvents()
            time.sleep(0.005)
        for _ in range(3):
            QApplication.processEvents()

    def _pixel(self, world: Any) -> Any:
        from qtpy.QtCore import QPoint

        canvas = self.viewer.window._qt_viewer.canvas
        shown = [float(world[axis]) for axis in self.viewer.dims.displayed][::-1]
        x, y = canvas.view.scene.transform.map([*shown, 0.0])[:2]
        return QPoint(round(x), round(y))

    def lines(self) -> list[str]:
        """What it took, by part and in all."""
        parts = list(dict.fromkeys([*self.clicks, *self.keys, *self.notches]))
        rows = [(part, self.clicks[part], self.keys[part], self.notches[part]) for part in parts]
        rows.append(("in all", self.clicks.total(), self.keys.total(), self.notches.total()))
        return [f"{name:32s}{c:4d} clicks {k:4d} keys {n:4d} notches of the wheel" for name, c, k, n in rows]


def review_and_plan(
    person: Person,
    study: Any,
    *,
    out: Path | None = None,
    landmarks: Mapping[str, Any] | None = None,
    name: str = "",
) -> None:
    """Review every lesion of the open case, mend one, set landmarks, plan by hand, decide, write the report.

    ``out``: folder of the report; None writes none. ``landmarks``: LPS mm; None sets none. ``name``: of a
    reviewer who is not known yet.
    """
    from napari_netlm.desk import desk_of

    desk = desk_of(person.viewer)
    assert desk is not None
    review = _review(person, study, desk, name)
    if landmarks is not None:
        _set_landmarks(person, review, desk, landmarks)
    person.part = "save the review"
    person.click(review.buttons["Save review"])
    plan = _plan(person, study, desk)
    person.part = "decide"
    decide = person.open(study, "Decide")
    person.wait(lambda: plan.planning.classification is not None)
    fit = decide.form.boxes["fit_for_surgery"]
    person.choose(fit, fit.count() - 1 - fit.currentIndex() or 1)
    person.wait(lambda: not plan.planning.busy and decide.write.isEnabled())
    if out is None:
        return
    person.part = "report"
    person.clicks[person.part] += 1  # Write report...
    person.keys[person.part] += 1  # Enter: the dialog proposes a name
    decide.write_to(out)
    person.wait(lambda: (out / "report.html").exists() and not decide.job.busy)


def _review(person: Person, study: Any, desk: Any, name: str) -> Any:
    person.part = "review"
    review = person.open(study, "Review")
    person.wait(lambda: review.tools is not None)
    work = review.tools.reviewing
    if name and not review.saving.who.text():
        person.write(review.saving.who, name)
    if work.selected is None:
        person.click(review.buttons["Next"])
    lesions = len(work.rows)
    first = work.selected
    for number in range(lesions):
        key = "R" if number == lesions - 1 else "A"
        if getattr(review.list, "keys", None):
            person.press(review.list, key)
        else:
            person.click(review.buttons["Reject" if key == "R" else "Accept"])
    assert not any(status == "unreviewed" for _, _, status in work.rows)
    person.part = "mend an outline"
    row = next(n for n, item in enumerate(review.list.lesions.items) if item[0] == first)
    review.list.selectRow(row)
    person.clicks[person.part] += 1
    before = len(work.review.events)
    if getattr(review.list, "keys", None):
        person.press(review.list, "P")
    else:
        person.click(review.buttons["Paint"])
    person.click_picture(work.table.rows[first].lesion.centroid_lps_mm, desk, drag=24)
    assert len(work.review.events) > before, "painted"
    return review


def _set_landmarks(person: Person, review: Any, desk: Any, landmarks: Mapping[str, Any]) -> None:
    from netlm_imaging.segment.couinaud import missing_landmarks

    person.part = "landmarks of the segments"
    person.press(review.list, "L")
    while missing_landmarks(review.tools.landmarks.points):
        point = landmarks[review.tools.landmarks.next]
        person.scroll_to(point, desk)
        person.click_picture(point, desk)
    assert desk.labels("segments").array.any()


def _plan(person: Person, study: Any, desk: Any) -> Any:
    person.part = "plan"
    plan = person.open(study, "Plan")
    person.wait(lambda: plan.planning is not None and not plan.planning.busy)
    tree = plan.treat.list
    largest = max(plan.planning.started.lesions, key=lambda lesion: lesion.volume_ml).id
    tree.select(largest)
    person.clicks[person.part] += 1
    person.press(tree, "L")
    person.wait(lambda: not plan.planning.busy and plan.planning.session.past)
    person.part = "a probe by hand"
    if hasattr(plan.treat, "probe_wanted"):
        person.press(tree, "M")
    else:
        person.clicks[person.part] += 1  # the tab
        plan.tabs.setCurrentWidget(plan.by_hand)
        person.choose(plan.by_hand.lesion, plan.by_hand.lesion.findData(largest))
        person.click(plan.by_hand.buttons["New probe"])
    person.wait(lambda: plan.planning.hand.moved is not None or plan.planning.hand.why_not is not None)
    edits = len(plan.planning.session.past)
    person.click_picture(plan.planning.hand.drawing.drawn.center_lps_mm, desk, drag=12)
    person.wait(lambda: not plan.planning.busy and len(plan.planning.session.past) > edits)
    return plan


def main(preset: str = "type2") -> None:
    """A sample patient, its case, a window, and the count."""
    import os

    import napari

    from napari_netlm.desk import desk_of
    from napari_netlm.jobs import Reporter, run_netlm
    from napari_netlm.samples import sample_folder

    with tempfile.TemporaryDirectory(prefix="netlm-clicks-") as place:
        os.environ.setdefault("NETLM_STATE_DIR", str(Path(place) / "state"))
        images, case = sample_folder(preset), Path(place) / "case"
        facts = str(images.parent / "clinical.toml")
        run_netlm(["run", str(images), "--clinical", facts, "--out", str(case)], Reporter(lambda _text: None))
        viewer = napari.Viewer(title="NETLM imaging")
        viewer.window.resize(1400, 900)
        study = viewer.window.add_plugin_dock_widget("netlm-imaging", "Study")[1]
        person = Person(viewer)
        study.open_path(case, images)
        person.wait(lambda: not study.job.busy and desk_of(viewer) is not None)
        points = drawn_landmarks(desk_of(viewer)) if hasattr(study, "beside") else None
        review_and_plan(person, study, out=Path(place) / "decided", landmarks=points, name="Reader 1")
        print("\n".join(person.lines()))
        viewer.close()


PLACES = {
    "ivc": (0.0, 0.6, 0.5),
    "middle_hepatic_vein": (-0.3, -0.8, -0.3),
    "right_hepatic_vein": (-0.9, 0.1, 0.0),
    "portal_bifurcation": (-0.05, 0.1, 0.0),
    "right_portal_branch": (-0.5, 0.1, 0.05),
    "left_portal_branch": (0.35, -0.2, 0.1),
    "falciform_ligament": (0.4, -0.9, 0.1),
    "ligamentum_venosum": (0.4, 0.15, 0.2),
}
"""Landmarks of any liver, roughly: in shares of half its extent along LPS, from its middle."""


def drawn_landmarks(desk: Any) -> dict[str, tuple[float, float, float]]:
    """Those of the liver that is open, LPS mm."""
    import numpy as np

    liver = desk.mask("liver")
    points = liver.grid.to_patient(np.argwhere(liver.array))
    low, high = points.min(axis=0), points.max(axis=0)
    here = {n: (low + high) / 2 + np.multiply(share, (high - low) / 2) for n, share in PLACES.items()}
    return {name: tuple(np.round(point, 2).tolist()) for name, point in here.items()}


if __name__ == "__main__":
    main(*sys.argv[1:2])
