// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each rule against the formula of its paper, written here once more, one weight at a time.
use dfdx::prelude::*;
use kernels::Extremes;
use tape::train::rules::{
    Adadelta, Adagrad, Adam, CenteredRmsProp, Guard, Momentum, RmsProp, Sgd,
};
use tape::train::{Optimizer, Rule, Scalar};

/// Gradients of seven weights over forty updates: of sizes from 1e-4 to 10, both signs, one weight
/// whose gradient is always 0, one that is often 0, one that is constant.
fn gradients() -> Vec<[f64; 7]> {
    (0..40)
        .map(|t| {
            let t = f64::from(t);
            [
                (0.7 * t).sin(),
                10.0 * (1.3 * t + 1.0).cos(),
                1e-4 * (t - 20.0),
                0.0,
                if t as usize % 3 == 1 { 0.5 } else { 0.0 },
                0.25,
                -((2.1 * t).sin() * 3.0).exp() * 0.05,
            ]
        })
        .collect()
}

const START: [f64; 7] = [0.3, -1.2, 2.0, 0.7, -0.01, 1.5, -3.0];

/// The learning rate of update t, from 1: it changes, so that a rule that keeps it shows.
fn rate(t: usize) -> f64 {
    if t <= 20 {
        0.05
    } else {
        0.02
    }
}

/// What a tape would give as gradient of `weights`.
fn on_tape<E: Scalar>(
    weights: &Tensor<Rank1<7>, E, Cpu>,
    values: [f64; 7],
) -> Gradients<E, Cpu> {
    let mut gradients = Gradients::leaky();
    let gradient = gradients.get_or_alloc_mut(weights).unwrap();
    for (place, value) in gradient.iter_mut().zip(values) {
        *place = kernels::Real::from_f64(value);
    }
    gradients
}

/// The weights after each of the forty updates.
fn ours<E: Scalar>(rule: impl Rule<E> + 'static) -> Vec<[f64; 7]> {
    let start = START.map(<E as kernels::Real>::from_f64);
    let mut weights: Tensor<Rank1<7>, E, Cpu> =
        Cpu::default().tensor_from_vec(start.to_vec(), (Const::<7>,));
    let mut optimizer = Optimizer::new(rule);
    gradients()
        .into_iter()
        .enumerate()
        .map(|(t, gradient)| {
            let mut gradients = on_tape(&weights, gradient);
            optimizer.update(&mut weights, &mut gradients, rate(t + 1));
            let mut seen = [0.0; 7];
            for (place, value) in seen.iter_mut().zip(weights.as_vec()) {
                *place = kernels::Real::to_f64(value);
            }
            seen
        })
        .collect()
}

/// A paper's formula for one weight: from rate, gradient and update number to the weight.
trait Script: FnMut(f64, f64, i32) -> f64 {}
impl<F: FnMut(f64, f64, i32) -> f64> Script for F {}

/// Holds a rule against a script, which is made for each weight from its start.
fn compare<S: Script>(
    rule: impl Rule<f32> + Rule<f64> + Clone + 'static,
    script: impl Fn(f64) -> S,
) {
    let narrow = ours::<f32>(rule.clone());
    let wide = ours::<f64>(rule);
    for (weight, &start) in START.iter().enumerate() {
        let mut script = script(start);
        for (t, gradient) in gradients().iter().enumerate() {
            let expected = script(rate(t + 1), gradient[weight], t as i32 + 1);
            let seen = wide[t][weight];
            assert!(
                (seen - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                "weight {weight} after update {}: {seen}, the paper's formula {expected}",
                t + 1
            );
            let seen = narrow[t][weight];
            assert!(
                (seen - expected).abs() <= 2e-5 * expected.abs().max(1.0),
                "f32, weight {weight} after update {}: {seen}, the paper's formula {expected}",
                t + 1
            );
        }
    }
}

/// w ← w − η∇.
#[test]
fn plain_descent_steps_against_the_gradient() {
    compare(Sgd::default(), |mut w| {
        move |rate, g, _| {
            w -= rate * g;
            w
        }
    });
}

/// The rule replaces `sgd::descend` without changing one bit.
#[test]
fn plain_descent_has_the_bits_of_descend() {
    fn check<E: Scalar>() {
        let start = START.map(<E as kernels::Real>::from_f64);
        let mut old: Tensor<Rank1<7>, E, Cpu> =
            Cpu::default().tensor_from_vec(start.to_vec(), (Const::<7>,));
        let mut new: Tensor<Rank1<7>, E, Cpu> =
            Cpu::default().tensor_from_vec(start.to_vec(), (Const::<7>,));
        let mut optimizer = Optimizer::new(Sgd::default());
        for gradient in gradients() {
            let gradients = on_tape(&old, gradient);
            tape::sgd::descend(&mut old, &gradients, 0.1);
            let mut gradients = on_tape(&new, gradient);
            optimizer.update(&mut new, &mut gradients, 0.1);
            assert_eq!(old.as_vec(), new.as_vec());
        }
    }
    check::<f32>();
    check::<f64>();
}

/// Sutskever et al. (2013), (1): v_{t+1} = μ v_t − ε ∇f(θ_t); (2): θ_{t+1} = θ_t + v_{t+1}.
#[test]
fn classical_momentum_is_equations_1_and_2_of_sutskever_2013() {
    let rule = Sgd {
        momentum: Momentum::Classical(0.9),
    };
    compare(rule, |mut theta| {
        let mut v = 0.0;
        move |rate, g, _| {
            v = 0.9 * v - rate * g;
            theta += v;
            theta
        }
    });
}

/// Sutskever et al. (2013), (3): v_{t+1} = μ v_t − ε ∇f(θ_t + μ v_t); (4): θ_{t+1} = θ_t + v_{t+1}.
/// The model holds θ + μv.
#[test]
fn nesterov_momentum_is_equations_3_and_4_of_sutskever_2013() {
    let rule = Sgd {
        momentum: Momentum::Nesterov(0.99),
    };
    compare(rule, |mut theta| {
        let mut v = 0.0;
        move |rate, g, _| {
            v = 0.99 * v - rate * g;
            theta += v;
            theta + 0.99 * v
        }
    });
}

/// The same on a function, ½ a θ², with the gradient taken at θ + μv as (3) says.
#[test]
fn nesterov_momentum_takes_its_gradient_ahead() {
    let (a, momentum, rate) = (3.0, 0.9, 0.1);
    let (mut theta, mut v) = (1.0, 0.0);
    let mut stored: Tensor<Rank0, f64, Cpu> = Cpu::default().tensor(1.0);
    let mut optimizer = Optimizer::new(Sgd {
        momentum: Momentum::Nesterov(momentum),
    });
    for _ in 0..50 {
        v = momentum * v - rate * a * (theta + momentum * v);
        theta += v;
        let mut gradients = (stored.leaky_trace().square() * (a / 2.0)).backward();
        optimizer.update(&mut stored, &mut gradients, rate);
        assert!((stored.array() - (theta + momentum * v)).abs() < 1e-13);
    }
}

/// Tieleman and Hinton (2012): MeanSquare(w, t) = 0.9 MeanSquare(w, t−1) + 0.1 (∂E/∂w(t))²; the
/// gradient is divided by √MeanSquare(w, t).
#[test]
fn rmsprop_is_the_formula_of_tieleman_2012() {
    compare(RmsProp::TIELEMAN, |mut w| {
        let mut mean_square: f64 = 0.0;
        move |rate, g, _| {
            mean_square = 0.9 * mean_square + 0.1 * g.powi(2);
            if mean_square > 0.0 {
                w -= rate * g / mean_square.sqrt();
            }
            w
        }
    });
}

/// The guards of those who came after, with a start other than 0 and with momentum.
#[test]
fn each_guard_of_rmsprop_stands_where_it_says() {
    let rule = RmsProp {
        decay: 0.95,
        guard: Guard::Inside(1e-2),
        start: 1e-3,
        momentum: 0.0,
    };
    type Divisor = fn(f64) -> f64;
    let divisors: [(Guard, Divisor); 3] = [
        (Guard::Inside(1e-2), |m| (m + 1e-2).sqrt()),
        (Guard::Outside(1e-2), |m| m.sqrt() + 1e-2),
        (Guard::AtLeast(1e-2), |m| m.sqrt().max(1e-2)),
    ];
    for (guard, divisor) in divisors {
        compare(RmsProp { guard, ..rule }, |mut w| {
            let mut m: f64 = 1e-3;
            move |rate, g, _| {
                m = 0.95 * m + 0.05 * g * g;
                w -= rate * g / divisor(m);
                w
            }
        });
        let with_momentum = RmsProp {
            guard,
            momentum: 0.9,
            ..rule
        };
        compare(with_momentum, |mut w| {
            let (mut m, mut v) = (1e-3, 0.0);
            move |rate, g, _| {
                m = 0.95 * m + 0.05 * g * g;
                v = 0.9 * v - rate * g / divisor(m);
                w += v;
                w
            }
        });
    }
}

/// Graves (2013): (38) n = ℵn + (1 − ℵ)ε², (39) g = ℵg + (1 − ℵ)ε,
/// (40) Δ = ℶΔ − ℷ ε/√(n − g² + ℸ), (41) w = w + Δ.
#[test]
fn centered_rmsprop_is_equations_38_to_41_of_graves_2013() {
    compare(CenteredRmsProp::GRAVES, |mut w| {
        let (mut n, mut g, mut delta) = (0.0, 0.0, 0.0);
        move |rate, epsilon, _| {
            n = 0.95 * n + 0.05 * epsilon * epsilon;
            g = 0.95 * g + 0.05 * epsilon;
            delta = 0.9 * delta - rate * epsilon / (n - g * g + 1e-4f64).sqrt();
            w += delta;
            w
        }
    });
}

/// A large constant gradient has variance 0, and in f32 rounding takes n − g² below −ℸ.
#[test]
fn a_variance_that_rounding_takes_below_zero_makes_no_nan() {
    let mut weight: Tensor<Rank0, f32, Cpu> = Cpu::default().tensor(1.0);
    let mut optimizer = Optimizer::new(CenteredRmsProp::GRAVES);
    let mut below = false;
    for _ in 0..2_000 {
        let mut gradients = (weight.leaky_trace() * 1_234.567).backward();
        optimizer.update(&mut weight, &mut gradients, 1e-6);
        assert!(weight.array().is_finite());
        let memory = &optimizer.slots()[0].memory;
        below |= memory[0][0] - memory[1][0] * memory[1][0] < -1e-4;
    }
    assert!(below, "the case that this test is for did not come up");
}

/// Duchi et al. (2011), Figure 1 with diagonal matrices: s_i = ‖g_{1:t,i}‖₂, H = δI + diag(s),
/// x ← x − η H⁻¹ g.
#[test]
fn adagrad_is_figure_1_of_duchi_2011() {
    for delta in [0.0, 0.1] {
        compare(Adagrad { delta }, |mut x| {
            let mut past: Vec<f64> = Vec::new();
            move |rate, g, _| {
                past.push(g);
                let s = past.iter().map(|g| g * g).sum::<f64>().sqrt();
                if delta + s > 0.0 {
                    x -= rate * g / (delta + s);
                }
                x
            }
        });
    }
}

/// Zeiler (2012), Algorithm 1, line by line, with RMS\[x\] = √(E\[x²\] + ε).
#[test]
fn adadelta_is_algorithm_1_of_zeiler_2012() {
    compare(Adadelta::default(), |mut x| {
        let (rho, epsilon) = (0.95, 1e-6f64);
        let (mut of_gradient, mut of_step) = (0.0, 0.0);
        move |rate, g, _| {
            of_gradient = rho * of_gradient + (1.0 - rho) * g * g;
            let step = -((of_step + epsilon).sqrt() / (of_gradient + epsilon).sqrt()) * g;
            of_step = rho * of_step + (1.0 - rho) * step * step;
            x += rate * step;
            x
        }
    });
}

/// Kingma and Ba (2015), Algorithm 1, line by line.
#[test]
fn adam_is_algorithm_1_of_kingma_2015() {
    compare(Adam::default(), |mut theta| {
        let (beta1, beta2, epsilon) = (0.9f64, 0.999f64, 1e-8);
        let (mut m, mut v) = (0.0, 0.0);
        move |alpha, g, t| {
            m = beta1 * m + (1.0 - beta1) * g;
            v = beta2 * v + (1.0 - beta2) * g * g;
            let m_hat = m / (1.0 - beta1.powi(t));
            let v_hat: f64 = v / (1.0 - beta2.powi(t));
            theta -= alpha * m_hat / (v_hat.sqrt() + epsilon);
            theta
        }
    });
}

/// Where ε stands is seen: with one that is not small the other places take other steps.
#[test]
fn the_places_of_epsilon_are_told_apart() {
    let last = |rows: Vec<[f64; 7]>| rows[39];
    let rule = |guard| RmsProp {
        guard,
        ..RmsProp::TIELEMAN
    };
    let ends = [
        last(ours::<f64>(rule(Guard::Inside(0.1)))),
        last(ours::<f64>(rule(Guard::Outside(0.1)))),
        last(ours::<f64>(rule(Guard::AtLeast(0.1)))),
        last(ours::<f64>(rule(Guard::None))),
    ];
    for (k, a) in ends.iter().enumerate() {
        for b in &ends[..k] {
            let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs()).largest(0.0);
            assert!(apart > 1e-3, "{ends:?}");
        }
    }
}

/// A parameter that was frozen goes on from its own memory and its own count of updates.
#[test]
fn frozen_parameters_keep_their_weights_and_their_memory() {
    use tape::train::parameters::Frozen;
    let device = Cpu::default();
    let mut model: [Tensor<Rank1<2>, f64, Cpu>; 3] =
        [(); 3].map(|()| device.tensor([1.0, -1.0]));
    let mut alone = model[0].clone();
    let mut optimizer = Optimizer::new(Adam::default());
    let mut reference = Optimizer::new(Adam::default());
    for t in 0..6 {
        let mut gradients = Gradients::leaky();
        for tensor in &model {
            gradients
                .get_or_alloc_mut(tensor)
                .unwrap()
                .copy_from_slice(&[0.5, f64::from(t)]);
        }
        if (2..4).contains(&t) {
            let before = model[0].array();
            let mut rest = Frozen::new(&mut model, &["0"]);
            optimizer.update(&mut rest, &mut gradients, 0.1);
            assert_eq!(model[0].array(), before);
        } else {
            optimizer.update(&mut model, &mut gradients, 0.1);
            let mut gradients = Gradients::leaky();
            gradients
                .get_or_alloc_mut(&alone)
                .unwrap()
                .copy_from_slice(&[0.5, f64::from(t)]);
            reference.update(&mut alone, &mut gradients, 0.1);
        }
    }
    assert_eq!(model[0].array(), alone.array());
    assert_eq!(model[1].array(), model[2].array());
    assert_ne!(model[0].array(), model[1].array());
    let updates: Vec<u64> = optimizer.slots().iter().map(|slot| slot.updates).collect();
    assert_eq!(updates, [4, 6, 6]);
}

/// NaN and infinity pass into the weights as the formulas say; nothing hides them.
#[test]
fn a_gradient_that_is_not_finite_is_seen_in_the_weights() {
    fn check(rule: impl Rule<f32> + 'static) {
        let name = format!("{rule:?}");
        let mut weight: Tensor<Rank0, f32, Cpu> = Cpu::default().tensor(1.0);
        let mut gradients = (weight.leaky_trace() * f32::NAN).backward();
        Optimizer::new(rule).update(&mut weight, &mut gradients, 1e-6);
        assert!(weight.array().is_nan(), "{name}");
    }
    check(Sgd::default());
    check(Sgd {
        momentum: Momentum::Nesterov(0.9),
    });
    check(RmsProp::TIELEMAN);
    check(RmsProp {
        guard: Guard::AtLeast(0.01),
        ..RmsProp::TIELEMAN
    });
    check(CenteredRmsProp::GRAVES);
    check(Adagrad::default());
    check(Adadelta::default());
    check(Adam::default());
}

#[test]
#[should_panic(expected = "two parameters have the name w")]
fn two_parameters_of_one_name_are_refused() {
    use tape::train::{Parameters, Visitor};
    struct Twice(Tensor<Rank0, f32, Cpu>, Tensor<Rank0, f32, Cpu>);
    impl Parameters<f32> for Twice {
        fn parameters(&mut self, visitor: &mut Visitor<'_, f32>) {
            visitor.visit("w", &mut self.0);
            visitor.visit("w", &mut self.1);
        }
    }
    let device = Cpu::default();
    let mut model = Twice(device.zeros(), device.zeros());
    Optimizer::new(Sgd::default()).update(&mut model, &mut Gradients::leaky(), 0.1);
}
