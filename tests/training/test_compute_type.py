"""What the processor says of itself."""

import pytest

from gan.training import compute_type


@pytest.mark.parametrize(
    "flags, expected", [("fpu amx_bf16", True), ("fpu avx512_bf16", True), ("fpu avx512f amx_tile", False)]
)
def test_bfloat16_unit(tmp_path, flags, expected):
    path = tmp_path / "cpuinfo"
    path.write_text(f"processor : 0\nflags\t\t: {flags}\nbugs\t\t: avx512_bf16\n", encoding="utf-8")
    assert compute_type.has_bfloat16_unit(str(path)) is expected
    assert compute_type.compute_type("auto", str(path)) == ("bfloat16" if expected else "float32")


def test_an_operating_system_that_does_not_tell(tmp_path):
    assert not compute_type.has_bfloat16_unit(str(tmp_path / "absent"))


def test_compute_type():
    assert compute_type.compute_type("float32") == "float32" and compute_type.compute_type("bfloat16") == "bfloat16"
