"""Probe paths in a real patient (3D-IRCADb case 17), held against its own masks of skin, bone and vessels."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest
from plan.path_examples import zone_at
from scipy import ndimage
from scipy.spatial import cKDTree
from strategies import ellipsoid
from unpacking import SAFELY

from netlm_imaging.align import surroundings
from netlm_imaging.anatomy import Anatomy
from netlm_imaging.geometry import FloatArray
from netlm_imaging.ingest import read_image, read_mask, scan
from netlm_imaging.plan.candidates import Zone
from netlm_imaging.plan.devices import Device, chosen_devices
from netlm_imaging.plan.path_fields import Fields, make_fields
from netlm_imaging.plan.paths import access
from netlm_imaging.plan.probes import bundle_radius_mm
from netlm_imaging.plan.records import ProbePath
from netlm_imaging.plan.vessels import wide_parts
from netlm_imaging.settings import Settings
from netlm_imaging.volume import LabelMap, Mask, Volume

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("ircad17")]
DEPTH_MM = 16.0
LESION_MM = 6.0
CLEARANCE_MM = 5.0


@pytest.fixture(scope="module")
def ct(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Volume, dict[str, Mask]]:
    source = real_data / "ircad17"
    if not source.is_dir():
        pytest.skip("no ircad17 in the folder of real scans")
    work = tmp_path_factory.mktemp("paths17")
    for name in ("patient_dicom", "masks_dicom"):
        with tarfile.open(source / f"{name}.tar.xz") as archive:
            archive.extractall(work, **SAFELY)
    image = read_image(scan(work / "PATIENT_DICOM").series[0]).volume
    names = ("liver", "skin", "bone", "portalvein", "venoussystem")
    parts = {n: read_mask(str(work / "MASKS_DICOM" / n), grid=image.grid).labels.any for n in names}
    assert all(mask.grid.same_as(image.grid) for mask in parts.values())
    return image, parts


@pytest.fixture(scope="module")
def anatomy(ct: tuple[Volume, dict[str, Mask]]) -> Anatomy:
    """Twelve small lesions, none near another, in the real liver."""
    _, parts = ct
    liver, grid = parts["liver"], parts["liver"].grid
    box = liver.bounding_box(2.0)
    depth = ndimage.distance_transform_edt(liver.array[box], sampling=grid.spacing_kji_mm)
    inside = np.argwhere(depth > DEPTH_MM) + [s.start for s in box]
    rng = np.random.default_rng(17)
    centers: list[FloatArray] = []
    while len(centers) < 12:
        center = grid.to_patient(inside[rng.integers(len(inside))])
        if all(np.linalg.norm(center - other) > 30.0 for other in centers):
            centers.append(center)
    labels = np.zeros(grid.shape_kji, dtype=np.uint8)
    for number, center in enumerate(centers, start=1):
        labels[ellipsoid(grid, center, [LESION_MM] * 3) & liver.array] = number
    vessels = Mask(parts["portalvein"].array | parts["venoussystem"].array, grid)
    return Anatomy(liver=liver, lesions=LabelMap(labels, grid), vessels=vessels)


@pytest.fixture(scope="module")
def major(anatomy: Anatomy) -> Mask:
    assert anatomy.vessels is not None
    return Mask(wide_parts(anatomy.vessels.array, anatomy.grid, width_mm=6.0), anatomy.grid)


@pytest.fixture(scope="module")
def fields(ct: tuple[Volume, dict[str, Mask]], anatomy: Anatomy, major: Mask) -> Fields:
    image, parts = ct
    around = surroundings(image, ct=True, liver=parts["liver"])
    assert around is not None
    both = np.count_nonzero(around.body.array & parts["skin"].array)
    assert 2 * both / (around.body.voxels + parts["skin"].voxels) > 0.99
    return make_fields(anatomy, around, major_vessels=major)


def rfa() -> Device:
    return next(d for d in chosen_devices(Settings()) if d.id == "rfa-1-probe")


def zones(anatomy: Anatomy) -> list[tuple[int, Zone]]:
    found = []
    for number in anatomy.lesions.labels:
        place = anatomy.grid.to_patient(np.argwhere(anatomy.lesions.array == number)).mean(axis=0)
        middle = zone_at(rfa(), at=(0.0, 0.0, 0.0), axis=(0.0, 0.0, 1.0)).center_lps_mm
        found.append((number, zone_at(rfa(), at=place - middle, axis=(0.0, 0.0, 1.0))))
    return found


def points_of(path: ProbePath) -> FloatArray:
    entry, tip = np.asarray(path.entry_lps_mm), np.asarray(path.tip_lps_mm)
    return tip + np.linspace(0.0, 1.0, 500)[:, None] * (entry - tip)


def test_most_zones_have_a_path_and_every_path_keeps_away(
    ct: tuple[Volume, dict[str, Mask]], anatomy: Anatomy, major: Mask, fields: Fields
) -> None:
    _, parts = ct
    grid = anatomy.grid
    veins = cKDTree(grid.to_patient(np.argwhere(major.array)))
    skin = cKDTree(
        grid.to_patient(np.argwhere(parts["skin"].array & ~ndimage.binary_erosion(parts["skin"].array)))
    )
    bone = cKDTree(grid.to_patient(np.argwhere(parts["bone"].array)))
    reached = 0
    for number, zone in zones(anatomy):
        found = access(fields, [zone], [number], clearance_mm=CLEARANCE_MM)
        from_skin = [path for path in found.paths if path.approach == "percutaneous"]
        reached += any(path.safe for path in from_skin)
        for path in found.paths:
            points = points_of(path)
            apart = float(veins.query(points)[0].min()) - bundle_radius_mm(zone.device)
            assert apart >= CLEARANCE_MM  # of centers: the surface lies half a voxel nearer
            assert path.clearance_mm is not None
            assert CLEARANCE_MM - 0.15 <= path.clearance_mm <= apart
            crossed = anatomy.lesions.array[tuple(np.rint(grid.to_index(points)).astype(int).T)]
            assert set(np.unique(crossed)) - {0, number} == set(path.crosses_lesions)
        for path in from_skin:
            assert skin.query(path.entry_lps_mm)[0] < 3.0
            # Their bone holds marrow and cartilage, which are darker than 200 HU: near, never through.
            assert float(bone.query(points_of(path))[0].min()) > 2.0
            assert {"major vessels", "bone", "lung or gas"} == set(path.checked)
    assert reached >= 8
