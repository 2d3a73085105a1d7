"""RTSTRUCT on few planes far apart: how thick each plane is, or a refusal where nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from ingest import mask_builder
from ingest.mask_builder import rtstruct
from ingest.test_rtstruct import AXES, CENTER, circle, codes, volume_ml
from pydicom.dataset import Dataset

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import read_mask

DISK_ML = np.pi * 100 / 1000
"""Of 1 mm."""
AXES_KEPT = tuple(AXES.ravel().tolist())


def disks(*heights: float) -> list[Dataset]:
    return [circle(10, h, axes=AXES) for h in heights]


def image(step: float, first: float = 0.0) -> Grid:
    """Across the contours, with a slice ``first`` mm along the normal from where their heights count."""
    x, y, z = (float(p) for p in CENTER + AXES @ (-60.0, -50.0, first - 5 * step))
    return Grid(
        shape_kji=(70, 90, 110), spacing_mm=(1.1, 1.3, step), origin_mm=(x, y, z), direction=AXES_KEPT
    )


def write(folder: Path, heights: Sequence[float], *, slab: float | None, liver: Sequence[float] = ()) -> str:
    rois = {"Lesion": disks(*heights)} | ({"Liver": disks(*liver)} if liver else {})
    change = mask_builder.thick(slab) if slab else None
    return f"{rtstruct(folder / 'a.dcm', rois, change=change)}#Lesion"


def refused(spec: str, grid: Grid | None = None) -> Fault:
    with pytest.raises(InputError) as caught:
        read_mask(spec, grid=grid)
    (fault,) = caught.value.faults
    assert fault.remedy
    return fault


FAR, EVERY_3 = (0.0, 30.0, 60.0), tuple(np.arange(-30.0, 91.0, 3.0))


@pytest.mark.parametrize(
    ("slab", "grid", "liver"),
    [(3.0, None, ()), (None, image(3), ()), (None, None, EVERY_3), (3.0, image(30), ())],
)
def test_three_thin_parts_are_not_one_thick_region(
    slab: float | None, grid: Grid | None, liver: Sequence[float], tmp_path: Path
) -> None:
    """0.9 mL on slices of 3 mm: the thickness, the image or another ROI tells that 9 mL would be wrong."""
    fault = refused(write(tmp_path, FAR, slab=slab, liver=liver), grid)
    assert fault.code == "CONTOURS_SPARSE"
    assert fault.found == "ROI 1: planes 30 mm apart on slices of 3 mm"


@pytest.mark.parametrize("heights", [FAR, (0.0, 60.0), (0.0, 12.5)])
@pytest.mark.parametrize("slab", [None, 30.0])
def test_planes_farther_apart_than_any_slices_tell_nothing(
    heights: Sequence[float], slab: float | None, tmp_path: Path
) -> None:
    assert refused(write(tmp_path, heights, slab=slab)).code == "NO_THICKNESS"


def test_two_thin_parts_have_the_thickness_of_a_slice(tmp_path: Path) -> None:
    for n, (slab, grid, liver) in enumerate([(3.0, None, ()), (None, image(3), ()), (None, None, EVERY_3)]):
        folder = tmp_path / str(n)
        folder.mkdir()
        found = read_mask(write(folder, (0, 60), slab=slab, liver=liver), grid=grid)
        assert volume_ml(found) == pytest.approx(2 * 3 * DISK_ML, rel=0.01)
        assert codes(found) == ["ROI_TWO_PLANES", "ROI_GAP", "CONTOURS_FILLED"]


def test_two_planes_alone_lie_one_slice_apart(tmp_path: Path) -> None:
    """Slices between which they do not lie say nothing, nor do thinner slabs with gaps between."""
    for n, (slab, grid) in enumerate([(None, None), (None, image(1, 0.5)), (4.0, None)]):
        folder = tmp_path / str(n)
        folder.mkdir()
        found = read_mask(write(folder, (0, 5), slab=slab), grid=grid)
        assert volume_ml(found) == pytest.approx(10 * DISK_ML, rel=0.01)
        assert codes(found) == ["ROI_TWO_PLANES", "CONTOURS_FILLED"]


def test_two_planes_between_the_slices_are_refused(tmp_path: Path) -> None:
    assert refused(write(tmp_path, (0, 7.5), slab=3.0)).code == "UNEVEN_SPACING"


def test_slices_of_another_image_do_not_count(tmp_path: Path) -> None:
    """Drawn on slices of 5 mm, used on an image of 1 mm: off its slices, or as thick as the file says."""
    heights = tuple(np.arange(0.0, 31.0, 5.0))
    spec = write(tmp_path, heights, slab=None)
    found = read_mask(spec, grid=image(1, 0.4))
    assert volume_ml(found) == pytest.approx(7 * 5 * DISK_ML, rel=0.01)
    assert codes(found) == ["CONTOURS_FILLED"]
    assert refused(spec, image(1)).code == "CONTOURS_SPARSE"
    found = read_mask(write(tmp_path, heights, slab=5.0), grid=image(1))
    assert volume_ml(found) == pytest.approx(7 * 5 * DISK_ML, rel=0.01)
    assert codes(found) == ["CONTOURS_FILLED"]


def test_every_other_slice_goes_on_between_with_a_warning(tmp_path: Path) -> None:
    found = read_mask(write(tmp_path, (0, 6, 12, 18), slab=3.0))
    assert volume_ml(found) == pytest.approx(4 * 6 * DISK_ML, rel=0.01)
    assert codes(found) == ["ROI_SPARSE", "CONTOURS_FILLED"]
    assert refused(write(tmp_path, (0, 9, 18, 27), slab=3.0)).code == "CONTOURS_SPARSE"


def test_the_smallest_thickness_of_the_contours_counts(tmp_path: Path) -> None:
    def change(item: Dataset) -> None:
        mask_builder.thick(3)(item)
        item.ROIContourSequence[0].ContourSequence[0].ContourSlabThickness = "12"

    path = rtstruct(tmp_path / "a.dcm", {"Lesion": disks(0, 12, 24)}, change=change)
    assert refused(str(path)).code == "CONTOURS_SPARSE"


def test_one_plane_thicker_than_any_slice(tmp_path: Path) -> None:
    assert refused(write(tmp_path, (0,), slab=60.0)).code == "NO_THICKNESS"
    assert refused(write(tmp_path, (0,), slab=None), image(30)).code == "NO_THICKNESS"
    found = read_mask(write(tmp_path, (0,), slab=60.0), grid=image(3))
    assert volume_ml(found) == pytest.approx(3 * DISK_ML, rel=0.01)


def test_uneven_planes_of_another_roi_show_no_step(tmp_path: Path) -> None:
    """Whole steps with many left out do."""
    spec = write(tmp_path, (0,), slab=None, liver=(0.0, 1.1, 4.0, 8.0))
    assert refused(spec).code == "NO_THICKNESS"
    found = read_mask(write(tmp_path, (0,), slab=None, liver=(0.0, 3.0, 9.0, 15.0, 24.0)))
    assert volume_ml(found) == pytest.approx(3 * DISK_ML, rel=0.01)
