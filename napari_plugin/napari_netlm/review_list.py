"""The columns of the lesion list and its words; no Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from napari_netlm.reviewing import Reviewing
from netlm_imaging.lesions.measures import SHARE_THAT_COUNTS_PERCENT
from netlm_imaging.lesions.plausibility import small_lesion_notices
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.review import Status
from netlm_imaging.review.table import Row

MEASURING, NOT_MEASURED = "Measuring the lesions ...", "The lesions are not measured."
STALE = "The liver has changed: figures are those of before."
Item = tuple[int, Row, Status]
"""Number, figures and judgement of one lesion."""
STATUS_COLORS: dict[Status, str] = {
    "unreviewed": "",
    "accepted": "#3fb950",
    "rejected": "#f85149",
    "unsure": "#d29922",
}
MODALITY_NAMES = {"mr": "MR", "ct": "CT", "pet": "PET"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: what it says of a lesion."""

    title: str
    tip: str
    text: Callable[[Item], str]
    key: Callable[[Item], Any]
    """To sort by; unknown values come last."""
    figure: bool = False
    """Figures stand at the right of their column."""
    takes_rest: bool = False
    """It has the room that others leave; the tip of the row says all of it."""


def _figure(title: str, tip: str, value: Callable[[Lesion], float | None], digits: int) -> Column:
    def known(item: Item) -> float | None:
        return None if item[1].lesion is None else value(item[1].lesion)

    def text(item: Item) -> str:
        found = known(item)
        if found is None:
            return ""
        if digits and 0 < found < 0.1:  # a lesion of one voxel is not shown as 0.00 mL
            return f"{found:.2g}"
        return f"{found:.{digits}f}"

    def key(item: Item) -> tuple[bool, float]:
        found = known(item)
        return found is None, -(found or 0.0)

    return Column(title=title, tip=tip, text=text, key=key, figure=True)


def _segments(item: Item) -> str:
    lesion = item[1].lesion
    if lesion is None:
        return "outside"
    return ", ".join(n.segment for n in lesion.segments if n.percent >= SHARE_THAT_COUNTS_PERCENT)


def _status(item: Item) -> str:
    return "to do" if item[2] == "unreviewed" else item[2]


def _seen_on(item: Item) -> str:
    lesion = item[1].lesion
    return "" if lesion is None else " ".join(MODALITY_NAMES[m] for m in lesion.seen_on)


def _krenning(item: Item) -> str:
    lesion = item[1].lesion
    if lesion is None or lesion.krenning is None:
        return ""
    return f"{lesion.krenning}{' ?' if lesion.krenning_borderline else ''}"


COLUMNS = (
    Column(title="#", tip="Number of the lesion in the mask", text=lambda i: str(i[0]), key=lambda i: i[0]),
    Column(title="Status", tip="A accepts, R rejects, U is unsure", text=_status, key=lambda i: i[2]),
    _figure("mL", "Volume inside the liver, mL", lambda lesion: lesion.volume_ml, 2),
    _figure("mm", "Longest diameter, mm", lambda lesion: lesion.longest_diameter_mm, 0),
    Column(
        title="Seg-\nment",
        tip="Couinaud segments that hold 5 % of it or more, largest share first",
        text=_segments,
        key=_segments,
        takes_rest=True,
    ),
    Column(title="Seen", tip="Images on which the study found it", text=_seen_on, key=_seen_on),
    Column(
        title="CNR",
        tip="Score: how clearly the reference image shows it: contrast to the liver around over its noise.\n"
        "Look twice at the lowest of a study. The segmenter gives no probability of its own",
        text=lambda i: "" if i[1].cnr is None else f"{i[1].cnr:.1f}",
        key=lambda i: (i[1].cnr is None, -(i[1].cnr or 0.0)),
        figure=True,
    ),
    _figure("SUV\nmax", "Highest SUV on PET, g/mL", lambda lesion: lesion.suv_max, 1),
    Column(
        title="Kren-\nning",
        tip="Krenning-like score on PET, 0 to 4; ?: within 10 % of a border",
        text=_krenning,
        key=lambda i: (not _krenning(i), -int(_krenning(i)[:1] or 0)),
    ),
    _figure("Cap-\nsule", "To the liver surface, mm", lambda lesion: lesion.capsule_distance_mm, 0),
)


def tip_of(item: Item) -> str:
    """What else there is to know of a lesion."""
    number, row, _ = item
    lines = [f"Lesion {number}"]
    if row.lesion is not None:
        vessel = row.lesion.vessel_distance_mm
        lines.append(f"{row.lesion.equivalent_diameter_mm:.1f} mm as a ball of the same volume")
        shares = ", ".join(f"{share.segment} {share.percent:.0f} %" for share in row.lesion.segments)
        lines += [f"Segments: {shares}"] if shares else []
        lines += [] if vessel is None else [f"{vessel:.0f} mm to the nearest vessel"]
    if row.outside_ml > 0:
        lines.append(f"{row.outside_ml:.2f} mL lie outside the liver mask and are not counted")
    return "\n".join(lines)


def summary(reviewing: Reviewing) -> str:
    """How far the review is, and what counts."""
    if reviewing.measuring.stale:
        return STALE if reviewing.measuring.cancelled else "Measuring again ..."
    items = reviewing.rows
    found = Counter(status for _, _, status in items)
    judged = ", ".join(f"{found[s]} {s}" for s in ("accepted", "rejected", "unsure") if found[s])
    left = f"{found['unreviewed']} to review" if found["unreviewed"] else "all reviewed"
    volumes, rejected = reviewing.volumes, reviewing.review.rejected
    small = small_lesion_notices(
        (row.lesion for number, row, _ in items if row.lesion is not None and number not in rejected),
        smallest_target_ml=reviewing.desk.study.settings.lesion.smallest_target_ml,
    )
    counts = len(items) - found["rejected"]
    said = (
        f"{', '.join(filter(None, [judged, left]))}. {counts} lesion{'' if counts == 1 else 's'} "
        f"of {volumes.tumor_ml:.1f} mL count: {volumes.burden_percent:.1f} % of the liver."
    )
    return "\n".join([said, *(notice.message for notice in small)])


def ordered(items: Sequence[Item], column: int, *, down: bool) -> list[Item]:
    """``items`` by a column; ``down``: from its other end."""
    return sorted(items, key=COLUMNS[column].key, reverse=down)
