"""Plans of known geometry for the tests of the uncertainty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from plan.plan_examples import anatomy_of, bare_case, settings_with
from strategies import ellipsoid, oblique_grid

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.lesions import measure
from netlm_imaging.plan import Draws, draw, prepare
from netlm_imaging.plan.collect import collect
from netlm_imaging.plan.deviations import Deviations
from netlm_imaging.plan.executed import ExecutedZone
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.problem import make_problem
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.remnant.records import FlrLimit
from netlm_imaging.settings import UncertaintySettings
from netlm_imaging.volume import LabelMap

NOTHING_OFF = {
    "boundary_common_sd_mm": 0.0,
    "boundary_lesion_sd_mm": 0.0,
    "zone_mwa_sd_percent": 0.0,
    "zone_rfa_sd_percent": 0.0,
    "placement_sd_mm": 0.0,
    "missed_small_percent": 0.0,
    "missed_large_percent": 0.0,
}


def only(**what: float) -> UncertaintySettings:
    """Nothing is off but ``what``."""
    return UncertaintySettings(**{**NOTHING_OFF, **what})


def ball_liver(
    balls: Sequence[tuple[tuple[float, float, float], float]],
    *,
    radius_mm: float = 44.0,
    spacing_mm: tuple[float, float, float] = (1.3, 1.1, 1.5),
    vessels: bool = False,
) -> Anatomy:
    """A ball of liver with balls of tumor at offsets from its middle (LPS mm)."""
    shape = tuple(int(2 * radius_mm / s) + 6 for s in reversed(spacing_mm))
    grid = oblique_grid(shape, spacing_mm)
    middle = grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)
    liver = ellipsoid(grid, middle, [radius_mm] * 3)
    tube = None
    if vessels:
        points = grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1)) - middle
        tube = (np.hypot(points[..., 0] - 26.0, points[..., 1]) <= 3.0) & liver
    return anatomy_of(grid, liver, [(tuple(middle + c), r) for c, r in balls], vessels=tube)


def case_of(
    anatomy: Anatomy, *, kinds: Sequence[str], limits: tuple[FlrLimit, ...] = (), modality: str = "mwa"
) -> tuple[Case, list[int]]:
    """The case with one treatment a lesion, the first of ``kinds`` that there is."""
    cropped = anatomy.cropped()
    space = workspace(cropped, major_vessel_mm=6.0)
    settings = settings_with(
        ablation={
            "modalities": [modality],
            "max_probes": 1,
            "max_lesion_mm": 30.0 if "ablation" in kinds else 0.1,
        },
        resection={
            "enucleation_max_depth_mm": 100.0,
            "enucleation": "enucleation" in kinds,
            "wedge": "wedge" in kinds,
        },
    )
    candidates, *_ = collect(space, measure(cropped), settings=settings)
    problem = make_problem(space, candidates, cleared_fraction=0.995)
    case = bare_case(cropped, space, problem, limits=limits)
    chosen = []
    for lesion in problem.lesions:
        own = [
            (kinds.index(c.kind), n)
            for n, c in enumerate(candidates)
            if c.lesions == (lesion,) and c.kind in kinds
        ]
        chosen += [min(own)[1]] if own else []
    return case, chosen


def drawn(
    case: Case, chosen: Sequence[int], settings: UncertaintySettings, *, liver_sd_percent: float = 0.0
) -> Draws:
    return draw(prepare(case, chosen, settings=settings), liver_sd_percent=liver_sd_percent)


def shared_zone() -> tuple[Case, int]:
    """Two lesions 13 mm apart, and the ablation that clears both with one zone."""
    anatomy = ball_liver([((0.0, 10.0, 1.0), 3.5), ((0.0, -10.4, -1.0), 3.5)])
    return _only_ablations(anatomy, devices=["mwa-1-probe"], lesions=2, zones=1)


def overlapping_zones() -> tuple[Case, int]:
    """A long lesion, and its ablation by two overlapping zones."""
    liver = ball_liver([], radius_mm=40.0)
    grid = liver.grid
    middle = grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)
    frame = np.linalg.qr(np.column_stack([[2.0, -1.0, 2.0], np.eye(3)[:, :2]]))[0]
    lesion = ellipsoid(grid, middle, (14.5, 5.0, 5.0), frame)
    anatomy = Anatomy(liver=liver.liver, lesions=LabelMap(lesion.astype(np.uint8), grid))
    return _only_ablations(anatomy, devices=["rfa-1-probe"], lesions=1, zones=2)


def _only_ablations(
    anatomy: Anatomy, *, devices: Sequence[str], lesions: int, zones: int
) -> tuple[Case, int]:
    cropped = anatomy.cropped()
    space = workspace(cropped, major_vessel_mm=6.0)
    settings = settings_with(
        ablation={"devices": devices, "comparison_devices": []},
        resection={"wedge": False, "enucleation": False, "anatomical": False},
    )
    candidates, *_ = collect(space, measure(cropped), settings=settings)
    problem = make_problem(space, candidates, cleared_fraction=0.995)
    case = bare_case(cropped, space, problem)
    (number,) = (
        n for n, c in enumerate(problem.candidates) if (len(c.lesions), len(c.zones)) == (lesions, zones)
    )
    return case, number


def drawn_union(
    case: Case, zones: Sequence[ExecutedZone], off: Deviations, draw_number: int
) -> npt.NDArray[np.bool_]:
    """All liver that the zones, as they come out in one draw, cover; there are no vessels here."""
    points = np.moveaxis(np.indices(case.space.liver.shape), 0, -1) * case.space.spacing
    covered = np.zeros(case.space.liver.shape, dtype=bool)
    for n, zone in enumerate(zones):
        center = zone.placement.center_mm + off.zone_shift_mm[n, draw_number]
        place = (points - center) @ zone.placement.to_unit.T
        covered |= np.linalg.norm(place, axis=-1) <= off.zone_factor[n, draw_number]
    return covered & case.space.liver
