"""report.html: the whole case on a few pages, self-contained, from case.json and the figures alone."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from netlm_imaging.case import CaseResult
from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.evidence import Evidence, evidence
from netlm_imaging.decide.records import Statement
from netlm_imaging.decide.rule import reaches
from netlm_imaging.export import wording
from netlm_imaging.export.charts import Axis, frontier_chart
from netlm_imaging.export.comparison import comparison_sentences
from netlm_imaging.plan.lesion_sets import pet_only
from netlm_imaging.plan.records import Plan, TreatmentKind
from netlm_imaging.remnant.function import LOW_REMNANT_HUI
from netlm_imaging.remnant.records import MinimumName
from netlm_imaging.settings import DeviceEntry, Section, Settings

if TYPE_CHECKING:
    from jinja2 import Environment

UNSEEN_DISEASE = "unseen-disease"
"""Evidence entry of the caveat that every report carries."""


def render_report(case: CaseResult, figures: Mapping[str, bytes]) -> str:
    """The report as one HTML text: nothing outside it is needed or named by address.

    ``figures`` are PNG files by name, as draw_figures makes them. Equal input gives equal text.
    """
    cited = _cited(case)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            case=case,
            plan=case.plan,
            verdict=case.classification,
            plans=(case.plan, *case.alternatives),
            figures=[_figure(name, figures[name]) for name in _figure_order(figures)],
            frontier=frontier_chart(case.frontier, case.plan),
            percent_axis=Axis(low=0, high=100, start=0, end=600),
            remnant_rows=[*_remnant_rows(case.plan), *_functional_row(case)],
            low_hui=LOW_REMNANT_HUI,
            pet_only=sum(pet_only(lesion.seen_on) for lesion in case.lesions),
            settings_rows=list(_rows(case.settings, Settings(), absent="not set")),
            clinical_rows=list(_rows(case.clinical, Clinical(), absent="not given")),
            kinds=get_args(TreatmentKind),
            comparison=comparison_sentences(case),
            larger_only=() if case.device_comparison is None else case.device_comparison.only_larger_zone,
            cited=cited,
            unseen=evidence()[UNSEEN_DISEASE],
            number_of={entry.id: n for n, entry in enumerate(cited, start=1)},
            words=wording,
        )
    )


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("netlm_imaging.export"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": wording.percentage,
        "shares": wording.shares,
        "num": wording.decimals,
        "listed": wording.listed,
        "readable": wording.readable,
        "probability": wording.probability,
        "type_shares": wording.type_shares,
        "spread": wording.spread,
        "driver": wording.driver,
        "best_path": wording.best_path,
        "way_in": wording.way_in,
        "path_remarks": wording.path_remarks,
        "stage_names": wording.stage_names,
    }
    environment.tests["reaching"] = reaches
    return environment


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figure:
    name: str
    data: str
    caption: str


def _figure(name: str, content: bytes) -> _Figure:
    data = base64.b64encode(content).decode("ascii")
    return _Figure(name=name, data=f"data:image/png;base64,{data}", caption=wording.figure_caption(name))


def _figure_order(figures: Mapping[str, bytes]) -> list[str]:
    """The plan first, PET last."""
    return sorted(figures, key=lambda name: (name != "plan_3d.png", "pet" in name, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class _RemnantRow:
    """The remnant in one denominator."""

    name: str
    meaning: str
    value: float | None
    minimum: float | None
    binding: bool
    axis: Axis


def _remnant_rows(plan: Plan) -> list[_RemnantRow]:
    minimums = {minimum.name: minimum for minimum in plan.minimums}
    rows = []
    for key in get_args(MinimumName):
        name, meaning = wording.MINIMUMS[key]
        value, minimum = getattr(plan, key), minimums.get(key)
        floor = None if minimum is None else minimum.minimum
        full = max(100.0 if key != "flr_body_weight_percent" else 0.0, value or 0.0, 2 * (floor or 0.5))
        rows.append(
            _RemnantRow(
                name=name,
                meaning=meaning,
                value=value,
                minimum=floor,
                binding=minimum is not None and minimum.binding,
                axis=Axis(low=0, high=full, start=0, end=240),
            )
        )
    return rows


def _functional_row(case: CaseResult) -> list[_RemnantRow]:
    """The functional remnant beside the volumes, where it is known."""
    of = case.function
    if of is None or of.remnant_function_share_percent is None:
        return []
    return [
        _RemnantRow(
            name="Functional FLR",
            meaning=f"of the MR signal above that of the {of.reference}",
            value=of.remnant_function_share_percent,
            minimum=None,
            binding=False,
            axis=Axis(low=0, high=100, start=0, end=240),
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    key: str
    value: str
    changed: bool


def _rows(used: Section, default: Section, *, absent: str, prefix: str = "") -> Iterator[_Row]:
    """Every key of the settings or facts, nested ones as ``table.key``."""
    for key in type(used).model_fields:
        value, usual = getattr(used, key), getattr(default, key)
        if isinstance(value, Section):
            yield from _rows(value, usual, absent=absent, prefix=f"{prefix}{key}.")
        elif isinstance(value, tuple) and value and isinstance(value[0], DeviceEntry):
            yield from (_Row(key=f"{prefix}{key} {e.id}", value=_device(e), changed=True) for e in value)
        else:
            text = absent if value in (None, ()) else _shown(value)
            yield _Row(key=prefix + key, value=text, changed=value != usual)


def _device(entry: DeviceEntry) -> str:
    """An own device in one line: what it is, its zone as published, where that comes from."""
    zone = " \N{MULTIPLICATION SIGN} ".join(f"{axis:g}" for axis in entry.zone_mm)
    shrink = "" if entry.shrink is None else f", shrink {entry.shrink:g}"
    words = wording.MODALITIES[entry.modality]
    return f"{words}, zone {zone} mm{shrink} ({entry.evidence}: {entry.provenance})"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(_shown(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cited(case: CaseResult) -> list[Evidence]:
    """The evidence behind the statements of this case, in the order of its first use."""
    known = evidence()
    verdict = case.classification
    statements: tuple[Statement, ...] = (*verdict.reasons, *verdict.contraindications, *verdict.management)
    ids = dict.fromkeys([UNSEEN_DISEASE, *(statement.evidence for statement in statements)])
    return [known[id_] for id_ in ids if id_ is not None and id_ in known]
