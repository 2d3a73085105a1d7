"""A session from a plan file and the masks that it was made on."""

from __future__ import annotations

from dataclasses import replace

from netlm_imaging.anatomy import Anatomy, Surroundings
from netlm_imaging.errors import Fault, InputError
from netlm_imaging.lesions import measure
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.basis import Basis, planned_basis, redrawn
from netlm_imaging.plan.fixed import Fixed, key_of
from netlm_imaging.plan.optimize import Choice
from netlm_imaging.plan.plan_file import PlanFile, mask_sha256, masks_of, region_sha256
from netlm_imaging.plan.session import PlanSession
from netlm_imaging.plan.session_state import State, TypeOf
from netlm_imaging.plan.settle import unknown_losses
from netlm_imaging.volume import LabelMap, Mask


def reopened(
    file: PlanFile,
    anatomy: Anatomy,
    *,
    around: Surroundings | None = None,
    lesions: tuple[Lesion, ...] | None = None,
    seconds: float | None = None,
    type_of: TypeOf | None = None,
) -> PlanSession:
    """The session of ``file`` on the same masks: exactly its treatments, the same figures to the voxel.

    ``around``, on the grid of ``anatomy``: what probes from the skin meet, which the file does not hold;
    without it only paths from the capsule are sought, as in ``plan_case``.
    ``lesions``: their table, where more of them is known than the masks tell.

    Raises InputError: PLAN_OF_OTHER_MASKS (each mask that differs), PLAN_NOT_REPRODUCED (each treatment
    that comes out otherwise, as another version may make it).
    """
    _require_same_masks(file, anatomy)
    anatomy = _on_grid_of(file, anatomy)
    lesions = measure(anatomy) if lesions is None else lesions
    basis = planned_basis(
        anatomy,
        lesions,
        settings=file.settings,
        clinical=file.clinical,
        limits=file.minimums,
        around=around,
    )
    basis, gone = redrawn(basis, {entry.number: entry.drawn for entry in file.drawings})
    return PlanSession(
        state=_state(file, basis, gone),
        seconds=file.settings.plan.time_limit_s if seconds is None else seconds,
        type_of=type_of,
    )


def _state(file: PlanFile, basis: Basis, gone: tuple[str, ...]) -> State:
    space, candidates = basis.case.space, basis.case.problem.candidates
    number = {key_of(candidate): n for n, candidate in enumerate(candidates)}
    wrong = [
        t
        for t in file.treatments
        if t.key not in number or region_sha256(candidates[number[t.key]].region(space)) != t.sha256
    ]
    if wrong or gone:
        raise InputError(
            *(_not_reproduced(f"{t.id}, {t.key.name}") for t in wrong),
            *(_not_reproduced(text) for text in gone),
        )
    chosen = tuple(sorted(number[t.key] for t in file.treatments))
    fixed = Fixed(
        must=frozenset(number[t.key] for t in file.treatments if t.must),
        must_not=frozenset(number[key] for key in file.must_not if key in number),
        clear=frozenset(file.clear),
        leave=frozenset(file.leave),
    )
    choice = Choice(status=file.status, chosen=chosen, bound_voxels=file.bound_voxels)
    # What they lose only together stands in no candidate.
    basis = basis.knowing(unknown_losses(basis.case, [chosen]))
    return State(basis=basis, objective=file.objective, fixed=fixed, choice=choice)


def _require_same_masks(file: PlanFile, anatomy: Anatomy) -> None:
    given = {name: mask_sha256(mask) for name, mask in masks_of(anatomy).items()}
    saved = {mask.name: mask.sha256 for mask in file.masks}
    faults = [
        _other_masks(f"the {name.replace('_', ' ')} mask of the plan", _found(name, saved, given))
        for name in sorted(saved.keys() | given.keys())
        if saved.get(name) != given.get(name)
    ]
    if not file.grid.same_as(anatomy.grid):
        faults.append(_other_masks("masks on the plan's grid", "another grid"))
    if faults:
        raise InputError(*faults)


def _found(name: str, saved: dict[str, str], given: dict[str, str]) -> str:
    if name not in saved:
        return "one that the plan was made without"
    return "other voxels" if name in given else "none"


def _on_grid_of(file: PlanFile, anatomy: Anatomy) -> Anatomy:
    """The same masks on the very grid of the file: files of masks round its numbers."""
    moved: dict[str, Mask | LabelMap] = {
        name: type(mask)(mask.array, file.grid) for name, mask in masks_of(anatomy).items()
    }
    return replace(anatomy, vessels_traced=file.vessels_traced, **moved)  # type: ignore[arg-type]


def _other_masks(expected: str, found: str) -> Fault:
    return Fault(
        code="PLAN_OF_OTHER_MASKS",
        expected=expected,
        found=found,
        where="plan.json",
        remedy="Give the masks of the case that the plan belongs to",
    )


def _not_reproduced(what: str) -> Fault:
    return Fault(
        code="PLAN_NOT_REPRODUCED",
        expected=f"the treatment as it was saved: {what}",
        found="other voxels",
        where="plan.json",
        remedy="Open it with the version that wrote it, or plan again",
    )
