"""Turns a dataclass of flags into a command: its help, its parsing, its errors and exit codes.

Each field of a command's dataclass, made by `flag`, is one flag. absl reads the command line, so
`--name=value`, `--name value`, `--noname` and `--flagfile=FILE` work as its users expect. TensorFlow
is imported only after the flags were found right, so that help and mistakes answer at once.
"""

import contextlib
import dataclasses
import gc
import math
import os
import re
import sys
import tempfile
import textwrap
import typing

from absl import flags

from gan.errors import UserError

# Defaults of flags; Vertex AI names its folders in the environment.
TRAIN_DIR = os.environ.get("AIP_CHECKPOINT_DIR") or "/tmp/kmlc_gan_train/"
LOG_DIR = os.environ.get("AIP_TENSORBOARD_LOG_DIR")

EXIT_MISTAKE, EXIT_FLAGS, EXIT_INTERRUPTED = 1, 2, 130
# What TensorFlow imports of Keras 3 and 2 at once, to register their optimizers, which nothing here uses.
_EAGER_KERAS = ("keras.src.optimizers", "tf_keras.src.optimizers")
_HELP_FLAGS = {"--help", "-help", "-h", "--helpshort", "--helpfull"}


def flag(default, help, *, at_least=None, at_most=None, choices=None, required=False):
    """Declares one flag as a dataclass field.

    Args:
        default: value where the flag is not given; None means "not set".
        help: what it does, with its unit and what the default means.
        at_least: smallest allowed number.
        at_most: largest allowed number.
        choices: allowed strings.
        required: True makes leaving it out a mistake.
    """
    metadata = dict(help=help, at_least=at_least, at_most=at_most, choices=choices, required=required)
    return dataclasses.field(default=default, metadata=metadata)


def parse(config_class, argv):
    """Reads a command line into the dataclass.

    Args:
        config_class: dataclass whose fields were made by `flag`.
        argv: the program's name and its arguments.

    Returns:
        An instance of `config_class`.

    Raises:
        flags.Error: a flag is unknown, missing, malformed or out of range.
    """
    values = flags.FlagValues()
    types = typing.get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        _define(field, types[field.name], values)
    unexpected = values(_with_own_flag_files(argv))[1:]
    if unexpected:
        raise flags.Error(f"'{unexpected[0]}' is not a flag; flags are written --name=value")
    given = {name: values[name].value for name in types}
    for name, value in given.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise flags.Error(f"--{name}={value} is not a finite number")
        if isinstance(value, str):
            given[name] = os.path.expanduser(value)  # which the shell leaves alone after a =
    config = config_class(**given)
    for field in dataclasses.fields(config_class):
        if field.metadata["required"] and getattr(config, field.name) in (None, ""):
            raise flags.Error(f"--{field.name} is needed: {field.metadata['help']}")
    return config


def _with_own_flag_files(argv):
    """Lets --flagfile=gan/recipes/NAME.flags name the package's own file where the working folder has none."""
    found = []
    for before, argument in zip([""] + argv, argv):
        name, is_given, path = argument.partition("=")
        if name.lstrip("-") == "flagfile" and is_given:
            argument = f"{name}={_own_file(path)}"
        elif before.lstrip("-") == "flagfile":
            argument = _own_file(argument)
        found.append(argument)
    return found


def _own_file(path):
    package = os.path.dirname(os.path.abspath(__file__))
    own = os.path.join(os.path.dirname(package), path)
    is_own = path.replace(os.sep, "/").startswith(os.path.basename(package) + "/") and os.path.exists(own)
    return own if is_own and not os.path.exists(path) else path


def run(main, config_class, argv=None):
    """Runs a command and returns its exit code.

    0: done; 1: a mistake in data or directories, told in one sentence; 2: a mistake in the flags;
    130: interrupted. `main` takes the config and returns an exit code or None.
    """
    argv = sys.argv if argv is None else argv
    name = main.__module__ if main.__module__ != "__main__" else os.path.splitext(os.path.basename(argv[0]))[0]
    name = name.rpartition(".")[2]
    if _HELP_FLAGS.intersection(argv[1:]):
        print(help_text(name, sys.modules[main.__module__].__doc__, config_class))
        return 0
    try:
        config = parse(config_class, argv)
    except flags.Error as error:
        print(f"{name}: {error}\nAll flags: python -m gan.{name} --help", file=sys.stderr)
        return EXIT_FLAGS
    try:
        return main(config) or 0
    except UserError as error:
        print(f"{name}: {error}", file=sys.stderr)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"{name}: {where}{error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_MISTAKE


def help_text(name, doc, config_class):
    """The command's own text followed by its flags with their defaults, in the order declared."""
    lines = [doc.strip(), "", "Flags:"]
    for field in dataclasses.fields(config_class):
        default = field.default
        if isinstance(default, bool):
            head = f"  --[no]{field.name}  (default: {'on' if default else 'off'})"
        elif field.metadata["required"]:
            head = f"  --{field.name}=...  (needed)"
        else:
            head = f"  --{field.name}=...  (default: {'not set' if default is None else default})"
        text = field.metadata["help"]
        if field.metadata["choices"]:
            text += f" One of: {', '.join(field.metadata['choices'])}."
        lines += [head, textwrap.fill(text, 96, initial_indent=" " * 6, subsequent_indent=" " * 6)]
    lines += ["  --flagfile=FILE", " " * 6 + "Reads more flags from a file, one --name=value a line."]
    return "\n".join(lines)


def named_paths(text):
    """Reads a list such as run1,mine=run2/model.ckpt-500,samples.npy.

    Returns:
        name -> path. The name of what has none is the end of its path, or all of it where that is taken.

    Raises:
        UserError: there is nothing in it, or two have one name.
    """
    paths = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, path = part.partition("=")
        if not equals or "/" in name:  # a path may hold a =
            name, path = "", part
        path = _own_file(os.path.expanduser(path))
        name = name.strip() or (short if (short := _short_name(path)) not in paths else path)
        if name in paths:
            raise UserError(f"--snapshots={text}: {name} is there twice; NAME={path} gives it a name of its own")
        paths[name] = path
    if not paths:
        raise UserError(f"--snapshots={text} names none")
    return paths


def _short_name(path):
    """run1 of teams/run1, "run1 500" of run1/model.ckpt-500, samples of samples.npy."""
    folder, _, last = path.rstrip("/").rpartition("/")
    match = re.fullmatch(r"model\.ckpt-(\d+)(\.\w+)?", last)
    return f"{os.path.basename(folder)} {match[1]}" if match and folder else last.removesuffix(".npy")


def import_tensorflow():
    """Imports TensorFlow without its start-up chatter, some of which comes before it can be silenced."""
    with _silent_stderr():
        with _without_keras(), _without_garbage_collection():
            import tensorflow.compat.v1 as tf

        tf.logging.set_verbosity(tf.logging.ERROR)
        # Looks for GPUs now, since not finding one is told as an error.
        tf.config.experimental.list_physical_devices()


@contextlib.contextmanager
def _without_keras():
    """Lets TensorFlow be imported without Keras, which takes nearly half of the time; `tf.keras` still loads on use."""
    held_back = [name for name in _EAGER_KERAS if name not in sys.modules]
    sys.modules.update(dict.fromkeys(held_back))  # None makes an import fail, and TensorFlow then does without
    try:
        yield
    finally:
        for name in held_back:
            sys.modules.pop(name)


@contextlib.contextmanager
def _without_garbage_collection():
    """For an import of very many objects, which all stay: they are not looked through now, nor ever after."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


@contextlib.contextmanager
def _silent_stderr():
    """Holds back what is written to file descriptor 2; shows it after all where an exception passes."""
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _define(field, type_, values):
    """Declares one dataclass field as an absl flag."""
    meta = field.metadata
    type_ = next((t for t in typing.get_args(type_) if t is not type(None)), type_)
    bounds = dict(lower_bound=meta["at_least"], upper_bound=meta["at_most"])
    common = dict(flag_values=values)
    if meta["choices"]:
        flags.DEFINE_enum(field.name, field.default, meta["choices"], meta["help"], **common)
    elif type_ is bool:
        flags.DEFINE_boolean(field.name, field.default, meta["help"], **common)
    elif type_ is int:
        flags.DEFINE_integer(field.name, field.default, meta["help"], **bounds, **common)
    elif type_ is float:
        flags.DEFINE_float(field.name, field.default, meta["help"], **bounds, **common)
    else:
        flags.DEFINE_string(field.name, field.default, meta["help"], **common)
