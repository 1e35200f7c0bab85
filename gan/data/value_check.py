"""Finds data sets whose values cannot be images from 0 to 255: they would train, on black. No TensorFlow."""

import numpy as np

LEAST_MAXIMUM = 2  # a data set with smaller values alone was scaled to [0, 1] before it was written


class ValueCheck:
    """Looks at the values of a data set as they are read."""

    def __init__(self) -> None:
        self._low, self._high = 255, 0

    def see(self, images: np.ndarray) -> None:
        """Takes images into account: uint8 [n, size]."""
        if images.size:
            self._low, self._high = min(self._low, int(images.min())), max(self._high, int(images.max()))

    @property
    def is_scaled(self) -> bool:
        """Whether the values are 0 and 1, and no others."""
        return (self._low, self._high) == (0, 1)

    def problem(self) -> str | None:
        """What is wrong with all that was seen, or None; nothing is wrong if nothing was seen."""
        if self._low > self._high:
            return None
        if self._low == self._high:
            return f"every value of every image is {self._high}"
        if self.is_scaled:
            return "all values are 0 or 1, not 0 to 255: these images were scaled to [0, 1]"
        return None
