"""The Type with all that stands behind it, as text for the window; no Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from napari_netlm.planning import Planning
from netlm_imaging.decide import evidence
from netlm_imaging.decide.records import Classification, Projection, Statement
from netlm_imaging.export.wording import FACT_NAMES, TYPE_TITLES, listed, readable

NONE_NEEDED = "Nothing is missing that could change the Type or its management."

NOT_WEIGHED = "What any resection and a larger remnant would change is being worked out ..."


def headline(classification: Classification) -> str:
    """``Type 2 (provisional)`` and what it means."""
    if classification.type is None:
        return "No Type: no measurable disease in the liver"
    open_ = " (provisional)" if classification.provisional else ""
    return f"Type {classification.type}{open_}: {TYPE_TITLES[classification.type]}"


def waiting_html(planning: Planning) -> str:
    """While there are no reasons: the Type of the plan that stands, unless another plan is on its way."""
    if planning.busy:
        return "<p>Planning ...</p>"
    return f"<p><b>Type {planning.type}</b></p><p>...</p>" if planning.type else ""


def missing_words(classification: Classification) -> str:
    """Which facts could still change the Type or its management."""
    names = [FACT_NAMES.get(name, readable(name)) for name in classification.missing]
    if not names:
        return NONE_NEEDED
    return f"Could change the Type or its management, and is not known: {listed(names)}."


def decision_html(classification: Classification, *, edited: str = "", weighed: bool = True) -> str:
    """Reasons, contraindications, management and counterfactuals, with their sources.

    ``edited``: what a person decided about the plan. ``weighed``: other plans are known.
    """
    parts = [f"<p><b>{escape(headline(classification))}</b></p>"]
    if not weighed:
        parts.append(f"<p><i>{NOT_WEIGHED}</i></p>")
    if edited:
        parts.append(f"<p>This is the Type of the plan as you edited it ({escape(edited)}).</p>")
    if classification.gray_band:
        parts.append("<p>The debulking figure is too near to the threshold to settle the Type.</p>")
    sections: tuple[tuple[str, Sequence[Statement]], ...] = (
        ("Why", classification.reasons),
        ("Against debulking", classification.contraindications),
        ("What to do", classification.management),
    )
    parts += [_section(title, map(_sentence, found)) for title, found in sections if found]
    if classification.counterfactuals:
        others = (f"{escape(c.change)}: <b>Type {c.type}</b>" for c in classification.counterfactuals)
        parts.append(_section("What would make it another Type", others))
    return "".join(parts)


def projections_html(projections: Sequence[Projection]) -> str:
    """What a larger remnant would allow."""
    if not projections:
        return (
            "<p>No larger remnant would allow more: the remnant is not what limits this plan, "
            "everything is cleared, or segments are not known.</p>"
        )
    parts = []
    for found in projections:
        assumed = "".join(f"<li>{escape(text)}</li>" for text in found.assumptions)
        parts.append(f"<p>{escape(found.text)}</p><ul>{assumed}</ul>")
    return "".join(parts)


def _section(title: str, items: Iterable[str]) -> str:
    return f"<p><b>{title}</b></p><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _sentence(statement: Statement) -> str:
    entry = evidence().get(statement.evidence or "")
    source = "" if entry is None else f' <span style="color:#8b949e">[{escape(entry.citation)}]</span>'
    return f"{escape(statement.text)}{source}"
