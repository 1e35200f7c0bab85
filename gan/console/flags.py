"""Turns a command line into a dataclass of flags.

Each field of a command's dataclass, made by `flag`, is one flag. absl reads the command line, so
`--name=value`, `--name value`, `--noname` and `--flagfile=FILE` work as its users expect. TensorFlow
is imported only after the flags were found right, so that help and mistakes answer at once.
"""

import dataclasses
import math
import os
import re
import typing

from absl import flags

from gan.console.errors import UserError

FlagError = flags.Error  # a mistake in the flags
# Defaults of flags; Vertex AI names its folders in the environment.
TRAIN_DIR = os.environ.get("AIP_CHECKPOINT_DIR") or "/tmp/kmlc_gan_train/"
LOG_DIR = os.environ.get("AIP_TENSORBOARD_LOG_DIR")


def flag(default, help, *, at_least=None, at_most=None, choices=None, required=False, gone=None, group=None):
    """Declares one flag as a dataclass field.

    Args:
        default: value where the flag is not given; None means "not set".
        help: what it does, with its unit and what the default means.
        at_least: smallest allowed number.
        at_most: largest allowed number.
        choices: allowed strings.
        required: True makes leaving it out a mistake.
        gone: former choice -> sentence that says what took its place.
        group: heading under which the help shows it; None for the flags that come first.
    """
    metadata = dict(
        help=help, at_least=at_least, at_most=at_most, choices=choices, required=required, gone=dict(gone or {})
    )
    metadata["group"] = group
    return dataclasses.field(default=default, metadata=metadata)


def parse(config_class, argv):
    """Reads a command line into the dataclass.

    Args:
        config_class: dataclass whose fields were made by `flag`. An attribute GONE of it names former flags: flag ->
            sentence that says what took its place.
        argv: the program's name and its arguments.

    Returns:
        An instance of `config_class`.

    Raises:
        FlagError: a flag is unknown, missing, malformed or out of range.
    """
    values = flags.FlagValues()
    types = typing.get_type_hints(config_class)
    for field in dataclasses.fields(config_class):
        _define(field, types[field.name], values)
    for name, instead in getattr(config_class, "GONE", {}).items():
        flags.DEFINE_flag(_GoneFlag(name, instead), values)
    unexpected = values(_with_own_flag_files(argv))[1:]
    if unexpected:
        raise FlagError(f"'{unexpected[0]}' is not a flag; flags are written --name=value")
    given = {name: values[name].value for name in types}
    for name, value in given.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise FlagError(f"--{name}={value} is not a finite number")
        if isinstance(value, str):
            given[name] = os.path.expanduser(value)  # which the shell leaves alone after a =
    config = config_class(**given)
    for field in dataclasses.fields(config_class):
        if field.metadata["required"] and getattr(config, field.name) in (None, ""):
            raise FlagError(f"--{field.name} is needed: {field.metadata['help']}")
    return config


def _with_own_flag_files(argv):
    """Lets --flagfile=gan/recipes/NAME.flags name the package's own file where the working folder has none."""
    found = []
    for before, argument in zip([""] + argv, argv):
        name, is_given, path = argument.partition("=")
        if name.lstrip("-") == "flagfile" and is_given:
            argument = f"{name}={own_file(path)}"
        elif before.lstrip("-") == "flagfile":
            argument = own_file(argument)
        found.append(argument)
    return found


def own_file(path):
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    own = os.path.join(os.path.dirname(package), path)
    is_own = path.replace(os.sep, "/").startswith(os.path.basename(package) + "/") and os.path.exists(own)
    return own if is_own and not os.path.exists(path) else path


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
        path = own_file(os.path.expanduser(path))
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


def _define(field, type_, values):
    """Declares one dataclass field as an absl flag."""
    meta = field.metadata
    type_ = next((t for t in typing.get_args(type_) if t is not type(None)), type_)
    bounds = dict(lower_bound=meta["at_least"], upper_bound=meta["at_most"])
    common = dict(flag_values=values)
    if meta["choices"]:
        parser = _Choice(meta["choices"], meta["gone"])
        flags.DEFINE(parser, field.name, field.default, meta["help"], serializer=flags.ArgumentSerializer(), **common)
    elif type_ is bool:
        flags.DEFINE_boolean(field.name, field.default, meta["help"], **common)
    elif type_ is int:
        flags.DEFINE_integer(field.name, field.default, meta["help"], **bounds, **common)
    elif type_ is float:
        flags.DEFINE_float(field.name, field.default, meta["help"], **bounds, **common)
    else:
        flags.DEFINE_string(field.name, field.default, meta["help"], **common)


class _Choice(flags.EnumParser):
    """One of several texts; a former one is refused with the sentence that says what took its place."""

    def __init__(self, choices, gone):
        super().__init__(choices)
        self._gone = gone

    def parse(self, argument):
        if argument in self._gone:
            raise ValueError(self._gone[argument])
        return super().parse(argument)


class _GoneFlag(flags.Flag):
    """A flag of former versions, given in any way: refused with the sentence that says what took its place."""

    def __init__(self, name, instead):
        super().__init__(flags.ArgumentParser(), None, name, None, instead, boolean=True)

    def parse(self, argument):
        raise flags.IllegalFlagValueError(f"--{self.name} is gone: {self.help}")
