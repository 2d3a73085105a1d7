"""What a search ends with, and what it is given to work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Literal

from netlm_imaging.plan.model import Segments

Mend = Callable[[tuple[int, ...]], tuple[int, ...]]
Polish = Callable[[tuple[int, ...], float, Event], tuple[int, ...]]
Parts = tuple[tuple[float, Segments], ...]
"""Decisions on segments with a bound for each, of which one holds for every plan."""
Doubts = Callable[[tuple[int, ...]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What one search ended with."""

    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    """``unknown``: the time ran out before any plan was found."""
    chosen: tuple[int, ...]
    bound: float
    """No plan has a smaller value than this."""
    parts: Parts = ()
    """What it was divided into, if it was."""
