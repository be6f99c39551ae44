import pytest
from scipy.stats import binom

from fakeid.evaluation.records.results import UNKNOWN, Estimate
from fakeid.evaluation.statistics.intervals import wilson_interval
from fakeid.evaluation.verdict import Trial, Verdict


def bounds(low, high):
    return Estimate((low + high) / 2, low, high)


GOOD = {"auroc": bounds(0.9, 0.98), "false_positives": bounds(0.02, 0.08), "found": bounds(0.7, 0.9)}


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Verdict.PASSES),
        ({"auroc": bounds(0.1, 0.49)}, Verdict.INVERTED),
        ({"auroc": bounds(0.45, 0.6)}, Verdict.AT_CHANCE),
        ({"auroc": bounds(0.45, 0.9)}, Verdict.UNDECIDED),
        ({"auroc": UNKNOWN}, Verdict.UNKNOWN),
        ({"false_positives": bounds(0.04, 0.12)}, Verdict.UNDECIDED),
        ({"false_positives": bounds(0.11, 0.3)}, Verdict.FAILS),
        ({"false_positives": bounds(0.11, 0.3), "wished": 0.2}, Verdict.PASSES),
        ({"false_positives": UNKNOWN}, Verdict.UNKNOWN),
        ({"found": bounds(0.4, 0.6)}, Verdict.UNDECIDED),
        ({"found": bounds(0.2, 0.49)}, Verdict.FAILS),
        ({"found": UNKNOWN}, Verdict.UNKNOWN),
    ],
)
def test_the_end_of_each_interval_that_speaks_against_it_decides(changed, verdict):
    assert Trial(**{**GOOD, **changed}).judge() is verdict


@pytest.mark.parametrize("num", [50, 200])
@pytest.mark.parametrize("limit", ["false positives", "found"])
def test_at_a_limit_the_rule_is_rarely_wrong(num, limit):
    """Exact, over all outcomes: if the rate equals the limit, neither verdict is right."""
    rate = 0.1 if limit == "false positives" else 0.5
    claimed = {Verdict.PASSES: 0.0, Verdict.FAILS: 0.0}
    for count in range(num + 1):
        low, high = wilson_interval(count, num)
        measured = Estimate(count / num, low, high)
        verdict = Trial(**{**GOOD, limit.replace(" ", "_"): measured}).judge()
        if verdict in claimed:
            claimed[verdict] += float(binom.pmf(count, num, rate))
    # A 95 % Wilson interval leaves about 2.5 % on each side, slightly more because the binomial is discrete.
    assert claimed[Verdict.PASSES] < 0.04
    assert claimed[Verdict.FAILS] < 0.04
    assert min(claimed.values()) > 0.0
