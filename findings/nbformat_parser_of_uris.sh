#!/usr/bin/env bash
# Guess: `import nbformat` costs the same whatever else of Jupyter is installed; it imports none of it.
# Found: with jupyter-events installed (jupyter_server requires it, so notebook, jupyterlab and nbgrader bring it along)
#        the same import takes more than twice as long. jsonschema, which nbformat imports, looks for every package that
#        can check a format of strings, and jupyter-events requires jsonschema's extra "format-nongpl". One of its
#        packages, rfc3987-syntax, makes a parser with lark from the grammar of URIs while it is imported. No schema of
#        nbformat's has a string of that format.
# With:  nbformat 5.11.1, jsonschema 4.26.0, jupyter-events 0.12.1, rfc3987-syntax 1.1.0, lark 1.3.1.
# Here:  every command that reads a notebook started twice as slowly; `autograder/files/quick_import.py` leaves it out.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
python=$folder/env/bin/python
"$python" -m pip install --quiet nbformat==5.11.1 jsonschema==4.26.0 2> /dev/null

cat > "$folder/measure.py" << 'PROGRAM'
import subprocess
import sys
import time

PROGRAM = "import sys, nbformat; print('lark' in sys.modules, 'rfc3987_syntax' in sys.modules)"
seconds = []
for _ in range(7):  # the first also compiles
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    seconds.append(time.perf_counter() - began)
print(min(seconds), done.stdout.strip())
PROGRAM

alone=$("$python" "$folder/measure.py")
"$python" -m pip install --quiet jupyter-events==0.12.1 jsonschema==4.26.0 rfc3987-syntax==1.1.0 lark==1.3.1 2> /dev/null
beside=$("$python" "$folder/measure.py")
echo "nbformat alone:            $alone"
echo "beside jupyter-events:     $beside"
[[ $alone == *"False False" && $beside == *"True True" ]]
"$python" -c 'import sys; ratio = float(sys.argv[2]) / float(sys.argv[1]); print(f"ratio {ratio:.1f}"); sys.exit(ratio < 1.5)' \
  "${alone%% *}" "${beside%% *}"
