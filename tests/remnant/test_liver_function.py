"""Function from the hepatobiliary phase beside the volumes, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from strategies import oblique_grid

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.errors import GridMismatch
from netlm_imaging.remnant import LiverFunction, liver_function
from netlm_imaging.volume import LabelMap, Mask, Volume

GRID = oblique_grid((10, 12, 20), (9.0, 10.0, 11.0))
SLICES = {"right": slice(0, 8), "left": slice(8, 12), "spleen": slice(14, 18)}
"""Along i."""


def part(name: str) -> np.ndarray:
    mask = np.zeros(GRID.shape_kji, dtype=bool)
    mask[:, :, SLICES[name]] = True
    return mask


def patient() -> Anatomy:
    """Liver of two lobes, a lesion in the first slice and vessels in the last."""
    lesions, vessels = np.zeros(GRID.shape_kji, dtype=np.uint8), np.zeros(GRID.shape_kji, dtype=bool)
    lesions[0, :, :12], vessels[-1, :, :12] = 1, True
    return Anatomy(
        liver=Mask(part("right") | part("left"), GRID),
        lesions=LabelMap(lesions, GRID),
        vessels=Mask(vessels, GRID),
        spleen=Mask(part("spleen"), GRID),
    )


def image(
    *, right: float = 200.0, left: float = 300.0, vessels: float = 90.0, spleen: float = 100.0
) -> Volume:
    values = np.full(GRID.shape_kji, 5.0)
    values[part("right")], values[part("left")], values[part("spleen")] = right, left, spleen
    values[patient().lesions.array > 0] = 40.0
    values[patient().vessels.array] = vessels  # type: ignore[union-attr]
    return Volume(values, GRID)


def left_remnant(anatomy: Anatomy) -> Mask:
    return Mask(anatomy.functional.array & part("left"), GRID)


def function(anatomy: Anatomy, hbp: Volume, **more: Volume) -> tuple[LiverFunction, list[str]]:
    found, notices = liver_function(hbp, anatomy=anatomy, remnant=left_remnant(anatomy), **more)
    assert found is not None
    return found, [notice.code for notice in notices]


def test_the_better_lobe_holds_more_function_than_volume() -> None:
    """Parenchyma: 8 slices of 12 rows, 8 columns at 200 and 4 at 300; the spleen is 100."""
    anatomy = patient()
    found, codes = function(anatomy, image(), precontrast=image(right=160.0, left=150.0))
    volume_percent = 100 * left_remnant(anatomy).voxels / anatomy.functional.voxels
    assert volume_percent == pytest.approx(100 / 3)
    assert (found.reference, found.reference_signal) == ("spleen", 100.0)
    assert found.liver_signal == pytest.approx((8 * 200 + 4 * 300) / 12)
    assert found.remnant_signal == pytest.approx(300.0)
    assert found.liver_spleen_ratio == pytest.approx(2.3333, abs=1e-4)
    assert found.remnant_function_share_percent == pytest.approx(100 * (4 * 200) / (8 * 100 + 4 * 200))
    functional_l, remnant_l = anatomy.functional.volume_ml / 1000, left_remnant(anatomy).volume_ml / 1000
    assert found.hui == pytest.approx(functional_l * (7 / 3 - 1))
    assert found.rhui == pytest.approx(remnant_l * 2.0)
    before = (8 * 160 + 4 * 150) / 12
    assert found.rle == pytest.approx((found.liver_signal - before) / before)
    assert found.remnant_rle == pytest.approx(1.0)
    assert codes == []


def test_the_scale_of_the_units_changes_no_ratio() -> None:
    one, _ = function(patient(), image(), precontrast=image(right=160.0, left=150.0))
    scaled = [Volume(7.5 * v.array, GRID) for v in (image(), image(right=160.0, left=150.0))]
    other, _ = function(patient(), scaled[0], precontrast=scaled[1])
    for name in ("liver_spleen_ratio", "hui", "rhui", "remnant_function_share_percent", "rle", "remnant_rle"):
        assert getattr(one, name) == pytest.approx(getattr(other, name)), name


def test_without_a_spleen_the_vessels_are_the_reference_and_there_is_no_hui() -> None:
    found, _ = function(replace(patient(), spleen=None), image())
    assert (found.reference, found.reference_signal) == ("vessels", 90.0)
    assert (found.hui, found.rhui, found.liver_spleen_ratio) == (None, None, None)
    assert found.remnant_function_share_percent == pytest.approx(100 * (4 * 210) / (8 * 110 + 4 * 210))
    bare, _ = function(replace(patient(), spleen=None, vessels=None), image())
    assert (bare.reference, bare.remnant_function_share_percent, bare.rle) == (None, None, None)


def test_a_poor_phase_and_a_weak_remnant_are_said() -> None:
    _, codes = function(patient(), image(right=120.0, left=110.0))
    assert codes == ["POOR_HBP", "REMNANT_FUNCTION_LOW"]


def test_what_the_image_does_not_show_is_not_known() -> None:
    anatomy, hbp = patient(), image()
    blind = Volume(np.where(part("right"), 0.0, hbp.array), GRID)
    assert liver_function(blind, anatomy=anatomy, remnant=left_remnant(anatomy)) == (None, ())
    assert function(anatomy, hbp, precontrast=blind)[0].rle is None
    beyond = Volume(np.where(part("spleen"), 0.0, hbp.array), GRID)
    assert function(anatomy, beyond)[0].reference == "vessels"
    dark, _ = function(anatomy, image(right=50.0, left=50.0))
    assert dark.remnant_function_share_percent is None
    nothing_left, _ = liver_function(
        hbp, anatomy=anatomy, remnant=Mask(np.zeros(GRID.shape_kji, dtype=bool), GRID)
    )
    assert nothing_left is not None
    assert (nothing_left.rhui, nothing_left.remnant_function_share_percent) == (None, 0.0)
    other = Volume(np.ones((2, 3, 4)), oblique_grid((2, 3, 4)))
    with pytest.raises(GridMismatch):
        liver_function(other, anatomy=anatomy, remnant=left_remnant(anatomy))
