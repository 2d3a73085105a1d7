"""The draws against patients whose truth is known (benchmarks/uncertainty.py; 300 of them: make bench)."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.uncertainty import Outcome, one_patient

PATIENTS = 24

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    found = (one_patient(seed) for seed in range(1000, 1000 + PATIENTS))
    return [outcome for outcome in found if outcome is not None]


@pytest.mark.parametrize("name", ["debulking by lesion %", "debulking by volume %", "FLR %", "FLR mL"])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(outcomes: list[Outcome], name: str) -> None:
    """With 24 patients fewer than 18 in the interval have a chance of 1 in 200 when 90 % is right."""
    ranks = np.array([o.figures[name].rank for o in outcomes])
    assert len(ranks) >= PATIENTS - 3
    assert np.count_nonzero((ranks >= 0.05) & (ranks <= 0.95)) >= len(ranks) - 6
    # Ranks of a right model are uniform: mean 0.5, SD 0.29, so +- 3 standard errors here.
    assert ranks.mean() == pytest.approx(0.5, abs=3 * 0.29 / np.sqrt(len(ranks)))
    assert ranks.std() > 0.15


def test_the_threshold_is_met_about_as_often_as_said(outcomes: list[Outcome]) -> None:
    said = np.array([o.probability_threshold_met for o in outcomes])
    met = np.array([o.threshold_met for o in outcomes])
    deviation = np.sqrt((said * (1 - said)).sum())
    assert abs(said.sum() - met.sum()) <= 3 * max(deviation, 0.5)
