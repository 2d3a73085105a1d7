"""The pictures of a case: lesions on the images in three planes, and the plan in 3D."""

from __future__ import annotations

import numpy as np

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.case import CaseResult
from netlm_imaging.export.figure_plan3d import draw_plan
from netlm_imaging.export.figure_slices import draw_slices, slice_scene
from netlm_imaging.volume import Mask, Volume, require_on

_MARGIN_MM = 25.0
_MOST_LESIONS = 3


def draw_figures(
    *,
    image: Volume | None,
    image_kind: str,
    suv: Volume | None,
    anatomy: Anatomy,
    case: CaseResult,
    treated: Mask,
) -> dict[str, bytes]:
    """PNG files by name: ``lesions_<image_kind>.png``, ``lesions_pet.png`` (g/mL), ``plan_3d.png``.

    ``image_kind`` is the role of ``image`` (``hbp``, ``ct``, ...); without an image the masks
    themselves are shown (``lesions_masks.png``). All lie on the anatomy's grid: raises GridMismatch.
    Equal input gives equal bytes.
    """
    require_on(anatomy.grid, (image, suv, treated), what="images and treated zones on the anatomy's grid")
    cleared = case.plan.cleared
    shown = {} if image is None else {image_kind or "image": image}
    if suv is not None:
        shown["pet"] = suv
    lesions = _chosen(case)
    figures = {}
    for kind, volume in (shown or {"masks": _flat_picture(anatomy)}).items():
        scene = slice_scene(
            volume, kind=kind, anatomy=anatomy, treated=treated, cleared=cleared, margin_mm=_MARGIN_MM
        )
        figures[f"lesions_{kind}.png"] = draw_slices(scene, lesions)
    figures["plan_3d.png"] = draw_plan(anatomy, treated=treated, cleared=cleared)
    return figures


def _chosen(case: CaseResult) -> list[int]:
    """The largest lesion, the largest that stays, then the next largest."""
    by_size = sorted(case.lesions, key=lambda lesion: (-lesion.volume_ml, lesion.id))
    first = [*by_size[:1], *[lesion for lesion in by_size if not lesion.cleared][:1]]
    return list(dict.fromkeys(lesion.id for lesion in [*first, *by_size]))[:_MOST_LESIONS]


def _flat_picture(anatomy: Anatomy) -> Volume:
    """Gray tones of the masks where there is no image."""
    tones = np.where(anatomy.liver.array, np.float32(0.55), np.float32(0.05))
    if anatomy.vessels is not None:
        tones[anatomy.vessels.array] = 0.35
    tones[anatomy.lesions.array > 0] = 0.75
    return Volume(tones, anatomy.grid)
