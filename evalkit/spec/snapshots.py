"""What an envelope says about a snapshot becomes the snapshot."""

from __future__ import annotations

from evalkit.core.digest import canonical_json
from evalkit.core.errors import UserError
from evalkit.core.model import Arm, Prices, Snapshot, SystemPrompt
from evalkit.core.registry import PROVIDERS
from evalkit.spec.grammar import SnapshotFile
from evalkit.spec.options import options_of
from evalkit.spec.problems import Problems


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
    return Snapshot(
        provider=file.provider,
        options=options,
        model=file.model,
        system_prompt=SystemPrompt(prompt.text, prompt.version) if prompt else None,
        prompt=file.prompt,
        template=file.template,
        params=file.params,
        response_schema=canonical_json(schema) if schema is not None else None,
        prices=Prices(file.prices.input, file.prices.output) if file.prices else None,
        expected_model=file.expected_model,
    )
