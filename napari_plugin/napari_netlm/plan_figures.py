"""What a plan says to a surgeon: figures, differences, what goes on; no Qt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from napari_netlm.plan_details import Moved
from napari_netlm.planning import Planning
from netlm_imaging.decide.records import NetlmType
from netlm_imaging.export.wording import MINIMUMS, STATUSES, decimals, listed, percentage
from netlm_imaging.plan.ablation_facts import AblationFacts
from netlm_imaging.plan.figures import Difference, Figures
from netlm_imaging.plan.session import PlanSession
from netlm_imaging.plan.shaft import shaft_words

NO_TYPE = "none: no lesion, or a major resection"
WARNING = "\N{WARNING SIGN} "
GOOD, BAD, PLAIN = "#7ee787", "#ff7b72", ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """One figure of the plan, with its change."""

    name: str
    value: str
    change: str
    color: str = PLAIN
    tip: str = ""


def figure_rows(
    figures: Figures,
    change: Difference | None,
    *,
    type_now: NetlmType | None,
    threshold_percent: float,
    status: str = "",
    provisional: bool = False,
) -> tuple[FigureRow, ...]:
    """Type, debulking, remnant against its minimums, liver lost, interventions."""
    c = change
    open_ = " (provisional)" if provisional else ""
    reached = figures.debulking_percent >= threshold_percent
    rows = [
        FigureRow(
            name="Type",
            value=NO_TYPE if type_now is None else f"{type_now}{open_}",
            change=_types(c),
            tip="Mahuron & Singh, J Clin Med 2023;12:2456; Decide says why, and what could change it",
        ),
        FigureRow(
            name="Debulking",
            value=f"{percentage(figures.debulking_percent, threshold_percent)}",
            change=_points(_of(c, "debulking_points")),
            color=GOOD if reached else BAD,
            tip=f"Tumor volume of lesions cleared completely; threshold {threshold_percent:g} %",
        ),
    ]
    rows += _remnant(figures, c)
    rows += [
        FigureRow(
            name="Liver lost",
            value=f"{figures.parenchyma_lost_ml:.0f} mL",
            change=_signed(_of(c, "parenchyma_lost_ml"), "mL", 0),
            tip="Functional liver removed, destroyed or left without inflow",
        ),
        FigureRow(
            name="Interventions",
            value=f"{figures.interventions}",
            change=_signed(_of(c, "interventions"), "", 0),
            tip="Resections, and each zone of an ablation",
        ),
        FigureRow(
            name="Lesions left", value=listed(figures.residual) if figures.residual else "none", change=""
        ),
    ]
    if status:
        rows.append(FigureRow(name="Plan", value=status, change=""))
    return tuple(rows)


def _remnant(figures: Figures, c: Difference | None) -> Iterator[FigureRow]:
    changes = {
        "flr_percent": _of(c, "flr_points"),
        "sflr_percent": _of(c, "sflr_points"),
        "flr_body_weight_percent": _of(c, "flr_body_weight_points"),
    }
    yield FigureRow(
        name="Remnant (FLR)", value=f"{figures.flr_ml:.0f} mL", change=_signed(_of(c, "flr_ml"), "mL", 0)
    )
    for minimum in figures.minimums:
        name, of = MINIMUMS[minimum.name]
        digits = 2 if minimum.name == "flr_body_weight_percent" else 1
        yield FigureRow(
            name=name,
            value=f"{decimals(minimum.value, digits)} % (\N{GREATER-THAN OR EQUAL TO} {minimum.minimum:g} %)",
            change=_points(changes[minimum.name], digits),
            color=GOOD if minimum.met else BAD,
            tip=f"In percent {of}" if of.startswith("of") else of,
        )


def _of(change: Difference | None, name: str) -> float | None:
    return None if change is None else getattr(change, name)


def _types(c: Difference | None) -> str:
    if c is None or c.type_before == c.type_after:
        return ""
    return f"was {c.type_before or 'none'}"


def _points(value: float | None, digits: int = 1) -> str:
    return _signed(value, "points", digits)


def _signed(value: float | None, unit: str, digits: int) -> str:
    if value is None or round(value, digits) == 0.0:
        return ""
    return f"{value:+.{digits}f} {unit}".replace("-", "\N{MINUS SIGN}").strip()


def status_words(planning: Planning) -> str:
    """Whether the plan is proven, or what goes on."""
    choice = planning.session.state.choice
    words = STATUSES[choice.status]
    if planning.busy:
        return "planning ..."
    if choice.status == "feasible":
        total = planning.session.state.basis.case.problem.total_voxels
        if choice.bound_voxels is not None and total:
            words += f", at most {100.0 * choice.bound_voxels / total:.1f} % is possible"
        if planning.proving:
            words += "; proof goes on ..."
    return words


def change_words(change: Difference | None) -> tuple[str, ...]:
    """What is done more or less than before, and what that clears."""
    if change is None:
        return ()
    said = []
    if change.cleared_gained:
        said.append(f"Also cleared: lesion {listed(change.cleared_gained)}")
    if change.cleared_lost:
        said.append(f"No longer cleared: lesion {listed(change.cleared_lost)}")
    said += [f"+ {name}" for name in change.added]
    said += [f"\N{MINUS SIGN} {name}" for name in change.removed]
    return tuple(said)


def moved_words(moved: Moved, *, asked_mm: float) -> tuple[str, ...]:
    """What a drawing does, beyond the figures."""
    said = () if moved.facts is None else zone_words(moved.facts, asked_mm=asked_mm)
    return (*said, *(notice.message for notice in moved.preview.notices))


def done_words(session: PlanSession, candidate: int) -> tuple[str, ...]:
    """What a treatment of the plan does, beyond the figures; quick once the plan's record is made."""
    case, made = session.state.basis.case, session.candidates[candidate]
    said = () if made.margin_mm is None else zone_words(case.facts_of(made), asked_mm=made.margin_mm)
    return ("In the plan as it stands.", *said)


def zone_words(facts: AblationFacts, *, asked_mm: float) -> tuple[str, ...]:
    """What is known of one ablation: what its shaft meets, its margin, structures near its zone."""
    said = list(shaft_words(facts.access.shafts))
    if facts.access.unsafe_as_drawn:
        said[0] = WARNING + said[0]
    margin_mm = facts.margin_mm
    if margin_mm is not None:
        said.append(
            f"Smallest margin {margin_mm:.1f} mm of {asked_mm:g} mm asked for"
            + ("" if margin_mm >= asked_mm else " (red: where it is less)")
        )
    said += [f"{structure.distance_mm:.0f} mm to the {structure.structure}" for structure in facts.structures]
    return tuple(said)
