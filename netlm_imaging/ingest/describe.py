"""A series in words made from coded facts and known words; nothing of its free text is repeated."""

from __future__ import annotations

from netlm_imaging.geometry import Grid
from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.mr_sequence import dixon_part, is_t1, is_t2
from netlm_imaging.ingest.roles_pet import nuclide_of
from netlm_imaging.ingest.verdict import Facts
from netlm_imaging.ingest.vocabulary import is_no_agent

_KERNELS = {"soft": "soft-tissue kernel", "sharp": "lung or bone kernel"}


def describe(header: Header, facts: Facts) -> str:
    """What tells a series from its neighbors, in the order of a radiologist's worklist."""
    words = [header.modality or "unknown modality"]
    words += [facts.plane] if facts.plane in ("coronal", "sagittal") else []
    words += {"MR": _mr, "CT": _ct, "PT": _pet}.get(header.modality, _nothing)(header, facts)
    words += ["reformatted"] if facts.reformatted else []
    return " ".join(words)


def _mr(header: Header, facts: Facts) -> list[str]:
    p, part = header.protocol, dixon_part(header)
    words = ["T1"] if is_t1(header) else ["T2"] if is_t2(header) and header.b_value is None else []
    words += [p.acquisition_type] if p.acquisition_type in ("2D", "3D") else []
    words += [f"Dixon {part}"] if part else ["fat-suppressed"] if facts.fat_suppressed else []
    words += [f"b={header.b_value:g}"] if header.b_value is not None else []
    words += [f"TE {header.echo_ms:g} ms"] if header.echo_ms is not None else []
    if facts.agent:
        words.append(facts.agent)
    elif not is_no_agent(p.contrast_agent):
        words.append("contrast-enhanced")
    minutes = facts.minutes_after_contrast
    return words if minutes is None or minutes < 0 else [*words, f"{minutes:g} min after contrast"]


def _ct(header: Header, facts: Facts) -> list[str]:
    words = [f"{facts.ct_phase} phase"] if facts.ct_phase else []
    if facts.ct_phase is None and not is_no_agent(header.protocol.contrast_agent):
        words.append("contrast-enhanced")
    words += [_KERNELS[facts.kernel]] if facts.kernel else []
    if facts.with_pet:
        return [*words, "of a PET/CT"]
    return [*words, "for attenuation correction"] if facts.attenuation_ct else words


def _pet(header: Header, facts: Facts) -> list[str]:
    nuclide, corrected = nuclide_of(header), "ATTN" in header.protocol.corrected_image
    words = [nuclide] if nuclide else []
    words += [facts.tracer] if facts.tracer else []
    return [*words, "attenuation corrected" if corrected else "not attenuation corrected"]


def _nothing(_header: Header, _facts: Facts) -> list[str]:
    return []


def size_of(grid: Grid) -> str:
    """Voxels and their size, in the order of x, y, z."""
    voxels = " x ".join(str(n) for n in reversed(grid.shape_kji))
    return f"{voxels} voxels of {' x '.join(f'{s:.3g}' for s in grid.spacing_mm)} mm"
