"""Type 1-4 with reasons, from a file of evidence."""

from netlm_imaging.decide.classification import classify
from netlm_imaging.decide.evidence import Evidence, evidence
from netlm_imaging.decide.records import Classification, Counterfactual, NetlmType, Statement

__all__ = [
    "Classification",
    "Counterfactual",
    "Evidence",
    "NetlmType",
    "Statement",
    "classify",
    "evidence",
]
