"""How a snapshot must be asked, as its networks behave. No TensorFlow."""

from typing import NamedTuple

from gan.contest import rules

BATCH = rules.IMAGES_OF_EACH  # inputs of a generator that looks at its batch
REFERENCES = 2 * BATCH - 1  # images beside which a discriminator that looks at its batch sees each image
REAL_REFERENCES = BATCH  # of these; its own generator makes the others


class Behaviour(NamedTuple):
    """Which of the two networks returns something else for an input if the rest of its batch changes."""

    generator_sees_batch: bool = False
    discriminator_sees_batch: bool = False

    def remarks(self) -> list[str]:
        """Sentences for the team: what this means for it, and how to change it."""
        found = []
        if self.generator_sees_batch:
            found.append(
                f"its generator's images change with the rest of their batch: it is always asked for {BATCH} at once; "
                f"is_training=False spares that"
            )
        if self.discriminator_sees_batch:
            found.append(
                f"its discriminator's probabilities change with the rest of their batch: it sees each image beside "
                f"{REFERENCES} reference images, {REAL_REFERENCES} real ones and {REFERENCES - REAL_REFERENCES} of its "
                f"own generator; is_training=False spares that"
            )
        return found
