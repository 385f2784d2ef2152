"""Reading words one after another: what the parsers of expressions and of commands share."""

from engine.errors import LanguageError
from engine.languages.esql.lexer import Kind, Mode, Token, token_at
from engine.languages.esql.nodes import Expression, Place

MAX_LENGTH = 100_000
MAX_WORDS = 30_000
MAX_DEPTH = 100


class Reader:
    """The words of a query, read in a mode that may change between two of them."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise LanguageError.at(text, MAX_LENGTH, 1, f"a query may have at most {MAX_LENGTH:,} characters")
        self.source = text
        self._mode = Mode.COMMAND
        self._ahead: Token | None = None
        self._end = 0
        self._words = 0

    @property
    def mode(self) -> Mode:
        """How the word at hand is read."""
        return self._mode

    @property
    def token(self) -> Token:
        """The word at hand."""
        if self._ahead is None:
            self._ahead = token_at(self.source, self._end, self._mode)
        return self._ahead

    @property
    def following(self) -> Token:
        """The word behind the one at hand."""
        return token_at(self.source, self.token.end, self._mode)

    def take(self) -> Token:
        """The word at hand; the next one is at hand then."""
        token = self.token
        self._words += 1
        if self._words > MAX_WORDS:
            raise self.error(token, f"a query may have at most {MAX_WORDS:,} words")
        self._end, self._ahead = token.end, None
        return token

    def switch(self, mode: Mode) -> None:
        """Read in another mode from the word at hand on."""
        self._mode, self._ahead = mode, None

    def is_sign(self, *signs: str) -> bool:
        """Whether the word at hand is one of these signs."""
        return self.token.kind is Kind.SIGN and self.token.text in signs

    def is_word(self, *words: str) -> bool:
        """Whether the word at hand is one of these keywords."""
        return self.token.kind is Kind.KEYWORD and self.token.text in words

    def is_plain(self, *words: str) -> bool:
        """Whether the word at hand is one of these, which are no keywords here but mean something."""
        token = self.token
        return (token.plain or token.kind is Kind.SOURCE) and token.text.lower() in words

    def take_sign(self, sign: str) -> bool:
        """Take this sign if it is at hand; says whether it was."""
        if self.is_sign(sign):
            self.take()
            return True
        return False

    def expect_sign(self, sign: str, message: str, hint: str | None = None) -> Token:
        """Take this sign.

        Raises: LanguageError with the message when something else stands here.
        """
        if not self.is_sign(sign):
            raise self.error(self.token, message, hint)
        return self.take()

    def error(self, place: Token | Place, message: str, hint: str | None = None) -> LanguageError:
        """The error at this place."""
        return LanguageError.at(self.source, place.start, place.end - place.start, message, hint)

    def since(self, start: int) -> Place:
        """From there to the end of the word taken last."""
        return Place(start, max(self._end, start))

    def written(self, place: Place) -> str:
        """The text of a place: what an unnamed column is called."""
        return self.source[place.start : place.end]

    def deeper(self, place: Token | Place, *inner: Expression) -> int:
        """The depth of an expression around these.

        Raises: LanguageError when it is too much.
        """
        depth = 1 + max((expression.depth for expression in inner), default=0)
        if depth > MAX_DEPTH:
            raise self.error(place, f"more than {MAX_DEPTH} levels of expressions in one another")
        return depth


def shown(token: Token) -> str:
    """A token as an error names it."""
    if token.kind is Kind.END:
        return "the end of the query"
    return f"`{token.text[:40]}…`" if len(token.text) > 40 else f"`{token.text}`"
