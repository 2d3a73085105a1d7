"""The JSON Schema of case.json, which ships beside this file as case.schema.json.

After a change of the records: ``python -m netlm_imaging.export.case_schema`` writes it again.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from netlm_imaging.case import case_json_schema
from netlm_imaging.export.files import write_file

SCHEMA_FILE = "case.schema.json"

_UNITS = {
    "ml": "mL",
    "mm": "mm",
    "cm": "cm",
    "kg": "kg",
    "percent": "%",
    "degrees": "degrees",
    "deg": "degrees",
    "s": "s",
    "kji": "slice, row, column",
}
_NAMED_UNITS = {"suv_max": "g/mL", "suv_mean": "g/mL"}


def shipped_schema() -> dict[str, Any]:
    """The JSON Schema of case.json, as it comes with the package."""
    schema: dict[str, Any] = json.loads(files(__package__).joinpath(SCHEMA_FILE).read_text(encoding="utf-8"))
    return schema


def schema_text() -> str:
    """The schema made anew from the records: units in titles, the fields' docstrings as descriptions."""
    schema = {
        "$schema": GenerateJsonSchema.schema_dialect,
        **case_json_schema(_Documented),
        "title": "case.json of netlm-imaging: netlm-case/1",
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


class _Documented(GenerateJsonSchema):
    """Adds what the records say of themselves, and that every key is always there."""

    def dataclass_schema(self, schema: Any) -> dict[str, Any]:
        return _described(super().dataclass_schema(schema), schema["cls"])

    def model_schema(self, schema: Any) -> dict[str, Any]:
        return _described(super().model_schema(schema), schema["cls"])

    def field_is_required(self, field: Any, total: bool) -> bool:
        return True

    def get_title_from_name(self, name: str) -> str:
        words = name.split("_")
        unit = _NAMED_UNITS.get(name) or _UNITS.get(words[-1])
        if unit and name not in _NAMED_UNITS:
            words = words[:-1]
        title = " ".join(words) or name
        return f"{title[0].upper()}{title[1:]} [{unit}]" if unit else title[0].upper() + title[1:]


def _described(schema: dict[str, Any], record: type) -> dict[str, Any]:
    for base in reversed(record.__mro__[:-1]):
        if base.__module__.startswith("netlm_imaging"):
            for name, text in _field_docstrings(base).items():
                schema["properties"][name]["description"] = text
    return schema


def _field_docstrings(record: type) -> dict[str, str]:
    """The string literal below each field, as written in the source."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(record))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        is_text = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            found[field.target.id] = inspect.cleandoc(below.value.value)  # type: ignore[attr-defined]
    return found


if __name__ == "__main__":
    write_file(Path(__file__).with_name(SCHEMA_FILE), schema_text().encode())
