"""Snapshots that the simulated teams hand in: fair ones of chosen strength, unfinished ones and hostile ones."""

import os
import tempfile
from typing import NamedTuple

import hostile
import numpy as np
import tensorflow.compat.v1 as tf

# What a team may hand in. Beside these: the names of hostile.SNAPSHOTS, which forfeit.
FAIR, BETTER, OTHER_WEIGHTS = "fair", "better", "other weights"
NO_DATA = "without its data"  # the upload stopped half-way
NAMES_NOTHING = "its file checkpoint names a snapshot that is not there"
NOTHING = "nothing"  # what was there is removed
PLAYING = (FAIR, BETTER, OTHER_WEIGHTS, NAMES_NOTHING)  # what takes part

_NAME = "model.ckpt-{}"
_POINTER, _DATA = "checkpoint", ".data-00000-of-00001"
_DEPTH = 80  # principal components that a generator mixes
_RIDGE = 30.0  # how much the weights of a discriminator are held back
_BETTER = 0.3  # what a better snapshot adds to a team's skill


class Skill(NamedTuple):
    """How good a team is."""

    value: float  # 0 to 1
    seed: int  # of its weights


class HandIns:
    """Makes the files of hand-ins.

    Args:
        faces: uint8 [N, 2500], real faces that everybody may see.
    """

    def __init__(self, faces: np.ndarray) -> None:
        real = faces.astype(np.float32) / 255
        self._real, self._mean = real, real.mean(0)
        _, sizes, directions = np.linalg.svd(real - self._mean, full_matrices=False)
        depth = min(_DEPTH, len(sizes))
        # Noise is uniform in [-1, 1], so its standard deviation is 1 / sqrt(3).
        self._mixing = directions[:depth] * (sizes[:depth, None] * np.sqrt(3 / len(real)))

    def files(self, kind: str, skill: Skill) -> dict[str, bytes]:
        """Name -> content of what a team uploads to its folder `model`, in the order of an upload.

        Args:
            kind: one of the above, or a name of hostile.SNAPSHOTS.
            skill: of the team.
        """
        if kind == NOTHING:
            return {}
        with tempfile.TemporaryDirectory() as folder:
            if kind in hostile.SNAPSHOTS:
                hostile.build(kind, folder)
            else:
                step = 2 if kind == BETTER else 1
                value = min(1.0, skill.value + _BETTER) if kind == BETTER else skill.value
                seed = skill.seed + 1000 if kind == OTHER_WEIGHTS else skill.seed
                self._write(folder, Skill(value, seed), step)
            found = {}
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), "rb") as file:
                    found[name] = file.read()
        newest = max(name for name in found if name.endswith(".meta")).removesuffix(".meta")
        if kind == NO_DATA:
            del found[newest + _DATA]
        named = _NAME.format(99) if kind == NAMES_NOTHING else newest
        found.pop(_POINTER, None)
        return {**found, _POINTER: f'model_checkpoint_path: "{named}"\n'.encode()}

    def _write(self, folder: str, skill: Skill, step: int) -> None:
        """A generator whose faces are the darker, and a discriminator whose weights are the noisier, the less skill."""
        random = np.random.default_rng(skill.seed)
        dark = 1 - 0.35 * (1 - skill.value)
        mixing = np.zeros((hostile.NOISE, hostile.SIZE), np.float32)
        mixing[: len(self._mixing)] = dark * self._mixing
        weights, bias = self._discriminator(random, skill.value)

        def generator(noise: tf.Tensor) -> tf.Tensor:
            images = tf.matmul(noise, tf.Variable(mixing, name="generator/w")) + np.float32(dark) * self._mean
            return tf.clip_by_value(images, 0.0, 1.0)

        def discriminator(images: tf.Tensor) -> tf.Tensor:
            return tf.sigmoid(tf.matmul(images, tf.Variable(weights, name="discriminator/w")) + bias)

        hostile.write(folder, generator=generator, discriminator=discriminator, step=step)

    def _discriminator(self, random: np.random.Generator, skill: float) -> tuple[np.ndarray, np.float32]:
        """Ridge regression of real against darker faces, with noise if skill lacks: (float32 [2500, 1], bias)."""
        count = len(self._real)
        noise = random.uniform(-1, 1, (count, len(self._mixing))).astype(np.float32)
        made = np.clip((noise @ self._mixing + self._mean) * random.uniform(0.65, 1, (count, 1)), 0, 1)
        images = np.concatenate([self._real, made]).astype(np.float64)
        wanted = np.repeat([1.0, -1.0], count)
        centre = images.mean(0)
        inner = (images - centre) @ (images - centre).T
        weights = (images - centre).T @ np.linalg.solve(inner + _RIDGE * np.eye(2 * count), wanted)
        spread = np.std((images - centre) @ weights)
        noisy = weights / spread + (1 - skill) * random.normal(size=len(weights)) / np.sqrt(inner.trace() / (2 * count))
        return (4 * noisy[:, None]).astype(np.float32), np.float32(-4 * centre @ noisy)
