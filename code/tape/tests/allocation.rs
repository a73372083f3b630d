// SPDX-License-Identifier: MIT OR Apache-2.0
//! What runs at every step of training asks the heap for nothing once it has run.
use allocation_counter::measure;
use dfdx::prelude::*;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use tape::readout::Readout;
use tape::train::clip::Clip;
use tape::train::decay::WeightDecay;
use tape::train::noise::WeightNoise;
use tape::train::parameters::Frozen;
use tape::train::rules::{Adadelta, Adagrad, Adam, CenteredRmsProp, Momentum, RmsProp, Sgd};
use tape::train::{parameters, Optimizer, Rule};

type Model = [Readout<Const<5>, Const<7>, Const<3>, f32>; 2];

fn model() -> Model {
    let device = Cpu::default();
    [(); 2].map(|()| Readout {
        inputs: Const,
        units: device.ones(),
        bias: Some(device.ones()),
        skip: Some(device.ones()),
    })
}

/// Gradients of one for every parameter.
fn gradients(model: &mut Model) -> Gradients<f32, Cpu> {
    let mut gradients = Gradients::leaky();
    parameters::for_each(model, |_, parameter| {
        parameter.gradient(&mut gradients).fill(1.0);
    });
    gradients
}

#[test]
fn updates_allocate_nothing_after_the_first() {
    fn check(rule: impl Rule<f32> + 'static) {
        let name = format!("{rule:?}");
        let mut model = model();
        let mut gradients = gradients(&mut model);
        let mut optimizer = Optimizer::new(rule);
        optimizer.update(&mut model, &mut gradients, 0.1);
        let seen = measure(|| optimizer.update(&mut model, &mut gradients, 0.1));
        assert_eq!(seen.count_total, 0, "{name}");
    }
    check(Sgd::default());
    check(Sgd {
        momentum: Momentum::Nesterov(0.9),
    });
    check(RmsProp::TIELEMAN);
    check(CenteredRmsProp::GRAVES);
    check(Adagrad::default());
    check(Adadelta::default());
    check(Adam::default());
}

#[test]
fn what_stands_around_an_update_allocates_nothing_after_the_first() {
    let mut model = model();
    let mut gradients = gradients(&mut model);
    let mut optimizer = Optimizer::new(Adam::default());
    let mut noise = WeightNoise::new(0.1);
    let mut decay = WeightDecay::new(0.01);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut step = || {
        noise.during(&mut model, &mut rng, |_| ());
        let mut part = Frozen::new(&mut model, &["1.skip", "0"]);
        decay.apply(&mut part, &mut gradients, |name| !name.is("1.bias"));
        let seen = [Clip::norm(0.1), Clip::value(0.01)]
            .map(|clip| clip.apply(&mut part, &mut gradients).usable());
        optimizer.update(&mut part, &mut gradients, 0.1);
        seen
    };
    step();
    let seen = measure(|| assert_eq!(step(), [true, true]));
    assert_eq!(seen.count_total, 0);
}
