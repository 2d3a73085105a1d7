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
        ("[typ]\nx = 1", ["'typ'", "ablation, flr"]),
        ("[resection]\nwedge_margin = 5", ["'resection.wedge_margin'", "wedge_margin_mm"]),
        ("[plan]\nobjective = 'best'", ["plan.objective", "'best'", "sparing"]),
        ("[type]\ngray_band_percent = [80, 60]", ["gray_band_percent"]),
        ("[flr]\nminimum_percent = nan", ["flr.minimum_percent"]),
        ("[resection]\nwedge = 'yes'", ["resection.wedge", "'yes'", "boolean"]),
        ("[ablation]\nmargin_mm = '7'", ["ablation.margin_mm", "'7'", "number"]),
        ("[ablation]\nmodalities = 'mwa'", ["ablation.modalities", "'mwa'"]),
        ("[type]\ngray_band_percent = ['60', 80]", ["gray_band_percent", "'60'"]),
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


@pytest.mark.parametrize("text", ["a = ", "\x00"])
def test_a_file_that_is_no_toml(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="BAD_TOML"):
        load_settings(write(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"BAD_TOML in none\.toml"):
        load_settings(tmp_path / "none.toml")
