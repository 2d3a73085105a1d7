import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlm_imaging.plan.atoms import make_atoms

SIZE = 40
SETS = st.lists(st.sets(st.integers(0, SIZE - 1)), max_size=6)


def _sorted(voxels: set[int]) -> np.ndarray:
    return np.array(sorted(voxels), dtype=np.int64)


@given(SETS, st.sets(st.integers(0, SIZE - 1)), st.sets(st.integers(0, SIZE - 1)))
def test_atoms_hold_every_union_and_overlap_exactly(elements, functional, lesion) -> None:
    flat = np.isin(np.arange(SIZE), list(functional))
    atoms = make_atoms([_sorted(e) for e in elements], functional=flat, lesions=[_sorted(lesion)])
    expected: dict[tuple[int, ...], set[int]] = {}
    for voxel in range(SIZE):
        cover = tuple(n for n, e in enumerate(elements) if voxel in e)
        if cover:
            expected.setdefault(cover, set()).add(voxel)
    found = {
        cover: (int(w), int(t))
        for cover, w, t in zip(atoms.covers, atoms.functional, atoms.tumor[0], strict=True)
    }
    assert len(found) == len(atoms.covers)
    assert found == {c: (len(v & functional), len(v & lesion)) for c, v in expected.items()}


def test_equal_codes_of_different_covers_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Constant:
        def integers(self, *_: object, size: int, **__: object) -> np.ndarray:
            return np.full(size, 7, dtype=np.uint64)

    monkeypatch.setattr(np.random, "default_rng", lambda _: Constant())
    with pytest.raises(ArithmeticError):
        make_atoms(
            [_sorted({1, 2}), _sorted({3})], functional=np.ones(SIZE, dtype=bool), lesions=[_sorted({1})]
        )
