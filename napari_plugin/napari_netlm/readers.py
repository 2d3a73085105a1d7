"""napari readers: a finished case, or a folder of images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_netlm.layers import LayerData, layer
from netlm_imaging.errors import InputError
from netlm_imaging.ingest import read_image, read_mask, read_nifti_image, scan

Reader = Callable[[str | list[str]], list[LayerData]]


def get_reader(path: str | list[str]) -> Reader | None:
    """A reader for one folder; None (not ours) for anything else."""
    if not isinstance(path, str) or not Path(path).is_dir():
        return None
    return _read_case if (Path(path) / "case.json").is_file() else _read_study


def _read_case(path: str | list[str]) -> list[LayerData]:
    """The masks of a finished case, and its maps of a measure (named by its unit)."""
    layers = []
    for file in sorted((Path(str(path)) / "masks").glob("*.nii.gz")):
        name = file.name.removesuffix(".nii.gz")
        item = read_nifti_image(file).volume if name.endswith("_mm") else read_mask(str(file)).labels
        layers.append(layer(item, name))
    return layers


def _read_study(path: str | list[str]) -> list[LayerData]:
    """Every series that can be used; what cannot is left to ``netlm inspect`` to explain."""
    layers = []
    for series in scan(Path(str(path))).series:
        try:
            layers.append(layer(read_image(series).volume, f"{series.number} {series.role}"))
        except InputError:
            continue
    return layers
