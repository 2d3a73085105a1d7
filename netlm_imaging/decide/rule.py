"""The rule itself: from the facts of a case to its Type (Mahuron & Singh 2023, section 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netlm_imaging.decide.records import NetlmType

PERCENT_TOLERANCE = 1e-9
"""Rounding of a sum of volumes; 70 % reached is 70 % reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the rule looks at; everything else changes the management, never the Type."""

    count: int
    debulking_percent: float
    """Achievable, by lesion, with the parenchymal-sparing plan."""
    complete: bool
    """That plan clears every lesion."""
    mass_effect: Literal["none", "profound"] | None
    hormonal_symptoms: Literal["none", "controlled", "uncontrolled"] | None
    threshold_percent: float
    limited_max_lesions: int

    @property
    def limited(self) -> bool:
        """A limited number of lesions."""
        return self.count <= self.limited_max_lesions

    @property
    def reaches_threshold(self) -> bool:
        """Debulking of at least the threshold."""
        return reaches(self.debulking_percent, self.threshold_percent)

    @property
    def profound_symptoms(self) -> bool | None:
        """Mass effect, or hormonal symptoms not controlled medically; None when that is not known."""
        if self.mass_effect == "profound" or self.hormonal_symptoms == "uncontrolled":
            return True
        if self.mass_effect is None or self.hormonal_symptoms is None:
            return None
        return False


def reaches(percent: float, limit_percent: float) -> bool:
    """At least ``limit_percent``."""
    return percent >= limit_percent - PERCENT_TOLERANCE


def type_of(facts: Facts) -> NetlmType | None:
    """The Type; None without a lesion.

    Symptoms that are not known do not make a Type 4: the case is then a provisional Type 3.
    """
    if facts.count == 0:
        return None
    if facts.complete and facts.limited:
        return 1
    if facts.reaches_threshold:
        return 2
    return 4 if facts.profound_symptoms else 3
