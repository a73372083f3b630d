// SPDX-License-Identifier: MIT OR Apache-2.0
//! A recurrent network without gates that reads one symbol a step, its whole gradient through time,
//! and the regularizer Ω of Pascanu, Mikolov & Bengio (2013), over batches of sequences of one
//! length.
use crate::path::{run_on, Arithmetic, Instructions, Work};
use crate::product::{add_product, Left, Packed, Product};
use crate::projection::{self, Layer, Prepared, Reduction, Trace};
use crate::rnn::Activation;
use crate::softmax::Indices;
use crate::Real;

/// Sizes of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Symbols that come in, I.
    pub inputs: usize,
    /// Units, H.
    pub units: usize,
    /// Classes, O.
    pub outputs: usize,
}

// ANCHOR: network
/// Weights, or their gradients: I inputs, H units, O classes. Matrices row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights<F> {
    /// I, H and O.
    pub sizes: Sizes,
    /// W_x, I×H.
    pub w_x: Vec<F>,
    /// W_h, H×H.
    pub w_h: Vec<F>,
    /// b, H.
    pub bias: Vec<F>,
    /// W_o, H×O.
    pub w_o: Vec<F>,
    /// b_o, O.
    pub out_bias: Vec<F>,
}
// ANCHOR_END: network

impl<F: Real> Weights<F> {
    /// All zero.
    pub fn zeros(sizes: Sizes) -> Self {
        let (i, h, o) = (sizes.inputs, sizes.units, sizes.outputs);
        Weights {
            sizes,
            w_x: vec![F::ZERO; i * h],
            w_h: vec![F::ZERO; h * h],
            bias: vec![F::ZERO; h],
            w_o: vec![F::ZERO; h * o],
            out_bias: vec![F::ZERO; o],
        }
    }

    /// The five arrays, in a fixed order.
    pub fn all(&self) -> [&Vec<F>; 5] {
        [&self.w_x, &self.w_h, &self.bias, &self.w_o, &self.out_bias]
    }

    /// The five arrays, to be changed.
    pub fn all_mut(&mut self) -> [&mut Vec<F>; 5] {
        [
            &mut self.w_x,
            &mut self.w_h,
            &mut self.bias,
            &mut self.w_o,
            &mut self.out_bias,
        ]
    }

    /// The Euclidean norm of all values together.
    pub fn norm(&self) -> f64 {
        let squares = |values: &Vec<F>| dot(values, values).to_f64();
        self.all().into_iter().map(squares).sum::<f64>().sqrt()
    }
}

/// A batch of sequences of one length, one symbol a step.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// B.
    pub sequences: usize,
    /// T·B symbols below I: those of step t begin at t·B.
    pub symbols: &'a [u8],
    /// B classes below O, of the last step; or T·B of them, one for each step, as the symbols lie.
    pub classes: &'a [u8],
}

impl Batch<'_> {
    /// T.
    pub fn steps(&self) -> usize {
        self.symbols.len() / self.sequences
    }

    /// Whether there is a class for each step, and not for the last one alone.
    fn at_each_step(&self) -> bool {
        self.classes.len() > self.sequences
    }

    /// Panics unless the sizes are those that the names state.
    fn check(&self, sizes: Sizes) {
        assert!(self.sequences > 0 && self.symbols.len().is_multiple_of(self.sequences));
        if self.at_each_step() {
            assert_eq!(self.classes.len(), self.symbols.len());
        } else {
            assert_eq!(self.classes.len(), self.sequences);
        }
        assert!(self
            .symbols
            .iter()
            .all(|&symbol| usize::from(symbol) < sizes.inputs));
        assert!(self
            .classes
            .iter()
            .all(|&class| usize::from(class) < sizes.outputs));
    }
}

/// Which Ω: as the paper prints it, or as its program computes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Omega {
    /// (2.12): ratios of norms, summed over the steps, mean over the batch.
    Paper,
    /// (2.13): ratios of squared norms, mean over the pairs of step and sequence that count.
    Program,
}

/// Ω with its weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Regularizer {
    /// Which.
    pub omega: Omega,
    /// α, its weight in the sum with the loss.
    pub alpha: f64,
}

/// How a batch is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// φ.
    pub activation: Activation,
    /// Which instructions.
    pub path: Instructions,
    /// Whether the states begin where the last batch with these buffers left them, and not at zero.
    pub carried: bool,
    /// Ω, where it is added to the loss.
    pub regularizer: Option<Regularizer>,
}

/// A step counts in Ω where the squared norm of its error is at least this. The published program
/// calls it `bound`.
pub const COUNTS_FROM: f64 = 1e-20;

/// What flows back and is smaller in size than this is set to zero. It is far below what can change a
/// weight or count in Ω; the numbers below 1.2e-38, which single precision holds with fewer digits,
/// are slow on many processors, and a logistic network makes them within twenty steps.
pub const FLOWS_FROM: f64 = 1e-30;

/// What one pass over a batch gave, besides the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pass {
    /// Cross-entropy in nats: summed over the steps that have a class, mean over the sequences.
    pub loss: f64,
    /// Ω; zero where none was asked for.
    pub omega: f64,
    /// Mean number of steps a sequence that counted in Ω; zero where none was asked for.
    pub active: f64,
}

/// Buffers of one thread's passes; used again from batch to batch.
#[derive(Debug, Clone, Default)]
pub struct Buffers<F> {
    /// h_0 … h_T, (T + 1)·B·H.
    pub hidden: Vec<F>,
    /// h̄_0 … h̄_T, (T + 1)·B·H.
    pub errors: Vec<F>,
    /// δ_1 … δ_T, T·B·H.
    pub deltas: Vec<F>,
    /// δ_1 W_hᵀ … δ_T W_hᵀ, T·B·H: what reaches h̄_0 … h̄_{T−1} from the step after.
    pub flows: Vec<F>,
    /// ‖h̄_t‖² of each sequence, (T + 1)·B.
    pub squares: Vec<F>,
    /// Class probabilities of the last step, B·O, where it alone has classes.
    pub output: Vec<F>,
    targets: Vec<Option<usize>>,
    readout: Prepared<F>,
    trace: Trace<F>,
    left: Vec<F>,
    inputs: Vec<F>,
    row: Vec<F>,
    recurrent: Packed<F>,
    recurrent_back: Packed<F>,
    right: Packed<F>,
    scratch: Vec<F>,
}

/// Σ aₙ bₙ, in sixteen sums, so that it vectorizes.
#[inline(always)]
fn dot<F: Real>(a: &[F], b: &[F]) -> F {
    let mut sums = [F::ZERO; 16];
    let (a16, a_rest) = a.as_chunks::<16>();
    let (b16, b_rest) = b.as_chunks::<16>();
    for (a, b) in a16.iter().zip(b16) {
        for n in 0..16 {
            sums[n] += a[n] * b[n];
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(&a, &b)| a * b);
    sums.into_iter().chain(rest).sum()
}

// ANCHOR: forward
/// One step for all sequences: `to`, B·H, becomes φ(x_t W_x + b + h_{t−1} W_h) (2.1).
/// `inputs` holds x W_x + b of each symbol.
#[inline(always)]
fn step<F: Real, A: Arithmetic>(
    activation: Activation,
    inputs: &[F],
    recurrent: &Packed<F>,
    symbols: &[u8],
    before: &[F],
    to: &mut [F],
    scratch: &mut Vec<F>,
) {
    let h = to.len() / symbols.len();
    for (row, &symbol) in to.chunks_exact_mut(h).zip(symbols) {
        row.copy_from_slice(&inputs[usize::from(symbol) * h..][..h]);
    }
    add_product::<F, A>(Product {
        left: Left {
            values: before,
            row: h,
            step: 1,
        },
        right: recurrent,
        to,
        stride: h,
        rows: symbols.len(),
        skip: 0,
        scratch,
    });
    activation.apply::<F, A>(to);
}
// ANCHOR_END: forward

/// x W_x + b for each of the I symbols: a one-hot input picks a row.
#[inline(always)]
fn input_rows<F: Real>(weights: &Weights<F>, to: &mut Vec<F>) {
    to.clear();
    for row in weights.w_x.chunks_exact(weights.sizes.units) {
        to.extend(row.iter().zip(&weights.bias).map(|(&w, &b)| w + b));
    }
}

// ANCHOR: softmax
/// Class probabilities p = softmax(h_T W_o + b_o) into `output`, and the mean of −ln p of the right
/// classes (2.2).
#[inline(always)]
fn softmax<F: Real, A: Arithmetic>(
    weights: &Weights<F>,
    last: &[F],
    classes: &[u8],
    output: &mut Vec<F>,
) -> f64 {
    let Sizes { units, outputs, .. } = weights.sizes;
    output.clear();
    let mut loss = 0.0;
    for (h, &class) in last.chunks_exact(units).zip(classes) {
        let first = output.len();
        output.extend_from_slice(&weights.out_bias);
        let net = &mut output[first..];
        for (&h, row) in h.iter().zip(weights.w_o.chunks_exact(outputs)) {
            for (net, &w) in net.iter_mut().zip(row) {
                *net += h * w;
            }
        }
        let largest = net.iter().fold(net[0], |m, &x| if x > m { x } else { m });
        let right = (net[usize::from(class)] - largest).to_f64();
        let power = |net: &mut F| {
            *net = (*net - largest).exponential_in::<A>();
            *net
        };
        let sum: F = net.iter_mut().map(power).sum();
        net.iter_mut().for_each(|p| *p = *p / sum);
        loss -= right - libm::log(sum.to_f64());
    }
    loss / classes.len() as f64
}
// ANCHOR_END: softmax

/// The ways over a batch.
struct Train<'a, F> {
    weights: &'a Weights<F>,
    run: Run,
    batch: Batch<'a>,
    buffers: &'a mut Buffers<F>,
}

/// The way forward: the states, the loss of the last step where it alone has classes, and its error
/// where there is a gradient to add to.
struct Forward<'a, 'b, F>(&'b mut Train<'a, F>, Option<&'b mut Weights<F>>);

/// The way back from the errors of the readout.
struct Backward<'a, 'b, F>(&'b mut Train<'a, F>, &'b mut Weights<F>);

impl<F: Real> Work for Forward<'_, '_, F> {
    type Output = f64;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> f64 {
        let Forward(train, gradient) = self;
        train.forward::<A>();
        if train.batch.at_each_step() {
            return 0.0;
        }
        let loss = train.read_last::<A>();
        if let Some(gradient) = gradient {
            train.readout_back(gradient);
        }
        loss
    }
}

impl<F: Real> Work for Backward<'_, '_, F> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> (f64, f64) {
        let Backward(train, gradient) = self;
        train.back::<A>();
        let omega = train.omega();
        train.weight_gradients::<A>(gradient);
        omega
    }
}

impl<F: Real> Train<'_, F> {
    /// H.
    #[inline(always)]
    fn units(&self) -> usize {
        self.weights.sizes.units
    }

    #[inline(always)]
    fn forward<A: Arithmetic>(&mut self) {
        let (w, h) = (self.weights, self.units());
        let s = &mut *self.buffers;
        let (steps, size) = (self.batch.steps(), self.batch.sequences * h);
        input_rows(w, &mut s.inputs);
        s.recurrent.pack(&w.w_h, h, h, h, 1);
        let last = s
            .hidden
            .len()
            .checked_sub(size)
            .filter(|_| self.run.carried);
        match last {
            Some(last) => s.hidden.copy_within(last.., 0),
            None => {
                s.hidden.resize(size, F::ZERO);
                s.hidden.fill(F::ZERO);
            }
        }
        s.hidden.resize((steps + 1) * size, F::ZERO);
        let symbols = self.batch.symbols.chunks_exact(self.batch.sequences);
        for (t, symbols) in symbols.enumerate() {
            let (before, to) = s.hidden.split_at_mut((t + 1) * size);
            step::<F, A>(
                self.run.activation,
                &s.inputs,
                &s.recurrent,
                symbols,
                &before[t * size..],
                &mut to[..size],
                &mut s.scratch,
            );
        }
        s.errors.clear();
        s.errors.resize((steps + 1) * size, F::ZERO);
    }

    #[inline(always)]
    fn read_last<A: Arithmetic>(&mut self) -> f64 {
        let last = self.batch.steps() * self.batch.sequences * self.units();
        let s = &mut *self.buffers;
        softmax::<F, A>(
            self.weights,
            &s.hidden[last..],
            self.batch.classes,
            &mut s.output,
        )
    }

    /// The gradients of W_o and b_o, and h̄_T (2.3).
    #[inline(always)]
    fn readout_back(&mut self, gradient: &mut Weights<F>) {
        let (steps, count) = (self.batch.steps(), self.batch.sequences);
        let Sizes { units, outputs, .. } = self.weights.sizes;
        let s = &mut *self.buffers;
        let share = F::ONE / F::from_f64(count as f64);
        let last = &s.hidden[steps * count * units..];
        let errors = &mut s.errors[steps * count * units..];
        let rows = last.chunks_exact(units).zip(errors.chunks_exact_mut(units));
        for (b, (h, error)) in rows.enumerate() {
            s.row.clear();
            for (o, &p) in s.output[b * outputs..][..outputs].iter().enumerate() {
                let right = usize::from(self.batch.classes[b]) == o;
                let target = if right { F::ONE } else { F::ZERO };
                s.row.push(share * (p - target));
            }
            for (sum, &d) in gradient.out_bias.iter_mut().zip(&s.row) {
                *sum += d;
            }
            let weights = self.weights.w_o.chunks_exact(outputs);
            let gradients = gradient.w_o.chunks_exact_mut(outputs);
            for (((&h, error), w), g) in h.iter().zip(error).zip(weights).zip(gradients) {
                *error = s.row.iter().zip(w).map(|(&d, &w)| d * w).sum();
                for (g, &d) in g.iter_mut().zip(&s.row) {
                    *g += h * d;
                }
            }
        }
    }

    // ANCHOR: each_step
    /// The loss of all steps (2.16), with the gradients of W_o and b_o and what the readout says of
    /// each state where they are asked for: the last term of (2.17).
    fn read_each_step(&mut self, gradient: Option<&mut Weights<F>>) -> f64 {
        let Sizes { units, outputs, .. } = self.weights.sizes;
        let s = &mut *self.buffers;
        let count = self.batch.sequences;
        let layer = Layer {
            width: units,
            outputs,
            path: self.run.path,
        };
        let weights = projection::Weights {
            projection: &self.weights.w_o[..],
            bias: &self.weights.out_bias[..],
        };
        s.readout.pack(layer, weights, gradient.is_some());
        s.targets.clear();
        let classes = self.batch.classes.iter();
        s.targets
            .extend(classes.map(|&class| Some(usize::from(class))));
        let states = &s.hidden[count * units..];
        let targets = Indices(&s.targets);
        let sum = Reduction::Sum;
        let loss = projection::forward(layer, &s.readout, states, targets, sum, &mut s.trace);
        if let Some(gradient) = gradient {
            let share = F::ONE / F::from_f64(count as f64);
            let gradients = projection::Weights {
                projection: &mut gradient.w_o[..],
                bias: &mut gradient.out_bias[..],
            };
            let errors = Some(&mut s.errors[count * units..]);
            projection::backward(layer, &s.readout, share, gradients, errors, &mut s.trace);
        }
        loss / count as f64
    }
    // ANCHOR_END: each_step

    // ANCHOR: back
    /// δ_t = h̄_t ⊙ φ'(net_t), and h̄_{t−1} gets δ_t W_hᵀ, from the last step to the first (2.4). What
    /// the readout says of h_{t−1} itself is there already (2.17).
    #[inline(always)]
    fn back<A: Arithmetic>(&mut self) {
        let h = self.weights.sizes.units;
        let s = &mut *self.buffers;
        let (steps, size) = (self.batch.steps(), self.batch.sequences * h);
        s.recurrent_back.pack(&self.weights.w_h, h, h, 1, h);
        s.deltas.resize(steps * size, F::ZERO);
        s.flows.resize(steps * size, F::ZERO);
        for t in (0..steps).rev() {
            let delta = &mut s.deltas[t * size..][..size];
            let (before, error) = s.errors.split_at_mut((t + 1) * size);
            let hidden = &s.hidden[(t + 1) * size..][..size];
            let all = delta.iter_mut().zip(hidden).zip(&error[..size]);
            let all = all.map(|((delta, &h), &d)| (delta, h, d));
            self.run.activation.back(all);
            let flow = &mut s.flows[t * size..][..size];
            flow.fill(F::ZERO);
            add_product::<F, A>(Product {
                left: Left {
                    values: delta,
                    row: h,
                    step: 1,
                },
                right: &s.recurrent_back,
                to: flow,
                stride: h,
                rows: self.batch.sequences,
                skip: 0,
                scratch: &mut s.scratch,
            });
            let smallest = F::from_f64(FLOWS_FROM);
            for (before, flow) in before[t * size..].iter_mut().zip(flow) {
                if *flow < smallest && *flow > -smallest {
                    *flow = F::ZERO;
                }
                *before += *flow;
            }
        }
    }
    // ANCHOR_END: back

    // ANCHOR: omega
    /// Ω (2.12) or (2.13) with the mean number of active steps. Its immediate gradient by W_h is
    /// Σ c_t (δ_t W_hᵀ)ᵀ δ_t (2.14), so all that is left to do is to add α c_t δ_t W_hᵀ to the left
    /// side h_{t−1} of the sum that gives the gradient of the loss (2.15).
    #[inline(always)]
    fn omega(&mut self) -> (f64, f64) {
        let h = self.weights.sizes.units;
        let s = &mut *self.buffers;
        let (steps, count) = (self.batch.steps(), self.batch.sequences);
        s.left.clear();
        s.left.extend_from_slice(&s.hidden[..steps * count * h]);
        let Some(Regularizer { omega, alpha }) = self.run.regularizer else {
            return (0.0, 0.0);
        };
        s.squares.clear();
        s.squares
            .extend(s.errors.chunks_exact(h).map(|e| dot(e, e)));
        let active = s.squares[count..]
            .iter()
            .filter(|square| square.to_f64() >= COUNTS_FROM)
            .count();
        let per = match omega {
            Omega::Program => active.max(1) as f64,
            Omega::Paper => count as f64,
        };
        let mut value = 0.0;
        for row in 0..steps * count {
            let later = s.squares[row + count].to_f64();
            if later < COUNTS_FROM {
                continue;
            }
            let flow = &s.flows[row * h..][..h];
            let ratio = dot(flow, flow).to_f64() / later;
            let (term, slope) = match omega {
                Omega::Program => (ratio - 1.0, 4.0 * (ratio - 1.0) / later),
                Omega::Paper => {
                    let root = ratio.sqrt();
                    (root - 1.0, 2.0 * (root - 1.0) / (root * later))
                }
            };
            value += term * term / per;
            let scale = F::from_f64(alpha * slope / per);
            let left = &mut s.left[row * h..][..h];
            for (left, &flow) in left.iter_mut().zip(flow) {
                *left += scale * flow;
            }
        }
        (value, active as f64 / count as f64)
    }
    // ANCHOR_END: omega

    /// Sums over steps and sequences: of W_x and b by symbol, of W_h as one product (2.15).
    #[inline(always)]
    fn weight_gradients<A: Arithmetic>(&mut self, gradient: &mut Weights<F>) {
        let h = self.units();
        let s = &mut *self.buffers;
        let rows = self.batch.symbols.len();
        for (delta, &symbol) in s.deltas.chunks_exact(h).zip(self.batch.symbols) {
            let to = &mut gradient.w_x[usize::from(symbol) * h..][..h];
            for (to, &d) in to.iter_mut().zip(delta) {
                *to += d;
            }
        }
        for row in gradient.w_x.chunks_exact(h) {
            for (to, &d) in gradient.bias.iter_mut().zip(row) {
                *to += d;
            }
        }
        s.right.pack(&s.deltas, rows, h, h, 1);
        add_product::<F, A>(Product {
            left: Left {
                values: &s.left,
                row: 1,
                step: h,
            },
            right: &s.right,
            to: &mut gradient.w_h,
            stride: h,
            rows: h,
            skip: 0,
            scratch: &mut s.scratch,
        });
    }
}

/// The way forward alone.
struct Answer<'a, F> {
    weights: &'a Weights<F>,
    run: Run,
    batch: Batch<'a>,
    buffers: &'a mut Buffers<F>,
}

impl<F: Real> Work for Answer<'_, F> {
    type Output = f64;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> f64 {
        let (w, s) = (self.weights, self.buffers);
        let h = w.sizes.units;
        let size = self.batch.sequences * h;
        input_rows(w, &mut s.inputs);
        s.recurrent.pack(&w.w_h, h, h, h, 1);
        s.hidden.resize(size.max(s.hidden.len()), F::ZERO);
        s.deltas.resize(size.max(s.deltas.len()), F::ZERO);
        let (mut before, mut to) = (&mut s.hidden[..size], &mut s.deltas[..size]);
        before.fill(F::ZERO);
        for symbols in self.batch.symbols.chunks_exact(self.batch.sequences) {
            step::<F, A>(
                self.run.activation,
                &s.inputs,
                &s.recurrent,
                symbols,
                before,
                to,
                &mut s.scratch,
            );
            (before, to) = (to, before);
        }
        softmax::<F, A>(w, before, self.batch.classes, &mut s.output)
    }
}

/// The loss of a batch; the gradient of E + α Ω is added to `gradient`.
///
/// # Panics
/// When the batch is empty, has a symbol or class that the network has not, or no whole number of
/// steps.
pub fn pass<F: Real>(
    run: Run,
    weights: &Weights<F>,
    batch: Batch,
    gradient: &mut Weights<F>,
    buffers: &mut Buffers<F>,
) -> Pass {
    (F::COMPILED.pass)(run, weights, batch, gradient, buffers)
}

pub(crate) fn pass_here<F: Real>(
    run: Run,
    weights: &Weights<F>,
    batch: Batch,
    gradient: &mut Weights<F>,
    buffers: &mut Buffers<F>,
) -> Pass {
    batch.check(weights.sizes);
    let mut train = Train {
        weights,
        run,
        batch,
        buffers,
    };
    let mut loss = run_on(run.path, Forward(&mut train, Some(gradient)));
    if batch.at_each_step() {
        loss = train.read_each_step(Some(gradient));
    }
    let (omega, active) = run_on(run.path, Backward(&mut train, gradient));
    Pass {
        loss,
        omega,
        active,
    }
}

/// The loss alone of a batch. Where its last step alone has classes, their probabilities are left
/// in the buffers.
///
/// # Panics
/// As [`pass`].
pub fn answer<F: Real>(
    run: Run,
    weights: &Weights<F>,
    batch: Batch,
    buffers: &mut Buffers<F>,
) -> f64 {
    (F::COMPILED.answer)(run, weights, batch, buffers)
}

pub(crate) fn answer_here<F: Real>(
    run: Run,
    weights: &Weights<F>,
    batch: Batch,
    buffers: &mut Buffers<F>,
) -> f64 {
    batch.check(weights.sizes);
    if batch.at_each_step() {
        let mut train = Train {
            weights,
            run,
            batch,
            buffers,
        };
        run_on(run.path, Forward(&mut train, None));
        return train.read_each_step(None);
    }
    let work = Answer {
        weights,
        run,
        batch,
        buffers,
    };
    run_on(run.path, work)
}
