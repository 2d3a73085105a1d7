"""Which major vessels a drawn resection cuts, and when a local one is as large as a major one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plan.plan_examples import planned, settings_with
from plan.session_examples import middle_of, session_on
from plan.test_plan_drawn import SEMI_AXES, plain_case

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.plan.drawn import DrawnPlane
from netlm_imaging.plan.drawn_candidate import drawn_candidate
from netlm_imaging.plan.resection_notices import resection_notices
from netlm_imaging.settings import Settings
from netlm_imaging.volume import LabelMap


def rods(*places: float, radius: float = 4.0):
    """Vessels along x, at these y."""

    def drawn(grid, middle):
        points = grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1)) - middle
        apart = [np.linalg.norm(points[..., 1:] - np.array([y, 0.0]), axis=-1) for y in places]
        return np.min(apart, axis=0) <= radius

    return drawn


def codes_of(vessels, normal, *, offset: float = 0.0) -> dict[str, str]:
    case = plain_case(vessels=vessels)
    normal = np.array(normal)
    point = middle_of(case.anatomy) + offset * normal
    plane = DrawnPlane(point_lps_mm=tuple(point), normal_lps=tuple(normal))
    made = drawn_candidate(case, plane, number=1, settings=Settings())
    told = resection_notices(case.space, [made], major_vessel_mm=6.0, cleared_fraction=0.995)
    return {n.code: n.message for n in told}


@pytest.mark.parametrize(
    ("vessels", "normal", "places"),
    [
        (rods(0.0), (1.0, 0.0, 0.0), "one place"),
        (rods(-12.0, 12.0), (0.8, 0.6, 0.0), "2 places"),
        (rods(0.0), (0.0, 1.0, 0.0), "one place"),  # along the middle of the vessel
        (rods(-12.0), (0.0, 1.0, 0.0), None),  # beside it
        (rods(12.0), (0.0, 1.0, 0.0), None),  # all of it is taken out
        (rods(0.0, radius=2.0), (1.0, 0.0, 0.0), None),  # not a major one
    ],
)
def test_the_places_where_a_drawn_resection_cuts_major_vessels_are_counted(vessels, normal, places) -> None:
    found = codes_of(vessels, normal)
    assert ("DRAWN_CUTS_MAJOR_VESSEL" in found) == (places is not None)
    assert places is None or f"wider than 6 mm at {places}." in found["DRAWN_CUTS_MAJOR_VESSEL"]
    assert "DRAWN_VESSELS_UNKNOWN" not in found


def test_without_vessels_it_is_said_that_they_are_not_known() -> None:
    assert "DRAWN_VESSELS_UNKNOWN" in codes_of(None, (1.0, 0.0, 0.0))


@pytest.mark.parametrize(("offset", "large"), [(0.0, True), (20.0, False)])
def test_a_drawn_resection_of_more_than_a_quarter_of_the_liver_is_told(offset: float, large: bool) -> None:
    found = codes_of(None, (1.0, 0.0, 0.0), offset=offset)
    assert ("LARGE_LOCAL_RESECTION" in found) is large
    assert not large or "50 % of the liver" in found["LARGE_LOCAL_RESECTION"]


def one_lesion(radius: float) -> Anatomy:
    """At 20 mm from the middle of the liver."""
    return plain_case(spacing=(2.0, 2.2, 2.4), balls=[((20.0, 0.0, 0.0), radius)]).anatomy


def test_a_session_tells_it_in_previews_and_edits_and_forgets_it_with_undo() -> None:
    session = session_on(one_lesion(9.0), keep=0.01)
    assert session.notices == ()
    plane = DrawnPlane(point_lps_mm=tuple(middle_of(session.state.basis.anatomy)), normal_lps=(1.0, 0.0, 0.0))
    edit = session.add(plane)
    assert {n.code for n in edit.notices} == {"DRAWN_VESSELS_UNKNOWN", "LARGE_LOCAL_RESECTION"}
    assert session.preview(plane).notices == edit.notices == edit.session.notices
    assert edit.session.undo().notices == ()


def test_a_wedge_of_a_huge_lesion_is_no_small_resection() -> None:
    only_wedges = settings_with(resection={"enucleation": False}, ablation={"modalities": []})
    for radius, large in ((9.0, False), (24.0, True)):
        result = planned(one_lesion(radius), settings=only_wedges)
        assert [t.kind for t in result.plan.treatments] == ["wedge"]
        assert ("LARGE_LOCAL_RESECTION" in {n.code for n in result.notices}) is large


def typed_session(anatomy: Anatomy, **plan: object):
    """Every plan would be of Type 2."""
    session = session_on(anatomy, settings=settings_with(plan=plan), keep=0.01)
    return replace(session, type_of=lambda _: 2)


@pytest.mark.parametrize(("offset", "after"), [(0.0, None), (20.0, 2)])
def test_no_type_follows_from_a_drawn_resection_as_large_as_a_major_one(offset: float, after) -> None:
    session = typed_session(one_lesion(9.0))
    point = middle_of(session.state.basis.anatomy) + np.array([offset, 0.0, 0.0])
    edit = session.add(DrawnPlane(point_lps_mm=tuple(point), normal_lps=(1.0, 0.0, 0.0)))
    assert (edit.difference.type_before, edit.difference.type_after) == (2, after)
    told = {n.code: n.message for n in edit.notices}.get("LARGE_LOCAL_RESECTION", "")
    assert ("no Type follows" in told) is (after is None)


@pytest.mark.parametrize(("beyond", "after"), [(0.55, 2), (0.4, None)])
def test_no_type_follows_from_more_whole_segments_than_a_sparing_plan_takes(beyond: float, after) -> None:
    """Segments are slabs along x; two or three of the thin ones at the end are less than a quarter."""
    anatomy = one_lesion(6.0)
    places = np.moveaxis(np.indices(anatomy.grid.shape_kji), 0, -1)
    along = (anatomy.grid.to_patient(places)[..., 0] - middle_of(anatomy)[0]) / SEMI_AXES[0]
    slabs = 1 + np.digitize(along, [-0.5, -0.2, 0.1, 0.4, 0.55, 0.7])
    labels = LabelMap(np.where(anatomy.liver.array, slabs, 0).astype(np.uint8), anatomy.grid)
    session = typed_session(replace(anatomy, segments=labels), max_segments_sparing=2)
    point = middle_of(anatomy) + np.array([beyond * SEMI_AXES[0], 0.0, 0.0])
    edit = session.add(DrawnPlane(point_lps_mm=tuple(point), normal_lps=(1.0, 0.0, 0.0)))
    assert edit.difference.type_after == after
    assert "LARGE_LOCAL_RESECTION" not in {n.code for n in edit.notices}


@pytest.mark.parametrize(("offset", "part"), [(10.0, None), (20.0, "49.3 %"), (30.0, None)])
def test_a_resection_through_a_lesion_that_stays_is_told(offset: float, part: str | None) -> None:
    session = session_on(one_lesion(9.0), keep=0.01).leave_alone(1).session
    point = middle_of(session.state.basis.anatomy) + np.array([offset, 0.0, 0.0])
    plane = DrawnPlane(point_lps_mm=tuple(point), normal_lps=(1.0, 0.0, 0.0))
    for found in (session.preview(plane), session.add(plane)):
        told = {n.code: n.message for n in found.notices}.get("RESECTION_THROUGH_LESION")
        assert (told is None) == (part is None)
        assert part is None or f"Resection 1 drawn by hand takes {part} of lesion 1." in told


def test_a_cut_through_a_lesion_of_which_the_rest_is_ablated_is_not_told() -> None:
    session = session_on(one_lesion(5.0), keep=0.01)
    (ablation, *_) = [n for n, c in enumerate(session.candidates) if c.kind == "ablation"]
    session = session.must(ablation).session
    point = middle_of(session.state.basis.anatomy) + np.array([20.0, 0.0, 0.0])
    plane = DrawnPlane(point_lps_mm=tuple(point), normal_lps=(1.0, 0.0, 0.0))
    for found in (session.preview(plane), session.add(plane)):
        assert "RESECTION_THROUGH_LESION" not in {n.code for n in found.notices}


def test_a_planned_resection_through_a_lesion_that_stays_is_told_with_the_plan() -> None:
    anatomy = one_lesion(9.0)
    x = anatomy.grid.to_patient(np.moveaxis(np.indices(anatomy.grid.shape_kji), 0, -1))[..., 0]
    beyond = x > middle_of(anatomy)[0] + 20.0
    halves = LabelMap(np.where(anatomy.liver.array, np.where(beyond, 2, 4), 0).astype(np.uint8), anatomy.grid)
    fix = [{"kind": "anatomical", "name": "Segmentectomy II", "do": True}, {"lesion": 1, "do": False}]
    result = planned(
        replace(anatomy, segments=halves),
        settings=settings_with(plan={"fix": fix, "max_segments_sparing": 1}),
    )
    assert result.plan.cleared == ()
    told = {n.code: n.message for n in result.notices}["RESECTION_THROUGH_LESION"]
    assert "Segmentectomy II takes 49.3 % of lesion 1." in told
