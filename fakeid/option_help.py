"""The parts of `--help` that are made from the options: `${choices:}` and `${options:}` in Hydra's template."""

import dataclasses
import re
import shutil
import textwrap
from enum import Enum
from typing import Any, Final

from omegaconf import DictConfig, OmegaConf

from fakeid.config import Config
from fakeid.option_list import GROUPS, list_choices

_NAME_WIDTH: Final = 21  # of the longest name, `held_out_generators`
_VALUE_WIDTH: Final = 14
_WIDEST: Final = 110


def register_help() -> None:
    """Let the templates in `conf/` name these parts."""
    OmegaConf.register_new_resolver("choices", _render_choices, replace=True)
    OmegaConf.register_new_resolver("options", _render_options, replace=True)


def _render_choices(*more: str) -> str:
    return "\n".join(f"{group}: {', '.join(list_choices(group))}" for group in (*GROUPS, *more))


def _render_options(*, _root_: DictConfig) -> str:
    """Every option with the value that the chosen presets give it, and what it is."""
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
            lines += _wrap(f"{name:<{_NAME_WIDTH}} {_render_value(values[entry.name])}", about, width)
    return lines


def explain(entry: "dataclasses.Field[Any]") -> str:
    """What an option or a section is: what stands beside its default, or the first line of its type."""
    return entry.metadata.get("help") or _first_line(entry.type)


def _first_line(kind: Any) -> str:
    """Of the docstring of a section or of a list of names, with the names that it leaves out."""
    line: str = kind.__doc__.partition("\n")[0].replace("`", "").removesuffix(".")
    line = line[0].lower() + line[1:]  # as beside the others; none begins with a name
    names = [member.value for member in kind] if issubclass(kind, Enum) else []
    return line if all(re.search(rf"\b{name}\b", line) for name in names) else f"{line} ({', '.join(names)})"


def _wrap(start: str, about: str, width: int) -> list[str]:
    """The explanation in a column of its own, below what is too long to stand beside it."""
    column = _NAME_WIDTH + _VALUE_WIDTH + 2
    room = textwrap.wrap(about, width - column)
    if len(start) < column:
        return [f"{start:<{column}}{room[0]}", *(" " * column + line for line in room[1:])]
    return [
        *textwrap.wrap(start, width, subsequent_indent=" " * (_NAME_WIDTH + 1), break_on_hyphens=False),
        *(" " * column + line for line in room),
    ]


def _render_value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_render_value, value))}]"
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
