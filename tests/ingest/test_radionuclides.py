"""The table of half-lives: complete, codes as DICOM has them, values that a header is checked with."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ingest.test_suv import GOOD, PER_BQ, START
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

from netlm_imaging.errors import SuvUnavailable
from netlm_imaging.ingest.radionuclides import RADIONUCLIDES, radionuclide, with_half_life
from netlm_imaging.ingest.suv import suv_factors

FROM_SCT = {new: old for old, new in mapping["SRT"].items()}


def coded(cid: int) -> list[tuple[str, str, str]]:
    """(SCT or DCM code, SRT code or "", meaning) of a context group, as pydicom ships it."""
    return [
        (code, FROM_SCT.get(code, "") if scheme == "SCT" else "", meaning)
        for scheme, names in cid_concepts[cid].items()
        for name in names
        for code, (meaning, _) in concepts[scheme][name].items()
        if cid in concepts[scheme][name][code][1]
    ]


def test_every_pet_radionuclide_of_dicom_is_known_by_all_its_names() -> None:
    assert len(coded(4020)) >= 36
    for code, old, meaning in coded(4020):
        found = radionuclide(code, "")
        assert found is not None, meaning
        assert radionuclide("", meaning) is found
        assert not old or radionuclide(old, "") is found


def test_codes_of_other_isotopes_are_dicoms() -> None:
    known = {code: meaning for cid in (18, 4020) for code, _, meaning in coded(cid)}
    known |= {old: meaning for cid in (18, 4020) for _, old, meaning in coded(cid) if old}
    for nuclide in RADIONUCLIDES:
        for code in nuclide.codes:
            assert radionuclide("", known[code]) is nuclide


@pytest.mark.parametrize(
    ("meaning", "name"),
    [
        ("^68^Gallium", "Ga-68"), ("68Ga", "Ga-68"), ("Ga-68", "Ga-68"), ("Ga68", "Ga-68"), ("18F", "F-18"),
        ("177 Lutetium", "Lu-177"), ("Fluorine-18", "F-18"), ("[64Cu]", "Cu-64"),
        ("^99m^Technetium", "Tc-99m"), ("^52m^Manganese", "Mn-52m"), ("52Mn", "Mn-52"),
    ],
)  # fmt: skip
def test_meanings_as_vendors_write_them(meaning: str, name: str) -> None:
    found = radionuclide("", meaning)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("meaning", ["", "FDG", "68", "Gallium", "618F"])
def test_meanings_of_no_radionuclide(meaning: str) -> None:
    assert radionuclide("999", meaning) is None


# Values of the clinical rules and of scanners in the field, in seconds.
@pytest.mark.parametrize(
    ("name", "half_life_s"),
    [
        ("Ga-68", 4062.6), ("Ga-68", 4057.74), ("Cu-64", 45_723.6), ("F-18", 6586.2), ("F-18", 6588.0),
        ("F-18", 6586.199707), ("Lu-177", 574_300.0), ("C-11", 1223.0), ("N-13", 597.9), ("O-15", 122.0),
        ("Rb-82", 75.0), ("Rb-82", 76.4), ("Zr-89", 282_276.0), ("I-124", 360_806.4), ("Sc-44", 14_551.0),
    ],
)  # fmt: skip
def test_half_lives_that_headers_hold(name: str, half_life_s: float) -> None:
    assert name in with_half_life(half_life_s)
    injected = START - timedelta(seconds=half_life_s)
    facts = replace(GOOD, nuclide=name, half_life_s=half_life_s, injected=injected, injected_clock=None)
    assert suv_factors(facts).factors == pytest.approx([2 * PER_BQ] * 2, rel=1e-6)


def test_another_nuclides_half_life_is_refused_for_every_one() -> None:
    for nuclide in RADIONUCLIDES:
        low, high = min(nuclide.half_lives_s), max(nuclide.half_lives_s)
        for wrong in (low * 0.985, high * 1.015):
            with pytest.raises(SuvUnavailable, match=f"half-life of {nuclide.name}"):
                suv_factors(replace(GOOD, nuclide=nuclide.name, half_life_s=wrong))


def test_a_nuclide_that_is_not_named_is_told_with_what_its_half_life_fits() -> None:
    (notice,) = suv_factors(replace(GOOD, nuclide="")).notices
    assert notice.code == "SUV_NUCLIDE_UNKNOWN"
    assert "that of Ga-68" in notice.message
    (notice,) = suv_factors(replace(GOOD, nuclide="", half_life_s=5000.0)).notices
    assert "that of none" in notice.message
