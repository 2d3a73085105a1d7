"""What drives the spread of the debulking figure: shares of its variance, by lesion and source.

The figure 100 N / T (treated over all tumor) is taken to first order around its means, which makes it
a sum over lesions and missed lesions. The share of a part is its covariance with the sum, over the
sum's variance; all shares together are 100 %. A lesion's part is split in two: whether it is cleared,
and how large it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.records import Driver

LEAST_PERCENT = 1.0
MOST_DRIVERS = 10


def drivers(
    lesions: Sequence[int],
    *,
    volume: FloatArray,
    cleared: FloatArray,
    ablated: Sequence[bool],
    missed: FloatArray,
    missed_untreated: FloatArray,
) -> tuple[Driver, ...]:
    """The largest shares first; empty where nothing varies.

    ``volume`` and ``cleared`` (1 or 0) have the shape (lesions, draws), the others (draws,).
    ``ablated``: whether what clears the lesion is (also) a zone.
    """
    total = (volume.sum(axis=0) + missed).mean()
    treated = (volume * cleared).sum(axis=0) + missed - missed_untreated
    mean = treated.mean() / total if total > 0.0 else 0.0
    usual_volume, usual_cleared = volume.mean(axis=1)[:, None], cleared.mean(axis=1)[:, None]
    by_clearance = (cleared - usual_cleared) * volume
    by_size = (volume - usual_volume) * (usual_cleared - mean)
    hidden = (missed - missed_untreated) - mean * missed
    everything = by_clearance.sum(axis=0) + by_size.sum(axis=0) + hidden
    deviation = everything - everything.mean()
    variance = float((deviation**2).sum())
    if variance <= 1e-12 * max(total, 1.0) ** 2:
        return ()
    found = [
        *(
            Driver(lesion=n, source="ablation" if zone else "margin", share_percent=share)
            for n, zone, share in zip(lesions, ablated, _shares(by_clearance, deviation), strict=True)
        ),
        *(
            Driver(lesion=n, source="contour", share_percent=share)
            for n, share in zip(lesions, _shares(by_size, deviation), strict=True)
        ),
        Driver(lesion=None, source="missed", share_percent=_shares(hidden[None], deviation)[0]),
    ]
    found = [driver for driver in found if driver.share_percent >= LEAST_PERCENT]
    return tuple(sorted(found, key=lambda driver: -driver.share_percent)[:MOST_DRIVERS])


def _shares(parts: FloatArray, deviation: FloatArray) -> list[float]:
    return list((100.0 * (parts @ deviation) / (deviation @ deviation)).round(4).tolist())
