"""The rooms and who may know whom, read off the imports."""

import ast
import pathlib

import pytest

GAN = pathlib.Path(__file__).resolve().parent.parent / "gan"

COMMANDS = {
    "train",
    "eval",
    "generate_and_discriminate",
    "prepare_data",
    "export_model",
    "linear_interpolation",
    "submit",
    "compare",
    "battle",
    "scoreboard",
}
MIDDLE = {
    "hardening",
    "replay",
    "publisher",
    "graph",
    "saving",
    "inspection",
    "cell",
    "fork_server",
    "sandbox",
    "cell_process",
    "match",
    "arena",
    "events",
    "results",
    "mock_battles",
    "mirror",
    "network",
    "contract",
    "lowering",
    "snapshot",
    "readers",
    "models",
    "layers",
    "training",
    "training_session",
    "gradients",
    "gradient_slots",
    "towers",
    "strategy",
    "messages",
    "node",
    "worker",
    "parameter_server",
    "evaluation",
    "contestants",
    "curves",
    "summaries",
}
LEAVES = {
    "checkpoint",
    "half_round",
    "copies",
    "wire",
    "outputs",
    "seccomp",
    "landlock",
    "confinement",
    "printable",
    "staging",
    "delivery",
    "rules",
    "bracket",
    "timetable",
    "ratings",
    "teams",
    "store",
    "tables",
    "show",
    "records",
    "negatives",
    "metrics",
    "features",
    "processor",
    "schedule",
    "calibration",
    "random_noise_generator",
    "losses",
    "augment",
    "pictures",
    "storage",
    "datasets",
    "picture_files",
    "errors",
    "progress",
    "command_line",
    "registry",
    "cluster",
    "signals",
    "cross_play",
    "quality",
    "comparison",
    "charts",
    "markup",
    "portraits",
    "report",
}
GROUP = {name: level for level, group in enumerate((LEAVES, MIDDLE, COMMANDS)) for name in group}
WITHOUT_TENSORFLOW = (LEAVES - {"losses", "augment", "negatives"}) | COMMANDS


def imports(name):
    """(modules of gan, top-level names of other packages imported at the module's top)."""
    tree = ast.parse((GAN / f"{name}.py").read_text(encoding="utf-8"))
    ours, others = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "gan":
            ours |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("gan."):
            ours.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            assert not any(alias.name.startswith("gan") for alias in node.names), "write: from gan import ..."
    for node in tree.body:
        if isinstance(node, ast.Import):
            others |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            others.add(node.module.split(".")[0])
    return ours, others


def test_every_file_has_a_room():
    assert {path.stem for path in GAN.glob("*.py")} - {"__init__"} == set(GROUP)


@pytest.mark.parametrize("name", sorted(GROUP))
def test_imports_come_from_below(name):
    ours, others = imports(name)
    upwards = {other for other in ours if GROUP[other] > GROUP[name]}
    assert not upwards
    assert not (ours & COMMANDS), "commands and the rest never import commands"
    if name in WITHOUT_TENSORFLOW:
        assert "tensorflow" not in others


def test_no_cycles():
    graph = {name: imports(name)[0] for name in GROUP}

    def reach(name, path):
        assert name not in path, f"cycle: {' -> '.join([*path, name])}"
        for other in graph[name]:
            reach(other, [*path, name])

    for name in graph:
        reach(name, [])


def test_only_contract_spells_the_collections():
    names = ("noise_input_placeholder", "generated_images", "input_batch_raw", "p_for_data")
    for path in GAN.glob("*.py"):
        strings = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and node.value in names
        }
        assert not strings or path.stem == "contract", f"{path.stem} spells {strings}"
