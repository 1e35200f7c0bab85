"""Every command takes a snapshot by any name, and says so if it is not the one that the file `checkpoint` names."""

import contextlib
import json
import os
import pathlib
import sqlite3

import arena_data
import hostile
import pytest

from gan import battle, compare, eval, export_model, generate_and_discriminate, linear_interpolation, submit
from gan.arena import mock_battles, result_pages, result_publishing, store, teams
from gan.console import flags

pytest_plugins = ["cloud"]
pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")

NAME = "my gan"  # of a snapshot, without a step
CHOICE = f"the file checkpoint names lost-9, which is missing or incomplete; {NAME} was taken, the newest complete"
QUICK = ["--features=low_resolution", "--battles=10"]


@pytest.fixture
def stranger(tmp_path):
    """A folder whose file `checkpoint` names what is not there."""
    folder = tmp_path / "stranger"
    hostile.write(folder)
    for path in [*folder.iterdir()]:
        path.rename(str(path).replace("model.ckpt-1", NAME))
    (folder / "checkpoint").write_text('model_checkpoint_path: "/home/them/lost-9"\n')
    return folder


def command(name, where, faces, out):
    """What runs a command on a snapshot."""
    data, evaluated = f"--input_data_pattern={faces}", f"--eval_data_pattern={faces}"
    play = [f"--arena_dir={out}", data, "--seed=1"]
    table = pathlib.Path(out + ".csv")
    table.write_text(f'team,path\nA,"{where}"\nB,"{where}"\n')
    return {
        "check": lambda: battle.main(["battle", "--mode=check", f"--snapshots={where}", *play]),
        "check of teams": lambda: battle.main(["battle", "--mode=check", f"--teams={table}", *play]),
        "match": lambda: battle.main(["battle", "--mode=match", "--num_rounds=1", f"--teams={table}", *play]),
        "half round": lambda: generate_and_discriminate.main(
            ["half", f"--G_train_dir={where}", f"--D_train_dir={where}", f"--output_dir={out}", data]
        ),
        "eval": lambda: eval.main(
            ["eval", f"--train_dir={where}", f"--log_dir={out}", evaluated, "--run_once", "--noquality"]
        ),
        "compare": lambda: compare.main(["compare", f"--snapshots={where}", evaluated, f"--output_dir={out}", *QUICK]),
        "picture": lambda: linear_interpolation.main(["draw", f"--train_dir={where}", f"--output_file={out}.png"]),
        "export": lambda: export_model.main(["export", f"--train_dir={where}", f"--output_dir={out}"]),
    }[name]()


NAMES = ["check", "check of teams", "match", "half round", "eval", "compare", "picture", "export"]


@pytest.mark.parametrize("name", NAMES)
def test_a_command_says_why_it_took_another(name, stranger, faces, tmp_path, capsys):
    assert command(name, str(stranger), faces, str(tmp_path / "out")) == 0
    told = capsys.readouterr().out
    assert told.count(CHOICE) == (2 if name in ("check of teams", "match") else 1), told
    assert "step None" not in told


@pytest.mark.parametrize("ending", ["", ".index", ".meta"])
@pytest.mark.parametrize("name", NAMES)
def test_a_command_takes_a_prefix(name, ending, stranger, faces, tmp_path, capsys):
    if ending == ".index" and name not in ("check", "check of teams", "eval"):
        pytest.skip("like .meta")
    assert command(name, str(stranger / NAME) + ending, faces, str(tmp_path / "out")) == 0
    told = capsys.readouterr().out
    assert "was taken" not in told
    if name == "check":
        assert f"{NAME}: {NAME}, can take part ({stranger / NAME}" in told
    if name == "eval":
        line = json.loads((tmp_path / "out" / "eval" / "eval.jsonl").read_text())
        assert line["snapshot"] == NAME and line["step"] is None
        assert not [*(tmp_path / "out").rglob("events.*")]
    if name == "compare":
        records = map(json.loads, (tmp_path / "out" / "comparison.jsonl").read_text().splitlines())
        (contestant,) = (record for record in records if record["kind"] == "contestant")
        assert contestant["name"] == NAME and contestant["step"] is None
        assert f"stranger/{NAME}, {NAME}" in (tmp_path / "out" / "report.html").read_text()
    if name == "match":
        with contextlib.closing(sqlite3.connect(tmp_path / "out" / store.FILE)) as stored:
            assert stored.execute("SELECT step FROM team").fetchall() == [(None,), (None,)]


def test_eval_watches_what_the_folder_names_first(stranger, faces, tmp_path):
    """Not our own number, which is older."""
    from gan.data import tfrecords
    from gan.measure import evaluation
    from gan.sandbox import sandbox
    from gan.snapshots import mirror

    hostile.write(stranger, step=7)
    (stranger / "checkpoint").write_text(f'model_checkpoint_path: "{NAME}"\n')
    looks = iter(range(3))

    def over():
        number = next(looks)
        if number == 1:
            hostile.write(stranger, step=8)
        return number == 2

    with sandbox.Sandbox() as opener, mirror.writable_folder(str(tmp_path / "out")) as folder:
        images = tfrecords.read_all([faces], hostile.SIZE)
        judge = evaluation.Evaluator(opener, images, folder, evaluation.EvaluationOptions())
        judge.watch(str(stranger), 0.01, over)
    found = [json.loads(line)["snapshot"] for line in (tmp_path / "out" / "eval.jsonl").read_text().splitlines()]
    assert found == [NAME, "model.ckpt-8"]


def test_hand_in_by_any_name(emulator, bucket, stranger, faces, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    given = [f"--bucket=gs://{bucket}", f"--output_dir={tmp_path / 'out'}", f"--input_data_pattern={faces}"]
    assert submit.main(["submit", f"--train_dir={stranger}", *given]) == 0
    told = capsys.readouterr().out
    assert told.count(CHOICE) == 1 and f"organisers will see gs://{bucket}/model/{NAME}, and" in told
    where = f"gs://{bucket}/model/{NAME}"
    for end in ("", ".meta"):
        assert teams.of_paths(flags.named_paths(where + end)) == [teams.Entrant(NAME, where + end, 0, None)]
        assert result_publishing.results_folder(where + end, "x") == (f"gs://{bucket}", "results/x")
    assert submit.main(["submit", f"--train_dir={where}.index", *given]) == 0
    assert CHOICE not in capsys.readouterr().out


def test_the_newest_in_a_bucket_is_that_by_time(emulator, bucket, stranger, tmp_path, monkeypatch):
    from gan.snapshots import checkpoint_files

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("zeta-99", NAME, "alpha-3"):
        for path in stranger.iterdir():
            if path.name != "checkpoint" and (name, path.suffix) != ("alpha-3", ".meta"):
                emulator.write(bucket, f"model/{path.name.replace(NAME, name)}", path.read_bytes())
    found = checkpoint_files.latest_snapshot(f"gs://{bucket}/model")
    assert found.path == f"gs://{bucket}/model/{NAME}" and found.note.startswith("there is no file checkpoint")
    assert os.path.basename(found.prefix) == NAME and checkpoint_files.folder_of(found.path) == f"gs://{bucket}/model"


def test_results_of_mock_battles_say_it(stranger, faces, tmp_path):
    from gan.arena import arena, timetable
    from gan.data import tfrecords

    (tmp_path / "teams.csv").write_text("team,path\nA,stranger\n")
    with arena.Arena(str(tmp_path / "arena"), hostile.SIZE, tfrecords.read_all([faces], hostile.SIZE)) as opened:
        clock = arena_data.HurriedClock()
        table = timetable.Timetable("12:00", 120, "UTC", clock.now())
        said = []
        telling = mock_battles.Telling(say=said.append)
        held = mock_battles.MockBattles(
            opened, lambda: teams.read(str(tmp_path / "teams.csv")), table, 1, clock, telling
        )
        held.hold(1)
    page = next((stranger / "results").rglob(result_pages.PAGE)).read_text()
    assert CHOICE in page and "A has handed in nothing" not in said
