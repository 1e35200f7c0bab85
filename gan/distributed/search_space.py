"""The search space of a sweep: a file in YAML with flags of train and between which values to look. No TensorFlow.

base_learning_rate: {low: 0.0005, high: 0.005, log: true}
batch_size: {low: 16, high: 128, step: 16}
optimizer: [AdamOptimizer, RMSPropOptimizer]
penalty: [R1Penalty, null]
"""

import decimal
import difflib
import math
import random
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from gan.console import flag_files
from gan.console.errors import UserError

Value = bool | int | float | str | None  # None: the flag is not set
_KEYS = ("low", "high", "log", "step")
_FORMS = "write {low: 0.001, high: 0.01}, with log: true or step: 0.001 if you like, or a list of choices"


class NumberRange(NamedTuple):
    """Numbers between two ends, both included.

    Attributes:
        low: the smallest.
        high: the largest.
        log: whether their logarithms are spread evenly, not they themselves.
        step: from one to the next; None for any number, or any whole number.
        is_whole: whether only whole numbers are meant.
    """

    low: float
    high: float
    log: bool
    step: float | None
    is_whole: bool

    def contains(self, value: object) -> bool:
        """Whether a value can be drawn."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.low <= value <= self.high:
            return False
        steps = (value - self.low) / self.step if self.step else 0.0  # Optuna draws sums of binary numbers
        return math.isclose(steps, round(steps), abs_tol=1e-9)

    def ends(self) -> list[Value]:
        """The values to try out in order to know that all are allowed."""
        return [int(end) if self.is_whole else float(end) for end in (self.low, self.high)]

    def how_many(self) -> int | None:
        """How many different values can be drawn; None if there is no end of them."""
        return None if self._between is None else round((self.high - self.low) / self._between) + 1

    def number_of(self, value: Any) -> int:
        """Which one of those a value is, from 0 on."""
        assert self._between
        return round((value - self.low) / self._between)

    def numbered(self, number: int) -> Value:
        """The value of this number."""
        assert self._between
        value = self.low + number * self._between  # in binary numbers, as Optuna draws
        return int(value) if self.is_whole else value

    @property
    def _between(self) -> float | None:
        return self.step or (1 if self.is_whole else None)


class Choices(NamedTuple):
    """Some values, in no order."""

    values: tuple[Value, ...]

    def contains(self, value: object) -> bool:
        """Whether a value can be drawn."""
        return value in self.values

    def ends(self) -> list[Value]:
        """The values to try out in order to know that all are allowed."""
        return list(self.values)

    def how_many(self) -> int:
        """How many different values can be drawn."""
        return len(self.values)

    def number_of(self, value: Any) -> int:
        """Which one of those a value is, from 0 on."""
        return self.values.index(value)

    def numbered(self, number: int) -> Value:
        """The value of this number."""
        return self.values[number]


Dimension = NumberRange | Choices


def combinations(space: Mapping[str, Dimension]) -> int | None:
    """How many different trials there are in a search space; None if there is no end of them."""
    total = 1
    for dimension in space.values():
        count = dimension.how_many()
        if count is None:
            return None
        total *= count
    return total


def is_tried(space: Mapping[str, Dimension], values: Mapping[str, Any], tried: Sequence[Mapping[str, Any]]) -> bool:
    """Whether values are those of a trial before; never if there is no end of combinations."""
    return combinations(space) is not None and _numbers(space, values) in {_numbers(space, each) for each in tried}


def untried(
    space: Mapping[str, Dimension], tried: Sequence[Mapping[str, Any]], draws: random.Random
) -> dict[str, Value] | None:
    """Values for a trial that no other has had, drawn at random; None if there are none, or no end of them.

    Args:
        space: to draw from.
        tried: the values of the trials so far.
        draws: what draws.
    """
    total = combinations(space)
    if total is None:
        return None
    taken = {_numbers(space, values) for values in tried}
    first = draws.randrange(total)
    for number in range(first, first + total):
        indices = []
        for dimension in space.values():
            number, index = divmod(number, dimension.how_many() or 1)
            indices.append(index)
        if tuple(indices) not in taken:
            return {name: dimension.numbered(index) for (name, dimension), index in zip(space.items(), indices)}
    return None


def _numbers(space: Mapping[str, Dimension], values: Mapping[str, Any]) -> tuple[int, ...]:
    """Which of each flag's values they are."""
    return tuple(dimension.number_of(values[name]) for name, dimension in space.items())


def read(
    path: str, types: Mapping[str, type], taken: Sequence[str], optional: Collection[str] = ()
) -> dict[str, Dimension]:
    """Reads a search space.

    Args:
        path: of the file, on disk.
        types: the flags that may be searched: name -> bool, int, float or str.
        taken: flags that the sweep sets by itself.
        optional: flags that may also not be set, for which the file says null.

    Returns:
        flag -> what to look through.

    Raises:
        UserError: the file cannot be read, or is not right; says what is wrong with it.
    """
    content = _parsed(path)
    if not isinstance(content, dict) or not content:
        raise UserError(
            f"--search={path} names no flags; a line such as base_learning_rate: {{low: 0.001, high: 0.01}}"
        )
    space = {}
    for name, value in content.items():
        if name in taken:
            raise UserError(f"--search={path}: {name} is set by the sweep itself; leave it out")
        if name not in types:
            near = difflib.get_close_matches(str(name), types)
            raise UserError(f"--search={path}: {name} is no flag of train{_meant(near)}")
        try:
            space[name] = _dimension(value, types[name], name in optional)
        except ValueError as error:
            raise UserError(f"--search={path}: {name}: {error}") from None
    return space


def _parsed(path: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise UserError("--search needs PyYAML, which `pip install 'gan-contest[sweep]'` installs") from None
    try:
        with open(flag_files.own_file(path), encoding="utf-8") as file:
            text = file.read()
        content, parsed = yaml.safe_load(text), yaml.compose(text)
    except OSError as error:
        raise UserError(f"--search={path}: {error.strerror or error}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"--search={path} is not YAML: {' '.join(str(error).split())}") from None
    names = [key.value for key, _ in parsed.value] if isinstance(parsed, yaml.MappingNode) else []
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"--search={path}: {twice} is there twice")
    return content


def _meant(near: Sequence[str]) -> str:
    return f"; did you mean {' or '.join(near)}?" if near else "; `python -m gan.train --help` lists them"


def _dimension(value: object, type_: type, is_optional: bool) -> Dimension:
    """Raises ValueError, which says what is wrong."""
    if isinstance(value, dict) and list(value) == ["choices"]:
        value = value["choices"]
    if isinstance(value, list):
        return _choices(value, type_, is_optional)
    if not isinstance(value, dict) or not {"low", "high"} <= set(value) <= set(_KEYS):
        raise ValueError(f"{'null' if value is None else value} says no range; {_FORMS}")
    if type_ not in (int, float):
        raise ValueError("it has no numbers between two ends; give a list of choices")
    return _range(value, is_whole=type_ is int)


def _choices(values: list[Any], type_: type, is_optional: bool) -> Choices:
    numbers = type_ in (int, float)
    for value in values:
        if value is None and not is_optional:
            raise ValueError("null stands for a flag that is not set, and this one always is")
        if value == "None" and is_optional:
            raise ValueError("null, not None, stands for a flag that is not set")
        if not isinstance(value, (bool, int, float, str, type(None))):
            raise ValueError(f"{value} is no value of a flag")
    found = [_number(value, type_ is int) if numbers and value is not None else value for value in values]
    different = {repr(value): value for value in found}
    if len(different) < 2:
        raise ValueError("a list of choices needs two different values")
    return Choices(tuple(different.values()))


def _range(value: Mapping[str, Any], is_whole: bool) -> NumberRange:
    low, high = _number(value["low"], is_whole), _number(value["high"], is_whole)
    log, step = value.get("log", False), value.get("step")
    if not isinstance(log, bool):
        raise ValueError(f"log: {log} is neither true nor false")
    if not low < high:
        raise ValueError(f"low: {low} must be less than high: {high}")
    if step is not None:
        step = _number(step, is_whole)
        if log:
            raise ValueError("log: true and step do not go together")
        if not 0 < step <= high - low:
            raise ValueError(f"step: {step} must be more than 0, and at most the distance from low to high")
    if log and low <= 0:
        raise ValueError(f"with log: true, low must be more than 0, not {low}")
    if step is not None:
        high = _number(_decimal(high) - (_decimal(high) - _decimal(low)) % _decimal(step), is_whole)
    return NumberRange(low, high, log, step, is_whole)


def _decimal(number: float) -> decimal.Decimal:
    """A number as people write it: steps of 0.3 lead from 0.1 to 1, which those of the nearest binary number miss."""
    return decimal.Decimal(str(number))


def _number(value: object, is_whole: bool) -> float | int:
    """A number; YAML takes 1e-3, without a point, for text."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(f"{value} is no number") from None
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError(f"{value} is no number")
    if is_whole and number != int(number):
        raise ValueError(f"{value} is no whole number")
    return int(number) if is_whole else number
