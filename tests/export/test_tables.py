from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from export.examples import Example

from netlm_imaging.export.tables import lesions_csv, table, treatments_csv


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_one_row_a_lesion_with_the_case_numbers(example: Example) -> None:
    found = rows(lesions_csv(example.case))
    assert [int(row["id"]) for row in found] == [1, 2, 3, 4, 5]
    for row, lesion in zip(found, example.case.lesions, strict=True):
        assert float(row["volume_ml"]) == lesion.volume_ml
        assert float(row["centroid_z_lps_mm"]) == lesion.centroid_lps_mm[2]
        assert row["main_segment"] == lesion.segments[0].segment
        assert row["cleared"] == ("true" if lesion.cleared else "false")
    assert [row["in_mr_set"] for row in found] == ["true"] * 5
    assert found[3]["suv_max_g_per_ml"] == ""
    assert found[0]["ablation_why_not"] == "longest diameter 42 mm > 30 mm"
    assert found[4]["treatment"] == "none"


def test_which_lesions_the_mr_figure_counts(example: Example) -> None:
    on = (("pet",), ("mr", "pet"), (), ("mr",), ("ct",))
    lesions = tuple(replace(x, seen_on=s) for x, s in zip(example.case.lesions, on, strict=True))
    found = rows(lesions_csv(replace(example.case, lesions=lesions)))
    assert [row["in_mr_set"] for row in found] == ["false", "true", "", "true", "false"]


def test_one_row_a_treatment(example: Example) -> None:
    found = rows(treatments_csv(example.case))
    assert [row["id"] for row in found] == ["T1", "T2", "T3"]
    assert found[2]["lesions"] == "3; 4"
    assert (found[2]["zone_1_mm"], found[2]["axis_z_lps"]) == ("40.0", "0.8")
    assert found[0]["device"] == found[0]["center_x_lps_mm"] == ""
    assert (found[2]["open_only"], found[2]["path_approach"]) == ("false", "percutaneous")
    assert (found[2]["path_entry_x_lps_mm"], found[2]["path_tip_z_lps_mm"]) == ("-160.0", "-1.0")
    assert (found[2]["path_clearance_mm"], found[2]["path_nearest_structure"]) == ("7.25", "lung or gas")
    assert found[0]["open_only"] == found[0]["path_length_mm"] == ""


def test_without_lesions_only_the_header_is_left(example: Example) -> None:
    text = lesions_csv(replace(example.case, lesions=()))
    assert text.startswith("id,volume_ml,")
    assert text.count("\r\n") == 1


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_text_that_a_spreadsheet_would_run_is_disarmed(text: str) -> None:
    (row,) = rows(table([{"name": text}], columns=["name"]))
    assert row["name"] == "'" + text


def test_numbers_stay_numbers_and_text_is_quoted_as_rfc_4180_says() -> None:
    cells = {"a": -3.5, "b": 'say "x", then\r\ny', "c": None, "d": True, "e": "Ünï"}
    text = table([cells], columns=list("abcde"))
    assert text == 'a,b,c,d,e\r\n-3.5,"say ""x"", then\r\ny",,true,Ünï\r\n'
