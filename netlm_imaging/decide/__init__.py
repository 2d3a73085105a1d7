"""Type 1-4 with reasons, from a file of evidence."""

from netlm_imaging.decide.classification import classify
from netlm_imaging.decide.evidence import Evidence, evidence
from netlm_imaging.decide.of_plans import classify_plans
from netlm_imaging.decide.outlook import projections
from netlm_imaging.decide.records import (
    Classification,
    Counterfactual,
    NetlmType,
    Projection,
    Statement,
    Uncertainty,
)
from netlm_imaging.decide.uncertainty import uncertainty, under_other_symptoms

__all__ = [
    "Classification",
    "Counterfactual",
    "Evidence",
    "NetlmType",
    "Projection",
    "Statement",
    "Uncertainty",
    "classify",
    "classify_plans",
    "evidence",
    "projections",
    "uncertainty",
    "under_other_symptoms",
]
