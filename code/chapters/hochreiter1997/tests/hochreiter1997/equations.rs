// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every numbered equation of chapter 3, proven on small networks in f64: against the formula
//! written out, against automatic differentiation, against central differences.

// The formulas are written with their indices, as on paper.
#![allow(clippy::needless_range_loop)]

mod hochreiter1997 {
    use dfdx::prelude::*;
    use hochreiter1997::flow;
    use hochreiter1997::{experiments, reference};
    use kernels::cell1997::{self, Biases, Design, Gradient, Squash, Trace};
    use kernels::readout::{self, Targets};
    use kernels::{tanh_rnn, Extremes, Inputs};
    use lab::experiment::Scale;
    use rand::Rng;
    use rand_chacha::rand_core::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use std::rc::Rc;
    use tape::dims::Cells;
    use tape::Sequences;

    const I: usize = 3;
    const K: usize = 2;
    const C: usize = 4;
    const U: usize = 8;
    const O: usize = 2;
    const T: usize = 7;

    fn random(seed: u64, count: usize, range: f64) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..count).map(|_| rng.gen_range(-range..range)).collect()
    }

    fn close(what: &str, ours: f64, theirs: f64, tolerance: f64) {
        let scale = theirs.abs().max(1.0);
        assert!(
            (ours - theirs).abs() <= tolerance * scale,
            "{what}: {ours} and {theirs}"
        );
    }

    fn logistic(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    fn g(x: f64) -> f64 {
        4.0 * logistic(x) - 2.0
    }

    fn h(x: f64) -> f64 {
        2.0 * logistic(x) - 1.0
    }

    /// The slope of `f` in entry `n` of `at`.
    fn slope(at: &[f64], n: usize, f: impl Fn(&[f64]) -> f64) -> f64 {
        let step = 1e-5;
        let mut moved = at.to_vec();
        moved[n] += step;
        let above = f(&moved);
        moved[n] -= 2.0 * step;
        (above - f(&moved)) / (2.0 * step)
    }

    fn design(gradient: Gradient) -> Design {
        Design {
            squash_input: Squash::Wide,
            squash_state: Squash::Centered,
            biases: Biases::All,
            recurrent: true,
            gradient,
        }
    }

    /// A small network: [W_x, W_u, b] of the cells, inputs, and the error's entry Σ r ⊙ y.
    struct Small {
        weights: Vec<f64>,
        inputs: Vec<f64>,
        entry: Vec<f64>,
    }

    impl Small {
        fn new() -> Small {
            Small {
                weights: random(1, I * U + U * U + U, 0.8),
                inputs: random(2, T * I, 1.0),
                entry: random(3, T * C, 1.0),
            }
        }

        fn trace(&self, design: &Design) -> Trace<f64> {
            let mut trace = Trace::default();
            cell1997::forward::<f64, K, C, U>(
                design,
                groups(&self.weights),
                I,
                Inputs::Dense(&self.inputs),
                &mut trace,
            );
            trace
        }

        /// The kernel's gradients of L = Σ_t entry_t · y_t, as one vector like `weights`.
        fn kernel_gradient(&self, gradient: Gradient) -> Vec<f64> {
            let design = design(gradient);
            let trace = self.trace(&design);
            let mut all = vec![0.0; self.weights.len()];
            let (d_x, rest) = all.split_at_mut(I * U);
            let (d_u, d_b) = rest.split_at_mut(U * U);
            cell1997::backward::<f64, K, C, U>(
                &design,
                groups(&self.weights),
                I,
                Inputs::Dense(&self.inputs),
                &trace,
                &self.entry,
                cell1997::Weights {
                    input: d_x,
                    recurrent: d_u,
                    bias: d_b,
                },
            );
            all
        }

        /// L by hand, (3.6) to (3.8) written out. Where `frozen` is given, u_{t−1} is taken from
        /// there: that is what the truncated gradient differentiates.
        fn loss(&self, weights: &[f64], frozen: Option<&[f64]>) -> f64 {
            let by_hand = self.by_hand(weights, frozen, None);
            by_hand.iter().zip(&self.entry).map(|(y, r)| y * r).sum()
        }

        /// The cells' outputs of all steps by hand; `nudge` adds to one net input (step, unit, by).
        fn by_hand(
            &self,
            weights: &[f64],
            frozen: Option<&[f64]>,
            nudge: Option<(usize, usize, f64)>,
        ) -> Vec<f64> {
            let (w_x, w_u, b) = split(weights);
            let (mut s, mut u) = ([0.0; C], [0.0; U]);
            let mut outputs = Vec::new();
            for t in 0..T {
                if let (Some(frozen), true) = (frozen, t > 0) {
                    u.copy_from_slice(&frozen[(t - 1) * U..t * U]);
                }
                let mut net = [0.0; U];
                for n in 0..U {
                    net[n] = b[n];
                    for i in 0..I {
                        net[n] += self.inputs[t * I + i] * w_x[i * U + n];
                    }
                    for j in 0..U {
                        net[n] += u[j] * w_u[j * U + n];
                    }
                    if let Some((step, unit, by)) = nudge {
                        net[n] += if (step, unit) == (t, n) { by } else { 0.0 };
                    }
                }
                for c in 0..C {
                    let k = c / 2;
                    s[c] += logistic(net[C + k]) * g(net[c]);
                    u[c] = logistic(net[C + K + k]) * h(s[c]);
                }
                for k in 0..2 * K {
                    u[C + k] = logistic(net[C + k]);
                }
                outputs.extend_from_slice(&u[..C]);
            }
            outputs
        }
    }

    fn split(weights: &[f64]) -> (&[f64], &[f64], &[f64]) {
        let (w_x, rest) = weights.split_at(I * U);
        let (w_u, b) = rest.split_at(U * U);
        (w_x, w_u, b)
    }

    fn groups(weights: &[f64]) -> cell1997::Weights<&[f64]> {
        let (input, recurrent, bias) = split(weights);
        cell1997::Weights {
            input,
            recurrent,
            bias,
        }
    }

    /// Which hidden unit the weight of this place leads to.
    fn unit(place: usize) -> usize {
        place % U
    }

    /// The kernel's truncated gradient against central differences with u frozen, for the
    /// weights that lead to some of the units.
    fn truncated_gradient_is_right(units: std::ops::Range<usize>) {
        let small = Small::new();
        let trace = small.trace(&design(Gradient::Truncated));
        let ours = small.kernel_gradient(Gradient::Truncated);
        let mut largest = 0.0f64;
        for (place, &ours) in ours.iter().enumerate() {
            if units.contains(&unit(place)) {
                let numeric = slope(&small.weights, place, |w| {
                    small.loss(w, Some(&trace.hidden))
                });
                close(&format!("weight {place}"), ours, numeric, 1e-8);
                if ours.abs() > largest {
                    largest = ours.abs();
                }
            }
        }
        assert!(largest > 0.01, "nothing to compare");
    }

    const H: usize = 5;

    fn tanh_parts(all: &[f64]) -> cell1997::Weights<&[f64]> {
        let (input, rest) = all.split_at(I * H);
        let (recurrent, bias) = rest.split_at(H * H);
        cell1997::Weights {
            input,
            recurrent,
            bias,
        }
    }

    fn tanh_by_hand(weights: &[f64], inputs: &[f64]) -> Vec<f64> {
        let parts = tanh_parts(weights);
        let mut before = [0.0; H];
        let mut all = Vec::new();
        for x in inputs.chunks_exact(I) {
            let mut now = [0.0; H];
            for n in 0..H {
                let mut net = parts.bias[n];
                net += (0..I).map(|i| x[i] * parts.input[i * H + n]).sum::<f64>();
                net += (0..H)
                    .map(|j| before[j] * parts.recurrent[j * H + n])
                    .sum::<f64>();
                now[n] = net.tanh();
            }
            before = now;
            all.extend_from_slice(&now);
        }
        all
    }

    #[test]
    fn eq_3_1_is_the_formula_step_by_step() {
        let weights = random(4, I * H + H * H + H, 1.0);
        let inputs = random(5, T * I, 1.0);
        let mut hidden = Vec::new();
        tanh_rnn::forward::<f64, H>(
            tanh_parts(&weights),
            I,
            Inputs::Dense(&inputs),
            &mut hidden,
        );
        for (ours, by_hand) in hidden.iter().zip(tanh_by_hand(&weights, &inputs)) {
            close("h", *ours, by_hand, 1e-13);
        }
    }

    #[test]
    fn eq_3_2_matches_central_differences() {
        let weights = random(4, I * H + H * H + H, 1.0);
        let inputs = random(5, T * I, 1.0);
        let entry = random(6, T * H, 1.0);
        let mut hidden = Vec::new();
        tanh_rnn::forward::<f64, H>(
            tanh_parts(&weights),
            I,
            Inputs::Dense(&inputs),
            &mut hidden,
        );
        let mut ours = vec![0.0; weights.len()];
        let (d_x, rest) = ours.split_at_mut(I * H);
        let (d_h, d_b) = rest.split_at_mut(H * H);
        tanh_rnn::backward::<f64, H>(
            tanh_parts(&weights),
            I,
            Inputs::Dense(&inputs),
            &hidden,
            &entry,
            cell1997::Weights {
                input: d_x,
                recurrent: d_h,
                bias: d_b,
            },
        );
        for (place, &ours) in ours.iter().enumerate() {
            let numeric = slope(&weights, place, |w| {
                tanh_by_hand(w, &inputs)
                    .iter()
                    .zip(&entry)
                    .map(|(h, r)| h * r)
                    .sum()
            });
            close(&format!("weight {place}"), ours, numeric, 1e-8);
        }
    }

    fn square<const N: usize>(seed: u64, range: f64) -> flow::Matrix<N, N> {
        let values = random(seed, N * N, range);
        std::array::from_fn(|i| std::array::from_fn(|j| values[i * N + j]))
    }

    /// Hidden states of a network without inputs, its first state drawn at random.
    fn states<const N: usize>(
        w: &flow::Matrix<N, N>,
        seed: u64,
        f: impl Fn(f64) -> f64,
    ) -> Vec<[f64; N]> {
        let start = random(seed, N, 1.0);
        let mut all = vec![std::array::from_fn::<f64, N, _>(|n| f(start[n]))];
        for _ in 0..40 {
            let before = *all.last().unwrap();
            all.push(std::array::from_fn(|n| {
                f((0..N).map(|j| before[j] * w[j][n]).sum())
            }));
        }
        all
    }

    #[test]
    fn eq_3_3_bound_is_never_exceeded() {
        let (mut tightest, mut checked) = (0.0f64, 0);
        for seed in 0..100 {
            let w: flow::Matrix<6, 6> = square(seed, 0.2 + seed as f64 / 80.0);
            let hidden = states(&w, seed + 1_000, f64::tanh);
            for (q, jacobian) in flow::tanh_jacobians(&w, &hidden).iter().enumerate() {
                let (norm, bound) =
                    (flow::spectral_norm(jacobian), flow::norm_bound(&w, 1.0, q));
                assert!(
                    norm <= bound * (1.0 + 1e-12),
                    "seed {seed}, lag {q}: {norm} > {bound}"
                );
                if norm / bound > tightest {
                    tightest = norm / bound;
                }
                checked += 1;
            }
        }
        assert!(
            checked == 100 * 41 && tightest > 0.9,
            "the bound is far from what is measured"
        );
    }

    #[test]
    fn eq_3_3_jacobians_match_central_differences() {
        let w: flow::Matrix<6, 6> = square(7, 0.9);
        let hidden = states(&w, 8, f64::tanh);
        let q = 5;
        let jacobian = flow::tanh_jacobians(&w, &hidden)[q];
        let from = hidden[hidden.len() - 1 - q];
        for i in 0..6 {
            for j in 0..6 {
                let numeric = slope(&from, i, |h| {
                    let mut h: [f64; 6] = h.try_into().unwrap();
                    for _ in 0..q {
                        h = std::array::from_fn(|n| {
                            (0..6).map(|m| h[m] * w[m][n]).sum::<f64>().tanh()
                        });
                    }
                    h[j]
                });
                close("entry", jacobian[i][j], numeric, 1e-8);
            }
        }
    }

    #[test]
    fn eq_3_4_bound_holds_for_every_entry() {
        for seed in 0..100 {
            let w: flow::Matrix<6, 6> = square(seed, 0.2 + seed as f64 / 50.0);
            let hidden = states(&w, seed + 1_000, logistic);
            for (q, jacobian) in flow::logistic_jacobians(&w, &hidden).iter().enumerate() {
                let largest = jacobian.iter().flatten().map(|e| e.abs()).largest(0.0);
                let bound = flow::entry_bound(&w, q);
                assert!(largest <= bound * (1.0 + 1e-12), "seed {seed}, lag {q}");
            }
        }
    }

    #[test]
    fn eq_3_5_functions_have_their_ranges_and_slopes() {
        for k in -200..=200 {
            let x = f64::from(k) / 10.0;
            close("g", Squash::Wide.value(x), g(x), 1e-14);
            close("h", Squash::Centered.value(x), h(x), 1e-14);
            close(
                "g and tanh",
                Squash::Wide.value(x),
                2.0 * (x / 2.0).tanh(),
                1e-14,
            );
            close(
                "h and tanh",
                Squash::Centered.value(x),
                (x / 2.0).tanh(),
                1e-14,
            );
            for squash in [
                Squash::Identity,
                Squash::Logistic,
                Squash::Centered,
                Squash::Wide,
            ] {
                let numeric = slope(&[x], 0, |x| squash.value(x[0]));
                close("slope", squash.derivative(squash.value(x)), numeric, 1e-9);
            }
        }
        let at_zero = |squash: Squash| squash.derivative(squash.value(0.0));
        assert_eq!(at_zero(Squash::Logistic), 0.25);
        assert_eq!(at_zero(Squash::Centered), 0.5);
        assert_eq!(at_zero(Squash::Wide), 1.0);
        assert!(Squash::Wide.value(50.0) <= 2.0 && Squash::Centered.value(-50.0) >= -1.0);
    }

    #[test]
    fn eq_3_6_net_inputs_and_gates_are_the_formula() {
        let small = Small::new();
        let trace = small.trace(&design(Gradient::Truncated));
        let (w_x, w_u, b) = split(&small.weights);
        for t in 1..T {
            let u = &trace.hidden[(t - 1) * U..t * U];
            for n in C..U {
                let net = b[n]
                    + (0..I)
                        .map(|i| small.inputs[t * I + i] * w_x[i * U + n])
                        .sum::<f64>()
                    + (0..U).map(|j| u[j] * w_u[j * U + n]).sum::<f64>();
                close("gate", trace.hidden[t * U + n], logistic(net), 1e-14);
            }
        }
        let by_hand = small.by_hand(&small.weights, None, None);
        for (t, row) in by_hand.chunks_exact(C).enumerate() {
            for c in 0..C {
                close("y", trace.hidden[t * U + c], row[c], 1e-13);
            }
        }
    }

    /// A network whose gates of one kind are forced by their biases.
    fn forced(input_gate: f64, output_gate: f64) -> Trace<f64> {
        let mut small = Small::new();
        let bias = I * U + U * U;
        for k in 0..K {
            small.weights[bias + C + k] += input_gate;
            small.weights[bias + C + K + k] += output_gate;
        }
        small.trace(&design(Gradient::Truncated))
    }

    #[test]
    fn eq_3_7_an_open_input_gate_sums_and_a_closed_one_keeps() {
        let open = forced(60.0, 0.0);
        let mut sum = [0.0; C];
        for t in 0..T {
            for c in 0..C {
                sum[c] += open.candidate[t * C + c];
                close("running sum", open.state[t * C + c], sum[c], 1e-12);
            }
        }
        let closed = forced(-60.0, 0.0);
        assert!(
            closed.state.iter().all(|s| s.abs() < 1e-20),
            "the state moved"
        );
        assert!(
            open.state.iter().any(|s| s.abs() > 0.5),
            "nothing was written"
        );
    }

    #[test]
    fn eq_3_8_a_closed_output_gate_hides_the_state() {
        let hidden = forced(60.0, -60.0);
        let cells = hidden.hidden.chunks_exact(U).flat_map(|row| &row[..C]);
        assert!(
            cells.into_iter().all(|y| y.abs() < 1e-20),
            "the state can be seen"
        );
        assert!(
            hidden.state.iter().any(|s| s.abs() > 0.5),
            "there is no state to hide"
        );
        let open = forced(0.0, 60.0);
        for (t, row) in open.hidden.chunks_exact(U).enumerate() {
            for c in 0..C {
                close("y = h(s)", row[c], h(open.state[t * C + c]), 1e-12);
            }
        }
    }

    const SIZES: readout::Sizes = readout::Sizes {
        inputs: I,
        units: C,
        outputs: O,
    };

    /// The small readout: [W_o, b_o, W_s], units, inputs, a target at the end.
    fn readout_error(all: &[f64], units: &[f64], inputs: &[f64], target: &[f64]) -> f64 {
        let mut outputs = Vec::new();
        readout::forward(
            SIZES,
            readout_parts(all),
            Inputs::Dense(inputs),
            units,
            Targets::AtEnd(target),
            &mut outputs,
        )
    }

    fn readout_parts(all: &[f64]) -> readout::Weights<&[f64]> {
        let (units, rest) = all.split_at(C * O);
        let (bias, skip) = rest.split_at(O);
        readout::Weights {
            units,
            bias: Some(bias),
            skip: Some(skip),
        }
    }

    #[test]
    fn eq_3_9_outputs_and_error_are_the_formula() {
        let all = random(11, C * O + O + I * O, 1.0);
        let (units, inputs) = (random(12, T * C, 1.0), random(13, T * I, 1.0));
        let target = [1.0, 0.25];
        let parts = readout_parts(&all);
        let (y, x) = (&units[(T - 1) * C..], &inputs[(T - 1) * I..]);
        let mut by_hand = 0.0;
        for o in 0..O {
            let net = parts.bias.unwrap()[o]
                + (0..C).map(|c| y[c] * parts.units[c * O + o]).sum::<f64>()
                + (0..I)
                    .map(|i| x[i] * parts.skip.unwrap()[i * O + o])
                    .sum::<f64>();
            by_hand += 0.5 * (target[o] - logistic(net)).powi(2);
        }
        close(
            "E",
            readout_error(&all, &units, &inputs, &target),
            by_hand,
            1e-14,
        );
    }

    #[test]
    fn eq_3_10_counts_are_the_paper_s() {
        let counts = [
            ("reber", "4x1-0.1", 264),
            ("reber", "3x2-0.5", 276),
            ("noise-free", "p100", 10_504),
            ("random-middle", "p100", 10_504),
            ("distractors", "q50-p50", 364),
            ("distractors", "q100-p100", 664),
            ("distractors", "q1000-p1000", 6_064),
            ("two-sequence", "t100-n3", 102),
            ("adding", "t100", 93),
            ("multiplication", "n13", 93),
            ("temporal-order", "6a", 156),
            ("temporal-order", "6b", 308),
        ];
        let all = experiments::all();
        for (id, arm, count) in counts {
            let experiment = all.iter().find(|e| e.id() == id).unwrap();
            let arms = experiment.arms(Scale::Paper);
            let arm = arms.iter().find(|known| known.id == arm).unwrap();
            assert_eq!(experiments::parameters(arm), count, "{id}, {}", arm.id);
        }
    }

    #[test]
    fn eq_3_10_baselines_have_as_many_weights_within_ten_percent() {
        for experiment in experiments::all().iter().skip(1) {
            let arms = experiment.arms(Scale::Paper);
            for arm in arms
                .iter()
                .filter(|arm| arm.config["model"]["network"] == "tanh")
            {
                let mut names = ["tanh-", "orthogonal-"].into_iter();
                let (like, _) = names.find_map(|name| arm.id.split_once(name)).unwrap();
                let like = like.trim_end_matches('-');
                let cells = arms
                    .iter()
                    .find(|other| like.is_empty() || other.id == like)
                    .unwrap();
                let ratio =
                    experiments::parameters(arm) as f64 / experiments::parameters(cells) as f64;
                assert!(
                    (0.9..=1.1).contains(&ratio),
                    "{} {}: {ratio}",
                    experiment.id(),
                    arm.id
                );
            }
        }
    }

    #[test]
    fn eq_3_11_matches_central_differences() {
        let all = random(11, C * O + O + I * O, 1.0);
        let (units, inputs) = (random(12, T * C, 1.0), random(13, T * I, 1.0));
        let target = [1.0, 0.25];
        let mut outputs = Vec::new();
        let parts = readout_parts(&all);
        let x = Inputs::Dense(&inputs);
        let targets = Targets::AtEnd(&target[..]);
        readout::forward(SIZES, parts, x, &units, targets, &mut outputs);
        let (mut ours, mut d_y) = (vec![0.0; all.len()], vec![0.0; units.len()]);
        let (d_units, rest) = ours.split_at_mut(C * O);
        let (d_bias, d_skip) = rest.split_at_mut(O);
        let gradients = readout::Weights {
            units: d_units,
            bias: Some(d_bias),
            skip: Some(d_skip),
        };
        readout::backward(
            SIZES, parts, x, &units, targets, &outputs, 1.0, gradients, &mut d_y,
        );
        for (place, &ours) in ours.iter().enumerate() {
            let numeric = slope(&all, place, |all| {
                readout_error(all, &units, &inputs, &target)
            });
            close(&format!("weight {place}"), ours, numeric, 1e-9);
        }
        for (place, &ours) in d_y.iter().enumerate() {
            let numeric = slope(&units, place, |units| {
                readout_error(&all, units, &inputs, &target)
            });
            close(&format!("unit {place}"), ours, numeric, 1e-9);
        }
    }

    #[test]
    fn eq_3_12_the_state_s_jacobian_is_exactly_the_identity_over_a_thousand_steps() {
        let design = design(Gradient::Truncated);
        for seed in 0..5 {
            let weights = random(seed, I * U + U * U + U, 2.0);
            let inputs = random(seed + 50, 1_001 * I, 1.0);
            let mut trace = Trace::default();
            let x = Inputs::Dense(&inputs[..]);
            cell1997::forward::<f64, K, C, U>(&design, groups(&weights), I, x, &mut trace);
            let w_u: flow::Matrix<U, U> =
                std::array::from_fn(|i| std::array::from_fn(|j| split(&weights).1[i * U + j]));
            let jacobians = flow::state_jacobians::<K, C, U>(&design, &w_u, &trace);
            assert_eq!(jacobians.len(), 1_001);
            for jacobian in jacobians {
                for i in 0..C {
                    for j in 0..C {
                        assert_eq!(jacobian[i][j], if i == j { 1.0 } else { 0.0 });
                    }
                }
            }
        }
    }

    #[test]
    fn eq_3_13_output_gates_match_central_differences() {
        truncated_gradient_is_right(C + K..U);
    }

    #[test]
    fn eq_3_14_the_error_in_a_state_is_all_that_enters_later() {
        let small = Small::new();
        let trace = small.trace(&design(Gradient::Truncated));
        // With s̄ summed by hand, the gradient of the cells' biases is Σ_t s̄_t ⊙ i_t ⊙ g'.
        let mut d_state = [0.0; C];
        let mut d_bias = [0.0; C];
        for t in (0..T).rev() {
            for c in 0..C {
                let o = trace.hidden[t * U + C + K + c / 2];
                let squashed = trace.squashed[t * C + c];
                d_state[c] += small.entry[t * C + c] * o * (1.0 - squashed * squashed) / 2.0;
                let candidate = trace.candidate[t * C + c];
                let i = trace.hidden[t * U + C + c / 2];
                d_bias[c] += d_state[c] * i * (1.0 - candidate * candidate / 4.0);
            }
        }
        let ours = small.kernel_gradient(Gradient::Truncated);
        for c in 0..C {
            close("bias", ours[I * U + U * U + c], d_bias[c], 1e-12);
        }
    }

    #[test]
    fn eq_3_15_cells_and_input_gates_match_central_differences() {
        truncated_gradient_is_right(0..C);
        truncated_gradient_is_right(C..C + K);
    }

    #[test]
    fn eq_3_16_matches_automatic_differentiation() {
        for gradient in [Gradient::Truncated, Gradient::Full] {
            let small = Small::new();
            let device = Cpu::default();
            let (w_x, w_u, b) = split(&small.weights);
            let layer = reference::Layer::<I, K, C, U, f64, Cpu> {
                w_x: device.tensor_from_vec(w_x.to_vec(), (Const::<I>, Const::<U>)),
                w_u: device.tensor_from_vec(w_u.to_vec(), (Const::<U>, Const::<U>)),
                bias: device.tensor_from_vec(b.to_vec(), (Const::<U>,)),
                spread: reference::spread(&device),
            };
            let inputs = small.inputs.chunks_exact(I);
            let inputs = inputs
                .map(|x| device.tensor_from_vec(x.to_vec(), (Const::<1>, Const::<I>)))
                .collect();
            let tape = OwnedTape::<f64, Cpu>::default();
            let (memories, tape) = reference::run(&layer, inputs, gradient, tape);
            let mut loss = device.zeros::<Rank0>().put_tape(tape);
            for (memory, r) in memories.into_iter().zip(small.entry.chunks_exact(C)) {
                let r: Tensor<Rank2<1, C>, f64, _> =
                    device.tensor_from_vec(r.to_vec(), (Const::<1>, Const::<C>));
                let term = (memory.cells.retaped::<OwnedTape<f64, Cpu>>() * r).sum();
                loss = loss + term;
            }
            let gradients = loss.backward();
            let mut automatic = gradients.get(&layer.w_x).as_vec();
            automatic.extend(gradients.get(&layer.w_u).as_vec());
            automatic.extend(gradients.get(&layer.bias).as_vec());
            let ours = small.kernel_gradient(gradient);
            for (place, (ours, automatic)) in ours.iter().zip(&automatic).enumerate() {
                close(
                    &format!("{gradient:?}, weight {place}"),
                    *ours,
                    *automatic,
                    1e-12,
                );
            }
        }
    }

    #[test]
    fn eq_3_17_forward_accumulation_equals_the_way_back() {
        let mut small = Small::new();
        small.entry[..(T - 1) * C].fill(0.0);
        let design = design(Gradient::Truncated);
        let trace = small.trace(&design);
        let at_end: [f64; C] = small.entry[(T - 1) * C..].try_into().unwrap();
        let forward =
            flow::forward_accumulation::<K, C, U>(&design, I, &small.inputs, &trace, &at_end);
        let backward = small.kernel_gradient(Gradient::Truncated);
        assert_eq!(forward.len() * U, backward.len());
        for (place, (ours, theirs)) in forward.iter().flatten().zip(&backward).enumerate() {
            if unit(place) < C + K {
                close(&format!("weight {place}"), *ours, *theirs, 1e-12);
            }
        }
    }

    #[test]
    fn eq_3_18_an_error_is_scaled_at_entry_and_exit_only() {
        let small = Small::new();
        let design = design(Gradient::Truncated);
        let trace = small.trace(&design);
        let factors = flow::entry_and_exit::<K, C, U>(&design, &trace);
        assert_eq!(factors.len(), T);
        for (q, factors) in factors.iter().enumerate() {
            for (c, &factor) in factors.iter().enumerate() {
                let step = 1e-5;
                let last = |by: f64| {
                    let nudge = Some((T - 1 - q, c, by));
                    small.by_hand(&small.weights, Some(&trace.hidden), nudge)[(T - 1) * C + c]
                };
                let numeric = (last(step) - last(-step)) / (2.0 * step);
                close(&format!("lag {q}, cell {c}"), factor, numeric, 1e-9);
            }
        }
    }

    #[test]
    fn eq_3_19_the_full_gradient_matches_central_differences() {
        let small = Small::new();
        let ours = small.kernel_gradient(Gradient::Full);
        for (place, &ours) in ours.iter().enumerate() {
            let numeric = slope(&small.weights, place, |w| small.loss(w, None));
            close(&format!("weight {place}"), ours, numeric, 1e-8);
        }
        let truncated = small.kernel_gradient(Gradient::Truncated);
        let differ = ours
            .iter()
            .zip(&truncated)
            .any(|(a, b)| (a - b).abs() > 1e-3);
        assert!(differ, "truncation changed nothing");
    }

    #[test]
    fn eq_3_19_without_recurrent_weights_nothing_is_cut() {
        let mut small = Small::new();
        small.weights[I * U..I * U + U * U].fill(0.0);
        let (full, truncated) = (
            small.kernel_gradient(Gradient::Full),
            small.kernel_gradient(Gradient::Truncated),
        );
        for (full, truncated) in full.iter().zip(&truncated) {
            close("gradient", *full, *truncated, 1e-14);
        }
    }

    /// The layer on the tape for a batch of sequences in f32.
    fn on_the_tape(inputs: Vec<Vec<f32>>, weights: &[f64]) -> Vec<f32> {
        let device = Cpu::default();
        let (w_x, w_u, b) = split(weights);
        let narrow = |v: &[f64]| v.iter().map(|&w| w as f32).collect::<Vec<_>>();
        let w_x: Tensor<Rank2<I, U>, f32, _> =
            device.tensor_from_vec(narrow(w_x), (Const::<I>, Const::<U>));
        let w_u = device.tensor_from_vec(narrow(w_u), (Const::<U>, Const::<U>));
        let b = device.tensor_from_vec(narrow(b), (Const::<U>,));
        let inputs = Rc::new(Sequences::Dense(inputs));
        let layer = tape::cell1997::Layer {
            design: design(Gradient::Truncated),
            cells: Cells(C),
            kernel: cell1997::Memory::of::<K, C, U>(),
        };
        let cells = tape::cell1997::memory(layer, &inputs, w_x, &w_u, &b);
        cells.unwrap().as_vec()
    }

    fn narrow(values: Vec<f64>) -> Vec<f32> {
        values.into_iter().map(|v| v as f32).collect()
    }

    #[test]
    fn nothing_from_the_future() {
        let weights = Small::new().weights;
        let first = narrow(random(2, T * I, 1.0));
        let mut second = first.clone();
        second[4 * I..].iter_mut().for_each(|x| *x = -*x);
        let all = on_the_tape(vec![first, second], &weights);
        let (a, b) = all.split_at(T * C);
        assert_eq!(
            a[..4 * C],
            b[..4 * C],
            "a later input changed an earlier output"
        );
        assert_ne!(a[4 * C..], b[4 * C..]);
    }

    #[test]
    fn padding_changes_nothing() {
        let weights = Small::new().weights;
        let (short, long) = (narrow(random(2, 3 * I, 1.0)), narrow(random(3, T * I, 1.0)));
        let together = on_the_tape(vec![short.clone(), long], &weights);
        let alone = on_the_tape(vec![short], &weights);
        assert_eq!(together[..3 * C], alone[..]);
        assert!(
            together[3 * C..T * C].iter().all(|&y| y == 0.0),
            "padding is not zero"
        );
    }

    #[test]
    fn every_parameter_gets_a_gradient() {
        let gradients = Small::new().kernel_gradient(Gradient::Truncated);
        assert!(
            gradients.iter().all(|g| *g != 0.0),
            "a weight is not trained"
        );
    }

    #[test]
    fn permuting_the_cells_of_a_block_permutes_the_outputs() {
        let small = Small::new();
        let swap = |n: usize| match n {
            0 => 1,
            1 => 0,
            n => n,
        };
        let mut swapped = small.weights.clone();
        let (w_x, w_u, b) = split(&small.weights);
        for n in 0..U {
            for i in 0..I {
                swapped[i * U + swap(n)] = w_x[i * U + n];
            }
            for j in 0..U {
                swapped[I * U + swap(j) * U + swap(n)] = w_u[j * U + n];
            }
            swapped[I * U + U * U + swap(n)] = b[n];
        }
        let before = small.by_hand(&small.weights, None, None);
        let trace = Small {
            weights: swapped,
            ..small
        }
        .trace(&design(Gradient::Truncated));
        for (t, row) in trace.hidden.chunks_exact(U).enumerate() {
            for c in 0..C {
                close("y", row[swap(c)], before[t * C + c], 1e-12);
            }
        }
    }

    #[test]
    fn one_hot_and_dense_inputs_are_the_same() {
        let small = Small::new();
        let symbols = [0, 2, 1, 1, 0, 2, 2];
        let dense: Vec<f64> = symbols
            .iter()
            .flat_map(|&s| (0..I).map(move |i| f64::from(i == s)))
            .collect();
        let run = |inputs: Inputs<f64>| {
            let mut trace = Trace::default();
            let design = design(Gradient::Truncated);
            cell1997::forward::<f64, K, C, U>(
                &design,
                groups(&small.weights),
                I,
                inputs,
                &mut trace,
            );
            trace
        };
        let (a, b) = (run(Inputs::OneHot(&symbols)), run(Inputs::Dense(&dense)));
        for (a, b) in a.hidden.iter().zip(&b.hidden) {
            close("u", *a, *b, 1e-15);
        }
    }

    #[test]
    fn the_answer_needs_the_memory() {
        use hochreiter1997::experiments;
        use lab::experiment::Scale;
        use tasks::seeds::{generator, Purpose};
        use tasks::temporal_order::{Relevant, TemporalOrder};
        use tasks::Task;
        let task = TemporalOrder {
            relevant: Relevant::Two,
        };
        let experiments = experiments::all();
        let order = experiments.iter().find(|e| e.id() == "temporal-order");
        let arms = order.map(|order| order.arms(Scale::Paper));
        let arm = arms.and_then(|arms| arms.into_iter().find(|arm| arm.id == "6a"));
        let arm = arm.expect("it has the arm");
        let (mut network, rate) = (experiments::network(&arm, 1), experiments::rate(&arm));
        let mut rng = generator(1, Purpose::Training);
        let mut example = task.example();
        for _ in 0..26_000 {
            task.draw(&mut rng, &mut example);
            network.learn(&example, rate);
        }
        let (mut right, mut right_blind) = (0, 0);
        let mut rng = generator(1, Purpose::Test);
        let tested = 400;
        for _ in 0..tested {
            task.draw(&mut rng, &mut example);
            let answers = |outputs: &[f32], example: &tasks::Example| {
                let tasks::Target::AtEnd(target) = &example.target else {
                    return false;
                };
                let best = |v: &[f32]| (0..4).max_by(|&a, &b| v[a].total_cmp(&v[b]));
                best(outputs) == best(target)
            };
            right += u32::from(answers(&network.outputs(&example), &example));
            if let tasks::Inputs::OneHot { symbols, .. } = &mut example.inputs {
                let relevant = symbols.iter_mut().filter(|symbol| **symbol >= 6);
                relevant.for_each(|symbol| *symbol = 2);
            }
            right_blind += u32::from(answers(&network.outputs(&example), &example));
        }
        assert!(
            right >= tested * 99 / 100,
            "only {right} of {tested} with everything in sight"
        );
        assert!(
            right_blind <= tested * 35 / 100,
            "{right_blind} right without the symbols"
        );
    }
}
