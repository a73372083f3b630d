# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes code/chapters/chung2014/tests/chung2014/parity.json with PyTorch.

The three units of Chung et al. (2014), written down plainly from the paper and differentiated by
autograd, in float64: on ragged batches with independent logistic outputs, and on sound with a
mixture of normal densities. Three updates follow by RMSProp as the published code has it. Nothing
here is taken from the Rust code.

Run it from the repository's root, in a virtual environment with PyTorch:

    python code/peers/chung2014.py
"""

import json
from pathlib import Path

import torch

SCRIPT = "code/peers/chung2014.py"
FIXTURE = "code/chapters/chung2014/tests/chung2014/parity.json"
RATE = 0.01
UPDATES = 3
GROUPS = {"tanh": 1, "gru": 3, "lstm": 4}
FLOOR = 0.01


def hidden(unit, p, xs):
    """h of every step."""
    size = p["w_h"].shape[0]
    h = torch.zeros(size, dtype=torch.float64)
    c = torch.zeros(size, dtype=torch.float64)
    out = []
    for x in xs:
        net = x @ p["w_x"] + p["bias"]
        if unit == "tanh":
            h = torch.tanh(net + h @ p["w_h"])
        elif unit == "gru":
            u = p["w_h"].split(size, dim=1)
            a = net.split(size)
            r = torch.sigmoid(a[0] + h @ u[0])
            z = torch.sigmoid(a[1] + h @ u[1])
            n = torch.tanh(a[2] + (r * h) @ u[2])
            h = (1 - z) * h + z * n
        else:
            a = (net + h @ p["w_h"]).split(size)
            v = p["peepholes"]
            i = torch.sigmoid(a[0] + v[0] * c)
            f = torch.sigmoid(a[1] + v[1] * c)
            c = f * c + i * torch.tanh(a[2])
            o = torch.sigmoid(a[3] + v[2] * c)
            h = o * torch.tanh(c)
        out.append(h)
    return torch.stack(out)


def loss(unit, p, batch, components):
    """Nats a step, and what each step's outputs are before their loss."""
    total, steps, outputs = 0.0, 0, []
    for xs, ys in batch:
        out = hidden(unit, p, xs) @ p["w_o"] + p["b_o"]
        if components == 0:
            q = torch.sigmoid(out)
            total = total - (ys * q.log() + (1 - ys) * (1 - q).log()).sum()
        else:
            width = ys.shape[1]
            score, mean, s = out.split(
                [components, components * width, components * width], dim=1
            )
            mean = mean.reshape(-1, components, width)
            sigma = FLOOR + s.reshape(-1, components, width).exp()
            normal = torch.distributions.Normal(mean, sigma).log_prob(ys.unsqueeze(1)).sum(2)
            total = total - (score.log_softmax(1) + normal).logsumexp(1).sum()
        steps += len(xs)
        outputs.append(out)
    return total / steps, outputs


def case(unit, sizes, lengths, components, seed):
    draw = torch.Generator().manual_seed(seed)
    i, h, d = sizes
    v = d if components == 0 else components * (1 + 2 * d)

    def uniform(*shape):
        # Six digits keep the file small.
        return (torch.rand(*shape, generator=draw, dtype=torch.float64) * 2 - 1).round(decimals=6)

    g = GROUPS[unit] * h
    p = {"w_x": uniform(i, g), "w_h": uniform(h, g), "bias": uniform(g)}
    if unit == "lstm":
        p["peepholes"] = uniform(3, h)
    p["w_o"], p["b_o"] = uniform(h, v), uniform(v)
    ys = uniform if components else (lambda *shape: (uniform(*shape) > 0).double())
    batch = [(uniform(n, i), ys(n, d)) for n in lengths]
    found = {
        "unit": unit,
        "components": components,
        "sizes": [i, h, d],
        "weights": {name: value.flatten().tolist() for name, value in p.items()},
        "inputs": [x.flatten().tolist() for x, _ in batch],
        "targets": [y.flatten().tolist() for _, y in batch],
    }
    for value in p.values():
        value.requires_grad_()
    error, _ = loss(unit, p, batch, components)
    found["loss"] = error.item()
    gradients = torch.autograd.grad(error, list(p.values()))
    found["gradients"] = {
        name: gradient.flatten().tolist() for name, gradient in zip(p, gradients)
    }
    square = {name: torch.zeros_like(value) for name, value in p.items()}
    velocity = {name: torch.zeros_like(value) for name, value in p.items()}
    for _ in range(UPDATES):
        error, _ = loss(unit, p, batch, components)
        gradients = torch.autograd.grad(error, list(p.values()))
        with torch.no_grad():
            for (name, value), gradient in zip(p.items(), gradients):
                square[name] = 0.95 * square[name] + 0.05 * gradient**2
                divisor = square[name].sqrt().clamp(min=1e-2)
                velocity[name] = 0.9 * velocity[name] - RATE * gradient / divisor
                value += velocity[name]
    found["updated"] = {name: value.flatten().tolist() for name, value in p.items()}
    return found


def main():
    cases = []
    for seed, unit in enumerate(GROUPS):
        cases.append(case(unit, (3, 5, 7), (4, 1, 6), 0, seed))
        cases.append(case(unit, (3, 5, 2), (4, 4, 4), 3, 10 + seed))
    fixture = {
        "made_by": SCRIPT,
        "torch": torch.__version__,
        "rate": RATE,
        "updates": UPDATES,
        "floor": FLOOR,
        "cases": cases,
    }
    Path(FIXTURE).write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
