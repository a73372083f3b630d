# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes code/tasks/tests/programs.json: short Python programs and what Python prints for them.

The programs `drawn` are those of the task of Zaremba and Sutskever (2014), drawn here from the
description in code/tasks/src/programs/mod.rs and SplitMix64; the crate `tasks` must draw the same
texts. The programs `free` are any programs of the grammar in code/tasks/src/programs/python.rs,
among them many that the task never draws. Each is run by the Python that runs this script.
Nothing here is taken from the Rust code.

Run it from the repository's root; it needs no library:

    python3 code/peers/programs.py
"""

import contextlib
import io
import json
import platform
import random
import re
from pathlib import Path

SCRIPT = "code/peers/programs.py"
FIXTURE = "code/tasks/tests/programs.json"
BITS = (1 << 64) - 1
# Seed, programs, digits and nesting, and whether these are drawn up to that number.
GROUPS = [
    (1, 60, 1, 1, False),
    (2, 60, 3, 2, False),
    (3, 120, 10, 5, True),
    (4, 60, 10, 5, False),
    (5, 30, 10, 10, False),
]
FREE = 150


class Stream:
    """SplitMix64 (Steele, Lea and Flood 2014)."""

    def __init__(self, seed):
        self.state = seed

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & BITS
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & BITS
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & BITS
        return z ^ (z >> 31)

    def below(self, n):
        """Uniform below n: bits from the last whole multiple of n on are thrown away."""
        while True:
            bits = self.bits()
            if bits < (1 << 64) // n * n:
                return bits % n

    def shuffle(self, entries):
        for last in range(len(entries) - 1, 0, -1):
            other = self.below(last + 1)
            entries[last], entries[other] = entries[other], entries[last]


def drawn(stream, digits, nesting, up_to):
    """The text of a program, `#` for the end of a line and `@` for that of the program."""
    pick = (lambda most: 1 + stream.below(most)) if up_to else (lambda most: most)

    def number():
        return 1 + int("".join(str(stream.below(10)) for _ in range(pick(digits))))

    def operands(count):
        if result is None:
            return [number() for _ in range(count)]
        place = stream.below(count)
        return [result if k == place else number() for k in range(count)]

    operations = pick(nesting)
    names = list("abcdefghij")
    stream.shuffle(names)
    lines, result = [], None
    for _ in range(operations):
        kind = stream.below(6)
        if kind == 0:
            a, b = operands(2)
            result = f"({a}{'+-'[stream.below(2)]}{b})"
        elif kind == 1:
            (a,) = operands(1)
            times = 1 + stream.below(4 * pick(digits))
            result = f"({a}*{times})" if stream.below(2) == 0 else f"({times}*{a})"
        elif kind == 2:
            (result,) = operands(1)
        elif kind == 3:
            a, b = operands(2)
            name = names.pop()
            lines.append(f"{name}={a};")
            result = f"({name}{'+-'[stream.below(2)]}{b})"
        elif kind == 4:
            a, b = operands(2)
            name = names.pop()
            times = 1 + stream.below(4 * pick(digits))
            lines.append(f"{name}={a}")
            lines.append(f"for x in range({times}):{name}{'+-'[stream.below(2)]}={b}")
            result = name
        else:
            a, b, c, d = operands(4)
            result = f"({c} if {a}{'><'[stream.below(2)]}{b} else {d})"
    return "".join(line + "#" for line in lines) + f"print({result})@"


def value(rng, known, depth):
    """Any value of the grammar, of variables that are known."""
    kind = rng.randrange(4) if depth else rng.randrange(2)
    if kind == 0 and known:
        return rng.choice(sorted(known))
    if kind <= 1:
        return str(rng.randint(1, 10 ** rng.randint(0, 10)))
    left, right = value(rng, known, depth - 1), value(rng, known, depth - 1)
    if kind == 2:
        return f"({left}{rng.choice('+-*')}{right})"
    then, other = value(rng, known, depth - 1), value(rng, known, depth - 1)
    return f"({then} if {left}{rng.choice('<>')}{right} else {other})"


class Small(int):
    """A whole number that no operation takes beyond 120 bits."""

    def __add__(self, other):
        return small(int(self) + int(other))

    def __sub__(self, other):
        return small(int(self) - int(other))

    def __mul__(self, other):
        return small(int(self) * int(other))


def small(number):
    if abs(number) >= 1 << 120:
        raise OverflowError
    return Small(number)


def free(rng):
    """Any program of the grammar whose values are all below 2 ** 120, and what it prints."""
    while True:
        known, lines = set(), []
        for _ in range(rng.randint(0, 6)):
            if known and rng.randrange(2):
                name = rng.choice(sorted(known))
                by = value(rng, known, rng.randint(0, 2))
                sign = rng.choice("+-")
                lines.append(f"for x in range({rng.randint(1, 40)}):{name}{sign}={by}")
            else:
                name = rng.choice("abcdefghij")
                lines.append(f"{name}={value(rng, known, rng.randint(0, 3))}{rng.choice(['', ';'])}")
                known.add(name)
        text = "".join(line + "#" for line in lines)
        text += f"print({value(rng, known, rng.randint(0, 4))})@"
        try:
            run(re.sub(r"\d+", r"Small(\g<0>)", text))
        except OverflowError:
            continue
        return text, run(text)


def run(text):
    """What Python prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(text.replace("#", "\n").replace("@", "\n"), {"Small": Small})
    return said.getvalue().strip()


def main():
    groups = []
    for seed, count, digits, nesting, up_to in GROUPS:
        stream = Stream(seed)
        texts = [drawn(stream, digits, nesting, up_to) for _ in range(count)]
        groups.append({
            "seed": seed,
            "digits": digits,
            "nesting": nesting,
            "up_to": up_to,
            "programs": [[text, run(text)] for text in texts],
        })
    rng = random.Random(2014)
    fixture = {
        "script": SCRIPT,
        "versions": {"python": platform.python_version()},
        "drawn": groups,
        "free": [free(rng) for _ in range(FREE)],
    }
    Path(FIXTURE).write_text(json.dumps(fixture, indent=1) + "\n", encoding="utf-8")


main()
