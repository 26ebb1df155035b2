"""Plug-ins are found by looking; one that cannot be loaded is an error when it is asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from evalkit.core.envelope import NON_NEGATIVE, UNIT_INTERVAL, Kind, Support
from evalkit.core.errors import PluginError, UsageError
from evalkit.core.model import Arm, Case, Sample, Score, Unscored
from evalkit.core.ports import NoOptions, ProviderPlugin, ScorerPlugin, Value
from evalkit.core.registry import PROVIDERS, SCORERS, Registry, scorer

CASE = Case("a", "q")
SAMPLE = Sample("a", Arm.CANDIDATE, output="a refund, please")

MENTIONS = '''
from __future__ import annotations

from dataclasses import dataclass

from evalkit.scorers import Case, Kind, Sample, Value, scorer


@dataclass(frozen=True, slots=True)
class Options:
    """What to look for."""

    word: str = "refund"
    later: Options | None = None


@scorer("mentions", values=[Value("mentioned", Kind.RATE)], options=Options, version=3)
def mentions(case: Case, sample: Sample, options: Options) -> bool:
    """Looks for a word."""
    return options.word in sample.output
'''

FUTURE = "from __future__ import annotations"


def registry() -> Registry[ScorerPlugin]:
    """Return a registry that has looked nowhere yet."""
    return Registry("scorers", ScorerPlugin, files=True)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return how a distribution with scorers of strangers gets installed."""

    def do(entry_points: dict[str, str], **modules: str) -> None:
        site = tmp_path / "site"
        info = site / "stranger-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
        lines = [f"{name} = {target}" for name, target in entry_points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[evalkit.scorers]", *lines, ""]))
        for name, text in modules.items():
            (site / f"{name}.py").write_text(dedent(text))
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.syspath_prepend(str(site))

    return do


# ---------------------------------------------------------------- built-ins


def test_a_built_in_is_found_by_its_name() -> None:
    assert SCORERS.get("length").name == "length"
    assert PROVIDERS.get("replay").name == "replay"
    assert "length" in registry().names()
    assert list(registry().built_in()) == sorted(registry().built_in())


def test_every_built_in_stands_in_the_module_of_its_name() -> None:
    for name, plugin in SCORERS.built_in().items():
        assert plugin.name == name
        assert f"evalkit.scorers.{name}" in sys.modules


def test_a_built_in_may_stand_in_a_module_of_another_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    room = tmp_path / "evalkit_room"
    room.mkdir()
    (room / "__init__.py").write_text("")
    (room / "words.py").write_text(MENTIONS)
    monkeypatch.syspath_prepend(str(tmp_path))
    looked: Registry[ScorerPlugin] = Registry("scorers", ScorerPlugin)
    monkeypatch.setattr(looked, "_room", "evalkit_room")
    assert looked.get("mentions").id == "mentions@3"
    with pytest.raises(UsageError, match=r"unknown scorer 'words' \(known: mentions\)"):
        looked.get("words")


def test_a_name_with_a_dash_stands_in_the_module_with_an_underscore(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    room = tmp_path / "evalkit_dashes"
    room.mkdir()
    (room / "__init__.py").write_text("")
    (room / "two_words.py").write_text(MENTIONS.replace('"mentions"', '"two-words"'))
    (room / "other.py").write_text("raise RuntimeError('nobody asked for it')")
    monkeypatch.syspath_prepend(str(tmp_path))
    looked: Registry[ScorerPlugin] = Registry("scorers", ScorerPlugin)
    monkeypatch.setattr(looked, "_room", "evalkit_dashes")
    assert looked.get("two-words").name == "two-words"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("toxcity", "unknown scorer 'toxcity'; did you mean 'toxicity'? (known: choice, "),
        ("", "unknown scorer '' (known: "),
        ("__init__", "unknown scorer '__init__' (known: "),
        ("length.words", "unknown scorer 'length.words'; did you mean"),
        ("../length", "unknown scorer '../length'; did you mean 'length'?"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(name: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        SCORERS.get(name)
    assert str(caught.value).startswith(message)


# ---------------------------------------------------------------- strangers


def test_a_stranger_is_found_by_its_entry_point(install: Callable[..., None]) -> None:
    install({"mentions": "stranger_words:mentions"}, stranger_words=MENTIONS)
    found = registry()
    assert "mentions" in found.names()
    assert "mentions" not in found.built_in()
    assert found.get("mentions").id == "mentions@3"


def test_a_built_in_is_not_replaced_by_a_stranger(install: Callable[..., None]) -> None:
    install({"length": "stranger_words:mentions"}, stranger_words=MENTIONS)
    assert registry().get("length").name == "length"


@pytest.mark.parametrize(
    ("target", "module", "reason"),
    [
        (
            "stranger_bad:x",
            "import no_such_module_anywhere",
            "ModuleNotFoundError: No module named",
        ),
        ("stranger_bad:x", "raise ValueError('half installed')", "ValueError: half installed"),
        ("stranger_bad:x", "def x(:", "SyntaxError: "),
        ("stranger_bad:x", "", "AttributeError: "),
        ("stranger_bad:x", "raise SystemExit(0)", "SystemExit: 0"),
        ("no_such_module_at_all:x", "", "ModuleNotFoundError: No module named"),
    ],
)
def test_a_stranger_that_fails_to_load_is_an_error_only_when_asked_for(
    install: Callable[..., None], target: str, module: str, reason: str
) -> None:
    install({"broken": target}, stranger_bad=module)
    found = registry()
    assert "broken" in found.names()
    assert found.get("length").name == "length"
    with pytest.raises(PluginError) as caught:
        found.get("broken")
    assert str(caught.value).startswith(f"scorer 'broken' of {target} could not be loaded: ")
    assert reason in str(caught.value)


def test_an_entry_point_must_lead_to_a_declaration(install: Callable[..., None]) -> None:
    install({"number": "stranger_number:x"}, stranger_number="x = 3")
    with pytest.raises(PluginError) as caught:
        registry().get("number")
    assert str(caught.value) == (
        "scorer 'number': stranger_number:x is a int, expected a ScorerPlugin"
    )


# ---------------------------------------------------------------- files


def test_a_scorer_in_a_file_is_asked_for_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "my scorer.py"
    path.write_text(MENTIONS)
    found = SCORERS.get(str(path))
    assert found.id == "mentions@3"
    assert found(CASE, SAMPLE, found.options()).values == (1.0,)
    assert found(CASE, SAMPLE, found.options(word="invoice")).values == (0.0,)
    assert SCORERS.get(str(path)) is found


def test_two_files_of_one_name_are_two_scorers(tmp_path: Path) -> None:
    for version, folder in enumerate(("one", "two"), start=1):
        (tmp_path / folder).mkdir()
        text = MENTIONS.replace("version=3", f"version={version}")
        (tmp_path / folder / "mentions.py").write_text(text)
    assert SCORERS.get(str(tmp_path / "one" / "mentions.py")).version == 1
    assert SCORERS.get(str(tmp_path / "two" / "mentions.py")).version == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected one scorer in the file, found none"),
        ("x = 3", "expected one scorer in the file, found none"),
        (
            MENTIONS + MENTIONS.replace("mentions", "others").replace(FUTURE, ""),
            "expected one scorer in the file, found mentions, others",
        ),
        ("def x(:", "could not be loaded: SyntaxError: "),
        ("1 / 0", "could not be loaded: ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(0)", "could not be loaded: SystemExit: 0"),
        ("import no_such_module_anywhere", "could not be loaded: ModuleNotFoundError: No module"),
        (
            MENTIONS.replace('[Value("mentioned", Kind.RATE)]', "[]"),
            "scorer 'mentions': expected values with names of their own, found []",
        ),
        (
            MENTIONS.replace("options=Options", "options=dict"),
            "scorer 'mentions': expected a dataclass as options, found <class 'dict'>",
        ),
        (
            MENTIONS.replace("options=Options", "options=Options()"),
            "scorer 'mentions': expected a dataclass as options, found Options(",
        ),
    ],
)
def test_a_file_without_one_sound_scorer_is_an_error_with_its_cause(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    before = set(sys.modules)
    with pytest.raises(PluginError) as caught:
        SCORERS.get(str(path))
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    if "could not be loaded" in str(caught.value):
        assert set(sys.modules) <= before, "half a module stays behind"


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.py", tmp_path):
        name = str(path if path.suffix else path / "folder.py")
        (tmp_path / "folder.py").mkdir(exist_ok=True)
        with pytest.raises(PluginError, match="expected a Python file, found none"):
            SCORERS.get(name)


def test_a_provider_in_a_file_is_never_run(tmp_path: Path) -> None:
    path = tmp_path / "evil.py"
    path.write_text(f"from pathlib import Path\nPath({str(tmp_path / 'ran')!r}).touch()\n")
    with pytest.raises(UsageError, match="unknown provider"):
        PROVIDERS.get(str(path))
    assert not (tmp_path / "ran").exists()


# ---------------------------------------------------------------- declarations


@dataclass(frozen=True, slots=True)
class Options:
    """An option."""

    word: str = "refund"


def test_a_scorer_may_answer_in_short_forms() -> None:
    answers = {
        True: (1.0,), 0: (0.0,), 2.5: (2.5,), "category": ("category",),
        Unscored("no text"): (Unscored("no text"),), Score((1.0, 2.0)): (1.0, 2.0),
    }  # fmt: skip
    for answer, values in answers.items():
        declared = scorer("short", values=[Value("value", Kind.RATE)])(lambda *_, a=answer: a)
        assert declared(CASE, SAMPLE, NoOptions()).values == values


def test_a_scorer_is_handed_options_only_where_it_declares_some() -> None:
    seen: list[tuple[object, ...]] = []

    def function(*given: object) -> float:
        """Say nothing."""
        seen.append(given)
        return 0.0

    without = scorer("x", values=[Value("value", Kind.RATE)])(function)
    having = scorer("x", values=[Value("value", Kind.RATE)], options=Options)(function)
    without(CASE, SAMPLE, NoOptions())
    having(CASE, SAMPLE, Options("b"))
    assert seen == [(CASE, SAMPLE), (CASE, SAMPLE, Options("b"))]
    assert having.doc == "Say nothing."
    assert scorer("x", values=[Value("v", Kind.RATE)])(lambda *_: 0.0).doc == ""


@pytest.mark.parametrize(
    ("value", "support"),
    [
        (Value("x", Kind.RATE), UNIT_INTERVAL),
        (Value("x", Kind.SCORE), UNIT_INTERVAL),
        (Value("x", Kind.AMOUNT), NON_NEGATIVE),
        (Value("x", Kind.TIME), NON_NEGATIVE),
        (Value("x", Kind.SCORE, Support(1, 5)), Support(1, 5)),
    ],
)
def test_the_support_of_a_value_follows_from_its_kind(value: Value, support: Support) -> None:
    assert value.natural_support == support


def test_two_values_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="expected values with names of their own"):
        scorer("x", values=[Value("v", Kind.RATE), Value("v", Kind.SCORE)])


def test_a_provider_declares_options_of_its_own() -> None:
    plugin = PROVIDERS.get("replay")
    assert isinstance(plugin, ProviderPlugin)
    assert plugin.doc
