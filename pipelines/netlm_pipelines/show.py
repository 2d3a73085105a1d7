"""What the command line prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from netlm_imaging.case import CaseResult
from netlm_imaging.decide.records import Classification
from netlm_imaging.errors import Notice
from netlm_imaging.ingest import Image, Series, Study

if TYPE_CHECKING:
    from netlm_sample_data import SamplePaths


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)


def error(message: str) -> None:
    """A failure, on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(escape(message))


def study(found: Study) -> None:
    """What a folder holds, for people."""
    console = _console()
    for series in found.series:
        count = f"{series.instances} file{'s' if series.instances != 1 else ''}"
        facts = f"{series.number:>3}  {series.role:<12}{series.modality:<5}{count:<11}{_geometry(series)}"
        console.print(escape(facts.rstrip()))
        why = f"{series.role_reason} ({100 * series.role_confidence:.0f} %)"
        console.print(escape(f"     {series.description}; role from: {why}"))
    for fault in found.faults:
        console.print(escape(f"this folder cannot be used: {fault}"))
    for series in found.series:
        for fault in series.faults:
            console.print(escape(f"series {series.number} cannot be used: {fault}"))
    _notices(console, [*found.notices, *(n for series in found.series for n in series.notices)])
    if found.skipped:
        for item in found.skipped:
            named = ", ".join(item.files[:3]) + (", ..." if len(item.files) > 3 else "")
            console.print(escape(f"skipped {item.count}: {item.reason} ({named})"))


def study_as_json(found: Study) -> None:
    """What a folder holds, for programs."""
    series = [
        {
            "number": s.number,
            "role": s.role,
            "role_reason": s.role_reason,
            "role_confidence": s.role_confidence,
            "modality": s.modality,
            "instances": s.instances,
            "description": s.description,
            "series_uid": s.uid_hash,
            "grid": None if s.grid is None else s.grid.to_json(),
            "faults": [asdict(fault) for fault in s.faults],
            "warnings": [asdict(notice) for notice in s.notices],
        }
        for s in found.series
    ]
    skipped = [asdict(item) for item in found.skipped]
    warnings = [asdict(notice) for notice in found.notices]
    faults = [asdict(fault) for fault in found.faults]
    print_json({"series": series, "skipped": skipped, "faults": faults, "warnings": warnings})


def print_json(value: object) -> None:
    """Indented JSON on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def converted(image: Image) -> None:
    """One line about the series that was written, and its warnings."""
    console = _console()
    record = image.record
    size = " x ".join(str(n) for n in reversed(record.shape_kji))
    spacing = " x ".join(f"{s:.4g}" for s in record.spacing_mm)
    console.print(escape(f"{record.role} ({record.description}): {size} voxels of {spacing} mm"))
    _notices(console, image.notices)


def sample(paths: SamplePaths) -> None:
    """Where the sample patient lies."""
    console = _console()
    console.print(
        f"DICOM study     {paths.dicom}\nclinical facts  {paths.clinical}\ntruth           {paths.truth}"
    )


def finished(case: CaseResult, folder: Path) -> None:
    """The result of a run in a few lines."""
    console = _console()
    plan = case.plan
    verdict = case.classification
    name = f"Type {verdict.type}" if verdict.type is not None else "No Type"
    console.print(f"\n[bold]{name}[/bold]{' (provisional)' if verdict.provisional else ''}")
    for reason in verdict.reasons:
        console.print(escape(f"  {reason.text}"))
    cleared, lesions = len(plan.cleared), len(case.lesions)
    console.print(
        f"Plan ({plan.objective}, {plan.status}): {len(plan.treatments)} treatments clear {cleared} of "
        f"{lesions} lesions, debulking {plan.debulking_percent:.1f} % by lesion "
        f"({plan.debulking_percent_by_volume:.1f} % by volume)"
    )
    liver = case.liver
    console.print(
        f"Liver {liver.total_ml:.1f} mL, tumor {liver.tumor_ml:.1f} mL, future remnant {plan.flr_ml:.1f} mL"
    )
    for minimum in plan.minimums:
        console.print(f"  {minimum.name} {minimum.value:.1f} (minimum {minimum.minimum:.1f})")
    if verdict.missing:
        console.print(f"Not known: {', '.join(verdict.missing)}")
    _notices(console, case.warnings)
    console.print(f"Report: {folder / 'report.html'}")


def classification(verdict: Classification, notices: Sequence[Notice], *, as_json: bool) -> None:
    """The Type with its reasons."""
    if as_json:
        print_json({**asdict(verdict), "warnings": [asdict(notice) for notice in notices]})
        return
    console = _console()
    name = f"Type {verdict.type}" if verdict.type is not None else "No Type"
    console.print(f"[bold]{name}[/bold]{' (provisional)' if verdict.provisional else ''}")
    for title, statements in (
        ("Why", verdict.reasons),
        ("Speaks against surgery", verdict.contraindications),
        ("Management", verdict.management),
    ):
        if statements:
            console.print(title)
            for statement in statements:
                console.print(escape(f"  {statement.text}"))
    if verdict.missing:
        console.print(f"Not known: {', '.join(verdict.missing)}")
    for other in verdict.counterfactuals:
        console.print(escape(f"  {other.change}: Type {other.type}"))
    _notices(console, notices)


def report_at(path: Path) -> None:
    """Where the report lies."""
    _console().print(f"Report: {path}")


def _notices(console: Console, notices: Sequence[Notice]) -> None:
    for notice in notices:
        place = f" ({notice.where})" if notice.where else ""
        console.print(escape(f"warning {notice.code}{place}: {notice.message}"))


def _geometry(series: Series) -> str:
    grid = series.grid
    if grid is None:
        return ""
    size = " x ".join(str(n) for n in reversed(grid.shape_kji))
    spacing = " x ".join(f"{s:.3g}" for s in grid.spacing_mm)
    return f"{size} voxels of {spacing} mm, axes {grid.axis_codes}"
