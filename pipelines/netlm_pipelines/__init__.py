"""The flows: one study, many studies, and the command line."""
