"""What would change the Type: each one computed by the rule."""

from __future__ import annotations

from decide.cases import decide

from netlm_imaging.decide import Classification
from netlm_imaging.settings import Settings

MANY = [10.0] * 10


def changes(found: Classification) -> dict[str, int]:
    return {c.change: c.type for c in found.counterfactuals}


def test_thresholds_of_the_gray_band() -> None:
    below = [67.0, *([5.5] * 6)]
    assert changes(decide(below, [1]))["With a threshold of 65 %"] == 2
    above = [72.0, *([28 / 6] * 6)]
    assert changes(decide(above, [1]))["With a threshold of 75 %"] == 3
    assert not any("threshold" in change for change in changes(decide(MANY, range(1, 9))))


def test_ten_as_the_other_end_of_a_limited_number() -> None:
    assert changes(decide([10.0] * 8, range(1, 9)))["If up to 10 lesions count as a limited number"] == 1
    assert "If up to 10 lesions count as a limited number" not in changes(decide([10.0] * 11, range(1, 12)))
    wide = Settings.model_validate({"type": {"limited_max_lesions": 10}})
    found = decide([10.0] * 8, range(1, 9), settings=wide)
    assert (found.type, changes(found)["If up to 5 lesions count as a limited number"]) == (1, 2)


def test_symptoms() -> None:
    assert changes(decide(MANY, [1]))["With a profound mass effect"] == 4
    assert changes(decide(MANY, [1]))["With hormonal symptoms that cannot be controlled"] == 4
    profound = decide(MANY, [1], facts={"hormonal_symptoms": "uncontrolled"})
    assert changes(profound)["Without profound symptoms"] == 3
    assert not any("symptoms" in change for change in changes(decide(MANY, range(1, 9))))


def test_the_fewest_lesions_that_would_reach_the_threshold() -> None:
    found = decide([40.0, 5.0, 15.0, 8.0, 12.0, 20.0], [1])
    assert found.type == 3
    assert changes(found)["If lesions 3 and 6 (35.0 mL) could be cleared as well"] == 2


def test_the_fewest_lesions_whose_loss_would_cost_the_threshold() -> None:
    found = decide(MANY, range(1, 9))
    assert changes(found)["If lesions 1 and 2 (20.0 mL) could not be cleared"] == 3
    complete = decide([50.0, 10.0, 40.0], [1, 2, 3])
    assert changes(complete)["If lesion 1 (50.0 mL) could not be cleared"] == 3
    easy = decide([80.0, 1.0, 1.0], [1, 2, 3])
    assert "If lesion 1 (80.0 mL) could not be cleared" in changes(easy)


def test_the_rest_of_a_limited_number() -> None:
    assert changes(decide([10.0] * 4, [1, 2, 3]))["If lesion 4 (10.0 mL) could be cleared as well"] == 1


def test_plans_that_are_not_the_one_chosen() -> None:
    found = decide(MANY, [1, 2], also_by_major=range(3, 9), status="feasible", bound_percent=90.0)
    assert changes(found)["With a major resection (80.0 % debulking)"] == 2
    assert changes(found)["If a better plan reached the bound of 90.0 %"] == 2


def test_every_counterfactual_is_another_type() -> None:
    for volumes, cleared in ((MANY, [1]), (MANY, range(1, 8)), ([10.0] * 5, range(1, 6))):
        found = decide(volumes, cleared)
        assert found.counterfactuals
        assert all(c.type != found.type for c in found.counterfactuals)
