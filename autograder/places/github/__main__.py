"""`python -m autograder.places.github`. `shards` and `summary` need nothing but Python; `collect` is for home."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from autograder import course
from autograder.errors import GraderFault, UnusableRequest, not_installed
from autograder.places.github.github import require_no_token
from autograder.places.github.plan import Plan, read_plan, shard_count
from autograder.text.inert import actions_file_entry, for_actions_log, json_text, one_line
from autograder.text.numbers import counted
from autograder.text.streams import guarded, replace_what_is_lacking


def main() -> int:
    """Run one step. Exit status: 0 done; 2 the request cannot be used; 1 something could not be done."""
    arguments = _arguments()
    replace_what_is_lacking()
    try:
        with guarded():
            plan = read_plan(arguments.roster, arguments.students) if "students" in arguments else None
            return int(arguments.step(arguments, plan))
    except UnusableRequest as error:
        print(f"autograder: {for_actions_log(one_line(str(error)))}", file=sys.stderr)
        return 2
    except GraderFault as error:
        print(f"autograder: {for_actions_log(str(error))}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(not_installed(error), file=sys.stderr)
        return 1


def _shards(arguments: argparse.Namespace, plan: Plan) -> int:
    count = shard_count(len(plan.entries), arguments.shards)
    entry = actions_file_entry("shards", json_text([f"{number}/{count}" for number in range(1, count + 1)]))
    entry += actions_file_entry("python", course.load().python)
    output = os.environ.get("GITHUB_OUTPUT")
    if output:
        with Path(output).open("a", encoding="utf-8") as file:
            file.write(entry)
    for problem in plan.problems:
        print(for_actions_log(problem))
    print(f"{counted(len(plan.entries), 'student')} in {counted(count, 'shard')}.")
    return 0


def _fetch(arguments: argparse.Namespace, plan: Plan) -> int:
    from autograder.places.github.fetch import fetch_all

    return fetch_all(plan.part(arguments.shard), course.load(), arguments.work)


def _grade(arguments: argparse.Namespace, plan: Plan) -> int:
    require_no_token()
    from autograder.places.github.grading import grade_all

    return grade_all(
        plan.part(arguments.shard),
        course.load(),
        arguments.work,
        data=arguments.data if arguments.training != "false" else None,
        device=arguments.device,
        allow_missing=arguments.allow_missing_isolation,
    )


def _publish(arguments: argparse.Namespace, plan: Plan) -> int:
    from autograder.places.github.publish import publish_all

    return publish_all(plan.part(arguments.shard), arguments.work)


def _summary(arguments: argparse.Namespace, plan: Plan) -> int:
    from autograder.places.github.summary import summarize

    return summarize(plan, course.load(), arguments.work, arguments.csv)


def _collect(arguments: argparse.Namespace, _: None) -> int:
    from autograder.places.github.collect import collect

    return collect(arguments.downloaded, arguments.out, course.load(), arguments.roster)


def _arguments() -> argparse.Namespace:
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--roster", type=Path, default=Path("roster.csv"), help="the class")
    every.add_argument("--students", default="", help="only these, with commas between them")
    worked = argparse.ArgumentParser(add_help=False)
    worked.add_argument("--work", type=Path, default=Path("work"), help="the folder that the steps share")
    shard = argparse.ArgumentParser(add_help=False)
    shard.add_argument("--shard", default="1/1", help="which part of them, 2/8 for instance")
    parser = argparse.ArgumentParser(prog="python -m autograder.places.github", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="STEP")
    shards = steps.add_parser("shards", parents=[every], help="divide the class")
    shards.add_argument("--shards", default="", help="how many parts; empty: by the number of students")
    shards.set_defaults(step=_shards)
    fetch = steps.add_parser("fetch", parents=[every, worked, shard], help="fetch what counts; needs GH_TOKEN")
    fetch.set_defaults(step=_fetch)
    grade = steps.add_parser("grade", parents=[every, worked, shard], help="grade what was fetched")
    grade.add_argument("--data", default="auto", help="images: synthetic, cifar10, or a folder of them")
    grade.add_argument("--device", default="cpu", choices=["cpu", "cuda"], help="where networks are trained")
    grade.add_argument("--training", default="", help="`false` leaves out the tests that train a network")
    grade.add_argument("--allow-missing-isolation", action="store_true", help="grade although a layer is missing")
    grade.set_defaults(step=_grade)
    publish = steps.add_parser("publish", parents=[every, worked, shard], help="notify the students; needs GH_TOKEN")
    publish.set_defaults(step=_publish)
    summary = steps.add_parser("summary", parents=[every, worked], help="one table of the class")
    summary.add_argument("--csv", type=Path, default=Path("scores.csv"), help="the same for a spreadsheet")
    summary.set_defaults(step=_summary)
    collect = steps.add_parser("collect", help="make a class's folder of downloaded results; at home")
    collect.add_argument("downloaded", type=Path, help="the folder with the artifacts results-0, results-1, …")
    collect.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the class's results go")
    collect.add_argument("--roster", type=Path, default=None, help="who is in the class. [default: DIR's]")
    collect.set_defaults(step=_collect)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
