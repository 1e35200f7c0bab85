"""What can go wrong for a team or a machine: a code with parameters, and the sentence that people read.

Codes are stored and sent. The sentence is made when it is shown, for the person who reads it, in English or Korean
(gan/contest/faults_ko.py). Another room adds sentences of its own codes with `add_sentences`. No TensorFlow.
"""

import contextlib
import json
import string
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gan.console import printable
from gan.console.errors import OTHER, ContractError, Fault, HostError
from gan.contest import faults_ko, korean
from gan.contest.languages import ENGLISH, KOREAN, LANGUAGES

_LONGEST_SENTENCE = 4000  # characters
_LONGEST_TEXT, _MOST_TEXTS = 600, 50  # characters of a parameter, or of each text in a list; texts in a list
_LARGEST = 1e39  # of a number; beyond all of float32
SEVERAL = "several"  # code of more than one fault; its parameter `faults` is a list of [code, parameters]
_MOST_FAULTS = 8  # in one

# Each dict: code -> sentence. Names in braces are the parameters of the code; one with a format, such as {seconds:g},
# is a number, any other may be a text, a number or a list of texts.

# What the confined process finds in the snapshot that it opens. Only these codes are accepted from it.
_IN_THE_SNAPSHOT = {
    # Its collections.
    "collection_missing": "the collection {collection} is missing; add its tensor with tf.add_to_collection",
    "collection_count": "the collection {collection} must hold exactly one tensor, it holds {count:.0f}; "
    "add its tensor once",
    "collection_unknown": "the collection {collection} names a tensor that the graph does not have; "
    "save the graph in which you add it",
    # Its graph.
    "meta_unreadable": "the .meta file is not a MetaGraphDef; copy it again, as a binary file",
    "graph_malformed": "the graph is malformed: {reason}; save it again with tf.train.Saver",
    "network_malformed": "the {network}'s graph is malformed: {reason}; save it again with tf.train.Saver",
    "node_missing": "{output} needs a node that the graph does not have: {node}; save the whole graph",
    "other_placeholder": "{output} depends on a placeholder other than {input}: {placeholder}; make it a constant, or "
    "a tf.placeholder_with_default",
    "input_unused": "{output} does not depend on {input}; compute it from this placeholder",
    "wrong_type": "{name} must be {wanted}, it is {found}; tf.cast and tf.reshape help",
    "not_connectable": "the {network} cannot be connected to float32 [None, {width:.0f}]: {reason}; it must take any "
    "number of rows of this width",
    "forbidden_operations": "the {network} uses operations that are not allowed in a battle: {operations}; "
    "docs/snapshots.md lists those that are",
    "circle": "its graph runs in a circle at {node}; save the graph that you trained",
    "unknown_operation": "it calls the operation {operation}, which TensorFlow does not have; use TensorFlow's own "
    "operations",
    "name_taken": "it has two nodes named {node} once its functions and loops are written out; rename one of them",
    "missing_function": "it calls the function {function}, which its graph does not hold as it is called; save the "
    "whole graph",
    "too_deep": "its conditions and calls are nested more than {most:.0f} deep; build the graph without them",
    "changed_often": "the variable {variable} is changed in several places before {node} reads it; change no variable "
    "in the networks that you hand in",
    "too_many_nodes": "its graph has more than {most:.0f} nodes once its functions are written out; use smaller "
    "networks",
    "too_many_bytes": "its graph has more than {mebibytes:.0f} MiB once its functions are written out; use smaller "
    "networks",
    # Its conditions and loops.
    "condition_not_constant": "the condition {node} depends on the input, on chance, on a variable or on a placeholder "
    "without a default; decide it when the graph is built, by a constant or a tf.placeholder_with_default",
    "branch_never_taken": "it takes the result of a branch that is never taken ({node}); take the result of the "
    "whole tf.cond",
    "loop_not_constant": "the number of rounds of the loop {node} depends on the input or on chance; only a constant "
    "number is allowed: use operations on the whole batch in place of the loop",
    "loop_too_long": "the loop {node} has more than {most:.0f} rounds; use fewer, or compute its result before saving",
    "loop_too_large": "the loop {node} makes more than {most:.0f} nodes in all rounds; use fewer rounds, or compute "
    "its result before saving",
    "loop_nested": "a loop lies in another one ({node}); only loops that are not nested are allowed: write the "
    "inner one as operations on the whole batch",
    "loop_malformed": "the loop {node} is malformed; make it with tf.while_loop",
    # Its weights.
    "weights_unreadable": "the weights cannot be read: {reason}; copy all files of the snapshot again",
    "variable_unreadable": "variable {variable} cannot be read: {reason}; copy all files of the snapshot again",
    "variable_missing": "variable {variable} has no value in the checkpoint; give tf.train.Saver all variables",
    "restored_twice": "its saver assigns two values to the variable {variable}; save each variable once",
    "restore_runs": "its saver runs the operation {operation} ({node}) when it restores; save with a plain "
    "tf.train.Saver()",
    "restore_needs": "its saver needs {node}, which the graph does not hold as it should; save with a plain "
    "tf.train.Saver()",
    "restore_changes": "its saver changes the value of the variable {variable} by {operation}; save with a plain "
    "tf.train.Saver()",
    "saver_v1": "its weights are in the Saver V1 format; restore it and save it with "
    "tf.train.Saver(write_version=tf.train.SaverDef.V2)",
    "variable_shape": "variable {variable} has shape {in_graph} in the graph and {in_checkpoint} in the "
    "checkpoint; hand in all files of one save",
    "variable_type": "variable {variable} has type {in_graph} in the graph and {in_checkpoint} in the "
    "checkpoint; hand in all files of one save",
    # What its networks compute.
    "not_computable": "{name} cannot be computed: {reason}; run it on batches of 15 and of 30 before you save it",
    "wrong_shape": "{name} returned shape {shape}, not {wanted}; compute one row for each row of its input",
    "not_finite": "{name} has values that are not finite (NaN or infinity); hand in an earlier snapshot, or "
    "train with a lower learning rate",
    "out_of_range": "{name} must lie in [0, 1], its values reach from {lowest:.8g} to {highest:.8g}; use a sigmoid, or "
    "tf.clip_by_value({name}, 0, 1)",
    "range_of_tanh": "{name} must lie in [0, 1], its values reach from {lowest:.8g} to {highest:.8g} like those of a "
    "tanh; multiply by 0.5 and add 0.5",
    "not_repeatable": "{name} changes between two calls with the same input (by {difference:.2g}); build the graph "
    "without operations that keep a state",
    "fixed_batch": "{name} has a batch size of {rows:.0f} built in: {node} always has {rows:.0f} rows, use -1 or "
    "tf.shape",
    "out_of_memory": "it needs more memory than it may have; use smaller networks",
    "cannot_run": "it cannot be run: {reason}",
    SEVERAL: "{faults}",
}
# What is found about a snapshot without a look inside: in its files, and at its process from outside.
_OUTSIDE_THE_SNAPSHOT = {
    "no_snapshot": "there is no complete snapshot (files with one name that end in .index, .meta and .data-*)",
    "no_folder": "there is no such folder, and so no complete snapshot (files with one name that end in .index, .meta "
    "and .data-*)",
    "no_such_address": "addresses of this kind are not read, so there is no complete snapshot; a bucket is written "
    "gs://bucket/folder",
    "snapshot_incomplete": "there is no complete snapshot: {snapshot} lacks {parts}; copy all files of this name, or, "
    "if its save failed, make room on the disk and give the train command again",
    "none_saved": "there is no complete snapshot: a training began here and saved none, as happens if the disk is "
    "full, or if it diverged or was killed before; see what train said, make room if that is it, and give its command "
    "again",
    "bad_pointer": "its file checkpoint names no snapshot in its folder; copy the file checkpoint again, or remove it",
    "file_unreadable": "{file} cannot be read: {reason}; copy it again, as a plain file",
    "files_too_large": "the .{part} files of {snapshot} are too large: {mebibytes:.8g} MiB, and they may have "
    "{most:.8g} MiB",
    "closed_earlier": "it was closed after an earlier failure",
    "slow": "it took longer than {seconds:g} s to {step}; use smaller networks",
    "processor_time": "it used more than {seconds:g} s of processor time; use smaller networks",
    "too_much_memory": "it needs more memory than {mebibytes:.0f} MiB; use smaller networks",
    "forbidden_call": "its process tried to start a program, to connect, to signal others or to change files when it "
    "was to {step}, and was ended",
    "memory_share": "it took {mebibytes:.0f} MiB of memory, its share is {share:.0f} MiB, and there was not enough for "
    "all snapshots; make the networks smaller",
    "crashed": "it crashed TensorFlow ({signal}) when it was to {step}, as happens if it needs more memory than it may "
    "have",
    "ended": "its process ended by itself when it was to {step}",
    "killed_often": "its process was killed {times:.0f} times, as happens if it needs more memory than there is",
    "nonsense": "its process answered nonsense: {reason}",
    "early_answer": "its process answered before it was asked",
    "number_count": "its process answered with {count:.0f} numbers in place of {wanted:.0f}",
}
# What is the fault of the machine that plays, never of a team.
_OF_THE_MACHINE = {
    "disk_full": "the disk of {folder} is nearly full; make room for {mebibytes:.0f} MiB more on it",
    "machine_slow": "the process of a snapshot took longer than {seconds:g} s to {step}; end what else "
    "keeps this machine busy",
    "killed": "the process of a snapshot was killed while it was to {step}: {last}",
    "process_failed": "the process of a snapshot ended while it was to {step}: {last}",
    "process_refused": "no process could be started ({reason}); end other programs, or raise the limit of "
    "processes (ulimit -u)",
    "not_confined": "the process of a snapshot could not be confined by: {layers}",
    "fork_server_failed": "the process that forks others for snapshots could not {step} ({reason})",
    "fork_server_ended": "the process that forks others for snapshots ended (exit code {exit_code:.0f})",
    "fork_server_threads": "the process that forks others for snapshots has {threads:.0f} threads; it must have one",
}
SENTENCES: dict[str, str] = {OTHER: "{text}", **_IN_THE_SNAPSHOT, **_OUTSIDE_THE_SNAPSHOT, **_OF_THE_MACHINE}
IN_KOREAN: dict[str, str] = dict(faults_ko.SENTENCES)  # of the same codes, but for those that only organisers read

# Values of a parameter that are codes themselves: parameter -> value -> words; any other value is shown as it is.
_WORDS = {
    "step": {
        "start": "start",
        "try": "try what it can do",
        "open": "be opened",
        "verify": "be checked",
        "input": "take its input",
        "generate": "generate",
        "discriminate": "discriminate",
        "request": "be asked",
        "answer": "answer",
    },
    "name": {"generator": "its generator", "discriminator": "its discriminator"},
}


def add_sentences(sentences: Mapping[str, str], in_korean: Mapping[str, str]) -> None:
    """Adds another room's codes to the catalogue: code -> sentence, as in this file.

    Args:
        sentences: in English.
        in_korean: the same in Korean; a code that only organisers read may be missing.

    Raises:
        ValueError: a code is there already, with another sentence.
    """
    for code, text in sentences.items():
        if SENTENCES.setdefault(code, text) != text:
            raise ValueError(f"the fault {code} has a sentence already: {SENTENCES[code]}")
    IN_KOREAN.update(in_korean)


def sentence(fault: Fault | None, language: str = ENGLISH) -> str:
    """The sentence of a Fault, fit to be shown: strangers choose some of its parameters. Empty for None.

    Args:
        fault: what went wrong.
        language: of LANGUAGES. A code without a sentence in it has the English one.
    """
    if fault is None:
        return ""
    try:
        text = _completed(fault, language)
    except (ArithmeticError, LookupError, TypeError, ValueError):  # stored by a version that knew other codes
        text = f"{fault.code} {fault.parameters}"
    return printable.cleaned(text)[:_LONGEST_SENTENCE]


def sentences(fault: Fault | None, language: str = ENGLISH) -> list[str]:
    """The sentence of each fault in a Fault, which may hold several; none for None."""
    return [sentence(part, language) for part in _parts(fault)] if fault else []


def translations(fault: Fault) -> dict[str, str]:
    """The sentence of a Fault in every language: {"en": ..., "ko": ...}."""
    return {language: sentence(fault, language) for language in LANGUAGES}


def breach(code: str, /, **parameters: Any) -> ContractError:
    """The error of a snapshot that breaks a rule; parameters are texts, numbers or lists of texts."""
    fault = _fault(code, parameters)
    return ContractError(sentence(fault), fault=fault)


class Breaches:
    """Collects what is wrong with a snapshot, so that its team hears of everything at once."""

    def __init__(self) -> None:
        self._errors: list[ContractError] = []

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Notes a ContractError and goes on behind the block."""
        try:
            yield
        except ContractError as error:
            self._errors.append(error)

    def __bool__(self) -> bool:
        return bool(self._errors)

    def raise_all(self) -> None:
        """Raises a ContractError if anything was noted: the only one, or one of all different ones."""
        different = list({str(error): error for error in self._errors}.values())
        if len(different) == 1:
            raise different[0]
        if different:
            found = [part for error in different for part in _parts(error.fault)]
            fault = Fault("several", {"faults": [[part.code, part.parameters] for part in found[:_MOST_FAULTS]]})
            raise ContractError(sentence(fault), fault=fault)


def host_failure(code: str, /, **parameters: Any) -> HostError:
    """The error of a machine that failed; parameters are texts, numbers or lists of texts."""
    fault = _fault(code, parameters)
    return HostError(sentence(fault), fault)


def received(code: object, parameters: object) -> Fault | None:
    """The Fault that a confined process told us, which may be in the hands of a stranger.

    Returns:
        None unless the code is one that such a process finds, and its parameters are those that the sentence needs, of
        the right types and short. Texts are cleaned.
    """
    if code == SEVERAL:
        return _several_received(parameters)
    if not isinstance(code, str) or code not in _IN_THE_SNAPSHOT or not isinstance(parameters, dict):
        return None
    if set(parameters) != parameters_of(code) or not all(map(_is_plain, parameters.values())):
        return None
    fault = _fault(code, parameters)
    try:
        _completed(fault)
    except (ArithmeticError, TypeError, ValueError):  # a text in place of a number
        return None
    return fault


def _several_received(parameters: object) -> Fault | None:
    parts = parameters.get("faults") if isinstance(parameters, dict) and len(parameters) == 1 else None
    if not isinstance(parts, list) or not 1 < len(parts) <= _MOST_FAULTS:
        return None
    found = []
    for part in parts:
        is_one = isinstance(part, list) and len(part) == 2 and part[0] != SEVERAL
        fault = received(*part) if is_one else None
        if fault is None:
            return None
        found.append([fault.code, fault.parameters])
    return Fault(SEVERAL, {"faults": found})


def _parts(fault: Fault) -> list[Fault]:
    """The faults in a Fault of several; else itself."""
    return [Fault(*part) for part in fault.parameters["faults"]] if fault.code == SEVERAL else [fault]


def parameters_of(code: str) -> set[str]:
    """Names of the parameters that the sentence of a code uses."""
    return {name for _, name, _, _ in string.Formatter().parse(SENTENCES[code]) if name}


def encoded(fault: Fault | None) -> str | None:
    """A Fault as JSON, to be stored; None for None."""
    return None if fault is None else json.dumps(_plain_dict(fault), ensure_ascii=False)


def decoded(text: str | None) -> Fault | None:
    """The Fault that `encoded` wrote; a text that is no such JSON becomes a Fault of code OTHER."""
    if text is None:
        return None
    try:
        return of_plain(json.loads(text))
    except (ValueError, TypeError, KeyError):
        return Fault(OTHER, {"text": text})


def plain(fault: Fault | None) -> dict[str, Any] | None:
    """A Fault as what JSON can hold: {"code": ..., "parameters": {...}}."""
    return None if fault is None else _plain_dict(fault)


def of_plain(value: Any) -> Fault:
    """The Fault of what `plain` returned."""
    nested = {name: of_plain(one) if isinstance(one, dict) else one for name, one in value["parameters"].items()}
    return Fault(value["code"], nested)


def _plain_dict(fault: Fault) -> dict[str, Any]:
    nested = {
        name: _plain_dict(value) if isinstance(value, Fault) else _bounded(value)
        for name, value in fault.parameters.items()
    }
    return {"code": fault.code, "parameters": nested}


def _completed(fault: Fault, language: str = ENGLISH) -> str:
    if fault.code == SEVERAL:
        texts = [_completed(part, language) for part in _parts(fault)]
        return " ".join(f"({number}) {text}" for number, text in enumerate(texts, 1))
    is_korean = language == KOREAN and fault.code in IN_KOREAN
    words = faults_ko.WORDS if is_korean else _WORDS
    shown = {name: _shown(words.get(name, {}), value, language) for name, value in fault.parameters.items()}
    return korean.completed(IN_KOREAN[fault.code], shown) if is_korean else SENTENCES[fault.code].format(**shown)


def _shown(words: Mapping[str, str], value: Any, language: str) -> Any:
    if isinstance(value, Fault):
        return sentence(value, language)
    if isinstance(value, list):
        return ", ".join(value)
    return words.get(value, value) if isinstance(value, str) else value


def _fault(code: str, parameters: Mapping[str, Any]) -> Fault:
    return Fault(code, {name: _bounded(value) for name, value in parameters.items()})


def _bounded(value: Any) -> Any:
    """The value as JSON can hold it, and no longer than a fault may be: strangers choose names of any length."""
    if isinstance(value, list | tuple):
        texts = [_bounded(text) for text in value]
        return texts if len(texts) <= _MOST_TEXTS else [*texts[: _MOST_TEXTS - 1], "..."]
    if isinstance(value, str):
        return printable.cleaned(value)[:_LONGEST_TEXT]
    return value.item() if isinstance(value, np.generic) else value


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return len(value) <= _MOST_TEXTS and all(isinstance(text, str) and _is_plain(text) for text in value)
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
