import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fakeid.cli import main

ROOT = Path(__file__).resolve().parents[2]


def test_report_without_a_folder_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["report", str(tmp_path / "nowhere")])
    assert exit_info.value.code == 1
    assert "there is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["benchmrak"], "there is no command fakeid benchmrak; did you mean benchmark?"),
        (["xyz"], "there is no command fakeid xyz; there are train, sweep, doctor, "),
        (["plan", "--ouput", "x"], "there is no option --ouput; did you mean --output?"),
        (["plan", "--xyz"], "there is no option --xyz; see fakeid plan --help"),
        (["plan", "optim.epocs=3"], "there is no option optim.epocs; did you mean optim.epochs"),
        (["audit", "--per-class", "0"], "--per-class: must be at least 1, got 0"),
        (["audit", "--per-class", "few"], "--per-class: 'few' is not a valid integer"),
        (["report"], "missing argument 'DIR'; see fakeid report --help"),
        (["train", "color=hvs"], "color has no choice hvs; it has hsv, rgb, ycbcr"),
        (["sweep", "-m", "grid=smok"], "grid has no choice smok; it has "),
    ],
)
def test_mistakes_are_told_in_one_sentence(
    typed: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", sys.argv)  # commands overwrite it
    with pytest.raises(SystemExit) as exit_info:
        main(typed)
    assert exit_info.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"fakeid: {message}")


def test_options_may_stand_before_and_after_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    few = ["data.train_per_class=10", "data.val_per_class=10", "data.test_per_class=1", "data.codec=none"]
    main(["plan", "seed=3", "--output", "plan.csv", *few])
    assert "listed in plan.csv" in capsys.readouterr().out
    assert (tmp_path / "plan.csv").exists()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["fakeid", "prep"], ["prepare"]),
        (["fakeid", "train", "color", "=", "h"], ["hsv"]),
        (["fakeid", "train", "color=h"], ["color=hsv"]),
        (["fakeid", "sweep", "-m", "gri"], ["grid="]),
        (["fakeid", "plan", "gri"], []),
        (["fakeid", "evaluate", "RUN", "protocol.loss=b"], ["protocol.loss=bce"]),
        (["fakeid", "prepare", "--re"], ["--rebuild"]),
    ],
)
def test_the_tab_key_completes_commands_and_options(
    words: list[str], offered: list[str], typed: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"_FAKEID_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1)}
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    _, said, _ = typed()
    assert [word.removeprefix("plain,") for word in said.split()] == offered
