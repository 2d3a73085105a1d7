"""Damaged files of every kind: a result or an error of ours; no crash, no hang, no hunger for memory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from conformance import fuzz as watcher
from conformance.fuzz import Outcome, fuzz, shares
from conformance.fuzz_inputs import KINDS, good_files, write_mutant

Record = Callable[[str, object], None]
FEW, MANY = 600, 21_000
"""Mutants of all kinds together in ``make test`` and beside them in ``make test-full``."""


@pytest.mark.parametrize("variant", range(6))
@pytest.mark.parametrize("kind", KINDS)
def test_undamaged_files_are_read(kind: str, variant: int, tmp_path: Path) -> None:
    for name, content in good_files(kind, variant).items():
        (tmp_path / name).write_bytes(content)
    for seed in range(2):
        KINDS[kind].read(tmp_path, Random(seed))


def test_a_seed_gives_the_same_mutant(tmp_path: Path) -> None:
    for kind in KINDS:
        contents = []
        for _ in range(2):
            good_files.cache_clear()
            write_mutant(kind, 5, tmp_path / "in")
            contents.append([file.read_bytes() for file in sorted((tmp_path / "in").iterdir())])
        assert contents[0] == contents[1], kind


@pytest.mark.parametrize("kind", KINDS)
def test_mutants(kind: str, record_property: Record) -> None:
    check(fuzz(kind, 0, shares(FEW)[kind]), record_property)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_mutants(kind: str, record_property: Record) -> None:
    few = shares(FEW)[kind]
    check(fuzz(kind, few, few + shares(MANY)[kind]), record_property)


WORKER = """
import json, os, sys, time
for seed in range(int(sys.argv[2]), int(sys.argv[3])):
    if seed == 3:
        {trouble}
    said = dict(seed=seed, answer="read", error="", seconds=0.0, mib=10.0)
    {odd}
    print(json.dumps(said), flush=True)
"""


@pytest.mark.parametrize(
    ("trouble", "odd", "why"),
    [
        ("os.abort()", "pass", "ended by -6"),
        ("os._exit(3)", "pass", "ended by 3"),
        ("time.sleep(60)", "pass", "no answer in"),
        ("pass", "said['mib'] += 2000 * (seed == 3)", "2010 MiB"),
        ("pass", "said['seconds'] += 11 * (seed == 3)", "11.0 s"),
        ("pass", "said['error'] = 'KeyError in a.py:7' * (seed == 3)", "KeyError in a.py:7"),
    ],
)
def test_trouble_is_seen_and_named(trouble: str, odd: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash, a hang, too much memory, too much time, a stray exception: one failure, with its command."""
    monkeypatch.setattr(watcher, "WORKER", (sys.executable, "-c", WORKER.format(trouble=trouble, odd=odd)))
    monkeypatch.setattr(watcher, "START_SECONDS", -7.0)
    monkeypatch.setattr(watcher, "SPARE_SECONDS", -7.0)
    outcome = fuzz("native", 0, 6)
    (failure,) = outcome.failures
    assert failure.startswith(why)
    assert failure.endswith("python -m conformance.fuzz native 3")
    assert (outcome.count, outcome.answers["read"]) == (6, 5)


def check(outcome: Outcome, record_property: Record) -> None:
    record_property("measured", str(outcome))
    assert not outcome.failures, "\n".join(outcome.failures)
    assert len(outcome.answers) > 2  # damage is seen, and not always of one kind
