#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Writes beside each record which claims' lines are older than its runs, from the history.

Records that are made today get the digests of the claims that rest on them when they are made. For
those that were made before, this script looks into the history once: a claim is older than an arm's
run when its statement, its source, the paper's number and its pass line had their last words in a
commit that came before, and not with, the commit that brought the arm's trials. Only then does the
arm get the claim's digest. The claims of that time are read at COMMIT, the last commit in which a
line stood in words and in code.

    python3 tests/line_ages.py          writes figures/KEY/EXPERIMENT.run.json
    python3 tests/line_ages.py --list   prints the claims whose lines are not older, and why
"""
import functools
import json
import pathlib
import re
import subprocess
import sys

COMMIT = "699aab7"
ROOT = pathlib.Path(__file__).resolve().parent.parent


@functools.lru_cache(maxsize=None)
def git(*words):
    return subprocess.run(
        ["git", "-C", ROOT, *words], capture_output=True, text=True, check=True
    ).stdout


def show(commit, path):
    found = subprocess.run(
        ["git", "-C", ROOT, "show", f"{commit}:{path}"], capture_output=True, text=True
    )
    return found.stdout if found.returncode == 0 else None


def frozen(source):
    """What was fixed of each claim, by name: statement, source, paper and line as they stand there."""
    if source is None:
        return {}
    constants = dict(re.findall(r"const (\w+): &str =\s*(\"[^\"]*\");", source))
    constants |= dict(re.findall(r"let (\w+) = (\"[^\"]*\");", source))
    claims = {}
    for block in re.split(r"\bClaim \{", source)[1:]:
        name = re.search(r'id: "([^"]+)"', block)
        fields = [
            re.search(rf"\b{field}:\s*(\"(?:[^\"\\]|\\.)*\"|\w+)", block)
            for field in ("statement", "source", "paper", "line")
        ]
        if name and all(fields):
            words = [constants.get(field[1], field[1]) for field in fields]
            claims[name[1]] = " | ".join(re.sub(r"\s+", " ", word) for word in words)
    return claims


def last_change(path, read):
    """For each name that `read` finds in the file at COMMIT, the commit that brought its value."""
    commits = git("log", "--format=%H", "--topo-order", COMMIT, "--", path).split()
    now = read(show(COMMIT, path))
    since, open_names = {}, set(now)
    for commit in commits:
        parents = git("log", "-1", "--format=%P", commit).split() or [None]
        before = [read(show(parent, path) if parent else None) for parent in parents]
        for name in sorted(open_names):
            if all(was.get(name) != now[name] for was in before):
                since[name] = commit
                open_names.discard(name)
    return since


def trials(text):
    """An arm's trials, by the arm's name."""
    if text is None:
        return {}
    return {arm["id"]: json.dumps(arm["trials"]) for arm in json.loads(text)["arms"]}


def is_older(line, run):
    if line is None or run is None or line == run:
        return False
    words = ["git", "-C", ROOT, "merge-base", "--is-ancestor", line, run]
    return subprocess.run(words).returncode == 0


def main():
    listing = "--list" in sys.argv[1:]
    ledger = json.loads(
        subprocess.run(
            ["cargo", "run", "-q", "--", "claims", "--json"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout
    )
    claims, runs, lines = {}, {}, {}
    for row in ledger:
        key = row["chapter"]
        if key not in claims:
            claims[key] = last_change(f"code/chapters/src/{key}/claims.rs", frozen)
        line = claims[key].get(row["id"])
        younger = []
        for arm in row["arms"]:
            experiment, name = arm.split("/")
            record = f"figures/{key}/{experiment}.json"
            if record not in runs:
                runs[record] = last_change(record, trials)
            run = runs[record].get(name)
            if is_older(line, run):
                lines.setdefault(record, {}).setdefault(name, {})[row["id"]] = row["digest"]
            else:
                younger.append(f"{arm} {run and run[:7]}")
        if younger and listing:
            print(f"{key}/{row['id']}: line of {line and line[:7]}; " + ", ".join(younger))
    if listing:
        return
    for record, arms in sorted(lines.items()):
        path = ROOT / record.replace(".json", ".run.json")
        run = json.loads(path.read_text())
        run["lines"] = {name: dict(sorted(arms[name].items())) for name in sorted(arms)}
        path.write_text(json.dumps(run, indent=2, ensure_ascii=False) + "\n")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
