"""PET: whether it is corrected for attenuation, and whether its tracer shows somatostatin receptors."""

from __future__ import annotations

from netlm_imaging.errors import Notice
from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.radionuclides import radionuclide
from netlm_imaging.ingest.verdict import Facts, Verdict
from netlm_imaging.ingest.vocabulary import Tracer, tracers_in

_UNITS = ("BQML", "GML", "CM2ML", "CNTS")
_RECEPTOR_NUCLIDES = ("", "Ga-68", "Cu-64", "Cu-61", "Lu-177", "Sc-44", "Sc-43", "Co-55")
"""A tracer that is not named may well bind receptors with these, hardly with others (18F is mostly FDG)."""
NOT_RECEPTOR, UNKNOWN, CONTRADICTS = "NOT_RECEPTOR_TRACER", "TRACER_UNKNOWN", "TRACER_CONTRADICTS"


def pet_verdict(header: Header) -> Verdict:
    """The role of a PET; its tracer is a fact of it."""
    p = header.protocol
    if "ATTN" not in p.corrected_image:
        return Verdict(role="other", reason="PET without attenuation correction", facts=_named(header))
    if p.units not in _UNITS:
        reason = f"PET in units {p.units or 'unknown'}"
        return Verdict(role="other", reason=reason, facts=_named(header))
    nuclide = nuclide_of(header)
    coded = tracers_in(p.tracer, p.tracer_codes)
    said = tracers_in(" ".join((*p.words, p.exam_words)))
    possible = [t for t in coded if not nuclide or not t.nuclides or nuclide in t.nuclides]
    if coded and not possible:
        return _contradiction(coded, said, nuclide)
    if len({t.receptor for t in possible}) == 1:
        return _one(possible[0], said, coded=True)
    if len({t.receptor for t in said}) == 1:
        return _one(said[0], (), coded=False)
    return _unknown(nuclide)


def nuclide_of(header: Header) -> str:
    """The radionuclide by its usual name, such as Ga-68; empty where it is not known."""
    text = header.protocol.nuclide
    code, _, meaning = text.partition(" ")
    found = radionuclide(code, meaning) or radionuclide("", text)
    return found.name if found else ""


def _named(header: Header) -> Facts:
    found = tracers_in(header.protocol.tracer, header.protocol.tracer_codes)
    return Facts(tracer=found[0].name, receptor=found[0].receptor) if len(found) == 1 else Facts()


def _one(tracer: Tracer, said: tuple[Tracer, ...], *, coded: bool) -> Verdict:
    """A tracer named by the header's radiopharmaceutical, or by the description alone."""
    facts = Facts(tracer=tracer.name, receptor=tracer.receptor)
    source = "" if coded else ", by its description"
    others = sorted({t.name for t in said if t.receptor != tracer.receptor})
    if others:
        message = f"The radiopharmaceutical is {tracer.name}, the description says {', '.join(others)}"
        return Verdict(
            role="pet",
            reason=f"PET, {tracer.name} by its header, {', '.join(others)} by its description",
            confidence=0.5,
            facts=Facts(tracer=tracer.name, receptor=None if tracer.receptor else False),
            notices=(Notice(code=CONTRADICTS, message=message),),
        )
    if tracer.receptor:
        reason = f"PET of somatostatin receptors ({tracer.name}{source})"
        return Verdict(role="pet", reason=reason, confidence=1.0 if coded else 0.6, facts=facts)
    return Verdict(
        role="pet",
        reason=f"PET with {tracer.name}{source}, which does not show somatostatin receptors",
        confidence=1.0 if coded else 0.6,
        facts=facts,
        notices=(_not_receptor(f"The tracer is {tracer.name}"),),
    )


def _unknown(nuclide: str) -> Verdict:
    named = f"{nuclide} " if nuclide else ""
    if nuclide in _RECEPTOR_NUCLIDES:
        message = f"The header names no known {named}tracer: check that it is one of somatostatin receptors"
        return Verdict(
            role="pet",
            reason=f"PET with an unknown {named}tracer",
            confidence=0.5,
            notices=(Notice(code=UNKNOWN, message=message),),
        )
    return Verdict(
        role="pet",
        reason=f"PET with an unknown {named}tracer, hardly one of somatostatin receptors",
        confidence=0.4,
        facts=Facts(receptor=False),
        notices=(_not_receptor(f"The header names no tracer, and {nuclide} is hardly one"),),
    )


def _contradiction(coded: tuple[Tracer, ...], said: tuple[Tracer, ...], nuclide: str) -> Verdict:
    """A radiopharmaceutical that the nuclide rules out, as scanners fill in FDG for whatever was given."""
    names = ", ".join(t.name for t in coded)
    notice = Notice(
        code=CONTRADICTS, message=f"The header says {names}, which is never labeled with {nuclide}"
    )
    fits = [t for t in said if not t.nuclides or nuclide in t.nuclides]
    if len({t.receptor for t in fits}) == 1:
        found = _one(fits[0], (), coded=False)
        return Verdict(
            role="pet",
            reason=f"{found.reason}; {names} in its header cannot be with {nuclide}",
            confidence=0.5,
            facts=found.facts,
            notices=(notice, *found.notices),
        )
    return Verdict(
        role="pet",
        reason=f"PET with {nuclide}; {names} in its header cannot be",
        confidence=0.4,
        notices=(notice,),
    )


def _not_receptor(why: str) -> Notice:
    return Notice(
        code=NOT_RECEPTOR,
        message=f"{why}: this PET does not tell of somatostatin receptors. A run uses it only when "
        "--series pet=NUMBER names it",
    )
