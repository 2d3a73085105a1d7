"""The studies of a folder: each folder and zip right inside it is one."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.ingest.privacy import hashed
from netlm_pipelines.batch.order import Study


def folder_name(path: Path) -> str:
    """How a study of a folder is named everywhere: folders are often named after patients."""
    return f"study-{hashed(path.name)}"


def passed_over(root: Path) -> str:
    """What right inside a folder of studies is no study, in words; empty where there is no such thing."""
    return _counted(_sorted(root)[1]) if root.is_dir() else ""


def no_studies(found: str) -> UsageError:
    """NO_STUDIES, with what was found instead."""
    return UsageError(
        Fault(
            code="NO_STUDIES",
            expected="a folder with one folder or zip a study, or a manifest (CSV) with one row a study",
            found=found,
            where="the studies",
            remedy="For one study use netlm run",
        )
    )


def studies_of_folder(root: Path) -> list[Study]:
    """Raises UsageError NO_STUDIES."""
    if os.path.isdir(root / "dicom") or os.path.isfile(root / "clinical.toml"):
        raise no_studies("what looks like one study")
    entries, others = _sorted(root)
    if not entries:
        raise no_studies(_counted(others) or "none")
    return [_of_folder(path) for path in entries]


def _sorted(root: Path) -> tuple[list[Path], Counter[str]]:
    """Each folder and zip right inside the root is a study; hidden ones and links are not."""
    studies, others = [], Counter[str]()
    try:
        entries = [path for path in root.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise no_studies(error.strerror or "an unreadable folder") from error
    for path in entries:
        if path.is_symlink():
            others["links (not followed)"] += 1
        elif path.is_dir() or path.suffix.lower() == ".zip":
            studies.append(path)
        else:
            others["files that are no zip"] += 1
    return studies, others


def _counted(others: Counter[str]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in sorted(others.items()))


def _of_folder(path: Path) -> Study:
    """Beside the images a folder may hold ``clinical.toml`` and ``settings.toml``.

    One that must not be read fails when its turn comes: ``os.path`` finds nothing where ``Path`` would raise.
    """
    clinical, settings, dicom = path / "clinical.toml", path / "settings.toml", path / "dicom"
    return Study(
        name=folder_name(path),
        images=dicom if os.path.isdir(dicom) else path,
        clinical_file=clinical if os.path.isfile(clinical) else None,
        settings_file=settings if os.path.isfile(settings) else None,
    )
