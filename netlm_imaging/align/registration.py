"""Rigid registration of one examination to another by mutual information: CT of the PET/CT onto MR.

Works on coarse, smoothed copies, without random sampling and in one thread per measure, so that
the same images always give the same motion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import SimpleITK as sitk

from netlm_imaging.align.body import body_mask
from netlm_imaging.align.itk import from_transform, resample_onto, to_array, to_image
from netlm_imaging.align.rigid import Rigid
from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.volume import Mask, Volume, require_on

SOFT_TISSUE_HU = (-160.0, 240.0)
"""The usual abdominal window (width 400, level 40): outside it CT says nothing that MR also shows."""
LEVELS_MM = (8.0, 4.0)
"""Voxel of the coarse and the fine pass: rigid motions are recovered to a fraction of a voxel."""
START_OFFSETS_MM = (-60.0, 0.0, 60.0)
"""Starts along the body's axis, where the two fields of view differ most."""
BINS = 32
PROBE_MM = 20.0
"""A right fit gets worse when moved this far in any direction."""
MINIMUM_QUALITY = 0.10
"""Right fits reach 0.5 to 0.75 (sample patients, real CT); noise and other patients stay below 0.05."""
MINIMUM_INFORMATION = 0.02
"""In nats: images that have nothing to do with each other keep about 0.002, right fits 0.2 to 1."""
MAXIMUM_ROTATION_DEGREES = 20.0
"""Both scans are made supine: a larger turn is a failed fit (ours)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A registration and how far it can be trusted."""

    transform: Rigid
    """Maps fixed LPS points to moving LPS points, as ``resample`` takes it."""
    quality: float
    """Share of the mutual information that is lost when the fit is moved by 20 mm along x, y or z,
    in the direction where least is lost: 0 or less for a fit that is no optimum, up to 1."""
    measure: Literal["mutual-information-peak"] = "mutual-information-peak"
    acceptable: bool
    """Quality of at least MINIMUM_QUALITY and a rotation of at most MAXIMUM_ROTATION_DEGREES."""
    translation_mm: tuple[float, float, float]
    """Displacement of the center of the fixed image, x, y, z."""
    rotation_degrees: float


def register(
    moving: Volume,
    fixed: Volume,
    *,
    moving_window: tuple[float, float] | None = SOFT_TISSUE_HU,
    focus: Mask | None = None,
) -> Fit:
    """The rigid motion that brings ``moving`` (CT in HU by default) onto ``fixed`` (MR).

    ``moving_window`` clips the moving intensities; None takes their 1st to 99th percentile. ``focus``
    (on the fixed grid, such as the liver grown by some mm) is what the last pass looks at: organs
    move with the breath while the rest of the body does not. Never mirrors: rotations only.
    """
    if focus is not None:
        require_on(fixed.grid, [focus], what="the focus on the fixed image's grid")
    low, high = _usual_range(moving) if moving_window is None else moving_window
    clipped = (_coarse(moving, low, high, LEVELS_MM[0]), _coarse(fixed, *_usual_range(fixed), LEVELS_MM[0]))
    body = body_mask(clipped[1])
    rough = _Pair(*clipped, body, step_mm=LEVELS_MM[0])
    best = max(map(rough.optimized, rough.starts(body_mask(clipped[0]))), key=rough.information)
    clipped = (_coarse(moving, low, high, LEVELS_MM[1]), _coarse(fixed, *_usual_range(fixed), LEVELS_MM[1]))
    fine = _Pair(*clipped, body, step_mm=LEVELS_MM[1])
    best = fine.optimized(best)
    if focus is not None:
        fine = _Pair(*clipped, focus, step_mm=LEVELS_MM[1])
        best = fine.optimized(best)
    return _fit(best, fine, fixed.grid)


def _fit(transform: Any, pair: _Pair, grid: Grid) -> Fit:
    motion = from_transform(transform)
    quality = pair.peak(transform)
    angle = motion.rotation_degrees
    return Fit(
        transform=motion,
        quality=quality,
        acceptable=quality >= MINIMUM_QUALITY and angle <= MAXIMUM_ROTATION_DEGREES,
        translation_mm=motion.shift_at_mm(_middle(grid)),
        rotation_degrees=angle,
    )


class _Pair:
    """Both images at one resolution, and the measure between them inside a region of the fixed one."""

    def __init__(self, moving: Volume, fixed: Volume, region: Mask, *, step_mm: float) -> None:
        self.step_mm = step_mm
        self.moving, self.fixed = to_image(moving), to_image(fixed)
        self.region = resample_onto(
            to_image(region),
            fixed.grid,
            transform=sitk.Transform(),
            interpolator=sitk.sitkNearestNeighbor,
            outside=0,
        )
        inside = np.argwhere(to_array(self.region))
        self.center = fixed.grid.to_patient(inside).mean(axis=0) if len(inside) else _middle(fixed.grid)

    def starts(self, moving_body: Mask) -> list[Any]:
        """Body centers matched in the transverse plane, and a few offsets along the body."""
        inside = np.argwhere(moving_body.array)
        grid = moving_body.grid
        shift = (grid.to_patient(inside).mean(axis=0) if len(inside) else _middle(grid)) - self.center
        along = [0.0, *(shift[2] + offset for offset in START_OFFSETS_MM)]
        return [self._start((shift[0], shift[1], z)) for z in along]

    def optimized(self, start: Any) -> Any:
        """The nearest local optimum; the start itself where the images do not meet there."""
        if self.information(start) <= 0.0:
            return start
        transform = sitk.Euler3DTransform(start)
        method = self._method()
        method.SetOptimizerAsRegularStepGradientDescent(
            learningRate=self.step_mm,
            minStep=0.02,
            numberOfIterations=100,
            relaxationFactor=0.6,
            gradientMagnitudeTolerance=1e-6,
        )
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetInitialTransform(transform, inPlace=True)
        method.Execute(self.fixed, self.moving)
        return transform

    def information(self, transform: Any) -> float:
        """Mutual information under a transform, higher is better; 0 where the images do not meet."""
        method = self._method()
        method.SetInitialTransform(transform)
        try:
            return -float(method.MetricEvaluate(self.fixed, self.moving))
        except RuntimeError:  # SimpleITK's way to say that no sample falls into the moving image
            return 0.0

    def peak(self, transform: Any) -> float:
        """Fit.quality."""
        here = self.information(transform)
        if here < MINIMUM_INFORMATION:
            return 0.0
        moved = max(self.information(_moved(transform, step)) for step in _probes())
        return 1.0 - moved / here

    def _start(self, shift: Sequence[float]) -> Any:
        transform = sitk.Euler3DTransform()
        transform.SetCenter(self.center.tolist())
        transform.SetTranslation([float(v) for v in shift])
        return transform

    def _method(self) -> Any:
        method = sitk.ImageRegistrationMethod()
        method.SetNumberOfWorkUnits(1)  # sums in one order: the same result every time
        method.SetMetricAsMattesMutualInformation(numberOfHistogramBins=BINS)
        method.SetMetricFixedMask(self.region)
        method.SetMetricSamplingStrategy(method.NONE)
        method.SetInterpolator(sitk.sitkLinear)
        return method


def coarse_grid(grid: Grid, voxel_mm: float) -> Grid:
    """The same extent and axes with cubic voxels of about ``voxel_mm``."""
    shape = np.maximum(1, np.rint(np.asarray(grid.shape_kji) * grid.spacing_kji_mm / voxel_mm)).astype(int)
    spacing = np.asarray(grid.shape_kji) * grid.spacing_kji_mm / shape
    first = grid.to_patient((spacing / grid.spacing_kji_mm - 1.0) / 2.0)
    k, j, i = (int(n) for n in shape)
    return Grid(
        shape_kji=(k, j, i),
        spacing_mm=tuple(spacing[::-1].tolist()),
        origin_mm=tuple(first.tolist()),
        direction=grid.direction,
    )


def _coarse(volume: Volume, low: float, high: float, voxel_mm: float) -> Volume:
    """Clipped, smoothed against aliasing, on cubic voxels."""
    image = sitk.Clamp(to_image(volume), lowerBound=low, upperBound=high)
    grid = coarse_grid(volume.grid, voxel_mm)
    coarse = resample_onto(
        sitk.SmoothingRecursiveGaussian(image, voxel_mm / 2.0),
        grid,
        transform=sitk.Transform(),
        interpolator=sitk.sitkLinear,
        outside=low,
    )
    return Volume(to_array(coarse), grid)


def _usual_range(volume: Volume) -> tuple[float, float]:
    low, high = np.percentile(volume.array[:, ::2, ::2], (1, 99))
    return float(low), float(high)


def _middle(grid: Grid) -> FloatArray:
    return np.asarray(grid.corners_lps_mm().mean(axis=0))


def _probes() -> list[tuple[float, float, float]]:
    steps = PROBE_MM * np.vstack([np.eye(3), -np.eye(3)])
    return [(float(x), float(y), float(z)) for x, y, z in steps]


def _moved(transform: Any, step: Sequence[float]) -> Any:
    moved = sitk.Euler3DTransform(transform)
    moved.SetTranslation([a + b for a, b in zip(transform.GetTranslation(), step, strict=True)])
    return moved
