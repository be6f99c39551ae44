"""The tree in CONTRIBUTING matches the package: folders, files, and which package may import which."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ROOT / "fakeid"
MODULES = sorted(HOUSE.rglob("*.py"))
MOST_FILES = 15
MOST_LINES = 350


def read_picture() -> tuple[dict[str, int], dict[str, set[str]]]:
    """Read layer numbers, `{"config": 2, "io": 1}`, and the files of each folder."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    picture = text[text.index("```\nfakeid/\n") :].split("```")[1]
    layers: dict[str, int] = {}
    files: dict[str, set[str]] = {"": set()}
    folder = ""
    for line in picture.splitlines()[2:]:
        if opened := re.match(r"  (\S+)/ \[(\d+)\]", line):
            folder = opened[1]
            files[folder] = set()
            layers.setdefault(folder.partition("/")[0], int(opened[2]))
            assert layers[folder.partition("/")[0]] == int(opened[2]), f"{folder} has two numbers"
        elif folder:
            files[folder] |= set(line.split())
        else:
            found = {name: int(number) for name, number in re.findall(r"(\w+) \[(\d+)\]", line)}
            layers |= found
            files[""] |= set(found)
    return layers, files


LAYERS, FILES = read_picture()


def name_package(module: str) -> str:
    """Return `config` for `fakeid.config.schema`, `io` for `fakeid.io`."""
    return [*module.split("."), ""][1]


def name_module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def list_imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "fakeid":
            found |= {f"fakeid.{alias.name}" for alias in node.names if alias.name != "__version__"}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("fakeid."):
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("fakeid.")}
    return found


def test_the_picture_is_the_tree() -> None:
    tree: dict[str, set[str]] = {}
    for path in MODULES:
        folder = path.parent.relative_to(HOUSE).as_posix().removeprefix(".")
        tree.setdefault(folder, set())
        if path.name != "__init__.py":
            tree[folder].add(path.stem)
    assert tree == FILES


@pytest.mark.parametrize("path", MODULES, ids=name_module)
def test_a_package_imports_from_lower_layers(path: Path) -> None:
    own = name_package(name_module(path))
    if not own:  # fakeid/__init__.py, which has fakeid.load
        assert list_imports(path) == {"fakeid.inference.predictor"}
        return
    for module in list_imports(path):
        other = name_package(module)
        assert other == own or LAYERS[other] < LAYERS[own], (
            f"{module} [{LAYERS[other]}] is not below {own} [{LAYERS[own]}]"
        )


@pytest.mark.parametrize(("own", "other"), [("data", "models"), ("models", "data")])
def test_data_and_models_do_not_know_each_other(own: str, other: str) -> None:
    for path in (HOUSE / own).rglob("*.py"):
        assert other not in {name_package(module) for module in list_imports(path)}


@pytest.mark.parametrize("folder", FILES)
def test_folders_are_small(folder: str) -> None:
    assert len(FILES[folder]) <= MOST_FILES


@pytest.mark.parametrize("path", MODULES, ids=name_module)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES
