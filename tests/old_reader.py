"""Opens snapshots as an old TensorFlow does and runs them; Python 2.7 and TensorFlow 1.2 suffice.

    python old_reader.py inputs.npz outputs.npz SNAPSHOT_PREFIX...

inputs.npz holds "noise" [N, 100] and "images_SIZE" [N, SIZE]. outputs.npz gets, for the i-th snapshot,
"generated_i" and "p_i", and "version"; a snapshot that fails gets "error_i" in their place.
"""

from __future__ import print_function

import sys

import numpy as np
import tensorflow as tf

COLLECTIONS = ("noise_input_placeholder", "generated_images", "input_batch_raw", "p_for_data")


def run(prefix, inputs):
    """Returns the generated images and the probabilities of one snapshot."""
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(prefix + ".meta", clear_devices=True)
        saver.restore(session, prefix)
        tensors = []
        for name in COLLECTIONS:
            collection = tf.get_collection(name)
            assert len(collection) == 1, (name, collection)
            tensors.append(collection[0])
        noise, generated, images, probability = tensors
        size = images.get_shape().as_list()[1]
        return (
            session.run(generated, {noise: inputs["noise"]}),
            session.run(probability, {images: inputs["images_%d" % size]}),
        )


def text(string):
    """The same in both Pythons, for those who read the file."""
    return np.array(string, dtype="U")


def main(arguments):
    inputs, outputs = np.load(arguments[0]), {"version": text(tf.__version__)}
    for index, prefix in enumerate(arguments[2:]):
        try:
            outputs["generated_%d" % index], outputs["p_%d" % index] = run(prefix, inputs)
        except Exception as error:
            outputs["error_%d" % index] = text("%s: %s" % (type(error).__name__, error))
    np.savez(arguments[1], **outputs)


if __name__ == "__main__":
    main(sys.argv[1:])
