"""The sample study with many lesions: those of the patient, and more beside them, as a finished case."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt

from napari_netlm.jobs import Reporter, run_netlm
from napari_netlm.samples import sample_folder

GIVEN = ("liver", "lesions", "segments", "vessels", "cysts", "spleen")
SMALLEST_MM, LARGEST_MM, APART_MM = 8.0, 18.0, 4.0
"""Of the lesions that are added: what still finds room between the patient's own."""


def crowded_case(place: Path, *, lesions: int, preset: str = "type2", seed: int = 1) -> tuple[Path, Path]:
    """Its images, and the finished case over them in ``place``, made from the masks of the truth."""
    images = sample_folder(preset)
    masks = place / "masks"
    masks.mkdir(parents=True)
    truth = images.parent / "truth"
    own, grid = _array(truth / "lesions.nii.gz"), nibabel.load(truth / "lesions.nii.gz")  # type: ignore[attr-defined]
    spacing = np.asarray(grid.header.get_zooms()[:3], dtype=float)  # type: ignore[attr-defined]
    room = (_array(truth / "liver.nii.gz") > 0) & (_array(truth / "vessels.nii.gz") == 0)
    labels = with_more(own, room, spacing, lesions, np.random.default_rng(seed))
    nibabel.save(nibabel.Nifti1Image(labels, grid.affine), masks / "lesions.nii.gz")  # type: ignore[attr-defined]
    given = {name: truth / f"{name}.nii.gz" for name in GIVEN} | {"lesions": masks / "lesions.nii.gz"}
    options = [part for name, path in given.items() for part in (f"--{name}", str(path))]
    facts = ["--clinical", str(images.parent / "clinical.toml")]
    run_netlm(
        ["run", str(images), *facts, *options, "--out", str(place / "case")], Reporter(lambda _text: None)
    )
    return images, place / "case"


def with_more(
    labels: npt.NDArray[np.integer],
    room: npt.NDArray[np.bool_],
    spacing_mm: npt.NDArray[np.float64],
    count: int,
    rng: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """``labels`` with balls beside them until there are ``count``; ``spacing_mm`` along the array's axes."""
    from scipy.ndimage import distance_transform_edt

    found = labels.astype(np.uint8)
    for number in range(int(found.max()) + 1, count + 1):
        radius = rng.uniform(SMALLEST_MM, LARGEST_MM) / 2.0
        clear = distance_transform_edt(room & (found == 0), sampling=spacing_mm)
        places = np.argwhere(clear > radius + APART_MM)
        if not len(places):
            places = np.argwhere(clear == clear.max())
            radius = float(clear.max()) - APART_MM / 2
        middle = places[rng.integers(len(places))]
        away = (np.moveaxis(np.indices(found.shape), 0, -1) - middle) * spacing_mm
        found[np.linalg.norm(away, axis=-1) <= radius] = number
    return found


def _array(path: Path) -> npt.NDArray[np.integer]:
    return np.asarray(nibabel.load(path).dataobj)  # type: ignore[attr-defined,no-any-return]
