// SPDX-License-Identifier: MIT OR Apache-2.0
//! How much of an error comes back over a lag: the measured Jacobians of the tanh network and of
//! the memory cell, and the bounds that are derived for them.
use kernels::cell1997::{forward, step_back, Biases, Design, Gradient, Squash, Trace, Weights};
use kernels::Extremes;
use kernels::{tanh_rnn, Inputs};
use lab::experiment::{listed, Arm, AtOnce, Experiment, Scale};
pub use lab::matrix::{product, spectral_norm, Matrix};
use lab::record::{six_digits, TrialRecord};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use tasks::seeds::{generator, Purpose};
use tasks::temporal_order::{Relevant, TemporalOrder};
use tasks::Task;

/// ∂h_T/∂h_{T−q} for q = 0, 1, …: the product of the factors J_t = W_h diag(1 − h_t²) (3.3).
/// Entry (i, j) is the derivative of unit j at T by unit i at T − q.
pub fn tanh_jacobians<const H: usize>(
    w_h: &Matrix<H, H>,
    hidden: &[[f64; H]],
) -> Vec<Matrix<H, H>> {
    jacobians(w_h, hidden, |h| 1.0 - h * h)
}

/// The same for logistic units, whose slope is h (1 − h) (3.4).
pub fn logistic_jacobians<const H: usize>(
    w_h: &Matrix<H, H>,
    hidden: &[[f64; H]],
) -> Vec<Matrix<H, H>> {
    jacobians(w_h, hidden, |h| h * (1.0 - h))
}

/// The products of W_h diag(slope) from the last step backwards.
fn jacobians<const H: usize>(
    w_h: &Matrix<H, H>,
    hidden: &[[f64; H]],
    slope: impl Fn(f64) -> f64,
) -> Vec<Matrix<H, H>> {
    let mut total = [[0.0; H]; H];
    for (n, row) in total.iter_mut().enumerate() {
        row[n] = 1.0;
    }
    let mut all = vec![total];
    for states in hidden.iter().skip(1).rev() {
        let mut factor = *w_h;
        for row in &mut factor {
            for (weight, &h) in row.iter_mut().zip(states) {
                *weight *= slope(h);
            }
        }
        total = product(&factor, &total);
        all.push(total);
    }
    all
}

// ANCHOR: bound
/// (γ σ_max(W_h))^q, which ‖∂h_T/∂h_{T−q}‖₂ never exceeds (3.3); γ is 1 for tanh, ¼ for the logistic.
pub fn norm_bound<const H: usize>(w_h: &Matrix<H, H>, gamma: f64, q: usize) -> f64 {
    power(gamma * spectral_norm(w_h), q)
}
// ANCHOR_END: bound

/// τ^q with τ = H w_max / 4, which no entry of a logistic network's ∂h_T/∂h_{T−q} exceeds (3.4).
pub fn entry_bound<const H: usize>(w_h: &Matrix<H, H>, q: usize) -> f64 {
    let largest = w_h.iter().flatten().map(|w| w.abs()).largest(0.0);
    power(H as f64 * largest / 4.0, q)
}

/// x^q by multiplication, the same bits everywhere.
fn power(x: f64, q: usize) -> f64 {
    (0..q).fold(1.0, |product, _| product * x)
}

/// ∂s_T/∂s_{T−q} for q = 0, 1, …, row c for the cell c at T.
///
/// With the truncated gradient each is the identity (3.12); with the full one the hidden units
/// of the steps between carry error too (3.19).
pub fn state_jacobians<const K: usize, const C: usize, const U: usize>(
    design: &Design,
    w_u: &Matrix<U, U>,
    trace: &Trace<f64>,
) -> Vec<Matrix<C, C>> {
    let hidden: &[[f64; U]] = trace.hidden.as_chunks().0;
    let candidate: &[[f64; C]] = trace.candidate.as_chunks().0;
    let squashed: &[[f64; C]] = trace.squashed.as_chunks().0;
    let steps = hidden.len();
    let mut all = vec![[[0.0; C]; C]; steps];
    for c in 0..C {
        let mut d_state = [0.0; C];
        d_state[c] = 1.0;
        let mut d_hidden = [0.0; U];
        for (q, jacobian) in all.iter_mut().enumerate() {
            let t = steps - 1 - q;
            let d_net = step_back::<f64, K, C, U>(
                design,
                &hidden[t],
                &candidate[t],
                &squashed[t],
                &d_hidden,
                &mut d_state,
            );
            jacobian[c] = d_state;
            if design.gradient == Gradient::Full {
                for (d, row) in d_hidden.iter_mut().zip(w_u) {
                    *d = d_net.iter().zip(row).map(|(d, w)| d * w).sum();
                }
            }
        }
    }
    all
}

/// ∂y_T/∂net^c_{T−q} of each cell for q = 0, 1, …, with the truncated gradient (3.18): the error is
/// scaled once where it enters and once where it leaves, and never in between.
pub fn entry_and_exit<const K: usize, const C: usize, const U: usize>(
    design: &Design,
    trace: &Trace<f64>,
) -> Vec<[f64; C]> {
    let hidden: &[[f64; U]] = trace.hidden.as_chunks().0;
    let candidate: &[[f64; C]] = trace.candidate.as_chunks().0;
    let squashed: &[[f64; C]] = trace.squashed.as_chunks().0;
    let last = hidden.len() - 1;
    (0..=last)
        .map(|q| {
            let t = last - q;
            std::array::from_fn(|c| {
                let block = c / (C / K);
                let exit = hidden[last][C + K + block]
                    * design.squash_state.derivative(squashed[last][c]);
                let entry =
                    hidden[t][C + block] * design.squash_input.derivative(candidate[t][c]);
                exit * entry
            })
        })
        .collect()
}

// ANCHOR: forward_accumulation
/// The gradients of one sequence with an error at its end, accumulated forward in time as the
/// paper computes them (3.17): no step is ever revisited. `d_cells` is the gradient of the cells'
/// outputs at the last step. Returns the gradients of \[W_x; W_u; b\], (I + U + 1) rows of which
/// the columns of cells and input gates are filled; those of the output gates need no memory.
pub fn forward_accumulation<const K: usize, const C: usize, const U: usize>(
    design: &Design,
    width: usize,
    inputs: &[f64],
    trace: &Trace<f64>,
    d_cells: &[f64; C],
) -> Vec<[f64; U]> {
    let hidden: &[[f64; U]] = trace.hidden.as_chunks().0;
    let candidate: &[[f64; C]] = trace.candidate.as_chunks().0;
    let squashed: &[[f64; C]] = trace.squashed.as_chunks().0;
    let rows = width + U + 1;
    let mut for_cells = vec![[0.0; C]; rows];
    let mut for_gates = vec![[0.0; C]; rows];
    let mut before = [0.0; U];
    for (t, x) in inputs.chunks_exact(width).enumerate() {
        let sources = x.iter().chain(&before).chain(&[1.0]);
        for ((r, cell_row), gate_row) in sources.zip(&mut for_cells).zip(&mut for_gates) {
            for c in 0..C {
                let gate = hidden[t][C + c / (C / K)];
                cell_row[c] += r * gate * design.squash_input.derivative(candidate[t][c]);
                gate_row[c] += r * gate * (1.0 - gate) * candidate[t][c];
            }
        }
        before = hidden[t];
    }
    let last = hidden.len() - 1;
    let error: [f64; C] = std::array::from_fn(|c| {
        let output_gate = hidden[last][C + K + c / (C / K)];
        d_cells[c] * output_gate * design.squash_state.derivative(squashed[last][c])
    });
    let mut gradients = vec![[0.0; U]; rows];
    for ((row, cell_row), gate_row) in gradients.iter_mut().zip(&for_cells).zip(&for_gates) {
        for c in 0..C {
            row[c] = error[c] * cell_row[c];
            row[C + c / (C / K)] += error[c] * gate_row[c];
        }
    }
    gradients
}
// ANCHOR_END: forward_accumulation

/// The largest singular value that the tanh network's W_h is scaled to in the experiment: just
/// below one, where the bound still decays and everything else favors the network.
const TANH_SIGMA: f64 = 0.95;

/// The experiment: the norms over one sequence of the temporal-order task, at random initial weights.
pub fn gradient_lag() -> Box<dyn Experiment> {
    listed(
        "gradient-lag",
        "The gradient against the lag",
        arms,
        |arm, seed| {
            let arm = arm.id.clone();
            Box::new(AtOnce(move || measured(&arm, seed)))
        },
    )
}

/// Its arms.
fn arms(scale: Scale) -> Vec<Arm> {
    let arm = |id: &str, title: &str, config: serde_json::Value| Arm {
        id: id.into(),
        title: title.into(),
        config,
        seeds: if scale == Scale::Smoke { 1..=2 } else { 1..=20 },
        paper: None,
        expected_seconds: 0.01,
    };
    let cell = |gradient: &str| {
        serde_json::json!({
            "blocks": 2, "block_size": 2, "range": 0.1,
            "input_gate_biases": [-2.0, -4.0], "gradient": gradient, "lags": 100,
        })
    };
    vec![
        arm(
            "tanh",
            "tanh network, 7 units",
            serde_json::json!({ "hidden": 7, "range": 0.1, "sigma": TANH_SIGMA, "lags": 100 }),
        ),
        arm(
            "cell-truncated",
            "memory cells, truncated gradient",
            cell("truncated"),
        ),
        arm("cell-full", "memory cells, full gradient", cell("full")),
    ]
}

/// What the record says of one seed.
fn measured(arm: &str, seed: u64) -> TrialRecord {
    let task = TemporalOrder {
        relevant: Relevant::Two,
    };
    let mut example = task.example();
    task.draw(&mut generator(seed, Purpose::Training), &mut example);
    let tasks::Inputs::OneHot { symbols, .. } = &example.inputs else {
        unreachable!("the temporal-order task is one-hot")
    };
    let mut rng = generator(seed, Purpose::Initialization);
    let (norms, bounds) = match arm {
        "tanh" => tanh_norms(&mut rng, symbols),
        "cell-full" => (cell_norms(&mut rng, symbols, Gradient::Full), Vec::new()),
        _ => (
            cell_norms(&mut rng, symbols, Gradient::Truncated),
            Vec::new(),
        ),
    };
    let mut series = BTreeMap::new();
    series.insert("lag".to_owned(), (0..=100u32).map(f64::from).collect());
    series.insert("norm".to_owned(), norms);
    if !bounds.is_empty() {
        series.insert("bound".to_owned(), bounds);
    }
    TrialRecord {
        seed,
        solved: true,
        sequences: 1,
        series,
        ..TrialRecord::default()
    }
}

/// A matrix with entries from U[−range, range].
fn random<const M: usize, const N: usize>(rng: &mut ChaCha8Rng, range: f64) -> Matrix<M, N> {
    std::array::from_fn(|_| std::array::from_fn(|_| rng.gen_range(-range..=range)))
}

/// Norms and bounds of the tanh network for lags 0 to 100.
fn tanh_norms(rng: &mut ChaCha8Rng, symbols: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let w_x: Matrix<8, 7> = random(rng, 0.1);
    let mut w_h: Matrix<7, 7> = random(rng, 0.1);
    let bias: Matrix<1, 7> = random(rng, 0.1);
    let scale = TANH_SIGMA / spectral_norm(&w_h);
    for weight in w_h.iter_mut().flatten() {
        *weight *= scale;
    }
    let mut hidden = Vec::new();
    let weights = Weights {
        input: w_x.as_flattened(),
        recurrent: w_h.as_flattened(),
        bias: bias.as_flattened(),
    };
    tanh_rnn::forward::<f64, 7>(weights, 8, Inputs::OneHot(symbols), &mut hidden);
    let jacobians = tanh_jacobians(&w_h, hidden.as_chunks().0);
    let norms = jacobians
        .iter()
        .take(101)
        .map(|j| six_digits(spectral_norm(j)))
        .collect();
    (
        norms,
        (0..=100)
            .map(|q| six_digits(norm_bound(&w_h, 1.0, q)))
            .collect(),
    )
}

/// Norms of ∂s_T/∂s_{T−q} for lags 0 to 100.
fn cell_norms(rng: &mut ChaCha8Rng, symbols: &[usize], gradient: Gradient) -> Vec<f64> {
    let design = Design {
        squash_input: Squash::Wide,
        squash_state: Squash::Centered,
        biases: Biases::All,
        recurrent: true,
        gradient,
    };
    let w_x: Matrix<8, 8> = random(rng, 0.1);
    let w_u: Matrix<8, 8> = random(rng, 0.1);
    let mut bias: Matrix<1, 8> = random(rng, 0.1);
    (bias[0][4], bias[0][5]) = (-2.0, -4.0);
    let mut trace = Trace::default();
    let weights = Weights {
        input: w_x.as_flattened(),
        recurrent: w_u.as_flattened(),
        bias: bias.as_flattened(),
    };
    forward::<f64, 2, 4, 8>(&design, weights, 8, Inputs::OneHot(symbols), &mut trace);
    let jacobians = state_jacobians::<2, 4, 8>(&design, &w_u, &trace);
    jacobians
        .iter()
        .take(101)
        .map(|j| six_digits(spectral_norm(j)))
        .collect()
}
