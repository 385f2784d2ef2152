"""ES|QL, the language of queries that are a row of commands, read into nodes.

The words are read in lexer.py and strings.py, expressions in primaries.py and expressions.py, commands in commands.py,
enriching.py and queries.py; mistakes.py and unreadable.py say what is wrong with what cannot be read. What a query
means is said in engine/pipelines.
Source: Elasticsearch's ES|QL reference; differences are listed in docs/languages/esql.md.
"""

from engine.languages.esql.nodes import Query
from engine.languages.esql.queries import QueryReader

__all__ = ["parse_esql"]


def parse_esql(text: str) -> Query:
    """Read a query.

    Raises: LanguageError with the place of what cannot be read. Takes time linear in the text.
    """
    return QueryReader(text).query()
