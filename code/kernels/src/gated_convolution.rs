// SPDX-License-Identifier: MIT OR Apache-2.0
//! Gated recursive convolutions (Cho et al. 2014, On the Properties of Neural Machine Translation):
//! a sentence of S columns becomes one column over S − 1 levels, each with one column fewer.
//!
//! A column of a level is made of its two neighbors in the level below, l and r, rows of N values:
//!
//! - h̃ = φ(l W_l + r W_r), the candidate;
//! - (w_c, w_l, w_r) = softmax(l G_l + r G_r), three gates;
//! - h = w_c h̃ + w_l l + w_r r.
//!
//! The two neighbors lie next to each other, so they are one row of 2N values of a product whose rows
//! begin N values apart; it gives the net inputs of candidates and gates at once. Such a product has
//! all columns of a level, of several sentences one after the other. The row that begins at the last
//! column of a sentence reaches into the next one: it is not used, and its error is zero.
use crate::batch::each;
use crate::path::{run_on, Arithmetic, Instructions, Work};
use crate::product::{Left, Packed, Product};
use crate::rnn::Activation;
use crate::sequence::{check, room, zeros};
use crate::Real;

/// Gates of a column: of its candidate, of its left neighbor, of its right one.
pub const GATES: usize = 3;
/// Sentences that are one thread's work at a time. It depends on nothing, so sums do not either.
const SENTENCES: usize = 16;
/// Sums that run side by side.
const LANES: usize = 16;

/// Size, what is made of a candidate's net inputs, and the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Values of a column, N; at least one.
    pub width: usize,
    /// φ.
    pub activation: Activation,
    /// Which instructions.
    pub path: Instructions,
}

/// W_l and W_r, N×N, and G_l and G_r, N×3; or their gradients.
#[derive(Debug, Clone, Copy)]
pub struct Weights<S> {
    /// W_l.
    pub w_left: S,
    /// W_r.
    pub w_right: S,
    /// G_l.
    pub g_left: S,
    /// G_r.
    pub g_right: S,
}

/// Weights, packed for the products.
#[derive(Debug, Clone, Default)]
pub struct Prepared<F> {
    /// As many zeros as a row has net inputs.
    zeros: Vec<F>,
    /// W_l and G_l side by side above W_r and G_r; then transposed.
    joined: Vec<F>,
    turned: Vec<F>,
    forward: Packed<F>,
    backward: Option<Packed<F>>,
}

impl<F: Real> Prepared<F> {
    /// Packs; the buffers of what was packed before are used again. `backward`: for a way back too.
    ///
    /// # Panics
    /// When a weight has not the size that its name asks for, or N is zero.
    pub fn pack(&mut self, layer: Layer, weights: Weights<&[F]>, backward: bool) {
        (F::COMPILED.pack_gated_convolution)(self, layer, weights, backward);
    }

    pub(crate) fn pack_here(&mut self, layer: Layer, weights: Weights<&[F]>, backward: bool) {
        let (n, nets) = (layer.width, layer.width + GATES);
        assert!(n > 0, "columns of no values");
        check("W_l", weights.w_left.len(), n * n);
        check("W_r", weights.w_right.len(), n * n);
        check("G_l", weights.g_left.len(), n * GATES);
        check("G_r", weights.g_right.len(), n * GATES);
        zeros(&mut self.zeros, nets);
        self.joined.clear();
        let left = (weights.w_left, weights.g_left);
        let right = (weights.w_right, weights.g_right);
        for (w, g) in [left, right] {
            for (w, g) in w.chunks_exact(n).zip(g.chunks_exact(GATES)) {
                self.joined.extend_from_slice(w);
                self.joined.extend_from_slice(g);
            }
        }
        self.forward.pack(&self.joined, 2 * n, nets, nets, 1);
        if !backward {
            self.backward = None;
            return;
        }
        // A column is the right neighbor of the row before its own, so W_r comes first.
        room(&mut self.turned, 2 * nets * n);
        let halves = self.turned.chunks_exact_mut(nets * n);
        for (to, from) in halves.zip(self.joined.chunks_exact(n * nets).rev()) {
            for (k, from) in from.chunks_exact(nets).enumerate() {
                for (to, &value) in to[k..].iter_mut().step_by(n).zip(from) {
                    *to = value;
                }
            }
        }
        let packed = self.backward.get_or_insert_default();
        packed.pack(&self.turned, 2 * nets, n, n, 1);
    }
}

/// What the way forward leaves for the way back, and the buffers of both.
#[derive(Debug, Clone, Default)]
pub struct Trace<F> {
    layer: Option<Layer>,
    lengths: Vec<usize>,
    steps: usize,
    chunks: Vec<Chunk<F>>,
    large: bool,
}

/// Some sentences.
#[derive(Debug, Clone, Default)]
struct Chunk<F> {
    /// The first row of each level, and the number of rows of all.
    starts: Vec<usize>,
    /// The columns of each level, sentence by sentence, as long as a sentence has two or more; then
    /// the last column of each sentence.
    columns: Vec<F>,
    /// A row of zeros; then for each of these columns h̃ and the gates of what it makes with its right
    /// neighbor, zeros for the last of a sentence. The way back turns them into the errors of the net
    /// inputs.
    nets: Vec<F>,
    /// The gradient of the columns.
    d_columns: Vec<F>,
    /// The gradient of the joined weights, of this chunk alone.
    d_weights: Vec<F>,
    packed: Packed<F>,
    scratch: Vec<F>,
}

/// The columns that a sentence makes on a level.
#[derive(Debug, Clone, Copy)]
struct Span {
    /// Row of the first column that it makes them of: one more than it makes.
    from: usize,
    /// Row of the first that it makes.
    to: usize,
    /// How many it makes.
    count: usize,
}

/// The spans of a level, in order, of sentences of these lengths.
#[inline(always)]
fn spans<'a>(
    lengths: &'a [usize],
    starts: &'a [usize],
    level: usize,
) -> impl Iterator<Item = Span> + 'a {
    let (mut from, mut to) = (starts[level], starts[level + 1]);
    let tops = starts[starts.len() - 1];
    let long = lengths.iter().enumerate();
    let long = long.filter(move |(_, &length)| length >= level + 2);
    long.map(move |(s, &length)| {
        let count = length - level - 1;
        let span = Span {
            from,
            to: if count > 1 { to } else { tops + s },
            count,
        };
        from += count + 1;
        if count > 1 {
            to += count;
        }
        span
    })
}

impl<F: Real> Chunk<F> {
    /// Finds the levels of sentences of these lengths.
    fn plan(&mut self, lengths: &[usize]) {
        self.starts.clear();
        self.starts.push(0);
        let mut rows = 0;
        for level in 0.. {
            let long = lengths.iter().filter(|&&length| length >= level + 2);
            let here: usize = long.map(|length| length - level).sum();
            if here == 0 {
                break;
            }
            rows += here;
            self.starts.push(rows);
        }
    }

    /// Rows of all levels; what the sentences end in comes after them.
    fn rows(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }
}

/// Of three values, in place.
#[inline(always)]
fn softmax<F: Real, A: Arithmetic>(gates: &mut [F; GATES]) {
    let mut largest = gates[0];
    for &gate in &gates[1..] {
        if largest < gate {
            largest = gate;
        }
    }
    let powers = gates.map(|gate| (gate - largest).exponential_in::<A>());
    let factor = F::ONE / (powers[0] + powers[1] + powers[2]);
    *gates = powers.map(|power| power * factor);
}

/// A row of net inputs, cut into those of the candidate and those of the gates.
#[inline(always)]
fn parts<F>(row: &mut [F]) -> (&mut [F], &mut [F; GATES]) {
    row.split_last_chunk_mut().expect("a row has three gates")
}

struct Forward<'a, F> {
    layer: Layer,
    weights: &'a Prepared<F>,
    lengths: &'a [usize],
    /// Rows of x of each sentence, and these of all.
    steps: usize,
    x: &'a [F],
    chunk: &'a mut Chunk<F>,
}

impl<F: Real> Work for Forward<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (n, w) = (self.layer.width, self.layer.width + GATES);
        let all = self.chunk.rows();
        let Chunk {
            starts,
            columns,
            nets,
            scratch,
            ..
        } = self.chunk;
        // All of it is written before it is read.
        room(columns, (all + self.lengths.len()) * n);
        room(nets, (all + 1) * w);
        nets[..w].fill(F::ZERO);
        let mut row = 0;
        for (s, &length) in self.lengths.iter().enumerate() {
            let from = &self.x[s * self.steps * n..][..length * n];
            let to = match length {
                0 => &mut [][..],
                1 => &mut columns[(all + s) * n..][..n],
                _ => &mut columns[row * n..][..length * n],
            };
            to.copy_from_slice(from);
            match length {
                0 => columns[(all + s) * n..][..n].fill(F::ZERO),
                1 => {}
                _ => row += length,
            }
        }
        for level in 0..starts.len() - 1 {
            let (first, end) = (starts[level], starts[level + 1]);
            let product = Product {
                left: Left {
                    values: &columns[first * n..],
                    row: n,
                    step: 1,
                },
                right: &self.weights.forward,
                to: &mut nets[(first + 1) * w..],
                stride: w,
                rows: end - first - 1,
                skip: 0,
                scratch,
            };
            product.add_to(&self.weights.zeros, self.layer.path);
            let (below, above) = columns.split_at_mut(end * n);
            for Span { from, to, count } in spans(self.lengths, starts, level) {
                let rows = nets[(from + 1) * w..].chunks_exact_mut(w);
                let pairs = below[from * n..].windows(2 * n).step_by(n);
                let made = above[(to - end) * n..][..count * n].chunks_exact_mut(n);
                for ((to, pair), row) in made.zip(pairs).zip(rows) {
                    let (candidate, gates) = parts(row);
                    self.layer.activation.apply::<F, A>(candidate);
                    softmax::<F, A>(gates);
                    let [c, l, r] = *gates;
                    let (left, right) = pair.split_at(n);
                    let all = to.iter_mut().zip(&*candidate).zip(left.iter().zip(right));
                    for ((to, &candidate), (&left, &right)) in all {
                        let kept = A::multiply_add(l, left, r * right);
                        *to = A::multiply_add(c, candidate, kept);
                    }
                }
                nets[(from + count + 1) * w..][..w].fill(F::ZERO);
            }
        }
    }
}

/// The last column of each sentence of x, (B·steps)×N, into `y`, B×N: row b·steps + j of x is column j
/// of sentence b, whose length is `lengths[b]`. A sentence of one column is that column, and one of
/// none is zero. Rows beyond a sentence's length are not read.
///
/// # Panics
/// When a slice has not the size that its name asks for, or a length is above `steps`.
pub fn forward<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    lengths: &[usize],
    steps: usize,
    x: &[F],
    y: &mut [F],
    trace: &mut Trace<F>,
) {
    (F::COMPILED.gated_convolution)(layer, weights, lengths, steps, x, y, trace);
}

pub(crate) fn forward_here<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    lengths: &[usize],
    steps: usize,
    x: &[F],
    y: &mut [F],
    trace: &mut Trace<F>,
) {
    let n = layer.width;
    check(
        "the packed weights",
        weights.joined.len(),
        2 * n * (n + GATES),
    );
    check("x", x.len(), lengths.len() * steps * n);
    check("y", y.len(), lengths.len() * n);
    for (b, &length) in lengths.iter().enumerate() {
        let fits = length <= steps;
        assert!(
            fits,
            "sentence {b} has {length} columns, above {steps} steps"
        );
    }
    trace.layer = Some(layer);
    trace.steps = steps;
    trace.lengths.clear();
    trace.lengths.extend_from_slice(lengths);
    let count = lengths.len().div_ceil(SENTENCES);
    trace.chunks.resize_with(count, Chunk::default);
    let mut rows = 0;
    for (chunk, lengths) in trace.chunks.iter_mut().zip(lengths.chunks(SENTENCES)) {
        chunk.plan(lengths);
        rows += chunk.rows();
    }
    trace.large = rows * 2 * n * (n + GATES) > 300_000;
    each(trace.large, &mut trace.chunks, &|k, chunk| {
        let lengths = of_chunk(lengths, k);
        let work = Forward {
            layer,
            weights,
            lengths,
            steps,
            x: &x[k * SENTENCES * steps * n..][..lengths.len() * steps * n],
            chunk,
        };
        run_on(layer.path, work);
    });
    let made = y.chunks_mut(SENTENCES * n).zip(&trace.chunks);
    for (y, chunk) in made {
        y.copy_from_slice(&chunk.columns[chunk.rows() * n..]);
    }
}

/// Those of the sentences of a chunk.
fn of_chunk(lengths: &[usize], k: usize) -> &[usize] {
    &lengths[k * SENTENCES..lengths.len().min((k + 1) * SENTENCES)]
}

impl<F: Real> Trace<F> {
    /// w_c, w_l and w_r of a column that went forward last: of which sentence, on which level, and
    /// which column there, all counted from zero; level 0 is the first that was made. It has one
    /// column fewer than the sentence.
    ///
    /// # Panics
    /// When there is no such column, or the way back has been gone since.
    pub fn gates(&self, sentence: usize, level: usize, column: usize) -> [F; GATES] {
        let layer = self.layer.expect("a way forward before its gates");
        let lengths = of_chunk(&self.lengths, sentence / SENTENCES);
        let (s, chunk) = (sentence % SENTENCES, &self.chunks[sentence / SENTENCES]);
        let there = level + column + 1 < lengths[s];
        assert!(
            there,
            "sentence {sentence} has no column {column} on level {level}"
        );
        let before = lengths[..s].iter().filter(|&&length| length >= level + 2);
        let before: usize = before.map(|length| length - level).sum();
        let row = chunk.starts[level] + before + column + 1;
        let row = &chunk.nets[row * (layer.width + GATES)..];
        std::array::from_fn(|gate| row[layer.width + gate])
    }
}

/// Σ d ⊙ x for each of three x.
#[inline(always)]
fn dots<F: Real, A: Arithmetic>(d: &[F], [a, b, c]: [&[F]; 3]) -> [F; 3] {
    let mut sums = [[F::ZERO; LANES]; 3];
    let (blocks, rest) = d.as_chunks();
    let (a, b, c) = (a.as_chunks(), b.as_chunks(), c.as_chunks());
    for ((d, a), (b, c)) in blocks.iter().zip(a.0).zip(b.0.iter().zip(c.0)) {
        add_products::<F, A>(&mut sums[0], d, a);
        add_products::<F, A>(&mut sums[1], d, b);
        add_products::<F, A>(&mut sums[2], d, c);
    }
    for (sums, x) in sums.iter_mut().zip([a.1, b.1, c.1]) {
        for ((sum, &d), &x) in sums.iter_mut().zip(rest).zip(x) {
            *sum = A::multiply_add(d, x, *sum);
        }
    }
    sums.map(|sums| sums.into_iter().fold(F::ZERO, |all, sum| all + sum))
}

/// sums += d ⊙ x.
#[inline(always)]
fn add_products<F: Real, A: Arithmetic>(sums: &mut [F; LANES], d: &[F; LANES], x: &[F; LANES]) {
    for ((sum, &d), &x) in sums.iter_mut().zip(d).zip(x) {
        *sum = A::multiply_add(d, x, *sum);
    }
}

struct Backward<'a, F> {
    layer: Layer,
    weights: &'a Prepared<F>,
    back: &'a Packed<F>,
    lengths: &'a [usize],
    d_y: &'a [F],
    x_wanted: bool,
    chunk: &'a mut Chunk<F>,
}

impl<F: Real> Work for Backward<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let (n, w) = (self.layer.width, self.layer.width + GATES);
        let all = self.chunk.rows();
        let Chunk {
            starts,
            columns,
            nets,
            d_columns,
            d_weights,
            packed,
            scratch,
        } = self.chunk;
        // All of it is written before it is read.
        room(d_columns, columns.len());
        d_columns[all * n..].copy_from_slice(self.d_y);
        for level in (0..starts.len() - 1).rev() {
            let (first, end) = (starts[level], starts[level + 1]);
            let wanted = level > 0 || self.x_wanted;
            let (d_below, d_above) = d_columns.split_at_mut(end * n);
            for Span { from, to, count } in spans(self.lengths, starts, level) {
                for j in 0..count {
                    let d = &d_above[(to + j - end) * n..][..n];
                    let (candidate, gates) = parts(&mut nets[(from + j + 1) * w..][..w]);
                    let (left, right) = columns[(from + j) * n..][..2 * n].split_at(n);
                    let [c, l, r] = *gates;
                    let slopes = dots::<F, A>(d, [&*candidate, left, right]);
                    let mean = c * slopes[0] + l * slopes[1] + r * slopes[2];
                    *gates = [
                        c * (slopes[0] - mean),
                        l * (slopes[1] - mean),
                        r * (slopes[2] - mean),
                    ];
                    let each = candidate.iter_mut().zip(d);
                    self.layer.activation.back(each.map(|(to, &d)| {
                        let h = *to;
                        (to, h, c * d)
                    }));
                    if !wanted {
                        continue;
                    }
                    let (left, right) = d_below[(from + j) * n..][..2 * n].split_at_mut(n);
                    // The column before has been here already, with its right neighbor.
                    if j == 0 {
                        left.fill(F::ZERO);
                    }
                    for ((left, right), &d) in left.iter_mut().zip(right).zip(d) {
                        *left = A::multiply_add(l, d, *left);
                        *right = r * d;
                    }
                }
            }
            if wanted {
                let product = Product {
                    left: Left {
                        // The errors of the row before, then those of the column's own.
                        values: &nets[first * w..],
                        row: w,
                        step: 1,
                    },
                    right: self.back,
                    to: &mut d_columns[first * n..],
                    stride: n,
                    rows: end - first,
                    skip: 0,
                    scratch,
                };
                product.add(self.layer.path);
            }
        }
        if all == 0 {
            zeros(d_weights, 2 * n * w);
            return;
        }
        room(d_weights, 2 * n * w);
        packed.pack(&nets[w..], all, w, w, 1);
        let product = Product {
            left: Left {
                values: columns,
                row: 1,
                step: n,
            },
            right: packed,
            to: d_weights,
            stride: w,
            rows: 2 * n,
            skip: 0,
            scratch,
        };
        product.add_to(&self.weights.zeros, self.layer.path);
    }
}

/// The way back over the sentences that went forward last with this trace, once, and with these
/// weights, from `d_y`, the gradient with respect to `y`. Gradients of the weights and of x are added
/// to what the slices hold; rows of x beyond a sentence's length get none.
///
/// # Panics
/// When a slice has not the size that its name asks for, the weights were not prepared for a way back,
/// or nothing of this layer went forward with the trace since it went back.
pub fn backward<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    d_y: &[F],
    gradients: Weights<&mut [F]>,
    d_x: Option<&mut [F]>,
    trace: &mut Trace<F>,
) {
    (F::COMPILED.backward_gated_convolution)(layer, weights, d_y, gradients, d_x, trace);
}

pub(crate) fn backward_here<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    d_y: &[F],
    gradients: Weights<&mut [F]>,
    d_x: Option<&mut [F]>,
    trace: &mut Trace<F>,
) {
    let (n, w) = (layer.width, layer.width + GATES);
    assert!(
        trace.layer == Some(layer),
        "the trace is of other gated convolutions, or went back already"
    );
    let Trace {
        lengths,
        steps,
        chunks,
        large,
        ..
    } = trace;
    let (lengths, steps) = (&lengths[..], *steps);
    check("d_y", d_y.len(), lengths.len() * n);
    let Weights {
        w_left,
        w_right,
        g_left,
        g_right,
    } = gradients;
    check("the gradient of W_l", w_left.len(), n * n);
    check("the gradient of W_r", w_right.len(), n * n);
    check("the gradient of G_l", g_left.len(), n * GATES);
    check("the gradient of G_r", g_right.len(), n * GATES);
    if let Some(d_x) = &d_x {
        check("d_x", d_x.len(), lengths.len() * steps * n);
    }
    check("the packed weights", weights.joined.len(), 2 * n * w);
    let back = weights.backward.as_ref();
    let back = back.expect("the weights were not prepared for a way back");
    let x_wanted = d_x.is_some();
    each(*large, chunks, &|k, chunk| {
        let lengths = of_chunk(lengths, k);
        let work = Backward {
            layer,
            weights,
            back,
            lengths,
            d_y: &d_y[k * SENTENCES * n..][..lengths.len() * n],
            x_wanted,
            chunk,
        };
        run_on(layer.path, work);
    });
    for chunk in &*chunks {
        let (left, right) = chunk.d_weights.split_at(n * w);
        add_joined(left, &mut *w_left, &mut *g_left, n);
        add_joined(right, &mut *w_right, &mut *g_right, n);
    }
    trace.layer = None;
    let Some(d_x) = d_x else { return };
    for (k, chunk) in trace.chunks.iter().enumerate() {
        let mut row = 0;
        for (s, &length) in of_chunk(&trace.lengths, k).iter().enumerate() {
            let from = match length {
                0 => continue,
                1 => chunk.rows() + s,
                _ => row,
            };
            let to = &mut d_x[(k * SENTENCES + s) * steps * n..][..length * n];
            add(to, &chunk.d_columns[from * n..]);
            if length > 1 {
                row += length;
            }
        }
    }
}

/// Adds the first values of a slice to another.
fn add<F: Real>(to: &mut [F], from: &[F]) {
    for (to, &d) in to.iter_mut().zip(from) {
        *to += d;
    }
}

/// Adds rows of N values of W and three of G to both.
fn add_joined<F: Real>(joined: &[F], to_w: &mut [F], to_g: &mut [F], n: usize) {
    let rows = to_w.chunks_exact_mut(n).zip(to_g.chunks_exact_mut(GATES));
    for ((w, g), from) in rows.zip(joined.chunks_exact(n + GATES)) {
        add(w, from);
        add(g, &from[n..]);
    }
}
