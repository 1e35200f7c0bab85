"""What both networks must return, whoever runs them: images, and probabilities. No TensorFlow."""

import numpy as np

from gan.contest.faults import breach

_ROUNDING = 1e-3  # values of a tanh may lie so far outside of [-1, 1]


def check(name: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
    """Checks what a network returned.

    Args:
        name: of the network or of its output, for the message.
        values: float32 of any shape.
        shape: that the values must have.

    Raises:
        ContractError: the shape is another one, or a value is not finite or not in [0, 1].
    """
    if values.shape != shape:
        raise breach("wrong_shape", name=name, shape=str([*values.shape]), wanted=str([*shape]))
    if not np.isfinite(values).all():
        raise breach("not_finite", name=name)
    if values.size and (values.min() < 0 or values.max() > 1):
        lowest, highest = values.min(), values.max()
        are_images = len(shape) == 2 and shape[1] > 1
        if are_images and -1 - _ROUNDING <= lowest < -_ROUNDING and highest <= 1 + _ROUNDING:
            raise breach("range_of_tanh", name=name, lowest=lowest, highest=highest)
        raise breach("out_of_range", name=name, lowest=lowest, highest=highest)
