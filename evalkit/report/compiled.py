"""The templates of pages as they were compiled, kept where Python keeps modules that were."""

from __future__ import annotations

import marshal
import sys
from contextlib import suppress
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path

from jinja2 import compiler
from jinja2.bccache import Bucket, BytecodeCache

from evalkit.files.writing import replacing


class CompiledTemplates(BytecodeCache):
    """Templates beside their sources, by the rules of ``__pycache__``.

    To compile them is a tenth of what a short gate takes. One that was compiled from another text, by
    another jinja2 or with other settings is compiled anew; where nothing may be written, each time.
    """

    def __init__(self, *settled_in: str) -> None:
        """Take the modules that settle how templates are compiled, beside jinja2's own."""
        self._by = "".join(f"{path}{_stamp(path)}" for path in (compiler.__file__, *settled_in))

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """Return where the template lies."""
        return filename or name

    def get_source_checksum(self, source: str) -> str:
        """Return what changes with the text of a template, and with how it is compiled."""
        return sha256(f"{self._by}\0{source}".encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what was kept, if it is what would be compiled now."""
        with suppress(OSError, EOFError, ValueError, TypeError):
            kept = _place(bucket).read_bytes()
            checksum = bucket.checksum.encode()
            if kept.startswith(checksum):
                # As much to be trusted as the modules it lies beside.
                bucket.code = marshal.loads(kept[len(checksum) :])  # noqa: S302

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled, where Python would."""
        if sys.dont_write_bytecode:
            return
        place = _place(bucket)
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            with replacing(place) as beside:
                beside.write_bytes(bucket.checksum.encode() + marshal.dumps(bucket.code))


def _place(bucket: Bucket) -> Path:
    return Path(cache_from_source(bucket.key)).with_suffix(".template")


def _stamp(path: str) -> str:
    """Return what tells a module from a later one: as Python does, when it changed and its size."""
    found = Path(path).stat()
    return f"{found.st_mtime_ns} {found.st_size}"
