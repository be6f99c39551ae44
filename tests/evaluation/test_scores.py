import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fakeid.errors import DataError, OutputError
from fakeid.evaluation.scores import Scores, build_scores, read_scores, write_scores


def make_scores(logits: list[float]) -> Scores:
    n = len(logits)
    return build_scores(
        key=[f"photo, {i}" for i in range(n)],
        label=[i % 2 for i in range(n)],
        category=["cat"] * n,
        generator=["camera", "progan"] * (n // 2) + ["camera"] * (n % 2),
        logit=logits,
    )


def test_p_fake_is_the_logistic_function_and_never_overflows(tmp_path: Path):
    write_scores(tmp_path / "scores.csv", make_scores([0.0, np.log(3), -800.0, 800.0, -np.inf, np.inf]))
    p_fake = pd.read_csv(tmp_path / "scores.csv").p_fake
    np.testing.assert_allclose(p_fake, [0.5, 0.75, 0, 1, 0, 1], rtol=1e-15)


def test_every_column_comes_back_as_it_was(tmp_path: Path):
    logits = np.random.default_rng(0).normal(size=200) * 10.0 ** np.arange(-100, 100)
    scores = make_scores([*logits, 0.1 + 0.2, -0.0, np.inf, -np.inf, np.nan])
    write_scores(tmp_path / "scores.csv", scores)
    again = read_scores(tmp_path / "scores.csv")
    assert again.logit.to_numpy().tobytes() == scores.logit.to_numpy().tobytes()
    for name in ("key", "label", "category", "generator", "degradation"):
        assert getattr(again, name).tolist() == getattr(scores, name).tolist()


def test_keys_with_commas_quotes_and_line_breaks_survive(tmp_path: Path):
    keys = ['a,"b"', "line\nbreak", "Äpfel/ü.png", "b c.png", ""]
    scores = build_scores(key=keys, label=[0] * 5, category=["c"] * 5, generator=["camera"] * 5, logit=[0.5] * 5)
    write_scores(tmp_path / "scores.csv", scores)
    assert read_scores(tmp_path / "scores.csv").key.tolist() == keys


def test_the_file_has_the_columns_that_it_promises(tmp_path: Path):
    write_scores(tmp_path / "scores.csv", make_scores([0.0]))
    with (tmp_path / "scores.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["key", "label", "category", "generator", "degradation", "logit", "p_fake", "test_set"],
            ["photo, 0", "0", "cat", "camera", "none", "0.0", "0.5", "test"],
        ]


def test_no_images_make_a_file_that_reads_as_no_images(tmp_path: Path):
    write_scores(tmp_path / "scores.csv", make_scores([]))
    assert len(read_scores(tmp_path / "scores.csv")) == 0


def test_a_file_in_place_of_the_folder_is_an_output_error(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_scores(tmp_path / "file" / "scores.csv", make_scores([1.0]))


HEADER = "key,label,category,generator,degradation,logit,p_fake\n"
GOOD_ROW = "a,0,cat,camera,none,1.5,0.8\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("key,label,category\na,0,cat\n", "lacks the columns generator, degradation, logit"),
        ("", "lacks the columns key"),
        (HEADER + GOOD_ROW + "b,2,cat,camera,none,1.5,0.8\n", r"scores\.csv, line 3: label must be 0 .* got '2'"),
        (HEADER + GOOD_ROW + "b,1,cat,camera,none,high,0.8\n", r"scores\.csv, line 3: logit must be a number, got 'h"),
        (HEADER + "b,1,cat\n", r"line 2: expected one value per column, got no generator, degradation, logit"),
        (HEADER + "b,1,cat,camera,none,1,0.8,more\n", r"line 2: expected one value per column, got more values"),
        (HEADER + 'b,1,"cat"x,camera,none,1,0.8\n', r"line 2: expected comma-separated values"),
    ],
)
def test_a_file_that_is_no_scores_is_refused_with_its_name_and_line(tmp_path: Path, text: str, message: str):
    (tmp_path / "scores.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_scores(tmp_path / "scores.csv")


def test_a_missing_file_is_a_data_error(tmp_path: Path):
    with pytest.raises(DataError, match="No such file"):
        read_scores(tmp_path / "scores.csv")
