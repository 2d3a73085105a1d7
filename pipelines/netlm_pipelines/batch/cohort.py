"""The cohort: all valid cases and all failures as Parquet tables and one page, sealed like a case."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from netlm_imaging.case import SCHEMA
from netlm_imaging.errors import Fault, MissingExtra
from netlm_imaging.export.files import write_file, writing
from netlm_pipelines.batch.cohort_columns import CASES, FAILURES, LESIONS, TREATMENTS, Columns, Row
from netlm_pipelines.batch.cohort_page import Figures, render_cohort
from netlm_pipelines.batch.keys import Key, file_sha256, software_sha256
from netlm_pipelines.batch.order import Order
from netlm_pipelines.batch.sealed import MANIFEST, commit, seal, state_of, work_folder

FOLDER, PAGE = "cohort", "cohort.html"
AT_ONCE = 500
"""Cases that are in memory together."""


def write_cohort(
    valid: Collection[str], failures: Mapping[str, Sequence[Fault]], order: Order, *, left: int
) -> Path:
    """``cases``, ``lesions``, ``treatments`` and ``failures`` as Parquet, and cohort.html beside them.

    ``valid``: names of the studies with a valid result; ``left``: how many are neither there nor failed.
    Nothing is done where the cohort is that of the same cases already. Returns the page.
    Raises UsageError (DISK_FULL, ...), MissingExtra.
    """
    place, names = order.out / FOLDER, sorted(valid)
    key = _key(names, failures, order, left=left)
    if state_of(place, study=FOLDER, key=key) != "valid":
        with writing(FOLDER), work_folder(order.work, FOLDER) as work:
            result = work / FOLDER
            result.mkdir()
            figures = _write_tables(result, names, failures, order)
            write_file(result / PAGE, render_cohort(figures, failures, left=left).encode())
            seal(result, study=FOLDER, key=key)
            commit(result, place, trash=work)
    return place / PAGE


def _key(names: Sequence[str], failures: Mapping[str, Sequence[Fault]], order: Order, *, left: int) -> Key:
    """Cases count by the hashes of their manifests, which hold those of all their files."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.encode() + bytes.fromhex(file_sha256(order.cases / name / MANIFEST)))
    told = {name: [asdict(fault) for fault in faults] for name, faults in failures.items()}
    digest.update(json.dumps([told, left], sort_keys=True).encode())
    return Key(inputs=digest.hexdigest(), settings="", software=software_sha256(order.flow))


def _write_tables(
    folder: Path, names: Sequence[str], failures: Mapping[str, Sequence[Fault]], order: Order
) -> Figures:
    """Some cases at a time, so that memory does not grow with their number."""
    figures = Figures()
    with (
        _Table(folder / "cases.parquet", CASES) as cases,
        _Table(folder / "lesions.parquet", LESIONS) as lesions,
        _Table(folder / "treatments.parquet", TREATMENTS) as treatments,
    ):
        for start in range(0, len(names), AT_ONCE):
            part = names[start : start + AT_ONCE]
            read = list(_read(part, order))
            figures.other += len(part) - len(read)
            rows = CASES.rows(read)
            figures.add(rows)
            lesion_rows = LESIONS.rows((n, item) for n, case in read for item in case["lesions"])
            figures.add_lesions(lesion_rows)
            cases.write(rows)
            lesions.write(lesion_rows)
            treatments.write(
                TREATMENTS.rows((n, item) for n, case in read for item in case["plan"]["treatments"])
            )
    with _Table(folder / "failures.parquet", FAILURES) as failed:
        failed.write(FAILURES.rows((n, asdict(fault)) for n, faults in failures.items() for fault in faults))
    return figures


def _read(names: Sequence[str], order: Order) -> Iterator[tuple[str, dict[str, Any]]]:
    """Results of a flow of one's own that are no cases of ours are in no table."""
    for name in names:
        path = order.cases / name / "case.json"
        case = json.loads(path.read_bytes()) if path.is_file() else None
        if isinstance(case, dict) and case.get("schema") == SCHEMA:
            yield name, case


class _Table:
    """A Parquet file that grows by rows."""

    def __init__(self, path: Path, columns: Columns) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise MissingExtra("pyarrow", "batch") from error
        self._arrow = pyarrow
        self._schema = pyarrow.schema([(c.name, pyarrow.type_for_alias(c.kind)) for c in columns.columns])
        self._writer = parquet.ParquetWriter(path, self._schema, compression="zstd")

    def __enter__(self) -> _Table:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, rows: Sequence[Row]) -> None:
        self._writer.write_table(self._arrow.Table.from_pylist(list(rows), schema=self._schema))
