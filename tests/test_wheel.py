"""The wheel contains every module and the presets, and its command works in an empty folder."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_every_package_is_listed() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    listed = re.search(r"^packages = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    assert listed
    folders = {".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "fakeid").rglob("*.py")}
    assert set(re.findall(r'"(fakeid[^"]*)"', listed[1])) == folders | {"fakeid.conf"}


def run(*command: str | Path, folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(
        [str(word) for word in command], cwd=folder, env=environment, capture_output=True, text=True, check=False,
        timeout=900,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of a fresh environment without the clone, using the dependencies installed here."""
    folder = tmp_path_factory.mktemp("wheel")
    clone, environment = folder / "clone", folder / "environment"
    for name in ("fakeid", "conf"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    offline = ("--no-index", "--no-deps", "--no-build-isolation")
    run(sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", folder, clone, folder=folder)
    run(sys.executable, "-m", "venv", "--without-pip", environment, folder=folder)
    (wheel,) = folder.glob("*.whl")
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    run(sys.executable, "-m", "pip", "--python", environment, "install", *offline, wheel, folder=folder)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    shutil.rmtree(clone)
    return programs


@pytest.mark.slow
def test_help_and_a_training_work_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import fakeid; print(fakeid.__file__)", folder=tmp_path)
    assert where.startswith(str(installed.parent))
    assert "train " in run(installed / "fakeid", "--help", folder=tmp_path)
    assert "color: hsv, rgb, ycbcr" in run(installed / "fakeid", "train", "--help", folder=tmp_path)
    assert "20 to train" in run(
        installed / "fakeid", "sweep", "-m", "grid=smoke", "sweep.plan_only=true", folder=tmp_path
    )
    assert list(tmp_path.iterdir()) == []
    few = ("data.train_per_class=100", "data.val_per_class=20", "data.test_per_class=2", "optim.epochs=2")
    said = run(installed / "fakeid", "train", "trainer=debug", "logger=csv", *few, folder=tmp_path)
    assert "unseen content" in said
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "cache"}


@pytest.mark.slow
def test_type_checkers_see_the_types_of_an_installed_package(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(
        "import fakeid\n"
        "reveal_type(fakeid.load('run').predict('photo.jpg').p_fake)\n"
        "fakeid.load('run').predict_folder(3)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", "--python-executable", installed / "python", "use.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "use.py:2: note: Revealed type is " in ended.stdout
    assert "float | None" in ended.stdout
    assert 'use.py:3: error: Argument 1 to "predict_folder" of "Predictor"' in ended.stdout
    assert "Found 1 error in 1 file" in ended.stdout
