"""Turns a command line into a dataclass of flags.

Each field of a command's dataclass is one flag, declared by `flag`. absl reads the command line, so `--name=value`,
`--name value` and `--noname` work as its users expect; flag_files reads `--flagfile=FILE`. Nothing here needs
TensorFlow: help and mistakes are answered at once, and a command imports TensorFlow after its flags were found right.
"""

import dataclasses
import math
import os
import re
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from absl import flags

from gan.console import flag_files, printable
from gan.console.errors import UserError

FlagError = flags.Error  # a mistake in the flags
# Defaults of flags. Vertex AI names its folders in the environment.
TRAIN_DIR = os.environ.get("AIP_CHECKPOINT_DIR") or "/tmp/kmlc_gan_train/"
LOG_DIR = os.environ.get("AIP_TENSORBOARD_LOG_DIR")
_Config = TypeVar("_Config")


def flag(
    default: Any,
    help: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    choices: Sequence[str] | None = None,
    required: bool = False,
    gone: Mapping[str, str] | None = None,
    group: str | None = None,
    other_names: Sequence[str] = (),
) -> Any:
    """Declares one flag as a dataclass field.

    Args:
        default: value if the flag is not given; None means "not set".
        help: what it does, with its unit and what the default means.
        at_least: smallest allowed number.
        at_most: largest allowed number.
        choices: allowed strings.
        required: whether the flag must be given.
        gone: choice of earlier versions -> sentence that says what took its place.
        group: heading under which the help shows it; None for the flags that come first.
        other_names: names that mean the same.
    """
    metadata = dict(at_least=at_least, at_most=at_most, choices=choices, required=required, gone=gone or {})
    metadata.update(help=help, group=group, other_names=other_names)
    return dataclasses.field(default=default, metadata=metadata)


def parse(config_class: type[_Config], argv: Sequence[str]) -> _Config:
    """Reads a command line into the dataclass.

    Args:
        config_class: dataclass whose fields were made by `flag`. It may have an attribute GONE: flag of earlier
            versions -> sentence that says what took its place.
        argv: the program's name and its arguments.

    Returns:
        An instance of `config_class`.

    Raises:
        FlagError: a flag is unknown, gone, missing, malformed or out of range.
    """
    values = flags.FlagValues()
    types = typing.get_type_hints(config_class)
    fields = dataclasses.fields(config_class)  # type: ignore[arg-type]
    for field in fields:
        _define(field, types[field.name], values)
    for name, instead in getattr(config_class, "GONE", {}).items():
        flags.DEFINE_flag(_GoneFlag(name, instead), values)
    unexpected = values(flag_files.expanded(argv))[1:]
    if unexpected:
        raise FlagError(f"'{unexpected[0]}' is not a flag; flags are written --name=value, with two hyphens")
    given = {field.name: values[field.name].value for field in fields}
    for name, value in given.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise FlagError(f"--{name}={value} is not a finite number")
        if isinstance(value, str):
            if not printable.is_text(value):
                raise FlagError(f"--{name}={printable.escaped(value)} is not UTF-8, which TensorFlow needs; rename it")
            given[name] = os.path.expanduser(value)  # the shell does not expand a ~ that follows a =
    for field in fields:
        if field.metadata["required"] and given[field.name] in (None, ""):
            raise FlagError(f"--{field.name} is needed: {field.metadata['help']}")
    return config_class(**given)


def words_of(values: Mapping[str, Any]) -> list[str]:
    """Flags as they are typed, of name -> value; what is None is not set, and left out."""
    return [f"--{name}={value}" for name, value in values.items() if value is not None]


def named_paths(text: str) -> dict[str, str]:
    """Reads the value of --snapshots, such as run1,mine=run2/model.ckpt-500,samples.npy.

    Returns:
        name -> path. A path without a name is named for its end, or for all of it if that name is taken.

    Raises:
        UserError: the list is empty, or a name is in it twice.
    """
    paths: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, path = part.partition("=")
        if not equals or "/" in name:  # a path may hold a =
            name, path = "", part
        path = flag_files.own_file(os.path.expanduser(path))
        name = name.strip() or (short if (short := _short_name(path)) not in paths else path)
        if name in paths:
            raise UserError(f"--snapshots={text}: {name} is there twice; NAME={path} gives it a name of its own")
        paths[name] = path
    if not paths:
        raise UserError(f"--snapshots={text} names none")
    return paths


def _short_name(path: str) -> str:
    """run1 of teams/run1, "run1 500" of run1/model.ckpt-500, mygan-9 of run1/mygan-9.meta, samples of samples.npy."""
    folder, _, last = path.rstrip("/").rpartition("/")
    last = re.sub(r"\.(index|meta|data-\d{5}-of-\d{5}|npy)\Z", "", last)
    match = re.fullmatch(r"model\.ckpt(?:-(\d+))?", last)  # a name that says nothing
    return f"{os.path.basename(folder)} {match[1] or last}" if match and folder else last


def _define(field: "dataclasses.Field[Any]", type_: Any, values: flags.FlagValues) -> None:
    """Declares one dataclass field as an absl flag."""
    meta, default = field.metadata, typing.cast(Any, field.default)
    type_ = next((t for t in typing.get_args(type_) if t is not type(None)), type_)
    options: dict[str, Any] = dict(name=field.name, default=default, help=meta["help"], flag_values=values)
    bounds = dict(lower_bound=meta["at_least"], upper_bound=meta["at_most"])
    if meta["choices"]:
        parser = _Choice(meta["choices"], meta["gone"])
        flags.DEFINE(parser, serializer=flags.ArgumentSerializer(), **options)
    elif type_ is bool:
        named = flags.BooleanFlag(field.name, default, meta["help"])
        named.parser = _TrueOrFalse()
        flags.DEFINE_flag(named, values)
    elif type_ is int:
        flags.DEFINE(_WholeNumber(**bounds), serializer=flags.ArgumentSerializer(), **options)
    elif type_ is float:
        flags.DEFINE_float(**options, **bounds)
    else:
        flags.DEFINE_string(**options)
    for name in meta["other_names"]:
        flags.DEFINE_alias(name, field.name, flag_values=values)


class _TrueOrFalse(flags.BooleanParser):
    """Yes or no; the message says so in words."""

    def parse(self, argument: Any) -> bool:
        try:
            return bool(super().parse(argument))
        except (ValueError, TypeError):
            raise ValueError("it must be true or false") from None


class _WholeNumber(flags.IntegerParser):
    """A whole number; the message says so in words."""

    def convert(self, argument: Any) -> int:
        try:
            return super().convert(argument)
        except (ValueError, TypeError):
            raise ValueError("it must be a whole number, such as 7") from None


class _Choice(flags.EnumParser):
    """One of several strings. A former choice is refused with the sentence that says what took its place."""

    def __init__(self, choices: Sequence[str], gone: Mapping[str, str]) -> None:
        super().__init__(choices)
        self._gone = gone

    def parse(self, argument: str) -> str:
        if argument in self._gone:
            raise ValueError(self._gone[argument])
        return super().parse(argument)


class _GoneFlag(flags.Flag[Any]):
    """A flag of earlier versions. It is refused, however it is given, and the message says what took its place."""

    def __init__(self, name: str, instead: str) -> None:
        # absl passes every form, --name, --noname and --name=value, only to flags that it takes for boolean.
        super().__init__(flags.ArgumentParser(), None, name, None, instead, boolean=True)

    def parse(self, argument: Any) -> None:
        raise flags.IllegalFlagValueError(f"--{self.name} is gone: {self.help}")
