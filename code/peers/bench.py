# SPDX-License-Identifier: MIT OR Apache-2.0
"""The peer of `cargo run -- bench --against torch --python PATH`: the same steps in PyTorch.

The command starts this script and keeps it for the whole run. Each request is one line of JSON on
standard input, each answer one line of JSON on standard output; messages go to standard error.

    {"do": "prepare", "kind": ..., "sizes": {...}, "threads": ..., "rate": ..., "clip": ...,
     "steps": ..., "seconds": ..., "file": ..., "tensors": [...]}
        reads weights and data from the file, computes the first steps in every way that PyTorch
        has, keeps the fastest: {"outcomes": [{"loss", "norm"}], "inferred", "way"}
    {"do": "train", "count": n}, {"do": "infer", "count": n}
        n steps of the row prepared last, training from its initial weights: {"seconds": [...]}
    {"do": "product"}
        the matrix product's rate on one core: {"rate": operations a second}

A request that fails is answered with {"error": "one line"}.
"""

import gc
import json
import math
import os
import signal
import sys
import time
import warnings

# Whoever asks decides when to stop; this process ends when its standard input does.
signal.signal(signal.SIGINT, signal.SIG_IGN)
ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
warnings.simplefilter("ignore")


def say(answer):
    ANSWERS.write(json.dumps(answer) + "\n")
    ANSWERS.flush()


try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    say({"error": f"it has no PyTorch ({error}); install it there: python -m pip install torch"})
    sys.exit(1)

NOTE = (
    "torch.compile was not tried: it needs a C++ compiler, "
    "and it leaves nn.RNN, nn.GRU and nn.LSTM as they are"
)
if "GOMP_SPINCOUNT" in os.environ:
    NOTE += f". Its threads wait for {os.environ['GOMP_SPINCOUNT']} turns before they sleep"
    NOTE += " (GOMP_SPINCOUNT): by default they stall where anything else runs"


def clock(action, count):
    """Seconds of each of `count` calls."""
    now, times = time.perf_counter, []
    for _ in range(count):
        begun = now()
        action()
        times.append(now() - begun)
    return times


def best(action, seconds):
    """The best time of one call; one that takes longer than `seconds` is called once."""
    (first,) = clock(action, 1)
    if first > seconds:
        return first
    count = max(1, min(200, int(seconds / max(first, 1e-6))))
    return min(clock(action, count))


def read(request):
    """The tensors by name."""
    with open(request["file"], "rb") as file:
        data = bytearray(file.read())
    types = {"f32": torch.float32, "i64": torch.int64}
    return {
        t["name"]: torch.frombuffer(
            data, dtype=types[t["type"]], count=t["count"], offset=t["offset"]
        )
        .clone()
        .reshape(t["shape"])
        for t in request["tensors"]
    }


# How the gradients are clipped and the weights updated: PyTorch's three ways.
UPDATES = {
    "one by one": {"foreach": False, "fused": False},
    "foreach": {"foreach": True, "fused": False},
    "fused": {"foreach": False, "fused": True},
}


class Way:
    """One way to do the row: parameters, a loss for training, outputs for inference."""

    def __init__(
        self,
        name,
        parameters,
        loss,
        outputs,
        measure,
        onednn=True,
        sparse=False,
        optimizer=torch.optim.SGD,
    ):
        self.sparse, self.optimizer = sparse, optimizer
        self.name, self.loss, self.outputs, self.measure = name, loss, outputs, measure
        self.parameters, self.onednn = parameters, onednn
        self.start = [p.detach().clone() for p in parameters]

    def restart(self):
        with torch.no_grad():
            for parameter, value in zip(self.parameters, self.start):
                parameter.copy_(value)

    def updated(self, update, rate, clip):
        """Clipping and update by the gradients that are there, as a function; it returns the norm."""
        parameters, options = self.parameters, UPDATES[update]
        optimizer = self.optimizer(parameters, lr=rate, **options)

        def apply():
            norm = None
            if clip is not None:
                norm = nn.utils.clip_grad_norm_(parameters, clip, foreach=options["foreach"])
            optimizer.step()
            return norm

        def apply_sparse():
            # PyTorch's clipping does not know sparse gradients.
            for parameter in parameters:
                parameter.grad = parameter.grad.coalesce()
            values = [parameter.grad.values() for parameter in parameters]
            norm = nn.utils.get_total_norm(values)
            scale = torch.clamp(clip / (norm + 1e-6), max=1.0)
            for value in values:
                value.mul_(scale)
            optimizer.step()
            return norm

        return apply_sparse if self.sparse else apply

    def trained(self, update, rate, clip):
        """A training step as a function; it returns loss and norm."""
        apply, parameters, loss_of = self.updated(update, rate, clip), self.parameters, self.loss

        def step():
            for parameter in parameters:
                parameter.grad = None
            loss = loss_of()
            loss.backward()
            return loss, apply()

        return step

    def updates(self):
        """The ways to update that there are."""
        return ["one by one"] if self.sparse else list(UPDATES)


def recurrent(request, tensors):
    """nn.RNN, nn.LSTM or nn.GRU; batch first or time first; with and without oneDNN."""
    kind, batch = request["kind"], request["sizes"]["batch"]
    module_of = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[kind]
    for batch_first in (True, False):
        for onednn in (True, False):
            module = module_of(
                request["sizes"]["in"], request["sizes"]["hidden"], batch_first=batch_first
            )
            with torch.no_grad():
                module.weight_ih_l0.copy_(tensors["w_x"].T)
                module.weight_hh_l0.copy_(tensors["w_h"].T)
                module.bias_ih_l0.copy_(tensors["bias"])
                # One bias, as in the book: the second stays at zero and is not trained.
                module.bias_hh_l0.zero_()
            module.bias_hh_l0.requires_grad_(False)
            parameters = [module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0]
            x, target = tensors["inputs"], tensors["targets"]
            if not batch_first:
                x, target = x.transpose(0, 1).contiguous(), target.transpose(0, 1).contiguous()

            def loss(module=module, x=x, target=target):
                return F.mse_loss(module(x)[0], target, reduction="sum") * (0.5 / batch)

            def measure(output, target=target):
                return 0.5 * (output - target).double().square().sum().item() / batch

            first = "batch first" if batch_first else "time first"
            name = f"{type(module).__name__} {first}" + ("" if onednn else " without oneDNN")
            yield Way(
                name, parameters, loss, lambda module=module, x=x: module(x)[0], measure, onednn
            )


def scripted_cell(
    symbols: torch.Tensor,
    w_x: torch.Tensor,
    w_u: torch.Tensor,
    bias: torch.Tensor,
    w_o: torch.Tensor,
    b_o: torch.Tensor,
    cells: int,
    blocks: int,
) -> torch.Tensor:
    """The loop below in the part of Python that TorchScript compiles."""
    net_x = w_x[symbols] + bias
    u = torch.zeros([bias.size(0)])
    y = torch.zeros([cells])
    state = torch.zeros([cells])
    for t in range(symbols.size(0)):
        gates = torch.sigmoid(net_x[t] + u @ w_u)
        spread = gates[cells:].repeat_interleave(cells // blocks)
        state = state + spread[:cells] * (4 * gates[:cells] - 2)
        y = spread[cells:] * (2 * torch.sigmoid(state) - 1)
        u = torch.cat((y, gates[cells:])).detach()
    return torch.sigmoid(y @ w_o + b_o)


def cell1997(request, tensors):
    """The memory cell of 1997, truncated gradient, one sequence a step: a loop over its steps."""
    size = request["sizes"]
    blocks, cells, units = size["blocks"], size["cells"], size["units"]
    sequences, at = [], 0
    for length in tensors["lengths"].tolist():
        sequences.append(tensors["symbols"][at : at + length].clone())
        at += length
    targets = list(tensors["targets"])
    parameters = [tensors[n].clone().requires_grad_() for n in ("w_x", "w_u", "bias", "w_o", "b_o")]
    w_x, w_u, bias, w_o, b_o = parameters

    def forward(symbols, w_x, w_u, bias, w_o, b_o):
        net_x = w_x[symbols] + bias
        u = torch.zeros(units)
        state = torch.zeros(cells)
        for net in net_x.unbind():
            gates = torch.sigmoid(net + u @ w_u)
            candidate = 4 * gates[:cells] - 2
            spread = gates[cells:].repeat_interleave(cells // blocks)
            state = state + spread[:cells] * candidate
            squashed = 2 * torch.sigmoid(state) - 1
            y = spread[cells:] * squashed
            u = torch.cat((y, gates[cells:])).detach()
        return torch.sigmoid(y @ w_o + b_o)

    def matrices(symbols, w_x, w_u, bias, w_o, b_o):
        """The same with fewer, larger operations: gates are spread by doubled columns."""
        each = cells // blocks
        columns = list(range(cells))
        columns += [cells + c // each for c in range(cells)]
        columns += [cells + blocks + c // each for c in range(cells)]
        columns = torch.tensor(columns)
        net_x = (w_x[symbols] + bias)[:, columns]
        # The rows of W_u that belong to doubled gates count once.
        rows = torch.tensor(list(range(cells)) + [cells + c * each for c in range(2 * blocks)])
        scattered = torch.zeros(3 * cells, units).index_copy(0, rows, torch.eye(units))
        recurrent = (scattered @ w_u)[:, columns]
        u = torch.zeros(3 * cells)
        state = torch.zeros(cells)
        for net in net_x.unbind():
            candidate, write, read = torch.addmv(net, recurrent.T, u).sigmoid().chunk(3)
            state = torch.addcmul(state, write, 4 * candidate - 2)
            y = read * (2 * state.sigmoid() - 1)
            u = torch.cat((y, write, read)).detach()
        return torch.sigmoid(y @ w_o + b_o)

    def way(name, function):
        turn = {"next": 0, "last": 0}

        def outputs():
            turn["last"] = turn["next"]
            turn["next"] = (turn["last"] + 1) % len(sequences)
            return function(sequences[turn["last"]], w_x, w_u, bias, w_o, b_o)

        def loss():
            y = outputs()
            return F.mse_loss(y, targets[turn["last"]], reduction="sum") * 0.5

        def measure(output):
            return 0.5 * (output - targets[turn["last"]]).double().square().sum().item()

        made = Way(name, parameters, loss, outputs, measure)
        weights = made.restart

        def restart():
            weights()
            turn["next"] = 0

        made.restart = restart
        return made

    yield way("loop", forward)
    yield way("loop of fewer operations", matrices)
    try:
        scripted = torch.jit.script(scripted_cell)
    except Exception:  # noqa: BLE001  A version that cannot; the loops above stand.
        return
    yield way("scripted loop", lambda s, *p: scripted(s, *p, cells, blocks))


def elman(request, tensors):
    """Elman's network, one letter and one update a step; the context is data."""
    letters = list(tensors["letters"])
    parameters = [tensors[n].clone().requires_grad_() for n in ("w_x", "w_h", "bias", "w_o", "b_o")]
    w_x, w_h, bias, w_o, b_o = parameters

    def products(x, context):
        h = torch.tanh(x @ w_x + context @ w_h + bias)
        return h, torch.sigmoid(h @ w_o + b_o)

    def added(x, context):
        h = torch.addmv(torch.addmv(bias, w_x.T, x), w_h.T, context).tanh()
        return h, torch.addmv(b_o, w_o.T, h).sigmoid()

    def way(name, function):
        at = {"next": 0, "last": 0, "context": torch.zeros_like(bias)}

        def turn():
            at["last"] = at["next"]
            at["next"] = (at["last"] + 1) % len(letters)
            return letters[at["last"]]

        def loss():
            h, y = function(turn(), at["context"])
            at["context"] = h.detach()
            return F.mse_loss(y, letters[at["next"]], reduction="sum") * 0.5

        empty = torch.zeros_like(bias)

        def outputs():
            return function(turn(), empty)[1]

        def measure(output):
            return 0.5 * (output - letters[at["next"]]).double().square().sum().item()

        made = Way(name, parameters, loss, outputs, measure)
        weights = made.restart

        def restart():
            weights()
            at["next"], at["context"] = 0, torch.zeros_like(bias)

        made.restart = restart
        return made

    yield way("products and sums", products)
    yield way("products that add", added)


def projection(request, tensors):
    """A projection to a vocabulary with softmax cross-entropy; the inputs need a gradient too."""
    x = tensors["inputs"].clone().requires_grad_()
    targets = tensors["targets"]
    for transposed in (True, False):
        # nn.Linear keeps (out, in); a plain matrix product wants (in, out).
        w = tensors["w"].T.contiguous() if transposed else tensors["w"].clone()
        w.requires_grad_()
        bias = tensors["bias"].clone().requires_grad_()

        def outputs(w=w, bias=bias, transposed=transposed):
            return F.linear(x, w, bias) if transposed else torch.addmm(bias, x, w)

        def loss(outputs=outputs):
            x.grad = None
            return F.cross_entropy(outputs(), targets)

        def infer(outputs=outputs):
            return F.log_softmax(outputs(), dim=1)

        def measure(output):
            return F.nll_loss(output.double(), targets).item()

        name = "F.linear" if transposed else "torch.addmm"
        yield Way(name, [w, bias], loss, infer, measure)


def embedding(request, tensors):
    """An embedding whose vectors are compared with targets; dense and sparse gradients."""
    indices, targets, rows = tensors["indices"], tensors["targets"], len(tensors["indices"])

    def measure(output):
        return 0.5 * (output - targets).double().square().sum().item() / rows

    for sparse in (False, True):
        w = tensors["w"].clone().requires_grad_()

        def outputs(w=w, sparse=sparse):
            return F.embedding(indices, w, sparse=sparse)

        def loss(outputs=outputs):
            return F.mse_loss(outputs(), targets, reduction="sum") * (0.5 / rows)

        name = "F.embedding" + (", sparse gradient" if sparse else "")
        yield Way(name, [w], loss, outputs, measure, sparse=sparse)


def layer(weights, x, targets):
    """Ways of a layer: its outputs as a function of x, with the loss ½ Σ (y − target)² / rows; x needs
    a gradient too."""

    def way(name, function, x=x):
        x = x.clone().requires_grad_()

        def loss():
            x.grad = None
            return F.mse_loss(function(x), targets, reduction="sum") * (0.5 / len(targets))

        def measure(output):
            return 0.5 * (output - targets).double().square().sum().item() / len(targets)

        return Way(name, weights, loss, lambda: function(x), measure)

    return way


def linear(request, tensors):
    """A linear map and the logistic function, without a bias."""
    for transposed in (True, False):
        # nn.Linear keeps (out, in); a plain matrix product wants (in, out).
        w = tensors["w"].T.contiguous() if transposed else tensors["w"].clone()
        w.requires_grad_()
        way = layer([w], tensors["inputs"], tensors["targets"])
        if transposed:
            yield way("F.linear", lambda x, w=w: F.linear(x, w).sigmoid())
        else:
            yield way("torch.mm", lambda x, w=w: torch.mm(x, w).sigmoid())


def convolutions(request, tensors):
    """Convolutions of each component: widths 2, 3, … while there are as many columns, then one that
    is as wide as what is left; each with the logistic function."""
    stages, columns, first, width = [], request["sizes"]["words"], 0, 2
    while columns > 1:
        here = min(width, columns)
        stages.append((first, here))
        columns, first, width = columns + 1 - here, first + here, width + 1
    taps, x = tensors["taps"].clone().requires_grad_(), tensors["inputs"]
    way = layer([taps], x, tensors["targets"])

    def products(x):
        for first, width in stages:
            count = x.size(1) + 1 - width
            x = sum(x[:, n : n + count] * taps[first + n] for n in range(width)).sigmoid()
        return x[:, 0]

    def added(x):
        for first, width in stages:
            count = x.size(1) + 1 - width
            net = x[:, :count] * taps[first]
            for n in range(1, width):
                net = torch.addcmul(net, x[:, n : n + count], taps[first + n])
            x = net.sigmoid()
        return x[:, 0]

    def grouped(x):
        for first, width in stages:
            kernels = taps[first : first + width].T.unsqueeze(1)
            x = F.conv1d(x, kernels, groups=x.size(1)).sigmoid()
        return x[:, :, 0]

    yield way("products and sums", products)
    yield way("products that add", added)
    for onednn in (True, False):
        # Its inputs lie component by component.
        made = way(
            "F.conv1d" + ("" if onednn else " without oneDNN"),
            grouped,
            x.transpose(1, 2).contiguous(),
        )
        made.onednn = onednn
        yield made


def scripted_levels(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """The last column through the gates of all levels, in the part of Python that TorchScript
    compiles."""
    n = x.size(2)
    while x.size(1) > 1:
        left, right = x[:, :-1], x[:, 1:]
        net = torch.cat((left, right), 2) @ w
        gates = net[:, :, n:].softmax(2)
        kept = gates[:, :, 1:2] * left + gates[:, :, 2:] * right
        x = torch.addcmul(kept, gates[:, :, :1], net[:, :, :n].relu())
    return x[:, 0]


def gated(request, tensors):
    """Gated recursive convolutions: a loop over levels, each of all sentences at once."""
    names = ["w_left", "w_right", "g_left", "g_right"]
    weights = [tensors[name].clone().requires_grad_() for name in names]
    w_left, w_right, g_left, g_right = weights
    n = request["sizes"]["width"]
    way = layer(weights, tensors["inputs"], tensors["targets"])

    def column(candidate, gates, left, right):
        of_new, of_left, of_right = gates.softmax(2).split(1, 2)
        kept = torch.addcmul(of_left * left, of_right, right)
        return torch.addcmul(kept, of_new, candidate.relu())

    def separate(x):
        while x.size(1) > 1:
            left, right = x[:, :-1], x[:, 1:]
            candidate = left @ w_left + right @ w_right
            x = column(candidate, left @ g_left + right @ g_right, left, right)
        return x[:, 0]

    def joined():
        """The weights of candidates and gates side by side."""
        return torch.cat((w_left, g_left), 1), torch.cat((w_right, g_right), 1)

    def pairs(x):
        w = torch.cat(joined())
        while x.size(1) > 1:
            left, right = x[:, :-1], x[:, 1:]
            net = torch.cat((left, right), 2) @ w
            x = column(net[:, :, :n], net[:, :, n:], left, right)
        return x[:, 0]

    def shifted(x):
        """Each column is multiplied once, as a left and as a right neighbor."""
        w = torch.cat(joined(), 1)
        while x.size(1) > 1:
            net = x @ w
            net = net[:, :-1, : n + 3] + net[:, 1:, n + 3 :]
            x = column(net[:, :, :n], net[:, :, n:], x[:, :-1], x[:, 1:])
        return x[:, 0]

    yield way("products of either neighbor", separate)
    yield way("a product of pairs", pairs)
    yield way("a product of columns", shifted)
    try:
        scripted = torch.jit.script(scripted_levels)
    except Exception:  # noqa: BLE001  A version that cannot; the loops above stand.
        return
    yield way("a product of pairs, scripted", lambda x: scripted(x, torch.cat(joined())))


def scripted_recurrence(nets: torch.Tensor, w_h: torch.Tensor) -> torch.Tensor:
    """h of every step, time first, in the part of Python that TorchScript compiles."""
    h = torch.zeros_like(nets[0])
    states: list[torch.Tensor] = []
    for t in range(nets.size(0)):
        h = torch.addmm(nets[t], h, w_h).sigmoid()
        states.append(h)
    return torch.stack(states)


def rctm2(request, tensors):
    """Model II of Kalchbrenner and Blunsom (2013) on a padded batch, with AdaGrad and the squares of
    the weights."""
    # The constants of the chapter.
    delta, decay = 1e-6, 1e-6
    names = ["words", "w_h", "w_o", "sources", "grams", "map", "inverse", "condition"]
    parameters = [tensors[name].clone().requires_grad_() for name in names]
    words, w_h, w_o, sources, grams, w_m, inverse, w_c = parameters
    units, steps = request["sizes"]["units"], tensors["before"].size(1)
    lengths = tensors["lengths"]
    # Of a source no more columns are made than the longest target needs.
    source = F.pad(tensors["source"], (0, max(0, steps - tensors["source"].size(1))))[:, :steps]

    def places(counts, room):
        """Ones where there are columns, batch first."""
        return (torch.arange(room) < counts.unsqueeze(1)).float().unsqueeze(2)

    # All sentences have four words or more. G_j is zero for j > S - 3, and there is none for
    # j > T - 3; the first wide convolution makes T - 1 columns.
    real = places(tensors["source_lengths"] - 3, steps - 3)
    fours, more = places(lengths - 3, steps - 3), places(lengths - 1, steps - 1)
    kept = (torch.arange(steps) < lengths.unsqueeze(1)).T.flatten().nonzero().squeeze(1)
    before = tensors["before"].T.contiguous()
    due = tensors["due"].T.flatten()
    ignored = torch.full_like(due, -100).index_copy(0, kept, due[kept])
    due = due[kept]

    def narrow(x, kernel):
        count = x.size(1) + 1 - len(kernel)
        net = x[:, :count] * kernel[0]
        for n in range(1, len(kernel)):
            net = torch.addcmul(net, x[:, n : n + count], kernel[n])
        return net.sigmoid()

    def wide(x, kernel):
        last = len(kernel) - 1
        return narrow(F.pad(x, (0, 0, last, last)), kernel.flip(0))

    def shifted():
        x = F.embedding(source, sources)
        g = narrow(narrow(x, grams[:2]), grams[2:]) * real
        f = (g @ w_m).sigmoid() * fours
        return wide(wide(f, inverse[2:]) * more, inverse[:2]).transpose(0, 1)

    def grouped():
        def weights(kernel):
            return kernel.T.unsqueeze(1)

        x = F.embedding(source, sources).transpose(1, 2)
        g = F.conv1d(x, weights(grams[:2]), groups=units).sigmoid()
        g = F.conv1d(g, weights(grams[2:]), groups=units).sigmoid().transpose(1, 2) * real
        f = ((g @ w_m).sigmoid() * fours).transpose(1, 2)
        y = F.conv_transpose1d(f, weights(inverse[2:]), groups=units).sigmoid()
        y = F.conv_transpose1d(
            y * more.transpose(1, 2), weights(inverse[:2]), groups=units
        ).sigmoid()
        return y.permute(2, 0, 1)

    def loop(nets):
        h, states = torch.zeros_like(nets[0]), []
        for net in nets.unbind():
            h = torch.addmm(net, h, w_h).sigmoid()
            states.append(h)
        return torch.stack(states)

    def halved(nets):
        """sigmoid(x) is (1 + tanh(x / 2)) / 2, and PyTorch has a recurrent layer with tanh."""
        eye, half = torch.eye(units), 0.5 * torch.ones(units)
        shift = (half @ w_h) / 2
        start = -torch.ones(1, nets.size(1), units)
        weights = [eye, w_h.T / 4, shift, torch.zeros(units)]
        out, _ = torch.rnn_tanh(nets / 2, start, weights, True, 1, 0.0, True, False, False)
        return (out + 1) / 2

    recurrences = {"loop": loop, "rnn_tanh": halved}
    try:
        scripted = torch.jit.script(scripted_recurrence)
        recurrences["scripted loop"] = lambda nets: scripted(nets, w_h)
    except Exception:  # noqa: BLE001  A version that cannot; the loops above stand.
        pass

    def optimizer(parameters, lr, **options):
        return torch.optim.Adagrad(parameters, lr=lr, eps=delta, weight_decay=decay, **options)

    def way(columns, recurrence, all_rows):
        def loss():
            nets = F.embedding(before, words) + columns() @ w_c
            hidden = recurrences[recurrence](nets).flatten(0, 1)
            if all_rows:
                return F.cross_entropy(hidden @ w_o, ignored)
            return F.cross_entropy(hidden[kept] @ w_o, due)

        name = "sums" if columns is shifted else "conv1d"
        name += f", {recurrence}, " + ("all rows" if all_rows else "rows with words")
        return Way(name, parameters, loss, loss, torch.Tensor.item, optimizer=optimizer)

    for columns in (shifted, grouped):
        for recurrence in recurrences:
            for all_rows in (False, True):
                yield way(columns, recurrence, all_rows)


def scripted_units(nets: torch.Tensor, h: torch.Tensor, w_h: torch.Tensor) -> torch.Tensor:
    """The loop below in the part of Python that TorchScript compiles."""
    units = h.size(1)
    gates, candidate = w_h[:, : 2 * units].contiguous(), w_h[:, 2 * units :].contiguous()
    states: list[torch.Tensor] = []
    for t in range(nets.size(0)):
        net = nets[t]
        open_ = torch.addmm(net[:, : 2 * units], h, gates).sigmoid()
        reset, update = open_[:, :units], open_[:, units:]
        new = torch.addmm(net[:, 2 * units :], reset * h, candidate).tanh()
        h = torch.lerp(new, h, update)
        states.append(h)
    return torch.stack(states)


def pooled(pieces):
    """Maxout of two pieces as a pool."""
    return F.max_pool1d(pieces, 2)


def larger(pieces):
    """Maxout of two pieces as the larger of each two."""
    return torch.maximum(pieces[..., 0::2], pieces[..., 1::2])


def encdec(request, tensors):
    """The encoder and the decoder of Cho and others (2014) on sentences of one length, with Adam. Its unit
    resets the state before the matrix, so nn.GRU is another one."""
    units, pairs = request["sizes"]["units"], request["sizes"]["pairs"]
    names = ["encoder.sources", "encoder.w_x", "encoder.w_h", "encoder.summary.w", "decoder.words"]
    names += ["decoder.start.w", "decoder.word_nets.w", "decoder.summary_nets.w", "decoder.w_h"]
    names += [f"decoder.{of}_pieces.w" for of in ("state", "word", "summary")] + ["decoder.output"]
    parameters = [tensors[name].clone().requires_grad_() for name in names]
    sources, w_x, w_h, w_s, words, w_start, w_word, w_c, u, q_h, q_w, q_c, w_o = parameters
    source, before = tensors["source"].T.contiguous(), tensors["before"].T.contiguous()
    due = tensors["due"].T.flatten()

    def loop(nets, h, w_h):
        gates, candidate = w_h.split([2 * units, units], dim=1)
        states = []
        for net in nets.unbind():
            net_gates, net_new = net.split([2 * units, units], dim=1)
            reset, update = torch.addmm(net_gates, h, gates).sigmoid().chunk(2, dim=1)
            new = torch.addmm(net_new, reset * h, candidate).tanh()
            h = torch.lerp(new, h, update)
            states.append(h)
        return torch.stack(states)

    recurrences = {"loop": loop}
    try:
        recurrences["scripted loop"] = torch.jit.script(scripted_units)
    except Exception:  # noqa: BLE001  A version that cannot; the loop above stands.
        pass

    def way(recurrence, maxout):
        run = recurrences[recurrence]

        def loss():
            start = torch.zeros(pairs, units)
            last = run(F.embedding(source, sources) @ w_x, start, w_h)[-1]
            c = (last @ w_s).tanh()
            x = F.embedding(before, words)
            states = run(x @ w_word + c @ w_c, (c @ w_start).tanh(), u)
            y = maxout(states @ q_h + x @ q_w + c @ q_c).flatten(0, 1)
            return F.cross_entropy(y @ w_o, due, reduction="sum") / pairs

        name = f"{recurrence}, maxout by {'max_pool1d' if maxout is pooled else 'maximum'}"
        return Way(name, parameters, loss, loss, torch.Tensor.item, optimizer=torch.optim.Adam)

    for recurrence in recurrences:
        for maxout in (pooled, larger):
            yield way(recurrence, maxout)


def seq2seq(request, tensors):
    """Both stacks of Sutskever, Vinyals and Le (2014) as two nn.LSTM on sentences of one length; the
    source is given as it is read."""
    sizes = request["sizes"]
    units, layers, pairs = sizes["units"], sizes["layers"], sizes["pairs"]

    def stack(name, batch_first):
        module = nn.LSTM(units, units, layers, batch_first=batch_first)
        trained = []
        for layer in range(layers):
            own = f"{name}.first" if layer == 0 else f"{name}.further.{layer - 1}"
            for part, of in (("weight_ih", "w_x"), ("weight_hh", "w_h"), ("bias_ih", "bias")):
                parameter = getattr(module, f"{part}_l{layer}")
                value = tensors[f"{own}.{of}"]
                with torch.no_grad():
                    parameter.copy_(value.T if value.dim() == 2 else value)
                trained.append(parameter)
            # One bias, as in the book: the second stays at zero and is not trained.
            second = getattr(module, f"bias_hh_l{layer}")
            with torch.no_grad():
                second.zero_()
            second.requires_grad_(False)
        return module, trained

    def way(batch_first, onednn):
        names = ["sources", "words", "output.w", "output.bias"]
        rest = [tensors[name].clone().requires_grad_() for name in names]
        sources, words, w_o, b_o = rest
        encoder, of_encoder = stack("encoder", batch_first)
        decoder, of_decoder = stack("decoder", batch_first)
        source, before, due = (
            tensors[name] if batch_first else tensors[name].T.contiguous()
            for name in ("source", "before", "due")
        )
        due = due.flatten()

        def loss():
            _, state = encoder(F.embedding(source, sources))
            hidden, _ = decoder(F.embedding(before, words), state)
            scores = torch.addmm(b_o, hidden.flatten(0, 1), w_o)
            return F.cross_entropy(scores, due, reduction="sum") / pairs

        first = "batch first" if batch_first else "time first"
        name = f"two LSTM {first}" + ("" if onednn else " without oneDNN")
        parameters = [*rest, *of_encoder, *of_decoder]
        return Way(name, parameters, loss, loss, torch.Tensor.item, onednn)

    for batch_first in (True, False):
        for onednn in (True, False):
            yield way(batch_first, onednn)


def read_one_way(nets: torch.Tensor, w_h: torch.Tensor) -> torch.Tensor:
    """The states of one direction, time first. The update gate is the share of the candidate."""
    units = w_h.size(0)
    gates, candidate = w_h.split([2 * units, units], dim=1)
    h = torch.zeros([nets.size(1), units])
    states: list[torch.Tensor] = []
    for net in nets.unbind(0):
        net_gates, net_new = net.split([2 * units, units], dim=1)
        reset, update = torch.addmm(net_gates, h, gates).sigmoid().chunk(2, dim=1)
        new = torch.addmm(net_new, reset * h, candidate).tanh()
        h = torch.lerp(h, new, update)
        states.append(h)
    return torch.stack(states)


def read_both_ways(nets: torch.Tensor, w_h: torch.Tensor) -> torch.Tensor:
    """The same of both directions in one loop: they are the second dimension of the net inputs and of
    the states, and the first of the weights."""
    units = w_h.size(1)
    gates, candidate = w_h.split([2 * units, units], dim=2)
    h = torch.zeros([2, nets.size(2), units])
    states: list[torch.Tensor] = []
    for net in nets.unbind(0):
        net_gates, net_new = net.split([2 * units, units], dim=2)
        reset, update = torch.baddbmm(net_gates, h, gates).sigmoid().chunk(2, dim=2)
        new = torch.baddbmm(net_new, reset * h, candidate).tanh()
        h = torch.lerp(h, new, update)
        states.append(h)
    return torch.stack(states)


def attend(
    nets: torch.Tensor,
    h: torch.Tensor,
    annotations: torch.Tensor,
    keys: torch.Tensor,
    w_q: torch.Tensor,
    v: torch.Tensor,
    w_c: torch.Tensor,
    w_h: torch.Tensor,
) -> torch.Tensor:
    """The state before each step beside its context, time first; annotations and keys are batch
    first."""
    units = w_h.size(0)
    gates, candidate = w_h.split([2 * units, units], dim=1)
    glimpses: list[torch.Tensor] = []
    for net in nets.unbind(0):
        scores = (keys + (h @ w_q).unsqueeze(1)).tanh() @ v
        context = torch.bmm(scores.softmax(1).unsqueeze(1), annotations).squeeze(1)
        glimpses.append(torch.cat([h, context], dim=1))
        net_gates, net_new = torch.addmm(net, context, w_c).split([2 * units, units], dim=1)
        reset, update = torch.addmm(net_gates, h, gates).sigmoid().chunk(2, dim=1)
        new = torch.addmm(net_new, reset * h, candidate).tanh()
        h = torch.lerp(h, new, update)
    return torch.stack(glimpses)


def attention(request, tensors):
    """The bidirectional encoder and the decoder with attention of Bahdanau, Cho and Bengio (2015) on
    sentences of one length, with Adam. Their unit resets the state before the matrix, so nn.GRU is
    another one."""
    pairs = request["sizes"]["pairs"]
    names = ["encoder.sources", "encoder.start.w", "decoder.words", "decoder.word_nets.w"]
    names += [f"encoder.{way}.{of}" for way in ("forward", "backward") for of in ("w_x", "w_h", "bias")]
    names += [f"decoder.{of}" for of in ("keys.w", "query", "score", "context_nets")]
    names += ["decoder.layer.w_h", "decoder.layer.bias"]
    names += ["decoder.glimpse_pieces.w", "decoder.word_pieces.w", "decoder.output"]
    parameters = [tensors[name].clone().requires_grad_() for name in names]
    sources, w_start, words, w_word, *rest = parameters
    forward, backward, rest = rest[:3], rest[3:6], rest[6:]
    u_a, w_q, v, w_c, w_h, bias, q_g, q_w, w_o = rest
    source, before = tensors["source"].T.contiguous(), tensors["before"].T.contiguous()
    due = tensors["due"].T.flatten()

    def nets_of(vectors):
        (w_f, _, b_f), (w_b, _, b_b) = forward, backward
        return F.linear(vectors, w_f.T, b_f), F.linear(vectors, w_b.T, b_b).flip(0)

    def apart(loops, vectors):
        onward, returning = nets_of(vectors)
        return loops[0](onward, forward[1]), loops[0](returning, backward[1])

    def together(loops, vectors):
        nets = torch.stack(nets_of(vectors), dim=1)
        return loops[1](nets, torch.stack([forward[1], backward[1]])).unbind(1)

    recurrences = {"loop": (read_one_way, read_both_ways, attend)}
    try:
        scripted = tuple(torch.jit.script(loop) for loop in recurrences["loop"])
        recurrences["scripted loop"] = scripted
    except Exception:  # noqa: BLE001  A version that cannot; the loops above stand.
        pass

    def way(recurrence, read, maxout):
        loops = recurrences[recurrence]

        def loss():
            onward, returning = read(loops, F.embedding(source, sources))
            start = (returning[-1] @ w_start).tanh()
            annotations = torch.cat([onward, returning.flip(0)], dim=2).transpose(0, 1).contiguous()
            x = F.embedding(before, words)
            nets = F.linear(x, w_word.T, bias)
            glimpses = loops[2](nets, start, annotations, annotations @ u_a, w_q, v, w_c, w_h)
            y = maxout(glimpses @ q_g + x @ q_w).flatten(0, 1)
            return F.cross_entropy(y @ w_o, due, reduction="sum") / pairs

        name = f"{recurrence}, directions {read.__name__}"
        name += f", maxout by {'max_pool1d' if maxout is pooled else 'maximum'}"
        return Way(name, parameters, loss, loss, torch.Tensor.item, optimizer=torch.optim.Adam)

    for recurrence in recurrences:
        for read in (apart, together):
            for maxout in (pooled, larger):
                yield way(recurrence, read, maxout)


KINDS = {
    "projection": projection,
    "embedding": embedding,
    "linear": linear,
    "convolutions": convolutions,
    "gated": gated,
    "rctm2": rctm2,
    "encdec": encdec,
    "seq2seq": seq2seq,
    "attention": attention,
    "rnn": recurrent,
    "lstm": recurrent,
    "gru": recurrent,
    "elman": elman,
    "cell1997": cell1997,
}


class Row:
    """The row prepared last."""

    def __init__(self, request):
        torch.set_num_threads(request["threads"])
        torch.manual_seed(1)
        self.seconds = request["seconds"]
        rate, clip = request["rate"], request["clip"]
        ways = list(KINDS[request["kind"]](request, read(request)))
        # All ways must agree, so that whichever is the fastest has been looked at.
        first = [self.first(way, 1, rate, clip) for way in ways]
        for way, other in zip(ways, first):
            if not same(first[0], other):
                raise ValueError(f"{way.name} and {ways[0].name} do not agree")
        times = [self.time(way, way.trained("one by one", rate, clip)) for way in ways]
        self.way = ways[times.index(min(times))]
        times = [self.time(way, lambda way=way: infer(way)) for way in ways]
        self.quickest = ways[times.index(min(times))]
        # Updates differ in nothing else, so they are timed alone, by one and the same gradient.
        self.way.loss().backward()
        updates = {name: self.way.updated(name, rate, clip) for name in self.way.updates()}
        times = {name: self.time(self.way, apply) for name, apply in updates.items()}
        update = min(times, key=times.get)
        self.step = self.way.trained(update, rate, clip)
        self.answer = self.first(self.way, request["steps"], rate, clip)
        self.answer["way"] = f"{self.way.name}, update {update}"
        if self.quickest is not self.way:
            self.answer["way"] += f"; inference {self.quickest.name}"

    def first(self, way, steps, rate, clip):
        """The inference and the first steps, from the initial weights."""
        with torch.backends.mkldnn.flags(enabled=way.onednn):
            way.restart()
            inferred = way.measure(infer(way))
            way.restart()
            step, outcomes = way.trained("one by one", rate, clip), []
            for _ in range(steps):
                loss, norm = step()
                norm = None if norm is None else norm.item()
                outcomes.append({"loss": loss.item(), "norm": norm})
        return {"outcomes": outcomes, "inferred": inferred}

    def time(self, way, action):
        with torch.backends.mkldnn.flags(enabled=way.onednn):
            way.restart()
            return best(action, self.seconds)

    def run(self, way, action, count):
        gc.collect()
        gc.disable()
        try:
            with torch.backends.mkldnn.flags(enabled=way.onednn):
                way.restart()
                return {"seconds": clock(action, count)}
        finally:
            gc.enable()

    def train(self, count):
        return self.run(self.way, self.step, count)

    def infer(self, count):
        return self.run(self.quickest, lambda: infer(self.quickest), count)


def infer(way):
    with torch.inference_mode():
        return way.outputs()


def same(a, b):
    def numbers(one):
        yield one["inferred"]
        for outcome in one["outcomes"]:
            yield outcome["loss"]
            if outcome["norm"] is not None:
                yield outcome["norm"]

    return all(math.isclose(x, y, rel_tol=1e-4) for x, y in zip(numbers(a), numbers(b)))


def product():
    """The best rate of a 768×768 matrix product on one core."""
    torch.set_num_threads(1)
    side = 768
    a, b, out = (torch.rand(side, side) for _ in range(3))
    return {"rate": 2 * side**3 / best(lambda: torch.mm(a, b, out=out), 0.5)}


def main():
    python = ".".join(str(part) for part in sys.version_info[:3])
    version = torch.__version__.split("+")[0]
    say({"library": "PyTorch", "version": version, "python": python, "note": NOTE})
    row = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "prepare":
                row = Row(request)
                answer = row.answer
            elif request["do"] == "product":
                answer = product()
            else:
                answer = getattr(row, request["do"])(request["count"])
        except Exception as error:  # noqa: BLE001  Whatever it is, the command has to hear of it.
            first = str(error).strip().splitlines()
            answer = {"error": f"{type(error).__name__}: {first[0] if first else ''}"}
        say(answer)


if __name__ == "__main__":
    main()
