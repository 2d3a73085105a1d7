"""What an opened study looks like: its layers in order, named for people, each with its first look."""

from __future__ import annotations

from typing import Any

from napari_netlm.layers import LayerData, layer
from napari_netlm.opened import OpenedStudy, ShownImage
from netlm_imaging.export.palette import LIVER, RESIDUAL, TREATED, VESSEL
from netlm_imaging.volume import LabelMap, Mask, Volume

IMAGE_NAMES = {
    "hbp": "HBP MRI",
    "precontrast": "Precontrast MRI",
    "arterial": "Arterial MRI",
    "portal": "Portal venous MRI",
    "transitional": "Transitional MRI",
    "t2": "T2 MRI",
    "dwi": "DWI",
    "adc": "ADC",
    "ct": "CT",
    "pet": "PET (SUV)",
}
MASK_NAMES = {
    "liver": "Liver",
    "lesions": "Lesions",
    "segments": "Couinaud segments",
    "vessels": "Vessels",
    "portal_vein": "Portal vein",
    "cysts": "Cysts",
    "spleen": "Spleen",
    "bile_ducts": "Bile ducts",
    "gallbladder": "Gallbladder",
    "bowel": "Bowel",
    "treated": "Treated",
    "remnant": "Remnant",
    "devascularized": "Without inflow",
    "ablation_margin_mm": "Ablation margin (mm)",
}
_ORDER = ("remnant", "segments", "spleen", "bowel", "liver", "devascularized", "treated", "vessels")
"""Of masks, bottom to top; those not named here come after them, lesions last."""
_COLORS = {
    "liver": "#8FD3FF",
    "treated": TREATED,
    "remnant": LIVER,
    "vessels": VESSEL,
    "portal_vein": VESSEL,
    "devascularized": RESIDUAL,
}
"""As in the report, but for the outline of the liver, which has to stand out from PET over it."""
LESION_COLORS = ("#39FF14", "#00E5FF", "#FF4DFF", "#FFFFFF", "#9D7BFF", "#00FFB3", "#4D9DFF", "#FF9ECF")
"""One after the other by id: bright, and unlike the reds and yellows of PET."""
SEGMENT_COLORS = (
    *("#E6AB02", "#66C2A5", "#1F78B4", "#E78AC3"),  # I to IV
    *("#FC8D62", "#A65628", "#8DA0CB", "#B2DF8A"),  # V to VIII
)
"""Neighbors unlike each other, also without red and green."""
PET_COLORS = {
    "name": "PET",
    "colors": [
        (0, 0, 0, 0),
        (0.4, 0, 0, 0.1),
        (0.8, 0.1, 0, 0.6),
        (1, 0.5, 0, 1),
        (1, 1, 0, 1),
        (1, 1, 1, 1),
    ],
    "controls": [0.0, 0.2, 0.35, 0.5, 0.75, 1.0],
}
"""Black, red, yellow, white, as PET is shown over others; clear where there is no uptake."""
_FILLED_OPACITY = {"liver": 0.25, "lesions": 0.7}
"""Of masks that are outlines at first."""
_SEEN_FIRST = ("liver", "lesions", "treated")
OUTLINE_PIXELS = 1


def scene_of(study: OpenedStudy) -> list[LayerData]:
    """All layers of a study, bottom to top; reference, PET, liver, lesions and treated liver are seen."""
    images = [layer_of_image(image, study=study, first=n == 0) for n, image in enumerate(study.images)]
    images.sort(key=lambda data: data[1]["metadata"]["netlm"]["key"] == "pet")  # fused over all others
    measures = [layer_of_measure(volume, name, study=study) for name, volume in study.measures.items()]
    masks = [layer_of_mask(mask, key, study=study) for key, mask in sorted(study.masks.items(), key=_place)]
    return [*images, *measures, *masks]


def layer_of_image(image: ShownImage, *, study: OpenedStudy, first: bool) -> LayerData:
    """An image; PET as a hot overlay on what lies below, with its scale."""
    pet = image.role == "pet"
    name = IMAGE_NAMES.get(image.role, f"{image.modality} {image.role}")
    if sum(other.role == image.role for other in study.images) > 1 and image.number is not None:
        name = f"{name} (series {image.number})"
    look = (
        {"colormap": PET_COLORS, "blending": "translucent", "opacity": 0.7} if pet else {"colormap": "gray"}
    )
    data = layer(
        image.volume,
        name,
        key=image.role,
        modality=image.modality,
        visible=first or pet,
        interpolation2d="linear",
        **look,
    )
    data[1]["metadata"]["netlm"]["number"] = image.number
    return _of_study(data, study)


def layer_of_measure(volume: Volume, name: str, *, study: OpenedStudy) -> LayerData:
    """A map of a measure, at first not seen."""
    data = layer(volume, _mask_name(name), key=name, visible=False, colormap="viridis", blending="additive")
    return _of_study(data, study)


def layer_of_mask(mask: Mask | LabelMap, key: str, *, study: OpenedStudy) -> LayerData:
    """A mask or labels that can be drawn on; lesions and liver as outlines."""
    data = layer(
        mask,
        _mask_name(key),
        key=key,
        visible=key in _SEEN_FIRST or key not in MASK_NAMES,
        iso_gradient_mode="smooth",
        blending="translucent" if key == "liver" else "translucent_no_depth",  # seen through the liver in 3D
    )
    if key in _FILLED_OPACITY:
        data[1]["opacity"] = 1.0
    elif key in ("treated", "remnant", "devascularized", "segments"):
        data[1]["opacity"] = 0.35
    if key == "segments":
        data[1]["colormap"] = {
            **dict(enumerate(SEGMENT_COLORS, start=1)),
            None: "transparent",
            0: "transparent",
        }
    if key in _COLORS:
        data[1]["colormap"] = {1: _COLORS[key], None: "transparent", 0: "transparent"}
    return _of_study(data, study)


def finish_layer(made: Any) -> None:
    """What napari takes only from a layer that exists: outlines, and the scale of PET."""
    from napari.utils.colormaps import CyclicLabelColormap

    key = made.metadata["netlm"]["key"]
    if key == "lesions":
        # The first color is that of background, which is never drawn.
        made.colormap = CyclicLabelColormap(colors=["#000000", *LESION_COLORS])
    if key in _FILLED_OPACITY:
        made.contour = OUTLINE_PIXELS
        ours = made.metadata["netlm"]
        ours["outline_pixels"], ours["filled_opacity"] = OUTLINE_PIXELS, _FILLED_OPACITY[key]
    if key == "pet":
        made.colorbar.visible = True


def _of_study(data: LayerData, study: OpenedStudy) -> LayerData:
    data[1]["metadata"]["netlm"]["study"] = study
    return data


def _mask_name(key: str) -> str:
    return MASK_NAMES.get(key, key.replace("_", " "))


def _place(item: tuple[str, Any]) -> tuple[bool, int, str]:
    key = item[0]
    return (key == "lesions", _ORDER.index(key) if key in _ORDER else len(_ORDER), key)
