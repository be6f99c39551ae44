from fakeid.evaluation.verdict import Verdict
from fakeid.reporting.verdict import Judgement
from fakeid.runs.layout import RunFolder
from fakeid.runs.show import list_next_steps


def suggest(run: RunFolder, verdict: Verdict) -> str:
    return "\n".join(list_next_steps(run, Judgement(verdict, "", "")))


def test_after_a_training_comes_its_evaluation_and_then_its_page(tmp_path):
    run = RunFolder(tmp_path / "a run")
    told = suggest(run, Verdict.FAILS)
    assert f"python -m fakeid evaluate '{run.path}'\n" in told
    assert f"python -m fakeid evaluate '{run.path}' DIR\n" in told
    run.evaluation.path.mkdir(parents=True)
    run.evaluation.page.touch()
    told = suggest(run, Verdict.PASSES)
    assert f"'{run.evaluation.page}'\n" in told
    assert told.count("python -m fakeid evaluate") == 1


def test_who_learned_nothing_looks_at_the_learning_curve_first(tmp_path):
    told = suggest(RunFolder(tmp_path / "run"), Verdict.AT_CHANCE)
    assert "learning_curve.png" in told
    assert "evaluate" not in told
