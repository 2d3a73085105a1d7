"""What would have to change for another Type: the rule run again on changed facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from netlm_imaging.decide.evidence import evidence
from netlm_imaging.decide.findings import Findings, facts_of
from netlm_imaging.decide.outlook import briefly
from netlm_imaging.decide.records import Counterfactual
from netlm_imaging.decide.rule import Facts, type_of
from netlm_imaging.decide.wording import lesion_ids, percent
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.lesion_sets import seen_on_mr

Change = tuple[str, Facts]


def counterfactuals(findings: Findings) -> tuple[Counterfactual, ...]:
    """Every single change looked at here that gives another Type; empty without measurable disease."""
    changes = [
        *_thresholds(findings),
        *_limited_numbers(findings),
        *_symptoms(findings),
        *_other_plans(findings),
        *_growth(findings),
        *_on_mr(findings),
        *_lesions_more(findings),
        *_lesions_less(findings),
    ]
    changed = [(text, type_of(facts)) for text, facts in changes]
    return tuple(
        Counterfactual(change=text, type=new)
        for text, new in changed
        if new is not None and new != findings.type
    )


def _thresholds(findings: Findings) -> Iterator[Change]:
    for threshold in findings.settings.type.gray_band_percent:
        yield (
            f"With a threshold of {threshold:g} %",
            replace(findings.facts, threshold_percent=threshold),
        )


def _limited_numbers(findings: Findings) -> Iterator[Change]:
    for entry in ("limited-number", "limited-number-upper"):
        most = int(evidence()[entry].figures["max_lesions"])
        yield (
            f"If up to {most} lesions count as a limited number",
            replace(findings.facts, limited_max_lesions=most),
        )


def _symptoms(findings: Findings) -> Iterator[Change]:
    facts = findings.facts
    if facts.profound_symptoms:
        yield (
            "Without profound symptoms",
            replace(facts, mass_effect="none", hormonal_symptoms="controlled"),
        )
    else:
        yield ("With a profound mass effect", replace(facts, mass_effect="profound"))
        yield (
            "With hormonal symptoms that cannot be controlled",
            replace(facts, hormonal_symptoms="uncontrolled"),
        )


def _other_plans(findings: Findings) -> Iterator[Change]:
    major = findings.facts_with_major_resection
    if major is not None:
        yield (f"With a major resection ({percent(major.debulking_percent)} debulking)", major)
    bound = findings.facts_at_bound
    if bound is not None:
        yield (f"If a better plan reached the bound of {percent(bound.debulking_percent)}", bound)


def _growth(findings: Findings) -> Iterator[Change]:
    for projection in findings.projections or ():
        facts = facts_of(
            findings.lesions, projection.plan, clinical=findings.clinical, settings=findings.settings
        )
        yield (briefly(projection), facts)


def _on_mr(findings: Findings) -> Iterator[Change]:
    """The same plan counted over the lesions that MR shows."""
    on_mr, plan = seen_on_mr(findings.lesions), findings.plan
    if on_mr is None or plan.debulking_percent_mr_only is None:
        return
    facts = facts_of(on_mr, plan, clinical=findings.clinical, settings=findings.settings)
    reached = plan.debulking_percent_mr_only
    text = f"If the lesions seen on PET alone were none ({percent(reached)} debulking of those seen on MR)"
    yield (text, replace(facts, debulking_percent=reached))


def _lesions_more(findings: Findings) -> Iterator[Change]:
    """The fewest more lesions, the largest first, whose clearance gives another Type."""
    residual = findings.residual()
    for count in range(1, len(residual) + 1):
        also = residual[:count]
        facts = _with_debulked(findings, sum(lesion.volume_ml for lesion in also), complete=also == residual)
        if type_of(facts) != findings.type:
            yield (f"If {_named(also)} could be cleared as well", facts)
            return


def _lesions_less(findings: Findings) -> Iterator[Change]:
    """The fewest cleared lesions, the largest first, without whose clearance the Type is another."""
    residual = findings.residual()
    cleared = [lesion for lesion in findings.lesions if lesion not in residual]
    cleared.sort(key=lambda lesion: (-lesion.volume_ml, lesion.id))
    for count in range(1, len(cleared) + 1):
        without = cleared[:count]
        facts = _with_debulked(findings, -sum(lesion.volume_ml for lesion in without), complete=False)
        if type_of(facts) != findings.type:
            yield (f"If {_named(without)} could not be cleared", facts)
            return


def _with_debulked(findings: Findings, more_ml: float, *, complete: bool) -> Facts:
    facts = findings.facts
    moved = facts.debulking_percent + 100.0 * more_ml / findings.liver.tumor_ml
    return replace(facts, debulking_percent=min(100.0, max(0.0, moved)), complete=complete)


def _named(lesions: Sequence[Lesion]) -> str:
    volume_ml = sum(lesion.volume_ml for lesion in lesions)
    return f"{lesion_ids(sorted(lesion.id for lesion in lesions))} ({volume_ml:.1f} mL)"
