"""Run measurements: ``python -m benchmarks [PRESET ...] [--seeds N]``, ``python -m benchmarks reader``."""

from __future__ import annotations

import argparse

from benchmarks.main_job import PRESETS, table
from benchmarks.series_reader import series_table


def main() -> None:
    parser = argparse.ArgumentParser(description="Measurements, side by side with peers.")
    parser.add_argument(
        "what", nargs="*", default=["reader", *PRESETS], help="reader: one CT series; or sample patients"
    )
    parser.add_argument("--seeds", type=int, default=1, help="patients a preset")
    arguments = parser.parse_args()
    if "reader" in arguments.what:
        for line in series_table():
            print(line, flush=True)
    presets = [name for name in arguments.what if name != "reader"]
    for line in table(presets, seeds=range(arguments.seeds)) if presets else ():
        print(line, flush=True)


if __name__ == "__main__":
    main()
