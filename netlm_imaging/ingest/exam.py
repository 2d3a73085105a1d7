"""What the other series of an exam tell of a series: agent, injection time, echoes, the PET beside a CT."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from netlm_imaging.ingest.contrast import PLAUSIBLE, Contrast, TimedBy, contrast_of, injected_at, moment_of
from netlm_imaging.ingest.roles import describe, is_phase
from netlm_imaging.ingest.roles_t1 import t1_verdict
from netlm_imaging.ingest.study import Series
from netlm_imaging.ingest.verdict import Verdict
from netlm_imaging.ingest.vocabulary import Agent, agents_in

ARTERIAL_AFTER, PORTAL_AFTER = timedelta(seconds=30), timedelta(seconds=70)
"""Usual delays, from which the injection time is told where a description names the phase alone."""
ONE_INJECTION = timedelta(minutes=2)
"""Start times further apart than this are not of one injection."""
DYNAMIC_RUN, RUN_LENGTH = timedelta(minutes=6), 3
"""Three T1 series within six minutes are a dynamic run: the last of them is after contrast."""


_NOT_IN_TIME = frozenset({"orientation", "b-value", "echo", "image type"})
"""Ways to split a series that say nothing of when its parts were acquired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phase:
    """A T1-weighted series, what its header says of contrast, and when it was acquired."""

    series: Series
    contrast: Contrast
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Injection:
    at: datetime
    by: TimedBy


def roles_in_exam(series: Sequence[Series]) -> tuple[Series, ...]:
    """The same series in the same order, their roles seen together; exams are told apart by their study."""
    exams: dict[str, list[Series]] = defaultdict(list)
    for s in series:
        if s.headers and s.modality == "MR":
            exams[s.study_uid_hash].append(s)
    seen = {s.number: s for exam in exams.values() for s in _mr_exam(exam)}
    return tuple(_beside_pet(seen.get(s.number, s), series) for s in series)


def _mr_exam(exam: Sequence[Series]) -> list[Series]:
    phases = _phases(exam)
    agents, injection = _agents(exam), _injection(phases)
    verdicts = {p.series.number: t1_verdict(_completed(p, agents, injection), p.series.facts) for p in phases}
    verdicts |= _echoes(phases) | _unweighted_diffusion(exam)
    return [_with(s, verdicts[s.number]) if s.number in verdicts else s for s in exam]


def _with(series: Series, verdict: Verdict) -> Series:
    return replace(
        series,
        role=verdict.role,
        role_reason=verdict.reason,
        role_confidence=verdict.confidence,
        facts=verdict.facts,
        description=describe(series.headers[0], verdict.facts),
    )


def _phases(exam: Sequence[Series]) -> list[_Phase]:
    found = [s for s in exam if is_phase(s.headers[0])]
    moments = {s.number: min(filter(None, map(moment_of, s.headers)), default=None) for s in found}
    parts = Counter((s.uid_hash, moments[s.number]) for s in found if _split_in_time(s))
    phases = []
    for s in found:
        contrast, at = contrast_of(s.headers[0]), moments[s.number]
        if parts[s.uid_hash, at] > 1:
            # Phases of one series that all bear its start time: no time at all.
            contrast, at = replace(contrast, after=None), None
        phases.append(_Phase(series=s, contrast=contrast, at=at))
    return phases


def _split_in_time(series: Series) -> bool:
    return bool(set(series.split_by) - _NOT_IN_TIME)


def _agents(exam: Sequence[Series]) -> tuple[Agent, ...]:
    """What the exam's series name as their contrast agent; where none does, what the order names."""
    protocols = [s.headers[0].protocol for s in exam]
    named = {agent.name: agent for p in protocols for agent in agents_in(p.contrast_agent, p.contrast_codes)}
    if not named:
        texts = {text for p in protocols for text in (p.exam_words, *p.words[:2]) if text}
        named = {agent.name: agent for text in sorted(texts) for agent in agents_in(text)}
    return tuple(named.values())


def _injection(phases: Sequence[_Phase]) -> _Injection | None:
    starts = [injected_at(p.series.headers[0]) for p in phases if p.contrast.after is not None]
    known = sorted(start for start in starts if start is not None)
    if known and known[-1] - known[0] <= ONE_INJECTION:
        return _Injection(at=known[0], by="injection")
    for phase, delay in (("arterial", ARTERIAL_AFTER), ("portal", PORTAL_AFTER)):
        times = [p.at for p in phases if p.contrast.said == phase and p.at is not None]
        if times:
            return _Injection(at=min(times) - delay, by="order")
    latest = _injected_before(phases)
    return None if latest is None else _Injection(at=latest, by="bound")


def _injected_before(phases: Sequence[_Phase]) -> datetime | None:
    """The earliest time at which contrast had surely been given."""
    said = [p.at for p in phases if p.contrast.said == "transitional" and p.at is not None]
    named = [p.at for p in phases if p.contrast.given and p.at is not None]
    unnamed = [p.at for p in phases if not p.contrast.given and p.at is not None]
    if named and unnamed and min(unnamed) < min(named):
        said.append(min(named))
    times = sorted(p.at for p in phases if p.at is not None)
    runs = zip(times, times[RUN_LENGTH - 1 :], strict=False)
    said += [last for first, last in runs if last - first <= DYNAMIC_RUN][:1]
    return min(said, default=None)


def _completed(phase: _Phase, agents: tuple[Agent, ...], injection: _Injection | None) -> Contrast:
    """What the header of one series says of contrast, and the exam where it is silent."""
    contrast = phase.contrast
    if not contrast.agents and agents:
        contrast = replace(contrast, agents=agents, agent_by_words=True)
    if contrast.after is not None or injection is None or phase.at is None:
        return contrast
    after = phase.at - injection.at
    if not PLAUSIBLE[0] <= after <= PLAUSIBLE[1] or (injection.by == "bound" and after < timedelta(0)):
        return contrast
    given = contrast.given or after >= timedelta(0)
    return replace(contrast, after=after, timed_by=injection.by, given=given)


def _echoes(phases: Sequence[_Phase]) -> dict[int, Verdict]:
    """Echoes of one T1 series are in phase and opposed phase, not phases after contrast."""
    reason = "one of several echoes of a T1 series (in phase, opposed phase)"
    return {
        p.series.number: Verdict(role="other", reason=reason, facts=p.series.facts)
        for p in phases
        if "echo" in p.series.split_by
    }


def _unweighted_diffusion(exam: Sequence[Series]) -> dict[int, Verdict]:
    """The volume without weighting (b = 0) of a diffusion series."""
    weighted = {s.uid_hash for s in exam if s.role == "dwi" and s.uid_hash}
    reason = "diffusion series, b 0 s/mm2"
    return {
        s.number: Verdict(role="dwi", reason=reason, facts=s.facts)
        for s in exam
        if s.role != "dwi" and s.uid_hash in weighted and not s.headers[0].b_value and s.role != "adc"
    }


def _beside_pet(series: Series, study: Sequence[Series]) -> Series:
    """A CT in the frame of reference of a PET; where neither names one, of the same study."""
    if series.role != "ct" or not series.headers:
        return series
    pets = [s for s in study if s.modality == "PT"]
    frame = series.frame_uid_hash
    beside = any(
        s.frame_uid_hash == frame and (frame or s.study_uid_hash == series.study_uid_hash) for s in pets
    )
    if not beside:
        return series
    facts = replace(series.facts, with_pet=True)
    reason = f"{series.role_reason}; in the frame of reference of a PET" if frame else series.role_reason
    return replace(series, facts=facts, role_reason=reason, description=describe(series.headers[0], facts))
