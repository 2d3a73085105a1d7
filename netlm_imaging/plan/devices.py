"""The catalogue of ablation devices (devices.toml): zone sizes, heat sink, provenance."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from netlm_imaging.settings import Modality


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One modality with one number of probes and the zone that it makes."""

    name: str
    modality: Modality
    probes: int
    zone_mm: tuple[float, float, float]
    """Full axes of the ellipsoid in living liver: along the probe, then the two across."""
    pull_back_mm: float
    """How far a vessel that is a heat sink keeps the zone away from its wall."""
    default: bool
    provenance: str

    @property
    def spherical(self) -> bool:
        """Whether the direction of the probe makes no difference."""
        return len(set(self.zone_mm)) == 1


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All devices, and the width from which a vessel is a heat sink."""

    devices: tuple[Device, ...]
    sink_vessel_mm: float

    def defaults(self, modalities: Sequence[Modality], *, max_probes: int) -> tuple[Device, ...]:
        """The default devices allowed, in the order of ``modalities``, then by number of probes."""
        allowed = [d for d in self.devices if d.default and d.modality in modalities]
        allowed = [d for d in allowed if d.probes <= max_probes]
        return tuple(sorted(allowed, key=lambda d: (modalities.index(d.modality), d.probes)))


@cache
def catalogue() -> Catalogue:
    """The catalogue shipped with the package."""
    data = tomllib.loads(files("netlm_imaging.plan").joinpath("devices.toml").read_text(encoding="utf-8"))
    sink = data["heat_sink"]
    devices = (_device(entry, sink["pull_back_mm"]) for entry in data["device"])
    return Catalogue(tuple(devices), float(sink["vessel_mm"]))


def _device(entry: dict[str, Any], pull_back_mm: dict[str, float]) -> Device:
    along, across, other = (float(v) * entry.get("shrink", 1.0) for v in entry["zone_mm"])
    return Device(
        name=entry["name"],
        modality=entry["modality"],
        probes=entry["probes"],
        zone_mm=(along, across, other),
        pull_back_mm=pull_back_mm[entry["modality"]],
        default=entry.get("default", False),
        provenance=entry["provenance"],
    )
