"""Does to an arena what an organiser decides: annuls a match, disqualifies or renames a team, freezes it, copies it.

    python -m gan.organise annul --arena_dir=arena --match=12 --reason='wrong test set'
    python -m gan.organise freeze --arena_dir=arena --reason='lunch'
    python -m gan.organise annul --help

An action that changes something first shows what would change, and asks. If there is no terminal, it changes nothing
and ends with exit code 1; --yes does it without asking. The log keeps who did it and when; --by names somebody else.
An arena in which a battle plays cannot be changed (end the battle with Ctrl-C, and start it again after), but freeze,
thaw, log, backup and the previews work at any time.

The exit code is 0 if it is done; 1 if it is not, if a replay differs or if a probe suspects a team; 2 if a flag is
wrong.
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

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
from gan.arena.organise_flags import (
    AnnulFlags,
    BackupFlags,
    DisqualifyFlags,
    FreezeFlags,
    LogFlags,
    ProbeFlags,
    RecoverFlags,
    ReinstateFlags,
    RenameFlags,
    ReplayFlags,
    SecretFlags,
    ThawFlags,
)
from gan.console import actions, command
from gan.console.actions import Action
from gan.console.errors import UserError
from gan.console.progress import Progress
from gan.data import pixels, tfrecords
from gan.sandbox import child_process
from gan.storage import cache, paths

_Preview = TypeVar("_Preview", bound=NamedTuple)


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
    by = config.by or actions.user()
    if not _is_agreed(config, by, terminal.recovery_text(config.arena_dir, listed, num_done, latest)):
        return command.EXIT_MISTAKE
    with store.Store(config.arena_dir, is_alone=True) as kept:
        kept.log.by = by
        kept.log.add("recovered", notes.note("store_recovered"))
    print("Done.")
    return None


def secret(config: SecretFlags) -> int | None:
    """Tells the arena which images are secret."""
    paths.check_on_disk(config.arena_dir, "arena_dir")
    files = cache.find_files(config.test_data_pattern, "test_data_pattern")
    images = tfrecords.read_all(files, pixels.image_size(config.use_mnist))
    if config.forget:
        return _change(
            config,
            lambda kept: organiser.preview_forgetting(kept, images),
            terminal.forgetting_text,
            lambda kept, _: organiser.forget_secret(kept, images),
        )
    if not os.path.exists(os.path.join(config.arena_dir, store.FILE)):  # it is the first command of a new arena
        store.Store(config.arena_dir).close()
    return _change(
        config,
        lambda kept: organiser.preview_secret(kept, images),
        terminal.secret_text,
        lambda kept, _: organiser.keep_secret(kept, images),
    )


def freeze(config: FreezeFlags) -> int | None:
    """Freezes the arena."""
    by = config.by or actions.user()
    if not _is_agreed(config, by, terminal.freeze_text(_freeze_of(config.arena_dir), config.arena_dir)):
        return command.EXIT_MISTAKE
    organiser.freeze(config.arena_dir, config.reason or "", by)
    print("Done.")
    return None


def thaw(config: ThawFlags) -> int | None:
    """Ends a freeze."""
    found = _freeze_of(config.arena_dir)
    text = terminal.thaw_text(found, config.arena_dir)
    if not found.is_frozen:
        print(text)
        return None
    by = config.by or actions.user()
    if not _is_agreed(config, by, text):
        return command.EXIT_MISTAKE
    organiser.thaw(config.arena_dir, by)
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


def _is_agreed(config: _ChangeFlags, by: str, preview: str) -> bool:
    """Whether the organiser agrees to what a preview says; it also says that the log keeps who did it."""
    return actions.is_agreed(f"{preview}\nthe log keeps that {by} did it", config.yes)


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
    if not _is_agreed(config, by, described(preview)):
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
