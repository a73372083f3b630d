// SPDX-License-Identifier: MIT OR Apache-2.0
//! The same numbers as PyTorch: states, every gradient, Ω in both forms and three clipped updates.

use kernels::{Instructions, Real};
use pascanu2013::network::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    script: String,
    torch: String,
    rate: f64,
    alpha: f64,
    threshold: f64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    activation: Activation,
    sizes: Counts,
    each_step: bool,
    symbols: Vec<Vec<u8>>,
    classes: Vec<u8>,
    weights: Arrays,
    loss: f64,
    hidden: Vec<Vec<f64>>,
    omega_program: f64,
    omega_paper: f64,
    gradients: Arrays,
    with_program: Vec<f64>,
    with_paper: Vec<f64>,
    norms: Vec<f64>,
    losses: Vec<f64>,
    updated: Arrays,
}

#[derive(Deserialize)]
#[allow(non_snake_case)]
struct Counts {
    I: usize,
    H: usize,
    O: usize,
    B: usize,
    T: usize,
}

#[derive(Deserialize)]
struct Arrays {
    w_x: Vec<f64>,
    w_h: Vec<f64>,
    bias: Vec<f64>,
    w_o: Vec<f64>,
    out_bias: Vec<f64>,
}

impl Arrays {
    fn weights<F: Real>(&self, sizes: Sizes) -> Weights<F> {
        let cast = |values: &Vec<f64>| values.iter().map(|&v| F::from_f64(v)).collect();
        Weights {
            sizes,
            w_x: cast(&self.w_x),
            w_h: cast(&self.w_h),
            bias: cast(&self.bias),
            w_o: cast(&self.w_o),
            out_bias: cast(&self.out_bias),
        }
    }

    fn flat(&self) -> Vec<f64> {
        let all = [&self.w_x, &self.w_h, &self.bias, &self.w_o, &self.out_bias];
        all.into_iter().flatten().copied().collect()
    }
}

fn fixture() -> Fixture {
    let fixture: Fixture =
        serde_json::from_str(include_str!("parity.json")).expect("the fixture is JSON");
    assert_eq!(fixture.script, "code/peers/pascanu2013.py");
    assert!(!fixture.torch.is_empty());
    fixture
}

#[track_caller]
fn near<F: Real>(what: &str, ours: &[F], theirs: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (n, (&a, &b)) in ours.iter().zip(theirs).enumerate() {
        let a = a.to_f64();
        assert!(
            (a - b).abs() <= tolerance * b.abs().max(1.0),
            "{what}, {n}: {a} against {b}"
        );
    }
}

fn flat<F: Real>(weights: &Weights<F>) -> Vec<F> {
    weights.all().into_iter().flatten().copied().collect()
}

fn check<F: Real>(fixture: &Fixture, case: &Case, path: Instructions, tolerance: f64) {
    let sizes = Sizes {
        inputs: case.sizes.I,
        units: case.sizes.H,
        outputs: case.sizes.O,
    };
    let classes = match case.each_step {
        true => case.sizes.B * case.sizes.T,
        false => case.sizes.B,
    };
    assert_eq!(
        (case.classes.len(), case.symbols.len()),
        (classes, case.sizes.T)
    );
    let symbols = case.symbols.concat();
    let batch = Batch {
        sequences: case.sizes.B,
        symbols: &symbols,
        classes: &case.classes,
    };
    let mut net = Network::<F>::new(case.weights.weights(sizes), case.activation, path);
    let named = |what: &str| format!("{}, {what}", case.name);
    let pass = net.pass(batch, None);
    near(
        &named("loss"),
        &[F::from_f64(pass.loss)],
        &[case.loss],
        tolerance,
    );
    let states = &net.buffers.hidden[case.sizes.B * sizes.units..];
    near(&named("states"), states, &case.hidden.concat(), tolerance);
    near(
        &named("gradients"),
        &flat(&net.gradient),
        &case.gradients.flat(),
        tolerance,
    );
    for (omega, value, with) in [
        (Omega::Program, case.omega_program, &case.with_program),
        (Omega::Paper, case.omega_paper, &case.with_paper),
    ] {
        let alpha = fixture.alpha;
        let pass = net.pass(batch, Some(Regularizer { omega, alpha }));
        near(
            &named("omega"),
            &[F::from_f64(pass.omega)],
            &[value],
            tolerance,
        );
        near(&named("with omega"), &net.gradient.w_h, with, tolerance);
    }
    let threshold = fixture.threshold;
    let regularizer = Some(Regularizer {
        omega: Omega::Program,
        alpha: fixture.alpha,
    });
    let mut clipped = 0;
    for (&norm, &loss) in case.norms.iter().zip(&case.losses) {
        let update = net.learn(batch, regularizer, Some(Clip { threshold }), fixture.rate);
        near(
            &named("norm"),
            &[F::from_f64(update.norm)],
            &[norm],
            tolerance,
        );
        near(
            &named("losses"),
            &[F::from_f64(update.pass.loss)],
            &[loss],
            tolerance,
        );
        clipped += usize::from(norm > threshold);
    }
    assert!(clipped > 0, "{}: nothing was clipped", case.name);
    near(
        &named("updated"),
        &flat(&net.weights),
        &case.updated.flat(),
        tolerance,
    );
}

fn all<F: Real>(path: Instructions, tolerance: f64) {
    let fixture = fixture();
    assert_eq!(fixture.cases.len(), 4);
    for case in &fixture.cases {
        check::<F>(&fixture, case, path, tolerance);
    }
}

#[test]
fn pascanu2013_agrees_with_pytorch_in_double_precision() {
    all::<f64>(Instructions::Portable, 1e-12);
}

#[test]
fn pascanu2013_agrees_with_pytorch_in_single_precision() {
    all::<f32>(Instructions::Portable, 1e-5);
}

#[test]
fn pascanu2013_agrees_with_pytorch_on_every_path_of_this_processor() {
    for path in Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
    {
        all::<f32>(path, 1e-5);
        all::<f64>(path, 1e-12);
    }
}
