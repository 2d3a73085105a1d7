"""One series of a role where several have it: by rules that cost the patient nothing, else by asking.

A rule passes over a series only where the one that is kept shows the same or is made for the purpose; each
use is told in a notice. Where no rule decides, AMBIGUOUS_ROLE names the candidates by what tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.ingest.describe import size_of

if TYPE_CHECKING:
    from netlm_imaging.ingest.study import Series

SURE, UNSURE = 0.75, 0.65
"""A role at least this sure beside one no surer than that is no ambiguity."""
HBP_BEST_FROM_MINUTES = 15.0
"""Gadoxetate: liver cells have taken up most of it after 20 minutes; earlier images stand in for that one."""
SAME_ACQUISITION_S = 2.0
LISTED = 6
"""More candidates than this are counted, not named."""
_CT_PHASES = ("portal", "arterial", "delayed", "native")
"""The best to carry a plan first: metastases and veins show in the portal venous phase."""
_RECEPTOR = {True: 0, None: 1, False: 2}

Rank = Callable[["Series"], float | None]
"""Lower is better; None where the series says nothing about it, which neither wins nor loses."""
Rule = tuple[str, Rank]
"""Why a series is passed over, and the rank that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """The series of a role (None where there is none), and what was passed over for it."""

    series: Series | None
    notices: tuple[Notice, ...] = ()


def pick(series: Sequence[Series], role: str, *, beside: Series | None = None) -> Pick:
    """The one series with a role. ``beside`` is the image that it will be compared with voxel by voxel.

    Raises InputError AMBIGUOUS_ROLE naming the candidates by number and by what tells them apart.
    """
    candidates = [s for s in series if s.role == role]
    passed: list[tuple[Series, str]] = []
    for rules in (_made_for_it, _rules, _same_acquisition):
        for why, rank in rules(candidates, role, beside):
            kept = _best(candidates, rank)
            passed += [(s, why) for s in candidates if s not in kept]
            candidates = kept
    if len(candidates) > 1:
        raise InputError(_ambiguous(candidates, role))
    chosen = candidates[0] if candidates else None
    if chosen is None or chosen.by_user or not passed:
        return Pick(series=chosen)
    return Pick(series=chosen, notices=(_passed_over(chosen, passed, role),))


def _best(candidates: list[Series], rank: Rank) -> list[Series]:
    ranks = [rank(s) for s in candidates]
    best = min((r for r in ranks if r is not None), default=None)
    if best is None:
        return candidates
    return [s for s, r in zip(candidates, ranks, strict=True) if r is None or r <= best]


def _made_for_it(_candidates: Sequence[Series], role: str, _beside: Series | None) -> list[Rule]:
    """What no header can outweigh, however sure it is."""
    rules: list[Rule] = [("not named by --series", lambda s: not s.by_user)]
    if role == "pet":
        rules.append(("no tracer of somatostatin receptors", lambda s: _RECEPTOR[s.facts.receptor]))
    return rules


def _rules(candidates: Sequence[Series], role: str, beside: Series | None) -> list[Rule]:
    surest = max((s.role_confidence for s in candidates), default=0.0)
    rules: list[Rule] = [
        ("its role is less sure", lambda s: surest >= SURE and s.role_confidence <= UNSURE),
        ("it has faults", lambda s: bool(s.faults)),
    ]
    if beside is not None:
        rules += [
            ("another frame of reference", lambda s: _differs(s.frame_uid_hash, beside.frame_uid_hash)),
            ("another grid", lambda s: _other_grid(s, beside)),
        ]
    if role == "ct":
        rules += [
            ("a kernel for lung or bone", lambda s: s.facts.kernel == "sharp"),
            ("made for attenuation correction", lambda s: s.facts.attenuation_ct),
        ]
    rules += [
        ("reformatted", lambda s: s.facts.reformatted),
        ("not axial", lambda s: s.facts.plane not in ("", "axial")),
    ]
    if role == "ct":
        rules.append(("another phase", _phase_rank(candidates)))
    if role == "hbp":
        rules.append((f"earlier than {HBP_BEST_FROM_MINUTES:g} min after contrast", _early))
    return rules


def _same_acquisition(candidates: Sequence[Series], role: str, _beside: Series | None) -> list[Rule]:
    """Between reconstructions of the same data alone."""
    starts = [_start(s) for s in candidates]
    known = [t for t in starts if t is not None]
    studies = {(s.study_uid_hash, s.frame_uid_hash) for s in candidates}
    if len(known) < max(2, len(starts)) or len(studies) > 1:
        return []
    if (max(known) - min(known)).total_seconds() > SAME_ACQUISITION_S:
        return []
    if role == "ct":
        return [("thicker slices of the same acquisition", _step)]
    return [
        ("the same image, not corrected for distortion", lambda s: _lacks(s, "DIS3D", "DIS2D")),
        ("the same image, not normalized", lambda s: _lacks(s, "NORM")),
    ]


def _phase_rank(candidates: Sequence[Series]) -> Rank:
    """Portal venous before all; the others are ranked only where each is known."""
    every = all(s.facts.ct_phase is not None for s in candidates)
    return lambda s: _CT_PHASES.index(s.facts.ct_phase or "native") if every else s.facts.ct_phase != "portal"


def _early(s: Series) -> float | None:
    minutes = s.facts.minutes_after_contrast
    return None if minutes is None else minutes < HBP_BEST_FROM_MINUTES


def _differs(first: str, second: str) -> float | None:
    return first != second if first and second else None


def _other_grid(s: Series, beside: Series) -> float | None:
    return None if s.grid is None or beside.grid is None else not s.grid.same_as(beside.grid)


def _step(s: Series) -> float | None:
    return None if s.grid is None else round(s.grid.spacing_mm[2], 2)


def _lacks(s: Series, *words: str) -> float:
    return not any(word in s.headers[0].image_type for word in words)


def _start(s: Series) -> datetime | None:
    return min((h.acquired for h in s.headers if h.acquired is not None), default=None)


def _passed_over(chosen: Series, passed: Sequence[tuple[Series, str]], role: str) -> Notice:
    others = "; ".join(f"series {s.number} ({why})" for s, why in passed[:LISTED])
    more = f"; and {len(passed) - LISTED} more" if len(passed) > LISTED else ""
    return Notice(
        code="SERIES_PASSED_OVER",
        message=f"Taken as {role}, before {others}{more}. --series {role}=NUMBER takes another",
        where=chosen.where,
    )


def _ambiguous(candidates: Sequence[Series], role: str) -> Fault:
    starts = [_start(s) for s in candidates]
    first = min((t for t in starts if t is not None), default=None)
    flips = [s.headers[0].protocol.flip_degrees if s.headers else None for s in candidates]
    told = [
        _told(s, t, first, flip if len(set(flips)) > 1 else None)
        for s, t, flip in zip(candidates, starts, flips, strict=True)
    ]
    more = f"; and {len(told) - LISTED} more" if len(told) > LISTED else ""
    return Fault(
        code="AMBIGUOUS_ROLE",
        expected=f"one series with the role {role}",
        found="; ".join(told[:LISTED]) + more,
        remedy=f"Choose one with --series {role}=NUMBER, or leave only one in the folder",
    )


def _told(s: Series, start: datetime | None, first: datetime | None, flip: float | None) -> str:
    facts = [s.description, *([f"flip angle {flip:g} degrees"] if flip is not None else [])]
    facts += [size_of(s.grid) if s.grid is not None else f"{s.instances} files"]
    if start is not None and first is not None:
        facts += _later((start - first).total_seconds())
    return f"series {s.number} ({', '.join(facts)})"


def _later(seconds: float) -> list[str]:
    """When, against the first candidate; never a date."""
    days, minutes = round(seconds / 86400), round(seconds / 60)
    if days >= 1:
        return [f"{days} day{'s' if days > 1 else ''} later"]
    return [f"{minutes} min later"] if minutes >= 1 else []
