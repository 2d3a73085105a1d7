from __future__ import annotations

from pathlib import Path

import pytest

from netlm_imaging.clinical import Clinical, load_clinical
from netlm_imaging.errors import UsageError
from netlm_imaging.settings import Settings, load_settings


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "given.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_means_the_defaults_of_the_contract() -> None:
    settings = load_settings(None)
    assert settings == Settings()
    assert settings.type.debulking_threshold_percent == 70
    assert settings.lesion.cleared_fraction == 0.995
    assert load_clinical(None) == Clinical()


def test_values_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "[type]\nlimited_max_lesions = 10\n[ablation]\nmodalities = ['mwa']\n")
    settings = load_settings(path)
    assert settings.type.limited_max_lesions == 10
    assert settings.ablation.modalities == ("mwa",)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[type]\ndebulking_threshold_percent = 700", ["type.debulking_threshold_percent", "700", "100"]),
        ("[typ]\nx = 1", ["'typ'", "ablation, device, flr"]),
        ("[resection]\nwedge_margin = 5", ["'resection.wedge_margin'", "wedge_margin_mm"]),
        ("[plan]\nobjective = 'best'", ["plan.objective", "'best'", "sparing"]),
        ("[type]\ngray_band_percent = [80, 60]", ["gray_band_percent"]),
        ("[flr]\nminimum_percent = nan", ["flr.minimum_percent"]),
        ("[resection]\nwedge = 'yes'", ["resection.wedge", "'yes'", "boolean"]),
        ("[ablation]\nmargin_mm = '7'", ["ablation.margin_mm", "'7'", "number"]),
        ("[ablation]\nmodalities = 'mwa'", ["ablation.modalities", "'mwa'"]),
        ("[type]\ngray_band_percent = ['60', 80]", ["gray_band_percent", "'60'"]),
        ("[type]\ngray_band_percent = [75, 85]", ["type.gray_band_percent", "[75, 85]", "(70)"]),
        (
            "[type]\ndebulking_threshold_percent = 90\ngray_band_percent = [65, 75]",
            ["type.gray_band_percent", "[65, 75]", "(90)"],
        ),
        (
            "[[plan.fix]]\nlesion = 1\nkind = 'wedge'\ndevice = 'rfa-1-probe'\ndo = true",
            ["plan.fix[1]: only an ablation has a device; found a table with lesion, kind, device, do"],
        ),
        ("type = 5", ["type:", "a table", "5"]),
        ("[[type]]\nlimited_max_lesions = 5", ["type:", "a table; found an array of tables"]),
        ("device = 5", ["device: Input should be an array; found 5"]),
        (
            "[plan.fix]",
            ["plan.fix: Input should be an array of tables: [[plan.fix]] for each; found an empty"],
        ),
        (
            "[device]\nid = 'a'",
            ["device: ", "an array of tables: [[device]] for each; found a table with id"],
        ),
        ("[type]\nlimited_max_lesions = 2.5", ["type.limited_max_lesions", "2.5", "integer"]),
        ("[type]\nlimited_max_lesions = true", ["type.limited_max_lesions", "True", "integer"]),
        ("[pet]\nthreshold_fraction_of_max = 45", ["pet.threshold_fraction_of_max", "45", "1"]),
        ("[resection]\nwedge_margin_mm = inf", ["resection.wedge_margin_mm", "inf", "finite"]),
    ],
)
def test_a_wrong_setting_names_key_value_and_what_is_allowed(
    tmp_path: Path, text: str, named: list[str]
) -> None:
    with pytest.raises(UsageError, match="BAD_SETTINGS") as caught:
        load_settings(write(tmp_path, text))
    assert all(part in str(caught.value) for part in named)


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "weight_kg = 'heavy'\ngrade = 7\nhight_cm = 170\n")
    with pytest.raises(UsageError) as caught:
        load_clinical(path)
    assert caught.value.codes == ("BAD_CLINICAL",) * 3


def test_a_gray_band_that_is_not_given_lies_around_the_threshold(tmp_path: Path) -> None:
    for threshold, band in ((90, (85, 95)), (98.5, (93.5, 100)), (2, (0, 7)), (70, (65, 75))):
        path = write(tmp_path, f"[type]\ndebulking_threshold_percent = {threshold}\n")
        assert load_settings(path).type.gray_band_percent == band


@pytest.mark.parametrize(
    "text",
    [
        "weight_kg = 7000", "height_cm = 1.72", "ki67_percent = -1", "sex = 'm'", "grade = 4", "grade = '2'",
        "fit_for_surgery = 'yes'", "extrahepatic = 'some'", "symptomatic_lesions = [0]",
        "symptomatic_lesions = ['a']", "primary_site = 7", "[weight_kg]\nvalue = 70",
    ],
)  # fmt: skip
def test_a_wrong_fact_names_key_and_value(tmp_path: Path, text: str) -> None:
    key = text.strip("[").split(" ")[0].split("]")[0]
    with pytest.raises(UsageError, match=f"BAD_CLINICAL in clinical facts: expected {key}") as caught:
        load_clinical(write(tmp_path, text))
    assert "found" in str(caught.value)


@pytest.mark.parametrize("text", ["a = ", "\x00", "a = " + "[" * 5000, "a = 1\na = 2"])
def test_a_file_that_is_no_toml(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="BAD_TOML"):
        load_settings(write(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"BAD_TOML in none\.toml"):
        load_settings(tmp_path / "none.toml")
