"""The runner configuration from a file (the SSM parameter is with the other AWS adapters).

The version is a digest of the bytes, so a file that was written anew with the same content means no work, and one that
was changed within the same second is not missed. Every read opens the path anew: editors and Kubernetes replace files.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from core.domain.errors import ConfigurationError, Unavailable
from core.ports import ConfigDocument

if TYPE_CHECKING:
    from pathlib import Path

#: A file larger than this is no runner configuration: an SSM parameter ends at 8 KB (ecs-api.md A8).
LARGEST_FILE = 1024 * 1024
_CURE = "correct TOML_CONFIG_FILE or the file"


class FileSource:
    """A ``ConfigSource``: one TOML file of at most 1 MiB, in UTF-8."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> ConfigDocument:
        """Read the file now, beside the event loop.

        ConfigurationError when it is missing, denied, too large or not UTF-8; Unavailable when the disk fails.
        """
        content = await asyncio.to_thread(self._content)
        if len(content) > LARGEST_FILE:
            raise ConfigurationError(f"{self._path} is larger than {LARGEST_FILE} bytes; {_CURE}")
        return ConfigDocument(self._text(content), hashlib.sha256(content).hexdigest())

    def _content(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                return file.read(LARGEST_FILE + 1)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ConfigurationError(f"the runner configuration {self._path} does not exist; {_CURE}") from error
        except IsADirectoryError as error:
            raise ConfigurationError(f"the runner configuration {self._path} is a directory; {_CURE}") from error
        except PermissionError as error:
            raise ConfigurationError(
                f"the runner configuration {self._path} may not be read by this user; change its owner or mode"
            ) from error
        except OSError as error:
            raise Unavailable(f"the runner configuration {self._path} cannot be read now: {error.strerror}") from error

    def _text(self, content: bytes) -> str:
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise ConfigurationError(
                f"the runner configuration {self._path} is not UTF-8 (line {line}); save it as UTF-8"
            ) from error
