from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from export.examples import Example

from netlm_imaging.export.case_schema import schema_text, shipped_schema


def validator() -> jsonschema.Draft202012Validator:
    schema = shipped_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_shipped_schema_is_current() -> None:
    assert shipped_schema() == json.loads(schema_text()), "run: python -m netlm_imaging.export.case_schema"


def test_a_case_is_valid(example: Example) -> None:
    validator().validate(json.loads(example.case.to_json()))


def test_a_case_without_disease_images_or_masks_of_segments_is_valid(example: Example) -> None:
    case = replace(example.case, lesions=(), inputs=(), registrations=(), alternatives=(), frontier=())
    validator().validate(json.loads(case.to_json()))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda case: case.pop("grid"),
        lambda case: case["lesions"][0].pop("vessel_distance_mm"),
        lambda case: case["plan"].update(objective="best"),
        lambda case: case["classification"].update(type=5),
        lambda case: case["liver"].update(total_ml="1500"),
        lambda case: case.update(schema="netlm-case/2"),
    ],
)
def test_a_spoiled_case_is_not(example: Example, spoil: Any) -> None:
    case = json.loads(example.case.to_json())
    spoil(case)
    assert not validator().is_valid(case)


def test_fields_carry_their_units_and_docstrings() -> None:
    lesion = shipped_schema()["$defs"]["CaseLesion"]["properties"]
    assert lesion["volume_ml"]["title"] == "Volume [mL]"
    assert lesion["capsule_distance_mm"]["title"] == "Capsule distance [mm]"
    assert lesion["suv_max"]["title"] == "Suv max [g/mL]"
    assert "near surface" in lesion["capsule_distance_mm"]["description"]
    plan = shipped_schema()["$defs"]["Plan"]["properties"]
    assert plan["debulking_percent"]["description"] == "By lesion: the headline figure."
