"""CaseResult: all that is known of one study, frozen; to and from case.json (schema netlm-case/1).

The records of the stages are the schema: pydantic reads and writes them as they are, so a field
has one definition and one docstring. Every key is always there; what is not known is null.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import ErrorDetails

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.records import Classification, Projection, Uncertainty
from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import Grid
from netlm_imaging.lesions.records import Lesion, LiverVolumes, Pattern
from netlm_imaging.plan.devices import Device
from netlm_imaging.plan.records import (
    FrontierPoint,
    GroupOption,
    LimitStep,
    NextLesion,
    Option,
    Plan,
    TreatmentKind,
)
from netlm_imaging.remnant.liver_function import LiverFunction
from netlm_imaging.settings import Settings

SCHEMA: Literal["netlm-case/1"] = "netlm-case/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """What made the case."""

    name: str
    version: str
    python: str
    packages: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuvRecord:
    """How SUVbw was computed: the unit of the stored values, the path taken and every input."""

    unit: str
    path: str
    inputs: dict[str, float | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRecord:
    """One series or file that went in."""

    role: str
    modality: str
    series_uid: str | None
    """A hash of it, unless identifiers are kept; null for files without one."""
    instances: int
    sha256: str
    """Of the voxels and geometry as read: equal input gives an equal value."""
    shape_kji: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    description: str
    suv: SuvRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """How another frame of reference was brought onto the planning grid, and how well it fits."""

    moving: str
    fixed: str
    method: str
    translation_mm: tuple[float, float, float]
    """Displacement of the middle of the fixed image, x, y, z in LPS."""
    rotation_degrees: float
    """Angle about the rotation's own axis."""
    quality: float
    """0 (nothing fits) to 1; what it measures is said by ``quality_measure``."""
    quality_measure: str
    acceptable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLesion(Lesion):
    """A lesion with what the plan does to it."""

    treatment: TreatmentKind | Literal["none"]
    cleared: bool
    coverage_percent: float
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceComparison:
    """The plans again with other ablation devices: patient series, unless the settings name others."""

    devices: tuple[Device, ...]
    plan: Plan
    """For the same objective as the case's plan."""
    alternatives: tuple[Plan, ...]
    debulking_change_percent: float
    """Points by lesion that ``plan`` here clears more (or, below 0, less) than the case's plan."""
    no_longer_cleared: tuple[int, ...]
    """Lesions that only the case's plan clears."""
    only_larger_zone: tuple[int, ...]
    """Lesions that one zone of the case's devices covers with its margin, and no zone of these."""
    type: Literal[1, 2, 3, 4] | None
    """The Type that these plans give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One finished study."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    schema: Literal["netlm-case/1"] = SCHEMA
    software: Software
    inputs: tuple[InputRecord, ...]
    settings: Settings
    clinical: Clinical
    warnings: tuple[Notice, ...]
    registrations: tuple[Registration, ...]
    grid: Grid
    liver: LiverVolumes
    lesions: tuple[CaseLesion, ...]
    groups: tuple[GroupOption, ...] = ()
    """Of close lesions: whether one wedge, or one ablation zone, can take out all of them; if not, why."""
    pattern: Pattern
    plan: Plan
    alternatives: tuple[Plan, ...]
    frontier: tuple[FrontierPoint, ...]
    frontier_complete: bool = False
    """Whether every plan that nothing beats is in ``frontier``; else some lie between its points."""
    frontier_by_interventions: tuple[FrontierPoint, ...] = ()
    """The best debulking for each number of interventions."""
    next_lesions: tuple[NextLesion, ...] = ()
    """Of those that ``sparing`` leaves, which would buy most."""
    limit_steps: tuple[LimitStep, ...] = ()
    """What one step more of a limit would let ``sparing`` clear."""
    projections: tuple[Projection, ...] = ()
    """What a larger remnant would allow, after portal vein embolization and in two stages."""
    function: LiverFunction | None = None
    """Of the liver and the plan's remnant; null without a hepatobiliary phase."""
    devices: tuple[Device, ...] = ()
    """Ablation devices that the plans may use."""
    device_comparison: DeviceComparison | None = None
    """Null where nothing was compared."""
    uncertainty: Uncertainty | None
    classification: Classification

    def to_json(self) -> str:
        """case.json: indented, keys in the contract's order, a newline at the end."""
        return json.dumps(_ADAPTER.dump_python(self, mode="json"), indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes, *, where: str = "case.json") -> CaseResult:
        """A case from the text of ``where``.

        Raises InputError (BAD_CASE): absent keys as one fault, each wrong one; of what is no case, only that.
        """
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError as error:
            details = error.errors()
        other = next((d for d in details if d["type"] == "json_invalid" or d["loc"] == ("schema",)), None)
        if other is not None:
            raise InputError(_other_file(other, where))
        absent = [".".join(map(str, d["loc"])) for d in details if d["type"] == "missing"]
        faults = [
            _bad_case(
                f"{'.'.join(map(str, d['loc'])) or 'the file'}: {d['msg']}", type(d["input"]).__name__, where
            )
            for d in details
            if d["type"] != "missing"
        ]
        if absent:
            found = f"one without {', '.join(absent[:20])}"
            faults.insert(0, _bad_case(f"a case of schema {SCHEMA}", found, where))
        raise InputError(*faults[:20])


def _bad_case(expected: str, found: str, where: str) -> Fault:
    return Fault(code="BAD_CASE", expected=expected, found=found, where=where)


def _other_file(detail: ErrorDetails, where: str) -> Fault:
    """The fault of what is no case at all: no JSON, or of another schema."""
    schema = str(detail["input"])[:40]
    found = "no JSON" if detail["type"] == "json_invalid" else f"schema {schema!r}"
    if schema.startswith("netlm-plan/"):
        found = f"a plan file ({found}), which `netlm compare` takes"
    return Fault(
        code="BAD_CASE",
        expected=f"a finished case (case.json, schema {SCHEMA})",
        found=found,
        where=where,
        remedy="Give case.json as it was written, from the folder that --out named",
    )


def case_json_schema(generator: type[GenerateJsonSchema] = GenerateJsonSchema) -> dict[str, Any]:
    """The JSON Schema of case.json, made by ``generator``."""
    return _ADAPTER.json_schema(mode="serialization", schema_generator=generator)


_ADAPTER: TypeAdapter[CaseResult] = TypeAdapter(CaseResult)
