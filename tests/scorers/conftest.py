"""How the tests of this room ask a scorer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from evalkit.core.model import ABSENT, Arm, Case, Sample, Score
from evalkit.core.registry import SCORERS


@pytest.fixture(scope="session")
def score() -> Callable[..., Score]:
    """Return what a scorer says about an output: ``score("numeric", "7", reference=7)``."""

    def ask(
        scorer: str,
        output: str | None,
        *,
        reference: Any = ABSENT,
        sample: Any = None,
        **options: Any,
    ) -> Score:
        plugin = SCORERS.get(scorer)
        found = Sample("case", Arm.CANDIDATE, output=output, **(sample or {}))
        return plugin(Case("case", "", reference), found, plugin.options(**options))

    return ask
