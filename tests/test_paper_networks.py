"""Networks as papers have them train, hand in what the judge opens, and battle."""

import paper_networks
import pytest
from conftest import run_train

from gan import battle
from gan.arena import store
from gan.snapshots.snapshot import Snapshot

pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")


@pytest.fixture(scope="module")
def trained(faces, tmp_path_factory):
    """Paper -> its train_dir."""
    found = {}
    for paper, (generator, discriminator, flags) in paper_networks.PAPERS.items():
        found[paper] = tmp_path_factory.mktemp("paper") / paper.replace(" ", "_").replace(",", "")
        names = [f"--generator_model=paper_networks.{generator}"]
        names += [f"--discriminator_model=paper_networks.{discriminator}", "--batch_size=15"]
        assert run_train(faces, found[paper], *names, *flags, "--max_steps=3", "--export_model_steps=3") == 0, paper
    return found


@pytest.mark.parametrize("paper", paper_networks.PAPERS)
def test_it_goes_on_and_keeps_the_contract(paper, trained, faces):
    snapshot = Snapshot(str(trained[paper]), 2500)
    assert snapshot.step == 3
    behaviour = snapshot.verify()
    assert not behaviour.generator_sees_batch
    assert behaviour.discriminator_sees_batch == (paper == "minibatch discrimination")


@pytest.mark.alone
def test_they_battle(trained, faces, tmp_path, capsys):
    teams = tmp_path / "teams.csv"
    teams.write_text("team,path\n" + "".join(f'"{paper}",{path}\n' for paper, path in trained.items()))
    flags = [f"--teams={teams}", f"--arena_dir={tmp_path}/arena", f"--input_data_pattern={faces}", "--seed=1"]
    assert battle.main(["battle", "--mode=tournament", *flags]) == 0
    assert " wins tournament" in capsys.readouterr().out
    with store.Store(str(tmp_path / "arena"), read_only=True) as kept:
        played = [half.played.score for match in kept.matches.all() for half in kept.half_rounds.of_match(match.id)]
        assert [team.fault for team in kept.teams.of_event(1)] == [None] * 10
    assert len(played) == 8 * 2 + 6 and not any(one.generator_fault or one.discriminator_fault for one in played)
