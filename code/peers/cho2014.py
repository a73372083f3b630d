# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes code/chapters/cho2014/tests/cho2014/parity.json with PyTorch.

The encoder-decoder of Cho and others (2014) as the page derives it, on one pair of sentences after
the other and differentiated by autograd, in float64: the unit whose reset gate stands before the
matrix is a loop, with the reset gate after the matrix it is torch.gru_cell; the encoder is one of
these, units with tanh, or the gated pyramid. Three updates follow by Zeiler's formula (2012,
Algorithm 1), written out below; torch.optim.Adadelta with a rate of 1 has to give the same ones.
Nothing here is taken from the Rust code.

Run it from the repository's root, in a virtual environment with PyTorch:

    python code/peers/cho2014.py
"""

import json
from pathlib import Path

import torch
from torch.nn import functional as F

SCRIPT = "code/peers/cho2014.py"
FIXTURE = "code/chapters/cho2014/tests/cho2014/parity.json"
RHO = 0.95
EPSILON = 1e-6
UPDATES = 3
# The widths of word vectors, of states and summaries, and of what maxout leaves.
VECTOR, UNITS, MAXOUT = 2, 3, 5
SOURCES, WORDS = 8, 7
START, END = 2, 3
EYE = torch.eye(3 * UNITS, dtype=torch.float64)


def gru(nets, w_h, h):
    """One step from the net inputs of reset gate, update gate and candidate: reset before the matrix."""
    u_r, u_z, u_n = w_h.split(UNITS, dim=1)
    a_r, a_z, a_n = nets.split(UNITS)
    r = torch.sigmoid(a_r + h @ u_r)
    z = torch.sigmoid(a_z + h @ u_z)
    n = torch.tanh(a_n + (r * h) @ u_n)
    return z * h + (1 - z) * n


def gru_after(nets, w_h, h):
    """PyTorch's own cell, whose input is the three net inputs."""
    return torch.gru_cell(nets.unsqueeze(0), h.unsqueeze(0), EYE, w_h.T).squeeze(0)


def plain(nets, w_h, h):
    return torch.tanh(nets + h @ w_h)


def read(cell, p, source):
    """c of a source by a recurrent encoder."""
    h = torch.zeros(UNITS, dtype=torch.float64)
    for x in F.embedding(torch.tensor(source), p["encoder.sources"]):
        h = cell(x @ p["encoder.w_x"], p["encoder.w_h"], h)
    return torch.tanh(h @ p["encoder.summary.w"])


def pyramid(p, source):
    """The one column that is left of the gated recursive convolution."""
    h = F.embedding(torch.tensor(source), p["encoder.sources"])
    while len(h) > 1:
        left, right = h[:-1], h[1:]
        new = F.relu(left @ p["encoder.columns.w_left"] + right @ p["encoder.columns.w_right"])
        gates = F.softmax(left @ p["encoder.columns.g_left"] + right @ p["encoder.columns.g_right"], dim=1)
        h = gates[:, 0:1] * new + gates[:, 1:2] * left + gates[:, 2:3] * right
    return h[0]


def loss(encode, cell, p, batch):
    """Minus ln p of the words and the end of each target, the mean over the sentences."""
    total = 0.0
    for source, target in batch:
        c = encode(p, source)
        h = torch.tanh(c @ p["decoder.start.w"])
        scores = []
        for word in F.embedding(torch.tensor([START] + target), p["decoder.words"]):
            nets = word @ p["decoder.word_nets.w"] + c @ p["decoder.summary_nets.w"]
            h = cell(nets, p["decoder.w_h"], h)
            pieces = h @ p["decoder.state_pieces.w"] + word @ p["decoder.word_pieces.w"]
            pieces = pieces + c @ p["decoder.summary_pieces.w"]
            # Maxout is a max pool of two, and a step of two.
            y = F.max_pool1d(pieces.view(1, 1, -1), 2).flatten()
            scores.append(y @ p["decoder.output"])
        due = torch.tensor(target + [END])
        total = total + F.cross_entropy(torch.stack(scores), due, reduction="sum")
    return total / len(batch)


def zeiler(squares, steps, gradient):
    """One update of ADADELTA: what is added to the weights. Both means are moved."""
    squares.mul_(RHO).add_((1 - RHO) * gradient**2)
    step = -((steps + EPSILON).sqrt() / (squares + EPSILON).sqrt()) * gradient
    steps.mul_(RHO).add_((1 - RHO) * step**2)
    return step


KINDS = {
    "gru": (lambda p, source: read(gru, p, source), gru, 3),
    "gru-after": (lambda p, source: read(gru_after, p, source), gru_after, 3),
    "tanh": (lambda p, source: read(plain, p, source), plain, 1),
    "pyramid": (pyramid, gru, 3),
}


def rounded(tensor):
    """Eleven digits keep the file small."""
    return [round(x, 11) for x in tensor.flatten().tolist()]


def case(name, lengths, seed):
    encode, cell, groups = KINDS[name]
    draw = torch.Generator().manual_seed(seed)

    def uniform(*shape):
        values = torch.rand(*shape, generator=draw, dtype=torch.float64)
        return (4 * values - 2).round(decimals=4)

    def words(count, vocabulary):
        return torch.randint(4, vocabulary, (count,), generator=draw).tolist()

    columns, pieces = groups * UNITS, 2 * MAXOUT
    if name == "pyramid":
        p = {
            "encoder.sources": uniform(SOURCES, UNITS),
            "encoder.columns.w_left": uniform(UNITS, UNITS),
            "encoder.columns.w_right": uniform(UNITS, UNITS),
            "encoder.columns.g_left": uniform(UNITS, 3),
            "encoder.columns.g_right": uniform(UNITS, 3),
        }
    else:
        p = {
            "encoder.sources": uniform(SOURCES, VECTOR),
            "encoder.w_x": uniform(VECTOR, columns),
            "encoder.w_h": uniform(UNITS, columns),
            "encoder.summary.w": uniform(UNITS, UNITS),
        }
    p |= {
        "decoder.words": uniform(WORDS, VECTOR),
        "decoder.start.w": uniform(UNITS, UNITS),
        "decoder.word_nets.w": uniform(VECTOR, columns),
        "decoder.summary_nets.w": uniform(UNITS, columns),
        "decoder.w_h": uniform(UNITS, columns),
        "decoder.state_pieces.w": uniform(UNITS, pieces),
        "decoder.word_pieces.w": uniform(VECTOR, pieces),
        "decoder.summary_pieces.w": uniform(UNITS, pieces),
        "decoder.output": uniform(MAXOUT, WORDS),
    }
    batch = [(words(s, SOURCES), words(t, WORDS)) for s, t in lengths]
    found = {
        "model": name,
        "pairs": batch,
        "weights": {key: value.flatten().tolist() for key, value in p.items()},
        "summaries": [rounded(encode(p, source)) for source, _ in batch],
    }
    for value in p.values():
        value.requires_grad_()
    # The same weights twice: one copy is moved by the formula, one by the library.
    copies = {key: value.detach().clone().requires_grad_() for key, value in p.items()}
    library = torch.optim.Adadelta(copies.values(), lr=1.0, rho=RHO, eps=EPSILON)
    means = {key: (torch.zeros_like(w.detach()), torch.zeros_like(w.detach())) for key, w in copies.items()}
    losses = []
    for update in range(UPDATES):
        for weights in (p, copies):
            for value in weights.values():
                value.grad = torch.zeros_like(value)
            error = loss(encode, cell, weights, batch)
            error.backward()
            if weights is p:
                losses.append(error.item())
        if update == 0:
            found["gradients"] = {key: rounded(value.grad) for key, value in p.items()}
        with torch.no_grad():
            for key, value in p.items():
                value += zeiler(*means[key], value.grad)
        library.step()
        for key, value in p.items():
            torch.testing.assert_close(value, copies[key], rtol=0, atol=1e-12)
    found["losses"] = losses
    found["updated"] = {key: rounded(value) for key, value in p.items()}
    return found


def main():
    lengths = [(1, 3), (3, 6), (7, 2), (5, 5), (2, 1), (4, 9), (6, 1)]
    fixture = {
        "made_by": SCRIPT,
        "torch": torch.__version__,
        "rho": RHO,
        "epsilon": EPSILON,
        "updates": UPDATES,
        "sizes": {
            "sources": SOURCES,
            "words": WORDS,
            "vector": VECTOR,
            "units": UNITS,
            "maxout": MAXOUT,
        },
        "cases": [case(name, lengths, seed) for seed, name in enumerate(KINDS, 1)],
    }
    Path(FIXTURE).write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
