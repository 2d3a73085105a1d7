"""Candidates, atoms, the exact optimum and the simulation that checks it."""

from netlm_imaging.plan.plan_case import Planned, plan_case
from netlm_imaging.plan.simulate import Simulation, simulate

__all__ = ["Planned", "Simulation", "plan_case", "simulate"]
