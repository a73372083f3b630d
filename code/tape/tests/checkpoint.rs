// SPDX-License-Identifier: MIT OR Apache-2.0
//! A run that is stopped and restored ends in the bytes of one that was not.
use dfdx::prelude::*;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use serde::{Deserialize, Serialize};
use std::path::Path;
use tape::train::checkpoint::{from_bytes, to_bytes};
use tape::train::clip::Clip;
use tape::train::dropout::dropout;
use tape::train::noise::WeightNoise;
use tape::train::parameters::Frozen;
use tape::train::rules::{Adadelta, Adagrad, Adam, CenteredRmsProp, Momentum, RmsProp, Sgd};
use tape::train::schedule::{Against, Plateau};
use tape::train::{initialize, weights, Optimizer, Parameters, Rule, Scalar, Start, Visitor};

struct Model<E: Scalar> {
    first: Tensor<Rank2<3, 4>, E, Cpu>,
    second: Tensor<Rank2<4, 2>, E, Cpu>,
}

impl<E: Scalar> Parameters<E> for Model<E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("first", &mut self.first);
        visitor.visit("second", &mut self.second);
    }
}

/// What a run carries beside parameters and optimizer.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Rest {
    data: ChaCha8Rng,
    noise: ChaCha8Rng,
    plateau: Plateau,
    updates: u64,
}

struct Run<E: Scalar> {
    model: Model<E>,
    optimizer: Optimizer<E>,
    rest: Rest,
}

impl<E: Scalar> Run<E> {
    fn new(rule: impl Rule<E> + 'static, seed: u64) -> Self {
        let device = Cpu::default();
        let mut model = Model {
            first: device.zeros(),
            second: device.zeros(),
        };
        let mut start = ChaCha8Rng::seed_from_u64(seed);
        initialize(&mut model, &mut start, |_, _| Start::Normal(0.5)).unwrap();
        Run {
            model,
            optimizer: Optimizer::new(rule),
            rest: Rest {
                data: ChaCha8Rng::seed_from_u64(seed + 1),
                noise: ChaCha8Rng::seed_from_u64(seed + 2),
                plateau: Plateau::new(0.1, 0.5, Against::Best),
                updates: 0,
            },
        }
    }

    /// One update with everything that draws or remembers.
    fn step(&mut self)
    where
        Cpu: Device<E>,
    {
        let mut input: Tensor<Rank2<5, 3>, E, Cpu> = Cpu::default().zeros();
        initialize(&mut input, &mut self.rest.data, |_, _| Start::Normal(1.0)).unwrap();
        let Run {
            model,
            optimizer,
            rest,
        } = self;
        let Rest { data, noise, .. } = rest;
        let (loss, mut gradients) = WeightNoise::new(0.01).during(model, noise, |model| {
            let hidden = input.leaky_trace().matmul(model.first.clone()).tanh();
            let hidden = dropout(hidden, 0.25, data).unwrap();
            let loss = hidden.matmul(model.second.clone()).square().mean();
            let error: E = loss.array();
            (error.wide(), loss.backward())
        });
        let clipped = Clip::norm(1.0).apply(model, &mut gradients);
        assert!(clipped.usable());
        rest.plateau.observe(loss);
        let rate = rest.plateau.rate();
        if rest.updates % 5 == 3 {
            let mut part = Frozen::new(model, &["first"]);
            optimizer.update(&mut part, &mut gradients, rate);
        } else {
            optimizer.update(model, &mut gradients, rate);
        }
        rest.updates += 1;
    }

    fn bytes(&mut self) -> Vec<u8> {
        to_bytes(&mut self.model, &self.optimizer, &self.rest).unwrap()
    }

    fn restore(&mut self, bytes: &[u8]) -> Result<(), String> {
        let file = Path::new("some/run.checkpoint");
        self.rest = from_bytes(&mut self.model, &mut self.optimizer, bytes, file)
            .map_err(|e| e.to_string())?;
        Ok(())
    }
}

#[test]
fn a_restored_run_ends_in_the_same_bytes() {
    fn check<E: Scalar>(rule: impl Rule<E> + Clone + 'static)
    where
        Cpu: Device<E>,
    {
        let mut whole = Run::<E>::new(rule.clone(), 1);
        for stop in [0, 1, 4, 9] {
            let mut first = Run::<E>::new(rule.clone(), 1);
            (0..stop).for_each(|_| first.step());
            let bytes = first.bytes();
            // Another seed, and already trained: nothing of it may be left.
            let mut second = Run::<E>::new(rule.clone(), 77);
            (0..3).for_each(|_| second.step());
            second.restore(&bytes).unwrap();
            assert_eq!(second.bytes(), bytes, "{rule:?} restored at {stop}");
            (stop..12).for_each(|_| second.step());
            if whole.rest.updates == 0 {
                (0..12).for_each(|_| whole.step());
            }
            assert_eq!(second.bytes(), whole.bytes(), "{rule:?} stopped at {stop}");
        }
    }
    check::<f32>(Sgd::default());
    check::<f32>(Sgd {
        momentum: Momentum::Nesterov(0.99),
    });
    check::<f64>(RmsProp::TIELEMAN);
    check::<f32>(CenteredRmsProp::GRAVES);
    check::<f64>(CenteredRmsProp::GRAVES);
    check::<f32>(Adagrad::default());
    check::<f32>(Adadelta::default());
    check::<f32>(Adam::default());
    check::<f64>(Adam::default());
}

#[test]
fn what_is_damaged_or_foreign_is_refused_and_changes_nothing() {
    let mut run = Run::<f32>::new(Adam::default(), 1);
    (0..2).for_each(|_| run.step());
    let bytes = run.bytes();
    let mut target = Run::<f32>::new(Adam::default(), 2);
    (0..3).for_each(|_| target.step());
    let before = target.bytes();
    let mut refused = |bytes: &[u8], words: &[&str]| {
        let error = target.restore(bytes).expect_err("it was taken");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.starts_with("some/run.checkpoint: "), "{error}");
        for word in words {
            assert!(error.contains(word), "no {word:?} in: {error}");
        }
        assert_eq!(
            target.bytes(),
            before,
            "a refused checkpoint changed the run"
        );
    };
    for cut in (0..bytes.len()).step_by(7) {
        refused(&bytes[..cut], &["damaged"]);
    }
    for place in (bytes.len() - 200..bytes.len()).step_by(3) {
        let mut flipped = bytes.clone();
        flipped[place] ^= 16;
        refused(&flipped, &["checksum"]);
    }
    let adadelta = Run::<f32>::new(Adadelta::default(), 1).bytes();
    refused(&adadelta, &["expected a run of Adam", "found Adadelta"]);
    let other = Adam {
        beta2: 0.99,
        ..Adam::default()
    };
    refused(&Run::<f32>::new(other, 1).bytes(), &["beta2: 0.99,"]);
    refused(
        &weights::to_bytes(&mut run.model),
        &["weights without a run"],
    );
    refused(
        &to_bytes(&mut run.model, &run.optimizer, &7u64).unwrap(),
        &["the state of this run"],
    );
    refused(
        &to_bytes(&mut run.model.first, &run.optimizer, &run.rest).unwrap(),
        &["memory/mean/first", "expected F32 of shape [0]"],
    );
    let mut fresh = Run::<f32>::new(Adam::default(), 1);
    refused(
        &to_bytes(&mut fresh.model.first, &fresh.optimizer, &fresh.rest).unwrap(),
        &[
            "tensor weights/first",
            "expected F32 of shape [3, 4], found none",
        ],
    );
    let mut wide = Run::<f64>::new(Adam::default(), 1);
    refused(&wide.bytes(), &["expected F32", "found F64"]);
}
