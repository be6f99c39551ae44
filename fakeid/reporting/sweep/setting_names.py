"""Short names for settings that differ in many options, budgets apart, and what the names stand for."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any, Final, TypeVar

from fakeid.config.identity import find_default, flatten, label_options, list_differences
from fakeid.config.options import list_options
from fakeid.config.parse import Config

_LONGEST_NAME: Final = 48  # characters; with a longer one among them, all settings of a report have short names
_LONGEST_BUDGET: Final = 24
_BUDGET: Final = tuple(each.path for each in list_options(Config) if each.budget)
"""What a training may spend. Trainings that spend differently are not ranked against each other."""

_Options = dict[str, Any]
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class OptionNames:
    """What tells a run apart, beside the axes of the paper.

    Attributes:
        variant: The options in which it differs from runs of the same budget, each with its value.
        budget: What it has in common with these and not with runs of another budget; empty where all have one budget.
        short_variant: Short for the variant: options that most runs have left out, or a letter.
        short_budget: Short for the budget.
        left_out: The options and values that short variants leave out.
    """

    variant: str
    budget: str
    short_variant: str
    short_budget: str
    left_out: str = ""

    @property
    def is_short(self) -> bool:
        """Whether anything must be explained."""
        return (self.variant, self.budget) != (self.short_variant, self.short_budget)


def name_options(
    configs: Sequence[Mapping[str, Any]], leads: Sequence[str], axes: Collection[str]
) -> list[OptionNames]:
    """Tell runs apart, shortly where one of their names would be too long for a heading.

    Args:
        configs: Nested plain values, one a run.
        leads: What a run's name begins with.
        axes: Options that this says, by their dotted names.
    """
    variants, budgets = _tell_options(configs, axes)
    full, full_budgets = ([label_options(values) for values in part] for part in (variants, budgets))
    short_budgets = _number(full_budgets)
    brief, left_out = _leave_out_common(variants)
    for short, common in ((full, ""), (brief, left_out)):
        names = [OptionNames(*each, common) for each in zip(full, full_budgets, short, short_budgets, strict=True)]
        if _fits(leads, names) and len(set(zip(full, short, strict=True))) == len(set(short)):
            return names
    letters = _letter(full)
    return [OptionNames(*each) for each in zip(full, full_budgets, letters, short_budgets, strict=True)]


def split_by_budget(items: Iterable[_Item], find_setting: Callable[[_Item], Any]) -> list[tuple[str, list[_Item]]]:
    """Group items by the budget of their setting, under a line that says it; empty where all have the same."""
    groups: dict[str, list[_Item]] = {}
    for item in items:
        groups.setdefault(find_setting(item).budget_line, []).append(item)
    return list(groups.items())


def _tell_options(configs: Sequence[Mapping[str, Any]], axes: Collection[str]) -> tuple[list[_Options], list[_Options]]:
    """Of each run, what differs within its budget, and what sets its budget apart from the others."""
    flat = [flatten(config) for config in configs]
    keys = [tuple(repr(values.get(name)) for name in _BUDGET) for values in flat]
    variants: list[_Options] = [{} for _ in configs]
    budgets: list[_Options] = [{} for _ in configs]
    everything = list_differences(configs)
    spent = [name for place, name in enumerate(_BUDGET) if len({key[place] for key in keys}) > 1]
    for key in dict.fromkeys(keys):
        places = [place for place, other in enumerate(keys) if other == key]
        inside = list_differences([configs[place] for place in places])
        differing = {name for values in inside for name in values} | set(axes)
        for place, values in zip(places, inside, strict=True):
            variants[place] = {name: value for name, value in values.items() if name not in axes}
            shared = {name: value for name, value in everything[place].items() if name not in differing}
            if spent:
                budgets[place] = {name: flat[place].get(name) for name in spent} | shared
    return variants, budgets


def _fits(leads: Sequence[str], names: Sequence[OptionNames]) -> bool:
    parts = ((lead, each.short_variant, each.short_budget) for lead, each in zip(leads, names, strict=True))
    return max(len("; ".join(filter(None, part))) for part in parts) <= _LONGEST_NAME


def _leave_out_common(variants: Sequence[_Options]) -> tuple[list[str], str]:
    common = {}
    for name in dict.fromkeys(name for values in variants for name in values):
        counts = Counter(repr(values[name]) for values in variants if name in values)
        found = {repr(values[name]): values[name] for values in variants if name in values}
        common[name] = found[max(counts, key=lambda text: (counts[text], text == repr(find_default(name))))]
    brief = [
        label_options({name: value for name, value in values.items() if value != common[name]}) for values in variants
    ]
    return brief, label_options(common)


def _number(budgets: Sequence[str]) -> list[str]:
    if max(map(len, budgets)) <= _LONGEST_BUDGET:
        return list(budgets)
    order = sorted(set(budgets))
    return [f"budget {order.index(budget) + 1}" if budget else "" for budget in budgets]


def _letter(variants: Sequence[str]) -> list[str]:
    """A, B, …, Z, AA, AB, … by variant in alphabetical order; none for the empty one."""
    order = sorted({variant for variant in variants if variant})
    letters = {variant: _count_in_letters(number) for number, variant in enumerate(order)}
    return [letters.get(variant, "") for variant in variants]


def _count_in_letters(number: int) -> str:
    more, last = divmod(number, len(ascii_uppercase))
    return (_count_in_letters(more - 1) if more else "") + ascii_uppercase[last]
