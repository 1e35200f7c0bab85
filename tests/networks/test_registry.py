import pytest

from gan.console.errors import UserError
from gan.networks import registry

MODULE = """
from gan import models, losses
class MyGenerator(models.BaseModel):
    pass
class Half:
    def create_model(self, size): pass
class MyLoss(losses.BaseLoss):
    pass
"""


def test_lists_the_packages_own_classes():
    assert "SampleGenerator" in registry.listed(registry.GENERATOR)
    assert "SampleDiscriminator" not in registry.listed(registry.GENERATOR)
    assert "SampleDiscriminator" in registry.listed(registry.DISCRIMINATOR)
    assert "BaseModel" not in registry.listed(registry.DISCRIMINATOR)
    assert "CrossEntropyLoss" in registry.listed(registry.LOSS)
    assert "R1Penalty" not in registry.listed(registry.LOSS)
    assert registry.listed(registry.PENALTY) == ["R1Penalty", "R2Penalty", "R1R2Penalty", "GradientPenalty"]


def test_loads_by_plain_and_by_dotted_name(tmp_path, monkeypatch):
    (tmp_path / "elsewhere.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    assert type(registry.load(registry.GENERATOR, "SampleGenerator", "f")).__name__ == "SampleGenerator"
    assert type(registry.load(registry.GENERATOR, "elsewhere.MyGenerator", "f")).__name__ == "MyGenerator"
    assert type(registry.load(registry.LOSS, "elsewhere.MyLoss", "f")).__name__ == "MyLoss"


@pytest.mark.parametrize(
    "kind, name, expected",
    [
        (registry.GENERATOR, "Nobody", "SampleGenerator"),
        (registry.GENERATOR, "SampleDiscriminator", "SampleGenerator"),
        (registry.DISCRIMINATOR, "SampleGenerator", "SampleDiscriminator"),
        (registry.LOSS, "SampleGenerator", "CrossEntropyLoss"),
        (registry.PENALTY, "CrossEntropyLoss", "R1Penalty"),
        (registry.PENALTY, "elsewhere.MyLoss", "lacks calculate_penalty; derive a class from gan.losses.BasePenalty"),
        (registry.GENERATOR, "no_such_module.Model", "no_such_module"),
        (registry.GENERATOR, "gan.models.Nobody", "Nobody"),
        (registry.GENERATOR, "elsewhere.Half", "run_model"),
        (registry.GENERATOR, "gan.models.he_normal", "create_model"),
    ],
)
def test_says_what_is_wrong_and_what_would_be_right(kind, name, expected, tmp_path, monkeypatch):
    (tmp_path / "elsewhere.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match=expected) as caught:
        registry.load(kind, name, "generator_model")
    assert f"--generator_model={name}" in str(caught.value)


def test_a_policy_is_put_in_order():
    names = ["rounding", "flip", "brightness", "contrast", "blur", "translation", "cutout"]
    assert registry.transformations() == names
    assert registry.policy("cutout, flip,rounding,flip", "augment") == ("rounding", "flip", "cutout")
    assert registry.policy(None, "augment") == registry.policy("", "augment") == ()


def test_a_policy_with_an_unknown_name_lists_the_right_ones():
    with pytest.raises(UserError, match="--augment=flip,zoom: .* no transformation zoom; it has rounding, flip, .*"):
        registry.policy("flip,zoom", "augment")
