"""EQL, the language of rules about processes, files and their order, compiled to trees and plans.

An event query becomes a tree, a sequence or sample a plan whose steps are trees (engine/plan.py). The words are read
in lexer.py and strings.py, expressions and whole queries in expressions.py and queries.py, and given their meaning in
values.py (operands of formulas), conditions.py (trees) and compiling.py (plans).
Source: Elasticsearch's EQL reference; differences are listed in docs/languages/eql.md.
"""

from engine.languages.eql.compiling import EqlQuery, Pipe, parse_eql

__all__ = ["EqlQuery", "Pipe", "parse_eql"]
