"""Studies on workers that come late, without a process of their own."""

from __future__ import annotations

import threading

import pytest
from distributed import Client, LocalCluster

from netlm_imaging.errors import UsageError
from netlm_pipelines.batch import schedulers
from netlm_pipelines.batch.order import Study
from netlm_pipelines.batch.outcome import Outcome
from netlm_pipelines.batch.schedulers import OnDask, dask_at

_both = threading.Barrier(2)


def _together(study: Study) -> Outcome:
    """Over when another study is at work at the same time."""
    _both.wait(timeout=20)
    return Outcome(study=study.name, status="done")


def test_workers_that_come_later_get_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue gives them one by one; the batch does not wait for the first outcome to see them."""
    monkeypatch.setattr(schedulers, "LOOK_EVERY_S", 0.2)
    quiet = {"processes": False, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(n_workers=0, **quiet) as cluster, Client(cluster) as client:
        on_dask = OnDask(client)
        assert on_dask.places == 0
        outcomes = on_dask.run(_together, [Study(name=name) for name in "abcd"])
        later = threading.Timer(0.3, cluster.scale, [2])
        later.start()
        assert {outcome.study for outcome in outcomes} == set("abcd")
        later.join()
        assert (on_dask.places, on_dask.running) == (2, 0)


def test_a_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedulers, "ANSWER_WITHIN_S", 0.2)
    with pytest.raises(UsageError, match="SCHEDULER_UNREACHABLE"), dask_at("tcp://127.0.0.1:1"):
        raise AssertionError("there is none")
