"""Treatments drawn by hand against analytic geometry and against the planner's own."""

from __future__ import annotations

import numpy as np
import pytest
from plan.plan_examples import anatomy_of, bare_case, settings_with
from plan.session_examples import lumpy_session, middle_of, session_on
from plan.test_plan_case import random_anatomy
from strategies import ellipsoid, oblique_grid

from netlm_imaging.errors import PlanError, UsageError
from netlm_imaging.lesions import measure
from netlm_imaging.plan.basis import Basis
from netlm_imaging.plan.collect import collect
from netlm_imaging.plan.cutting import beyond_plane, beyond_surface
from netlm_imaging.plan.devices import devices_named
from netlm_imaging.plan.drawn import DrawnAblation, DrawnPlane, DrawnSurface
from netlm_imaging.plan.drawn_candidate import at_tip, drawn_candidate
from netlm_imaging.plan.more_candidates import with_candidate
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.problem import make_problem
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.settings import Settings

SEMI_AXES = np.array([41.0, 33.0, 27.0])


def plain_case(
    *, left_handed: bool = False, spacing=(1.1, 1.7, 2.3), balls=(), vessels=None, **masks
) -> Case:
    """An ellipsoid of liver on an oblique, anisotropic, off-origin grid, without candidates."""
    shape = tuple(int(np.ceil(100.0 / s)) for s in spacing[::-1])
    grid = oblique_grid(shape, spacing, left_handed=left_handed)
    middle = grid.to_patient((np.array(shape) - 1) / 2.0)
    liver = ellipsoid(grid, middle, SEMI_AXES)
    moved = [(tuple(middle + np.array(center)), radius) for center, radius in balls]
    anatomy = anatomy_of(
        grid, liver, moved, vessels=None if vessels is None else vessels(grid, middle) & liver
    )
    space = workspace(anatomy, major_vessel_mm=6.0)
    return bare_case(anatomy, space, make_problem(space, [], cleared_fraction=0.995))


def middle_lps(case: Case) -> np.ndarray:
    """Of the liver."""
    return case.space.grid.to_patient(np.argwhere(case.space.liver).mean(axis=0))


def removed(case: Case, voxels: np.ndarray) -> np.ndarray:
    mask = np.zeros(case.space.liver.shape, dtype=bool)
    mask.ravel()[voxels] = True
    return mask


@pytest.mark.parametrize("left_handed", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_plane_cuts_the_cap_of_an_ellipsoid(seed: int, left_handed: bool) -> None:
    case = plain_case(left_handed=left_handed)
    rng = np.random.default_rng(seed)
    middle = middle_of(case.anatomy)
    normal = rng.normal(size=3)
    normal /= np.linalg.norm(normal)
    reach = np.linalg.norm(SEMI_AXES * normal)  # the ellipsoid's half width along the normal
    depth = float(rng.uniform(-0.6, 0.6))
    plane = DrawnPlane(point_lps_mm=tuple(middle + depth * reach * normal), normal_lps=tuple(3.0 * normal))
    voxels = beyond_plane(case.space, plane)
    # Scaled to a unit ball, the cap beyond a plane at distance d has the volume pi/3 (2 + d)(1 - d)^2.
    truth_ml = np.prod(SEMI_AXES) / 1000.0 * np.pi / 3.0 * (2.0 + depth) * (1.0 - depth) ** 2
    assert voxels.size * case.space.grid.voxel_ml == pytest.approx(truth_ml, rel=0.01)
    points = case.space.grid.to_patient(np.argwhere(removed(case, voxels)))
    assert ((points - np.array(plane.point_lps_mm)) @ normal > 0).all()
    kept = case.space.grid.to_patient(np.argwhere(case.space.liver & ~removed(case, voxels)))
    assert ((kept - np.array(plane.point_lps_mm)) @ normal <= 1e-5).all()


def test_left_and_right_are_those_of_the_patient() -> None:
    case = plain_case(left_handed=True)
    plane = DrawnPlane(point_lps_mm=tuple(middle_of(case.anatomy)), normal_lps=(1.0, 0.0, 0.0))
    points = case.space.grid.to_patient(np.argwhere(removed(case, beyond_plane(case.space, plane))))
    assert points[:, 0].min() > middle_of(case.anatomy)[0]  # x grows towards the patient's left


@pytest.mark.parametrize("kept_side", [1.0, -1.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_surface_through_points_of_a_plane_is_that_plane(seed: int, kept_side: float) -> None:
    case, rng = plain_case(), np.random.default_rng(seed)
    middle = middle_of(case.anatomy) + rng.uniform(-8, 8, size=3)
    frame = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    along = rng.uniform(-25, 25, size=(7, 2))
    points = middle + along @ frame[:, :2].T
    kept = middle + 9.0 * kept_side * frame[:, 2] + 14.0 * frame[:, 0]
    surface = DrawnSurface(points_lps_mm=tuple(map(tuple, points)), kept_lps_mm=tuple(kept))
    plane = DrawnPlane(point_lps_mm=tuple(middle), normal_lps=tuple(-kept_side * frame[:, 2]))
    assert np.array_equal(beyond_surface(case.space, surface), beyond_plane(case.space, plane))


def test_a_surface_runs_through_its_points_and_keeps_the_side_of_the_point() -> None:
    case = plain_case(spacing=(0.9, 1.0, 1.2))
    middle = middle_of(case.anatomy)
    offsets = [(x, y) for x in (-30.0, -10.0, 10.0, 30.0) for y in (-20.0, 0.0, 20.0)]
    heights = [6.0 * np.cos(x / 20.0) + 0.01 * y**2 for x, y in offsets]
    points = [middle + np.array([x, h, y]) for (x, y), h in zip(offsets, heights, strict=True)]
    gone = removed(
        case,
        beyond_surface(
            case.space,
            DrawnSurface(
                points_lps_mm=tuple(map(tuple, points)),
                kept_lps_mm=tuple(middle + np.array([0.0, -15.0, 0.0])),
            ),
        ),
    )
    for point in points:
        for shift, side in ((-2.5, False), (2.5, True)):
            index = np.rint(case.space.grid.to_index(point + np.array([0.0, shift, 0.0]))).astype(int)
            if (index >= 0).all() and (index < gone.shape).all() and case.space.liver[tuple(index)]:
                assert gone[tuple(index)] == side
    below = np.rint(case.space.grid.to_index(middle + np.array([0.0, -15.0, 0.0]))).astype(int)
    assert not gone[tuple(below)]
    assert 0 < gone.sum() < case.space.liver.sum()


SQUARE = ((0.0, 0.0, 0.0), (20.0, 0.0, 1.0), (0.0, 20.0, 2.0), (20.0, 20.0, 0.0))


@pytest.mark.parametrize(
    "drawn",
    [
        DrawnPlane(point_lps_mm=(0.0, 0.0, 0.0), normal_lps=(0.0, 0.0, 0.0)),
        DrawnPlane(point_lps_mm=(np.nan, 0.0, 0.0), normal_lps=(0.0, 0.0, 1.0)),
        DrawnSurface(points_lps_mm=SQUARE[:3], kept_lps_mm=(5.0, 5.0, 9.0)),
        DrawnSurface(points_lps_mm=(*SQUARE[:3], SQUARE[0]), kept_lps_mm=(5.0, 5.0, 9.0)),
        DrawnSurface(
            points_lps_mm=tuple((float(n), 2.0 * n, 0.0) for n in range(0, 50, 10)),
            kept_lps_mm=(5.0, 5.0, 9.0),
        ),
        DrawnSurface(points_lps_mm=SQUARE, kept_lps_mm=SQUARE[1]),
        DrawnAblation(device="mwa-1-probe", center_lps_mm=(0.0, 0.0, 0.0), axis_lps=(0.0, 0.0, 0.0)),
        DrawnAblation(
            device="mwa-1-probe", center_lps_mm=(0.0, 0.0, 0.0), axis_lps=(0.0, 0.0, 1.0), lesions=(7,)
        ),
    ],
)
def test_what_is_no_plane_surface_or_direction_is_refused(drawn) -> None:
    with pytest.raises(UsageError) as caught:
        drawn_candidate(plain_case(spacing=(4.0, 4.4, 4.8)), drawn, number=1, settings=Settings())
    assert caught.value.code == "BAD_TREATMENT"


def test_an_unknown_device_and_a_plane_beside_the_liver_are_refused() -> None:
    case = plain_case(spacing=(4.0, 4.4, 4.8))
    ablation = DrawnAblation(device="nothing", center_lps_mm=(0, 0, 0), axis_lps=(0, 0, 1))
    with pytest.raises(UsageError, match="nothing"):
        drawn_candidate(case, ablation, number=1, settings=Settings())
    aside = tuple(middle_lps(case) + np.array([200.0, 0.0, 0.0]))
    for drawn in (
        DrawnPlane(point_lps_mm=aside, normal_lps=(1.0, 0.0, 0.0)),
        DrawnAblation(device="mwa-1-probe", center_lps_mm=aside, axis_lps=(1.0, 0.0, 0.0)),
    ):
        with pytest.raises(PlanError) as caught:
            drawn_candidate(case, drawn, number=1, settings=Settings())
        assert caught.value.code == "TREATMENT_REFUSED"


@pytest.mark.parametrize("device", ["mwa-1-probe", "amica-60w-10min-patients", "mwa-5min-patients"])
@pytest.mark.parametrize("seed", range(3))
def test_a_zone_drawn_where_the_planner_put_it_destroys_the_same_voxels(seed: int, device: str) -> None:
    settings = settings_with(ablation={"devices": [device], "margin_mm": 3.0})
    anatomy = random_anatomy(seed, lesions=6, coarse=0.8)
    space = workspace(anatomy, major_vessel_mm=6.0)
    candidates, *_ = collect(space, measure(anatomy), settings=settings)
    case = bare_case(anatomy, space, make_problem(space, candidates, cleared_fraction=0.995))
    planned = [c for c in candidates if len(c.zones) == 1]
    assert planned
    for candidate in planned:
        (zone,) = candidate.zones
        drawn = DrawnAblation(
            device=device,
            center_lps_mm=zone.center_lps_mm,
            axis_lps=tuple(7.0 * v for v in zone.axis_lps),
            across_lps=zone.across_lps,
            lesions=candidate.lesions,
        )
        made = drawn_candidate(case, drawn, number=1, settings=settings)
        assert np.array_equal(made.voxels, candidate.voxels)
        assert set(candidate.lesions) <= set(made.lesions)
        assert made.zones[0].center_lps_mm == pytest.approx(zone.center_lps_mm)


def test_a_zone_stops_at_vessels_and_keeps_away_from_protected_structures() -> None:
    def rod(grid, middle):
        points = grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1)) - middle
        return np.linalg.norm(points[..., 1:] - np.array([9.0, 0.0]), axis=-1) <= 4.0

    case = plain_case(vessels=rod)
    drawn = DrawnAblation(
        device="rfa-1-probe", center_lps_mm=tuple(middle_of(case.anatomy)), axis_lps=(0.0, 0.0, 1.0)
    )
    free = drawn_candidate(plain_case(), drawn, number=1, settings=Settings())
    made = drawn_candidate(case, drawn, number=1, settings=Settings())
    assert case.space.sink_distance_mm is not None
    assert case.space.sink_distance_mm.ravel()[made.voxels].min() > 3.0
    assert set(made.voxels) < set(free.voxels)


def test_the_middle_of_a_zone_follows_from_its_tip() -> None:
    (device,) = devices_named(("emprint-100w-10min",), Settings(), key="device")
    assert device.beyond_tip_mm is not None
    drawn = at_tip(device, tip_lps_mm=(10.0, 20.0, 30.0), axis_lps=(0.0, 0.0, -2.0))
    beyond = device.shrink * sum(device.beyond_tip_mm) / 2.0
    assert drawn.center_lps_mm == pytest.approx((10.0, 20.0, 30.0 - beyond + device.zone_mm[0] / 2.0))
    (unknown,) = devices_named(("mwa-1-probe",), Settings(), key="device")
    with pytest.raises(UsageError, match="not known"):
        at_tip(unknown, tip_lps_mm=(0.0, 0.0, 0.0), axis_lps=(0.0, 0.0, 1.0))


@pytest.mark.parametrize("seed", range(4))
def test_atoms_split_by_one_more_candidate_count_as_atoms_made_anew(seed: int) -> None:
    session = lumpy_session(5 + seed)
    basis, rng = session.state.basis, np.random.default_rng(seed)
    middle = middle_of(basis.anatomy)
    for _ in range(3):
        plane = DrawnPlane(
            point_lps_mm=tuple(middle + rng.uniform(-10, 10, size=3)), normal_lps=tuple(rng.normal(size=3))
        )
        basis = basis.with_drawn(plane)
    split, candidates = basis.case.problem, basis.case.problem.candidates
    anew = make_problem(basis.case.space, candidates, cleared_fraction=0.995)
    assert split.atoms.functional.sum() == anew.atoms.functional.sum()
    for _ in range(60):
        chosen = sorted(rng.choice(len(candidates), size=int(rng.integers(0, 7)), replace=False).tolist())
        chosen += [len(candidates) - 1 - int(n) for n in np.flatnonzero(rng.random(3) < 0.5)]
        assert split.lost_voxels(chosen) == anew.lost_voxels(chosen)
        assert np.array_equal(split.treated_voxels(chosen), anew.treated_voxels(chosen))
        assert split.removed(chosen) == anew.removed(chosen)


@pytest.mark.parametrize("seed", range(4))
def test_what_was_learned_holds_for_every_plan_with_drawn_treatments(seed: int) -> None:
    basis, rng = lumpy_session(5 + seed).state.basis, np.random.default_rng(seed)
    tumor = np.argwhere(basis.anatomy.lesions.array > 0)
    for _ in range(2):
        known = basis.case.problem.relaxation
        for _ in range(6):
            known.tighten(rng.random(known.width) ** 4, whole=False)
        middle = basis.anatomy.lesions.grid.to_patient(tumor[rng.integers(len(tumor))])
        plane = DrawnPlane(point_lps_mm=tuple(middle), normal_lps=tuple(rng.normal(size=3)))
        basis = basis.with_drawn(plane)
    problem = basis.case.problem
    known = problem.relaxation
    learned = known.rows[known.first_learned :]
    assert learned
    rows = np.zeros((len(learned), known.width))
    for n, row in enumerate(learned):
        rows[n, row.columns] = row.values
    upper = np.array([row.upper for row in learned])
    for _ in range(200):
        chosen = np.flatnonzero(rng.random(len(problem.candidates)) < 0.1).tolist()
        chosen += [
            len(problem.candidates) - 1 - n for n in range(2) if n not in chosen and rng.random() < 0.7
        ]
        chosen = sorted(set(chosen))
        values = known.values_of(problem.removed(chosen), chosen, problem.cleared(chosen).astype(float))
        assert values @ known.loss == problem.lost_voxels(chosen)
        assert (rows @ values <= upper + 1e-6).all()


def test_a_drawn_zone_without_a_lesion_has_no_margin_and_is_a_plan_all_the_same() -> None:
    session = session_on(random_anatomy(5, lesions=1, coarse=1.3), keep=0.01)
    case = session.state.basis.case
    far = np.argwhere(case.space.liver)
    tumor = np.argwhere(case.anatomy.lesions.array).mean(axis=0)
    center = far[np.argmax(np.linalg.norm((far - tumor) * case.space.spacing, axis=1))]
    drawn = DrawnAblation(
        device="rfa-1-probe",
        center_lps_mm=tuple(case.space.grid.to_patient(center)),
        axis_lps=(1.0, 0.0, 0.0),
    )
    edit = session.add(drawn)
    (treatment,) = [t for t in edit.session.plan.treatments if "drawn by hand" in t.name]
    assert (treatment.lesions, treatment.achieved_margin_mm) == ((), None)
    assert treatment.parenchyma_ml > 0.0
    assert (
        with_candidate(case, edit.session.candidates[-1]).problem.candidates[:-1] == case.problem.candidates
    )
    assert Basis(
        anatomy=case.anatomy, lesions=(), settings=Settings(), planned=case, case=case
    ).first_drawn == len(session.candidates)
