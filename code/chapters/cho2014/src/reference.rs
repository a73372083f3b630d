// SPDX-License-Identifier: MIT OR Apache-2.0
//! Both encoders, the decoder, Adadelta and the log-linear score, one pair of sentences at a time, by
//! hand in `f64`: what the page derives, in the order in which it does, forward and the whole way back.
//! The models that train are held against this.
pub use kalchbrenner2013::reference::{
    add, back, logistic, outer, slope, steps, times, zeros, Matrix,
};
use kernels::Extremes;

/// The sum of two rows.
fn sum(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| x + y).collect()
}

/// The product of two rows, component by component.
fn product(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| x * y).collect()
}

/// to ← to + x.
fn add_row(to: &mut [f64], x: &[f64]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += x);
}

fn tanh(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| x.tanh()).collect()
}

/// k x.
fn scaled(k: f64, x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| k * x).collect()
}

/// The rectifier: x, or 0 where that is larger.
fn rectified(x: &[f64]) -> Vec<f64> {
    let each = x.iter().map(|&x| if x > 0.0 { x } else { 0.0 });
    each.collect()
}

/// The error before tanh, from what came out and its error.
fn tanh_back(y: &[f64], d_y: &[f64]) -> Vec<f64> {
    let each = y.iter().zip(d_y);
    each.map(|(y, d)| d * (1.0 - y * y)).collect()
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let top = scores.iter().copied().largest(f64::NEG_INFINITY);
    let all: Vec<f64> = scores.iter().map(|a| (a - top).exp()).collect();
    let sum: f64 = all.iter().sum();
    all.iter().map(|a| a / sum).collect()
}

/// Three net inputs, and what stands within the reset gate's bracket.
type Nets = (Three<Vec<f64>>, Vec<f64>);

/// What a unit's reset gate multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// h_{t−1}, before the matrix: the paper's body, (8.4).
    Before,
    /// h_{t−1} U_n, after the matrix: PyTorch's, (8.6).
    After,
    /// h'_{t−1} U'_n + c W_c: the decoder of the paper's supplement.
    Supplement,
}

/// Three matrices or rows: of the reset gate, the update gate and the candidate.
pub type Three<T> = [T; 3];

/// One step of a unit, with what the way back needs.
#[derive(Debug, Clone)]
pub struct Step {
    /// h_{t−1}.
    pub before: Vec<f64>,
    /// r_t.
    pub reset: Vec<f64>,
    /// z_t.
    pub update: Vec<f64>,
    /// n_t, the candidate.
    pub candidate: Vec<f64>,
    /// What the reset gate multiplies.
    pub gated: Vec<f64>,
    /// h_t.
    pub hidden: Vec<f64>,
}

/// The gradients of what went into a step.
#[derive(Debug, Clone)]
pub struct StepBack {
    /// Of the three net inputs.
    pub nets: Three<Vec<f64>>,
    /// Of what stands beside h U_n within the reset gate's bracket.
    pub within: Vec<f64>,
    /// Of h_{t−1}.
    pub before: Vec<f64>,
}

// ANCHOR: unit
/// One step of the unit, from what the inputs add to its three net inputs.
/// `within` stands in the reset gate's bracket beside h U_n: c W_c in the
/// supplement's decoder, zeros elsewhere.
pub fn step(
    form: Form,
    u: &Three<Matrix>,
    nets: &Three<Vec<f64>>,
    within: &[f64],
    before: &[f64],
) -> Step {
    let gate = |k: usize| logistic(&sum(&nets[k], &times(before, &u[k])));
    // (8.2), (8.3).
    let (reset, update) = (gate(0), gate(1));
    let (gated, recurrent) = match form {
        // (8.4): (r ⊙ h) U_n.
        Form::Before => {
            let gated = before.to_vec();
            let recurrent = times(&product(&reset, &gated), &u[2]);
            (gated, recurrent)
        }
        // (8.6): r ⊙ (h U_n); with c W_c in the bracket the supplement's.
        Form::After | Form::Supplement => {
            let gated = sum(&times(before, &u[2]), within);
            let recurrent = product(&reset, &gated);
            (gated, recurrent)
        }
    };
    let candidate = tanh(&sum(&nets[2], &recurrent));
    // (8.5): z is the share of the past.
    let parts = update.iter().zip(before.iter().zip(&candidate));
    let hidden = parts.map(|(z, (h, n))| z * h + (1.0 - z) * n).collect();
    Step {
        before: before.to_vec(),
        reset,
        update,
        candidate,
        gated,
        hidden,
    }
}
// ANCHOR_END: unit

// ANCHOR: unit_back
/// The way back through one step (8.15), from the gradient of h_t. The
/// gradients of the matrices are added to `sums`.
pub fn step_back(
    form: Form,
    u: &Three<Matrix>,
    step: &Step,
    d_h: &[f64],
    sums: &mut Three<Matrix>,
) -> StepBack {
    let Step {
        before,
        reset: r,
        update: z,
        candidate: n,
        gated,
        ..
    } = step;
    let left: Vec<f64> = z.iter().map(|z| 1.0 - z).collect();
    let of_candidate = product(d_h, &left);
    let d_n = tanh_back(n, &of_candidate);
    let apart: Vec<f64> = before.iter().zip(n).map(|(h, n)| h - n).collect();
    let d_z = slope(z, &product(d_h, &apart));
    let mut d_before = product(d_h, z);
    let (of_reset, within) = match form {
        Form::Before => {
            outer(&mut sums[2], &product(r, gated), &d_n);
            let through = back(&d_n, &u[2]);
            add(&mut d_before, r, &through);
            (product(&through, gated), vec![0.0; d_n.len()])
        }
        Form::After | Form::Supplement => {
            let d_gated = product(&d_n, r);
            outer(&mut sums[2], before, &d_gated);
            add_row(&mut d_before, &back(&d_gated, &u[2]));
            (product(&d_n, gated), d_gated)
        }
    };
    let d_r = slope(r, &of_reset);
    for (k, delta) in [(0, &d_r), (1, &d_z)] {
        outer(&mut sums[k], before, delta);
        add_row(&mut d_before, &back(delta, &u[k]));
    }
    StepBack {
        nets: [d_r, d_z, d_n],
        within,
        before: d_before,
    }
}
// ANCHOR_END: unit_back

/// Makes one vector of a source; or its gradients.
pub trait Encoder {
    /// c.
    fn summary(&self, source: &[usize]) -> Vec<f64>;
    /// The way back from the gradient of c, added to `sums`.
    fn summary_back(&self, source: &[usize], d_c: &[f64], sums: &mut Self);
}

/// The weights of the recurrent encoder, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Reader {
    /// What the unit's reset gate multiplies; no supplement is needed here.
    pub form: Form,
    /// A vector for each source word, (V_s, D).
    pub sources: Matrix,
    /// W_x, (D, H) for each of the three.
    pub input: Three<Matrix>,
    /// U_r, U_z and U_n, (H, H) each.
    pub recurrent: Three<Matrix>,
    /// W_s, (H, H).
    pub summary: Matrix,
}

impl Reader {
    /// The steps of a source, from h_0 = 0.
    pub fn run(&self, source: &[usize]) -> Vec<Step> {
        let none = vec![0.0; self.summary.len()];
        let mut all: Vec<Step> = Vec::new();
        for &word in source {
            let nets = [0, 1, 2].map(|k| times(&self.sources[word], &self.input[k]));
            let before = all.last().map_or(&none, |step| &step.hidden).clone();
            all.push(step(self.form, &self.recurrent, &nets, &none, &before));
        }
        all
    }
}

impl Encoder for Reader {
    /// c = tanh(h_S W_s), (8.7).
    fn summary(&self, source: &[usize]) -> Vec<f64> {
        let steps = self.run(source);
        let last = steps.last().expect("a source has words");
        tanh(&times(&last.hidden, &self.summary))
    }

    fn summary_back(&self, source: &[usize], d_c: &[f64], sums: &mut Self) {
        let steps = self.run(source);
        let last = steps.last().expect("a source has words");
        let c = tanh(&times(&last.hidden, &self.summary));
        let delta = tanh_back(&c, d_c);
        outer(&mut sums.summary, &last.hidden, &delta);
        let mut d_h = back(&delta, &self.summary);
        for (step, &word) in steps.iter().zip(source).rev() {
            let of_unit = &mut sums.recurrent;
            let found = step_back(self.form, &self.recurrent, step, &d_h, of_unit);
            for (k, delta) in found.nets.iter().enumerate() {
                outer(&mut sums.input[k], &self.sources[word], delta);
                add_row(&mut sums.sources[word], &back(delta, &self.input[k]));
            }
            d_h = found.before;
        }
    }
}

/// The weights of the gated pyramid, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Pyramid {
    /// The lowest column of each source word, (V_s, H).
    pub sources: Matrix,
    /// W_left, (H, H).
    pub left: Matrix,
    /// W_right, (H, H).
    pub right: Matrix,
    /// G_left, (H, 3).
    pub gates_left: Matrix,
    /// G_right, (H, 3).
    pub gates_right: Matrix,
}

/// A column made of two neighbors of the level below, its children.
#[derive(Debug, Clone)]
pub struct Column {
    /// What joins them.
    pub candidate: Vec<f64>,
    /// ω, the shares of the candidate, the left and the right child.
    pub gates: [f64; 3],
    /// The column.
    pub value: Vec<f64>,
}

// ANCHOR: pyramid
impl Pyramid {
    /// A column from two neighbors.
    pub fn column(&self, left: &[f64], right: &[f64]) -> Column {
        // (8.20), with the rectifier.
        let net = sum(&times(left, &self.left), &times(right, &self.right));
        let candidate = rectified(&net);
        // (8.21).
        let of_left = times(left, &self.gates_left);
        let scores = sum(&of_left, &times(right, &self.gates_right));
        let shares = softmax(&scores);
        let gates = [shares[0], shares[1], shares[2]];
        // (8.22).
        let mut value = scaled(gates[0], &candidate);
        add_row(&mut value, &scaled(gates[1], left));
        add_row(&mut value, &scaled(gates[2], right));
        Column {
            candidate,
            gates,
            value,
        }
    }

    /// The lowest columns, one for each word (8.19).
    pub fn leaves(&self, source: &[usize]) -> Matrix {
        source
            .iter()
            .map(|&word| self.sources[word].clone())
            .collect()
    }

    /// All levels above the leaves; the last one has one column, and a source
    /// of one word has none.
    pub fn levels(&self, source: &[usize]) -> Vec<Vec<Column>> {
        let mut below = self.leaves(source);
        let mut levels = Vec::new();
        while below.len() > 1 {
            let level: Vec<Column> = below
                .windows(2)
                .map(|two| self.column(&two[0], &two[1]))
                .collect();
            below = level.iter().map(|column| column.value.clone()).collect();
            levels.push(level);
        }
        levels
    }

    /// The way back through one column (8.23): the gradients of its two
    /// children. Those of the weights are added to `sums`.
    pub fn column_back(
        &self,
        (left, right): (&[f64], &[f64]),
        column: &Column,
        d: &[f64],
        sums: &mut Pyramid,
    ) -> [Vec<f64>; 2] {
        let parts = [&column.candidate[..], left, right];
        let of_gates = parts.map(|part| product(d, part).iter().sum::<f64>());
        let mean: f64 = product(&column.gates, &of_gates).iter().sum();
        let of_scores: Vec<f64> = (0..3)
            .map(|k| column.gates[k] * (of_gates[k] - mean))
            .collect();
        let of_net: Vec<f64> = d
            .iter()
            .zip(&column.candidate)
            .map(|(d, &n)| if n > 0.0 { column.gates[0] * d } else { 0.0 })
            .collect();
        outer(&mut sums.left, left, &of_net);
        outer(&mut sums.right, right, &of_net);
        outer(&mut sums.gates_left, left, &of_scores);
        outer(&mut sums.gates_right, right, &of_scores);
        [
            (1, &self.left, &self.gates_left),
            (2, &self.right, &self.gates_right),
        ]
        .map(|(gate, w, g)| {
            let mut d_x = scaled(column.gates[gate], d);
            add_row(&mut d_x, &back(&of_net, w));
            add_row(&mut d_x, &back(&of_scores, g));
            d_x
        })
    }
}

impl Encoder for Pyramid {
    /// The one column of the last level.
    fn summary(&self, source: &[usize]) -> Vec<f64> {
        match self.levels(source).last() {
            Some(level) => level[0].value.clone(),
            None => self.sources[source[0]].clone(),
        }
    }

    /// (8.23), level after level.
    fn summary_back(&self, source: &[usize], d_c: &[f64], sums: &mut Self) {
        let (leaves, levels) = (self.leaves(source), self.levels(source));
        let values = |level: &Vec<Column>| -> Matrix {
            level.iter().map(|column| column.value.clone()).collect()
        };
        let mut d_values = vec![d_c.to_vec()];
        for n in (0..levels.len()).rev() {
            let below = match n {
                0 => leaves.clone(),
                _ => values(&levels[n - 1]),
            };
            let mut d_below = zeros(below.len(), d_c.len());
            let columns = levels[n].iter().zip(&d_values);
            for (j, (column, d)) in columns.enumerate() {
                let two = (&below[j][..], &below[j + 1][..]);
                let [left, right] = self.column_back(two, column, d, sums);
                // A column has a part in two of the level above.
                add_row(&mut d_below[j], &left);
                add_row(&mut d_below[j + 1], &right);
            }
            d_values = d_below;
        }
        for (&word, d) in source.iter().zip(&d_values) {
            add_row(&mut sums.sources[word], d);
        }
    }
}
// ANCHOR_END: pyramid

/// The weights of the decoder, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoder {
    /// What the unit's reset gate multiplies.
    pub form: Form,
    /// A vector for each target word, (V, D).
    pub words: Matrix,
    /// W'_s, (H, H).
    pub start: Matrix,
    /// W'_x, (D, H) for each of the three.
    pub word_nets: Three<Matrix>,
    /// W_c, (H, H) for each of the three.
    pub summary_nets: Three<Matrix>,
    /// U'_r, U'_z and U'_n, (H, H) each.
    pub recurrent: Three<Matrix>,
    /// Q_h, (H, 2M).
    pub state_pieces: Matrix,
    /// Q_w, (D, 2M).
    pub word_pieces: Matrix,
    /// Q_c, (H, 2M).
    pub summary_pieces: Matrix,
    /// W_o, (M, V).
    pub output: Matrix,
}

/// A run of the decoder over a target.
#[derive(Debug, Clone)]
pub struct Run {
    /// The word before, and the word that is due.
    pub steps: Vec<(usize, usize)>,
    /// h'_0.
    pub start: Vec<f64>,
    /// What the unit did at each step.
    pub units: Vec<Step>,
    /// q_t of each step, 2M pieces.
    pub pieces: Matrix,
    /// y_t: what maxout leaves of them, M.
    pub readouts: Matrix,
    /// p_t of each step.
    pub probabilities: Matrix,
}

// ANCHOR: maxout
/// The larger of each two neighbors (8.11).
pub fn maxout(pieces: &[f64]) -> Vec<f64> {
    let larger = |two: &[f64]| if two[0] < two[1] { two[1] } else { two[0] };
    pieces.chunks_exact(2).map(larger).collect()
}

/// The gradient of the pieces (8.13): all of it goes to the larger of each
/// two, to the first where they are equal.
pub fn maxout_back(pieces: &[f64], d: &[f64]) -> Vec<f64> {
    let two = |(two, &d): (&[f64], &f64)| match two[0] < two[1] {
        true => [0.0, d],
        false => [d, 0.0],
    };
    pieces.chunks_exact(2).zip(d).flat_map(two).collect()
}
// ANCHOR_END: maxout

// ANCHOR: decoder
impl Decoder {
    /// All steps of a target, from the summary c.
    pub fn run(&self, c: &[f64], steps: &[(usize, usize)]) -> Run {
        // (8.8).
        let start = tanh(&times(c, &self.start));
        let mut run = Run {
            steps: steps.to_vec(),
            start: start.clone(),
            units: Vec::new(),
            pieces: Matrix::new(),
            readouts: Matrix::new(),
            probabilities: Matrix::new(),
        };
        let of_summary = [0, 1, 2].map(|k| times(c, &self.summary_nets[k]));
        let mut h = start;
        for &(before, _) in steps {
            // (8.9).
            let word = &self.words[before];
            let (nets, within) = self.nets(word, &of_summary);
            let unit = step(self.form, &self.recurrent, &nets, &within, &h);
            h.clone_from(&unit.hidden);
            run.units.push(unit);
            // (8.10).
            let mut pieces = times(&h, &self.state_pieces);
            add_row(&mut pieces, &times(word, &self.word_pieces));
            add_row(&mut pieces, &times(c, &self.summary_pieces));
            // (8.11), (8.12).
            let readout = maxout(&pieces);
            let scores = times(&readout, &self.output);
            run.pieces.push(pieces);
            run.readouts.push(readout);
            run.probabilities.push(softmax(&scores));
        }
        run
    }

    /// The three net inputs of a step (8.9), and what stands within the reset
    /// gate's bracket: in the supplement c W_c, which is then not outside.
    fn nets(&self, word: &[f64], of_summary: &Three<Vec<f64>>) -> Nets {
        let within = vec![0.0; of_summary[2].len()];
        let of_word = [0, 1, 2].map(|k| times(word, &self.word_nets[k]));
        let [r, z, n] = [0, 1, 2].map(|k| sum(&of_word[k], &of_summary[k]));
        match self.form {
            Form::Supplement => {
                let [_, _, n] = of_word;
                ([r, z, n], of_summary[2].clone())
            }
            Form::Before | Form::After => ([r, z, n], within),
        }
    }

    /// The way back through a run: the gradient of c (8.14), from all steps'
    /// net inputs, all steps' pieces and the first state. The gradients of
    /// the weights are added to `sums`.
    pub fn back(&self, c: &[f64], run: &Run, sums: &mut Decoder) -> Vec<f64> {
        let mut d_c = vec![0.0; c.len()];
        let mut d_h = vec![0.0; run.start.len()];
        for (t, &(before, due)) in run.steps.iter().enumerate().rev() {
            let word = &self.words[before];
            let mut d_word = vec![0.0; word.len()];
            // The error of the scores: p_t − d_t.
            let mut error = run.probabilities[t].clone();
            error[due] -= 1.0;
            outer(&mut sums.output, &run.readouts[t], &error);
            // (8.13).
            let d_readout = back(&error, &self.output);
            let d_pieces = maxout_back(&run.pieces[t], &d_readout);
            let unit = &run.units[t];
            outer(&mut sums.state_pieces, &unit.hidden, &d_pieces);
            outer(&mut sums.word_pieces, word, &d_pieces);
            outer(&mut sums.summary_pieces, c, &d_pieces);
            add_row(&mut d_h, &back(&d_pieces, &self.state_pieces));
            add_row(&mut d_word, &back(&d_pieces, &self.word_pieces));
            add_row(&mut d_c, &back(&d_pieces, &self.summary_pieces));
            // (8.15).
            let (u, of_unit) = (&self.recurrent, &mut sums.recurrent);
            let found = step_back(self.form, u, unit, &d_h, of_unit);
            d_h = found.before;
            let mut of_summary = found.nets.clone();
            if self.form == Form::Supplement {
                of_summary[2] = found.within;
            }
            for (k, (of_word, of_summary)) in found.nets.iter().zip(&of_summary).enumerate() {
                outer(&mut sums.word_nets[k], word, of_word);
                add_row(&mut d_word, &back(of_word, &self.word_nets[k]));
                outer(&mut sums.summary_nets[k], c, of_summary);
                add_row(&mut d_c, &back(of_summary, &self.summary_nets[k]));
            }
            add_row(&mut sums.words[before], &d_word);
        }
        let delta = tanh_back(&run.start, &d_h);
        outer(&mut sums.start, c, &delta);
        add_row(&mut d_c, &back(&delta, &self.start));
        d_c
    }
}
// ANCHOR_END: decoder

impl Run {
    /// −ln p of the target and its end, minus the logarithm of (8.1).
    pub fn loss(&self) -> f64 {
        let steps = self.steps.iter().zip(&self.probabilities);
        -steps.map(|(&(_, due), p)| p[due].ln()).sum::<f64>()
    }
}

/// −ln p of one pair and the gradients of all weights, added to `sums`.
pub fn gradient<N: Encoder>(
    (encoder, decoder): (&N, &Decoder),
    (source, target): (&[usize], &[usize]),
    sums: (&mut N, &mut Decoder),
) -> f64 {
    let c = encoder.summary(source);
    let run = decoder.run(&c, &steps(target, true));
    let d_c = decoder.back(&c, &run, sums.1);
    encoder.summary_back(source, &d_c, sums.0);
    run.loss()
}

// ANCHOR: leaky
/// h_t of one unit whose update gate is always z, in closed form (8.16): the
/// start has the weight zᵗ, the candidate of k steps ago (1 − z) zᵏ.
pub fn leaky(z: f64, start: f64, candidates: &[f64]) -> f64 {
    let ages = candidates.iter().rev();
    let mut weight = 1.0;
    let mut h = 0.0;
    for candidate in ages {
        h += (1.0 - z) * weight * candidate;
        weight *= z;
    }
    h + weight * start
}

/// 1 / (1 − z), about the steps after which a weight of (8.16) has fallen to
/// 1/e.
pub fn time_constant(z: f64) -> f64 {
    1.0 / (1.0 - z)
}
// ANCHOR_END: leaky

// ANCHOR: adadelta
/// Adadelta for one weight.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adadelta {
    /// ρ: 0.95 in the paper.
    pub decay: f64,
    /// ε: 10⁻⁶ in the paper.
    pub epsilon: f64,
    /// A^g, the mean of the squares of the gradients.
    pub gradients: f64,
    /// A^Δ, the mean of the squares of the updates.
    pub updates: f64,
}

impl Adadelta {
    /// What is added to the weight for a gradient.
    pub fn update(&mut self, gradient: f64) -> f64 {
        let share = self.decay;
        let mean = |old: f64, x: f64| share * old + (1.0 - share) * x * x;
        let root = |mean: f64| (mean + self.epsilon).sqrt();
        // (8.17).
        let gradients = mean(self.gradients, gradient);
        // (8.18): the updates before this one give the unit.
        let update = -root(self.updates) / root(gradients) * gradient;
        let updates = mean(self.updates, update);
        (self.gradients, self.updates) = (gradients, updates);
        update
    }
}
// ANCHOR_END: adadelta

/// The score of a translation in a log-linear model (8.24): its features, each times its weight. What
/// makes probabilities of them, ln Z, is the same for all translations of a source.
///
/// # Panics
/// When there are not as many weights as features.
pub fn log_linear(weights: &[f64], features: &[f64]) -> f64 {
    let (w, f) = (weights.len(), features.len());
    assert!(w == f, "{w} weights for {f} features");
    weights.iter().zip(features).map(|(w, f)| w * f).sum()
}
