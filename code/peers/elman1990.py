# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes code/chapters/elman1990/tests/elman1990/parity.json with PyTorch.

Elman's network (1990) with logistic outputs and a target at every step, written down plainly
from the paper and differentiated by autograd, in float64, on ragged batches: with the context
detached, as the paper trains, and with the full gradient. Nothing here is taken from the Rust
code.

Run it from the repository's root, in a virtual environment with PyTorch:

    python code/peers/elman1990.py
"""

import json
from pathlib import Path

import torch

SCRIPT = "code/peers/elman1990.py"
FIXTURE = "code/chapters/elman1990/tests/elman1990/parity.json"
RATE = 0.5
UPDATES = 3
NAMES = ["w_x", "w_h", "bias", "w_o", "b_o"]


def run(p, batch, truncated):
    """Outputs of every sequence, and E summed over steps and sequences."""
    outputs, error = [], 0.0
    for inputs, targets in batch:
        h = torch.zeros(p["bias"].shape[0], dtype=torch.float64)
        rows = []
        for x, d in zip(inputs, targets):
            context = h.detach() if truncated else h
            h = torch.tanh(x @ p["w_x"] + context @ p["w_h"] + p["bias"])
            y = torch.sigmoid(h @ p["w_o"] + p["b_o"])
            error = error + ((y - d) ** 2).sum() / 2
            rows.append(y)
        outputs.append(torch.stack(rows).flatten().tolist())
    return outputs, error


def case(name, sizes, lengths, truncated, seed):
    draw = torch.Generator().manual_seed(seed)
    i, h, o = sizes

    def uniform(*shape):
        # Six digits keep the file small.
        return (torch.rand(*shape, generator=draw, dtype=torch.float64) * 2 - 1).round(decimals=6)

    shapes = [(i, h), (h, h), (h,), (h, o), (o,)]
    p = {name: uniform(*shape) for name, shape in zip(NAMES, shapes)}
    batch = [(uniform(n, i), uniform(n, o).abs()) for n in lengths]
    flat = {name: value.flatten().tolist() for name, value in p.items()}
    for value in p.values():
        value.requires_grad_()
    outputs, error = run(p, batch, truncated)
    gradients = torch.autograd.grad(error, list(p.values()))
    found = {
        "name": name,
        "sizes": dict(zip("IHO", sizes)),
        "truncated": truncated,
        "inputs": [x.flatten().tolist() for x, _ in batch],
        "targets": [d.flatten().tolist() for _, d in batch],
        "parameters": flat,
        "outputs": outputs,
        "error": error.item(),
        "gradients": {n: g.flatten().tolist() for n, g in zip(NAMES, gradients)},
    }
    for _ in range(UPDATES):
        _, error = run(p, batch, truncated)
        gradients = torch.autograd.grad(error, list(p.values()))
        with torch.no_grad():
            for value, gradient in zip(p.values(), gradients):
                value -= RATE * gradient
    found["updated"] = {n: v.flatten().tolist() for n, v in p.items()}
    return found


def main():
    torch.set_num_threads(1)
    head = {"script": SCRIPT, "torch": torch.__version__, "rate": RATE, "updates": UPDATES}
    # The same seed: both gradients of the same network.
    cases = [
        case("truncated", (3, 5, 2), [7, 1, 4], True, 1),
        case("full", (3, 5, 2), [7, 1, 4], False, 1),
    ]
    lines = [json.dumps(case, separators=(",", ":")) for case in cases]
    text = json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "\n]}\n"
    Path(FIXTURE).write_text(text)
    print(f"{FIXTURE}: {len(text)} bytes, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
