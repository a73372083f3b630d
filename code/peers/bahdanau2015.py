# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes code/chapters/bahdanau2015/tests/bahdanau2015/parity.json with PyTorch.

The encoder-decoder of Bahdanau, Cho and Bengio (2015) as the page derives it, on one pair of sentences
after the other, none of them padded, and differentiated by autograd, in float64. The unit whose reset
gate stands before the matrix is a loop, since nn.GRU has it after the matrix; the backward layer reads
the words from the last to the first. The fixture has what the encoder leaves of each source, the weights
of attention, the loss, which is the mean over the sentences of what all words and the end cost, and
the gradient of every weight. Nothing here is taken from the Rust code.

Run it from the repository's root, in a virtual environment with PyTorch:

    python code/peers/bahdanau2015.py
"""

import json
from pathlib import Path

import torch
from torch.nn import functional as F

SCRIPT = "code/peers/bahdanau2015.py"
FIXTURE = "code/chapters/bahdanau2015/tests/bahdanau2015/parity.json"
# The widths of word vectors, of states, of keys, and of what maxout leaves.
VECTOR, UNITS, KEYS, MAXOUT = 2, 3, 5, 4
SOURCES, WORDS = 10, 9
START, END = 2, 3
# Words of each source and of its target.
LENGTHS = [(1, 3), (3, 6), (7, 2), (5, 5), (2, 1), (4, 7), (6, 0)]


def gru(nets, w_h, h):
    """One step from the net inputs of reset gate, update gate and candidate."""
    u_r, u_z, u_n = w_h.split(UNITS, dim=1)
    a_r, a_z, a_n = nets.split(UNITS)
    r = torch.sigmoid(a_r + h @ u_r)
    z = torch.sigmoid(a_z + h @ u_z)
    n = torch.tanh(a_n + (r * h) @ u_n)
    return (1 - z) * h + z * n


def layer(p, name, words):
    """The states of a layer that reads these vectors in the order in which they are given."""
    h = torch.zeros(UNITS, dtype=torch.float64)
    states = []
    for x in words:
        h = gru(x @ p[f"{name}.w_x"] + p[f"{name}.bias"], p[f"{name}.w_h"], h)
        states.append(h)
    return torch.stack(states)


def read(p, source):
    """The annotations of a source, a row each, and the decoder's first state."""
    words = F.embedding(torch.tensor(source), p["encoder.sources"])
    forward = layer(p, "encoder.forward", words)
    backward = layer(p, "encoder.backward", words.flip(0)).flip(0)
    start = torch.tanh(backward[0] @ p["encoder.start.w"])
    return torch.cat([forward, backward], dim=1), start


def translate(p, source, target):
    """Minus ln p of a target's words and its end, and the weights of each step."""
    annotations, h = read(p, source)
    keys = annotations @ p["decoder.keys.w"]
    scores, weights = [], []
    for word in F.embedding(torch.tensor([START] + target), p["decoder.words"]):
        fit = torch.tanh(h @ p["decoder.query"] + keys) @ p["decoder.score"]
        alpha = F.softmax(fit, dim=0)
        context = alpha @ annotations
        # All of this reads the state before the step.
        glimpse = torch.cat([h, context])
        pieces = glimpse @ p["decoder.glimpse_pieces.w"] + word @ p["decoder.word_pieces.w"]
        # Maxout is a max pool of two, and a step of two.
        y = F.max_pool1d(pieces.view(1, 1, -1), 2).flatten()
        scores.append(y @ p["decoder.output"])
        weights.append(alpha)
        nets = word @ p["decoder.word_nets.w"] + context @ p["decoder.context_nets"]
        h = gru(nets + p["decoder.layer.bias"], p["decoder.layer.w_h"], h)
    due = torch.tensor(target + [END])
    return F.cross_entropy(torch.stack(scores), due, reduction="sum"), torch.stack(weights)


def parameters(uniform):
    columns, annotation, pieces = 3 * UNITS, 2 * UNITS, 2 * MAXOUT
    p = {"encoder.sources": uniform(SOURCES, VECTOR)}
    for name in ("encoder.forward", "encoder.backward"):
        p[f"{name}.w_x"] = uniform(VECTOR, columns)
        p[f"{name}.w_h"] = uniform(UNITS, columns)
        p[f"{name}.bias"] = uniform(columns)
    return p | {
        "encoder.start.w": uniform(UNITS, UNITS),
        "decoder.words": uniform(WORDS, VECTOR),
        "decoder.word_nets.w": uniform(VECTOR, columns),
        "decoder.keys.w": uniform(annotation, KEYS),
        "decoder.query": uniform(UNITS, KEYS),
        "decoder.score": uniform(KEYS),
        "decoder.context_nets": uniform(annotation, columns),
        "decoder.layer.w_h": uniform(UNITS, columns),
        "decoder.layer.bias": uniform(columns),
        "decoder.glimpse_pieces.w": uniform(UNITS + annotation, pieces),
        "decoder.word_pieces.w": uniform(VECTOR, pieces),
        "decoder.output": uniform(MAXOUT, WORDS),
    }


def rounded(tensor):
    """Eleven digits keep the file small."""
    return [round(x, 11) for x in tensor.flatten().tolist()]


def main():
    draw = torch.Generator().manual_seed(10)

    def uniform(*shape):
        values = torch.rand(*shape, generator=draw, dtype=torch.float64)
        return (3 * values - 1.5).round(decimals=4)

    def words(count, vocabulary):
        return torch.randint(4, vocabulary, (count,), generator=draw).tolist()

    p = parameters(uniform)
    pairs = [(words(s, SOURCES), words(t, WORDS)) for s, t in LENGTHS]
    for w in p.values():
        w.requires_grad_(True)
    found = [translate(p, source, target) for source, target in pairs]
    loss = sum(cost for cost, _ in found) / len(pairs)
    loss.backward()
    encoded = [read(p, source) for source, _ in pairs]
    fixture = {
        "made_by": SCRIPT,
        "torch": torch.__version__,
        "sizes": {
            "sources": SOURCES,
            "words": WORDS,
            "vector": VECTOR,
            "units": UNITS,
            "keys": KEYS,
            "maxout": MAXOUT,
        },
        "pairs": pairs,
        "weights": {name: rounded(w) for name, w in p.items()},
        "annotations": [rounded(annotations) for annotations, _ in encoded],
        "starts": [rounded(start) for _, start in encoded],
        "attention": [rounded(weights) for _, weights in found],
        "loss": loss.item(),
        "gradients": {name: rounded(w.grad) for name, w in p.items()},
    }
    Path(FIXTURE).write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
