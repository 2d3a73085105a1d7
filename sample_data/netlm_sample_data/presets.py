"""The four sample cases: liver size, clinical facts, and why the Type is what it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

PRESETS = ("type1", "type2", "type3", "type4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """What a preset fixes for every seed."""

    type: Literal[1, 2, 3, 4]
    liver_ml: tuple[float, float]
    """Range of the liver volume."""
    etlv_over_liver: tuple[float, float]
    """Body size: formula liver volume (Vauthey) over liver volume."""
    clinical: dict[str, object]
    why: str


_KNOWN: dict[str, object] = {
    "differentiation": "well",
    "grade": 2,
    "ki67_percent": 6.0,
    "extrahepatic": "none",
    "fit_for_surgery": True,
    "carcinoid_heart_disease": False,
    "rapid_progression": False,
    "primary_site": "ileum",
    "primary_resected": False,
    "sstr_positive": True,
}
_BULK = (
    "The largest lesion holds most of the tumor. It is wider than the 30 mm that may be ablated, its near "
    "surface lies deeper than the 30 mm that a wedge may go, and it lies across the borders of segments V to "
    "VIII, so that no two segments hold it; all other lesions together stay far below 65 % of the tumor. "
)

_CASES = {
    "type1": Preset(
        type=1,
        liver_ml=(1350, 1850),
        etlv_over_liver=(0.95, 1.05),
        clinical={
            **_KNOWN,
            "liver_quality": "normal",
            "mass_effect": "none",
            "hormonal_symptoms": "controlled",
        },
        why="Three lesions of less than 25 mm, each within reach of a wedge or one microwave zone and clear "
        "of major vessels: complete clearance of limited disease.",
    ),
    "type2": Preset(
        type=2,
        liver_ml=(1780, 1900),
        etlv_over_liver=(0.95, 1.05),
        clinical={
            **_KNOWN,
            "liver_quality": "normal",
            "mass_effect": "none",
            "hormonal_symptoms": "controlled",
        },
        why="Fifteen lesions in both lobes. The largest is wider than 30 mm, deeper than 30 mm and on the "
        "borders of several segments; the other fourteen, each treatable with a parenchymal-sparing method, "
        "hold about 80 % of the tumor: at least 70 % can be debulked, and they are more than five.",
    ),
    "type3": Preset(
        type=3,
        liver_ml=(2050, 2200),
        etlv_over_liver=(0.98, 1.06),
        clinical={
            **_KNOWN,
            "liver_quality": "chemotherapy",
            "mass_effect": "none",
            "hormonal_symptoms": "controlled",
        },
        why=_BULK
        + "A right hepatectomy would leave less than the minimum remnant. Symptoms are not profound.",
    ),
    "type4": Preset(
        type=4,
        liver_ml=(2050, 2200),
        etlv_over_liver=(0.98, 1.06),
        clinical={
            **_KNOWN,
            "liver_quality": "chemotherapy",
            "mass_effect": "none",
            "hormonal_symptoms": "uncontrolled",
            "symptomatic_lesions": [1, 2, 3],
        },
        why=_BULK
        + "A right hepatectomy would leave less than the minimum remnant. Hormonal symptoms are not "
        "controlled by medication.",
    ),
}


def preset(name: str) -> Preset:
    """The preset of that name. Raises KeyError."""
    return _CASES[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """Body size of one patient."""

    sex: Literal["female", "male"]
    height_cm: float
    weight_kg: float


def draw_build(rng: np.random.Generator, *, liver_ml: float, etlv_over_liver: tuple[float, float]) -> Build:
    """A body whose formula liver volume (Vauthey 2002, BSA of Mosteller 1987) suits the liver."""
    bsa = (liver_ml * rng.uniform(*etlv_over_liver) + 794.41) / 1267.28
    sex: Literal["female", "male"] = "male" if rng.random() < min(max((bsa - 1.6) / 0.4, 0), 1) else "female"
    mass_index = 20.0 + 11.0 * (bsa - 1.5) + rng.uniform(0, 3)
    # BSA = sqrt(cm * kg / 3600) with kg = index * (cm / 100) ** 2
    height = (3600 * bsa**2 * 1e4 / mass_index) ** (1 / 3)
    height = round(height)
    return Build(sex=sex, height_cm=float(height), weight_kg=round(3600 * bsa**2 / height, 1))


def clinical_toml(build: Build, facts: dict[str, object]) -> str:
    """clinical.toml: every fact that the Type needs."""
    lines = [
        f"height_cm = {build.height_cm}",
        f"weight_kg = {build.weight_kg}",
        f'sex = "{build.sex}"',
        *(f"{key} = {_toml(value)}" for key, value in facts.items()),
    ]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a clinical fact must be finite")
    return str(value)
