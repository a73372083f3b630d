// SPDX-License-Identifier: MIT OR Apache-2.0
//! What stands around an update: clipping, schedules, noise, dropout, decay, normalization.
use dfdx::prelude::*;
use rand_chacha::{rand_core::RngCore, rand_core::SeedableRng, ChaCha8Rng};
use tape::dims::{Batch, Hidden, Time};
use tape::readout::Readout;
use tape::train::clip::{By, Clip, NotFinite, Outcome};
use tape::train::decay::WeightDecay;
use tape::train::dropout::{dropout, dropout_sequences};
use tape::train::noise::WeightNoise;
use tape::train::parameters::{for_each, Frozen};
use tape::train::schedule::{Against, Plateau, Schedule};
use tape::train::statistics::global_norm;
use tape::train::weight_norm::{gain_of, weight_norm};
use tape::train::{initialize, Scalar, Start};

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

type Model<E> = Readout<Const<3>, Const<4>, Const<2>, E>;

/// A model whose weights and gradients are drawn from a normal distribution.
fn setup<E: Scalar>(deviation: f64) -> (Model<E>, Gradients<E, Cpu>) {
    let device = Cpu::default();
    let mut model = Readout {
        inputs: Const,
        units: device.zeros(),
        bias: Some(device.zeros()),
        skip: Some(device.zeros()),
    };
    let mut rng = rng(1);
    initialize(&mut model, &mut rng, |_, _| Start::Normal(deviation)).unwrap();
    let mut drawn = model.clone();
    initialize(&mut drawn, &mut rng, |_, _| Start::Normal(deviation)).unwrap();
    let mut gradients = Gradients::leaky();
    for_each(&mut drawn, |_, parameter| {
        let mut values = vec![E::default(); parameter.count()];
        parameter.copy_into(&mut values);
        parameter.gradient(&mut gradients).copy_from_slice(&values);
    });
    (model, gradients)
}

/// All gradients in the model's order.
fn all<E: Scalar>(model: &mut Model<E>, gradients: &mut Gradients<E, Cpu>) -> Vec<f64> {
    let mut all = Vec::new();
    for_each(model, |_, parameter| {
        all.extend(parameter.gradient(gradients).iter().map(|g| g.wide()));
    });
    all
}

fn weights<E: Scalar>(model: &mut Model<E>) -> Vec<f64> {
    let mut all = Vec::new();
    for_each(model, |_, parameter| {
        let mut values = vec![E::default(); parameter.count()];
        parameter.copy_into(&mut values);
        all.extend(values.iter().map(|w| w.wide()));
    });
    all
}

/// Pascanu et al. (2013), Algorithm 1: ‖g‖ ≥ threshold, then g ← threshold/‖g‖ g.
#[test]
fn clipping_by_norm_is_algorithm_1_of_pascanu_2013() {
    fn check<E: Scalar>(tolerance: f64) {
        for threshold in [1e-3, 0.5, 1e3] {
            let (mut model, mut gradients) = setup::<E>(1.0);
            let before = all(&mut model, &mut gradients);
            let norm = before.iter().map(|g| g * g).sum::<f64>().sqrt();
            let seen = Clip::norm(threshold).apply(&mut model, &mut gradients);
            assert!((seen.norm / norm - 1.0).abs() < 1e-12);
            let clips = norm >= threshold;
            let expected = if clips {
                Outcome::Clipped
            } else {
                Outcome::Kept
            };
            assert_eq!(seen.outcome, expected);
            for (g, b) in all(&mut model, &mut gradients).iter().zip(&before) {
                let expected = if clips { threshold / norm * b } else { *b };
                assert!(
                    (g - expected).abs() <= tolerance * expected.abs(),
                    "{g} {expected}"
                );
            }
        }
    }
    check::<f32>(2e-7);
    check::<f64>(1e-15);
}

#[test]
fn what_is_frozen_counts_in_no_norm_and_is_not_clipped() {
    let (mut model, mut gradients) = setup::<f64>(1.0);
    let before = gradients.get(&model.units).array();
    let mut rest = Frozen::new(&mut model, &["units"]);
    let norm = global_norm(&mut rest, &mut gradients);
    let seen = Clip::norm(0.1).apply(&mut rest, &mut gradients);
    assert_eq!(seen.norm, norm);
    assert!((global_norm(&mut rest, &mut gradients) - 0.1).abs() < 1e-15);
    assert_eq!(gradients.get(&model.units).array(), before);
}

#[test]
fn clipping_by_value_holds_each_value_alone() {
    let (mut model, mut gradients) = setup::<f32>(10.0);
    gradients.get_or_alloc_mut(&model.units).unwrap()[0] = f32::INFINITY;
    gradients.get_or_alloc_mut(&model.units).unwrap()[1] = f32::NEG_INFINITY;
    let before = all(&mut model, &mut gradients);
    let seen = Clip::value(10.0).apply(&mut model, &mut gradients);
    assert_eq!(seen.outcome, Outcome::Clipped);
    for (g, b) in all(&mut model, &mut gradients).iter().zip(&before) {
        assert_eq!(*g, b.clamp(-10.0, 10.0));
    }
    let seen = Clip::value(10.0).apply(&mut model, &mut gradients);
    assert_eq!(seen.outcome, Outcome::Kept);
    gradients.get_or_alloc_mut(&model.units).unwrap()[2] = f32::NAN;
    assert!(!Clip::value(10.0).apply(&mut model, &mut gradients).usable());
}

#[test]
fn gradients_that_are_not_finite_meet_the_policy_that_was_named() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let poisoned = || {
            let (model, mut gradients) = setup::<f32>(1.0);
            gradients.get_or_alloc_mut(&model.units).unwrap()[3] = bad;
            (model, gradients)
        };
        for clip in [
            Clip::norm(1.0),
            Clip {
                by: By::Nothing,
                ..Clip::norm(1.0)
            },
        ] {
            let (mut model, mut gradients) = poisoned();
            let before = all(&mut model, &mut gradients);
            let seen = clip.apply(&mut model, &mut gradients);
            assert_eq!((seen.outcome, seen.usable()), (Outcome::Skip, false));
            let after = all(&mut model, &mut gradients);
            assert!(after
                .iter()
                .zip(&before)
                .all(|(a, b)| a.to_bits() == b.to_bits()));
        }

        let (mut model, mut gradients) = poisoned();
        let seen = Clip::bahdanau(1.0).apply(&mut model, &mut gradients);
        assert_eq!((seen.outcome, seen.usable()), (Outcome::Shrunk, true));
        let after = all(&mut model, &mut gradients);
        for (g, w) in after.iter().zip(weights(&mut model)) {
            assert_eq!(*g as f32, 0.1 * w as f32);
        }

        let (mut model, mut gradients) = poisoned();
        let seen = Clip::pascanu(1.0, "skip").apply(&mut model, &mut gradients);
        assert_eq!(seen.outcome, Outcome::Shrunk);
        assert!(gradients
            .get(&model.units)
            .as_vec()
            .iter()
            .all(|&g| g == 0.0));
        let skip = model.skip.as_ref().unwrap();
        for (g, w) in gradients.get(skip).as_vec().iter().zip(skip.as_vec()) {
            assert_eq!(*g, 0.02 * w);
        }
    }
}

/// 10¹⁰ is the line of the published code; a norm below it is clipped as any other.
#[test]
fn a_norm_above_the_line_counts_as_not_finite() {
    for (size, outcome) in [(1e9, Outcome::Clipped), (1e11, Outcome::Shrunk)] {
        let (mut model, mut gradients) = setup::<f32>(1.0);
        gradients.get_or_alloc_mut(&model.units).unwrap()[3] = size;
        let seen = Clip::pascanu(1.0, "units").apply(&mut model, &mut gradients);
        assert_eq!(seen.outcome, outcome);
    }
    let skip = Clip {
        largest: 1e10,
        not_finite: NotFinite::Skip,
        ..Clip::norm(1.0)
    };
    let (mut model, mut gradients) = setup::<f32>(1e12);
    assert!(!skip.apply(&mut model, &mut gradients).usable());
}

/// Sutskever et al. (2014): 0.7; after five epochs halved every half epoch; 7.5 epochs in all.
#[test]
fn the_schedule_of_sutskever_2014_halves_five_times() {
    let updates = 100;
    let schedule = Schedule::Steps {
        start: 0.7,
        factor: 0.5,
        first: 5 * updates,
        every: updates / 2,
    };
    for (done, expected) in [
        (0, 0.7),
        (499, 0.7),
        (500, 0.35),
        (549, 0.35),
        (550, 0.175),
        (600, 0.0875),
        (749, 0.7 / 32.0),
    ] {
        assert_eq!(schedule.at(done), expected, "{done}");
    }
    assert_eq!(schedule.at(u64::MAX), 0.0);
}

/// Pascanu et al. (2013), supplement: 1/(2t), and 5/max(1, t − 10), t from 1.
#[test]
fn inverse_time_is_what_pascanu_2013_writes() {
    let half = Schedule::InverseTime {
        start: 0.5,
        delay: 1,
        time: 1.0,
    };
    let late = Schedule::InverseTime {
        start: 5.0,
        delay: 11,
        time: 1.0,
    };
    for t in 1..200u64 {
        let seen = half.at(t);
        assert!((seen - 1.0 / (2.0 * t as f64)).abs() < 1e-15, "{t}: {seen}");
        let seen = late.at(t);
        let expected = 5.0 / (t as f64 - 10.0).max(1.0);
        assert!((seen - expected).abs() < 1e-14, "{t}: {seen}");
    }
    // .05/(1 + t/2800)
    let slow = Schedule::InverseTime {
        start: 0.05,
        delay: 0,
        time: 2_800.0,
    };
    assert_eq!((slow.at(0), slow.at(2_800)), (0.05, 0.025));
}

#[test]
fn constant_and_linear_schedules_are_that() {
    assert_eq!(Schedule::Constant(0.1).at(1_000_000), 0.1);
    let linear = Schedule::Linear {
        start: 1.0,
        end: 0.01,
        last: 500,
    };
    assert_eq!(
        (linear.at(0), linear.at(500), linear.at(600)),
        (1.0, 0.01, 0.01)
    );
    assert!((linear.at(250) - 0.505).abs() < 1e-15);
}

#[test]
fn a_plateau_cuts_where_its_words_say() {
    let losses = [5.0, 4.0, 4.5, 4.2, 4.2, 3.0, 3.0, f64::NAN, 2.0];
    let run = |mut plateau: Plateau| -> Vec<usize> {
        losses
            .iter()
            .enumerate()
            .filter(|&(_, &loss)| plateau.observe(loss))
            .map(|(k, _)| k)
            .collect()
    };
    let best = Plateau::new(1.0, 0.5, Against::Best);
    assert_eq!(run(best), [2, 3, 4, 6, 7]);
    assert_eq!(run(best.patience(1)), [3, 7]);
    assert_eq!(run(best.for_good()), [2, 3, 4, 5, 6, 7, 8]);
    let rises = Plateau::new(1.0, 0.5, Against::Previous);
    assert_eq!(run(rises), [2, 7]);
    // The first loss may be NaN, and the next number is then the reference.
    let mut plateau = best;
    assert!(plateau.observe(f64::NAN) && !plateau.observe(1.0) && plateau.observe(1.0));
    assert_eq!((plateau.rate(), plateau.cuts()), (0.25, 2));
}

/// Gehring et al. (2017): 0.25, divided by ten each epoch once validation stops improving.
#[test]
fn a_plateau_goes_on_from_its_saved_state() {
    let mut plateau = Plateau::new(0.25, 0.1, Against::Best).for_good();
    for loss in [3.0, 2.0, 2.5] {
        plateau.observe(loss);
    }
    let saved = serde_json::to_string(&plateau).unwrap();
    let restored: Plateau = serde_json::from_str(&saved).unwrap();
    assert_eq!(restored, plateau);
    assert!((plateau.rate() - 0.025).abs() < 1e-17);
}

#[test]
fn weight_noise_is_gone_after_the_gradient_and_of_its_size_before() {
    let device = Cpu::default();
    let mut weights: Tensor<Rank2<100, 100>, f32, Cpu> = device.zeros();
    initialize(&mut weights, &mut rng(1), |_, _| Start::Normal(3.0)).unwrap();
    let clean = weights.as_vec();
    let mut noise = WeightNoise::new(0.075);
    let mut generator = rng(2);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let noisy = noise.during(&mut weights, &mut generator, |model| {
            let noisy = model.as_vec();
            // What the work does to the weights is undone too.
            *model = model.clone() * 2.0;
            noisy
        });
        assert_eq!(weights.as_vec(), clean);
        let differences: Vec<f64> = noisy
            .iter()
            .zip(&clean)
            .map(|(n, c)| f64::from(n - c))
            .collect();
        let mean = differences.iter().sum::<f64>() / 1e4;
        let deviation = (differences.iter().map(|d| d * d).sum::<f64>() / 1e4).sqrt();
        assert!(mean.abs() < 0.004, "{mean}");
        assert!((deviation - 0.075).abs() < 0.003, "{deviation}");
        seen.push(noisy);
    }
    assert_ne!(seen[0], seen[1], "the same noise twice");
}

/// The gradient is that of the loss at the noisy weights, under the parameters' own names.
#[test]
fn the_gradient_under_noise_is_that_of_the_noisy_weights() {
    let mut weights: Tensor<Rank1<5>, f64, Cpu> = Cpu::default().ones();
    let mut noise = WeightNoise::new(0.5);
    let (noisy, gradients) = noise.during(&mut weights, &mut rng(3), |model| {
        let loss = model.leaky_trace().square().sum();
        (model.as_vec(), loss.backward())
    });
    for (g, w) in gradients.get(&weights).as_vec().iter().zip(noisy) {
        assert_eq!(*g, 2.0 * w);
    }
}

#[test]
fn weight_decay_is_the_gradient_of_its_penalty() {
    let (mut model, mut gradients) = setup::<f64>(1.0);
    let before = all(&mut model, &mut gradients);
    let w = weights(&mut model);
    let mut decay = WeightDecay::new(0.01);
    let penalty = decay.apply(&mut model, &mut gradients, |name| !name.is("bias"));
    let is_bias = |place: usize| (8..10).contains(&place);
    let mut expected = 0.0;
    let after = all(&mut model, &mut gradients);
    for (place, (g, b)) in after.iter().zip(&before).enumerate() {
        let share = if is_bias(place) { 0.0 } else { 0.01 * w[place] };
        assert_eq!(*g, b + share, "{place}");
        expected += 0.5 * share * w[place];
    }
    assert!((penalty - expected).abs() < 1e-15, "{penalty} {expected}");
}

#[test]
fn dropout_keeps_the_mean_and_drops_its_share() {
    let input: Tensor<Rank2<100, 200>, f32, Cpu> = Cpu::default().ones();
    for p in [0.1, 0.2, 0.5, 0.9] {
        let output = dropout(input.clone(), p, &mut rng(4)).unwrap().as_vec();
        let scale = (1.0 / (1.0 - p)) as f32;
        assert!(output.iter().all(|&y| y == 0.0 || y == scale));
        let dropped = output.iter().filter(|&&y| y == 0.0).count() as f64 / 2e4;
        assert!((dropped - p).abs() < 0.015, "{p}: {dropped}");
    }
    let mut generator = rng(4);
    let output = dropout(input.clone(), 0.0, &mut generator).unwrap();
    assert_eq!(output.as_vec(), input.as_vec());
    assert_eq!(generator.next_u64(), rng(4).next_u64(), "p = 0 drew");
    assert_eq!(
        dropout(input.clone(), 0.5, &mut rng(4)).unwrap().as_vec(),
        dropout(input, 0.5, &mut rng(4)).unwrap().as_vec()
    );
}

#[test]
fn gradients_pass_where_dropout_kept() {
    let input: Tensor<Rank1<50>, f64, Cpu> =
        Cpu::default().tensor_from_vec((1..51).map(f64::from).collect(), (Const::<50>,));
    let output = dropout(input.leaky_trace(), 0.4, &mut rng(5)).unwrap();
    let values = output.as_vec();
    let gradients = output.square().sum().backward();
    let scale = 1.0 / 0.6;
    for ((g, y), x) in gradients
        .get(&input)
        .as_vec()
        .iter()
        .zip(&values)
        .zip(input.as_vec())
    {
        let expected = if *y == 0.0 {
            0.0
        } else {
            2.0 * x * scale * scale
        };
        assert!((g - expected).abs() < 1e-12 * x.max(1.0), "{g} {expected}");
    }
}

#[test]
fn what_is_dropped_is_zero_even_where_it_was_infinite() {
    let input: Tensor<Rank1<64>, f32, Cpu> =
        Cpu::default().tensor_from_vec(vec![f32::INFINITY; 64], (Const::<64>,));
    let output = dropout(input, 0.5, &mut rng(6)).unwrap().as_vec();
    assert!(output.iter().all(|&y| y == 0.0 || y == f32::INFINITY));
    assert!(output.contains(&0.0));
}

/// Longer padding changes no value within the sequences.
#[test]
fn padding_changes_no_draw_of_dropout() {
    let lengths = [3, 0, 5];
    let run = |steps: usize| {
        let input = Cpu::default().tensor_from_vec(
            vec![1.0f32; 3 * steps * 7],
            (Batch(3), Time(steps), Hidden(7)),
        );
        let output = dropout_sequences(input, &lengths, 0.5, &mut rng(7))
            .unwrap()
            .as_vec();
        let mut inside = Vec::new();
        for (b, &length) in lengths.iter().enumerate() {
            let row = &output[b * steps * 7..][..steps * 7];
            inside.extend_from_slice(&row[..length * 7]);
            assert!(row[length * 7..].iter().all(|&y| y == 0.0));
        }
        inside
    };
    assert_eq!(run(5), run(9));
    assert!(run(5).contains(&0.0) && run(5).contains(&2.0));
}

#[test]
#[should_panic(expected = "1 is no probability of dropping a value")]
fn dropping_all_is_refused() {
    let input: Tensor<Rank1<2>, f32, Cpu> = Cpu::default().ones();
    let _ = dropout(input, 1.0, &mut rng(8));
}

/// Salimans and Kingma (2016), (2), with dfdx's own primitives: W = v · g/‖v‖.
fn primitive(
    v: Tensor<Rank2<5, 3>, f64, Cpu, OwnedTape<f64, Cpu>>,
    gain: &Tensor<Rank1<3>, f64, Cpu>,
) -> Tensor<Rank2<5, 3>, f64, Cpu, OwnedTape<f64, Cpu>> {
    let (v, tape) = v.split_tape();
    let norms = v
        .clone()
        .put_tape(tape)
        .square()
        .sum::<Rank1<3>, _>()
        .sqrt();
    let (norms, tape) = norms.split_tape();
    let scales = gain.clone().put_tape(tape) / norms;
    scales.broadcast::<Rank2<5, 3>, _>() * v
}

#[test]
fn weight_norm_and_its_gradients_are_equations_2_and_3_of_salimans_2016() {
    let device = Cpu::default();
    let mut v: Tensor<Rank2<5, 3>, f64, Cpu> = device.zeros();
    let mut gain: Tensor<Rank1<3>, f64, Cpu> = device.zeros();
    let mut weights: Tensor<Rank2<5, 3>, f64, Cpu> = device.zeros();
    for (seed, parameter) in [(1, &mut v), (2, &mut weights)] {
        initialize(parameter, &mut rng(seed), |_, _| Start::Normal(2.0)).unwrap();
    }
    initialize(&mut gain, &mut rng(3), |_, _| Start::Normal(2.0)).unwrap();

    let ours = weight_norm(v.leaky_trace(), &gain).unwrap();
    let theirs = primitive(v.leaky_trace(), &gain);
    let close = |a: Vec<f64>, b: Vec<f64>, what: &str| {
        for (a, b) in a.iter().zip(&b) {
            assert!((a - b).abs() < 1e-13 * b.abs().max(1.0), "{what}: {a} {b}");
        }
    };
    close(ours.as_vec(), theirs.as_vec(), "weights");
    let ours = (ours * weights.clone()).sum().backward();
    let theirs = (theirs * weights.clone()).sum().backward();
    close(ours.get(&v).as_vec(), theirs.get(&v).as_vec(), "direction");
    close(ours.get(&gain).as_vec(), theirs.get(&gain).as_vec(), "gain");

    // Central differences, of v and gain.
    let loss = |v: &Tensor<Rank2<5, 3>, f64, Cpu>, gain: &Tensor<Rank1<3>, f64, Cpu>| {
        let product = weight_norm(v.clone(), gain).unwrap() * weights.clone();
        product.sum::<Rank0, _>().array()
    };
    let step = 1e-5;
    for i in 0..5 {
        for o in 0..3 {
            let (mut high, mut low) = (v.clone(), v.clone());
            high[[i, o]] += step;
            low[[i, o]] -= step;
            let slope = (loss(&high, &gain) - loss(&low, &gain)) / (2.0 * step);
            assert!((slope - ours.get(&v)[[i, o]]).abs() < 1e-8, "v {i} {o}");
        }
    }
    for o in 0..3 {
        let (mut high, mut low) = (gain.clone(), gain.clone());
        high[[o]] += step;
        low[[o]] -= step;
        let slope = (loss(&v, &high) - loss(&v, &low)) / (2.0 * step);
        assert!((slope - ours.get(&gain)[[o]]).abs() < 1e-8, "gain {o}");
    }

    // The gradient of v is orthogonal to v, as the paper's section 2.1 says.
    for o in 0..3 {
        let along: f64 = (0..5).map(|i| ours.get(&v)[[i, o]] * v[[i, o]]).sum();
        assert!(along.abs() < 1e-13, "{along}");
    }
    let same = weight_norm(v.clone(), &gain_of(&v).unwrap()).unwrap();
    close(same.as_vec(), v.as_vec(), "its own gain");
}
