"""Runs a command: its help, its errors as one sentence, and its exit codes."""

import dataclasses
import os
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gan.console import completion, flags, output, signals
from gan.console.errors import ProcessLost, UserError, of_system

EXIT_MISTAKE, EXIT_FLAGS, EXIT_INTERRUPTED = 1, 2, 130
# As of a process that aborted. Services that run jobs take this for passing and start the job again, but 1 for final.
EXIT_LOST = 134
HELP_FLAGS = {"--help", "-help", "-h", "--helpshort", "--helpfull"}
_WIDTH = 96  # characters a line of help
_Config = TypeVar("_Config")


def run(
    main: Callable[[_Config], int | None],
    config_class: type[_Config],
    argv: Sequence[str] | None = None,
    name: str | None = None,
    doc: str | None = None,
) -> int:
    """Runs a command, or an action of a command.

    Args:
        main: function from the config to an exit code; None stands for 0.
        config_class: dataclass whose fields were made by flags.flag.
        argv: the program's name and its arguments; None for those of this process.
        name: of the action, such as "organise annul"; None for the command, which is named as its module.
        doc: help of the action; None for that of the command's module.

    Returns:
        The exit code. 0: done. 1: a mistake in data or folders, printed as one sentence. 2: a mistake in the flags.
        130: interrupted. 134: another process of the job is gone.
    """
    with output.lasting(), signals.interrupts_kept():
        return _run(main, config_class, list(sys.argv if argv is None else argv), name, doc)


def end(exit_code: int) -> int:
    """The exit code, for sys.exit; where a TensorFlow server may run, the process ends here with it.

    Such a server cannot be stopped, and taking it apart while its threads wait may abort.
    """
    if os.environ.get("TF_CONFIG"):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_code)
    return exit_code


def help_text(doc: str, config_class: type) -> str:
    """The command's own text, then its flags with their defaults.

    Flags stand in the order in which they are declared, first those without a group, then each group under its name.
    """
    fields = dataclasses.fields(config_class)
    lines = [doc.strip()]
    for group in dict.fromkeys([None, *(field.metadata["group"] for field in fields)]):
        lines += ["", f"{group or 'Flags'}:"]
        for field in fields:
            if field.metadata["group"] == group:
                lines += _help_of(field)
        if group is None:
            lines += ["  --flagfile=FILE", _indented("Reads more flags from a file, one --name=value a line.")]
    return "\n".join(lines)


def _called(program: str, name: str) -> str:
    """What Python is told to run the command: the file of a script, or the name of what is in the package."""
    main = sys.modules["__main__"]
    script = os.path.abspath(getattr(main, "__file__", None) or "") if main.__spec__ is None else ""
    is_own = os.path.dirname(script) == os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return f"-m gan.{name}" if is_own or script != os.path.abspath(program) else program


def _run(
    main: Callable[[_Config], int | None],
    config_class: type[_Config],
    argv: list[str],
    name: str | None,
    doc: str | None,
) -> int:
    if name is None:
        name = main.__module__ if main.__module__ != "__main__" else os.path.splitext(os.path.basename(argv[0]))[0]
        name = name.rpartition(".")[2]
    if completion.is_asked():
        completion.tell_flags(config_class, 1 + len(name.split()))
    if HELP_FLAGS.intersection(argv[1:]):
        print(help_text(doc or sys.modules[main.__module__].__doc__ or "", config_class))
        return 0
    try:
        config = flags.parse(config_class, argv)
    except flags.FlagError as error:
        print(f"{name}: {error}\nAll flags: python {_called(argv[0], name)} --help", file=sys.stderr)
        return EXIT_FLAGS
    try:
        return main(config) or 0
    except ProcessLost as error:
        print(f"{name}: {error}", file=sys.stderr)
        return EXIT_LOST
    except UserError as error:
        print(f"{name}: {error}", file=sys.stderr)
    except OSError as error:
        print(f"{name}: {of_system(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_MISTAKE


def _help_of(field: "dataclasses.Field[Any]") -> list[str]:
    """The lines of one flag: how to write it with its default, and what it does."""
    if isinstance(field.default, bool):
        head = f"  --[no]{field.name}  (default: {'on' if field.default else 'off'})"
    elif field.metadata["required"]:
        head = f"  --{field.name}=...  (needed)"
    else:
        head = f"  --{field.name}=...  (default: {'not set' if field.default is None else field.default})"
    text = field.metadata["help"]
    if field.metadata["choices"]:
        text += f" One of: {', '.join(field.metadata['choices'])}."
    return [head, _indented(text)]


def _indented(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
