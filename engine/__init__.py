"""The detection engine: rule languages, trees, matching and explaining. Pure Python, no database, no clock."""
