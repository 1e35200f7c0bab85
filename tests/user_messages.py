"""Lists every message that gan/ has for its users, from the code: `python tests/user_messages.py` prints them.

A message is told by its longest constant text. What is raised with a text made elsewhere has none.
"""

import ast
import pathlib
import re
import sys
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
ERRORS = {
    *("UserError", "DataError", "ContractError", "HostError", "StateError", "FlagError", "NotBegun", "InUse"),
    *("BucketRefused", "NoPermission", "BucketSilent", "PoolLost", "ProcessLost"),
}
_SHORTEST, _WORDS = 8, 3  # characters and words by which a message is known


class Message(NamedTuple):
    """One place that tells a user something."""

    where: str  # file below gan/ and line
    error: str  # class, or "reason" for words of TensorFlow that are passed on
    text: str  # with {names} in place of what is filled in
    constants: tuple[str, ...]  # its parts that are always the same


def messages() -> list[Message]:
    """All of them, in the order of the files."""
    found = []
    for path in sorted((ROOT / "gan").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if name in ERRORS and node.args:
                    where = f"{path.relative_to(ROOT / 'gan')}:{node.lineno}"
                    found.append(Message(where, name, _text(node.args[0]), tuple(_constants(node.args[0]))))
                elif name == "reason" and node.args:
                    where = f"{path.relative_to(ROOT / 'gan')}:{node.lineno}"
                    found.append(Message(where, name, ast.unparse(node), ()))
    return found


def quoted_in_tests() -> str:
    """All texts in tests, a line each, without the escapes of regular expressions."""
    texts = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(re.sub(r"\\([^\w\s])", r"\1", node.value))
    return "\n".join(texts)


def has_words(message: Message) -> bool:
    """Whether it says something of its own; if not, it passes on a sentence that is made and tested elsewhere."""
    return any(len(part.split()) >= _WORDS for part in message.constants)


def is_quoted(message: Message, quoted: str) -> bool:
    """Whether a test has _WORDS words of it in a row, or all of a shorter part."""
    for part in [*message.constants, *"; ".join(message.constants).split("; ")]:
        words = part.split()
        for first in range(max(1, len(words) - _WORDS + 1)):
            some = " ".join(words[first : first + _WORDS])
            if len(some) >= _SHORTEST and some in quoted:
                return True
    return False


def _constants(node: ast.expr) -> list[str]:
    return [
        part.value.strip() for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else _hole(part) for part in node.values)
    return str(node.value) if isinstance(node, ast.Constant) else f"{{{ast.unparse(node)}}}"


def _hole(part: ast.expr) -> str:
    return f"{{{ast.unparse(part.value)}}}" if isinstance(part, ast.FormattedValue) else ast.unparse(part)


if __name__ == "__main__":
    quoted = quoted_in_tests()
    for message in messages():
        if "--unquoted" not in sys.argv or not is_quoted(message, quoted):
            print(f"{message.where:40} {message.error:14} {message.text}")
