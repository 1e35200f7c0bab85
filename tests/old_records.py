"""Writes images as records in every form, with whatever TensorFlow runs it; Python 2.7 and TensorFlow 1.2 suffice.

    python old_records.py images.npz folder

images.npz holds "images", uint8 [N, 2500], and "encoded", N pictures as rows of uint8 padded with zeros, with their
"lengths". folder gets FORM-COMPRESSION.tfrecords for each form and compression.
"""

from __future__ import print_function

import os
import sys

import numpy as np
import tensorflow as tf

if hasattr(tf, "compat") and hasattr(tf.compat, "v1"):
    tf = tf.compat.v1
KINDS = tf.python_io.TFRecordCompressionType
COMPRESSIONS = {"plain": KINDS.NONE, "gzip": KINDS.GZIP, "zlib": KINDS.ZLIB}


def byte_string(content):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[content]))


def floats(values):
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


FORMS = {
    "bytes": lambda image: byte_string(image.tobytes()),
    "float32_bytes": lambda image: byte_string((image / np.float32(255)).tobytes()),
    "floats_0_1": lambda image: floats(image / np.float32(255)),
    "floats_-1_1": lambda image: floats(image / np.float32(127.5) - 1),
    "floats_0_255": lambda image: floats(image.astype(np.float32)),
    "integers": lambda image: tf.train.Feature(int64_list=tf.train.Int64List(value=image.tolist())),
}


def write(path, compression, features):
    """Writes a file of records whose only feature is image_raw."""
    options = tf.python_io.TFRecordOptions(COMPRESSIONS[compression])
    with tf.python_io.TFRecordWriter(path, options) as writer:
        for feature in features:
            example = tf.train.Example(features=tf.train.Features(feature={"image_raw": feature}))
            writer.write(example.SerializeToString())


def main(arguments):
    loaded = np.load(arguments[0])
    encoded = [row[:length].tobytes() for row, length in zip(loaded["encoded"], loaded["lengths"])]
    for compression in COMPRESSIONS:
        for form, feature_of in FORMS.items():
            path = os.path.join(arguments[1], "%s-%s.tfrecords" % (form, compression))
            write(path, compression, [feature_of(image) for image in loaded["images"]])
        path = os.path.join(arguments[1], "encoded-%s.tfrecords" % compression)
        write(path, compression, [byte_string(content) for content in encoded])
    print(tf.__version__ if hasattr(tf, "__version__") else tf.VERSION)


if __name__ == "__main__":
    main(sys.argv[1:])
