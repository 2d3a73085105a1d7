from __future__ import annotations

import numpy as np
import pytest
from plan.plan_examples import anatomy_of, planned, settings_with
from strategies import ellipsoid, oblique_grid

from netlm_imaging.anatomy import SEGMENT_NAMES
from netlm_imaging.lesions import measure
from netlm_imaging.plan.anatomical import anatomical_candidates
from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.enucleation import enucleation
from netlm_imaging.plan.wedge import wedge
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.settings import ResectionSettings

NORMAL = np.array([2.0, -1.0, 2.0]) / 3.0


def _under_a_flat_capsule(depth_mm, radius_mm, *, vessel_mm=None, spacing=(0.9, 1.0, 1.2), above_mm=12.0):
    """A ball whose near surface lies ``depth_mm`` below the plane, and a vessel on its way out."""
    grid = oblique_grid((64, 80, 84), spacing)
    middle = grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)
    points = grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1)) - middle
    height = points @ NORMAL - above_mm
    liver = (height <= 0.0) & (np.linalg.norm(points, axis=-1) <= 60.0 * max(spacing))
    center = middle + NORMAL * (above_mm - depth_mm - radius_mm)
    vessels = None
    if vessel_mm is not None:
        across = np.cross(NORMAL, [1.0, 0.0, 0.0])
        across /= np.linalg.norm(across)
        way = points - (center - middle) - NORMAL * (radius_mm + depth_mm / 2.0)
        vessels = np.linalg.norm(np.cross(way, across), axis=-1) <= vessel_mm / 2.0
    return anatomy_of(grid, liver, [(tuple(center), radius_mm)], vessels=vessels)


def _made(make, anatomy, **settings):
    chosen = ResectionSettings(**settings)
    space = workspace(anatomy, major_vessel_mm=chosen.major_vessel_mm)
    (lesion,) = measure(anatomy)
    return space, make(space, lesion, settings=chosen)


@pytest.mark.parametrize(("depth_mm", "radius_mm"), [(4.0, 10.0), (15.0, 6.0), (0.5, 8.0)])
def test_wedge_under_a_flat_capsule_is_a_half_ball_and_a_cylinder(depth_mm, radius_mm) -> None:
    anatomy = _under_a_flat_capsule(depth_mm, radius_mm)
    _, candidate = _made(wedge, anatomy)
    assert isinstance(candidate, Candidate)
    reach = radius_mm + 5.0
    truth_ml = np.pi * reach**2 * (2 / 3 * reach + depth_mm + radius_mm) / 1000
    assert candidate.voxels.size * anatomy.grid.voxel_ml == pytest.approx(truth_ml, rel=0.03)


def test_enucleation_is_the_ball_with_its_rim() -> None:
    anatomy = _under_a_flat_capsule(6.0, 10.0)
    _, candidate = _made(enucleation, anatomy, enucleation_rim_mm=2.0)
    truth_ml = 4 / 3 * np.pi * 12.0**3 / 1000
    assert candidate.voxels.size * anatomy.grid.voxel_ml == pytest.approx(truth_ml, rel=0.05)


@pytest.mark.parametrize(("make", "limit"), [(enucleation, 10.0), (wedge, 30.0)])
def test_depth_limits_are_named_with_the_depth(make, limit) -> None:
    size = {"spacing": (1.5, 1.5, 1.5), "above_mm": 25.0}
    deep = _under_a_flat_capsule(limit + 3.0, 5.0, **size)
    shallow = _under_a_flat_capsule(limit - 2.0, 5.0, **size)
    _, refusal = _made(make, deep)
    assert isinstance(refusal, Refusal)
    depth = float(refusal.why_not.split()[2])
    assert depth == pytest.approx(limit + 3.0, abs=0.6)
    assert refusal.why_not == f"near surface {depth:.1f} mm below the capsule > {limit:g} mm"
    assert isinstance(_made(make, shallow)[1], Candidate)


@pytest.mark.parametrize(("vessel_mm", "possible"), [(8.0, False), (4.0, True)])
def test_no_wedge_through_a_major_vessel(vessel_mm, possible) -> None:
    anatomy = _under_a_flat_capsule(16.0, 6.0, vessel_mm=vessel_mm, spacing=(1.0, 1.0, 1.1))
    _, result = _made(wedge, anatomy)
    assert isinstance(result, Candidate) == possible
    if not possible:
        assert result.why_not == "a vessel wider than 6 mm lies in every one of 5 access paths tried"


def test_no_enucleation_along_a_major_vessel() -> None:
    anatomy = _under_a_flat_capsule(6.0, 6.0, vessel_mm=8.0, spacing=(1.0, 1.0, 1.1))
    _, result = _made(enucleation, anatomy)
    assert result.why_not == "a vessel wider than 6 mm lies in the rim"


def _eight_segments():
    grid = oblique_grid((20, 24, 32), (3.0, 3.2, 3.6))
    middle = grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)
    liver = ellipsoid(grid, middle, (44.0, 34.0, 30.0))
    segments = np.zeros(grid.shape_kji, dtype=np.uint8) + 1 + (np.arange(32) // 4)[None, None, :]
    return grid, liver, segments.astype(np.uint8)


def test_named_resections_equal_their_segments() -> None:
    grid, liver, segments = _eight_segments()
    anatomy = anatomy_of(grid, liver, [], segments=segments)
    space = workspace(anatomy, major_vessel_mm=6.0)
    named = {c.name: c for c in anatomical_candidates(space)}
    expected = {
        "Right hepatectomy": (5, 6, 7, 8),
        "Left hepatectomy": (2, 3, 4),
        "Left lateral sectionectomy": (2, 3),
        "Right anterior sectionectomy": (5, 8),
        "Right posterior sectionectomy": (6, 7),
        "Right trisectionectomy": (4, 5, 6, 7, 8),
        "Left trisectionectomy": (2, 3, 4, 5, 8),
        "Right hepatectomy with segment I": (1, 5, 6, 7, 8),
        **{f"Segmentectomy {name}": (n,) for n, name in enumerate(SEGMENT_NAMES, start=1)},
    }
    assert len(named) == 8 + 7 + 7 + 7
    for name, labels in expected.items():
        whole = np.isin(segments, labels) & liver
        region = np.zeros(space.liver.shape, dtype=bool)
        region.ravel()[named[name].region(space)] = True
        assert (region == whole[anatomy.liver.bounding_box()]).all()


def test_a_missing_segment_takes_its_procedures_with_it() -> None:
    grid, liver, segments = _eight_segments()
    anatomy = anatomy_of(grid, liver, [], segments=np.where(segments == 6, 7, segments))
    names = {c.name for c in anatomical_candidates(workspace(anatomy, major_vessel_mm=6.0))}
    assert "Segmentectomy VI" not in names
    assert "Right hepatectomy" not in names
    assert "Left hepatectomy" in names


def test_sparing_takes_two_segments_and_maximum_the_lobe() -> None:
    grid, liver, segments = _eight_segments()
    middle = grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)
    along_i = grid.axes[:, 0] * 3.0
    # One lesion in V and VI, one in VII and VIII: only four segments hold both.
    balls = [(tuple(middle + along_i * 3.5), 9.0), (tuple(middle + along_i * 11.5), 8.0)]
    anatomy = anatomy_of(grid, liver, balls, segments=segments)
    only_anatomical = settings_with(
        resection={"wedge": False, "enucleation": False}, ablation={"modalities": []}
    )
    result = planned(anatomy, settings=only_anatomical)
    maximum = result.alternatives[0]
    assert len({s for t in result.plan.treatments for s in t.segments}) <= 2
    assert maximum.debulking_percent == 100.0
    assert {s for t in maximum.treatments for s in t.segments} == {"V", "VI", "VII", "VIII"}
    assert [t.name for t in maximum.treatments] == ["Right hepatectomy"]
    lost_ml = (anatomy.functional.array & (segments >= 5)).sum() * grid.voxel_ml
    assert maximum.parenchyma_lost_ml == pytest.approx(lost_ml)
