"""Candidates, atoms, the exact optimum and the simulation that checks it."""
