"""case.json, tables, masks, figures and the report."""
