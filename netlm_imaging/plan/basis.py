"""What the plans of one editing session share: the patient, the settings, the candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from netlm_imaging.anatomy import Anatomy, Surroundings
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Fault, NetlmError, Notice, UsageError
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.binding import budget_voxels
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.collect import Resections
from netlm_imaging.plan.devices import chosen_devices
from netlm_imaging.plan.dominance import Dominance, dominance
from netlm_imaging.plan.drawn import Drawn
from netlm_imaging.plan.drawn_candidate import drawn_candidate
from netlm_imaging.plan.limits import Limits
from netlm_imaging.plan.losses import Joint, with_loss
from netlm_imaging.plan.more_candidates import with_candidate, with_joint
from netlm_imaging.plan.options import NOTHING_TRIED, Attempts
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.plan_set import ask, case_with, limits_of_settings
from netlm_imaging.plan.records import LesionOptions
from netlm_imaging.plan.resection_notices import resection_notices
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.remnant import FlrLimit, flr_limits
from netlm_imaging.settings import Settings

NEW_CANDIDATES = ("resection", "ablation", "lesion", "device")
"""Tables of the settings that change the candidates, but for what stands in NO_CANDIDATES."""
NO_CANDIDATES: dict[str, dict[str, Any]] = {
    "resection": {"max_resections": None},
    "ablation": {"max_ablations": None, "comparison_devices": None, "structure_caution_mm": 0.0},
}
NEW_WORKSPACE = (
    "major_vessel_mm",
    "sink_vessel_mm",
    "structure_clearance_mm",
    "smallest_part_ml",
    "inflow_from_all_vessels",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Basis:
    """Never changed; edits that need another one make it from this one."""

    anatomy: Anatomy
    """All of it, not only the liver's box."""
    lesions: tuple[Lesion, ...]
    settings: Settings
    planned: Case
    """With the candidates that the planner made."""
    case: Case
    """With those drawn by hand behind them."""
    drawn: Mapping[int, Drawn] = field(default_factory=dict)
    """By the number that their names carry, in the order of their candidates."""
    resected: Resections | None = None
    attempts: Attempts = NOTHING_TRIED
    """What the planner could and could not make, with the reasons."""
    _dominance: dict[tuple[bool, bool], Dominance] = field(default_factory=dict)
    """Of the planner's candidates, by whether ablations and resections are limited; shared by edits."""

    @property
    def first_drawn(self) -> int:
        """The number of the first candidate drawn by hand."""
        return len(self.planned.problem.candidates)

    @cached_property
    def limits(self) -> Limits:
        """What the settings and the minimums of the remnant allow."""
        return limits_of_settings(self.settings, budget_voxels(self.case.anatomy, self.case.limits))

    @cached_property
    def options(self) -> tuple[LesionOptions, ...]:
        """What can be done about each lesion within these limits, and why not the rest."""
        return self.attempts.options(self.limits.budget_voxels)

    @cached_property
    def dominance(self) -> Dominance:
        """Of the candidates, under these limits; one drawn by hand takes nobody's place and keeps its own."""
        limited = (self.limits.ablations is not None, self.limits.resections is not None)
        if limited not in self._dominance:
            self._dominance[limited] = dominance(self.planned.problem, self.limits)
        better = self._dominance[limited].better
        return Dominance(np.pad(better, (0, len(self.case.problem.candidates) - len(better))))

    def notices(self, done: Sequence[Candidate], *, beside: Sequence[Candidate] = ()) -> tuple[Notice, ...]:
        """``resection_notices`` of candidates done together."""
        return resection_notices(
            self.planned.space,
            done,
            major_vessel_mm=self.settings.resection.major_vessel_mm,
            cleared_fraction=self.planned.cleared_fraction,
            beside=beside,
        )

    def with_drawn(self, drawn: Drawn, *, instead_of: int | None = None) -> Basis:
        """With one more treatment drawn by hand, or with ``instead_of`` (a candidate's number) moved there.

        Raises as ``drawn_candidate`` does.
        """
        if instead_of is None:
            number = max(self.drawn, default=0) + 1
            made = self._made(drawn, number)
            return self._with(number, drawn, made)
        number = list(self.drawn)[instead_of - self.first_drawn]
        made = self._made(drawn, number)
        case = self.planned
        for n, candidate in enumerate(self.case.problem.candidates[self.first_drawn :], self.first_drawn):
            case = with_candidate(case, made if n == instead_of else candidate)
        return replace(self, case=case, drawn={**self.drawn, number: drawn})

    def _made(self, drawn: Drawn, number: int) -> Candidate:
        made = drawn_candidate(self.planned, drawn, number=number, settings=self.settings)
        return with_loss(self.planned.space, made)

    def _with(self, number: int, drawn: Drawn, made: Candidate) -> Basis:
        return replace(self, case=with_candidate(self.case, made), drawn={**self.drawn, number: drawn})

    def knowing(self, losses: Sequence[Joint]) -> Basis:
        """With joint losses that were found; those of planned candidates alone stay when drawings move."""
        own = [loss for loss in losses if max(loss.candidates) < self.first_drawn]
        planned = with_joint(self.planned, own)
        case = planned if self.case is self.planned else with_joint(self.case, losses)
        return replace(self, planned=planned, case=case)

    def under(self, settings: Settings) -> tuple[Basis, tuple[str, ...]]:
        """The same patient under other settings, and in words which drawings no longer stand.

        Candidates are made again only where they may change. Raises UsageError (BAD_SETTINGS).
        """
        _require_same(self.settings, settings)
        minimums = self.case.limits
        if settings.flr != self.settings.flr:
            functional_ml = self.case.anatomy.functional.volume_ml
            minimums = flr_limits(functional_ml, clinical=self.case.clinical, settings=settings.flr)
        if not _new_candidates(self.settings, settings):
            planned, case = (replace(c, limits=minimums) for c in (self.planned, self.case))
            return replace(self, settings=settings, planned=planned, case=case), ()
        return redrawn(_planned_anew(self, settings, minimums), self.drawn)

    def about(self, clinical: Clinical) -> Basis:
        """The same plans for a patient of whom something else is known: other minimums and denominators."""
        functional_ml = self.case.anatomy.functional.volume_ml
        minimums = flr_limits(functional_ml, clinical=clinical, settings=self.settings.flr)
        planned, case = (replace(c, clinical=clinical, limits=minimums) for c in (self.planned, self.case))
        return replace(self, planned=planned, case=case)


def _require_same(old: Settings, new: Settings) -> None:
    """What a session cannot change."""
    reasons = {
        "grid_mm": "the masks of this session lie on their grid; plan again from the masks",
        "lesion_set": "which lesions are planned for is decided before the masks; plan again from these",
        "fix": "fixed choices are changed by edits",
    }
    faults = [
        Fault(
            code="BAD_SETTINGS",
            expected=f"plan.{name} as it was",
            found="another value",
            where="settings",
            remedy=why.capitalize(),
        )
        for name, why in reasons.items()
        if getattr(old.plan, name) != getattr(new.plan, name)
    ]
    if faults:
        raise UsageError(*faults)


def _new_candidates(old: Settings, new: Settings) -> bool:
    for name in NEW_CANDIDATES:
        before, after = getattr(old, name), getattr(new, name)
        if name in NO_CANDIDATES:
            before, after = (s.model_copy(update=NO_CANDIDATES[name]) for s in (before, after))
        if before != after:
            return True
    return old.flr.smallest_part_ml != new.flr.smallest_part_ml


def _planned_anew(basis: Basis, settings: Settings, limits: tuple[FlrLimit, ...]) -> Basis:
    """Without what was drawn by hand; workspace and resections are kept where they stay the same."""
    old, case = basis.settings, basis.planned
    changed = any(
        getattr(getattr(old, section), name, None) != getattr(getattr(settings, section), name, None)
        for section in ("resection", "ablation", "flr")
        for name in NEW_WORKSPACE
    )
    same_cuts = (old.resection, old.lesion) == (settings.resection, settings.lesion)
    same_cuts &= old.flr.smallest_part_ml == settings.flr.smallest_part_ml
    return planned_basis(
        basis.anatomy,
        basis.lesions,
        settings=settings,
        clinical=case.clinical,
        limits=limits,
        around=None if case.ways is None else case.ways.around,
        space=None if changed else case.space,
        resected=basis.resected if same_cuts else None,
    )


def planned_basis(
    anatomy: Anatomy,
    lesions: tuple[Lesion, ...],
    *,
    settings: Settings,
    clinical: Clinical,
    limits: tuple[FlrLimit, ...],
    around: Surroundings | None = None,
    space: Workspace | None = None,
    resected: Resections | None = None,
) -> Basis:
    """All candidates with the devices of ``settings``, and what was tried.

    ``space`` and ``resected`` save work where at hand.
    """
    question = ask(
        anatomy,
        lesions,
        settings=settings,
        clinical=clinical,
        limits=limits,
        around=around,
        space=space,
        resected=resected,
    )
    case, attempts = case_with(question, chosen_devices(settings))
    return Basis(
        anatomy=anatomy,
        lesions=lesions,
        settings=settings,
        planned=case,
        case=case,
        resected=question.resected,
        attempts=attempts,
    )


def redrawn(basis: Basis, drawn: Mapping[int, Drawn]) -> tuple[Basis, tuple[str, ...]]:
    """``basis`` with treatments drawn by hand, and in words which are not possible in it."""
    gone = []
    for number, one in drawn.items():
        try:
            made = basis._made(one, number)
        except NetlmError as error:
            gone.append(f"Treatment {number} drawn by hand is no longer possible: {error}")
        else:
            basis = basis._with(number, one, made)
    return basis, tuple(gone)
