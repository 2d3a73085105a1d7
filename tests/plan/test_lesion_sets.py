"""Debulking over the union of MR and PET lesions, and over those that MR shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan.plan_examples import planned
from plan.test_plan_case import plans, random_anatomy

from netlm_imaging.clinical import Clinical
from netlm_imaging.lesions import measure
from netlm_imaging.lesions.records import SeenOn
from netlm_imaging.plan import Planned, plan_case
from netlm_imaging.plan.lesion_sets import seen_on_mr
from netlm_imaging.settings import Settings

BOTH: tuple[SeenOn, ...] = ("mr", "pet")
PET: tuple[SeenOn, ...] = ("pet",)
MR: tuple[SeenOn, ...] = ("mr",)


def seen(*on: tuple[SeenOn, ...]) -> tuple[Planned, list[float]]:
    """Plans of one patient of whose lesions each was seen on something, and the volumes."""
    anatomy = random_anatomy(7, lesions=len(on))
    lesions = measure(anatomy, seen_on=dict(zip(anatomy.lesions.labels, on, strict=True)))
    settings, nothing = Settings.model_validate({"plan": {"max_interventions": 2}}), Clinical()
    result = plan_case(anatomy, lesions, settings=settings, clinical=nothing, limits=())
    return result, [lesion.volume_ml for lesion in lesions]


def test_the_mr_set_leaves_out_what_pet_alone_shows() -> None:
    result, volumes = seen(BOTH, PET, MR, PET, BOTH)
    of_mr = [volumes[0], volumes[2], volumes[4]]
    for plan in (*plans(result), *(result.comparison.plans if result.comparison else ())):
        cleared = [volumes[n - 1] for n in plan.cleared if n in (1, 3, 5)]
        assert plan.debulking_percent_mr_only == pytest.approx(100 * sum(cleared) / sum(of_mr))
        covered = [c.coverage_percent * volumes[c.lesion - 1] for c in plan.coverage if c.lesion in (1, 3, 5)]
        assert plan.debulking_percent_by_volume_mr_only == pytest.approx(sum(covered) / sum(of_mr))
    assert result.plan.debulking_percent_mr_only != pytest.approx(result.plan.debulking_percent)


@pytest.mark.parametrize(
    "on", [(BOTH, MR, MR), (PET, PET, PET), ((), (), ()), (("ct", "pet"), PET, ("ct",)), (PET, (), ("ct",))]
)
def test_there_is_no_mr_figure_without_mr_or_where_the_sets_are_one(
    on: tuple[tuple[SeenOn, ...], ...],
) -> None:
    result, _ = seen(*on)
    assert {p.debulking_percent_mr_only for p in plans(result)} == {None}
    assert {p.debulking_percent_by_volume_mr_only for p in plans(result)} == {None}


def test_the_mr_set() -> None:
    lesions = measure(random_anatomy(7, lesions=3))
    marked = [replace(lesion, seen_on=on) for lesion, on in zip(lesions, (PET, BOTH, ()), strict=True)]
    found = seen_on_mr(marked)
    assert found is not None
    assert [lesion.id for lesion in found] == [2]
    assert seen_on_mr(marked[1:]) is None
    assert planned(random_anatomy(7, lesions=3)).plan.debulking_percent_mr_only is None
