// SPDX-License-Identifier: MIT OR Apache-2.0
//! A recurrent layer over a batch of sequences: what every cell shares.
//!
//! The inputs of all steps are multiplied with W_x at once, before the recurrence; the gradients of
//! the weights are products over all steps at once, after it. Only what depends on the step before
//! is done step by step, by the [`Cell`]. All of it is compiled here, once for each cell and each type
//! of numbers: who uses it links it.
use crate::batch::{both, each, each_piece, threads, Batch, Chunk, Layout};
use crate::gru::Gru;
use crate::lstm::Lstm;
use crate::path::{run_on, Arithmetic, Instructions, Work};
use crate::product::{Left, Packed, Product};
use crate::rnn::Rnn;
use crate::Real;

/// A layer's sizes and the path it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Width of an input, I; 0 where what comes in are the net inputs x W_x themselves, so that
    /// there is no W_x.
    pub inputs: usize,
    /// Hidden units, H; at least one.
    pub units: usize,
    /// Which instructions.
    pub path: Instructions,
}

/// Weights, or gradients of them, for net = x W_x + h W_h + b with G columns, H for each group of
/// the cell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weights<S> {
    /// W_x, I×G.
    pub input: S,
    /// W_h, H×G.
    pub recurrent: S,
    /// b, G.
    pub bias: S,
    /// What only some cells have, as many values as [`Cell::peepholes`] says; else empty.
    pub peepholes: S,
}

/// A state for each of B sequences.
#[derive(Debug, Clone, Copy, Default)]
pub struct State<S> {
    /// Outputs h, B×H.
    pub output: S,
    /// Inner states c, B×H, of a cell that has them; else empty.
    pub cell: S,
}

/// What the weights are prepared for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The way forward alone.
    Inference,
    /// The way back too; `inputs`: with a gradient of the inputs.
    Training {
        /// Whether the inputs get a gradient.
        inputs: bool,
    },
}

/// The weights of a layer, packed for the products once and used for any number of batches.
#[derive(Debug, Clone, Default)]
pub struct Prepared<F> {
    pub(crate) bias: Vec<F>,
    pub(crate) peepholes: Vec<F>,
    pub(crate) input: Packed<F>,
    pub(crate) input_back: Option<Packed<F>>,
    pub(crate) forth: Recurrent<F>,
    pub(crate) back: Recurrent<F>,
    training: bool,
}

/// The recurrent matrix, or its transpose.
#[doc(hidden)]
#[derive(Debug, Clone, Default)]
pub struct Recurrent<F> {
    pub(crate) all: Packed<F>,
    /// The rest, of a cell whose columns are not multiplied at once.
    pub(crate) rest: Packed<F>,
}

impl<F: Real> Prepared<F> {
    /// Packs; the buffers of what was packed before are used again.
    ///
    /// # Panics
    /// When a weight has not the size that its name asks for.
    pub fn pack<C: Cell<F>>(
        &mut self,
        cell: C,
        layer: Layer,
        weights: Weights<&[F]>,
        purpose: Purpose,
    ) {
        (C::COMPILED.pack)(self, cell, layer, weights, purpose);
    }

    fn pack_here<C: Recurrence<F>>(
        &mut self,
        cell: C,
        layer: Layer,
        weights: Weights<&[F]>,
        purpose: Purpose,
    ) {
        let (i, h, g) = sizes::<F, C>(layer);
        check("W_x", weights.input.len(), i * g);
        check("W_h", weights.recurrent.len(), h * g);
        check("b", weights.bias.len(), g);
        check("peepholes", weights.peepholes.len(), cell.peepholes(h));
        for (to, from) in [
            (&mut self.bias, weights.bias),
            (&mut self.peepholes, weights.peepholes),
        ] {
            to.clear();
            to.extend_from_slice(from);
        }
        self.training = purpose != Purpose::Inference;
        let (training, recurrent, large) = (self.training, weights.recurrent, h * g > 50_000);
        let Prepared {
            input, forth, back, ..
        } = self;
        both(
            large,
            &mut || {
                if i > 0 {
                    input.pack(weights.input, i, g, g, 1);
                }
            },
            &mut || {
                both(
                    training && large,
                    &mut || cell.pack(h, recurrent, forth),
                    &mut || {
                        if training {
                            cell.pack_back(h, recurrent, back);
                        }
                    },
                );
            },
        );
        if i > 0 && purpose == (Purpose::Training { inputs: true }) {
            let packed = self.input_back.get_or_insert_default();
            packed.pack(weights.input, g, i, 1, g);
        } else {
            self.input_back = None;
        }
    }
}

/// What the way forward leaves for the way back, and the buffers of both.
#[derive(Debug, Clone, Default)]
pub struct Trace<F> {
    layout: Layout,
    rows: Vec<Rows<F>>,
    /// For each piece of a weight gradient.
    scratches: Vec<Vec<F>>,
    sequences: usize,
    steps: usize,
    /// Whether there is something left for the way back.
    kept: bool,
}

/// The rows of a chunk: for each step, one for each sequence that is not over.
#[doc(hidden)]
#[derive(Debug, Clone, Default)]
pub struct Rows<F> {
    /// x, I wide.
    pub(crate) inputs: Vec<F>,
    /// Net inputs, G wide; then what the cell makes of them; on the way back their errors.
    pub(crate) nets: Vec<F>,
    /// h, H wide.
    pub(crate) outputs: Vec<F>,
    /// h of the step before, H wide; only on the way back.
    pub(crate) before: Vec<F>,
    /// c, H wide.
    pub(crate) cells: Vec<F>,
    /// What else a cell keeps.
    pub(crate) kept: Vec<F>,
    /// Whether what a cell keeps is for the way back.
    pub(crate) keep: bool,
    /// Whether the states before the first step are zeros that nobody gave.
    pub(crate) fresh: bool,
    /// Whether the errors of the states before the first step are wanted.
    pub(crate) start_wanted: bool,
    /// States before the first step, a row for each sequence.
    pub(crate) start: State<Vec<F>>,
    /// Errors of the states, a row for each sequence; only on the way back.
    pub(crate) error: State<Vec<F>>,
    /// Some steps of the chunk, where nothing is kept.
    pub(crate) window: Chunk,
    /// What a cell needs for a single step.
    pub(crate) step: Vec<F>,
    /// Gradient of the inputs.
    pub(crate) d_inputs: Vec<F>,
    /// Gradient of b, of this chunk alone.
    pub(crate) d_bias: Vec<F>,
    /// Errors of the net inputs, as right sides of the products for the gradients of the weights.
    pub(crate) errors: Packed<F>,
    pub(crate) errors_recurrent: Packed<F>,
    pub(crate) errors_second: Packed<F>,
    pub(crate) scratch: Vec<F>,
}

/// A cell, for numbers of one type.
pub trait Cell<F: Real>: Copy + Send + Sync + 'static {
    /// Columns of the net inputs are so many times H.
    const GROUPS: usize;
    /// Whether there is an inner state beside the output.
    const CELLS: bool;
    /// What is compiled for it.
    #[doc(hidden)]
    const COMPILED: &'static Compiled<Self, F>;
    /// How many values of its own it has for H units.
    fn peepholes(&self, units: usize) -> usize;
}

/// A layer's functions, compiled for a cell and a type.
#[doc(hidden)]
#[allow(clippy::type_complexity)]
pub struct Compiled<C, F> {
    pack: fn(&mut Prepared<F>, C, Layer, Weights<&[F]>, Purpose),
    forward: fn(
        C,
        Layer,
        &Prepared<F>,
        Batch,
        &[F],
        Option<State<&[F]>>,
        &mut [F],
        Option<State<&mut [F]>>,
        &mut Trace<F>,
    ),
    backward: fn(
        C,
        Layer,
        &Prepared<F>,
        Batch,
        &[F],
        Option<State<&[F]>>,
        Weights<&mut [F]>,
        Option<&mut [F]>,
        Option<State<&mut [F]>>,
        &mut Trace<F>,
    ),
}

pub(crate) const fn compiled<F: Real, C: Recurrence<F>>() -> Compiled<C, F> {
    Compiled {
        pack: Prepared::pack_here,
        forward: forward_here,
        backward: backward_here,
    }
}

macro_rules! cells {
    ($($cell:ident: $compiled:ident;)*) => {$(
        impl<F: Real> Cell<F> for $cell {
            const GROUPS: usize = <$cell as Recurrence<F>>::GROUPS;
            const CELLS: bool = <$cell as Recurrence<F>>::CELLS;
            const COMPILED: &'static Compiled<Self, F> = &F::COMPILED.$compiled;
            fn peepholes(&self, units: usize) -> usize {
                Recurrence::<F>::peepholes(self, units)
            }
        }
    )*};
}
cells! {
    Rnn: rnn;
    Lstm: lstm;
    Gru: gru;
}

/// The step of a recurrent network, forward and backward. It is added to the floor by one file, and
/// by its name in two lists: here and in [`compiled`](crate::compiled).
pub(crate) trait Recurrence<F: Real>: Copy + Send + Sync {
    /// Columns of the net inputs are so many times H.
    const GROUPS: usize;
    /// Whether there is an inner state beside the output.
    const CELLS: bool;
    /// How many values of its own it has for H units.
    fn peepholes(&self, _units: usize) -> usize {
        0
    }
    fn pack(&self, units: usize, recurrent: &[F], to: &mut Recurrent<F>) {
        let g = Self::GROUPS * units;
        to.all.pack(recurrent, units, g, g, 1);
    }
    fn pack_back(&self, units: usize, recurrent: &[F], to: &mut Recurrent<F>) {
        let g = Self::GROUPS * units;
        to.all.pack(recurrent, g, units, 1, g);
    }
    fn forward<A: Arithmetic>(&self, steps: Steps<'_, F>);
    fn backward<A: Arithmetic>(&self, steps: Steps<'_, F>, d_y: &[F]);
    fn add_recurrent_gradient(&self, steps: &Share<'_, F>, to: &mut [F], scratch: &mut Vec<F>) {
        let share = Share {
            left: &steps.rows.before,
            ..*steps
        };
        share.add(&steps.rows.errors, to, Self::GROUPS * steps.units, scratch);
    }
    fn pack_errors(&self, _units: usize, _rows: &mut Rows<F>) {}
    fn add_peephole_gradient(&self, _steps: &Share<'_, F>, _to: &mut [F]) {}
}

/// All steps of a chunk, for the cells.
#[doc(hidden)]
pub struct Steps<'a, F> {
    pub(crate) layer: Layer,
    pub(crate) weights: &'a Prepared<F>,
    pub(crate) chunk: &'a Chunk,
    pub(crate) rows: &'a mut Rows<F>,
}

/// Some rows of a weight gradient, summed over a chunk.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Share<'a, F> {
    pub(crate) path: Instructions,
    pub(crate) units: usize,
    pub(crate) chunk: &'a Chunk,
    pub(crate) rows: &'a Rows<F>,
    /// What the errors are multiplied with, and how wide that is.
    pub(crate) left: &'a [F],
    pub(crate) width: usize,
    /// First row of the gradient here.
    pub(crate) first: usize,
    /// How many rows of the chunk have nothing on the left: no past before the first step.
    pub(crate) skip: usize,
}

impl<F: Real> Share<'_, F> {
    /// Adds leftᵀ · errors to rows of a gradient, at the column where `to` begins.
    pub(crate) fn add(
        &self,
        errors: &Packed<F>,
        to: &mut [F],
        width: usize,
        scratch: &mut Vec<F>,
    ) {
        let rows = to.len().div_ceil(width);
        if self.chunk.rows() == 0 {
            return;
        }
        let left = Left {
            values: &self.left[self.first..],
            row: 1,
            step: self.width,
        };
        let product = Product {
            left,
            right: errors,
            to,
            stride: width,
            rows,
            skip: self.skip,
            scratch,
        };
        product.add(self.path);
    }
}

/// I, H and G of a layer.
fn sizes<F: Real, C: Recurrence<F>>(layer: Layer) -> (usize, usize, usize) {
    assert!(layer.units > 0, "a layer of no units");
    (layer.inputs, layer.units, C::GROUPS * layer.units)
}

/// How wide a row of what comes in is: an input, or the net inputs where there is no W_x.
fn width(i: usize, g: usize) -> usize {
    match i {
        0 => g,
        i => i,
    }
}

#[track_caller]
pub(crate) fn check(name: &str, is: usize, should: usize) {
    assert!(is == should, "{name} has {is} values, not {should}");
}

/// Room for so many values, all of which are written before they are read.
pub(crate) fn room<F: Real>(buffer: &mut Vec<F>, size: usize) {
    buffer.resize(size, F::ZERO);
}

/// So many zeros.
pub(crate) fn zeros<F: Real>(buffer: &mut Vec<F>, size: usize) {
    buffer.clear();
    buffer.resize(size, F::ZERO);
}

/// Rows of a B×H array, in the order of a chunk; zeros where there is no array.
fn collect<F: Real>(chunk: &Chunk, from: Option<&[F]>, h: usize, to: &mut Vec<F>) {
    zeros(to, chunk.order.len() * h);
    if let Some(from) = from {
        for (to, &b) in to.chunks_exact_mut(h).zip(&chunk.order) {
            to.copy_from_slice(&from[b * h..][..h]);
        }
    }
}

/// Threads are worth it beyond so many operations.
fn worthwhile(layer: Layer, columns: usize, rows: usize) -> bool {
    rows * (layer.inputs + layer.units) * columns > 300_000
}

/// Values of the net inputs that are made at once where nothing is kept, so that they stay in the
/// near caches until they are used.
const NEAR: usize = 1 << 17;

struct Forward<'a, F, C> {
    cell: C,
    layer: Layer,
    weights: &'a Prepared<F>,
    x: &'a [F],
    start: Option<State<&'a [F]>>,
    chunk: &'a Chunk,
    rows: &'a mut Rows<F>,
    /// Where nothing is kept: y from the first sequence of the chunk on, and which that is.
    outputs: Option<Outputs<'a, F>>,
}

/// The part of y that belongs to a chunk of neighbors.
struct Outputs<'a, F> {
    y: &'a mut [F],
    first: usize,
    batch: Batch<'a>,
}

impl<F: Real, C: Recurrence<F>> Work for Forward<'_, F, C> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(mut self) {
        let (i, h, g) = sizes::<F, C>(self.layer);
        let (chunk, rows) = (self.chunk, self.rows);
        rows.keep = self.outputs.is_none();
        rows.fresh = self.start.is_none();
        let start = self.start.map(|start| start.output);
        collect(chunk, start, h, &mut rows.start.output);
        if C::CELLS {
            let start = self.start.map(|start| start.cell);
            collect(chunk, start, h, &mut rows.start.cell);
        }
        let steps = chunk.steps().max(1);
        let at_once = match &self.outputs {
            Some(_) => (NEAR / (chunk.order.len() * g)).max(1),
            None => steps,
        };
        let mut window = std::mem::take(&mut rows.window);
        for t in (0..steps).step_by(at_once) {
            let part = match &self.outputs {
                Some(_) => {
                    window.take(chunk, t..chunk.steps().min(t + at_once));
                    &window
                }
                None => chunk,
            };
            let all = part.rows();
            if i == 0 {
                part.gather(self.x, g, &mut rows.nets);
                for nets in rows.nets.chunks_exact_mut(g) {
                    for (net, &bias) in nets.iter_mut().zip(&self.weights.bias) {
                        *net += bias;
                    }
                }
            } else {
                part.gather(self.x, i, &mut rows.inputs);
                room(&mut rows.nets, all * g);
                let product = Product {
                    left: Left {
                        values: &rows.inputs,
                        row: i,
                        step: 1,
                    },
                    right: &self.weights.input,
                    to: &mut rows.nets,
                    stride: g,
                    rows: all,
                    skip: 0,
                    scratch: &mut rows.scratch,
                };
                product.add_to(&self.weights.bias, self.layer.path);
            }
            room(&mut rows.outputs, all * h);
            if C::CELLS {
                room(&mut rows.cells, all * h);
            }
            self.cell.forward::<A>(Steps {
                layer: self.layer,
                weights: self.weights,
                chunk: part,
                rows,
            });
            if let Some(outputs) = &mut self.outputs {
                outputs.put(part, &rows.outputs, h);
                part.last(&rows.outputs, h, &mut rows.start.output);
                if C::CELLS {
                    part.last(&rows.cells, h, &mut rows.start.cell);
                }
                rows.fresh = false;
            }
        }
        rows.window = window;
        if let Some(outputs) = &mut self.outputs {
            outputs.end(chunk, h);
        }
    }
}

impl<F: Real> Outputs<'_, F> {
    /// Rows of some steps.
    fn put(&mut self, chunk: &Chunk, from: &[F], width: usize) {
        let first = self.first * self.batch.steps;
        for (from, place) in from.chunks_exact(width).zip(&chunk.places) {
            self.y[(place - first) * width..][..width].copy_from_slice(from);
        }
    }

    /// Zeros beyond the ends of the sequences.
    fn end(&mut self, chunk: &Chunk, width: usize) {
        let steps = self.batch.steps;
        for &b in &chunk.order {
            let y = &mut self.y[(b - self.first) * steps * width..][..steps * width];
            y[self.batch.lengths[b] * width..].fill(F::ZERO);
        }
    }
}

/// Runs a batch: `x` is (B, T, I), or (B, T, G) where I is 0, `y` gets h of every step, (B, T, H), zeros beyond a sequence's
/// end; `end` gets the states after each sequence's last step. Without `start` the states before
/// the first step are zero.
///
/// # Panics
/// When a slice has not the size that its name asks for, or a sequence is longer than T.
#[allow(clippy::too_many_arguments)]
pub fn forward<F: Real, C: Cell<F>>(
    cell: C,
    layer: Layer,
    weights: &Prepared<F>,
    batch: Batch,
    x: &[F],
    start: Option<State<&[F]>>,
    y: &mut [F],
    end: Option<State<&mut [F]>>,
    trace: &mut Trace<F>,
) {
    (C::COMPILED.forward)(cell, layer, weights, batch, x, start, y, end, trace);
}

#[allow(clippy::too_many_arguments)]
fn forward_here<F: Real, C: Recurrence<F>>(
    cell: C,
    layer: Layer,
    weights: &Prepared<F>,
    batch: Batch,
    x: &[F],
    start: Option<State<&[F]>>,
    y: &mut [F],
    end: Option<State<&mut [F]>>,
    trace: &mut Trace<F>,
) {
    let (i, h, g) = sizes::<F, C>(layer);
    let sequences = batch.lengths.len();
    check("x", x.len(), sequences * batch.steps * width(i, g));
    check("y", y.len(), sequences * batch.steps * h);
    let state = |name: &str, state: State<usize>| {
        check(name, state.output, sequences * h);
        check(name, state.cell, if C::CELLS { sequences * h } else { 0 });
    };
    if let Some(start) = start {
        let (output, cell) = (start.output.len(), start.cell.len());
        state("the start", State { output, cell });
    }
    if let Some(end) = &end {
        let (output, cell) = (end.output.len(), end.cell.len());
        state("the end", State { output, cell });
    }
    let Trace { layout, rows, .. } = trace;
    let large = worthwhile(layer, g, batch.lengths.iter().sum());
    let keep = weights.training || y.is_empty();
    let size = layout.cut(batch, h, (!keep).then(|| threads(large)));
    rows.resize_with(layout.chunks.len(), Rows::default);
    let work = |k: usize, rows: &mut Rows<F>, outputs: Option<Outputs<F>>| {
        let work = Forward {
            cell,
            layer,
            weights,
            x,
            start,
            chunk: &layout.chunks[k],
            rows,
            outputs,
        };
        run_on(layer.path, work);
    };
    if keep {
        each(large, rows, &|k, rows| work(k, rows, None));
    } else {
        each_piece(large, y, size * batch.steps * h, rows, &|k, y, rows| {
            let first = k * size;
            work(k, rows, Some(Outputs { y, first, batch }));
        });
    }
    trace.sequences = sequences;
    trace.steps = batch.steps;
    trace.kept = keep;
    let last = |b: usize| {
        let (c, r) = trace.layout.places[b];
        // Where nothing was kept, the states before the first step have become the last ones.
        let before = batch.lengths[b].checked_sub(1).filter(|_| keep);
        let row = before.map(|t| trace.layout.chunks[c].row(t, r));
        (&trace.rows[c], r, row)
    };
    if keep && batch.steps > 0 {
        each_piece(
            large,
            y,
            batch.steps * h,
            &mut vec![(); sequences],
            &|b, y, ()| {
                scatter(&trace.layout, batch, b, |c| &trace.rows[c].outputs, h, y);
            },
        );
    }
    if let Some(end) = end {
        for b in 0..sequences {
            let (rows, r, row) = last(b);
            let (from, r) = match row {
                Some(row) => (&rows.outputs, row),
                None => (&rows.start.output, r),
            };
            end.output[b * h..][..h].copy_from_slice(&from[r * h..][..h]);
            if C::CELLS {
                let from = match row {
                    Some(_) => &rows.cells,
                    None => &rows.start.cell,
                };
                end.cell[b * h..][..h].copy_from_slice(&from[r * h..][..h]);
            }
        }
    }
}

/// The rows of one sequence, back from its chunk to the padded array; zeros beyond its end.
fn scatter<'a, F: Real>(
    layout: &Layout,
    batch: Batch,
    b: usize,
    from: impl Fn(usize) -> &'a Vec<F>,
    width: usize,
    to: &mut [F],
) {
    let (c, r) = layout.places[b];
    let (chunk, from) = (&layout.chunks[c], from(c));
    let length = batch.lengths[b];
    for (t, to) in to.chunks_exact_mut(width).enumerate() {
        if t < length {
            let t = if batch.reverse { length - 1 - t } else { t };
            to.copy_from_slice(&from[chunk.row(t, r) * width..][..width]);
        } else {
            to.fill(F::ZERO);
        }
    }
}

struct Backward<'a, F, C> {
    cell: C,
    layer: Layer,
    weights: &'a Prepared<F>,
    d_y: &'a [F],
    d_end: Option<State<&'a [F]>>,
    start_wanted: bool,
    chunk: &'a Chunk,
    rows: &'a mut Rows<F>,
}

impl<F: Real, C: Recurrence<F>> Work for Backward<'_, F, C> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (i, h, g) = sizes::<F, C>(self.layer);
        let (chunk, rows) = (self.chunk, self.rows);
        let all = chunk.rows();
        rows.start_wanted = self.start_wanted;
        chunk.shift(&rows.start.output, &rows.outputs, h, &mut rows.before);
        collect(
            chunk,
            self.d_end.map(|end| end.output),
            h,
            &mut rows.error.output,
        );
        if C::CELLS {
            collect(
                chunk,
                self.d_end.map(|end| end.cell),
                h,
                &mut rows.error.cell,
            );
        }
        let steps = Steps {
            layer: self.layer,
            weights: self.weights,
            chunk,
            rows,
        };
        self.cell.backward::<A>(steps, self.d_y);
        rows.errors.pack(&rows.nets, all, g, g, 1);
        zeros(&mut rows.d_bias, g);
        for row in rows.nets.chunks_exact(g) {
            for (to, d) in rows.d_bias.iter_mut().zip(row) {
                *to += *d;
            }
        }
        self.cell.pack_errors(h, rows);
        if let Some(input) = &self.weights.input_back {
            zeros(&mut rows.d_inputs, all * i);
            let product = Product {
                left: Left {
                    values: &rows.nets,
                    row: g,
                    step: 1,
                },
                right: input,
                to: &mut rows.d_inputs,
                stride: i,
                rows: all,
                skip: 0,
                scratch: &mut rows.scratch,
            };
            product.add(self.layer.path);
        }
    }
}

/// The way back over the batch that went forward last with this trace. `d_y` is the gradient with
/// respect to `y`, (B, T, H), of which rows beyond a sequence's end are not read; `d_end` that with
/// respect to the states after each sequence. Gradients of weights are added to what `gradients`
/// holds; `d_x`, as wide as `x`, and `d_start` are overwritten.
///
/// # Panics
/// When a slice has not the size that its name asks for, or the weights were not prepared for this.
#[allow(clippy::too_many_arguments)]
pub fn backward<F: Real, C: Cell<F>>(
    cell: C,
    layer: Layer,
    weights: &Prepared<F>,
    batch: Batch,
    d_y: &[F],
    d_end: Option<State<&[F]>>,
    gradients: Weights<&mut [F]>,
    d_x: Option<&mut [F]>,
    d_start: Option<State<&mut [F]>>,
    trace: &mut Trace<F>,
) {
    (C::COMPILED.backward)(
        cell, layer, weights, batch, d_y, d_end, gradients, d_x, d_start, trace,
    );
}

#[allow(clippy::too_many_arguments)]
fn backward_here<F: Real, C: Recurrence<F>>(
    cell: C,
    layer: Layer,
    weights: &Prepared<F>,
    batch: Batch,
    d_y: &[F],
    d_end: Option<State<&[F]>>,
    gradients: Weights<&mut [F]>,
    d_x: Option<&mut [F]>,
    d_start: Option<State<&mut [F]>>,
    trace: &mut Trace<F>,
) {
    let (i, h, g) = sizes::<F, C>(layer);
    let sequences = batch.lengths.len();
    assert!(
        weights.training,
        "the weights were not prepared for training"
    );
    assert!(
        trace.sequences == sequences && trace.steps == batch.steps,
        "the trace is of another batch"
    );
    check("d_y", d_y.len(), sequences * batch.steps * h);
    check("the gradient of W_x", gradients.input.len(), i * g);
    check("the gradient of W_h", gradients.recurrent.len(), h * g);
    check("the gradient of b", gradients.bias.len(), g);
    let own = cell.peepholes(h);
    check("the gradient of peepholes", gradients.peepholes.len(), own);
    assert!(trace.kept, "the trace is of weights for inference");
    let Trace {
        layout,
        rows,
        scratches,
        ..
    } = trace;
    let large = worthwhile(layer, g, layout.rows());
    each(large, rows, &|k, rows| {
        let work = Backward {
            cell,
            layer,
            weights,
            d_y,
            d_end,
            start_wanted: d_start.is_some(),
            chunk: &layout.chunks[k],
            rows,
        };
        run_on(layer.path, work);
    });
    let rows = &*rows;
    // Each piece is some rows of a gradient, and sums over all chunks in their order.
    let share = |c: usize, width: usize, first: usize, skip: usize| Share {
        path: layer.path,
        units: h,
        chunk: &layout.chunks[c],
        rows: &rows[c],
        left: &rows[c].inputs,
        width,
        first,
        skip,
    };
    let piece = |rows: usize| match large {
        true => rows.div_ceil(8).next_multiple_of(6).clamp(24, 96),
        false => 96,
    };
    let (of_input, of_recurrent) = (piece(i), piece(h));
    let pieces = i.div_ceil(of_input);
    scratches.resize_with(pieces + h.div_ceil(of_recurrent), Vec::new);
    let (scratches, others) = scratches.split_at_mut(pieces);
    let (d_input, d_recurrent) = (gradients.input, gradients.recurrent);
    both(
        large,
        &mut || {
            each_piece(
                large,
                d_input,
                of_input * g,
                scratches,
                &|k, to, scratch| {
                    for (c, rows) in rows.iter().enumerate() {
                        let share = share(c, i, k * of_input, 0);
                        share.add(&rows.errors, to, g, scratch);
                    }
                },
            );
        },
        &mut || {
            let size = of_recurrent * g;
            each_piece(large, d_recurrent, size, others, &|k, to, scratch| {
                for (c, rows) in rows.iter().enumerate() {
                    let chunk = &layout.chunks[c];
                    let skip = match rows.fresh && chunk.steps() > 0 {
                        true => chunk.step(0).1,
                        false => 0,
                    };
                    let share = share(c, h, k * of_recurrent, skip);
                    cell.add_recurrent_gradient(&share, to, scratch);
                }
            });
        },
    );
    for rows in rows {
        for (to, d) in gradients.bias.iter_mut().zip(&rows.d_bias) {
            *to += *d;
        }
    }
    if own > 0 {
        for c in 0..rows.len() {
            cell.add_peephole_gradient(&share(c, h, 0, 0), gradients.peepholes);
        }
    }
    if let Some(d_x) = d_x {
        let wide = width(i, g);
        check("d_x", d_x.len(), sequences * batch.steps * wide);
        assert!(
            i == 0 || weights.input_back.is_some(),
            "the weights were not prepared for a gradient of the inputs"
        );
        // Where what came in were the net inputs, their errors are the gradient.
        let of = |c: usize| match i {
            0 => &rows[c].nets,
            _ => &rows[c].d_inputs,
        };
        if batch.steps > 0 {
            each_piece(
                large,
                d_x,
                batch.steps * wide,
                &mut vec![(); sequences],
                &|b, d_x, ()| scatter(layout, batch, b, of, wide, d_x),
            );
        }
    }
    if let Some(start) = d_start {
        check(
            "the gradient of the start",
            start.output.len(),
            sequences * h,
        );
        for (b, &(c, r)) in layout.places.iter().enumerate() {
            let error = &rows[c].error;
            start.output[b * h..][..h].copy_from_slice(&error.output[r * h..][..h]);
            if C::CELLS {
                start.cell[b * h..][..h].copy_from_slice(&error.cell[r * h..][..h]);
            }
        }
    }
}
