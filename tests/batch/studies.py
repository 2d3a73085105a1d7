"""A folder of small DICOM studies, every tenth of them poisoned in one of six ways."""

from __future__ import annotations

from pathlib import Path

from ingest import builder

from netlm_pipelines.batch.folder import folder_name
from pipelines import small_study

POISON = {
    "missing slice": "MISSING_SLICE",
    "truncated file": "TRUNCATED_FILE",
    "wrong patient": "PATIENT_MISMATCH",
    "exit": "STUDY_CRASHED",
    "hang": "STUDY_TIMEOUT",
    "hog": "STUDY_MEMORY",
}
"""Kinds, and the code that names each."""


def write_root(root: Path, *, good: int, poisoned: int) -> dict[str, str]:
    """Studies that differ in one pixel; returns the expected code of each poisoned one by its name."""
    for number in range(good):
        _write(root / f"Doe^Jane^{number}", number)
    expected = {}
    for number in range(poisoned):
        kind = list(POISON)[number % len(POISON)]
        folder = root / f"Roe^Rick^{number}"
        _write(folder, 1000 + number, kind)
        expected[folder_name(folder)] = POISON[kind]
    return expected


def _write(folder: Path, number: int, kind: str = "") -> None:
    items = small_study.hbp()
    pixels = bytearray(items[0].PixelData)
    pixels[:2] = number.to_bytes(2, "little")
    items[0].PixelData = bytes(pixels)
    if kind == "missing slice":
        del items[9]
    if kind == "wrong patient":
        items[5].PatientName, items[5].PatientID = "Other^Person", "4711"
    builder.write(items, folder)
    if kind == "truncated file":
        file = next(path for path in sorted(folder.rglob("f*")) if path.is_file())
        file.write_bytes(file.read_bytes()[:-700])
    if kind in ("exit", "hang", "hog"):
        (folder / "trap").write_text(kind)
