"""The pictures of docs/viewer.md and docs/plan.md, taken from the running viewer: ``make pictures``."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.clicks import drawn_landmarks

DOCS = Path(__file__).parent
WIDTH = 1200
COLORS = 256


def main() -> None:
    """Sample patient, finished case, window, pictures."""
    with tempfile.TemporaryDirectory(prefix="netlm-pictures-") as folder:
        os.environ["NETLM_STATE_DIR"] = str(Path(folder) / "state")
        case, images = _finished_case(Path(folder))
        _take(case, images)


def _finished_case(folder: Path) -> tuple[Path, Path]:
    from napari_netlm.jobs import Reporter, run_netlm
    from napari_netlm.samples import sample_folder

    images, case = sample_folder("type2"), folder / "case"
    clinical = str(images.parent / "clinical.toml")
    run_netlm(["run", str(images), "--clinical", clinical, "--out", str(case)], Reporter(lambda text: None))
    return case, images


def _take(case: Path, images: Path) -> None:
    import napari

    from napari_netlm.desk import desk_of
    from napari_netlm.keys import axial, coronal, three_d, toggle_crosshair

    viewer = napari.Viewer(title="NETLM imaging")
    viewer.window.resize(1400, 860)
    _, study = viewer.window.add_plugin_dock_widget("netlm-imaging", "Study")
    study.open_path(case, images)
    _wait(lambda: not study.job.busy and not study.registering.busy)
    desk = desk_of(viewer)
    assert desk is not None
    assert desk.study.case is not None
    largest = max(desk.study.case.lesions, key=lambda lesion: lesion.volume_ml)
    desk.go_to(largest.centroid_lps_mm)
    axial(viewer)
    _shoot(viewer, "viewer")
    toggle_crosshair(viewer)
    coronal(viewer)
    _shoot(viewer, "viewer-coronal")
    toggle_crosshair(viewer)
    three_d(viewer)
    _shoot(viewer, "viewer-3d")
    axial(viewer)
    _take_landmarks(viewer, desk)
    _take_plan(viewer)
    viewer.close()


def _take_landmarks(viewer: Any, desk: Any) -> None:
    """Landmarks of the segments, set in Review; then all is as it was."""
    dock, review = viewer.window.add_plugin_dock_widget("netlm-imaging", "Review", tabify=True)
    dock.raise_()
    _wait(lambda: review.tools is not None)
    review.tools.set_landmarks()
    for name, point in drawn_landmarks(desk).items():
        review.tools.landmarks.choose(name)
        review.tools.put_landmark(np.array(point))
    desk.go_to(drawn_landmarks(desk)["right_portal_branch"])
    _shoot(viewer, "viewer-segments")
    while review.tools.reviewing.history.last_done is not None:
        review.tools.reviewing.undo()
    review.tools.edit_part("lesions")
    desk.layer("segments").visible = False


def _take_plan(viewer: Any) -> None:
    """A probe in the largest lesion that the plan leaves, a little off its middle; then the Type."""
    dock, plan = viewer.window.add_plugin_dock_widget("netlm-imaging", "Plan", tabify=True)
    _wait(lambda: plan.planning is not None and plan.planning.classification is not None)
    planning = plan.planning
    dock.raise_()
    plan.tabs.setCurrentWidget(plan.by_hand)
    plan.by_hand.device.setCurrentIndex(max(0, plan.by_hand.device.findData("amica-60w-10min-patients")))
    plan.by_hand.buttons["New probe"].click()
    center = planning.hand.drawing.drawn.center_lps_mm
    planning.hand.move(planning.hand.drawing.moved("center", (center[0] + 6.0, center[1] - 5.0, center[2])))
    _wait(lambda: planning.hand.moved is not None and planning.hand.moved.preview.treatment.zones)
    _shoot(viewer, "viewer-plan")
    plan.by_hand.buttons["Put away"].click()
    planning.know(planning.clinical.model_copy(update={"fit_for_surgery": None}))
    _wait(lambda: not planning.busy and planning.classification is not None)
    dock, _decide = viewer.window.add_plugin_dock_widget("netlm-imaging", "Decide", tabify=True)
    dock.raise_()
    _wait(lambda: planning.known.weighed)
    _shoot(viewer, "viewer-decide")


def _shoot(viewer: Any, name: str) -> None:
    _wait(lambda: True)
    picture = Image.fromarray(viewer.window.screenshot(flash=False)).convert("RGB")
    picture = picture.resize((WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS)
    # Not by median cut: thin bright outlines would take the color of what is more frequent. By means, grounds
    # keep their own.
    most = Image.Quantize.MAXCOVERAGE
    few = picture.quantize(COLORS, method=most, kmeans=1, dither=Image.Dither.NONE)
    few.save(DOCS / f"{name}.png", optimize=True)


def _wait(what: Callable[[], bool], *, seconds: float = 300.0) -> None:
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            sys.exit("the viewer did not get ready")
        QApplication.processEvents()
        time.sleep(0.01)
    for _ in range(30):
        QApplication.processEvents()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
