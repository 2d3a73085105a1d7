"""The studies of a batch: the folders of a root, or the rows of a CSV file."""

from __future__ import annotations

import csv
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.ingest.privacy import hashed
from netlm_pipelines.batch.order import Study, merged
from netlm_pipelines.request import GivenMasks, series_choice

_MASKS = tuple(item.name for item in fields(GivenMasks))
_SEVERAL = ("lesions", "vessels")
"""Columns that may hold several files, separated by semicolons."""
_COLUMNS = ("study", "path", *_MASKS, "clinical", "settings", "series")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
MOST_FAULTS = 20


def read_studies(source: Path) -> list[Study]:
    """Studies of a folder of studies or of a manifest, by name.

    Raises UsageError: NO_STUDIES, BAD_MANIFEST (all that is wrong with it, by row).
    """
    if source.is_dir():
        studies = _from_folder(source)
    elif source.is_file():
        studies = _from_manifest(source)
    else:
        raise _nothing("nothing there")
    if not studies:
        raise _nothing("none")
    return sorted(studies, key=lambda study: study.name)


def folder_name(path: Path) -> str:
    """How a study of a folder is named everywhere: folders are often named after patients."""
    return f"study-{hashed(path.name)}"


def _nothing(found: str) -> UsageError:
    return UsageError(
        Fault(
            code="NO_STUDIES",
            expected="a folder with one folder or zip a study, or a manifest (CSV) with one row a study",
            found=found,
            where="the studies",
            remedy="For one study use netlm run",
        )
    )


def _from_folder(root: Path) -> list[Study]:
    """Each folder and zip right inside the root is a study; hidden ones and links are not."""
    entries = [path for path in root.iterdir() if not path.name.startswith(".") and not path.is_symlink()]
    return [_of_folder(path) for path in entries if path.is_dir() or path.suffix.lower() == ".zip"]


def _of_folder(path: Path) -> Study:
    """Beside the images a folder may hold ``clinical.toml`` and ``settings.toml``."""
    if not path.is_dir():
        return Study(name=folder_name(path), images=path)
    clinical, settings, dicom = path / "clinical.toml", path / "settings.toml", path / "dicom"
    return Study(
        name=folder_name(path),
        images=dicom if dicom.is_dir() else path,
        clinical_file=clinical if clinical.is_file() else None,
        settings_file=settings if settings.is_file() else None,
    )


def _from_manifest(path: Path) -> list[Study]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            columns = list(reader.fieldnames or ())
            rows = list(reader)
    except OSError as error:
        raise UsageError(_bad("a readable file", error.strerror or "an unreadable one")) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise UsageError(_bad("a CSV file in UTF-8", "a text that is none")) from error
    faults = _column_faults(columns)
    if faults:
        raise UsageError(*faults[:MOST_FAULTS])
    studies = []
    for number, row in enumerate(rows, start=2):
        try:
            studies.append(_of_row(row, path.parent, line=number))
        except UsageError as error:
            faults += error.faults
    twice = [name for name, count in Counter(s.name.casefold() for s in studies).items() if count > 1]
    if twice:
        faults.append(_bad("each study once", f"{len(twice)} twice, such as {twice[0]!r}", "column study"))
    if faults:
        raise UsageError(*faults[:MOST_FAULTS])
    return studies


def _column_faults(columns: list[str]) -> list[Fault]:
    dotted = re.compile(r"clinical\.[a-z0-9_]+|settings\.[a-z]+\.[a-z0-9_]+")
    known = f"the columns {', '.join(_COLUMNS)}, clinical.KEY, settings.TABLE.KEY"
    unknown = [n for n, name in enumerate(columns, 1) if name not in _COLUMNS and not dotted.fullmatch(name)]
    faults = [_bad(known, "another name", f"column {number}") for number in unknown]
    if len(set(columns)) < len(columns):
        faults.append(_bad("each column once", "one twice", "the first line"))
    if "study" not in columns:
        faults.append(_bad("the column study", "none", "the first line"))
    return faults


def _of_row(row: Mapping[str | None, Any], home: Path, *, line: int) -> Study:
    """Relative paths start at the manifest's own folder."""
    where = f"line {line}"
    if None in row or None in row.values():
        raise UsageError(_bad("as many cells as columns", "more or fewer", where))
    cells = {str(key): str(value).strip() for key, value in row.items()}
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
        series=series_choice(_split(cells.get("series", ""))),
    )


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
