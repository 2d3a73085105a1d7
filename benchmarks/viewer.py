"""How long a person waits in the viewer: the sample study with 30 lesions in a real window.

``python -m benchmarks viewer`` in a display (``xvfb-run``).
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.clicks import Person, drawn_landmarks
from benchmarks.crowded import crowded_case

LESIONS = 30
QUIET_S = 0.25
"""Nothing was drawn for so long: the picture stands."""
TRIES = 7


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds from the hand's move until figures and picture stand, with processor time.

    ``drawn_s``: OpenGL has drawn the slices; then Qt lays all of the window together, which a graphics card
    does at once and software OpenGL in 50 ms.
    """

    figures_s: float
    figures_cpu_s: float
    drawn_s: float
    picture_s: float
    picture_cpu_s: float


class Watch:
    """Does something in a window and looks at it until nothing is drawn any more."""

    def __init__(self, viewer: Any) -> None:
        self._draws, self._drawn = 0, 0.0
        viewer.window._qt_viewer.canvas._scene_canvas.events.draw.connect(self._count, position="last")

    def _count(self, _event: Any) -> None:
        self._draws, self._drawn = self._draws + 1, time.perf_counter()

    def time(self, do: Callable[[], object], figures: Callable[[], object]) -> Wait:
        """``do``, until ``figures`` says that they stand and the picture rests."""
        from qtpy.QtWidgets import QApplication

        start, start_cpu = time.perf_counter(), time.process_time()
        do()
        stand: tuple[float, float] | None = None
        drawn, seen = (time.perf_counter(), time.process_time()), self._draws
        while stand is None or time.perf_counter() - max(drawn[0], stand[0]) < QUIET_S:
            if stand is None and figures():
                stand = (time.perf_counter(), time.process_time())
            QApplication.processEvents()
            if self._draws != seen:
                drawn, seen = (time.perf_counter(), time.process_time()), self._draws
            assert time.perf_counter() - start < 60.0, "waited in vain"
            time.sleep(0.002)
        return Wait(
            figures_s=stand[0] - start,
            figures_cpu_s=stand[1] - start_cpu,
            drawn_s=max(self._drawn - start, 0.0),
            picture_s=drawn[0] - start,
            picture_cpu_s=drawn[1] - start_cpu,
        )


def viewer_lines(*, lesions: int = LESIONS) -> Iterator[str]:
    """A table: what is done, medians of the time until figures and picture stand."""
    yield "| ms, median | figures | processor | drawn | picture | processor | n |"
    yield "|---|---|---|---|---|---|---|"
    for what, waits in measured(lesions=lesions):
        columns = (1000 * median(getattr(wait, name) for wait in waits) for name in Wait.__dataclass_fields__)
        yield f"| {what} | {' | '.join(f'{column:.0f}' for column in columns)} | {len(waits)} |"


def measured(*, lesions: int) -> Iterator[tuple[str, list[Wait]]]:
    """Each thing that is done, in the order of the work, with all its times."""
    with tempfile.TemporaryDirectory(prefix="netlm-viewer-") as place:
        os.environ.setdefault("NETLM_STATE_DIR", str(Path(place) / "state"))
        yield from _in_window(*crowded_case(Path(place), lesions=lesions))


def _in_window(images: Path, case: Path) -> Iterator[tuple[str, list[Wait]]]:
    import napari

    from napari_netlm.desk import desk_of

    viewer = napari.Viewer(title="NETLM imaging")
    viewer.window.resize(1400, 900)
    study = viewer.window.add_plugin_dock_widget("netlm-imaging", "Study")[1]
    person, watch = Person(viewer), Watch(viewer)
    person.wait()
    opening = watch.time(lambda: study.open_path(case, images), lambda: desk_of(viewer) is not None)
    yield "open the case", [opening]
    desk = desk_of(viewer)
    person.wait(lambda: not study.registering.busy)  # PET, in a thread
    person.wait(lambda: not desk.waiting.keys)  # layers that are not seen come after the picture
    review = person.open(study, "Review")
    person.wait(lambda: review.tools is not None)
    yield from _reviewed(person, watch, review, desk)
    plan = person.open(study, "Plan")
    person.wait(lambda: plan.planning is not None and plan.planning.worked_out and not plan.planning.proving)
    yield from _planned(person, watch, plan)
    viewer.close()


def _reviewed(person: Person, watch: Watch, review: Any, desk: Any) -> Iterator[tuple[str, list[Wait]]]:
    work = review.tools.reviewing
    work.select(work.listed()[0])
    person.wait()
    yield "next lesion (arrow key)", [_jump(person, watch, review) for _ in range(TRIES)]
    person.press(review.list, "P")
    yield "a stroke of the brush, from its end", [_stroke(person, watch, review) for _ in range(TRIES)]
    person.press(review.list, "L")
    points = drawn_landmarks(desk)
    landmarks = review.tools.landmarks
    first = list(points)[:-1]
    for name in first:
        landmarks.put(points[name], name)
    last = list(points)[-1]

    def set_last() -> Wait:
        landmarks.remove(last)
        work.select(work.selected)
        person.wait()
        return watch.time(
            lambda: review.tools.put_landmark(points[last]),
            lambda: desk.labels("segments").array.any() and not work.measuring.stale,
        )

    yield "the last landmark of the segments", [set_last() for _ in range(3)]
    person.press(review.list, "Z")


def _key(widget: Any, key: str) -> None:
    """A key, without looking at the window yet."""
    from qtpy.QtGui import QKeySequence
    from qtpy.QtTest import QTest

    pressed = QKeySequence(key)[0]
    QTest.keyClick(widget, pressed.key(), pressed.keyboardModifiers())


def _jump(person: Person, watch: Watch, review: Any) -> Wait:
    work = review.tools.reviewing
    goal = work.listed()[work.listed().index(work.selected) + 1]
    return watch.time(lambda: _key(review.list, "Down"), lambda: _selected(review) == goal)


def _selected(review: Any) -> int | None:
    at = review.list.currentIndex().row()
    return review.list.lesions.items[at][0] if at >= 0 else None


def _listed(review: Any, lesion: int) -> Any:
    """The figures of a lesion as the list shows them."""
    return next(item[1] for item in review.list.lesions.items if item[0] == lesion)


def _stroke(person: Person, watch: Watch, review: Any) -> Wait:
    """A few millimeters in the lesion's middle, beyond its edge; the time counts from its end."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    work = review.tools.reviewing
    work.step(1)
    person.press(review.list, "P")
    row = work.table.rows[work.selected]
    before, left = work.review.events, Qt.MouseButton.LeftButton
    canvas = person.viewer.window._qt_viewer.canvas.native
    at = person._pixel(work.desk.frame.to_world(row.lesion.centroid_lps_mm))
    QTest.mousePress(canvas, left, pos=at)
    for pixel in range(2, 41, 4):
        QTest.mouseMove(canvas, at + QPoint(pixel, 0))
        time.sleep(0.006)
        person.wait()
    return watch.time(
        lambda: QTest.mouseRelease(canvas, left, pos=at + QPoint(40, 0)),
        lambda: len(work.review.events) > len(before) and _listed(review, work.selected) is not row,
    )


def _planned(person: Person, watch: Watch, plan: Any) -> Iterator[tuple[str, list[Wait]]]:
    planning, tree = plan.planning, plan.treat.list
    known = planning.session.candidates
    choices = [c for c in planning.session.chosen if known[c].lesions][:TRIES]
    waits = []
    for choice in choices:
        lesion = known[choice].lesions[0]
        tree.select(lesion, choice)
        person.wait()
        before = planning.session.state
        waits.append(
            watch.time(
                lambda: _key(tree, "N"),
                lambda before=before: planning.session.state is not before and not planning.busy,
            )
        )
        planning.undo()
        person.wait(lambda: planning.worked_out and not planning.proving)
    yield "Type after a treatment is forbidden", waits
    largest = max(planning.started.lesions, key=lambda lesion: lesion.volume_ml).id
    tree.select(largest)
    person.press(tree, "M")
    person.wait(lambda: planning.hand.moved is not None or planning.hand.why_not is not None)
    yield from _dragged(person, watch, planning)


def _dragged(person: Person, watch: Watch, planning: Any) -> Iterator[tuple[str, list[Wait]]]:
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    canvas = person.viewer.window._qt_viewer.canvas.native
    at = person._pixel(planning.desk.frame.to_world(planning.hand.drawing.drawn.center_lps_mm))
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=at)
    steps = []
    for step in range(1, TRIES + 1):
        before = planning.hand.moved
        steps.append(
            watch.time(
                lambda step=step: QTest.mouseMove(canvas, at + QPoint(4 * step, 2 * step)),
                lambda before=before: planning.hand.moved is not before,
            )
        )
    yield "a step of a probe that is dragged", steps
    before = planning.session.state
    end = at + QPoint(4 * TRIES, 2 * TRIES)
    dropped = watch.time(
        lambda: QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end),
        lambda: planning.session.state is not before and not planning.busy,
    )
    yield "the plan after the probe is let go", [dropped]
