"""The fixed choices of the settings as candidates and lesions of one patient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from netlm_imaging.anatomy import segment_name
from netlm_imaging.errors import Fault, NetlmError, PlanError, UsageError
from netlm_imaging.plan.anatomical import procedures
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.devices import devices_named
from netlm_imaging.plan.fixed import Fixed
from netlm_imaging.plan.records import LesionOptions
from netlm_imaging.settings import FixedChoice, Settings


def require_known(settings: Settings) -> None:
    """Raise UsageError (BAD_SETTINGS) for each device and procedure of ``plan.fix`` that nobody knows.

    A choice that forbids what is spelled wrong would forbid nothing.
    """
    faults: list[Fault] = []
    for where, choice in _numbered(settings.plan.fix):
        try:
            if choice.name is not None:
                _require_procedure(choice.name, where=where)
            if choice.device is not None:
                devices_named((choice.device,), settings, key=f"{where}.device")
        except UsageError as error:
            faults += error.faults
    if faults:
        raise UsageError(*faults)


def require_lesions(choices: Sequence[FixedChoice], lesions: Iterable[int]) -> None:
    """Raise UsageError (BAD_SETTINGS) for each choice of a lesion that is not there.

    Before the treatments are made, which takes long.
    """
    there = sorted(lesions)
    faults = [
        _fault(
            f"one of the lesions ({', '.join(map(str, there)) or 'none'})", f"lesion {choice.lesion}", where
        )
        for where, choice in _numbered(choices)
        if choice.lesion is not None and choice.lesion not in there
    ]
    if faults:
        raise UsageError(*faults)


def fixed_of(
    choices: Sequence[FixedChoice],
    candidates: Sequence[Candidate],
    options: Sequence[LesionOptions],
    *,
    comparing: bool = False,
) -> Fixed:
    """``choices`` as what a plan obeys. ``options``: of every lesion, with the reasons of what is impossible.

    ``require_known`` and ``require_lesions`` have looked at them. Raises UsageError (BAD_SETTINGS) for a
    choice that names several candidates, PlanError (TREATMENT_IMPOSSIBLE) for one that cannot be done; of
    both kinds all at once. ``comparing``: with other devices than those that the choices were
    made for; what these cannot do is left out.
    """
    fixed = Fixed()
    faults: list[NetlmError] = []
    for where, choice in _numbered(choices):
        try:
            fixed = _with(fixed, choice, candidates, options, where=where)
        except PlanError as error:
            if not comparing:
                faults.append(error)
        except UsageError as error:
            if not comparing or choice.kind != "ablation":
                faults.append(error)
    if faults:
        worst: type[NetlmError] = UsageError if any(isinstance(e, UsageError) for e in faults) else PlanError
        raise worst(*(fault for error in faults for fault in error.faults))
    return fixed


def _with(
    fixed: Fixed,
    choice: FixedChoice,
    candidates: Sequence[Candidate],
    options: Sequence[LesionOptions],
    *,
    where: str,
) -> Fixed:
    if choice.kind is None:
        assert choice.lesion is not None
        field = "clear" if choice.do else "leave"
        return replace(fixed, **{field: getattr(fixed, field) | {choice.lesion}})
    found = frozenset(n for n, candidate in enumerate(candidates) if _is(candidate, choice))
    if not choice.do:
        return replace(fixed, must_not=fixed.must_not | found)
    if not found:
        raise PlanError(_impossible(choice, _reasons(choice, candidates, options), where))
    if len(found) > 1:
        devices = sorted({zone.device.id for n in found for zone in candidates[n].zones})
        raise _bad(f"one treatment: name the device ({', '.join(devices)})", f"{len(found)}", where)
    return replace(fixed, must=fixed.must | found)


def _is(candidate: Candidate, choice: FixedChoice) -> bool:
    if choice.kind == "anatomical":
        return candidate.kind == "anatomical" and candidate.name == choice.name
    devices = {zone.device.id for zone in candidate.zones}
    return (
        candidate.kind == choice.kind
        and candidate.lesions == (choice.lesion,)
        and choice.device in (None, *devices)
    )


def _require_procedure(name: str, *, where: str) -> None:
    names = [procedure.name for procedure in procedures()]
    if name not in names:
        raise _bad(f"one of {', '.join(names)}", repr(name), where)


def _reasons(
    choice: FixedChoice, candidates: Sequence[Candidate], options: Sequence[LesionOptions]
) -> list[str]:
    """Why there is no such candidate; of a procedure: the segments that are not there."""
    present = {segment_name(n) for candidate in candidates for n in candidate.segments}
    wanted = next((p.segments for p in procedures() if p.name == choice.name), ())
    if present and wanted:
        absent = [name for name in wanted if name not in present]
        return [f"the segment map has no segment {', '.join(absent)}"]
    if choice.device is not None:
        others = {
            zone.device.id
            for candidate in candidates
            if candidate.kind == choice.kind and candidate.lesions == (choice.lesion,)
            for zone in candidate.zones
        }
        if others:
            return [f"only {', '.join(sorted(others))} of the plan's devices can do it"]
    # Without any procedure the reason is the same for every lesion.
    reasons = [
        option.why_not
        for entry in options
        for option in entry.options
        if choice.lesion in (None, entry.lesion) and option.kind == choice.kind and option.why_not
    ]
    return list(dict.fromkeys(reasons))


def _impossible(choice: FixedChoice, reasons: Sequence[str], where: str) -> Fault:
    what = choice.name or f"{choice.kind} of lesion {choice.lesion}"
    device = f" with {choice.device}" if choice.device else ""
    return Fault(
        code="TREATMENT_IMPOSSIBLE",
        expected=f"a treatment that can be done: {what}{device}",
        found="; ".join(reasons) or "it is no candidate in this patient",
        where=where,
        remedy="Take it out of the fixed choices, or change the limits that forbid it",
    )


def _numbered(choices: Sequence[FixedChoice]) -> Iterator[tuple[str, FixedChoice]]:
    """Each with its place in the settings, counted from 1."""
    for number, choice in enumerate(choices, start=1):
        yield f"plan.fix[{number}]", choice


def _bad(expected: str, found: str, where: str) -> UsageError:
    return UsageError(_fault(expected, found, where))


def _fault(expected: str, found: str, where: str) -> Fault:
    return Fault(code="BAD_SETTINGS", expected=expected, found=found, where=where)
