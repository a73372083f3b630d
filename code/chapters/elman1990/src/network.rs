// SPDX-License-Identifier: MIT OR Apache-2.0
//! The network by hand: forward, and an error back through as many steps as wanted.
//!
//! [`super::reference`] says the same in dfdx's operations and leaves the gradients to the tape. This
//! says every gradient itself and is what the experiments run, since an update a letter on a
//! tape would spend its time on the tape.
use kernels::Real;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

// ANCHOR: weights
/// All weights of the network, or a gradient with respect to each of them: I inputs, H hidden
/// units, O outputs. Row `i` of a matrix holds what unit `i` sends.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights<const I: usize, const H: usize, const O: usize, E> {
    /// W_x, (I, H): from the inputs.
    pub w_x: [[E; H]; I],
    /// W_h, (H, H): from the context, the hidden units of the step before.
    pub w_h: [[E; H]; H],
    /// b, (H,).
    pub bias: [E; H],
    /// W_o, (H, O): to the outputs.
    pub w_o: [[E; O]; H],
    /// b_o, (O,).
    pub b_o: [E; O],
}
// ANCHOR_END: weights

/// What one step saw and made; the way back needs no more.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment<const I: usize, const H: usize, E> {
    /// x_t.
    pub input: [E; I],
    /// h_{t−1}, the context units.
    pub context: [E; H],
    /// h_t.
    pub hidden: [E; H],
}

impl<const I: usize, const H: usize, const O: usize, E: Real> Weights<I, H, O, E> {
    /// All zero.
    pub fn zero() -> Self {
        Weights {
            w_x: [[E::ZERO; H]; I],
            w_h: [[E::ZERO; H]; H],
            bias: [E::ZERO; H],
            w_o: [[E::ZERO; O]; H],
            b_o: [E::ZERO; O],
        }
    }

    /// Each from U[−range, range], in the order of [`Weights::values`].
    pub fn uniform(rng: &mut ChaCha8Rng, range: f64) -> Self {
        let mut weights = Self::zero();
        for value in weights.values_mut() {
            *value = E::from_f64(rng.gen_range(-range..=range));
        }
        weights
    }

    /// All numbers: W_x row by row, W_h, b, W_o, b_o.
    pub fn values(&self) -> impl Iterator<Item = &E> {
        let hidden = self.w_x.iter().chain(&self.w_h).flatten().chain(&self.bias);
        hidden.chain(self.w_o.iter().flatten()).chain(&self.b_o)
    }

    /// The same, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut E> {
        let hidden = self.w_x.iter_mut().chain(&mut self.w_h).flatten();
        let hidden = hidden.chain(&mut self.bias);
        hidden
            .chain(self.w_o.iter_mut().flatten())
            .chain(&mut self.b_o)
    }

    // ANCHOR: forward
    /// h_t = tanh(x_t W_x + h_{t−1} W_h + b) (1.1).
    pub fn step(&self, input: &[E; I], context: &[E; H]) -> [E; H] {
        let mut net = self.bias;
        add_product(&mut net, input, &self.w_x);
        add_product(&mut net, context, &self.w_h);
        net.map(E::hyperbolic_tangent)
    }

    /// y_t = σ(h_t W_o + b_o) (1.2).
    pub fn output(&self, hidden: &[E; H]) -> [E; O] {
        let mut net = self.b_o;
        add_product(&mut net, hidden, &self.w_o);
        net.map(E::logistic)
    }
    // ANCHOR_END: forward

    // ANCHOR: backward
    /// Adds the gradient of E_t = ½ Σ (y_t − d_t)² (1.3) to `gradient`: the error at the outputs
    /// (1.4), step by step back (1.5), into the weights (1.6). The last of `moments` is step t;
    /// the error goes back through as many steps as there are moments.
    ///
    /// With one moment this is Elman's training, which takes the context for an input like any
    /// other; with all moments since the start, summed over t, it is back-propagation through
    /// time (1.7).
    pub fn back<'a>(
        &self,
        moments: impl DoubleEndedIterator<Item = &'a Moment<I, H, E>>,
        output: &[E; O],
        target: &[E; O],
        gradient: &mut Self,
    ) where
        E: 'a,
    {
        let delta_o: [E; O] =
            std::array::from_fn(|o| (output[o] - target[o]) * output[o] * (E::ONE - output[o]));
        let mut to_hidden = [E::ZERO; H];
        for (place, moment) in moments.rev().enumerate() {
            if place == 0 {
                add_outer(&mut gradient.w_o, &moment.hidden, &delta_o);
                add(&mut gradient.b_o, &delta_o);
                to_hidden = transposed(&delta_o, &self.w_o);
            }
            let delta: [E; H] = std::array::from_fn(|j| {
                to_hidden[j] * (E::ONE - moment.hidden[j] * moment.hidden[j])
            });
            add_outer(&mut gradient.w_x, &moment.input, &delta);
            add_outer(&mut gradient.w_h, &moment.context, &delta);
            add(&mut gradient.bias, &delta);
            to_hidden = transposed(&delta, &self.w_h);
        }
    }
    // ANCHOR_END: backward
}

/// net += row W.
fn add_product<const M: usize, const N: usize, E: Real>(
    net: &mut [E; N],
    row: &[E; M],
    matrix: &[[E; N]; M],
) {
    for (x, weights) in row.iter().zip(matrix) {
        for (sum, w) in net.iter_mut().zip(weights) {
            *sum += *x * *w;
        }
    }
}

/// row Wᵀ.
fn transposed<const M: usize, const N: usize, E: Real>(
    row: &[E; N],
    matrix: &[[E; N]; M],
) -> [E; M] {
    std::array::from_fn(|m| {
        let mut sum = E::ZERO;
        for (x, w) in row.iter().zip(&matrix[m]) {
            sum += *x * *w;
        }
        sum
    })
}

/// matrix += columnᵀ row.
fn add_outer<const M: usize, const N: usize, E: Real>(
    matrix: &mut [[E; N]; M],
    column: &[E; M],
    row: &[E; N],
) {
    for (sums, x) in matrix.iter_mut().zip(column) {
        for (sum, y) in sums.iter_mut().zip(row) {
            *sum += *x * *y;
        }
    }
}

fn add<const N: usize, E: Real>(sums: &mut [E; N], row: &[E; N]) {
    for (sum, y) in sums.iter_mut().zip(row) {
        *sum += *y;
    }
}

/// A network that reads one row after the other without end and learns at each.
pub trait Reader: Send {
    /// Reads a row, answers, and makes one update with this learning rate; Σ (y − d)² before it.
    fn learn(&mut self, input: &[f32], target: &[f32], rate: f32) -> f32;
    /// The outputs over rows that start from an empty context, without learning.
    fn answer(&self, rows: &[f32]) -> Vec<f32>;
    /// Number of trainable weights.
    fn parameters(&self) -> usize;
    /// Everything that the next update depends on.
    fn save(&self) -> Vec<Vec<f32>>;
    /// Takes what [`Reader::save`] gave.
    ///
    /// # Errors
    /// When it is not from a network of these sizes.
    fn load(&mut self, saved: &[Vec<f32>]) -> Result<(), String>;
}

/// A network while it learns by gradient descent with momentum.
pub struct Online<const I: usize, const H: usize, const O: usize> {
    weights: Weights<I, H, O, f32>,
    velocity: Weights<I, H, O, f32>,
    moments: VecDeque<Moment<I, H, f32>>,
    window: usize,
    momentum: f32,
}

impl<const I: usize, const H: usize, const O: usize> Online<I, H, O> {
    /// Errors go back through `window` steps, one or more.
    pub fn new(weights: Weights<I, H, O, f32>, window: usize, momentum: f32) -> Self {
        Online {
            weights,
            velocity: Weights::zero(),
            moments: VecDeque::with_capacity(window),
            window,
            momentum,
        }
    }
}

/// The row as an array.
///
/// # Panics
/// When its length is another.
fn row<const N: usize>(values: &[f32]) -> [f32; N] {
    values.try_into().expect("a row is as wide as the network")
}

impl<const I: usize, const H: usize, const O: usize> Reader for Online<I, H, O> {
    // ANCHOR: learn
    fn learn(&mut self, input: &[f32], target: &[f32], rate: f32) -> f32 {
        let (input, target) = (row(input), row(target));
        let context = self.moments.back().map_or([0.0; H], |last| last.hidden);
        let hidden = self.weights.step(&input, &context);
        if self.moments.len() == self.window {
            self.moments.pop_front();
        }
        self.moments.push_back(Moment {
            input,
            context,
            hidden,
        });
        let output = self.weights.output(&hidden);
        let mut gradient = Weights::zero();
        self.weights
            .back(self.moments.iter(), &output, &target, &mut gradient);
        let values = self.weights.values_mut().zip(self.velocity.values_mut());
        for ((weight, velocity), slope) in values.zip(gradient.values()) {
            *velocity = self.momentum * *velocity - rate * *slope;
            *weight += *velocity;
        }
        let errors = output.iter().zip(&target).map(|(y, d)| (y - d) * (y - d));
        errors.sum()
    }
    // ANCHOR_END: learn

    fn answer(&self, rows: &[f32]) -> Vec<f32> {
        let mut context = [0.0; H];
        let mut outputs = Vec::with_capacity(rows.len() / I * O);
        for input in rows.chunks_exact(I) {
            context = self.weights.step(&row(input), &context);
            outputs.extend(self.weights.output(&context));
        }
        outputs
    }

    fn parameters(&self) -> usize {
        (I + H + 1) * H + (H + 1) * O
    }

    fn save(&self) -> Vec<Vec<f32>> {
        let mut saved = vec![
            self.weights.values().copied().collect(),
            self.velocity.values().copied().collect(),
        ];
        for moment in &self.moments {
            let parts = [&moment.input[..], &moment.context, &moment.hidden];
            saved.push(parts.concat());
        }
        saved
    }

    fn load(&mut self, saved: &[Vec<f32>]) -> Result<(), String> {
        let count = self.parameters();
        let fits = saved.len() >= 2
            && saved.len() <= 2 + self.window
            && saved[..2].iter().all(|part| part.len() == count)
            && saved[2..].iter().all(|part| part.len() == I + 2 * H);
        if !fits {
            return Err("the saved state is not of a network of these sizes".into());
        }
        let own = self.weights.values_mut().zip(self.velocity.values_mut());
        for ((weight, velocity), (w, v)) in own.zip(saved[0].iter().zip(&saved[1])) {
            (*weight, *velocity) = (*w, *v);
        }
        self.moments = saved[2..]
            .iter()
            .map(|part| Moment {
                input: row(&part[..I]),
                context: row(&part[I..I + H]),
                hidden: row(&part[I + H..]),
            })
            .collect();
        Ok(())
    }
}
