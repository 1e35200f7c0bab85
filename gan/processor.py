"""What the processor can do that matters for speed. No TensorFlow."""

import os

COMPUTE_TYPES = FLOAT32, BFLOAT16, AUTO = "float32", "bfloat16", "auto"
_CPUINFO = "/proc/cpuinfo"


def has_bfloat16_matrix_unit(cpuinfo=_CPUINFO):
    """Whether the processor multiplies matrices of bfloat16 in hardware (Intel AMX), several times as fast as float32.

    Others compute bfloat16 too, but slowly. Where the operating system does not tell, the answer is no.
    """
    if not os.path.exists(cpuinfo):
        return False
    with open(cpuinfo, encoding="utf-8") as file:
        return any(line.startswith("flags") and "amx_bf16" in line.split() for line in file)


def compute_type(choice, cpuinfo=_CPUINFO):
    """The type to compute in, FLOAT32 or BFLOAT16, for one of COMPUTE_TYPES."""
    if choice != AUTO:
        return choice
    return BFLOAT16 if has_bfloat16_matrix_unit(cpuinfo) else FLOAT32
