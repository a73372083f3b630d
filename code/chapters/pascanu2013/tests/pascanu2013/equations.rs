// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's equations: each holds for the code that bears its number.

mod pascanu2013 {
    use dfdx::prelude::*;
    use kernels::Instructions;
    use lab::experiment::Trial;
    use lab::matrix::{spectral_norm, Matrix};
    use pascanu2013::bound::{bound, jacobians, power, run, scaled};
    use pascanu2013::network::*;
    use pascanu2013::reference::Plain;
    use pascanu2013::training::{Config, Initial, Method, TemporalOrder};
    use pascanu2013::unit;
    use rand::Rng;
    use rand_chacha::ChaCha8Rng;
    use tasks::seeds::{generator, Purpose};
    use tasks::temporal_order::Scaled;
    use training::Trainer;

    const I: usize = 3;
    const H: usize = 5;
    const O: usize = 4;
    const B: usize = 3;
    const T: usize = 7;

    type Small = Network<f64>;

    const SIZES: Sizes = Sizes {
        inputs: I,
        units: H,
        outputs: O,
    };

    /// A network of odd sizes with weights from U[−range, range].
    fn network(seed: u64, activation: Activation, range: f64) -> Small {
        let mut rng = generator(seed, Purpose::Initialization);
        let mut weights = Weights::zeros(SIZES);
        for values in weights.all_mut() {
            values
                .iter_mut()
                .for_each(|w| *w = rng.gen_range(-range..=range));
        }
        Network::new(weights, activation, Instructions::Portable)
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

        /// With a class for each step.
        fn each_step(seed: u64) -> Self {
            let mut data = Data::new(seed);
            let mut rng: ChaCha8Rng = generator(seed, Purpose::Noise);
            data.classes = (0..T * B).map(|_| rng.gen_range(0..O as u8)).collect();
            data
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

    fn flat(weights: &Weights<f64>) -> Vec<f64> {
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
        let goals = [Data::new(2), Data::each_step(2)];
        for (activation, data) in BOTH
            .into_iter()
            .flat_map(|a| goals.iter().map(move |d| (a, d)))
        {
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

    /// The same network in dfdx, with the loss of a batch, its gradients, and h_1 … h_T.
    struct InDfdx {
        plain: Plain<I, H, O, f64, Cpu>,
        hidden: Vec<Vec<f64>>,
        loss: f64,
        gradients: Vec<f64>,
    }

    fn in_dfdx(net: &Small, data: &Data) -> InDfdx {
        let device = Cpu::default();
        let w = &net.weights;
        let plain: Plain<I, H, O, f64, Cpu> = Plain {
            w_x: device.tensor_from_vec(w.w_x.clone(), (Const, Const)),
            w_h: device.tensor_from_vec(w.w_h.clone(), (Const, Const)),
            bias: device.tensor_from_vec(w.bias.clone(), (Const,)),
            w_o: device.tensor_from_vec(w.w_o.clone(), (Const, Const)),
            out_bias: device.tensor_from_vec(w.out_bias.clone(), (Const,)),
        };
        let mut h: Tensor<Rank2<B, H>, f64, Cpu, _> =
            device.zeros::<Rank2<B, H>>().put_tape(OwnedTape::default());
        let mut hidden = Vec::new();
        for symbols in data.symbols.chunks_exact(B) {
            let mut x = [[0.0; I]; B];
            for (x, &symbol) in x.iter_mut().zip(symbols) {
                x[usize::from(symbol)] = 1.0;
            }
            h = plain.step(device.tensor(x), h);
            let (values, tape) = h.split_tape();
            hidden.push(values.as_vec());
            h = values.put_tape(tape);
        }
        let mut target = [[0.0; O]; B];
        for (target, &class) in target.iter_mut().zip(&data.classes) {
            target[usize::from(class)] = 1.0;
        }
        let loss = plain.loss(h, device.tensor(target));
        let value = loss.array();
        let all = loss.backward();
        let mut gradients = all.get(&plain.w_x).as_vec();
        gradients.extend(all.get(&plain.w_h).as_vec());
        gradients.extend(all.get(&plain.bias).as_vec());
        gradients.extend(all.get(&plain.w_o).as_vec());
        gradients.extend(all.get(&plain.out_bias).as_vec());
        InDfdx {
            plain,
            hidden,
            loss: value,
            gradients,
        }
    }

    #[test]
    fn eq_2_1_states_match_dfdx() {
        let data = Data::new(3);
        let mut net = network(3, Activation::Tanh, 0.9);
        net.pass(data.batch(), None);
        let theirs = in_dfdx(&net, &data).hidden.concat();
        near(&net.buffers.hidden[B * H..], &theirs, 1e-13);
        assert!(net.buffers.hidden[..B * H].iter().all(|&h| h == 0.0));
        // By hand, the first unit of the first sequence at the first step.
        let symbol = usize::from(data.symbols[0]);
        let sum: f64 = net.weights.w_x[symbol * H] + net.weights.bias[0];
        assert!((net.buffers.hidden[B * H] - sum.tanh()).abs() < 1e-14);
    }

    #[test]
    fn eq_2_2_loss_matches_dfdx_and_a_constant_answer() {
        let data = Data::new(4);
        let mut net = network(4, Activation::Tanh, 0.9);
        let loss = net.pass(data.batch(), None).loss;
        assert!((loss - in_dfdx(&net, &data).loss).abs() < 1e-13);
        // Without weights to the classes, each has a quarter.
        net.weights.w_o.fill(0.0);
        net.weights.out_bias.fill(0.0);
        assert!((net.answer(data.batch()) - 4f64.ln()).abs() < 1e-14);
        assert!(net.buffers.output.iter().all(|p| (p - 0.25).abs() < 1e-15));
    }

    #[test]
    fn eq_2_3_errors_at_the_end_sum_to_nothing_over_the_classes() {
        let data = Data::new(5);
        let mut net = network(5, Activation::Tanh, 0.9);
        net.pass(data.batch(), None);
        // The rows p − d have the sum zero, so b_o's gradient has.
        assert!(net.gradient.out_bias.iter().sum::<f64>().abs() < 1e-15);
        // h̄_T = (p − d) W_oᵀ / B, by hand for the last sequence.
        let (b, class) = (B - 1, usize::from(data.classes[B - 1]));
        for i in 0..H {
            let by_hand: f64 = (0..O)
                .map(|o| {
                    let target = if o == class { 1.0 } else { 0.0 };
                    (net.buffers.output[b * O + o] - target) * net.weights.w_o[i * O + o]
                        / B as f64
                })
                .sum();
            let found = net.buffers.errors[(T * B + b) * H + i];
            assert!((found - by_hand).abs() < 1e-15);
        }
    }

    #[test]
    fn eq_2_4_gradient_matches_automatic_differentiation() {
        let data = Data::new(6);
        let mut net = network(6, Activation::Tanh, 0.9);
        net.pass(data.batch(), None);
        near(&flat(&net.gradient), &in_dfdx(&net, &data).gradients, 1e-12);
    }

    /// The numbers of the page's example by hand, which are rounded to three decimals.
    #[track_caller]
    fn as_printed(found: &[f64], printed: &[f64]) {
        assert_eq!(found.len(), printed.len());
        for (found, printed) in found.iter().zip(printed) {
            assert!(
                (found - printed).abs() < 5.1e-4,
                "{found:.4}, printed {printed}"
            );
        }
    }

    /// The symbols A, B, c and two units: A, c, c, and the class is that of the A.
    fn example() -> (Small, Regularizer) {
        let sizes = Sizes {
            inputs: 3,
            units: 2,
            outputs: 2,
        };
        let mut weights = Weights::zeros(sizes);
        weights.w_x = vec![0.69, 0.0, -0.69, 0.0, 0.0, 0.0];
        weights.w_h = vec![0.5, 1.0, 0.0, 0.5];
        weights.w_o = vec![0.0, 0.0, 1.0, -1.0];
        let regularizer = Regularizer {
            omega: Omega::Program,
            alpha: 1.0,
        };
        let net = Network::new(weights, Activation::Tanh, Instructions::Portable);
        (net, regularizer)
    }

    const EXAMPLE: Batch = Batch {
        sequences: 1,
        symbols: &[0, 2, 2],
        classes: &[0],
    };

    #[test]
    fn eq_2_4_the_example_by_hand_is_what_the_code_computes() {
        let (mut net, _) = example();
        let pass = net.pass(EXAMPLE, None);
        let s = &net.buffers;
        as_printed(&s.hidden[2..], &[0.598, 0.0, 0.290, 0.536, 0.144, 0.507]);
        as_printed(&s.output, &[0.734, 0.266]);
        as_printed(&[pass.loss], &[0.310]);
        // h̄_1, h̄_2, h̄_3, then δ_1, δ_2, δ_3.
        as_printed(
            &s.errors[2..],
            &[-0.322, -0.071, -0.396, -0.198, 0.0, -0.533],
        );
        as_printed(&s.deltas, &[-0.207, -0.071, -0.363, -0.141, 0.0, -0.396]);
        as_printed(&net.gradient.w_h, &[-0.217, -0.199, 0.0, -0.212]);
        as_printed(
            &net.gradient.w_x,
            &[-0.207, -0.071, 0.0, 0.0, -0.363, -0.537],
        );
        as_printed(&net.gradient.bias, &[-0.570, -0.608]);
        as_printed(&net.gradient.w_o, &[-0.038, 0.038, -0.135, 0.135]);
        as_printed(&net.gradient.out_bias, &[-0.266, 0.266]);
        as_printed(&[net.gradient.norm()], &[1.214]);
    }

    #[test]
    fn eq_2_5_the_example_by_hand_has_this_product_and_this_bound() {
        let w_h: Matrix<2, 2> = [[0.5, 1.0], [0.0, 0.5]];
        let (mut net, _) = example();
        net.pass(EXAMPLE, None);
        let states = net.buffers.hidden[2..].chunks_exact(2);
        let slopes: Vec<[f64; 2]> = states
            .map(|h| [1.0 - h[0] * h[0], 1.0 - h[1] * h[1]])
            .collect();
        as_printed(
            slopes.as_flattened(),
            &[0.642, 1.0, 0.916, 0.713, 0.979, 0.743],
        );
        let all = jacobians(&w_h, &slopes);
        as_printed(all[1].as_flattened(), &[0.490, 0.743, 0.0, 0.372]);
        as_printed(all[2].as_flattened(), &[0.224, 0.605, 0.0, 0.133]);
        as_printed(&[spectral_norm(&w_h)], &[1.207]);
        as_printed(
            &[spectral_norm(&all[2]), bound(&w_h, 1.0, 2)],
            &[0.657, 1.457],
        );
    }

    #[test]
    fn eq_2_13_the_example_by_hand_has_these_ratios() {
        let (mut net, regularizer) = example();
        net.pass(EXAMPLE, None);
        let plain = net.gradient.w_h.clone();
        let pass = net.pass(EXAMPLE, Some(regularizer));
        let s = &net.buffers;
        let square = |row: &[f64]| row[0] * row[0] + row[1] * row[1];
        let errors = s.errors[2..].chunks_exact(2);
        let ratios = s.flows.chunks_exact(2).zip(errors);
        let ratios: Vec<f64> = ratios
            .map(|(flow, error)| square(flow) / square(error))
            .collect();
        as_printed(&ratios, &[0.290, 0.556, 0.691]);
        as_printed(&[pass.omega], &[0.266]);
        let own: Vec<f64> = net
            .gradient
            .w_h
            .iter()
            .zip(&plain)
            .map(|(a, b)| a - b)
            .collect();
        as_printed(&own, &[-0.667, -0.472, -0.141, -0.166]);
    }

    #[test]
    fn what_flows_back_is_the_product_and_zero_where_it_is_too_small_to_count() {
        let mut net = network(3, Activation::Logistic, 0.05);
        let mut rng = generator(3, Purpose::Training);
        let symbols: Vec<u8> = (0..40 * B).map(|_| rng.gen_range(0..I as u8)).collect();
        let batch = Batch {
            sequences: B,
            symbols: &symbols,
            classes: &[0, 1, 2],
        };
        net.pass(batch, None);
        let (mut kept, mut dropped) = (0, 0);
        let rows = net.buffers.deltas.chunks_exact(H);
        for (delta, flow) in rows.zip(net.buffers.flows.chunks_exact(H)) {
            for (weights, &flow) in net.weights.w_h.chunks_exact(H).zip(flow) {
                let product: f64 = delta.iter().zip(weights).map(|(d, w)| d * w).sum();
                if product.abs() >= FLOWS_FROM {
                    near(&[flow / product], &[1.0], 1e-9);
                    kept += 1;
                } else {
                    assert_eq!(flow, 0.0, "{product}");
                    dropped += usize::from(product != 0.0);
                }
            }
        }
        assert!(kept > 100 && dropped > 0, "{kept} kept, {dropped} dropped");
    }

    #[test]
    fn eq_2_5_product_of_factors_is_the_derivative_over_the_lag() {
        let mut rng = generator(1, Purpose::Initialization);
        let w_h: Matrix<6, 6> = scaled(&mut rng, 1.3);
        // φ' from the net inputs of a run; its h by central differences of the start of the last steps.
        for activation in BOTH {
            let steps = 8;
            let slopes = run(
                activation,
                &w_h,
                0.4,
                steps,
                &mut generator(2, Purpose::Training),
            );
            let all = jacobians(&w_h, &slopes);
            assert_eq!(all.len(), steps + 1);
            let nets = nets(
                activation,
                &w_h,
                0.4,
                steps,
                &mut generator(2, Purpose::Training),
            );
            for q in [1, 3, 7] {
                for i in 0..6 {
                    let at = |by: f64| {
                        let first = steps - q;
                        let mut h = value(activation, nets.0[first - 1]);
                        h[i] += by;
                        for drive in &nets.1[first..] {
                            let mut net = *drive;
                            for (&h, row) in h.iter().zip(&w_h) {
                                for (net, &w) in net.iter_mut().zip(row) {
                                    *net += h * w;
                                }
                            }
                            h = value(activation, net);
                        }
                        h
                    };
                    let (up, down) = (at(1e-6), at(-1e-6));
                    for j in 0..6 {
                        let slow = (up[j] - down[j]) / 2e-6;
                        assert!(
                            (slow - all[q][i][j]).abs() < 1e-8,
                            "{activation:?} {q} {i} {j}"
                        );
                    }
                }
            }
        }
    }

    fn value(activation: Activation, net: [f64; 6]) -> [f64; 6] {
        match activation {
            Activation::Tanh => net.map(f64::tanh),
            Activation::Logistic => net.map(|x| 1.0 / (1.0 + (-x).exp())),
        }
    }

    /// Net inputs of the steps of `run`, and what drove each.
    fn nets(
        activation: Activation,
        w_h: &Matrix<6, 6>,
        drive: f64,
        steps: usize,
        rng: &mut ChaCha8Rng,
    ) -> (Vec<[f64; 6]>, Vec<[f64; 6]>) {
        let mut normal = tasks::random::Normal::default();
        let (mut all, mut drives) = (Vec::new(), Vec::new());
        let mut h = [0.0; 6];
        for _ in 0..steps {
            let driven: [f64; 6] = std::array::from_fn(|_| drive * normal.draw(rng));
            let mut net = driven;
            for (&h, row) in h.iter().zip(w_h) {
                for (net, &w) in net.iter_mut().zip(row) {
                    *net += h * w;
                }
            }
            h = value(activation, net);
            all.push(net);
            drives.push(driven);
        }
        (all, drives)
    }

    #[test]
    fn eq_2_6_bound_is_never_violated() {
        for activation in BOTH {
            let gamma = activation.gamma();
            for seed in 0..200 {
                let factor = 0.5 + seed as f64 / 40.0;
                let mut rng = generator(seed, Purpose::Initialization);
                let w_h: Matrix<8, 8> = scaled(&mut rng, factor / gamma);
                let inputs = &mut generator(seed, Purpose::Training);
                let slopes = run(activation, &w_h, 0.2, 30, inputs);
                let mut last = f64::INFINITY;
                for (q, jacobian) in jacobians(&w_h, &slopes).iter().enumerate() {
                    let norm = spectral_norm(jacobian);
                    let bound = bound(&w_h, gamma, q);
                    assert!(
                        norm <= bound * (1.0 + 1e-12),
                        "{activation:?} {seed} {q}: {norm} {bound}"
                    );
                    if factor < 1.0 {
                        assert!(norm < last, "below the threshold it shrinks at every step");
                        last = norm;
                    }
                }
            }
        }
    }

    #[test]
    fn eq_2_6_bound_is_reached_by_a_rotation_at_rest() {
        // σ_max times an orthogonal matrix, units at zero where the slope is γ = 1: nothing is lost
        // between the two sides.
        let (sine, cosine) = 0.3f64.sin_cos();
        let w_h: Matrix<2, 2> = [[0.9 * cosine, -0.9 * sine], [0.9 * sine, 0.9 * cosine]];
        let norm = spectral_norm(&jacobians(&w_h, &[[1.0; 2]; 20])[20]);
        assert!((norm / bound(&w_h, 1.0, 20) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn eq_2_7_the_spectral_radius_decides_in_the_end_and_the_singular_value_at_first() {
        // Radius ½, largest singular value above 4: first it grows, then it vanishes.
        let w_h: Matrix<2, 2> = [[0.5, 4.0], [0.0, 0.5]];
        let norm = |q: usize| spectral_norm(&power(&w_h, q));
        assert!(spectral_norm(&w_h) > 4.0 && norm(1) > 4.0);
        assert!(norm(2) > 3.0 && norm(60) < 1e-12);
        assert!(((norm(400) / norm(399)) - 0.5).abs() < 2e-3);
        for seed in 0..20 {
            let w_h: Matrix<6, 6> = scaled(&mut generator(seed, Purpose::Initialization), 1.2);
            let radius = tape::train::initialize::spectral_radius(w_h.as_flattened(), 6);
            let rate = spectral_norm(&power(&w_h, 600)).powf(1.0 / 600.0);
            assert!(
                (rate - radius).abs() < 0.01 * radius,
                "{seed}: {rate} {radius}"
            );
        }
    }

    #[test]
    fn eq_2_8_error_at_the_places_that_were_computed_before() {
        let known = [
            (-2.7, 0.3605),
            (-2.65, 0.3502),
            (-2.60, 0.0121),
            (-2.5, 0.0241),
            (-2.4, 0.0330),
            (-2.0, 0.0556),
        ];
        for (b, expected) in known {
            assert!((unit::error(5.0, b) - expected).abs() < 6e-5, "{b}");
        }
    }

    #[test]
    fn eq_2_9_gradient_matches_central_differences_and_the_wall() {
        for (w, b) in [(4.7, -2.3), (5.3, -2.8), (5.0, -2.0), (5.0, -2.65)] {
            let (by_w, by_b) = unit::gradient(w, b);
            let slow_w = (unit::error(w + 1e-6, b) - unit::error(w - 1e-6, b)) / 2e-6;
            let slow_b = (unit::error(w, b + 1e-6) - unit::error(w, b - 1e-6)) / 2e-6;
            assert!(
                (by_w - slow_w).abs() < 1e-6 * by_w.abs().max(1.0),
                "{w} {b}: {by_w} {slow_w}"
            );
            assert!(
                (by_b - slow_b).abs() < 1e-6 * by_b.abs().max(1.0),
                "{w} {b}: {by_b} {slow_b}"
            );
        }
        // ∂x_50/∂x_0 by differences of a run from another start.
        let end = |x0: f64, w: f64, b: f64| {
            (0..unit::STEPS).fold(x0, |x, _| w / (1.0 + (-x).exp()) + b)
        };
        for (w, b) in [(4.7, -2.3), (5.0, -2.612), (5.0, -2.6123414)] {
            let by_start = unit::by_start(w, b);
            let slow = (end(unit::START + 1e-7, w, b) - end(unit::START - 1e-7, w, b)) / 2e-7;
            assert!(
                (by_start - slow).abs() < 1e-4 * by_start.abs().max(1.0),
                "{w} {b}: {by_start} {slow}"
            );
        }
        let (place, size) = unit::steepest(5.0, -2.7, -2.5);
        assert!((size / 5751.1 - 1.0).abs() < 0.01, "{size}");
        assert!((place + 2.612_341_4).abs() < 1e-5, "{place}");
        // The wall is so thin that differences over a hundred-thousandth do not see its height.
        let h = 1.5e-5;
        let coarse = (unit::error(5.0, place + h) - unit::error(5.0, place - h)) / (2.0 * h);
        assert!(coarse.abs() < 0.95 * size, "{coarse} {size}");
    }

    #[test]
    fn eq_2_10_saddle_nodes_stand_where_two_fixed_points_meet() {
        let (first, second) = unit::saddle_nodes(5.0).expect("5 is above 4");
        assert!(
            (first + 2.6556).abs() < 1e-4 && (second + 2.3444).abs() < 1e-4,
            "{first} {second}"
        );
        for (b, count) in [
            (first - 1e-4, 1),
            (first + 1e-4, 3),
            (second - 1e-4, 3),
            (second + 1e-4, 1),
        ] {
            let points = unit::fixed_points(5.0, b);
            assert_eq!(points.len(), count, "{b}");
            for x in points {
                let again = 5.0 / (1.0 + (-x).exp()) + b;
                assert!((again - x).abs() < 1e-12, "{x} is no fixed point");
            }
        }
        // The limit: at w = 4 the two meet, and below there is nothing to meet.
        assert_eq!(unit::saddle_nodes(4.0), None);
        assert_eq!(unit::saddle_nodes(3.0), None);
        let (first, second) = unit::saddle_nodes(4.0 + 1e-9).expect("above 4");
        assert!((first + 2.0).abs() < 1e-6 && (second + 2.0).abs() < 1e-6);
        assert_eq!(unit::fixed_points(3.0, -1.5).len(), 1);
    }

    #[test]
    fn eq_2_11_clipping_keeps_the_direction_and_sets_the_length() {
        let data = Data::new(7);
        let start = network(7, Activation::Tanh, 0.9);
        let step = |clip: Option<Clip>, rate: f64| {
            let mut net = start.clone();
            let update = net.learn(data.batch(), None, clip, rate);
            let (before, after) = (flat(&start.weights), flat(&net.weights));
            let step: Vec<f64> = before
                .iter()
                .zip(&after)
                .map(|(a, b)| (a - b) / rate)
                .collect();
            (update.norm, step)
        };
        let (norm, plain) = step(None, 0.1);
        let at = |threshold: f64| step(Some(Clip { threshold }), 0.1).1;
        // Above the norm nothing changes; below, the same direction, as long as the threshold.
        near(&at(norm * 1.01), &plain, 1e-12);
        let short = at(norm / 8.0);
        let length = short.iter().map(|g| g * g).sum::<f64>().sqrt();
        assert!((length - norm / 8.0).abs() < 1e-12);
        near(
            &short,
            &plain.iter().map(|g| g / 8.0).collect::<Vec<_>>(),
            1e-12,
        );
        // No trust: W_h shrinks by a fiftieth of the rate, nothing else moves.
        let mut wild = start.clone();
        wild.weights.w_o.fill(f64::NAN);
        wild.weights.w_h = start.weights.w_h.clone();
        let before = wild.weights.w_h.clone();
        let update = wild.learn(data.batch(), None, Some(Clip { threshold: 1.0 }), 0.1);
        assert!(update.norm.is_nan());
        let expected: Vec<f64> = before.iter().map(|w| w * (1.0 - 0.1 * SHRINK)).collect();
        near(&wild.weights.w_h, &expected, 1e-15);
        assert_eq!(wild.weights.w_x, start.weights.w_x);
    }

    #[test]
    fn eq_2_13_omega_is_zero_where_errors_keep_their_norm() {
        // An orthogonal W_h and units so near zero that φ' is one: every ratio is one.
        let mut net = network(8, Activation::Tanh, 0.5);
        net.weights.w_x.iter_mut().for_each(|w| *w *= 1e-9);
        net.weights.bias.fill(0.0);
        for i in 0..H {
            for j in 0..H {
                net.weights.w_h[i * H + j] = if (i + 1) % H == j { 1.0 } else { 0.0 };
            }
        }
        let data = Data::new(8);
        for omega in [Omega::Program, Omega::Paper] {
            let pass = net.pass(data.batch(), Some(Regularizer { omega, alpha: 1.0 }));
            assert!(pass.omega < 1e-15, "{pass:?}");
            assert_eq!(pass.active, T as f64);
        }
        // Half the weights: each ratio of norms is ½, of squared norms ¼.
        net.weights.w_h.iter_mut().for_each(|w| *w *= 0.5);
        let at = |net: &mut Small, omega| {
            net.pass(data.batch(), Some(Regularizer { omega, alpha: 1.0 }))
                .omega
        };
        assert!((at(&mut net, Omega::Program) - 0.5625).abs() < 1e-12);
        assert!((at(&mut net, Omega::Paper) - 0.25 * T as f64).abs() < 1e-12);
    }

    #[test]
    fn eq_2_14_immediate_gradient_matches_automatic_differentiation() {
        let data = Data::new(9);
        let mut net = network(9, Activation::Tanh, 0.9);
        net.pass(data.batch(), None);
        let plain = net.gradient.w_h.clone();
        let pass = net.pass(
            data.batch(),
            Some(Regularizer {
                omega: Omega::Program,
                alpha: 1.0,
            }),
        );
        let device = Cpu::default();
        let theirs = in_dfdx(&net, &data).plain;
        let (mut sum, mut gradient) = (0.0, vec![0.0; H * H]);
        for t in 0..T {
            let rows = |from: &[f64], t: usize| -> Tensor<Rank2<B, H>, f64, Cpu> {
                device.tensor_from_vec(from[t * B * H..][..B * H].to_vec(), (Const, Const))
            };
            let error = rows(&net.buffers.errors, t + 1);
            let delta = rows(&net.buffers.deltas, t);
            let terms =
                Plain::<I, H, O, f64, Cpu>::omega(theirs.w_h.leaky_trace(), error, delta);
            let value = terms.sum::<Rank0, _>();
            sum += value.array();
            let own = value.backward().get(&theirs.w_h).as_vec();
            gradient.iter_mut().zip(own).for_each(|(to, g)| *to += g);
        }
        let count = (T * B) as f64;
        assert!((pass.omega - sum / count).abs() < 1e-12 * sum);
        let ours: Vec<f64> = net
            .gradient
            .w_h
            .iter()
            .zip(&plain)
            .map(|(a, b)| a - b)
            .collect();
        let theirs: Vec<f64> = gradient.iter().map(|g| g / count).collect();
        near(&ours, &theirs, 1e-12);
    }

    #[test]
    fn eq_2_15_one_product_gives_both_gradients() {
        let data = Data::new(10);
        let mut net = network(10, Activation::Logistic, 1.5);
        net.pass(data.batch(), None);
        let plain = net.gradient.w_h.clone();
        let with = |alpha: f64, net: &mut Small| {
            net.pass(
                data.batch(),
                Some(Regularizer {
                    omega: Omega::Program,
                    alpha,
                }),
            );
            net.gradient.w_h.clone()
        };
        let (none, one, three) = (
            with(0.0, &mut net),
            with(1.0, &mut net),
            with(3.0, &mut net),
        );
        near(&none, &plain, 1e-15);
        // Linear in α.
        let predicted: Vec<f64> = plain
            .iter()
            .zip(&one)
            .map(|(p, o)| p + 3.0 * (o - p))
            .collect();
        near(&three, &predicted, 1e-10);
        assert_ne!(one, plain);
    }

    #[test]
    fn eq_2_16_a_target_at_each_step_sums_the_losses_of_all_beginnings() {
        let data = Data::each_step(16);
        for activation in BOTH {
            let mut net = network(16, activation, 0.9);
            let whole = net.pass(data.batch(), None).loss;
            let beginnings = (1..=T).map(|steps| {
                net.answer(Batch {
                    sequences: B,
                    symbols: &data.symbols[..steps * B],
                    classes: &data.classes[(steps - 1) * B..steps * B],
                })
            });
            let sum: f64 = beginnings.sum();
            assert!((whole - sum).abs() < 1e-12 * sum, "{whole} {sum}");
            assert!((net.answer(data.batch()) - sum).abs() < 1e-12 * sum);
        }
    }

    #[test]
    fn eq_2_17_errors_of_the_answer_and_of_the_next_state_add_up() {
        let data = Data::each_step(17);
        for activation in BOTH {
            let mut net = network(17, activation, 0.9);
            net.pass(data.batch(), None);
            let slow = differences(&net, |net| net.answer(data.batch()));
            near(&flat(&net.gradient), &slow, 1e-8);
            // h̄_t by hand from p_t, for each state but the first.
            let s = net.buffers.clone();
            for t in 1..=T {
                for b in 0..B {
                    let h = &s.hidden[(t * B + b) * H..][..H];
                    let w = &net.weights;
                    let nets: Vec<f64> = (0..O)
                        .map(|o| {
                            w.out_bias[o] + (0..H).map(|i| h[i] * w.w_o[i * O + o]).sum::<f64>()
                        })
                        .collect();
                    let sum: f64 = nets.iter().map(|x| x.exp()).sum();
                    let class = usize::from(data.classes[(t - 1) * B + b]);
                    for i in 0..H {
                        let own: f64 = (0..O)
                            .map(|o| {
                                let target = if o == class { 1.0 } else { 0.0 };
                                (nets[o].exp() / sum - target) * w.w_o[i * O + o] / B as f64
                            })
                            .sum();
                        let later = if t < T {
                            s.flows[(t * B + b) * H + i]
                        } else {
                            0.0
                        };
                        let found = s.errors[(t * B + b) * H + i];
                        assert!((found - own - later).abs() < 1e-13, "{t} {b} {i}");
                    }
                }
            }
        }
    }

    #[test]
    fn eq_2_17_states_are_carried_and_errors_are_not() {
        let data = Data::each_step(18);
        let cut = 4 * B;
        let piece = |from: usize, to: usize| Batch {
            sequences: B,
            symbols: &data.symbols[from..to],
            classes: &data.classes[from..to],
        };
        let mut net = network(18, Activation::Logistic, 0.9);
        let whole = net.answer(data.batch());
        let states = net.buffers.hidden.clone();
        net.pass(piece(0, cut), None);
        net.carried = true;
        let mut first = net.clone();
        let first = first.answer(piece(cut, T * B));
        let second = net.pass(piece(cut, T * B), None).loss;
        assert_eq!(net.buffers.hidden[..], states[cut * H..]);
        assert_eq!(first, second);
        net.carried = false;
        assert!((net.answer(piece(0, cut)) + second - whole).abs() < 1e-12);
        // Held constant, the carried state leaves the gradient of the piece alone.
        let mut held = network(18, Activation::Logistic, 0.9);
        held.carried = true;
        held.buffers.hidden = states[..(cut + B) * H].to_vec();
        held.pass(piece(cut, T * B), None);
        let begun = held.clone();
        let slow = differences(&begun, |net| {
            net.buffers.hidden = states[..(cut + B) * H].to_vec();
            net.answer(piece(cut, T * B))
        });
        near(&flat(&held.gradient), &slow, 1e-8);
    }

    #[test]
    fn a_network_without_biases_keeps_them_as_they_are() {
        let data = Data::each_step(19);
        let mut net = network(19, Activation::Logistic, 0.9);
        net.biased = false;
        let before = net.weights.clone();
        let update = net.learn(data.batch(), None, None, 0.1);
        assert_eq!(net.weights.bias, before.bias);
        assert_eq!(net.weights.out_bias, before.out_bias);
        assert_ne!(net.weights.w_x, before.w_x);
        let others = [&net.gradient.w_x, &net.gradient.w_h, &net.gradient.w_o];
        let square: f64 = others.into_iter().flatten().map(|g| g * g).sum();
        assert!((update.norm - square.sqrt()).abs() < 1e-12);
    }

    /// The learning rates of the recorded runs are those that the recorded grid chose.
    #[test]
    fn pascanu2013_learning_rates_are_the_ones_that_validation_chose() {
        use pascanu2013::characters::{CHOSEN, RATES, SETTINGS};
        let records = lab::store::load_records(&testing::root(), "pascanu2013").unwrap();
        let record = &records["character-rates"];
        for (setting, chosen) in SETTINGS.iter().zip(CHOSEN) {
            let bits = RATES.map(|(name, _)| {
                let arm = record.arm(&format!("{}-{name}", setting.id)).unwrap();
                let bits = arm.trials[0].measures.get("valid-bits").copied();
                bits.unwrap_or(f64::INFINITY)
            });
            let best = (0..RATES.len()).min_by(|&a, &b| bits[a].total_cmp(&bits[b]));
            assert_eq!(best, Some(chosen), "{}: {bits:?}", setting.id);
            // A best rate at an edge of the grid would say that the grid is too short.
            assert!(chosen > 0 && chosen + 1 < RATES.len(), "{}", setting.id);
        }
    }

    // ---- what types cannot see ----

    #[test]
    fn no_state_knows_the_future() {
        let data = Data::new(11);
        let mut other = Data::new(11);
        for symbol in &mut other.symbols[4 * B..] {
            *symbol = (*symbol + 1) % I as u8;
        }
        let mut net = network(11, Activation::Tanh, 0.9);
        net.pass(data.batch(), None);
        let before = net.buffers.hidden.clone();
        net.pass(other.batch(), None);
        let same = 5 * B * H;
        assert_eq!(before[..same], net.buffers.hidden[..same]);
        assert!(before[same..]
            .iter()
            .zip(&net.buffers.hidden[same..])
            .all(|(a, b)| a != b));
    }

    #[test]
    fn sequences_of_a_batch_do_not_see_each_other() {
        let data = Data::new(12);
        for b in 0..B {
            let mut together = network(12, Activation::Logistic, 0.9);
            let mut alone = together.clone();
            together.answer(data.batch());
            let symbols: Vec<u8> = data.symbols.iter().skip(b).step_by(B).copied().collect();
            alone.answer(Batch {
                sequences: 1,
                symbols: &symbols,
                classes: &data.classes[b..=b],
            });
            assert_eq!(
                together.buffers.output[b * O..][..O],
                alone.buffers.output[..]
            );
        }
    }

    #[test]
    fn every_weight_of_the_network_gets_a_gradient() {
        for activation in BOTH {
            let data = Data::new(13);
            let mut net = network(13, activation, 0.9);
            net.pass(data.batch(), None);
            assert!(flat(&net.gradient).iter().all(|&g| g != 0.0));
        }
    }

    #[test]
    fn the_units_have_no_order() {
        let data = Data::new(14);
        let regularizer = Some(Regularizer {
            omega: Omega::Program,
            alpha: 2.0,
        });
        let mut net = network(14, Activation::Tanh, 0.9);
        let mut moved = net.clone();
        let to = |n: usize| (n + 2) % H;
        for n in 0..H {
            for i in 0..I {
                moved.weights.w_x[i * H + to(n)] = net.weights.w_x[i * H + n];
            }
            for m in 0..H {
                moved.weights.w_h[to(m) * H + to(n)] = net.weights.w_h[m * H + n];
            }
            moved.weights.bias[to(n)] = net.weights.bias[n];
            for o in 0..O {
                moved.weights.w_o[to(n) * O + o] = net.weights.w_o[n * O + o];
            }
        }
        let (a, b) = (
            net.pass(data.batch(), regularizer),
            moved.pass(data.batch(), regularizer),
        );
        assert!((a.loss - b.loss).abs() < 1e-14 && (a.omega - b.omega).abs() < 1e-12 * a.omega);
        for m in 0..H {
            for n in 0..H {
                let (a, b) = (
                    net.gradient.w_h[m * H + n],
                    moved.gradient.w_h[to(m) * H + to(n)],
                );
                assert!((a - b).abs() < 1e-12 * a.abs().max(1.0));
            }
        }
    }

    #[test]
    fn transposed_recurrent_weights_are_another_network() {
        // W_h is square, so no type tells it from its transpose; the loss does.
        let data = Data::new(15);
        let mut net = network(15, Activation::Tanh, 0.9);
        let loss = net.answer(data.batch());
        let w_h = net.weights.w_h.clone();
        for i in 0..H {
            for j in 0..H {
                net.weights.w_h[i * H + j] = w_h[j * H + i];
            }
        }
        assert!((net.answer(data.batch()) - loss).abs() > 1e-3);
    }

    /// A run to the criterion at T = 20, with clipping and Ω: a second.
    fn trained() -> Trainer<TemporalOrder> {
        let mut config = Config::paper(Initial::Smart, 20, Method::Regularized);
        config.cap = 5_000;
        let mut training = config.trial(1);
        while !training.advance() {}
        training
    }

    #[test]
    fn what_was_learnt_rests_on_the_two_symbols() {
        let mut training = trained();
        assert!(training.finish().solved);
        let mut rng = generator(9, Purpose::Test);
        let (mut symbols, mut classes) = (Vec::new(), Vec::new());
        Scaled { length: 20 }.draw_batch(&mut rng, 2_000, &mut symbols, &mut classes);
        let wrong = |symbols: &[u8], training: &mut Trainer<TemporalOrder>| {
            training.learner().network.wrong(Batch {
                sequences: 2_000,
                symbols,
                classes: &classes,
            })
        };
        assert!(wrong(&symbols, &mut training) < 20);
        // A and B hidden behind distractors, the same one for both: three of four are wrong.
        let mut hidden = symbols.clone();
        for (n, symbol) in hidden.iter_mut().enumerate() {
            if *symbol < 2 {
                *symbol = 2 + (n % 4) as u8;
            }
        }
        let blind = wrong(&hidden, &mut training);
        assert!((1_400..1_600).contains(&blind), "{blind} of 2,000");
        // The first alone hidden: at best the second is known, and half are right.
        let mut half = symbols.clone();
        half[..5 * 2_000]
            .iter_mut()
            .for_each(|symbol| *symbol = (*symbol).max(2));
        let blind = wrong(&half, &mut training);
        assert!(blind > 850, "{blind} of 2,000");
    }

    #[test]
    fn the_end_of_a_sequence_does_not_tell_its_class() {
        let mut rng = generator(10, Purpose::Test);
        let (mut symbols, mut classes) = (Vec::new(), Vec::new());
        let count = 40_000;
        Scaled { length: 20 }.draw_batch(&mut rng, count, &mut symbols, &mut classes);
        // From the last place of the second symbol on there are only distractors: no counts of the
        // last symbol by class lie far from a sixteenth.
        let mut counts = [[0i32; 4]; 4];
        for (b, &class) in classes.iter().enumerate() {
            let last = symbols[19 * count + b];
            assert!(last >= 2);
            counts[usize::from(class)][usize::from(last - 2)] += 1;
        }
        // 2,500 are expected, with a standard deviation of 48.
        assert!(
            counts.iter().flatten().all(|n| (n - 2_500).abs() < 240),
            "{counts:?}"
        );
    }
}
