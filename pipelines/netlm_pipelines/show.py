"""What the command line prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from netlm_imaging.case import CaseResult
from netlm_imaging.decide.records import Classification
from netlm_imaging.errors import Fault, Notice, printable
from netlm_imaging.ingest import Image, Series, Study

if TYPE_CHECKING:
    from netlm_sample_data import SamplePaths


def faults(found: Sequence[Fault]) -> None:
    """A failure on standard error: each fault with its code, and what to do about it below."""
    for fault in found:
        _say(("error ", "bold red"), str(fault), on=sys.stderr)


def bug(error: BaseException) -> None:
    """A failure that nobody expected."""
    message = f"BUG: {type(error).__name__}. This should not happen; --debug shows where it did."
    _say(("error ", "bold red"), message, on=sys.stderr)


def study(found: Study, *, names: bool) -> None:
    """What a folder holds, for people; ``names`` shows the names of files."""
    for series in found.series:
        count = f"{series.instances} file{'s' if series.instances != 1 else ''}"
        facts = f"{series.number:>3}  {series.role:<12}{series.modality:<9}{count:<11}{_geometry(series)}"
        _say(facts.rstrip())
        _say(f"{series.description}; role from: {_why(series)}", indent=5)
        if names and series.file is not None:
            _say(f"file: {printable(series.file.name)}", indent=5)
    for fault in found.faults:
        _say(("error ", "bold red"), f"this folder cannot be used: {fault}")
    for series in found.series:
        for fault in series.faults:
            _say(("error ", "bold red"), f"series {series.number} cannot be used: {fault}")
    _notices(n for series in found.series for n in series.notices)
    for item in found.skipped:
        named = f" ({', '.join(item.files)})" if names else ""
        _say(f"skipped {item.count}: {item.reason}{named}")


def study_as_json(found: Study, *, names: bool) -> None:
    """What a folder holds, for programs; ``names`` lists the names of files too."""
    series = [
        {
            "number": s.number,
            "role": s.role,
            "role_reason": s.role_reason,
            "role_confidence": s.role_confidence,
            "modality": s.modality,
            "instances": s.instances,
            "description": s.description,
            "series_uid": s.uid_hash or None,
            "file": printable(s.file.name) if names and s.file is not None else None,
            "grid": None if s.grid is None else s.grid.to_json(),
            "faults": [asdict(fault) for fault in s.faults],
            "warnings": [asdict(notice) for notice in s.notices],
        }
        for s in found.series
    ]
    skipped = [
        {"reason": item.reason, "count": item.count, "files": list(item.files) if names else None}
        for item in found.skipped
    ]
    warnings = [asdict(notice) for notice in found.notices]
    faults = [asdict(fault) for fault in found.faults]
    print_json({"series": series, "skipped": skipped, "faults": faults, "warnings": warnings})


def print_json(value: object) -> None:
    """Indented JSON on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def converted(image: Image) -> None:
    """One line about the series that was written, and its warnings."""
    record = image.record
    size = " x ".join(str(n) for n in reversed(record.shape_kji))
    spacing = " x ".join(f"{s:.4g}" for s in record.spacing_mm)
    _say(f"{record.role} ({record.description}): {size} voxels of {spacing} mm")
    _notices(image.notices)


def sample(paths: SamplePaths) -> None:
    """Where the sample patient lies."""
    _say(f"DICOM study     {paths.dicom}")
    _say(f"clinical facts  {paths.clinical}")
    _say(f"truth           {paths.truth}")


def finished(case: CaseResult, folder: Path) -> None:
    """The result of a run in a few lines, its place last."""
    from netlm_imaging.export.wording import MINIMUMS, percentage

    verdict, liver, plan = case.classification, case.liver, case.plan
    _type(verdict)
    for reason in verdict.reasons:
        _say(reason.text, indent=2)
    _plan(case)
    _say(f"Liver {liver.total_ml:.1f} mL, tumor {liver.tumor_ml:.1f} mL, future remnant {plan.flr_ml:.1f} mL")
    for minimum in plan.minimums:
        value = percentage(minimum.value, minimum.minimum)
        _say(f"{MINIMUMS[minimum.name][0]} {value} (minimum {percentage(minimum.minimum)})", indent=2)
    _missing(verdict)
    _notices(case.warnings)
    report_at(folder / "report.html")


def classification(verdict: Classification, notices: Sequence[Notice], *, as_json: bool) -> None:
    """The Type with its reasons."""
    if as_json:
        print_json({**asdict(verdict), "warnings": [asdict(notice) for notice in notices]})
        return
    _type(verdict)
    for title, statements in (
        ("Why", verdict.reasons),
        ("Speaks against surgery", verdict.contraindications),
        ("Management", verdict.management),
    ):
        if statements:
            _say(title)
        for statement in statements:
            _say(statement.text, indent=2)
    _missing(verdict)
    if verdict.counterfactuals:
        _say("What would change it")
    for other in verdict.counterfactuals:
        _say(f"{other.change}: Type {other.type}", indent=2)
    _notices(notices)


def report_at(path: Path) -> None:
    """Where the report lies."""
    _say(f"Report: {path}")


def _type(verdict: Classification) -> None:
    name = f"Type {verdict.type}" if verdict.type is not None else "No Type"
    _say((name, "bold"), " (provisional)" if verdict.provisional else "")


def _plan(case: CaseResult) -> None:
    from netlm_imaging.export.wording import STATUSES, percentage

    plan, lesions = case.plan, len(case.lesions)
    facts = STATUSES[plan.status]
    if not lesions:
        facts = "nothing to treat"
    elif plan.status != "infeasible":
        count = len(plan.treatments)
        reached = percentage(plan.debulking_percent, case.settings.type.debulking_threshold_percent)
        facts += (
            f": {count} treatment{'s' if count != 1 else ''}, "
            f"{len(plan.cleared)} of {lesions} lesion{'s' if lesions != 1 else ''} cleared, "
            f"debulking {reached} by lesion ({percentage(plan.debulking_percent_by_volume)} by volume)"
        )
    _say(f"Plan ({plan.objective}), {facts}")


def _missing(verdict: Classification) -> None:
    if verdict.missing:
        _say(f"Not known: {', '.join(verdict.missing)}")


def _notices(notices: Iterable[Notice]) -> None:
    for notice in notices:
        place = f" ({notice.where})" if notice.where else ""
        _say(("warning ", "yellow"), f"{notice.code}{place}: {notice.message}")


def _say(*parts: str | tuple[str, str], indent: int = 0, on: TextIO | None = None) -> None:
    """One paragraph, its parts with a style or none; lines are broken only on a terminal."""
    console = Console(file=on or sys.stdout, highlight=False)
    text = Text.assemble(*parts)
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, indent)))
    else:
        console.print(Text(" " * indent) + text, soft_wrap=True)


def _why(series: Series) -> str:
    return f"{series.role_reason} ({100 * series.role_confidence:.0f} %)"


def _geometry(series: Series) -> str:
    grid = series.grid
    if grid is None:
        return ""
    size = " x ".join(str(n) for n in reversed(grid.shape_kji))
    spacing = " x ".join(f"{s:.3g}" for s in grid.spacing_mm)
    return f"{size} voxels of {spacing} mm, axes {grid.axis_codes}"
