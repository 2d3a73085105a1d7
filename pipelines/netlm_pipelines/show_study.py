"""What ``netlm inspect`` prints: exam by exam, each series with its role, why, its size, what is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from rich.text import Text

from netlm_imaging.errors import Fault, Notice, printable
from netlm_imaging.ingest import Series, Study, count_parts
from netlm_imaging.ingest.describe import size_of
from netlm_imaging.study.choice import UNSURE_BELOW
from netlm_pipelines.outlook import Outlook
from netlm_pipelines.show import print_json, say, say_beside

_INDENT = 5
_ROLE_WIDTH = 13


def as_text(found: Study, outlook: Outlook, *, names: bool) -> None:
    """What a folder holds, for people; ``names`` shows the names of files."""
    exams = _exams(found)
    for title, listed in exams:
        if len(exams) > 1:
            say((title, "bold"))
        for series in listed:
            _series(series, names=names)
    for item in found.skipped:
        named = f" ({', '.join(item.files)})" if names else ""
        say(f"skipped {item.count}: {item.reason}{named}")
    for fault in found.faults:
        say(("error ", "bold red"), f"this folder cannot be used: {fault}")
    _outlook(outlook, told=found.faults)


def as_json(found: Study, outlook: Outlook, *, names: bool) -> None:
    """What a folder holds, for programs; ``names`` lists the names of files too."""
    exams = {s.number: n for n, (_, listed) in enumerate(_exams(found), start=1) for s in listed}
    skipped = [
        {"reason": item.reason, "count": item.count, "files": list(item.files) if names else None}
        for item in found.skipped
    ]
    run = {
        "uses": {what: series.number for what, series in outlook.uses},
        "masks_needed": outlook.masks_needed,
        "faults": [asdict(fault) for fault in outlook.faults],
        "warnings": [asdict(notice) for notice in outlook.notices],
    }
    print_json(
        {
            "series": [_record(s, exam=exams[s.number], names=names) for s in found.series],
            "skipped": skipped,
            "faults": [asdict(fault) for fault in found.faults],
            "warnings": [asdict(notice) for notice in found.notices],
            "run": run,
        }
    )


def _record(s: Series, *, exam: int, names: bool) -> dict[str, object]:
    return {
        "number": s.number,
        "exam": exam,
        "role": s.role,
        "role_reason": s.role_reason,
        "role_confidence": s.role_confidence,
        "modality": s.modality,
        "instances": s.instances,
        "description": s.description,
        "facts": s.facts.known(),
        "series_uid": s.uid_hash or None,
        "parts": _parts(s),
        "file": printable(s.file.name) if names and s.file is not None else None,
        "files": _files(s) if names else None,
        "grid": None if s.grid is None else s.grid.to_json(),
        "faults": [asdict(fault) for fault in s.faults],
        "warnings": [asdict(notice) for notice in s.notices],
    }


def _series(series: Series, *, names: bool) -> None:
    lead = Text.assemble(
        f"{series.number:>3}  ",
        (series.role.ljust(_ROLE_WIDTH), "dim" if series.role == "other" else "bold"),
        (
            f"{100 * series.role_confidence:3.0f} %  ",
            "yellow" if series.role_confidence < UNSURE_BELOW else "",
        ),
    )
    say_beside(lead, series.description)
    say((f"{series.role_reason[:1].upper()}{series.role_reason[1:]}. {_size(series)}", "dim"), indent=_INDENT)
    if names:
        first, *others = _files(series)
        say(f"files: {first} to {others[-1]}" if others else f"file: {first}", indent=_INDENT)
    for fault in series.faults:
        say(("cannot be used ", "bold red"), str(replace(fault, where="")), indent=_INDENT)
    for notice in series.notices:
        say(("warning ", "yellow"), f"{notice.code}: {notice.message}", indent=_INDENT)


def _size(series: Series) -> str:
    files = f"{series.instances} file{'s' if series.instances != 1 else ''}"
    parts = _parts(series)
    if parts is not None:
        kind = "segment" if series.modality == "SEG" else "ROI"
        return f"{parts} {kind}{'s' if parts != 1 else ''}, {files}"
    if series.grid is None:
        return files
    return f"{size_of(series.grid)}, axes {series.grid.axis_codes}, {files}"


def _parts(series: Series) -> int | None:
    """Segments of a SEG, ROIs of an RTSTRUCT."""
    return count_parts(series.headers[0].path) if series.modality in ("SEG", "RTSTRUCT") else None


def _files(series: Series) -> list[str]:
    """Inside the input, in the order of the slices; each once."""
    if series.file is not None:
        return [printable(series.file.name)]
    return list(dict.fromkeys(header.where for header in series.headers))


def _outlook(outlook: Outlook, *, told: Sequence[Fault]) -> None:
    """What a run would do, and what the user may have to decide."""
    for fault in outlook.faults:
        if fault not in told:
            say(("A run would stop: ", "bold"), str(fault))
    if not outlook.uses:
        return
    used = ", ".join(f"series {series.number} as {what}" for what, series in outlook.uses)
    condition = ", with --liver and --lesions given" if outlook.masks_needed else ""
    say(("A run would use: ", "bold"), f"{used}{condition}")
    for notice in outlook.notices:
        _notice(notice)


def _notice(notice: Notice) -> None:
    place = f" ({notice.where})" if notice.where else ""
    say(("warning ", "yellow"), f"{notice.code}{place}: {notice.message}")


def _exams(found: Study) -> list[tuple[str, list[Series]]]:
    """Series by exam, each with a title, the oldest exam first, files that name none last."""
    by_study: dict[str, list[Series]] = defaultdict(list)
    for series in found.series:
        by_study[series.study_uid_hash if series.headers else ""].append(series)
    starts = {uid: _start(listed) for uid, listed in by_study.items()}
    first = min((t for t in starts.values() if t is not None), default=None)
    order = sorted(by_study, key=lambda uid: (starts[uid] is None, starts[uid] or datetime.min, uid))
    return [
        (_title(n, by_study[uid], starts[uid], first), by_study[uid]) for n, uid in enumerate(order, start=1)
    ]


def _start(listed: Sequence[Series]) -> datetime | None:
    times = (h.acquired for s in listed for h in s.headers[:1] if h.acquired is not None)
    return min(times, default=None)


def _title(number: int, listed: Sequence[Series], start: datetime | None, first: datetime | None) -> str:
    kinds = ", ".join(dict.fromkeys(s.modality for s in listed))
    count = f"{len(listed)} series"
    if not listed[0].headers:
        return f"Exam {number}: files that name no exam ({kinds}), {count}"
    days = (start - first).days if start is not None and first is not None else 0
    return f"Exam {number}: {kinds}, {count}{f', {days} days after exam 1' if days else ''}"
