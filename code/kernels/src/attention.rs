// SPDX-License-Identifier: MIT OR Apache-2.0
//! Additive attention (Bahdanau, Cho & Bengio 2015): a recurrent layer that looks, before each of its
//! steps, at all annotations of another sequence, and is given their weighted mean.
//!
//! Step t of a target has the state before it, h_{t−1}, and the source has an annotation a_j and a key
//! k_j for each of its S steps:
//!
//! - q_t = h_{t−1} W_q, the query;
//! - e_tj = v · tanh(q_t + k_j), the scores;
//! - α_t = softmax over j of e_tj, the weights, which are zero beyond the source's length;
//! - c_t = Σ_j α_tj a_j, the context;
//! - h_t = cell(x_t + c_t W_c + b, h_{t−1}), the state, of any [`Cell`].
//!
//! What the x_t, net inputs from elsewhere, and the keys are made of is not asked here. Sentences are
//! cut into chunks as [`sequence`](crate::sequence) cuts them. Each step of a chunk is a product for
//! the queries, one for the contexts, and a step of the cell; between these, each target looks at its own
//! source. The gradients of the weights are products over all steps, after the way back.
//!
//! tanh(q_t + k_j) is computed again on the way back. Kept, it would be B·T·S·K values, 13 MB for 64
//! sentences of 20 words and keys of 128, and 800 MB for 80 of 50 words and keys of 1000: to read them
//! again takes about as long as to compute them (2 to 3 ms of about 25 for the way back of the former),
//! and they have to be written before.
use crate::batch::{each, each_piece, Batch, Chunk, Layout};
use crate::gru::Gru;
use crate::lstm::Lstm;
use crate::path::{run_on, Arithmetic, Instructions, Work};
use crate::product::{Left, Packed, Product};
use crate::rnn::Rnn;
use crate::sequence::{
    self, check, room, zeros, Cell, Purpose, Recurrence, Rows, Share, State, Steps,
};
use crate::Real;

/// Sums that run side by side.
const LANES: usize = 16;
/// Values of a context that are summed at once.
const BLOCK: usize = 64;

/// Sizes and the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Values of an annotation, A; at least one.
    pub annotation: usize,
    /// Values of a key and of a query, K; at least one.
    pub key: usize,
    /// Units of the recurrent layer, H; at least one.
    pub units: usize,
    /// Which instructions.
    pub path: Instructions,
}

impl Layer {
    /// The recurrent layer, whose inputs are net inputs.
    fn recurrent(self) -> sequence::Layer {
        sequence::Layer {
            inputs: 0,
            units: self.units,
            path: self.path,
        }
    }
}

/// Weights, or their gradients; the net inputs have G columns, H for each group of the cell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weights<S> {
    /// W_q, H×K.
    pub query: S,
    /// v, K.
    pub score: S,
    /// W_c, A×G.
    pub context: S,
    /// Those of the cell: W_h, b and peepholes; there is no W_x.
    pub cell: sequence::Weights<S>,
}

/// What is looked at, or its gradient: a row for each of S steps of each source.
#[derive(Debug, Clone, Copy, Default)]
pub struct Source<S> {
    /// a, (sources, S, A).
    pub annotations: S,
    /// k, (sources, S, K).
    pub keys: S,
}

/// What comes in, or its gradient.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inputs<S> {
    /// x, (B, T, G).
    pub nets: S,
    /// Annotations and keys.
    pub source: Source<S>,
    /// The states before the first step.
    pub start: State<S>,
}

/// What comes out; rows beyond a sentence's end are zeros.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outputs<S> {
    /// h_{t−1} and c_t side by side, (B, T, H + A).
    pub glimpses: S,
    /// h_t, (B, T, H).
    pub states: S,
    /// α_t, (B, T, S).
    pub weights: S,
}

/// The lengths of a batch: B target sentences of at most T steps, and their sources of at most S.
#[derive(Debug, Clone, Copy)]
pub struct Sentences<'a> {
    /// Of each target; zero is a length.
    pub lengths: &'a [usize],
    /// T.
    pub steps: usize,
    /// Of each source; one of length zero has the context zero.
    pub source_lengths: &'a [usize],
    /// S.
    pub source_steps: usize,
    /// Which source each target looks at; without, there are B sources, one for each. With it, there is
    /// no way back.
    pub sources: Option<&'a [usize]>,
}

impl<'a> Sentences<'a> {
    /// The targets.
    fn batch(&self) -> Batch<'a> {
        Batch {
            lengths: self.lengths,
            steps: self.steps,
            reverse: false,
        }
    }

    /// Which source a target looks at.
    #[inline(always)]
    fn source_of(&self, b: usize) -> usize {
        self.sources.map_or(b, |sources| sources[b])
    }
}

/// Weights, packed for the products.
#[derive(Debug, Clone, Default)]
pub struct Prepared<F> {
    cell: sequence::Prepared<F>,
    bias: Vec<F>,
    score: Vec<F>,
    /// As many zeros as a key has values.
    zeros: Vec<F>,
    query: Packed<F>,
    query_back: Packed<F>,
    context: Packed<F>,
    context_back: Packed<F>,
    layer: Option<Layer>,
    training: bool,
}

impl<F: Real> Prepared<F> {
    /// Packs; the buffers of what was packed before are used again. `backward`: for a way back too.
    ///
    /// # Panics
    /// When a weight has not the size that its name asks for, or A, K or H is zero.
    pub fn pack<C: Attends<F>>(
        &mut self,
        cell: C,
        layer: Layer,
        weights: Weights<&[F]>,
        backward: bool,
    ) {
        (C::ATTENTION.pack)(self, cell, layer, weights, backward);
    }

    fn pack_here<C: Recurrence<F> + Cell<F>>(
        &mut self,
        cell: C,
        layer: Layer,
        weights: Weights<&[F]>,
        backward: bool,
    ) {
        let Layer {
            annotation: a,
            key: k,
            units: h,
            ..
        } = layer;
        let g = columns::<F, C>(layer);
        assert!(a > 0, "annotations of no values");
        assert!(k > 0, "keys of no values");
        check("W_q", weights.query.len(), h * k);
        check("v", weights.score.len(), k);
        check("W_c", weights.context.len(), a * g);
        let purpose = match backward {
            true => Purpose::Training { inputs: true },
            false => Purpose::Inference,
        };
        self.cell
            .pack(cell, layer.recurrent(), weights.cell, purpose);
        for (to, from) in [
            (&mut self.score, weights.score),
            (&mut self.bias, weights.cell.bias),
        ] {
            to.clear();
            to.extend_from_slice(from);
        }
        zeros(&mut self.zeros, k);
        self.query.pack(weights.query, h, k, k, 1);
        self.context.pack(weights.context, a, g, g, 1);
        if backward {
            self.query_back.pack(weights.query, k, h, 1, k);
            self.context_back.pack(weights.context, g, a, 1, g);
        }
        self.layer = Some(layer);
        self.training = backward;
    }
}

/// G.
fn columns<F: Real, C: Recurrence<F>>(layer: Layer) -> usize {
    assert!(layer.units > 0, "a layer of no units");
    <C as Recurrence<F>>::GROUPS * layer.units
}

/// What the way forward leaves for the way back, and the buffers of both.
#[derive(Debug, Clone, Default)]
pub struct Trace<F> {
    layer: Option<Layer>,
    layout: Layout,
    parts: Vec<Part<F>>,
    lengths: Vec<usize>,
    steps: usize,
    source_lengths: Vec<usize>,
    source_steps: usize,
    /// For each piece of a weight gradient.
    scratches: Vec<Vec<F>>,
    large: bool,
}

/// A chunk of sentences.
#[derive(Debug, Clone, Default)]
struct Part<F> {
    /// What the cell leaves of all steps; and of the step where it is now.
    rows: Rows<F>,
    step: Rows<F>,
    /// That step.
    window: Chunk,
    /// q, K wide; the way back turns them into their errors.
    queries: Vec<F>,
    /// c, A wide, and its errors.
    contexts: Vec<F>,
    d_contexts: Vec<F>,
    /// α, S wide.
    weights: Vec<F>,
    /// Of a target at one step: tanh(q + k), K wide, and the errors of its scores.
    bent: Vec<F>,
    d_scores: Vec<F>,
    /// First row of each sentence's source in what follows, where no row is padding.
    sources: Vec<usize>,
    d_annotations: Vec<F>,
    d_keys: Vec<F>,
    /// The gradient of v, of this chunk alone.
    d_score: Vec<F>,
    /// Errors of the queries, as the right side of a product.
    errors: Packed<F>,
    scratch: Vec<F>,
}

/// A cell that attention is compiled for: each that there is.
pub trait Attends<F: Real>: Cell<F> {
    /// What is compiled for it.
    #[doc(hidden)]
    const ATTENTION: &'static Compiled<Self, F>;
}

macro_rules! attends {
    ($($cell:ident: $compiled:ident;)*) => {$(
        impl<F: Real> Attends<F> for $cell {
            const ATTENTION: &'static Compiled<Self, F> = &F::COMPILED.$compiled;
        }
    )*};
}
attends! {
    Rnn: attention_rnn;
    Lstm: attention_lstm;
    Gru: attention_gru;
}

/// The functions, compiled for a cell and a type.
#[doc(hidden)]
#[allow(clippy::type_complexity)]
pub struct Compiled<C, F> {
    pack: fn(&mut Prepared<F>, C, Layer, Weights<&[F]>, bool),
    forward: fn(
        C,
        Layer,
        &Prepared<F>,
        Sentences,
        Inputs<&[F]>,
        Outputs<&mut [F]>,
        Option<State<&mut [F]>>,
        &mut Trace<F>,
    ),
    backward: fn(
        C,
        Layer,
        &Prepared<F>,
        Source<&[F]>,
        Outputs<&[F]>,
        Weights<&mut [F]>,
        Inputs<&mut [F]>,
        &mut Trace<F>,
    ),
}

pub(crate) const fn compiled<F: Real, C: Recurrence<F> + Cell<F>>() -> Compiled<C, F> {
    Compiled {
        pack: Prepared::pack_here,
        forward: forward_here,
        backward: backward_here,
    }
}

/// tanh(q + k), in a loop of its own: one that does more is not vectorized.
#[inline(always)]
fn bend<F: Real, A: Arithmetic>(query: &[F], key: &[F], to: &mut [F]) {
    for ((to, &q), &k) in to.iter_mut().zip(query).zip(key) {
        *to = (q + k).hyperbolic_tangent_in::<A>();
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

/// In place.
#[inline(always)]
fn softmax<F: Real, A: Arithmetic>(scores: &mut [F]) {
    let Some(&first) = scores.first() else {
        return;
    };
    let mut largest = first;
    for &score in &*scores {
        if largest < score {
            largest = score;
        }
    }
    for score in scores.iter_mut() {
        *score = (*score - largest).exponential_in::<A>();
    }
    let mut sum = F::ZERO;
    for &power in &*scores {
        sum += power;
    }
    let factor = F::ONE / sum;
    for power in scores {
        *power = *power * factor;
    }
}

/// The sum of rows, each times its weight.
#[inline(always)]
fn weighted_sum<'a, F: Real, A: Arithmetic>(
    terms: impl Iterator<Item = (F, &'a [F])> + Clone,
    to: &mut [F],
) {
    let (blocks, rest) = to.as_chunks_mut::<BLOCK>();
    let whole = blocks.len() * BLOCK;
    for (b, block) in blocks.iter_mut().enumerate() {
        let mut sums = [F::ZERO; BLOCK];
        for (weight, row) in terms.clone() {
            if let Some(row) = row[b * BLOCK..].first_chunk::<BLOCK>() {
                for (sum, &x) in sums.iter_mut().zip(row) {
                    *sum = A::multiply_add(weight, x, *sum);
                }
            }
        }
        *block = sums;
    }
    rest.fill(F::ZERO);
    for (weight, row) in terms {
        for (to, &x) in rest.iter_mut().zip(&row[whole..]) {
            *to = A::multiply_add(weight, x, *to);
        }
    }
}

/// Rows of a B×H array, in the order of a chunk.
fn collect<F: Real>(chunk: &Chunk, from: &[F], h: usize, to: &mut Vec<F>) {
    to.clear();
    for &b in &chunk.order {
        to.extend_from_slice(&from[b * h..][..h]);
    }
}

/// A step of a cell.
struct Step<'a, F, C> {
    cell: C,
    steps: Steps<'a, F>,
}

impl<F: Real, C: Recurrence<F>> Work for Step<'_, F, C> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        self.cell.forward::<A>(self.steps);
    }
}

/// From the queries of one step, a row for each of some targets, to weights and contexts.
struct Look<'a, F> {
    layer: Layer,
    score: &'a [F],
    sentences: Sentences<'a>,
    source: Source<&'a [F]>,
    targets: &'a [usize],
    queries: &'a [F],
    weights: &'a mut [F],
    contexts: &'a mut [F],
    bent: &'a mut [F],
}

impl<F: Real> Work for Look<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (a, k) = (self.layer.annotation, self.layer.key);
        let s = self.sentences.source_steps;
        let Source { annotations, keys } = self.source;
        let queries = self.queries.chunks_exact(k);
        let contexts = self.contexts.chunks_exact_mut(a);
        let all = self.targets.iter().zip(queries).zip(contexts);
        // ANCHOR: look
        for (r, ((&b, query), context)) in all.enumerate() {
            // As many weights as the source has words; behind them zeros.
            let source = self.sentences.source_of(b);
            let length = self.sentences.source_lengths[source];
            let row = &mut self.weights[r * s..][..s];
            let (weights, beyond) = row.split_at_mut(length);
            beyond.fill(F::ZERO);
            // (10.2): a score of each key for this query.
            let keys = keys[source * s * k..][..length * k].chunks_exact(k);
            for (score, key) in weights.iter_mut().zip(keys) {
                bend::<F, A>(query, key, self.bent);
                *score = dot::<F, A>(self.bent, self.score);
            }
            // (10.3), and the mean of the annotations, (10.4).
            softmax::<F, A>(weights);
            let rows = &annotations[source * s * a..][..length * a];
            let rows = rows.chunks_exact(a);
            weighted_sum::<F, A>(weights.iter().copied().zip(rows), context);
        }
        // ANCHOR_END: look
    }
}

/// A chunk, forward.
struct Forward<'a, F, C> {
    cell: C,
    layer: Layer,
    weights: &'a Prepared<F>,
    sentences: Sentences<'a>,
    inputs: Inputs<&'a [F]>,
    chunk: &'a Chunk,
    part: &'a mut Part<F>,
}

impl<F: Real, C: Recurrence<F>> Forward<'_, F, C> {
    fn run(self) {
        let Layer {
            annotation: a,
            key: k,
            units: h,
            path,
        } = self.layer;
        let (g, s) = (columns::<F, C>(self.layer), self.sentences.source_steps);
        let (chunk, weights) = (self.chunk, self.weights);
        let all = chunk.rows();
        let Part {
            rows,
            step,
            window,
            queries,
            contexts,
            weights: alphas,
            bent,
            scratch,
            ..
        } = self.part;
        rows.nets.clear();
        rows.outputs.clear();
        rows.before.clear();
        rows.cells.clear();
        rows.kept.clear();
        step.kept.clear();
        room(queries, all * k);
        room(contexts, all * a);
        room(alphas, all * s);
        room(bent, k);
        (step.keep, step.fresh, step.start_wanted) = (weights.training, false, true);
        let start = self.inputs.start;
        // As if a step had gone before: what it left is the start.
        collect(chunk, start.output, h, &mut step.outputs);
        if C::CELLS {
            collect(chunk, start.cell, h, &mut step.cells);
            collect(chunk, start.cell, h, &mut rows.start.cell);
        }
        for t in 0..chunk.steps() {
            let (first, n) = chunk.step(t);
            window.take(chunk, t..t + 1);
            step.start.output.clear();
            step.start.output.extend_from_slice(&step.outputs[..n * h]);
            if C::CELLS {
                step.start.cell.clear();
                step.start.cell.extend_from_slice(&step.cells[..n * h]);
            }
            let queries = &mut queries[first * k..][..n * k];
            let contexts = &mut contexts[first * a..][..n * a];
            let product = Product {
                left: Left {
                    values: &step.start.output,
                    row: h,
                    step: 1,
                },
                right: &weights.query,
                to: &mut *queries,
                stride: k,
                rows: n,
                skip: 0,
                scratch,
            };
            product.add_to(&weights.zeros, path);
            let look = Look {
                layer: self.layer,
                score: &weights.score,
                sentences: self.sentences,
                source: self.inputs.source,
                targets: &chunk.order[..n],
                queries,
                weights: &mut alphas[first * s..][..n * s],
                contexts: &mut *contexts,
                bent,
            };
            run_on(path, look);
            window.gather(self.inputs.nets, g, &mut step.nets);
            for nets in step.nets.chunks_exact_mut(g) {
                for (net, &bias) in nets.iter_mut().zip(&weights.bias) {
                    *net += bias;
                }
            }
            let product = Product {
                left: Left {
                    values: contexts,
                    row: a,
                    step: 1,
                },
                right: &weights.context,
                to: &mut step.nets,
                stride: g,
                rows: n,
                skip: 0,
                scratch,
            };
            product.add(path);
            room(&mut step.outputs, n * h);
            if C::CELLS {
                room(&mut step.cells, n * h);
            }
            let steps = Steps {
                layer: self.layer.recurrent(),
                weights: &weights.cell,
                chunk: window,
                rows: step,
            };
            let cell = self.cell;
            run_on(path, Step { cell, steps });
            rows.before.extend_from_slice(&step.start.output);
            rows.outputs.extend_from_slice(&step.outputs);
            if C::CELLS {
                rows.cells.extend_from_slice(&step.cells);
            }
            if weights.training {
                rows.nets.extend_from_slice(&step.nets);
                rows.kept.extend_from_slice(&step.kept);
            }
        }
    }
}

/// Runs the layer over a batch. `end` gets the states after each sentence's last step, or the start
/// where it has none. Rows beyond an end, of the net inputs, the annotations and the keys, are not
/// read.
///
/// # Panics
/// When a slice has not the size that its name asks for, a sentence is longer than its steps, or the
/// weights were packed for another layer.
#[allow(clippy::too_many_arguments)]
pub fn forward<F: Real, C: Attends<F>>(
    cell: C,
    layer: Layer,
    weights: &Prepared<F>,
    sentences: Sentences,
    inputs: Inputs<&[F]>,
    outputs: Outputs<&mut [F]>,
    end: Option<State<&mut [F]>>,
    trace: &mut Trace<F>,
) {
    (C::ATTENTION.forward)(cell, layer, weights, sentences, inputs, outputs, end, trace);
}

#[allow(clippy::too_many_arguments)]
fn forward_here<F: Real, C: Recurrence<F>>(
    cell: C,
    layer: Layer,
    weights: &Prepared<F>,
    sentences: Sentences,
    inputs: Inputs<&[F]>,
    outputs: Outputs<&mut [F]>,
    end: Option<State<&mut [F]>>,
    trace: &mut Trace<F>,
) {
    let Layer {
        annotation: a,
        key: k,
        units: h,
        ..
    } = layer;
    let g = columns::<F, C>(layer);
    assert!(
        weights.layer == Some(layer),
        "the weights were packed for another layer"
    );
    let Sentences {
        lengths,
        steps,
        source_lengths,
        source_steps,
        sources,
    } = sentences;
    let (count, from) = (lengths.len(), source_lengths.len());
    match sources {
        None => assert!(from == count, "{from} sources of {count} targets"),
        Some(sources) => {
            check("the sources", sources.len(), count);
            let there = sources.iter().all(|&source| source < from);
            assert!(there, "a target looks at a source that is not there");
        }
    }
    for (b, &length) in source_lengths.iter().enumerate() {
        let fits = length <= source_steps;
        assert!(
            fits,
            "source {b} has {length} words, above {source_steps} steps"
        );
    }
    let of_cells = if C::CELLS { count * h } else { 0 };
    check("x", inputs.nets.len(), count * steps * g);
    let Source { annotations, keys } = inputs.source;
    check(
        "the annotations",
        annotations.len(),
        from * source_steps * a,
    );
    check("the keys", keys.len(), from * source_steps * k);
    check("the start", inputs.start.output.len(), count * h);
    check("the start", inputs.start.cell.len(), of_cells);
    let Outputs {
        glimpses,
        states,
        weights: alphas,
    } = outputs;
    check("the glimpses", glimpses.len(), count * steps * (h + a));
    check("the states", states.len(), count * steps * h);
    check("the weights", alphas.len(), count * steps * source_steps);
    if let Some(end) = &end {
        check("the end", end.output.len(), count * h);
        check("the end", end.cell.len(), of_cells);
    }
    let Trace { layout, parts, .. } = trace;
    layout.cut(sentences.batch(), h, None);
    parts.resize_with(layout.chunks.len(), Part::default);
    let rows = layout.rows();
    let each_row = source_steps * (8 * k + 2 * a) + h * k + (a + h) * g;
    let large = rows * each_row > 300_000;
    each(large, parts, &|c, part| {
        let work = Forward {
            cell,
            layer,
            weights,
            sentences,
            inputs,
            chunk: &layout.chunks[c],
            part,
        };
        work.run();
    });
    let (layout, parts) = (&*layout, &*parts);
    let scatter =
        |width: usize, to: &mut [F], row: &(dyn Fn(usize, usize, &mut [F]) + Sync)| {
            if steps * width == 0 {
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
    scatter(h + a, glimpses, &|c, row, to| {
        let (state, context) = to.split_at_mut(h);
        state.copy_from_slice(&parts[c].rows.before[row * h..][..h]);
        context.copy_from_slice(&parts[c].contexts[row * a..][..a]);
    });
    scatter(h, states, &|c, row, to| {
        to.copy_from_slice(&parts[c].rows.outputs[row * h..][..h]);
    });
    scatter(source_steps, alphas, &|c, row, to| {
        to.copy_from_slice(&parts[c].weights[row * source_steps..][..source_steps]);
    });
    if let Some(end) = end {
        for b in 0..count {
            let (c, r) = layout.places[b];
            let last = lengths[b].checked_sub(1);
            let last = last.map(|t| layout.chunks[c].row(t, r));
            let take = |to: &mut [F], rows: &[F], start: &[F]| {
                to[b * h..][..h].copy_from_slice(match last {
                    Some(row) => &rows[row * h..][..h],
                    None => &start[b * h..][..h],
                });
            };
            let rows = &parts[c].rows;
            take(end.output, &rows.outputs, inputs.start.output);
            if C::CELLS {
                take(end.cell, &rows.cells, inputs.start.cell);
            }
        }
    }
    for (to, from) in [
        (&mut trace.lengths, lengths),
        (&mut trace.source_lengths, source_lengths),
    ] {
        to.clear();
        to.extend_from_slice(from);
    }
    (trace.steps, trace.source_steps, trace.large) = (steps, source_steps, large);
    let kept = weights.training && sources.is_none();
    trace.layer = kept.then_some(layer);
}

/// From the errors of the scores of a target at one step, a number for each word, to that of its query;
/// to those of the keys and of v they are added. `bent` is tanh(q + k), a row for each word.
#[inline(always)]
fn unscore<F: Real, A: Arithmetic>(
    d_scores: &[F],
    bent: &[F],
    v: &[F],
    d_query: &mut [F],
    d_keys: &mut [F],
    d_v: &mut [F],
) {
    let k = v.len();
    let (blocks, rest) = v.as_chunks::<LANES>();
    for (b, v) in blocks.iter().enumerate() {
        let at = b * LANES;
        let (Some(to_v), Some(to_query)) =
            (d_v[at..].first_chunk_mut(), d_query[at..].first_chunk_mut())
        else {
            return;
        };
        // Sums that stay in their registers while the words go by.
        let (mut of_v, mut of_query): ([F; LANES], _) = (*to_v, [F::ZERO; LANES]);
        let rows = bent.chunks_exact(k).zip(d_keys.chunks_exact_mut(k));
        for ((bent, d_key), &d) in rows.zip(d_scores) {
            let (Some(bent), Some(to)) = (
                bent[at..].first_chunk::<LANES>(),
                d_key[at..].first_chunk_mut::<LANES>(),
            ) else {
                return;
            };
            let mut d_key = *to;
            for i in 0..LANES {
                of_v[i] = A::multiply_add(d, bent[i], of_v[i]);
                let d_net = d * v[i] * (F::ONE - bent[i] * bent[i]);
                of_query[i] += d_net;
                d_key[i] += d_net;
            }
            *to = d_key;
        }
        (*to_v, *to_query) = (of_v, of_query);
    }
    for (at, &v) in (k - rest.len()..).zip(rest) {
        let mut of_query = F::ZERO;
        let rows = bent.chunks_exact(k).zip(d_keys.chunks_exact_mut(k));
        for ((bent, d_key), &d) in rows.zip(d_scores) {
            d_v[at] = A::multiply_add(d, bent[at], d_v[at]);
            let d_net = d * v * (F::ONE - bent[at] * bent[at]);
            of_query += d_net;
            d_key[at] += d_net;
        }
        d_query[at] = of_query;
    }
}

/// A step of a cell, back.
struct StepBack<'a, F, C> {
    cell: C,
    steps: Steps<'a, F>,
    d_y: &'a [F],
}

impl<F: Real, C: Recurrence<F>> Work for StepBack<'_, F, C> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        self.cell.backward::<A>(self.steps, self.d_y);
    }
}

/// From the errors of the contexts of one step to those of the queries, which take their places, and of
/// the keys and v.
struct LookBack<'a, F> {
    layer: Layer,
    score: &'a [F],
    source_lengths: &'a [usize],
    source_steps: usize,
    source: Source<&'a [F]>,
    targets: &'a [usize],
    queries: &'a mut [F],
    weights: &'a [F],
    d_contexts: &'a [F],
    d_scores: &'a mut [F],
    bent: &'a mut [F],
    /// First row of each target's source in the errors of the keys.
    first: &'a [usize],
    d_keys: &'a mut [F],
    d_score: &'a mut [F],
}

impl<F: Real> Work for LookBack<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (a, k, s) = (self.layer.annotation, self.layer.key, self.source_steps);
        let Source { annotations, keys } = self.source;
        let queries = self.queries.chunks_exact_mut(k);
        let d_contexts = self.d_contexts.chunks_exact(a);
        let all = self.targets.iter().zip(queries).zip(d_contexts);
        for (r, ((&b, query), d_context)) in all.enumerate() {
            let length = self.source_lengths[b];
            let weights = &self.weights[r * s..][..length];
            let d_scores = &mut self.d_scores[..length];
            let annotations = annotations[b * s * a..][..length * a].chunks_exact(a);
            let mut mean = F::ZERO;
            for ((d, annotation), &weight) in d_scores.iter_mut().zip(annotations).zip(weights)
            {
                *d = dot::<F, A>(d_context, annotation);
                mean = A::multiply_add(weight, *d, mean);
            }
            for (d, &weight) in d_scores.iter_mut().zip(weights) {
                *d = weight * (*d - mean);
            }
            let keys = keys[b * s * k..][..length * k].chunks_exact(k);
            for (bent, key) in self.bent.chunks_exact_mut(k).zip(keys) {
                bend::<F, A>(query, key, bent);
            }
            let d_keys = &mut self.d_keys[self.first[r] * k..][..length * k];
            unscore::<F, A>(d_scores, self.bent, self.score, query, d_keys, self.d_score);
        }
    }
}

/// From the errors of the contexts of all steps to those of the annotations.
struct Annotations<'a, F> {
    layer: Layer,
    source_lengths: &'a [usize],
    source_steps: usize,
    chunk: &'a Chunk,
    weights: &'a [F],
    d_contexts: &'a [F],
    first: &'a [usize],
    d_annotations: &'a mut [F],
}

impl<F: Real> Work for Annotations<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (a, s, chunk) = (self.layer.annotation, self.source_steps, self.chunk);
        for (r, (&b, &first)) in chunk.order.iter().zip(self.first).enumerate() {
            let to = &mut self.d_annotations[first * a..][..self.source_lengths[b] * a];
            let steps = 0..chunk.steps();
            let steps = steps.take_while(|&t| chunk.step(t).1 > r);
            for (j, to) in to.chunks_exact_mut(a).enumerate() {
                let terms = steps.clone().map(|t| {
                    let row = chunk.row(t, r);
                    let d_context = &self.d_contexts[row * a..][..a];
                    (self.weights[row * s + j], d_context)
                });
                weighted_sum::<F, A>(terms, to);
            }
        }
    }
}

/// A chunk, back.
struct Backward<'a, F, C> {
    cell: C,
    layer: Layer,
    weights: &'a Prepared<F>,
    source_lengths: &'a [usize],
    source_steps: usize,
    source: Source<&'a [F]>,
    /// With respect to glimpses and states.
    d_glimpses: &'a [F],
    d_states: &'a [F],
    chunk: &'a Chunk,
    part: &'a mut Part<F>,
}

impl<F: Real, C: Recurrence<F>> Backward<'_, F, C> {
    fn run(self) {
        let Layer {
            annotation: a,
            key: k,
            units: h,
            path,
        } = self.layer;
        let (g, s) = (columns::<F, C>(self.layer), self.source_steps);
        let (chunk, weights, source_lengths) = (self.chunk, self.weights, self.source_lengths);
        let all = chunk.rows();
        let Part {
            rows,
            step,
            window,
            queries,
            d_contexts,
            weights: alphas,
            d_scores,
            bent,
            sources,
            d_annotations,
            d_keys,
            d_score,
            errors,
            scratch,
            ..
        } = self.part;
        sources.clear();
        let mut words = 0;
        for &b in &chunk.order {
            sources.push(words);
            words += source_lengths[b];
        }
        room(d_annotations, words * a);
        room(d_contexts, all * a);
        room(d_scores, s);
        room(bent, s * k);
        zeros(d_keys, words * k);
        zeros(d_score, k);
        zeros(&mut step.error.output, chunk.order.len() * h);
        if C::CELLS {
            zeros(&mut step.error.cell, chunk.order.len() * h);
        }
        // Values that the cell keeps of each row.
        let kept = rows.kept.len() / usize::max(all, 1);
        for t in (0..chunk.steps()).rev() {
            let (first, n) = chunk.step(t);
            window.take(chunk, t..t + 1);
            let span = |width: usize| first * width..(first + n) * width;
            for (to, from, width) in [
                (&mut step.nets, &rows.nets, g),
                (&mut step.before, &rows.before, h),
                (&mut step.outputs, &rows.outputs, h),
                (&mut step.kept, &rows.kept, kept),
            ] {
                to.clear();
                to.extend_from_slice(&from[span(width)]);
            }
            if C::CELLS {
                let before = match t {
                    0 => &rows.start.cell[..n * h],
                    _ => &rows.cells[chunk.row(t - 1, 0) * h..][..n * h],
                };
                step.start.cell.clear();
                step.start.cell.extend_from_slice(before);
            }
            let steps = Steps {
                layer: self.layer.recurrent(),
                weights: &weights.cell,
                chunk: window,
                rows: step,
            };
            let (cell, d_y) = (self.cell, self.d_states);
            run_on(path, StepBack { cell, steps, d_y });
            rows.nets[span(g)].copy_from_slice(&step.nets);
            rows.kept[span(kept)].copy_from_slice(&step.kept);

            let d_contexts = &mut d_contexts[span(a)];
            let error = &mut step.error.output[..n * h];
            for (r, &place) in window.places.iter().enumerate() {
                let d = &self.d_glimpses[place * (h + a)..][..h + a];
                d_contexts[r * a..][..a].copy_from_slice(&d[h..]);
                add(&mut error[r * h..][..h], d);
            }
            let product = Product {
                left: Left {
                    values: &step.nets,
                    row: g,
                    step: 1,
                },
                right: &weights.context_back,
                to: &mut *d_contexts,
                stride: a,
                rows: n,
                skip: 0,
                scratch,
            };
            product.add(path);
            let queries = &mut queries[span(k)];
            let look = LookBack {
                layer: self.layer,
                score: &weights.score,
                source_lengths,
                source_steps: s,
                source: self.source,
                targets: &chunk.order[..n],
                queries: &mut *queries,
                weights: &alphas[span(s)],
                d_contexts,
                d_scores,
                bent,
                first: sources,
                d_keys,
                d_score,
            };
            run_on(path, look);
            let product = Product {
                left: Left {
                    values: queries,
                    row: k,
                    step: 1,
                },
                right: &weights.query_back,
                to: error,
                stride: h,
                rows: n,
                skip: 0,
                scratch,
            };
            product.add(path);
        }
        let annotations = Annotations {
            layer: self.layer,
            source_lengths,
            source_steps: s,
            chunk,
            weights: alphas,
            d_contexts,
            first: sources,
            d_annotations,
        };
        run_on(path, annotations);
        rows.errors.pack(&rows.nets, all, g, g, 1);
        zeros(&mut rows.d_bias, g);
        for row in rows.nets.chunks_exact(g) {
            add(&mut rows.d_bias, row);
        }
        self.cell.pack_errors(h, rows);
        errors.pack(queries, all, k, k, 1);
    }
}

/// The way back over the batch that went forward last with this trace, once, with these weights and
/// this source. `outputs` has the gradients with respect to the glimpses and the states, of which rows
/// beyond a sentence's end are not read; the weights α get none, and have an empty slice there. The
/// gradients of all weights and inputs are added to what the slices hold; rows beyond an end get none.
///
/// # Panics
/// When a slice has not the size that its name asks for, or nothing of this layer went forward with the
/// trace, for training and a source for each target, since it went back.
#[allow(clippy::too_many_arguments)]
pub fn backward<F: Real, C: Attends<F>>(
    cell: C,
    layer: Layer,
    weights: &Prepared<F>,
    source: Source<&[F]>,
    outputs: Outputs<&[F]>,
    gradients: Weights<&mut [F]>,
    inputs: Inputs<&mut [F]>,
    trace: &mut Trace<F>,
) {
    (C::ATTENTION.backward)(
        cell, layer, weights, source, outputs, gradients, inputs, trace,
    );
}

#[allow(clippy::too_many_arguments)]
fn backward_here<F: Real, C: Recurrence<F>>(
    cell: C,
    layer: Layer,
    weights: &Prepared<F>,
    source: Source<&[F]>,
    outputs: Outputs<&[F]>,
    gradients: Weights<&mut [F]>,
    inputs: Inputs<&mut [F]>,
    trace: &mut Trace<F>,
) {
    let Layer {
        annotation: a,
        key: k,
        units: h,
        path,
    } = layer;
    let g = columns::<F, C>(layer);
    assert!(
        trace.layer == Some(layer),
        "the trace is of another layer, or not for a way back, or went back already"
    );
    assert!(
        weights.layer == Some(layer) && weights.training,
        "the weights were not prepared for a way back"
    );
    let Trace {
        layout,
        parts,
        lengths,
        steps,
        source_lengths,
        source_steps,
        scratches,
        large,
        ..
    } = trace;
    let (steps, source_steps, large) = (*steps, *source_steps, *large);
    let (lengths, source_lengths) = (&lengths[..], &source_lengths[..]);
    let count = lengths.len();
    let (of_annotations, of_keys) = (count * source_steps * a, count * source_steps * k);
    let of_cells = if C::CELLS { count * h } else { 0 };
    check("the annotations", source.annotations.len(), of_annotations);
    check("the keys", source.keys.len(), of_keys);
    let Outputs {
        glimpses, states, ..
    } = outputs;
    let of_glimpses = count * steps * (h + a);
    check("the gradient of the glimpses", glimpses.len(), of_glimpses);
    check(
        "the gradient of the states",
        states.len(),
        count * steps * h,
    );
    let own = cell.peepholes(h);
    let of_cell = gradients.cell;
    check("the gradient of W_q", gradients.query.len(), h * k);
    check("the gradient of v", gradients.score.len(), k);
    check("the gradient of W_c", gradients.context.len(), a * g);
    check("the gradient of W_h", of_cell.recurrent.len(), h * g);
    check("the gradient of b", of_cell.bias.len(), g);
    check("the gradient of peepholes", of_cell.peepholes.len(), own);
    let Inputs {
        nets: d_nets,
        source: d_source,
        start: d_start,
    } = inputs;
    let (d_annotations, d_keys) = (d_source.annotations, d_source.keys);
    check("the gradient of x", d_nets.len(), count * steps * g);
    check(
        "the gradient of the annotations",
        d_annotations.len(),
        of_annotations,
    );
    check("the gradient of the keys", d_keys.len(), of_keys);
    check("the gradient of the start", d_start.output.len(), count * h);
    check("the gradient of the start", d_start.cell.len(), of_cells);
    each(large, parts, &|c, part| {
        let work = Backward {
            cell,
            layer,
            weights,
            source_lengths,
            source_steps,
            source,
            d_glimpses: glimpses,
            d_states: states,
            chunk: &layout.chunks[c],
            part,
        };
        work.run();
    });
    let (layout, parts) = (&*layout, &*parts);
    // Each piece is some rows of a gradient, and sums over all chunks in their order.
    let piece = |rows: usize| match large {
        true => rows.div_ceil(8).next_multiple_of(6).clamp(24, 96),
        false => 96,
    };
    let (of_h, of_a) = (piece(h), piece(a));
    let pieces = usize::max(h.div_ceil(of_h), a.div_ceil(of_a));
    scratches.resize_with(pieces, Vec::new);
    let share = |c: usize, first: usize| Share {
        path,
        units: h,
        chunk: &layout.chunks[c],
        rows: &parts[c].rows,
        left: &parts[c].rows.before,
        width: h,
        first,
        skip: 0,
    };
    let (d_recurrent, d_query) = (of_cell.recurrent, gradients.query);
    each_piece(
        large,
        d_recurrent,
        of_h * g,
        scratches,
        &|p, to, scratch| {
            for c in 0..parts.len() {
                cell.add_recurrent_gradient(&share(c, p * of_h), to, scratch);
            }
        },
    );
    each_piece(large, d_query, of_h * k, scratches, &|p, to, scratch| {
        for (c, part) in parts.iter().enumerate() {
            share(c, p * of_h).add(&part.errors, to, k, scratch);
        }
    });
    let d_context = gradients.context;
    each_piece(large, d_context, of_a * g, scratches, &|p, to, scratch| {
        for (c, part) in parts.iter().enumerate() {
            let share = Share {
                left: &part.contexts,
                width: a,
                ..share(c, p * of_a)
            };
            share.add(&part.rows.errors, to, g, scratch);
        }
    });
    for (c, part) in parts.iter().enumerate() {
        add(gradients.score, &part.d_score);
        add(of_cell.bias, &part.rows.d_bias);
        if own > 0 {
            cell.add_peephole_gradient(&share(c, 0), of_cell.peepholes);
        }
    }
    let mut nothing = vec![(); count];
    if steps > 0 {
        each_piece(large, d_nets, steps * g, &mut nothing, &|b, to, ()| {
            let (c, r) = layout.places[b];
            let rows = to.chunks_exact_mut(g).take(lengths[b]);
            for (t, to) in rows.enumerate() {
                let row = layout.chunks[c].row(t, r);
                add(to, &parts[c].rows.nets[row * g..]);
            }
        });
    }
    if source_steps > 0 {
        // Rows beyond a source's length have nothing here.
        let rows = |b: usize, width: usize| {
            let (c, r) = layout.places[b];
            let first = parts[c].sources[r] * width;
            (&parts[c], first..first + source_lengths[b] * width)
        };
        let size = source_steps * a;
        each_piece(large, d_annotations, size, &mut nothing, &|b, to, ()| {
            let (part, span) = rows(b, a);
            add(to, &part.d_annotations[span]);
        });
        let size = source_steps * k;
        each_piece(large, d_keys, size, &mut nothing, &|b, to, ()| {
            let (part, span) = rows(b, k);
            add(to, &part.d_keys[span]);
        });
    }
    for (b, &(c, r)) in layout.places.iter().enumerate() {
        let error = &parts[c].step.error;
        add(&mut d_start.output[b * h..][..h], &error.output[r * h..]);
        if C::CELLS {
            add(&mut d_start.cell[b * h..][..h], &error.cell[r * h..]);
        }
    }
    trace.layer = None;
}

/// Adds the first values of a slice to another.
fn add<F: Real>(to: &mut [F], from: &[F]) {
    for (to, &d) in to.iter_mut().zip(from) {
        *to += d;
    }
}
