"""Files in forms: a page takes one only where it says so, from somebody who has signed in, and in memory alone.

Forms are read before anybody knows who sends them (the CSRF token stands in them), and Django's own handlers write
larger files to the disk while they read. Here nothing is ever written: a page that says `takes_file` gets the file of
the field `file`, cut off just after the most that it takes, and all others are read past.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

V = TypeVar("V", bound=Callable[..., Any])
FIELD = "file"


def takes_file(most: int) -> Callable[[V], V]:
    """Mark a view that takes a file of up to `most` bytes in the field `file`; a larger one comes as `most` + 1."""

    def mark(view: V) -> V:
        view.takes_file = most  # type: ignore[attr-defined]
        return view

    return mark


class FormFiles(FileUploadHandler):
    """Holds the one file that the page takes, and reads past all others; reads nothing of a form that says it is
    larger than a form may be."""

    def __init__(self, request: Any = None) -> None:
        super().__init__(request)
        self._held: BytesIO | None = None
        self._most = 0

    def handle_raw_input(
        self,
        input_data: Any,  # noqa: ARG002
        META: dict[str, str],  # noqa: ARG002, N803  (Django's names)
        content_length: int,
        boundary: str,  # noqa: ARG002
        encoding: str | None = None,  # noqa: ARG002
    ) -> None:
        """Raises: RequestDataTooBig."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if limit is not None and content_length > limit:
            raise RequestDataTooBig("This form is larger than a form may be.")

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        """A file begins. Raises: SkipFile, for one that nobody takes, and for a second one."""
        self._most = self._taken()
        if field_name != FIELD or not self._most or self._held is not None:
            raise SkipFile
        super().new_file(field_name, *args, **kwargs)
        self._held = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002
        """A piece of the file; what goes beyond the most is let go of."""
        if self._held is not None:
            self._held.write(raw_data[: self._most + 1 - self._held.tell()])

    def file_complete(self, file_size: int) -> InMemoryUploadedFile | None:  # noqa: ARG002
        """The file, for the form."""
        if self._held is None:
            return None
        size, _ = self._held.tell(), self._held.seek(0)
        name, kind = self.file_name or FIELD, self.content_type or ""
        return InMemoryUploadedFile(self._held, FIELD, name, kind, size, self.charset, self.content_type_extra)

    def _taken(self) -> int:
        """How many bytes the page takes from this person: none from strangers."""
        match = getattr(self.request, "resolver_match", None)
        most = getattr(match.func, "takes_file", 0) if match is not None else 0
        user = getattr(self.request, "user", None) if most else None
        return int(most) if user is not None and user.is_authenticated else 0
