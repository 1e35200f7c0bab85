"""What is chosen by name on the command line: networks, losses, penalties and augmentations.

A plain name is a class of gan/models.py or gan/losses.py; a dotted one, mypackage.mymodule.MyClass, reaches code
outside the package. Plain names are checked by reading the source, without TensorFlow, so that a misspelt one is
answered at once.
"""

import ast
import contextlib
import importlib
import inspect
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
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
    LOSS: ("calculate_loss",),
    PENALTY: ("calculate_penalty",),
}
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_TRANSFORMATION_ARGUMENTS = ["images", "happens", "draws"]


_ADVICE = (
    (
        "is not available with Keras 3",
        "tf.layers needs Keras 2: take gan.layers, or `pip install 'gan-contest[legacy]'` and set "
        "TF_USE_LEGACY_KERAS=1",
    ),
    (
        "no attribute 'contrib'",
        "tf.contrib ended with TensorFlow 1: take gan.layers, or `pip install 'gan-contest[legacy]'` and import "
        "tf_slim",
    ),
    ("No module named 'tf_slim'", "`pip install 'gan-contest[legacy]'` installs it; gan.layers needs nothing"),
    (
        "No module named 'tf_keras'",
        "`pip install 'gan-contest[legacy]'` installs it; unset TF_USE_LEGACY_KERAS to go without",
    ),
    (
        "module 'tensorflow' has no attribute",
        "write `import tensorflow.compat.v1 as tf`, which has TensorFlow 1's names",
    ),
    (
        "Keras cannot be imported",
        "`pip install 'gan-contest[legacy]'` installs what TF_USE_LEGACY_KERAS=1 asks for; gan.layers needs nothing",
    ),
)


def advice(message: str) -> str:
    """The way out if an error is about layers that TensorFlow no longer has; else empty."""
    return next((way_out for part, way_out in _ADVICE if part in message), "")


class ModelNames(NamedTuple):
    """The classes of both networks: plain names, or dotted ones of a contestant's own."""

    generator: str
    discriminator: str


def listed(kind: str) -> list[str]:
    """Names of the package's own classes of a kind, in the order of the file."""
    classes = {node.name: node for node in _definitions(_MODULE[kind]) if isinstance(node, ast.ClassDef)}
    return [name for name in classes if _is(kind, name, classes) and _may_be(kind, name, classes)]


def transformations() -> list[str]:
    """Names of the transformations of gan/augment.py, in the order of the file."""
    functions = [node for node in _definitions("augment") if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if [a.arg for a in node.args.args] == _TRANSFORMATION_ARGUMENTS]


def policy(text: str | None, flag: str) -> tuple[str, ...]:
    """Reads a list of transformations.

    Args:
        text: names with commas, in any order; None or empty names none.
        flag: name of the flag that gave it, for the message.

    Returns:
        The names, in the order of gan/augment.py.

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


def check_name(kind: str, name: str, flag: str) -> None:
    """Raises UserError unless a plain `name` is listed; dotted ones are left to `load`."""
    if "." not in name and name not in listed(kind):
        raise UserError(
            f"--{flag}={name}: gan/{_MODULE[kind]}.py has no such {kind}; it has {', '.join(listed(kind)) or 'none'}, "
            "and a dotted name (mypackage.mymodule.MyClass) reaches code elsewhere"
        )


def load(kind: str, name: str, flag: str) -> Any:
    """A new object of the class that `load_class` finds; raises UserError if it cannot be made."""
    return make(load_class(kind, name, flag), kind)


def make(found: type, kind: str) -> Any:
    """A new object of a contestant's class; raises UserError if it cannot be made."""
    with explaining(found, "__init__", kind):
        return found()


def load_class(kind: str, name: str, flag: str) -> type:
    """Imports a class.

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
    from absl import flags

    flags.FLAGS.mark_as_parsed()  # those that a contestant's module defines have their defaults
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except Exception as error:  # whatever a contestant's module does while it is imported
        told = f"--{flag}={name}: {type(error).__name__}: {reason(error)} {_place(error)}".rstrip()
        looked = f"a dotted name is looked for in {os.getcwd()} and among installed packages"
        way_out = advice(str(error)) or (looked if isinstance(error, (ModuleNotFoundError, AttributeError)) else "")
        raise UserError("; ".join(filter(None, (told, way_out)))) from error
    missing = _missing_methods(kind, found)
    if missing or not isinstance(found, type):
        wrong = f"it lacks {' and '.join(missing)}" if isinstance(found, type) else f"it is no class, but {found!r}"
        raise UserError(
            f"--{flag}={name} is not a {kind}: {wrong}; derive a class from gan.{_MODULE[kind]}.{_BASE[kind]} that has "
            f"{' and '.join(_METHODS[kind])}"
        )
    if kind == LOSS and _arguments(found, "calculate_loss")[:2] == ["labels", "predictions"]:
        raise UserError(
            f"--{flag}={name}: calculate_loss takes labels before predictions; it gets the discriminator's logits "
            "first, so write calculate_loss(self, predictions, labels)"
        )
    return found


def _arguments(found: type, method: str) -> list[str]:
    """Names of what a class's method takes after self; none if it has no such method, or one without a signature."""
    try:
        return list(inspect.signature(getattr(found, method)).parameters)[1:]
    except (AttributeError, TypeError, ValueError):
        return []


def _missing_methods(kind: str, found: Any) -> list[str]:
    """What a class of a kind must have and lacks. A loss may have the two methods that `calculate_loss` stands for."""
    missing = [method for method in _METHODS[kind] if not callable(getattr(found, method, None))]
    both = ("discriminator_loss", "generator_loss")
    return [] if kind == LOSS and all(callable(getattr(found, method, None)) for method in both) else missing


def declares(thing: Any, promise: str) -> bool:
    """Whether an object's own class makes a promise, such as `judges_independently`; its base classes do not count."""
    return vars(type(thing)).get(promise) is True


@contextlib.contextmanager
def explaining(owner: type, method: str, kind: str) -> Iterator[None]:
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
        way_out = advice(str(error)) or f"gan/{_MODULE[kind]}.py has {', '.join(listed(kind))}"
        raise UserError(
            f"{owner.__name__}.{method} failed as a {kind}: "
            + f"{type(error).__name__}: {reason(error)} {_place(error, owner)}".rstrip()
            + f"; {way_out}"
        ) from error


def _definitions(module: str) -> list[ast.stmt]:
    """The statements at the top level of a file of the package, read without importing it."""
    path = os.path.join(_PACKAGE, module + ".py")
    with open(path, encoding="utf-8") as file:
        return ast.parse(file.read()).body


def _place(error: BaseException, owner: type | None = None) -> str:
    """Where an error arose: in the contestant's file, or in the last one that is not Python's own; may be empty."""
    source = getattr(sys.modules.get(owner.__module__), "__file__", None) if owner else None
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == source or (owner is None and "importlib" not in frame.filename)
    ]
    if not frames or frames[-1].filename == os.path.abspath(__file__):
        return ""
    return f"({os.path.basename(frames[-1].filename)}, line {frames[-1].lineno})"


def _ancestors(name: str, classes: Mapping[str, ast.ClassDef]) -> set[str]:
    """Names of all base classes in the same file, and of the first ones outside it."""
    if name not in classes:
        return set()
    bases = {base.id if isinstance(base, ast.Name) else getattr(base, "attr", "") for base in classes[name].bases}
    return bases.union(*(_ancestors(base, classes) for base in bases))


def _is(kind: str, name: str, classes: Mapping[str, ast.ClassDef]) -> bool:
    """Whether a class is derived from the kind's base class, or has its methods; a contestant's may have no base."""
    ancestors = _ancestors(name, classes)
    bodies = [classes[owner].body for owner in [name, *ancestors] if owner in classes]
    methods = {node.name for body in bodies for node in body if isinstance(node, ast.FunctionDef)}
    return _BASE[kind] in ancestors or (name != _BASE[kind] and methods.issuperset(_METHODS[kind]))


def _may_be(kind: str, name: str, classes: Mapping[str, ast.ClassDef]) -> bool:
    """False if create_model takes the other kind's size argument."""
    others = {argument for other, argument in SIZE_ARGUMENT.items() if other != kind}
    for owner in [name, *_ancestors(name, classes)]:
        for method in getattr(classes.get(owner), "body", []):
            if isinstance(method, ast.FunctionDef) and method.name == "create_model":
                return kind not in SIZE_ARGUMENT or not others & {a.arg for a in method.args.args}
    return True


def load_models(names: ModelNames) -> tuple[type, type]:
    """The classes of both networks; network.Network makes their objects, since a model belongs to one graph."""
    return (
        load_class(GENERATOR, names.generator, "generator_model"),
        load_class(DISCRIMINATOR, names.discriminator, "discriminator_model"),
    )
