"""Flags of each action of `organise`, whose docstring is the action's help. No TensorFlow."""

import dataclasses
from typing import Any

from gan.console.flags import flag
from gan.sandbox import child_process

_LIMITS = child_process.DEFAULT_LIMITS


def _arena_dir() -> Any:
    return flag("arena/", "Folder of the arena, as given to battle.")


def _yes() -> Any:
    return flag(False, "Changes it without asking.")


def _by() -> Any:
    return flag(None, "Who does it, for the log. Not set: the user and the machine of this command.")


def _use_mnist() -> Any:
    return flag(False, "Images are MNIST digits, 28x28, instead of 50x50 faces.")


def _memory_mb() -> Any:
    return flag(_LIMITS.memory // 2**20, "MiB that a snapshot may use, as in the battle.", at_least=64)


def _processor_seconds() -> Any:
    return flag(
        _LIMITS.processor_seconds, "Seconds of processor time of a snapshot in all, as in the battle.", at_least=1
    )


def _open_seconds() -> Any:
    return flag(_LIMITS.open_seconds, "Seconds to open a snapshot and check it, as in the battle.", at_least=1)


def _call_seconds() -> Any:
    return flag(_LIMITS.call_seconds, "Seconds to make 15 images or to judge 30, as in the battle.", at_least=0.1)


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
    match: int = flag(None, "Id of the match: the last column of the screen's list of all matches.", required=True)
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
    battle, league, match and check that is given one of these images. With --forget it takes that back, for images that
    were told by mistake, such as the validation images of a rehearsal.
    """

    arena_dir: str = _arena_dir()
    test_data_pattern: str = flag(None, "TFRecord files of the images, such as data/test.tfrecords.", required=True)
    forget: bool = flag(False, "The images are not secret, and were told by mistake: they may be shown.")
    use_mnist: bool = _use_mnist()
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
    use_mnist: bool = _use_mnist()
    memory_mb: int = _memory_mb()
    processor_seconds: int = _processor_seconds()
    open_seconds: float = _open_seconds()
    call_seconds: float = _call_seconds()


@dataclasses.dataclass(frozen=True)
class LogFlags:
    """Prints what happened, when and by whom: the organiser's actions, faults of this machine, results delivered.

        python -m gan.organise log --arena_dir=arena --event=tournament
        python -m gan.organise log --arena_dir=arena --json

    Works while a battle plays.
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
    to: str = flag(None, "Folder for the copy, on disk; it must not hold an arena, but with --replace.", required=True)
    snapshots: bool = flag(False, "Copies the teams' snapshots too.")
    replace: bool = flag(False, "Replaces the arena that --to holds, once the new copy is whole.")


@dataclasses.dataclass(frozen=True)
class ProbeFlags:
    """Looks who knows the test images of a tournament by heart.

        python -m gan.organise probe --arena_dir=arena --event=tournament \\
            --input_data_pattern='data/test.tfrecords' --reference_data_pattern='data/validation.tfrecords'

    Each discriminator is shown the test images as they are, mirrored, moved by a pixel and turned a little, and public
    images in the same ways. If it knows test images by heart, it takes more of them than of public ones for real, and
    fewer if they are changed. A discriminator that was probed before is not probed again. Nothing is forfeited:
    `disqualify` is for that. The exit code is 1 if a team is suspected.
    """

    arena_dir: str = _arena_dir()
    event: str = flag(None, "Name of the tournament.", required=True)
    input_data_pattern: str = flag(None, "TFRecord files of the test images, those of the tournament.", required=True)
    reference_data_pattern: str = flag(
        None,
        "TFRecord files of real images to compare them with: validation images or, better, images that no team has. "
        "Not set: only a discriminator that falls apart at once is found.",
    )
    use_mnist: bool = _use_mnist()
    memory_mb: int = _memory_mb()
    processor_seconds: int = _processor_seconds()
    open_seconds: float = _open_seconds()
    call_seconds: float = _call_seconds()
