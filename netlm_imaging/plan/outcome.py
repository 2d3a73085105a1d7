"""From chosen candidates to the records of case.json; every figure is simulated from voxels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from netlm_imaging.anatomy import Anatomy, segment_name
from netlm_imaging.clinical import Clinical
from netlm_imaging.lesions.measures import SHARE_THAT_COUNTS_PERCENT
from netlm_imaging.plan.ablation_facts import AblationFacts, ablation_facts, ablation_fields, margin_map
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.optimize import Choice
from netlm_imaging.plan.paths import Access, Ways
from netlm_imaging.plan.problem import Problem
from netlm_imaging.plan.records import Coverage, Minimum, Plan, Treatment, TreatmentKind
from netlm_imaging.plan.simulate import Simulation, Supply, living_untouched, simulate
from netlm_imaging.plan.workspace import Voxels, Workspace
from netlm_imaging.remnant import FlrLimit, remnant
from netlm_imaging.settings import Objective
from netlm_imaging.volume import BoolArray, Volume


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """What all plans of one patient share."""

    anatomy: Anatomy
    """Cropped as the workspace is."""
    space: Workspace
    problem: Problem
    limits: tuple[FlrLimit, ...]
    clinical: Clinical
    cleared_fraction: float
    ways: Ways | None = None
    """To the ablations; None where they are not asked for."""
    _facts: dict[Candidate, AblationFacts] = field(default_factory=dict)

    def treated(self, chosen: Sequence[int]) -> BoolArray:
        """The union of the regions of ``chosen``."""
        return self._together([self.problem.candidates[c] for c in chosen])

    def devascularized(self, chosen: Sequence[int]) -> BoolArray:
        """Functional liver that ``chosen`` leave without inflow."""
        return self.simulate(chosen).devascularized

    def _together(self, candidates: Sequence[Candidate]) -> BoolArray:
        mask = np.zeros(self.space.liver.shape, dtype=bool)
        for candidate in candidates:
            mask.ravel()[candidate.region(self.space)] = True
        return mask

    def facts_of(self, candidate: Candidate) -> AblationFacts:
        """Margins and distances of an ablation; measured once, for several plans use the same."""
        if candidate not in self._facts:
            cleared = self.cleared_by(candidate)
            lesions = tuple(sorted({*candidate.lesions, *cleared}))
            self._facts[candidate] = ablation_facts(self.space, candidate, lesions, self.ways)
        return self._facts[candidate]

    def drawn_access(self, chosen: Sequence[int]) -> tuple[tuple[str, Access], ...]:
        """How the probes drawn by hand among ``chosen`` come in, by their names."""
        done = [self.problem.candidates[c] for c in chosen]
        return tuple((c.name, self.facts_of(c).access) for c in done if c.drawn and c.zones)

    def cleared_by(self, candidate: Candidate) -> set[int]:
        """The lesions that a candidate clears when it is done alone."""
        held = tumor_voxels(self, candidate.region(self.space))
        needed = zip(self.problem.lesions, self.problem.needed_voxels.tolist(), strict=True)
        return {lesion for lesion, count in needed if held.get(lesion, 0) >= count}

    def margin_map(self, chosen: Sequence[int]) -> Volume | None:
        """``ablation_facts.margin_map`` of the ablations among ``chosen``; None without one."""
        done = [self.problem.candidates[c] for c in chosen]
        margins = [m for c in done if c.zones for m in self.facts_of(c).margins]
        return margin_map(self.space, margins) if margins else None

    @cached_property
    def _living_before(self) -> BoolArray:
        return living_untouched(
            self.anatomy, inflow=self.space.inflow, smallest_part_ml=self.space.parts.smallest_part_ml
        )

    def simulate(self, chosen: Sequence[int]) -> Simulation:
        """The figures of ``chosen`` candidates done together."""
        done = [self.problem.candidates[c] for c in chosen]
        supply = Supply(
            inflow=self.space.inflow,
            smallest_part_ml=self.space.parts.smallest_part_ml,
            cut=self._together([c for c in done if not c.zones and not c.segments]),
            whole=self._together([c for c in done if c.segments]),
            living_before=self._living_before,
        )
        return simulate(
            self.anatomy, [self._together(done)], cleared_fraction=self.cleared_fraction, supply=supply
        )


def make_plan(
    case: Case,
    choice: Choice,
    *,
    objective: Objective,
    bound_voxels: int | None,
    binding: Sequence[FlrLimit] = (),
    outcome: Simulation | None = None,
) -> Plan:
    """The plan of ``choice``. ``binding``: the minimums that every better plan breaks.

    ``outcome`` saves the simulation where its figures are at hand.
    """
    outcome = outcome or case.simulate(choice.chosen)
    shares = remnant(
        outcome.flr_ml,
        functional_ml=outcome.functional_voxels * outcome.voxel_ml,
        clinical=case.clinical,
    )
    minimums = (
        Minimum(
            name=m.name,
            minimum=m.minimum,
            value=getattr(shares, m.name),
            binding=any(m is b for b in binding),
        )
        for m in case.limits
    )
    total = case.problem.total_voxels
    return Plan(
        objective=objective,
        status=choice.status,
        bound_percent=None if bound_voxels is None or not total else 100.0 * bound_voxels / total,
        debulking_percent=outcome.debulking_percent,
        debulking_percent_by_volume=outcome.debulking_percent_by_volume,
        cleared=outcome.cleared,
        residual=tuple(o.lesion for o in outcome.lesions if not o.cleared),
        treatments=_treatments(case, choice.chosen, outcome),
        flr_ml=shares.flr_ml,
        flr_percent=shares.flr_percent,
        sflr_percent=shares.sflr_percent,
        flr_body_weight_percent=shares.flr_body_weight_percent,
        minimums=tuple(minimums),
        parenchyma_lost_ml=outcome.lost_ml,
        devascularized_ml=outcome.devascularized_ml,
        coverage=_coverage(case, choice.chosen, outcome),
    )


def _treatments(case: Case, chosen: Sequence[int], outcome: Simulation) -> tuple[Treatment, ...]:
    """One record each; a lesion that only several clear together is meant by all that touch it."""
    candidates = [case.problem.candidates[c] for c in chosen]
    voxels = [candidate.region(case.space) for candidate in candidates]
    tumor = [tumor_voxels(case, v) for v in voxels]
    alone = [case.cleared_by(candidate) for candidate in candidates]
    together = set(outcome.cleared).difference(*alone)
    meant = [tuple(sorted(own | (together & held.keys()))) for own, held in zip(alone, tumor, strict=True)]
    return tuple(
        _treatment(case, candidate, region, held, number=n, lesions=lesions)
        for n, (candidate, region, held, lesions) in enumerate(
            zip(candidates, voxels, tumor, meant, strict=True), start=1
        )
    )


def _treatment(
    case: Case,
    candidate: Candidate,
    voxels: Voxels,
    tumor: dict[int, int],
    *,
    number: int,
    lesions: tuple[int, ...],
) -> Treatment:
    functional = int(np.count_nonzero(case.space.functional.ravel()[voxels]))
    return Treatment(
        id=f"T{number}",
        kind=candidate.kind,
        name=candidate.name,
        lesions=lesions,
        segments=_segments(case, candidate, voxels),
        margin_mm=candidate.margin_mm,
        parenchyma_ml=functional * case.space.grid.voxel_ml,
        devascularized_ml=candidate.devascularized.size * case.space.grid.voxel_ml,
        tumor_ml=sum(tumor.values()) * case.space.grid.voxel_ml,
        **(ablation_fields(candidate, case.facts_of(candidate)) if candidate.zones else {}),
    )


def tumor_voxels(case: Case, voxels: Voxels) -> dict[int, int]:
    """Voxels of each lesion that ``voxels`` holds any of."""
    labels = case.anatomy.lesions.array.ravel()[voxels]
    ids, counts = np.unique(labels[labels > 0], return_counts=True)
    return {int(n): int(c) for n, c in zip(ids, counts, strict=True)}


def _segments(case: Case, candidate: Candidate, voxels: Voxels) -> tuple[str, ...]:
    """The segments that it removes whole, or those that hold a part of the region that counts."""
    if candidate.segments:
        return tuple(segment_name(label) for label in sorted(candidate.segments))
    if case.space.segments is None:
        return ()
    counts = np.bincount(case.space.segments.ravel()[voxels], minlength=9)
    counts[0] = 0
    return tuple(
        segment_name(int(n))
        for n in np.flatnonzero(100.0 * counts >= SHARE_THAT_COUNTS_PERCENT * voxels.size)
    )


def _coverage(case: Case, chosen: Sequence[int], outcome: Simulation) -> tuple[Coverage, ...]:
    """What happens to each lesion, and by which treatment most of it."""
    held: dict[int, list[tuple[int, TreatmentKind]]] = {}
    for c in chosen:
        candidate = case.problem.candidates[c]
        for lesion, count in tumor_voxels(case, candidate.region(case.space)).items():
            held.setdefault(lesion, []).append((count, candidate.kind))
    return tuple(
        Coverage(
            lesion=o.lesion,
            cleared=o.cleared,
            coverage_percent=o.coverage_percent,
            treatment=max(held[o.lesion], key=lambda entry: entry[0])[1] if o.lesion in held else "none",
        )
        for o in outcome.lesions
    )
