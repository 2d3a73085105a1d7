"""Run measurements: ``python -m benchmarks [PRESET ...] [--seeds N]``, or ``reader``, ``uncertainty``."""

from __future__ import annotations

import argparse

from benchmarks.main_job import PRESETS, table
from benchmarks.series_reader import series_table
from benchmarks.uncertainty import calibration_table
from benchmarks.uncertainty_speed import speed_lines


def main() -> None:
    parser = argparse.ArgumentParser(description="Measurements, side by side with peers.")
    parser.add_argument(
        "what",
        nargs="*",
        default=["reader", *PRESETS],
        help="reader: one CT series; uncertainty: its calibration and speed; or sample patients",
    )
    parser.add_argument("--patients", type=int, default=300, help="for the calibration")
    parser.add_argument("--seeds", type=int, default=1, help="patients a preset")
    arguments = parser.parse_args()
    if "reader" in arguments.what:
        for line in series_table():
            print(line, flush=True)
    if "uncertainty" in arguments.what:
        for line in (*speed_lines(), *calibration_table(patients=arguments.patients)):
            print(line, flush=True)
    presets = [name for name in arguments.what if name not in ("reader", "uncertainty")]
    for line in table(presets, seeds=range(arguments.seeds)) if presets else ():
        print(line, flush=True)


if __name__ == "__main__":
    main()
