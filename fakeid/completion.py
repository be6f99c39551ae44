"""What the shell's Tab key offers: Hydra's answer, with the values of an option where they are names."""

from collections.abc import Callable

from hydra.plugins.completion_plugin import CompletionPlugin

from fakeid.option_list import GRID, list_options

_Query = Callable[[CompletionPlugin, str | None, str], list[str]]


def complete_values(*, grids: bool) -> None:
    """Extend the completion of this process for every shell.

    Hydra offers the present value alone, an enum's by its name in Python. It has no hook for more, so its query is
    wrapped.

    Args:
        grids: Whether the program takes `grid=`, which lies beside the groups of all programs.
    """
    ask_hydra: _Query = CompletionPlugin._query

    def query(plugin: CompletionPlugin, config_name: str | None, line: str) -> list[str]:
        word = line.rpartition(" ")[2]
        name, given, _ = word.partition("=")
        values = next((option.values for option in list_options() if option.path == name), ())
        if given and values:
            return [found for found in (f"{name}={value}" for value in values) if found.startswith(word)]
        return [found for found in ask_hydra(plugin, config_name, line) if grids or not found.startswith(GRID)]

    CompletionPlugin._query = query  # type: ignore[method-assign,assignment]
