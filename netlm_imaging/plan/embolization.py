"""Which portal branches are embolized before a resection, and which side of the liver then grows."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from netlm_imaging.anatomy import LEFT_SEGMENTS, RIGHT_SEGMENTS, SEGMENT_NAMES

CAUDATE = "I"
"""Drained and supplied on both sides; its branches are not embolized."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embolization:
    """Portal vein embolization of everything that a resection removes."""

    branches: str
    grows: Literal["left", "right"]
    """The patient's side that keeps its portal flow."""


def embolization(segments: AbstractSet[str]) -> Embolization | None:
    """PVE before a resection of ``segments``; None where these hold no whole side, or both.

    The right side is V to VIII, the left one II to IV. What a trisectionectomy removes of the other
    side is embolized as well: else it would grow, only to be removed.
    """
    right, left = segments >= RIGHT_SEGMENTS, segments >= LEFT_SEGMENTS
    if right == left:
        return None
    branch, side = ("right", RIGHT_SEGMENTS) if right else ("left", LEFT_SEGMENTS)
    more = [name for name in SEGMENT_NAMES if name in segments - side and name != CAUDATE]
    also = f" and the branches of segment{'s' if len(more) > 1 else ''} {' and '.join(more)}" if more else ""
    return Embolization(branches=f"{branch} portal branch{also}", grows="left" if right else "right")
