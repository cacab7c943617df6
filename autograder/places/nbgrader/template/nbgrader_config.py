"""Settings of this course folder, read by every command of nbgrader that is started in it.

What can be set is in nbgrader's documentation and, for the lines below, in the instructors' guide. Everything else
that the assignment needs is set by `configure`.
"""

import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parent
if str(COURSE / "grader") not in sys.path:
    sys.path.insert(0, str(COURSE / "grader"))

from autograder.places.nbgrader.configuration import configure

# False: no cell of a student's runs. The answers are taken out of the notebooks and graded in the sandbox.
# True: nbgrader runs each notebook in a kernel, as the user who grades: a student's code can then read this folder.
OWN_KERNEL = False

c = get_config()
configure(c, COURSE, own_kernel=OWN_KERNEL)

# Questions 6 and 7 train a network, two minutes a submission. Without training nobody gets the points for that.
c.SandboxedGrading.training = True
# What they are trained on: "auto" (CIFAR-10 if it is in grader/data, else patterns), "synthetic", "cifar10", a folder.
c.SandboxedGrading.data = "auto"
