# ruff: noqa: RUF001
"""Roles and descriptions of series that lie in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from ingest import builder

from netlm_imaging.ingest import Series, scan
from netlm_imaging.ingest.roles import Role

GADOXETATE = {"ContrastBolusAgent": "Gadoxetate disodium", "ContrastBolusStartTime": "093930"}


def one(folder: Path, **tags: Any) -> Series:
    items = builder.mr()
    for item in items:
        for name, value in tags.items():
            setattr(item, name, value)
    (series,) = scan(builder.write(items, folder)).series
    return series


@pytest.mark.parametrize(
    ("tags", "role"),
    [
        (GADOXETATE, "hbp"),
        ({**GADOXETATE, "ContrastBolusStartTime": "095940"}, "arterial"),
        ({**GADOXETATE, "ContrastBolusStartTime": "095850"}, "portal"),
        ({**GADOXETATE, "ContrastBolusStartTime": "095500"}, "transitional"),
        ({**GADOXETATE, "ContrastBolusStartTime": "100200"}, "precontrast"),
        ({"ContrastBolusAgent": "Dotarem 14ml", "ContrastBolusStartTime": "093930"}, "other"),
        ({}, "precontrast"),
        ({"DiffusionBValue": 800.0, "ScanningSequence": "EP"}, "dwi"),
        ({"ImageType": ["DERIVED", "PRIMARY", "ADC"]}, "adc"),
        ({"ScanningSequence": "SE", "EchoTime": "90", "RepetitionTime": "3000"}, "t2"),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIXON", "FAT"]}, "other"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MIP"]}, "other"),
    ],
)
def test_role_of_files(tags: dict[str, Any], role: str, tmp_path: Path) -> None:
    series = one(tmp_path, **tags)
    assert series.role == role, series.role_reason
    assert series.role in get_args(Role)
    assert 0 < series.role_confidence <= 1


@pytest.mark.parametrize(
    ("charset", "words", "role"),
    [
        ("ISO_IR 100", "vibe artérielle", "arterial"),
        ("ISO_IR 192", "肝細胞相 20分", "hbp"),
        ("GB18030", "门静脉期", "portal"),
        (["", "ISO 2022 IR 87"], "門脈相", "portal"),
        (["", "ISO 2022 IR 149"], "동맥기", "arterial"),
        ("ISO_IR 148", "kontrastsız", "precontrast"),
        ("ISO_IR 101", "faza tętnicza", "arterial"),
    ],
)
def test_words_in_any_script_survive_the_file(charset: Any, words: str, role: str, tmp_path: Path) -> None:
    series = one(
        tmp_path, SpecificCharacterSet=charset, SeriesDescription=words, ContrastBolusAgent="Primovist"
    )
    assert series.role == role, series.role_reason


def test_description_is_made_from_coded_facts(tmp_path: Path) -> None:
    series = one(
        tmp_path,
        ScanOptions="FS",
        ContrastBolusAgent="GADOXETATE for SECRET^PATIENT",
        SeriesDescription="SECRET art",
    )
    assert series.description == "MR T1 3D fat-suppressed TE 1.5 ms gadoxetate"
    assert "SECRET" not in repr(series)


def test_the_description_tells_time_plane_and_part(tmp_path: Path) -> None:
    tags = {"ImageType": ["DERIVED", "PRIMARY", "DIXON", "WATER"], **GADOXETATE}
    series = one(tmp_path, **tags)
    assert series.description == "MR T1 3D Dixon water TE 1.5 ms gadoxetate 20.5 min after contrast"
