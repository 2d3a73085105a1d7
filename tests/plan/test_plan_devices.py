"""The catalogue, the user's own devices, and which of them a plan uses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from plan.plan_examples import anatomy_of, planned, settings_with
from strategies import ellipsoid, oblique_grid

from netlm_imaging.errors import UsageError
from netlm_imaging.plan.devices import catalogue, chosen_devices, comparison_devices
from netlm_imaging.settings import Settings, load_settings

OWN = """
[ablation]
devices = ["our-laser"]
[[device]]
id = "our-laser"
modality = "laser"
zone_mm = [25, 22, 18.5]
evidence = "patient series"
provenance = "40 patients, CT after 24 h"
"""


def _load(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return load_settings(path)


def test_the_defaults_are_the_papers_sizes_in_order() -> None:
    found = [(d.modality, d.probes, d.zone_mm[0], d.pull_back_mm) for d in chosen_devices(Settings())]
    assert found == [("mwa", 1, 40, 1), ("mwa", 3, 50, 1), ("rfa", 1, 30, 3), ("rfa", 3, 40, 3)]
    one_rfa = Settings.model_validate({"ablation": {"modalities": ["rfa"], "max_probes": 1}})
    assert [d.id for d in chosen_devices(one_rfa)] == ["rfa-1-probe"]


def test_the_catalogue_has_one_default_for_a_modality_and_number_of_probes_and_no_id_twice() -> None:
    defaults = [(e.modality, e.probes) for e in catalogue() if e.default]
    assert len(set(defaults)) == len(defaults)
    ids = [e.id for e in catalogue()]
    assert len(set(ids)) == len(ids)


def test_devices_are_chosen_by_id_whatever_the_modalities() -> None:
    wanted = {"devices": ["ire-2-electrodes-15mm", "emprint-100w-10min"], "modalities": ["rfa"]}
    ire, emprint = chosen_devices(Settings.model_validate({"ablation": wanted}))
    assert (ire.modality, ire.zone_mm, ire.thermal, ire.pull_back_mm) == ("ire", (30, 17, 30), False, 0)
    assert emprint.zone_mm == pytest.approx((0.85 * 42, 0.85 * 36, 0.85 * 36))
    assert (emprint.beyond_tip_mm, emprint.antenna_gauge) == ((6, 9.5), None)


def test_every_plan_is_compared_with_the_patient_series_of_its_modalities() -> None:
    assert [d.id for d in comparison_devices(Settings())] == [
        "mwa-5min-patients",
        "amica-60w-10min-patients",
        "rfa-8min-patients",
    ]
    for ablation, expected in (
        ({"devices": ["rfa-3-probes"]}, ["rfa-8min-patients"]),
        ({"devices": ["rfa-8min-patients"]}, []),
        ({"devices": ["ire-2-electrodes-15mm"]}, []),
        (
            {"devices": ["ire-2-electrodes-15mm", "rfa-1-probe"]},
            ["rfa-8min-patients", "ire-2-electrodes-15mm"],
        ),
        ({"comparison_devices": []}, []),
        ({"comparison_devices": ["neuwave-65w-5min"]}, ["neuwave-65w-5min"]),
    ):
        found = comparison_devices(Settings.model_validate({"ablation": ablation}))
        assert [d.id for d in found] == expected


def test_an_own_device_is_read_and_used(tmp_path: Path) -> None:
    (laser,) = chosen_devices(_load(tmp_path, OWN))
    assert (laser.name, laser.modality, laser.probes, laser.zone_mm) == (
        "our-laser",
        "laser",
        1,
        (25, 22, 18.5),
    )
    assert (laser.pull_back_mm, laser.shrink) == (3.0, 1.0)


@pytest.mark.parametrize(
    ("modality", "evidence", "shrink"),
    [("rfa", "ex vivo chart", 0.7), ("mwa", "ex vivo chart", 0.85), ("rfa", "live animal", 1.0)],
)
def test_a_chart_from_outside_the_living_shrinks_unless_told_otherwise(
    tmp_path: Path, modality: str, evidence: str, shrink: float
) -> None:
    text = OWN.replace('"laser"', f'"{modality}"').replace("patient series", evidence)
    assert chosen_devices(_load(tmp_path, text))[0].zone_mm[0] == pytest.approx(25 * shrink)
    told = chosen_devices(_load(tmp_path, text + "shrink = 0.5\n"))
    assert told[0].zone_mm[0] == 12.5


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("zone_mm", "zone", ["'device[1].zone'", "zone_mm", "provenance"]),
        ("laser", "lazer", ["device[1].modality", "'lazer'", "'laser' or 'ire'"]),
        ("22", "0", ["device[1].zone_mm[2]", "greater than 0"]),
        ("22", "-22", ["device[1].zone_mm[2]", "-22", "greater than 0"]),
        ("22, ", "", ["device[1].zone_mm"]),
        ("patient series", "brochure", ["device[1].evidence", "'brochure'", "'ex vivo chart'"]),
        ('provenance = "40 patients, CT after 24 h"', "", ["the key device[1].provenance", "found none"]),
        ('"40 patients, CT after 24 h"', '"          "', ["provenance must say who measured the zone"]),
        ('id = "our-laser"', 'id = "Our Laser"', ["device[1].id", "'Our Laser'"]),
        ('devices = ["our-laser"]', "", ["name the [[device]] to use in ablation.devices", "our-laser"]),
        ('devices = ["our-laser"]', 'devices = ["rfa-1-probe"]', ["by its id: our-laser"]),
        ("[25, 22, 18.5]", "[25, 22, 18.5]\nbeyond_tip_mm = [4, 2]", ["[least, most], not [4, 2]"]),
        (
            "[25, 22, 18.5]",
            "[25, 22, 18.5]\nbeyond_tip_mm = [4, 25]",
            ["less than the zone's 25 mm", "not 25"],
        ),
    ],
)
def test_a_wrong_own_device_names_key_value_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, named: list[str]
) -> None:
    with pytest.raises(UsageError, match="BAD_SETTINGS") as caught:
        _load(tmp_path, OWN.replace(old, new))
    for part in named:
        assert part in str(caught.value)


def test_one_id_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="twice: our-laser"):
        _load(tmp_path, OWN + OWN[OWN.index("[[device]]") :])


@pytest.mark.parametrize("key", ["devices", "comparison_devices"])
def test_an_unknown_device_is_refused_with_the_known_ones(key: str) -> None:
    wrong = Settings.model_validate({"ablation": {key: ["emprint-100w-11min"]}})
    with pytest.raises(UsageError, match="'emprint-100w-11min'") as caught:
        comparison_devices(wrong)
    assert f"ablation.{key}" in str(caught.value)
    assert "emprint-100w-10min, emprint-150w-6.5min" in str(caught.value)


def test_an_own_device_cannot_take_an_id_of_the_catalogue(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the catalogue does not use; found 'mwa-1-probe'"):
        chosen_devices(_load(tmp_path, OWN.replace("our-laser", "mwa-1-probe")))


def test_laser_without_a_device_asks_for_one() -> None:
    with pytest.raises(UsageError, match="a zone for laser"):
        chosen_devices(Settings.model_validate({"ablation": {"modalities": ["mwa", "laser"]}}))


def _two_deep_lesions():
    """A 24 mm and a 12 mm ball that only a zone can reach."""
    grid = oblique_grid((44, 58, 64), (1.8, 1.9, 2.2))
    middle = grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)
    liver = ellipsoid(grid, middle, (52.0, 50.0, 46.0))
    return anatomy_of(grid, liver, [(tuple(middle - 13.0), 12.0), (tuple(middle + 16.0), 6.0)])


ONLY_ABLATION = {"resection": {"wedge": False, "enucleation": False, "anatomical": False}}


def test_the_comparison_tells_what_only_the_larger_zone_covers() -> None:
    settings = settings_with(**ONLY_ABLATION, ablation={"max_zones": 1})
    anatomy = _two_deep_lesions()
    result = planned(anatomy, settings=settings)
    other = result.comparison
    assert other is not None
    assert result.plan.cleared == (1, 2)
    assert other.only_larger_zone == (1,)
    assert [p.objective for p in other.plans] == ["sparing", "maximum", "threshold", "fewest", "palliative"]
    small = other.plans[0]
    assert (small.cleared, small.status) == ((2,), "optimal")
    names = {device.name for device in other.devices}
    assert {t.device for p in other.plans for t in p.treatments} <= names
    assert {t.device for t in result.plan.treatments}.isdisjoint(names)
    alone = settings_with(
        **ONLY_ABLATION,
        ablation={"devices": [d.id for d in other.devices], "comparison_devices": [], "max_zones": 1},
    )
    assert planned(anatomy, settings=alone).plan == small
    assert planned(anatomy, settings=alone).comparison is None
    several = planned(anatomy, settings=settings_with(**ONLY_ABLATION)).comparison
    assert several is not None
    assert several.only_larger_zone == (1,)  # several small zones are no one zone


def test_resections_do_not_depend_on_the_devices() -> None:
    settings = settings_with(ablation={"max_ablations": 0})
    result = planned(_two_deep_lesions(), settings=settings)
    assert result.comparison is not None
    assert result.comparison.plans == (result.plan, *result.alternatives)


def test_a_zone_that_no_patient_series_stands_beside_is_noticed() -> None:
    settings = settings_with(ablation={"devices": ["ire-2-electrodes-15mm", "rfa-1-probe"]})
    notices = {n.code: n.message for n in planned(_two_deep_lesions(), settings=settings).notices}
    assert "beside IRE, 2 electrodes 15 mm apart:" in notices["NO_PATIENT_SERIES"]
    usual = planned(_two_deep_lesions(), settings=settings_with())
    assert "NO_PATIENT_SERIES" not in {n.code for n in usual.notices}
