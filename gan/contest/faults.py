"""What can go wrong for a team or a machine: a code with parameters, and the sentence that people read.

Codes are stored and sent; sentences are made when they are shown, for the one who reads them. No TensorFlow.
"""

from typing import Any

from gan.console import printable
from gan.console.errors import OTHER, ContractError, Fault, HostError

_LONGEST = 1000  # characters of a sentence

# Code -> sentence; names in braces are its parameters.
SENTENCES: dict[str, str] = {
    OTHER: "{text}",
}


def sentence(fault: Fault) -> str:
    """The sentence of a Fault in English, fit to be shown: strangers choose some of its parameters."""
    text = SENTENCES.get(fault.code, "{code}").format(**{"code": fault.code, **fault.parameters})
    return printable.cleaned(text)[:_LONGEST]


def breach(code: str, **parameters: Any) -> ContractError:
    """The error of a snapshot that breaks a rule."""
    fault = Fault(code, parameters)
    return ContractError(sentence(fault), fault=fault)


def host_failure(code: str, **parameters: Any) -> HostError:
    """The error of a machine that failed."""
    fault = Fault(code, parameters)
    return HostError(sentence(fault), fault)
