"""A small analytic abdomen as HBP MRI, precontrast MRI and PET see it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from strategies import ellipsoid, oblique_grid

from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.segment import Images
from netlm_imaging.volume import Volume

GRID = oblique_grid(
    (64, 96, 120), (2.5, 2.3, 3.0), euler_degrees=(4.0, -3.0, 7.0), origin_mm=(-118.0, -105.0, 210.0)
)
CENTER = GRID.corners_lps_mm().mean(axis=0)
LIVER = ((-45.0, -5.0, 10.0), (65.0, 60.0, 55.0))
SPLEEN = ((85.0, 30.0, 20.0), (22.0, 28.0, 38.0))
KIDNEY = ((-35.0, 45.0, -62.0), (22.0, 20.0, 30.0))
DEEP, FAR, AT_CAPSULE = ((-70.0, -15.0, 5.0), 11.0), ((-20.0, -25.0, 25.0), 7.0), ((-56.0, 4.0, 53.0), 9.0)
CYST = ((-62.0, 25.0, -10.0), 8.0)
TUBES = (((-15.0, 0.0, 0.0), (-95.0, 10.0, 10.0), 4.0), ((-45.0, 3.0, 4.0), (-45.0, -45.0, 20.0), 3.0))


@dataclass(frozen=True)
class Scan:
    """Images and what is true of them."""

    images: Images
    liver: npt.NDArray[np.bool_]
    lesions: npt.NDArray[np.uint8]
    cyst: npt.NDArray[np.bool_]
    vessels: npt.NDArray[np.bool_]
    spleen: npt.NDArray[np.bool_]


def egg(shape: tuple[tuple[float, ...], tuple[float, ...] | float]) -> npt.NDArray[np.bool_]:
    offset, axes = shape
    return ellipsoid(GRID, CENTER + offset, np.broadcast_to(axes, 3))


def tube(start: tuple[float, ...], end: tuple[float, ...], radius: float) -> npt.NDArray[np.bool_]:
    points = GRID.to_patient(np.moveaxis(np.indices(GRID.shape_kji), 0, -1)) - CENTER - start
    along = np.subtract(end, start)
    t = np.clip(points @ along / (along @ along), 0.0, 1.0)
    return np.asarray(np.linalg.norm(points - t[..., None] * along, axis=-1) <= radius)


@cache
def abdomen(*, with_liver: bool = True) -> Scan:
    """Body, liver with three lesions, a cyst and two veins, spleen, kidney; bias field and noise."""
    liver = egg(LIVER) if with_liver else np.zeros(GRID.shape_kji, bool)
    lesions = np.zeros(GRID.shape_kji, np.uint8)
    for label, shape in enumerate((DEEP, AT_CAPSULE, FAR), start=1):
        lesions[egg(shape) & liver] = label
    cyst = egg(CYST) & liver
    vessels = np.logical_or.reduce([tube(*t) for t in TUBES]) & liver & (lesions == 0) & ~cyst
    spleen, kidney, body = egg(SPLEEN), egg(KIDNEY), egg(((0.0, 0.0, 0.0), (150.0, 110.0, 130.0)))
    layers = (  # where, HBP, precontrast, SUV
        (body, 25.0, 30.0, 0.5),
        (spleen, 60.0, 70.0, 17.0),
        (kidney & ~liver, 86.0, 74.0, 11.0),
        (liver, 100.0, 100.0, 4.8),
        (vessels, 58.0, 75.0, 2.2),
        (cyst, 20.0, 35.0, 0.5),
        (lesions > 0, 57.0, 80.0, 20.0),
    )
    hbp, before, suv = (np.zeros(GRID.shape_kji) for _ in range(3))
    for where, a, b, c in layers:
        hbp[where], before[where], suv[where] = a, b, c
    rng = np.random.default_rng(7)
    images = Images(
        hbp=Volume(_mr(hbp, 4.2, rng), GRID),
        precontrast=Volume(_mr(before, 2.3, rng), GRID),
        suv=Volume(_pet(suv, rng), GRID),
    )
    return Scan(images, liver, lesions, cyst, vessels, spleen)


def _mr(ideal: FloatArray, gain: float, rng: np.random.Generator) -> FloatArray:
    k, j, i = np.meshgrid(*(np.linspace(-1, 1, n) for n in ideal.shape), indexing="ij")
    edges = ndimage.gaussian_filter(ideal, 0.4)
    bent = edges * (1 + 0.06 * i - 0.05 * j * j + 0.04 * k)
    return np.asarray(gain * np.hypot(bent + rng.normal(0, 4, ideal.shape), rng.normal(0, 4, ideal.shape)))


def _pet(ideal: FloatArray, rng: np.random.Generator) -> FloatArray:
    seen = ndimage.gaussian_filter(ideal, [6.5 / 2.355 / s for s in GRID.spacing_kji_mm])
    grain = ndimage.gaussian_filter(rng.normal(0, 1, ideal.shape), 1.0)
    return np.asarray(np.maximum(seen * (1 + 0.07 * grain / grain.std()), 0.0))


def dice(a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_]) -> float:
    return float(2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)))


def reordered(volume: Volume, order: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> Volume:
    """The same voxels at the same places, stored in another axis order."""
    grid = volume.grid
    start = np.zeros(3)
    for axis, flip in zip(order, flips, strict=True):
        start[axis] = grid.shape_kji[axis] - 1 if flip else 0
    affine = np.eye(4)
    affine[:3, 3] = grid.to_patient(start)
    signs = [-1.0 if flip else 1.0 for flip in flips]
    columns = [grid.affine_lps[:3, 2 - axis] * sign for axis, sign in zip(order, signs, strict=True)]
    affine[:3, :3] = np.stack(columns[::-1], axis=1)
    step = tuple(slice(None, None, -1) if flip else slice(None) for flip in flips)
    array = volume.array.transpose(order)[step]
    return Volume(array, Grid.from_affine_lps(affine, array.shape))
