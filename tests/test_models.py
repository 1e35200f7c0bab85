"""Every network and loss of the package trains, keeps the contract and would not be refused in a battle."""

import pytest
import tensorflow.compat.v1 as tf
from conftest import run_train

from gan import models
from gan.networks import registry
from gan.networks.network import Network
from gan.snapshots.snapshot import Snapshot

PAIRS = list(zip(registry.listed(registry.GENERATOR), registry.listed(registry.DISCRIMINATOR)))


@pytest.mark.parametrize("mnist", [False, True], ids=["faces", "mnist"])
@pytest.mark.parametrize("generator, discriminator", PAIRS)
def test_networks_train_and_keep_the_contract(generator, discriminator, mnist, faces, digits, tmp_path, capsys):
    flags = [f"--generator_model={generator}", f"--discriminator_model={discriminator}", "--max_steps=2"]
    assert run_train(digits if mnist else faces, tmp_path, *flags, *["--use_mnist"] * mnist) == 0
    Snapshot(str(tmp_path), 784 if mnist else 2500).verify()
    assert "refused" not in capsys.readouterr().out


@pytest.mark.parametrize("loss", registry.listed(registry.LOSS))
def test_losses_train(loss, faces, tmp_path):
    assert run_train(faces, tmp_path, f"--label_loss={loss}", "--max_steps=2") == 0


def test_the_dcgan_has_the_layers_of_its_docstring():
    with tf.Graph().as_default():
        generator = Network(models.DCGANGenerator(), registry.GENERATOR, 2500)
        discriminator = Network(models.DCGANDiscriminator(), registry.DISCRIMINATOR, 2500)
        generator.connect_to_placeholder(), discriminator.connect_to_placeholder()
        shapes = [v.shape.as_list() for v in generator.variables if v.shape.ndims > 1]
        assert shapes == [[100, 7 * 7 * 128], [5, 5, 64, 128], [5, 5, 32, 64], [5, 5, 1, 32]]
        shapes = [v.shape.as_list() for v in discriminator.variables if v.shape.ndims > 1]
        assert shapes == [[5, 5, 1, 32], [5, 5, 32, 64], [5, 5, 64, 128], [7 * 7 * 128, 1]]
    assert models.halved_sides(784, 3) == [28, 14, 7, 4]
