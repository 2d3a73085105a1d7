"""The exact truth of a sample patient: label maps on the HBP grid and truth.json."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import numpy.typing as npt

from netlm_imaging.anatomy import segment_name
from netlm_imaging.geometry import Grid
from netlm_sample_data.patient import LATTICE_MM, Patient, Tumor
from netlm_sample_data.render import Pose, Scene
from netlm_sample_data.tissues import Tissue, tissue_values


def truth_maps(scene: Scene) -> dict[str, npt.NDArray[np.uint8]]:
    """Masks (0, 1) and label maps at the voxel centers of the scene."""
    tissue = scene.tissue
    lesions = np.where(tissue > Tissue.LESIONS, tissue - np.uint8(Tissue.LESIONS), np.uint8(0))
    masks = {
        "liver": scene.in_liver,
        "vessels": tissue == Tissue.VEIN,
        "cysts": tissue == Tissue.CYST,
        "spleen": tissue == Tissue.SPLEEN,
        "body": tissue != Tissue.AIR,
    }
    return {
        "lesions": lesions.astype(np.uint8),
        "segments": scene.segments,
        **{name: mask.astype(np.uint8) for name, mask in masks.items()},
    }


def write_map(labels: npt.NDArray[np.uint8], grid: Grid, path: Path) -> None:
    """A label map [k, j, i] as NIfTI, the same bytes each time."""
    image: Any = nib.Nifti1Image(labels.transpose(2, 1, 0), grid.affine_ras)  # type: ignore[no-untyped-call]
    image.set_qform(grid.affine_ras, code=1)
    image.set_sform(grid.affine_ras, code=1)
    image.header.set_xyzt_units("mm")
    path.write_bytes(gzip.compress(image.to_bytes(), compresslevel=4, mtime=0))


def truth_json(patient: Patient, *, mr: Pose, pet: Pose, facts: dict[str, Any]) -> str:
    """truth.json: volumes from the shapes themselves, positions in the LPS frame of the HBP series."""
    segments_ml = _segments_ml(patient)
    tumors = [_tumor(tumor, mr) for tumor in patient.tumors]
    tumor_ml = sum(tumor["volume_ml"] for tumor in tumors)
    rotation = pet.rotation @ mr.rotation.T
    translation = pet.translation_mm - rotation @ mr.translation_mm
    data = {
        **facts,
        "liver_ml": round(sum(segments_ml.values()), 2),
        "segments_ml": segments_ml,
        "tumor_ml": round(tumor_ml, 3),
        "lesions": tumors,
        "cysts": [
            {"volume_ml": round(cyst.volume_ml, 4), "center_lps_mm": _rounded(mr.to_scanner(cyst.center))}
            for cyst in patient.cysts
        ],
        "pet_from_mr": {
            "rotation": [_rounded(row, 9) for row in rotation],
            "translation_mm": _rounded(translation),
            "liver_shift_mm": _rounded(_liver_shift(patient, mr, pet)),
        },
        "tissues": {tissue.name.lower(): values for tissue, values in tissue_values().items()},
    }
    return json.dumps(data, indent=2) + "\n"


def _tumor(tumor: Tumor, mr: Pose) -> dict[str, Any]:
    return {
        "id": tumor.id,
        "kind": tumor.kind,
        "volume_ml": round(tumor.shape.volume_ml, 4),
        "longest_diameter_mm": round(tumor.shape.longest_diameter_mm, 2),
        "center_lps_mm": _rounded(mr.to_scanner(tumor.shape.center)),
        "segment": segment_name(tumor.segment),
        "hbp": round(tumor.hbp, 3),
        "precontrast": round(tumor.precontrast, 3),
        "suv": round(tumor.suv, 3),
        "hu": round(tumor.hu, 3),
    }


def _segments_ml(patient: Patient) -> dict[str, float]:
    """Volume of every Couinaud segment, tumor included."""
    labels = patient.couinaud.label(patient.liver_lattice(LATTICE_MM))
    counts = np.bincount(labels, minlength=9)
    return {segment_name(n): round(float(counts[n]) * LATTICE_MM**3 / 1000, 2) for n in range(1, 9)}


def _liver_shift(patient: Patient, mr: Pose, pet: Pose) -> npt.NDArray[np.float64]:
    """How far the liver's center moves from the MR frame to the PET frame."""
    low, high = patient.organs.liver.bounds
    center = (low + high) / 2
    return pet.to_scanner(center) - mr.to_scanner(center)


def _rounded(values: npt.ArrayLike, digits: int = 4) -> list[float]:
    return [round(float(v), digits) + 0.0 for v in np.asarray(values).ravel()]
