"""Reading words one after another: what the parsers of expressions and of whole queries share."""

from engine.errors import LanguageError
from engine.languages.eql.lexer import Kind, Token, read_tokens
from engine.languages.eql.nodes import MAX_DEPTH, Expression, Place


class Reader:
    """The words of a query; `token` is the one at hand, `at` its number."""

    def __init__(self, text: str) -> None:
        self.source = text
        self.tokens = read_tokens(text)
        self.at = 0
        self.token = self.tokens[0]

    def take(self) -> Token:
        """The word at hand; the next one is at hand then."""
        token = self.token
        if token.kind is not Kind.END:
            self.at += 1
            self.token = self.tokens[self.at]
        return token

    def is_sign(self, *signs: str) -> bool:
        """Whether the word at hand is one of these signs."""
        return self.token.kind is Kind.SIGN and self.token.text in signs

    def is_word(self, *words: str) -> bool:
        """Whether the word at hand is one of these keywords."""
        return self.token.kind is Kind.KEYWORD and self.token.text in words

    def is_plain(self, *names: str) -> bool:
        """Whether the word at hand is one of these names, which are no keywords but mean something here."""
        return self.token.kind is Kind.NAME and self.token.plain and self.token.text in names

    def expect_sign(self, sign: str, message: str, hint: str | None = None) -> Token:
        """Take this sign.

        Raises: LanguageError with the message when something else stands here.
        """
        if not self.is_sign(sign):
            raise self.error(self.token, message, hint)
        return self.take()

    def error(self, place: Token | Place, message: str, hint: str | None = None) -> LanguageError:
        """The error at this place."""
        return LanguageError.at(self.source, place.start, place.width, message, hint)

    def since(self, start: int) -> Place:
        """From there to the end of the word taken last."""
        return Place(start, self.tokens[self.at - 1].end if self.at else start)

    def deeper(self, place: Token | Place, *inner: Expression) -> int:
        """The depth of an expression around these.

        Raises: LanguageError when it is too much.
        """
        depth = 1 + max((expression.depth for expression in inner), default=0)
        if depth > MAX_DEPTH:
            raise self.error(place, f"more than {MAX_DEPTH} levels of conditions in one another")
        return depth


def shown(token: Token) -> str:
    """A token as an error names it."""
    if token.kind is Kind.END:
        return "the end of the query"
    return f"`{token.text[:40]}…`" if len(token.text) > 40 else f"`{token.text}`"
