from pathlib import Path
from urllib.parse import urlparse

import pytest
import wandb

from fakeid.training.tracking import is_logged_in


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_BASE_URL", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_nobody_is_logged_in_on_a_fresh_machine() -> None:
    assert not is_logged_in()


def test_a_key_in_the_environment_logs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "x" * 40)
    assert is_logged_in()


def test_a_netrc_entry_logs_in_for_its_host_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine api.wandb.ai\n  login user\n  password secret\n")
    netrc.chmod(0o600)
    assert is_logged_in()
    monkeypatch.setenv("WANDB_BASE_URL", "https://wandb.example.org")
    assert not is_logged_in()


def test_what_wandb_login_writes_is_found(tmp_path: Path) -> None:
    host = urlparse(wandb.Settings().base_url).netloc  # the address has changed between releases
    (tmp_path / ".netrc").write_text(f"machine {host}\n  login user\n  password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    assert is_logged_in()


def test_a_broken_netrc_is_no_login(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine machine machine")
    assert not is_logged_in()
