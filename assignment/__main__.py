"""`python -m assignment`: how far you are, hints, pictures.

python -m assignment doctor          whether everything is installed, and your files have the right names
python -m assignment status          the scoreboard, and what changed since last time
python -m assignment watch           the same for the first unfinished question, whenever a file is saved
python -m assignment hint            what there are hints about; hint q1, hint q1 size, then hint q1 size 2 …
python -m assignment show q1         a picture of the windows
python -m assignment train           train the networks and compare them; train --help says more
"""

from __future__ import annotations

import sys

from assignment.given import doctor
from assignment.given.terminal import show_what_can_be_shown

if __name__ == "__main__":
    show_what_can_be_shown(sys.stdout, sys.stderr)
    if missing := doctor.missing_packages():
        doctor.print_findings(missing)
        raise SystemExit(2)
    from assignment.given.commands import main

    main()
