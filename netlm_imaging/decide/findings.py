"""Everything a decision rests on, in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.records import NetlmType, Projection
from netlm_imaging.decide.rule import PERCENT_TOLERANCE, Facts, reaches, type_of
from netlm_imaging.lesions.records import Lesion, LiverVolumes, Pattern
from netlm_imaging.plan.figures import Figures
from netlm_imaging.plan.records import Minimum, Plan
from netlm_imaging.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """The case as the decision sees it."""

    lesions: Sequence[Lesion]
    liver: LiverVolumes
    pattern: Pattern
    plan: Plan
    """The parenchymal-sparing plan."""
    maximum: Plan | None
    """The plan that may use any resection."""
    clinical: Clinical
    settings: Settings
    palliative: Plan | None = None
    """The plan that treats symptomatic lesions first."""
    projections: tuple[Projection, ...] | None = None
    """What a larger remnant would allow; None: it was not looked for, as segments are not known."""

    @property
    def facts(self) -> Facts:
        """What the rule looks at."""
        return facts_of(self.lesions, self.plan, clinical=self.clinical, settings=self.settings)

    @property
    def type(self) -> NetlmType | None:
        """The Type by the rule."""
        return type_of(self.facts)

    @property
    def facts_with_major_resection(self) -> Facts | None:
        """The same case with the maximum plan, where that clears more and gives another Type."""
        plan = self.maximum
        if plan is None or plan.debulking_percent <= self.plan.debulking_percent:
            return None
        facts = facts_of(self.lesions, plan, clinical=self.clinical, settings=self.settings)
        return facts if type_of(facts) != self.type else None

    @property
    def facts_at_bound(self) -> Facts | None:
        """The same case if the unproven plan could be improved up to its bound; None when proven."""
        bound = self.plan.bound_percent
        if self.plan.status != "feasible" or bound is None:
            return None
        best = max(bound, self.plan.debulking_percent)
        complete = self.facts.complete or best >= 100.0 - PERCENT_TOLERANCE
        return replace(self.facts, debulking_percent=best, complete=complete)

    @property
    def undecided(self) -> bool:
        """The plan is not proven, and a better one could give another Type."""
        if self.plan.status == "feasible" and self.plan.bound_percent is None:
            return self.type != 1
        facts = self.facts_at_bound
        return facts is not None and type_of(facts) != self.type

    @property
    def segments_wanted(self) -> bool:
        """Anatomical resections could not be looked at, for no segments are known."""
        return self.settings.resection.anatomical and not self.liver.segments

    @property
    def segments_decide(self) -> bool:
        """Such resections could give another Type."""
        best = replace(self.facts, debulking_percent=100.0, complete=bool(self.lesions))
        return self.segments_wanted and type_of(best) != self.type

    @property
    def gray_band(self) -> bool:
        """The debulking figure is too near to the threshold to settle the Type."""
        low, high = self.settings.type.gray_band_percent
        percent = self.plan.debulking_percent
        return self.type not in (None, 1) and reaches(percent, low) and reaches(high, percent)

    @property
    def tight_minimums(self) -> tuple[Minimum, ...]:
        """Minimums of the remnant that keep a better plan away, or that the plan does not meet."""
        plans = [self.plan] if self.maximum is None else [self.plan, self.maximum]
        tight = {m.name: m for plan in reversed(plans) for m in plan.minimums if m.binding or not met(m)}
        return tuple(tight.values())

    def residual(self) -> list[Lesion]:
        """Lesions that the plan does not clear, the largest first."""
        cleared = set(self.plan.cleared)
        rest = [lesion for lesion in self.lesions if lesion.id not in cleared]
        return sorted(rest, key=lambda lesion: (-lesion.volume_ml, lesion.id))


def facts_of(
    lesions: Sequence[Lesion], plan: Plan | Figures, *, clinical: Clinical, settings: Settings
) -> Facts:
    """What the rule looks at if ``plan`` is what can be achieved."""
    return Facts(
        count=len(lesions),
        debulking_percent=plan.debulking_percent,
        complete=bool(lesions) and {lesion.id for lesion in lesions} <= set(plan.cleared),
        mass_effect=clinical.mass_effect,
        hormonal_symptoms=clinical.hormonal_symptoms,
        threshold_percent=settings.type.debulking_threshold_percent,
        limited_max_lesions=settings.type.limited_max_lesions,
    )


def met(minimum: Minimum) -> bool:
    """The plan keeps this minimum."""
    return reaches(minimum.value, minimum.minimum)
