import io
import re

import pytest
from rich.console import Console

from fakeid.reporting.tables import render_markdown, render_table


def print_table(summary, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(render_table(summary))
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 100])
def test_every_name_and_number_is_whole(summary, width):
    text = print_table(summary, width)
    words = text.split()
    assert max(map(len, text.splitlines())) <= width
    for name in summary["categories"]:
        assert name in words
    # The widest row: five digits of counts and two intervals of three decimals.
    for word in ("20000", "91.2", "89.2\N{EN DASH}92.5", "0.943", "0.923\N{EN DASH}0.956"):
        assert word in words
    assert "…" not in text


def test_one_block_for_pools_then_one_for_categories_in_order(summary):
    lines = print_table(summary, 80).splitlines()
    starts = [line.split("  ")[0].strip() for line in lines]
    assert starts.index("seen content") < starts.index("unseen content") < starts.index("cat") < starts.index("bus")
    assert starts[starts.index("sheep") + 1] == "unseen"
    assert starts.count("unseen") == 1


def test_what_is_undefined_is_a_dash(summary):
    for metric in ("real_accuracy", "auroc"):
        summary["categories"]["cat"][metric] = {"value": None, "low": None, "high": None}
    line = next(line for line in print_table(summary, 80).splitlines() if line.startswith("cat"))
    assert line.split() == ["cat", "200", "200", "100.0", "\N{EN DASH}", "100.0", "\N{EN DASH}", "1.000"]
    assert "None" not in render_markdown(summary)


def test_a_missing_pool_is_left_out(summary):
    summary["unseen"] = None
    assert "unseen content" not in print_table(summary, 80)
    assert "unseen content" not in render_markdown(summary)


def test_long_names_are_folded_not_cut(summary):
    name = "stylegan2_living_rooms_at_night"
    summary["categories"] = {name: summary["categories"]["cat"]}
    assert name in "".join(re.findall(r"^\S+", print_table(summary, 80), flags=re.M))


def test_markdown_holds_a_row_for_each_group(summary):
    lines = render_markdown(summary).splitlines()
    assert len(lines) == 2 + 2 + 11
    assert {line.count("|") for line in lines} == {9}
    expected = "| **seen content** | 20000 | 20000 | 91.2 [89.2, 92.5] | 87.2 [85.2, 88.5] | 95.2 [93.2, 96.5] "
    assert lines[2] == f"{expected}| 0.943 [0.923, 0.956] | 0.939 [0.919, 0.952] |"
    assert lines[-1].startswith("| sheep (unseen) | 200 | 200 | 73.1 [71.1, 74.4] |")


def test_the_held_out_category_is_told_from_others_that_are_unseen(summary):
    assert "held out" in print_table({**summary, "held_out": "sheep"}, 80)
    assert "| sheep (held out) |" in render_markdown({**summary, "held_out": "sheep"})
