"""Declare commands with click: command groups that suggest corrections, options, and shell completion."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class

from fakeid.errors import ConfigError

Decorator: TypeAlias = Callable[[Callable[..., None]], Callable[..., None]]


class SuggestingGroup(click.Group):
    """Group of commands that suggests the one that was meant, and can run one by default.

    Args:
        default: Name of the command to run if none is named; None requires a name.
        options: Keyword arguments of `click.Group`.
    """

    def __init__(self, *, default: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; options before any command belong to the default command."""
        if self._default and args[:1] != ["--help"] and (not args or args[0].startswith("-")):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command named by the first word.

        Raises:
            ConfigError: There is no such command; the message suggests similar ones.
        """
        if args[0] not in self.commands and not ctx.resilient_parsing:
            near = get_close_matches(args[0], self.commands, n=2, cutoff=0.5)
            way_out = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(self.commands)}"
            raise ConfigError(f"there is no command {ctx.command_path} {args[0]}; {way_out}")
        return super().resolve_command(ctx, args)


def explain_usage(error: click.UsageError) -> str:
    """Describe a usage error of click in one sentence, with a suggestion or a pointer to `--help`."""
    context = error.ctx
    way_out = f"; see {context.command_path} --help" if context else ""
    if isinstance(error, click.NoSuchOption):
        known = [name for each in context.command.params for name in each.opts] if context else []
        near = get_close_matches(error.option_name, known, n=2)
        return f"there is no option {error.option_name}" + (f"; did you mean {' or '.join(near)}?" if near else way_out)
    if type(error) is click.BadParameter and error.param is not None:
        return f"{error.param.opts[0]}: {error.message.rstrip('.')}"
    message = error.format_message().strip().removesuffix(".")
    return f"{message[:1].lower()}{message[1:]}{way_out}"


class _Positive(click.types.IntParamType):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number = int(super().convert(value, param, ctx))
        if number < 1:
            self.fail(f"must be at least 1, got {number}", param, ctx)
        return number


def number(name: str, default: int | None, about: str) -> Decorator:
    """Declare an option that takes a whole number of at least 1."""
    return click.option(name, type=_Positive(), default=default, show_default=default is not None, help=about)


def path(name: str, metavar: str, about: str) -> Decorator:
    """Declare an option that takes the path of a file or a folder."""
    return click.option(name, type=click.Path(path_type=Path), metavar=metavar, help=about)


def words(name: str, metavar: str, **options: Any) -> Decorator:
    """Declare an argument of any number of words, with completion of the options of `train.py`."""
    return click.argument(name, nargs=-1, metavar=metavar, shell_complete=_complete, **options)


def _complete(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
    """List the completions of a word such as `color=h`."""
    from fakeid.config.help import complete_word  # noqa: PLC0415 - Hydra takes a while

    grids = ctx.info_name == "sweep"
    typed: Sequence[str] = ctx.params.get(str(param.name)) or ()
    *_, earlier, last = ("", "", *typed)
    # Bash passes the part before `=`, the sign itself, and the part after it as separate words.
    name = earlier if last == "=" else last
    begun = f"{name}=" if name and "=" not in name and complete_word(f"{name}=", grids=grids) else ""
    return [CompletionItem(each.removeprefix(begun)) for each in complete_word(begun + word, grids=grids) or ()]


@add_completion_class
class _Bash(BashComplete):
    """Completion for Bash that adds no space after `color=` or `optim.`."""

    source_template = BashComplete.source_template.replace("-o nosort", "-o nosort -o nospace")

    def format_completion(self, item: CompletionItem) -> str:
        """Format one completion as click's script reads it."""
        space = "" if item.type != "plain" or item.value.endswith(("=", ".", "/")) else " "
        return super().format_completion(item) + space
