"""The arena's own codes: why a team cannot take part, why a match is held or annulled, and what its log tells.

Codes with parameters are stored; contest.faults makes the sentence when somebody reads it. No TensorFlow.
"""

from collections.abc import Iterable
from typing import Any

from gan.arena import notes_ko
from gan.arena.schema import LogEntry, Team
from gan.console.errors import OTHER, Fault
from gan.contest import faults
from gan.contest.behaviour import Behaviour
from gan.contest.languages import ENGLISH, KOREAN
from gan.sandbox.sandbox import Isolation

# Codes that the program itself looks for.
DISQUALIFIED = "team_disqualified"  # the fault of a team
SEED = "mock_seed"  # of all mock battles of an arena
BUCKET_CLOSED = "bucket_closed"  # why a team cannot take part
COPY_GONE = "copy_gone"  # why a match is held: an arena was copied without its snapshots, say
SAME = "same_networks"  # several teams handed in the same
ABOUT_NAMES = ("names_alike", "name_of_two_scripts")
PUBLISHED = "results_published"  # a team has its final results of an event
# Of a team's snapshot, found when it was admitted.
_CHOSEN = "snapshot_chosen"  # the file `checkpoint` did not say which snapshot plays
_SEE_BATCH = {"generator_sees_batch": Behaviour(True, False), "discriminator_sees_batch": Behaviour(False, True)}

_NOTHING = ["nothing"]

# Why a line of the list of teams is no team that can play.
_OF_THE_LIST = {
    "line_not_csv": "line {line:.0f} is not CSV ({reason}); a name with a comma or a quotation mark stands in "
    "quotation marks, and those within it are doubled",
    "team_name_missing": "line {line:.0f} gives the team no name",
    "team_name_strange": "the name in line {line:.0f} holds control characters, line breaks, characters that turn "
    "the direction of writing or towers of accents, which are shown as {shown_as}; write it without them",
    "team_name_long": "the name in line {line:.0f} has {characters:.0f} characters; at most {most:.0f} are possible",
    "team_name_reserved": "nobody may have this name; write another in line {line:.0f}",
    "team_name_taken": "line {other:.0f} has the same name; write another in line {line:.0f}",
    "team_name_former": "this team is called {name} now; write that in line {line:.0f}",
    "team_name_unseen": "the name in line {line:.0f} holds characters that nobody sees: {characters}; write it without "
    "them",
    "team_path_missing": "line {line:.0f} gives no path of a snapshot; write one in the column path",
    "team_path_strange": "the path in line {line:.0f} holds control characters or line breaks; write it without them",
    "team_path_without_bucket": "the path in line {line:.0f} names no bucket; write one like gs://team/model",
}
_OF_A_TEAM = {
    "team_disqualified": "disqualified by the organiser: {reason}",
    "images_copied": "of its images, {count:.0f} are copies of training images",
    "test_images_known": "its discriminator knows test images by heart",
    "bucket_closed": "{reason}; let the organiser's account read the bucket",
}
# A bucket's own settings; the sentences are for its team, and name neither the bucket nor the organiser's account.
_OF_A_BUCKET = {
    "bucket_silent": "its bucket did not answer until the battle had to begin",
    "bucket_missing": "its bucket could not be read; tell the organiser if it is there and open",
    "bucket_requester_pays": "its bucket lets whoever reads it pay (requester pays), which the arena does not do; turn "
    "requester pays off",
    "bucket_customer_key": "{file} is encrypted with a key that only its owner has; upload it again without a key of "
    "your own (customer-supplied encryption)",
    "bucket_managed_key": "{file} is encrypted with a key that is disabled or that the arena may not use; enable the "
    "key, or upload the file again with Google's own encryption",
    "bucket_retention": "{file} may not be replaced or deleted, because its bucket keeps files for some time (a "
    "retention policy or a hold); take the policy off, or use a bucket without one",
    "bucket_billing": "the billing account of its bucket is closed or disabled; enable it, or move to another bucket",
    "bucket_archived": "{file} is archived and cannot be read; upload it again in the storage class Standard",
    "bucket_checksum": "{file} arrives with another checksum than its bucket says; upload it again",
    "bucket_gzip_damaged": "{file} says that it is compressed with gzip (Content-Encoding), but cannot be "
    "decompressed; upload it again",
    "bucket_crowded": "the folder in its bucket holds {what}; hand in from a folder of its own, such as model",
    "bucket_refused": "its bucket refuses to be read (status {status:.0f}); let the organiser's account read it, and "
    "give it the settings of a new bucket",
}
_OF_A_MATCH = {
    "annulled": "{reason}",
    "annulled_with": "match {match:.0f}, which led to it, was annulled: {reason}",
    COPY_GONE: "the copy of {team}'s snapshot is gone: {path}; put it back from a backup with snapshots",
}
_OF_THE_LOG = {
    "isolation_found": "snapshots are confined by: {held}; not on this machine: {missing}; a process could still: "
    "{possible}",
    "arena_frozen": "nothing more is played",
    "arena_frozen_because": "nothing more is played: {reason}",
    "arena_thawed": "matches may begin again",
    "match_released": "the match may be played on",
    "path_changed": "{team}: {path} in place of {before}",
    "event_renamed": "{before} is now {name}",
    "team_renamed": "the team {before} is now {name}, in all events",
    "secret_told": "images that are secret: {number:.0f}, of them new: {new:.0f}",
    "secret_forgotten": "images that are no longer secret: {number:.0f}",
    "store_recovered": "goes on without what was newest, which the copy of the store lacks",
    "clock_jumped": "the clock was put ahead over its time",
    "disqualification": "{team}: {reason}",
    "reinstatement": "{team} is no longer disqualified: {reason}",
    "admission_failed": "admitting {team}, attempt {attempt:.0f}: {problem}",
    "snapshot_chosen": "{team}: {choice} (its copy is {snapshot})",
    **{
        code: f"{{team}}: {behaviour.remarks()[0]} (its copy is {{snapshot}})" for code, behaviour in _SEE_BATCH.items()
    },
    "copies_removed": "{count:.0f} copies of snapshots of {event} were removed to make room on the disk; its half "
    "rounds cannot be replayed",
    "forbidden_call_tried": "{team}: the process of its snapshot tried what no network needs, and was ended; ask the "
    "team what its graph does (its copy is {snapshot}; the kernel's log has the call's number: type=1326, syscall=)",
    "graph_holds": "{team}: the graph has operations that no network needs; they do not run here, but may do harm to "
    "somebody who opens the snapshot in another way: {operations} (its copy is {snapshot})",
    "half_round_failed": "half round {number:.0f} of match {match:.0f}, attempt {attempt:.0f}: {problem}",
    "timing_failed": "the timing of match {match:.0f}, attempt {attempt:.0f}: {problem}",
    "names_alike": "the names {other} and {name} look alike, and are not the same: {letters}",
    "name_of_two_scripts": "the name {name} has letters that look like others: {letters}",
    "same_networks": "{teams} handed in {what}",
    "discriminator_probed": "{team}: {findings}",
    "fingerprint_failed": "what identifies the networks of {team} could not be taken: {problem}",
    "probe_failed": "the probe of {team}, attempt {attempt:.0f}: {problem}",
    "suspects_page_failed": "the page of suspected copies: {problem}",
    "battle_not_held": "{battle}: {problem}",
    "battle_before_lasted": "{battle} was still played, or its results delivered, at that time; a longer "
    "--period_minutes leaves more time",
    "arena_is_frozen": "the arena is frozen",
    "nobody_handed_in": "no team has a snapshot",
    "no_bucket_readable": "no team's bucket can be read; look at this machine's network and credentials",
    "bucket_unreadable": "the bucket of {team}: {problem}",
    "hand_in_unreadable": "{team} does not take part: {problem}",
    "status_failed": "the status page of {team} could not be written: {problem}",
    "webhook_failed": "{number:.0f} messages could not be delivered to the webhook; the last answer: {problem}",
    "results_failed": "results of {team}: {problem}",
    "results_published": "the results of {team} are delivered",
    "mock_seed": "the seed of mock battles is {seed}",
}
faults.add_sentences({**_OF_THE_LIST, **_OF_A_TEAM, **_OF_A_BUCKET, **_OF_A_MATCH, **_OF_THE_LOG}, notes_ko.SENTENCES)


def note(code: str, /, **parameters: Any) -> Fault:
    """A Fault; parameters are texts, numbers, lists of texts, or Faults that led to it."""
    return Fault(code, parameters)


def of(error: BaseException) -> Fault:
    """What an error says, as a Fault; of one without a code, its text."""
    found = getattr(error, "fault", None)
    return found if isinstance(found, Fault) else Fault(OTHER, {"text": str(error)})


def chosen(team: str, digest: str, choice: str) -> Fault:
    """A team's snapshot is not the one that its file `checkpoint` names; `choice` says why, as staging.Staged does."""
    return note("snapshot_chosen", team=team, snapshot=digest, choice=choice)


def of_snapshot(team: str, digest: str, behaviour: Behaviour, never_run: list[str]) -> list[Fault]:
    """What a team or the organiser should know about a snapshot that may play; nothing for most."""
    found = []
    if behaviour.generator_sees_batch:
        found.append(note("generator_sees_batch", team=team, snapshot=digest))
    if behaviour.discriminator_sees_batch:
        found.append(note("discriminator_sees_batch", team=team, snapshot=digest))
    if never_run:
        found.append(note("graph_holds", team=team, snapshot=digest, operations=never_run))
    return found


def remarks_of(team: Team, entries: Iterable[LogEntry], language: str = ENGLISH) -> list[str]:
    """What a team should know about its snapshot, as the log says: sentences without its name.

    They tell why it is not the one that the file `checkpoint` names, and how a network that sees its batch is asked.
    """
    remarks = []
    for code, parameters in (entry.note for entry in entries):
        if code in (_CHOSEN, *_SEE_BATCH) and parameters["snapshot"] == team.snapshot:
            if code == _CHOSEN:
                remarks.append(remark_of_choice(str(parameters["choice"]), language))
            else:
                remarks += _SEE_BATCH[code].remarks(language)
    return list(dict.fromkeys(remarks))


def remark_of_choice(choice: str, language: str = ENGLISH) -> str:
    """What a team should know about the choice of its snapshot; `choice` says why, as staging.Staged does."""
    return notes_ko.CHOSEN.format(choice=choice) if language == KOREAN else choice


def of_isolation(found: Isolation) -> Fault:
    """How well snapshots are confined on this machine."""
    missing = [f"{layer} ({reason})" for layer, reason in found.missing.items()]
    held, possible = list(found.held), list(found.possible)
    return note("isolation_found", held=held or _NOTHING, missing=missing or _NOTHING, possible=possible or _NOTHING)
