"""What one event may be. The limits of a whole request are settings (INGEST_…); these protect what comes after."""

MAX_DEPTH = 20
MAX_FIELDS = 2_000
MAX_VALUES = 20_000
MAX_NAME_LENGTH = 512
MAX_ID_BYTES = 512
MAX_INDEX_BYTES = 255
MAX_COLUMN_BYTES = 512
"""Longer values are kept in the document but not in a column: an index entry holds 2,700 bytes at most."""
MAX_COLUMN_VALUES = 32
