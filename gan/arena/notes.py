"""What the arena stores about faults, annulments and events: codes with parameters, and their sentences. No TensorFlow.

contest.faults makes the sentences. A parameter may be another fault, which is then a part of the sentence.
"""

from typing import Any

from gan.console.errors import OTHER, ContractError, Fault, HostError
from gan.contest import faults
from gan.sandbox.sandbox import Isolation

# Codes that the program itself looks for.
DISQUALIFIED = "disqualified"  # of a team
SEED = "mock_seed"  # of all mock battles
PUBLISHED = "results_published"  # a team has its final results of an event

_SENTENCES = {
    # Why a team forfeits, or a half round is lost.
    DISQUALIFIED: "disqualified by the organiser: {reason}",
    "bucket_closed": "{reason}; let the organiser's account read the bucket",
    "copies_found": "{count:.0f} of its images are copies of training images",
    # Why a match is annulled.
    "annulled": "{reason}",
    "annulled_before": "match {match:.0f}, which led to it, was annulled: {reason}",
    # The log.
    "isolation": "snapshots are confined by: {held}",
    "isolation_partial": "snapshots are confined by: {held}; not on this machine: {missing}",
    "isolation_weak": "snapshots are confined by: {held}; a snapshot could still {possible}",
    "isolation_partial_weak": "snapshots are confined by: {held}; not on this machine: {missing}; a snapshot could "
    "still {possible}",
    "path_changed": "{team}: {path} in place of {before}",
    "renamed": "{before} is now {name}",
    "frozen": "{reason}",
    "frozen_without_reason": "no reason was given",
    "thawed": "matches may begin again",
    "team_disqualified": "{team}: {reason}",
    "released": "it is played on",
    "admission_failed": "admitting {team}, attempt {attempt:.0f}: {reason}",
    "half_round_failed": "half round {number:.0f} of match {match:.0f}, attempt {attempt:.0f}: {reason}",
    "timing_failed": "the timing of match {match:.0f}, attempt {attempt:.0f}: {reason}",
    "page_failed": "the page of suspected copies: {reason}",
    SEED: "{seed:.0f}",
    PUBLISHED: "{team}",
    "results_unwritten": "results of {team}: {reason}",
    "bucket_unread": "{team}: {reason}",
    "not_held": "{event}: {reason}",
    "arena_frozen": "the arena is frozen",
    "nothing_handed_in": "no team has a snapshot",
}
faults.add_sentences(_SENTENCES)


def note(code: str, /, **parameters: Any) -> Fault:
    """A Fault with a code of this file; parameters are texts, numbers, lists of texts or Faults."""
    nested = {name: value._asdict() if isinstance(value, Fault) else value for name, value in parameters.items()}
    return faults.fault(code, **nested)


def other(text: str) -> Fault:
    """A Fault that has no code of its own."""
    return faults.fault(OTHER, text=text)


def of_error(error: BaseException) -> Fault:
    """The Fault of an exception."""
    return error.fault if isinstance(error, ContractError | HostError) else other(str(error))


def of_isolation(found: Isolation) -> Fault:
    """How well snapshots are confined on this machine."""
    missing = [f"{name} ({why})" for name, why in found.missing.items()]
    code = "isolation" + "_partial" * bool(missing) + "_weak" * bool(found.possible)
    given = {"missing": missing, "possible": list(found.possible)}
    return note(code, held=list(found.held) or ["nothing"], **{name: value for name, value in given.items() if value})
