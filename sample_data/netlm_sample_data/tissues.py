"""What each tissue looks like to each scanner (tissues.toml), and its number in a label array."""

from __future__ import annotations

import tomllib
from enum import IntEnum
from functools import cache
from importlib import resources

CHANNELS = ("hbp", "precontrast", "suv", "hu")
"""What is simulated of a tissue: relative MR signal (liver = 100), SUVbw in g/mL, CT number in HU."""


class Tissue(IntEnum):
    """Tissues of the phantom; values above LESIONS are single lesions."""

    AIR = 0
    FAT = 1
    MUSCLE = 2
    LUNG = 3
    BONE = 4
    CORD = 5
    BOWEL = 6
    STOMACH = 7
    PANCREAS = 8
    KIDNEY = 9
    ADRENAL = 10
    SPLEEN = 11
    HEART = 12
    BLOOD = 13
    LIVER = 14
    GALLBLADDER = 15
    CYST = 16
    MARROW = 17
    VEIN = 18
    LESIONS = 20


@cache
def tissue_values() -> dict[Tissue, dict[str, float]]:
    """The values of tissues.toml by tissue and channel."""
    text = resources.files(__package__).joinpath("tissues.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return {Tissue[name.upper()]: {c: float(values[c]) for c in CHANNELS} for name, values in table.items()}
