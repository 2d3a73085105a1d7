"""What is known of the patient beside the images. What is absent is unknown, never false."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from netlm_imaging.settings import Section, read_toml, validated

LiverQuality = Literal["normal", "chemotherapy", "steatosis", "cirrhosis"]


class Clinical(Section):
    """Clinical facts; every one optional."""

    height_cm: Annotated[float, Field(ge=30, le=260)] | None = None
    weight_kg: Annotated[float, Field(ge=2, le=700)] | None = None
    sex: Literal["female", "male", "other"] | None = None
    liver_quality: LiverQuality | None = None
    differentiation: Literal["well", "poor"] | None = None
    grade: Annotated[int, Field(ge=1, le=3)] | None = None
    ki67_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    extrahepatic: Literal["none", "limited", "peritoneal", "extensive"] | None = None
    fit_for_surgery: bool | None = None
    carcinoid_heart_disease: bool | None = None
    rapid_progression: bool | None = None
    mass_effect: Literal["none", "profound"] | None = None
    hormonal_symptoms: Literal["none", "controlled", "uncontrolled"] | None = None
    primary_site: Annotated[str, Field(max_length=80)] | None = None
    primary_resected: bool | None = None
    sstr_positive: bool | None = None
    symptomatic_lesions: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False)] = ()


def load_clinical(path: Path | None) -> Clinical:
    """Clinical facts from a TOML file; None gives "nothing known". Raises UsageError (BAD_CLINICAL)."""
    return validated(Clinical, read_toml(path), code="BAD_CLINICAL", where="clinical facts")
