"""The memory that a large study takes in the viewer, and how long its window stands still.

``python -m benchmarks viewer --large`` in a display (``xvfb-run``): 512 x 512 x 300 voxels, opened, given
masks, reviewed and planned.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from benchmarks.clicks import Person

SHAPE_IJK, SPACING_MM = (512, 512, 300), (0.75, 0.75, 1.0)
MIDDLE_IJK, LIVER_MM = (200.0, 250.0, 150.0), (85.0, 75.0, 65.0)
"""Semi-axes of the liver: about 1,700 mL."""
LESIONS = 12
TISSUE_HU = {"air": -1000, "body": 40, "liver": 110, "lesions": 60}


def large_lines() -> Iterator[str]:
    """A table: what is done, how long it takes, the longest time without an answer, the peak of memory."""
    yield "| | s | the window stood still, ms | peak of memory, MiB |"
    yield "|---|---|---|---|"
    with tempfile.TemporaryDirectory(prefix="netlm-large-") as place:
        os.environ.setdefault("NETLM_STATE_DIR", str(Path(place) / "state"))
        with ProcessPoolExecutor(1) as pool:  # its memory is not the viewer's
            pool.submit(write_large, Path(place)).result()
        yield from _in_window(Path(place))


def write_large(place: Path) -> None:
    """``study/ct.nii`` and masks beside it: an ellipsoid of a liver with balls in it."""
    rng = np.random.default_rng(1)
    affine = np.diag([-SPACING_MM[0], -SPACING_MM[1], SPACING_MM[2], 1.0])
    k, j, i = (np.arange(n, dtype=np.float32) for n in SHAPE_IJK[::-1])
    axes = [(i, 2), (j, 1), (k, 0)]
    mm = [
        ((n - MIDDLE_IJK[at]) * SPACING_MM[at]).reshape([-1 if a == axis else 1 for a in range(3)])
        for at, (n, axis) in enumerate(axes)
    ]
    liver = sum((x / r) ** 2 for x, r in zip(mm, LIVER_MM, strict=True)) <= 1.0
    body = (mm[0] / 180.0) ** 2 + (mm[1] / 140.0) ** 2 + 0.0 * mm[2] <= 1.0
    lesions = np.zeros(liver.shape, dtype=np.uint8)
    turns = np.linspace(0.0, 2.0 * np.pi, LESIONS, endpoint=False)
    for number, turn in enumerate(turns, start=1):
        at = (48.0 * np.cos(turn), 42.0 * np.sin(turn), 20.0 * (-1) ** number)
        lesions[sum((x - a) ** 2 for x, a in zip(mm, at, strict=True)) <= rng.uniform(4.0, 11.0) ** 2] = (
            number
        )
    image = np.where(body, np.int16(TISSUE_HU["body"]), np.int16(TISSUE_HU["air"]))
    image[liver], image[lesions > 0] = TISSUE_HU["liver"], TISSUE_HU["lesions"]
    image += rng.integers(-15, 16, image.shape, dtype=np.int16)
    (place / "study").mkdir()
    for name, array in (
        ("study/ct.nii", image),
        ("liver.nii.gz", liver.astype(np.uint8)),
        ("lesions.nii.gz", lesions),
    ):
        nibabel.save(nibabel.Nifti1Image(array.T, affine), place / name)  # type: ignore[attr-defined]


class _Watch:
    """Rows of the table, while a window is driven."""

    def row(self, what: str, do: Callable[[], object], done: Callable[[], object]) -> str:
        """``do``, and look at the window until ``done``."""
        from qtpy.QtWidgets import QApplication

        start = time.perf_counter()
        do()
        still = time.perf_counter() - start
        at_end = 3  # looks at the window, which draws what came
        while (at_end := at_end - bool(done())) > 0:
            looked = time.perf_counter()
            QApplication.processEvents()
            still = max(still, time.perf_counter() - looked)
            assert looked - start < 900.0, "waited in vain"
            time.sleep(0.005)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return f"| {what} | {seconds:.1f} | {1000 * still:.0f} | {peak:.0f} |"


def _in_window(place: Path) -> Iterator[str]:
    import napari

    from napari_netlm.desk import desk_of

    viewer, watch = napari.Viewer(title="NETLM imaging"), _Watch()
    viewer.window.resize(1400, 900)
    study = viewer.window.add_plugin_dock_widget("netlm-imaging", "Study")[1]
    person = Person(viewer)
    person.wait()
    yield watch.row("the window", lambda: None, lambda: True)
    yield watch.row(
        "open the study",
        lambda: study.open_path(place / "study"),
        lambda: desk_of(viewer) is not None and not study.job.busy,
    )
    desk = desk_of(viewer)
    assert desk is not None
    for name in ("liver", "lesions"):
        key = f"mask_{1 + sum(key.startswith('mask_') for key in desk.keys)}"
        yield watch.row(
            f"add a mask of the {name}",
            lambda name=name: study.add_mask(place / f"{name}.nii.gz"),
            lambda key=key: desk.layer(key) is not None and not study.job.busy,
        )
        yield watch.row(
            "use it", lambda key=key, name=name: _use(study, key, name), lambda name=name: desk.layer(name)
        )
    yield from _reviewed(person, watch, study)
    yield from _planned(person, watch, study)
    viewer.close()


def _use(study: Any, key: str, name: str) -> None:
    """As a person takes the selected mask."""
    from napari_netlm.desk import key_of

    study.viewer.layers.selection.active = next(x for x in study.viewer.layers if key_of(x) == key)
    study.run.use_as.activated.emit(study.run.use_as.findData(name))


def _reviewed(person: Person, watch: _Watch, study: Any) -> Iterator[str]:
    opened: list[Any] = []
    yield watch.row(
        "Review",
        lambda: opened.append(person.open(study, "Review")),
        lambda: opened and opened[0].tools is not None,
    )
    (review,) = opened
    work = review.tools.reviewing
    yield watch.row("the next lesion", lambda: work.step(1), lambda: True)
    desk, frame = work.desk, work.desk.frame
    at = work.table.rows[work.selected].lesion.centroid_lps_mm
    for part in ("lesions", "liver"):
        work.part = part
        events = len(work.review.events)
        voxel = np.rint(frame.shown_grid.to_index(at)).astype(int) + np.array((0, 30, 0))  # beyond its edge

        def stroke(part: str = part, voxel: Any = voxel) -> None:
            layer = desk.layer(part)
            layer.selected_label, layer.brush_size = 0 if part == "liver" else work.selected, 12
            layer.paint(tuple(voxel), layer.selected_label)

        yield watch.row(
            f"a stroke of the brush in the {part}",
            stroke,
            lambda events=events: len(work.review.events) > events and not work.measuring.stale,
        )
    yield watch.row("undo it", work.undo, lambda: not work.measuring.stale)


def _planned(person: Person, watch: _Watch, study: Any) -> Iterator[str]:
    plan = person.open(study, "Plan")
    yield watch.row(
        "Plan, proven",
        plan.begin.begin,
        lambda: plan.planning is not None and plan.planning.worked_out and not plan.planning.proving,
    )
    planning = plan.planning
    choice = next(iter(planning.session.chosen))
    before = planning.session.state
    yield watch.row(
        "a treatment is forbidden",
        lambda: planning.edit(lambda session: session.must_not(choice)),
        lambda: planning.session.state is not before and planning.worked_out and not planning.proving,
    )
