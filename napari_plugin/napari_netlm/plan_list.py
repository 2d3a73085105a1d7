"""What could be done for each lesion, as a surgeon reads it: what it costs, or why it cannot be; no Qt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from napari_netlm.plan_figures import BAD, GOOD
from napari_netlm.planning import Planning
from netlm_imaging.export.wording import KINDS, listed, shares
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.limits import exceeded_counts
from netlm_imaging.plan.options import TOO_MUCH
from netlm_imaging.plan.records import TreatmentKind
from netlm_imaging.plan.session_state import State

Standing = Literal["done", "must", "never", "possible", "impossible"]
STANDINGS: dict[Standing, str] = {
    "done": "in the plan",
    "must": "in the plan, fixed by you",
    "never": "forbidden by you",
    "possible": "possible",
    "impossible": "not possible",
}
MARKS: dict[Standing, str] = {
    "done": "\N{CHECK MARK}",
    "must": "\N{CHECK MARK} fixed:",
    "never": "\N{MULTIPLICATION SIGN} never:",
    "possible": "",
    "impossible": "\N{EN DASH}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRow:
    """One treatment that could be done, or why one kind of it cannot."""

    candidate: int | None
    name: str
    standing: Standing
    cost_ml: float | None
    """Functional liver that it loses when done alone."""
    interventions: int | None
    why: str
    """Why not; of possible ones, what else is to be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionRow:
    """One lesion, and all that was looked for to treat it."""

    lesion: Lesion
    outcome: str
    """What the plan does to it."""
    color: str
    fixed: str
    """What the surgeon demands for it."""
    options: tuple[OptionRow, ...]

    @property
    def title(self) -> str:
        """Number, size and place."""
        where = shares(self.lesion.segments)
        size = f"{self.lesion.volume_ml:.1f} mL, {self.lesion.longest_diameter_mm:.0f} mm"
        return f"Lesion {self.lesion.id}: {size}" + (f", {where}" if self.lesion.segments else "")


def lesion_rows(planning: Planning) -> tuple[LesionRow, ...]:
    """All lesions, the largest first."""
    state = planning.session.state
    lesions = sorted(planning.started.lesions, key=lambda lesion: (-lesion.volume_ml, lesion.id))
    return tuple(_lesion_row(planning, state, lesion) for lesion in lesions)


def shared_rows(planning: Planning) -> tuple[OptionRow, ...]:
    """What is made for no lesion of its own: whole segments, and what was drawn by hand."""
    state = planning.session.state
    candidates = state.basis.case.problem.candidates
    numbers = [n for n, c in enumerate(candidates) if c.segments or (c.drawn and not c.lesions)]
    return tuple(_option_row(planning, state, n) for n in numbers)


def _lesion_row(planning: Planning, state: State, lesion: Lesion) -> LesionRow:
    candidates, fixed = state.basis.case.problem.candidates, state.fixed
    own = [n for n, c in enumerate(candidates) if lesion.id in c.lesions]
    rows = sorted(
        (_option_row(planning, state, n) for n in own), key=lambda r: (r.cost_ml or 0.0, r.candidate)
    )
    demands = (("to be cleared", fixed.clear), ("left alone", fixed.leave))
    cleared = lesion.id in planning.figures.cleared
    by = [candidates[c].name for c in state.choice.chosen if lesion.id in candidates[c].lesions]
    outcome = ("cleared: " if cleared else "stays, only in part: ") + "; ".join(by)
    if not by:
        outcome = "cleared with others" if cleared else "stays"
    return LesionRow(
        lesion=lesion,
        outcome=outcome,
        color=GOOD if cleared else BAD,
        fixed="; ".join(word for word, lesions in demands if lesion.id in lesions),
        options=(*rows, *_impossible(state, lesion.id, listed_kinds={candidates[n].kind for n in own})),
    )


def _option_row(planning: Planning, state: State, number: int) -> OptionRow:
    candidate, standing = state.basis.case.problem.candidates[number], _standing(state, number)
    cost_ml = planning.cost_ml(candidate)
    why_not = _why_not(state, number, cost_ml=cost_ml) if standing == "possible" else ""
    return OptionRow(
        candidate=number,
        name=candidate.name,
        standing="impossible" if why_not else standing,
        cost_ml=cost_ml,
        interventions=candidate.interventions,
        why=why_not or _remark(candidate),
    )


def _why_not(state: State, number: int, *, cost_ml: float) -> str:
    """Which limit it breaks when done alone; empty for none."""
    limits, case = state.basis.limits, state.basis.case
    if cost_ml > limits.budget_voxels * case.space.grid.voxel_ml:
        return TOO_MUCH
    exceeded = exceeded_counts(case.problem, limits, (number,))
    return f"more {listed(exceeded)} than the limits allow" if exceeded else ""


def _standing(state: State, number: int) -> Standing:
    if number in state.fixed.must:
        return "must"
    if number in state.fixed.must_not:
        return "never"
    return "done" if number in state.choice.chosen else "possible"


def _remark(candidate: Candidate) -> str:
    parts = []
    if candidate.zones:
        parts.append(candidate.zones[0].device.name)
    if candidate.margin_mm:
        parts.append(f"margin {candidate.margin_mm:g} mm")
    if len(candidate.lesions) > 1:
        parts.append(f"for lesions {listed(candidate.lesions)}")
    return ", ".join(parts)


def _impossible(state: State, lesion: int, *, listed_kinds: set[TreatmentKind]) -> Iterator[OptionRow]:
    """Kinds without a treatment in the list, which would say why itself."""
    for entry in state.basis.options:
        for option in entry.options:
            if entry.lesion == lesion and not option.feasible and option.kind not in listed_kinds:
                yield OptionRow(
                    candidate=None,
                    name=KINDS[option.kind],
                    standing="impossible",
                    cost_ml=None,
                    interventions=None,
                    why=option.why_not or "",
                )
