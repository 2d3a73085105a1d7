"""The whole job as a process of its own: Type, agreement with the truth, seconds, peak memory."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from netlm_imaging.ingest import read_mask
from netlm_sample_data import PRESETS, SamplePaths, write_sample

__all__ = ["PRESETS", "Figures", "measure_patient", "run_case", "table"]

HEADER = (
    "patient",
    "true Type",
    "Type (given)",
    "Type (own)",
    "debulking given %",
    "debulking own %",
    "liver Dice",
    "liver volume %",
    "lesions found",
    "false",
    "s given",
    "s own",
    "MB own",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one run took and gave."""

    case: dict[str, Any]
    seconds: float
    peak_mb: float


def table(presets: Iterable[str], *, seeds: Iterable[int]) -> Iterator[str]:
    """Markdown lines, one patient a row."""
    yield f"| {' | '.join(HEADER)} |"
    yield f"|{'-|' * len(HEADER)}"
    seeds = list(seeds)
    for preset in presets:
        for seed in seeds:
            yield f"| {' | '.join(measure_patient(preset, seed))} |"


def measure_patient(preset: str, seed: int) -> list[str]:
    """One row: the same patient from given masks and from our own segmentation."""
    with tempfile.TemporaryDirectory() as work:
        paths = write_sample(preset, Path(work) / "patient", seed=seed)
        truth = json.loads(paths.truth_json.read_text())
        given = run_case(paths, Path(work) / "given", masks=given_masks(paths))
        own = run_case(paths, Path(work) / "own")
        ours = read_mask(str(Path(work) / "own/masks/liver.nii.gz")).labels.array > 0
        liver = read_mask(str(paths.truth / "liver.nii.gz")).labels.array > 0
        found, false = detected(paths, Path(work) / "own")
    lesions = len(truth["lesions"])
    return [
        f"{preset} seed {seed}",
        str(truth["type"]),
        str(given.case["classification"]["type"]),
        str(own.case["classification"]["type"]),
        f"{given.case['plan']['debulking_percent']:.1f}",
        f"{own.case['plan']['debulking_percent']:.1f}",
        f"{2 * np.count_nonzero(ours & liver) / (ours.sum() + liver.sum()):.3f}",
        f"{100 * (ours.sum() / liver.sum() - 1):+.1f}",
        f"{found} of {lesions}",
        str(false),
        f"{given.seconds:.0f}",
        f"{own.seconds:.0f}",
        f"{own.peak_mb:.0f}",
    ]


def given_masks(paths: SamplePaths) -> list[str]:
    """The command line that hands the truth's masks over."""
    names = ("liver", "lesions", "segments", "vessels", "cysts", "spleen")
    return [part for name in names for part in (f"--{name}", str(paths.truth / f"{name}.nii.gz"))]


def detected(paths: SamplePaths, out: Path) -> tuple[int, int]:
    """How many true lesions ours touch, and how many of ours touch none."""
    truth = read_mask(str(paths.truth / "lesions.nii.gz")).labels.array
    ours = read_mask(str(out / "masks/lesions.nii.gz")).labels.array
    hit = set(np.unique(truth[(truth > 0) & (ours > 0)]).tolist())
    touching = set(np.unique(ours[(truth > 0) & (ours > 0)]).tolist())
    return len(hit), len(set(np.unique(ours[ours > 0]).tolist()) - touching)


def run_case(paths: SamplePaths, out: Path, *, masks: Iterable[str] = ()) -> Figures:
    """``netlm run`` in a child process; its peak memory is the kernel's figure."""
    command = [
        *(sys.executable, "-m", "netlm_pipelines", "run", str(paths.dicom)),
        *("--clinical", str(paths.clinical), "--out", str(out), *masks),
    ]
    start = time.perf_counter()
    with open(os.devnull, "w") as silent:
        child = os.posix_spawn(
            sys.executable, command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, silent.fileno(), 1)]
        )
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"netlm run failed: exit status {os.waitstatus_to_exitcode(status)}")
    case = json.loads((out / "case.json").read_text())
    return Figures(case=case, seconds=time.perf_counter() - start, peak_mb=usage.ru_maxrss / 1024)
