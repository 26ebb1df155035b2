"""A linear model is read here: whole-number weights of hashed places and of named features.

The file is one line of JSON and then the weights of the places, two bytes each, lowest byte first.
It is made by the scripts in ``training/`` and ships beside the scorer that uses it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from evalkit.features.hashed import Places
from evalkit.files.json_text import json_document

LARGEST = 32767
"""A weight is a whole number of at most this size, times the scale of its model."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights in log-odds: the intercept, one for each place, one for each feature by its name.

    ``scale`` turns the whole numbers of ``weights`` into log-odds; ``features`` are log-odds
    already. ``thresholds`` are the log-odds from which on a definition holds, by its name.
    """

    bits: int
    intercept: float
    scale: float
    weights: NDArray[np.int16]
    features: Mapping[str, float]
    thresholds: Mapping[str, float]

    def of_places(self, places: Places) -> float:
        """Return what the places add to the log-odds; the sum of whole numbers is exact.

        It is divided by the root of how many they are, or a long text would always be sure.
        """
        if not len(places):
            return 0.0
        return int(self.weights[places].sum(dtype=np.int64)) * self.scale / math.sqrt(len(places))

    def log_odds(self, places: Places, named: Mapping[str, float]) -> float:
        """Return the log-odds of a text with these places and these values of named features.

        Raises:
            KeyError: the model knows no such feature.
        """
        told = sum(self.features[name] * value for name, value in named.items())
        return self.intercept + self.of_places(places) + told


def parsed(data: bytes, source: str) -> Linear:
    """Return the model in the bytes of a file.

    Raises:
        ValueError: the bytes are no such file; the message names the source.
    """
    head, end, body = data.partition(b"\n")
    told = cast("Any", json_document(head.decode("utf-8"), source))
    weights = np.frombuffer(body, dtype="<i2")
    if not end or weights.size != 1 << told["bits"]:
        raise ValueError(f"{source}: expected {1 << told['bits']} weights, found {weights.size}")
    return Linear(
        bits=told["bits"],
        intercept=told["intercept"],
        scale=told["scale"],
        weights=weights.astype(np.int16),
        features=told["features"],
        thresholds=told["thresholds"],
    )


def encoded(model: Linear) -> bytes:
    """Return the bytes that ``parsed`` reads the same model from."""
    head = {
        "bits": model.bits,
        "intercept": model.intercept,
        "scale": model.scale,
        "features": dict(sorted(model.features.items())),
        "thresholds": dict(sorted(model.thresholds.items())),
    }
    return json.dumps(head).encode("utf-8") + b"\n" + model.weights.astype("<i2").tobytes()


@cache
def shipped(package: str, name: str) -> Linear:
    """Return the model in a file that ships in a package of evalkit, read once a process."""
    return parsed(files(package).joinpath(name).read_bytes(), f"{package}/{name}")
