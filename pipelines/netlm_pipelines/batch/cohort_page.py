"""cohort.html: counts, distributions and a link to each case, self-contained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from netlm_imaging.errors import Fault
from netlm_imaging.export.charts import Axis
from netlm_imaging.export.wording import TYPE_TITLES
from netlm_pipelines.batch.cohort_columns import Row

if TYPE_CHECKING:
    from jinja2 import Environment

_KEPT = (
    *("study", "type", "type_provisional", "lesion_count", "burden_percent", "largest_lesion_mm"),
    *("debulking_percent", "flr_percent", "plan_status"),
)
BINS = 20


@dataclass(slots=True)
class Figures:
    """What the page needs of all cases; a few numbers a case."""

    cases: list[Row] = field(default_factory=list)
    lesion_mm: list[float] = field(default_factory=list)
    """Longest diameter of each lesion."""
    other: int = 0
    """Results that are no cases."""

    def add(self, rows: Sequence[Row]) -> None:
        """Rows of the table of cases."""
        self.cases += [{key: row[key] for key in _KEPT} for row in rows]

    def add_lesions(self, rows: Sequence[Row]) -> None:
        """Rows of the table of lesions."""
        self.lesion_mm += [row["longest_diameter_mm"] for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Bars of one distribution."""

    title: str
    count: int
    median: float | None
    bars: tuple[tuple[float, float, float, float, int], ...]
    """x, y, width, height in picture units, and the count of each."""
    x: Axis
    highest: int


def render_cohort(figures: Figures, failures: Mapping[str, Sequence[Fault]], *, left: int) -> str:
    """The page as one HTML text. Equal input gives equal text."""
    cases = figures.cases
    counts = Counter(row["type"] for row in cases)
    planned = [row for row in cases if row["lesion_count"] and row["plan_status"] != "infeasible"]
    return (
        _environment()
        .get_template("cohort.html.j2")
        .render(
            cases=cases,
            failures=failures,
            other=figures.other,
            left=left,
            reasons=sorted(Counter(faults[0].code for faults in failures.values()).items()),
            types=[(name, counts[name]) for name in (*TYPE_TITLES, None) if name in counts],
            titles=TYPE_TITLES | {None: "No measurable disease in the liver"},
            provisional=sum(row["type_provisional"] for row in cases),
            without_plan=sum(row["plan_status"] == "infeasible" for row in cases),
            histograms=[
                histogram("Tumor burden, % of the liver", _values(cases, "burden_percent"), high=100.0),
                histogram("Lesions a patient", _values(cases, "lesion_count")),
                histogram("Longest diameter of each lesion, mm", figures.lesion_mm),
                histogram("Debulking by the plans, %", _values(planned, "debulking_percent"), high=100.0),
                histogram(
                    "Future liver remnant of the plans, %", _values(planned, "flr_percent"), high=100.0
                ),
            ],
        )
    )


def histogram(title: str, values: Sequence[float], *, high: float | None = None) -> Histogram:
    """``values`` in equal bins from 0 to ``high``, or to the largest of them."""
    top = high or max([*values, 1.0])
    counts, edges = np.histogram(values, bins=BINS, range=(0.0, top))
    x = Axis(low=0.0, high=top, start=10, end=290)
    highest = int(counts.max())
    y = Axis(low=0.0, high=max(highest, 1), start=110, end=14)
    bars = tuple(
        (
            x.at(left),
            y.at(count),
            round(x.at(right) - x.at(left) - 1, 2),
            round(110 - y.at(count), 2),
            int(count),
        )
        for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True)
        if count
    )
    median = float(np.median(values)) if len(values) else None
    return Histogram(title=title, count=len(values), median=median, bars=bars, x=x, highest=highest)


def _values(cases: Sequence[Row], key: str) -> list[float]:
    return [row[key] for row in cases if row[key] is not None]


@cache
def _environment() -> Environment:
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    def shown(value: Any, places: int = 1) -> str:
        return "" if value is None else f"{value:.{places}f}"

    environment = Environment(
        loader=ChoiceLoader([PackageLoader("netlm_pipelines.batch"), PackageLoader("netlm_imaging.export")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    return environment
