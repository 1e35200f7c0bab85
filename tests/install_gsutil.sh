#!/bin/sh
# Installs gsutil into .gsutil/ for the tests that copy files to and from Google Cloud Storage with it.
#
# It has a virtual environment of its own because it pins old versions of what others need newer. What is there
# already stays as it is. PYTHON names another Python than python3.
set -eu
cd "$(dirname "$0")/.."
folder=.gsutil

# works: whether it is installed and runs, whatever configuration this account has.
works() {
    [ -x "$folder/bin/gsutil" ] && BOTO_CONFIG=/dev/null "$folder/bin/gsutil" version >/dev/null 2>&1
}

if works; then
    echo "gsutil is in $folder already."
    exit
fi
echo "Installing gsutil into $folder ..."
rm -rf "$folder"
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check gsutil
if ! works; then
    echo "gsutil was installed but does not run." >&2
    exit 1
fi
echo "gsutil is ready."
