"""Half-life, injection and reference time: how much of the dose was left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from netlm_imaging.ingest.radionuclides import RADIONUCLIDES, with_half_life
from netlm_imaging.ingest.suv_facts import Finding, SliceFacts, SuvFacts, span

REFERENCE_TOLERANCE = 0.01
INJECTION_TOLERANCE_S = 60.0
INJECTION_TOLERANCE = 0.1
"""Two times of injection this far apart are told; where they change the SUV by more than this part, there
is none (ours)."""
LONG_HALF_LIVES = 8.0
LAST_HALF_LIVES = 40.0
"""No atom of a dose given to a patient is left then (2^40 = 1e12): one of the dates is wrong."""
ONE_DAY_S = 86_400.0
FRAME_RULE = "frame reference time"
_BY_NAME = {nuclide.name: nuclide for nuclide in RADIONUCLIDES}


def half_life(facts: SuvFacts, finding: Finding, *, needed: bool = True) -> float:
    """Seconds, from the header; a fault where it is unknown but ``needed``, or not the radionuclide's."""
    found = facts.half_life_s or 0.0
    if not (math.isfinite(found) and found > 0):
        if needed or facts.half_life_s is not None:
            finding.fault("the radionuclide's half-life", "none")
        return 0.0
    known = _BY_NAME.get(facts.nuclide)
    if known is not None and not known.agrees(found):
        published = " or ".join(f"{value:g}" for value in known.half_lives_s)
        finding.fault(f"the half-life of {known.name}, {published} s", f"{found:g} s")
    if known is None:
        fits = with_half_life(found)
        finding.notice(
            "SUV_NUCLIDE_UNKNOWN",
            "The header names no radionuclide that is known here, so its half-life could not be checked; "
            f"it is that of {' or '.join(fits) if fits else 'none that is known'}",
        )
    finding.inputs |= {"half_life_s": found, "nuclide": facts.nuclide or None}
    return found


def first_acquisition(facts: SuvFacts) -> datetime | None:
    """The earliest acquisition of the series; None where an image does not say when it was acquired."""
    moments = [s.acquired for s in facts.slices]
    known = [moment for moment in (*moments, facts.first_acquired) if moment is not None]
    return min(known) if known and None not in moments else None


def reference_time(facts: SuvFacts, decay: float, finding: Finding) -> tuple[datetime | None, str]:
    """The moment to which the scanner decay-corrected (DecayCorrection START), and the rule that gave it."""
    first, stated = first_acquisition(facts), facts.decay_reference
    if first and stated and _change(decay, (stated - first).total_seconds()) > REFERENCE_TOLERANCE:
        finding.fault("a decay correction time (DecayCorrectionDateTime) before the scan", "a later one")
        return None, ""
    candidates = _candidates(facts, decay)
    if not candidates:
        finding.fault("acquisition date and time of every image", "images without")
        return None, ""
    rule, reference = candidates[0]
    finding.inputs["reference_rule"] = rule
    others = candidates[1:]
    if rule == FRAME_RULE:
        starts = _frame_starts(facts.slices, decay)
        others.append(
            ("frame reference time of another slice", max(starts, key=lambda m: abs(m - reference)))
        )
    for other, moment in others:
        _compare(rule, other, (moment - reference).total_seconds(), decay, finding)
    return reference, rule


def _compare(rule: str, other: str, apart_s: float, decay: float, finding: Finding) -> None:
    change = _change(decay, abs(apart_s))
    if change <= REFERENCE_TOLERANCE:
        return
    # How far dates are apart would tell by how much an anonymizer moved them.
    if abs(apart_s) >= ONE_DAY_S:
        said = "lies on another day"
    else:
        said = f"would change it by {change:.1%}" if change < 1 else "would more than double or halve it"
    finding.notice("SUV_REFERENCE_TIME", f"SUV uses the {rule}; the {other} {said}")


def _change(decay: float, apart_s: float) -> float:
    """By which part the SUV grows when the dose decays so much longer; up to 1.7."""
    return math.expm1(min(decay * apart_s, 1.0))


def _candidates(facts: SuvFacts, decay: float) -> list[tuple[str, datetime]]:
    """All moments that the header offers, in the order in which they count."""
    found: list[tuple[str, datetime]] = []
    first = first_acquisition(facts)
    if facts.decay_reference is not None:
        found.append(("decay correction time", facts.decay_reference))
    if first is None:
        return found
    if facts.series is not None and facts.series <= first:
        found.append(("series time", facts.series))
    if facts.ge_scan is not None:
        found.append(("GE scan time", facts.ge_scan))
    framed = _frame_starts(facts.slices, decay)
    if framed:
        found.append((FRAME_RULE, framed[0]))
    return [*found, ("earliest acquisition", first)]


def _frame_starts(slices: Sequence[SliceFacts], decay: float) -> list[datetime]:
    """What FrameReferenceTime counts from, by each slice that says so; the first bed's before the others."""
    moments = [
        (s.acquired, s.frame_reference_ms, start)
        for s in slices
        if s.acquired and s.frame_reference_ms and (start := _frame_start(s, s.acquired, decay))
    ]
    return [start for *_, start in sorted(moments)]


def _frame_start(s: SliceFacts, acquired: datetime, decay: float) -> datetime | None:
    reference_ms, duration_ms = s.frame_reference_ms or 0.0, s.duration_ms or 0.0
    if not (0 < reference_ms < math.inf and 0 < duration_ms < math.inf):
        return None
    frame = decay * duration_ms / 1000
    try:
        mean_activity_s = math.log(frame / -math.expm1(-frame)) / decay
        return acquired + timedelta(seconds=mean_activity_s - reference_ms / 1000)
    except (OverflowError, ZeroDivisionError):
        return None


def injection(
    facts: SuvFacts, half_life_s: float, finding: Finding, *, needed: bool = True
) -> datetime | None:
    """When the dose was injected; a time without a date belongs to the day of the scan or the one before."""
    if facts.injected is not None:
        finding.inputs |= {"injection_from": "RadiopharmaceuticalStartDateTime", "injection_day": "as stated"}
        _tell_doubtful_zone(facts, finding)
        _compare_clock(facts.injected, facts.injected_clock, half_life_s if needed else 0.0, finding)
        return facts.injected
    first = first_acquisition(facts)
    if facts.injected_clock is None or first is None:
        if needed:
            finding.fault("the time of injection", "none")
        return None
    injected = datetime(first.year, first.month, first.day) + facts.injected_clock
    late = injected > first
    finding.inputs |= {
        "injection_from": "RadiopharmaceuticalStartTime",
        "injection_day": "the day before the scan" if late else "the day of the scan",
    }
    return injected - timedelta(days=1) if late else injected


def _compare_clock(injected: datetime, clock: timedelta | None, half_life_s: float, finding: Finding) -> None:
    """RadiopharmaceuticalStartTime against the time of RadiopharmaceuticalStartDateTime, whatever the day."""
    if clock is None:
        return
    apart_s = abs((injected - datetime(injected.year, injected.month, injected.day) - clock).total_seconds())
    apart_s = min(apart_s, ONE_DAY_S - apart_s)
    if apart_s <= INJECTION_TOLERANCE_S:
        return
    if half_life_s and _change(math.log(2) / half_life_s, apart_s) > INJECTION_TOLERANCE:
        finding.fault(
            "one time of injection",
            f"RadiopharmaceuticalStartDateTime and RadiopharmaceuticalStartTime {apart_s:.0f} s apart",
        )
    else:
        finding.notice(
            "SUV_INJECTION_TIME",
            f"RadiopharmaceuticalStartDateTime counts; RadiopharmaceuticalStartTime is {apart_s:.0f} s apart",
        )


def _tell_doubtful_zone(facts: SuvFacts, finding: Finding) -> None:
    if facts.doubtful_zone:
        finding.notice(
            "SUV_TIME_ZONE",
            f"Only the {facts.doubtful_zone} names a UTC offset; injection and scan were read on one clock",
        )


def elapsed_s(
    moments: Sequence[datetime], injected: datetime, half_life_s: float, finding: Finding
) -> list[float]:
    """Seconds from injection to each moment; a fault where one lies before it or when nothing was left."""
    seconds = [(moment - injected).total_seconds() for moment in moments]
    finding.inputs |= span("seconds_from_injection", seconds)
    half_lives = max(seconds) / half_life_s if half_life_s else 0.0
    if min(seconds) < 0:
        apart = f"one {-min(seconds):.0f} s after it" if min(seconds) > -ONE_DAY_S else "one on a later day"
        finding.fault("an injection before the scan", apart)
    elif half_lives > LAST_HALF_LIVES:
        finding.fault(
            f"a scan within {LAST_HALF_LIVES:.0f} half-lives of the injection", "one when no dose was left"
        )
    elif half_lives > LONG_HALF_LIVES:
        message = f"The scan lies {half_lives:.1f} half-lives after the injection"
        finding.notice("SUV_LATE_SCAN", message)
    return seconds
