"""A contest of GANs on 50x50 grey faces: train, evaluate and hand in one checkpoint.

The commands are modules: `python -m gan.train --help`. Importing this package does not import
TensorFlow; it only sets environment variables that TensorFlow reads when it is imported, unless the user has.
"""

import os

__version__ = "2.0.0"  # the only place; CHANGELOG.md begins with it, and jobs in the cloud name the file of it

# TensorFlow leaves oneDNN off on processors without AVX512_VNNI, although it is up to 1.7 times faster there.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# Errors only; --log_device_placement lowers it again.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
