"""The folder of a finished case: written beside its place, then moved there whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from netlm_imaging.case import CaseResult
from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.export.case_json import CASE_FILE, read_case
from netlm_imaging.export.dicom.objects import dicom_objects, document_again
from netlm_imaging.export.dicom.source import DicomSource
from netlm_imaging.export.files import hidden_sibling, sync_folder, write_file, writing
from netlm_imaging.export.nifti import write_nifti
from netlm_imaging.export.pdf import render_pdf
from netlm_imaging.export.plan_json import PLAN_FILE
from netlm_imaging.export.report import render_report
from netlm_imaging.export.tables import lesions_csv, treatments_csv
from netlm_imaging.plan.plan_file import PlanFile
from netlm_imaging.volume import LabelMap, Mask, Volume

REPORT_FILE = "report.html"
PDF_FILE = "report.pdf"
DICOM_REPORT_FILE = "report.dcm"
_OURS = frozenset(
    {
        *(CASE_FILE, PLAN_FILE, REPORT_FILE, PDF_FILE, "lesions.csv", "treatments.csv", "log.jsonl"),
        *("masks", "figures", "dicom"),
        "manifest.json",  # of a batch: hashes of all files
    }
)
"""What a case folder may hold; anything else is the user's and never replaced."""


def write_case(
    out: Path,
    case: CaseResult,
    *,
    masks: Mapping[str, Volume | Mask | LabelMap],
    figures: Mapping[str, bytes],
    log: Sequence[Mapping[str, object]],
    plan: PlanFile | None = None,
    source: DicomSource | None = None,
    overwrite: bool = False,
) -> Path:
    """Everything known of one study in the folder ``out``, complete or not at all; returns the folder.

    ``masks`` are named without suffix and written on their own grid, ``figures`` are PNG files by name,
    ``plan`` is the plan to go on with (plan.json). ``source``, the images that the masks were made from, is
    what the objects in ``dicom/`` join; without it there is no such folder.
    All files but log.jsonl have the same bytes for the same case. An older case is replaced only
    with ``overwrite``, and only when the new one is complete.
    Raises UsageError as check_target does, and DISK_FULL, NO_PERMISSION or WRITE_FAILED.
    """
    out = _resolved(out)
    check_target(out, overwrite=overwrite)
    with writing(out.name):
        out.parent.mkdir(parents=True, exist_ok=True)
        with _work_folder(out) as work:
            _fill(work, case, masks=masks, figures=figures, log=log, plan=plan, source=source)
            _move_into_place(work, out)
    return out


def report_again(folder: Path) -> Path:
    """Render the report of a finished case from its case.json and figures; returns the path of report.html.

    As HTML and PDF, and in dicom/ where that is there. Raises InputError (NO_CASE, BAD_CASE), and UsageError
    when it cannot be written.
    """
    case = read_case(folder)
    figures = {path.name: path.read_bytes() for path in sorted((folder / "figures").glob("*.png"))}
    report = folder / REPORT_FILE
    html = render_report(case, figures)
    pdf = render_pdf(html)
    write_file(report, html.encode())
    document = folder / "dicom" / DICOM_REPORT_FILE
    if pdf is not None:
        write_file(folder / PDF_FILE, pdf)
        if document.is_file():
            write_file(document, document_again(document.read_bytes(), pdf))
    return report


def check_target(out: Path, *, overwrite: bool) -> None:
    """Whether a case may be written to ``out``, to be asked before the long work.

    Raises UsageError: OUT_NOT_FOLDER (a file), OUT_NOT_EMPTY (holds something that is not an older
    case), CASE_EXISTS (an older case, without ``overwrite``), OUT_IS_MOUNT, NO_PERMISSION.
    """
    out = _resolved(out)
    with writing(out.name):
        names = _names_in(out)
        if os.path.ismount(out):
            raise _refused("OUT_IS_MOUNT", "a folder that can be replaced whole", "a mount point", out)
        _require_replaceable(names, out, overwrite=overwrite)
        if out.exists():
            _require_writable(out.parent, out)


def check_empty(out: Path) -> None:
    """Whether files may be put into ``out``, a new or empty folder.

    Raises UsageError: OUT_NOT_FOLDER (a file), OUT_NOT_EMPTY, NO_PERMISSION.
    """
    out = _resolved(out)
    with writing(out.name):
        names = _names_in(out)
        if names:
            raise _refused("OUT_NOT_EMPTY", "an empty or new folder", f"{len(names)} entries", out)
        if out.exists():
            _require_writable(out, out)


def _names_in(out: Path) -> set[str]:
    """What ``out`` holds; nothing where it can be made."""
    if not out.exists():
        _require_writable(next(parent for parent in out.parents if parent.exists()), out)
        return set()
    if not out.is_dir():
        raise _refused("OUT_NOT_FOLDER", "a folder or a new name", "a file", out)
    return {path.name for path in out.iterdir() if not _is_system_file(path.name)}


def _require_replaceable(names: set[str], out: Path, *, overwrite: bool) -> None:
    foreign = sorted(names - _OURS)
    if names and (CASE_FILE not in names or foreign or not _is_case(out)):
        found = f"{len(names)} entries" if not foreign else f"{foreign[0]!r} among its entries"
        raise _refused("OUT_NOT_EMPTY", "an empty or new folder, or that of an older case", found, out)
    if names and not overwrite:
        raise UsageError(
            Fault(
                code="CASE_EXISTS",
                expected="a folder without a finished case",
                found="a finished case",
                where=out.name,
                remedy="Name another folder, or give --overwrite to replace the case",
            )
        )


def _is_case(folder: Path) -> bool:
    """Whether case.json is one of ours, of any version of the schema."""
    try:
        content = json.loads((folder / CASE_FILE).read_bytes())
    except ValueError:
        return False
    return isinstance(content, dict) and str(content.get("schema", "")).startswith("netlm-case/")


def _is_system_file(name: str) -> bool:
    """Files that file managers leave behind, such as .DS_Store; they count as nothing."""
    return name in {".DS_Store", "Thumbs.db", "desktop.ini"}


def _require_writable(folder: Path, out: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _refused("NO_PERMISSION", "permission to write there", "none", out)


def _refused(code: str, expected: str, found: str, out: Path) -> UsageError:
    remedy = "Choose another folder, or a new name"
    return UsageError(Fault(code=code, expected=expected, found=found, where=out.name, remedy=remedy))


def _resolved(out: Path) -> Path:
    """Without links, so that the folder itself is replaced and never a link to it."""
    try:
        return out.resolve()
    except (OSError, RuntimeError) as error:  # a loop of links
        raise _refused("WRITE_FAILED", "a path that leads somewhere", "a loop of links", out) from error


@contextmanager
def _work_folder(out: Path) -> Iterator[Path]:
    """A hidden folder on the same file system; gone afterwards, whatever happens."""
    work = hidden_sibling(out)
    work.mkdir()
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _fill(
    work: Path,
    case: CaseResult,
    *,
    masks: Mapping[str, Volume | Mask | LabelMap],
    figures: Mapping[str, bytes],
    log: Sequence[Mapping[str, object]],
    plan: PlanFile | None,
    source: DicomSource | None,
) -> None:
    (work / "masks").mkdir()
    for name, mask in masks.items():
        write_nifti(mask, work / "masks" / f"{_plain(name)}.nii.gz")
    report = render_report(case, figures)
    pdf = render_pdf(report)
    folders = {"figures": figures}
    if source is not None:
        folders["dicom"] = dicom_objects(case, masks, source, pdf=pdf)
    for folder, contents in folders.items():
        (work / folder).mkdir()
        for name, content in contents.items():
            write_file(work / folder / _plain(name), content)
    texts = {
        "lesions.csv": lesions_csv(case),
        "treatments.csv": treatments_csv(case),
        REPORT_FILE: report,
        CASE_FILE: case.to_json(),
        **({} if plan is None else {PLAN_FILE: plan.to_json()}),
        "log.jsonl": "".join(json.dumps(dict(entry), default=str) + "\n" for entry in log),
    }
    for name, text in texts.items():
        write_file(work / name, text.encode())
    if pdf is not None:
        write_file(work / PDF_FILE, pdf)
    for name in ("masks", *folders):
        sync_folder(work / name)
    sync_folder(work)


def _plain(name: str) -> str:
    """A bare file name. Raises ValueError: a name with a folder in it is a mistake of the caller."""
    if not name or Path(name).name != name:
        raise ValueError(f"not a bare file name: {name!r}")
    return name


def _move_into_place(work: Path, out: Path) -> None:
    """The old case stays until the new one has its name, and comes back if that fails."""
    old = hidden_sibling(out) if out.exists() else None
    if old is not None:
        out.rename(old)
    try:
        work.rename(out)
    except BaseException:
        if old is not None:
            old.rename(out)
        raise
    sync_folder(out.parent)
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)
