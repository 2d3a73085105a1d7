"""plan.json (schema netlm-plan/1): a plan with its full geometry, which names its masks by their hash.

What a surgeon drew is kept as drawn. What the planner made is kept by its key and made again from the
masks and the settings of the file; that it comes out the same is checked by the hash of its voxels.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from typing import Annotated, Literal

import numpy as np
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.plan.drawn import Drawn
from netlm_imaging.plan.fixed import CandidateKey, key_of
from netlm_imaging.plan.records import Plan, Status
from netlm_imaging.plan.session_state import State
from netlm_imaging.plan.workspace import Voxels
from netlm_imaging.remnant import FlrLimit
from netlm_imaging.settings import Objective, Settings
from netlm_imaging.volume import LabelMap, Mask

SCHEMA: Literal["netlm-plan/1"] = "netlm-plan/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedMask:
    """One mask of the planning grid."""

    name: str
    sha256: str
    """Of its voxels (``mask_sha256``); the grid stands beside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedTreatment:
    """One treatment of the plan; its zones and devices stand in ``plan.treatments`` under the same id."""

    id: str
    key: CandidateKey
    drawn: int | None
    """Its number among those drawn by hand."""
    must: bool
    """Fixed by the surgeon."""
    voxels: int
    sha256: str
    """Of the voxels that it removes or destroys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedDrawing:
    """One treatment drawn by hand, done or not."""

    number: int
    drawn: Annotated[Drawn, Field(discriminator="form")]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """Everything that is needed to go on with a plan where its masks are at hand."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    schema: Literal["netlm-plan/1"] = SCHEMA
    masks: tuple[NamedMask, ...]
    vessels_traced: bool
    """As ``Anatomy.vessels_traced``: a mask file does not tell."""
    grid: Grid
    objective: Objective
    settings: Settings
    clinical: Clinical
    minimums: tuple[FlrLimit, ...]
    treatments: tuple[SavedTreatment, ...]
    drawings: tuple[SavedDrawing, ...]
    must_not: tuple[CandidateKey, ...]
    clear: tuple[int, ...]
    """Lesions that must be cleared."""
    leave: tuple[int, ...]
    """Lesions that get no treatment of their own."""
    status: Status
    bound_voxels: int | None
    plan: Plan
    """Its figures and treatments, as in case.json."""

    def to_json(self) -> str:
        """Indented, a newline at the end; the same bytes for the same plan."""
        return json.dumps(_ADAPTER.dump_python(self, mode="json"), indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, *, where: str = "plan.json") -> PlanFile:
        """A plan from the text of ``where``. Raises InputError (BAD_PLAN_FILE), all that is wrong at once."""
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError as error:
            details = error.errors()
        other = next((d for d in details if d["type"] == "json_invalid" or d["loc"] == ("schema",)), None)
        if other is not None:
            raise InputError(_other_file(other, where))
        raise InputError(
            *(
                Fault(
                    code="BAD_PLAN_FILE",
                    expected=f"{'.'.join(map(str, d['loc'])) or 'the file'}: {d['msg']}",
                    found="nothing" if d["type"] == "missing" else type(d["input"]).__name__,
                    where=where,
                    remedy="Give the file as it was written",
                )
                for d in details[:20]
            )
        )


def _other_file(detail: ErrorDetails, where: str) -> Fault:
    """The fault of what is no plan file at all: no JSON, or of another schema."""
    return Fault(
        code="BAD_PLAN_FILE",
        expected=f"a plan file (plan.json, schema {SCHEMA})",
        found="no JSON" if detail["type"] == "json_invalid" else f"schema {str(detail['input'])[:40]!r}",
        where=where,
        remedy="Give plan.json as it was written, or the folder of the case",
    )


def plan_file_of(state: State, anatomy: Anatomy, *, plan: Plan | None = None) -> PlanFile:
    """``state`` as a file. ``anatomy``: all of it; ``plan``: the record, where more of it is known."""
    basis, case = state.basis, state.basis.case
    candidates = case.problem.candidates
    numbers = list(basis.drawn)
    return PlanFile(
        masks=tuple(NamedMask(name=n, sha256=mask_sha256(m)) for n, m in masks_of(anatomy).items()),
        vessels_traced=anatomy.vessels_traced,
        grid=anatomy.grid,
        objective=state.objective,
        settings=basis.settings,
        clinical=case.clinical,
        minimums=case.limits,
        treatments=tuple(
            SavedTreatment(
                id=f"T{n}",
                key=key_of(candidates[c]),
                drawn=numbers[c - basis.first_drawn] if c >= basis.first_drawn else None,
                must=c in state.fixed.must,
                voxels=int(candidates[c].region(case.space).size),
                sha256=region_sha256(candidates[c].region(case.space)),
            )
            for n, c in enumerate(state.choice.chosen, start=1)
        ),
        drawings=tuple(SavedDrawing(number=n, drawn=drawn) for n, drawn in basis.drawn.items()),
        must_not=tuple(key_of(candidates[c]) for c in sorted(state.fixed.must_not)),
        clear=tuple(sorted(state.fixed.clear)),
        leave=tuple(sorted(state.fixed.leave)),
        status=state.choice.status,
        bound_voxels=state.choice.bound_voxels,
        plan=plan or state.plan,
    )


def masks_of(anatomy: Anatomy) -> dict[str, Mask | LabelMap]:
    """The masks that are given, by their names in the anatomy."""
    named = {field.name: getattr(anatomy, field.name) for field in fields(anatomy)}
    return {name: part for name, part in named.items() if isinstance(part, Mask | LabelMap)}


def mask_sha256(mask: Mask | LabelMap) -> str:
    """SHA-256 over the shape and the voxels as 32-bit labels: how a file stores them is no matter."""
    digest = hashlib.sha256(repr(mask.array.shape).encode())
    for plane in mask.array:
        digest.update(np.ascontiguousarray(plane, dtype="<i4").data)
    return digest.hexdigest()


def region_sha256(voxels: Voxels) -> str:
    """SHA-256 over flat indices of the liver's box."""
    return hashlib.sha256(np.ascontiguousarray(voxels, dtype="<i8").data).hexdigest()


_ADAPTER: TypeAdapter[PlanFile] = TypeAdapter(PlanFile)
