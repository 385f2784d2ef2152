"""Pipelines of rows: what an ES|QL query means, and how it is worked out.

    query = parse_esql(text)                              engine.languages.esql
    compiled = compile_query(query)                       names, types and constants settled; errors have their place
    result = compiled.run(pages_of(documents, compiled.fields), now=now)

Rows stand in columns, a thousand to a page, so that what an expression costs is paid once a page. types.py says what a
value is, schema.py what a source has, scope.py what a command sees, functions/, operators.py and aggregates/ what can
be asked, commands/ what each command does with rows, compiling/ how nodes become those, leading/ which events can
matter to a query at all.
Source: Elasticsearch's ES|QL reference; differences are listed in docs/languages/esql.md.
"""

from engine.pipelines.budget import Budget, BudgetExceeded
from engine.pipelines.compiled import CompiledQuery
from engine.pipelines.compiling import compile_query
from engine.pipelines.completion import NeedsModel, Provider
from engine.pipelines.page import Page, pages_of
from engine.pipelines.result import Result
from engine.pipelines.schema import EVENTS, Rest, ResultColumn, Schema
from engine.pipelines.types import Multivalue, Type, Value

__all__ = [
    "EVENTS",
    "Budget",
    "BudgetExceeded",
    "CompiledQuery",
    "Multivalue",
    "NeedsModel",
    "Page",
    "Provider",
    "Rest",
    "Result",
    "ResultColumn",
    "Schema",
    "Type",
    "Value",
    "compile_query",
    "pages_of",
]
