"""Probe paths: against geometry, against every direction tried one by one, and against the voxels."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plan.path_examples import BALL, BODY, GRID, LIVER, LONG, MIDDLE, Patient, ball, box, of
from plan.plan_examples import planned, settings_with
from scipy.spatial import cKDTree

from netlm_imaging.geometry import Grid
from netlm_imaging.plan.path_choice import APART_DEGREES, APART_MM, LENGTH_STEP_MM, TRANSHEPATIC_MM
from netlm_imaging.plan.path_rays import sphere
from netlm_imaging.plan.probes import bundle_radius_mm, shaft_radius_mm

HALF_VOXEL_MM = max(GRID.spacing_mm) / 2.0
RADIUS_MM = shaft_radius_mm(BALL)


@pytest.mark.parametrize("gap_mm", [8.0, 11.0, 15.0])
@pytest.mark.parametrize("tilt", [-0.3, 0.0, 0.25])
def test_clearance_length_and_angles_beside_a_slab(gap_mm: float, tilt: float) -> None:
    """A probe along x and a little y, bowel beyond a plane y = gap: the corner of the path is nearest."""
    patient = Patient(bowel=box(90.0, 4.0, 90.0, at=(0.0, gap_mm + 4.0, 0.0)))
    axis = np.array([1.0, tilt, 0.2]) / np.linalg.norm([1.0, tilt, 0.2])
    found = of(patient.access(LONG, axis=axis, clearance_mm=0.0), "percutaneous")
    assert found
    for path in found:
        tip, entry = (np.asarray(p) - MIDDLE for p in (path.tip_lps_mm, path.entry_lps_mm))
        inward = (tip - entry) / np.linalg.norm(tip - entry)
        assert abs(inward @ axis) == pytest.approx(1.0, abs=1e-9)
        assert tip == pytest.approx(12.0 * inward, abs=1e-6)  # the zone's end: beyond the tip is not known
        assert abs(entry[0]) == pytest.approx(48.0, abs=HALF_VOXEL_MM)
        assert path.length_mm == pytest.approx(np.linalg.norm(tip - entry))
        assert path.clearance_mm == pytest.approx(
            gap_mm - max(tip[1], entry[1]) - RADIUS_MM, abs=HALF_VOXEL_MM
        )
        assert path.nearest_structure == "bowel"
        assert path.angle_axial_deg == pytest.approx(np.degrees(np.arcsin(inward[2])))
        assert path.capsule_angle_deg == pytest.approx(np.degrees(np.arcsin(abs(inward[0]))), abs=6.0)
        assert path.liver_before_lesion_mm == pytest.approx(30.0 / abs(inward[0]) - 5.0, abs=3.0)
        assert path.safe


def test_the_tip_lies_short_of_the_end_by_the_least_that_the_zone_reaches_beyond_it() -> None:
    device = replace(LONG, beyond_tip_mm=(4.0, 9.0), shrink=0.5)
    for path in Patient().access(device, axis=(1.0, 0.0, 0.0)).paths:
        assert np.linalg.norm(np.asarray(path.tip_lps_mm) - MIDDLE) == pytest.approx(12.0 - 2.0)


def test_every_direction_tried_one_by_one_gives_no_better_path() -> None:
    """Straight from the masks: no map, no packed voxels, one direction after the other."""
    bowel, vein = box(12.0, 12.0, 60.0, at=(34.0, 10.0, 0.0)), ball(7.0, at=(-12.0, -14.0, 3.0))
    patient = Patient(bowel=bowel, vessels=vein, lesions=(ball(5.0), ball(4.0, at=(3.0, -17.0, 0.0))))
    (best, *_) = of(patient.access(), "percutaneous")
    anatomy = patient.anatomy
    centers = [anatomy.grid.to_patient(np.argwhere(m.array)) for m in (anatomy.bowel, anatomy.vessels)]
    tree = cKDTree(np.concatenate(centers))
    need = 5.0 + RADIUS_MM + sum(GRID.spacing_mm) / 8.0

    def values(mask: np.ndarray, points: np.ndarray) -> list[int]:
        index = np.rint(GRID.to_index(points)).astype(int)
        inside = ((index >= 0) & (index < GRID.shape_kji)).all(axis=1)
        return [int(mask[tuple(at)]) if within else 0 for at, within in zip(index, inside, strict=True)]

    def judged(outward: np.ndarray) -> tuple[tuple[bool, bool, float], bool, bool]:
        samples = MIDDLE + np.arange(-10.0, 80.0)[:, None] * outward
        inside = samples[: values(patient.around.body.array, samples).index(0)]
        liver = [bool(v) for v in values(anatomy.liver.array, inside)]
        labels = values(anatomy.lesions.array, inside)
        out = liver.index(False)
        normal = out - 1 - max((n for n in range(out) if labels[n]), default=-1)
        near = float(tree.query(inside)[0].min())
        bad = 2 in labels or True in liver[out:]
        key = (bad, normal < TRANSHEPATIC_MM, len(inside) // LENGTH_STEP_MM)
        return key, near > need + 1.2, near > need - 1.2

    answers = [judged(direction) for direction in sphere()]
    clear = [key for key, surely, _ in answers if surely]
    perhaps = [key for key, _, maybe in answers if maybe]
    own = (not best.safe, best.liver_before_lesion_mm < TRANSHEPATIC_MM)
    assert len(clear) > 100
    assert min(perhaps) <= (*own, (best.length_mm + 0.5) // LENGTH_STEP_MM) <= min(clear)


def turned(patient: Patient, order: tuple[int, ...], flip: tuple[bool, ...], **parts: object) -> Patient:
    step = tuple(slice(None, None, -1) if f else slice(None) for f in flip)
    start = [GRID.shape_kji[n] - 1 if f else 0 for n, f in enumerate(flip)]
    affine = GRID.affine_lps.copy()
    affine[:3, 3] = GRID.to_patient(start)
    columns = [affine[:3, 2 - axis] * (-1 if flip[axis] else 1) for axis in range(3)]
    affine[:3, :3] = np.stack([columns[axis] for axis in reversed(order)], axis=1)
    shape = patient.anatomy.liver.array[step].transpose(order).shape
    return Patient(grid=Grid.from_affine_lps(affine, shape), **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flip", [(True, False, False), (False, True, True)])
def test_the_array_does_not_matter(order: tuple[int, ...], flip: tuple[bool, ...]) -> None:
    parts = {"bowel": box(12.0, 12.0, 60.0, at=(34.0, 10.0, 0.0)), "bone": ball(8.0, at=(-40.0, 0.0, 5.0))}
    patient = Patient(**parts)
    other = turned(patient, order, flip, **parts)
    mine, theirs = patient.access(), other.access()
    assert len(mine.paths) == len(theirs.paths) == 6
    for one, two in zip(mine.paths, theirs.paths, strict=True):
        assert one.entry_lps_mm == pytest.approx(two.entry_lps_mm, abs=0.05)
        assert one.tip_lps_mm == pytest.approx(two.tip_lps_mm, abs=1e-6)
        assert one.clearance_mm == pytest.approx(two.clearance_mm, abs=0.05)
        assert one.capsule_angle_deg == pytest.approx(two.capsule_angle_deg, abs=0.5)
        assert (one.approach, one.nearest_structure) == (two.approach, two.nearest_structure)


@settings(max_examples=25, deadline=None)
@given(
    at=st.tuples(*[st.floats(-9.0, 9.0)] * 3),
    bowel=st.tuples(*[st.floats(-40.0, 40.0)] * 3),
    bone=st.tuples(*[st.floats(-40.0, 40.0)] * 3),
    size=st.floats(2.5, 12.0),
    probes=st.integers(1, 3),
    clearance_mm=st.floats(0.0, 8.0),
)
def test_every_path_keeps_its_clearance_on_the_voxels(at, bowel, bone, size, probes, clearance_mm) -> None:
    patient = Patient(bowel=ball(size, at=bowel), bone=ball(size + 1.0, at=bone), lesions=(ball(4.0, at=at),))
    device = replace(BALL, probes=probes, probe_spacing_mm=6.0)
    radius = bundle_radius_mm(device)
    found = patient.access(device, at=at, clearance_mm=clearance_mm)
    for path in found.paths:
        bones = patient.around.bone if path.approach == "percutaneous" else None
        truth = patient.true_clearance_mm(path, patient.anatomy.bowel, bones, radius_mm=radius)
        assert path.clearance_mm == pytest.approx(truth, abs=HALF_VOXEL_MM)
        assert path.clearance_mm >= clearance_mm - 0.3
        assert path.length_mm <= device.shaft_length_mm
        entry, tip = np.asarray(path.entry_lps_mm), np.asarray(path.tip_lps_mm)
        mask = patient.around.body if path.approach == "percutaneous" else patient.anatomy.liver
        beside = [entry + s * (tip - entry) / path.length_mm for s in (0.1, -0.1)]
        assert [bool(mask.array[tuple(np.rint(GRID.to_index(p)).astype(int))]) for p in beside] == [
            True,
            False,
        ]
    for one, two in itertools.combinations(found.paths, 2):
        if one.approach == two.approach:
            ways = [np.subtract(p.entry_lps_mm, p.tip_lps_mm) / p.length_mm for p in (one, two)]
            angle = np.degrees(np.arccos(np.clip(ways[0] @ ways[1], -1, 1)))
            apart = np.linalg.norm(np.subtract(one.entry_lps_mm, two.entry_lps_mm))
            assert angle >= APART_DEGREES - 0.01 or apart >= APART_MM - 2.0


def shell(points: np.ndarray) -> np.ndarray:
    return BODY(points) & ~box(40.0, 36.0, 30.0)(points)


def test_no_safe_path_from_the_skin_is_open_surgery_with_the_reason() -> None:
    found = Patient(bone=shell).access()
    assert found.open_only is True
    assert {path.approach for path in found.paths} == {"operative"}
    assert found.note is not None
    assert found.note.startswith("From the skin: no safe straight path; of 2000 directions ")
    assert "come within 5 mm of bone" in found.note
    assert "From the capsule" not in found.note


def test_nowhere_to_go_keeps_both_reasons() -> None:
    found = Patient(bone=shell, bowel=lambda p: ball(19.0)(p) & ~ball(15.0)(p)).access()
    assert found.paths == ()
    assert found.open_only is True
    assert "From the capsule: no safe straight path" in (found.note or "")


def test_a_probe_that_is_too_short_says_so() -> None:
    found = Patient().access(replace(BALL, shaft_length_mm=40.0))
    assert of(found, "percutaneous") == []
    assert found.open_only is True
    assert "need more than the 40 mm of the shaft" in (found.note or "")
    assert of(found, "operative")
    assert all(path.length_mm <= 60.0 for path in Patient().access(replace(BALL, shaft_length_mm=60.0)).paths)


def test_the_edge_of_the_image_is_no_skin() -> None:
    """The body is cut on the patient's left and right and above: no path enters there."""
    cut = Patient(body=box(900.0, 45.0, 900.0)).access()
    assert cut.open_only is False
    for path in of(cut, "percutaneous"):
        assert abs(path.entry_lps_mm[1] - MIDDLE[1]) == pytest.approx(45.0, abs=HALF_VOXEL_MM)
    everywhere = Patient(body=box(900.0, 900.0, 900.0)).access()
    assert of(everywhere, "percutaneous") == []
    assert everywhere.open_only is None
    assert "leave the image first" in (everywhere.note or "")


def test_without_a_body_only_the_capsule_is_judged() -> None:
    found = Patient(body=None).access()
    assert {path.approach for path in found.paths} == {"operative"}
    assert found.open_only is None
    assert found.note == "From the skin: not known, for neither a mask nor the image shows the skin."


def test_another_lesion_in_the_way_is_avoided_else_flagged() -> None:
    wall = box(3.0, 40.0, 40.0, at=(20.0, 0.0, 0.0))
    patient = Patient(lesions=(ball(5.0), lambda p: wall(p) & LIVER(p)))
    for path in patient.access().paths:
        assert path.crosses_lesions == ()
    along = patient.access(LONG, axis=(1.0, 0.0, 0.0))
    flagged = {path.crosses_lesions: path.safe for path in of(along, "percutaneous")}
    assert flagged == {(): True, (2,): False}
    around = Patient(lesions=(ball(5.0), lambda p: ball(21.0)(p) & ~ball(14.0)(p))).access()
    assert around.open_only is True
    assert all(path.crosses_lesions == (2,) for path in around.paths)
    assert "crosses another lesion" in (around.note or "")
    meant = Patient(lesions=(ball(5.0), lambda p: ball(21.0)(p) & ~ball(14.0)(p))).access(lesions=(1, 2))
    assert meant.open_only is False


def test_a_path_through_two_parts_of_the_liver_is_flagged() -> None:
    gap = box(6.0, 40.0, 40.0, at=(18.0, 0.0, 0.0))
    found = Patient(liver=lambda p: LIVER(p) & ~gap(p)).access(LONG, axis=(1.0, 0.0, 0.0))
    for path in found.paths:
        assert path.enters_liver_twice == (path.entry_lps_mm[0] > MIDDLE[0])
    notch = box(1.0, 40.0, 40.0, at=(18.0, 0.0, 0.0))
    found = Patient(liver=lambda p: LIVER(p) & ~notch(p)).access(LONG, axis=(1.0, 0.0, 0.0))
    assert not any(path.enters_liver_twice for path in found.paths)


def test_an_arm_beside_the_body_is_in_the_way() -> None:
    arm = box(6.0, 60.0, 60.0, at=(62.0, 0.0, 0.0))
    found = Patient(body=lambda p: BODY(p) | arm(p)).access(LONG, axis=(1.0, 0.0, 0.0))
    (path,) = of(found, "percutaneous")
    assert path.entry_lps_mm[0] < MIDDLE[0]


def test_liver_before_the_lesion_is_preferred_to_the_shorter_way() -> None:
    """A lesion under the front: straight in is 20 mm shorter, but does not pass through normal liver."""
    under = (0.0, -20.0, 0.0)
    found = Patient(lesions=(ball(5.0, at=under),)).access(at=under)
    best = of(found, "percutaneous")[0]
    assert best.liver_before_lesion_mm >= TRANSHEPATIC_MM


def test_several_probes_need_the_room_of_their_cylinder() -> None:
    slit = lambda half: lambda p: ~box(half, half, 90.0)(p) & box(90.0, 90.0, 3.0, at=(0.0, 0.0, 15.0))(p)  # noqa: E731
    one = replace(LONG, beyond_tip_mm=(8.0, 8.0))
    three = replace(one, probes=3, probe_spacing_mm=10.0)
    assert bundle_radius_mm(three) == pytest.approx(10.0 / np.sqrt(3.0) + RADIUS_MM)
    patient = Patient(bowel=slit(9.0))
    ways = [of(patient.access(device, clearance_mm=4.0), "operative") for device in (one, three)]
    assert [len(found) for found in ways] == [2, 1]


def test_what_is_checked_and_what_is_not_known_is_said() -> None:
    found = Patient(bowel=ball(5.0, at=(34.0, 10.0, 0.0)), bone=ball(5.0, at=(-40.0, 0.0, 0.0))).access()
    for path in found.paths:
        skin = path.approach == "percutaneous"
        assert path.checked == (("bowel", "bone") if skin else ("bowel",))
        assert path.unknown[:4] == ("major vessels", "bile ducts", "gallbladder", "spleen")
        assert ("heart" in path.unknown, "lung or gas" in path.unknown) == (skin, skin)
    free = Patient().access()
    assert all(path.clearance_mm is None and path.nearest_structure is None for path in free.paths)


def test_the_plan_carries_the_paths_of_its_ablations_and_says_what_needs_open_surgery() -> None:
    only = {"resection": {"wedge": False, "enucleation": False, "anatomical": False}}
    wanted = settings_with(**only, ablation={"devices": ["rfa-1-probe"], "comparison_devices": []})
    free, caged = Patient(), Patient(bone=shell)
    for patient, open_only in ((free, False), (caged, True)):
        result = planned(patient.anatomy, settings=wanted, around=patient.around)
        (treatment,) = result.plan.treatments
        assert treatment.open_only is open_only
        assert {path.approach for path in treatment.paths} == {"operative"} | (
            set() if open_only else {"percutaneous"}
        )
        said = [n.message for n in result.notices if n.code == "ABLATION_OPEN_ONLY"]
        assert said == (["No safe straight path from the skin was found: open surgery for T1."] * open_only)
        for path in treatment.paths:
            assert np.linalg.norm(np.subtract(path.tip_lps_mm, treatment.center_lps_mm)) == pytest.approx(
                15.0
            )
    unseen = planned(free.anatomy, settings=wanted).plan.treatments[0]
    assert unseen.open_only is None
    assert {path.approach for path in unseen.paths} == {"operative"}


def test_resections_have_no_paths() -> None:
    patient = Patient(lesions=(ball(5.0, at=(0.0, -18.0, 0.0)),))
    result = planned(
        patient.anatomy, settings=settings_with(ablation={"max_ablations": 0}), around=patient.around
    )
    for treatment in result.plan.treatments:
        assert (treatment.paths, treatment.open_only, treatment.approach_note) == ((), None, None)
    assert result.plan.treatments
