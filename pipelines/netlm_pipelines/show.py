"""What the command line prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from netlm_imaging.case import CaseResult
from netlm_imaging.decide.records import Classification, TypeName
from netlm_imaging.errors import Fault, Notice
from netlm_imaging.ingest import Image

if TYPE_CHECKING:
    from netlm_sample_data import SamplePaths


def faults(found: Sequence[Fault]) -> None:
    """A failure on standard error: each fault with its code, and what to do about it below."""
    for fault in found:
        say(("error ", "bold red"), str(fault), on=sys.stderr)


def bug(error: BaseException) -> None:
    """A failure that nobody expected."""
    message = f"BUG: {type(error).__name__}. This should not happen; --debug shows where it did."
    say(("error ", "bold red"), message, on=sys.stderr)


def print_json(value: object) -> None:
    """Indented JSON on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def converted(image: Image) -> None:
    """One line about the series that was written, and its warnings."""
    record = image.record
    size = " x ".join(str(n) for n in reversed(record.shape_kji))
    spacing = " x ".join(f"{s:.4g}" for s in record.spacing_mm)
    say(f"{record.role} ({record.description}): {size} voxels of {spacing} mm")
    notices(image.notices)


def sample(paths: SamplePaths) -> None:
    """Where the sample patient lies."""
    say(f"DICOM study     {paths.dicom}")
    say(f"clinical facts  {paths.clinical}")
    say(f"truth           {paths.truth}")


def finished(case: CaseResult, folder: Path) -> None:
    """The result of a run in a few lines, its place last."""
    from netlm_imaging.export.comparison import comparison_sentences
    from netlm_imaging.export.wording import MINIMUMS, percentage

    verdict, liver, plan = case.classification, case.liver, case.plan
    _type(verdict)
    for reason in verdict.reasons:
        say(reason.text, indent=2)
    _plan(case)
    if case.uncertainty is not None:
        from netlm_imaging.export.wording import spread

        say(spread(case.uncertainty, case.settings.type.debulking_threshold_percent))
    say(f"Liver {liver.total_ml:.1f} mL, tumor {liver.tumor_ml:.1f} mL, future remnant {plan.flr_ml:.1f} mL")
    for minimum in plan.minimums:
        value = percentage(minimum.value, minimum.minimum)
        say(f"{MINIMUMS[minimum.name][0]} {value} (minimum {percentage(minimum.minimum)})", indent=2)
    for sentence in comparison_sentences(case):
        say(sentence, indent=2)
    for projection in case.projections:
        say(f"Projection: {projection.text}", indent=2)
    _missing(verdict)
    notices(case.warnings)
    report_at(folder / "report.html")


def classification(
    verdict: Classification,
    probabilities: Mapping[TypeName, float] | None,
    warnings: Sequence[Notice],
    *,
    as_json: bool,
) -> None:
    """The Type with its reasons, and how probable each Type is."""
    if as_json:
        told = [asdict(notice) for notice in warnings]
        print_json({**asdict(verdict), "type_probabilities": probabilities, "warnings": told})
        return
    _type(verdict)
    for title, statements in (
        ("Why", verdict.reasons),
        ("Speaks against surgery", verdict.contraindications),
        ("Management", verdict.management),
    ):
        if statements:
            say(title)
        for statement in statements:
            say(statement.text, indent=2)
    if probabilities is not None:
        from netlm_imaging.export.wording import type_shares

        say(f"In the draws: {type_shares(probabilities)}")
    _missing(verdict)
    if verdict.counterfactuals:
        say("What would change it")
    for other in verdict.counterfactuals:
        say(f"{other.change}: Type {other.type}", indent=2)
    notices(warnings)


def report_at(path: Path) -> None:
    """Where the report lies."""
    say(f"Report: {path}")


def _type(verdict: Classification) -> None:
    name = f"Type {verdict.type}" if verdict.type is not None else "No Type"
    say((name, "bold"), " (provisional)" if verdict.provisional else "")


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
    say(f"Plan ({plan.objective}), {facts}")


def _missing(verdict: Classification) -> None:
    if verdict.missing:
        say(f"Not known: {', '.join(verdict.missing)}")


def notices(found: Iterable[Notice]) -> None:
    """Warnings, one a paragraph."""
    for notice in found:
        place = f" ({notice.where})" if notice.where else ""
        say(("warning ", "yellow"), f"{notice.code}{place}: {notice.message}")


def say(*parts: str | tuple[str, str], indent: int = 0, on: TextIO | None = None) -> None:
    """One paragraph, its parts with a style or none; lines are broken only on a terminal."""
    console = Console(file=on or sys.stdout, highlight=False)
    text = Text.assemble(*parts)
    if console.is_terminal:
        console.print(Padding(text, (0, 0, 0, indent)))
    else:
        console.print(Text(" " * indent) + text, soft_wrap=True)


def say_beside(lead: Text, text: str) -> None:
    """A paragraph whose first words stand in columns of their own: later lines begin below the text."""
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console.print(lead + text, soft_wrap=True)
        return
    columns = Table.grid()
    columns.add_column(width=lead.cell_len, no_wrap=True)
    columns.add_column(ratio=1)
    columns.add_row(lead, Text(text))
    console.print(columns)
