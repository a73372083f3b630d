# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes code/chapters/sutskever2014/tests/sutskever2014/parity.json with PyTorch.

The two stacks of Sutskever, Vinyals and Le (2014): nn.LSTM with two layers reads packed sources of
several lengths, another one starts from its last states, h and c of each layer, and reads packed
targets; nn.LSTM has the gates in our order, input, forget, candidate, output, and its second bias
stays at zero. The loss is the mean over the sentences of what all words and the end cost. Three
updates follow by plain steps, with the gradient scaled as the paper prints it, g <- 5g/s where s > 5,
with another number than 5. In float64. Nothing here is taken from the Rust code.

Run it from the repository's root, in a virtual environment with PyTorch:

    python code/peers/sutskever2014.py
"""

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

SCRIPT = "code/peers/sutskever2014.py"
FIXTURE = "code/chapters/sutskever2014/tests/sutskever2014/parity.json"
RATE = 0.7
# Between the norms of the three updates: some are scaled, and some are not.
THRESHOLD = 1.2
UPDATES = 3
SOURCES, WORDS, VECTOR, UNITS, LAYERS = 9, 11, 5, 3, 2
START, END = 2, 3


class Translator(nn.Module):
    def __init__(self, draw):
        super().__init__()
        self.sources = nn.Embedding(SOURCES, VECTOR, dtype=torch.float64)
        self.encoder = nn.LSTM(VECTOR, UNITS, LAYERS, dtype=torch.float64)
        self.words = nn.Embedding(WORDS, VECTOR, dtype=torch.float64)
        self.decoder = nn.LSTM(VECTOR, UNITS, LAYERS, dtype=torch.float64)
        self.output = nn.Linear(UNITS, WORDS, dtype=torch.float64)
        with torch.no_grad():
            for name, p in self.named_parameters():
                # Six digits keep the file small.
                values = torch.rand(p.shape, generator=draw, dtype=torch.float64)
                p.copy_((2 * values - 1).round(decimals=6))
                if "bias_hh" in name:
                    p.zero_()
                    p.requires_grad_(False)

    def table(self, of):
        """What `of` gives for each parameter, under our names and in our orientation."""
        found = {"sources": of(self.sources.weight), "words": of(self.words.weight)}
        found["output.w"] = of(self.output.weight).T
        found["output.bias"] = of(self.output.bias)
        for stack in ("encoder", "decoder"):
            for layer in range(LAYERS):
                name = f"{stack}.first" if layer == 0 else f"{stack}.further.{layer - 1}"
                own = getattr(self, stack)
                found[f"{name}.w_x"] = of(getattr(own, f"weight_ih_l{layer}")).T
                found[f"{name}.w_h"] = of(getattr(own, f"weight_hh_l{layer}")).T
                found[f"{name}.bias"] = of(getattr(own, f"bias_ih_l{layer}"))
        return {name: value.flatten().tolist() for name, value in found.items()}

    def vectors(self, pairs, backward):
        """h and c of each layer after the end, (layers, B, units) each."""
        turn = -1 if backward else 1
        read = [self.sources(torch.tensor(source[::turn] + [END])) for source, _ in pairs]
        _, state = self.encoder(pack_sequence(read, enforce_sorted=False))
        return state

    def forward(self, pairs, backward):
        before = [self.words(torch.tensor([START] + target)) for _, target in pairs]
        packed = pack_sequence(before, enforce_sorted=False)
        hidden, _ = self.decoder(packed, self.vectors(pairs, backward))
        hidden, lengths = pad_packed_sequence(hidden, batch_first=True)
        total = 0.0
        for row, length, (_, target) in zip(hidden, lengths, pairs):
            scores = self.output(row[:length])
            total = total + F.cross_entropy(scores, torch.tensor(target + [END]), reduction="sum")
        return total / len(pairs)


def flat(model, pairs, backward):
    """The sentence vectors, in our order: h and c of the lowest layer, then of the next."""
    hidden, cell = model.vectors(pairs, backward)
    return torch.stack([hidden, cell]).permute(2, 1, 0, 3).flatten(1).tolist()


def main():
    draw = torch.Generator().manual_seed(9)
    model = Translator(draw)

    def words(count, vocabulary):
        return torch.randint(4, vocabulary, (count,), generator=draw).tolist()

    lengths = [(1, 3), (3, 6), (7, 2), (5, 5), (2, 1), (4, 7), (6, 0)]
    pairs = [(words(s, SOURCES), words(t, WORDS)) for s, t in lengths]
    fixture = {
        "made_by": SCRIPT,
        "torch": torch.__version__,
        "rate": RATE,
        "threshold": THRESHOLD,
        "sizes": {
            "sources": SOURCES,
            "words": WORDS,
            "vector": VECTOR,
            "units": UNITS,
            "layers": LAYERS,
        },
        "pairs": pairs,
        "weights": model.table(lambda p: p.detach()),
        "forward": {
            "loss": model(pairs, False).item(),
            "vectors": flat(model, pairs, False),
        },
        "vectors": flat(model, pairs, True),
    }
    parameters = [p for p in model.parameters() if p.requires_grad]
    losses, norms = [], []
    for update in range(UPDATES):
        for p in parameters:
            p.grad = None
        loss = model(pairs, True)
        loss.backward()
        losses.append(loss.item())
        if update == 0:
            fixture["gradients"] = model.table(lambda p: p.grad)
        with torch.no_grad():
            norm = torch.sqrt(sum((p.grad**2).sum() for p in parameters)).item()
            norms.append(norm)
            scale = THRESHOLD / norm if norm > THRESHOLD else 1.0
            for p in parameters:
                p -= RATE * scale * p.grad
    fixture["losses"], fixture["norms"] = losses, norms
    fixture["updated"] = model.table(lambda p: p.detach())
    Path(FIXTURE).write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
