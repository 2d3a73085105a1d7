"""Columns of the cohort's tables: a name with its unit, a type, and where it stands in case.json."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column; null where the case does not know."""

    name: str
    kind: str
    """Name of a type of Arrow."""
    of: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one table; the first is always the study."""

    own: tuple[Column, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns."""
        return (Column(name="study", kind="string", of=lambda _: None), *self.own)

    def rows(self, records: Iterable[tuple[str, Any]]) -> list[Row]:
        """One row for each study and record of it."""
        return [
            {"study": study} | {column.name: column.of(record) for column in self.own}
            for study, record in records
        ]


def _at(path: str) -> Callable[[Any], Any]:
    """What lies under the keys of ``path``; null where one of them is."""

    def of(record: Any) -> Any:
        for key in path.split("."):
            record = None if record is None else record[key]
        return record

    return of


def _column(name: str, kind: str, path: str = "") -> Column:
    return Column(name=name, kind=kind, of=_at(path or name))


def _listed(name: str, key: str, *, each: str = "") -> Column:
    """A list as one text, separated by semicolons."""
    get = _at(key)
    return Column(
        name=name,
        kind="string",
        of=lambda record: "; ".join(str(item[each] if each else item) for item in get(record)),
    )


CASES = Columns(
    (
        _column("type", "int8", "classification.type"),
        _column("type_provisional", "bool", "classification.provisional"),
        _column("liver_total_ml", "double", "liver.total_ml"),
        _column("liver_functional_ml", "double", "liver.functional_ml"),
        _column("tumor_ml", "double", "liver.tumor_ml"),
        _column("burden_percent", "double", "liver.burden_percent"),
        _column("burden_class", "string", "liver.burden_class"),
        _column("masks_by", "string", "liver.method"),
        _column("lesion_count", "int32", "pattern.count"),
        Column(
            name="largest_lesion_mm",
            kind="double",
            of=lambda case: max((lesion["longest_diameter_mm"] for lesion in case["lesions"]), default=None),
        ),
        _column("bilobar", "bool", "pattern.bilobar"),
        _listed("segments_involved", "pattern.segments_involved"),
        _column("objective", "string", "plan.objective"),
        _column("plan_status", "string", "plan.status"),
        _column("debulking_percent", "double", "plan.debulking_percent"),
        _column("debulking_percent_by_volume", "double", "plan.debulking_percent_by_volume"),
        _column("debulking_p05", "double", "uncertainty.debulking_p05"),
        _column("debulking_p50", "double", "uncertainty.debulking_p50"),
        _column("debulking_p95", "double", "uncertainty.debulking_p95"),
        _column("probability_threshold_met", "double", "uncertainty.probability_threshold_met"),
        _column("flr_ml", "double", "plan.flr_ml"),
        _column("flr_percent", "double", "plan.flr_percent"),
        _column("sflr_percent", "double", "plan.sflr_percent"),
        _column("flr_body_weight_percent", "double", "plan.flr_body_weight_percent"),
        _column("parenchyma_lost_ml", "double", "plan.parenchyma_lost_ml"),
        Column(name="treatments", kind="int32", of=lambda case: len(case["plan"]["treatments"])),
        _listed("warnings", "warnings", each="code"),
        _column("software_version", "string", "software.version"),
    )
)
LESIONS = Columns(
    (
        _column("id", "int32"),
        _column("volume_ml", "double"),
        _column("longest_diameter_mm", "double"),
        _column("equivalent_diameter_mm", "double"),
        _column("side", "string"),
        _listed("segments", "segments", each="segment"),
        _listed("seen_on", "seen_on"),
        _column("suv_max_g_per_ml", "double", "suv_max"),
        _column("suv_mean_g_per_ml", "double", "suv_mean"),
        _column("capsule_distance_mm", "double"),
        _column("vessel_distance_mm", "double"),
        _column("treatment", "string"),
        _column("cleared", "bool"),
        _column("coverage_percent", "double"),
    )
)
TREATMENTS = Columns(
    (
        _column("id", "string"),
        _column("kind", "string"),
        _column("name", "string"),
        _listed("lesions", "lesions"),
        _listed("segments", "segments"),
        _column("device", "string"),
        _column("modality", "string"),
        _column("probes", "int32"),
        _column("margin_mm", "double"),
        _column("achieved_margin_mm", "double"),
        _column("open_only", "bool"),
        _column("parenchyma_ml", "double"),
        _column("tumor_ml", "double"),
    )
)
FAILURES = Columns(
    tuple(_column(name, "string") for name in ("code", "where", "expected", "found", "remedy")),
)
