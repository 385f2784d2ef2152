"""Pipelines of rows over a large table in memory, measured beside DuckDB doing the same in SQL."""
