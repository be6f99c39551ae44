"""Extend Hydra's `--help` and shell completion with the descriptions of the options."""

import dataclasses
import shutil
import textwrap
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from hydra._internal.hydra import Hydra
from hydra.plugins.completion_plugin import CompletionPlugin
from omegaconf import DictConfig, OmegaConf

from fakeid.config.options import explain, list_options, write_value
from fakeid.config.parse import Config
from fakeid.config.presets import GRID, GROUPS, list_choices

_NAME_WIDTH: Final = 21  # fits the longest name, `held_out_generators`
_VALUE_WIDTH: Final = 14
_WIDEST: Final = 110


_Query: TypeAlias = Callable[[CompletionPlugin, str | None, str], list[str]]
_ListGroups: TypeAlias = Callable[[Hydra, Callable[[str], bool]], str]


def register_help() -> None:
    """Make `${choices:}` and `${options:}` available in the templates of `conf/`."""
    OmegaConf.register_new_resolver("choices", _render_choices, replace=True)
    OmegaConf.register_new_resolver("options", _render_options, replace=True)
    list_groups: _ListGroups = Hydra.format_config_groups
    # Hydra lists all groups for any template, which takes most of a second; our templates use none of its lists.
    Hydra.format_config_groups = lambda hydra, predicate: _OnDemand(lambda: list_groups(hydra, predicate))  # type: ignore


class _OnDemand:
    """Text that is built only when a template uses it."""

    def __init__(self, build: Callable[[], str]) -> None:
        self._build = build

    def __str__(self) -> str:
        return self._build()


def register_completion(*, grids: bool) -> None:
    """Register completion of options in this process, for every shell.

    Hydra takes seconds to list its groups, and offers only the current value of an option, for an enum by its name in
    Python. It has no hook for more, so its query is wrapped.

    Args:
        grids: Whether the program takes `grid=` in addition to the groups of all programs.
    """
    ask_hydra: _Query = CompletionPlugin._query

    def query(plugin: CompletionPlugin, config_name: str | None, line: str) -> list[str]:
        found = complete_word(line.rpartition(" ")[2], grids=grids)
        return ask_hydra(plugin, config_name, line) if found is None else found

    CompletionPlugin._query = query  # type: ignore[method-assign,assignment]


def complete_word(word: str, *, grids: bool) -> list[str] | None:
    """List the completions of a partial word, such as `color=hsv` for `color=h`.

    Args:
        word: Part of the word that was typed.
        grids: As in `register_completion`.

    Returns:
        Sorted completions; None for what only Hydra can complete: values that are not names, and its own options.
    """
    name, given, _ = word.partition("=")
    groups = (*GROUPS, GRID) if grids else GROUPS
    if word.startswith(("hydra", "+", "~", "-")):
        return None
    if given:
        values = list_choices(name) if name in groups else _list_values(name)
        return [found for found in (f"{name}={value}" for value in values) if found.startswith(word)] or None
    section = word.rpartition(".")[0] + "." if "." in word else ""
    found = {"hydra/", *(f"{group}=" for group in groups)}
    for option in list_options(Config):
        if option.path.startswith(section):
            step, further, _ = option.path.removeprefix(section).partition(".")
            found.add(f"{section}{step}{further or '='}")
    return sorted(each for each in found if each.startswith(word))


def _list_values(name: str) -> tuple[str, ...]:
    return next((option.values for option in list_options(Config) if option.path == name), ())


def _render_choices(*more: str) -> str:
    return "\n".join(f"{group}: {', '.join(list_choices(group))}" for group in (*GROUPS, *more))


def _render_options(*, _root_: DictConfig) -> str:
    """Render every option with its value under the chosen presets and its description."""
    names = [entry.name for entry in dataclasses.fields(Config)]
    values: Any = OmegaConf.to_container(OmegaConf.masked_copy(_root_, names), resolve=True, enum_to_str=True)
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    text = "\n".join(_render_section(Config, values, "", width))
    return text.replace("$", "$$")  # Hydra's template is one of `string.Template`


def _render_section(schema: Any, values: dict[str, Any], indent: str, width: int) -> list[str]:
    lines = []
    for entry in dataclasses.fields(schema):
        name, about = f"{indent}{entry.name}", explain(entry)
        if dataclasses.is_dataclass(entry.type):
            if not indent:
                lines += ["", *textwrap.wrap(f"{name}: {about}", width, subsequent_indent="  ")]
            else:
                lines.append(f"{name}:")
            lines += _render_section(entry.type, values[entry.name], f"{indent}  ", width)
        else:
            value = write_value(values[entry.name]).replace(",", ", ")  # a long list can be wrapped
            lines += _wrap(f"{name:<{_NAME_WIDTH}} {value}", about, width)
    return lines


def _wrap(start: str, about: str, width: int) -> list[str]:
    """Put the description into a column of its own, on the next line if name and value are too long."""
    column = _NAME_WIDTH + _VALUE_WIDTH + 2
    room = textwrap.wrap(about, width - column)
    if len(start) < column:
        return [f"{start:<{column}}{room[0]}", *(" " * column + line for line in room[1:])]
    return [
        *textwrap.wrap(start, width, subsequent_indent=" " * (_NAME_WIDTH + 1), break_on_hyphens=False),
        *(" " * column + line for line in room),
    ]
