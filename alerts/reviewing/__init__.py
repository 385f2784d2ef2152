"""Exceptions looked at again: whether each still serves, and whether it is safe. `checks` does it, `signs` is how."""
