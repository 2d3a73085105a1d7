"""What is shipped is whole: the wheel alone, outside the repository, does the job."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_the_wheel_holds_the_four_packages_and_nothing_else(unpacked: Path) -> None:
    tops = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == {"netlm_imaging", "netlm_pipelines", "napari_netlm", "netlm_sample_data"}
    assert (unpacked / "napari_netlm/napari.yaml").is_file()


def test_the_wheel_plans_outside_the_repository(unpacked: Path, tmp_path: Path) -> None:
    liver = np.zeros((60, 50, 40), dtype=np.uint8)
    liver[5:55, 5:45, 5:35] = 1
    lesions = np.zeros_like(liver)
    lesions[25:30, 20:24, 15:20] = 1
    affine = np.diag([-2.0, -2.5, 3.0, 1.0])
    for name, array in (("liver", liver), ("lesions", lesions)):
        nib.save(nib.Nifti1Image(array.T, affine), tmp_path / f"{name}.nii.gz")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "netlm_pipelines", "plan"),
            *("--liver", "liver.nii.gz", "--lesions", "lesions.nii.gz", "--out", "out"),
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(unpacked), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    case = json.loads((tmp_path / "out/case.json").read_text())
    assert case["classification"]["type"] == 1
    assert (tmp_path / "out/report.html").stat().st_size > 10_000
