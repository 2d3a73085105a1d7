"""Fixed choices of the settings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plan.plan_examples import planned, settings_with
from plan.session_examples import session_on
from plan.test_plan_case import half_of_the_liver, plans, random_anatomy

from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import NetlmError, PlanError, UsageError
from netlm_imaging.lesions import measure
from netlm_imaging.plan import Planned, plan_case
from netlm_imaging.settings import Settings
from netlm_imaging.volume import LabelMap


def fixing(*choices: dict, **tables: dict) -> Settings:
    plan = {**tables.pop("plan", {}), "fix": choices}
    return settings_with(plan=plan, **tables)


def planned_with(settings: Settings) -> Planned:
    anatomy = random_anatomy(5, lesions=5, coarse=1.3)
    return planned(anatomy, settings=settings, limits=half_of_the_liver(anatomy, 0.3))


def names(plan) -> set[str]:
    return {t.name for t in plan.treatments}


def test_every_plan_obeys_what_is_fixed_and_the_case_says_so() -> None:
    free = planned_with(Settings())
    unwanted = next(t for t in free.plan.treatments if t.kind == "anatomical")
    settings = fixing(
        {"lesion": 2, "kind": "wedge", "do": True},
        {"kind": "anatomical", "name": unwanted.name, "do": False},
        {"lesion": 1, "do": True},
        {"lesion": 3, "do": False},
        {"lesion": 4, "kind": "ablation", "device": "mwa-1-probe", "do": False},
    )
    found = planned_with(settings)
    for plan in plans(found):
        assert plan.status == "optimal"
        assert "Wedge resection of lesion 2" in names(plan)
        assert unwanted.name not in names(plan)
        assert 1 in plan.cleared
        own = [c for c in found.case.problem.candidates if c.name in names(plan)]
        assert all(c.lesions != (3,) for c in own)
        assert all(c.lesions != (4,) or c.zones[0].device.id != "mwa-1-probe" for c in own if c.zones)
    (notice,) = [n for n in found.notices if n.code == "FIXED_CHOICES"]
    assert "5 fixed choices" in notice.message
    assert "FIXED_CHOICES" not in {n.code for n in free.notices}
    assert found.comparison is not None
    assert all("Wedge resection of lesion 2" in names(plan) for plan in found.comparison.plans)


def test_an_ablation_that_the_comparison_devices_cannot_make_is_left_out_there() -> None:
    found = planned_with(fixing({"lesion": 4, "kind": "ablation", "device": "rfa-1-probe", "do": True}))
    assert any(t.device and t.lesions == (4,) and "RFA" in t.device for t in found.plan.treatments)
    assert found.comparison is not None
    assert found.comparison.plans[0].status == "optimal"


@pytest.mark.parametrize(
    ("choices", "kind", "code", "says"),
    [
        (
            [{"lesion": 77, "do": True}],
            UsageError,
            "BAD_SETTINGS",
            ["plan.fix[1]", "1, 2, 3", "lesion 77"],
        ),
        (
            [{"kind": "anatomical", "name": "Right hepatektomy", "do": False}],
            UsageError,
            "BAD_SETTINGS",
            ["Right hepatektomy", "Right hepatectomy"],
        ),
        (
            [{"lesion": 4, "kind": "ablation", "device": "mwa-1-prob", "do": False}],
            UsageError,
            "BAD_SETTINGS",
            ["plan.fix[1].device", "mwa-1-probe, mwa-3-probes", "'mwa-1-prob'"],
        ),
        (
            [{"lesion": 4, "kind": "ablation", "device": "ire-2-electrodes-15mm", "do": True}],
            PlanError,
            "TREATMENT_IMPOSSIBLE",
            ["only mwa-1-probe, mwa-3-probes, rfa-1-probe, rfa-3-probes of the plan's devices can do it"],
        ),
        (
            [{"lesion": 4, "kind": "ablation", "do": True}],
            UsageError,
            "BAD_SETTINGS",
            ["name the device", "mwa-1-probe", "rfa-1-probe"],
        ),
        (
            [{"lesion": 2, "kind": "wedge", "do": True}, {"lesion": 2, "kind": "wedge", "do": False}],
            PlanError,
            "PLAN_CONFLICT",
            ["must not: Wedge resection of lesion 2", "must: Wedge resection of lesion 2", "contradict"],
        ),
    ],
)
def test_wrong_and_contradictory_choices_are_refused(choices, kind, code, says) -> None:
    with pytest.raises(NetlmError) as caught:
        planned_with(fixing(*choices))
    assert (type(caught.value), caught.value.code) == (kind, code)
    assert all(part in str(caught.value) for part in says)


def test_lesions_that_are_not_there_are_refused_before_treatments_are_made() -> None:
    anatomy = random_anatomy(5, lesions=5, coarse=1.3)
    said: list[str] = []
    with pytest.raises(UsageError) as caught:
        plan_case(
            anatomy,
            measure(anatomy),
            settings=fixing({"lesion": 77, "do": True}, {"lesion": 8, "kind": "wedge", "do": True}),
            clinical=Clinical(),
            limits=(),
            progress=said.append,
        )
    assert [fault.where for fault in caught.value.faults] == ["plan.fix[1]", "plan.fix[2]"]
    assert not said


def test_a_treatment_that_is_not_possible_is_refused_with_its_reason() -> None:
    settings = fixing(
        {"lesion": 2, "kind": "wedge", "do": True},
        {"kind": "anatomical", "name": "Right hepatectomy", "do": True},
        resection={"wedge": False, "anatomical": False},
    )
    with pytest.raises(PlanError) as caught:
        planned_with(settings)
    assert caught.value.codes == ("TREATMENT_IMPOSSIBLE",) * 2
    assert "wedge of lesion 2; found switched off in the settings" in str(caught.value)
    assert "Right hepatectomy; found switched off in the settings" in str(caught.value)


def test_a_procedure_of_segments_that_are_not_there_names_them() -> None:
    anatomy = random_anatomy(5, lesions=5, coarse=1.3)
    assert anatomy.segments is not None
    without = np.where(np.isin(anatomy.segments.array, [6, 7]), 5, anatomy.segments.array)
    anatomy = replace(anatomy, segments=LabelMap(without, anatomy.grid))
    settings = fixing({"kind": "anatomical", "name": "Right hepatectomy", "do": True})
    with pytest.raises(PlanError, match=r"Right hepatectomy; found the segment map has no segment VI, VII"):
        planned(anatomy, settings=settings)


def test_more_than_one_operation_allows_names_the_limit() -> None:
    both = [
        {"lesion": 2, "kind": "wedge", "do": True},
        {"lesion": 4, "kind": "ablation", "device": "mwa-1-probe", "do": True},
    ]
    with pytest.raises(PlanError, match=r"interventions at most 1 and must: .* 2 are needed"):
        planned_with(fixing(*both, plan={"max_interventions": 1}))


def test_a_session_starts_from_them_and_they_are_no_setting_of_it_any_more() -> None:
    settings = fixing({"lesion": 2, "kind": "wedge", "do": True}, {"lesion": 3, "do": False})
    session = session_on(random_anatomy(5, lesions=5, coarse=1.3), settings=settings, keep=0.3)
    (wedge,) = session.state.fixed.must
    assert session.candidates[wedge].name == "Wedge resection of lesion 2"
    assert session.state.fixed.leave == {3}
    with pytest.raises(UsageError, match=r"plan\.fix"):
        session.change(Settings())
    freed = session.free(wedge).session.free_lesion(3).session
    assert freed.state.choice.status == "optimal"
    assert freed.figures.debulking_percent >= session.figures.debulking_percent
