"""MR: which of the images of a liver exam it is."""

from __future__ import annotations

from netlm_imaging.ingest.contrast import contrast_of
from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.mr_sequence import (
    T2_ECHO_MS,
    description,
    dixon_part,
    fat_suppressed,
    is_balanced,
    is_chemical_shift,
    is_echo_planar,
    is_t1,
    is_t2,
)
from netlm_imaging.ingest.roles_t1 import t1_verdict
from netlm_imaging.ingest.verdict import Facts, Verdict
from netlm_imaging.ingest.vocabulary import first_said, says

_DIFFUSION_TYPES = frozenset({"DIFFUSION", "TRACEW", "CALC_BVALUE", "DWI"})
_DIFFUSION_MAPS = frozenset({"FA", "COLFA", "TENSOR", "EADC", "EXPADC", "IVIM"})
_MAPS = frozenset(
    {
        "T1 MAP", "T2 MAP", "T2_STAR MAP", "T2STAR MAP", "T2*MAP", "R2_STAR MAP", "R2STAR", "T2STAR", "R2*",
        "FAT_FRACTION", "FF", "PDFF", "PHASE", "PHASE MAP", "P", "REAL", "IMAGINARY", "VELOCITY", "B0 MAP",
        "B1 MAP", "STIFFNESS", "WAVE", "T1MAP", "T2MAP",
    }
)  # fmt: skip
_REFORMATS = frozenset({"MPR", "REFORMATTED", "CSA MPR", "CSA MPRTHICK", "CSAPARALLEL", "MPVR"})


def mr_verdict(header: Header) -> Verdict:
    """The role of an MR series, from one of its headers."""
    other = _diffusion(header) or _other(header)
    if other is not None:
        return other
    facts = Facts(
        fat_suppressed=fat_suppressed(header), reformatted=bool(_REFORMATS & set(header.image_type))
    )
    if is_t2(header):
        return Verdict(role="t2", reason=f"spin echo, TE {header.echo_ms:g} ms", facts=facts)
    if is_t1(header):
        return t1_verdict(contrast_of(header), facts)
    if _t2_by_words(header):
        return Verdict(role="t2", reason="described as T2", confidence=0.5, facts=facts)
    return Verdict(role="other", reason=_no_weighting(header), facts=facts)


def is_contrast_phase(header: Header) -> bool:
    """A T1-weighted image as the phases of a contrast series are."""
    return _diffusion(header) is None and _other(header) is None and not is_t2(header) and is_t1(header)


def _diffusion(header: Header) -> Verdict | None:
    types, text = set(header.image_type), description(header)
    derived = says("diffusion", "derived", text) or bool(types & _DIFFUSION_MAPS)
    if not derived and ("ADC" in types or "APPARENT DIFFUSION COEFFICIENT" in types):
        return Verdict(role="adc", reason="image type ADC")
    planar = is_echo_planar(header)
    weighted = header.b_value is not None and (header.b_value > 0 or planar)
    described = says("diffusion", "words", text)
    if derived and (planar or weighted or described or types & _DIFFUSION_MAPS):
        return Verdict(role="other", reason="map computed from diffusion, not ADC")
    if says("diffusion", "adc", text):
        return Verdict(role="adc", reason="ADC map, by its description", confidence=0.8)
    if weighted or types & _DIFFUSION_TYPES:
        value = "" if header.b_value is None else f", b {header.b_value:g} s/mm2"
        return Verdict(role="dwi", reason=f"diffusion-weighted{value}")
    if described and "GR" not in header.protocol.scanning_sequence:
        reason = "echo planar, described as diffusion" if planar else "described as diffusion"
        return Verdict(role="dwi", reason=reason, confidence=0.8 if planar else 0.5)
    return None


def _other(header: Header) -> Verdict | None:
    """Images that are never used, which would look like T1 or T2 by their echo time alone."""
    coded = next((word for word in header.image_type[2:] if word in _MAPS), None)
    if coded:
        return Verdict(role="other", reason=f"computed or phase image (image type {coded})")
    part = dixon_part(header)
    if part is not None and part != "water":
        return Verdict(role="other", reason=f"Dixon image, {part}", facts=Facts(fat_suppressed=False))
    kind = first_said("kinds", description(header))
    if kind:
        return Verdict(role="other", reason=f"{kind}, by its description", confidence=0.8)
    if is_balanced(header):
        return Verdict(role="other", reason="balanced steady state")
    if is_t1(header) and is_chemical_shift(header):
        facts = Facts(fat_suppressed=False)
        return Verdict(role="other", reason="T1 in phase or opposed phase", confidence=0.8, facts=facts)
    return None


def _t2_by_words(header: Header) -> bool:
    """The sequence is not coded and the echo time, where it is told, does not speak against it."""
    coded = {"SE", "GR", "EP"} & set(header.protocol.scanning_sequence)
    echo = header.echo_ms
    fits = echo is None or T2_ECHO_MS[0] <= echo <= T2_ECHO_MS[1]
    return not coded and fits and says("t2", "words", description(header))


def _no_weighting(header: Header) -> str:
    p, echo = header.protocol, header.echo_ms
    if "SE" in p.scanning_sequence and echo is not None and echo > T2_ECHO_MS[1]:
        return f"spin echo, TE {echo:g} ms: later than T2-weighted images of the liver"
    if "SE" in p.scanning_sequence and echo is not None and not is_echo_planar(header):
        return f"spin echo, TE {echo:g} ms: not T2-weighted"
    if "GR" in p.scanning_sequence and echo is not None:
        return f"gradient echo, TE {echo:g} ms: not T1-weighted"
    return "MR of another kind"
