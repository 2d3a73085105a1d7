"""Our SUV factors against Real World Value maps: told where they differ, never replaced."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netlm_imaging.ingest.suv_facts import Finding, SuvFacts

MAP_TOLERANCE = 0.01


def check_maps(facts: SuvFacts, factors: Sequence[float], finding: Finding) -> None:
    """Record how many maps agree (``rwv_maps``, ``rwv_agrees``); SUV_RWV_DIFFERS for each that does not.

    By the standard a map is for stored values; common tools write it for rescaled ones. It agrees when
    it is right for either.
    """
    if not facts.maps:
        return
    agreeing = 0
    for world in facts.maps:
        ours = [factors[n] for n in world.slices]
        stored = [factors[n] * facts.slices[n].slope for n in world.slices]
        if not world.shifted and (_same(world.slopes, ours) or _same(world.slopes, stored)):
            agreeing += 1
            continue
        shift = " with an intercept" if world.shifted else ""
        finding.notice(
            "SUV_RWV_DIFFERS",
            f"A Real World Value map gives SUVbw = value x {_shown(world.slopes)}{shift}, the header "
            f"{_shown(ours)} (per stored value {_shown(stored)}); the header counts",
        )
    finding.inputs |= {"rwv_maps": float(len(facts.maps)), "rwv_agrees": float(agreeing)}


def _same(slopes: Sequence[float], expected: Sequence[float]) -> bool:
    return all(math.isclose(a, b, rel_tol=MAP_TOLERANCE) for a, b in zip(slopes, expected, strict=True))


def _shown(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.5g}" if math.isclose(low, high, rel_tol=1e-4) else f"{low:.5g} to {high:.5g}"
