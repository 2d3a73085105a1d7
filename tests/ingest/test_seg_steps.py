"""The step of a SEG whose frames leave slices out: no thin parts read as thick ones, whatever is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ingest.mask_builder import seg
from pydicom.dataset import Dataset
from strategies import oblique_grid

from netlm_imaging.errors import InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import MaskFile, read_mask

GRID = oblique_grid((31, 7, 9), (0.8, 1.7, 3.0))
PIXELS = 4 * 5
SLICE_ML = PIXELS * 0.8 * 1.7 * 3.0 / 1000


def on(*slices: int, said: float | None, thickness: float | None) -> Any:
    """A segment on some slices, in a file that tells these of its step."""
    mask = np.zeros(GRID.shape_kji, dtype=np.uint8)
    mask[list(slices), 1:5, 2:7] = 1

    def change(item: Dataset) -> None:
        measures = item.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        for name, value in (("SpacingBetweenSlices", said), ("SliceThickness", thickness)):
            if value is None:
                delattr(measures, name)
            else:
                setattr(measures, name, f"{value:g}")

    return mask, change


def read(folder: Path, made: Any, image: Grid | None = None) -> MaskFile:
    mask, change = made
    return read_mask(str(seg(folder / "a.dcm", {"Lesion": mask}, grid=GRID, change=change)), grid=image)


def refused(folder: Path, made: Any, image: Grid | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read(folder, made, image)
    (fault,) = caught.value.faults
    assert fault.code == "SEG_GEOMETRY"
    assert fault.remedy
    return fault.found


def is_as_drawn(found: MaskFile, slices: int, *codes: str) -> None:
    assert found.labels.any.volume_ml == pytest.approx(slices * SLICE_ML, rel=1e-4)
    assert found.labels.grid.spacing_mm[2] == pytest.approx(3.0)
    assert [n.code for n in found.notices] == list(codes)


def stepped(step: float) -> Grid:
    """The grid with other slices from the same first one on."""
    return Grid(
        shape_kji=(200, *GRID.shape_kji[1:]),
        spacing_mm=(*GRID.spacing_mm[:2], step),
        origin_mm=GRID.origin_mm,
        direction=GRID.direction,
    )


@pytest.mark.parametrize("slices", [(5, 25), (5, 15, 25), (5, 8, 11), (5, 7)])
@pytest.mark.parametrize("said", [None, 0.0, 30.0, 100.0])
def test_thin_parts_far_apart_are_not_thick_ones(
    slices: tuple[int, ...], said: float | None, tmp_path: Path
) -> None:
    """Slices 3 mm thick whose step is not told, or wrong."""
    assert "mm apart" in refused(tmp_path, on(*slices, said=said, thickness=3))


@pytest.mark.parametrize("said", [9.0, 2.2])
def test_a_step_that_the_frames_disprove(said: float, tmp_path: Path) -> None:
    assert "30 mm apart" in refused(tmp_path, on(5, 15, said=said, thickness=said))


@pytest.mark.parametrize("said", [3.0, -3.0, 3.02])
def test_the_step_that_is_said_tells_the_empty_slices(said: float, tmp_path: Path) -> None:
    """Of any sign, and rounded."""
    is_as_drawn(read(tmp_path, on(5, 15, said=said, thickness=3)), 2, "SEG_SPACING")
    is_as_drawn(read(tmp_path, on(5, 6, 7, said=said, thickness=3)), 3)


@pytest.mark.parametrize("thickness", [None, 3.0, 9.0])
def test_the_image_tells_the_step_that_is_not_said(thickness: float | None, tmp_path: Path) -> None:
    made = on(5, 15, 25, said=None, thickness=thickness)
    is_as_drawn(read(tmp_path, made, GRID), 3, "SEG_SPACING")
    is_as_drawn(read(tmp_path, on(5, 6, said=None, thickness=thickness), GRID), 2)


def moved(**values: Any) -> Grid:
    made = {name: getattr(GRID, name) for name in ("shape_kji", "spacing_mm", "origin_mm", "direction")}
    return Grid(**(made | values))


TURNED = GRID.axes * (1.0, -1.0, -1.0)
OTHERS = {
    "half a slice beside": moved(
        origin_mm=tuple((np.array(GRID.origin_mm) + GRID.axes[:, 2] * 1.5).tolist())
    ),
    "half a column beside": moved(
        origin_mm=tuple((np.array(GRID.origin_mm) + GRID.axes[:, 0] * 0.4).tolist())
    ),
    "a whole column beside": moved(
        origin_mm=tuple((np.array(GRID.origin_mm) + GRID.axes[:, 0] * 0.8).tolist())
    ),
    "other columns": moved(shape_kji=(31, 7, 10)),
    "other spacing": moved(spacing_mm=(0.8, 1.6, 3.0)),
    "other rows": moved(direction=tuple(TURNED.ravel().tolist())),
}


@pytest.mark.parametrize("image", OTHERS.values(), ids=OTHERS)
def test_an_image_on_other_voxels_tells_nothing(image: Grid, tmp_path: Path) -> None:
    refused(tmp_path, on(5, 15, 25, said=None, thickness=3), image)


def test_slices_as_thick_as_their_distance_are_neighbors(tmp_path: Path) -> None:
    """Made on slices of 3 mm, read with an image of 1 mm: the thickness decides."""
    is_as_drawn(read(tmp_path, on(5, 6, 7, said=None, thickness=3), stepped(1.0)), 3)
    is_as_drawn(read(tmp_path, on(5, 6, 7, said=3, thickness=3), stepped(1.0)), 3)
    is_as_drawn(read(tmp_path, on(5, 6, 7, said=None, thickness=2.4)), 3)
    is_as_drawn(read(tmp_path, on(5, 6, 7, said=None, thickness=6)), 3)


def test_facts_that_contradict_each_other(tmp_path: Path) -> None:
    """A step of half the distance between slices that are as thick as that; a step thrice the image's."""
    refused(tmp_path, on(5, 6, 7, said=1.5, thickness=3))
    refused(tmp_path, on(3, 6, 9, said=9, thickness=3), GRID)
    refused(tmp_path, on(5, 6, 7, said=1.5, thickness=9), GRID)
    found = read(tmp_path, on(3, 6, 9, said=9, thickness=3))
    assert [n.code for n in found.notices] == ["SEG_SPACING"]
    assert "3 mm thick" in found.notices[0].message


def test_image_slices_between_which_the_frames_do_not_fit(tmp_path: Path) -> None:
    """Frames 9 mm apart on slices of 6 mm: only those on slices count as the image's."""
    refused(tmp_path, on(3, 6, said=None, thickness=3), stepped(6.0))


def test_nothing_is_said(tmp_path: Path) -> None:
    """Three frames that agree on a step are taken for neighbors, with a warning; two are not."""
    is_as_drawn(read(tmp_path, on(5, 6, 7, said=None, thickness=None)), 3, "SEG_SPACING")
    is_as_drawn(read(tmp_path, on(5, 6, 7, said=3.5, thickness=3)), 3, "SEG_SPACING")
    is_as_drawn(read(tmp_path, on(5, 6, 7, said=2.5, thickness=3)), 3, "SEG_SPACING")
    refused(tmp_path, on(5, 6, said=None, thickness=None))
    refused(tmp_path, on(5, 6, 7, said=4, thickness=None))
    refused(tmp_path, on(5, 10, 15, said=None, thickness=None))
    refused(tmp_path, on(5, 10, 15, said=15, thickness=15))


def test_one_plane(tmp_path: Path) -> None:
    is_as_drawn(read(tmp_path, on(5, said=-3, thickness=9)), 1, "SEG_SINGLE_PLANE")
    is_as_drawn(read(tmp_path, on(5, said=None, thickness=9), GRID), 1, "SEG_SINGLE_PLANE")
    refused(tmp_path, on(5, said=None, thickness=None))
    refused(tmp_path, on(5, said=60, thickness=60))


def beside(n: int, offset: tuple[float, float, float]) -> Any:
    """Frame ``n`` moved by mm along the axes."""

    def change(item: Dataset) -> None:
        place = item.PerFrameFunctionalGroupsSequence[n].PlanePositionSequence[0]
        moved_to = np.array(place.ImagePositionPatient, dtype=float) + GRID.axes @ offset
        place.ImagePositionPatient = [round(float(x), 5) for x in moved_to]

    return change


def codes(folder: Path, slices: tuple[int, ...], *changes: Any) -> tuple[str, ...]:
    mask, said = on(*slices, said=3, thickness=3)

    def change(item: Dataset) -> None:
        for one_change in (said, *changes):
            one_change(item)

    try:
        read_mask(str(seg(folder / "a.dcm", {"Lesion": mask}, grid=GRID, change=change)))
    except InputError as error:
        return error.codes
    return ()


def test_frames_beside_each_other(tmp_path: Path) -> None:
    """Beyond 1 % of a pixel."""
    assert codes(tmp_path, (5, 6, 7), beside(1, (0.007, 0, 0))) == ()
    assert codes(tmp_path, (5, 6, 7), beside(1, (0.06, 0, 0))) == ("TILT",)
    assert codes(tmp_path, (5, 6, 7), beside(1, (0, 0.4, 0))) == ("TILT",)


def test_positions_are_rounded_over_long_gaps_too(tmp_path: Path) -> None:
    """5 % of every step: 0.3 mm over a gap of 39 mm are fine, 0.3 mm over one step are not."""
    assert codes(tmp_path, (1, 2, 15, 28, 29), beside(2, (0, 0, 0.3))) == ()
    assert codes(tmp_path, (1, 2, 3, 28, 29), beside(1, (0, 0, 0.3))) == ("UNEVEN_SPACING",)


def test_steps_that_drift_off_the_grid(tmp_path: Path) -> None:
    """Each step within 5 %, slices in the middle almost half a step from where the grid has them."""
    ramp = [min(n, 10, 30 - n) / 10 for n in range(31)]
    far = [beside(n, (0, 0, 1.42 * part)) for n, part in enumerate(ramp)]
    near = [beside(n, (0, 0, 1.30 * part)) for n, part in enumerate(ramp)]
    assert codes(tmp_path, tuple(range(31)), *far) == ("UNEVEN_SPACING",)
    assert codes(tmp_path, tuple(range(31)), *near) == ()
