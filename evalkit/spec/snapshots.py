"""What an envelope says about a snapshot becomes the snapshot."""

from __future__ import annotations

from evalkit.core.errors import UserError
from evalkit.core.model import Arm, Prices, Snapshot, SystemPrompt
from evalkit.core.ports import ProviderPlugin
from evalkit.core.registry import PROVIDERS
from evalkit.files.json_text import json_line
from evalkit.spec.grammar import SnapshotFile
from evalkit.spec.options import options_of
from evalkit.spec.problems import Problems
from evalkit.spec.prompts import Prompt, PromptError


def snapshot_of(file: SnapshotFile, arm: Arm, problems: Problems) -> Snapshot:
    """Return the snapshot of one arm; what is wrong with it is noted, its options are then none."""
    options = None
    try:
        plugin = PROVIDERS.get(file.provider)
    except UserError as error:
        problems.add((arm.value, "provider"), str(error))
    else:
        given = file.model_extra or {}
        options = options_of(plugin.options, given, {}, problems, (arm.value,))
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
        _check_live(found, plugin, arm, problems)
    return found


def is_live(snapshot: Snapshot) -> bool:
    """Return whether a snapshot is asked; what is wrong with its options is another's to say."""
    return snapshot.options is not None and not PROVIDERS.get(snapshot.provider).recorded


def _check_live(snapshot: Snapshot, plugin: ProviderPlugin, arm: Arm, problems: Problems) -> None:
    """Note what keeps a snapshot from being asked; nobody is asked for it."""
    for lack in plugin.lacks(snapshot):
        problems.add((arm.value, *lack.key.split(".")), lack.message)
    try:
        Prompt.of(snapshot)
    except PromptError as error:
        problems.add((arm.value, "prompt"), str(error))
