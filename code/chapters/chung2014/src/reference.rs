// SPDX-License-Identifier: MIT OR Apache-2.0
//! The gated recurrent unit and the mixture of normal densities, one sequence at a time, by hand in
//! `f64`: what the page derives, in the order in which it does. The kernels that train are held
//! against this.
use kernels::Extremes;

/// A matrix, row by row.
pub type Matrix = Vec<Vec<f64>>;

/// x W, of a row x.
fn times(x: &[f64], w: &Matrix) -> Vec<f64> {
    let mut y = vec![0.0; w.first().map_or(0, Vec::len)];
    for (x, row) in x.iter().zip(w) {
        for (y, w) in y.iter_mut().zip(row) {
            *y += x * w;
        }
    }
    y
}

/// y Wᵀ, of a row y.
fn back(y: &[f64], w: &Matrix) -> Vec<f64> {
    let dot = |row: &Vec<f64>| row.iter().zip(y).map(|(w, y)| w * y).sum();
    w.iter().map(dot).collect()
}

/// W̄ ← W̄ + xᵀ y.
fn outer(to: &mut Matrix, x: &[f64], y: &[f64]) {
    for (row, x) in to.iter_mut().zip(x) {
        for (w, y) in row.iter_mut().zip(y) {
            *w += x * y;
        }
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

// ANCHOR: weights
/// Weights of a gated recurrent unit of H units, or their gradients: for the reset gate, the update
/// gate and the candidate, in this order, I×H on the input, H×H on the state, and H of a bias.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// W_r, W_z, W_n.
    pub x: [Matrix; 3],
    /// U_r, U_z, U_n.
    pub h: [Matrix; 3],
    /// b_r, b_z, b_n.
    pub b: [Vec<f64>; 3],
}

/// What one step keeps for the way back.
#[derive(Debug, Clone)]
pub struct Step {
    /// x_t.
    pub x: Vec<f64>,
    /// h_{t−1}.
    pub before: Vec<f64>,
    /// r_t.
    pub r: Vec<f64>,
    /// z_t.
    pub z: Vec<f64>,
    /// n_t.
    pub n: Vec<f64>,
    /// h_t.
    pub h: Vec<f64>,
}
// ANCHOR_END: weights

impl Weights {
    /// All zero.
    pub fn zeros(inputs: usize, units: usize) -> Self {
        let matrix = |rows: usize| std::array::from_fn(|_| vec![vec![0.0; units]; rows]);
        Weights {
            x: matrix(inputs),
            h: matrix(units),
            b: std::array::from_fn(|_| vec![0.0; units]),
        }
    }

    /// x W + h U + b of one of the three.
    fn net(&self, place: usize, x: &[f64], h: &[f64]) -> Vec<f64> {
        let (x, h) = (times(x, &self.x[place]), times(h, &self.h[place]));
        let sums = x.iter().zip(&h).zip(&self.b[place]);
        sums.map(|((x, h), b)| x + h + b).collect()
    }

    // ANCHOR: forward
    /// One step: the gates (5.4), the candidate (5.5) and the state (5.6).
    pub fn step(&self, x: &[f64], before: &[f64]) -> Step {
        let gate = |place| -> Vec<f64> {
            let net = self.net(place, x, before);
            net.into_iter().map(logistic).collect()
        };
        let (r, z) = (gate(0), gate(1));
        let reset: Vec<f64> = r.iter().zip(before).map(|(r, h)| r * h).collect();
        let n: Vec<f64> = self.net(2, x, &reset).iter().map(|a| a.tanh()).collect();
        let parts = z.iter().zip(before.iter().zip(&n));
        let h = parts.map(|(z, (h, n))| (1.0 - z) * h + z * n).collect();
        let (x, before) = (x.to_vec(), before.to_vec());
        Step {
            x,
            before,
            r,
            z,
            n,
            h,
        }
    }
    // ANCHOR_END: forward

    // ANCHOR: backward
    /// The way back through one step. `d_h` is the gradient of h_t from all that comes after; out
    /// comes that of h_{t−1} (5.13), and the weights' gradients (5.9) are added up.
    pub fn step_back(&self, step: &Step, d_h: &[f64], sums: &mut Weights) -> Vec<f64> {
        let each =
            |value: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..d_h.len()).map(value).collect() };
        let Step {
            before, r, z, n, ..
        } = step;
        // δ of the update gate (5.10) and of the candidate (5.11).
        let d_z = each(&|j| d_h[j] * (n[j] - before[j]) * z[j] * (1.0 - z[j]));
        let d_n = each(&|j| d_h[j] * z[j] * (1.0 - n[j] * n[j]));
        // What reaches r ⊙ h through the candidate's matrix; δ of the reset gate (5.12).
        let through = back(&d_n, &self.h[2]);
        let d_r = each(&|j| through[j] * before[j] * r[j] * (1.0 - r[j]));
        let reset = each(&|j| r[j] * before[j]);
        for (place, (delta, state)) in [(&d_r, before), (&d_z, before), (&d_n, &reset)]
            .into_iter()
            .enumerate()
        {
            outer(&mut sums.x[place], &step.x, delta);
            outer(&mut sums.h[place], state, delta);
            for (b, d) in sums.b[place].iter_mut().zip(delta) {
                *b += d;
            }
        }
        let (by_r, by_z) = (back(&d_r, &self.h[0]), back(&d_z, &self.h[1]));
        each(&|j| d_h[j] * (1.0 - z[j]) + r[j] * through[j] + by_r[j] + by_z[j])
    }
    // ANCHOR_END: backward
}

// ANCHOR: mixture
/// A mixture of K normal densities over D values, from the outputs of a network (5.14).
#[derive(Debug, Clone)]
pub struct Mixture {
    /// π, K.
    pub weights: Vec<f64>,
    /// μ, K×D.
    pub means: Matrix,
    /// σ, K×D.
    pub deviations: Matrix,
}

impl Mixture {
    /// From a, K scores; μ, K×D; s, K×D; one after the other.
    pub fn of(outputs: &[f64], components: usize, width: usize, floor: f64) -> Self {
        let (scores, rest) = outputs.split_at(components);
        let (means, s) = rest.split_at(components * width);
        let top = scores.iter().copied().largest(f64::NEG_INFINITY);
        let sum: f64 = scores.iter().map(|a| (a - top).exp()).sum();
        let rows = |all: &[f64]| all.chunks(width).map(<[f64]>::to_vec).collect::<Matrix>();
        let deviations: Vec<f64> = s.iter().map(|s| floor + s.exp()).collect();
        Mixture {
            weights: scores.iter().map(|a| (a - top).exp() / sum).collect(),
            means: rows(means),
            deviations: rows(&deviations),
        }
    }

    /// ln π_k N(y; μ_k, σ_k) of each component.
    fn joint(&self, y: &[f64]) -> Vec<f64> {
        let log = |k: usize| {
            let parts = y.iter().zip(&self.means[k]).zip(&self.deviations[k]);
            let parts = parts.map(|((y, mean), sigma)| {
                let z = (y - mean) / sigma;
                -0.5 * z * z - sigma.ln() - 0.5 * std::f64::consts::TAU.ln()
            });
            self.weights[k].ln() + parts.sum::<f64>()
        };
        (0..self.weights.len()).map(log).collect()
    }

    /// −ln p(y) (5.15).
    pub fn surprise(&self, y: &[f64]) -> f64 {
        let joint = self.joint(y);
        let top = joint.iter().copied().largest(f64::NEG_INFINITY);
        -top - joint.iter().map(|j| (j - top).exp()).sum::<f64>().ln()
    }

    /// γ: how much each component answers for y (5.16).
    pub fn responsibilities(&self, y: &[f64]) -> Vec<f64> {
        let surprise = self.surprise(y);
        self.joint(y).iter().map(|j| (j + surprise).exp()).collect()
    }

    /// The gradient of −ln p(y): by the scores (5.17), the means (5.18) and the s (5.19), in the
    /// order of the outputs.
    pub fn gradient(&self, y: &[f64], floor: f64) -> Vec<f64> {
        let gamma = self.responsibilities(y);
        let mut scores = Vec::new();
        let (mut means, mut deviations) = (Vec::new(), Vec::new());
        for (k, gamma) in gamma.iter().enumerate() {
            scores.push(self.weights[k] - gamma);
            for ((y, mean), sigma) in y.iter().zip(&self.means[k]).zip(&self.deviations[k]) {
                let z = (y - mean) / sigma;
                means.push(-gamma * z / sigma);
                deviations.push(gamma * (1.0 - z * z) * (sigma - floor) / sigma);
            }
        }
        [scores, means, deviations].concat()
    }
}
// ANCHOR_END: mixture
