"""Run all measurements: ``python -m benchmarks [PRESET ...] [--seeds N]``."""

from __future__ import annotations

import argparse

from benchmarks.main_job import PRESETS, table


def main() -> None:
    parser = argparse.ArgumentParser(description="The main job on sample patients, against their truth.")
    parser.add_argument("presets", nargs="*", default=PRESETS)
    parser.add_argument("--seeds", type=int, default=1, help="patients a preset")
    arguments = parser.parse_args()
    for line in table(arguments.presets, seeds=range(arguments.seeds)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
