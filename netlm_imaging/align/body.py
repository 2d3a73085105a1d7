"""The patient's body in an image of any modality, and whether a liver mask lies in it where livers lie."""

from __future__ import annotations

import cc3d
import edt
import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.volume import Mask, Volume

BODY_OTSU_SHARE = 0.5
"""Body begins halfway from air to Otsu's threshold, which fat and fluid may fall below (ours)."""
REFUSED_IN_BODY_SHARE = 0.5
"""A mask of which less lies inside the body is not of this image (ours)."""
LIVER_RIGHT_SHARE = 0.5
"""A liver with less than this share of itself right of the body's middle is suspicious (ours)."""
LIVER_IN_BODY_SHARE = 0.9


def body_mask(volume: Volume) -> Mask:
    """The largest bright object, its cavities filled slice by slice (lungs and gas belong to the body)."""
    values = volume.array[::2, ::4, ::4]
    air = float(np.percentile(values, 1))
    threshold = air + BODY_OTSU_SHARE * (float(threshold_otsu(values)) - air)
    bright = ndimage.binary_opening(volume.array > threshold, iterations=1)
    labels, count = cc3d.connected_components(bright, connectivity=6, return_N=True)
    if count == 0:
        return Mask(np.zeros(volume.grid.shape_kji, dtype=bool), volume.grid)
    body = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return Mask(np.stack([ndimage.binary_fill_holes(plane) for plane in body]), volume.grid)


def check_place(liver: Mask, image: Volume, *, name: str) -> tuple[Notice, ...]:
    """Warn of a liver mask on the patient's left (LIVER_ON_LEFT) or outside the body (MASK_OUTSIDE_BODY).

    Either is what a mirrored mask looks like. Nothing is changed: left and right are never swapped.
    Raises InputError (MASK_OUTSIDE_BODY) for a mask that lies mostly outside.
    Both must lie on one grid.
    """
    body = body_mask(image)
    if not body.voxels or not liver.voxels:
        return ()
    notices = []
    x_liver = liver.grid.to_patient(np.argwhere(liver.array))[:, 0]
    x_body = body.grid.to_patient(np.argwhere(body.array[::2, ::4, ::4]) * (2, 4, 4))[:, 0]
    middle = (float(np.percentile(x_body, 1)) + float(np.percentile(x_body, 99))) / 2.0
    right = float((x_liver < middle).mean())
    if right < LIVER_RIGHT_SHARE:
        message = (
            f"Only {100 * right:.0f} % of the liver mask lies on the patient's right: it may be mirrored"
            " against the image (or the organs are)."
        )
        notices.append(Notice(code="LIVER_ON_LEFT", message=message, where=name))
    inside = float(np.count_nonzero(liver.array & body.array)) / liver.voxels
    if inside < REFUSED_IN_BODY_SHARE:
        raise InputError(
            Fault(
                code="MASK_OUTSIDE_BODY",
                expected="a liver mask inside the body that the image shows",
                found=f"{100 * inside:.0f} % of it inside",
                where=name,
                remedy="Check that mask and image belong to one examination, and that neither is mirrored",
            )
        )
    if inside < LIVER_IN_BODY_SHARE:
        message = (
            f"Only {100 * inside:.0f} % of the liver mask lies inside the body: mask and image may not belong"
            " together, or one is mirrored."
        )
        notices.append(Notice(code="MASK_OUTSIDE_BODY", message=message, where=name))
    return tuple(notices)


def grown(mask: Mask, *, margin_mm: float) -> Mask:
    """``mask`` and all voxels within ``margin_mm`` of one of its voxels. Raises InputError (EMPTY_MASK)."""
    box = mask.bounding_box(margin_mm)
    part = mask.crop(box)
    distance = edt.edt(~part.array, anisotropy=part.grid.spacing_kji_mm)
    return Mask(distance <= margin_mm, part.grid).paste_into(mask.grid)
