"""Where the lock of an envelope lies, and what in it is about whom.

A lock is looked for beside the envelope and at the top of the repository it lies in. One of both may
hold an entry of the envelope's name, not both.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from evalkit.core.digest import canonical_json, digest
from evalkit.core.errors import SpecError
from evalkit.core.lock import LockedSnapshot, LockedText, LockEntry
from evalkit.core.model import Arm, Json
from evalkit.files.text import absolute_name, repository_of
from evalkit.spec.envelope import LoadedEnvelope, who_answers
from evalkit.spec.grammar import SnapshotFile
from evalkit.spec.lock import LockFile, read_lock, write_lock

LOCK = "evalkit.lock"
WAIVERS = "evalkit.waivers.yaml"
RECORDED = "replay"


@dataclass(frozen=True, slots=True)
class Locked:
    """The file an envelope's entry stands in, or would, and the entry where there is one."""

    file: LockFile
    name: str
    entry: LockEntry | None

    @property
    def path(self) -> Path:
        """Where the lock lies."""
        return self.file.path

    def write(self, entry: LockEntry) -> None:
        """Write the entry; all others stay as they are."""
        write_lock(self.path, {**self.file.entries, self.name: entry})

    def outputs_path(self, entry: LockEntry) -> str:
        """Return where the recorded outputs lie, from the root."""
        assert entry.baseline is not None
        return absolute_name(self.path.parent / entry.baseline.must_match.outputs.path)


def locked(loaded: LoadedEnvelope) -> Locked:
    """Return what is locked of an envelope.

    Raises:
        SpecError: a lock is none, two of them hold an entry, or the one for this file has another name.
    """
    name = loaded.envelope.name
    files = [read_lock(folder / LOCK) for folder in homes(loaded.path)]
    holding = [file for file in files if name in file.entries]
    if len(holding) > 1:
        first, second = holding
        raise SpecError.single(
            second.document.key_place(("envelopes", name)),
            f"{first.path} locks it as well; keep one of both entries",
            where=f"envelopes.{name}",
        )
    if holding:
        return Locked(holding[0], name, holding[0].entries[name])
    own = absolute_name(loaded.path)
    for file in files:
        for other, entry in file.entries.items():
            if absolute_name(file.path.parent / entry.envelope) == own:
                raise SpecError.single(
                    file.document.key_place(("envelopes", other)),
                    f"locks {entry.envelope} as {other!r}, and its name is {name!r} now; give the entry "
                    "that name, or the envelope the old one",
                    where=f"envelopes.{other}",
                )
    there = [file for file in files if file.entries]
    return Locked(there[0] if there else files[0], name, None)


def homes(envelope: str) -> tuple[Path, ...]:
    """Return the folders in which a lock and waivers are looked for, the nearest first."""
    beside = Path(envelope).parent
    top = repository_of(envelope)
    if top is None or absolute_name(beside) == absolute_name(top):
        return (beside,)
    return (beside, top)


# ---------------------------------------------------------------- what is locked of a snapshot


def locked_snapshot(
    loaded: LoadedEnvelope, arm: Arm, served: tuple[str, ...] = ()
) -> LockedSnapshot:
    """Return what is locked of a snapshot: all of one that is asked, of a recording what is stated."""
    stated = stated_of(loaded, arm)
    live = stated.get("provider") != RECORDED
    schema = stated.get("response_schema")
    params = stated.get("params", {} if live else None)
    options = {} if not live else _options(stated)
    model, template = stated.get("model"), stated.get("template", "format" if live else None)
    return LockedSnapshot(
        provider=str(stated.get("provider")),
        model=None if model is None else str(model),
        served=served,
        system_prompt=_prompt(stated.get("system_prompt")),
        prompt=_prompt(stated.get("prompt")),
        template=None if template is None else str(template),
        params=params if isinstance(params, dict) else None,
        response_schema=None if schema is None else schema_digest(schema),
        options=options,
    )


def written_beside(path: str, envelope: str) -> str:
    """Return a path as an envelope names it, from its own folder."""
    return Path(
        os.path.relpath(absolute_name(path), absolute_name(Path(envelope).parent))
    ).as_posix()


def as_stated(snapshot: LockedSnapshot) -> Mapping[str, Json]:
    """Return a locked snapshot as an envelope would state it, its schema as a digest."""
    found: dict[str, Json] = {"provider": snapshot.provider, **snapshot.options}
    for name in ("model", "template", "response_schema"):
        value = getattr(snapshot, name)
        if value is not None:
            found[name] = value
    if snapshot.params is not None:
        found["params"] = dict(snapshot.params)
    if snapshot.system_prompt is not None:
        found["system_prompt"] = {"text": snapshot.system_prompt.text}
    if snapshot.prompt is not None:
        found["prompt"] = snapshot.prompt.text
    return found


def stated_of(loaded: LoadedEnvelope, arm: Arm) -> Mapping[str, Json]:
    """Return what an envelope states of an arm, with every file it names inside."""
    assert isinstance(loaded.document, dict)
    found = loaded.document.get(arm.value)
    return found if isinstance(found, dict) else {}


def schema_digest(schema: Json) -> str:
    """Return the digest of a response schema, as a verdict has it."""
    return digest(canonical_json(schema))


def version_of(prompt: LockedText | None) -> LockedText | None:
    """Return a prompt whose author gave it a version; nothing where he gave it none."""
    return prompt if prompt is not None and prompt.version is not None else None


def _prompt(stated: Json) -> LockedText | None:
    match stated:
        case str(text):
            return LockedText(_sha256(text), text)
        case {"text": str(text), **rest}:
            version = rest.get("version")
            named = version if isinstance(version, (int, str)) else None
            return LockedText(_sha256(text), text, named)
    return None


def _sha256(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _options(stated: Mapping[str, Json]) -> dict[str, Json]:
    """Return what is said to a provider alone, without where on this machine its code lies."""
    own = who_answers(stated)
    return {key: value for key, value in own.items() if key not in SnapshotFile.model_fields}
