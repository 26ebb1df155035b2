"""The file of a mirror becomes its plan: every problem at once, each with its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from evalkit.core.errors import Problem, SpecError, UsageError
from evalkit.core.mirror import CopyLimits, KeyKind, Limits, Mode, Upstream, UserKey
from evalkit.core.mirror_edge import SchemaPlan
from evalkit.core.mirror_metadata import MetadataPlan, SnapshotFacts, header_value_fault, instant
from evalkit.core.mirror_plan import (
    FieldRule,
    LogPlan,
    MirrorPlan,
    PatternRule,
    Rule,
)
from evalkit.core.model import Arm, Json
from evalkit.core.patterns import MOST_WAYS, ways
from evalkit.core.secrets import NAMED
from evalkit.files.json_text import json_document
from evalkit.files.text import whole_text
from evalkit.spec.document import Trail, read_document
from evalkit.spec.mirror.grammar import (
    CandidateFile,
    FactsFile,
    LiveFile,
    MirrorFile,
)
from evalkit.spec.problems import Problems
from evalkit.wire.endpoint import header_fault, is_address
from evalkit.wire.listening import host_and_port

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_KEY = re.compile(r"[^\[\]\s]+")
_MEMBER = re.compile(r"[!-~]+")
_STAND_INS: Mapping[str, Json] = {
    "version": 1, "listen": "127.0.0.1:1", "live": {"url": "http://x"}, "candidate": {"url": "http://x"},
}  # fmt: skip
"""What takes the place of a required part in which the grammar found a fault."""


@dataclass(frozen=True, slots=True)
class LoadedMirror:
    """What a mirror's file says by itself, and the envelope that it names."""

    plan: MirrorPlan
    envelope: Path | None = None


def load_mirror(path: Path | str) -> LoadedMirror:
    """Read the file of a mirror; files in it are named from its folder.

    Raises:
        SpecError: with every problem found.
    """
    document = read_document(path)
    problems = Problems(document)
    file = problems.checked(MirrorFile, document.data)
    if file is None:
        raise SpecError([*problems.found, *_further_problems(Path(path), problems)])
    loaded = _Reading(Path(path), file, problems).loaded()
    if problems.found:
        raise SpecError(problems.found)
    return loaded


def _further_problems(path: Path, problems: Problems) -> list[Problem]:
    """Return what is wrong with the parts of a file that its grammar has no fault with."""
    data: Any = deepcopy(problems.document.data)
    if not isinstance(data, dict):
        return []
    muted: set[Trail] = set()
    for trail, unknown_key in problems.faults:
        *inside, last = trail if unknown_key else trail[:1]
        holds = data
        for step in inside:
            holds = holds[step]
        holds.pop(last, None)
        if not unknown_key:
            muted.add(trail[:1])
    rest = Problems(problems.document, muted=muted)
    file = Problems(rest.document).checked(MirrorFile, {**_STAND_INS, **data})
    if file is not None:
        _Reading(path, file, rest).loaded()
    return rest.found


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file on its way to a plan; what is wrong with it is noted."""

    path: Path
    file: MirrorFile
    problems: Problems

    def loaded(self) -> LoadedMirror:
        file = self.file
        mode = Mode.SHADOW if file.canary is None else Mode.CANARY
        if mode is Mode.CANARY and file.user is None:
            message = "required with canary: what tells users apart, such as header:x-user-id"
            self.problems.add(("user",), message)
        if mode is Mode.CANARY and file.copies is not None:
            self.problems.add(("copy",), "with canary: nothing is copied; leave one of them out")
        if file.redact and (file.log is None or not file.log.texts):
            self.problems.add(
                ("redact",), "no texts are written that could be redacted; leave it out"
            )
        copies = file.copies
        plan = MirrorPlan(
            name=self.path.name.split(".")[0],
            listen=self._address(file.listen, ("listen",)),
            live=self._upstream(file.live, Arm.BASELINE, ("live",)),
            candidate=self._upstream(file.candidate, Arm.CANDIDATE, ("candidate",)),
            mode=mode,
            admin=None if file.admin is None else self._address(file.admin, ("admin",)),
            user=None if file.user is None else self._user(file.user),
            state=None if file.canary is None else self._beside(file.canary.state),
            paths=self._paths(),
            copies=CopyLimits(
                **_given(copies, "waiting", "at_once", "timeout")  # type: ignore[arg-type]
            ),
            copy_share=1.0 if copies is None or copies.share is None else copies.share.value,
            limits=Limits(
                **_given(file.limits, "body", "headers", "at_once", "heard")  # type: ignore[arg-type]
            ),
            drain=30.0 if file.drain is None else file.drain,
            log=self._log(),
            metadata=self._metadata(),
            schema=self._schema(),
        )
        if file.admin is not None and file.admin == file.listen and not file.listen.endswith(":0"):
            self.problems.add(("admin",), "expected another address than listen")
        self._check_together(plan)
        return LoadedMirror(plan, None if file.envelope is None else self._beside(file.envelope))

    def _beside(self, name: str) -> Path:
        return self.path.parent / name

    def _check_together(self, plan: MirrorPlan) -> None:
        """Note what each part may say, and not beside the others."""
        log, state = plan.log, plan.state
        if log is not None and state is not None and log.path.resolve() == state.resolve():
            self.problems.add(("log", "path"), "expected another file than canary.state")
        for key, arm in (("live", plan.live), ("candidate", plan.candidate)):
            if is_address(arm.url) and _listens_at(plan.listen, arm.url):
                self.problems.add((key, "url"), "expected another address than listen: its own")

    # ------------------------------------------------------------ addresses

    def _address(self, given: str, trail: Trail) -> str:
        try:
            host_and_port(given)
        except UsageError:
            text = f"expected HOST:PORT such as 127.0.0.1:8080, found {given!r}"
            self.problems.add(trail, text)
        return given

    def _upstream(self, file: LiveFile, arm: Arm, trail: Trail) -> Upstream:
        if not is_address(file.url):
            # What was found is not shown: it may hold a password.
            text = "expected an address such as https://api.vendor.example/v1, without @, ? and #"
            self.problems.add((*trail, "url"), text)
        seen = set[str]()
        for name, value in file.headers.items():
            message = header_fault(name, value)
            if name.lower() in seen:
                message = "stands twice, in other letters; leave one out"
            if message:
                self.problems.add((*trail, "headers", name), message, at_key=True)
            seen.add(name.lower())
        found = Upstream(
            arm,
            file.url,
            {name.lower(): value for name, value in file.headers.items()},
            timeout=600.0 if file.timeout is None else file.timeout,
        )
        if not isinstance(file, CandidateFile):
            return found
        return self._with_own(found, file, trail)

    def _with_own(self, upstream: Upstream, file: CandidateFile, trail: Trail) -> Upstream:
        """Return the candidate with what only it has."""
        for index, name in enumerate(file.keeps):
            if not _HEADER.fullmatch(name):
                self.problems.add((*trail, "keeps", index), f"expected a name, found {name!r}")
            elif name.lower() in upstream.headers:
                text = f"{name} stands under headers, which replace it; leave one out"
                self.problems.add((*trail, "keeps", index), text)
        for old, new in file.path.items():
            for text in (old, new):
                if (text and not _MEMBER.fullmatch(text)) or set(text) & set("?#") or ".." in text:
                    message = "expected a piece of a path in visible letters, without ?, # and .."
                    self.problems.add((*trail, "path", old), message)
        return Upstream(
            upstream.arm,
            upstream.url,
            upstream.headers,
            frozenset(name.lower() for name in file.keeps),
            file.body,
            file.path,
            upstream.timeout,
        )

    # ------------------------------------------------------------ requests

    def _user(self, given: str) -> UserKey | None:
        kind, _, name = given.partition(":")
        if given == KeyKind.IP:
            return UserKey(KeyKind.IP)
        if kind == KeyKind.HEADER and _HEADER.fullmatch(name):
            return UserKey(KeyKind.HEADER, name.lower())
        if kind == KeyKind.JSON and all(name.split(".")):
            return UserKey(KeyKind.JSON, name)
        text = (
            f"expected header:NAME, json:PATH such as json:metadata.user_id, or ip, found {given!r}"
        )
        self.problems.add(("user",), text)
        return None

    def _paths(self) -> tuple[str, ...]:
        for index, pattern in enumerate(self.file.paths):
            if not pattern.startswith(("/", "*")):
                text = f"expected a path such as /chat/completions or /v1/*, found {pattern!r}"
                self.problems.add(("paths", index), text)
        return tuple(self.file.paths)

    # ------------------------------------------------------------ what is written and told

    def _log(self) -> LogPlan | None:
        file = self.file.log
        if file is None:
            return None
        path = self._beside(file.path)
        if not path.name.endswith(".jsonl"):
            text = f"expected a name that ends in .jsonl, found {file.path!r}"
            self.problems.add(("log", "path"), text)
        if file.salt is not None and not NAMED.fullmatch(file.salt):
            text = "expected ${env:NAME}; a secret itself must not stand in a file"
            self.problems.add(("log", "salt"), text)
        if file.output is not None:
            self._check_expression(file.output, ("log", "output"))
        named = {
            "rotate_bytes": file.rotate, "rotate_seconds": file.every, "keep": file.keep,
            "sample": None if file.sample is None else file.sample.value,
        }  # fmt: skip
        return LogPlan(
            path,
            texts=file.texts,
            rules=self._rules(),
            salt=file.salt,
            output=file.output,
            **{name: value for name, value in named.items() if value is not None},  # type: ignore[arg-type]
        )

    def _check_expression(self, given: str, trail: Trail) -> None:
        import jmespath
        from jmespath.exceptions import JMESPathError

        try:
            jmespath.compile(given)
        except JMESPathError as error:
            said = str(error).splitlines()[0]
            self.problems.add(trail, f"expected a JMESPath expression: {said}")

    def _rules(self) -> tuple[Rule, ...]:
        for index, rule in enumerate(self.file.redact):
            if isinstance(rule, PatternRule):
                self._check_pattern(rule.pattern, ("redact", index, "pattern"))
            elif isinstance(rule, FieldRule) and not all(map(_KEY.fullmatch, rule.keys)):
                text = "expected keys with dots, such as input.customer.name or input[].content"
                self.problems.add(("redact", index, "field"), text)
        return tuple(self.file.redact)

    def _check_pattern(self, pattern: str, trail: Trail) -> None:
        try:
            found = ways(pattern)
        except ValueError as error:
            self.problems.add(trail, f"expected a regular expression, found {pattern!r}: {error}")
            return
        if found > MOST_WAYS:
            text = (
                "a stranger's text could keep this searching for very long; say how often things "
                r"may repeat, such as \d{4,12} in place of \d+, and repeat no choice"
            )
            self.problems.add(trail, text)
        if re.compile(pattern).match(""):
            self.problems.add(trail, "it finds nothing, everywhere; expected at least one letter")

    def _metadata(self) -> MetadataPlan:
        written = self.file.metadata
        in_body = None if written is None else written.in_body
        if in_body is not None and not _MEMBER.fullmatch(in_body):
            self.problems.add(("metadata", "in_body"), "expected a key in visible letters of ASCII")
        arms = {
            arm: self._facts(file.metadata, (key, "metadata"))
            for arm, key, file in (
                (Arm.BASELINE, "live", self.file.live),
                (Arm.CANDIDATE, "candidate", self.file.candidate),
            )
            if file.metadata is not None
        }
        return MetadataPlan(arms, in_body)

    def _facts(self, file: FactsFile, trail: Trail) -> SnapshotFacts:
        for name in ("snapshot", "format_version"):
            text = getattr(file, name)
            fault = header_value_fault(text) if text is not None else ""
            if fault:
                self.problems.add((*trail, name), fault)
        moments = {}
        for name in ("deprecated_at", "retires_at"):
            text = getattr(file, name)
            if text is not None:
                try:
                    moments[name] = instant(text)
                except ValueError:
                    said = f"expected a day or a time such as 2027-01-14, found {text!r}"
                    self.problems.add((*trail, name), said)
        if len(moments) > 1 and moments["retires_at"] < moments["deprecated_at"]:
            self.problems.add((*trail, "retires_at"), "it lies before deprecated_at")
        return SnapshotFacts(file.snapshot, file.format_version, **moments)

    def _schema(self) -> SchemaPlan | None:
        written = self.file.response_schema
        if written is None:
            return None
        if written.file is None:
            if self.file.envelope is None:
                self.problems.add(
                    ("schema",), "expected file:, or an envelope with a response_schema"
                )
            return SchemaPlan(None, written.on_violation)
        path = str(self._beside(written.file))
        try:
            text = whole_text(path)
            json_document(text, path)
        except SpecError as error:
            self.problems.found += error.problems
            return None
        return SchemaPlan(text, written.on_violation)


def _listens_at(listen: str, url: str) -> bool:
    """Return whether a URL names the address at which the mirror itself listens."""
    parts = urlsplit(url)
    asked = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    try:
        host, port = host_and_port(listen)
    except UsageError:
        return False
    here = {"127.0.0.1", "localhost", "::1"}
    hosts = here | {host} if host in here | {"0.0.0.0", "::"} else {host}  # noqa: S104 - compared
    return asked[1] == port and asked[0] in hosts


def _given(file: object, *names: str) -> Mapping[str, object]:
    """Return what a part of the file says; what it leaves out is as its noun has it."""
    found = {name: getattr(file, name, None) for name in names}
    return {name: value for name, value in found.items() if value is not None}
