// SPDX-License-Identifier: MIT OR Apache-2.0
//! A stack of recurrent layers with gated feedback (Chung, Gulcehre, Cho & Bengio 2015): each layer reads,
//! from the step before, the states of all layers, the candidate through one gate for each of them.
//!
//! Layer ℓ is given, at step t, the symbol x_t, the state h^(ℓ−1)_t of the layer below it, and the states
//! of all L layers before the step, h*_{t−1}. The columns of its net inputs are a block:
//!
//! - its unit gates: input, forget and output gate of an LSTM, reset and update gate of a GRU, which read
//!   all of these;
//! - of [`Connection::Gated`], L feedback gates, which do too: a number for each layer;
//! - the candidate, which reads h*_{t−1} with the state of each layer times its feedback gate.
//!
//! A GRU's reset gate stands after the matrix. Inputs are symbols, so x W_x is a row of W_x: those of all
//! layers are summed with the biases once, and copied at each step. What is multiplied at a step is
//! multiplied for all sequences of a chunk: with h*_{t−1}, by all gates of a layer at once; with the state
//! of the layer below, by the block; with the gated states, by the candidate. The gradients of the
//! weights are products over all steps, after the way back.
use crate::batch::{each, each_piece, Batch, Chunk, Layout};
use crate::path::{run_on, Arithmetic, Instructions, Work};
use crate::product::{Left, Packed, Product};
use crate::sequence::{check, room, zeros, State};
use crate::Real;

/// Sums that run side by side.
const LANES: usize = 16;

/// The unit of all layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// h = tanh(net).
    Tanh,
    /// Unit gates r and z; n = tanh(m + r ⊙ s) and h_t = (1 − z) ⊙ h_{t−1} + z ⊙ n, where s is what the
    /// candidate has from the step before and m all else.
    Gru,
    /// Unit gates i, f and o; c_t = f ⊙ c_{t−1} + i ⊙ tanh(m + s) and h_t = o ⊙ tanh c_t.
    Lstm,
}

impl Unit {
    /// How many gates a unit has.
    pub const fn gates(self) -> usize {
        match self {
            Unit::Tanh => 0,
            Unit::Gru => 2,
            Unit::Lstm => 3,
        }
    }

    /// Whether there is an inner state beside the output.
    pub const fn cells(self) -> bool {
        matches!(self, Unit::Lstm)
    }
}

/// What a layer reads of the step before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Its own state: layers that are only stacked.
    Own,
    /// The states of all layers, without gates.
    All,
    /// The states of all layers; the candidate reads each through a gate.
    Gated(Squash),
}

impl Connection {
    /// Whether there are feedback gates.
    pub const fn is_gated(self) -> bool {
        matches!(self, Connection::Gated(_))
    }
}

/// What a feedback gate makes of its net input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Squash {
    /// 1 / (1 + exp(−net)).
    Logistic,
    /// The net input itself.
    Linear,
}

/// Sizes, kinds and the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Symbols that may come in, V; at least one.
    pub symbols: usize,
    /// Layers, L; at least one.
    pub layers: usize,
    /// Units of each layer, H; at least one.
    pub units: usize,
    /// The unit.
    pub unit: Unit,
    /// What a layer reads of the step before.
    pub connection: Connection,
    /// Whether the symbol feeds all layers, and not the first alone.
    pub skip: bool,
    /// Which instructions.
    pub path: Instructions,
}

impl Sizes {
    /// Units of all layers, L·H.
    pub const fn stack(self) -> usize {
        self.layers * self.units
    }

    /// Values of the step before that a layer reads: L·H, or H.
    pub const fn past(self) -> usize {
        match self.connection {
            Connection::Own => self.units,
            Connection::All | Connection::Gated(_) => self.stack(),
        }
    }

    /// Unit gates and feedback gates of a layer.
    pub const fn gates(self) -> usize {
        let own = self.unit.gates() * self.units;
        match self.connection.is_gated() {
            true => own + self.layers,
            false => own,
        }
    }

    /// Columns of a layer: its gates and its candidate.
    pub const fn columns(self) -> usize {
        self.gates() + self.units
    }

    /// Whether layer `l`, counted from 0, is given the symbol.
    pub const fn is_fed(self, l: usize) -> bool {
        l == 0 || self.skip
    }

    /// Where what layer `l` reads of the step before begins in the states of all layers.
    const fn past_of(self, l: usize) -> usize {
        match self.connection {
            Connection::Own => l * self.units,
            Connection::All | Connection::Gated(_) => 0,
        }
    }

    /// Columns of all layers.
    const fn wide(self) -> usize {
        self.layers * self.columns()
    }
}

/// Weights of a layer, or their gradients.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weights<S> {
    /// W_x, V×columns; empty where the symbol does not feed the layer.
    pub input: S,
    /// From the state of the layer below, H×columns; empty of the first.
    pub below: S,
    /// From the states before the step to the gates, past×gates.
    pub gates: S,
    /// From these states, through the feedback gates, to the candidate, past×H.
    pub candidate: S,
    /// b, columns.
    pub bias: S,
}

/// What comes out; rows beyond a sequence's end are zeros.
#[derive(Debug, Clone, Copy)]
pub struct Outputs<S> {
    /// The states of all layers side by side, (B, T, L·H).
    pub states: S,
    /// The feedback gates, (B, T, L·L), those into the first layer first; where there are such gates, and
    /// where they are wanted, else empty.
    pub gates: S,
}

/// Weights, packed for the products.
#[derive(Debug, Clone, Default)]
pub struct Prepared<F> {
    sizes: Option<Sizes>,
    training: bool,
    /// x W_x + b of each symbol, all layers side by side.
    table: Vec<F>,
    layers: Vec<PreparedLayer<F>>,
}

#[derive(Debug, Clone, Default)]
struct PreparedLayer<F> {
    below: Packed<F>,
    below_back: Packed<F>,
    gates: Packed<F>,
    gates_back: Packed<F>,
    candidate: Packed<F>,
    candidate_back: Packed<F>,
}

impl<F: Real> Prepared<F> {
    /// Packs the weights of L layers; the buffers of what was packed before are used again. `backward`: for
    /// a way back too.
    ///
    /// # Panics
    /// When a weight has not the size that its name asks for, there are not L layers, or a size is zero.
    pub fn pack(&mut self, sizes: Sizes, weights: &[Weights<&[F]>], backward: bool) {
        (F::COMPILED.pack_feedback)(self, sizes, weights, backward);
    }

    pub(crate) fn pack_here(
        &mut self,
        sizes: Sizes,
        weights: &[Weights<&[F]>],
        backward: bool,
    ) {
        let (v, h, p) = (sizes.symbols, sizes.units, sizes.past());
        let (a, q, wide) = (sizes.gates(), sizes.columns(), sizes.wide());
        assert!(v > 0, "no symbols");
        assert!(h > 0, "layers of no units");
        assert!(sizes.layers > 0, "no layers");
        check("the layers", weights.len(), sizes.layers);
        self.layers
            .resize_with(sizes.layers, PreparedLayer::default);
        room(&mut self.table, v * wide);
        for (l, (weights, layer)) in weights.iter().zip(&mut self.layers).enumerate() {
            let fed = if sizes.is_fed(l) { v * q } else { 0 };
            let below = if l > 0 { h * q } else { 0 };
            check("the weights of the symbols", weights.input.len(), fed);
            check("the weights from below", weights.below.len(), below);
            check("the weights of the gates", weights.gates.len(), p * a);
            check(
                "the weights of the candidate",
                weights.candidate.len(),
                p * h,
            );
            check("the biases", weights.bias.len(), q);
            for (symbol, row) in self.table.chunks_exact_mut(wide).enumerate() {
                let row = &mut row[l * q..][..q];
                row.copy_from_slice(weights.bias);
                if fed > 0 {
                    add(row, &weights.input[symbol * q..]);
                }
            }
            if l > 0 {
                layer.below.pack(weights.below, h, q, q, 1);
            }
            layer.gates.pack(weights.gates, p, a, a, 1);
            layer.candidate.pack(weights.candidate, p, h, h, 1);
            if backward {
                if l > 0 {
                    layer.below_back.pack(weights.below, q, h, 1, q);
                }
                layer.gates_back.pack(weights.gates, a, p, 1, a);
                layer.candidate_back.pack(weights.candidate, h, p, 1, h);
            }
        }
        self.sizes = Some(sizes);
        self.training = backward;
    }
}

/// What the way forward leaves for the way back, and the buffers of both.
#[derive(Debug, Clone, Default)]
pub struct Trace<F> {
    sizes: Option<Sizes>,
    layout: Layout,
    parts: Vec<Part<F>>,
    lengths: Vec<usize>,
    steps: usize,
    symbols: Vec<usize>,
    /// L·L gates, of which those that are some number are held at it.
    held: Vec<Option<F>>,
    /// For each piece of a weight gradient.
    scratches: Vec<Vec<F>>,
    large: bool,
}

/// A chunk of sequences. For each step there is a row for each sequence that is not over; what is wide
/// has all layers side by side.
#[derive(Debug, Clone, Default)]
struct Part<F> {
    start: State<Vec<F>>,
    /// h and c, L·H wide.
    states: Vec<F>,
    cells: Vec<F>,
    /// tanh c of an LSTM, or s of a GRU, which the way back turns into its error; L·H wide.
    kept: Vec<F>,
    /// Blocks of net inputs; then what is made of them; on the way back their errors.
    nets: Vec<F>,
    /// The states before a step times the gates into a layer, L·H wide, layer by layer.
    gated: Vec<Vec<F>>,
    /// h of the step before, L·H wide; only on the way back.
    before: Vec<F>,
    /// Errors of the states, a row for each sequence; those of the step before, as they come together;
    /// those of gated states.
    error: State<Vec<F>>,
    next: Vec<F>,
    through: Vec<F>,
    /// Of each layer the errors as right sides of products: the block, its gates, and s.
    blocks: Vec<Packed<F>>,
    gates: Vec<Packed<F>>,
    sums: Vec<Packed<F>>,
    /// The gradients of the biases, of this chunk alone.
    d_bias: Vec<F>,
    scratch: Vec<F>,
}

/// Adds the first values of a slice to another.
#[inline(always)]
fn add<F: Real>(to: &mut [F], from: &[F]) {
    for (to, &d) in to.iter_mut().zip(from) {
        *to += d;
    }
}

/// Σ d ⊙ x.
#[inline(always)]
fn dot<F: Real, A: Arithmetic>(d: &[F], x: &[F]) -> F {
    let mut sums = [F::ZERO; LANES];
    let (d, x) = (d.as_chunks::<LANES>(), x.as_chunks::<LANES>());
    for (d, x) in d.0.iter().zip(x.0) {
        for ((sum, &d), &x) in sums.iter_mut().zip(d).zip(x) {
            *sum = A::multiply_add(d, x, *sum);
        }
    }
    for ((sum, &d), &x) in sums.iter_mut().zip(d.1).zip(x.1) {
        *sum = A::multiply_add(d, x, *sum);
    }
    sums.into_iter().fold(F::ZERO, |all, sum| all + sum)
}

/// Rows of a B×width array, in the order of a chunk.
fn collect<F: Real>(chunk: &Chunk, from: &[F], width: usize, to: &mut Vec<F>) {
    to.clear();
    for &b in &chunk.order {
        to.extend_from_slice(&from[b * width..][..width]);
    }
}

/// Of one step and layer: the gates from their net inputs, and the states before the step times the gates
/// into the layer.
struct Open<'a, F> {
    sizes: Sizes,
    layer: usize,
    held: &'a [Option<F>],
    nets: &'a mut [F],
    before: &'a [F],
    gated: &'a mut [F],
}

impl<F: Real> Work for Open<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (h, stack) = (self.sizes.units, self.sizes.stack());
        let (first, own) = (
            self.layer * self.sizes.columns(),
            self.sizes.unit.gates() * h,
        );
        let rows = self.nets.chunks_exact_mut(self.sizes.wide()).enumerate();
        for (r, nets) in rows {
            let gates = &mut nets[first..][..self.sizes.gates()];
            let (unit, feedback) = gates.split_at_mut(own);
            for gate in unit {
                *gate = gate.logistic_in::<A>();
            }
            let Connection::Gated(squash) = self.sizes.connection else {
                continue;
            };
            let held = &self.held[self.layer * self.sizes.layers..];
            for (gate, &held) in feedback.iter_mut().zip(held) {
                *gate = match (held, squash) {
                    (Some(value), _) => value,
                    (None, Squash::Logistic) => gate.logistic_in::<A>(),
                    (None, Squash::Linear) => *gate,
                };
            }
            let before = self.before[r * stack..][..stack].chunks_exact(h);
            let gated = self.gated[r * stack..][..stack].chunks_exact_mut(h);
            for ((gated, before), &gate) in gated.zip(before).zip(&*feedback) {
                for (to, &state) in gated.iter_mut().zip(before) {
                    *to = gate * state;
                }
            }
        }
    }
}

/// Of one step and layer: the states from gates and candidates.
struct Step<'a, F> {
    sizes: Sizes,
    layer: usize,
    nets: &'a mut [F],
    before: &'a [F],
    cells_before: &'a [F],
    states: &'a mut [F],
    cells: &'a mut [F],
    kept: &'a mut [F],
}

impl<F: Real> Work for Step<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (h, stack) = (self.sizes.units, self.sizes.stack());
        let (first, gates) = (self.layer * self.sizes.columns(), self.sizes.gates());
        let rows = self.nets.chunks_exact_mut(self.sizes.wide()).enumerate();
        for (r, nets) in rows {
            let at = r * stack + self.layer * h;
            let state = &mut self.states[at..][..h];
            let (unit, rest) = nets[first..].split_at_mut(gates);
            let candidate = &mut rest[..h];
            match self.sizes.unit {
                Unit::Tanh => {
                    for (h, &net) in state.iter_mut().zip(&*candidate) {
                        *h = net.hyperbolic_tangent_in::<A>();
                    }
                }
                Unit::Gru => {
                    let (before, sum) = (&self.before[at..][..h], &self.kept[at..][..h]);
                    gru::<F, A>(unit, candidate, before, sum, state);
                }
                Unit::Lstm => {
                    let (cell, flat) = (&mut self.cells[at..][..h], &mut self.kept[at..][..h]);
                    let before = &self.cells_before[at..][..h];
                    lstm::<F, A>(unit, candidate, before, (cell, flat), state);
                }
            }
        }
    }
}

/// A row of a GRU: the candidate takes the place of its net input.
#[inline(always)]
fn gru<F: Real, A: Arithmetic>(
    gates: &[F],
    candidate: &mut [F],
    before: &[F],
    sum: &[F],
    state: &mut [F],
) {
    let h = state.len();
    let (r, z) = (&gates[..h], &gates[h..2 * h]);
    let (before, sum, candidate) = (&before[..h], &sum[..h], &mut candidate[..h]);
    for j in 0..h {
        candidate[j] = A::multiply_add(r[j], sum[j], candidate[j]);
    }
    for j in 0..h {
        let new = candidate[j].hyperbolic_tangent_in::<A>();
        candidate[j] = new;
        state[j] = A::multiply_add(z[j], new - before[j], before[j]);
    }
}

/// A row of an LSTM: the candidate takes the place of its net input; out come c and tanh c.
#[inline(always)]
fn lstm<F: Real, A: Arithmetic>(
    gates: &[F],
    candidate: &mut [F],
    before: &[F],
    (cell, flat): (&mut [F], &mut [F]),
    state: &mut [F],
) {
    let h = state.len();
    let (i, f, o) = (&gates[..h], &gates[h..2 * h], &gates[2 * h..3 * h]);
    let (before, candidate) = (&before[..h], &mut candidate[..h]);
    let (cell, flat) = (&mut cell[..h], &mut flat[..h]);
    for j in 0..h {
        let new = candidate[j].hyperbolic_tangent_in::<A>();
        candidate[j] = new;
        cell[j] = A::multiply_add(f[j], before[j], i[j] * new);
    }
    for j in 0..h {
        flat[j] = cell[j].hyperbolic_tangent_in::<A>();
        state[j] = o[j] * flat[j];
    }
}

/// A chunk, forward.
struct Forward<'a, F> {
    sizes: Sizes,
    weights: &'a Prepared<F>,
    symbols: &'a [usize],
    held: &'a [Option<F>],
    start: State<&'a [F]>,
    chunk: &'a Chunk,
    part: &'a mut Part<F>,
}

impl<F: Real> Forward<'_, F> {
    fn run(self) {
        let Forward {
            sizes,
            weights,
            symbols,
            held,
            start,
            chunk,
            part,
        } = self;
        let (h, stack, wide) = (sizes.units, sizes.stack(), sizes.wide());
        let (q, path, unit) = (sizes.columns(), sizes.path, sizes.unit);
        let all = chunk.rows();
        collect(chunk, start.output, stack, &mut part.start.output);
        room(&mut part.states, all * stack);
        room(&mut part.nets, all * wide);
        let inner = if unit.cells() { stack } else { 0 };
        if unit.cells() {
            collect(chunk, start.cell, stack, &mut part.start.cell);
        }
        room(&mut part.cells, all * inner);
        let kept = if unit == Unit::Tanh { 0 } else { stack };
        match unit {
            Unit::Gru => zeros(&mut part.kept, all * kept),
            Unit::Tanh | Unit::Lstm => room(&mut part.kept, all * kept),
        }
        let gated = sizes.connection.is_gated();
        part.gated.resize_with(sizes.layers, Vec::new);
        for rows in &mut part.gated {
            room(rows, if gated { all * stack } else { 0 });
        }
        for t in 0..chunk.steps() {
            let (first, n) = chunk.step(t);
            let span = |width: usize| first * width..(first + n) * width;
            let (past, states) = part.states.split_at_mut(first * stack);
            let (past_cells, cells) = part.cells.split_at_mut(first * inner);
            let (before, cells_before) = match t {
                0 => (&part.start.output[..], &part.start.cell[..]),
                _ => {
                    let row = chunk.row(t - 1, 0);
                    (&past[row * stack..], &past_cells[row * inner..])
                }
            };
            let before = &before[..n * stack];
            let nets = &mut part.nets[span(wide)];
            let places = &chunk.places[first..first + n];
            for (nets, &place) in nets.chunks_exact_mut(wide).zip(places) {
                let row = symbols[place] * wide;
                nets.copy_from_slice(&weights.table[row..][..wide]);
            }
            for (l, layer) in weights.layers.iter().enumerate() {
                let scratch = &mut part.scratch;
                // A layer's own part of what came before, or all of it.
                let own = &before[sizes.past_of(l)..];
                multiply(
                    path,
                    (own, stack),
                    &layer.gates,
                    (&mut nets[l * q..], wide),
                    n,
                    scratch,
                );
                if l > 0 {
                    let below = (&states[(l - 1) * h..], stack);
                    let to = (&mut nets[l * q..], wide);
                    multiply(path, below, &layer.below, to, n, scratch);
                }
                let rows = &mut part.gated[l];
                let rows = if gated {
                    &mut rows[span(stack)]
                } else {
                    &mut []
                };
                let open = Open {
                    sizes,
                    layer: l,
                    held,
                    nets,
                    before,
                    gated: rows,
                };
                run_on(path, open);
                let left = if gated {
                    &part.gated[l][span(stack)]
                } else {
                    own
                };
                let kept = &mut part.kept[span(kept)];
                let to = match unit {
                    Unit::Gru => (&mut kept[l * h..], stack),
                    Unit::Tanh | Unit::Lstm => (&mut nets[l * q + sizes.gates()..], wide),
                };
                multiply(path, (left, stack), &layer.candidate, to, n, scratch);
                let step = Step {
                    sizes,
                    layer: l,
                    nets,
                    before,
                    cells_before,
                    states: &mut states[..n * stack],
                    cells: &mut cells[..n * inner],
                    kept,
                };
                run_on(path, step);
            }
        }
    }
}

/// to += left · right for so many rows, each side with its stride.
fn multiply<F: Real>(
    path: Instructions,
    (values, row): (&[F], usize),
    right: &Packed<F>,
    (to, stride): (&mut [F], usize),
    rows: usize,
    scratch: &mut Vec<F>,
) {
    let left = Left {
        values,
        row,
        step: 1,
    };
    let product = Product {
        left,
        right,
        to,
        stride,
        rows,
        skip: 0,
        scratch,
    };
    product.add(path);
}

/// Runs a batch of symbols, (B, T), from `start`, whose rows have all layers side by side, (B, L·H) each.
/// `end` gets the states after each sequence's last step, or the start where it has none. `held` has L·L
/// gates, those into the first layer first: where there is a number it takes the gate's place, and the
/// gate's weights get no gradient; an empty one holds none. Symbols beyond an end are not read. A batch
/// that is read from the ends is not asked for here.
///
/// # Panics
/// When a slice has not the size that its name asks for, a symbol is not below V, a sequence is longer
/// than T, gates are held where there are none, or the weights were packed for other sizes.
#[allow(clippy::too_many_arguments)]
pub fn forward<F: Real>(
    sizes: Sizes,
    weights: &Prepared<F>,
    batch: Batch,
    symbols: &[usize],
    held: &[Option<F>],
    start: State<&[F]>,
    outputs: Outputs<&mut [F]>,
    end: State<&mut [F]>,
    trace: &mut Trace<F>,
) {
    (F::COMPILED.feedback)(
        sizes, weights, batch, symbols, held, start, outputs, end, trace,
    );
}

#[allow(clippy::too_many_arguments)]
pub(crate) fn forward_here<F: Real>(
    sizes: Sizes,
    weights: &Prepared<F>,
    batch: Batch,
    symbols: &[usize],
    held: &[Option<F>],
    start: State<&[F]>,
    outputs: Outputs<&mut [F]>,
    end: State<&mut [F]>,
    trace: &mut Trace<F>,
) {
    assert!(
        weights.sizes == Some(sizes),
        "the weights were packed for other sizes"
    );
    assert!(!batch.reverse, "a batch that is read from the ends");
    let Batch { lengths, steps, .. } = batch;
    let (count, stack, pairs) = (lengths.len(), sizes.stack(), sizes.layers * sizes.layers);
    let of_cells = if sizes.unit.cells() { count * stack } else { 0 };
    let Outputs {
        states: all_states,
        gates: all_gates,
    } = outputs;
    check("the symbols", symbols.len(), count * steps);
    check("the start", start.output.len(), count * stack);
    check("the start", start.cell.len(), of_cells);
    check("the states", all_states.len(), count * steps * stack);
    check("the end", end.output.len(), count * stack);
    check("the end", end.cell.len(), of_cells);
    let gated = sizes.connection.is_gated();
    if !held.is_empty() {
        assert!(gated, "gates are held where there are none");
        check("the held gates", held.len(), pairs);
    }
    let wanted = !all_gates.is_empty();
    if wanted {
        assert!(gated, "gates are asked for where there are none");
        check("the gates", all_gates.len(), count * steps * pairs);
    }
    for (b, &length) in lengths.iter().enumerate() {
        let of_sequence = &symbols[b * steps..][..usize::min(length, steps)];
        let there = of_sequence.iter().all(|&symbol| symbol < sizes.symbols);
        assert!(there, "sequence {b} has a symbol that is not there");
    }
    trace.held.clear();
    match held.is_empty() {
        true => trace.held.resize(pairs, None),
        false => trace.held.extend_from_slice(held),
    }
    let Trace { layout, parts, .. } = trace;
    layout.cut(batch, stack, None);
    parts.resize_with(layout.chunks.len(), Part::default);
    let each_row = sizes.layers * (sizes.past() + sizes.units) * sizes.columns();
    let large = layout.rows() * each_row > 300_000;
    let held = &trace.held[..];
    each(large, parts, &|c, part| {
        let work = Forward {
            sizes,
            weights,
            symbols,
            held,
            start,
            chunk: &layout.chunks[c],
            part,
        };
        work.run();
    });
    let (layout, parts) = (&*layout, &*parts);
    let scatter =
        |width: usize, to: &mut [F], row: &(dyn Fn(usize, usize, &mut [F]) + Sync)| {
            if steps == 0 {
                return;
            }
            let mut nothing = vec![(); count];
            each_piece(large, to, steps * width, &mut nothing, &|b, to, ()| {
                let (c, r) = layout.places[b];
                for (t, to) in to.chunks_exact_mut(width).enumerate() {
                    match t < lengths[b] {
                        true => row(c, layout.chunks[c].row(t, r), to),
                        false => to.fill(F::ZERO),
                    }
                }
            });
        };
    scatter(stack, all_states, &|c, row, to| {
        to.copy_from_slice(&parts[c].states[row * stack..][..stack]);
    });
    if wanted {
        let (q, wide) = (sizes.columns(), sizes.wide());
        let own = sizes.unit.gates() * sizes.units;
        scatter(pairs, all_gates, &|c, row, to| {
            let nets = &parts[c].nets[row * wide..][..wide];
            for (to, nets) in to.chunks_exact_mut(sizes.layers).zip(nets.chunks_exact(q)) {
                to.copy_from_slice(&nets[own..][..to.len()]);
            }
        });
    }
    for (b, &(c, r)) in layout.places.iter().enumerate() {
        let last = lengths[b].checked_sub(1);
        let last = last.map(|t| layout.chunks[c].row(t, r));
        let take = |to: &mut [F], rows: &[F], start: &[F]| {
            to[b * stack..][..stack].copy_from_slice(match last {
                Some(row) => &rows[row * stack..][..stack],
                None => &start[b * stack..][..stack],
            });
        };
        take(end.output, &parts[c].states, start.output);
        if sizes.unit.cells() {
            take(end.cell, &parts[c].cells, start.cell);
        }
    }
    trace.lengths.clear();
    trace.lengths.extend_from_slice(lengths);
    trace.symbols.clear();
    trace.symbols.extend_from_slice(symbols);
    (trace.steps, trace.large) = (steps, large);
    trace.sizes = weights.training.then_some(sizes);
}

/// Of one step and layer: from the errors of the states, with what the readout asks of them, to those of
/// the unit gates, of the candidate and of s; and to what the state before has of its own.
struct StepBack<'a, F> {
    sizes: Sizes,
    layer: usize,
    places: &'a [usize],
    d_states: &'a [F],
    error: &'a [F],
    nets: &'a mut [F],
    states: &'a [F],
    before: &'a [F],
    cells_before: &'a [F],
    kept: &'a mut [F],
    d_cells: &'a mut [F],
    next: &'a mut [F],
}

impl<F: Real> Work for StepBack<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (h, stack) = (self.sizes.units, self.sizes.stack());
        let (first, gates) = (self.layer * self.sizes.columns(), self.sizes.gates());
        let rows = self.nets.chunks_exact_mut(self.sizes.wide());
        for (r, (nets, &place)) in rows.zip(self.places).enumerate() {
            let at = r * stack + self.layer * h;
            let asked = &self.d_states[place * stack + self.layer * h..][..h];
            let d = (&self.error[at..][..h], asked);
            let (unit, rest) = nets[first..].split_at_mut(gates);
            let candidate = &mut rest[..h];
            match self.sizes.unit {
                Unit::Tanh => {
                    let states = &self.states[at..][..h];
                    for j in 0..h {
                        let y = states[j];
                        candidate[j] = (d.0[j] + d.1[j]) * (F::ONE - y * y);
                    }
                }
                Unit::Gru => {
                    let (before, sum) = (&self.before[at..][..h], &mut self.kept[at..][..h]);
                    let next = &mut self.next[at..][..h];
                    gru_back(unit, candidate, before, sum, d, next);
                }
                Unit::Lstm => {
                    let (before, flat) = (&self.cells_before[at..][..h], &self.kept[at..][..h]);
                    let d_cell = &mut self.d_cells[at..][..h];
                    lstm_back::<F, A>(unit, candidate, (before, flat), d, d_cell);
                }
            }
        }
    }
}

/// A row of a GRU, back: errors take the places of gates, candidate and s.
#[inline(always)]
fn gru_back<F: Real>(
    gates: &mut [F],
    candidate: &mut [F],
    before: &[F],
    sum: &mut [F],
    (error, asked): (&[F], &[F]),
    next: &mut [F],
) {
    let h = candidate.len();
    let (r, rest) = gates.split_at_mut(h);
    let (z, before, sum) = (&mut rest[..h], &before[..h], &mut sum[..h]);
    let (error, asked, next) = (&error[..h], &asked[..h], &mut next[..h]);
    for j in 0..h {
        let d = error[j] + asked[j];
        let (new, gate) = (candidate[j], z[j]);
        next[j] += d * (F::ONE - gate);
        z[j] = d * (new - before[j]) * (gate * (F::ONE - gate));
        candidate[j] = d * gate * (F::ONE - new * new);
    }
    for j in 0..h {
        let (d, gate) = (candidate[j], r[j]);
        r[j] = d * sum[j] * (gate * (F::ONE - gate));
        sum[j] = d * gate;
    }
}

/// A row of an LSTM, back: errors take the places of gates and candidate, and that of c before the place
/// of that of c.
#[inline(always)]
fn lstm_back<F: Real, A: Arithmetic>(
    gates: &mut [F],
    candidate: &mut [F],
    (before, flat): (&[F], &[F]),
    (error, asked): (&[F], &[F]),
    d_cell: &mut [F],
) {
    let h = candidate.len();
    let (i, rest) = gates.split_at_mut(h);
    let (f, rest) = rest.split_at_mut(h);
    let (o, before, flat) = (&mut rest[..h], &before[..h], &flat[..h]);
    let (error, asked, d_cell) = (&error[..h], &asked[..h], &mut d_cell[..h]);
    for j in 0..h {
        let d = error[j] + asked[j];
        let (i_j, f_j, o_j, new, s) = (i[j], f[j], o[j], candidate[j], flat[j]);
        let d_c = A::multiply_add(d * o_j, F::ONE - s * s, d_cell[j]);
        i[j] = d_c * new * (i_j * (F::ONE - i_j));
        f[j] = d_c * before[j] * (f_j * (F::ONE - f_j));
        o[j] = d * s * (o_j * (F::ONE - o_j));
        candidate[j] = d_c * i_j * (F::ONE - new * new);
        d_cell[j] = d_c * f_j;
    }
}

/// Of one step and layer: from the errors of the gated states to those of the feedback gates, and of the
/// states before.
struct OpenBack<'a, F> {
    sizes: Sizes,
    squash: Squash,
    layer: usize,
    held: &'a [Option<F>],
    through: &'a [F],
    before: &'a [F],
    nets: &'a mut [F],
    next: &'a mut [F],
}

impl<F: Real> Work for OpenBack<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (h, stack) = (self.sizes.units, self.sizes.stack());
        let own = self.layer * self.sizes.columns() + self.sizes.unit.gates() * h;
        let held = &self.held[self.layer * self.sizes.layers..];
        let rows = self.nets.chunks_exact_mut(self.sizes.wide()).enumerate();
        for (r, nets) in rows {
            let gates = nets[own..].iter_mut().zip(held);
            let through = self.through[r * stack..][..stack].chunks_exact(h);
            let before = self.before[r * stack..][..stack].chunks_exact(h);
            let next = self.next[r * stack..][..stack].chunks_exact_mut(h);
            for (((gate, held), through), (before, next)) in
                gates.zip(through).zip(before.zip(next))
            {
                let open = *gate;
                for (to, &d) in next.iter_mut().zip(through) {
                    *to = A::multiply_add(open, d, *to);
                }
                *gate = match (held, self.squash) {
                    (Some(_), _) => F::ZERO,
                    (None, Squash::Linear) => dot::<F, A>(through, before),
                    (None, Squash::Logistic) => {
                        dot::<F, A>(through, before) * (open * (F::ONE - open))
                    }
                };
            }
        }
    }
}

/// A chunk, back.
struct Backward<'a, F> {
    sizes: Sizes,
    weights: &'a Prepared<F>,
    held: &'a [Option<F>],
    d_states: &'a [F],
    d_end: State<&'a [F]>,
    chunk: &'a Chunk,
    part: &'a mut Part<F>,
}

impl<F: Real> Backward<'_, F> {
    fn run(self) {
        let Backward {
            sizes,
            weights,
            held,
            d_states,
            d_end,
            chunk,
            part,
        } = self;
        let (h, stack, wide) = (sizes.units, sizes.stack(), sizes.wide());
        let (q, a, path, unit) = (sizes.columns(), sizes.gates(), sizes.path, sizes.unit);
        let all = chunk.rows();
        chunk.shift(&part.start.output, &part.states, stack, &mut part.before);
        collect(chunk, d_end.output, stack, &mut part.error.output);
        let inner = if unit.cells() { stack } else { 0 };
        if unit.cells() {
            collect(chunk, d_end.cell, stack, &mut part.error.cell);
        }
        let kept = if unit == Unit::Tanh { 0 } else { stack };
        for t in (0..chunk.steps()).rev() {
            let (first, n) = chunk.step(t);
            let span = |width: usize| first * width..(first + n) * width;
            let before = &part.before[span(stack)];
            let cells_before = match t {
                0 => &part.start.cell[..n * inner],
                _ => &part.cells[chunk.row(t - 1, 0) * inner..][..n * inner],
            };
            let nets = &mut part.nets[span(wide)];
            let kept = &mut part.kept[span(kept)];
            zeros(&mut part.next, n * stack);
            for (l, layer) in weights.layers.iter().enumerate().rev() {
                let scratch = &mut part.scratch;
                let step = StepBack {
                    sizes,
                    layer: l,
                    places: &chunk.places[first..first + n],
                    d_states,
                    error: &part.error.output,
                    nets,
                    states: &part.states[span(stack)],
                    before,
                    cells_before,
                    kept,
                    d_cells: &mut part.error.cell,
                    next: &mut part.next,
                };
                run_on(path, step);
                let sums = match unit {
                    Unit::Gru => (&kept[l * h..], stack),
                    Unit::Tanh | Unit::Lstm => (&nets[l * q + a..], wide),
                };
                let own = sizes.past_of(l);
                if let Connection::Gated(squash) = sizes.connection {
                    zeros(&mut part.through, n * stack);
                    let to = (&mut part.through[..], stack);
                    multiply(path, sums, &layer.candidate_back, to, n, scratch);
                    let open = OpenBack {
                        sizes,
                        squash,
                        layer: l,
                        held,
                        through: &part.through,
                        before,
                        nets,
                        next: &mut part.next,
                    };
                    run_on(path, open);
                } else {
                    let to = (&mut part.next[own..], stack);
                    multiply(path, sums, &layer.candidate_back, to, n, scratch);
                }
                let block = (&nets[l * q..], wide);
                if a > 0 {
                    let to = (&mut part.next[own..], stack);
                    multiply(path, block, &layer.gates_back, to, n, scratch);
                }
                if l > 0 {
                    let to = (&mut part.error.output[(l - 1) * h..], stack);
                    multiply(path, block, &layer.below_back, to, n, scratch);
                }
            }
            part.error.output[..n * stack].copy_from_slice(&part.next);
        }
        for packed in [&mut part.blocks, &mut part.gates, &mut part.sums] {
            packed.resize_with(sizes.layers, Packed::default);
        }
        if all > 0 {
            for l in 0..sizes.layers {
                let block = &part.nets[l * q..];
                part.blocks[l].pack(block, all, q, wide, 1);
                part.gates[l].pack(block, all, a, wide, 1);
                match unit {
                    Unit::Gru => part.sums[l].pack(&part.kept[l * h..], all, h, stack, 1),
                    Unit::Tanh | Unit::Lstm => part.sums[l].pack(&block[a..], all, h, wide, 1),
                }
            }
        }
        zeros(&mut part.d_bias, wide);
        for row in part.nets.chunks_exact(wide) {
            add(&mut part.d_bias, row);
        }
    }
}

/// The way back over the batch that went forward last with this trace, once, with these weights.
/// `d_states` is the gradient with respect to the states of all steps, (B, T, L·H), of which rows beyond a
/// sequence's end are not read, and `d_end` that with respect to the states after each sequence; the gates
/// that came out take part in none. Gradients of the L layers' weights and of the start are added to what
/// the slices hold.
///
/// # Panics
/// When a slice has not the size that its name asks for, or nothing of these sizes went forward with the
/// trace, for training, since it went back.
pub fn backward<F: Real>(
    sizes: Sizes,
    weights: &Prepared<F>,
    d_states: &[F],
    d_end: State<&[F]>,
    gradients: &mut [Weights<&mut [F]>],
    d_start: State<&mut [F]>,
    trace: &mut Trace<F>,
) {
    (F::COMPILED.backward_feedback)(sizes, weights, d_states, d_end, gradients, d_start, trace);
}

pub(crate) fn backward_here<F: Real>(
    sizes: Sizes,
    weights: &Prepared<F>,
    d_states: &[F],
    d_end: State<&[F]>,
    gradients: &mut [Weights<&mut [F]>],
    d_start: State<&mut [F]>,
    trace: &mut Trace<F>,
) {
    assert!(
        trace.sizes == Some(sizes),
        "the trace is of other sizes, or not for a way back, or went back already"
    );
    assert!(
        weights.sizes == Some(sizes) && weights.training,
        "the weights were not prepared for a way back"
    );
    let Trace {
        layout,
        parts,
        lengths,
        steps,
        symbols,
        held,
        scratches,
        large,
        ..
    } = trace;
    let (steps, large, count) = (*steps, *large, lengths.len());
    let (h, stack, p) = (sizes.units, sizes.stack(), sizes.past());
    let (a, q, wide) = (sizes.gates(), sizes.columns(), sizes.wide());
    let of_cells = if sizes.unit.cells() { count * stack } else { 0 };
    check(
        "the gradient of the states",
        d_states.len(),
        count * steps * stack,
    );
    for (is, should) in [
        (d_end.output.len(), count * stack),
        (d_end.cell.len(), of_cells),
    ] {
        check("the gradient of the end", is, should);
    }
    for (is, should) in [
        (d_start.output.len(), count * stack),
        (d_start.cell.len(), of_cells),
    ] {
        check("the gradient of the start", is, should);
    }
    check("the layers of gradients", gradients.len(), sizes.layers);
    for (l, gradients) in gradients.iter().enumerate() {
        let fed = if sizes.is_fed(l) {
            sizes.symbols * q
        } else {
            0
        };
        for (is, should) in [
            (gradients.input.len(), fed),
            (gradients.below.len(), if l > 0 { h * q } else { 0 }),
            (gradients.gates.len(), p * a),
            (gradients.candidate.len(), p * h),
            (gradients.bias.len(), q),
        ] {
            check("the gradient of a weight", is, should);
        }
    }
    let held = &held[..];
    each(large, parts, &|c, part| {
        let work = Backward {
            sizes,
            weights,
            held,
            d_states,
            d_end,
            chunk: &layout.chunks[c],
            part,
        };
        work.run();
    });
    let (layout, parts, symbols) = (&*layout, &*parts, &symbols[..]);
    // Each piece is some rows of a gradient, and sums over all chunks in their order.
    let piece = |rows: usize| match large {
        true => rows.div_ceil(8).next_multiple_of(6).clamp(24, 96),
        false => 96,
    };
    let (of_h, of_p, of_v) = (piece(h), piece(p), sizes.symbols.div_ceil(8));
    let most = [h.div_ceil(of_h), p.div_ceil(of_p), 8];
    let pieces = most.into_iter().max().unwrap_or_default();
    if scratches.len() < pieces {
        scratches.resize_with(pieces, Vec::new);
    }
    for (l, gradients) in gradients.iter_mut().enumerate() {
        let own = sizes.past_of(l);
        let mut sum = |to: &mut [F],
                       (rows, width): (usize, usize),
                       left: &(dyn Fn(&Part<F>) -> &[F] + Sync),
                       right: &(dyn Fn(&Part<F>) -> &Packed<F> + Sync)| {
            if width == 0 {
                return;
            }
            each_piece(large, to, rows * width, scratches, &|k, to, scratch| {
                for part in parts.iter().filter(|part| !part.nets.is_empty()) {
                    let left = Left {
                        values: &left(part)[k * rows..],
                        row: 1,
                        step: stack,
                    };
                    let product = Product {
                        left,
                        right: right(part),
                        rows: to.len() / width,
                        to: &mut *to,
                        stride: width,
                        skip: 0,
                        scratch,
                    };
                    product.add(sizes.path);
                }
            });
        };
        if l > 0 {
            sum(
                gradients.below,
                (of_h, q),
                &|part| &part.states[(l - 1) * h..],
                &|part| &part.blocks[l],
            );
        }
        sum(
            gradients.gates,
            (of_p, a),
            &|part| &part.before[own..],
            &|part| &part.gates[l],
        );
        match sizes.connection.is_gated() {
            true => sum(
                gradients.candidate,
                (of_p, h),
                &|part| &part.gated[l],
                &|part| &part.sums[l],
            ),
            false => sum(
                gradients.candidate,
                (of_p, h),
                &|part| &part.before[own..],
                &|part| &part.sums[l],
            ),
        }
        if sizes.is_fed(l) {
            let mut nothing = [(); 8];
            each_piece(
                large,
                gradients.input,
                of_v * q,
                &mut nothing,
                &|k, to, ()| {
                    for (part, chunk) in parts.iter().zip(&layout.chunks) {
                        let rows = part.nets.chunks_exact(wide).zip(&chunk.places);
                        for (nets, &place) in rows {
                            let row = symbols[place].wrapping_sub(k * of_v);
                            if row < to.len() / q {
                                add(&mut to[row * q..][..q], &nets[l * q..]);
                            }
                        }
                    }
                },
            );
        }
        for part in parts {
            add(gradients.bias, &part.d_bias[l * q..]);
        }
    }
    for (b, &(c, r)) in layout.places.iter().enumerate() {
        let error = &parts[c].error;
        let span = b * stack..(b + 1) * stack;
        add(
            &mut d_start.output[span.clone()],
            &error.output[r * stack..],
        );
        if sizes.unit.cells() {
            add(&mut d_start.cell[span], &error.cell[r * stack..]);
        }
    }
    trace.sizes = None;
}
