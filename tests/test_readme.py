"""What README and docs show works: networks train, commands parse, links, flags, files and messages exist."""

import ast
import dataclasses
import importlib
import re
import shlex

import pytest
import yaml
from conftest import ROOT, run_train
from test_architecture import COMMANDS

from gan import __version__, organise
from gan.arena import battle_flags
from gan.console import flags
from gan.snapshots.snapshot import Snapshot
from gan.training import training_flags, tuning_report

README = (ROOT / "README.md").read_text(encoding="utf-8")
KOREAN = (ROOT / "README.ko.md").read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(text):
    """Every `python -m gan.X ...` as a list of words, from code blocks and from tables."""
    lines = "\n".join(blocks(text, "bash")).replace("\\\n", " ").splitlines()
    lines += re.findall(r"`(python -m gan\.\w+ [^`]+)`", text)
    return [shlex.split(line, comments=True)[2:] for line in lines if line.startswith("python -m gan.")]


CLOUD = (ROOT / "docs" / "cloud.md").read_text(encoding="utf-8")
TRAINING = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
PAGES = {
    path.name: path.read_text(encoding="utf-8") for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
}
ENGLISH = {name: text for name, text in PAGES.items() if not name.endswith(".ko.md")}
ALL_COMMANDS = sorted({tuple(words) for text in PAGES.values() for words in commands(text)})


def config_classes(module):
    """The flags of a command, or of each of its actions."""
    if hasattr(module, "ACTIONS"):
        return [action.config_class for action in module.ACTIONS]
    classes = [i for i in vars(module).values() if isinstance(i, type) and dataclasses.is_dataclass(i)]
    return [each for each in classes if "help" in dataclasses.fields(each)[0].metadata]


def anchors(text):
    """What a link to a heading of this page may say after its #, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def program_texts():
    """All strings of the program; those of an f-string without what it fills in."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "gan").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    return "\n".join(node.value for node in nodes if isinstance(node.value, str))


@pytest.fixture
def networks(tmp_path, monkeypatch):
    (example,) = blocks(TRAINING, "python")
    assert example.startswith("# my_networks.py")
    (tmp_path / "my_networks.py").write_text(example)
    monkeypatch.syspath_prepend(tmp_path)
    return "my_networks."


@pytest.mark.parametrize("loss", ["LeastSquaresLoss", "RelativisticLoss"])
@pytest.mark.parametrize("discriminator", ["ConvDiscriminator", "PlainDiscriminator"])
@pytest.mark.parametrize("mnist", [False, True])
def test_own_networks_train_and_keep_the_contract(
    loss, discriminator, mnist, networks, faces, digits, tmp_path, capsys
):
    flags = [
        f"--generator_model={networks}ConvGenerator",
        f"--discriminator_model={networks}{discriminator}",
        f"--label_loss={networks}{loss}",
        "--max_steps=2",
    ]
    pattern, size = (digits, 784) if mnist else (faces, 2500)
    assert run_train(pattern, tmp_path / "run", *flags, *["--use_mnist"] * mnist) == 0
    Snapshot(str(tmp_path / "run"), size).verify()
    assert "refused" not in capsys.readouterr().out


def test_the_example_on_the_first_page_trains(faces, tmp_path, monkeypatch, capsys):
    (example,) = blocks(README, "python")
    (tmp_path / "my_own_networks.py").write_text(example)
    monkeypatch.syspath_prepend(tmp_path)
    names = ["--generator_model=my_own_networks.SmallGenerator", "--label_loss=my_own_networks.SquaredLoss"]
    assert run_train(faces, tmp_path / "run", *names, "--max_steps=2") == 0
    assert "refused" not in capsys.readouterr().out


@pytest.mark.parametrize("words", ALL_COMMANDS, ids=" ".join)
def test_commands_parse(words):
    module = importlib.import_module(words[0])
    if "--help" in words:
        assert words[0].removeprefix("gan.") in COMMANDS
        return
    if actions := {action.name: action.config_class for action in getattr(module, "ACTIONS", ())}:
        command, action, *rest = words
        flags.parse(actions[action], [command, *rest])
        return
    (config,) = config_classes(module)
    flags.parse(config, words)


@pytest.mark.parametrize("path", sorted((ROOT / "gan").glob("*.yaml")), ids=lambda path: path.name)
def test_jobs_are_valid_and_shown(path):
    assert f"gan/{path.name}" in CLOUD and f"gan/{path.name}" in PAGES["guide.ko.md"]
    job = yaml.safe_load(path.read_text())
    for pool in filter(None, job.get("trialJobSpec", job).get("workerPoolSpecs", [])):
        package = pool["pythonPackageSpec"]
        assert package["pythonModule"] == "gan.train"
        assert package["packageUris"] == [f"gs://YOUR_TEAM/package/gan_contest-{__version__}.tar.gz"]
        flags.parse(training_flags.TrainingFlags, ["train", *package["args"]])


def test_the_sweep_of_the_cloud_searches_flags_of_train():
    job = yaml.safe_load((ROOT / "gan" / "vertex-hptuning.yaml").read_text())
    (pool,), study = job["trialJobSpec"]["workerPoolSpecs"], job["studySpec"]
    args = pool["pythonPackageSpec"]["args"]
    assert study["metrics"] == [{"metricId": tuning_report.TAG, "goal": "MINIMIZE"}]
    for parameter in study["parameters"]:
        (values,) = [value for key, value in parameter.items() if key.endswith("ValueSpec")]
        for value in values.get("values") or [values["minValue"], values["maxValue"]]:
            given = [*args, f"--{parameter['parameterId']}={value}"]
            config = flags.parse(training_flags.TrainingFlags, ["train", *given])
            training_flags.check(config)
            assert config.keep_best == "frechet" and config.train_dir == flags.TRAIN_DIR


def test_every_command_is_shown():
    shown = {words[0] for words in commands(README)}
    assert shown == {f"gan.{command}" for command in COMMANDS}


def test_the_first_page_is_short():
    assert len(README.splitlines()) <= 180 and len(KOREAN.splitlines()) <= 180


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "design.md"])
def test_files_named_for_developers_exist(page):
    named = re.findall(r"`((?:\w+/)+\w*\.(?:py|js|html|md))`", PAGES[page])
    assert len(named) > 20
    assert [path for path in named if not ((ROOT / path).exists() or (ROOT / "gan" / path).exists())] == []


@pytest.mark.parametrize("folder", [ROOT, ROOT / "docs"], ids=lambda folder: folder.name)
def test_links_lead_somewhere(folder):
    for path in folder.glob("*.md"):
        for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
            if link.startswith("http"):
                continue
            file, _, anchor = link.partition("#")
            target = (folder / file).resolve() if file else path
            assert target.exists(), f"{path.name}: {link}"
            assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), f"{path.name}: {link}"


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_names_exists(name):
    """Flags of the commands, files of the program, targets of make."""
    text = PAGES[name]
    modules = [importlib.import_module(f"gan.{command}") for command in COMMANDS]
    known = {"help", "flagfile"}
    for config in [config for module in modules for config in config_classes(module)]:
        known |= {field.name for field in dataclasses.fields(config)} | {
            f"no{f.name}" for f in dataclasses.fields(config)
        }
    assert set(re.findall(r"`--(\w+)", text)) <= known
    missing = [
        path for path in re.findall(r"`((?:gan|benchmarks|docs|tests)/[\w./-]+)`", text) if not (ROOT / path).exists()
    ]
    assert not missing
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)) <= set(targets)


def test_every_message_of_troubleshooting_is_the_programs():
    rows = re.findall(r"^\| `([^`]+)` \|", ENGLISH["troubleshooting.md"], re.MULTILINE)
    assert len(rows) > 20
    texts = program_texts()
    for row in rows:
        for part in re.split(r"\.\.\.|\d+", row):  # numbers and ... stand for what the program fills in
            assert part.strip() in texts, row


def test_actions_and_modes_are_shown():
    shown = {words[1] for text in [ENGLISH["arena.md"]] for words in commands(text) if words[0] == "gan.organise"}
    assert shown == {action.name for action in organise.ACTIONS}
    assert all(f"`--mode={mode}`" in ENGLISH["arena.md"] for mode in battle_flags.MODES)


def messages(text):
    return re.findall(r"^\| `([^`]+)` \|", text[text.index("| `no file matches`") :], re.MULTILINE)


def test_both_languages_explain_the_same():
    guide = PAGES["guide.ko.md"]
    assert commands(PAGES["contest.ko.md"]) == commands(ENGLISH["contest.md"])
    assert {*map(tuple, commands(ENGLISH["commands.md"]))} <= {*map(tuple, commands(guide))}
    assert blocks(guide, "python") == blocks(TRAINING, "python")
    assert messages(guide) == messages(ENGLISH["troubleshooting.md"])
    arena, english = PAGES["arena.ko.md"], ENGLISH["arena.md"]
    assert commands(arena) == commands(english)
    assert {*rows(arena)} <= {*rows(english)} and len(rows(arena)) > 30


def rows(text):
    """What the rows of tables are about: flags and actions."""
    return re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)


def test_both_languages_show_the_same_commands_and_pictures():
    assert commands(KOREAN) == commands(README)
    assert blocks(KOREAN, "python") == blocks(README, "python")
    pictures = re.findall(r"\((pics/\w+\.png)\)", README)
    assert re.findall(r"\((pics/\w+\.png)\)", KOREAN) == pictures
    assert all((ROOT / picture).exists() for picture in pictures)


def test_the_first_page_leads_to_all_others():
    others = {path.name for path in (ROOT / "docs").glob("*.md") if not path.name.endswith(".ko.md")}
    assert others == set(re.findall(r"\(docs/(\w+\.md)", README))
