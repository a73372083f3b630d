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

// ANCHOR: unit
/// What a hidden unit makes of its net input: the curve φ of (1.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "runs",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Unit {
    /// σ, between 0 and 1, as printed (p. 182).
    Logistic,
    /// tanh, between −1 and 1, as practised since.
    #[default]
    Tanh,
}

impl Unit {
    /// φ of each net input.
    fn of<const H: usize, E: Real>(self, nets: [E; H]) -> [E; H] {
        match self {
            Unit::Logistic => nets.map(E::logistic),
            Unit::Tanh => nets.map(E::hyperbolic_tangent),
        }
    }

    /// φ' where φ is h.
    pub fn slope<E: Real>(self, h: E) -> E {
        match self {
            Unit::Logistic => h * (E::ONE - h),
            Unit::Tanh => E::ONE - h * h,
        }
    }

    /// φ(0), what the context holds before the first step: as printed 0.5 (p. 182).
    pub fn rest<E: Real>(self) -> E {
        match self {
            Unit::Logistic => E::HALF,
            Unit::Tanh => E::ZERO,
        }
    }
}
// ANCHOR_END: unit

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
        self.parts().into_iter().flatten()
    }

    /// The same, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut E> {
        self.parts_mut().into_iter().flatten()
    }

    fn parts(&self) -> [&[E]; 5] {
        [
            self.w_x.as_flattened(),
            self.w_h.as_flattened(),
            &self.bias,
            self.w_o.as_flattened(),
            &self.b_o,
        ]
    }

    fn parts_mut(&mut self) -> [&mut [E]; 5] {
        [
            self.w_x.as_flattened_mut(),
            self.w_h.as_flattened_mut(),
            &mut self.bias,
            self.w_o.as_flattened_mut(),
            &mut self.b_o,
        ]
    }

    // ANCHOR: forward
    /// h_t = φ(x_t W_x + h_{t−1} W_h + b) (1.1).
    pub fn step(&self, unit: Unit, input: &[E; I], context: &[E; H]) -> [E; H] {
        let mut net = self.bias;
        add_product(&mut net, input, &self.w_x);
        add_product(&mut net, context, &self.w_h);
        unit.of(net)
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
        unit: Unit,
        moments: impl DoubleEndedIterator<Item = &'a Moment<I, H, E>>,
        output: &[E; O],
        target: &[E; O],
        gradient: &mut Self,
    ) where
        E: 'a,
    {
        let delta_o: [E; O] =
            std::array::from_fn(|o| (output[o] - target[o]) * output[o] * (E::ONE - output[o]));
        let mut delta = [E::ZERO; H];
        for (place, moment) in moments.rev().enumerate() {
            let to_hidden = match place {
                0 => transposed(&delta_o, &self.w_o),
                _ => transposed(&delta, &self.w_h),
            };
            delta = std::array::from_fn(|j| to_hidden[j] * unit.slope(moment.hidden[j]));
            if place == 0 {
                add_outer(&mut gradient.w_o, &moment.hidden, &delta_o);
                add(&mut gradient.b_o, &delta_o);
            }
            add_outer(&mut gradient.w_x, &moment.input, &delta);
            add_outer(&mut gradient.w_h, &moment.context, &delta);
            add(&mut gradient.bias, &delta);
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
    /// What the context holds before the first row.
    fn rest(&self) -> Vec<f32>;
    /// Reads a row without learning: the hidden units, which are the next context, and the outputs.
    fn read(&self, input: &[f32], context: &[f32]) -> (Vec<f32>, Vec<f32>);
    /// The outputs over rows of which none came before, without learning.
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
    unit: Unit,
    weights: Weights<I, H, O, f32>,
    velocity: Weights<I, H, O, f32>,
    moments: VecDeque<Moment<I, H, f32>>,
    window: usize,
    momentum: f32,
}

impl<const I: usize, const H: usize, const O: usize> Online<I, H, O> {
    /// Errors go back through `window` steps, one or more.
    pub fn new(
        unit: Unit,
        weights: Weights<I, H, O, f32>,
        window: usize,
        momentum: f32,
    ) -> Self {
        Online {
            unit,
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
        let rest = [self.unit.rest(); H];
        let context = self.moments.back().map_or(rest, |last| last.hidden);
        let hidden = self.weights.step(self.unit, &input, &context);
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
        let moments = self.moments.iter();
        self.weights
            .back(self.unit, moments, &output, &target, &mut gradient);
        let own = self.weights.parts_mut().into_iter();
        let own = own.zip(self.velocity.parts_mut()).zip(gradient.parts());
        for ((weights, velocities), slopes) in own {
            let values = weights.iter_mut().zip(velocities);
            for ((weight, velocity), slope) in values.zip(slopes) {
                *velocity = self.momentum * *velocity - rate * *slope;
                *weight += *velocity;
            }
        }
        let errors = output.iter().zip(&target).map(|(y, d)| (y - d) * (y - d));
        errors.sum()
    }
    // ANCHOR_END: learn

    fn rest(&self) -> Vec<f32> {
        vec![self.unit.rest(); H]
    }

    fn read(&self, input: &[f32], context: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let hidden = self.weights.step(self.unit, &row(input), &row(context));
        (hidden.to_vec(), self.weights.output(&hidden).to_vec())
    }

    fn answer(&self, rows: &[f32]) -> Vec<f32> {
        let mut context = [self.unit.rest(); H];
        let mut outputs = Vec::with_capacity(rows.len() / I * O);
        for input in rows.chunks_exact(I) {
            context = self.weights.step(self.unit, &row(input), &context);
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
