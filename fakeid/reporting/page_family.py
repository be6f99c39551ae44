"""One correction for all that a page says of differences, so that its tables and its sentences agree."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from fakeid.reporting.claims import Claim, Claims
from fakeid.reporting.effects import Effect
from fakeid.reporting.judged import correct_judged


def correct_page(claims: Claims, effects: Sequence[Effect]) -> tuple[Claims, list[Effect]]:
    """Correct all comparisons and effects of a page by Holm together, accuracy and AUROC alike.

    Where no configuration differs from another, at most 1 page in 20 calls anything significant, in whichever table or
    sentence. It starts from the uncorrected p-values, so correcting twice changes nothing.
    """
    tables = correct_judged(claims.settings, claims.categories, claims.pairs, effects)
    settings, categories, pairs = (cast(list[Claim], table) for table in tables[:3])
    corrected = replace(claims, settings=settings, categories=categories, pairs=pairs)
    return corrected, cast(list[Effect], tables[3])
