# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes code/chapters/gers2000/tests/gers2000/parity.json with PyTorch.

The memory cell with a forget gate (Gers, Schmidhuber and Cummins 2000), written down plainly from
the paper and differentiated by autograd, in float64, on streams of different lengths. What the
gates see of the step before is detached, which is the paper's truncation. Nothing here is taken
from the Rust code.

Run it from the repository's root, in a virtual environment with PyTorch:

    python code/peers/gers2000.py
"""

import json
from pathlib import Path

import torch

SCRIPT = "code/peers/gers2000.py"
FIXTURE = "code/chapters/gers2000/tests/gers2000/parity.json"
RATE = 0.5
UPDATES = 3
INPUTS, BLOCKS, CELLS, OUTPUTS = 3, 2, 4, 2


def run(p, streams, forgets):
    """Outputs of every stream, and E summed over steps and streams."""
    outputs, error = [], 0.0
    for symbols, targets in streams:
        cell = torch.zeros(CELLS, dtype=torch.float64)
        hidden = torch.zeros(CELLS, dtype=torch.float64)
        rows = []
        for symbol, d in zip(symbols, targets):
            x = torch.zeros(INPUTS, dtype=torch.float64)
            x[symbol] = 1.0
            one = torch.ones(1, dtype=torch.float64)
            net = torch.cat([x, hidden.detach(), one]) @ p["hidden"]
            candidate = 4 * torch.sigmoid(net[:CELLS]) - 2
            gates = torch.sigmoid(net[CELLS:]).reshape(-1, BLOCKS)
            gates = gates.repeat_interleave(CELLS // BLOCKS, dim=1)
            keep = gates[2] if forgets else 1.0
            cell = keep * cell + gates[0] * candidate
            hidden = gates[1] * (2 * torch.sigmoid(cell) - 1)
            y = torch.sigmoid(torch.cat([hidden, x, one]) @ p["output"])
            error = error + ((y - d) ** 2).sum() / 2
            rows.append(y)
        outputs.append(torch.stack(rows).flatten().tolist())
    return outputs, error


def case(name, lengths, forgets, seed):
    draw = torch.Generator().manual_seed(seed)

    def uniform(*shape):
        # Six digits keep the file small.
        return (torch.rand(*shape, generator=draw, dtype=torch.float64) * 2 - 1).round(decimals=6)

    sources = INPUTS + CELLS + 1
    groups = 3 if forgets else 2
    p = {
        "hidden": uniform(sources, CELLS + groups * BLOCKS),
        "output": uniform(sources, OUTPUTS),
    }
    # Cells have no bias.
    p["hidden"][-1, :CELLS] = 0.0
    streams = [
        (torch.randint(INPUTS, (n,), generator=draw).tolist(), uniform(n, OUTPUTS).abs())
        for n in lengths
    ]
    flat = {name: value.flatten().tolist() for name, value in p.items()}
    for value in p.values():
        value.requires_grad_()

    def gradient():
        outputs, error = run(p, streams, forgets)
        found = dict(zip(p, torch.autograd.grad(error, list(p.values()))))
        found["hidden"][-1, :CELLS] = 0.0
        return outputs, error, found

    outputs, error, gradients = gradient()
    found = {
        "name": name,
        "symbols": [symbols for symbols, _ in streams],
        "targets": [d.flatten().tolist() for _, d in streams],
        "parameters": flat,
        "outputs": outputs,
        "error": error.item(),
        "gradients": {n: g.flatten().tolist() for n, g in gradients.items()},
    }
    for _ in range(UPDATES):
        _, _, gradients = gradient()
        with torch.no_grad():
            for name, value in p.items():
                value -= RATE * gradients[name]
    found["updated"] = {n: v.flatten().tolist() for n, v in p.items()}
    return found


def main():
    torch.set_num_threads(1)
    head = {"script": SCRIPT, "torch": torch.__version__, "rate": RATE, "updates": UPDATES}
    cases = [case("forget", [7, 1, 4], True, 1), case("none", [7, 1, 4], False, 2)]
    lines = [json.dumps(case, separators=(",", ":")) for case in cases]
    text = json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "\n]}\n"
    Path(FIXTURE).write_text(text)
    print(f"{FIXTURE}: {len(text)} bytes, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
