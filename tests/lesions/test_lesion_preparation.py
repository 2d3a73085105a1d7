"""Masks as they come: what is added, cut off, refused, and said."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import ellipsoid, oblique_grid

from netlm_imaging.errors import GridMismatch, InputError, Notice
from netlm_imaging.geometry import Grid
from netlm_imaging.lesions import prepare
from netlm_imaging.volume import BoolArray, LabelMap, Mask

GRID = oblique_grid((40, 44, 48), (3.1, 2.7, 3.6), origin_mm=(-60.0, 20.0, -300.0))
CENTER = GRID.to_patient((19.5, 21.5, 23.5))
LIVER = ellipsoid(GRID, CENTER, (58, 52, 56))


def ball(offset_mm: tuple[float, float, float], radius_mm: float, grid: Grid = GRID) -> np.ndarray:
    return ellipsoid(grid, CENTER + np.asarray(offset_mm), (radius_mm,) * 3)


def labels(*parts: np.ndarray) -> LabelMap:
    array = np.zeros(GRID.shape_kji, np.uint8)
    for n, part in enumerate(parts):
        array[part] = n + 1
    return LabelMap(array, GRID)


def codes(notices: tuple[Notice, ...]) -> list[str]:
    return [notice.code for notice in notices]


def ml(array: np.ndarray) -> float:
    return float(array.sum()) * GRID.voxel_ml


def test_clean_masks_stay_as_they_are() -> None:
    lesions = labels(ball((10, 0, 0), 12), ball((-20, 5, 0), 8))
    anatomy, notices = prepare(liver=Mask(LIVER, GRID), lesions=lesions)
    assert notices == ()
    assert np.array_equal(anatomy.liver.array, LIVER)
    assert np.array_equal(anatomy.lesions.array, lesions.array)


def test_a_hole_left_for_a_lesion_becomes_liver_and_an_empty_hole_does_not() -> None:
    lesion, vessel = ball((10, 0, 0), 12), ball((-25, 0, 0), 9)
    anatomy, notices = prepare(liver=Mask(LIVER & ~lesion & ~vessel, GRID), lesions=labels(lesion))
    assert np.array_equal(anatomy.liver.array, LIVER & ~vessel)
    assert codes(notices) == ["LESION_ADDED_TO_LIVER"]
    assert f"{ml(lesion):.2f} mL of lesion 1;" in notices[0].message


def test_lesions_left_out_side_by_side_are_judged_together() -> None:
    both = ball((4, 0, 0), 14)
    half = GRID.to_patient(np.moveaxis(np.indices(GRID.shape_kji), 0, -1))[..., 0] < CENTER[0] + 4
    anatomy, notices = prepare(liver=Mask(LIVER & ~both, GRID), lesions=labels(both & half, both & ~half))
    assert np.array_equal(anatomy.liver.array, LIVER)
    assert "lesions 1, 2" in notices[0].message


def test_a_notch_left_for_a_subcapsular_lesion_becomes_liver() -> None:
    lesion = ball((46, 0, 0), 14) & LIVER
    assert not np.array_equal(lesion, ball((46, 0, 0), 14)), "the lesion must reach the surface"
    anatomy, notices = prepare(liver=Mask(LIVER & ~lesion, GRID), lesions=labels(lesion))
    assert np.array_equal(anatomy.liver.array, LIVER)
    assert codes(notices) == ["LESION_ADDED_TO_LIVER"]


def test_the_part_outside_the_liver_is_reported_and_not_counted() -> None:
    lesion = ball((50, 0, 0), 14)
    anatomy, notices = prepare(liver=Mask(LIVER, GRID), lesions=labels(lesion))
    assert np.array_equal(anatomy.lesions.array > 0, lesion & LIVER)
    assert np.array_equal(anatomy.liver.array, LIVER)
    assert codes(notices) == ["LESION_OUTSIDE_LIVER"]
    assert f"{ml(lesion & ~LIVER):.2f} mL" in notices[0].message


def test_a_mass_beside_the_liver_is_not_liver() -> None:
    beside = ball((68, 0, 0), 12) & ~LIVER
    anatomy, notices = prepare(liver=Mask(LIVER, GRID), lesions=labels(ball((0, 0, 0), 10), beside))
    assert anatomy.lesions.labels == (1,)
    assert np.array_equal(anatomy.liver.array, LIVER)
    assert "Wholly outside and left out: lesion 2." in notices[0].message


def test_no_lesion_is_a_valid_case_and_said() -> None:
    anatomy, notices = prepare(liver=Mask(LIVER, GRID), lesions=labels())
    assert anatomy.lesions.labels == ()
    assert codes(notices) == ["NO_MEASURABLE_DISEASE"]


def test_a_cyst_that_overlaps_a_lesion_loses() -> None:
    lesion, cyst = ball((10, 0, 0), 12), ball((24, 0, 0), 10)
    anatomy, notices = prepare(
        liver=Mask(LIVER, GRID), lesions=labels(lesion), cysts=Mask(cyst | ball((0, 80, 0), 6), GRID)
    )
    assert anatomy.cysts is not None
    assert np.array_equal(anatomy.cysts.array, cyst & ~lesion & LIVER)
    assert anatomy.functional.voxels == (LIVER & ~lesion & ~cyst).sum()
    assert codes(notices) == ["CYST_OVERLAPS_LESION"]
    assert f"{ml(lesion & cyst):.2f} mL" in notices[0].message


def test_all_faults_are_reported_at_once() -> None:
    wrong = np.zeros(GRID.shape_kji, np.uint16)
    wrong[1, 2, 3], wrong[3, 2, 1] = 9, 40
    with pytest.raises(InputError) as raised:
        prepare(
            liver=Mask(np.zeros(GRID.shape_kji, bool), GRID),
            lesions=labels(),
            segments=LabelMap(wrong, GRID),
        )
    assert raised.value.codes == ("EMPTY_LIVER", "BAD_SEGMENTS")
    assert "9, 40" in str(raised.value)


def test_masks_on_different_grids_never_meet() -> None:
    other = oblique_grid(GRID.shape_kji, (3.1, 2.7, 3.6))
    with pytest.raises(GridMismatch):
        prepare(liver=Mask(LIVER, GRID), lesions=labels(), cysts=Mask(LIVER, other))


def halves() -> np.ndarray:
    """Segment V on the patient's right, II on the left (x grows to the left)."""
    x = GRID.to_patient(np.moveaxis(np.indices(GRID.shape_kji), 0, -1))[..., 0]
    return np.where(x < CENTER[0], 5, 2).astype(np.uint8)


def test_segments_are_cut_to_the_liver_and_completed_under_lesions() -> None:
    lesion, truth = ball((20, 0, 0), 14), halves()
    anatomy, notices = prepare(
        liver=Mask(LIVER & ~lesion, GRID),
        lesions=labels(lesion),
        segments=LabelMap(np.where(lesion, 0, truth), GRID),
    )
    assert anatomy.segments is not None
    assert np.array_equal(anatomy.segments.array, np.where(LIVER, truth, 0))
    assert codes(notices) == ["LESION_ADDED_TO_LIVER"]


def test_a_lesion_across_the_border_is_shared_by_its_nearest_segments() -> None:
    lesion, truth = ball((0, 0, 0), 16), halves()
    anatomy, _ = prepare(
        liver=Mask(LIVER, GRID),
        lesions=labels(lesion),
        segments=LabelMap(np.where(lesion, 0, truth), GRID),
    )
    assert anatomy.segments is not None
    agree = (anatomy.segments.array == truth)[lesion]
    assert agree.mean() > 0.9


def test_a_partial_segment_map_is_said_and_not_extended() -> None:
    given = np.where(halves() == 5, 5, 0).astype(np.uint8)
    anatomy, notices = prepare(liver=Mask(LIVER, GRID), lesions=labels(), segments=LabelMap(given, GRID))
    assert anatomy.segments is not None
    assert np.array_equal(anatomy.segments.array, np.where(LIVER, given, 0))
    assert "SEGMENTS_INCOMPLETE" in codes(notices)
    assert "50 %" in next(n.message for n in notices if n.code == "SEGMENTS_INCOMPLETE")


@pytest.mark.parametrize(("scale", "said"), [(0.55, True), (1.0, False), (2.4, True)])
def test_an_implausible_liver_is_said(scale: float, said: bool) -> None:
    """The liver measures about 710 mL: 120 mL and 9.8 L are not those of an adult."""
    grid = oblique_grid(GRID.shape_kji, (3.1 * scale, 2.7 * scale, 3.6 * scale))
    _, notices = prepare(liver=Mask(LIVER, grid), lesions=LabelMap(np.zeros(GRID.shape_kji, np.uint8), grid))
    assert ("IMPLAUSIBLE_LIVER" in codes(notices)) is said


def test_many_lesions_are_said_and_still_work() -> None:
    array = np.zeros(GRID.shape_kji, np.uint16)
    spots = np.argwhere(LIVER)[::25][:800]
    array[tuple(spots.T)] = np.arange(1, 801)
    anatomy, notices = prepare(liver=Mask(LIVER, GRID), lesions=LabelMap(array, GRID))
    assert len(anatomy.lesions.labels) == 800
    assert codes(notices) == ["MANY_LESIONS"]


def test_a_liver_cut_off_by_the_image_is_said() -> None:
    box = (slice(14, 40), slice(0, 44), slice(0, 48))
    liver = Mask(LIVER, GRID).crop(box)
    _, notices = prepare(liver=liver, lesions=labels().crop(box))
    assert codes(notices) == ["NO_MEASURABLE_DISEASE", "LIVER_CUT_OFF"]


def test_a_tight_bounding_box_is_not_a_cut_off_liver() -> None:
    box = Mask(LIVER, GRID).bounding_box()
    _, notices = prepare(liver=Mask(LIVER, GRID).crop(box), lesions=labels().crop(box))
    assert codes(notices) == ["NO_MEASURABLE_DISEASE"]


@pytest.mark.parametrize("side", [1, -1])
def test_swapped_sides_are_said(side: int) -> None:
    """The spleen lies to the left of the liver, segments V-VIII to the right of II-IV."""
    spleen = Mask(ball((side * 72, 0, 0), 8), GRID)
    truth = halves()
    segments = truth if side == 1 else np.where(truth == 5, 2, 5).astype(np.uint8)
    _, notices = prepare(
        liver=Mask(LIVER, GRID),
        lesions=labels(ball((0, 0, 0), 9)),
        segments=LabelMap(segments, GRID),
        spleen=spleen,
    )
    assert codes(notices) == ([] if side == 1 else ["SIDES_SWAPPED", "SIDES_SWAPPED"])


def test_a_binary_mask_is_no_segment_map() -> None:
    with pytest.raises(InputError, match=r"BAD_SEGMENTS in segments: .*found labels 1\."):
        prepare(liver=Mask(LIVER, GRID), lesions=labels(), segments=LabelMap(LIVER.astype(np.uint8), GRID))


def test_a_mask_that_fills_the_liver_is_none_of_its_vessels() -> None:
    with pytest.raises(InputError, match=r"IMPLAUSIBLE_VESSELS in vessels: .*fills 100 %"):
        prepare(liver=Mask(LIVER, GRID), lesions=labels(), vessels=Mask(np.ones_like(LIVER), GRID))
    with pytest.raises(InputError, match=r"IMPLAUSIBLE_VESSELS in portal vein: .*fills 100 %"):
        prepare(liver=Mask(LIVER, GRID), lesions=labels(), portal_vein=Mask(np.ones_like(LIVER), GRID))


@pytest.mark.parametrize("name", ["vessels", "portal_vein"])
@pytest.mark.parametrize("mask", [~LIVER, LIVER & False], ids=["outside", "empty"])
def test_vessels_of_which_none_lies_in_the_liver_are_refused(name: str, mask: BoolArray) -> None:
    where = name.replace("_", " ")
    with pytest.raises(InputError, match=rf"IMPLAUSIBLE_VESSELS in {where}: .*without any voxel"):
        prepare(liver=Mask(LIVER, GRID), lesions=labels(), **{name: Mask(mask, GRID)})


def test_structures_beside_the_liver_come_through_and_impossible_ones_are_refused() -> None:
    liver, lesions = Mask(ball((0, 0, 0), 25), GRID), LabelMap(ball((5, 0, 0), 4).astype(np.uint8), GRID)
    small = Mask(ball((20, 0, 0), 4), GRID)
    anatomy, _ = prepare(liver=liver, lesions=lesions, bile_ducts=small, gallbladder=small)
    assert list(anatomy.protected) == ["bile ducts", "gallbladder"]
    with pytest.raises(InputError) as caught:
        prepare(liver=liver, lesions=lesions, bowel=liver, gallbladder=Mask(np.zeros_like(liver.array), GRID))
    assert caught.value.codes == ("IMPLAUSIBLE_STRUCTURE",) * 2
    assert "gallbladder: expected a mask with at least one voxel" in str(caught.value)
    assert "bowel: expected bowel in at most 10 % of the liver; found a mask that fills 100 %" in str(
        caught.value
    )


@pytest.mark.parametrize("share", ["same", "exchanged"])
def test_lesions_that_fill_the_liver_are_refused(share: str) -> None:
    """One mask given twice, or liver and lesions exchanged: never a plan for a liver of nothing."""
    small = ball((0, 0, 0), 14)
    liver, lesion = (LIVER, LIVER) if share == "same" else (small, LIVER)
    with pytest.raises(InputError) as caught:
        prepare(liver=Mask(liver, GRID), lesions=labels(lesion))
    assert caught.value.code == "LESIONS_FILL_LIVER"


def test_a_liver_almost_full_of_tumor_is_planned() -> None:
    rim = LIVER & ~ellipsoid(GRID, CENTER, (56, 50, 54))
    anatomy, _ = prepare(liver=Mask(LIVER, GRID), lesions=labels(LIVER & ~rim))
    assert 0.05 < anatomy.functional.voxels / anatomy.liver.voxels < 0.2
