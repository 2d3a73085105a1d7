"""All that ``plan_case`` finds, around the plan of a session and under what was fixed and drawn in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from netlm_imaging.plan.basis import Basis, redrawn
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.clock import Clock
from netlm_imaging.plan.devices import Device, comparison_devices, devices_named
from netlm_imaging.plan.drawn import Drawn, DrawnAblation
from netlm_imaging.plan.fixed import Fixed
from netlm_imaging.plan.growth_records import GrowthPlan
from netlm_imaging.plan.plan_case import Planned, larger_remnants, planned_around
from netlm_imaging.plan.plan_set import (
    Answer,
    Progress,
    Question,
    all_plans,
    answer_of,
    ask,
    case_with,
)
from netlm_imaging.plan.records import Plan
from netlm_imaging.plan.session_state import State, request_under


def planned_of(state: State, *, progress: Progress | None = None) -> Planned:
    """The plan of ``state`` is the one asked for; all others obey the same fixed choices.

    With other devices these count as far as they can be carried out. Takes up to twice ``plan.time_limit_s``.
    """
    basis = state.basis
    others = comparison_devices(basis.settings)
    question = _question(state, progress)
    return planned_around(
        question,
        _answer(question, state),
        main=state.objective,
        others=others,
        compared=lambda: _answer(question, _with_devices(question, state, others), decided=False),
    )


def deciding_of(
    state: State, *, progress: Progress | None = None
) -> tuple[tuple[Plan, ...], tuple[GrowthPlan, ...]]:
    """What a Type rests on: the plans of ``planned_of``, and what a larger remnant would allow.

    Takes up to ``plan.time_limit_s``. ``progress`` is told each step, and ends the search by raising.
    """
    question = _question(state, progress)
    answer = _answer(question, state)
    return tuple(answer.plans.values()), larger_remnants(question, answer)


def _question(state: State, progress: Progress | None) -> Question:
    basis, case = state.basis, state.basis.case
    return ask(
        basis.anatomy,
        basis.lesions,
        settings=basis.settings,
        clinical=case.clinical,
        limits=case.limits,
        progress=progress,
        around=None if case.ways is None else case.ways.around,
        space=case.space,
        resected=basis.resected,
    )


def _answer(question: Question, state: State, *, decided: bool = True) -> Answer:
    basis, clock = state.basis, Clock.of(question.settings.plan.time_limit_s)
    request = request_under(basis, state.fixed)
    case, plans, choices = all_plans(
        basis.case,
        request,
        main=state.objective,
        clock=clock,
        progress=question.progress,
        decided=state.choice if decided else None,
    )
    return answer_of(
        case,
        request,
        plans,
        choices,
        lesions=basis.lesions,
        attempts=basis.attempts,
        clock=clock,
    )


def _with_devices(question: Question, state: State, devices: tuple[Device, ...]) -> State:
    """The question of ``state`` with other devices, its plan not decided."""
    before = state.basis
    case, attempts = case_with(question, devices)
    fresh = replace(before, planned=case, case=case, drawn={}, attempts=attempts, _dominance={})
    basis, _ = redrawn(fresh, {n: _with(devices, one, before) for n, one in before.drawn.items()})
    return replace(state, basis=basis, fixed=_carried(state.fixed, before, basis))


def _with(devices: Sequence[Device], drawn: Drawn, basis: Basis) -> Drawn:
    """A zone of the largest of ``devices`` that work as the drawn one does, at the same place."""
    if not isinstance(drawn, DrawnAblation) or drawn.device in {device.id for device in devices}:
        return drawn
    (own,) = devices_named((drawn.device,), basis.settings, key="device")
    alike = [device for device in devices if device.modality == own.modality and device.probes <= own.probes]
    if not alike:
        return drawn
    largest = max(alike, key=lambda device: device.zone_mm[0] * device.zone_mm[1] * device.zone_mm[2])
    return replace(drawn, device=largest.id)


def _carried(fixed: Fixed, before: Basis, after: Basis) -> Fixed:
    """A treatment is wanted where one alone does the same, and forbidden where all that do so were."""
    old, new = before.case.problem.candidates, after.case.problem.candidates
    drawn = dict(zip(after.drawn, range(after.first_drawn, len(new)), strict=True))
    again = {n: drawn[number] for n, number in enumerate(before.drawn, before.first_drawn) if number in drawn}
    planned = new[: after.first_drawn]
    must = set[int]()
    for n in fixed.must:
        same = [again[n]] if n in again else [] if old[n].drawn else _alike(old[n], planned)
        must |= set(same) if len(same) == 1 else set()
    must_not = {again[n] for n in fixed.must_not if n in again}
    for n in fixed.must_not:
        if not old[n].drawn and fixed.must_not.issuperset(_alike(old[n], old[: before.first_drawn])):
            must_not |= set(_alike(old[n], planned))
    return replace(fixed, must=frozenset(must), must_not=frozenset(must_not))


def _alike(treatment: Candidate, among: Sequence[Candidate]) -> list[int]:
    """The numbers of those that do the same, with whatever device."""
    return [n for n, candidate in enumerate(among) if _what(candidate) == _what(treatment)]


def _what(candidate: Candidate) -> tuple[object, ...]:
    name = "" if candidate.zones else candidate.name
    return candidate.kind, name, candidate.lesions, candidate.segments
