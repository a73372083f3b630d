# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes code/chapters/hochreiter1997/tests/hochreiter1997/parity.json with PyTorch.

The memory cell network of Hochreiter & Schmidhuber (1997) and the tanh network beside it,
written down plainly from the paper's equations and differentiated by autograd, in float64,
on ragged batches padded with zeros. Nothing here is taken from the Rust code.

Run it from the repository's root, in a virtual environment with PyTorch:

    python code/peers/hochreiter1997.py

Row convention: net = x W_x + u W_u + b, columns of the hidden units in the order
cells, input gates, output gates.
"""

import json
import math
from pathlib import Path

import torch

SCRIPT = "code/peers/hochreiter1997.py"
FIXTURE = "code/chapters/hochreiter1997/tests/hochreiter1997/parity.json"
RATE = 0.5
UPDATES = 3

SQUASH = {
    "identity": lambda x: x,
    "logistic": torch.sigmoid,
    "centered": lambda x: 2 * torch.sigmoid(x) - 1,
    "wide": lambda x: 4 * torch.sigmoid(x) - 2,
}


def padded(case):
    """Inputs as (B, T, I), zero beyond the end of a sequence, and the lengths."""
    width, rows = case["sizes"]["I"], []
    for sequence in case["inputs"]:
        if case["input_kind"] == "one-hot":
            row = torch.nn.functional.one_hot(torch.tensor(sequence), width).double()
        else:
            row = torch.tensor(sequence, dtype=torch.float64).reshape(-1, width)
        rows.append(row)
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True), [len(r) for r in rows]


def memory(case, p, x):
    """Cell outputs (B, T, C) and the trace: hidden units, candidates, states, h(states)."""
    size = case["sizes"]
    blocks, cells, units = size["K"], size["C"], size["U"]
    g, h = SQUASH[case["squash_input"]], SQUASH[case["squash_state"]]
    spread = torch.zeros(blocks, cells, dtype=torch.float64)
    for c in range(cells):
        spread[c // (cells // blocks), c] = 1
    u = torch.zeros(x.shape[0], units, dtype=torch.float64)
    s = torch.zeros(x.shape[0], cells, dtype=torch.float64)
    trace = {"hidden": [], "candidate": [], "state": [], "squashed": []}
    for t in range(x.shape[1]):
        before = u.detach() if case["gradient"] == "truncated" else u
        net = x[:, t] @ p["w_x"] + p["bias"]
        if case["recurrent"]:
            net = net + before @ p["w_u"]
        candidate = g(net[:, :cells])
        gates = torch.sigmoid(net[:, cells:])
        s = s + gates[:, :blocks] @ spread * candidate
        squashed = h(s)
        y = squashed
        if units == cells + 2 * blocks:
            y = gates[:, blocks:] @ spread * squashed
        u = torch.cat([y, gates], dim=1)
        for name, value in zip(trace, (u, candidate, s, squashed)):
            trace[name].append(value)
    trace = {name: torch.stack(rows, dim=1) for name, rows in trace.items()}
    return trace["hidden"][:, :, :cells], trace


def tanh_network(case, p, x):
    """Hidden states (B, T, H), which are their own trace."""
    h = torch.zeros(x.shape[0], case["sizes"]["H"], dtype=torch.float64)
    rows = []
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ p["w_x"] + h @ p["w_h"] + p["bias"])
        rows.append(h)
    states = torch.stack(rows, dim=1)
    return states, {"hidden": states}


def run(case, p):
    """Outputs of each sequence at the steps with a target, E summed over the batch, trace."""
    x, lengths = padded(case)
    seen, trace = (memory if case["model"] == "cell1997" else tanh_network)(case, p, x)
    net = seen @ p["w_o"]
    if "b_o" in p:
        net = net + p["b_o"]
    if "w_s" in p:
        net = net + x @ p["w_s"]
    y = torch.sigmoid(net)
    outputs, error = [], 0.0
    for b, length in enumerate(lengths):
        if case["target_kind"] == "at-end":
            shown = y[b, length - 1 : length]
            target = torch.tensor([case["targets"][b]], dtype=torch.float64)
        else:
            shown = y[b, :length]
            symbols = torch.tensor(case["targets"][b])
            target = torch.nn.functional.one_hot(symbols, case["sizes"]["O"]).double()
        outputs.append(shown.flatten().tolist())
        error = error + ((target - shown) ** 2).sum() / 2
    ragged = {
        name: [rows[b, :length].flatten().tolist() for b, length in enumerate(lengths)]
        for name, rows in trace.items()
    }
    return outputs, error, ragged


def complete(case, seed):
    """Adds what PyTorch computes to a case."""
    draw = torch.Generator().manual_seed(seed)

    def uniform(*shape):
        # Six digits keep the file small.
        return (torch.rand(*shape, generator=draw, dtype=torch.float64) * 2 - 1).round(decimals=6)

    def symbols(length, width):
        return torch.randint(width, (length,), generator=draw).tolist()

    size = case["sizes"]
    if case["input_kind"] == "one-hot":
        case["inputs"] = [symbols(n, size["I"]) for n in case["lengths"]]
    else:
        case["inputs"] = [uniform(n * size["I"]).tolist() for n in case["lengths"]]
    if case["target_kind"] == "at-end":
        case["targets"] = [uniform(size["O"]).abs().tolist() for _ in case["lengths"]]
    else:
        case["targets"] = [symbols(n, size["O"]) for n in case["lengths"]]

    units = size["U"] if case["model"] == "cell1997" else size["H"]
    seen = size["C"] if case["model"] == "cell1997" else size["H"]
    recurrent = "w_u" if case["model"] == "cell1997" else "w_h"
    p = {"w_x": uniform(size["I"], units), recurrent: uniform(units, units)}
    p["bias"] = uniform(units)
    trained = torch.ones(units, dtype=torch.float64)
    if case["biases"] == "gates":
        trained[: size["C"]] = 0
    elif case["biases"] == "none":
        trained[:] = 0
    p["bias"] *= trained
    p["w_o"] = uniform(seen, size["O"])
    if case["output_bias"]:
        p["b_o"] = uniform(size["O"])
    if case["skip"]:
        p["w_s"] = uniform(size["I"], size["O"])
    for value in p.values():
        value.requires_grad_()
    # A unit without a bias has the constant 0, which no gradient moves.
    p["bias"].register_hook(lambda gradient: gradient * trained)

    flat = lambda values: {k: v.detach().flatten().tolist() for k, v in values.items()}
    case["parameters"] = flat(p)
    optimizer = torch.optim.SGD(p.values(), lr=RATE)
    case["updates"] = []
    for update in range(UPDATES):
        outputs, error, trace = run(case, p)
        optimizer.zero_grad(set_to_none=False)
        error.backward()
        if update == 0:
            zero = torch.zeros(1, dtype=torch.float64)
            gradients = {
                k: v.grad if v.grad is not None else zero.expand(v.shape) for k, v in p.items()
            }
            case |= {
                "outputs": outputs,
                "trace": trace,
                "error": error.item(),
                "gradients": flat(gradients),
            }
        optimizer.step()
        case["updates"].append(flat(p))
    case["error_after_updates"] = run(case, p)[1].item()
    assert math.isfinite(case["error_after_updates"])
    return case


def cell(name, sizes, **rest):
    case = {
        "name": name,
        "model": "cell1997",
        "sizes": dict(zip("IKCUO", sizes)),
        "squash_input": "wide",
        "squash_state": "centered",
        "recurrent": True,
        "biases": "all",
        "output_bias": True,
        "skip": False,
    }
    return case | rest


def tanh(name, sizes, **rest):
    case = {
        "name": name,
        "model": "elman1990",
        "sizes": dict(zip("IHO", sizes)),
        "biases": "all",
        "output_bias": True,
        "skip": False,
    }
    return case | rest


def cases():
    dense = {"input_kind": "dense", "target_kind": "at-end", "lengths": [7, 1, 4]}
    one_hot = {"input_kind": "one-hot", "target_kind": "each-step", "lengths": [1, 7, 2, 5]}
    gates = {"biases": "gates", "output_bias": False}
    bare = {
        "squash_input": "logistic",
        "squash_state": "identity",
        "recurrent": False,
        "biases": "none",
        "output_bias": False,
        "skip": True,
    }
    truncated, full = {"gradient": "truncated"}, {"gradient": "full"}
    # The same seed: the truncated and the full gradient of the same network.
    yield complete(cell("blocks of two, truncated", (3, 2, 4, 8, 3), **dense, **truncated), 1)
    yield complete(cell("blocks of two, full", (3, 2, 4, 8, 3), **dense, **full), 1)
    yield complete(cell("one-hot, truncated", (5, 3, 3, 9, 5), **one_hot, **gates, **truncated), 2)
    yield complete(cell("one-hot, full", (5, 3, 3, 9, 5), **one_hot, **gates, **full), 2)
    yield complete(cell("no output gate", (4, 1, 1, 2, 4), **one_hot, **bare, **truncated), 3)
    yield complete(tanh("tanh, dense", (3, 5, 2), **dense), 4)
    yield complete(tanh("tanh, one-hot", (4, 3, 4), **one_hot), 5)


def main():
    torch.set_num_threads(1)
    head = {"script": SCRIPT, "torch": torch.__version__, "rate": RATE}
    lines = [json.dumps(case, separators=(",", ":")) for case in cases()]
    text = json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "\n]}\n"
    json.loads(text)
    Path(FIXTURE).write_text(text)
    print(f"{FIXTURE}: {len(text)} bytes, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
