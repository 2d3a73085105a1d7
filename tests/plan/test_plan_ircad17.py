"""A real liver with two large tumors (3D-IRCADb case 17) and its Couinaud segments."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from plan.plan_examples import planned, settings_with

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.clinical import Clinical
from netlm_imaging.geometry import Grid
from netlm_imaging.remnant import flr_limits
from netlm_imaging.settings import FlrSettings
from netlm_imaging.volume import LabelMap, Mask


def _labels(path: Path) -> tuple[np.ndarray, Grid]:
    image = nibabel.load(path)
    array = np.ascontiguousarray(np.asarray(image.dataobj).astype(np.uint8).transpose(2, 1, 0))
    return array, Grid.from_affine_ras(image.affine, array.shape)


def _tumors(path: Path, grid: Grid) -> np.ndarray:
    labels = np.zeros(grid.shape_kji, dtype=np.uint8)
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            number = next((n for n in (1, 2) if f"livertumor{n}/" in member.name), None)
            if number is None or not member.isfile():
                continue
            part = pydicom.dcmread(io.BytesIO(archive.extractfile(member).read()))
            row, column = (np.array(part.ImageOrientationPatient[n : n + 3]) for n in (0, 3))
            j, i = np.nonzero(part.pixel_array)
            steps = np.outer(i * part.PixelSpacing[1], row) + np.outer(j * part.PixelSpacing[0], column)
            points = np.array(part.ImagePositionPatient, dtype=float) + steps
            labels[tuple(np.rint(grid.to_index(points)).astype(int).T)] = number
    return labels


@pytest.mark.real
@pytest.mark.parametrize("all_vessels", [False, True])
def test_both_tumors_are_cleared_by_a_proven_plan(real_data: Path, all_vessels: bool) -> None:
    folder = real_data / "ircad17"
    segments, grid = _labels(folder / "couinaud_label.nii.gz")
    vessels, _ = _labels(folder / "couinaud_vessel.nii.gz")
    liver = segments > 0
    anatomy = Anatomy(
        liver=Mask(liver, grid),
        lesions=LabelMap(np.where(liver, _tumors(folder / "masks_dicom.tar.xz", grid), 0), grid),
        segments=LabelMap(segments, grid),
        vessels=Mask(vessels > 0, grid),
    )
    limits = flr_limits(anatomy.functional.volume_ml, clinical=Clinical(), settings=FlrSettings())
    settings = settings_with(
        resection={"inflow_from_all_vessels": all_vessels},
        ablation={"comparison_devices": []},
        plan={"max_frontier_points": 2},
    )
    result = planned(anatomy, limits=limits, settings=settings)
    assert {p.status for p in (result.plan, *result.alternatives)} == {"optimal"}
    assert result.plan.cleared == (1, 2)
    assert result.plan.debulking_percent == 100.0
    segments_of = {t.lesions[0]: t.segments[0] for t in result.plan.treatments}
    assert segments_of == {1: "VIII", 2: "II"}
    if all_vessels:
        # One mask of all veins: what the branches of segment II leave without inflow is overstated.
        assert 100.0 < result.plan.devascularized_ml < 200.0
        assert result.plan.flr_percent > 70.0
    else:
        assert result.plan.devascularized_ml < 0.1
        assert result.plan.flr_percent > 75.0
