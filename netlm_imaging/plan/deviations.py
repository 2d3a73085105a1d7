"""How far the truth may lie from the masks, and what is done from the plan: seeded random draws.

Every lesion, every ablation, every place of a zone and every source has a stream of its own, so that a
plan changed in one treatment, or a lesion more, changes no other draw: differences between two plans
are not noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.executed import MOST_SD, ExecutedZone
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.settings import UncertaintySettings

SMALLEST_ZONE = 0.1
"""A zone has at least this part of its planned diameters."""
COMMON, BOUNDARY, SIZE, PLACE, LIVER, MISSED = range(6)
"""One stream of random numbers each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Deviations:
    """One column a draw."""

    boundary_mm: FloatArray
    """How far each lesion's true surface lies outside the one drawn, shape (lesions, draws)."""
    zone_factor: FloatArray
    """The diameters of each zone over those planned, shape (zones, draws)."""
    zone_shift_mm: FloatArray
    """Where each zone's middle comes to lie, along k, j, i from its place, shape (zones, draws, 3)."""
    liver_factor: FloatArray
    """The liver's volume over the one measured, shape (draws,)."""


def boundary_sd_mm(settings: UncertaintySettings) -> float:
    """Of one lesion's surface: the common and the lesion's own part in quadrature."""
    return float(np.hypot(settings.boundary_common_sd_mm, settings.boundary_lesion_sd_mm))


def stream(settings: UncertaintySettings, *key: int) -> np.random.Generator:
    """The random numbers of one source."""
    return np.random.default_rng([settings.seed, *key])


def deviations(
    space: Workspace,
    lesions: Sequence[int],
    zones: Sequence[ExecutedZone],
    *,
    settings: UncertaintySettings,
    liver_sd_percent: float,
) -> Deviations:
    """``settings.draws`` draws of everything that may be off (clinical-rules 6)."""
    draws = settings.draws
    common = settings.boundary_common_sd_mm * _normal(settings, draws, COMMON)
    own = [settings.boundary_lesion_sd_mm * _normal(settings, draws, BOUNDARY, n) for n in lesions]
    most = MOST_SD * boundary_sd_mm(settings)
    return Deviations(
        boundary_mm=np.clip(np.reshape(own, (len(lesions), draws)) + common, -most, most),
        zone_factor=np.reshape(
            [_factor(settings, zone) for zone in zones],
            (len(zones), draws),
        ),
        zone_shift_mm=np.reshape(
            [_shift_kji_mm(space, settings, zone) for zone in zones], (len(zones), draws, 3)
        ),
        liver_factor=1.0 + liver_sd_percent / 100.0 * _normal(settings, draws, LIVER),
    )


def _normal(settings: UncertaintySettings, size: int | tuple[int, ...], *key: int) -> FloatArray:
    values = stream(settings, *key).standard_normal(size)
    return np.clip(values, -MOST_SD, MOST_SD)


def _factor(settings: UncertaintySettings, zone: ExecutedZone) -> FloatArray:
    """Overlapping zones of one ablation come out alike: same device, same tissue."""
    values = 1.0 + zone.sd_percent / 100.0 * _normal(settings, settings.draws, SIZE, *zone.treatment)
    return np.maximum(values, SMALLEST_ZONE)


def _shift_kji_mm(
    space: Workspace, settings: UncertaintySettings, zone: ExecutedZone
) -> npt.NDArray[np.float64]:
    """Each probe is placed anew. Drawn in the patient, so that the layout of the array is no matter."""
    normal = _normal(settings, (settings.draws, 3), PLACE, zone.number, *zone.treatment)
    lps = settings.placement_sd_mm * normal
    return np.asarray((lps @ space.grid.axes)[:, ::-1])
