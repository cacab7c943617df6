#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: a Python of the grader's own, outside the folder that
# holds the tests, since submissions may read it.
set -euo pipefail

root=${AUTOGRADER_ROOT:-/autograder}
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -yq --no-install-recommends python3 python3-venv ca-certificates
# The course's Python where the image has it; else the image's own, or the newest beside it where that one is too old.
python=pythonCOURSE_PYTHON
if ! apt-get install -yq --no-install-recommends "$python" "$python-venv"; then
  python=python3
  if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    python=$(apt-cache pkgnames python3. | grep -xE 'python3\.[0-9]+' | sort -V | tail -n 1)
    apt-get install -yq --no-install-recommends "$python" "$python-venv"
  fi
  echo "This image does not have Python COURSE_PYTHON, the course's: $("$python" --version) grades."
fi
"$python" -m venv "$root/venv"

setting() {
  "$python" -c 'import sys, tomllib; print(tomllib.load(open(sys.argv[1], "rb"))[sys.argv[2]])' \
    "$root/source/settings.toml" "$1"
}
index=$(setting torch_index)
"$root/venv/bin/pip" install --quiet --no-cache-dir ${index:+--extra-index-url "$index"} \
  --requirement "$root/source/requirements.txt"

# Images that would have to be downloaded are fetched now, once, and not for every submission.
if [ "$(setting data)" = cifar10 ]; then
  (cd "$root/source" && "$root/venv/bin/python" -c 'from assignment import cifar10; cifar10.load("cifar10")')
fi

# The references are trained now, not for the first submission that computes the same. If that fails here, that
# submission waits.
if [ "$(setting training)" = True ]; then
  (cd "$root/source" && "$root/venv/bin/python" -m autograder warm --data "$(setting data)") ||
    echo "The references could not be trained while the image was built: see above."
fi

# Submissions run as another user. Where other layers of confinement are missing, this one keeps the tests from them.
chmod -R go= "$root/source"
