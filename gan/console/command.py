"""Runs a command: its help, its errors as one sentence, and its exit codes."""

import dataclasses
import os
import sys
import textwrap

from gan.console import flags
from gan.console.errors import UserError

EXIT_MISTAKE, EXIT_FLAGS, EXIT_INTERRUPTED = 1, 2, 130
_HELP_FLAGS = {"--help", "-help", "-h", "--helpshort", "--helpfull"}


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
        config = flags.parse(config_class, argv)
    except flags.FlagError as error:
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
    """The command's own text, then its flags with their defaults, first those without a group, then each group."""
    lines, last = [doc.strip(), "", "Flags:"], None
    groups = list(dict.fromkeys([None, *(field.metadata["group"] for field in dataclasses.fields(config_class))]))
    for field in sorted(dataclasses.fields(config_class), key=lambda field: groups.index(field.metadata["group"])):
        if field.metadata["group"] != last:
            last = field.metadata["group"]
            lines += ["", f"{last}:"]
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
