"""Do the cases hold what the envelope asks of them?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evalkit.core.digest import canonical_json
from evalkit.core.envelope import EVERYTHING, Bound, Envelope, Slice, same_value
from evalkit.core.errors import Place, Problem, suggestion
from evalkit.core.model import ABSENT, Arm, Case
from evalkit.core.registry import PROVIDERS
from evalkit.spec.envelope import LoadedEnvelope
from evalkit.spec.prompts import Prompt, PromptError


class Coverage:
    """Looks at every case once; afterwards says which slices stayed empty."""

    def __init__(self, loaded: LoadedEnvelope) -> None:
        self.problems: list[Problem] = []
        self.count = 0
        self._loaded = loaded
        self._empty = {bound.name: bound for bound in loaded.envelope.bounds}
        self._tags: set[str] = set()
        self._keys: set[str] = set()
        self._unseen = [
            (key, value)
            for bound in loaded.envelope.bounds
            for key, values in bound.slice.where
            for value in values
        ]
        self._needing_reference = _slices_that_need_a_reference(loaded)
        self._prompts = prompts(loaded.envelope)

    def see(self, case: Case, place: Place) -> None:
        """Take note of one case."""
        self.count += 1
        self._tags.update(case.tags)
        self._keys.update(case.metadata)
        if self._unseen:
            self._unseen = [
                (key, value)
                for key, value in self._unseen
                if key not in case.metadata or not same_value(case.metadata[key], value)
            ]
        filled = [
            name
            for name, bound in self._empty.items()
            if bound.slice.holds(case.tags, case.metadata)
        ]
        for name in filled:
            del self._empty[name]
        if case.reference is ABSENT:
            for name, slices in self._needing_reference.items():
                if any(part.holds(case.tags, case.metadata) for part in slices):
                    message = f"case {case.id!r} has no reference, which {name} needs"
                    self.problems.append(Problem(place, message))

        for arm, prompt in self._prompts.items():
            try:
                prompt.messages(case)
            except PromptError as error:
                message = f"case {case.id!r} {error}"
                self.problems.append(Problem(place, message, f"{arm}.prompt"))

    def finish(self) -> None:
        """Note what no case has."""
        if not self.count:
            path = self._loaded.golden_set[0].path
            self.problems.append(Problem(Place(path), "no cases; nothing can be measured"))
            return
        for bound in self._loaded.envelope.bounds:
            place = self._loaded.places[bound.name]
            for message in self._gaps(bound):
                self.problems.append(Problem(place, message, f"bound {bound.name}"))

    def _gaps(self, bound: Bound) -> Iterator[str]:
        part = bound.slice
        tags = [tag for tag in (*part.any_of, *part.all_of) if tag not in self._tags]
        keys = [key for key, _ in part.where if key not in self._keys]
        for tag in tags:
            yield f"no case has the tag {tag!r}{suggestion(tag, sorted(self._tags))}"
        for key in keys:
            yield f"no case has the metadata {key!r}{suggestion(key, sorted(self._keys))}"
        values = [
            (key, value)
            for key, wanted in part.where
            for value in wanted
            if key not in keys and (key, value) in self._unseen
        ]
        for key, value in values:
            yield f"no case has the metadata {key}: {canonical_json(value)}"
        if bound.name in self._empty and not tags and not keys and not values:
            yield f"no case belongs to {part.name!r}"


def prompts(envelope: Envelope) -> dict[Arm, Prompt]:
    """Return the prompts of the arms that are asked live; a sentinel is asked as the baseline."""
    asked = envelope.snapshots | envelope.asked
    plugins = {arm: PROVIDERS.get(part.provider) for arm, part in asked.items()}
    return {
        arm: Prompt.of(snapshot, optional=plugins[arm].reads_input)
        for arm, snapshot in asked.items()
        if not plugins[arm].recorded
    }


def _slices_that_need_a_reference(loaded: LoadedEnvelope) -> Mapping[str, tuple[Slice, ...]]:
    envelope = loaded.envelope
    found: dict[str, tuple[Slice, ...]] = {}
    for name, plugin in loaded.plugins.items():
        if plugin.needs_reference:
            slices = [bound.slice for bound in envelope.bounds if bound.metric.instrument == name]
            found[name] = tuple(slices) or (EVERYTHING,)
    return found
