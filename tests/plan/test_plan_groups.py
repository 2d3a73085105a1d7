"""Which close lesions one ablation zone covers, and the reason where none does."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from plan.plan_examples import anatomy_of, settings_with
from plan.test_plan_sequences import GRID, LIVER, _at, _random_lesions

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.lesions import measure
from netlm_imaging.plan import clusters
from netlm_imaging.plan.ablation import target_of, zone_of
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.clusters import _together
from netlm_imaging.plan.collect import collect
from netlm_imaging.plan.devices import chosen_devices
from netlm_imaging.plan.options import telling
from netlm_imaging.plan.records import GroupOption
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.volume import Mask


def groups_of(
    anatomy: Anatomy, devices: list[str], *, budget: int = 10**9, **ablation: object
) -> tuple[GroupOption, ...]:
    rules = {"devices": devices, "comparison_devices": [], **ablation}
    settings = settings_with(
        resection={"wedge": False, "enucleation": False}, ablation=rules, lesion={"smallest_target_ml": 0.0}
    )
    space = workspace(anatomy, major_vessel_mm=6.0)
    _, attempts = collect(space, measure(anatomy), settings=settings)
    groups = attempts.groups(budget)
    assert {g.kind for g in groups} <= {"ablation"}
    return groups


def beside(gap_mm: float, *, radius: float = 9.0, vessel: bool = False) -> Anatomy:
    """Two balls side by side, with a vessel 2 mm beyond the first where asked for."""
    at = radius + gap_mm / 2.0
    anatomy = anatomy_of(GRID, LIVER, [(_at(-at, 0.0, 0.0), radius), (_at(at, 0.0, 0.0), radius)])
    if not vessel:
        return anatomy
    points = GRID.to_patient(np.moveaxis(np.indices(GRID.shape_kji), 0, -1)) - _at(0.0, 0.0, 0.0)
    wall = np.abs(points[..., 0] + at + radius + 4.5) < 2.5
    return Anatomy(liver=anatomy.liver, lesions=anatomy.lesions, vessels=Mask(wall & LIVER, GRID))


def test_lesions_whose_margins_meet_in_no_zone_have_the_size_that_they_need() -> None:
    (group,) = groups_of(beside(6.0), ["rfa-1-probe", "mwa-1-probe"])
    assert (group.lesions, group.feasible) == ((1, 2), False)
    words = r"lesions and 5 mm margins need a zone (.*) mm long; MWA, 1 probe, and smaller zones: 40 mm"
    found = re.fullmatch(words, group.why_not)
    assert found is not None
    assert float(found[1]) == pytest.approx(2 * 9.0 * 2 + 6.0 + 2 * 5.0, abs=2.5)
    assert groups_of(beside(14.0), ["rfa-1-probe", "mwa-1-probe"]) == ()  # too far apart to be asked about
    assert groups_of(beside(6.0), ["rfa-1-probe", "mwa-1-probe"], clusters=False) == ()


def test_a_group_in_one_zone_that_leaves_too_little_liver_says_so() -> None:
    close = beside(2.0, radius=5.0)
    (group,) = groups_of(close, ["mwa-1-probe"])
    assert (group.lesions, group.feasible, group.why_not) == ((1, 2), True, None)
    (group,) = groups_of(close, ["mwa-1-probe"], budget=100)
    assert group.why_not == "leaves less functional liver than the minimum remnant"


def test_of_very_many_groups_the_narrowest_are_tried_and_the_others_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = [(_at(x, 0.0, 0.0), 5.0) for x in (-23.0, -8.0, 4.0, 18.0)]  # 5, 2 and 4 mm between
    anatomy = anatomy_of(GRID, LIVER, row)
    whole = {g.lesions: g for g in groups_of(anatomy, ["mwa-1-probe"])}
    assert [lesions for lesions, g in whole.items() if g.feasible] == [(1, 2), (2, 3), (3, 4)]
    monkeypatch.setattr(clusters, "MOST_GROUPS", 1)
    found = {g.lesions: g for g in groups_of(anatomy, ["mwa-1-probe"])}
    assert {lesions: g.why_not for lesions, g in found.items()} == {
        (2, 3): None,
        (1, 2): "not tried: of the groups of 2 lesions only the 1 narrowest are",
        (3, 4): "not tried: of the groups of 2 lesions only the 1 narrowest are",
    }


def test_each_device_that_fails_has_its_reason() -> None:
    """Electroporation, which no vessel cools, is too short for both lesions."""
    devices = ["rfa-3-probes", "ire-2-electrodes-15mm"]
    (group,) = groups_of(beside(6.0, radius=6.0, vessel=True), devices, margin_mm=2.0)
    cooled, short = group.why_not.split("; ", 1)
    assert re.fullmatch(r"lesion 1: RFA: 2\.\d mm from a vessel 3 mm wide or more, < .* heat sink", cooled)
    assert short.startswith("lesions and 2 mm margins need a zone 3")
    assert short.endswith(" mm long; IRE, 2 electrodes 15 mm apart: 30 mm")


def test_only_the_largest_possible_and_the_smallest_impossible_groups_are_listed() -> None:
    def option(*lesions: int, feasible: bool) -> GroupOption:
        why = None if feasible else "reason"
        return GroupOption(kind="ablation", lesions=lesions, feasible=feasible, why_not=why)

    one_zone = frozenset(frozenset([n]) for n in (1, 2, 3, 4))
    possible = [option(*pair, feasible=True) for pair in ((1, 2), (1, 3), (2, 3), (1, 4))]
    triple = option(1, 2, 3, feasible=True)
    no_pair, of_no_pair = option(2, 4, feasible=False), option(1, 2, 4, feasible=False)
    not_alone = option(1, 5, feasible=False)
    listed = telling([*possible, triple, no_pair, of_no_pair, not_alone], one_zone=one_zone)
    assert listed == [possible[3], triple, no_pair]
    assert telling([*possible[:3], option(1, 2, 3, feasible=False)], one_zone=one_zone)[-1].lesions == (
        1,
        2,
        3,
    )


@pytest.mark.parametrize("seed", range(6))
def test_what_is_listed_tells_of_every_group_whether_one_zone_clears_it(seed: int) -> None:
    """Against trying every pair and triple."""
    anatomy = _random_lesions(seed, 6)
    groups = groups_of(anatomy, ["mwa-1-probe"])
    settings = settings_with(ablation={"devices": ["mwa-1-probe"], "comparison_devices": []})
    space, (device,) = workspace(anatomy, major_vessel_mm=6.0), chosen_devices(settings)
    targets = {n: target_of(space, n, margin_mm=5.0) for n in space.lesions}
    alone = {
        n
        for n in targets
        if isinstance(zone_of(space, targets[n], device, settings=settings.ablation), Candidate)
    }
    possible = [set(g.lesions) for g in groups if g.feasible]
    impossible = [set(g.lesions) for g in groups if not g.feasible]
    assert all(g.feasible is (g.why_not is None) for g in groups)
    for size in (2, 3):
        for group in combinations(targets, size):
            joined = _together(space, [targets[n] for n in group])
            made = isinstance(zone_of(space, joined, device, settings=settings.ablation), Candidate)
            listed = any(set(group) <= one for one in possible)
            assert made <= listed
            refused = any(one <= set(group) for one in impossible) or not alone.issuperset(group)
            assert not (refused and listed)
            margins = [set(space.flat(targets[n].required_kji).tolist()) for n in group]
            if all(a & b for a, b in combinations(margins, 2)):
                assert refused is not listed
