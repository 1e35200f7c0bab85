"""Does to an arena what an organiser decides: annuls a match, disqualifies or renames a team, freezes it, copies it.

    python -m gan.organise annul --arena_dir=arena --match=12 --reason='wrong test set'
    python -m gan.organise freeze --arena_dir=arena --reason='lunch'
    python -m gan.organise annul --help

An action that changes something first shows what would change, and asks. If there is no terminal, it changes nothing
and ends with exit code 1; --yes does it without asking. The log keeps who did it and when; --by names somebody else.
An arena in which a battle plays cannot be changed (end the battle with Ctrl-C, and start it again after), but freeze,
thaw, log, backup and the previews work at any time.

The exit code is 0 if it is done, 1 if it is not (or a replay differs), 2 if a flag is wrong.
"""

import dataclasses
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

if not __package__:  # `python organise.py` inside gan/: the package is found one folder up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from gan.arena import (
    arena,
    backup,
    events,
    notes,
    organiser,
    probing,
    renaming,
    result_pages,
    schema,
    store,
    store_file,
    terminal,
)
from gan.console import actions, command
from gan.console.actions import Action
from gan.console.errors import UserError
from gan.console.flags import flag
from gan.console.progress import Progress
from gan.data import pixels, tfrecords
from gan.sandbox import child_process
from gan.storage import cache, paths

_LIMITS = child_process.DEFAULT_LIMITS
_Preview = TypeVar("_Preview", bound=NamedTuple)


def _arena_dir() -> Any:
    return flag("arena/", "Folder of the arena, as given to battle.")


def _yes() -> Any:
    return flag(False, "Changes it without asking.")


def _by() -> Any:
    return flag(None, "Who does it, for the log. Not set: the user and the machine of this command.")


@dataclasses.dataclass(frozen=True)
class AnnulFlags:
    """Annuls a match; it, and later matches that followed from it, are played again.

        python -m gan.organise annul --arena_dir=arena --match=12 --reason='wrong test set'

    The command that played the event plays them again, with other seeds. What was played stays in the store as
    annulled. Ratings that followed are calculated again. A team of the match that could not take part is admitted
    again, from the path that teams.csv has by then: so a wrong path is corrected. A match that nobody played (a bye, or
    one that both teams forfeited) is refused; --admit_again annuls one that both forfeited. An annulment cannot be
    taken back.
    """

    arena_dir: str = _arena_dir()
    match: int = flag(None, "Number of the match, as the terminal and the screen show it.", required=True)
    reason: str = flag(None, "Why; it is kept and shown.", required=True)
    admit_again: bool = flag(
        False, "Annuls also a match that both teams forfeited, so that their snapshots are opened again."
    )
    yes: bool = _yes()
    by: str = _by()


@dataclasses.dataclass(frozen=True)
class DisqualifyFlags:
    """Disqualifies a team: it forfeits what it has not played yet.

        python -m gan.organise disqualify --arena_dir=arena --event=tournament --team='Blue Foxes' \\
            --reason='trained on the test set'

    Results so far stay as they are; annul those that should not count. This also ends a match that is held because the
    team's bucket stays closed. `reinstate` takes it back.
    """

    arena_dir: str = _arena_dir()
    event: str = flag(None, "Name of the event; it must not be over.", required=True)
    team: str = flag(None, "Name of the team, as the screen shows it.", required=True)
    reason: str = flag(None, "Why; it is kept and shown.", required=True)
    yes: bool = _yes()
    by: str = _by()


@dataclasses.dataclass(frozen=True)
class ReinstateFlags:
    """Takes back a disqualification: the team plays again, with the snapshot that it had.

        python -m gan.organise reinstate --arena_dir=arena --event=tournament --team='Blue Foxes' --reason='wrong team'

    Matches that it has forfeited meanwhile stay forfeited; annul those that are to be played.
    """

    arena_dir: str = _arena_dir()
    event: str = flag(None, "Name of the event.", required=True)
    team: str = flag(None, "Name of the team, as the screen shows it.", required=True)
    reason: str = flag(None, "Why; it is kept.", required=True)
    yes: bool = _yes()
    by: str = _by()


@dataclasses.dataclass(frozen=True)
class FreezeFlags:
    """Freezes an arena: a match that is being played ends, and no other begins.

        python -m gan.organise freeze --arena_dir=arena --reason='lunch'

    Works while a battle plays. Mock battles wait; the command of another event ends, and goes on if it is started
    again after `thaw`.
    """

    arena_dir: str = _arena_dir()
    reason: str = flag(None, "Why; it is kept and shown.")
    yes: bool = _yes()
    by: str = _by()


@dataclasses.dataclass(frozen=True)
class ThawFlags:
    """Ends a freeze: matches may begin again.

        python -m gan.organise thaw --arena_dir=arena

    Mock battles go on by themselves; start the command of another event again.
    """

    arena_dir: str = _arena_dir()
    yes: bool = _yes()
    by: str = _by()


@dataclasses.dataclass(frozen=True)
class RenameFlags:
    """Gives a team or an event another name.

        python -m gan.organise rename --arena_dir=arena --team='Blue Foxes' --to='Red Foxes'
        python -m gan.organise rename --arena_dir=arena --event=tournament --to='Faces Cup 2026'

    A team gets the name in all events of the arena, in its ratings and in the log, and forfeits nothing. If it could
    not take part only because of its name, it may from now on. Write the new name in teams.csv, too. What was delivered
    to buckets or exported before keeps the old name.

    An event is known by its name: if it is not over, battle goes on with it as --event=NEW only, and under the old
    name begins another one. To take a renaming back, rename again.
    """

    arena_dir: str = _arena_dir()
    team: str = flag(None, "Name of the team now, as the screen shows it.")
    event: str = flag(None, "Instead of --team, the name of the event now.")
    to: str = flag(None, "The new name.", required=True)
    yes: bool = _yes()
    by: str = _by()


@dataclasses.dataclass(frozen=True)
class RecoverFlags:
    """Goes on with a store that was copied while it was in use, without its arena.sqlite3-wal.

        python -m gan.organise recover --arena_dir=arena

    What was newest is missing in such a copy. If you can, copy arena.sqlite3-wal beside it instead, or take a copy that
    `backup` made. This cannot be taken back.
    """

    arena_dir: str = _arena_dir()
    yes: bool = _yes()
    by: str = _by()


@dataclasses.dataclass(frozen=True)
class SecretFlags:
    """Tells the arena which images are secret: nothing but a tournament may show them.

        python -m gan.organise secret --arena_dir=arena --test_data_pattern=data/test.tfrecords

    Do it before the first mock battle. The arena keeps digests, not the images. From then on it refuses every mock
    battle, league, match and check that is given one of these images.
    """

    arena_dir: str = _arena_dir()
    test_data_pattern: str = flag(None, "TFRecord files of the images, such as data/test.tfrecords.", required=True)
    use_mnist: bool = flag(False, "Images are MNIST digits, 28x28, instead of 50x50 faces.")
    yes: bool = _yes()
    by: str = _by()


@dataclasses.dataclass(frozen=True)
class ReplayFlags:
    """Plays a half round again, from the snapshots that were kept, and compares.

        python -m gan.organise replay --arena_dir=arena --half_round=40 --input_data_pattern='data/test.tfrecords'

    Changes nothing. The exit code is 1 if points, images, order or probabilities differ from what is stored.
    """

    arena_dir: str = _arena_dir()
    half_round: int = flag(None, "Number of the half round, as the screen shows it.", required=True)
    input_data_pattern: str = flag(None, "TFRecord files of real images, those of the battle.", required=True)
    use_mnist: bool = flag(False, "Images are MNIST digits, 28x28, instead of 50x50 faces.")
    memory_mb: int = flag(_LIMITS.memory // 2**20, "MiB that a snapshot may use, as in the battle.", at_least=64)
    processor_seconds: int = flag(
        _LIMITS.processor_seconds, "Processor time of a snapshot in all, as in the battle.", at_least=1
    )
    open_seconds: float = flag(_LIMITS.open_seconds, "Time to open a snapshot, as in the battle.", at_least=1)
    call_seconds: float = flag(_LIMITS.call_seconds, "Time for 15 images, or to judge 30.", at_least=0.1)


@dataclasses.dataclass(frozen=True)
class LogFlags:
    """Prints what happened, when and by whom: annulments, failures of this machine, freezes.

    python -m gan.organise log --arena_dir=arena --json
    """

    arena_dir: str = _arena_dir()
    event: str = flag(None, "Name of an event; not set: all events.")
    json: bool = flag(False, "Prints each entry as one line of JSON.")


@dataclasses.dataclass(frozen=True)
class BackupFlags:
    """Copies an arena to another folder, as it is at one moment.

        python -m gan.organise backup --arena_dir=arena --to=backups/monday --snapshots

    Works while a battle plays, and the copy is tested: it is one whole file. Do not copy arena.sqlite3 by hand while a
    battle or the screen has it open: what is newest is in arena.sqlite3-wal then. Results can be looked at in the copy;
    with --snapshots, battle can go on from it, as --arena_dir.
    """

    arena_dir: str = _arena_dir()
    to: str = flag(None, "Folder for the copy, on disk; it must not hold an arena.", required=True)
    snapshots: bool = flag(False, "Copies the teams' snapshots too.")
    replace: bool = flag(False, "Replaces the arena that --to holds, once the new copy is whole.")


@dataclasses.dataclass(frozen=True)
class ProbeFlags:
    """Looks who knows the test images of a tournament by heart.

        python -m gan.organise probe --arena_dir=arena --event=tournament \\
            --input_data_pattern='data/test.tfrecords' --reference_data_pattern='data/validation.tfrecords'

    Each discriminator is shown the test images as they are, mirrored, moved by a pixel and turned a little, and public
    images in the same ways. If it knows test images by heart, it takes fewer of the changed ones for real. A
    discriminator that was probed before is not probed again. Nothing is forfeited: `disqualify` is for that.
    """

    arena_dir: str = _arena_dir()
    event: str = flag(None, "Name of the tournament.", required=True)
    input_data_pattern: str = flag(None, "TFRecord files of the test images, those of the tournament.", required=True)
    reference_data_pattern: str = flag(
        None,
        "TFRecord files of real images to compare them with: validation images or, better, images that no team has. "
        "Not set: only a discriminator that falls apart at once is found.",
    )
    use_mnist: bool = flag(False, "Images are MNIST digits, 28x28, instead of 50x50 faces.")
    memory_mb: int = flag(_LIMITS.memory // 2**20, "MiB that a snapshot may use, as in the battle.", at_least=64)
    processor_seconds: int = flag(
        _LIMITS.processor_seconds, "Processor time of a snapshot in all, as in the battle.", at_least=1
    )
    open_seconds: float = flag(_LIMITS.open_seconds, "Time to open a snapshot, as in the battle.", at_least=1)
    call_seconds: float = flag(_LIMITS.call_seconds, "Time for 15 images, or to judge 30.", at_least=0.1)


def annul(config: AnnulFlags) -> int | None:
    """Annuls a match."""
    return _change(
        config,
        lambda kept: organiser.preview_annulment(kept, config.match, config.admit_again),
        terminal.annulment_text,
        lambda kept, _: organiser.annul(kept, config.match, config.reason),
    )


def disqualify(config: DisqualifyFlags) -> int | None:
    """Disqualifies a team."""
    return _change(
        config,
        lambda kept: organiser.preview_disqualification(kept, config.event, config.team),
        terminal.disqualification_text,
        lambda kept, preview: organiser.disqualify(kept, preview.team.id, config.reason),
    )


def reinstate(config: ReinstateFlags) -> int | None:
    """Takes back a disqualification."""
    return _change(
        config,
        lambda kept: organiser.preview_reinstatement(kept, config.event, config.team),
        terminal.reinstatement_text,
        lambda kept, preview: organiser.reinstate(kept, preview.team.id, config.reason),
    )


def rename(config: RenameFlags) -> int | None:
    """Renames a team or an event."""
    if (config.team is None) == (config.event is None):
        raise UserError("rename needs --team or --event, and not both: the name that is to be changed")
    if config.team is not None:
        return _change(
            config,
            lambda kept: renaming.preview_team(kept, config.team, config.to),
            terminal.team_renaming_text,
            lambda kept, _: renaming.rename_team(kept, config.team, config.to),
        )
    return _change(
        config,
        lambda kept: renaming.preview_event(kept, config.event, config.to),
        terminal.renaming_text,
        lambda kept, preview: kept.events.rename(preview.event.id, config.to),
    )


def recover(config: RecoverFlags) -> int | None:
    """Goes on with a copy of a store that lacks its newest part."""
    paths.check_on_disk(config.arena_dir, "arena_dir")
    path = os.path.join(config.arena_dir, store.FILE)
    if not store_file.is_incomplete(path):
        with _look_at(config.arena_dir):
            print(f"{path} is whole; there is nothing to recover")
        return None
    with store.Store(config.arena_dir, read_only=True, is_alone=True) as kept:
        listed, matches = kept.events.all(), kept.matches.all(with_annulled=True)
        latest = max([*(one.begun for one in listed), *(one.ended or one.begun for one in matches)], default=None)
    num_done = sum(match.status == schema.DONE for match in matches)
    if not actions.is_agreed(terminal.recovery_text(config.arena_dir, listed, num_done, latest), config.yes):
        return command.EXIT_MISTAKE
    with store.Store(config.arena_dir, is_alone=True) as kept:
        kept.log.by = config.by or actions.user()
        kept.log.add("recovered", notes.note("store_recovered"))
    print("Done.")
    return None


def secret(config: SecretFlags) -> int | None:
    """Tells the arena which images are secret."""
    paths.check_on_disk(config.arena_dir, "arena_dir")
    files = cache.find_files(config.test_data_pattern, "test_data_pattern")
    images = tfrecords.read_all(files, pixels.image_size(config.use_mnist))
    with store.Store(config.arena_dir) as kept:
        preview = organiser.preview_secret(kept, images)
        if not actions.is_agreed(terminal.secret_text(preview), config.yes):
            return command.EXIT_MISTAKE
        kept.log.by = config.by or actions.user()
        with kept.writing():
            kept.secret_images.add(images)
            kept.log.add("secret", notes.note("secret_told", number=preview.number, new=preview.new))
    print("Done.")
    return None


def freeze(config: FreezeFlags) -> int | None:
    """Freezes the arena."""
    text = terminal.freeze_text(_freeze_of(config.arena_dir), config.arena_dir)
    if not actions.is_agreed(text, config.yes):
        return command.EXIT_MISTAKE
    organiser.freeze(config.arena_dir, config.reason or "", config.by or actions.user())
    print("Done.")
    return None


def thaw(config: ThawFlags) -> int | None:
    """Ends a freeze."""
    found = _freeze_of(config.arena_dir)
    text = terminal.thaw_text(found, config.arena_dir)
    if not found.is_frozen:
        print(text)
        return None
    if not actions.is_agreed(text, config.yes):
        return command.EXIT_MISTAKE
    organiser.thaw(config.arena_dir, config.by or actions.user())
    print("Done.")
    return None


def replay(config: ReplayFlags) -> int | None:
    """Plays a half round again."""
    with _look_at(config.arena_dir):  # a wrong folder is named before TensorFlow is imported
        pass
    size = pixels.image_size(config.use_mnist)
    real_images = tfrecords.read_all(cache.find_files(config.input_data_pattern, "input_data_pattern"), size)
    with arena.Arena(config.arena_dir, size, real_images, _settings(config)) as opened:
        result = organiser.replay(opened, config.half_round)
    print(terminal.replay_text(config.half_round, result))
    return None if result.is_same else command.EXIT_MISTAKE


def probe(config: ProbeFlags) -> int | None:
    """Looks who knows the test images; the exit code is 1 if somebody seems to."""
    with _look_at(config.arena_dir) as kept:
        renaming.event_named(kept, config.event)
    size, patterns = pixels.image_size(config.use_mnist), ("input_data_pattern", "reference_data_pattern")
    given = [(name, pattern) for name in patterns if (pattern := getattr(config, name))]
    images = [tfrecords.read_all(cache.find_files(pattern, name), size) for name, pattern in given]
    with arena.Arena(config.arena_dir, size, images[0], _settings(config), None, *images[1:]) as opened:
        event = renaming.event_named(opened.store, config.event)
        events.check_playable(opened, event)
        with Progress("probing", len(opened.store.teams.of_event(event.id)), "team") as progress:
            probed = probing.probe(opened, event, lambda name: progress.update(note=name))
        page = result_pages.write_suspects(config.arena_dir, opened.store, event)
    print("\n".join(terminal.probe_lines(probed, page) or ["no discriminator could be probed; see the log"]))
    is_clean = probed and not any(one.found.is_suspected for one in probed)
    return None if is_clean else command.EXIT_MISTAKE


def log(config: LogFlags) -> int | None:
    """Prints the log."""
    with _look_at(config.arena_dir) as kept:
        entries = organiser.log(kept, config.event)
    for entry in entries:
        print(terminal.log_json(entry) if config.json else terminal.log_text(entry))
    return None


def back_up(config: BackupFlags) -> int | None:
    """Copies the arena."""
    paths.check_on_disk(config.to, "to")
    with _look_at(config.arena_dir):
        pass
    made = backup.back_up(config.arena_dir, config.to, config.snapshots, config.replace)
    print(terminal.backup_text(made, config.snapshots))
    return command.EXIT_MISTAKE if made.missing else None


ACTIONS = (
    Action("annul", AnnulFlags, annul),
    Action("disqualify", DisqualifyFlags, disqualify),
    Action("reinstate", ReinstateFlags, reinstate),
    Action("freeze", FreezeFlags, freeze),
    Action("thaw", ThawFlags, thaw),
    Action("rename", RenameFlags, rename),
    Action("secret", SecretFlags, secret),
    Action("replay", ReplayFlags, replay),
    Action("probe", ProbeFlags, probe),
    Action("log", LogFlags, log),
    Action("backup", BackupFlags, back_up),
    Action("recover", RecoverFlags, recover),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    return actions.run("organise", __doc__ or "", ACTIONS, argv)


def _look_at(arena_dir: str) -> store.Store:
    """The arena's store, to be read only."""
    paths.check_on_disk(arena_dir, "arena_dir")
    try:
        return store.Store(arena_dir, read_only=True)
    except store.NotBegun:
        raise UserError(f"--arena_dir={arena_dir}: no arena is there; give the folder that battle was given") from None


def _settings(config: ReplayFlags | ProbeFlags) -> arena.ArenaSettings:
    limits = child_process.SandboxLimits(
        config.memory_mb * 2**20, config.processor_seconds, config.open_seconds, config.call_seconds
    )
    return arena.ArenaSettings(limits)


def _freeze_of(arena_dir: str) -> organiser.Freeze:
    with _look_at(arena_dir) as kept:
        return organiser.preview_freeze(kept, arena_dir)


class _ChangeFlags(Protocol):
    """The flags that all actions have that change something."""

    @property
    def arena_dir(self) -> str: ...

    @property
    def yes(self) -> bool: ...

    @property
    def by(self) -> str: ...


def _change(
    config: _ChangeFlags,
    look: Callable[[store.Store], _Preview],
    described: Callable[[_Preview], str],
    change: Callable[[store.Store, _Preview], None],
) -> int | None:
    """Shows what would change, and changes it if the organiser agrees.

    Args:
        config: the flags.
        look: function from the store to a preview.
        described: function from the preview to lines of text.
        change: function that makes the change; it gets the store, open for writing, and the preview.
    """
    by = config.by or actions.user()
    with _look_at(config.arena_dir) as kept:
        preview = look(kept)
    if not actions.is_agreed(f"{described(preview)}\nthe log keeps that {by} did it", config.yes):
        return command.EXIT_MISTAKE
    with store.Store(config.arena_dir) as kept:
        if look(kept) != preview:
            raise UserError(f"{config.arena_dir} has changed meanwhile; give the command again")
        kept.log.by = by
        change(kept, preview)
    print("Done.")
    return None


if __name__ == "__main__":
    sys.exit(main())
