// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's equations: each holds for the code that bears its number.
#![allow(missing_docs)]

use chapters::pascanu2013::network::*;
use kernels::Path;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tasks::seeds::{generator, Purpose};

const I: usize = 3;
const H: usize = 5;
const O: usize = 4;
const B: usize = 3;
const T: usize = 7;

type Small = Network<I, H, O, f64>;

/// A network of odd sizes with weights from U[−range, range].
fn network(seed: u64, activation: Activation, range: f64) -> Small {
    let mut rng = generator(seed, Purpose::Initialization);
    let mut weights = Weights::zeros();
    for values in weights.all_mut() {
        values
            .iter_mut()
            .for_each(|w| *w = rng.gen_range(-range..=range));
    }
    Network::new(weights, activation, Path::Portable)
}

struct Data {
    symbols: Vec<u8>,
    classes: Vec<u8>,
}

impl Data {
    fn new(seed: u64) -> Self {
        let mut rng: ChaCha8Rng = generator(seed, Purpose::Training);
        Data {
            symbols: (0..T * B).map(|_| rng.gen_range(0..I as u8)).collect(),
            classes: (0..B).map(|_| rng.gen_range(0..O as u8)).collect(),
        }
    }

    fn batch(&self) -> Batch<'_> {
        Batch {
            sequences: B,
            symbols: &self.symbols,
            classes: &self.classes,
        }
    }
}

const BOTH: [Activation; 2] = [Activation::Tanh, Activation::Logistic];

/// Central differences of `f` by each weight, in the order of the arrays.
fn differences(network: &Small, mut f: impl FnMut(&mut Small) -> f64) -> Vec<f64> {
    let mut all = Vec::new();
    for array in 0..5 {
        for place in 0..network.weights.all()[array].len() {
            let mut at = |by: f64| {
                let mut moved = network.clone();
                moved.weights.all_mut()[array][place] += by;
                f(&mut moved)
            };
            all.push((at(1e-5) - at(-1e-5)) / 2e-5);
        }
    }
    all
}

fn flat(weights: &Weights<I, H, O, f64>) -> Vec<f64> {
    weights.all().into_iter().flatten().copied().collect()
}

#[track_caller]
fn near(a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len());
    for (n, (a, b)) in a.iter().zip(b).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * b.abs().max(1.0),
            "{n}: {a} {b}"
        );
    }
}

#[test]
fn eq_2_4_gradient_matches_central_differences() {
    for activation in BOTH {
        let data = Data::new(1);
        let mut net = network(1, activation, 0.9);
        net.pass(data.batch(), None);
        let slow = differences(&net, |net| net.answer(data.batch()));
        near(&flat(&net.gradient), &slow, 1e-8);
    }
}

/// Ω by its definition, the errors of a first pass held constant and W_h free: what is left to vary
/// is the product with W_hᵀ alone.
fn omega_by_hand(net: &Small, w_h: &[f64], omega: Omega) -> f64 {
    let s = &net.buffers;
    let (mut sum, mut active) = (0.0, 0);
    for row in 0..T * B {
        let later = &s.errors[(row + B) * H..][..H];
        let delta = &s.deltas[row * H..][..H];
        let square: f64 = later.iter().map(|e| e * e).sum();
        if square < COUNTS_FROM {
            continue;
        }
        active += 1;
        let through: f64 = (0..H)
            .map(|i| {
                let sum: f64 = (0..H).map(|j| delta[j] * w_h[i * H + j]).sum();
                sum * sum
            })
            .sum();
        let ratio = match omega {
            Omega::Program => through / square,
            Omega::Paper => (through / square).sqrt(),
        };
        sum += (ratio - 1.0) * (ratio - 1.0);
    }
    sum / match omega {
        Omega::Program => f64::from(active),
        Omega::Paper => B as f64,
    }
}

fn immediate(omega: Omega) {
    for activation in BOTH {
        let data = Data::new(2);
        let mut net = network(2, activation, 0.9);
        net.pass(data.batch(), None);
        let plain = net.gradient.clone();
        let alpha = 3.0;
        let pass = net.pass(data.batch(), Some(Regularizer { omega, alpha }));
        let w_h = net.weights.w_h.clone();
        let by_hand = omega_by_hand(&net, &w_h, omega);
        assert!(
            (pass.omega - by_hand).abs() < 1e-12 * by_hand,
            "{pass:?} {by_hand}"
        );
        for place in 0..H * H {
            let at = |by: f64| {
                let mut moved = w_h.clone();
                moved[place] += by;
                omega_by_hand(&net, &moved, omega)
            };
            let slow = (at(1e-6) - at(-1e-6)) / 2e-6;
            let fast = (net.gradient.w_h[place] - plain.w_h[place]) / alpha;
            assert!(
                (slow - fast).abs() < 1e-6 * slow.abs().max(1.0),
                "{slow} {fast}"
            );
        }
        // Nothing else moves: the immediate gradient is by W_h alone.
        for (with, without) in net.gradient.all().into_iter().zip(plain.all()) {
            if with.len() != H * H {
                assert_eq!(with, without);
            }
        }
    }
}

#[test]
fn eq_2_12_the_papers_omega_and_its_immediate_gradient() {
    immediate(Omega::Paper);
}

#[test]
fn eq_2_14_the_programs_omega_and_its_immediate_gradient() {
    immediate(Omega::Program);
}
