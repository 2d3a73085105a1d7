"""From masks and images to the probe paths of case.json: the body given, found in the image, or not known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from strategies import ellipsoid

from netlm_imaging.case import CaseResult
from netlm_imaging.export import write_nifti
from netlm_imaging.plan.records import Treatment
from netlm_imaging.settings import Settings
from netlm_imaging.volume import Mask
from netlm_pipelines.progress import Stages
from netlm_pipelines.request import GivenMasks, Request
from netlm_pipelines.study import run_study
from pipelines import small_study

GRID = small_study.GRID
HALF_MM = np.array([118.0, 85.0, 68.0])


def ablations(tmp_path: Path, *, body: bool, grid_mm: float | None = None) -> list[Treatment]:
    settings = Settings.model_validate(
        {
            "resection": {"wedge": False, "enucleation": False, "anatomical": False},
            "ablation": {"max_lesion_mm": 40.0, "devices": ["mwa-3-probes"], "comparison_devices": []},
            "plan": {} if grid_mm is None else {"grid_mm": grid_mm},
        }
    )
    write_nifti(Mask(small_study.liver(), GRID), tmp_path / "liver.nii.gz")
    write_nifti(small_study.lesions(), tmp_path / "lesions.nii.gz")
    write_nifti(Mask(ellipsoid(GRID, small_study.MIDDLE, HALF_MM), GRID), tmp_path / "body.nii.gz")
    masks = GivenMasks(
        liver=str(tmp_path / "liver.nii.gz"),
        lesions=(str(tmp_path / "lesions.nii.gz"),),
        body=str(tmp_path / "body.nii.gz") if body else None,
    )
    folder = run_study(Request(out=tmp_path / "out", masks=masks, settings=settings), Stages(total=7))
    case = CaseResult.from_json((folder / "case.json").read_bytes())
    return [t for t in case.plan.treatments if t.zones]


@pytest.mark.parametrize("grid_mm", [None, 5.0])
def test_a_given_body_is_where_paths_begin(tmp_path: Path, grid_mm: float | None) -> None:
    found = ablations(tmp_path, body=True, grid_mm=grid_mm)
    assert found
    entries = [p.entry_lps_mm for t in found for p in t.paths if p.approach == "percutaneous"]
    assert entries
    out = np.linalg.norm((np.asarray(entries) - small_study.MIDDLE) / HALF_MM, axis=1)
    assert out == pytest.approx(1.0, abs=0.08)  # on the skin, to a voxel


def test_without_body_and_image_only_the_capsule_is_known(tmp_path: Path) -> None:
    for treatment in ablations(tmp_path, body=False):
        assert treatment.open_only is None
        assert {path.approach for path in treatment.paths} <= {"operative"}
        assert "neither a mask nor the image shows the skin" in (treatment.approach_note or "")
