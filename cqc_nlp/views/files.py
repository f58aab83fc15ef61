"""Writing a view to a file, never over the document that was assessed."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from cqc_nlp.errors import CannotWrite


def save(data: bytes, path: str | PathLike[str], assessed: Path | None = None) -> None:
    """Write the bytes of a view to a file.

    Raises
    ------
    CannotWrite
        If there is no such folder, or the file is the assessed one or cannot be written.
    """
    out = Path(path)
    if out.is_dir():
        raise CannotWrite(f"{out}: this is a folder; name a file in it.")
    if not out.parent.is_dir():
        raise CannotWrite(f"{out}: there is no folder {out.parent}; make it first or name another file.")
    if assessed and out.exists() and assessed.exists() and out.samefile(assessed):
        raise CannotWrite(f"{out}: this is the assessed document itself, and it is never overwritten; name another file.")
    try:
        out.write_bytes(data)
    except OSError as error:
        raise CannotWrite(f"{out}: it cannot be written ({error.strerror}); close it if it is open, or name another file.") from error
