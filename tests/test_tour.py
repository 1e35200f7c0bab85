"""The notebook: it runs from data to a battle, in a shortened form, and what it shows was made by it."""

import os
import re
import shlex
import sys

import pytest
from conftest import ROOT
from test_readme import config_classes

from gan import battle, prepare_data, train
from gan.console import flags

nbformat = pytest.importorskip("nbformat", reason="pip install 'gan-contest[test]'")
nbclient = pytest.importorskip("nbclient", reason="pip install 'gan-contest[test]'")
pytest.importorskip("ipykernel", reason="pip install 'gan-contest[test]'")

PATH = ROOT / "docs" / "tour.ipynb"
MOST_BYTES = 600_000
SHORT = 'MINUTES = 0.02\nSOURCE = "--source=faces_sample"\nRECIPE = "faces_10min"'


@pytest.fixture
def notebook():
    return nbformat.read(PATH, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(output):
    return output.get("text", "") or output.get("data", {}).get("text/plain", "")


def test_it_runs_from_data_to_a_battle(notebook, tmp_path, monkeypatch):
    pytest.importorskip("openskill", reason="pip install 'gan-contest[arena]'")
    pytest.importorskip("skimage", reason="pip install 'gan-contest[demo]'")
    monkeypatch.setenv("PATH", os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))
    for cell in code_cells(notebook):
        if "parameters" in cell.metadata.get("tags", ()):
            cell.source = SHORT
        elif "!python" in cell.source:  # IPython goes on after a command that fails
            cell.source = cell.source.replace("\n!python", "\nassert not _exit_code\n!python")
            cell.source += "\nassert not _exit_code"
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    told = "".join(text_of(output) for cell in code_cells(notebook) for output in cell.outputs)
    assert "yours: right on" in told and "the house team: right on" in told
    assert re.search(r"your discriminator is right on \d+ of 30 images", told)
    assert re.search(r"1: me \d+ : \d+ house, ", told)
    assert (tmp_path / "arena" / "arena.sqlite3").exists() and list((tmp_path / "run").glob("model.ckpt-*.index"))


def test_what_it_shows_was_made_in_order_and_is_small(notebook):
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert all(output.output_type != "error" for output in outputs)
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 4
    assert PATH.stat().st_size < MOST_BYTES
    told = "\n".join(map(text_of, outputs))
    assert not re.search(r"(?:^|[\s'\"=:])/(?:home|root|tmp|usr|work)/", told), "a path of the machine that ran it"
    assert "\r" not in told, "progress that was overwritten"


def test_its_commands_have_the_flags_that_it_gives(notebook):
    modules = {"gan.prepare_data": prepare_data, "gan.train": train, "gan.battle": battle}
    values = {"SOURCE": "--source=faces_sample", "PACKAGE": "gan", "RECIPE": "faces_10min", "MINUTES": "6"}
    text = "\n".join(cell.source for cell in code_cells(notebook)).replace("\\\n", " ")
    lines = re.findall(r"^!python -m (.+)$", text, re.MULTILINE)
    assert len(lines) == 4
    for line in lines:
        words = shlex.split(re.sub(r"\{(\w+)\}", lambda name: values[name[1]], line))
        (config,) = config_classes(modules[words[0]])
        flags.parse(config, [word.replace("--flagfile=gan", f"--flagfile={ROOT / 'gan'}") for word in words])
