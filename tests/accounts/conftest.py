"""The people of the tests are here for every test of this folder."""

from tests.people import people

__all__ = ["people"]
