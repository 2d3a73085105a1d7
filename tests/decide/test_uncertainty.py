from __future__ import annotations

import numpy as np
import pytest

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide import uncertainty, under_other_symptoms
from netlm_imaging.plan.drawn_remnant import DrawnRemnant
from netlm_imaging.plan.uncertainty import Draws
from netlm_imaging.settings import TypeSettings

CALM = Clinical(mass_effect="none", hormonal_symptoms="controlled")
ILL = Clinical(mass_effect="profound", hormonal_symptoms="controlled")


def draws_of(percents: list[float], *, count: int = 4, complete: list[bool] | None = None) -> Draws:
    """By volume each is 1 more; the remnant counts up from 30 %; minimums are kept from 35 %."""
    values = np.array(percents)
    flr = 30.0 + np.arange(values.size)
    return Draws(
        debulking_percent=values,
        debulking_percent_by_volume=values + 1.0,
        count=np.full(values.size, float(count)),
        complete=np.zeros(values.size, dtype=bool) if complete is None else np.array(complete),
        remnant=DrawnRemnant(flr_ml=10.0 * flr, flr_percent=flr, minimums_met=flr >= 35.0),
        drivers=(),
    )


def test_quantiles_are_values_that_were_drawn() -> None:
    said = uncertainty(
        draws_of([float(n) for n in range(1, 21)]),
        deciding=draws_of([50.0] * 20),
        clinical=CALM,
        settings=TypeSettings(),
    )
    assert (said.debulking_p05, said.debulking_p50, said.debulking_p95) == (1.0, 10.0, 19.0)
    assert (said.debulking_by_volume_p05, said.debulking_by_volume_p95) == (2.0, 20.0)
    assert (said.flr_percent_p05, said.flr_percent_p50, said.flr_percent_p95) == (30.0, 39.0, 48.0)
    assert said.probability_minimums_met == 0.75
    assert said.draws == 20


def test_seventy_percent_reached_is_seventy_percent_reached() -> None:
    draws = draws_of([69.9999, 70.0 - 1e-12, 70.0, 75.0])
    said = uncertainty(draws, deciding=draws, clinical=CALM, settings=TypeSettings())
    assert said.probability_threshold_met == 0.75
    assert said.type_probabilities == {"1": 0.0, "2": 0.75, "3": 0.25, "4": 0.0}


def test_each_draw_is_typed_by_the_rule() -> None:
    draws = draws_of([100.0, 100.0, 90.0, 60.0, 10.0], complete=[True, False, False, False, False])
    assert uncertainty(draws, deciding=draws, clinical=ILL, settings=TypeSettings()).type_probabilities == {
        "1": 0.2,
        "2": 0.4,
        "3": 0.0,
        "4": 0.4,
    }
    many = draws_of([100.0], count=6, complete=[True])
    said = uncertainty(many, deciding=many, clinical=CALM, settings=TypeSettings())
    assert said.type_probabilities["2"] == 1.0


def test_the_sparing_plan_decides_the_type_and_the_chosen_one_the_figures() -> None:
    chosen, sparing = draws_of([90.0, 90.0]), draws_of([60.0, 80.0])
    said = uncertainty(chosen, deciding=sparing, clinical=CALM, settings=TypeSettings())
    assert said.probability_threshold_met == 1.0
    assert said.type_probabilities == {"1": 0.0, "2": 0.5, "3": 0.5, "4": 0.0}


@pytest.mark.parametrize(("known", "four"), [(CALM, False), (ILL, True), (Clinical(), False)])
def test_other_symptoms_move_type_3_to_4_and_back(known: Clinical, four: bool) -> None:
    draws = draws_of([80.0, 10.0, 20.0, 30.0])
    for before in (CALM, ILL):
        said = uncertainty(draws, deciding=draws, clinical=before, settings=TypeSettings())
        moved = under_other_symptoms(said.type_probabilities, known, TypeSettings())
        fresh = uncertainty(draws, deciding=draws, clinical=known, settings=TypeSettings())
        assert moved == fresh.type_probabilities
        assert moved["4" if four else "3"] == 0.75
