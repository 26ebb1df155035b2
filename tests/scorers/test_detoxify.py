"""The detoxify scorer asks a package that is not needed otherwise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
from evalkit.core.model import Arm, Case, Sample
from evalkit.core.registry import SCORERS
from evalkit.scorers import Unscored
plugin = SCORERS.get("detoxify")
sample = Sample("case", Arm.CANDIDATE, output="It is fine. You are vile. Bye.")
print(plugin(Case("case", ""), sample, plugin.options(model="unbiased")).values)
"""
FAKE = """
class Detoxify:
    def __init__(self, name):
        assert name == "unbiased"

    def predict(self, texts):
        assert texts == ["It is fine. You are vile. Bye.", "It is fine.", "You are vile.", "Bye."]
        return {"toxicity": [0.25, 0.125, 0.75, 0.0], "insult": [0.0] * 4}
"""


def _said(packages: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env={"PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_worst_sentence_counts(tmp_path: Path) -> None:
    (tmp_path / "detoxify.py").write_text(FAKE, encoding="utf-8")
    assert _said(tmp_path) == "(0.75, 1.0)\n"


def test_without_the_package_nothing_is_scored_and_the_extra_is_named(tmp_path: Path) -> None:
    # A module that cannot be imported stands for one that is not there, wherever this runs.
    (tmp_path / "detoxify.py").write_text("raise ImportError", encoding="utf-8")
    assert "pip install 'evalkit-gate[detoxify]'" in _said(tmp_path)
