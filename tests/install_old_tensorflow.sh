#!/bin/sh
# Installs TensorFlow 1.2 and 1.15 into .old-tensorflow/ for the tests that open snapshots in them.
#
# They need Python 2.7 and Python 3.7, from PATH or from pyenv (`pyenv install 2.7 3.7`). What is there
# already stays as it is; where a Python is missing its tests will be skipped, and that is said.
set -eu
cd "$(dirname "$0")/.."
folder=.old-tensorflow

# find_python VERSION: prints a command that runs this Python, or nothing.
find_python() {
    for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1"*/bin/"python$1"; do
        # A shim of pyenv may be there without any version behind it: only running it tells.
        if "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

# works TENSORFLOW: whether it is installed and can be imported.
works() {
    [ -x "$folder/$1/bin/python" ] && "$folder/$1/bin/python" -c 'import tensorflow' >/dev/null 2>&1
}

# provide TENSORFLOW PYTHON PACKAGE...: makes a virtual environment and puts the packages into it.
provide() {
    tensorflow=$1 version=$2
    shift 2
    if works "$tensorflow"; then
        echo "TensorFlow $tensorflow is in $folder/$tensorflow already."
        return
    fi
    python=$(find_python "$version")
    if [ -z "$python" ]; then
        echo "There is no Python $version, on PATH or in pyenv, so the tests with TensorFlow $tensorflow will be skipped."
        return
    fi
    echo "Installing TensorFlow $tensorflow into $folder/$tensorflow with $python ..."
    rm -rf "${folder:?}/$tensorflow"
    if [ "$version" = 2.7 ]; then
        if ! "$python" -m virtualenv --version >/dev/null 2>&1; then
            "$python" -m pip install --quiet --target "$folder/virtualenv" 'virtualenv<20.22'
            export PYTHONPATH="$PWD/$folder/virtualenv"
        fi
        "$python" -m virtualenv --quiet "$folder/$tensorflow"
        unset PYTHONPATH
    else
        "$python" -m venv "$folder/$tensorflow"
    fi
    "$folder/$tensorflow/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    if ! works "$tensorflow"; then
        echo "TensorFlow $tensorflow was installed but cannot be imported." >&2
        exit 1
    fi
    echo "TensorFlow $tensorflow is ready."
}

provide 1.2 2.7 'tensorflow==1.2.1' 'numpy<1.17'
provide 1.15 3.7 'tensorflow-cpu==1.15.0' 'protobuf<3.21'
