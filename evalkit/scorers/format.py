"""In which form is the answer: lists, headings, tables, code, bold, emoji?"""

from __future__ import annotations

from evalkit.features.markdown import PLAIN, UNNAMED, emoji, structure
from evalkit.scorers import Case, Example, Kind, Sample, Score, Value, scorer

_TABLE = "| a | b |\n|---|---|\n| 1 | 2 |"
_FENCE = "Run:\n\n```python\nprint('*')\n```"


@scorer(
    "format",
    values=[
        Value("markdown", Kind.RATE, labels=("Markdown", "plain text")),
        Value("bullets", Kind.AMOUNT, unit="items"),
        Value("ordered", Kind.AMOUNT, unit="items"),
        Value("headings", Kind.AMOUNT, unit="headings"),
        Value("tables", Kind.AMOUNT, unit="tables"),
        Value("code_blocks", Kind.AMOUNT, unit="blocks"),
        Value("bold", Kind.AMOUNT, unit="spans"),
        Value("links", Kind.AMOUNT, unit="links"),
        Value("quotes", Kind.AMOUNT, unit="quotes"),
        Value("emoji", Kind.AMOUNT, unit="emoji"),
        Value("bullet_style", Kind.CATEGORY),
        Value("code_language", Kind.CATEGORY),
    ],
    examples=[
        Example("Plain words, 2 * 3 = 6.", (*(0.0,) * 10, "none", "none")),
        Example(
            "## Two points\n\n- **one**\n- two",
            (1.0, 2.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, "-", "none"),
        ),
        Example(
            "1. First\n2. Then\n   * more\n\n• last",
            (1.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, "mixed", "none"),
            note="CommonMark knows no •, and readers do",
        ),
        Example(_TABLE, (1.0, *(0.0,) * 3, 1.0, *(0.0,) * 5, "none", "none")),
        Example(_FENCE, (1.0, *(0.0,) * 4, 1.0, *(0.0,) * 4, "none", "python")),
        Example(
            "> As [they](https://a.example) say: see https://b.example 🙂",
            (1.0, *(0.0,) * 6, 2.0, 1.0, 1.0, "none", "none"),
        ),
        Example("👨‍👩‍👧 🇩🇪", (*(0.0,) * 9, 2.0, "none", "none"), note="a joined sequence is one"),
        Example("", (*(0.0,) * 10, "none", "none")),
    ],
)
def form(_case: Case, sample: Sample) -> Score:
    """Counts the structure of the answer as CommonMark with tables reads it.

    `markdown` = 1 where there is any structure. `bullets` and `ordered` are the items of lists,
    nested ones included; `headings`, `tables`, `code_blocks` (fenced), `bold` spans, `links`
    (bare addresses too), block `quotes`, and `emoji` are how many of each stand in the answer.
    `bullet_style` is `-`, `*`, `+`, `•`, `mixed` or `none`, `code_language` that of the first
    fence; hold a category with `shift`. What stands in fenced code counts for nothing else.
    """
    text = sample.output
    assert text is not None
    found = structure(text)
    counts = (
        *(found.bullets, found.ordered, found.headings, found.tables, found.fences),
        *(found.bold, found.links, found.quotes, emoji(text)),
    )
    language = found.languages[0] if found.languages else UNNAMED
    any_structure = float(found != PLAIN)
    return Score((any_structure, *map(float, counts), found.bullet_style, language))
