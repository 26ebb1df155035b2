"""Our own beta, t and binomial distributions agree with exact sums and with scipy."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special as scipy_special

from evalkit.stats import special
from evalkit.stats.special import (
    beta_cdf,
    beta_quantile,
    binomial_cdf,
    log_beta_cdf,
    log_beta_density,
    t_cdf,
    t_quantile,
)

SHAPES = st.floats(-0.3, 7).map(lambda power: 10.0**power)
SHARES = st.floats(1e-12, 1 - 1e-12)
FREEDOMS = st.floats(0.0, 6.0).map(lambda power: 10.0**power)


def exact_beta_cdf(x: float, a: int, b: int) -> float:
    """Return P(at least a successes in a + b − 1 trials), summed in sixty digits."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 60, -(10**12), 10**12
        success, trials = Decimal(x), a + b - 1
        ways, total = Decimal(1), Decimal(0)
        for failures in range(b):
            total += ways * success ** (trials - failures) * (1 - success) ** failures
            ways = ways * (trials - failures) / (failures + 1)
        return float(total)


def exact_log_beta_cdf(x: float, a: int, b: int) -> float:
    """Return the logarithm of the same sum, however small it is."""
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 60, -(10**12), 10**12
        success, trials = Decimal(x), a + b - 1
        terms = (
            math.comb(trials, k) * success**k * (1 - success) ** (trials - k)
            for k in range(a, trials + 1)
        )
        return float(sum(terms, Decimal(0)).ln())


# ---------------------------------------------------------------- the incomplete beta function


@pytest.mark.parametrize(
    ("x", "a", "b"),
    [
        (0.3, 20, 50),
        (0.95, 960, 50),
        (0.5, 300, 300),
        (0.99993, 1_059_665, 59),
        (0.9999909266917794, 4_838_488, 41),
        (0.9999990422931907, 6_659_818, 5),
        (1 - 1e-8, 100_000_000, 3),
        (1e-9, 3, 7),
    ],
)
def test_the_beta_distribution_is_the_exact_sum_of_binomial_terms(x: float, a: int, b: int) -> None:
    assert beta_cdf(x, a, b) == pytest.approx(exact_beta_cdf(x, a, b), rel=2e-14)


@given(a=SHAPES, b=SHAPES, share=SHARES)
@settings(derandomize=True, deadline=None, max_examples=300)
def test_the_beta_distribution_agrees_with_scipy(a: float, b: float, share: float) -> None:
    x = float(scipy_special.betaincinv(a, b, share))
    # Either library may lose eleven digits of x itself where x is all but 1.
    lost = 4 * math.ulp(1.0) * (a + b) * (0.5 if x < 0.5 else 1.0)
    expected = float(scipy_special.betainc(a, b, x))
    assert beta_cdf(x, a, b) == pytest.approx(expected, rel=1e-11, abs=min(lost, 1e-11))


@given(a=SHAPES, b=SHAPES, x=st.floats(0, 1))
@settings(derandomize=True, deadline=None)
def test_both_tails_of_a_beta_distribution_add_to_one(a: float, b: float, x: float) -> None:
    rest = 1 - x
    both = beta_cdf(x, a, b, complement=rest) + beta_cdf(rest, b, a, complement=x)
    assert both == pytest.approx(1, abs=1e-12)


def test_nothing_lies_beyond_the_ends_of_a_beta_distribution() -> None:
    assert [beta_cdf(x, 2, 3) for x in (-0.5, 0.0, 1.0, 1.5)] == [0, 0, 1, 1]


def test_a_complement_says_what_one_minus_x_has_lost() -> None:
    # P(no failure in 10^18 trials that fail once in 10^18) is 1/e; 1 − 1e-18 is 1 in float64.
    assert beta_cdf(1.0, 1e18, 1, complement=1e-18) == pytest.approx(math.exp(-1), rel=1e-12)
    assert beta_cdf(1.0, 1e18, 1) == 1.0


def test_what_is_no_number_stays_none_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(special, "MOST_TERMS", 50)
    assert math.isnan(beta_cdf(math.nan, 2, 3))


# ---------------------------------------------------------------- its quantiles


@given(a=SHAPES, b=SHAPES, p=st.floats(1e-9, 1 - 1e-9))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_a_beta_quantile_is_where_the_distribution_reaches_the_share(
    a: float, b: float, p: float
) -> None:
    x = beta_quantile(p, a, b)
    around = [max(x - 4e-16 - 1e-13 * x, 0.0), min(x + 4e-16 + 1e-13 * x, 1.0)]
    low, high = (float(scipy_special.betainc(a, b, each)) for each in around)
    assert low - 1e-11 <= p <= high + 1e-11


@given(a=SHAPES, b=SHAPES, p=SHARES, q=SHARES)
@settings(derandomize=True, deadline=None)
def test_beta_quantiles_rise_with_the_share(a: float, b: float, p: float, q: float) -> None:
    low, high = sorted((p, q))
    assert beta_quantile(low, a, b) <= beta_quantile(high, a, b) * (1 + 1e-12) + 1e-15


def test_the_ends_of_a_beta_distribution_are_its_outermost_quantiles() -> None:
    assert [beta_quantile(p, 2, 3) for p in (-0.1, 0.0, 1.0, 1.1)] == [0, 0, 1, 1]


@pytest.mark.parametrize("p", [1e-9, 0.05, 0.5, 0.95, 1 - 1e-9])
def test_shapes_of_one_have_quantiles_in_closed_form(p: float) -> None:
    assert beta_quantile(p, 7, 1) == pytest.approx(p ** (1 / 7), rel=1e-14)
    assert beta_quantile(p, 1, 7) == pytest.approx(-math.expm1(math.log1p(-p) / 7), rel=1e-14)


def test_a_quantile_too_small_to_be_found_is_almost_nothing() -> None:
    assert 0 < beta_quantile(1e-25, 0.05, 2.0) < 1e-55


# ---------------------------------------------------------------- Student's t


@given(freedom=FREEDOMS, t=st.floats(-40, 40))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_students_t_agrees_with_scipy(freedom: float, t: float) -> None:
    assert t_cdf(t, freedom) == pytest.approx(float(scipy_special.stdtr(freedom, t)), rel=2e-11)


@given(freedom=FREEDOMS, p=st.floats(1e-6, 1 - 1e-6))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_quantiles_of_t_agree_with_scipy(freedom: float, p: float) -> None:
    expected = float(scipy_special.stdtrit(freedom, p))
    found = t_quantile(p, freedom)
    # The digits that t² loses beside the degrees of freedom.
    assert found**2 == pytest.approx(expected**2, rel=1e-10, abs=1e-15 * freedom)
    assert math.copysign(1, found) == math.copysign(1, p - 0.5) or abs(p - 0.5) < 1e-6


@pytest.mark.parametrize("freedom", [1, 9.5, 49, 1e6])
@pytest.mark.parametrize("alpha", [0.001, 0.05, 0.4])
def test_a_quantile_of_t_leaves_alpha_beyond_it(freedom: float, alpha: float) -> None:
    t = t_quantile(1 - alpha, freedom)
    assert t_cdf(-t, freedom) == pytest.approx(alpha, rel=1e-9)
    assert t_quantile(alpha, freedom) == pytest.approx(-t, rel=1e-9)


def test_the_middle_and_the_ends_of_t_are_known() -> None:
    assert t_quantile(0.5, 3) == 0
    assert [t_cdf(t, 3) for t in (-math.inf, 0.0, math.inf)] == [0, 0.5, 1]


# ---------------------------------------------------------------- binomial


@given(trials=st.integers(1, 60), share=st.fractions(0, 1, max_denominator=50), data=st.data())
@settings(derandomize=True, deadline=None)
def test_a_binomial_probability_is_the_sum_of_its_terms(
    trials: int, share: Fraction, data: st.DataObject
) -> None:
    successes = data.draw(st.integers(-1, trials))
    exact = sum(
        math.comb(trials, x) * share**x * (1 - share) ** (trials - x) for x in range(successes + 1)
    )
    found = binomial_cdf(successes, trials, float(share))
    assert found == pytest.approx(float(exact), rel=1e-12, abs=1e-14)


def test_rare_successes_keep_their_digits() -> None:
    # 1 − 1e-17 is 1 in float64, where nothing could ever happen.
    assert binomial_cdf(0, 10**17, 1e-17) == pytest.approx(math.exp(-1), rel=1e-12)


# ---------------------------------------------------------------- logarithms


@pytest.mark.parametrize(
    ("x", "a", "b"),
    [
        (1e-5, 200, 300),
        (1e-300, 7, 3),
        (0.01, 900, 100),
        (0.3, 20, 50),
        (0.5, 300, 300),
        (0.9, 20, 50),
        (0.999, 3, 400),
    ],
)
def test_the_logarithm_of_a_beta_tail_keeps_its_digits_however_small_it_is(
    x: float, a: int, b: int
) -> None:
    exact = exact_log_beta_cdf(x, a, b)
    assert log_beta_cdf(x, a, b) == pytest.approx(exact, rel=2e-14, abs=1e-300)


@given(a=SHAPES, b=SHAPES, share=SHARES)
@settings(derandomize=True, deadline=None, max_examples=200)
def test_the_logarithm_of_the_beta_distribution_is_that_of_its_value(
    a: float, b: float, share: float
) -> None:
    x = float(scipy_special.betaincinv(a, b, share))
    value = beta_cdf(x, a, b)
    if 1e-300 < value < 1 - 1e-3:
        assert log_beta_cdf(x, a, b) == pytest.approx(math.log(value), rel=1e-13, abs=1e-13)


def test_the_logarithm_of_the_whole_and_of_nothing() -> None:
    assert (log_beta_cdf(0.0, 2, 3), log_beta_cdf(1.0, 2, 3)) == (-math.inf, 0)
    # The upper tail, where the distribution is all but 1: P(X > 1 − 1e-20) = 1e-60 for Beta(1, 3).
    assert log_beta_cdf(1e-20, 3, 1, complement=1.0) == pytest.approx(-60 * math.log(10))


@given(a=SHAPES, b=SHAPES, x=st.floats(1e-9, 1 - 1e-9))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_the_logarithm_of_a_beta_density_agrees_with_scipy(a: float, b: float, x: float) -> None:
    parts = (a * math.log(x), b * math.log1p(-x), float(scipy_special.betaln(a, b)))
    # These three, and the log-gammas behind the last, lose digits where they cancel.
    lost = 1e-15 * (sum(map(abs, parts)) + (a + b) * math.log(2 + a + b)) + 1e-11
    assert log_beta_density(x, a, b) == pytest.approx(parts[0] + parts[1] - parts[2], abs=lost)
