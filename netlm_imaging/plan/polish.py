"""A plan made better by taking a few treatments out and filling it up again, many times.

Ruin and recreate with simulated annealing (Schrimpf et al., J Comput Phys 2000;159:139): plans that are a
little worse are gone on from too, less and less often. For problems on which the solver is slow; it proves
nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import exp
from threading import Event

import numpy as np

from netlm_imaging.plan.draft import Draft
from netlm_imaging.plan.greedy import Adding

SEED = 20230401
ROUNDS = 4000
MOST_TAKEN_OUT = 3
HOT, COLD = 1e-2, 4e-4
"""Of all tumor: so much worse a plan may be, with a chance of 1 in e, in the first round and in the last."""
NOISE = 0.6
"""The worth of a candidate is taken times a random number from here to 1."""
TRIED = 12
"""So many candidates are tried at a time, the best first."""


def polished(
    adding: Adding, plan: Sequence[int], *, seconds: float, rounds: int = ROUNDS, stop: Event | None = None
) -> tuple[int, ...]:
    """A plan at least as good as ``plan``, which keeps the limits and clears what must be cleared.

    ``stop`` ends it before ``seconds`` are over.
    """
    rng = np.random.default_rng(SEED)
    current = best = adding.draft(plan)
    began = time.monotonic()
    for number in range(rounds if seconds > 0.0 else 0):
        spent = max(number / rounds, (time.monotonic() - began) / seconds)
        if spent >= 1.0 or (stop is not None and stop.is_set()):
            break
        heat = HOT * (COLD / HOT) ** spent * adding.total
        other = _ruined(adding, current, rng)
        _recreate(adding, other, rng)
        worse = adding.value(other)[0] - adding.value(current)[0]
        if adding.clears_wanted(other) and (worse <= 0.0 or rng.random() < exp(-worse / heat)):
            current = other
            if adding.value(current) < adding.value(best):
                best = current
    return tuple(sorted(best.chosen))


def polished_of(
    adding: Adding, plan: Sequence[int], *, seconds: float, stop: Event | None = None
) -> tuple[int, ...]:
    """The better of ``plan`` and a greedy one, each polished for half of ``seconds``.

    A plan that was made for narrower limits may be far from the best ones.
    """
    better = polished(adding, plan, seconds=seconds / 2.0, stop=stop)
    if stop is not None and stop.is_set():
        return better
    other = tuple(sorted(adding.greedy().chosen))
    start = better if other == tuple(sorted(plan)) else other
    found = (better, polished(adding, start, seconds=seconds / 2.0, stop=stop))
    return min(found, key=lambda one: adding.value(adding.draft(one)))


def _ruined(adding: Adding, plan: Draft, rng: np.random.Generator) -> Draft:
    other = plan.copy()
    free = sorted(plan.chosen - adding.must)
    for candidate in rng.permutation(free)[: int(rng.integers(1, MOST_TAKEN_OUT + 1))].tolist():
        other.drop(candidate)
    return other


def _recreate(adding: Adding, plan: Draft, rng: np.random.Generator) -> None:
    """Add what clears most for what it costs of the liver and interventions that are left, more or less."""
    while True:
        worth = adding.worth(plan)
        worth *= rng.uniform(NOISE, 1.0, worth.size)
        tried = [c for c in np.argsort(-worth, kind="stable")[:TRIED].tolist() if worth[c] > 0.0]
        better = next((c for c in tried if adding.allows(plan, c)), None)
        if better is None:
            return
        plan.add(better)
