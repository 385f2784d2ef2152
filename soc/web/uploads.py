"""Files in forms: no page takes any, so none is kept, in memory or on a disk.

Forms are read before anybody knows who sends them (the CSRF token stands in them), and Django's own handlers write
larger files to the disk while they read.
"""

from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, SkipFile


class NoFiles(FileUploadHandler):
    """Reads past files, and reads nothing of a form that says it is larger than a form may be."""

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

    def new_file(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """A file begins: it is skipped. Raises: SkipFile, always."""
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Nothing of a skipped file comes here."""

    def file_complete(self, file_size: int) -> None:
        """No file ever was."""
