"""The console blocks in the README and documentation contain working commands."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from genuine_trees import write_lsun, write_progan, write_progan_train
from photo_folder import write_photos

from fakeid.cli import main
from fakeid.config import compose
from fakeid.config.constants import LSUN_CATEGORIES

ROOT = Path(__file__).resolve().parents[1]
Typed = Callable[..., tuple[int, str, str]]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = {page: re.findall(r"^```console\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL) for page in PAGES}
LINES = {
    line[2:].partition("  #")[0].strip(): page
    for page, blocks in reversed(BLOCKS.items()) for block in blocks for line in block.splitlines()
    if line.startswith("$ ")
}  # fmt: skip
"""Each command once, with its page; the README takes precedence."""

COMMANDS = list(dict.fromkeys(part.strip() for line in LINES for part in line.split("&&")))
TRAININGS = [command for command in COMMANDS if command.startswith("python train.py")]
SWEEPS = [command for command in COMMANDS if command.startswith("python sweep.py")]
TOOLS = [command for command in COMMANDS if command.startswith("python -m fakeid")]
SMALL = (
    "logger=csv", "trainer=debug", "optim.epochs=1", "optim.batch_size=8", "data.image_px=64",
    "data.train_per_class=20", "data.val_per_class=10", "data.test_per_class=1",
)  # fmt: skip
QUICKLY_FITTED = ("data.image_px=80", "data.simulated.members_per_family=1", "data.simulated.fit_steps=2")


def options(command: str) -> list[str]:
    return [word for word in shlex.split(command)[2:] if word != "-m"]


def test_the_two_main_commands_stand_in_the_readme() -> None:
    for command in ('pip install -e ".[train]" && python train.py', 'pip install -e ".[dev]" && pytest'):
        assert LINES[command] == ROOT / "README.md"


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 130


def test_every_page_is_in_the_list_of_the_site() -> None:
    listed = set(re.findall(r"[\w/]+\.md", (ROOT / "mkdocs.yml").read_text()))
    assert listed == {page.name for page in PAGES[1:]}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_anchors_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        other = page.parent / file if file else page
        assert other.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", other.read_text(), re.MULTILINE)
            assert anchor in {
                re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
            }


def test_every_other_command_is_known_to_these_tests() -> None:
    rest = [command for command in COMMANDS if command not in TRAININGS + SWEEPS + TOOLS]
    assert {command.split()[0] for command in rest} <= {"git", "cd", "pip", "pytest", "wandb"}


@pytest.mark.parametrize("command", TRAININGS)
def test_every_training_has_valid_options(command: str) -> None:
    assert compose.compose_configs(options(command))


@pytest.mark.slow
@pytest.mark.parametrize("command", SWEEPS)
def test_every_sweep_has_valid_options(command: str, typed: Typed) -> None:
    code, said, errors = typed("sweep", *shlex.split(command)[2:], "sweep.plan_only=true")
    assert code == 0, errors
    assert " to train, " in said


@pytest.mark.parametrize("command", TOOLS)
def test_every_tool_is_there(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main([shlex.split(command)[3], "--help"])
    assert exit_info.value.code == 0
    assert "Usage: fakeid" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in TRAININGS if " -m" not in command])
def test_every_training_runs(command: str, tmp_path: Path, typed: Typed) -> None:
    if "lsun_progan" in command:
        write_lsun(tmp_path / "DIR", LSUN_CATEGORIES, 8)
        write_progan(tmp_path / "DIR", LSUN_CATEGORIES, 8)
    elif "simulated" in command:
        write_photos(tmp_path / "DIR", 64)
    else:
        write_progan_train(tmp_path / "DIR", ("cat", "dog"), 32, image_px=80)
    words = [*options(command), *SMALL, *(QUICKLY_FITTED if "simulated" in command else ())]
    code, said, errors = typed("train", *words)
    assert code == 0, errors
    assert ("seen content" if "simulated" in command else "unseen content") in said
