"""What the user may set, with the defaults of the contract. Every value is validated on the way in."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

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

Modality = Literal["mwa", "rfa", "laser", "ire"]
Objective = Literal["sparing", "maximum", "threshold", "palliative"]
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
    enucleation: bool = True
    enucleation_rim_mm: NonNegativeMm = 2.0
    enucleation_max_depth_mm: NonNegativeMm = 10.0
    anatomical: bool = True
    major_vessel_mm: PositiveMm = 6.0
    max_resections: Count | None = None


class AblationSettings(Section):
    """[ablation]"""

    max_lesion_mm: PositiveMm = 30.0
    margin_mm: NonNegativeMm = 5.0
    max_ablations: Count | None = None
    modalities: Annotated[tuple[Modality, ...], Field(strict=False)] = ("mwa", "rfa")
    max_probes: Annotated[int, Field(ge=1, le=6)] = 3


class FlrSettings(Section):
    """[flr]; null minimums follow from clinical.liver_quality"""

    minimum_percent: Percent | None = None
    minimum_standardized_percent: Percent | None = None
    minimum_body_weight_percent: Annotated[float, Field(ge=0, le=10)] = 0.5


class LesionSettings(Section):
    """[lesion]"""

    cleared_fraction: Fraction = 0.995
    smallest_target_ml: Annotated[float, Field(ge=0, le=1000)] = 0.065


class PlanSettings(Section):
    """[plan]"""

    objective: Objective = "sparing"
    max_segments_sparing: Annotated[int, Field(ge=0, le=8)] = 2
    max_interventions: Count = 20
    grid_mm: Annotated[float, Field(ge=0.3, le=10)] | None = None
    time_limit_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    relative_gap: Annotated[float, Field(ge=0, le=1)] = 0.0


class PetSettings(Section):
    """[pet]"""

    threshold_fraction_of_max: Fraction = 0.45
    liver_sd: Annotated[float, Field(ge=0, le=10)] = 2.0


class Settings(Section):
    """All settings; ``Settings()`` are the defaults."""

    type: TypeSettings = TypeSettings()
    resection: ResectionSettings = ResectionSettings()
    ablation: AblationSettings = AblationSettings()
    flr: FlrSettings = FlrSettings()
    lesion: LesionSettings = LesionSettings()
    plan: PlanSettings = PlanSettings()
    pet: PetSettings = PetSettings()


def load_settings(path: Path | None) -> Settings:
    """Settings from a TOML file; None gives the defaults. Raises UsageError (BAD_SETTINGS)."""
    return validated(Settings, read_toml(path), code="BAD_SETTINGS", where="settings")


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
    key = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        allowed = ", ".join(_known_keys(model, detail["loc"][:-1]))
        return Fault(
            code=code,
            expected=f"one of the keys {allowed}",
            found=f"the unknown key {key!r}",
            where=where,
            remedy="Check the spelling",
        )
    value = detail["input"]
    shown = "a table" if isinstance(value, dict) else f"{value!r}"
    allowed = "Input should be a table" if detail["type"] == "model_type" else detail["msg"]
    return Fault(
        code=code,
        expected=f"{key or 'the file'}: {allowed}",
        found=shown[:80],
        where=where,
    )


def _known_keys(model: type[BaseModel], path: tuple[Any, ...]) -> list[str]:
    for part in path:
        field = model.model_fields.get(str(part))
        if field is None or not isinstance(field.annotation, type):
            break
        model = field.annotation
    return sorted(model.model_fields)
