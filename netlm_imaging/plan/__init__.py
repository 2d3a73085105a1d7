"""Candidates, atoms, the exact optimum and the simulation that checks it."""

from netlm_imaging.plan.plan_case import Planned, plan_case
from netlm_imaging.plan.simulate import Simulation, simulate
from netlm_imaging.plan.uncertainty import Draws, draw, prepare

__all__ = ["Draws", "Planned", "Simulation", "draw", "plan_case", "prepare", "simulate"]
