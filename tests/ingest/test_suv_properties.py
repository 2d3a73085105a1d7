"""What must hold for any PET header; and the QIBA pseudocode written again, as a second opinion."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlm_imaging.errors import NetlmError
from netlm_imaging.ingest.radionuclides import RADIONUCLIDES
from netlm_imaging.ingest.suv import suv_factors
from netlm_imaging.ingest.suv_facts import SliceFacts, SuvFacts

DAY = datetime(2024, 3, 5)


@st.composite
def pets(draw: st.DrawFn, *, kinds: tuple[str, ...] = ("START", "ADMIN", "NONE")) -> SuvFacts:
    """Plausible series in Bq/mL: any nuclide, beds, late reconstructions, midnight in between."""
    nuclide = draw(st.sampled_from(RADIONUCLIDES))
    half_life = draw(st.sampled_from(nuclide.half_lives_s))
    scan = DAY + timedelta(seconds=draw(st.integers(0, 2 * 86_400)))
    waited = draw(st.floats(0.01, 5)) * half_life
    bed_s = draw(st.floats(10, 900))
    kind = draw(st.sampled_from(kinds))
    slices = tuple(
        SliceFacts(
            acquired=scan + timedelta(seconds=n * bed_s),
            duration_ms=bed_s * 1000,
            frame_reference_ms=draw(st.sampled_from([None, 0.0, (n + 0.4) * bed_s * 1000])),
        )
        for n in draw(st.permutations(range(draw(st.integers(1, 5)))))
    )
    return SuvFacts(
        slices=slices,
        units="BQML",
        corrected_image=("ATTN",) if kind == "NONE" else ("DECY", "ATTN"),
        decay_correction=kind,
        weight_kg=draw(st.floats(20, 200)),
        dose_bq=draw(st.floats(1e7, 1e10)),
        half_life_s=half_life,
        nuclide=nuclide.name,
        injected=scan - timedelta(seconds=round(waited, 3)),
        series=draw(st.sampled_from([scan, scan - timedelta(seconds=5), scan + timedelta(hours=3), None])),
        ge_scan=draw(st.sampled_from([None, None, scan])),
    )


@given(pets(), st.floats(1.1, 4.9))
def test_factors_scale_with_weight_and_against_dose(facts: SuvFacts, by: float) -> None:
    found = suv_factors(facts).factors
    heavier = suv_factors(replace(facts, weight_kg=(facts.weight_kg or 0) * by)).factors
    more = suv_factors(replace(facts, dose_bq=(facts.dose_bq or 0) * by)).factors
    assert heavier == pytest.approx([f * by for f in found], rel=1e-9)
    assert more == pytest.approx([f / by for f in found], rel=1e-9)


def moved(facts: SuvFacts, by: timedelta) -> SuvFacts:
    return replace(
        facts,
        slices=tuple(replace(s, acquired=s.acquired + by if s.acquired else None) for s in facts.slices),
        injected=facts.injected + by if facts.injected else None,
        series=facts.series + by if facts.series else None,
        ge_scan=facts.ge_scan + by if facts.ge_scan else None,
    )


@given(pets(), st.integers(-(10**7), 10**7))
def test_moving_all_times_changes_nothing(facts: SuvFacts, seconds: int) -> None:
    found, later = suv_factors(facts), suv_factors(moved(facts, timedelta(seconds=seconds)))
    assert later == found


@given(pets(), st.randoms(use_true_random=False))
def test_the_order_of_slices_changes_nothing_but_the_order(facts: SuvFacts, rng: object) -> None:
    order = list(range(len(facts.slices)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    found = suv_factors(facts)
    shuffled = suv_factors(replace(facts, slices=tuple(facts.slices[n] for n in order)))
    assert shuffled.factors == tuple(found.factors[n] for n in order)
    assert shuffled.record == found.record


@given(pets(kinds=("START", "NONE")))
def test_an_earlier_injection_gives_a_larger_suv(facts: SuvFacts) -> None:
    assert facts.injected is not None
    assert facts.half_life_s is not None
    earlier = replace(facts, injected=facts.injected - timedelta(seconds=facts.half_life_s))
    found = suv_factors(facts).factors
    assert suv_factors(earlier).factors == pytest.approx([2 * f for f in found], rel=1e-6)


@given(pets(kinds=("START",)), st.integers(0, 3600))
def test_a_clock_and_a_moment_of_injection_mean_the_same(facts: SuvFacts, seconds: int) -> None:
    """StartTime alone, within a day before the scan, is the date-time without its date."""
    first = min(s.acquired for s in facts.slices if s.acquired)
    injected = first - timedelta(seconds=seconds)
    nuclide = {"nuclide": "F-18", "half_life_s": 6586.2}
    moment = replace(facts, injected=injected, **nuclide)
    clock = replace(
        moment,
        injected=None,
        injected_clock=injected - datetime(injected.year, injected.month, injected.day),
    )
    try:
        expected = suv_factors(moment).factors
    except NetlmError:
        with pytest.raises(NetlmError):
            suv_factors(clock)
        return
    assert suv_factors(clock).factors == expected


def qiba(facts: SuvFacts) -> float:
    """SUVbw per Bq/mL for DecayCorrection START and ADMIN, in the words of the QIBA pseudocode."""
    assert facts.units == "BQML"
    acquisition = [s.acquired for s in facts.slices if s.acquired is not None]
    half_life, dose = facts.half_life_s, facts.dose_bq
    assert half_life is not None
    assert dose is not None
    assert facts.weight_kg is not None
    assert facts.injected is not None
    if facts.decay_correction == "ADMIN":
        return facts.weight_kg * 1000 / dose
    if facts.series is not None and not any(facts.series > moment for moment in acquisition):
        scan = facts.series
    elif facts.ge_scan is not None:
        scan = facts.ge_scan
    else:
        scan = min(acquisition)
        decay_constant = math.log(2) / half_life
        framed = [s for s in facts.slices if (s.frame_reference_ms or 0) > 0 and (s.duration_ms or 0) > 0]
        if framed:
            bed = sorted(framed, key=lambda s: s.acquired or DAY)[0]
            during = decay_constant * bed.duration_ms / 1000  # type: ignore[operator]
            average = 1 / decay_constant * math.log(during / (1 - math.exp(-during)))
            reference_s = bed.frame_reference_ms / 1000  # type: ignore[operator]
            scan = bed.acquired - timedelta(seconds=reference_s - average)  # type: ignore[operator]
    decay_time = (scan - facts.injected).total_seconds()
    decayed_dose = dose * pow(2, -decay_time / half_life)
    return facts.weight_kg * 1000 / decayed_dose


@given(pets(kinds=("START", "ADMIN")))
def test_agrees_with_the_qiba_pseudocode(facts: SuvFacts) -> None:
    try:
        found = suv_factors(facts).factors
    except NetlmError:
        return  # a frame reference before the injection: refused, there is no number to compare
    assert found == pytest.approx([qiba(facts)] * len(found), rel=1e-6)
