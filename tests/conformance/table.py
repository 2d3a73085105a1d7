"""docs/bad-input.md, made from the corpus."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from conformance.case import Case
from conformance.registry import CASES

DOCUMENT = Path(__file__).parents[2] / "docs" / "bad-input.md"
INTRODUCTION = """\
# Bad input: what we promise

Radiology departments send mixed, compressed, renamed, damaged and incomplete folders. Every input is

- **refused**: an error with a stable code and one sentence: what was expected, what was found, where (a
  series by its place in the list, a file by its name inside the input), what to do. All faults of an input
  are reported at once. Exit code 3, or 2 for settings and output folders; nothing is written;
- **handled**: the result is right, and a warning with a code, which stands in `case.json`, says what was
  done; or
- **fine**: the result is right.

Never: a traceback, a silent guess, a number from wrong geometry, an identifying value in a message (a part
of a file's path that holds a word of the patient's name, ID, birth date or accession number is a hash there).

Every row below is an input that code makes (`tests/conformance`: a good series, mask or file, broken in one
way or in several) and that is given to the program in every test run. What is refused must name these codes
and no others. What is read must have the voxels and the geometry that it was made of: exactly, SUV to 1e-6,
what had to be resampled to one unit of a linear pattern, jittering slices within 1 % of their step.
"""
NOTE = "`cd tests && python -m conformance` writes this page; a test compares it with the cases."
ROWS = {
    1: "Slices missing inside the stack", 2: "Slices missing at an end", 3: "One position twice",
    4: "One file twice", 5: "Two images under one UID or at one position", 6: "Uneven spacing",
    7: "Jitter and shifts of positions", 8: "Tilted stacks", 9: "Localizers",
    10: "Several series in one folder",
    11: "Several volumes in one series", 12: "Missing rescale",
    13: "Rescale that differs from slice to slice",
    14: "Wrong rescale", 15: "Kinds of stored values", 16: "Pixels that are too short",
    17: "Files that are no images", 18: "Sizes that cannot be", 19: "Matrix and pixel spacing",
    20: "Position and orientation", 21: "Slices that are turned", 22: "Two patients",
    23: "Frames of reference",
    24: "Order, numbers and posture", 25: "Slice thickness", 26: "Inverted gray scale",
    27: "Screen captures and other objects", 28: "Stored bits", 29: "Compressed pixels",
    30: "Damaged or unknown compression", 31: "Bombs", 32: "Lying lengths and deep nesting",
    33: "Files without a preamble", 34: "Odd words, names and UIDs", 35: "Links", 36: "Zip archives",
    37: "Multi-frame objects", 38: "SUV", 39: "NIfTI: which affine", 40: "NIfTI and NRRD: odd geometry",
    41: "NIfTI and NRRD: damaged files", 42: "Masks: odd values", 43: "Masks on other grids",
    44: "Mirrored masks", 45: "Empty masks",
    46: "Lesions, vessels and bodies that do not fit the liver", 47: "Overlapping lesions", 48: "DICOM SEG",
    49: "RTSTRUCT", 50: "Settings and clinical facts", 51: "Unusual patients",
    52: "Paths, permissions and output folders",
}  # fmt: skip


def document() -> str:
    """The whole page."""
    counted = len(grouped(CASES))
    sections = [section(row, [c for c in CASES if c.row == row]) for row in ROWS]
    total = f"{counted} inputs, {len(CASES)} with all their modalities and formats."
    return "\n".join([INTRODUCTION, f"{total} {NOTE}", *filter(None, sections)]) + "\n"


def section(row: int, cases: list[Case]) -> str:
    """One promise and its cases; empty where there are none."""
    if not cases:
        return ""
    lines = [f"\n## {row}. {ROWS[row]}\n", "| input | over | answer | code |", "|---|---|---|---|"]
    for (what, answer, codes), overs in grouped(cases).items():
        named = ", ".join(f"`{code}`" for code in codes)
        lines.append(f"| {escaped(what)} | {', '.join(overs)} | {answer} | {named} |")
    return "\n".join(lines)


def grouped(cases: Iterable[Case]) -> dict[tuple[str, str, tuple[str, ...]], list[str]]:
    """The modalities of each input with one description and one answer."""
    found: dict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for case in cases:
        overs = found[case.what, case.answer, case.refused or case.notices]
        if case.over and case.over not in overs:
            overs.append(case.over)
    return dict(found)


def escaped(text: str) -> str:
    """As a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("..\\", "..\\\\")
