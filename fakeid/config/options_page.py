"""Generate the page of all options: `python -m fakeid.config.options_page > docs/options.md`."""

import dataclasses
import sys
from typing import Any, Final

from fakeid.config.options import AFFECTS, Option, explain, list_options, write_value
from fakeid.config.parse import Config
from fakeid.config.presets import list_choices

_HEAD: Final = """# Options

This page lists every option of `train.py`, `sweep.py` and `python -m fakeid` with its default. Type options as
`path=value`. Presets such as `data=lsun_progan` or `protocol=corrected` set several options at once;
`python train.py PRESETS --help` shows the resulting values. This page is generated from `fakeid/config/schema.py`.

## What an option affects

The folder of a run is named by the options that affect data, network or training, so that the same options find the
same run again. All other options can be changed without training again.

{affects}

**Axes** are options that sweeps vary; they are columns and tags in W&B. **Budgets** limit what a training may spend;
reports do not rank trainings of different budgets against each other.
"""

_HEADINGS: Final = ("option", "default", "values", "affects", "description")

_KINDS: Final = {
    "str": "text", "int": "whole number", "float": "number", "list[str]": "names", "list[int]": "whole numbers",
    "None": "`null`",
}  # fmt: skip


def render_page() -> str:
    """Render the page as Markdown."""
    affects = "\n".join(f"- `{name}`: {about}" for name, about in AFFECTS.items())
    sections = [_render_section("Top level", "", Config)]
    sections += [
        _render_section(f"`{entry.name}`: {explain(entry)}", f"{entry.name}.", entry.type)
        for entry in dataclasses.fields(Config)
        if dataclasses.is_dataclass(entry.type)
    ]
    return "\n".join([_HEAD.format(affects=affects), *sections])


def _render_section(title: str, prefix: str, schema: Any) -> str:
    options = [each for each in list_options(schema) if prefix or "." not in each.path]
    rows = [_HEADINGS, ("---",) * len(_HEADINGS), *(_describe(prefix, each) for each in options)]
    return f"## {title}\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _describe(prefix: str, option: Option) -> tuple[str, ...]:
    marks = [name for name, holds in (("axis", option.axis), ("budget", option.budget)) if holds]
    about = option.help.removesuffix(f" ({', '.join(option.values)})")  # values have a column of their own
    affects = ", ".join([option.affects, *marks])
    return f"`{prefix}{option.path}`", f"`{write_value(option.default)}`", _name_values(prefix, option), affects, about


def _name_values(prefix: str, option: Option) -> str:
    """Describe the values that can be typed, or link the folder of presets if each value has one."""
    group = prefix.removesuffix(".")
    if option.path == "name" and set(option.values) == set(list_choices(group)):
        return f"the presets in [`conf/{group}/`](../conf/{group})"
    if option.values:
        return ", ".join(f"`{value}`" for value in option.values)
    kinds = [option.kind.__name__] if isinstance(option.kind, type) else str(option.kind).split(" | ")
    named = [_KINDS[kind] for kind in kinds]
    if option.at_least is not None:
        named[0] += f" ≥ {option.at_least:g}"
    return " or ".join(named)


if __name__ == "__main__":
    sys.stdout.write(render_page())
