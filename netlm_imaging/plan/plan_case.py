"""All plans of one patient: five objectives, the frontier, and the same with other ablation devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from netlm_imaging.anatomy import Anatomy, Surroundings
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Notice
from netlm_imaging.lesions.plausibility import small_lesion_notices
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.binding import budget_voxels
from netlm_imaging.plan.devices import Device, chosen_devices, comparison_devices
from netlm_imaging.plan.fixes import require_known
from netlm_imaging.plan.growth_plan import growth_plans
from netlm_imaging.plan.growth_records import GrowthPlan
from netlm_imaging.plan.inflow_notices import inflow_notices
from netlm_imaging.plan.more import more_than
from netlm_imaging.plan.notices import (
    access_notices,
    device_notices,
    drawn_shaft_notices,
    fixed_notices,
    margin_notices,
    plan_notices,
    structure_notices,
)
from netlm_imaging.plan.optimize import Choice
from netlm_imaging.plan.options import Attempts
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.plan_set import ORDER, Answer, Progress, Question, answer_with, ask
from netlm_imaging.plan.records import GroupOption, LesionOptions, More, Plan
from netlm_imaging.plan.resection_notices import resection_notices
from netlm_imaging.remnant import FlrLimit
from netlm_imaging.settings import Objective, Settings
from netlm_imaging.volume import Mask, Volume

MORE_SHARE = 0.6
"""Of the time that the plans leave, for what more could be had."""
GROWTH_SHARE = 0.5
"""Of what is then left, for what a larger remnant would allow."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planned:
    """Everything the planner found."""

    case: Case
    choices: Mapping[Objective, Choice]
    """The candidates of every plan."""
    plan: Plan
    """For settings.plan.objective."""
    alternatives: tuple[Plan, ...]
    """The other objectives, in the order of the contract."""
    more: More
    """What more than the sparing plan could be had, and for what."""
    growth: tuple[GrowthPlan, ...]
    """What would clear more after portal vein embolization and in two stages; never the plan."""
    attempts: Attempts
    """What was tried for each lesion and for close ones together."""
    treated: Mask
    """Liver that ``plan`` removes or destroys, on the planning grid."""
    remnant: Mask
    """Functional liver that ``plan`` leaves with its inflow, on the planning grid."""
    devascularized: Mask | None
    """Functional liver that ``plan`` leaves without inflow, on the planning grid; None without any."""
    ablation_margin: Volume | None
    """mm of margin at the surface voxels of the lesions that ``plan`` ablates, 0 elsewhere and where the
    surface is subcapsular, on the planning grid; None without an ablation."""
    notices: tuple[Notice, ...]
    devices: tuple[Device, ...]
    """What the plans may ablate with."""
    comparison: Comparison | None
    """The same plans with other devices, patient series unless the settings name others."""

    @property
    def options(self) -> tuple[LesionOptions, ...]:
        """Which kinds of treatment can clear each lesion; if not, why."""
        return self.attempts.options(self._budget_voxels)

    @property
    def groups(self) -> tuple[GroupOption, ...]:
        """Of close lesions: whether one wedge, or one ablation zone, takes out all of them; if not, why."""
        return self.attempts.groups(self._budget_voxels)

    @property
    def _budget_voxels(self) -> int:
        return budget_voxels(self.case.anatomy, self.case.limits)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Every plan with other ablation devices; all else is the same."""

    devices: tuple[Device, ...]
    plans: tuple[Plan, ...]
    """In the order of ``plan`` and ``alternatives``."""
    only_larger_zone: tuple[int, ...]
    """Lesions that one zone of the plan's devices covers with its margin, and no zone of these."""


def plan_case(
    anatomy: Anatomy,
    lesions: tuple[Lesion, ...],
    *,
    settings: Settings,
    clinical: Clinical,
    limits: tuple[FlrLimit, ...],
    progress: Progress | None = None,
    around: Surroundings | None = None,
) -> Planned:
    """Find the best combination of treatments for every objective (planner.md 1-4).

    ``lesions`` is the table of all lesions of ``anatomy``. ``limits`` are the minimums of the remnant;
    where the liver does not meet them even untouched, every plan is ``infeasible`` and empty.
    Without lesions the plans are empty and optimal, and their debulking figures are 0: there is
    nothing to debulk. ``around``, on the grid of ``anatomy``: what probes from the skin meet; without it
    only paths from the capsule are sought.
    """
    require_known(settings)
    devices, others = chosen_devices(settings), comparison_devices(settings)
    question = ask(
        anatomy,
        lesions,
        settings=settings,
        clinical=clinical,
        limits=limits,
        progress=progress,
        around=around,
    )
    answer = answer_with(question, devices)
    return planned_around(
        question,
        answer,
        main=settings.plan.objective,
        others=others,
        compared=lambda: answer_with(question, others, comparing=True),
    )


def planned_around(
    question: Question,
    answer: Answer,
    *,
    main: Objective,
    others: tuple[Device, ...],
    compared: Callable[[], Answer],
) -> Planned:
    """All that is to be said of the plan for ``main``. ``compared``: with the devices ``others``, if any."""
    case, space, settings, clinical = answer.case, question.space, question.settings, question.clinical
    anatomy, devices = question.ways.anatomy, chosen_devices(settings)
    _say(question, "What more could be had")
    more = more_than(
        case,
        answer.choices["sparing"],
        answer.request,
        seconds=answer.clock.share(MORE_SHARE),
        most_points=settings.plan.max_frontier_points,
    )
    treated = case.treated(answer.choices[main].chosen)
    deprived = case.devascularized(answer.choices[main].chosen)
    mapped = case.margin_map(answer.choices[main].chosen)
    return Planned(
        case=case,
        choices=answer.choices,
        plan=answer.plans[main],
        alternatives=_in_order(answer.plans, main)[1:],
        more=more,
        growth=larger_remnants(question, answer),
        attempts=answer.attempts,
        treated=Mask(treated, space.grid).paste_into(anatomy.grid),
        remnant=Mask(space.functional & ~treated & ~deprived, space.grid).paste_into(anatomy.grid),
        devascularized=Mask(deprived, space.grid).paste_into(anatomy.grid) if deprived.any() else None,
        ablation_margin=None if mapped is None else mapped.paste_into(anatomy.grid),
        notices=(
            *fixed_notices(settings.plan.fix),
            *plan_notices(anatomy, tuple(answer.plans.values()), clinical=clinical),
            *small_lesion_notices(question.lesions, smallest_target_ml=settings.lesion.smallest_target_ml),
            *device_notices(devices, others),
            *inflow_notices(
                answer.plans[main],
                anatomy,
                tree_found=space.inflow is not None,
                from_all_vessels=settings.resection.inflow_from_all_vessels,
            ),
            *resection_notices(
                space,
                [case.problem.candidates[c] for c in answer.choices[main].chosen],
                major_vessel_mm=settings.resection.major_vessel_mm,
                cleared_fraction=case.cleared_fraction,
            ),
            *margin_notices(answer.plans[main]),
            *access_notices(answer.plans[main]),
            *drawn_shaft_notices(case.drawn_access(answer.choices[main].chosen)),
            *structure_notices(
                answer.plans[main], anatomy, warning_mm=settings.ablation.structure_caution_mm
            ),
        ),
        devices=devices,
        comparison=_comparison(question, answer, others, compared, main=main) if others else None,
    )


def _say(question: Question, what: str) -> None:
    if question.progress is not None:
        question.progress(what)


def larger_remnants(question: Question, answer: Answer) -> tuple[GrowthPlan, ...]:
    """What one would allow."""
    _say(question, "What a larger remnant would allow")
    return growth_plans(
        answer.case,
        answer.request,
        plans=answer.plans,
        choices=answer.choices,
        points_per_week=question.settings.flr.growth_percent_per_week,
        seconds=answer.clock.share(GROWTH_SHARE),
    )


def _comparison(
    question: Question,
    answer: Answer,
    devices: tuple[Device, ...],
    compared: Callable[[], Answer],
    *,
    main: Objective,
) -> Comparison:
    _say(question, "The same with the comparison devices")
    other = compared()
    return Comparison(
        devices=devices,
        plans=_in_order(other.plans, main),
        only_larger_zone=tuple(sorted(answer.ablated - other.ablated)),
    )


def _in_order(plans: dict[Objective, Plan], main: Objective) -> tuple[Plan, ...]:
    """The plan asked for, then the others in the order of the contract."""
    return (plans[main], *(plans[o] for o in ORDER if o != main))
