"""Turn command-line errors of Hydra and omegaconf into one sentence with a suggestion."""

import re
import shlex
import sys

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from fakeid.config.presets import GRID, GROUPS, list_choices, suggest_assignment, suggest_option

_INSTALL = ' yet (pip install -e ".[{}]" adds it)'
_LAUNCHERS = {
    **dict.fromkeys(("joblib", "submitit_local", "submitit_slurm"), _INSTALL.format("launchers")),
    "ray": _INSTALL.format("ray"),
}


def explain_hydra_error(error: Exception) -> str:
    """Describe an error of Hydra or omegaconf in one sentence, with close matches for a wrong name."""
    cause: BaseException = error
    while isinstance(cause.__cause__, HydraException | OmegaConfBaseException):
        if isinstance(cause, MissingConfigException):
            break
        cause = cause.__cause__
    text = f"{error}\n{cause}"
    if type(error) is ValueError:  # exactly: omegaconf's errors are subclasses
        return _find_wrong_choice(sys.argv[1:]) or str(error)
    if isinstance(cause, MissingConfigException) and cause.missing_cfg_file and cause.options:
        group, _, choice = cause.missing_cfg_file.rpartition("/")
        more = _LAUNCHERS.get(choice, "") if group == "hydra/launcher" else ""
        return f"{group} has no choice {choice}{more}; it has {', '.join(cause.options)}"
    if unknown := re.search(r"Could not override '([^']+)'|Key '([^']+)' (?:is )?not in", text):
        name = unknown.group(1) or unknown.group(2)
        return f"there is no option {name}{suggest_option(name)}"
    if several := re.search(r"Ambiguous value for argument '([^']+)'", text):
        return f"{several.group(1)} has several values: add -m to train a run for each of them"
    if isinstance(cause, OverrideParseException) and (reason := _explain_unreadable(cause.override)):
        return reason
    path = re.search(r"full_key: (\S+)", text)
    first_line = next(line for line in str(cause).splitlines() if line.strip())
    return f"{path.group(1)}: {first_line}" if path else first_line


def _explain_unreadable(override: str) -> str | None:
    """Say how an override that Hydra cannot read must be typed; None if quotes would not help."""
    name, _, value = override.partition("=")
    if not value:
        return suggest_assignment(name)
    if value[0] in "'\"[{":
        return None
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    typed = shlex.quote(f'{name}="{escaped}"')
    return f"{name} has a value with special characters, which must be in quotes: type {typed}"


def _find_wrong_choice(typed: list[str]) -> str | None:
    """Find the group with an invalid choice, such as `model=null`, because Hydra does not name it."""
    for group, _, value in (word.partition("=") for word in typed):
        choices = list_choices(group) if group in (*GROUPS, GRID) else []
        for choice in value.strip("[]").split(","):
            if choices and choice not in choices:
                return f"{group} has no choice {choice}; it has {', '.join(choices)}"
    return None
