"""``python -m netlm_pipelines``: the command line without an installed script."""

from netlm_pipelines.cli import main

main()
