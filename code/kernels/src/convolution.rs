// SPDX-License-Identifier: MIT OR Apache-2.0
//! Chains of convolutions, one for each component: what is at one place of a row never meets what
//! is at another.
//!
//! A sentence has columns, each a row of H values, and stages that make more or fewer columns of
//! them, one after the other. With K_1 to K_w, the taps of a stage, H values each,
//!
//! - [`Direction::Narrow`] makes C − w + 1 columns of C: out_j = φ(Σ_n K_n ⊙ in_{j+n−1});
//! - [`Direction::Wide`] makes C + w − 1 of C: out_j = φ(Σ_n K_n ⊙ in_{j−n+1}), where columns that
//!   are not there are left out of the sum.
//!
//! Each sum is what the gradient of the other's columns is made of: one is the other's transpose.
use crate::batch::each;
use crate::path::{run_on, Arithmetic, Instructions, Work};
use crate::rnn::Activation;
use crate::sequence::{check, zeros};
use crate::Real;
use std::ops::Range;

/// Sentences that are one thread's work at a time. It depends on nothing, so sums do not either.
const SENTENCES: usize = 8;

/// Sizes, what is made of the sums, and the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Rows of the table of taps, N.
    pub taps: usize,
    /// Values of a column, H; at least one.
    pub width: usize,
    /// φ.
    pub activation: Activation,
    /// Which instructions.
    pub path: Instructions,
}

/// Whether a stage makes fewer columns or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// C columns become C − width + 1.
    Narrow,
    /// C columns become C + width − 1.
    Wide,
}

/// One convolution of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Row of the table of taps that is K_1.
    pub first: usize,
    /// How many taps, w; at least one.
    pub width: usize,
    /// Which way.
    pub direction: Direction,
}

impl Stage {
    /// From C columns to C − width + 1.
    pub const fn narrow(first: usize, width: usize) -> Self {
        Stage {
            first,
            width,
            direction: Direction::Narrow,
        }
    }

    /// From C columns to C + width − 1.
    pub const fn wide(first: usize, width: usize) -> Self {
        Stage {
            first,
            width,
            direction: Direction::Wide,
        }
    }

    /// How many columns it makes of so many; `None` where there are too few.
    pub fn columns(self, before: usize) -> Option<usize> {
        let more = self.width.checked_sub(1)?;
        match self.direction {
            Direction::Narrow => (before + 1).checked_sub(self.width),
            Direction::Wide => Some(before + more),
        }
        .filter(|&after| before > 0 && after > 0)
    }
}

/// What a sentence reads, what becomes of it, and where that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sentence<'a> {
    /// Row of x that is its first column. Sentences may read the same rows.
    pub from: usize,
    /// How many columns it has.
    pub columns: usize,
    /// Its stages. Without any, its columns are its outputs.
    pub stages: &'a [Stage],
    /// Row of y for the first of its outputs. No two sentences write the same row.
    pub to: usize,
}

/// What the way forward leaves for the way back, and the buffers of both.
#[derive(Debug, Clone, Default)]
pub struct Trace<F> {
    layer: Option<Layer>,
    /// Rows of x and of y.
    rows: [usize; 2],
    stages: Vec<Stage>,
    plans: Vec<Plan>,
    /// Rows of y that are written, in order.
    written: Vec<Range<usize>>,
    chunks: Vec<Chunk<F>>,
    large: bool,
}

/// A sentence, as the chunks need it.
#[derive(Debug, Clone, Default)]
struct Plan {
    from: usize,
    columns: usize,
    stages: Range<usize>,
    to: usize,
    outputs: usize,
    /// The columns that its stages make, in the buffer of its chunk; its outputs are the last.
    made: Range<usize>,
    /// Its first row among the columns that its chunk reads.
    read: usize,
}

/// Some sentences.
#[derive(Debug, Clone, Default)]
struct Chunk<F> {
    /// All columns that stages make, sentence by sentence and stage by stage.
    made: Vec<F>,
    /// Rows of that, and of the columns that are read.
    rows: [usize; 2],
    /// The gradient of the columns that are read.
    d_x: Vec<F>,
    /// The gradient of the taps, of this chunk alone.
    d_taps: Vec<F>,
    /// The errors of the columns of a stage, and the gradient of those before it.
    errors: Vec<F>,
    before: Vec<F>,
}

/// to += a ⊙ b.
#[inline(always)]
fn add_products<F: Real, A: Arithmetic>(to: &mut [F], a: &[F], b: &[F]) {
    for ((to, &a), &b) in to.iter_mut().zip(a).zip(b) {
        *to = A::multiply_add(a, b, *to);
    }
}

/// The taps of a stage and the way that they are gone through; rows are H wide.
#[derive(Clone, Copy)]
struct Sums<'a, F> {
    taps: &'a [F],
    h: usize,
}

impl<F: Real> Sums<'_, F> {
    /// Σ_n K_n ⊙ from_{j+n−1} for each row of `to`.
    #[inline(always)]
    fn narrow<A: Arithmetic>(self, from: &[F], to: &mut [F]) {
        for (j, to) in to.chunks_exact_mut(self.h).enumerate() {
            to.fill(F::ZERO);
            let from = from[j * self.h..].chunks_exact(self.h);
            for (tap, from) in self.taps.chunks_exact(self.h).zip(from) {
                add_products::<F, A>(to, tap, from);
            }
        }
    }

    /// Σ_n K_n ⊙ from_{j−n+1} for each row of `to`, over the rows that are there.
    #[inline(always)]
    fn wide<A: Arithmetic>(self, from: &[F], to: &mut [F]) {
        let rows = from.len() / self.h;
        for (j, to) in to.chunks_exact_mut(self.h).enumerate() {
            to.fill(F::ZERO);
            for (n, tap) in self.taps.chunks_exact(self.h).enumerate() {
                if n <= j && j - n < rows {
                    add_products::<F, A>(to, tap, &from[(j - n) * self.h..][..self.h]);
                }
            }
        }
    }
}

/// Adds Σ_j short_j ⊙ long_{j+n−1} to the gradient of each tap K_n: it is the same both ways.
#[inline(always)]
fn add_taps<F: Real, A: Arithmetic>(h: usize, short: &[F], long: &[F], to: &mut [F]) {
    for (n, to) in to.chunks_exact_mut(h).enumerate() {
        let long = long[n * h..].chunks_exact(h);
        for (short, long) in short.chunks_exact(h).zip(long) {
            add_products::<F, A>(to, short, long);
        }
    }
}

struct Forward<'a, F> {
    layer: Layer,
    taps: &'a [F],
    x: &'a [F],
    stages: &'a [Stage],
    plans: &'a [Plan],
    chunk: &'a mut Chunk<F>,
}

impl<F: Real> Work for Forward<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let h = self.layer.width;
        // All of it is written before it is read.
        self.chunk.made.resize(self.chunk.rows[0] * h, F::ZERO);
        for plan in self.plans {
            let (mut columns, mut before) = (plan.columns, None);
            let mut first = plan.made.start;
            for stage in &self.stages[plan.stages.clone()] {
                let after = stage.columns(columns).unwrap_or_default();
                let (done, to) = self.chunk.made.split_at_mut(first * h);
                let from = match before {
                    Some(before) => &done[before * h..],
                    None => &self.x[plan.from * h..][..columns * h],
                };
                let to = &mut to[..after * h];
                let sums = Sums {
                    taps: &self.taps[stage.first * h..][..stage.width * h],
                    h,
                };
                match stage.direction {
                    Direction::Narrow => sums.narrow::<A>(from, to),
                    Direction::Wide => sums.wide::<A>(from, to),
                }
                self.layer.activation.apply::<F, A>(to);
                (before, first, columns) = (Some(first), first + after, after);
            }
        }
    }
}

/// The outputs of the sentences of x, rows of H values, into `y`; its rows that no sentence writes
/// become zero. `taps` is N×H.
///
/// # Panics
/// When a slice has not the size that its name asks for, a sentence reads or writes a row that is
/// not there, two write the same, or a stage has taps that are not there or too few columns.
pub fn forward<F: Real>(
    layer: Layer,
    taps: &[F],
    sentences: &[Sentence],
    x: &[F],
    y: &mut [F],
    trace: &mut Trace<F>,
) {
    (F::COMPILED.convolutions)(layer, taps, sentences, x, y, trace);
}

pub(crate) fn forward_here<F: Real>(
    layer: Layer,
    taps: &[F],
    sentences: &[Sentence],
    x: &[F],
    y: &mut [F],
    trace: &mut Trace<F>,
) {
    let h = layer.width;
    assert!(h > 0, "columns of no values");
    check("the table of taps", taps.len(), layer.taps * h);
    let rows = [x.len() / h, y.len() / h];
    check("x", x.len(), rows[0] * h);
    check("y", y.len(), rows[1] * h);
    trace.plan(layer, sentences, rows);
    let Trace {
        stages,
        plans,
        chunks,
        ..
    } = trace;
    each(trace.large, chunks, &|k, chunk| {
        let work = Forward {
            layer,
            taps,
            x,
            stages,
            plans: of_chunk(plans, k),
            chunk,
        };
        run_on(layer.path, work);
    });
    y.fill(F::ZERO);
    for (k, chunk) in chunks.iter().enumerate() {
        for plan in of_chunk(plans, k) {
            let size = plan.outputs * h;
            let from = match plan.stages.is_empty() {
                true => &x[plan.from * h..],
                false => &chunk.made[(plan.made.end - plan.outputs) * h..],
            };
            y[plan.to * h..][..size].copy_from_slice(&from[..size]);
        }
    }
}

/// The sentences of a chunk.
fn of_chunk(plans: &[Plan], k: usize) -> &[Plan] {
    &plans[k * SENTENCES..plans.len().min((k + 1) * SENTENCES)]
}

impl<F: Real> Trace<F> {
    /// Looks at all sentences, and at how they are cut into chunks.
    fn plan(&mut self, layer: Layer, sentences: &[Sentence], [inputs, outputs]: [usize; 2]) {
        self.layer = None;
        self.rows = [inputs, outputs];
        self.stages.clear();
        self.plans.clear();
        self.written.clear();
        let count = sentences.len().div_ceil(SENTENCES);
        self.chunks.resize_with(count, Chunk::default);
        let mut work = 0;
        for (s, sentence) in sentences.iter().enumerate() {
            let &Sentence {
                from,
                columns,
                stages,
                to,
            } = sentence;
            assert!(
                from + columns <= inputs,
                "sentence {s} reads rows {from} to {} of {inputs}",
                from + columns
            );
            let rows = &mut self.chunks[s / SENTENCES].rows;
            if s % SENTENCES == 0 {
                *rows = [0, 0];
            }
            let mut plan = Plan {
                from,
                columns,
                stages: self.stages.len()..self.stages.len() + stages.len(),
                to,
                outputs: columns,
                made: rows[0]..rows[0],
                read: rows[1],
            };
            for (k, stage) in stages.iter().enumerate() {
                let Stage { first, width, .. } = *stage;
                assert!(
                    first + width <= layer.taps,
                    "stage {k} of sentence {s} has taps {first} to {} of {}",
                    first + width,
                    layer.taps
                );
                let before = plan.outputs;
                let after = stage.columns(before);
                plan.outputs = after.unwrap_or_else(|| {
                    panic!("stage {k} of sentence {s} has width {width} for {before} columns")
                });
                plan.made.end += plan.outputs;
                work += plan.outputs * (width + ACTIVATION) * layer.width;
            }
            *rows = [plan.made.end, rows[1] + columns];
            let end = to + plan.outputs;
            assert!(
                end <= outputs,
                "sentence {s} writes rows {to} to {end} of {outputs}"
            );
            if to < end {
                self.written.push(to..end);
            }
            self.stages.extend_from_slice(stages);
            self.plans.push(plan);
        }
        self.written.sort_unstable_by_key(|rows| rows.start);
        for pair in self.written.windows(2) {
            let (row, end) = (pair[1].start, pair[0].end);
            assert!(end <= row, "two sentences write row {row}");
        }
        self.large = work > 300_000;
        self.layer = Some(layer);
    }
}

/// What a squashing function costs, in multiplications.
const ACTIVATION: usize = 8;

struct Backward<'a, F> {
    layer: Layer,
    taps: &'a [F],
    x: &'a [F],
    d_y: &'a [F],
    x_wanted: bool,
    stages: &'a [Stage],
    plans: &'a [Plan],
    chunk: &'a mut Chunk<F>,
}

impl<F: Real> Work for Backward<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let h = self.layer.width;
        let Chunk {
            made,
            rows,
            d_x,
            d_taps,
            errors,
            before,
        } = self.chunk;
        zeros(d_taps, self.taps.len());
        // All of it is written before it is read.
        d_x.resize(rows[1] * h, F::ZERO);
        for plan in self.plans {
            let d_y = &self.d_y[plan.to * h..][..plan.outputs * h];
            let d_x = &mut d_x[plan.read * h..][..plan.columns * h];
            let (mut columns, mut end) = (plan.outputs, plan.made.end);
            before.clear();
            before.extend_from_slice(d_y);
            for (k, stage) in self.stages[plan.stages.clone()].iter().enumerate().rev() {
                let first = end - columns;
                let out = &made[first * h..end * h];
                let of_taps = stage.first * h..(stage.first + stage.width) * h;
                errors.resize(columns * h, F::ZERO);
                let all = errors.iter_mut().zip(out).zip(&*before);
                let all = all.map(|((to, &y), &d)| (to, y, d));
                self.layer.activation.back(all);
                columns = match stage.direction {
                    Direction::Narrow => columns + stage.width - 1,
                    Direction::Wide => columns + 1 - stage.width,
                };
                let from = match k {
                    0 => &self.x[plan.from * h..][..columns * h],
                    _ => &made[(first - columns) * h..first * h],
                };
                let sums = Sums {
                    taps: &self.taps[of_taps.clone()],
                    h,
                };
                let wanted = k > 0 || self.x_wanted;
                before.resize(columns * h, F::ZERO);
                let to = &mut d_taps[of_taps];
                match stage.direction {
                    Direction::Narrow => {
                        add_taps::<F, A>(h, errors, from, to);
                        if wanted {
                            sums.wide::<A>(errors, before);
                        }
                    }
                    Direction::Wide => {
                        add_taps::<F, A>(h, from, errors, to);
                        if wanted {
                            sums.narrow::<A>(errors, before);
                        }
                    }
                }
                end = first;
            }
            d_x.copy_from_slice(before);
        }
    }
}

/// The way back over the sentences that went forward last with this trace, and with these taps and
/// this x, from `d_y`, the gradient with respect to `y`. Rows of `d_y` that no sentence wrote are
/// not read. Gradients of the taps and of x are added to what the slices hold.
///
/// # Panics
/// When a slice has not the size that its name asks for, or the trace is of another layer.
pub fn backward<F: Real>(
    layer: Layer,
    taps: &[F],
    x: &[F],
    d_y: &[F],
    d_taps: &mut [F],
    d_x: Option<&mut [F]>,
    trace: &mut Trace<F>,
) {
    (F::COMPILED.backward_convolutions)(layer, taps, x, d_y, d_taps, d_x, trace);
}

pub(crate) fn backward_here<F: Real>(
    layer: Layer,
    taps: &[F],
    x: &[F],
    d_y: &[F],
    d_taps: &mut [F],
    d_x: Option<&mut [F]>,
    trace: &mut Trace<F>,
) {
    let h = layer.width;
    assert!(
        trace.layer == Some(layer),
        "the trace is of other convolutions"
    );
    check("the table of taps", taps.len(), layer.taps * h);
    check("x", x.len(), trace.rows[0] * h);
    check("d_y", d_y.len(), trace.rows[1] * h);
    check("the gradient of the taps", d_taps.len(), layer.taps * h);
    if let Some(d_x) = &d_x {
        check("d_x", d_x.len(), trace.rows[0] * h);
    }
    let Trace {
        stages,
        plans,
        chunks,
        ..
    } = trace;
    let x_wanted = d_x.is_some();
    each(trace.large, chunks, &|k, chunk| {
        let work = Backward {
            layer,
            taps,
            x,
            d_y,
            x_wanted,
            stages,
            plans: of_chunk(plans, k),
            chunk,
        };
        run_on(layer.path, work);
    });
    let add = |to: &mut [F], from: &[F]| {
        for (to, &d) in to.iter_mut().zip(from) {
            *to += d;
        }
    };
    for chunk in &*chunks {
        add(d_taps, &chunk.d_taps);
    }
    let Some(d_x) = d_x else { return };
    for (k, chunk) in chunks.iter().enumerate() {
        for plan in of_chunk(plans, k) {
            let size = plan.columns * h;
            add(
                &mut d_x[plan.from * h..],
                &chunk.d_x[plan.read * h..][..size],
            );
        }
    }
}
