"""Static files under names that carry a hash of their content, so that browsers may keep them for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names after `collectstatic`, plain names before it (tests, first start), never a broken page."""

    manifest_strict = False

    def stored_name(self, name: str) -> str:
        """The name to serve `name` under; without a manifest, the name itself."""
        return str(super().stored_name(name)) if self.hashed_files else name
