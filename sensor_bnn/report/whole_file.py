"""A file that is written whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from sensor_bnn.errors import DataError


def write_whole(content: str | bytes, file: Path) -> None:
    """Write text (UTF-8) or bytes; an earlier ``file`` is replaced in one step.

    Raises:
        DataError: the file cannot be written.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as draft:
            draft.write(data)
        try:
            Path(draft.name).chmod(0o644)
            Path(draft.name).replace(file)
        except OSError:
            Path(draft.name).unlink()
            raise
    except OSError as error:
        raise DataError(f"Cannot write {file}: {error.strerror}.", "Choose another place with -o.") from None
