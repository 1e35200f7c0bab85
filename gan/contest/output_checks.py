"""What both networks must return, whoever runs them: images, and probabilities. No TensorFlow."""

import numpy as np

from gan.console.errors import ContractError


def check(name, values, shape):
    """Raises ContractError unless `values`, called `name`, have the shape, are finite and lie in [0, 1]."""
    if values.shape != shape:
        raise ContractError(f"{name} returned shape {list(values.shape)}, not {list(shape)}")
    if not np.isfinite(values).all():
        raise ContractError(f"{name} has values that are not finite (NaN or infinity)")
    if values.size and (values.min() < 0 or values.max() > 1):
        raise ContractError(f"{name} must lie in [0, 1], its values reach from {values.min():g} to {values.max():g}")
