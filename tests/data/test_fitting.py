"""Members learn to reconstruct, identically on every machine, and a bank resumes where it was interrupted."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from photo_folder import draw_photos, write_photos

from fakeid.config.constants import RANDOM_FAMILIES
from fakeid.data.simulate.fitting import GeneratorBank, Member, fit_member
from fakeid.data.sources.photos import PhotoFolder
from fakeid.errors import DamagedFileError, OutputError

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = [Member(family, number) for family in ("zeros", "progan", "srgan") for number in (0, 1)]


@pytest.fixture(autouse=True)
def one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fit members in this process, because each worker would load torch again."""
    monkeypatch.setattr("fakeid.processes.count_cores", lambda: 1)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> PhotoFolder:
    return PhotoFolder(str(write_photos(tmp_path_factory.mktemp("photos"), 4)), smallest_px=64)


def build_bank(root: Path, photos: PhotoFolder, steps: int = 2, seed: int = 0) -> GeneratorBank:
    return GeneratorBank(str(root), photos, tuple(photos.list_keys()), steps, seed)


def test_a_member_learns_to_reconstruct() -> None:
    images = draw_photos(4)
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
    errors = []
    for steps in (2, 40):
        model = fit_member(images, Member("stylegan2", 0), steps=steps, seed=0)
        with torch.inference_mode():
            errors.append(float((model(batch) - batch).abs().mean()))
    assert errors[1] < 0.6 * errors[0]


def test_a_member_follows_from_its_number_alone() -> None:
    images = draw_photos(4)
    weights = []
    for number, chance in ((1, 5), (1, 6), (4, 5)):
        torch.manual_seed(chance)
        before = torch.get_rng_state()
        weights.append(fit_member(images, Member("stylegan", number), steps=4, seed=0).state_dict())
        assert torch.equal(torch.get_rng_state(), before)
    first, again, other = weights
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(name not in other or not torch.equal(first[name], other[name]) for name in first)


@pytest.mark.slow
def test_members_have_the_more_detail_the_higher_their_weight_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    images = draw_photos(4)
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
    amounts = []
    for weight in (0.0, 4.0):
        monkeypatch.setattr("fakeid.data.simulate.fitting._DETAIL_WEIGHTS", (weight,))
        model = fit_member(images, Member("esrgan", 0), steps=60, seed=0)
        with torch.inference_mode():
            decoded = model(batch)
        amounts.append(float(F.l1_loss(decoded, F.avg_pool2d(decoded, 3, 1, 1))))
    assert amounts[1] > 1.3 * amounts[0]


def test_a_bank_fits_what_is_missing_on_one_thread_and_gives_the_others_back(
    tmp_path: Path, photos: PhotoFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, told, threads = build_bank(tmp_path, photos), [], []

    def fit(images: object, member: Member, *, steps: int, seed: int) -> torch.nn.Module:
        threads.append(torch.get_num_threads())
        return fit_member(images, member, steps=steps, seed=seed)  # type: ignore[arg-type]

    monkeypatch.setattr("fakeid.data.simulate.fitting.fit_member", fit)
    monkeypatch.setattr("fakeid.data.simulate.fitting.count_cores", lambda: 1)
    torch.set_num_threads(2)
    bank.fit(MEMBERS[:2], on_start=lambda *start: told.append(start))
    bank.fit(MEMBERS[:3], on_start=lambda *start: told.append(start))
    bank.fit(MEMBERS[:3], on_start=lambda *start: told.append(start))
    assert [count for count, *_ in told] == [2, 1]
    assert all(0 < seconds < 60 for _, seconds, _ in told)
    assert all(num_bytes == 900_000_000 + 4 * 96 * 96 * 3 for _, _, num_bytes in told)  # one worker, four photos
    assert threads == [1] * 6  # each is started twice, first to estimate the total time
    assert torch.get_num_threads() == 2
    assert bank.list_missing(MEMBERS) == MEMBERS[3:]


def test_a_bank_that_another_process_has_filled_meanwhile_is_left_alone(
    tmp_path: Path, photos: PhotoFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter([MEMBERS, []])
    monkeypatch.setattr(GeneratorBank, "list_missing", lambda *_: next(found))
    started: list[int] = []
    build_bank(tmp_path, photos).fit(MEMBERS, on_start=lambda count, *_: started.append(count))
    assert started == []


def test_a_fitted_member_decodes_any_size_the_same_each_time(tmp_path: Path, photos: PhotoFolder) -> None:
    bank, member = build_bank(tmp_path, photos), Member("stylegan", 0)
    bank.fit([member])
    decode = bank.load(member)
    levels = draw_photos(1, 71, 90)[0].astype(np.float32)
    first, again, other = (decode(levels, seed) for seed in (0, 0, 1))
    assert (first.shape, first.dtype) == (levels.shape, np.float32)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()  # this family adds noise


@pytest.mark.parametrize("family", RANDOM_FAMILIES)
def test_a_random_decoder_gives_the_photo_with_a_trace(tmp_path: Path, photos: PhotoFolder, family: str) -> None:
    bank, members = build_bank(tmp_path, photos), [Member(family, number) for number in range(2)]
    bank.fit(members)
    levels = draw_photos(1, 71, 90)[0].astype(np.float32)
    first, other = (bank.load(member)(levels, 0) for member in members)
    assert (first.shape, first.dtype) == (levels.shape, np.float32)
    assert (first != other).any()
    for decoded in (first, other):
        assert 0.9 < np.corrcoef(decoded.ravel(), levels.ravel())[0, 1] < 1
        np.testing.assert_allclose(decoded.mean((0, 1)), levels.mean((0, 1)), atol=12)


def test_other_photos_steps_or_seeds_are_other_banks(tmp_path: Path, photos: PhotoFolder) -> None:
    root = write_photos(tmp_path / "photos", 4)
    bank = build_bank(tmp_path, PhotoFolder(str(root), 64))
    folders = {bank.folder, build_bank(tmp_path, photos, steps=3).folder, build_bank(tmp_path, photos, seed=1).folder}
    changed = root / bank.keys[0]
    changed.write_bytes(changed.read_bytes() + b"\0")
    folders.add(build_bank(tmp_path, PhotoFolder(str(root), 64)).folder)
    assert len(folders) == 4
    moved = root.rename(tmp_path / "moved")
    assert build_bank(tmp_path, PhotoFolder(str(moved), 64)).folder in folders


def test_large_photos_are_held_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def fit(images: list[np.ndarray], member: Member, **_: int) -> torch.nn.Module:  # noqa: ARG001
        sizes.extend(image.shape for image in images)
        return torch.nn.Identity()

    monkeypatch.setattr("fakeid.data.simulate.fitting.fit_member", fit)
    large = [np.zeros((1200, 1800, 3), np.uint8), np.zeros((90, 3000, 3), np.uint8)]
    monkeypatch.setattr(PhotoFolder, "read_usable", lambda *_: iter(large))
    build_bank(tmp_path, PhotoFolder(str(write_photos(tmp_path / "photos", 2)), 64)).fit(MEMBERS[:1])
    assert set(sizes) == {(512, 768, 3), (90, 3000, 3)}


def test_unusable_photos_before_all_others_are_passed_over(tmp_path: Path) -> None:
    root = write_photos(tmp_path / "photos", 2)
    for number in range(4):
        cv2.imwrite(str(root / f"{number}_thumbnail.png"), draw_photos(1, 20, 20)[0])
    bank = build_bank(tmp_path, PhotoFolder(str(root), 64))
    bank.fit(MEMBERS[:1])
    assert bank.list_missing(MEMBERS[:1]) == []


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path, photos: PhotoFolder) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(OutputError, match=r"choose another with paths.cache=DIR"):
        build_bank(tmp_path / "cache", photos).fit(MEMBERS[:1])


def test_a_damaged_member_is_one_sentence(tmp_path: Path, photos: PhotoFolder) -> None:
    bank, member = build_bank(tmp_path, photos), MEMBERS[0]
    bank.fit([member])
    (path,) = bank.folder.glob("*.pt")
    for content in (path.read_bytes()[:-2000], b"PK"):
        path.write_bytes(content)
        with pytest.raises(DamagedFileError, match=r"is damaged: delete .*, and the same command fits it again"):
            bank.load(member)
    path.unlink()
    with pytest.raises(DamagedFileError, match="is missing: delete"):
        bank.load(member)


PROGRAM = """
import sys
import fakeid.processes
fakeid.processes.count_cores = lambda: 1
from fakeid.data.simulate.fitting import GeneratorBank, Member
from fakeid.data.sources.photos import PhotoFolder
root, cache, steps, *names = sys.argv[1:]
photos = PhotoFolder(root, 64)
bank = GeneratorBank(cache, photos, tuple(photos.list_keys()), int(steps), 0)
members = [Member(family, int(number)) for family, number in (name.split("-") for name in names)]
def say(*words):
    print(*words, flush=True)
bank.fit(members, on_start=lambda count, *_: say("start", count), on_progress=lambda: say("one"))
"""


def start(photos: PhotoFolder, cache: Path, steps: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, photos.root, str(cache), str(steps), *map(str, MEMBERS)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.slow
def test_a_killed_bank_continues_in_two_processes_at_once(tmp_path: Path, photos: PhotoFolder) -> None:
    steps = 4
    killed = start(photos, tmp_path, steps)
    assert killed.stdout is not None
    assert [killed.stdout.readline(), killed.stdout.readline()] == ["start 6\n", "one\n"]
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    bank = build_bank(tmp_path, photos, steps)
    num_missing = len(bank.list_missing(MEMBERS))
    assert 0 < num_missing < 6
    kept = {path.name: path.stat().st_mtime_ns for path in bank.folder.glob("*.pt")}
    other, fitted_here = start(photos, tmp_path, steps), []
    bank.fit(MEMBERS, on_progress=lambda: fitted_here.append(1))
    output, _ = other.communicate(timeout=100)
    assert other.returncode == 0
    assert output.count("one") + len(fitted_here) == num_missing  # each is fitted by one of the two processes
    assert {path.name: path.stat().st_mtime_ns for path in bank.folder.glob("*.pt") if path.name in kept} == kept
    assert bank.list_missing(MEMBERS) == []
    undisturbed = build_bank(tmp_path / "undisturbed", photos, steps)
    undisturbed.fit(MEMBERS)
    levels = draw_photos(1)[0].astype(np.float32)
    for member in MEMBERS:
        np.testing.assert_array_equal(bank.load(member)(levels, 0), undisturbed.load(member)(levels, 0))
