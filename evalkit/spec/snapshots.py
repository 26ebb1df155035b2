"""What an envelope says about a snapshot becomes the snapshot."""

from __future__ import annotations

from evalkit.core.envelope import Sentinel
from evalkit.core.errors import UserError
from evalkit.core.model import Arm, Prices, Snapshot, SystemPrompt
from evalkit.core.ports import ProviderPlugin
from evalkit.core.registry import PROVIDERS
from evalkit.files.json_text import json_line
from evalkit.spec.document import Trail
from evalkit.spec.grammar import AskedFile, SentinelFile, SnapshotFile
from evalkit.spec.options import options_of
from evalkit.spec.problems import Problems
from evalkit.spec.prompts import Prompt, PromptError


def snapshot_of(file: AskedFile, trail: Trail, problems: Problems) -> Snapshot:
    """Return the snapshot that stands at a trail.

    What is wrong with it is noted, its options are then none.
    """
    options = None
    try:
        plugin = PROVIDERS.get(file.provider)
    except UserError as error:
        problems.add((*trail, "provider"), str(error))
    else:
        given = file.model_extra or {}
        options = options_of(plugin.options, given, {}, problems, trail)
    prompt = file.system_prompt
    schema = file.response_schema
    found = Snapshot(
        provider=file.provider,
        options=options,
        model=file.model,
        system_prompt=SystemPrompt(prompt.text, prompt.version) if prompt else None,
        prompt=file.prompt,
        template=file.template,
        params=file.params,
        response_schema=None if schema is None else json_line(schema).rstrip("\n"),
        prices=Prices(file.prices.input, file.prices.output) if file.prices else None,
        expected_model=file.expected_model,
        concurrency=file.concurrency,
        timeout=file.timeout,
    )
    if options is not None and not plugin.recorded:
        _check_live(found, plugin, trail, problems)
    return found


def sentinel_of(
    file: SnapshotFile, baseline: Snapshot | None, arm: Arm, problems: Problems
) -> Sentinel | None:
    """Return the sentinel of an arm; what is wrong with it is noted.

    Args:
        file: what is written of the arm.
        baseline: its snapshot, where it is the baseline.
        arm: which it is.
        problems: of the document.
    """
    written, trail = file.sentinel, (arm.value, "sentinel")
    if written is None:
        return None
    if baseline is None:
        problems.add(trail, "a sentinel watches a recorded baseline; leave it out here")
        return None
    if is_live(baseline):
        problems.add(
            trail,
            "a sentinel watches a recorded baseline, and this one is asked live, every case; leave it out",
        )
        return None
    found = snapshot_of(_completed(written, file), trail, problems)
    if found.options is not None and not is_live(found):
        problems.add(
            (*trail, "provider"),
            f"{found.provider} plays back what was recorded; name the provider that is asked live",
        )
    return Sentinel(written.share.value, found)


def _completed(written: SentinelFile, baseline: SnapshotFile) -> AskedFile:
    """Return a sentinel with what the baseline states and it leaves out; options are its own."""
    inherited = {
        name: getattr(baseline, name)
        for name in AskedFile.model_fields
        if name in baseline.model_fields_set and name not in written.model_fields_set
    }
    own = {
        name: getattr(written, name)
        for name in AskedFile.model_fields
        if name in written.model_fields_set
    }
    return AskedFile.model_construct(**inherited, **own, **(written.model_extra or {}))


def is_live(snapshot: Snapshot) -> bool:
    """Return whether a snapshot is asked; what is wrong with its options is another's to say."""
    return snapshot.options is not None and not PROVIDERS.get(snapshot.provider).recorded


def _check_live(
    snapshot: Snapshot, plugin: ProviderPlugin, trail: Trail, problems: Problems
) -> None:
    """Note what keeps a snapshot from being asked; nobody is asked for it."""
    for lack in plugin.lacks(snapshot):
        problems.add((*trail, *lack.key.split(".")), lack.message)
    try:
        Prompt.of(snapshot)
    except PromptError as error:
        problems.add((*trail, "prompt"), str(error))
