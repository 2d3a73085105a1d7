"""Forms made from models, and the Type as text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from export.examples import Example

from napari_netlm.decision import NONE_NEEDED, decision_html, headline, missing_words, projections_html
from napari_netlm.fields import clinical_fields, plan_fields, text_of, value_of, with_text
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import UsageError
from netlm_imaging.settings import Settings

FIELDS = {field.path: field for field in (*clinical_fields(), *plan_fields())}


def test_every_fact_of_the_file_has_a_field_with_its_range() -> None:
    assert [field.path for field in clinical_fields()] == list(Clinical.model_fields)
    for field in FIELDS.values():
        assert field.path in field.tip
        if field.kind in ("number", "whole number"):
            assert re.search(r"\d to \d", field.tip)
        if field.kind == "choice":
            assert all(choice in field.tip for choice in field.choices)
    assert FIELDS["height_cm"].unit == "cm"
    assert FIELDS["height_cm"].low == 30
    assert FIELDS["ablation.margin_mm"].unit == "mm"
    assert FIELDS["flr.minimum_percent"].unit == "%"
    assert FIELDS["ablation.margin_mm"].absent is None


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("height_cm", "172,5", 172.5),
        ("weight_kg", " 74 ", 74.0),
        ("grade", "2", 2),
        ("liver_quality", "steatosis", "steatosis"),
        ("fit_for_surgery", "no", False),
        ("fit_for_surgery", "", None),
        ("symptomatic_lesions", "2, 5", (2, 5)),
        ("primary_site", "ileum", "ileum"),
    ],
)
def test_what_is_written_is_the_value_and_is_shown_again(path: str, text: str, value: object) -> None:
    made = with_text(Clinical(), FIELDS[path], text)
    assert value_of(made, path) == value
    again = with_text(Clinical(), FIELDS[path], text_of(made, FIELDS[path]))
    assert again == made


def test_settings_are_changed_in_their_tables() -> None:
    made = with_text(Settings(), FIELDS["ablation.margin_mm"], "10")
    assert made == Settings(ablation=Settings().ablation.model_copy(update={"margin_mm": 10.0}))
    made = with_text(Settings(), FIELDS["type.debulking_threshold_percent"], "90")
    assert made.type.gray_band_percent == (85.0, 95.0)
    assert with_text(Settings(), FIELDS["resection.max_resections"], "3").resection.max_resections == 3


@pytest.mark.parametrize(
    ("path", "text"),
    [("height_cm", "tall"), ("height_cm", "9000"), ("grade", "2.5"), ("symptomatic_lesions", "two")],
)
def test_what_cannot_be_is_refused_in_words(path: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        with_text(Clinical(), FIELDS[path], text)
    assert caught.value.code == "BAD_CLINICAL"
    assert path in str(caught.value)


def test_an_empty_margin_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        with_text(Settings(), FIELDS["ablation.margin_mm"], "")
    assert caught.value.code == "BAD_SETTINGS"


def test_the_type_stands_with_its_reasons_and_what_is_missing(example: Example) -> None:
    found = example.case.classification
    text = decision_html(found)
    assert headline(found).startswith(f"Type {found.type}")
    assert all(reason.text.split(" <")[0][:20] in text for reason in found.reasons)
    assert all(f"Type {c.type}" in text for c in found.counterfactuals)
    assert "as you edited it (2 fixed choices)" in decision_html(found, edited="2 fixed choices")
    assert missing_words(replace(found, missing=())) == NONE_NEEDED
    assert "hormonal symptoms" in missing_words(replace(found, missing=("hormonal_symptoms",)))
    assert "No Type" in headline(replace(found, type=None))
    assert "No larger remnant" in projections_html(())
