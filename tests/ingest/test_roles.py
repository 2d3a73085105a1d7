"""Roles from coded facts first; an extracellular agent never makes a hepatobiliary phase."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ingest import builder

from netlm_imaging.ingest import scan

GADOXETATE = {"ContrastBolusAgent": "Gadoxetate disodium", "ContrastBolusStartTime": "093930"}
DOTAREM = {"ContrastBolusAgent": "Dotarem 14ml"}

CASES: list[tuple[dict[str, Any], str]] = [
    ({**GADOXETATE}, "hbp"),
    ({**GADOXETATE, "ContrastBolusStartTime": "095940"}, "arterial"),
    ({**GADOXETATE, "ContrastBolusStartTime": "095850"}, "portal"),
    ({**GADOXETATE, "ContrastBolusStartTime": "095500"}, "other"),
    ({**GADOXETATE, "ContrastBolusStartTime": "100200"}, "precontrast"),
    ({"ContrastBolusAgent": "Primovist", "SeriesDescription": "t1 vibe fs 20 min"}, "hbp"),
    ({"ContrastBolusAgent": "Eovist", "SeriesDescription": "eTHRIVE hepatobiliary"}, "hbp"),
    ({"ContrastBolusAgent": "Primovist", "SeriesDescription": "vibe arterial"}, "arterial"),
    ({"ContrastBolusAgent": "MultiHance", "ContrastBolusStartTime": "093930"}, "other"),
    ({**DOTAREM, "SeriesDescription": "t1_vibe_fs_tra_bh_3 x dyn_Gd"}, "other"),
    ({**DOTAREM, "SeriesDescription": "t1_vibe 20min"}, "other"),
    ({**DOTAREM, "ContrastBolusStartTime": "093930"}, "other"),
    ({"SeriesDescription": "t1_vibe_pre"}, "precontrast"),
    ({}, "precontrast"),
    ({"DiffusionBValue": 800.0, "ScanningSequence": "EP"}, "dwi"),
    ({"ImageType": ["DERIVED", "PRIMARY", "ADC"]}, "other"),
    ({"ScanningSequence": "SE", "EchoTime": "90", "RepetitionTime": "3000"}, "t2"),
    ({"ImageType": ["DERIVED", "PRIMARY", "DIXON", "FAT"]}, "other"),
    ({"ImageType": ["DERIVED", "SECONDARY", "MIP"]}, "other"),
]


@pytest.mark.parametrize(("facts", "role"), CASES, ids=[f"{n}-{c[1]}" for n, c in enumerate(CASES)])
def test_role_of_mr(facts: dict[str, Any], role: str, tmp_path: Path) -> None:
    items = builder.mr()
    for item in items:
        for name, value in facts.items():
            setattr(item, name, value)
    (series,) = scan(builder.write(items, tmp_path)).series
    assert series.role == role, series.role_reason
    assert series.role_reason
    assert 0 < series.role_confidence <= 1


def test_words_alone_are_less_sure(tmp_path: Path) -> None:
    items = builder.mr()
    for item in items:
        item.SeriesDescription = "HBP"
    (series,) = scan(builder.write(items, tmp_path)).series
    assert series.role == "hbp"
    assert series.role_confidence == 0.5


def test_description_is_made_from_coded_facts(tmp_path: Path) -> None:
    items = builder.mr()
    for item in items:
        item.ScanOptions = "FS"
        item.ContrastBolusAgent = "GADOXETATE for SECRET^PATIENT"
    (series,) = scan(builder.write(items, tmp_path)).series
    assert series.description == "MR T1 3D fat-suppressed TE 1.5 ms gadoxetate"


@pytest.mark.parametrize(
    ("words", "role"),
    [("t1_vibe_pre", "precontrast"), ("t1-vibe-ART", "arterial"), ("t1_vibe_HBP_20min", "hbp")],
)
def test_words_decide_where_every_series_names_the_agent(words: str, role: str, tmp_path: Path) -> None:
    items = builder.mr()
    for item in items:
        item.ContrastBolusAgent, item.SeriesDescription = "Primovist", words
    (series,) = scan(builder.write(items, tmp_path)).series
    assert series.role == role
