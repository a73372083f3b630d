// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every numbered equation of chapter 1, proven on small networks in f64: against the formula
//! written out, against automatic differentiation, against central differences; and what the types
//! cannot see.

// The formulas are written with their indices, as on paper.
#![allow(clippy::needless_range_loop)]

mod elman1990 {
    use dfdx::prelude::*;
    use elman1990::network::{Moment, Online, Reader, Unit, Weights};
    use elman1990::reference::Layer;
    use elman1990::{classes, experiments};
    use lab::experiment::Scale;
    use rand::Rng;
    use rand_chacha::rand_core::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use tasks::seeds::{generator, Purpose};

    const I: usize = 3;
    const H: usize = 4;
    const O: usize = 2;
    const T: usize = 6;

    const UNITS: [Unit; 2] = [Unit::Logistic, Unit::Tanh];

    type Small = Weights<I, H, O, f64>;
    type Steps = Vec<([f64; I], [f64; O])>;

    fn small() -> (Small, Steps) {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let weights = Weights::uniform(&mut rng, 0.8);
        let steps = (0..T).map(|_| {
            let x = std::array::from_fn(|_| rng.gen_range(-1.0..1.0));
            (x, std::array::from_fn(|_| rng.gen_range(0.0..1.0)))
        });
        (weights, steps.collect())
    }

    fn close(what: &str, ours: f64, theirs: f64, tolerance: f64) {
        let scale = theirs.abs().max(1.0);
        assert!(
            (ours - theirs).abs() <= tolerance * scale,
            "{what}: {ours} and {theirs}"
        );
    }

    fn all_close(what: &str, ours: &[f64], theirs: &[f64], tolerance: f64) {
        assert_eq!(ours.len(), theirs.len(), "{what}");
        for (place, (a, b)) in ours.iter().zip(theirs).enumerate() {
            close(&format!("{what}, entry {place}"), *a, *b, tolerance);
        }
    }

    /// What each step saw and made, from the context before the first.
    fn moments(unit: Unit, weights: &Small, steps: &Steps) -> Vec<Moment<I, H, f64>> {
        let mut context = [unit.rest(); H];
        let step = |(input, _): &([f64; I], [f64; O])| {
            let hidden = weights.step(unit, input, &context);
            let moment = Moment {
                input: *input,
                context,
                hidden,
            };
            context = hidden;
            moment
        };
        steps.iter().map(step).collect()
    }

    /// The error of one step.
    fn miss(output: &[f64; O], target: &[f64; O]) -> f64 {
        let squared = output.iter().zip(target).map(|(y, d)| (y - d).powi(2));
        squared.sum::<f64>() / 2.0
    }

    /// E over the sequence.
    fn error(unit: Unit, weights: &Small, steps: &Steps) -> f64 {
        let moments = moments(unit, weights, steps);
        let pairs = moments.iter().zip(steps);
        pairs
            .map(|(m, (_, d))| miss(&weights.output(&m.hidden), d))
            .sum()
    }

    /// The gradient by hand with errors that go back through `window` steps.
    fn by_hand(unit: Unit, weights: &Small, steps: &Steps, window: usize) -> Small {
        let moments = moments(unit, weights, steps);
        let mut gradient = Weights::zero();
        for t in 0..steps.len() {
            let first = (t + 1).saturating_sub(window);
            let output = weights.output(&moments[t].hidden);
            weights.back(
                unit,
                moments[first..=t].iter(),
                &output,
                &steps[t].1,
                &mut gradient,
            );
        }
        gradient
    }

    fn flat(weights: &Small) -> Vec<f64> {
        weights.values().copied().collect()
    }

    /// Central differences of `f` in every weight.
    fn slopes(weights: &Small, f: impl Fn(&Small) -> f64) -> Vec<f64> {
        let step = 1e-5;
        let count = weights.values().count();
        let slope = |n: usize| {
            let at = |by: f64| {
                let mut moved = weights.clone();
                if let Some(value) = moved.values_mut().nth(n) {
                    *value += by;
                }
                f(&moved)
            };
            (at(step) - at(-step)) / (2.0 * step)
        };
        (0..count).map(slope).collect()
    }

    fn layer(unit: Unit, weights: &Small) -> Layer<Const<I>, Const<H>, Const<O>, f64, Cpu> {
        let device = Cpu::default();
        Layer {
            unit,
            w_x: device.tensor(weights.w_x),
            w_h: device.tensor(weights.w_h),
            bias: device.tensor(weights.bias),
            w_o: device.tensor(weights.w_o),
            b_o: device.tensor(weights.b_o),
        }
    }

    /// The gradient that the tape finds.
    fn by_tape(unit: Unit, weights: &Small, steps: &Steps, truncated: bool) -> Vec<f64> {
        let device = Cpu::default();
        let layer = layer(unit, weights);
        let steps = steps
            .iter()
            .map(|(x, d)| (device.tensor([*x]), device.tensor([*d])));
        let error = layer.error(Const::<1>, steps.collect(), truncated, OwnedTape::default());
        let gradients = error.backward();
        let mut all = gradients.get(&layer.w_x).as_vec();
        all.extend(gradients.get(&layer.w_h).as_vec());
        all.extend(gradients.get(&layer.bias).as_vec());
        all.extend(gradients.get(&layer.w_o).as_vec());
        all.extend(gradients.get(&layer.b_o).as_vec());
        all
    }

    #[test]
    fn eq_1_1_is_a_weighted_sum_squashed() {
        let (w, steps) = small();
        let context = [0.3, -0.2, 0.9, 0.0];
        let device = Cpu::default();
        for unit in UNITS {
            let hidden = w.step(unit, &steps[0].0, &context);
            let (x, h) = (device.tensor([steps[0].0]), device.tensor([context]));
            let plain = layer(unit, &w).step(x, h).array();
            for j in 0..H {
                let mut net = w.bias[j];
                for i in 0..I {
                    net += steps[0].0[i] * w.w_x[i][j];
                }
                for i in 0..H {
                    net += context[i] * w.w_h[i][j];
                }
                let expected = match unit {
                    Unit::Logistic => 1.0 / (1.0 + (-net).exp()),
                    Unit::Tanh => net.tanh(),
                };
                close("h", hidden[j], expected, 1e-12);
                close("h on the tape", plain[0][j], expected, 1e-12);
            }
            // Limit case: without recurrent weights the context does not matter.
            let mut forgetful = w.clone();
            forgetful.w_h = [[0.0; H]; H];
            assert_eq!(
                forgetful.step(unit, &steps[0].0, &context),
                forgetful.step(unit, &steps[0].0, &[0.0; H])
            );
        }
    }

    /// Page 182 of the paper: units between 0 and 1, and 0.5 in the context at first.
    #[test]
    fn eq_1_1_as_printed_lies_between_zero_and_one_and_starts_from_one_half() {
        let (mut w, steps) = small();
        w.values_mut().for_each(|weight| *weight *= 1e3);
        let hidden = w.step(Unit::Logistic, &steps[0].0, &[0.5; H]);
        assert!(hidden.iter().all(|h| (0.0..=1.0).contains(h)));
        // Without a net input, units rest where the context starts.
        for (unit, rest) in [(Unit::Logistic, 0.5), (Unit::Tanh, 0.0)] {
            assert_eq!(Small::zero().step(unit, &steps[0].0, &[9.0; H]), [rest; H]);
            let network = trained(unit, 1);
            assert_eq!(network.rest(), [rest as f32; 2]);
            let (hidden, outputs) = network.read(&[1.0], &network.rest());
            assert_eq!(network.answer(&[1.0]), outputs);
            let next = network.read(&[0.0], &hidden).1;
            assert_eq!(network.answer(&[1.0, 0.0])[1..], next);
            // Training reads the same context as the test.
            let mut learning = trained(unit, 1);
            let miss = learning.learn(&[1.0], &[0.0], 0.1);
            assert_eq!(miss, outputs[0] * outputs[0]);
        }
    }

    #[test]
    fn eq_1_2_is_logistic() {
        let (w, _) = small();
        let hidden = [0.3, -0.2, 0.9, 0.0];
        let output = w.output(&hidden);
        let plain = layer(Unit::Tanh, &w)
            .output(Cpu::default().tensor([hidden]))
            .array();
        for k in 0..O {
            let mut net = w.b_o[k];
            for j in 0..H {
                net += hidden[j] * w.w_o[j][k];
            }
            let expected = 1.0 / (1.0 + (-net).exp());
            close("y", output[k], expected, 1e-12);
            close("y on the tape", plain[0][k], expected, 1e-12);
        }
        assert_eq!(Small::zero().output(&hidden), [0.5; O]);
    }

    #[test]
    fn eq_1_3_is_half_the_squared_error_of_all_steps() {
        let (w, steps) = small();
        let device = Cpu::default();
        for unit in UNITS {
            let tensors = steps
                .iter()
                .map(|(x, d)| (device.tensor([*x]), device.tensor([*d])));
            let plain = layer(unit, &w)
                .error(Const::<1>, tensors.collect(), false, NoneTape)
                .array();
            close("E", plain, error(unit, &w, &steps), 1e-12);
        }
    }

    #[test]
    fn eq_1_4_matches_central_differences() {
        let (w, steps) = small();
        let hidden = moments(Unit::Logistic, &w, &steps)[T - 1].hidden;
        let target = steps[T - 1].1;
        let y = w.output(&hidden);
        for k in 0..O {
            let delta = (y[k] - target[k]) * y[k] * (1.0 - y[k]);
            let at = |by: f64| {
                let mut moved = w.clone();
                moved.b_o[k] += by;
                miss(&moved.output(&hidden), &target)
            };
            close("delta", delta, (at(1e-5) - at(-1e-5)) / 2e-5, 1e-8);
        }
    }

    /// The error at a net input k steps ago, against the error when that net input is moved.
    #[test]
    fn eq_1_5_matches_central_differences() {
        let (w, steps) = small();
        let target = steps[T - 1].1;
        for unit in UNITS {
            let moments = moments(unit, &w, &steps);
            let y = w.output(&moments[T - 1].hidden);
            let mut to_hidden: [f64; H] = std::array::from_fn(|j| {
                (0..O)
                    .map(|k| (y[k] - target[k]) * y[k] * (1.0 - y[k]) * w.w_o[j][k])
                    .sum()
            });
            // The bias is a part of each net input.
            let moved = |j: usize, by: f64| {
                let mut moved = w.clone();
                moved.bias[j] += by;
                moved
            };
            for k in 0..T {
                let t = T - 1 - k;
                let delta: [f64; H] =
                    std::array::from_fn(|j| to_hidden[j] * unit.slope(moments[t].hidden[j]));
                for j in 0..H {
                    let at = |by: f64| {
                        let (x, context) = (&steps[t].0, &moments[t].context);
                        let mut hidden = moved(j, by).step(unit, x, context);
                        for step in &steps[t + 1..] {
                            hidden = w.step(unit, &step.0, &hidden);
                        }
                        miss(&w.output(&hidden), &target)
                    };
                    let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
                    close(&format!("{k} steps back"), delta[j], slope, 1e-8);
                }
                to_hidden =
                    std::array::from_fn(|i| (0..H).map(|j| delta[j] * w.w_h[i][j]).sum());
            }
        }
    }

    /// With a window of n, what lies n steps back and more is a constant.
    #[test]
    fn eq_1_6_matches_central_differences_for_every_window() {
        let (w, steps) = small();
        for unit in UNITS {
            let all = moments(unit, &w, &steps);
            for window in 1..=T {
                let first = T - window;
                let mut gradient = Small::zero();
                let (x, d) = (&steps[first..], steps[T - 1].1);
                let y = w.output(&all[T - 1].hidden);
                w.back(unit, all[first..].iter(), &y, &d, &mut gradient);
                let slopes = slopes(&w, |moved| {
                    let mut hidden = all[first].context;
                    for (x, _) in x {
                        hidden = moved.step(unit, x, &hidden);
                    }
                    miss(&moved.output(&hidden), &d)
                });
                all_close(&format!("window {window}"), &flat(&gradient), &slopes, 1e-8);
            }
        }
    }

    #[test]
    fn eq_1_6_with_one_step_matches_automatic_differentiation() {
        let (w, steps) = small();
        for unit in UNITS {
            let (hand, tape) = (
                by_hand(unit, &w, &steps, 1),
                by_tape(unit, &w, &steps, true),
            );
            all_close("truncated", &flat(&hand), &tape, 1e-10);
        }
    }

    /// One pass from the last step to the first gives what a way back from every step gives.
    #[test]
    fn eq_1_7_is_the_sum_of_all_ways_back() {
        for unit in UNITS {
            sum_of_all_ways_back(unit);
        }
    }

    fn sum_of_all_ways_back(unit: Unit) {
        let (w, steps) = small();
        let moments = moments(unit, &w, &steps);
        let mut gradient = Small::zero();
        let mut later = [0.0; H];
        for (t, moment) in moments.iter().enumerate().rev() {
            let (y, d) = (w.output(&moment.hidden), steps[t].1);
            let out: [f64; O] = std::array::from_fn(|k| (y[k] - d[k]) * y[k] * (1.0 - y[k]));
            for j in 0..H {
                let own: f64 = (0..O).map(|k| out[k] * w.w_o[j][k]).sum();
                later[j] = (later[j] + own) * unit.slope(moment.hidden[j]);
                gradient.bias[j] += later[j];
                for i in 0..I {
                    gradient.w_x[i][j] += moment.input[i] * later[j];
                }
                for i in 0..H {
                    gradient.w_h[i][j] += moment.context[i] * later[j];
                }
                for k in 0..O {
                    gradient.w_o[j][k] += moment.hidden[j] * out[k];
                }
            }
            for k in 0..O {
                gradient.b_o[k] += out[k];
            }
            later = std::array::from_fn(|i| (0..H).map(|j| later[j] * w.w_h[i][j]).sum());
        }
        let every = by_hand(unit, &w, &steps, T);
        all_close("one pass", &flat(&gradient), &flat(&every), 1e-12);
        all_close(
            "tape",
            &by_tape(unit, &w, &steps, false),
            &flat(&every),
            1e-10,
        );
        let slopes = slopes(&w, |moved| error(unit, moved, &steps));
        all_close("differences", &flat(&every), &slopes, 1e-8);
    }

    #[test]
    fn elman1990_truncated_and_full_gradients_differ_where_a_step_lies_between() {
        let (w, steps) = small();
        let first = steps[..1].to_vec();
        for unit in UNITS {
            let back = |steps, window| by_hand(unit, &w, steps, window);
            assert_ne!(back(&steps, 1), back(&steps, 2));
            assert_eq!(back(&first, 1), back(&first, 2));
        }
    }

    #[test]
    fn elman1990_nothing_from_the_future() {
        for unit in UNITS {
            nothing_from_the_future(&trained(unit, 1));
        }
    }

    fn nothing_from_the_future(network: &dyn Reader) {
        let mut rows: Vec<f32> = (0..20).map(|t| f32::from(u8::from(t % 3 == 0))).collect();
        let before = network.answer(&rows);
        rows[10] = 1.0 - rows[10];
        let after = network.answer(&rows);
        assert_eq!(before[..10], after[..10]);
        assert_ne!(before[10..], after[10..]);
    }

    fn trained(unit: Unit, window: usize) -> Online<1, 2, 1> {
        let weights = Weights::uniform(&mut generator(3, Purpose::Initialization), 1.0);
        Online::new(unit, weights, window, 0.0)
    }

    #[test]
    fn elman1990_every_parameter_gets_a_gradient() {
        let (w, steps) = small();
        for unit in UNITS {
            for window in [1, T] {
                let gradient = by_hand(unit, &w, &steps, window);
                assert!(flat(&gradient).iter().all(|g| *g != 0.0));
            }
        }
    }

    #[test]
    fn elman1990_hidden_units_have_no_order() {
        let (w, steps) = small();
        let mut swapped = w.clone();
        for row in &mut swapped.w_x {
            row.swap(0, 2);
        }
        for row in &mut swapped.w_h {
            row.swap(0, 2);
        }
        swapped.w_h.swap(0, 2);
        swapped.bias.swap(0, 2);
        swapped.w_o.swap(0, 2);
        for unit in UNITS {
            let [a, b] = [&swapped, &w].map(|weights| error(unit, weights, &steps));
            close("E", a, b, 1e-12);
        }
        assert_ne!(swapped, w);
    }

    /// A network with its recurrent weights cut answers the same whatever came before.
    #[test]
    fn elman1990_without_recurrent_weights_there_is_no_memory() {
        let mut weights: Weights<1, 2, 1, f32> =
            Weights::uniform(&mut generator(3, Purpose::Initialization), 1.0);
        weights.w_h = [[0.0; 2]; 2];
        for unit in UNITS {
            let network = Online::new(unit, weights.clone(), 1, 0.0);
            let answers = network.answer(&[0.0, 1.0, 1.0, 1.0, 0.0, 1.0]);
            assert_eq!(answers[1], answers[2]);
            assert_eq!(answers[0], answers[4]);
            let kept = trained(unit, 1).answer(&[0.0, 1.0, 1.0, 1.0, 0.0, 1.0]);
            assert_ne!(kept[1], kept[2]);
        }
    }

    #[test]
    fn elman1990_weight_counts_follow_from_the_sizes() {
        let count = |i: usize, h: usize, o: usize| (i + h + 1) * h + (h + 1) * o;
        let sizes = [
            ("xor", count(1, 2, 1)),
            ("xor-causes", count(1, 2, 1)),
            ("letters", count(6, 20, 6)),
            ("words", count(5, 20, 5)),
            ("classes", count(31, 150, 31)),
        ];
        for experiment in experiments::all() {
            let expected = sizes
                .iter()
                .find(|(id, _)| *id == experiment.id())
                .unwrap()
                .1;
            for arm in experiment.arms(Scale::Paper) {
                if (experiment.id(), &*arm.id) == ("xor-causes", "units") {
                    assert_eq!(experiments::parameters(&arm), count(1, 4, 1));
                    continue;
                }
                let counted = match experiment.id() {
                    "classes" => classes::parameters(&arm),
                    _ => experiments::parameters(&arm),
                };
                assert_eq!(counted, expected, "{}/{}", experiment.id(), arm.id);
            }
        }
    }
}
