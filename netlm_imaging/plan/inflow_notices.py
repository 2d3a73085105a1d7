"""What the reader of a plan must know about the inflow of the liver that it leaves."""

from __future__ import annotations

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.errors import Notice
from netlm_imaging.plan.records import Plan

LEAST_ML = 0.05
"""Less would be told as 0.0 mL; it is taken off the remnant all the same."""


def inflow_notices(
    plan: Plan, anatomy: Anatomy, *, tree_found: bool, from_all_vessels: bool
) -> tuple[Notice, ...]:
    """What ``plan`` deprives of its inflow, and how well that could be seen."""
    notices = [*_about_the_tree(anatomy, tree_found=tree_found, from_all_vessels=from_all_vessels)]
    if plan.devascularized_ml >= LEAST_ML:
        message = (
            f"{plan.devascularized_ml:.1f} mL of functional liver are not treated but lose their inflow, or "
            "are cut off from the rest of the liver: they are not counted in the remnant."
        )
        notices.append(Notice(code="LIVER_DEVASCULARIZED", message=message, where="plan"))
    return tuple(notices)


def _about_the_tree(anatomy: Anatomy, *, tree_found: bool, from_all_vessels: bool) -> list[Notice]:
    if anatomy.vessels is None and anatomy.portal_vein is None:
        return []  # said by PLAN_WITHOUT_VESSELS
    if anatomy.portal_vein is None and not (from_all_vessels and anatomy.vessels_traced):
        message = (
            "Which liver a resection deprives of its inflow is not read from vessels that may hold hepatic "
            "veins too, or that were segmented here: give a mask of the portal vein alone (--portal-vein)."
        )
        return [Notice(code="INFLOW_UNKNOWN", message=message, where="vessels")]
    if not tree_found:
        message = (
            "No vessel that is given runs through the liver for 1 cm: which liver a resection deprives of "
            "its inflow could not be seen."
        )
        return [Notice(code="INFLOW_UNKNOWN", message=message, where="vessels")]
    if anatomy.portal_vein is None:
        message = (
            "The vessels are given as one mask, so portal and hepatic veins are not told apart: liver "
            "around a cut branch of either counts as lost. That overstates the loss; a mask of the "
            "portal vein alone (--portal-vein) mends it."
        )
        return [Notice(code="INFLOW_NOT_TOLD_APART", message=message, where="vessels")]
    if anatomy.vessels is None:
        message = (
            "Of the vessels only the portal vein is given: heat sinks and wide vessels in the way of a "
            "resection could not be considered for the hepatic veins."
        )
        return [Notice(code="PLAN_WITHOUT_HEPATIC_VEINS", message=message, where="plan")]
    return []
