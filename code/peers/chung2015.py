# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes code/drafts/chung2015/tests/chung2015/parity.json with PyTorch.

The stacks of Chung, Gulcehre, Cho and Bengio (2015) as the page derives them, one sequence after the other,
none of them padded, pair of layers by pair of layers, and differentiated by autograd, in float64: every
unit with every connection. The fixture has the states of all layers, the gates, the loss, which is the sum
over all steps, the gradient of every weight and of the start, and the losses after each of three updates by
plain gradient descent. Nothing here is taken from the Rust code but the names and the order of columns: unit
gates (r, z; i, f, o), a gate for each layer that is read, the candidate.

Run it from the repository's root, in a virtual environment with PyTorch:

    python code/peers/chung2015.py
"""

import json
from pathlib import Path

import torch
from torch.nn import functional as F

SCRIPT = "code/peers/chung2015.py"
FIXTURE = "code/drafts/chung2015/tests/chung2015/parity.json"
SYMBOLS, NEXT, UNITS, LAYERS = 4, 3, 2, 3
LENGTHS = [4, 1, 3]
RATE = 0.05
UNIT_GATES = {"tanh": 0, "gru": 2, "lstm": 3}
WIRINGS = ["single", "stacked", "open", "gated", "linear"]


def is_gated(wiring):
    return wiring in ("gated", "linear")


def parameters(unit, wiring, layers, uniform):
    past = UNITS if wiring in ("single", "stacked") else layers * UNITS
    gates = UNIT_GATES[unit] * UNITS + (layers if is_gated(wiring) else 0)
    p = {}
    for n in range(layers):
        name = f"feedback.layers.{n}"
        p[f"{name}.input"] = uniform(SYMBOLS, gates + UNITS)
        if n > 0:
            p[f"{name}.below"] = uniform(UNITS, gates + UNITS)
        if gates > 0:
            p[f"{name}.gates"] = uniform(past, gates)
        p[f"{name}.candidate"] = uniform(past, UNITS)
        p[f"{name}.bias"] = uniform(gates + UNITS)
    p["output.w"] = uniform(layers * UNITS, NEXT)
    p["output.bias"] = uniform(NEXT)
    return p


def step(p, unit, wiring, layers, symbol, hidden, cells):
    """One step of all layers: the states after it, and the gates, those into the first layer first."""
    new, new_cells, all_gates = [], [], []
    for n in range(layers):
        name = f"feedback.layers.{n}"
        net = p[f"{name}.input"][symbol] + p[f"{name}.bias"]
        if n > 0:
            net = net + new[n - 1] @ p[f"{name}.below"]
        read = [n] if wiring in ("single", "stacked") else list(range(layers))
        gates = net[:0]
        if f"{name}.gates" in p:
            # Unit gates and feedback gates read the states of the step before as they are.
            before = torch.cat([hidden[k] for k in read])
            gates = net[:-UNITS] + before @ p[f"{name}.gates"]
        own = [torch.sigmoid(g) for g in gates[: UNIT_GATES[unit] * UNITS].split(UNITS)]
        open_ = torch.ones(len(read), dtype=torch.float64)
        if is_gated(wiring):
            open_ = gates[UNIT_GATES[unit] * UNITS :]
            open_ = torch.sigmoid(open_) if wiring == "gated" else open_
            all_gates.append(open_)
        blocks = p[f"{name}.candidate"].split(UNITS)
        s = sum(g * (hidden[k] @ u) for g, k, u in zip(open_, read, blocks))
        m = net[-UNITS:]
        cell = cells[n]
        if unit == "tanh":
            state = torch.tanh(m + s)
        elif unit == "gru":
            r, z = own
            state = (1 - z) * hidden[n] + z * torch.tanh(m + r * s)
        else:
            i, f, o = own
            cell = f * cells[n] + i * torch.tanh(m + s)
            state = o * torch.tanh(cell)
        new.append(state)
        new_cells.append(cell)
    return new, new_cells, all_gates


def run(p, unit, wiring, layers, batch, start, start_cells):
    """The loss, and of all sequences the states, the gates and the end."""
    loss, states, all_gates, ends = 0, [], [], []
    for b, (symbols, following) in enumerate(batch):
        hidden = list(start[b].split(UNITS))
        cells = list(start_cells[b].split(UNITS))
        for symbol, due in zip(symbols, following):
            hidden, cells, gates = step(p, unit, wiring, layers, symbol, hidden, cells)
            row = torch.cat(hidden)
            scores = row @ p["output.w"] + p["output.bias"]
            loss = loss + F.cross_entropy(scores, torch.tensor(due))
            states.append(row)
            all_gates += gates
        ends.append(torch.cat(hidden))
    return loss, torch.cat(states), torch.cat(all_gates + [torch.zeros(0)]), torch.cat(ends)


def rounded(tensor):
    """Eleven digits keep the file small."""
    return [round(x, 11) for x in tensor.flatten().tolist()]


def main():
    draw = torch.Generator().manual_seed(6)

    def uniform(*shape):
        values = torch.rand(*shape, generator=draw, dtype=torch.float64)
        return (2 * values - 1).round(decimals=3)

    def symbols(count, limit):
        return torch.randint(0, limit, (count,), generator=draw).tolist()

    batch = [(symbols(n, SYMBOLS), symbols(n, NEXT)) for n in LENGTHS]
    cases = []
    for unit in UNIT_GATES:
        for wiring in WIRINGS:
            layers = 1 if wiring == "single" else LAYERS
            p = parameters(unit, wiring, layers, uniform)
            weights = {name: rounded(w) for name, w in p.items()}
            start = uniform(len(LENGTHS), layers * UNITS)
            start_cells = uniform(len(LENGTHS), layers * UNITS)
            for w in p.values():
                w.requires_grad_(True)
            start.requires_grad_(True)
            loss, states, gates, end = run(p, unit, wiring, layers, batch, start, start_cells)
            loss.backward()
            case = {
                "unit": unit,
                "wiring": wiring,
                "layers": layers,
                "weights": weights,
                "start": rounded(start),
                "start_cells": rounded(start_cells),
                "states": rounded(states),
                "gates": rounded(gates),
                "end": rounded(end),
                "gradients": {name: rounded(w.grad) for name, w in p.items()},
                "start_gradient": rounded(start.grad),
            }
            losses = [loss.item()]
            for _ in range(3):
                with torch.no_grad():
                    for w in p.values():
                        w -= RATE * w.grad
                        w.grad = None
                loss, *_ = run(p, unit, wiring, layers, batch, start, start_cells)
                loss.backward()
                losses.append(loss.item())
            case["losses"] = losses
            cases.append(case)
    fixture = {
        "made_by": SCRIPT,
        "torch": torch.__version__,
        "sizes": {"symbols": SYMBOLS, "next": NEXT, "units": UNITS},
        "lengths": LENGTHS,
        "symbols": [one for one, _ in batch],
        "next": [one for _, one in batch],
        "rate": RATE,
        "cases": cases,
    }
    Path(FIXTURE).write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
