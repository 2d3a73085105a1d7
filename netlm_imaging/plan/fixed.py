"""What a surgeon fixed, and how fixed choices find their candidates again when these are made anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.dominance import Dominance
from netlm_imaging.plan.limits import Limits
from netlm_imaging.plan.records import TreatmentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """Choices that every plan obeys."""

    must: frozenset[int] = frozenset()
    """Candidates that are done."""
    must_not: frozenset[int] = frozenset()
    """Candidates that are not done."""
    clear: frozenset[int] = frozenset()
    """Lesions that are cleared."""
    leave: frozenset[int] = frozenset()
    """Lesions that get no treatment of their own; one made for others as well may still take them."""

    def barred(self, candidates: Sequence[Candidate]) -> frozenset[int]:
        """All candidates that are not done."""
        own = {c for c, candidate in enumerate(candidates) if _made_for(candidate) in self.leave}
        return self.must_not | own

    def obeyed(self, limits: Limits, candidates: Sequence[Candidate], dominance: Dominance) -> Limits:
        """``limits`` with these choices; candidates that cannot help are barred, unless they are wanted."""
        barred = self.barred(candidates)
        dominated = dominance.dominated(barred=barred, wanted=self.must)
        return replace(limits, must=self.must, must_not=barred | dominated, lesions=self.clear)


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateKey:
    """What stays the same when a candidate is made again under other settings."""

    kind: TreatmentKind
    name: str
    lesions: tuple[int, ...]
    segments: tuple[int, ...]
    devices: tuple[str, ...]
    """Of each zone."""


def key_of(candidate: Candidate) -> CandidateKey:
    """The key of ``candidate``."""
    return CandidateKey(
        kind=candidate.kind,
        name=candidate.name,
        lesions=candidate.lesions,
        segments=tuple(sorted(candidate.segments)),
        devices=tuple(zone.device.id for zone in candidate.zones),
    )


def carried(
    numbers: Iterable[int], old: Sequence[Candidate], new: Sequence[Candidate]
) -> tuple[dict[int, int], tuple[int, ...]]:
    """The new number of each of ``numbers``, and those that no longer exist."""
    found = {key_of(candidate): n for n, candidate in enumerate(new)}
    ordered = sorted(numbers)
    kept = {n: found[key_of(old[n])] for n in ordered if key_of(old[n]) in found}
    return kept, tuple(n for n in ordered if n not in kept)


def _made_for(candidate: Candidate) -> int | None:
    """The only lesion that the planner made it for."""
    alone = len(candidate.lesions) == 1 and not candidate.segments and not candidate.drawn
    return candidate.lesions[0] if alone else None
