"""The traffic of a plan: requests are routed, answers told of and checked, and both arms written down."""

from __future__ import annotations

import os
import secrets as random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from evalkit.core.errors import UsageError
from evalkit.core.mirror import Head, Heard, Incoming, Refused, Routed
from evalkit.core.mirror_counts import TrafficCounted
from evalkit.core.mirror_edge import Checked
from evalkit.core.mirror_metadata import InBody
from evalkit.core.mirror_plan import LogPlan, MirrorPlan, Share
from evalkit.core.model import Arm
from evalkit.core.ports import Overhears
from evalkit.core.registry import PROVIDERS
from evalkit.core.secrets import Secrets
from evalkit.files.locking import only_writer
from evalkit.files.rotating import RotatingLog
from evalkit.flows.mirror.loading import filled
from evalkit.flows.mirror.polling import SharePoll
from evalkit.flows.mirror.writing import TrafficWriter
from evalkit.stages.mirror import metadata
from evalkit.stages.mirror.edge import Edge
from evalkit.stages.mirror.record import Recording
from evalkit.stages.mirror.redact import Redactor
from evalkit.stages.mirror.route import Routing
from evalkit.wire.clock import SYSTEM_CLOCK, Clock

SALT_BYTES = 32
Say = Callable[[str], None]


class MirrorTraffic:
    """What a server asks of the rooms above it; see ``core.mirror.Traffic``."""

    def __init__(
        self,
        plan: MirrorPlan,
        routing: Routing,
        recording: Recording,
        *,
        writer: TrafficWriter | None,
        poll: SharePoll | None,
        edge: Edge | None,
        secrets: Secrets,
    ) -> None:
        self.secrets = secrets
        self._plan = plan
        self._routing = routing
        self._recording = recording
        self._writer = writer
        self._poll = poll
        self._edge = edge
        self._in_body: Counter[InBody] = Counter()
        self._checked: Counter[Checked] = Counter(dict.fromkeys(Checked, 0))
        self._uncopied: Counter[str] = Counter()
        self._rejected = 0

    @property
    def share(self) -> Share:
        """Whom the candidate answers now."""
        return Share() if self._poll is None else self._poll.share

    def routed(self, incoming: Incoming) -> Routed | Refused:
        """Return where a request goes."""
        found = self._routing.routed(self.share, incoming)
        if isinstance(found, Routed) and found.uncopied:
            self._uncopied[found.uncopied] += 1
        return found

    def held(self, routed: Routed, head: Head) -> bool:
        """Return whether an answer has to be whole before the caller may see any of it."""
        return self._is_held_to(routed, head) or self._wants_body(routed, head)

    def headed(self, routed: Routed, head: Head) -> Head:
        """Return the head that the caller sees."""
        return metadata.headed(self._plan.metadata, routed.answers.arm, head)

    def finished(self, routed: Routed, head: Head, body: bytes) -> tuple[Head, bytes] | Refused:
        """Return what the caller sees of an answer that was held until it was whole."""
        if self._edge is not None and self._is_held_to(routed, head):
            text = self._recording.output_of(routed, Heard(head, body, 0.0))
            finding = self._edge.checked(text)
            self._checked[finding.checked] += 1
            if not finding.sound:
                self._rejected += 1
                return finding.refused()
        if not self._wants_body(routed, head):
            return self.headed(routed, head), body
        arm = routed.answers.arm
        head, body, done = metadata.finished(self._plan.metadata, arm, head, body)
        self._in_body[done] += 1
        return head, body

    def outgrown(self, routed: Routed, head: Head) -> Refused | None:
        """Return what a caller gets of an answer too long to be held; nothing: the answer unchanged."""
        if self._is_held_to(routed, head):
            self._checked[Checked.TOO_LONG] += 1
            self._rejected += 1
            return Refused(502, "answer_too_long", "the answer is too long to be checked")
        self._in_body[InBody.UNTOUCHED] += 1
        return None

    def noted(self, routed: Routed, arm: Arm, heard: Heard) -> None:
        """Take down what an arm answered, or that it did not."""
        if self._writer is not None and routed.logged:
            self._writer.note(routed, arm, heard)

    def counted(self) -> TrafficCounted:
        """Return what was counted so far; any thread may ask."""
        writer, poll = self._writer, self._poll
        return TrafficCounted(
            self._plan.mode,
            share=self.share.value,
            state_age=None if poll is None else poll.age,
            logged={} if writer is None else dict(writer.counts),
            queue=0 if writer is None else writer.waiting,
            in_body=dict(self._in_body),
            checked=dict(self._checked + (Counter() if writer is None else writer.checked)),
            rejected=self._rejected,
            uncopied=dict(self._uncopied),
        )

    def _is_held_to(self, routed: Routed, head: Head) -> bool:
        return self._edge is not None and routed.logged and self._edge.holds(head)

    def _wants_body(self, routed: Routed, head: Head) -> bool:
        method = routed.incoming.method
        return metadata.wants_body(self._plan.metadata, routed.answers.arm, head, method=method)


@contextmanager
def opened_traffic(
    plan: MirrorPlan,
    environment: Mapping[str, str],
    *,
    say: Say,
    clock: Clock = SYSTEM_CLOCK,
) -> Iterator[MirrorTraffic]:
    """Open what a plan needs, for as long as the block lasts; what still waits is written in the end.

    Args:
        plan: what the mirror's file says.
        environment: where the secrets of its headers come from.
        say: is told in a line what changes or goes wrong, in any thread.
        clock: what the log begins by.

    Raises:
        MissingSecretError: a variable that the plan names is not set.
        UsageError: the log cannot be written, or another process writes it.
    """
    secrets = Secrets(environment)
    plan = filled(plan, secrets)
    edge = None if plan.schema is None else Edge.of(plan.schema)
    recording = Recording.of(plan, formats())
    with ExitStack() as stack:
        log = None if plan.log is None else stack.enter_context(_opened_log(plan.log, clock))
        if log is not None and log.cut:
            say(f"{log.path} ended in {log.cut:,} bytes of half a record: they were cut off")
        salt = _salt(plan.log, secrets)
        writer = None
        if plan.log is not None or edge is not None:
            rules, texts = ((), True) if plan.log is None else (plan.log.rules, plan.log.texts)
            redactor = Redactor.of(rules, secrets, texts=texts)
            writer = TrafficWriter(recording, redactor, log, edge, say)
            stack.callback(writer.close)
        poll = None if plan.state is None else stack.enter_context(SharePoll(plan.state, say))
        yield MirrorTraffic(
            plan, Routing.of(plan, salt), recording,
            writer=writer, poll=poll, edge=edge, secrets=secrets,
        )  # fmt: skip


def formats() -> Iterator[Overhears]:
    """Yield how the wire formats are overheard that can be."""
    for name in PROVIDERS.names():
        overhears = PROVIDERS.get(name).overhears
        if overhears is not None:
            yield overhears


@contextmanager
def _opened_log(plan: LogPlan, clock: Clock) -> Iterator[RotatingLog]:
    with ExitStack() as stack:
        try:
            plan.path.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(only_writer(plan.path))
            log = RotatingLog(
                plan.path,
                rotate_bytes=plan.rotate_bytes,
                rotate_seconds=plan.rotate_seconds,
                keep=plan.keep,
                now=clock.wall(),
            )
        except OSError as error:
            raise UsageError(
                f"log: {plan.path} cannot be written: {error.strerror or error}"
            ) from error
        stack.callback(log.close)
        yield log


def _salt(plan: LogPlan | None, secrets: Secrets) -> bytes:
    """Return the secret by which users become pseudonyms: one that lasts as long as the log does.

    Raises:
        MissingSecretError: the variable that the plan names is not set.
        UsageError: the file beside the log holds none.
    """
    if plan is None:
        return random.token_bytes(SALT_BYTES)
    if plan.salt is not None:
        return secrets.filled(plan.salt).encode()
    beside = plan.path.with_name(f".{plan.path.name}.salt")
    try:
        return _kept_salt(beside)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{beside}: expected the secret by which users become pseudonyms, found {error}; "
            "remove the file for another one, by which nobody is known again"
        ) from None


def _kept_salt(beside: Path) -> bytes:
    if not beside.exists():
        place = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(place, "w") as stream:
            stream.write(random.token_hex(SALT_BYTES))
            stream.flush()
            os.fsync(stream.fileno())
    found = bytes.fromhex(beside.read_text("ascii").strip())
    if len(found) < SALT_BYTES // 2:
        raise ValueError("a shorter one")
    return found
