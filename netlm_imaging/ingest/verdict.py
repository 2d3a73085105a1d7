"""What a series is for, how sure that is, and the facts that tell it from its neighbors."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from netlm_imaging.errors import Notice

Role = Literal[
    "hbp", "arterial", "portal", "transitional", "precontrast", "t2", "dwi", "adc", "ct", "pet", "seg",
    "rtstruct", "other",
]  # fmt: skip
CtPhase = Literal["native", "arterial", "portal", "delayed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What coded values and known words say of a series; what they do not say is None or empty."""

    plane: str = ""
    """axial, coronal or sagittal: the nearest one."""
    reformatted: bool = False
    """Computed from other slices than it shows."""
    fat_suppressed: bool | None = None
    agent: str = ""
    """Name of the MR contrast agent, where it is a known one."""
    minutes_after_contrast: float | None = None
    ct_phase: CtPhase | None = None
    kernel: Literal["soft", "sharp"] | None = None
    """Of a CT: for soft tissue, or for lung and bone."""
    attenuation_ct: bool = False
    """Described as made for the attenuation correction of a PET."""
    with_pet: bool = False
    """A CT in the frame of reference of a PET."""
    tracer: str = ""
    """Name of the PET tracer, where it is a known one."""
    receptor: bool | None = None
    """The PET shows somatostatin receptors; None where its tracer is not known."""

    def known(self) -> dict[str, object]:
        """Those that say something."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return {name: value for name, value in values.items() if value not in ("", None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A role, why, and how sure: 1.0 coded facts alone, 0.8 words beside a coded fact, 0.5 words alone."""

    role: Role
    reason: str
    confidence: float = 1.0
    facts: Facts = Facts()
    notices: tuple[Notice, ...] = ()
    """What a user of the series must know; without ``where``."""
