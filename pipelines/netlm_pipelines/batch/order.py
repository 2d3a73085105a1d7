"""What a batch is asked to do: studies, limits, and where the results go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.settings import Settings, read_toml, validated
from netlm_pipelines.request import GivenMasks, Request

STANDARD_FLOW = "netlm_pipelines.study:run_study"
"""The main job, as ``netlm run`` does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One study of a batch. Only its name is ever shown: paths may name the patient."""

    name: str
    """Of its folder among the results: a hash, or the pseudonym of the manifest."""
    images: Path | None = field(default=None, repr=False)
    masks: GivenMasks = field(default_factory=GivenMasks, repr=False)
    clinical_file: Path | None = field(default=None, repr=False)
    settings_file: Path | None = field(default=None, repr=False)
    clinical: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Facts of the manifest's own columns; they win over the file's."""
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Tables of the manifest's own columns; they win over the file's."""
    series: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one study may take before it is ended and named as failed."""

    timeout_s: float = 3600.0
    memory_bytes: int | None = None
    """Of its processes together; None: the worker's own share of its machine."""
    free_bytes: int = 2 * 2**30
    """A study starts only where so much of the disk of the results is free."""
    threads: int = 1
    """Of numerical libraries."""
    disk_pauses_s: tuple[float, ...] = (5.0, 30.0, 120.0)
    """A full disk is tried again after these pauses, then the study has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One batch, without its studies."""

    out: Path = field(repr=False)
    flow: str = STANDARD_FLOW
    """``module:function``, called with a Request and Stages; returns the folder that it wrote."""
    limits: Limits = field(default_factory=Limits)
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """For all studies; a study's own settings win."""
    segmenter: str = "classical"
    keep_identifiers: bool = False
    resample_uneven: bool = False
    assume_affine: bool = False
    force: bool = False

    def __post_init__(self) -> None:
        """Studies run in other folders and on other machines."""
        object.__setattr__(self, "out", self.out.absolute())

    @property
    def cases(self) -> Path:
        """Finished studies, one folder each."""
        return self.out / "cases"

    @property
    def failures(self) -> Path:
        """One file for each study that failed."""
        return self.out / "failures"

    @property
    def work(self) -> Path:
        """Unfinished work; nothing in it counts."""
        return self.out / "work"


def request_of(study: Study, order: Order, out: Path) -> Request:
    """What the flow is asked for one study. Raises UsageError (BAD_TOML, BAD_SETTINGS, BAD_CLINICAL)."""
    settings = merged(order.settings, _toml(study.settings_file, "settings file"), study.settings)
    clinical = merged(_toml(study.clinical_file, "clinical file"), study.clinical)
    return Request(
        out=out,
        images=study.images,
        masks=study.masks,
        settings=validated(Settings, settings, code="BAD_SETTINGS", where="settings"),
        clinical=validated(Clinical, clinical, code="BAD_CLINICAL", where="clinical facts"),
        segmenter=order.segmenter,
        series=dict(study.series),
        keep_identifiers=order.keep_identifiers,
        resample_uneven=order.resample_uneven,
        assume_affine=order.assume_affine,
        force=order.force,
    )


def merged(*tables: Mapping[str, Any]) -> dict[str, Any]:
    """Tables of TOML laid over each other, key by key: the last one wins."""
    result: dict[str, Any] = {}
    for table in tables:
        for key, value in table.items():
            both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
            result[key] = merged(result[key], value) if both else value
    return result


def _toml(path: Path | None, name: str) -> dict[str, Any]:
    """Faults name the file by what it is: its own name may be the patient's."""
    try:
        return read_toml(path)
    except UsageError as error:
        faults = [
            Fault(code=f.code, expected=f.expected, found=f.found, where=name, remedy=f.remedy)
            for f in error.faults
        ]
    raise UsageError(*faults)
