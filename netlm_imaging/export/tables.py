"""lesions.csv and treatments.csv: one row each, units in the column names (RFC 4180, UTF-8)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from netlm_imaging.case import CaseLesion, CaseResult
from netlm_imaging.plan.records import ProbePath, Treatment, TreatmentKind

Cell = str | int | float | bool | None
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet runs a text cell that starts so as a formula (OWASP, CSV injection)."""


def lesions_csv(case: CaseResult) -> str:
    """One row a lesion; an empty cell is not known."""
    return table([_lesion_row(lesion) for lesion in case.lesions], columns=_LESION_COLUMNS)


def treatments_csv(case: CaseResult) -> str:
    """One row a treatment of the plan; an empty cell does not apply."""
    return table(
        [_treatment_row(treatment) for treatment in case.plan.treatments], columns=_TREATMENT_COLUMNS
    )


def table(rows: Iterable[Mapping[str, Cell]], *, columns: Sequence[str]) -> str:
    """RFC 4180 text: a header, CRLF, numbers as numbers, text that could run as a formula disarmed."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_safe(row[column]) for column in columns] for row in rows)
    return buffer.getvalue()


def _safe(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return "'" + cell
    return cell


def _lesion_row(lesion: CaseLesion) -> dict[str, Cell]:
    x, y, z = lesion.centroid_lps_mm
    row: dict[str, Cell] = {
        "id": lesion.id,
        "volume_ml": lesion.volume_ml,
        "longest_diameter_mm": lesion.longest_diameter_mm,
        "equivalent_diameter_mm": lesion.equivalent_diameter_mm,
        "centroid_x_lps_mm": x,
        "centroid_y_lps_mm": y,
        "centroid_z_lps_mm": z,
        "side": lesion.side,
        "main_segment": lesion.segments[0].segment if lesion.segments else None,
        "segment_percents": "; ".join(f"{s.segment} {s.percent:.1f}" for s in lesion.segments),
        "seen_on": "; ".join(lesion.seen_on),
        "in_mr_set": "mr" in lesion.seen_on if lesion.seen_on else None,
        "suv_max_g_per_ml": lesion.suv_max,
        "suv_mean_g_per_ml": lesion.suv_mean,
        "krenning_like_pet": lesion.krenning,
        "krenning_borderline": lesion.krenning_borderline,
        "capsule_distance_mm": lesion.capsule_distance_mm,
        "vessel_distance_mm": lesion.vessel_distance_mm,
        "treatment": lesion.treatment,
        "cleared": lesion.cleared,
        "coverage_percent": lesion.coverage_percent,
    }
    options = {option.kind: option for option in lesion.options}
    for kind in get_args(TreatmentKind):
        option = options.get(kind)
        row[f"{kind}_possible"] = option.feasible if option else None
        row[f"{kind}_why_not"] = option.why_not if option else None
    return row


def _treatment_row(treatment: Treatment) -> dict[str, Cell]:
    row: dict[str, Cell] = {
        "id": treatment.id,
        "kind": treatment.kind,
        "name": treatment.name,
        "lesions": "; ".join(str(lesion) for lesion in treatment.lesions),
        "segments": "; ".join(treatment.segments),
        "device": treatment.device,
        "modality": treatment.modality,
        "probes": treatment.probes,
        "margin_mm": treatment.margin_mm,
        "achieved_margin_mm": treatment.achieved_margin_mm,
        "margin_below_5_mm_percent": treatment.margin_below_5_mm_percent,
        "margin_below_10_mm_percent": treatment.margin_below_10_mm_percent,
        "zones": len(treatment.zones) or None,
        "nearest_structure": treatment.structures[0].structure if treatment.structures else None,
        "nearest_structure_mm": treatment.structures[0].distance_mm if treatment.structures else None,
        "parenchyma_ml": treatment.parenchyma_ml,
        "devascularized_ml": treatment.devascularized_ml,
        "tumor_ml": treatment.tumor_ml,
        "open_only": treatment.open_only,
        "approach_note": treatment.approach_note,
        **_path_cells(treatment.paths[0] if treatment.paths else None),
    }
    row |= _triple("center_{}_lps_mm", "xyz", treatment.center_lps_mm)
    row |= _triple("axis_{}_lps", "xyz", treatment.axis)
    row |= _triple("zone_{}_mm", "123", treatment.zone_mm)
    return row


def _path_cells(path: ProbePath | None) -> dict[str, Cell]:
    """The best path to the first zone; all of them are in case.json."""
    entry, tip = (None, None) if path is None else (path.entry_lps_mm, path.tip_lps_mm)
    return {
        **{f"path_{name}": None if path is None else getattr(path, name) for name in _PATH_FIELDS},
        "path_crosses_lesions": None if path is None else "; ".join(map(str, path.crosses_lesions)),
        **_triple("path_entry_{}_lps_mm", "xyz", entry),
        **_triple("path_tip_{}_lps_mm", "xyz", tip),
    }


def _triple(name: str, parts: str, values: tuple[float, float, float] | None) -> dict[str, Cell]:
    return {name.format(part): value for part, value in zip(parts, values or (None,) * 3, strict=True)}


_LESION_COLUMNS = (
    *("id", "volume_ml", "longest_diameter_mm", "equivalent_diameter_mm"),
    *("centroid_x_lps_mm", "centroid_y_lps_mm", "centroid_z_lps_mm"),
    *("side", "main_segment", "segment_percents", "seen_on", "in_mr_set"),
    *("suv_max_g_per_ml", "suv_mean_g_per_ml", "krenning_like_pet", "krenning_borderline"),
    *("capsule_distance_mm", "vessel_distance_mm", "treatment", "cleared", "coverage_percent"),
    *(f"{kind}_{what}" for kind in get_args(TreatmentKind) for what in ("possible", "why_not")),
)
_PATH_FIELDS = (
    *("approach", "length_mm", "clearance_mm", "nearest_structure", "angle_axial_deg", "capsule_angle_deg"),
    *("liver_before_lesion_mm", "enters_liver_twice"),
)
_TREATMENT_COLUMNS = (
    *("id", "kind", "name", "lesions", "segments", "device", "modality", "probes"),
    *("margin_mm", "achieved_margin_mm", "margin_below_5_mm_percent", "margin_below_10_mm_percent"),
    *("zones", "nearest_structure", "nearest_structure_mm", "parenchyma_ml", "devascularized_ml"),
    "tumor_ml",
    *("center_x_lps_mm", "center_y_lps_mm", "center_z_lps_mm", "axis_x_lps", "axis_y_lps", "axis_z_lps"),
    *("zone_1_mm", "zone_2_mm", "zone_3_mm"),
    *("open_only", "approach_note", *(f"path_{name}" for name in _PATH_FIELDS), "path_crosses_lesions"),
    *(f"path_{end}_{axis}_lps_mm" for end in ("entry", "tip") for axis in "xyz"),
)
