"""What the user may set, with the defaults of the contract. Every value is validated on the way in."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from netlm_imaging.errors import Fault, UsageError

Percent = Annotated[float, Field(ge=0, le=100)]
Fraction = Annotated[float, Field(gt=0, le=1)]
PositiveMm = Annotated[float, Field(gt=0, le=1000)]
NonNegativeMm = Annotated[float, Field(ge=0, le=1000)]
Count = Annotated[int, Field(ge=0, le=10_000)]
ShaftMm = Annotated[float, Field(ge=20, le=500)]

Modality = Literal["mwa", "rfa", "laser", "ire"]
ZoneEvidence = Literal["patient series", "live animal", "published mesh", "ex vivo chart", "ceiling"]
"""Where the size of a zone was seen; ``ceiling``: the largest that is claimed for a kind of device."""
ZoneAxis = Annotated[float, Field(gt=0, le=150)]
DeviceId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=60)]
LesionSet = Literal["union", "mr"]
"""Lesions of MR and PET together, or without those seen on PET alone."""
Objective = Literal["sparing", "maximum", "threshold", "fewest", "palliative"]
Model = TypeVar("Model", bound=BaseModel)

GRAY_BAND_HALF_WIDTH_PERCENT = 5.0
"""On both sides of a threshold that is given without its band (ours)."""


class Section(BaseModel):
    """A frozen table of the file: unknown keys and wrong types are errors, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class TypeSettings(Section):
    """[type]"""

    debulking_threshold_percent: Percent = 70.0
    gray_band_percent: Annotated[tuple[Percent, Percent], Field(strict=False)] = (65.0, 75.0)
    limited_max_lesions: Count = 5

    @model_validator(mode="before")
    @classmethod
    def _band_follows_the_threshold(cls, data: Any) -> Any:
        """A band that is not given lies around the threshold that is."""
        if not isinstance(data, dict) or "gray_band_percent" in data:
            return data
        threshold = data.get("debulking_threshold_percent")
        if not isinstance(threshold, int | float) or not 0 <= threshold <= 100:
            return data
        low, high = threshold - GRAY_BAND_HALF_WIDTH_PERCENT, threshold + GRAY_BAND_HALF_WIDTH_PERCENT
        return {**data, "gray_band_percent": (max(0.0, low), min(100.0, high))}

    @field_validator("gray_band_percent")
    @classmethod
    def _around_the_threshold(cls, band: tuple[float, float], info: ValidationInfo) -> tuple[float, float]:
        threshold = info.data.get("debulking_threshold_percent", band[0])
        if not band[0] <= threshold <= band[1]:
            message = f"it must be [lower, upper] around debulking_threshold_percent ({threshold:g})"
            raise PydanticCustomError("contradiction", "{message}", {"message": message})
        return band


class ResectionSettings(Section):
    """[resection]"""

    wedge: bool = True
    wedge_margin_mm: NonNegativeMm = 5.0
    wedge_max_depth_mm: NonNegativeMm = 30.0
    inflow_from_all_vessels: bool = False
    """Read the inflow from given vessels that may hold hepatic veins too: overstates what is lost."""
    max_devascularized_ml: Annotated[float, Field(ge=0, le=1000)] = 30.0
    """A wedge or an enucleation that leaves more liver than this without inflow is none."""
    enucleation: bool = True
    enucleation_rim_mm: NonNegativeMm = 2.0
    enucleation_max_depth_mm: NonNegativeMm = 10.0
    anatomical: bool = True
    major_vessel_mm: PositiveMm = 6.0
    max_resections: Count | None = None


class PullBackSettings(Section):
    """[ablation.pull_back_mm]: how far a vessel that is a heat sink keeps a zone away from its wall"""

    mwa: NonNegativeMm = 1.0
    rfa: NonNegativeMm = 3.0
    laser: NonNegativeMm = 3.0
    ire: NonNegativeMm = 0.0


class ShaftLengthSettings(Section):
    """[ablation.shaft_length_mm]: of probes whose device does not say how long they are"""

    mwa: ShaftMm = 200.0
    rfa: ShaftMm = 150.0
    laser: ShaftMm = 150.0
    ire: ShaftMm = 150.0


class AblationSettings(Section):
    """[ablation]"""

    max_lesion_mm: PositiveMm = 30.0
    margin_mm: NonNegativeMm = 5.0
    max_ablations: Count | None = None
    modalities: Annotated[tuple[Modality, ...], Field(strict=False)] = ("mwa", "rfa")
    max_probes: Annotated[int, Field(ge=1, le=6)] = 3
    max_zones: Annotated[int, Field(ge=1, le=6)] = 4
    """Overlapping zones for a lesion that one does not cover."""
    clusters: bool = True
    """One zone for two or three close lesions."""
    devices: Annotated[tuple[DeviceId, ...], Field(strict=False)] | None = None
    """By id; none: the catalogue's defaults of ``modalities`` with at most ``max_probes``."""
    comparison_devices: Annotated[tuple[DeviceId, ...], Field(strict=False)] | None = None
    """Every plan is computed with these too; none: the patient series of ``modalities``."""
    sink_vessel_mm: PositiveMm = 3.0
    pull_back_mm: PullBackSettings = PullBackSettings()
    structure_clearance_mm: NonNegativeMm = 5.0
    structure_caution_mm: NonNegativeMm = 10.0
    path_clearance_mm: NonNegativeMm = 5.0
    """Between the shaft of a probe and what it must not touch."""
    shaft_length_mm: ShaftLengthSettings = ShaftLengthSettings()


class DeviceEntry(Section):
    """[[device]]: one ablation device of the user's own, in the form of the catalogue (devices.toml)"""

    id: DeviceId
    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """For people; none: the id."""
    modality: Modality
    probes: Annotated[int, Field(ge=1, le=6)] = 1
    zone_mm: Annotated[tuple[ZoneAxis, ZoneAxis, ZoneAxis], Field(strict=False)]
    """Full axes of the ellipsoid as published: along the probe, then the two across."""
    shrink: Fraction | None = None
    """Of each axis in living liver; none: what ``evidence`` and modality call for (SHRINK)."""
    beyond_tip_mm: Annotated[tuple[NonNegativeMm, NonNegativeMm], Field(strict=False)] | None = None
    """How far the zone reaches beyond the tip, least and most; none: not known."""
    antenna_gauge: Annotated[float, Field(ge=5, le=30)] | None = None
    """None: not known."""
    shaft_length_mm: ShaftMm | None = None
    """From the tip to where the shaft ends; none: ``ablation.shaft_length_mm`` of the modality."""
    probe_spacing_mm: Annotated[float, Field(ge=0, le=60)] | None = None
    """Between neighbors of several probes; none: not known."""
    evidence: ZoneEvidence
    provenance: Annotated[str, Field(min_length=8, max_length=400)]
    """Who measured the zone, and in what."""

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if not self.provenance.strip():
            raise ValueError("provenance must say who measured the zone")
        if self.beyond_tip_mm is None:
            return self
        least, most = self.beyond_tip_mm
        if least > most:
            raise ValueError(f"beyond_tip_mm must be [least, most], not [{least:g}, {most:g}]")
        if most >= self.zone_mm[0]:
            length = f"the zone's {self.zone_mm[0]:g} mm along the probe"
            raise ValueError(f"beyond_tip_mm must be less than {length}, not {most:g}: the tip lies in it")
        return self


class FlrSettings(Section):
    """[flr]; null minimums follow from clinical.liver_quality"""

    minimum_percent: Percent | None = None
    minimum_standardized_percent: Percent | None = None
    minimum_body_weight_percent: Annotated[float, Field(ge=0, le=10)] = 0.5
    smallest_part_ml: Annotated[float, Field(ge=0, le=1000)] = 20.0
    """Where no vessels are given, a smaller part of the remnant that is cut off does not count."""
    growth_percent_per_week: Annotated[float, Field(gt=0, le=20)] | None = None
    """Points of sFLR after portal vein embolization; none: as published."""


class LesionSettings(Section):
    """[lesion]"""

    cleared_fraction: Fraction = 0.995
    smallest_target_ml: Annotated[float, Field(ge=0, le=1000)] = 0.065


class FixedChoice(Section):
    """[[plan.fix]]: one treatment, or one lesion, that every plan obeys"""

    do: bool
    """Do it, or never; without ``kind``: clear the lesion, or give it no treatment of its own."""
    lesion: Annotated[int, Field(ge=1)] | None = None
    kind: Literal["enucleation", "wedge", "ablation", "anatomical"] | None = None
    device: DeviceId | None = None
    """Of an ablation; none: every device."""
    name: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """Of an anatomical resection, such as ``Right hepatectomy``."""

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if self.kind == "anatomical":
            if self.name is None or self.lesion is not None:
                raise ValueError("an anatomical resection has a name and no lesion")
        elif self.lesion is None or self.name is not None:
            raise ValueError("what is not anatomical has a lesion and no name")
        if self.device is not None and self.kind != "ablation":
            raise ValueError("only an ablation has a device")
        return self


class PlanSettings(Section):
    """[plan]"""

    objective: Objective = "sparing"
    lesion_set: LesionSet = "union"
    max_segments_sparing: Annotated[int, Field(ge=0, le=8)] = 2
    max_interventions: Count = 20
    grid_mm: Annotated[float, Field(ge=0.3, le=10)] | None = None
    time_limit_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    relative_gap: Annotated[float, Field(ge=0, le=1)] = 0.0
    max_frontier_points: Annotated[int, Field(ge=2, le=1_000_000)] = 250
    fix: Annotated[tuple[FixedChoice, ...], Field(strict=False)] = ()


class PetSettings(Section):
    """[pet]"""

    threshold_fraction_of_max: Fraction = 0.45
    liver_sd: Annotated[float, Field(ge=0, le=10)] = 2.0


class UncertaintySettings(Section):
    """[uncertainty]; standard deviations of what is drawn, and how often (docs/settings.md: sources)"""

    draws: Annotated[int, Field(ge=0, le=100_000)] = 1000
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    boundary_common_sd_mm: Annotated[float, Field(ge=0, le=10)] = 0.55
    boundary_lesion_sd_mm: Annotated[float, Field(ge=0, le=10)] = 0.55
    liver_given_sd_percent: Annotated[float, Field(ge=0, le=50)] = 0.7
    liver_segmented_sd_percent: Annotated[float, Field(ge=0, le=50)] = 3.0
    zone_mwa_sd_percent: Annotated[float, Field(ge=0, le=50)] = 17.0
    zone_rfa_sd_percent: Annotated[float, Field(ge=0, le=50)] = 28.0
    zone_laser_sd_percent: Annotated[float, Field(ge=0, le=50)] = 28.0
    zone_ire_sd_percent: Annotated[float, Field(ge=0, le=50)] = 19.0
    placement_sd_mm: Annotated[float, Field(ge=0, le=50)] = 3.0
    missed_small_percent: Annotated[float, Field(ge=0, le=90)] = 10.0
    missed_large_percent: Annotated[float, Field(ge=0, le=90)] = 3.0
    missed_large_from_mm: NonNegativeMm = 10.0
    missed_never_from_mm: NonNegativeMm = 30.0

    def zone_sd_percent(self, modality: Modality) -> float:
        """Standard deviation of a zone's diameters, in percent of them."""
        return float(getattr(self, f"zone_{modality}_sd_percent"))

    def liver_sd_percent(self, method: str) -> float:
        """Of the liver's volume; ``method``: of its mask, ``given`` by the user or a segmenter's name."""
        return self.liver_given_sd_percent if method == "given" else self.liver_segmented_sd_percent


class Settings(Section):
    """All settings; ``Settings()`` are the defaults."""

    type: TypeSettings = TypeSettings()
    resection: ResectionSettings = ResectionSettings()
    ablation: AblationSettings = AblationSettings()
    flr: FlrSettings = FlrSettings()
    lesion: LesionSettings = LesionSettings()
    plan: PlanSettings = PlanSettings()
    pet: PetSettings = PetSettings()
    uncertainty: UncertaintySettings = UncertaintySettings()
    device: Annotated[tuple[DeviceEntry, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _own_devices(self) -> Self:
        ids = [entry.id for entry in self.device]
        twice = sorted({n for n in ids if ids.count(n) > 1})
        if twice:
            raise ValueError(f"each [[device]] needs an id of its own; twice: {', '.join(twice)}")
        named = {*(self.ablation.devices or ()), *(self.ablation.comparison_devices or ())}
        unused = [n for n in ids if n not in named]
        if unused:
            raise ValueError(
                f"name the [[device]] to use in ablation.devices, by its id: {', '.join(unused)}"
            )
        return self


def load_settings(path: Path | None) -> Settings:
    """Settings from a TOML file; None gives the defaults. Raises UsageError (BAD_SETTINGS)."""
    return validated(Settings, read_toml(path), code="BAD_SETTINGS", where="settings")


def to_toml(section: BaseModel) -> str:
    """The TOML that gives ``section`` again: its keys that are not null, tables inline."""
    known = section.model_dump(mode="json", exclude_none=True)
    tables = {key: value for key, value in known.items() if isinstance(value, dict)}
    lines = [f"{key} = {_toml(value)}" for key, value in known.items() if key not in tables]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    return "".join(f"{line}\n" for line in lines)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {_toml(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)  # strings, numbers and booleans of JSON are those of TOML


def read_toml(path: Path | None) -> dict[str, Any]:
    """The tables of a TOML file, empty for None. Raises UsageError (BAD_TOML)."""
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        found = error.strerror or "an unreadable file"
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        found = str(error)
    except RecursionError:
        found = "values nested too deep"
    raise UsageError(Fault(code="BAD_TOML", expected="a readable TOML file", found=found, where=path.name))


def validated(model: type[Model], data: dict[str, Any], *, code: str, where: str) -> Model:
    """``model`` from ``data``; every wrong key becomes one fault: key, value and what is allowed."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = [_fault(detail, model, code=code, where=where) for detail in error.errors()]
    raise UsageError(*faults)


def _fault(detail: Any, model: type[BaseModel], *, code: str, where: str) -> Fault:
    key = _key(detail["loc"])
    if detail["type"] == "extra_forbidden":
        allowed = ", ".join(_known_keys(model, detail["loc"][:-1]))
        return Fault(
            code=code,
            expected=f"one of the keys {allowed}",
            found=f"the unknown key {key!r}",
            where=where,
            remedy="Check the spelling",
        )
    if detail["type"] == "missing":
        return Fault(code=code, expected=f"the key {key}", found="none", where=where)
    return Fault(
        code=code,
        expected=f"{key or 'the file'}: {_allowed(detail, key)}",
        found=_shown(detail["input"])[:80],
        where=where,
    )


def _allowed(detail: Any, key: str) -> str:
    """In words of TOML, not of Python."""
    if detail["type"] == "model_type":
        return "Input should be a table"
    if detail["type"] == "tuple_type":
        of_tables = isinstance(detail["input"], dict)
        return "Input should be an array" + (f" of tables: [[{key}]] for each" if of_tables else "")
    return str(detail["msg"]).removeprefix("Value error, ")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"a table with {', '.join(value)}" if value else "an empty table"
    of_tables = isinstance(value, list) and bool(value) and all(isinstance(part, dict) for part in value)
    return "an array of tables" if of_tables else f"{value!r}"


def _key(path: tuple[Any, ...]) -> str:
    """``device[2].zone_mm``: tables of an array are counted from 1."""
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def _known_keys(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    for part in path:
        field = model.model_fields.get(str(part))
        inner = None if field is None else _table_of(field.annotation)
        model = inner or model
    return sorted(model.model_fields)


def _table_of(annotation: Any) -> type[BaseModel] | None:
    """The table that a field is, or that each entry of an array of tables is."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _table_of(part))), None)
