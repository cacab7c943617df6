"""Stands in for `gh` in tests: answers `gh api` from a folder of JSON files, and keeps what it is sent.

The folder is named by STAND_IN_GH. A GET of `repos/o/n/activity?…` is answered from `repos/o/n/activity.json`, or with
404 if that file is missing. Comments and statuses that are sent are added to the list that a GET then finds. A file
`status` beside the answers gives a status to refuse changes with: 403 as for a token that may only read. As git's
helper it gives the token of its environment.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

PAGE = 2  # entries on a page, so that lists have several


def main() -> int:
    folder = Path(os.environ["STAND_IN_GH"])
    with (folder / "calls.log").open("a") as log:
        log.write(json.dumps(sys.argv[1:]) + "\n")
    command, *arguments = sys.argv[1:]
    if [command, *arguments] == ["auth", "git-credential", "get"]:
        print(f"username=x-access-token\npassword={os.environ['GH_TOKEN']}")
        return 0
    if command != "api" or os.environ.get("GH_TOKEN") != (folder / "token").read_text():
        return _refuse(401, "Bad credentials")
    method, paginate, given = "GET", False, ""
    while len(arguments) > 1:
        flag = arguments.pop(0)
        if flag == "--paginate":
            paginate = True
            continue
        value = arguments.pop(0)
        if flag == "--method":
            method = value
        elif flag == "--input":
            assert value == "-"
            given = sys.stdin.read()
        else:
            assert flag == "--header", flag
    path = folder / f"{arguments[0].partition('?')[0]}.json"
    if method == "GET":
        return _answer(path, paginate=paginate)
    return _change(folder, path, method, json.loads(given))


def _answer(path: Path, *, paginate: bool) -> int:
    if path.name == "comments.json" and not path.exists():
        value: Any = []
    elif not path.exists():
        return _refuse(404, "Not Found")
    else:
        value = json.loads(path.read_text("utf-8"))
    pages = [value]
    if isinstance(value, list) and value:
        pages = [value[start : start + PAGE] for start in range(0, len(value), PAGE)]
    for page in pages if paginate else pages[:1]:
        sys.stdout.write(json.dumps(page))
    return 0


def _change(folder: Path, path: Path, method: str, given: dict[str, Any]) -> int:
    name = path.with_suffix("").relative_to(folder).parts
    repository = folder.joinpath(*name[:3])
    if not repository.with_suffix(".json").exists():
        return _refuse(404, "Not Found")
    if method == "PATCH":  # repos/o/n/comments/17
        if (folder / "status").exists():
            return _refuse(int((folder / "status").read_text()), "Resource not accessible by personal access token")
        for comments in repository.glob("commits/*/comments.json"):
            listed = json.loads(comments.read_text())
            for comment in listed:
                if str(comment["id"]) == name[-1]:
                    comment.update(given)
                    comments.write_text(json.dumps(listed))
                    return 0
        return _refuse(404, "Not Found")
    listed = json.loads(path.read_text()) if path.exists() else []
    path.parent.mkdir(parents=True, exist_ok=True)
    listed.append({"id": len(listed) + 1, "user": {"login": "course-bot", "type": "User"}, **given})
    path.write_text(json.dumps(listed))
    return 0


def _refuse(status: int, text: str) -> int:
    print(json.dumps({"message": text, "status": str(status)}))
    print(f"gh: {text} (HTTP {status})", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
