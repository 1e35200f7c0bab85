# The program in a container; docs/cloud.md shows how to run it.
#
#   docker build --tag gan-contest .
#   docker build --tag gan-contest:gpu --build-arg BASE=tensorflow/tensorflow:2.19.0-gpu --build-arg EXTRAS=arena,gpu .

# Any image with Python 3.10 to 3.13 and pip.
ARG BASE=python:3.12-slim-bookworm
FROM ${BASE}

# Of setup.py: arena for battles and the screen, gpu for NVIDIA's libraries, demo, mnist, legacy, heic.
ARG EXTRAS=arena

WORKDIR /usr/src/gan-contest
COPY setup.py MANIFEST.in README.md README.ko.md CHANGELOG.md LICENSE ./
COPY gan gan
# (In Debian's and Ubuntu's own Python, pip asks to be allowed.)
RUN PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --no-cache-dir "./[${EXTRAS}]"

# NVIDIA's container toolkit brings the driver in; an image of Python alone does not ask for it.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    PYTHONUNBUFFERED=1

# Data, trainings and arenas: mount a folder here.
RUN useradd --create-home --non-unique --uid 1000 contestant && install --directory --owner=contestant /contest
WORKDIR /contest
USER 1000
EXPOSE 8080
ENTRYPOINT ["gan"]
CMD ["--help"]
