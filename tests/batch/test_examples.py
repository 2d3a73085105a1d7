"""The examples of docs/batch.md: a cluster by its own script, and a flow of one's own."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType

import pytest
from batch.conftest import write_studies
from distributed import LocalCluster

from netlm_pipelines.batch.flow import run_batch
from netlm_pipelines.batch.manifest import read_studies
from netlm_pipelines.batch.order import Limits, Order
from netlm_pipelines.batch.schedulers import InThisProcess
from pipelines import small_study

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def _example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_for_slurm_on_a_local_cluster(light: None, tmp_path: Path) -> None:
    """What differs on SLURM is the cluster that it makes; here LocalCluster stands in its place."""
    manifest = write_studies(tmp_path / "root", ["one", "bad"])
    module = _example("slurm_batch")
    module.Limits = lambda **limits: Limits(**limits | {"free_bytes": 0})
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        summary = module.run_on(cluster, manifest, tmp_path / "out", flow="batch.light_flow:light")
    assert (summary.done, summary.failed) == (1, {"s1": "MISSING_SLICE"})


def test_a_flow_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the docs: all paths are relative."""
    monkeypatch.syspath_prepend(EXAMPLES)
    monkeypatch.setenv("PYTHONPATH", os.path.relpath(EXAMPLES, tmp_path), prepend=":")
    monkeypatch.chdir(tmp_path)
    small_study.write_masks(tmp_path / "masks")
    Path("manifest.csv").write_text("study,liver,lesions\na,masks/liver.nii.gz,masks/lesions.nii.gz\n")
    order = Order(out=Path("out"), flow="burden_flow:burden", limits=Limits(free_bytes=0, memory_bytes=2**31))
    summary = run_batch(read_studies(Path("manifest.csv")), order, InThisProcess())
    assert summary.done == 1
    figures = json.loads((tmp_path / "out" / "cases" / "a" / "burden.json").read_bytes())
    assert figures["burden_percent"] == pytest.approx(3.456, abs=0.01)
    assert len(figures["diameters_mm"]) == 2
