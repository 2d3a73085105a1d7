"""What ``netlm compare`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from netlm_imaging.errors import Notice
from netlm_imaging.plan.figures import Difference
from netlm_pipelines import show
from netlm_pipelines.compare import Compared


def differences(
    sides: tuple[Compared, Compared], found: Difference, notices: Sequence[Notice], *, as_json: bool
) -> None:
    """Both plans and what the second has more."""
    if as_json:
        named = dict(zip(("before", "after"), map(_as_json, sides), strict=True))
        show.print_json({**named, "difference": asdict(found), "warnings": [asdict(n) for n in notices]})
        return
    Console(highlight=False, markup=False, soft_wrap=True).print(_table(sides, found))
    for what, values in (
        ("only in the first", found.removed),
        ("only in the second", found.added),
        ("cleared by the first alone", found.cleared_lost),
        ("cleared by the second alone", found.cleared_gained),
    ):
        show.say(f"{what:28s}{', '.join(map(str, values)) or 'none'}")
    show.notices(notices)


def _table(sides: tuple[Compared, Compared], found: Difference) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("", "first", "second", "difference"):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    first, second = (side.figures for side in sides)
    table.add_row("objective", *(side.plan.objective for side in sides), "")
    table.add_row("status", *(side.plan.status for side in sides), "")
    table.add_row("Type", *(_text(side.type, 0) for side in sides), "")
    rows: list[tuple[str, str, float | None]] = [
        ("debulking by lesion [%]", "debulking_percent", found.debulking_points),
        ("debulking by volume [%]", "debulking_percent_by_volume", found.debulking_points_by_volume),
        ("FLR [mL]", "flr_ml", found.flr_ml),
        ("FLR [%]", "flr_percent", found.flr_points),
        ("standardized FLR [%]", "sflr_percent", found.sflr_points),
        ("FLR per body weight [%]", "flr_body_weight_percent", found.flr_body_weight_points),
        ("parenchyma lost [mL]", "parenchyma_lost_ml", found.parenchyma_lost_ml),
    ]
    for label, field, change in rows:
        digits = 2 if field == "flr_body_weight_percent" else 1
        values = (_text(getattr(side, field), digits) for side in (first, second))
        table.add_row(label, *values, _text(change, digits, sign=True))
    counts = (str(first.interventions), str(second.interventions), f"{found.interventions:+d}")
    table.add_row("interventions", *counts)
    return table


def _text(value: float | None, digits: int, *, sign: bool = False) -> str:
    if value is None:
        return "-"
    return f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"


def _as_json(side: Compared) -> dict[str, object]:
    return {
        "objective": side.plan.objective,
        "status": side.plan.status,
        "type": side.type,
        **asdict(side.figures),
        "treatments": list(side.names),
    }
