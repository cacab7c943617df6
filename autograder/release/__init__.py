"""`release`: write a student repository, ready to push, or bring an existing one up to date.

All files are collected and searched for leaks before the first is written. The same course gives the same files, byte
for byte, and the same commits.
"""

from __future__ import annotations

from pathlib import Path

from autograder.course import Assignment
from autograder.errors import GraderFault
from autograder.release.contents import Tree, answers, solved, student_tree
from autograder.release.git import Repository
from autograder.release.leaks import refuse_leaks
from autograder.release.stubs import differing, make_stubs
from autograder.release.writing import Plan, plan
from autograder.text.numbers import counted

SOLUTIONS_BRANCH = "solutions"


def release(folder: Path, assignment: Assignment, *, solutions_branch: bool = False) -> list[str]:
    """Write what students receive into a folder.

    Args:
        folder: an empty or new one, or a student repository, whose answers and other files are left alone.
        assignment: the course's.
        solutions_branch: commit the files on `main`, and the answers on a branch of their own.

    Returns:
        A log of what was done, line by line.

    Raises:
        UnusableRequest: the folder cannot be used.
        GraderFault: something for staff only would reach students, or files are missing.
    """
    tree, left_out = student_tree(assignment)
    to_answer = answers(assignment)
    planned = plan(folder, tree, set(to_answer))
    solution = solved(tree, assignment)
    refuse_leaks(tree, assignment)
    refuse_leaks({path: solution[path] for path in to_answer}, assignment, answered=to_answer)
    stale = differing(make_stubs(assignment))
    if stale:
        raise GraderFault(f"Not in step with solutions/: {', '.join(stale)}. Run `python -m autograder stubs`.")

    repository = Repository(folder)
    if solutions_branch:
        repository.require_main()
    planned.carry_out()
    lines = [f"left out    {path}, which git does not track" for path in left_out]
    if planned.update:
        lines += [*planned.lines, f"{folder}: {len(planned.unchanged)} other files were up to date."]
    else:
        lines.append(f"{folder}: {counted(len(planned.files), 'file')} written.")
    if solutions_branch:
        lines += _commit(repository, planned, {path: solution[path] for path in to_answer})
    return lines


def _commit(repository: Repository, planned: Plan, solution: Tree) -> list[str]:
    """Commit the released files on `main`, and the answers on a branch on top of it, but no changes of the user's."""
    # An answer that merely happens to equal the stub again is the student's to commit.
    ours = planned.files | {path: data for path, data in planned.unchanged.items() if path not in solution}
    message = "The assignment, brought up to date" if repository.tip("main") else "The assignment"
    lines = []
    if repository.commit("main", ours, message, removed=planned.removed):
        repository.stage(list(ours), planned.removed)
        lines.append(f"main: committed, {message.lower()}.")
    main = repository.tip("main")
    if repository.commit(SOLUTIONS_BRANCH, solution, "The assignment, answered", base=main):
        lines.append(f"{SOLUTIONS_BRANCH}: committed, with assignment/ answered.")
    return lines or ["Nothing to commit: main and solutions are up to date."]
