"""The studies of a batch: the folders of a root, or the rows of a CSV file."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.settings import Settings
from netlm_pipelines.batch.folder import no_studies, studies_of_folder
from netlm_pipelines.batch.order import Study, merged
from netlm_pipelines.request import GivenMasks, series_choice

_MASKS = tuple(item.name for item in fields(GivenMasks))
_SEVERAL = ("lesions", "vessels")
"""Columns that may hold several files, separated by semicolons."""
_COLUMNS = ("study", "path", *_MASKS, "clinical", "settings", "series")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_SEPARATORS = (",", ";", "\t")
"""Spreadsheets write the second where the comma is the decimal point."""
_TABLES: Mapping[str, tuple[str, ...]] = {"clinical": tuple(Clinical.model_fields)} | {
    f"settings.{name}": tuple(field.annotation.model_fields)
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
}
"""Keys that a column may hold, by the table before the last point."""
MOST_FAULTS = 20


def read_studies(source: Path) -> list[Study]:
    """Studies of a folder of studies or of a manifest, by name.

    Raises UsageError: NO_STUDIES, BAD_MANIFEST (all that is wrong with it, by line).
    """
    source = source.absolute()
    if source.is_dir():
        studies = studies_of_folder(source)
    elif source.is_file():
        studies = _from_manifest(source)
        if not studies:
            raise no_studies("none")
    else:
        raise no_studies("nothing there")
    return sorted(studies, key=lambda study: study.name)


def _from_manifest(path: Path) -> list[Study]:
    rows = _rows(path)
    _, columns = rows.pop(0) if rows else (1, [])
    while columns and not columns[-1]:  # spreadsheets write empty columns and rows at the end
        columns.pop()
    faults = _column_faults(columns)
    if faults:
        raise UsageError(*faults[:MOST_FAULTS])
    studies, lines = [], dict[str, int]()
    for line, cells in rows:
        try:
            study = _of_row(columns, cells, path.parent, where=f"line {line}")
            if study.name.casefold() in lines:  # disks of macOS would give both one folder
                found = f"that of line {lines[study.name.casefold()]} again"
                raise UsageError(_bad("each study once", found, f"line {line}"))
        except UsageError as error:
            faults += error.faults
            continue
        lines[study.name.casefold()] = line
        studies.append(study)
    if faults:
        raise UsageError(*faults[:MOST_FAULTS])
    return studies


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Cells without blanks around them, by line; rows that hold nothing are left out."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            separator = next((mark for mark in _SEPARATORS if mark in first), ",")
            file.seek(0)
            reader = csv.reader(file, delimiter=separator, strict=True)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except OSError as error:
        raise UsageError(_bad("a readable file", error.strerror or "an unreadable one")) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise UsageError(_bad("a CSV file in UTF-8", "a text that is none")) from error
    return [(line, cells) for line, cells in rows if any(cells)]


def _column_faults(columns: list[str]) -> list[Fault]:
    faults = []
    for number, name in enumerate(columns, 1):
        table, _, key = name.rpartition(".")
        where = f"column {number}"
        if table in _TABLES:
            if key not in _TABLES[table]:
                faults.append(_bad(f"{table}. with one of {', '.join(_TABLES[table])}", repr(name), where))
        elif name not in _COLUMNS:
            known = f"the columns {', '.join(_COLUMNS)}, clinical.KEY, settings.TABLE.KEY"
            faults.append(_bad(known, "another name" if name else "no name", where))
    if len(set(columns)) < len(columns):
        faults.append(_bad("each column once", "one twice", "the first line"))
    if "study" not in columns:
        faults.append(_bad("the column study", "none", "the first line"))
    return faults


def _of_row(columns: Sequence[str], row: Sequence[str], home: Path, *, where: str) -> Study:
    """Relative paths start at the manifest's own folder."""
    if len(row) < len(columns) or any(row[len(columns) :]):
        raise UsageError(_bad("as many cells as columns", "more or fewer", where))
    cells = dict(zip(columns, row, strict=False))
    name = cells["study"]
    if not _NAME.fullmatch(name):
        found = "another name" if name else "none"
        raise UsageError(_bad("a study of letters, digits, '.', '_' and '-', at most 80", found, where))
    masks = {key: _mask(cells[key], home, several=key in _SEVERAL) for key in _MASKS if cells.get(key)}
    if not cells.get("path") and not (masks.get("liver") and masks.get("lesions")):
        raise UsageError(_bad("a path, or masks of liver and lesions", "neither", where))
    return Study(
        name=name,
        images=_path(cells.get("path"), home),
        masks=GivenMasks(**masks),
        clinical_file=_path(cells.get("clinical"), home),
        settings_file=_path(cells.get("settings"), home),
        clinical=_dotted(cells, "clinical."),
        settings=_dotted(cells, "settings."),
        series=_series(cells.get("series", ""), where=where),
    )


def _series(cell: str, *, where: str) -> Mapping[str, str]:
    try:
        return series_choice(_split(cell))
    except UsageError:
        fault = _bad("series as ROLE=NUMBER; ROLE=NUMBER, each role once", "something else", where)
    raise UsageError(fault)


def _split(cell: str) -> list[str]:
    return [part.strip() for part in cell.split(";") if part.strip()]


def _path(cell: str | None, home: Path) -> Path | None:
    return home / cell if cell else None


def _mask(cell: str, home: Path, *, several: bool) -> Any:
    """``file#Name`` stays so: only the start is a path."""
    return tuple(str(home / part) for part in _split(cell)) if several else str(home / cell)


def _dotted(cells: Mapping[str, str], prefix: str) -> dict[str, Any]:
    """``settings.plan.objective`` as nested tables; an empty cell is not given."""
    table: dict[str, Any] = {}
    for key, cell in cells.items():
        if key.startswith(prefix) and cell:
            *outer, last = key.removeprefix(prefix).split(".")
            value: Any = {last: _value(cell)}
            for name in reversed(outer):
                value = {name: value}
            table = merged(table, value)
    return table


def _value(cell: str) -> Any:
    """A TOML value, else the bare text: spreadsheets write no quotes."""
    try:
        return tomllib.loads(f"value = {cell}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        return cell


def _bad(expected: str, found: str, where: str = "the manifest") -> Fault:
    return Fault(code="BAD_MANIFEST", expected=expected, found=found, where=where)
