"""Which type of number to compute in, by what the processor is fast at. No TensorFlow."""

import os

COMPUTE_TYPES = FLOAT32, BFLOAT16, AUTO = "float32", "bfloat16", "auto"
_CPUINFO = "/proc/cpuinfo"
_UNITS = {"amx_bf16", "avx512_bf16"}  # that multiply bfloat16, as Linux names them


def has_bfloat16_unit(cpuinfo: str = _CPUINFO) -> bool:
    """Whether the processor multiplies bfloat16 in hardware (AVX512, AMX), two to four times as fast as float32.

    Other processors compute bfloat16 too, but slowly. If the operating system does not tell, the answer is no.
    """
    if not os.path.exists(cpuinfo):
        return False
    with open(cpuinfo, encoding="utf-8") as file:
        return any(line.startswith("flags") and not _UNITS.isdisjoint(line.split()) for line in file)


def compute_type(choice: str, cpuinfo: str = _CPUINFO) -> str:
    """The type to compute in, FLOAT32 or BFLOAT16, for one of COMPUTE_TYPES."""
    if choice != AUTO:
        return choice
    return BFLOAT16 if has_bfloat16_unit(cpuinfo) else FLOAT32
