"""How a snapshot must be asked, as its networks behave. No TensorFlow."""

from typing import NamedTuple

from gan.contest import rules
from gan.contest.languages import ENGLISH, KOREAN

BATCH = rules.IMAGES_OF_EACH  # inputs of a generator that looks at its batch
REFERENCES = 2 * BATCH - 1  # images beside which a discriminator that looks at its batch sees each image
REAL_REFERENCES = BATCH  # of these; its own generator makes the others
_OF_GENERATOR = {
    ENGLISH: f"its generator's images change with the rest of their batch: it is always asked for {BATCH} at once; "
    "is_training=False spares that",
    KOREAN: f"생성자가 만드는 이미지가 배치의 나머지에 따라 달라집니다. 그래서 항상 한 번에 {BATCH}장을 만들게 합니다. "
    "is_training=False로 저장하면 그럴 필요가 없습니다",
}
_OF_DISCRIMINATOR = {
    ENGLISH: "its discriminator's probabilities change with the rest of their batch: it sees each image beside "
    f"{REFERENCES} reference images, {REAL_REFERENCES} real ones and {REFERENCES - REAL_REFERENCES} of its own "
    "generator; is_training=False spares that",
    KOREAN: "판별자의 확률이 배치의 나머지에 따라 달라집니다. 그래서 이미지마다 기준 이미지 "
    f"{REFERENCES}장(실제 {REAL_REFERENCES}장, 자기 생성자가 만든 {REFERENCES - REAL_REFERENCES}장)과 함께 보여 "
    "줍니다. is_training=False로 저장하면 그럴 필요가 없습니다",
}


class Behaviour(NamedTuple):
    """Which of the two networks returns something else for an input if the rest of its batch changes."""

    generator_sees_batch: bool = False
    discriminator_sees_batch: bool = False

    def remarks(self, language: str = ENGLISH) -> list[str]:
        """Sentences for the team: what this means for it, and how to change it."""
        found = []
        if self.generator_sees_batch:
            found.append(_OF_GENERATOR[language])
        if self.discriminator_sees_batch:
            found.append(_OF_DISCRIMINATOR[language])
        return found
