// SPDX-License-Identifier: MIT OR Apache-2.0
//! The network of the temporal-order task, its gradient through time, the regularizer Ω and the
//! clipped step, over batches on plain slices.
use kernels::path::{run_on, Arithmetic, Work};
use kernels::product::{add_product, Left, Packed, Product};
use kernels::projection::{self, Layer, Prepared, Reduction, Trace};
use kernels::softmax::Indices;
use kernels::{Path, Real};
use serde::{Deserialize, Serialize};

/// φ, with its steepest slope γ and its derivative as a function of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// tanh; γ = 1.
    Tanh,
    /// 1 / (1 + exp(−net)); γ = ¼.
    Logistic,
}

impl Activation {
    /// The largest value of φ'.
    pub fn gamma(self) -> f64 {
        match self {
            Activation::Tanh => 1.0,
            Activation::Logistic => 0.25,
        }
    }

    /// φ of each net input, in place.
    #[inline(always)]
    pub fn apply<F: Real, A: Arithmetic>(self, nets: &mut [F]) {
        match self {
            Activation::Tanh => nets
                .iter_mut()
                .for_each(|x| *x = x.hyperbolic_tangent_in::<A>()),
            Activation::Logistic => nets.iter_mut().for_each(|x| *x = x.logistic_in::<A>()),
        }
    }

    /// to = d ⊙ φ', with φ' from the values h of φ.
    #[inline(always)]
    pub fn back<F: Real>(self, d: &[F], h: &[F], to: &mut [F]) {
        let all = to.iter_mut().zip(d).zip(h);
        match self {
            Activation::Tanh => all.for_each(|((to, &d), &h)| *to = d * (F::ONE - h * h)),
            Activation::Logistic => all.for_each(|((to, &d), &h)| *to = d * (h * (F::ONE - h))),
        }
    }
}

// ANCHOR: network
/// Weights, or their gradients: I inputs, H units, O classes. Matrices row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights<const I: usize, const H: usize, const O: usize, F> {
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

impl<const I: usize, const H: usize, const O: usize, F: Real> Weights<I, H, O, F> {
    /// All zero.
    pub fn zeros() -> Self {
        Weights {
            w_x: vec![F::ZERO; I * H],
            w_h: vec![F::ZERO; H * H],
            bias: vec![F::ZERO; H],
            w_o: vec![F::ZERO; H * O],
            out_bias: vec![F::ZERO; O],
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
    pub fn at_each_step(&self) -> bool {
        self.classes.len() > self.sequences
    }

    /// Panics unless the sizes are those that the names state.
    fn check(&self, inputs: usize, outputs: usize) {
        assert!(self.sequences > 0 && self.symbols.len().is_multiple_of(self.sequences));
        if self.at_each_step() {
            assert_eq!(self.classes.len(), self.symbols.len());
        } else {
            assert_eq!(self.classes.len(), self.sequences);
        }
        assert!(self
            .symbols
            .iter()
            .all(|&symbol| usize::from(symbol) < inputs));
        assert!(self
            .classes
            .iter()
            .all(|&class| usize::from(class) < outputs));
    }
}

/// Which Ω: as the paper prints it, or as its program computes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Omega {
    /// (2.12): ratios of norms, summed over the steps, mean over the batch.
    Paper,
    /// (2.13): ratios of squared norms, mean over the pairs of step and sequence that count.
    Program,
}

/// The regularizer of a training run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Regularizer {
    /// Which.
    pub omega: Omega,
    /// α, its weight in the sum with the loss.
    pub alpha: f64,
}

/// A step counts in Ω where the squared norm of its error is at least this. The published program
/// calls it `bound`.
pub const COUNTS_FROM: f64 = 1e-20;

/// What flows back and is smaller in size than this is set to zero. It is far below what can change a
/// weight or count in Ω; the numbers below 1.2e-38, which single precision holds with fewer digits,
/// are slow on many processors, and a logistic network makes them within twenty steps.
pub const FLOWS_FROM: f64 = 1e-30;

/// Above this norm the published program does not trust a gradient.
pub const TRUSTED_TO: f64 = 1e10;

/// What a gradient that is not trusted is replaced by: this times W_h for W_h, zero elsewhere.
pub const SHRINK: f64 = 0.02;

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
fn step<const H: usize, F: Real, A: Arithmetic>(
    activation: Activation,
    inputs: &[F],
    recurrent: &Packed<F>,
    symbols: &[u8],
    before: &[F],
    to: &mut [F],
    scratch: &mut Vec<F>,
) {
    for (row, &symbol) in to.chunks_exact_mut(H).zip(symbols) {
        row.copy_from_slice(&inputs[usize::from(symbol) * H..][..H]);
    }
    add_product::<F, A>(Product {
        left: Left {
            values: before,
            row: H,
            step: 1,
        },
        right: recurrent,
        to,
        stride: H,
        rows: symbols.len(),
        skip: 0,
        scratch,
    });
    activation.apply::<F, A>(to);
}
// ANCHOR_END: forward

/// x W_x + b for each of the I symbols: a one-hot input picks a row.
#[inline(always)]
fn input_rows<const I: usize, const H: usize, const O: usize, F: Real>(
    weights: &Weights<I, H, O, F>,
    to: &mut Vec<F>,
) {
    to.clear();
    for row in weights.w_x.chunks_exact(H) {
        to.extend(row.iter().zip(&weights.bias).map(|(&w, &b)| w + b));
    }
}

// ANCHOR: softmax
/// Class probabilities p = softmax(h_T W_o + b_o) into `output`, and the mean of −ln p of the right
/// classes (2.2).
#[inline(always)]
fn softmax<const I: usize, const H: usize, const O: usize, F: Real, A: Arithmetic>(
    weights: &Weights<I, H, O, F>,
    last: &[F],
    classes: &[u8],
    output: &mut Vec<F>,
) -> f64 {
    output.clear();
    let mut loss = 0.0;
    for (h, &class) in last.chunks_exact(H).zip(classes) {
        let mut net = [F::ZERO; O];
        net.copy_from_slice(&weights.out_bias);
        for (&h, row) in h.iter().zip(weights.w_o.chunks_exact(O)) {
            for (net, &w) in net.iter_mut().zip(row) {
                *net += h * w;
            }
        }
        let largest = net.iter().fold(net[0], |m, &x| if x > m { x } else { m });
        let powers = net.map(|x| (x - largest).exponential_in::<A>());
        let sum: F = powers.into_iter().sum();
        output.extend(powers.iter().map(|&p| p / sum));
        let right = (net[usize::from(class)] - largest).to_f64();
        loss -= right - libm::log(sum.to_f64());
    }
    loss / classes.len() as f64
}
// ANCHOR_END: softmax

/// The ways over a batch.
struct Train<'a, const I: usize, const H: usize, const O: usize, F> {
    weights: &'a Weights<I, H, O, F>,
    activation: Activation,
    regularizer: Option<Regularizer>,
    batch: Batch<'a>,
    /// Whether the states begin where the last batch left them, and not at zero.
    carried: bool,
    gradient: &'a mut Weights<I, H, O, F>,
    buffers: &'a mut Buffers<F>,
}

/// The way forward: the states, the loss of the last step where it alone has classes, and its error.
struct Forward<T>(T);

/// The way back from the errors of the readout.
struct Backward<T>(T);

impl<const I: usize, const H: usize, const O: usize, F: Real> Work
    for Forward<&mut Train<'_, I, H, O, F>>
{
    type Output = f64;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> f64 {
        let train = self.0;
        train.forward::<A>();
        if train.batch.at_each_step() {
            return 0.0;
        }
        let loss = train.read_last::<A>();
        train.readout_back();
        loss
    }
}

impl<const I: usize, const H: usize, const O: usize, F: Real> Work
    for Backward<&mut Train<'_, I, H, O, F>>
{
    type Output = (f64, f64);

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> (f64, f64) {
        let train = self.0;
        train.back::<A>();
        let omega = train.omega();
        train.weight_gradients::<A>();
        omega
    }
}

impl<const I: usize, const H: usize, const O: usize, F: Real> Train<'_, I, H, O, F> {
    #[inline(always)]
    fn forward<A: Arithmetic>(&mut self) {
        let (w, s) = (self.weights, &mut *self.buffers);
        let (steps, size) = (self.batch.steps(), self.batch.sequences * H);
        input_rows(w, &mut s.inputs);
        s.recurrent.pack(&w.w_h, H, H, H, 1);
        let last = s.hidden.len().checked_sub(size).filter(|_| self.carried);
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
            step::<H, F, A>(
                self.activation,
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
        let last = self.batch.steps() * self.batch.sequences * H;
        let s = &mut *self.buffers;
        softmax::<I, H, O, F, A>(
            self.weights,
            &s.hidden[last..],
            self.batch.classes,
            &mut s.output,
        )
    }

    /// The gradients of W_o and b_o, and h̄_T (2.3).
    #[inline(always)]
    fn readout_back(&mut self) {
        let (steps, count) = (self.batch.steps(), self.batch.sequences);
        let s = &mut *self.buffers;
        let share = F::ONE / F::from_f64(count as f64);
        let last = &s.hidden[steps * count * H..];
        let errors = &mut s.errors[steps * count * H..];
        let rows = last.chunks_exact(H).zip(errors.chunks_exact_mut(H));
        for (b, (h, error)) in rows.enumerate() {
            let mut d = [F::ZERO; O];
            for (o, d) in d.iter_mut().enumerate() {
                let right = usize::from(self.batch.classes[b]) == o;
                let target = if right { F::ONE } else { F::ZERO };
                *d = share * (s.output[b * O + o] - target);
                self.gradient.out_bias[o] += *d;
            }
            let weights = self.weights.w_o.chunks_exact(O);
            let gradients = self.gradient.w_o.chunks_exact_mut(O);
            for (((&h, error), w), g) in h.iter().zip(error).zip(weights).zip(gradients) {
                *error = (0..O).map(|o| d[o] * w[o]).sum();
                for (g, &d) in g.iter_mut().zip(&d) {
                    *g += h * d;
                }
            }
        }
    }

    // ANCHOR: each_step
    /// The loss of all steps (2.16), with the gradients of W_o and b_o and what the readout says of
    /// each state where they are asked for: the last term of (2.17).
    fn read_each_step(&mut self, path: Path, back: bool) -> f64 {
        let s = &mut *self.buffers;
        let count = self.batch.sequences;
        let layer = Layer {
            width: H,
            outputs: O,
            path,
        };
        let weights = projection::Weights {
            projection: &self.weights.w_o[..],
            bias: &self.weights.out_bias[..],
        };
        s.readout.pack(layer, weights, back);
        s.targets.clear();
        let classes = self.batch.classes.iter();
        s.targets
            .extend(classes.map(|&class| Some(usize::from(class))));
        let states = &s.hidden[count * H..];
        let targets = Indices(&s.targets);
        let sum = Reduction::Sum;
        let loss = projection::forward(layer, &s.readout, states, targets, sum, &mut s.trace);
        if back {
            let share = F::ONE / F::from_f64(count as f64);
            let gradients = projection::Weights {
                projection: &mut self.gradient.w_o[..],
                bias: &mut self.gradient.out_bias[..],
            };
            let errors = Some(&mut s.errors[count * H..]);
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
        let s = &mut *self.buffers;
        let (steps, size) = (self.batch.steps(), self.batch.sequences * H);
        s.recurrent_back.pack(&self.weights.w_h, H, H, 1, H);
        s.deltas.resize(steps * size, F::ZERO);
        s.flows.resize(steps * size, F::ZERO);
        for t in (0..steps).rev() {
            let delta = &mut s.deltas[t * size..][..size];
            let (before, error) = s.errors.split_at_mut((t + 1) * size);
            let hidden = &s.hidden[(t + 1) * size..][..size];
            self.activation.back(&error[..size], hidden, delta);
            let flow = &mut s.flows[t * size..][..size];
            flow.fill(F::ZERO);
            add_product::<F, A>(Product {
                left: Left {
                    values: delta,
                    row: H,
                    step: 1,
                },
                right: &s.recurrent_back,
                to: flow,
                stride: H,
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
        let s = &mut *self.buffers;
        let (steps, count) = (self.batch.steps(), self.batch.sequences);
        s.left.clear();
        s.left.extend_from_slice(&s.hidden[..steps * count * H]);
        let Some(Regularizer { omega, alpha }) = self.regularizer else {
            return (0.0, 0.0);
        };
        s.squares.clear();
        s.squares
            .extend(s.errors.chunks_exact(H).map(|e| dot(e, e)));
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
            let flow = &s.flows[row * H..][..H];
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
            let left = &mut s.left[row * H..][..H];
            for (left, &flow) in left.iter_mut().zip(flow) {
                *left += scale * flow;
            }
        }
        (value, active as f64 / count as f64)
    }
    // ANCHOR_END: omega

    /// Sums over steps and sequences: of W_x and b by symbol, of W_h as one product (2.15).
    #[inline(always)]
    fn weight_gradients<A: Arithmetic>(&mut self) {
        let s = &mut *self.buffers;
        let rows = self.batch.symbols.len();
        for (delta, &symbol) in s.deltas.chunks_exact(H).zip(self.batch.symbols) {
            let to = &mut self.gradient.w_x[usize::from(symbol) * H..][..H];
            for (to, &d) in to.iter_mut().zip(delta) {
                *to += d;
            }
        }
        for row in self.gradient.w_x.chunks_exact(H) {
            for (to, &d) in self.gradient.bias.iter_mut().zip(row) {
                *to += d;
            }
        }
        s.right.pack(&s.deltas, rows, H, H, 1);
        add_product::<F, A>(Product {
            left: Left {
                values: &s.left,
                row: 1,
                step: H,
            },
            right: &s.right,
            to: &mut self.gradient.w_h,
            stride: H,
            rows: H,
            skip: 0,
            scratch: &mut s.scratch,
        });
    }
}

/// The way forward alone.
struct Answer<'a, const I: usize, const H: usize, const O: usize, F> {
    weights: &'a Weights<I, H, O, F>,
    activation: Activation,
    batch: Batch<'a>,
    buffers: &'a mut Buffers<F>,
}

impl<const I: usize, const H: usize, const O: usize, F: Real> Work for Answer<'_, I, H, O, F> {
    type Output = f64;

    #[inline(always)]
    fn run<A: Arithmetic>(self) -> f64 {
        let (w, s) = (self.weights, self.buffers);
        let size = self.batch.sequences * H;
        input_rows(w, &mut s.inputs);
        s.recurrent.pack(&w.w_h, H, H, H, 1);
        s.hidden.resize(size.max(s.hidden.len()), F::ZERO);
        s.deltas.resize(size.max(s.deltas.len()), F::ZERO);
        let (mut before, mut to) = (&mut s.hidden[..size], &mut s.deltas[..size]);
        before.fill(F::ZERO);
        for symbols in self.batch.symbols.chunks_exact(self.batch.sequences) {
            step::<H, F, A>(
                self.activation,
                &s.inputs,
                &s.recurrent,
                symbols,
                before,
                to,
                &mut s.scratch,
            );
            (before, to) = (to, before);
        }
        softmax::<I, H, O, F, A>(w, before, self.batch.classes, &mut s.output)
    }
}

/// How far a gradient may reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Clip {
    /// θ: gradients with a larger norm are scaled to it.
    pub threshold: f64,
}

/// What an update did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// What the pass gave.
    pub pass: Pass,
    /// The norm of the gradient of E + α Ω before clipping.
    pub norm: f64,
}

/// A network with all that it needs to train.
#[derive(Debug, Clone)]
pub struct Network<const I: usize, const H: usize, const O: usize, F> {
    /// Its weights.
    pub weights: Weights<I, H, O, F>,
    /// φ.
    pub activation: Activation,
    /// Which instructions compute it.
    pub path: Path,
    /// Whether b and b_o are learnt. Where they are not, they stay as they are.
    pub biased: bool,
    /// Whether the states of a pass begin where those of the pass before ended, over as many
    /// sequences, and not at zero. No error flows to what was before.
    pub carried: bool,
    /// The gradient of the last pass.
    pub gradient: Weights<I, H, O, F>,
    /// What the last pass left.
    pub buffers: Buffers<F>,
}

impl<const I: usize, const H: usize, const O: usize, F: Real> Network<I, H, O, F> {
    /// A network with these weights.
    pub fn new(weights: Weights<I, H, O, F>, activation: Activation, path: Path) -> Self {
        Network {
            weights,
            activation,
            path,
            biased: true,
            carried: false,
            gradient: Weights::zeros(),
            buffers: Buffers::default(),
        }
    }

    /// The loss of a batch and the gradient of E + α Ω, into [`Network::gradient`].
    ///
    /// # Panics
    /// When the batch is empty, has a symbol or class that the network has not, or no whole number
    /// of steps.
    pub fn pass(&mut self, batch: Batch, regularizer: Option<Regularizer>) -> Pass {
        batch.check(I, O);
        for values in self.gradient.all_mut() {
            values.fill(F::ZERO);
        }
        let path = self.path;
        let mut train = Train {
            weights: &self.weights,
            activation: self.activation,
            regularizer,
            batch,
            carried: self.carried,
            gradient: &mut self.gradient,
            buffers: &mut self.buffers,
        };
        let mut loss = run_on(path, Forward(&mut train));
        if batch.at_each_step() {
            loss = train.read_each_step(path, true);
        }
        let (omega, active) = run_on(path, Backward(&mut train));
        if !self.biased {
            self.gradient.bias.fill(F::ZERO);
            self.gradient.out_bias.fill(F::ZERO);
        }
        Pass {
            loss,
            omega,
            active,
        }
    }

    /// The loss alone of a batch with a class for each step.
    ///
    /// # Panics
    /// As [`Network::pass`], and when the last step alone has classes.
    pub fn listen(&mut self, batch: Batch) -> f64 {
        batch.check(I, O);
        assert!(batch.at_each_step(), "one class for each step");
        let path = self.path;
        let mut train = Train {
            weights: &self.weights,
            activation: self.activation,
            regularizer: None,
            batch,
            carried: self.carried,
            gradient: &mut self.gradient,
            buffers: &mut self.buffers,
        };
        run_on(path, Forward(&mut train));
        train.read_each_step(path, false)
    }

    /// The loss of a batch; the class probabilities of each sequence are left in the buffers.
    ///
    /// # Panics
    /// As [`Network::pass`], and when there is a class for each step.
    pub fn answer(&mut self, batch: Batch) -> f64 {
        batch.check(I, O);
        assert!(!batch.at_each_step(), "one class a sequence");
        let work = Answer {
            weights: &self.weights,
            activation: self.activation,
            batch,
            buffers: &mut self.buffers,
        };
        run_on(self.path, work)
    }

    /// How many sequences of a batch get another class than their own.
    pub fn wrong(&mut self, batch: Batch) -> usize {
        self.answer(batch);
        let rows = self.buffers.output.chunks_exact(O).zip(batch.classes);
        let right = rows.filter(|(p, &class)| {
            let own = p[usize::from(class)];
            // False where the probabilities are no numbers.
            p.iter()
                .enumerate()
                .all(|(o, &other)| o == usize::from(class) || own > other)
        });
        batch.sequences - right.count()
    }

    // ANCHOR: update
    /// One step of gradient descent on E + α Ω, of rate η, with the norm clipped where asked for
    /// (2.11).
    ///
    /// # Panics
    /// As [`Network::pass`].
    pub fn learn(
        &mut self,
        batch: Batch,
        regularizer: Option<Regularizer>,
        clip: Option<Clip>,
        rate: f64,
    ) -> Update {
        let pass = self.pass(batch, regularizer);
        let norm = self.gradient.norm();
        let mut scale = rate;
        if let Some(Clip { threshold }) = clip {
            if !norm.is_finite() || norm > TRUSTED_TO {
                let keep = F::from_f64(1.0 - rate * SHRINK);
                self.weights.w_h.iter_mut().for_each(|w| *w = *w * keep);
                return Update { pass, norm };
            }
            if norm > threshold {
                scale = rate * threshold / norm;
            }
        }
        let scale = F::from_f64(scale);
        let gradients = self.gradient.all();
        for (weights, gradients) in self.weights.all_mut().into_iter().zip(gradients) {
            for (weight, &gradient) in weights.iter_mut().zip(gradients) {
                *weight -= scale * gradient;
            }
        }
        Update { pass, norm }
    }
    // ANCHOR_END: update
}
