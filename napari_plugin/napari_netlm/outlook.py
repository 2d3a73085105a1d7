"""What more than the plan that stands could be had: the frontier, and a larger remnant; no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import Any

from psygnal import Signal

from napari_netlm.planning import Planning
from napari_netlm.runner import refusal
from netlm_imaging.decide import projections
from netlm_imaging.decide.records import Projection
from netlm_imaging.plan.records import FrontierPoint, More, NextLesion
from netlm_imaging.plan.session_more import growth_of, more_of
from netlm_imaging.plan.session_state import State
from netlm_imaging.settings import Settings, validated

SECONDS = 20.0
"""For each search."""
DIGITS = 2
"""Of a limit taken from the frontier, rounded down: the point itself must keep it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """What a search was asked about: it stays true while only the plan under these changes."""

    kind: str
    state: State

    def still_holds_for(self, state: State) -> bool:
        """Whether limits, treatments and fixed choices are the same."""
        mine, other = self.state, state
        most_lost = mine.basis.limits.budget_voxels
        return (
            (self.kind != "frontier" or other.basis.limits.budget_voxels <= most_lost)  # where it ends
            and mine.basis.case.problem.candidates is other.basis.case.problem.candidates
            and mine.fixed == other.fixed
            and _searched(mine.basis.settings, self.kind) == _searched(other.basis.settings, self.kind)
            and mine.basis.case.clinical == other.basis.case.clinical
        )


def _searched(settings: Settings, kind: str) -> Settings:
    """What the answer depends on: a point of the frontier that was taken is a limit within it."""
    if kind != "frontier":
        return settings
    return settings.model_copy(update={"flr": settings.flr.model_copy(update={"minimum_percent": None})})


class Outlook:
    """Searches on demand, one at a time of each kind; a new one replaces what was found."""

    changed = Signal()
    failed = Signal(object)
    """With the NetlmError."""

    def __init__(self, planning: Planning) -> None:
        self.planning = planning
        self.more: More | None = None
        self.growth: tuple[Projection, ...] | None = None
        self.searching: set[str] = set()
        """``frontier`` and ``growth``, while they are looked for."""
        self._asked: dict[str, Asked] = {}

    @property
    def outdated(self) -> set[str]:
        """What was found for other limits or fixed choices than those of now."""
        state = self.planning.session.state
        return {kind for kind, asked in self._asked.items() if not asked.still_holds_for(state)}

    @property
    def next_lesions(self) -> tuple[NextLesion, ...]:
        """What buys most, of the minimum remnant that it was asked for; none once another one stands."""
        if self.more is None:
            return ()
        asked, now = (s.basis.limits for s in (self._asked["frontier"].state, self.planning.session.state))
        return self.more.next_lesions if asked.budget_voxels == now.budget_voxels else ()

    def find_frontier(self, *, seconds: float = SECONDS) -> None:
        """What less liver lost would clear, under what is fixed now."""
        state = self.planning.session.state
        self._search("frontier", state, lambda: more_of(state, seconds=seconds))

    def find_growth(self, *, seconds: float = SECONDS) -> None:
        """What would be possible after portal vein embolization, and in two stages."""
        state, lesions = self.planning.session.state, self.planning.started.lesions

        def search() -> tuple[Projection, ...]:
            found, plans = growth_of(state, seconds=seconds)
            clinical, settings = state.basis.case.clinical, state.basis.settings
            return projections(found, plans, lesions=lesions, clinical=clinical, settings=settings)

        self._search("growth", state, search)

    def take(self, point: FrontierPoint) -> None:
        """Plan so that as much liver stays as at a point of the frontier: its FLR becomes a limit."""
        data = self.planning.settings.model_dump(mode="json")
        data["flr"]["minimum_percent"] = floor(point.flr_percent * 10**DIGITS) / 10**DIGITS
        settings = validated(Settings, data, code="BAD_SETTINGS", where="settings")
        self.planning.change(settings)

    def _search(self, kind: str, state: State, job: Any) -> None:
        if kind in self.searching:
            return
        self.searching.add(kind)
        self.changed.emit()
        self.planning.run(job, lambda answer: self._found(kind, state, answer))

    def _found(self, kind: str, state: State, answer: Any) -> None:
        self.searching.discard(kind)
        error = refusal(answer)
        if error is not None:
            self.failed.emit(error)
        else:
            self._asked[kind] = Asked(kind=kind, state=state)
            if kind == "frontier":
                self.more = answer
            else:
                self.growth = answer
        self.changed.emit()
