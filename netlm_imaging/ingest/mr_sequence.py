"""What kind of MR image a header describes: weighting, fat, Dixon part, plane."""

from __future__ import annotations

from typing import Literal

import numpy as np

from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.vocabulary import folded, says

T2_ECHO_MS = (60.0, 250.0)
"""Spin echoes in between are T2-weighted; later ones show fluid alone (MR cholangiography)."""
T1_ECHO_MS = 10.0
T1_REPETITION_MS = 300.0
"""Gradient echoes shorter than both are T1-weighted."""
BALANCED_FLIP_DEGREES = 40.0
"""Balanced steady-state sequences flip 45 to 80 degrees, spoiled T1 sequences of the liver 9 to 35."""

DixonPart = Literal["water", "fat", "in phase", "opposed phase"]
_DIXON_TYPES: dict[str, DixonPart] = {
    "WATER": "water", "W": "water", "FAT": "fat", "F": "fat", "IN_PHASE": "in phase", "IP": "in phase",
    "INPHASE": "in phase", "IN": "in phase", "OPP_PHASE": "opposed phase", "OUT_PHASE": "opposed phase",
    "OUTPHASE": "opposed phase", "OP": "opposed phase", "OPP": "opposed phase", "OUT": "opposed phase",
}  # fmt: skip
_PARTS: tuple[tuple[str, DixonPart], ...] = (
    ("in_phase", "in phase"), ("opposed_phase", "opposed phase"), ("fat", "fat"), ("water", "water"),
)  # fmt: skip
_FAT_OPTIONS = frozenset({"FS", "SFS", "FATSAT", "FAT_SAT", "SPIR", "SPAIR", "WE"})


def description(header: Header) -> str:
    """The folded series description; where that is empty, the protocol's name."""
    words = header.protocol.words
    return folded(words[0]) or folded(words[1])


def is_t1(header: Header) -> bool:
    """A T1-weighted gradient echo, as all phases of a contrast series are."""
    p = header.protocol
    short = header.echo_ms is not None and header.echo_ms <= T1_ECHO_MS
    quick = p.repetition_ms is None or p.repetition_ms <= T1_REPETITION_MS
    gradient = "GR" in p.scanning_sequence or "SE" not in p.scanning_sequence
    return short and quick and gradient and not is_echo_planar(header) and not is_balanced(header)


def is_t2(header: Header) -> bool:
    """A T2-weighted spin echo (HASTE, single-shot and turbo spin echo, STIR)."""
    low, high = T2_ECHO_MS
    echo = header.echo_ms
    spin = "SE" in header.protocol.scanning_sequence and not is_echo_planar(header)
    return spin and echo is not None and low <= echo <= high


def is_echo_planar(header: Header) -> bool:
    """Echo planar, as diffusion is; some vendors say so in the name of the sequence alone."""
    name = header.protocol.words[2].lower().lstrip("*")
    return "EP" in header.protocol.scanning_sequence or "epi" in name or name.startswith(("ep_", "ep2d"))


def is_balanced(header: Header) -> bool:
    """Steady state without spoiling, at a large flip angle."""
    p = header.protocol
    unspoiled = "SS" in p.sequence_variant and "SP" not in p.sequence_variant
    return unspoiled and p.flip_degrees is not None and p.flip_degrees >= BALANCED_FLIP_DEGREES


def dixon_part(header: Header) -> DixonPart | None:
    """Which image of a Dixon reconstruction it is, where that is told."""
    coded = [_DIXON_TYPES[word] for word in header.image_type[2:] if word in _DIXON_TYPES]
    if coded:
        return coded[0]
    text = description(header)
    if not says("dixon", "context", text):
        return None
    return next((part for entry, part in _PARTS if says("dixon", entry, _without_fat_sat(text))), None)


def is_chemical_shift(header: Header) -> bool:
    """In phase or opposed phase, by its description."""
    return says("dixon", "chemical_shift", description(header))


def fat_suppressed(header: Header) -> bool | None:
    """Whether the signal of fat is taken away; None where nothing tells."""
    part, text = dixon_part(header), description(header)
    if part is not None:
        return part == "water"
    if is_chemical_shift(header) or says("fat", "not_suppressed", text):
        return False
    if _FAT_OPTIONS & set(header.protocol.scan_options) or says("fat", "suppressed", text):
        return True
    return True if says("fat", "suppressed", folded(header.protocol.words[1])) else None


def plane_of(header: Header) -> str:
    """The nearest of axial, coronal and sagittal; empty where the orientation is not known."""
    cosines = header.orientation
    if cosines is None or len(cosines) != 6 or not np.isfinite(cosines).all():
        return ""
    normal = np.abs(np.cross(cosines[:3], cosines[3:]))
    return ("sagittal", "coronal", "axial")[int(np.argmax(normal))] if normal.any() else ""


def _without_fat_sat(text: str) -> str:
    """Fat that is suppressed makes no fat image."""
    for words in ("fat sat", "fatsat", "fat sup", "fat fraction"):
        text = text.replace(words, " ")
    return text
