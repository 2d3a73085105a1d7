"""Anatomical resections: whole Couinaud segments under their Brisbane 2000 names (clinical-rules 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netlm_imaging.anatomy import SEGMENT_NAMES
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Procedure:
    """A resection and the segments that it removes whole."""

    name: str
    segments: tuple[str, ...]


BRISBANE = (
    Procedure("Left lateral sectionectomy", ("II", "III")),
    Procedure("Right anterior sectionectomy", ("V", "VIII")),
    Procedure("Right posterior sectionectomy", ("VI", "VII")),
    Procedure("Left hepatectomy", ("II", "III", "IV")),
    Procedure("Right hepatectomy", ("V", "VI", "VII", "VIII")),
    Procedure("Right trisectionectomy", ("IV", "V", "VI", "VII", "VIII")),
    Procedure("Left trisectionectomy", ("II", "III", "IV", "V", "VIII")),
)
"""Named by the Brisbane 2000 terminology of liver anatomy and resections."""


def procedures() -> tuple[Procedure, ...]:
    """Each segment alone, the named ones, and all but segment I alone with segment I as well."""
    single = tuple(Procedure(f"Segmentectomy {name}", (name,)) for name in SEGMENT_NAMES)
    plain = (*single, *BRISBANE)
    return plain + tuple(
        Procedure(f"{p.name} with segment I", ("I", *p.segments)) for p in plain if "I" not in p.segments
    )


def anatomical_candidates(space: Workspace) -> tuple[Candidate, ...]:
    """Every procedure whose segments all exist in this liver; none when segments are not known."""
    if space.segments is None:
        return ()
    present = {name for name, held in zip(SEGMENT_NAMES, space.segment_voxels, strict=True) if held.size}
    return tuple(
        Candidate(
            kind="anatomical",
            name=procedure.name,
            voxels=np.empty(0, dtype=np.int64),
            segments=frozenset(SEGMENT_NAMES.index(name) + 1 for name in procedure.segments),
        )
        for procedure in procedures()
        if present.issuperset(procedure.segments)
    )
