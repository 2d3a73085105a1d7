"""Run measurements: ``python -m benchmarks [PRESET ...] [--seeds N]``, or one of ``TOPICS``."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.couinaud import couinaud_table
from benchmarks.greedy_peer import greedy_table
from benchmarks.large_viewer import large_lines
from benchmarks.main_job import PRESETS, table
from benchmarks.planner import planner_table
from benchmarks.series_reader import series_table
from benchmarks.session import session_lines
from benchmarks.uncertainty import calibration_table
from benchmarks.uncertainty_speed import speed_lines
from benchmarks.viewer import viewer_lines

TOPICS = ("reader", "uncertainty", "planner", "greedy", "session", "couinaud", "viewer")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measurements, side by side with peers.")
    parser.add_argument(
        "what",
        nargs="*",
        default=["reader", *PRESETS],
        help="reader: one CT series; uncertainty: its calibration and speed; planner: its speed on large "
        "livers; greedy: the optimum beside a greedy plan; session: edits; "
        "couinaud: segments by planes on real livers; viewer: a window with 30 lesions (needs a display); "
        "or sample patients",
    )
    parser.add_argument(
        "--large", action="store_true", help="for viewer: the memory of a study of 512 x 512 x 300"
    )
    parser.add_argument("--patients", type=int, default=300, help="for the calibration and greedy")
    parser.add_argument("--picture", type=Path, help="where greedy draws its chart")
    parser.add_argument("--lesions", type=int, nargs="*", default=[5, 20, 60, 150], help="for planner")
    parser.add_argument("--livers", nargs="*", default=[], help="for planner; real ones where they are")
    parser.add_argument("--seeds", type=int, default=1, help="patients a preset")
    arguments = parser.parse_args()
    if "reader" in arguments.what:
        for line in series_table():
            print(line, flush=True)
    if "couinaud" in arguments.what:
        for line in couinaud_table():
            print(line, flush=True)
    if "uncertainty" in arguments.what:
        for line in (*speed_lines(), *calibration_table(patients=arguments.patients)):
            print(line, flush=True)
    if "planner" in arguments.what:
        for line in planner_table(counts=arguments.lesions, livers=arguments.livers):
            print(line, flush=True)
    if "greedy" in arguments.what:
        for line in greedy_table(patients=arguments.patients, picture=arguments.picture):
            print(line, flush=True)
    if "session" in arguments.what:
        for line in session_lines():
            print(line, flush=True)
    if "viewer" in arguments.what:
        for line in large_lines() if arguments.large else viewer_lines():
            print(line, flush=True)
    presets = [name for name in arguments.what if name not in TOPICS]
    for line in table(presets, seeds=range(arguments.seeds)) if presets else ():
        print(line, flush=True)


if __name__ == "__main__":
    main()
