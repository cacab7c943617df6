"""`python -m autograder`."""

import sys

from autograder.errors import not_installed

try:
    from autograder.commands import main
except ModuleNotFoundError as error:  # where nothing is installed yet, not even what reads the command line
    sys.exit(not_installed(error))

main()
