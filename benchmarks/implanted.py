"""Livers with lesions put into them: real ones (3D-IRCADb, by NETLM_REAL_DATA) or digital ones."""

from __future__ import annotations

import os
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.geometry import Grid
from netlm_imaging.lesions import on_isotropic_grid
from netlm_imaging.volume import LabelMap, Mask
from netlm_sample_data.patient import healthy_patient
from netlm_sample_data.tissues import Tissue

MEDIAN_MM, SPREAD = 16.0, np.log(24.0 / 11.0) / (2 * 0.6745)
"""Diameters of lesions: median 16, IQR 11-24 mm (Kose 2020), log-normal."""
SMALLEST_MM, LARGEST_MM = 4.0, 60.0
GAP_MM = 1.0
REAL = ("ircad1", "ircad3", "ircad5", "ircad10", "ircad17")
"""Cases with segments and vessels of real livers; the last lies in a folder of its own."""


def real_folder() -> Path | None:
    """Where the real livers lie; None where they do not."""
    folder = Path(os.environ.get("NETLM_REAL_DATA", "../shared/data"))
    return folder if (folder / "couinaud-masks").is_dir() else None


def real_liver(folder: Path, case: str, *, grid_mm: float) -> Anatomy:
    """A real liver with its segments and vessels on an isotropic grid.

    Both are on one array; some of the files of vessels lie elsewhere by their header, which is ignored.
    """
    start = "ircad17/couinaud" if case == "ircad17" else f"couinaud-masks/{case}"
    segments, grid = _labels(folder / f"{start}_label.nii.gz")
    vessels, _ = _labels(folder / f"{start}_vessel.nii.gz")
    anatomy = _without_lesions(segments, (vessels > 0) & (segments > 0), grid).cropped()
    return on_isotropic_grid(anatomy, grid_mm=grid_mm)[0]


def digital_liver(seed: int, *, liver_ml: float, spacing_mm: tuple[float, float, float]) -> Anatomy:
    """A sample patient's liver with its segments and vessels, without disease."""
    patient = healthy_patient(liver_ml=liver_ml, seed=seed)
    low, high = patient.organs.liver.bounds
    shape = tuple(int(n) for n in np.ceil((high - low + 6) / np.asarray(spacing_mm)))[::-1]
    origin = tuple((low - 3).astype(float).tolist())
    grid = Grid(shape_kji=shape, spacing_mm=spacing_mm, origin_mm=origin)  # type: ignore[arg-type]
    points = grid.to_patient(np.moveaxis(np.indices(shape), 0, -1).reshape(-1, 3)).T.astype(np.float32)
    painted = patient.paint(points)
    liver = painted.in_liver.reshape(shape)
    segments = np.where(liver, patient.couinaud.label(points).reshape(shape), 0).astype(np.uint8)
    return _without_lesions(segments, (painted.tissue.reshape(shape) == Tissue.VEIN) & liver, grid)


def with_lesions(anatomy: Anatomy, count: int, rng: np.random.Generator, *, scale: float = 1.0) -> Anatomy:
    """``count`` ellipsoids anywhere in the liver, clipped by it and apart; ``scale`` makes all larger."""
    spacing = np.asarray(anatomy.grid.spacing_kji_mm)
    assert anatomy.vessels is not None
    places = np.argwhere(anatomy.liver.array & ~anatomy.vessels.array) * spacing
    labels = np.zeros(anatomy.liver.array.shape, dtype=np.uint8)
    placed: list[tuple[npt.NDArray[np.float64], float]] = []
    while len(placed) < count:
        diameter = scale * float(np.exp(rng.normal(np.log(MEDIAN_MM), SPREAD)))
        center, axes = places[rng.integers(len(places))], rng.uniform(0.8, 1.25, 3)
        half = diameter / 2.0 * axes / np.cbrt(axes.prod())
        apart = all(np.linalg.norm(center - c) >= half.max() + r + GAP_MM for c, r in placed)
        if SMALLEST_MM <= diameter <= LARGEST_MM and apart:
            placed.append((center, float(half.max())))
            _draw(labels, center, half, spacing, value=len(placed))
    labels[~anatomy.liver.array] = 0
    return Anatomy(
        liver=anatomy.liver,
        lesions=LabelMap(labels, anatomy.grid),
        segments=anatomy.segments,
        vessels=Mask(anatomy.vessels.array & (labels == 0), anatomy.grid),
    )


def _draw(
    labels: npt.NDArray[np.uint8],
    center: npt.NDArray[np.float64],
    half: npt.NDArray[np.float64],
    spacing: npt.NDArray[np.float64],
    *,
    value: int,
) -> None:
    low = np.maximum(np.floor((center - half) / spacing).astype(int), 0)
    high = np.minimum(np.ceil((center + half) / spacing).astype(int) + 1, labels.shape)
    places = (np.moveaxis(np.indices(high - low), 0, -1) + low) * spacing
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    labels[box][(((places - center) / half) ** 2).sum(axis=-1) <= 1.0] = value


def _without_lesions(segments: npt.NDArray[np.uint8], vessels: npt.NDArray[np.bool_], grid: Grid) -> Anatomy:
    return Anatomy(
        liver=Mask(segments > 0, grid),
        lesions=LabelMap(np.zeros(grid.shape_kji, dtype=np.uint8), grid),
        segments=LabelMap(segments, grid),
        vessels=Mask(vessels, grid),
    )


def _labels(path: Path) -> tuple[npt.NDArray[np.uint8], Grid]:
    image = nibabel.load(path)  # type: ignore[attr-defined]
    array = np.ascontiguousarray(np.asarray(image.dataobj).astype(np.uint8).transpose(2, 1, 0))  # type: ignore[attr-defined]
    return array, Grid.from_affine_ras(image.affine, array.shape)  # type: ignore[attr-defined]
