"""Sample patients on the command line."""

from __future__ import annotations

from pathlib import Path

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.export.files import writing
from netlm_pipelines.progress import Stages
from netlm_sample_data import PRESETS, SamplePaths, write_sample


def write_sample_study(preset: str, out: Path, *, seed: int, stages: Stages) -> SamplePaths:
    """Write a sample patient into ``out``, which must not hold anything yet."""
    if preset not in PRESETS:
        raise UsageError(
            Fault(code="BAD_USAGE", expected=f"--preset {', '.join(PRESETS)}", found=preset[:40])
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            Fault(
                code="OUT_NOT_EMPTY",
                expected="a new or empty folder",
                found="one that holds files",
                where=out.name,
                remedy="Choose another --out",
            )
        )
    with writing(out.name), stages.stage("Making the sample patient"):
        return write_sample(preset, out, seed=seed, progress=stages.say)
