"""The catalogue of ablation devices (devices.toml) and which of them a plan may use."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import Field

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.settings import (
    DeviceEntry,
    Modality,
    PullBackSettings,
    Section,
    Settings,
    ShaftLengthSettings,
    validated,
)

SHRINK = {"ex vivo chart": 0.85, "published mesh": 0.85}
"""Of each axis, for evidence from outside a living liver (ours, cautious); 1 for all other evidence."""
SHRINK_RFA_EX_VIVO = 0.70
"""Ex vivo to living pig, each axis: Song, Br J Radiol 2015;88:20140497."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One modality with one number of probes and the zone that it makes."""

    id: str
    name: str
    modality: Modality
    probes: int
    zone_mm: tuple[float, float, float]
    """Full axes of the ellipsoid in living liver: along the probe, then the two across."""
    pull_back_mm: float
    """How far a vessel that is a heat sink keeps the zone away from its wall."""
    shrink: float = 1.0
    """By which the published axes were multiplied for ``zone_mm``."""
    beyond_tip_mm: tuple[float, float] | None = None
    """How far the published zone reaches beyond the tip, least and most; None: not known."""
    antenna_gauge: float | None = None
    """None: not known."""
    shaft_length_mm: float
    """From the tip to where the shaft ends: no entry point lies further away."""
    probe_spacing_mm: float | None = None
    """Between neighbors of several probes; None: not known."""
    evidence: str
    provenance: str

    @property
    def spherical(self) -> bool:
        """Whether the direction of the probe makes no difference."""
        return len(set(self.zone_mm)) == 1

    @property
    def thermal(self) -> bool:
        """Whether it kills by heat, so that flowing blood protects and bile ducts are in danger."""
        return self.modality != "ire"


class CatalogueEntry(DeviceEntry):
    """One entry of devices.toml."""

    default: bool = False
    """Used where the settings name no device."""


class _File(Section):
    device: Annotated[tuple[CatalogueEntry, ...], Field(strict=False)]


@cache
def catalogue() -> tuple[CatalogueEntry, ...]:
    """The entries shipped with the package, in the order of the file."""
    data = tomllib.loads(files("netlm_imaging.plan").joinpath("devices.toml").read_text(encoding="utf-8"))
    return validated(_File, data, code="BAD_CATALOGUE", where="devices.toml").device


def chosen_devices(settings: Settings) -> tuple[Device, ...]:
    """What the plan may ablate with: ``ablation.devices``, else the defaults of ``ablation.modalities``.

    Defaults come in the order of the modalities, then by number of probes. Raises UsageError
    (BAD_SETTINGS) for an id that is in no catalogue, and for a modality without a default zone.
    """
    wanted = settings.ablation
    if wanted.devices is not None:
        return devices_named(wanted.devices, settings, key="ablation.devices")
    entries = [entry for entry in catalogue() if entry.default]
    missing = [m for m in wanted.modalities if not any(e.modality == m for e in entries)]
    if missing:
        fault = Fault(
            code="BAD_SETTINGS",
            expected=f"a zone for {', '.join(missing)}: the catalogue has none",
            found="no device named in ablation.devices",
            where="settings",
            remedy="Add a [[device]] table with its zone and name it in ablation.devices",
        )
        raise UsageError(fault)
    return _made(_of_modalities(entries, wanted.modalities, max_probes=wanted.max_probes), settings)


def comparison_devices(settings: Settings) -> tuple[Device, ...]:
    """What every plan is computed with as well: ``ablation.comparison_devices``, else patient series.

    A modality of which no patient series is known keeps its devices. None where the devices would be
    those of the plan itself. Raises UsageError as ``chosen_devices`` does.
    """
    wanted, chosen = settings.ablation, chosen_devices(settings)
    if wanted.comparison_devices is not None:
        found = devices_named(wanted.comparison_devices, settings, key="ablation.comparison_devices")
    else:
        modalities = tuple(dict.fromkeys(device.modality for device in chosen))
        series = [entry for entry in catalogue() if entry.evidence == "patient series"]
        measured = _made(_of_modalities(series, modalities, max_probes=wanted.max_probes), settings)
        known = {device.modality for device in measured}
        found = (*measured, *(device for device in chosen if device.modality not in known))
    return () if {d.id for d in found} == {d.id for d in chosen} else found


def _of_modalities(
    entries: Iterable[DeviceEntry], modalities: Sequence[Modality], *, max_probes: int
) -> list[DeviceEntry]:
    allowed = [e for e in entries if e.modality in modalities and e.probes <= max_probes]
    return sorted(allowed, key=lambda e: (modalities.index(e.modality), e.probes))


def devices_named(ids: Iterable[str], settings: Settings, *, key: str) -> tuple[Device, ...]:
    """The devices ``ids``, the user's own among them; each once. Raises UsageError (BAD_SETTINGS).

    ``key``: what names them, for the message.
    """
    shipped = {entry.id: entry for entry in catalogue()}
    own = {entry.id: entry for entry in settings.device}
    faults = [
        Fault(
            code="BAD_SETTINGS",
            expected="an id that the catalogue does not use",
            found=f"{id_!r}",
            where="settings, [[device]]",
            remedy="Give the device another id",
        )
        for id_ in sorted(shipped.keys() & own.keys())
    ]
    known: dict[str, DeviceEntry] = {**shipped, **own}
    faults += [
        Fault(
            code="BAD_SETTINGS",
            expected=f"{key}: ids of {', '.join(known)}",
            found=f"{id_!r}",
            where="settings",
            remedy="Check the spelling, or add a [[device]] table",
        )
        for id_ in dict.fromkeys(ids)
        if id_ not in known
    ]
    if faults:
        raise UsageError(*faults)
    return _made((known[id_] for id_ in dict.fromkeys(ids)), settings)


def _made(entries: Iterable[DeviceEntry], settings: Settings) -> tuple[Device, ...]:
    rules = settings.ablation
    return tuple(device_of(entry, rules.pull_back_mm, rules.shaft_length_mm) for entry in entries)


def device_of(
    entry: DeviceEntry,
    pull_back_mm: PullBackSettings,
    shaft_length_mm: ShaftLengthSettings | None = None,
) -> Device:
    """An entry as the planner takes it: its zone shrunk, its modality's pull-back and usual shaft."""
    shrink = entry.shrink if entry.shrink is not None else _usual_shrink(entry)
    usual = shaft_length_mm or ShaftLengthSettings()
    along, across, other = (axis * shrink for axis in entry.zone_mm)
    return Device(
        id=entry.id,
        name=entry.name or entry.id,
        modality=entry.modality,
        probes=entry.probes,
        zone_mm=(along, across, other),
        pull_back_mm=getattr(pull_back_mm, entry.modality),
        shrink=shrink,
        beyond_tip_mm=entry.beyond_tip_mm,
        antenna_gauge=entry.antenna_gauge,
        shaft_length_mm=entry.shaft_length_mm or getattr(usual, entry.modality),
        probe_spacing_mm=entry.probe_spacing_mm,
        evidence=entry.evidence,
        provenance=entry.provenance,
    )


def _usual_shrink(entry: DeviceEntry) -> float:
    if entry.evidence == "ex vivo chart" and entry.modality == "rfa":
        return SHRINK_RFA_EX_VIVO
    return SHRINK.get(entry.evidence, 1.0)
