import re
from types import SimpleNamespace

import pytest

from fakeid.evaluation.records.results import CategoryGroup, Estimate
from fakeid.evaluation.records.run_summary import RunSummary
from fakeid.evaluation.statistics.intervals import wilson_interval
from fakeid.reporting.renderers import escape_latex, render_markdown, tabulate
from fakeid.reporting.sweep.configurations import FinishedRun, collect_configurations
from fakeid.reporting.sweep.paper_tables import build_accuracy_tables, name_file
from fakeid.reporting.sweep.tables import list_numbers

GOLDEN = """\
| categories | seeds | cat | bus_50% | sheep | seen average | unseen average |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| 1 | 1 | 90.0 [69.9, 97.2]† | 80.0 [58.4, 91.9] | 60.0 [38.7, 78.1] | 90.0 [69.9, 97.2] | 70.0 [54.6, 81.9] |
| 2 | 2 | 95.0 [30.5, 100.0]† | 85.0 [19.7, 100.0]† | 70.0 [0.0, 100.0] | 90.0 [80.5, 99.5] | 70.0 [0.0, 100.0] |

Accuracy in %. †: trained on. sheep is held out. In brackets: 95 % interval over runs (2) and images; \
of one training run, over test images, not other seeds or machines.
"""


def make_run(categories: int, seed: int, accuracies: list[float]) -> FinishedRun:
    """Make a run with 20 images in each of three categories."""
    groups = {}
    for i, (name, accuracy) in enumerate(zip(("cat", "bus_50%", "sheep"), accuracies, strict=True)):
        estimate = Estimate(accuracy, *wilson_interval(round(20 * accuracy), 20))
        groups[name] = CategoryGroup(10, 10, {"accuracy": estimate}, seen=i < categories)
    config = {
        "categories": categories,
        "seed": seed,
        "dropout": 0.2,
        **{group: {"name": name} for group, name in (("model", "pelee"), ("residual", "hpf"), ("color", "hsv"))},
    }
    summary = RunSummary(seen=None, unseen=None, categories=groups, held_out="sheep", config=config)
    return FinishedRun(f"{categories}-{seed}", summary, {})


@pytest.fixture
def configurations():
    runs = [make_run(2, 0, [0.9, 0.9, 0.6]), make_run(2, 1, [1.0, 0.8, 0.8]), make_run(1, 0, [0.9, 0.8, 0.6])]
    return collect_configurations(runs)


@pytest.fixture
def accuracies(configurations):
    (accuracies,) = build_accuracy_tables(configurations)
    return accuracies


def test_markdown(accuracies):
    assert render_markdown(accuracies.table) == GOLDEN
    assert (accuracies.title, accuracies.slug) == ("Tab 6: Pelee+HPF, HSV, dropout 0.2", "tab6")


def test_plain_columns(accuracies):
    columns, rows = tabulate(accuracies.table)
    assert len(columns) == len(set(columns)) == len(rows[0]) == len(rows[1])
    first = dict(zip(columns, rows[0], strict=True))
    assert (first["categories"], first["cat"], first["cat seen"], first["sheep seen"]) == (1, 0.9, True, False)
    assert first["unseen average"] == pytest.approx(0.7)
    assert "unseen average seen" not in first


def test_every_number_is_listed_with_its_setting(configurations):
    columns, rows = list_numbers(configurations)
    lines = [SimpleNamespace(**dict(zip(columns, row, strict=True))) for row in rows]
    assert {(line.model, line.color, line.dropout, line.paper_table) for line in lines} == {
        ("Pelee+HPF", "hsv", 0.2, 6)
    }
    (sheep,) = [x for x in lines if (x.categories, x.group, x.metric) == (2, "sheep", "accuracy")]
    assert (sheep.seen, sheep.value, sheep.seeds) == (False, pytest.approx(0.7), 2)


def test_latex_is_well_formed(accuracies):
    text = accuracies.render_latex()
    without_comments = re.sub(r"(?m)^%.*$", "", text)
    stack = []
    for kind, name in re.findall(r"\\(begin|end)\{(.*?)\}", without_comments):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert not stack
    bare = re.sub(r"\\[{}]", "", without_comments)
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"(?<!\\)[%#]", bare)
    body = without_comments[without_comments.index(r"\toprule") : without_comments.index(r"\bottomrule")]
    rows = [line for line in body.splitlines() if line.endswith((r"\\", r"\\[2pt]"))]
    assert len(rows) == 1 + 2 * 2
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {5}
    (columns,) = re.findall(r"\\begin\{tabular\}\{(.*?)\}", without_comments)
    assert len(columns) == 6
    assert "bus\\_50\\%" in text
    assert r"90.0$^{\dagger}$" in text
    assert text.isascii()


def test_latex_prints_every_character():
    assert escape_latex("a_b & 5 % {x} \\ ~^#$") == (
        r"a\_b \& 5 \% \{x\} \textbackslash{} \textasciitilde{}\textasciicircum{}\#\$"
    )


def test_names_of_files_are_safe_short_and_differ():
    names = [name_file(f"tab1 {', '.join(f'data.option_{i}={i}' for i in range(20))}, seed={seed}") for seed in (0, 1)]
    assert max(map(len, names)) <= 64  # W&B allows 128 characters, including the run name
    assert len(set(names)) == 2
    assert name_file("Pelee+HPF, RGB; protocol=paper/../x") == "pelee-hpf-rgb-protocol-paper-..-x"
