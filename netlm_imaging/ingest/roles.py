"""What a series is for, told from coded facts first and from words only where these are silent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from netlm_imaging.ingest.header import Header

Role = Literal[
    "hbp", "arterial", "portal", "precontrast", "t2", "dwi", "ct", "pet", "seg", "rtstruct", "other"
]
ROLES: tuple[Role, ...] = (
    "hbp", "arterial", "portal", "precontrast", "t2", "dwi", "ct", "pet", "seg", "rtstruct", "other",
)  # fmt: skip

HEPATOBILIARY_AGENTS = ("gadoxet", "primovist", "eovist", "gd-eob", "gadobenat", "multihance")
"""Taken up by hepatocytes; all other agents stay outside the cells and have no such phase."""
_FAST_UPTAKE = HEPATOBILIARY_AGENTS[:4]
HBP_AFTER = timedelta(minutes=10)
"""Hepatobiliary phase of gadoxetate: 20 minutes after injection, from 10 minutes in good livers."""
ARTERIAL_UNTIL = timedelta(seconds=45)
PORTAL_UNTIL = timedelta(seconds=120)
T2_ECHO_MS = 60.0
"""Spin echoes later than this are T2-weighted."""
T1_ECHO_MS = 10.0
T1_REPETITION_MS = 300.0
"""Gradient echoes shorter than both are T1-weighted."""

_PET_UNITS = ("BQML", "GML", "CM2ML", "CNTS")

_WORDS: dict[Role, str] = {
    "hbp": r"\bhbp\b|hepatobil|\bhb ?phase|\b(15|20|25|30) ?min",
    "arterial": r"arter|\bart\b",
    "portal": r"portal|venous|\bpv[pi]?\b",
    "precontrast": r"\bpre\b|native|nativ|plain|without|unenhanced|precontrast",
}
_DERIVED = ("MIP", "SUBTRACT", "SUBTRACTION", "MINIP", "PROJECTION IMAGE", "LOCALIZER")
_OTHER_DIXON = ("FAT", "F", "IN_PHASE", "OPP_PHASE", "OUT_PHASE", "IP", "OP", "FF", "FAT_FRACTION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A role, why, and how sure: 1.0 coded facts alone, 0.5 words of the description alone."""

    role: Role
    reason: str
    confidence: float = 1.0


def role_of(header: Header) -> Verdict:
    """The role of an image series, from one of its headers."""
    derived = [word for word in header.image_type if word in _DERIVED]
    if derived:
        return Verdict(role="other", reason=f"image type {derived[0]}")
    if header.modality == "CT":
        return Verdict(role="ct", reason="modality CT")
    if header.modality == "PT":
        return _pet(header)
    if header.modality == "MR":
        return _mr(header)
    return Verdict(role="other", reason=f"modality {header.modality or 'unknown'}")


def _pet(header: Header) -> Verdict:
    if "ATTN" not in header.protocol.corrected_image:
        return Verdict(role="other", reason="PET without attenuation correction")
    if header.protocol.units not in _PET_UNITS:
        return Verdict(role="other", reason=f"PET in units {header.protocol.units or 'unknown'}")
    return Verdict(role="pet", reason="modality PT, attenuation corrected")


def _mr(header: Header) -> Verdict:
    p = header.protocol
    if "ADC" in header.image_type or re.search(r"\badc\b", p.words):
        return Verdict(role="other", reason="ADC map")
    if header.b_value is not None or "DIFFUSION" in header.image_type:
        return Verdict(role="dwi", reason="diffusion b-value")
    if "EP" in p.scanning_sequence and "dwi" in p.words:
        return Verdict(role="dwi", reason="echo planar, described as DWI", confidence=0.8)
    dixon = [word for word in header.image_type[2:] if word in _OTHER_DIXON]
    if dixon:
        return Verdict(role="other", reason=f"Dixon image {dixon[0]}")
    echo = header.echo_ms
    if "SE" in p.scanning_sequence and echo is not None and echo >= T2_ECHO_MS:
        return Verdict(role="t2", reason=f"spin echo, TE {echo:g} ms")
    if not is_t1(header):
        return Verdict(role="other", reason="MR of another kind")
    return _t1(header)


def is_t1(header: Header) -> bool:
    """A T1-weighted gradient echo, as all phases of a contrast series are."""
    p = header.protocol
    short = header.echo_ms is not None and header.echo_ms <= T1_ECHO_MS
    quick = p.repetition_ms is None or p.repetition_ms <= T1_REPETITION_MS
    return short and quick and ("GR" in p.scanning_sequence or "SE" not in p.scanning_sequence)


def _t1(header: Header) -> Verdict:
    p = header.protocol
    agent = p.contrast_agent
    hepatobiliary = any(name in agent for name in HEPATOBILIARY_AGENTS)
    said = next((role for role, words in _WORDS.items() if re.search(words, p.words)), None)
    after = _after_injection(header)
    if agent and after is not None and after >= timedelta(0):
        return _by_time(agent, after, said, hepatobiliary=hepatobiliary)
    if after is not None and after < timedelta(0):
        return Verdict(role="precontrast", reason="T1 gradient echo before the contrast agent")
    if said == "hbp" and agent and not hepatobiliary:
        return Verdict(role="other", reason="T1 with an agent that hepatocytes do not take up")
    if said == "precontrast":
        return Verdict(
            role="precontrast", reason="T1 gradient echo, described as before contrast", confidence=0.8
        )
    if said is not None and (agent or said != "hbp"):
        return Verdict(
            role=said,
            reason=f"T1 gradient echo, described as {said} phase",
            confidence=0.8 if agent else 0.5,
        )
    if said == "hbp":
        return Verdict(
            role="hbp", reason="T1 gradient echo, described as hepatobiliary; agent not named", confidence=0.5
        )
    if not agent:
        return Verdict(role="precontrast", reason="T1 gradient echo without a contrast agent", confidence=0.7)
    return Verdict(role="other", reason="T1 after contrast, phase unknown")


def _by_time(agent: str, after: timedelta, said: Role | None, *, hepatobiliary: bool) -> Verdict:
    minutes = after.total_seconds() / 60
    reason = f"T1 gradient echo {minutes:.1f} min after the contrast agent"
    fast = any(name in agent for name in _FAST_UPTAKE)
    if hepatobiliary and after >= HBP_AFTER and (fast or said == "hbp"):
        return Verdict(role="hbp", reason=f"{reason}, which hepatocytes take up")
    if after <= ARTERIAL_UNTIL:
        return Verdict(role="arterial", reason=reason)
    if after <= PORTAL_UNTIL:
        return Verdict(role="portal", reason=reason)
    return Verdict(role="other", reason=f"{reason}: no phase that is used")


def _after_injection(header: Header) -> timedelta | None:
    start = header.protocol.contrast_start
    return None if start is None or header.acquired is None else header.acquired - start


_NUCLIDES = {"68": "Ga-68", "18": "F-18", "64": "Cu-64", "177": "Lu-177", "89": "Zr-89", "11": "C-11"}
_TRACERS = ("dotatate", "dotatoc", "dotanoc", "fdg", "fluorodeoxyglucose", "psma", "fdopa")
_AGENTS = {"gadobenate": ("gadobenat", "multihance"), "gadoxetate": _FAST_UPTAKE}


def describe(header: Header) -> str:
    """A series in words made from coded facts; nothing of its free text is repeated."""
    p = header.protocol
    words = [header.modality or "unknown modality"]
    if header.modality == "MR":
        words += ["T1"] if is_t1(header) else []
        words += [p.acquisition_type] if p.acquisition_type in ("2D", "3D") else []
        words += ["fat-suppressed"] if {"FS", "SFS"} & set(p.scan_options) else []
        words += [f"b={header.b_value:g}"] if header.b_value is not None else []
        words += [f"TE {header.echo_ms:g} ms"] if header.echo_ms is not None else []
    agent = next((name for name, keys in _AGENTS.items() if any(k in p.contrast_agent for k in keys)), None)
    if agent or p.contrast_agent:
        words.append(agent or "contrast-enhanced")
    if header.modality == "PT":
        words += _pet_words(header)
    return " ".join(words)


def _pet_words(header: Header) -> list[str]:
    p = header.protocol
    mass = re.search(r"\^(\d+)\^|\b(\d{2,3})[ -]?[A-Za-z]{1,2}\b|[A-Za-z]{1,2}-?(\d{2,3})\b", p.nuclide)
    number = next((g for g in mass.groups() if g), "") if mass else ""
    words = [_NUCLIDES[number]] if number in _NUCLIDES else []
    words += [name.upper() for name in _TRACERS if name in p.tracer][:1]
    corrected = "ATTN" in p.corrected_image
    return [*words, "attenuation corrected" if corrected else "not attenuation corrected"]
