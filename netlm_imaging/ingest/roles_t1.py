"""T1-weighted MR: which phase after the contrast agent it shows.

The hepatobiliary phase takes an agent that liver cells take up; no word makes one of any other agent. Where
time and description contradict each other, nothing is guessed: the role is ``other`` and the user decides.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from netlm_imaging.ingest.contrast import LATE, Contrast, TimedBy, phase_at
from netlm_imaging.ingest.verdict import Facts, Role, Verdict

_SURE: dict[TimedBy, float] = {"header": 1.0, "injection": 0.8, "order": 0.6, "bound": 0.6}
_HOW: dict[TimedBy, str] = {
    "header": "",
    "injection": " by the injection time of another series",
    "order": " by the order of the exam's series",
    "bound": " or more, by the order of the exam's series",
}
_DYNAMIC: tuple[Role, ...] = ("arterial", "portal", "transitional")
_BY_WORDS, _BY_WORDS_ALONE, _BY_DELAY_ALONE = 0.8, 0.5, 0.4
_FAT_NOT_TOLD, _TWO_DIMENSIONAL, _AGENT_BY_WORDS = 0.9, 0.6, 0.7
"""The most that a hepatobiliary phase can be sure of then."""


def t1_verdict(contrast: Contrast, facts: Facts | None = None) -> Verdict:
    """The phase that a T1-weighted series shows, from all that is known of contrast agent and time."""
    facts = replace(
        facts or Facts(),
        fat_suppressed=contrast.fat,
        agent=_agent(contrast, otherwise=""),
        minutes_after_contrast=_minutes(contrast),
    )
    if contrast.fat is False:
        return Verdict(role="other", reason="T1 gradient echo without fat suppression", facts=facts)
    if not contrast.volume and contrast.fat is None:
        reason = "2D T1 gradient echo, fat suppression not told"
        return Verdict(role="other", reason=reason, confidence=0.8, facts=facts)
    trusted = contrast.timed_by in ("header", "injection") or contrast.said is None
    after = contrast.after if trusted else None
    verdict = _described(contrast) if after is None else _timed(contrast, after)
    if verdict.role == "precontrast":
        facts = replace(facts, agent="", minutes_after_contrast=None)
    return replace(verdict, confidence=_capped(contrast, verdict), facts=facts)


def _timed(c: Contrast, after: timedelta) -> Verdict:
    phase, said, sure = phase_at(after), c.said, _SURE[c.timed_by]
    reason = f"T1 gradient echo {_clock(after)} after {_agent(c)}{_HOW[c.timed_by]}"
    if phase == "precontrast" and said in (None, "precontrast"):
        reason = f"T1 gradient echo before the contrast agent{_HOW[c.timed_by]}"
        return Verdict(role="precontrast", reason=reason, confidence=max(sure, _BY_WORDS))
    if phase == "hbp" and said in (None, "hbp", "transitional"):
        return _late(c, after, reason, sure)
    if phase in _DYNAMIC and said in (None, *_DYNAMIC):
        if said not in (None, phase):
            reason, phase, sure = f"{reason}, described as {said} phase", said, min(sure, 0.8)
        return _dynamic(c, phase, reason, sure)
    reason = f"{reason}, but described as {_NAMES[said or phase]}: name it with --series if you know better"
    return Verdict(role="other", reason=reason, confidence=0.5)


def _described(c: Contrast) -> Verdict:
    if c.contradictory:
        reason = "T1 gradient echo whose description names phases or delays that do not fit together"
        return Verdict(role="other", reason=reason, confidence=0.8)
    if c.said is None and c.given:
        return Verdict(role="other", reason="T1 after contrast, phase not told", confidence=0.8)
    if c.said is None:
        return Verdict(role="precontrast", reason="T1 without a word of a contrast agent", confidence=0.6)
    delay = f" {_clock(timedelta(minutes=c.said_minutes))} after contrast" if c.said_minutes else ""
    reason = f"T1 gradient echo, described as {_NAMES[c.said]}{delay}"
    if c.said == "precontrast":
        return Verdict(role="precontrast", reason=reason, confidence=_BY_WORDS)
    if c.said in _DYNAMIC:
        sure = _BY_WORDS if c.agents else _BY_WORDS_ALONE
        return _dynamic(c, c.said, reason, sure)
    if c.said_minutes is None:
        return _late(c, None, reason, _BY_WORDS)
    return _late(c, timedelta(minutes=c.said_minutes), reason, _BY_WORDS)


def _late(c: Contrast, after: timedelta | None, reason: str, sure: float) -> Verdict:
    """The hepatobiliary phase, if the agent has one."""
    if c.never_hbp:
        reason = f"{reason}; liver cells do not take up {_agent(c)}"
        return Verdict(role="other", reason=reason)
    if c.hbp_from is None:
        if c.said != "hbp":
            reason = f"{reason}; agent not known, which decides whether this is a hepatobiliary phase"
            return Verdict(role="other", reason=reason, confidence=0.8)
        sure = _BY_DELAY_ALONE if c.said_as_delay and c.timed_by == "header" else _BY_WORDS_ALONE
        return Verdict(role="hbp", reason=f"{reason}; agent not known", confidence=sure)
    if after is not None and after < c.hbp_from:
        return Verdict(role="other", reason=f"{reason}; too early for liver cells to hold {_agent(c)}")
    taken_up = f"liver cells take up {_agent(c)}"
    return Verdict(role="hbp", reason=f"{reason}; {taken_up}", confidence=sure)


def _dynamic(c: Contrast, phase: Role, reason: str, sure: float) -> Verdict:
    if c.timed_by == "bound" and c.said is None:
        return Verdict(role="other", reason="T1 after contrast, phase not told", confidence=0.8)
    if phase == "transitional" and c.never_hbp:
        return Verdict(role="other", reason=f"{reason}: delayed phase, which is not used", confidence=sure)
    return Verdict(role=phase, reason=reason, confidence=sure)


def _capped(c: Contrast, verdict: Verdict) -> float:
    sure = verdict.confidence
    if verdict.role == "hbp":
        limits = (
            (c.fat is None, _FAT_NOT_TOLD),
            (not c.volume, _TWO_DIMENSIONAL),
            (c.agent_by_words, _AGENT_BY_WORDS),
        )
        sure = min([sure, *(limit for applies, limit in limits if applies)])
    by_protocol = c.said_by_protocol and verdict.role == c.said and c.after is None
    return round(sure - 0.1 if by_protocol else sure, 2)


_NAMES = {
    "hbp": "hepatobiliary phase", "arterial": "arterial phase", "portal": "portal venous phase",
    "transitional": "transitional or late phase", "precontrast": "before contrast",
}  # fmt: skip


def _agent(c: Contrast, *, otherwise: str = "the contrast agent") -> str:
    return " and ".join(agent.name for agent in c.agents) or otherwise


def _minutes(c: Contrast) -> float | None:
    if c.after is None or c.timed_by == "bound" or (c.timed_by == "order" and c.after < LATE):
        return c.said_minutes
    return round(c.after.total_seconds() / 60, 1)


def _clock(after: timedelta) -> str:
    seconds = after.total_seconds()
    return f"{seconds:.0f} s" if abs(seconds) < 120 else f"{seconds / 60:.1f} min"
