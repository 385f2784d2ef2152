"""All rules, a whole batch of events, one pass. Start reading at matcher.py."""

from engine.matcher.bounds import DEFAULT_BOUNDS, Bounds
from engine.matcher.matcher import Matcher
from engine.matcher.rules import Expression, Hit

__all__ = ["DEFAULT_BOUNDS", "Bounds", "Expression", "Hit", "Matcher"]
