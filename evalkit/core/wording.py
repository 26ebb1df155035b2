"""Numbers become words, the same in every output: a percentage, a difference, a limit, an interval.

Rates are percentages with one digit and their differences are points; ratios bear a ×; money has
three significant digits; an infinite limit is "no limit". A limit and an interval end that differ
are printed with as many digits as it takes to see it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol, TypeAlias

from evalkit.core.envelope import Kind, Limit, LimitKind
from evalkit.core.verdict import Estimate

NARROW = "\u202f"
SPACE = "\u00a0"
WARNING = "Warning: "
"""How a note of a verdict begins that every output has to pass on, those for machines too."""
MINUS = "\u2212"
TIMES = "×"
MOST_EXTRA_DIGITS = 5
NO_END = "a timeout"

Render: TypeAlias = Callable[[float, int], str]
"""A number and how many digits more than usual become text without a unit."""


class Line(Protocol):
    """One line of an envelope, as words need it: that of a result, of a plan, of a noise floor."""

    @property
    def name(self) -> str:
        """The name of the bound."""
        ...

    @property
    def metric(self) -> str:
        """What is measured."""
        ...

    @property
    def kind(self) -> Kind:
        """What sort of number it is."""
        ...

    @property
    def statistic(self) -> str:
        """What is taken of the values."""
        ...

    @property
    def on(self) -> str:
        """The slice; empty for the whole golden set."""
        ...

    @property
    def limit(self) -> Limit:
        """The acceptable region."""
        ...

    @property
    def unit(self) -> str:
        """What is printed behind a number."""
        ...

    @property
    def labels(self) -> tuple[str, str] | None:
        """The words for 1 and 0 of a rate."""
        ...


def value_text(value: float, kind: Kind, unit: str, *, extra: int = 0) -> str:
    r"""Return a measured value with its unit.

    >>> [value_text(v, Kind.TIME, "ms") for v in (980.2, 12_370)]
    ['980\xa0ms', '12.37\xa0s']
    >>> value_text(0.511, Kind.RATE, "")
    '51.1\xa0%'
    """
    if math.isinf(value):
        return "no limit"
    if kind is Kind.TIME and round(value, extra) >= 1000:
        return f"{_fixed(value / 1000, 2 + extra)}{SPACE}s"
    return _with_unit(_bare(kind, unit, value, extra), kind, unit)


def difference_text(value: float, kind: Kind, unit: str, *, extra: int = 0) -> str:
    r"""Return a difference with its sign and unit; that of two rates is in points.

    >>> difference_text(-0.128, Kind.RATE, "")
    '−12.8\xa0points'
    """
    if math.isinf(value):
        return "no limit"
    unit_text = "points" if kind is Kind.RATE else unit
    if unit == "usd":
        return _signed_money(value, _significant(abs(value), 3 + extra))
    text = _signed(_bare(kind, unit, value, extra), value)
    return f"{text}{SPACE}{unit_text}" if unit_text else text


def ratio_text(value: float, *, digits: int = 2) -> str:
    r"""Return a ratio to the baseline.

    >>> ratio_text(1.115, digits=3)
    '×\xa01.115'
    """
    return "no limit" if math.isinf(value) else f"{TIMES}{SPACE}{_fixed(value, digits)}"


def limit_text(limit: Limit, kind: Kind, unit: str) -> str:
    """Return a limit in words, such as ``within ±3 points of baseline`` or ``80 to 400 tokens``."""
    match limit.kind:
        case LimitKind.SHIFT:
            return f"{(limit.distance or 'ks').upper()} distance at most {_trimmed(limit.max or 0)}"
        case LimitKind.DELTA:
            return f"{_delta_limit(limit, kind, unit)} of baseline"
        case LimitKind.RATIO:
            return f"{_sides(limit, lambda x: f'{TIMES}{SPACE}{_trimmed(x)}')} of baseline"
    return _sides(limit, partial(_plain_limit, kind=kind, unit=unit))


def side_text(value: float, limit: Limit, kind: Kind, unit: str) -> str:
    """Return one side of a limit: ``−3 points``, ``× 1.1``, ``80 %``."""
    one = Limit(limit.kind, max=value, distance=limit.distance)
    return limit_text(one, kind, unit).replace("at most ", "").removesuffix(" of baseline")


def estimate_text(line: Line, estimate: Estimate) -> str:
    """Return the value of a bound's judged estimate; it is infinite where timeouts reach it."""
    if math.isinf(estimate.value):
        return NO_END
    digits = _ratio_digits(estimate.lower, estimate.upper)
    return _on_scale(line, estimate.value, _extra_digits(line, estimate), digits)


def point_text(line: Line, value: float) -> str:
    """Return a value on the scale that the limit of a line lies on, with its unit.

    A value that is not the limit is printed with as many digits as it takes to see it.
    """
    return _on_scale(line, value, _telling_digits(line, [value], _renderer(line, 2)), 2)


def span_text(line: Line, low: float, high: float) -> str:
    """Return two values on the scale of a line, the unit once: ``−1.2 to +1.3 points``."""
    digits = _ratio_digits(low, high)
    render = _renderer(line, digits)
    extra = _telling_digits(line, [low, high], render)
    last = _on_scale(line, high, extra, digits)
    if line.limit.kind is LimitKind.RATIO and math.isfinite(low):
        return (
            f"{TIMES}{SPACE}{_end_text(low, render, extra)} to {last.removeprefix(TIMES + SPACE)}"
        )
    return f"{_end_text(low, render, extra)} to {last}"


def end_text(line: Line, estimate: Estimate, end: float) -> str:
    """Return one finite end of a judged interval, with the digits it has in the interval."""
    return value_text(end, line.kind, line.unit, extra=_extra_digits(line, estimate))


def interval_text(line: Line, estimate: Estimate) -> str:
    """Return the interval of a bound's judged estimate, its unit once: ``+72.6 to +76.5``."""
    extra = _extra_digits(line, estimate)
    render = _renderer(line, _ratio_digits(estimate.lower, estimate.upper))
    low = NO_END if estimate.lower == math.inf else _end_text(estimate.lower, render, extra)
    high = _end_text(estimate.upper, render, extra)
    suffix = f"{SPACE}%" if line.kind is Kind.RATE and line.limit.kind is LimitKind.ABSOLUTE else ""
    return f"{low} to {high}{'' if math.isinf(estimate.upper) else suffix}"


def _end_text(end: float, render: Render, extra: int) -> str:
    return "no limit" if math.isinf(end) else render(end, extra)


def money_text(usd: float) -> str:
    """Return an amount of money.

    >>> money_text(0.00213), money_text(1041.5)
    ('$0.00213', '$1,042')
    """
    return f"${_significant(usd, 3)}"


def count_text(count: int, noun: str) -> str:
    """Return a count with its noun in the right number.

    >>> count_text(1, "case"), count_text(1506, "case")
    ('1 case', '1,506 cases')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def duration_text(seconds: float) -> str:
    r"""Return how long something takes, as people say it.

    >>> [duration_text(s) for s in (42.3, 720, 8_100)]
    ['42\xa0s', '12\xa0min', '2.2\xa0h']
    """
    if round(seconds) < 100:
        return f"{max(1, round(seconds))}{SPACE}s"
    if seconds < 100 * 60:
        return f"{round(seconds / 60)}{SPACE}min"
    return f"{_fixed(seconds / 3600, 1)}{SPACE}h"


# ---------------------------------------------------------------- limits


def _sides(limit: Limit, render: Callable[[float], str]) -> str:
    if limit.min is None:
        assert limit.max is not None
        return f"at most {render(limit.max)}"
    if limit.max is None:
        return f"at least {render(limit.min)}"
    low, high = render(limit.min), render(limit.max)
    unit = low[low.rfind(SPACE) :] if SPACE in low and not low.startswith(TIMES) else ""
    return f"{low.removesuffix(unit) if unit and high.endswith(unit) else low} to {high}"


def _plain_limit(value: float, *, kind: Kind, unit: str) -> str:
    if kind is Kind.RATE:
        return f"{_trimmed(100 * value)}{SPACE}%"
    if kind is Kind.TIME and value >= 1000:
        return f"{_trimmed(value / 1000)}{SPACE}s"
    return _with_unit(_trimmed(value), kind, unit)


def _delta_limit(limit: Limit, kind: Kind, unit: str) -> str:
    scale = 100 if kind is Kind.RATE else 1
    unit_text = "points" if kind is Kind.RATE else unit

    def side(value: float) -> str:
        if unit == "usd":
            return _signed_money(value, _trimmed(abs(value)))
        text = f"{'+' if value > 0 else ''}{_trimmed(scale * value)}"
        return f"{text}{SPACE}{unit_text}" if unit_text else text

    if limit.min is not None and limit.max is not None and limit.min == -limit.max:
        return f"within ±{side(limit.max).removeprefix('+')}"
    return _sides(limit, side)


# ---------------------------------------------------------------- digits


def _on_scale(line: Line, value: float, extra: int, ratio_digits: int) -> str:
    match line.limit.kind:
        case LimitKind.DELTA:
            return difference_text(value, line.kind, line.unit, extra=extra)
        case LimitKind.RATIO:
            return ratio_text(value, digits=ratio_digits + extra)
        case LimitKind.SHIFT:
            return _fixed(value, 3 + extra)
    return value_text(value, line.kind, line.unit, extra=extra)


def _renderer(line: Line, ratio_digits: int) -> Render:
    kind, unit = line.kind, line.unit
    match line.limit.kind:
        case LimitKind.DELTA:
            if unit == "usd":
                return lambda x, extra: difference_text(x, kind, unit, extra=extra)
            return lambda x, extra: _signed(_bare(kind, unit, x, extra), x)
        case LimitKind.RATIO:
            return lambda x, extra: _fixed(x, ratio_digits + extra)
        case LimitKind.SHIFT:
            return lambda x, extra: _fixed(x, 3 + extra)
    if kind is Kind.TIME:
        return lambda x, extra: value_text(x, kind, unit, extra=extra)
    sign = "$" if unit == "usd" else ""
    return lambda x, extra: sign + _bare(kind, unit, x, extra)


def _extra_digits(line: Line, estimate: Estimate) -> int:
    ends = [estimate.lower, estimate.upper]
    return _telling_digits(line, ends, _renderer(line, _ratio_digits(*ends)))


def _telling_digits(line: Line, ends: Iterable[float], render: Render) -> int:
    """Return how many digits it takes until ends that differ from a limit are seen to differ."""
    limits = [limit for limit in (line.limit.min, line.limit.max) if limit is not None]
    pairs = [
        (end, limit)
        for end in ends
        for limit in limits
        if math.isfinite(end) and not math.isclose(end, limit, rel_tol=1e-9, abs_tol=1e-9)
    ]
    for extra in range(MOST_EXTRA_DIGITS):
        if all(render(end, extra) != render(limit, extra) for end, limit in pairs):
            return extra
    return MOST_EXTRA_DIGITS


def _ratio_digits(low: float, high: float) -> int:
    return 3 if high - low < 0.05 else 2


def _bare(kind: Kind, unit: str, value: float, extra: int) -> str:
    if kind is Kind.RATE:
        return _fixed(100 * value, 1 + extra)
    if kind is Kind.SCORE:
        return _fixed(value, 3 + extra)
    if unit == "usd":
        return _significant(value, 3 + extra)
    if kind is Kind.TIME:
        return _fixed(value, extra)
    return _fixed(value, (0 if abs(value) >= 100 else 1) + extra)


def _with_unit(text: str, kind: Kind, unit: str) -> str:
    if kind is Kind.RATE:
        return f"{text}{SPACE}%"
    if unit == "usd":
        return f"${text}"
    return f"{text}{SPACE}{unit}" if unit else text


def _signed(text: str, value: float) -> str:
    return text if value < 0 or float(text.replace(",", "")) == 0 else f"+{text}"


def _signed_money(value: float, text: str) -> str:
    return f"{MINUS if value < 0 else '+' if value > 0 else ''}${text}"


def _fixed(value: float, digits: int) -> str:
    text = f"{value:,.{digits}f}"
    if text.startswith("-"):
        text = text[1:] if float(text.replace(",", "")) == 0 else MINUS + text[1:]
    return text


def _significant(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return _fixed(value, places)


def _trimmed(value: float) -> str:
    text = f"{value:.12g}"
    if "e" in text:
        text = f"{value:.15f}".rstrip("0").rstrip(".")
    return text.replace("-", MINUS)
