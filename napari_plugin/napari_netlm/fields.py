"""Facts and settings as fields of a form, made from their models: units, ranges and defaults; no Qt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.export.wording import FACT_NAMES, readable
from netlm_imaging.settings import Section, Settings, validated

Kind = Literal["choice", "yes or no", "number", "whole number", "text", "whole numbers"]
UNITS = {"mm": "mm", "cm": "cm", "kg": "kg", "ml": "mL", "percent": "%", "s": "s"}
PLAN_SETTINGS = (
    "flr.minimum_percent",
    "flr.minimum_standardized_percent",
    "flr.minimum_body_weight_percent",
    "ablation.margin_mm",
    "ablation.max_lesion_mm",
    "ablation.max_ablations",
    "resection.wedge_margin_mm",
    "resection.wedge_max_depth_mm",
    "resection.enucleation_rim_mm",
    "resection.enucleation_max_depth_mm",
    "resection.major_vessel_mm",
    "resection.max_resections",
    "resection.wedge",
    "resection.enucleation",
    "resection.anatomical",
    "plan.max_interventions",
    "plan.max_segments_sparing",
    "type.debulking_threshold_percent",
    "flr.growth_percent_per_week",
)
"""What a surgeon changes while planning; all others are for files."""
NAMES = {
    "grade": "Grade",
    "ki67_percent": "Ki-67",
    "ablation.max_lesion_mm": "Ablation: largest lesion",
    "ablation.max_ablations": "Most ablations",
    "resection.wedge_max_depth_mm": "Wedge: deepest",
    "resection.wedge_margin_mm": "Wedge: margin",
    "resection.wedge": "Wedges",
    "resection.enucleation_rim_mm": "Enucleation: rim",
    "resection.enucleation_max_depth_mm": "Enucleation: deepest",
    "resection.enucleation": "Enucleations",
    "resection.anatomical": "Anatomical resections",
    "resection.major_vessel_mm": "Vessel too wide to cut",
    "resection.max_resections": "Most resections",
    "plan.max_interventions": "Most interventions",
    "plan.max_segments_sparing": "Most whole segments",
    "flr.minimum_percent": "Least FLR",
    "flr.minimum_standardized_percent": "Least sFLR",
    "flr.minimum_body_weight_percent": "Least FLR / body weight",
    "flr.growth_percent_per_week": "Growth after PVE, points a week",
    "type.debulking_threshold_percent": "Debulking threshold",
}
UNKNOWN, FROM_LIVER = "unknown", "as published"
Model = TypeVar("Model", bound=Section)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value that can be set."""

    path: str
    label: str
    kind: Kind
    tip: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: str = ""
    absent: str | None = None
    """What it means when nothing is given; None: something must be."""


def clinical_fields() -> tuple[Field, ...]:
    """All facts of a patient, in the order of the file."""
    return tuple(
        _field(Clinical, name, name, NAMES.get(name) or FACT_NAMES.get(name, readable(name)), absent=UNKNOWN)
        for name in Clinical.model_fields
    )


def plan_fields() -> tuple[Field, ...]:
    """The settings that a plan is edited under."""
    found = []
    for path in PLAN_SETTINGS:
        section, name = path.split(".")
        model = type(getattr(Settings(), section))
        label = NAMES.get(path, f"{section.capitalize()}: {_without_unit(name)}")
        absent = FROM_LIVER if section == "flr" else "no limit"
        found.append(_field(model, name, path, label, absent=absent))
    return tuple(found)


def value_of(section: Section, path: str) -> Any:
    """The value at a path such as ``ablation.margin_mm``."""
    value: Any = section
    for name in path.split("."):
        value = getattr(value, name)
    return value


def text_of(section: Section, field: Field) -> str:
    """The value as it is written in the form; empty for none."""
    value = value_of(section, field.path)
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def with_text(section: Model, field: Field, text: str) -> Model:
    """``section`` with one value as it was written. Raises UsageError: BAD_CLINICAL, BAD_SETTINGS."""
    clinical = isinstance(section, Clinical)
    code, where = ("BAD_CLINICAL", "clinical facts") if clinical else ("BAD_SETTINGS", "settings")
    data = section.model_dump(mode="json")
    table, *rest = field.path.split(".")
    inner = data if not rest else data[table]
    name = rest[0] if rest else table
    inner[name] = _parsed(text.strip(), field, code=code, where=where)
    if field.path == "type.debulking_threshold_percent":
        del inner["gray_band_percent"]  # follows the threshold
    return validated(type(section), data, code=code, where=where)


def _parsed(text: str, field: Field, *, code: str, where: str) -> Any:
    if not text:
        return () if field.kind == "whole numbers" else None
    try:
        if field.kind == "whole numbers":
            return tuple(int(part) for part in text.replace(",", " ").split())
        if field.kind in ("number", "whole number"):
            number = float(text.replace(",", "."))
            return int(number) if field.kind == "whole number" and number.is_integer() else number
    except ValueError as error:
        fault = Fault(code=code, expected=f"{field.label}: {field.tip}", found=repr(text[:40]), where=where)
        raise UsageError(fault) from error
    if field.kind == "yes or no":
        return text == "yes"
    return text


def _field(model: type[Section], name: str, path: str, label: str, *, absent: str) -> Field:
    info = model.model_fields[name]
    parts = list(_parts(Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation))
    limits = {key: getattr(p, key) for p in parts for key in ("ge", "gt", "le") if hasattr(p, key)}
    low, high = limits.get("ge", limits.get("gt")), limits.get("le")
    choices = tuple(p for p in parts if isinstance(p, str))
    kind = _kind(parts, choices)
    unit = UNITS.get(name.rsplit("_", 1)[-1], "") if kind == "number" else ""
    optional = NoneType in parts or tuple in parts
    default = "" if info.default in (None, ()) else f"; default {_shown(info.default)}"
    said = {
        "choice": " / ".join(choices),
        "yes or no": "yes or no",
        "text": "in words",
        "whole numbers": "numbers of lesions, such as 2, 5",
    }.get(kind) or f"{low:g} to {high:g} {unit}".strip()
    return Field(
        path=path,
        label=label[:1].upper() + label[1:],
        kind=kind,
        tip=f"{path}: {said}{default}" + (f"; empty: {absent}" if optional else ""),
        choices=("yes", "no") if kind == "yes or no" else choices,
        low=low,
        high=high,
        unit=unit,
        absent=absent if optional else None,
    )


def _kind(parts: list[Any], choices: tuple[str, ...]) -> Kind:
    if choices:
        return "choice"
    kinds: Mapping[Any, Kind] = {
        tuple: "whole numbers",
        bool: "yes or no",
        int: "whole number",
        float: "number",
        str: "text",
    }
    return next(kind for base, kind in kinds.items() if base in parts)


def _parts(annotation: Any) -> Iterator[Any]:
    """Base types, the values of Literals and the constraints of an annotation."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _parts(part)
    elif origin is Annotated:
        base, *constraints = get_args(annotation)
        yield from _parts(base)
        for constraint in constraints:
            yield constraint
            yield from getattr(constraint, "metadata", ())
    elif origin is Literal:
        yield from get_args(annotation)
    elif origin is tuple:
        yield tuple
    else:
        yield annotation


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _without_unit(name: str) -> str:
    first, _, last = name.rpartition("_")
    return readable(first if last in UNITS and first else name)
