"""``evalkit list``: what is registered."""

from __future__ import annotations

import inspect
import sys
from typing import Annotated

import typer

from evalkit.core.ports import NoOptions, ScorerPlugin


def list_plugins(
    name: Annotated[
        str | None, typer.Argument(help="A scorer or a reader, to read all that is known of it.")
    ] = None,
) -> None:
    """List scorers, providers and readers, or explain one scorer or reader."""
    from evalkit.core.registry import PROVIDERS, READERS, SCORERS

    if name is not None:
        if name in READERS.names() and name not in SCORERS.names():
            sys.stdout.write(f"{name}\n\n{inspect.cleandoc(READERS.get(name).doc)}\n")
        else:
            sys.stdout.write(_page(SCORERS.get(name)))
        return
    lines = ["scorers"]
    for scorer in map(SCORERS.get, SCORERS.names()):
        lines.append(f"  {scorer.id:<18} {_first_line(scorer.doc)}")
        lines.append(f"{'':<21}{', '.join(_metrics(scorer))}")
    lines.append("providers")
    providers = map(PROVIDERS.get, PROVIDERS.names())
    lines += [f"  {provider.name:<18} {_first_line(provider.doc)}" for provider in providers]
    lines.append("readers")
    readers = map(READERS.get, READERS.names())
    lines += [f"  {reader.name:<18} {_first_line(reader.doc)}" for reader in readers]
    sys.stdout.write("\n".join(lines) + "\n")


def _page(scorer: ScorerPlugin) -> str:
    parts = [scorer.id, inspect.cleandoc(scorer.doc), "Metrics"]
    for metric, value in zip(_metrics(scorer), scorer.values, strict=True):
        words = f", 1 = {value.labels[0]}, 0 = {value.labels[1]}" if value.labels else ""
        unit = f", in {value.unit}" if value.unit else ""
        parts[-1] += f"\n  {metric}: {value.kind}{unit}{words}"
    if scorer.remote is not None:
        usual = ", ".join(
            f"{key}: {scorer.remote.by[key]}" for key in _SHOWN if key in scorer.remote.by
        )
        whom = f"\n  left out, {usual}" if usual else ""
        parts.append(f"Asks\n  by: {{provider: …, model: …}}{whom}")
    if scorer.options is not NoOptions:
        parts.append(f"Options\n{inspect.cleandoc(scorer.options.__doc__ or '')}")
    if scorer.examples:
        shown = [
            f"  {example.output[:60]!r} → {', '.join(map(str, example.expected))}"
            f"{f'  ({example.note})' if example.note else ''}"
            for example in scorer.examples
        ]
        parts.append("\n".join(["Examples", *shown]))
    return "\n\n".join(parts) + "\n"


_SHOWN = ("provider", "url", "model")


def _metrics(scorer: ScorerPlugin) -> list[str]:
    first, *others = [value.name for value in scorer.values]
    del first
    return [scorer.name, *(f"{scorer.name}.{value}" for value in others)]


def _first_line(doc: str) -> str:
    return inspect.cleandoc(doc).split("\n", 1)[0]
