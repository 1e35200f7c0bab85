"""Sweeps: real short trainings, stopped, killed and gone on with; trials that fail or are bad; wrong spaces."""

import itertools
import os
import signal
import sys
import time

import dask_cluster
import pytest
from conftest import start, synthetic_images

from gan import sweep
from gan.console import flags
from gan.console.errors import UserError
from gan.data import tfrecords
from gan.distributed import search_space, sweep_study, trial_loop, trial_process, worker_pool
from gan.snapshots import checkpoint_files
from gan.storage import files
from gan.training import quality_record, training_flags

SPACE = "base_learning_rate: {low: 1e-5, high: 0.02, log: true}\nbatch_size: [8, 16]\n"
# Stands for train if a test is about the sweep alone: the metric falls with time towards the learning rate.
STAND_IN = """
import signal, sys, time
from gan.training.quality_record import QualityLine, add
flags = dict(word[2:].split("=", 1) for word in sys.argv[1:])
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
end, rate = float(flags["max_minutes"]), float(flags["base_learning_rate"])
if rate > 1:
    print("the first sentence")
    sys.exit("the losses are not finite")
for step in range(1, 11):
    time.sleep(0.05)
    value = rate + 1 / step
    add(flags["train_dir"], QualityLine(step, end * step / 10, "frechet_96_wavelets", value, value, {}))
    if asked:
        sys.exit(143)
"""


@pytest.fixture
def space(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(SPACE)
    return path


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Trials are processes without TensorFlow."""
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)
    monkeypatch.setattr(trial_process, "COMMAND", (sys.executable, str(script)))
    monkeypatch.setattr(trial_loop, "_SECONDS_BETWEEN_LOOKS", 0.02)


def words(space, faces, tmp_path, *more):
    quick = ["--batch_size=16", "--seed=3", "--trials=2", "--max_minutes=0.1", "--export_model_steps=10"]
    return [f"--search={space}", f"--train_data_pattern={faces}", f"--sweep_dir={tmp_path}/sweep", *quick, *more]


def run(*flags):
    return sweep.main(["sweep", *flags])


def rows(tmp_path):
    return {row.name: row for row in sweep_study.SweepStudy(str(tmp_path / "sweep")).rows()}


def steps(folder):
    return [line.step for line in quality_record.read(str(folder))]


def wait_for_steps(process, folder):
    """Waits until a trial has trained some steps and saved."""
    end = time.monotonic() + 120
    while not (folder / "model.ckpt-10.index").exists():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < end
        time.sleep(0.05)


def running_trainings(folder):
    return [pid for pid in filter(str.isdigit, os.listdir("/proc")) if _is_training_in(pid, folder)]


def _is_training_in(pid, folder):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return f"--train_dir={folder}".encode() in file.read().split(b"\0")
    except OSError:
        return False


def test_a_sweep_is_stopped_and_killed_and_goes_on_to_its_end(space, faces, tmp_path, capsys):
    given, trial = words(space, faces, tmp_path), tmp_path / "sweep" / "trial-000"
    stopped = start("sweep", *given)
    wait_for_steps(stopped, trial)
    stopped.send_signal(signal.SIGINT)
    told, _ = stopped.communicate(timeout=120)
    assert stopped.returncode == 130 and "stopped by a signal, run it again to go on from here" in told, told
    assert "stopped by a signal" in (trial / trial_process.OUTPUT).read_text()
    assert rows(tmp_path)["trial-000"].state == "unfinished" and not running_trainings(trial)

    killed = start("sweep", *given)
    end = time.monotonic() + 120
    while (trial / trial_process.OUTPUT).read_text().count("Ctrl-C saves and stops") < 2:
        assert time.monotonic() < end and killed.poll() is None
        time.sleep(0.05)
    killed.kill()
    killed.communicate()

    assert run(*given) == 0  # also if the trial of the killed one is still saving
    told = capsys.readouterr().out
    assert "going on with the sweep" in told and "trial-001 begins" in told
    printed = (trial / trial_process.OUTPUT).read_text()  # by the same training, three times
    assert "going on from step" in printed
    assert printed.count("Ctrl-C saves and stops") + printed.count("is trained already") == 3
    found = rows(tmp_path)
    assert [(name, row.state) for name, row in found.items()] == [("trial-000", "done"), ("trial-001", "done")]
    assert found["trial-000"].flags == {"base_learning_rate": 0.001, "batch_size": 16}  # what the command line says
    assert found["trial-001"].flags != found["trial-000"].flags
    for row in found.values():
        values = {line.step: line.value for line in quality_record.read(str(tmp_path / "sweep" / row.name))}
        assert (row.value, row.step) == (min(values.values()), min(values, key=values.get))

    best = min(found.values(), key=lambda row: row.value)
    path = tmp_path / "sweep" / "best.flags"
    config = flags.parse(training_flags.TrainingFlags, ["train", f"--flagfile={path}", f"--train_data_pattern={faces}"])
    assert {name: getattr(config, name) for name in best.flags} == best.flags
    assert (config.seed, config.export_model_steps, config.keep_best) == (3, 10, "frechet")
    pictures = {"history.png", "importances.png", "slice.png"}
    assert pictures <= {*os.listdir(tmp_path / "sweep")}
    assert all((tmp_path / "sweep" / name).read_bytes().startswith(b"\x89PNG") for name in pictures)

    assert run(*given) == 0 and "begins" not in capsys.readouterr().out  # all are done
    assert run("--show", f"--sweep_dir={tmp_path}/sweep") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["trial", "state", "frechet", "minutes", "step", "base_learning_rate", "batch_size"]
    assert lines[1].startswith(f"{best.name}  done   {best.value:.4g} ")


def test_a_training_that_fails_is_told(faces, tmp_path, capsys):
    space = tmp_path / "space.yaml"
    space.write_text("base_learning_rate: [1.0e+30, 0.001]\n")
    assert run(*words(space, faces, tmp_path, "--base_learning_rate=1e30", "--trials=1", "--max_minutes=1")) == 1
    told = capsys.readouterr().out
    assert "trial-000 failed: train: " in told and "the losses are not finite" in told
    assert not (tmp_path / "sweep" / "best.flags").exists()


def test_the_others_go_on_after_a_trial_that_fails(faces, tmp_path, quick, capsys):
    space = tmp_path / "space.yaml"
    space.write_text("base_learning_rate: [1.0e+30, 1.0e+29, 0.001, 0.002]\n")
    assert run(*words(space, faces, tmp_path, "--trials=4", "--base_learning_rate=1e30")) == 0
    found = rows(tmp_path)
    assert len(found) == 4 and {row.state for row in found.values()} == {"failed", "done"}
    assert all((row.flags["base_learning_rate"] > 1) == (row.state == "failed") for row in found.values())
    assert found["trial-000"].reason == "the losses are not finite"
    assert "trial-000 failed: the losses are not finite" in capsys.readouterr().out


def test_the_first_trials_run_to_their_end_whatever_stops_others(space, faces, tmp_path, quick):
    more = ["--first_trials=6", "--trials=6", "--pruner=hyperband", "--base_learning_rate=1e-5", "--seed=1"]
    assert run(*words(space, faces, tmp_path, *more)) == 0
    assert {(row.state, len(steps(tmp_path / "sweep" / row.name))) for row in rows(tmp_path).values()} == {("done", 10)}


def test_bad_trials_are_stopped_while_they_train(space, faces, tmp_path, quick, capsys):
    given = words(space, faces, tmp_path, "--first_trials=2", "--trials=8", "--workers=2", "--base_learning_rate=1e-5")
    assert run(*given) == 0
    found, folder = rows(tmp_path), tmp_path / "sweep"
    pruned = [row for row in found.values() if row.state == "pruned"]
    assert pruned and len(found) == 8 and {row.state for row in found.values()} == {"pruned", "done"}
    assert any(len(steps(folder / row.name)) < 10 for row in pruned)  # others may be stopped at their last step
    assert all(len(steps(folder / row.name)) == 10 for row in found.values() if row.state == "done")
    best = min(found.values(), key=lambda row: row.value)
    assert best.value == pytest.approx(best.flags["base_learning_rate"] + 0.1)
    assert "is stopped, others were better by then: frechet_96_wavelets" in capsys.readouterr().out
    begun = os.stat(folder / "trial-001" / trial_process.OUTPUT).st_mtime
    assert begun < os.stat(folder / "trial-000" / checkpoint_files.QUALITY).st_mtime  # both at once


def test_nobody_is_stopped_without_a_pruner(space, faces, tmp_path, quick):
    given = words(space, faces, tmp_path, "--first_trials=1", "--trials=4", "--workers=4", "--pruner=none")
    assert run(*given) == 0
    assert {row.state for row in rows(tmp_path).values()} == {"done"}


def test_a_sweep_that_goes_on_draws_other_flags_and_refuses_another_plan(space, faces, tmp_path, quick, fails):
    given = words(space, faces, tmp_path, "--pruner=none", "--workers=3")
    assert run(*given, "--trials=3") == 0 and run(*given, "--trials=6") == 0
    assert len({row.flags["base_learning_rate"] for row in rows(tmp_path).values()}) == 6
    error = fails(sweep.main, *given, "--max_minutes=0.2", "--penalty=R1Penalty")
    assert "was begun with another --max_minutes and --penalty and --quality_minutes, so" in error
    space.write_text(SPACE + "label_smoothing: {low: 0, high: 0.2}\n")
    assert "was begun with another --search" in fails(sweep.main, *given)
    space.write_text(SPACE)
    assert "was begun with another --metric" in fails(sweep.main, *given, "--metric=recall")
    assert run(*given, "--trials=6") == 0


def test_a_metric_that_should_be_high(space, faces, tmp_path, quick):
    """The stand-in's costs, taken for those of recall: the best has the least cost, and the largest value."""
    assert run(*words(space, faces, tmp_path, "--metric=recall", "--pruner=none", "--workers=2")) == 0
    study = sweep_study.SweepStudy(str(tmp_path / "sweep"))
    values = {row.name: row.value for row in study.rows()}
    assert study.best().name == max(values, key=values.get) and max(values.values()) < 0


@pytest.mark.parametrize(
    "text, sentence",
    [
        (
            "learning_rate: [1, 2]",
            "learning_rate is no flag of train; did you mean learning_rate_hold or base_learning_rate",
        ),
        ("train_dir: [a, b]", "train_dir is set by the sweep itself; leave it out"),
        ("batch_size: {low: 16}", "batch_size: {'low': 16} says no range; write {low: 0.001, high: 0.01}"),
        ("batch_size: {low: 16, high: 4}", "batch_size: low: 16 must be less than high: 4"),
        ("batch_size: {low: 1.5, high: 4}", "batch_size: 1.5 is no whole number"),
        ("batch_size: {low: 0, high: 4}", "batch_size: flag --batch_size=0"),
        ("adam_beta1: {low: 0.5, high: 1.5}", "adam_beta1: flag --adam_beta1=1.5"),
        ("base_learning_rate: {low: 0, high: 1, log: true}", "with log: true, low must be more than 0"),
        ("base_learning_rate: {low: x, high: 1}", "base_learning_rate: x is no number"),
        ("base_learning_rate: {low: 0.1, high: 1, step: 2}", "step: 2.0 must be more than 0, and at most"),
        ("optimizer: {low: 0.1, high: 1}", "optimizer: it has no numbers between two ends; give a list of choices"),
        ("optimizer: [AdamOptimizer, Adam]", "optimizer: flag --optimizer=Adam"),
        ("optimizer: [AdamOptimizer]", "optimizer: a list of choices needs two different values"),
        ("generator_model: [SampleGenerator, Missing]", "generator_model: --generator_model=Missing"),
        ("augment: [flip, [blur]]", "augment: ['blur'] is no value of a flag"),
        ("optimizer: [AdamOptimizer, null]", "optimizer: null stands for a flag that is not set, and this one always"),
        ("penalty: [R1Penalty, None]", "penalty: null, not None, stands for a flag that is not set"),
        ("penalty: null", "penalty: null says no range; write {low: 0.001"),
        ("- batch_size", "names no flags"),
        ("batch_size: [8, 16]\nadam_beta1: [0, 0.5]\nbatch_size: [32, 64]", "batch_size is there twice"),
        ("nonsense_filter: [true, false]\nbatch_size: [1, 0]", "batch_size: flag --batch_size=0"),
        ("augment_target: [0.2, 0.6]", "augment_target: --augment_target has nothing to adapt"),
        ("augment: [flip, flipp]", "augment: --augment=flipp: gan/augment.py has no transformation flipp"),
        ("batch_size: [1, ", "is not YAML"),
    ],
)
def test_a_space_that_is_wrong_is_told_before_anything_begins(text, sentence, faces, tmp_path, fails):
    space = tmp_path / "space.yaml"
    space.write_text(text)
    error = fails(sweep.main, *words(space, faces, tmp_path))
    assert f"--search={space}" in error and sentence in error
    assert not (tmp_path / "sweep").exists()


def test_values_that_are_right_beside_those_of_another_flag_are_searched(faces, tmp_path, quick):
    space = tmp_path / "space.yaml"
    space.write_text("base_learning_rate: [0.1, 0.2]\naugment_target: [0.2, 0.6]\naugment: [flip, 'rounding,flip']")
    assert run(*words(space, faces, tmp_path)) == 0
    assert {row.state for row in rows(tmp_path).values()} == {"done"}


def test_steps_lead_to_the_upper_end(faces, tmp_path):
    """In binary numbers, 0.1 and three times 0.3 are less than 1."""
    space = tmp_path / "space.yaml"
    space.write_text("augment_probability: {low: 0.1, high: 1, step: 0.3}\nadam_beta1: {low: 0, high: 0.5, step: 0.2}")
    found = search_space.read(str(space), {"augment_probability": float, "adam_beta1": float}, [])
    assert found["augment_probability"].ends() == [0.1, 1.0] and found["adam_beta1"].ends() == [0.0, 0.4]
    assert [found["augment_probability"].contains(value) for value in (0.1, 0.4, 0.7, 1.0, 0.5)] == [*4 * [True], False]
    given = words(space, faces, tmp_path, "--augment=flip", "--augment_probability=1", "--adam_beta1=0.4")
    config = flags.parse(sweep.SweepFlags, ["sweep", *given])
    plan = sweep.sweep_flags.plan_of(config, False)
    study = sweep_study.SweepStudy(str(tmp_path), sweep_study.Judging("none", 8, 0))
    assert not study.begin(plan, sweep.sweep_flags.first_values(config, plan))
    assert study.ask(plan.space).params == {"augment_probability": 1.0, "adam_beta1": 0.4}
    asked = [study.ask(plan.space).params for _ in range(40)]
    assert all(plan.space[name].contains(value) for params in asked for name, value in params.items())
    drawn = {params["augment_probability"] for params in asked}
    assert sorted(drawn) == pytest.approx([0.1, 0.4, 0.7, 1.0])


def test_flags_that_do_nothing_are_told_before_the_first_trial(faces, tmp_path, quick, capsys):
    space = tmp_path / "space.yaml"
    space.write_text("base_learning_rate: [0.1, 0.2]\npenalty_weight: {low: 0.01, high: 1, log: true}")
    assert run(*words(space, faces, tmp_path)) == 0
    assert "warning: --penalty_weight does nothing without --penalty\n" in capsys.readouterr().out


def test_images_that_no_trial_could_use_are_told_before_anything_begins(space, digits, tmp_path, fails):
    few = tmp_path / "few.tfrecords"
    tfrecords.write(str(few), synthetic_images(10, 2500))
    error = fails(sweep.main, *words(space, few, tmp_path))
    assert "10 training images are too few to measure trials by; 15 are needed" in error
    assert "784" in fails(sweep.main, *words(space, digits, tmp_path))
    assert not (tmp_path / "sweep").exists()


def test_data_of_the_search_space_stays_on_one_machine(space, faces, tmp_path, fails):
    space.write_text(f"calibration_data_pattern: ['{faces}', '{faces},{faces}']")
    error = fails(sweep.main, *words(space, faces, tmp_path, "--scheduler=tcp://127.0.0.1:1"))
    assert "--search with calibration_data_pattern is for one machine" in error
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize("always", [False, True])
def test_a_trial_that_is_stopped_from_elsewhere_begins_again(always, space, faces, tmp_path, quick):
    """As by a machine that is taken away, whose processes all get the signal; but not for ever."""
    script = tmp_path / "stand_in.py"
    stops = f"""
import os
marker = os.path.join(flags["train_dir"], "stopped")
if {always} or not os.path.exists(marker):
    open(marker, "w").close()
    os.kill(os.getpid(), signal.SIGTERM)
"""
    script.write_text(STAND_IN.replace("end, rate =", f"{stops}end, rate ="))
    assert run(*words(space, faces, tmp_path)) == (1 if always else 0)
    found = rows(tmp_path)
    assert {name: row.state for name, row in found.items()} == dict.fromkeys(
        ["trial-000", "trial-001"], "failed" if always else "done"
    )
    if always:
        assert all("3 times it was stopped from elsewhere" in row.reason for row in found.values())


def test_values_survive_a_kill_while_optuna_notes_them(space, faces, tmp_path):
    """Optuna takes a trial from its queue first, and notes its values one by one."""
    config = flags.parse(sweep.SweepFlags, ["sweep", *words(space, faces, tmp_path)])
    plan = sweep.sweep_flags.plan_of(config, False)
    judging = sweep_study.Judging("none", 8, 0)
    first = sweep.sweep_flags.first_values(config, plan)
    study = sweep_study.SweepStudy(str(tmp_path), judging)
    study.begin(plan, first)
    for kills in range(2):
        trial = study.study.ask()
        if kills:
            trial.suggest_categorical("batch_size", (8, 16))
        study = sweep_study.SweepStudy(str(tmp_path), judging)
        assert study.begin(plan, first)
    assert study.ask(plan.space).params == first
    study = sweep_study.SweepStudy(str(tmp_path), judging)  # and again, after it got its folder
    study.begin(plan, first)
    study.study.ask()
    study = sweep_study.SweepStudy(str(tmp_path), judging)
    study.begin(plan, first)
    again = study.ask(plan.space)
    assert (sweep_study.folder_of(again), again.params) == ("trial-000", first)


def test_no_two_trials_have_the_same_flags_and_a_small_space_ends(faces, tmp_path, quick, capsys):
    space = tmp_path / "space.yaml"
    space.write_text("base_learning_rate: [0.1, 0.2, 0.1]\nbatch_size: {low: 8, high: 24, step: 8}\nseed: [1, 2]")
    few = [*words(space, faces, tmp_path), "--pruner=none", "--workers=2"]
    assert run(*few, "--trials=7") == 0
    assert run(*few, "--trials=30") == 0
    assert "--search holds 12 combinations, so the sweep ends after 12 trials, not 30" in capsys.readouterr().out
    tried = {tuple(row.flags.values()) for row in rows(tmp_path).values()}
    assert tried == set(itertools.product((0.1, 0.2), (8, 16, 24), (1, 2)))
    assert list(rows(tmp_path)) == [f"trial-{number:03d}" for number in range(12)]


def test_a_flag_may_also_not_be_set(faces, tmp_path, quick, capsys):
    space = tmp_path / "space.yaml"
    space.write_text("base_learning_rate: [0.1, 0.2]\ngenerator_learning_rate: [null, 0.4]")
    given = words(space, faces, tmp_path, "--generator_learning_rate=0.3", "--trials=4", "--base_learning_rate=0.2")
    assert run(*given) == 0
    assert {row.flags["generator_learning_rate"] for row in rows(tmp_path).values()} == {None, 0.4}
    assert "generator_learning_rate not set" in capsys.readouterr().out
    best = sweep_study.SweepStudy(str(tmp_path / "sweep")).best()
    text = (tmp_path / "sweep" / "best.flags").read_text()
    assert ("--generator_learning_rate=" in text) == (best.flags["generator_learning_rate"] is not None)
    assert "None" not in text and (tmp_path / "sweep" / "slice.png").exists()


def test_a_first_trial_that_the_space_does_not_hold_is_told(faces, tmp_path, quick, capsys):
    space = tmp_path / "space.yaml"
    space.write_text("base_learning_rate: [0.1, 0.2]\npenalty_weight: {low: 0.01, high: 1, log: true}")
    assert run(*words(space, faces, tmp_path)) == 0
    told = (
        "the first trial is drawn at random: --search leaves out --base_learning_rate=0.001, --penalty_weight not set"
    )
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a%20b", "what?", "{x}", "\uc5bc\uad74 1", "a#b;c='d'"])
def test_a_folder_may_have_any_name(name, space, faces, tmp_path, quick):
    folder = tmp_path / name
    assert run(*words(space, faces, tmp_path), f"--sweep_dir={folder}") == 0
    assert (folder / sweep_study.DATABASE).exists() and {*os.listdir(tmp_path)} >= {name}
    assert len(sweep_study.SweepStudy(str(folder)).rows()) == 2
    assert {*os.listdir(tmp_path)} <= {name, "space.yaml", "stand_in.py"}


def test_trials_are_ended_by_the_time_alone(space, faces, tmp_path, fails):
    config = flags.parse(sweep.SweepFlags, ["sweep", *words(space, faces, tmp_path)])
    assert sweep.sweep_flags.plan_of(config, False).flags["num_epochs"] == 10**6
    given = words(space, faces, tmp_path, "--batch_size=1", "--negatives_share=0.1")
    assert "raise --batch_size" in fails(sweep.main, *given, f"--search={_of_rates(tmp_path)}")


def test_all_data_is_looked_for_before_anything_begins(space, faces, tmp_path, fails):
    given = words(space, faces, tmp_path)
    assert "no file matches" in fails(sweep.main, *given, "--calibration_data_pattern=/none")
    space.write_text(f"calibration_data_pattern: ['{faces}', /none]")
    assert "--calibration_data_pattern=/none: no file" in fails(sweep.main, *given)
    assert not (tmp_path / "sweep").exists()


def _of_rates(tmp_path):
    path = tmp_path / "rates.yaml"
    path.write_text("base_learning_rate: [0.1, 0.2]")
    return path


def test_other_mistakes_are_told(space, faces, tmp_path, fails, monkeypatch):
    given = words(space, faces, tmp_path)
    assert "is needed" in fails(sweep.main, f"--search={space}")
    assert "--train_dir is each trial's own in a sweep" in fails(sweep.main, *given, "--train_dir=x")
    assert "--metric=beauty: the metrics are frechet, kid" in fails(sweep.main, *given, "--metric=beauty")
    assert "must be on disk" in fails(sweep.main, *given, "--sweep_dir=gs://team/sweep")
    assert "holds no sweep" in fails(sweep.main, "--show", f"--sweep_dir={tmp_path}/sweep")
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert "pip install 'gan-contest[sweep]'" in fails(sweep.main, *given)
    assert not (tmp_path / "sweep").exists()


def test_a_file_that_is_no_sweep_is_left_alone(space, faces, tmp_path, fails):
    (tmp_path / "sweep").mkdir()
    database = tmp_path / "sweep" / sweep_study.DATABASE
    database.write_bytes(b"my own notes, no database at all")
    assert "is no sweep" in fails(sweep.main, *words(space, faces, tmp_path))
    assert database.read_bytes() == b"my own notes, no database at all"
    database.unlink()
    database.mkdir()
    error = fails(sweep.main, "--show", f"--sweep_dir={tmp_path}/sweep")
    assert "cannot be read: " in error and "remove it" not in error


def test_two_sweeps_do_not_share_a_folder(space, faces, tmp_path, quick, fails):
    with files.locked(str(tmp_path / "sweep" / ".lock"), "the sweep"):
        assert "is in use by another sweep" in fails(sweep.main, *words(space, faces, tmp_path))
    assert run(*words(space, faces, tmp_path)) == 0


@pytest.mark.parametrize("recipe, generator_learning_rate", [("faces_10min", 0.0025), ("faces_30min", 0.0015)])
def test_the_example_is_a_search_space_of_the_recipe(faces, recipe, generator_learning_rate):
    """Of the other one too, whose generator has no learning rate of its own."""
    given = ["sweep", f"--flagfile=gan/recipes/{recipe}.flags", f"--train_data_pattern={faces}"]
    config = flags.parse(sweep.SweepFlags, [*given, "--search=gan/recipes/faces_search.yaml"])
    plan = sweep.sweep_flags.plan_of(config, False)
    assert plan.space["batch_size"] == search_space.NumberRange(16, 64, False, 16, True)
    first = sweep.sweep_flags.first_values(config, plan)
    assert all(dimension.contains(first[name]) for name, dimension in plan.space.items())
    assert first["generator_learning_rate"] == generator_learning_rate
    assert plan.flags["max_minutes"] == int(recipe[6:8]) and "batch_size" not in plan.flags


def stand_in_there(script):
    """What a worker runs first, so that its trials are processes without TensorFlow."""
    chosen = f"trial_process.COMMAND = (sys.executable, {str(script)!r})"
    return f"import sys\nfrom gan.distributed import trial_process\n{chosen}\n"


@pytest.fixture
def two_workers(tmp_path):
    pytest.importorskip("distributed", reason="pip install 'gan-contest[cluster]'")
    script = tmp_path / "stand_in.py"
    # Workers have data of their own, and a trial takes long enough to kill one in it.
    has_data = "import os\nassert all(map(os.path.isfile, flags['train_data_pattern'].split(',')))\nprint(flags)\n"
    slow = STAND_IN.replace("time.sleep(0.05)", "time.sleep(0.3)")
    script.write_text(slow.replace("asked = []\n", f"asked = []\n{has_data}"))
    with dask_cluster.Scheduler(tmp_path) as scheduler:
        workers = [scheduler.start_worker(stand_in_there(script)) for _ in range(2)]
        yield scheduler, workers


def test_a_sweep_on_workers_one_of_which_is_lost(space, faces, tmp_path, two_workers):
    scheduler, workers = two_workers
    given = words(space, faces, tmp_path, "--trials=3", "--pruner=none", f"--scheduler={scheduler.address}")
    process = start("sweep", *given)
    dask_cluster.wait_for(
        lambda: process.poll() is not None or sum(row.state == "unfinished" for row in safe_rows(tmp_path)) == 2
    )
    workers[0].kill()
    printed, _ = process.communicate(timeout=dask_cluster.SECONDS)
    assert process.returncode == 0 and "is lost or paused; others do its part" in printed, printed
    found, folder = rows(tmp_path), tmp_path / "sweep"
    assert {name: row.state for name, row in found.items()} == dict.fromkeys(
        ["trial-000", "trial-001", "trial-002"], "done"
    )
    for name, row in found.items():
        assert steps(folder / name) == list(range(1, 11))  # the files came home
        assert row.value == pytest.approx(row.flags["base_learning_rate"] + 0.1)
        assert str(faces) not in (folder / name / trial_process.OUTPUT).read_text()
    assert (folder / "best.flags").exists()


def test_a_worker_with_a_full_disk_takes_no_trial_with_it(space, faces, tmp_path, two_workers):
    scheduler, workers = two_workers
    workers[0].kill()
    script = tmp_path / "fails.py"
    script.write_text("raise SystemExit('No space left on device')")
    full = "import shutil, types\nshutil.disk_usage = lambda path: types.SimpleNamespace(free=0)\n"
    scheduler.start_worker(full + stand_in_there(script))
    given = words(space, faces, tmp_path, "--trials=3", "--pruner=none", f"--scheduler={scheduler.address}")
    printed, _ = (process := start("sweep", *given)).communicate(timeout=dask_cluster.SECONDS)
    assert process.returncode == 0 and "is refused: it failed: the disk of" in printed, printed
    assert {row.state for row in rows(tmp_path).values()} == {"done"} and len(rows(tmp_path)) == 3


def test_a_sweep_on_workers_is_stopped_and_goes_on(space, faces, tmp_path, two_workers):
    scheduler, _ = two_workers
    given = words(space, faces, tmp_path, "--trials=3", "--pruner=none", f"--scheduler={scheduler.address}")
    process = start("sweep", *given)
    dask_cluster.wait_for(
        lambda: process.poll() is not None or sum(row.state == "unfinished" for row in safe_rows(tmp_path)) == 2
    )
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=dask_cluster.SECONDS)
    assert process.returncode == 130 and "run it again to go on from here" in printed, printed
    assert {row.state for row in rows(tmp_path).values()} == {"unfinished"}
    again = start("sweep", *given)
    printed, _ = again.communicate(timeout=dask_cluster.SECONDS)
    assert again.returncode == 0 and "going on with the sweep" in printed, printed
    assert [row.state for row in rows(tmp_path).values()] == ["done"] * 3


def safe_rows(tmp_path):
    """The trials of a sweep, also before it has begun."""
    try:
        return list(rows(tmp_path).values())
    except UserError:
        return []


def test_a_sweep_has_one_kind_of_workers(space, faces, tmp_path, fails, monkeypatch):
    monkeypatch.setattr(worker_pool, "CONNECT_SECONDS", 1)
    given = words(space, faces, tmp_path)
    assert "give one of the two" in fails(sweep.main, *given, "--workers=2", "--scheduler=tcp://127.0.0.1:1")
    assert "--scheduler=tcp://127.0.0.1:1 does not answer" in fails(sweep.main, *given, "--scheduler=tcp://127.0.0.1:1")
    assert "--workers has it now" in fails(sweep.main, *given, "--at_once=2")
