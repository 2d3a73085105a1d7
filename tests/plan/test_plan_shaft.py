"""The shaft of a probe drawn by hand: against the voxels of each structure, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan.path_examples import BALL, GRID, LONG, MIDDLE, Patient, Where, ball, box, zone_at
from plan.plan_examples import planned, settings_with
from scipy.spatial import cKDTree

from netlm_imaging.lesions import measure
from netlm_imaging.plan.devices import devices_named
from netlm_imaging.plan.distances import SURFACE_SHARE
from netlm_imaging.plan.drawn import DrawnAblation
from netlm_imaging.plan.drawn_candidate import along_path, in_lesion
from netlm_imaging.plan.path_fields import make_fields
from netlm_imaging.plan.paths import Access, as_drawn, best_axis
from netlm_imaging.plan.plan_case import Planned
from netlm_imaging.plan.probes import bundle_radius_mm
from netlm_imaging.plan.session import PlanSession
from netlm_imaging.plan.session_planned import planned_of
from netlm_imaging.plan.shaft import shaft_words
from netlm_imaging.settings import Settings
from netlm_imaging.volume import Mask

CLEAR_MM = 5.0
TIP_MM = 10.0
"""Of the ball's probe, from the middle of its zone."""


def drawn(patient: Patient, axis: np.ndarray, *, at: tuple[float, ...] = (0.0, 0.0, 0.0)) -> Access:
    fields = make_fields(patient.anatomy, patient.around, major_vessels=None)
    return as_drawn(fields, zone_at(BALL, at=at, axis=axis), (1,), clearance_mm=CLEAR_MM)


def in_mask(mask: Mask, points: np.ndarray) -> np.ndarray:
    index = np.rint(GRID.to_index(points)).astype(int)
    inside = ((index >= 0) & (index < GRID.shape_kji)).all(axis=1)
    return inside & mask.array[tuple(np.clip(index, 0, np.subtract(GRID.shape_kji, 1)).T)]


def true_mm(mask: Mask, points: np.ndarray) -> float:
    """From the shaft to the surface of a structure, from its voxels alone; 0 or less: through it."""
    centers = mask.grid.to_patient(np.argwhere(mask.array))
    apart = float(cKDTree(centers).query(points)[0].min()) - SURFACE_SHARE * sum(GRID.spacing_mm)
    return min(apart, 0.0 if in_mask(mask, points[::5]).any() else np.inf) - bundle_radius_mm(BALL)


@settings(max_examples=25, deadline=None)
@given(
    axis=st.tuples(*[st.floats(-1.0, 1.0)] * 3).filter(lambda a: np.linalg.norm(a) > 0.2),
    at=st.tuples(*[st.floats(-8.0, 8.0)] * 3),
    places=st.tuples(*[st.tuples(*[st.floats(-36.0, 36.0)] * 3)] * 4),
    size=st.floats(2.5, 9.0),
)
def test_the_distance_of_the_shaft_to_each_structure_is_that_of_its_voxels(axis, at, places, size) -> None:
    bowel, ducts, vein, bone = (ball(size, at=place) for place in places)
    only_bone = lambda p: bone(p) & ~bowel(p) & ~ducts(p) & ~vein(p)  # noqa: E731  each voxel is of one
    only_bowel = lambda p: bowel(p) & ~vein(p)  # noqa: E731
    only_ducts = lambda p: ducts(p) & ~vein(p) & ~bowel(p)  # noqa: E731
    liver = box(30.0, 25.0, 22.0)
    patient = Patient(
        bowel=only_bowel, bile_ducts=only_ducts, vessels=lambda p: vein(p) & ~liver(p), bone=only_bone
    )
    anatomy = patient.anatomy
    structures = {"bowel": anatomy.bowel, "bile ducts": anatomy.bile_ducts, "major vessels": anatomy.vessels}
    unit = np.asarray(axis) / np.linalg.norm(axis)
    tip = MIDDLE + np.asarray(at) + TIP_MM * unit
    along = np.arange(0.0, 150.0, 0.1)
    for shaft in drawn(patient, unit, at=at).shafts:
        skin = shaft.approach == "percutaneous"
        body = patient.around.body if skin else anatomy.liver
        points = tip - along[:, None] * unit
        left = int(in_mask(body, points).argmin())
        said = {near.structure: near.distance_mm for near in shaft.near}
        for name, mask in {**structures, **({"bone": patient.around.bone} if skin else {})}.items():
            if not mask.array.any():
                assert name not in said
                continue
            whole = not skin and name == "major vessels"
            # The way ends at a sample of 1 mm beyond the surface at the latest.
            most = true_mm(mask, points if whole else points[: max(1, left)])
            least = true_mm(mask, points if whole else points[: left + 16])
            if name in said:
                assert least - 0.1 <= said[name] <= most + 0.1
            else:
                assert most > CLEAR_MM - 0.6, name  # between voxels the map of distances is interpolated


def test_a_shaft_through_a_vein_says_so_and_what_is_not_known() -> None:
    patient = Patient(vessels=box(3.0, 60.0, 60.0, at=(20.0, 0.0, 0.0)))
    fields = make_fields(patient.anatomy, patient.around, major_vessels=patient.anatomy.vessels)
    through = as_drawn(fields, zone_at(BALL, at=(0, 0, 0), axis=(-1, 0, 0)), (1,), clearance_mm=CLEAR_MM)
    assert [shaft.near[0].structure for shaft in through.shafts] == ["major vessels"] * 2
    assert through.unsafe_as_drawn
    assert (through.paths, through.open_only) == ((), None)
    skin, capsule, unknown = shaft_words(through.shafts)
    assert skin == "From the skin, the shaft as drawn: through the major vessels."
    assert capsule == "From the capsule, the shaft as drawn: through the major vessels."
    assert unknown.startswith("Nothing is known of bile ducts, gallbladder, bowel, spleen, bone")
    assert through.note == " ".join((skin, capsule, unknown))
    other = as_drawn(fields, zone_at(BALL, at=(0, 0, 0), axis=(1, 0, 0)), (1,), clearance_mm=CLEAR_MM)
    assert not other.unsafe_as_drawn
    assert [path.approach for path in other.paths] == ["percutaneous", "operative"]
    for path in other.paths:
        assert np.subtract(path.tip_lps_mm, path.entry_lps_mm) @ [1, 0, 0] == pytest.approx(path.length_mm)
    assert (other.open_only, other.note) == (False, None)
    assert shaft_words(other.shafts)[0].endswith("mm from the major vessels.")


def test_a_vein_behind_the_liver_counts_although_the_way_from_the_capsule_has_left_it() -> None:
    vein = box(60.0, 3.0, 60.0, at=(0.0, 36.0, 0.0))  # 8 mm and more behind the capsule
    patient = Patient(body=None, vessels=vein)
    (shaft,) = drawn(patient, np.array([0.0, -1.0, 0.0])).shafts
    assert shaft.words == "From the capsule, the shaft as drawn: through the major vessels."
    bowel = Patient(body=None, bowel=vein)
    assert drawn(bowel, np.array([0.0, -1.0, 0.0])).shafts[0].clear  # it is moved aside


def test_what_else_speaks_against_a_shaft() -> None:
    other = Patient(lesions=(ball(5.0), ball(4.0, at=(20.0, 0.0, 0.0))))
    assert drawn(other, np.array([-1.0, 0.0, 0.0])).shafts[0].against == ("through lesion 2",)
    outside = drawn(Patient(), np.array([1.0, 0.0, 0.0]), at=(29.0, 0.0, 0.0))
    assert "the tip is outside the liver" in outside.shafts[0].against
    deep = replace(BALL, shaft_length_mm=45.0)
    fields = make_fields(Patient().anatomy, Patient().around, major_vessels=None)
    short = as_drawn(fields, zone_at(deep, at=(0, 0, 0), axis=(1, 0, 0)), (1,), clearance_mm=CLEAR_MM)
    assert short.shafts[0].against == ("it needs more than the 45 mm of the shaft",)
    assert short.open_only is True  # from the capsule it is long enough
    cut = Patient(body=box(90.0, 90.0, 90.0))
    seen = drawn(cut, np.array([1.0, 0.0, 0.0]))
    assert (seen.shafts[0].against, seen.open_only) == (("it leaves the image first",), None)


@pytest.mark.parametrize("device", [BALL, LONG])
def test_the_best_axis_is_one_whose_shaft_is_clear_where_there_is_one(device) -> None:
    gap: Where = lambda p: ball(14.0, at=(0.0, -25.0, 0.0))(p)  # noqa: E731
    shell: Where = lambda p: ball(24.0)(p) & ~ball(20.0)(p) & ~gap(p)  # noqa: E731
    patient = Patient(vessels=shell)
    fields = make_fields(patient.anatomy, patient.around, major_vessels=patient.anatomy.vessels)
    zone = zone_at(device, at=(0, 0, 0), axis=(0, 0, 1))
    axis = best_axis(fields, zone, (1,), clearance_mm=CLEAR_MM)
    assert axis is not None
    found = as_drawn(fields, replace(zone, axis_lps=axis), (1,), clearance_mm=CLEAR_MM)
    assert not found.unsafe_as_drawn
    assert axis[1] > 0.9  # in by the gap, which lies in front
    caged = Patient(vessels=lambda p: ball(24.0)(p) & ~ball(20.0)(p))
    closed = make_fields(caged.anatomy, caged.around, major_vessels=caged.anatomy.vessels)
    assert best_axis(closed, zone, (1,), clearance_mm=CLEAR_MM) is None


WANTED: Settings = settings_with(
    ablation={"devices": ["rfa-1-probe"], "comparison_devices": []},
    plan={"max_frontier_points": 2},
    resection={"wedge": False, "enucleation": False, "anatomical": False},
)


def session_of(patient: Patient) -> tuple[PlanSession, Planned]:
    made = planned(patient.anatomy, settings=WANTED, around=patient.around)
    lesions = measure(patient.anatomy)
    return PlanSession.of(made, patient.anatomy, lesions, settings=WANTED), made


def test_a_new_probe_goes_around_the_vein_and_one_moved_into_it_is_told_everywhere() -> None:
    patient = Patient(lesions=(ball(5.0, at=(8.0, 0.0, 0.0)),), vessels=box(2.0, 20.0, 20.0, at=(27.0, 0, 0)))
    session, _ = session_of(patient)
    (device,) = devices_named(("rfa-1-probe",), WANTED, key="device")
    x, y, z = np.add(MIDDLE, (8.0, 0.0, 0.0)).tolist()
    shortest = DrawnAblation(
        device=device.id, center_lps_mm=(x, y, z), axis_lps=(-1.0, 0.0, 0.0), lesions=(1,)
    )
    new = in_lesion(
        session.state.basis.case, lesion=1, middle_lps_mm=(x, y, z), device=device, axis_lps=shortest.axis_lps
    )
    safe, unsafe = session.add(new).session, session.add(shortest).session
    for stands, told in ((safe, False), (unsafe, True)):
        assert [n.code for n in stands.notices if n.code == "DRAWN_SHAFT_UNSAFE"] == [
            "DRAWN_SHAFT_UNSAFE"
        ] * told
        (treatment,) = [t for t in stands.plan.treatments if "drawn by hand" in t.name]
        assert bool(treatment.paths) is not told
        words = "through the major vessels"
        assert (words in (treatment.approach_note or "")) is told
        report = [n for n in planned_of(stands.state).notices if n.code == "DRAWN_SHAFT_UNSAFE"]
        assert len(report) == told
        assert all(treatment.name in n.message and words in n.message for n in report)


def test_a_planned_ablation_taken_in_hand_comes_in_along_its_path() -> None:
    patient = Patient(lesions=(ball(5.0, at=(8.0, 0.0, 0.0)),), vessels=box(2.0, 20.0, 20.0, at=(27.0, 0, 0)))
    session, _ = session_of(patient)
    (chosen,) = session.chosen
    path = session.plan.treatments[0].paths[0]
    in_hand = along_path(session.state.basis.case, session.candidates[chosen])
    assert np.cross(in_hand.axis_lps, np.subtract(path.tip_lps_mm, path.entry_lps_mm)) == pytest.approx(0.0)
    moved = session.replan(in_hand, instead_of=chosen).session
    assert moved.plan.treatments[0].open_only is False
    assert not [n for n in moved.notices if n.code == "DRAWN_SHAFT_UNSAFE"]
