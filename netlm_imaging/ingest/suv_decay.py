"""Half-life, injection and reference time: how much of the dose was left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from netlm_imaging.ingest.suv_facts import Finding, SliceFacts, SuvFacts

HALF_LIVES_S = {"Ga-68": 4062.6, "Cu-64": 45723.6, "F-18": 6586.2, "Lu-177": 6.647 * 86400}
"""For checks only (clinical-rules 5): the header's own value is used."""
HALF_LIFE_TOLERANCE = 0.01
REFERENCE_TOLERANCE = 0.01
LONG_HALF_LIVES = 8.0
ONE_DAY_S = 86_400.0


def half_life(facts: SuvFacts, finding: Finding) -> float:
    """Seconds, from the header; a fault where it is unknown or not the radionuclide's."""
    found = facts.half_life_s or 0.0
    if not (math.isfinite(found) and found > 0):
        finding.fault("the radionuclide's half-life", "none")
        return 0.0
    known = HALF_LIVES_S.get(facts.nuclide)
    if known is not None and abs(found / known - 1) > HALF_LIFE_TOLERANCE:
        finding.fault(f"the half-life of {facts.nuclide}, {known:g} s", f"{found:g} s")
    finding.inputs |= {"half_life_s": found, "nuclide": facts.nuclide or None}
    return found


def reference_time(facts: SuvFacts, decay: float, finding: Finding) -> tuple[datetime | None, str]:
    """The moment to which the scanner decay-corrected (DecayCorrection START), and the rule that gave it."""
    timed = [s for s in facts.slices if s.acquired is not None]
    earliest = min(timed, key=lambda s: s.acquired or datetime.max, default=None)
    acquired = earliest.acquired if earliest else None
    candidates: list[tuple[str, datetime]] = []
    if facts.series is not None and (acquired is None or facts.series <= acquired):
        candidates.append(("series time", facts.series))
    if facts.ge_scan is not None:
        candidates.append(("GE scan time", facts.ge_scan))
    if earliest is not None and acquired is not None:
        offset = _frame_offset(earliest, decay)
        if offset is not None:
            candidates.append(("frame reference time", acquired + offset))
        candidates.append(("earliest acquisition", acquired))
    if not candidates:
        finding.fault("a series or acquisition date and time", "none")
        return None, ""
    rule, reference = candidates[0]
    finding.inputs |= {"reference_rule": rule}
    for other, moment in candidates[1:]:
        apart = abs((moment - reference).total_seconds())
        change = math.expm1(decay * min(apart, ONE_DAY_S))
        # Further apart than a day: an anonymizer shifted one of the dates and not the other.
        if change > REFERENCE_TOLERANCE and apart < ONE_DAY_S:
            finding.notice(
                "SUV_REFERENCE_TIME",
                f"SUV uses the {rule}; the {other} would change it by {change:.1%}",
            )
    return reference, rule


def _frame_offset(s: SliceFacts, decay: float) -> timedelta | None:
    if not s.frame_reference_ms or s.frame_reference_ms <= 0 or not s.duration_ms or s.duration_ms <= 0:
        return None
    frame = decay * s.duration_ms / 1000
    mean_activity_s = math.log(frame / -math.expm1(-frame)) / decay
    return timedelta(seconds=mean_activity_s - s.frame_reference_ms / 1000)


def injection(facts: SuvFacts, finding: Finding) -> datetime | None:
    """When the dose was injected; a time without a date belongs to the day of the scan or the one before."""
    if facts.injected is not None:
        return facts.injected
    first = min((s.acquired for s in facts.slices if s.acquired is not None), default=None)
    if facts.injected_clock is None or first is None:
        finding.fault("the time of injection", "none")
        return None
    injected = datetime(first.year, first.month, first.day) + facts.injected_clock
    return injected - timedelta(days=1) if injected > first else injected


def elapsed_s(
    moments: Sequence[datetime], injected: datetime, half_life_s: float, finding: Finding
) -> list[float]:
    """Seconds from injection to each moment; a fault when one lies before it."""
    seconds = [(moment - injected).total_seconds() for moment in moments]
    finding.inputs["seconds_from_injection"] = seconds[0]
    if min(seconds) < 0:
        finding.fault("an injection before the scan", f"one {-min(seconds):.0f} s after it")
    elif max(seconds) > LONG_HALF_LIVES * half_life_s:
        found = max(seconds) / half_life_s
        finding.notice("SUV_LATE_SCAN", f"The scan lies {found:.1f} half-lives after the injection")
    return seconds
