"""What is chosen by name on the command line: networks, losses, penalties and augmentations.

A plain name is a class of gan/models.py or gan/losses.py; a dotted one, mypackage.mymodule.MyClass,
reaches code outside the package. Plain names are checked by reading the source, without importing
TensorFlow, so that a misspelt one is answered at once.
"""

import ast
import contextlib
import importlib
import os
import sys
import traceback
from typing import Any, NamedTuple

from gan.console.errors import UserError, reason

GENERATOR, DISCRIMINATOR, LOSS, PENALTY = "generator", "discriminator", "loss", "penalty"

# The argument of create_model that tells the two kinds of network apart.
SIZE_ARGUMENT = {GENERATOR: "output_size", DISCRIMINATOR: "input_size"}
_MODULE = {GENERATOR: "models", DISCRIMINATOR: "models", LOSS: "losses", PENALTY: "losses"}
_BASE = {GENERATOR: "BaseModel", DISCRIMINATOR: "BaseModel", LOSS: "BaseLoss", PENALTY: "BasePenalty"}
_METHODS = {
    GENERATOR: ("create_model", "run_model"),
    DISCRIMINATOR: ("create_model", "run_model"),
    LOSS: ("discriminator_loss", "generator_loss"),
    PENALTY: ("calculate_penalty",),
}
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_TRANSFORMATION_ARGUMENTS = ["images", "happens", "draws"]


class ModelNames(NamedTuple):
    """The classes of both networks: plain names, or dotted ones of a contestant's own."""

    generator: str
    discriminator: str


def listed(kind):
    """Names of the package's own classes of a kind, in the order of the file."""
    classes = {node.name: node for node in _definitions(_MODULE[kind]) if isinstance(node, ast.ClassDef)}
    return [name for name in classes if _BASE[kind] in _ancestors(name, classes) and _may_be(kind, name, classes)]


def transformations():
    """Names of the transformations of gan/augment.py, in the order of the file."""
    functions = [node for node in _definitions("augment") if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if [a.arg for a in node.args.args] == _TRANSFORMATION_ARGUMENTS]


def policy(text, flag):
    """Reads a list of transformations.

    Args:
        text: names with commas, in any order; None or empty is none.
        flag: name of the flag that gave it, for the message.

    Returns:
        A tuple of names, in the order of gan/augment.py.

    Raises:
        UserError: there is no such transformation.
    """
    wanted = [name.strip() for name in (text or "").split(",") if name.strip()]
    for name in wanted:
        if name not in transformations():
            raise UserError(
                f"--{flag}={text}: gan/augment.py has no transformation {name}; it has {', '.join(transformations())}"
            )
    return tuple(name for name in transformations() if name in wanted)


def check_name(kind, name, flag):
    """Raises UserError unless a plain `name` is listed; dotted ones are left to `load`."""
    if "." not in name and name not in listed(kind):
        raise UserError(
            f"--{flag}={name}: gan/{_MODULE[kind]}.py has no such {kind}; it has {', '.join(listed(kind))}, "
            "and a dotted name (mypackage.mymodule.MyClass) reaches code elsewhere"
        )


def load(kind, name, flag):
    """Imports the class and makes one of it.

    Args:
        kind: GENERATOR, DISCRIMINATOR, LOSS or PENALTY.
        name: plain or dotted class name.
        flag: name of the flag that gave it, for the message.

    Raises:
        UserError: there is no such class, or it is of another kind.
    """
    check_name(kind, name, flag)
    module_name, _, class_name = name.rpartition(".")
    module_name = module_name or f"gan.{_MODULE[kind]}"
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except Exception as error:  # whatever a contestant's module does while it is imported
        raise UserError(f"--{flag}={name}: {type(error).__name__}: {error} {_place(error)}".rstrip()) from error
    missing = [method for method in _METHODS[kind] if not callable(getattr(found, method, None))]
    if missing or not isinstance(found, type):
        raise UserError(
            f"--{flag}={name} is not a {kind}: it lacks {', '.join(missing) or 'being a class'}; derive it "
            f"from gan.{_MODULE[kind]}.{_BASE[kind]}"
        )
    with explaining(found, "__init__", kind):
        return found()


def declares(thing, promise):
    """Whether an object's class makes a promise itself, such as `judges_independently`; one derived from it may not."""
    return vars(type(thing)).get(promise) is True


@contextlib.contextmanager
def explaining(owner, method, kind):
    """Turns an error in a contestant's code into one sentence that names the line.

    Args:
        owner: the class whose method runs.
        method: the method's name.
        kind: GENERATOR, DISCRIMINATOR, LOSS or PENALTY.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{owner.__name__}.{method} failed as a {kind}: {type(error).__name__}: {reason(error)} "
            f"{_place(error, owner)}; gan/{_MODULE[kind]}.py has {', '.join(listed(kind))}"
        ) from error


def _definitions(module):
    """What a file of the package defines at its top, read without importing it."""
    path = os.path.join(_PACKAGE, module + ".py")
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read()).body


def _place(error, owner=None):
    """Where in the contestant's file an error arose, or in the last file outside of Python's own; may be empty."""
    source = getattr(sys.modules.get(getattr(owner, "__module__", None)), "__file__", None)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == source or (owner is None and "importlib" not in frame.filename)
    ]
    if not frames or frames[-1].filename == os.path.abspath(__file__):
        return ""
    return f"({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})"


def _ancestors(name, classes):
    """Names of all base classes that are written in the same file, or just outside it."""
    if name not in classes:
        return set()
    bases = {base.id if isinstance(base, ast.Name) else getattr(base, "attr", "") for base in classes[name].bases}
    return bases.union(*(_ancestors(base, classes) for base in bases))


def _may_be(kind, name, classes):
    """False where create_model takes the other kind's size argument."""
    others = {argument for other, argument in SIZE_ARGUMENT.items() if other != kind}
    for owner in [name, *_ancestors(name, classes)]:
        for method in getattr(classes.get(owner), "body", []):
            if isinstance(method, ast.FunctionDef) and method.name == "create_model":
                return kind not in SIZE_ARGUMENT or not others & {a.arg for a in method.args.args}
    return True


def load_models(names: ModelNames) -> tuple[Any, Any]:
    """A new generator and a new discriminator; a model belongs to one graph."""
    return (
        load(GENERATOR, names.generator, "generator_model"),
        load(DISCRIMINATOR, names.discriminator, "discriminator_model"),
    )
