"""What a T1-weighted MR series says of contrast agent and time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.mr_sequence import fat_suppressed
from netlm_imaging.ingest.vocabulary import (
    Agent,
    Phase,
    agents_in,
    folded,
    is_no_agent,
    minutes_in,
    phase_in,
    phases_in,
    says,
)

ARTERIAL_UNTIL = timedelta(seconds=45)
PORTAL_UNTIL = timedelta(seconds=120)
LATE = timedelta(minutes=10)
"""Gadoxetate: arterial 15-40 s, portal venous 60-80 s, transitional 2-5 min, hepatobiliary from 10 min on."""
PLAUSIBLE = (timedelta(hours=-2), timedelta(hours=3))
"""Times of a header further from the injection are clerical errors."""
HALF_A_DAY = timedelta(hours=12)
CARDIAC_CYCLE = timedelta(seconds=5)
"""No cardiac trigger delay is longer."""

TimedBy = Literal["header", "injection", "order", "bound"]
"""ContrastBolusStartTime of the series; of another series of the exam; the order of the exam's series; the
same, where only the least delay is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """What is known of contrast agent and time, from the series' own header or the rest of the exam."""

    agents: tuple[Agent, ...] = ()
    given: bool = False
    """An agent was given, known or not."""
    agent_by_words: bool = False
    """Not the contrast attributes name the agent, but a description or another series of the exam."""
    after: timedelta | None = None
    timed_by: TimedBy = "header"
    said: Phase | None = None
    said_minutes: float | None = None
    said_as_delay: bool = False
    """The description names no phase, only a delay."""
    contradictory: bool = False
    """The description names several phases, or one and a delay that does not fit."""
    said_by_protocol: bool = False
    fat: bool | None = None
    volume: bool = True
    """Acquired in 3D, or not told."""

    @property
    def hbp_from(self) -> timedelta | None:
        """From when on liver cells show; None where no agent, or another one too, is known."""
        limits = [agent.hbp_from_minutes for agent in self.agents]
        known = [limit for limit in limits if limit is not None]
        return timedelta(minutes=max(known)) if known and len(known) == len(limits) else None

    @property
    def never_hbp(self) -> bool:
        """An agent is named that liver cells do not take up."""
        return bool(self.agents) and self.hbp_from is None


def contrast_of(header: Header) -> Contrast:
    """What the header of a T1-weighted series says by itself."""
    p = header.protocol
    told = Contrast(
        agents=agents_in(p.contrast_agent, p.contrast_codes),
        given=not is_no_agent(p.contrast_agent) or bool(p.contrast_codes),
        after=_after(header),
        fat=fat_suppressed(header),
        volume=p.acquisition_type != "2D",
    )
    texts = [folded(text) for text in p.words[:2]]
    if not told.agents:
        named = agents_in(" ".join(p.words))
        told = replace(told, agents=named, given=told.given or bool(named), agent_by_words=bool(named))
    for n, text in enumerate(texts):
        said = _said(text)
        if said.said or said.contradictory:
            return replace(
                said,
                agents=told.agents,
                given=told.given,
                agent_by_words=told.agent_by_words,
                after=told.after,
                said_by_protocol=n == 1,
                fat=told.fat,
                volume=told.volume,
            )
    return replace(told, given=told.given or any(says("contrast", "given", text) for text in texts))


def moment_of(header: Header) -> datetime | None:
    """When an image was acquired.

    The phases of one dynamic series may all bear its start; then TriggerTime holds the time since.
    """
    trigger = timedelta(milliseconds=header.trigger_ms or 0.0)
    if header.acquired is None or not CARDIAC_CYCLE < trigger <= PLAUSIBLE[1]:
        return header.acquired
    return header.acquired + trigger


def injected_at(header: Header) -> datetime | None:
    """When the header says the injection began: a time without a date, so maybe the evening before."""
    start, moment = header.protocol.contrast_start, moment_of(header)
    if start is None or moment is None or start - moment < HALF_A_DAY:
        return start
    return start - 2 * HALF_A_DAY


def _after(header: Header) -> timedelta | None:
    start, moment = injected_at(header), moment_of(header)
    if start is None or moment is None:
        return None
    after = moment - start
    return after if PLAUSIBLE[0] <= after <= PLAUSIBLE[1] else None


def _said(text: str) -> Contrast:
    """The phase that a folded text names, or the delay that stands for one."""
    phase, minutes = phase_in(text), minutes_in(text)
    if minutes is None or (phase is None and len(phases_in(text)) > 1):
        return Contrast(said=phase, contradictory=phase is None and len(phases_in(text)) > 1)
    if minutes >= LATE.total_seconds() / 60:
        late = phase in (None, "hbp", "transitional")
        return Contrast(
            said="hbp" if late else None,
            said_minutes=minutes,
            said_as_delay=phase != "hbp",
            contradictory=not late,
        )
    if phase == "hbp":
        return Contrast(contradictory=True)
    by_delay = phase_at(timedelta(minutes=minutes))
    return Contrast(said=phase or by_delay, said_minutes=minutes, said_as_delay=phase is None)


def phase_at(after: timedelta) -> Phase:
    """The phase at a time after the injection, if the agent has one then; "hbp" stands for all late ones."""
    if after < timedelta(0):
        return "precontrast"
    if after <= ARTERIAL_UNTIL:
        return "arterial"
    if after <= PORTAL_UNTIL:
        return "portal"
    return "transitional" if after < LATE else "hbp"
