"""A module imports from lower layers only; the numbers are those of CONTRIBUTING."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "fakeid").rglob("*.py"))


def read_layers() -> dict[str, int]:
    """`fakeid/data/cache.py [6]` gives {"fakeid.data.cache.image_cache": 6}; a folder's number holds for its files."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    found = re.findall(r"^\s*(fakeid/\S+)\s+\[(\d+)\]", text, re.MULTILINE)
    return {path.rstrip("/").removesuffix(".py").replace("/", "."): int(number) for path, number in found}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def layer(name: str, layers: dict[str, int]) -> int | None:
    while name:
        if name in layers:
            return layers[name]
        name = name.rpartition(".")[0]
    return None


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("fakeid"):
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {module_name(module) for module in MODULES}
            found |= (below & modules) or {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("fakeid")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_module_imports_from_lower_layers(path: Path) -> None:
    layers = read_layers()
    own = layer(module_name(path), layers)
    if path.name == "__init__.py" and own is None:
        assert not imports(path)
        return
    assert own is not None, f"{module_name(path)} has no layer in CONTRIBUTING"
    for name in imports(path):
        if name == "fakeid":
            continue
        other = layer(name, layers)
        assert other is not None, f"{name} has no layer in CONTRIBUTING"
        same_package = name.rpartition(".")[0] == module_name(path).rpartition(".")[0] or name.startswith(
            module_name(path)
        )
        assert other < own or (other == own and same_package), (
            f"{name} [{other}] is not below {module_name(path)} [{own}]"
        )


def test_data_and_models_do_not_know_each_other() -> None:
    for path in MODULES:
        package = module_name(path).split(".")[1:2]
        if package == ["data"]:
            assert not [name for name in imports(path) if name.startswith("fakeid.models")]
        if package == ["models"]:
            assert not [name for name in imports(path) if name.startswith("fakeid.data")]


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 350
