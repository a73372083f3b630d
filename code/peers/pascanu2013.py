# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes code/chapters/pascanu2013/tests/pascanu2013/parity.json with PyTorch.

The network of the temporal-order task of Pascanu, Mikolov and Bengio (2013) with its
regularizer and its clipped step, written down plainly from the equations and differentiated
by autograd, in float64. Nothing here is taken from the Rust code.

Run it from the repository's root, in a virtual environment with PyTorch:

    python code/peers/pascanu2013.py

Row convention: net = x W_x + h W_h + b. The immediate gradient of Omega is what autograd gives
when the errors and the states are detached.
"""

import json
from pathlib import Path

import torch

SCRIPT = "code/peers/pascanu2013.py"
FIXTURE = "code/chapters/pascanu2013/tests/pascanu2013/parity.json"
RATE = 0.5
UPDATES = 3
THRESHOLD = 0.2
ALPHA = 2.0
NAMES = ["w_x", "w_h", "bias", "w_o", "out_bias"]
ACTIVATIONS = {
    "tanh": (torch.tanh, lambda h: 1 - h * h),
    "logistic": (torch.sigmoid, lambda h: h * (1 - h)),
}


def run(case, p):
    """Loss and the states h_0 ... h_T, whose gradients are kept."""
    phi, _ = ACTIVATIONS[case["activation"]]
    h = torch.zeros(case["sizes"]["B"], case["sizes"]["H"], dtype=torch.float64)
    h.requires_grad_()
    states = [h]
    for symbols in case["symbols"]:
        x = torch.nn.functional.one_hot(torch.tensor(symbols), case["sizes"]["I"]).double()
        h = phi(x @ p["w_x"] + h @ p["w_h"] + p["bias"])
        h.retain_grad()
        states.append(h)
    classes = torch.tensor(case["classes"])
    if case["each_step"]:
        # Summed over the steps, mean over the sequences; the classes lie step by step.
        net = torch.cat(states[1:]) @ p["w_o"] + p["out_bias"]
        loss = torch.nn.functional.cross_entropy(net, classes, reduction="sum")
        return loss / case["sizes"]["B"], states
    net = h @ p["w_o"] + p["out_bias"]
    loss = torch.nn.functional.cross_entropy(net, classes)
    return loss, states


def omega(case, p, states, squared):
    """The regularizer as the program (squared) or the paper has it, errors held constant."""
    _, slope = ACTIVATIONS[case["activation"]]
    terms = []
    for state in states[1:]:
        error = state.grad.detach()
        through = (error * slope(state.detach())) @ p["w_h"].T
        ratio = (through ** 2).sum(1) / (error ** 2).sum(1)
        terms.append(((ratio if squared else ratio.sqrt()) - 1) ** 2)
    terms = torch.stack(terms)
    return terms.mean() if squared else terms.sum(0).mean()


def gradients(case, p, squared):
    """Loss, Omega, and the gradients of the loss and of loss + alpha Omega."""
    for value in p.values():
        value.grad = None
    loss, states = run(case, p)
    loss.backward()
    plain = {name: p[name].grad.clone() for name in NAMES}
    value = omega(case, p, states, squared)
    (immediate,) = torch.autograd.grad(value, p["w_h"])
    both = dict(plain, w_h=plain["w_h"] + ALPHA * immediate)
    return loss, value, plain, both, states


def flat(values):
    return values.detach().flatten().tolist()


def make(name, activation, sizes, seed, spread, each_step=False):
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *shape: spread * torch.randn(*shape, generator=generator, dtype=torch.float64)
    i, h, o, b, t = (sizes[key] for key in "IHOBT")
    shapes = {"w_x": (i, h), "w_h": (h, h), "bias": (h,), "w_o": (h, o), "out_bias": (o,)}
    p = {key: draw(*shape).requires_grad_() for key, shape in shapes.items()}
    case = {
        "name": name,
        "activation": activation,
        "sizes": sizes,
        "symbols": torch.randint(i, (t, b), generator=generator).tolist(),
        "each_step": each_step,
        "classes": torch.randint(o, (t * b if each_step else b,), generator=generator).tolist(),
        "weights": {key: flat(value) for key, value in p.items()},
    }
    loss, program, plain, both, states = gradients(case, p, True)
    _, paper, _, both_paper, _ = gradients(case, p, False)
    case["loss"] = loss.item()
    case["hidden"] = [flat(state) for state in states[1:]]
    case["omega_program"] = program.item()
    case["omega_paper"] = paper.item()
    case["gradients"] = {key: flat(plain[key]) for key in NAMES}
    case["with_program"] = flat(both["w_h"])
    case["with_paper"] = flat(both_paper["w_h"])
    norms, losses = [], []
    for _ in range(UPDATES):
        loss, _, _, both, _ = gradients(case, p, True)
        norm = torch.sqrt(sum((g ** 2).sum() for g in both.values()))
        scale = THRESHOLD / norm if norm > THRESHOLD else 1.0
        with torch.no_grad():
            for key in NAMES:
                p[key] -= RATE * scale * both[key]
        norms.append(norm.item())
        losses.append(loss.item())
    case["norms"] = norms
    case["losses"] = losses
    case["updated"] = {key: flat(value) for key, value in p.items()}
    return case


def main():
    torch.set_num_threads(1)
    sizes = lambda i, h, o, b, t: dict(I=i, H=h, O=o, B=b, T=t)
    cases = [
        make("tanh", "tanh", sizes(3, 5, 4, 3, 7), 1, 0.6),
        make("logistic", "logistic", sizes(3, 5, 4, 3, 7), 2, 1.2),
        make("wide", "tanh", sizes(6, 19, 4, 5, 11), 3, 0.3),
        make("text", "logistic", sizes(7, 17, 7, 3, 13), 4, 0.8, each_step=True),
    ]
    head = {
        "script": SCRIPT,
        "torch": torch.__version__,
        "rate": RATE,
        "alpha": ALPHA,
        "threshold": THRESHOLD,
    }
    lines = [json.dumps(case, separators=(",", ":")) for case in cases]
    text = json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "\n]}\n"
    json.loads(text)
    Path(FIXTURE).write_text(text)
    print(f"{FIXTURE}: {len(text)} bytes, PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
