# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes code/chapters/kalchbrenner2013/tests/kalchbrenner2013/parity.json with PyTorch.

The language model and the two translation models of Kalchbrenner and Blunsom (2013) as the page
derives them, on one pair of sentences after the other and differentiated by autograd, in float64:
narrow convolutions are F.conv1d with a group for each component, wide ones F.conv_transpose1d.
Three updates follow by torch.optim.Adagrad, whose eps stands outside the root, with the squares of
the weights. Nothing here is taken from the Rust code.

Run it from the repository's root, in a virtual environment with PyTorch:

    python code/peers/kalchbrenner2013.py
"""

import json
from pathlib import Path

import torch
from torch.nn import functional as F

SCRIPT = "code/peers/kalchbrenner2013.py"
FIXTURE = "code/chapters/kalchbrenner2013/tests/kalchbrenner2013/parity.json"
RATE = 0.1
DELTA = 1e-6
LAMBDA = 0.01
UPDATES = 3
UNITS = 4
SOURCES, WORDS = 9, 8
PAD, START, END = 0, 2, 3
# Words of the longest source, and the widest kernel and top that sources up to it need.
LONGEST, WIDEST, TOP = 8, 4, 3


def narrow(x, kernel):
    """Columns x, a row each, and a kernel with a row for each place."""
    y = F.conv1d(x.T.unsqueeze(0), kernel.T.unsqueeze(1), groups=UNITS)
    return y.squeeze(0).T.sigmoid()


def wide(x, kernel):
    y = F.conv_transpose1d(x.T.unsqueeze(0), kernel.T.unsqueeze(1), groups=UNITS)
    return y.squeeze(0).T.sigmoid()


def rows_of(width):
    """Where the kernel of this width stands in a table of the widths 2, 3, ..."""
    first = sum(range(2, width))
    return slice(first, first + width)


def sentence(p, source):
    """c of a source: level after level, then the top."""
    table = p["reader.sentence.taps.taps"]
    kernels, tops = table.split([sum(range(2, WIDEST + 1)), sum(range(2, TOP + 1))])
    x, width = p["reader.sentence.sources"][torch.tensor(source)], 2
    while len(x) >= width:
        x = narrow(x, kernels[rows_of(width)])
        width += 1
    if len(x) > 1:
        x = narrow(x, tops[rows_of(len(x))])
    return x[0]


def columns(p, source, steps):
    """c_t of model II."""
    room = max(steps, 4)
    words = (source + [PAD] * 4)[: max(min(len(source), room), 4)]
    grams, inverse = p["reader.grams.taps"], p["reader.inverse.taps"]
    x = p["reader.sources"][torch.tensor(words)]
    g = narrow(narrow(x, grams[rows_of(2)]), grams[rows_of(3)])
    g = torch.cat([g, torch.zeros(room - 3 - len(g), UNITS, dtype=torch.float64)])
    f = (g @ p["reader.map.w"]).sigmoid()
    return wide(wide(f, inverse[rows_of(3)]), inverse[rows_of(2)])[:steps]


def told(model, p, source, steps):
    if model == "rlm":
        return torch.zeros(steps, UNITS, dtype=torch.float64)
    if model == "rctm1":
        return (sentence(p, source) @ p["reader.condition.w"]).expand(steps, UNITS)
    return columns(p, source, steps) @ p["reader.condition.w"]


def loss(model, p, batch):
    """The mean of -ln p over all words, and ends where the model has them."""
    total, count = 0.0, 0
    for source, target in batch:
        due = target if model == "rctm2" else target + [END]
        before = ([START] + target)[: len(due)]
        h, scores = torch.zeros(UNITS, dtype=torch.float64), []
        nets = p["words"][torch.tensor(before)] + told(model, p, source, len(due))
        for net in nets:
            h = (net + h @ p["w_h"]).sigmoid()
            scores.append(h @ p["w_o"])
        total = total + F.cross_entropy(torch.stack(scores), torch.tensor(due), reduction="sum")
        count += len(due)
    return total / count


def case(model, lengths, seed):
    draw = torch.Generator().manual_seed(seed)

    def uniform(*shape):
        # Six digits keep the file small.
        values = torch.rand(*shape, generator=draw, dtype=torch.float64)
        return (4 * values - 2).round(decimals=6)

    def words(count, vocabulary):
        return torch.randint(4, vocabulary, (count,), generator=draw).tolist()

    square = (UNITS, UNITS)
    p = {"words": uniform(WORDS, UNITS), "w_h": uniform(*square), "w_o": uniform(UNITS, WORDS)}
    if model == "rctm1":
        p["reader.sentence.sources"] = uniform(SOURCES, UNITS)
        p["reader.sentence.taps.taps"] = uniform(sum(range(2, WIDEST + 1)) + sum(range(2, TOP + 1)), UNITS)
        p["reader.condition.w"] = uniform(*square)
    if model == "rctm2":
        p["reader.sources"] = uniform(SOURCES, UNITS)
        p["reader.grams.taps"] = uniform(5, UNITS)
        p["reader.map.w"] = uniform(*square)
        p["reader.inverse.taps"] = uniform(5, UNITS)
        p["reader.condition.w"] = uniform(*square)
    batch = [(words(s, SOURCES), words(t, WORDS)) for s, t in lengths]
    found = {
        "model": model,
        "pairs": batch,
        "weights": {name: value.flatten().tolist() for name, value in p.items()},
    }
    for value in p.values():
        value.requires_grad_()
    optimizer = torch.optim.Adagrad(p.values(), lr=RATE, eps=DELTA, weight_decay=LAMBDA)
    losses = []
    for update in range(UPDATES):
        optimizer.zero_grad(set_to_none=False)
        error = loss(model, p, batch)
        error.backward()
        losses.append(error.item())
        if update == 0:
            found["gradients"] = {name: v.grad.flatten().tolist() for name, v in p.items()}
        optimizer.step()
    found["losses"] = losses
    found["updated"] = {name: value.flatten().tolist() for name, value in p.items()}
    return found


def main():
    lengths = [(1, 3), (3, 6), (7, 2), (8, 5), (2, 1), (5, 9)]
    fixture = {
        "made_by": SCRIPT,
        "torch": torch.__version__,
        "rate": RATE,
        "delta": DELTA,
        "lambda": LAMBDA,
        "updates": UPDATES,
        "sizes": {
            "sources": SOURCES,
            "words": WORDS,
            "units": UNITS,
            "longest": LONGEST,
        },
        "cases": [
            case("rlm", lengths, 1),
            case("rctm1", lengths, 2),
            case("rctm2", lengths + [(7, 7), (6, 4)], 3),
        ],
    }
    Path(FIXTURE).write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
