from dataclasses import replace

import numpy as np
import pytest

from fakeid.config.parse import Config, to_plain
from fakeid.evaluation.fit_calibration import fit_calibration
from fakeid.evaluation.quadrants import QUADRANTS, TrainedOn
from fakeid.evaluation.records.evaluation import EvaluatedDetector, EvaluatedSet, Evaluation, SwapResult
from fakeid.evaluation.records.results import UNKNOWN, Estimate, EvaluationGroup, Group
from fakeid.evaluation.records.run_summary import RunSummary
from fakeid.evaluation.verdict import Verdict
from fakeid.reporting.degradations import MILD, STRONG, group_degradations, name_degradations
from fakeid.reporting.table import Tone
from fakeid.reporting.verdict import judge_evaluation, judge_run

HARD = str(QUADRANTS[3])


def make_group(name, content, generator, degradation="none", kind="quadrant", **metrics):
    numbers = {
        "auroc": (0.9, 0.96), "real_accuracy_at_chosen": (0.93, 0.98), "fake_accuracy_at_chosen": (0.6, 0.8), **metrics,
    }  # fmt: skip
    measured = {metric: Estimate(sum(ends) / 2, *ends) for metric, ends in numbers.items()}
    return EvaluationGroup(100, 100, measured, kind, name, degradation, content, generator)


def calibrate():
    return fit_calibration(np.arange(200) % 2, np.arange(200) % 2 + np.linspace(0, 2, 200), 0.05, 0.05)


def make_evaluation(*degraded, **clean):
    return Evaluation(
        title="demo",
        detector=EvaluatedDetector("runs/demo/checkpoints/tested.ckpt", "pelee", "rgb", "hpf", 64),
        trained_on=TrainedOn(("leaves",), ("gan",)),
        test_sets=(EvaluatedSet("test", "photos", 100, 100, file_formats={"real": {"png": 1.0}}),),
        degradations=("none", *(name for name, _ in degraded)),
        groups=(
            make_group(str(QUADRANTS[0]), True, True, auroc=(0.99, 1.0)),
            make_group(HARD, False, False, **clean),
            *(make_group(HARD, False, False, name, **metrics) for name, metrics in degraded),
        ),
        calibration=calibrate(),
    )


def read(evaluation):
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in judge_evaluation(evaluation).to_record().lines]


def test_a_detector_that_cries_wolf_is_not_to_be_used():
    evaluation = make_evaluation(real_accuracy_at_chosen=(0.69, 0.89), fake_accuracy_at_chosen=(0.41, 0.53))
    judgement = judge_evaluation(evaluation)
    assert (judgement.verdict, judgement.tone) == (Verdict.FAILS, Tone.BAD)
    assert read(evaluation)[0] == (
        "Do not use on photos. At the threshold for 5 % false positives it calls 21 % [11, 31] of the reals with "
        "unseen content fake and misses 53 % [47, 59] of the fakes by unseen generators."
    )


def test_the_hardest_images_decide():
    evaluation = make_evaluation(auroc=(0.45, 0.6))
    assert judge_evaluation(evaluation).tone is Tone.BAD
    assert read(evaluation)[0].startswith(
        "At chance on unseen content by unseen generators: not usable. It ranks at chance level"
    )


def test_a_ranking_upside_down_is_called_so():
    assert "are 0_real and 1_fake swapped?" in read(make_evaluation(auroc=(0.2, 0.4)))[0]


def test_untested_degradations_are_called_untested():
    assert read(make_evaluation())[1] == (
        "Not tested: JPEG, blur, rescaling, social networks; python -m fakeid evaluate does that."
    )


def test_green_only_where_nothing_breaks():
    whole = judge_evaluation(make_evaluation(("jpeg-90", {})))
    broken = judge_evaluation(make_evaluation(("jpeg-90", {"real_accuracy_at_chosen": (0.5, 0.6)})))
    assert (whole.verdict, whole.tone) == (Verdict.PASSES, Tone.GOOD)
    assert (broken.verdict, broken.tone) == (Verdict.PASSES, Tone.DOUBTFUL)
    assert broken.head == "Passes on unseen content by unseen generators, but only on clean images"


def test_what_was_trained_on_alone_is_no_test():
    evaluation = make_evaluation()
    evaluation = replace(evaluation, groups=evaluation.groups[:1])
    judgement = judge_evaluation(evaluation)
    assert (judgement.verdict, judgement.tone) == (Verdict.UNDECIDED, Tone.DOUBTFUL)
    assert "neither unseen content nor unseen generators were tested" in judgement.head


def test_a_detector_of_codecs_fails_however_well_it_does():
    swap = SwapResult(90, "it follows the codec", follows_codec=True, warns=True, rows=())
    evaluation = replace(make_evaluation(), swap=swap)
    assert judge_evaluation(evaluation).verdict is Verdict.FAILS
    assert "It follows the codec, not the GAN." in read(evaluation)[0]


def test_a_detector_of_codecs_is_not_said_to_hold():
    swap = SwapResult(90, "it follows the codec", follows_codec=True, warns=True, rows=())
    evaluation = make_evaluation(("jpeg-90", {}))
    assert "Holds on clean images, JPEG 90." in read(evaluation)
    assert len(read(replace(evaluation, swap=swap))) == 1


def test_what_was_only_tested_apart_is_not_called_tested_at_once():
    def judge(content, generator):
        groups = (
            make_group(str(QUADRANTS[0]), True, True, auroc=(0.99, 1.0)),
            make_group(str(QUADRANTS[1]), True, False, auroc=generator),
            make_group(str(QUADRANTS[2]), False, True, auroc=content),
        )
        return judge_evaluation(replace(make_evaluation(), groups=groups))

    passed = judge((0.9, 0.96), (0.9, 0.96))
    assert passed.head == "Passes on unseen content, and on unseen generators, but not both at once"
    assert judge((0.9, 0.96), (0.45, 0.6)).head == "At chance on seen content by unseen generators: not usable"
    assert judge((0.45, 0.6), (0.9, 0.96)).head == "At chance on unseen content: not usable"


def test_drawings_are_called_drawings():
    evaluation = make_evaluation()
    assert "drawings" not in read(evaluation)[0]
    drawn = replace(evaluation, test_sets=(replace(evaluation.test_sets[0], file_formats=None),))
    assert read(drawn)[0].endswith("The images are built-in drawings, so this says nothing about photos.")


def test_without_a_chosen_threshold_it_is_one_half():
    evaluation = replace(make_evaluation(real_accuracy=(0.9, 0.95), fake_accuracy=(0.6, 0.7)), calibration=None)
    assert "At P(fake) = 0.5 it calls 7.5 % [5.0, 10] of the reals" in read(evaluation)[0]


def test_the_weakest_group_is_named_where_it_clearly_is():
    evaluation = make_evaluation()
    groups = [
        make_group(name, None, None, kind=kind, auroc=area)
        for kind, name, area in (("category", "sheep", (0.6, 0.7)), ("generator", "stylegan", (0.65, 0.9)))
    ]
    assert len(read(replace(evaluation, groups=(*evaluation.groups, *groups)))) == 2  # 0.65 is not above 0.7
    groups.append(make_group("bus", None, None, kind="category", auroc=(0.8, 0.9)))
    found = read(replace(evaluation, groups=(*evaluation.groups, *groups)))
    assert found[-1] == "Weakest: content sheep, AUROC 0.650 [0.600, 0.700]."


def test_where_it_holds_and_breaks_is_told_by_kind():
    good, alarms = {}, {"real_accuracy_at_chosen": (0.6, 0.7)}
    evaluation = make_evaluation(
        ("jpeg-95", good), ("jpeg-75", {"real_accuracy_at_chosen": (0.7, 0.78)}), ("jpeg-50", alarms),
        ("noise-2", good),
        ("blur-1", {"fake_accuracy_at_chosen": (0.1, 0.3)}), ("blur-2", {"auroc": (0.4, 0.6)}),
        ("downup-0.5", {"fake_accuracy_at_chosen": (0.4, 0.6)}), ("social", {"auroc": (0.4, 0.6)}),
    )  # fmt: skip
    assert read(evaluation)[1] == (
        "Holds on clean images, JPEG down to 95, noise of 2 levels. Breaks on JPEG 75 and below (26 % of reals "
        "called fake at 75, 35 % at 50), blur (80 % of fakes missed at 1 px, 30 % at 2 px), social networks (at "
        "chance). Too few images to tell: rescaling by 0.5."
    )


@pytest.mark.parametrize(
    ("chosen", "tested", "towards", "words"),
    [
        (["jpeg-90"], ["jpeg-90"], "", "JPEG 90"),
        (["jpeg-90", "jpeg-50"], ["jpeg-90", "jpeg-50"], "", "JPEG"),
        (["jpeg-50"], ["jpeg-90", "jpeg-50"], STRONG, "JPEG 50 and below"),
        (["blur-2"], ["blur-1", "blur-2"], STRONG, "blur of 2 px and more"),
        (["blur-1"], ["blur-1", "blur-2"], MILD, "blur up to 1 px"),
        (["jpeg-75"], ["jpeg-90", "jpeg-75", "jpeg-50"], "", "JPEG 75"),
        (["crop-0.8"], ["crop-0.8"], "", "cropping to 0.8"),
        (["social"], ["social"], "", "social networks"),
    ],
)
def test_strengths_stand_together(chosen, tested, towards, words):
    assert name_degradations(chosen, tested, towards) == words


def test_kinds_run_from_mild_to_strong():
    found = group_degradations(["jpeg-30", "noise-8", "jpeg-95", "noise-2", "social"])
    assert found == {"jpeg": ["jpeg-95", "jpeg-30"], "noise": ["noise-2", "noise-8"], "social": ["social"]}


@pytest.mark.parametrize(
    ("area", "verdict"), [((0.9, 0.97), "passes"), ((0.45, 0.55), "at chance"), ((0.2, 0.4), "inverted")]
)
def test_a_training_is_judged_on_unseen_content(area, verdict):
    numbers = {"auroc": area, "real_accuracy_at_chosen": (0.93, 0.98), "fake_accuracy_at_chosen": (0.6, 0.8)}
    metrics = {name: Estimate(sum(ends) / 2, *ends) for name, ends in numbers.items()}
    seen = Group(50, 50, {**metrics, "auroc": Estimate(0.95, 0.9, 1.0)})
    summary = RunSummary(
        seen=seen, unseen=Group(50, 50, metrics), categories={}, config=to_plain(Config()), calibration=calibrate()
    )
    judgement = judge_run(summary)
    assert judgement.verdict.value == verdict
    assert "unseen content" in judgement.head
    if verdict == "at chance":
        assert judgement.head == "At chance on unseen content: not usable"
    assert judge_run(replace(summary, unseen=None)).verdict is Verdict.UNDECIDED


def test_undefined_numbers_give_no_rate():
    evaluation = make_evaluation()
    easy, hard = evaluation.groups
    rates = dict.fromkeys(("real_accuracy_at_chosen", "fake_accuracy_at_chosen"), UNKNOWN)
    broken = replace(evaluation, groups=(easy, replace(hard, metrics={**hard.metrics, **rates})))
    assert judge_evaluation(broken).verdict is Verdict.UNKNOWN
