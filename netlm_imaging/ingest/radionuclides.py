"""Radionuclides of nuclear images: how a header names them, and the half-life that it must give.

Codes: DICOM PS3.16 CID 4020 (PET Radionuclide) and CID 18 (Radiopharmaceutical Isotope), each in its
SNOMED RT and SNOMED CT (or DCM, NCIt) form. Half-lives: ICRP Publication 107 (2008), which scanners
and dose calibrators follow; where later evaluations moved by more than 1 %, both stand here, because
a header is right with either. They check the header's own value and never stand in for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MINUTE, HOUR, DAY, YEAR = 60.0, 3600.0, 86_400.0, 365.2422 * 86_400.0
TOLERANCE = 0.01


@dataclass(frozen=True, slots=True)
class Radionuclide:
    """One radionuclide; ``half_lives_s`` are all published values that a header may hold."""

    name: str
    """Such as ``Ga-68``."""
    element: str
    codes: tuple[str, ...]
    half_lives_s: tuple[float, ...]

    def agrees(self, half_life_s: float) -> bool:
        """Whether a half-life is this one's, within 1 %."""
        return any(abs(half_life_s / known - 1) <= TOLERANCE for known in self.half_lives_s)


def _of(name: str, element: str, codes: str, *half_lives_s: float) -> Radionuclide:
    return Radionuclide(name, element, tuple(codes.split()), half_lives_s)


RADIONUCLIDES: tuple[Radionuclide, ...] = (
    # CID 4020; ICRP 107 unless said otherwise
    _of("C-11", "Carbon", "C-105A1 40565003", 20.39 * MINUTE),
    _of("N-13", "Nitrogen", "C-107A1 21576001", 9.965 * MINUTE),
    _of("O-14", "Oxygen", "C-1018C 424875009", 70.606),
    _of("O-15", "Oxygen", "C-B1038 129504001", 122.24),
    _of("F-18", "Fluorine", "C-111A1 77004003", 109.77 * MINUTE),
    _of("Na-22", "Sodium", "C-155A1 71633006", 2.6019 * YEAR),
    _of("K-38", "Potassium", "C-135A4 423764008", 7.636 * MINUTE),
    _of("Sc-43", "Scandium", "126605", 3.891 * HOUR),
    # 3.927 h: ENSDF 1999; 4.042 h: Garcia-Torano 2016
    _of("Sc-44", "Scandium", "126600", 3.97 * HOUR, 3.927 * HOUR, 4.042 * HOUR),
    _of("Ti-45", "Titanium", "C-166A2 75696008", 184.8 * MINUTE),
    _of("Mn-51", "Manganese", "126601", 46.2 * MINUTE),
    _of("Mn-52", "Manganese", "C-149A1 37225000", 5.591 * DAY),
    _of("Mn-52m", "Manganese", "126607", 21.1 * MINUTE),
    _of("Fe-52", "Iron", "C-130A1 69089000", 8.275 * HOUR),
    _of("Cu-60", "Copper", "C-127A4 425364008", 23.7 * MINUTE),
    _of("Cu-61", "Copper", "C-127A1 71425003", 3.333 * HOUR),
    _of("Cu-62", "Copper", "C-127A5 422934004", 9.673 * MINUTE),
    _of("Cu-64", "Copper", "C-127A2 3932008", 12.700 * HOUR),
    _of("Zn-62", "Zinc", "C-141A1 65054007", 9.186 * HOUR),
    # 9.304 h: Severin 2010
    _of("Ga-66", "Gallium", "C-131A1 79477007", 9.49 * HOUR, 9.304 * HOUR),
    _of("Ga-68", "Gallium", "C-131A3 35337001", 67.71 * MINUTE),
    _of("Ge-68", "Germanium", "C-128A2 53315004", 270.95 * DAY),
    _of("As-70", "Arsenic", "126602", 52.6 * MINUTE),
    _of("As-72", "Arsenic", "C-115A2 2705002", 26.0 * HOUR),
    _of("Se-73", "Selenium", "C-116A2 87437000", 7.15 * HOUR),
    _of("Br-75", "Bromine", "C-113A1 17910003", 96.7 * MINUTE),
    _of("Br-76", "Bromine", "C-113A2 79523006", 16.2 * HOUR),
    _of("Br-77", "Bromine", "C-113A3 86521004", 57.036 * HOUR),
    # 1.2575 min: ENSDF 2019
    _of("Rb-82", "Rubidium", "C-159A2 79197006", 1.273 * MINUTE, 1.2575 * MINUTE),
    _of("Y-86", "Yttrium", "C-162A3 10738001", 14.74 * HOUR),
    _of("Y-90", "Yttrium", "C-162A7 14691008", 64.10 * HOUR),
    _of("Zr-89", "Zirconium", "C-168A4 63360001", 78.41 * HOUR),
    _of("Nb-90", "Niobium", "126603", 14.60 * HOUR),
    _of("Tc-94m", "Technetium", "C-163AA 424079002", 52.0 * MINUTE),
    _of("I-124", "Iodine", "C-114A5 40937006", 4.1760 * DAY),
    # 17.878 h: Collins 2023
    _of("Tb-152", "Terbium", "126606", 17.5 * HOUR, 17.878 * HOUR),
    # CID 18: quantitative SPECT is stored as PET by some scanners
    _of("Cu-67", "Copper", "C-127A3 53700003", 61.83 * HOUR),
    _of("Ga-67", "Gallium", "C-131A2 2008008", 3.2612 * DAY),
    _of("Tc-99m", "Technetium", "C-163A8 72454006", 6.015 * HOUR),
    _of("In-111", "Indium", "C-145A4 56609000", 2.8047 * DAY),
    _of("I-123", "Iodine", "C-114A4 21572004", 13.27 * HOUR),
    _of("I-131", "Iodine", "C-114B1 1368003", 8.02070 * DAY),
    _of("Ho-166", "Holmium", "C1943", 26.80 * HOUR),
    _of("Lu-177", "Lutetium", "C-101ED 447553000", 6.647 * DAY),
    # no DICOM code: known by its name alone
    _of("Co-55", "Cobalt", "", 17.53 * HOUR),
    _of("I-120", "Iodine", "", 81.6 * MINUTE),
    _of("Tb-149", "Terbium", "", 4.118 * HOUR),
    _of("Tb-161", "Terbium", "", 6.906 * DAY),
)


def _spellings(nuclide: Radionuclide) -> Iterator[str]:
    """How free text names it, without anything but letters and digits."""
    symbol, _, mass = nuclide.name.upper().partition("-")
    for element in (symbol, nuclide.element.upper()):
        yield from (mass + element, element + mass)


_BY_CODE = {code: nuclide for nuclide in RADIONUCLIDES for code in nuclide.codes}
_BY_NAME = {name: nuclide for nuclide in RADIONUCLIDES for name in _spellings(nuclide)}


def radionuclide(code: str, meaning: str) -> Radionuclide | None:
    """The radionuclide of a code, else of its meaning (``^68^Gallium``, ``68Ga``, ``Ga-68``)."""
    return _BY_CODE.get(code.upper()) or _BY_NAME.get(re.sub(r"[^A-Z0-9]", "", meaning.upper()))


def with_half_life(half_life_s: float) -> tuple[str, ...]:
    """Names of the radionuclides that have this half-life."""
    return tuple(nuclide.name for nuclide in RADIONUCLIDES if nuclide.agrees(half_life_s))
