"""The map of rooms: which room may import which, followed through every import, and where TensorFlow must not come."""

import ast
import collections
import pathlib
import subprocess
import sys

import pytest
from conftest import ROOT

# From the ground up. A room may import the rooms of the floors below its own. Files of `gan` itself that contestants
# read and change stand on a floor too.
FLOORS = [
    {"console"},
    {"storage", "networks", "models", "losses", "layers", "augment", "random_noise_generator"},
    {"data", "readers"},
    {"contest"},
    {"snapshots"},
    {"sandbox", "training"},
    {"distributed", "measure"},
    {"report"},
    {"arena"},
    {"screen"},
    {"api"},
]
# Files of one floor that may import each other, beside those of one room.
NEIGHBOURS = {"networks", "models", "losses", "layers", "augment", "random_noise_generator"}, {"data", "readers"}
NEVER = [("measure", "training"), ("measure", "arena")]  # although the floor would allow it

WITHOUT_TENSORFLOW = [
    *("console", "storage", "contest.rules", "measure.metrics", "report", "arena", "screen"),
    *("sandbox.sandbox", "sandbox.child_process", "sandbox.staging", "sandbox.confinement", "sandbox.framing"),
    *("sandbox.protocol", "sandbox.landlock", "sandbox.seccomp", "contest.faults", "api"),
]


def modules(root):
    """Module name below `gan`, such as "train" or "data.splits" -> its file; packages' own files are left out."""
    found = {}
    for path in sorted((root / "gan").rglob("*.py")):
        name = ".".join(path.relative_to(root / "gan").with_suffix("").parts)
        if path.name != "__init__.py":
            found[name] = path
    return found


def room_of(module):
    return module.partition(".")[0]


def commands(found):
    """Modules that are commands: all files of `gan` itself that stand on no floor."""
    return {name for name in found if "." not in name and not any(name in floor for floor in FLOORS)}


COMMANDS = commands(modules(ROOT)) - {"__main__"}  # which runs the others


class Imports(ast.NodeVisitor):
    """What a file imports: at its top, and anywhere."""

    def __init__(self, path, found):
        self.top, self.anywhere, self.wrong = set(), set(), []
        self._found, self._depth = found, 0
        self.visit(ast.parse(path.read_text(encoding="utf-8")))

    def visit_FunctionDef(self, node):
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Import(self, node):
        for alias in node.names:
            self._note(alias.name)
            if room_of(alias.name) == "gan":
                self.wrong.append(f"line {node.lineno}: write `from gan.room import thing`")

    def visit_ImportFrom(self, node):
        if node.level:
            self.wrong.append(f"line {node.lineno}: write `from gan.room import thing`")
            return
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            self._note(whole if whole.removeprefix("gan.") in self._found else node.module)

    def _note(self, name):
        name = name.removeprefix("gan.")
        name = name if name in self._found else room_of(name)
        self.anywhere.add(name)
        if not self._depth:
            self.top.add(name)


def read(root):
    found = modules(root)
    return {name: Imports(path, found) for name, path in found.items()}


def floor_of(module):
    """The number of its floor; commands stand above all."""
    return next((number for number, floor in enumerate(FLOORS) if room_of(module) in floor), len(FLOORS))


def are_neighbours(a, b):
    a, b = room_of(a), room_of(b)
    return a == b or any({a, b} <= group for group in NEIGHBOURS)


def chains(imports, start, which):
    """Every module that `start` reaches through imports: module -> the chain of modules that leads to it."""
    found, waiting = {start: [start]}, collections.deque([start])
    while waiting:
        name = waiting.popleft()
        for other in sorted(getattr(imports[name], which)) if name in imports else []:
            if other not in found:
                found[other] = [*found[name], other]
                waiting.append(other)
    return found


def problems(root):
    """Every breach of the map, each as a sentence."""
    imports = read(root)
    told = [f"{name}: {wrong}" for name, each in imports.items() for wrong in each.wrong]
    all_commands = commands(imports)
    for name, each in imports.items():
        for other in sorted(each.anywhere & set(imports)):
            if other in all_commands:
                told.append(f"{name} imports the command {other}")
            elif floor_of(other) >= floor_of(name) and not are_neighbours(name, other):
                told.append(f"{name} imports {other}, which does not stand below it")
    for name in imports:
        reached = chains(imports, name, "anywhere")
        for room, other in NEVER:
            told += [
                f"{' -> '.join(chain)}: {room} must not reach {other}"
                for target, chain in reached.items()
                if room_of(name) == room and room_of(target) == other
            ]
    for name in without_tensorflow(imports):
        if chain := chains(imports, name, "top").get("tensorflow"):
            told.append(f"{' -> '.join(chain)}: this part must do without TensorFlow")
    return told + circles(imports)


def circles(imports):
    """Modules that import each other in a circle."""
    found = []
    for name, each in imports.items():
        for other in sorted(each.anywhere & set(imports)):
            back = chains(imports, other, "anywhere").get(name)
            if back and name == min(back):
                found.append(f"circle: {' -> '.join([name, *back])}")
    return found


def without_tensorflow(imports):
    return [name for name in imports if name in WITHOUT_TENSORFLOW or room_of(name) in WITHOUT_TENSORFLOW]


def test_every_import_keeps_to_the_map():
    assert problems(ROOT) == []


@pytest.mark.parametrize(
    "planted",
    [
        # Two steps away: the arena imports the contest's rules, which import what is planted.
        {"contest/rules.py": "from gan.contest import planted", "contest/planted.py": "import tensorflow"},
        {"storage/files.py": "from gan.data import tfrecords"},
        {"measure/quality.py": "from gan.training import planted", "training/planted.py": ""},
        {"train.py": "from gan import eval"},
        {"data/pixels.py": "from . import splits"},
        {"data/pixels.py": "import gan.console.errors"},
        {"data/pixels.py": "from gan.data import planted", "data/planted.py": "from gan.data import pixels"},
    ],
    ids=["tensorflow", "upwards", "never", "command", "relative", "absolute", "circle"],
)
def test_a_planted_breach_is_found(planted, tmp_path):
    for name, path in modules(ROOT).items():
        copy = tmp_path / "gan" / pathlib.Path(*name.split(".")).with_suffix(".py")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    for name, text in planted.items():
        path = tmp_path / "gan" / name
        path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + f"\n{text}\n", encoding="utf-8")
    assert problems(tmp_path)


def test_a_fresh_interpreter_imports_these_parts_without_tensorflow():
    names = [f"gan.{name}" for name in without_tensorflow(modules(ROOT))]
    code = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)\n"
    code += "    assert 'tensorflow' not in sys.modules, name\n"
    done = subprocess.run([sys.executable, "-c", code, *names], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(names) > 20


def test_help_of_every_command_comes_without_tensorflow():
    names = sorted(COMMANDS)
    assert {"train", "eval", "battle", "submit"} <= set(names)
    code = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module('gan.' + name)\n"
    code += "    assert 'tensorflow' not in sys.modules, name\n"
    done = subprocess.run([sys.executable, "-c", code, *names], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_names_say_what_is_inside():
    names = modules(ROOT)
    assert not {"utils", "helpers", "common", "misc"} & {part for name in names for part in name.split(".")}
    owners = collections.defaultdict(set)
    for name, path in names.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                owners[node.name].add(name)
    shared = {cls: sorted(where) for cls, where in owners.items() if len(where) > 1}
    assert shared == {}


def test_only_contract_spells_the_collections():
    names = ("noise_input_placeholder", "generated_images", "input_batch_raw", "p_for_data")
    for name, path in modules(ROOT).items():
        strings = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and node.value in names
        }
        assert not strings or name == "contest.contract", f"{name} spells {strings}"


def test_only_buckets_knows_googles_library():
    for name, each in read(ROOT).items():
        protocol_buffers = ("measure.learning_curves", "data.examples", "snapshots.snapshot")
        assert "google" not in each.anywhere or name in ("storage.buckets", *protocol_buffers), name
