"""Files to Volumes and masks; with export the only stage that touches files."""
