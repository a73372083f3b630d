// SPDX-License-Identifier: MIT OR Apache-2.0
//! Both encoders and the decoder, one pair of sentences at a time, by hand in `f64`: what the page derives,
//! in the order in which it does, forward and the whole way back. The models that train are held against
//! this.
//!
//! A row that belongs to the three net inputs has the reset gate's H values first, then those of the update
//! gate, then those of the candidate.
pub use cho2014::reference::{
    add, back, logistic, maxout, maxout_back, outer, slope, steps, times, zeros, Matrix, Three,
};
use kernels::Extremes;
use std::collections::BTreeSet;

/// The sum of two rows.
pub fn sum(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| x + y).collect()
}

/// The product of two rows, component by component.
pub fn product(x: &[f64], y: &[f64]) -> Vec<f64> {
    x.iter().zip(y).map(|(x, y)| x * y).collect()
}

/// x yᵀ, a number.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// k x.
pub fn scaled(k: f64, x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| k * x).collect()
}

/// to ← to + x.
pub fn add_row(to: &mut [f64], x: &[f64]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += x);
}

/// tanh of each.
pub fn tanh(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| x.tanh()).collect()
}

/// The error before tanh, from what came out and its error.
pub fn tanh_back(y: &[f64], d_y: &[f64]) -> Vec<f64> {
    let each = y.iter().zip(d_y);
    each.map(|(y, d)| d * (1.0 - y * y)).collect()
}

/// 1 − x of each.
fn rest(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| 1.0 - x).collect()
}

/// The parts of a row that belong to reset gate, update gate and candidate.
fn parts(nets: &[f64]) -> Three<&[f64]> {
    let third = nets.len() / 3;
    [0, 1, 2].map(|k| &nets[k * third..(k + 1) * third])
}

/// One step of a unit, with what the way back needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// h_{t−1}.
    pub before: Vec<f64>,
    /// r.
    pub reset: Vec<f64>,
    /// z.
    pub update: Vec<f64>,
    /// n.
    pub candidate: Vec<f64>,
    /// h_t.
    pub hidden: Vec<f64>,
}

/// unit(a, h): one step, from what is given from outside and the state before. `u` has U_r, U_z and U_n.
pub fn unit(u: &Three<Matrix>, nets: &[f64], before: &[f64]) -> Step {
    let [of_reset, of_update, of_candidate] = parts(nets);
    let reset = logistic(&sum(of_reset, &times(before, &u[0])));
    let update = logistic(&sum(of_update, &times(before, &u[1])));
    let gated = product(&reset, before);
    let candidate = tanh(&sum(of_candidate, &times(&gated, &u[2])));
    // z is the share of the candidate.
    let hidden = sum(
        &product(&rest(&update), before),
        &product(&update, &candidate),
    );
    Step {
        before: before.to_vec(),
        reset,
        update,
        candidate,
        hidden,
    }
}

/// The way back through a step, from the gradient of h_t: the errors δ = [δ^r, δ^z, δ^n] at the net inputs,
/// and what h_{t−1} gets by way of the unit, the first road of (10.12). The gradients of the matrices are
/// added to `sums`.
pub fn unit_back(
    u: &Three<Matrix>,
    step: &Step,
    d_h: &[f64],
    sums: &mut Three<Matrix>,
) -> (Vec<f64>, Vec<f64>) {
    let Step {
        before: h,
        reset: r,
        update: z,
        candidate: n,
        ..
    } = step;
    let apart: Vec<f64> = n.iter().zip(h).map(|(n, h)| n - h).collect();
    let of_update = slope(z, &product(d_h, &apart));
    let of_candidate = tanh_back(n, &product(d_h, z));
    let through = back(&of_candidate, &u[2]);
    let of_reset = slope(r, &product(&through, h));
    let mut before = product(d_h, &rest(z));
    add(&mut before, &through, r);
    add_row(&mut before, &back(&of_reset, &u[0]));
    add_row(&mut before, &back(&of_update, &u[1]));
    outer(&mut sums[0], h, &of_reset);
    outer(&mut sums[1], h, &of_update);
    outer(&mut sums[2], &product(r, h), &of_candidate);
    ([of_reset, of_update, of_candidate].concat(), before)
}

/// The weights of a layer that reads, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// W_x, (D, 3H).
    pub input: Matrix,
    /// b, 3H.
    pub bias: Vec<f64>,
    /// U_r, U_z and U_n, (H, H) each.
    pub recurrent: Three<Matrix>,
}

impl Layer {
    /// The steps of some words' vectors, in the order in which they are given, from zeros.
    pub fn run(&self, words: &[&Vec<f64>]) -> Vec<Step> {
        let mut h = vec![0.0; self.bias.len() / 3];
        let one = |word: &&Vec<f64>| {
            let nets = sum(&times(word, &self.input), &self.bias);
            let step = unit(&self.recurrent, &nets, &h);
            h.clone_from(&step.hidden);
            step
        };
        words.iter().map(one).collect()
    }

    /// The way back through these steps, from what each state gets from outside: what each word's vector
    /// gets. The gradients of the weights are added to `sums`.
    pub fn back(
        &self,
        words: &[&Vec<f64>],
        steps: &[Step],
        d_states: &[&[f64]],
        sums: &mut Layer,
    ) -> Matrix {
        let mut d_words = Matrix::new();
        let mut d_h = vec![0.0; self.bias.len() / 3];
        for ((step, word), own) in steps.iter().zip(words).zip(d_states).rev() {
            add_row(&mut d_h, own);
            let of_unit = &mut sums.recurrent;
            let (delta, before) = unit_back(&self.recurrent, step, &d_h, of_unit);
            outer(&mut sums.input, word, &delta);
            add_row(&mut sums.bias, &delta);
            d_words.push(back(&delta, &self.input));
            d_h = before;
        }
        d_words.reverse();
        d_words
    }
}

/// What a decoder is given of a source; or its gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// h_j, a row each.
    pub annotations: Matrix,
    /// h'_0.
    pub start: Vec<f64>,
}

/// Reads a source; or goes back to it.
pub trait Encoder {
    /// Annotations and first state.
    fn read(&self, source: &[usize]) -> Read;
    /// The way back from what both get from the decoder, added to `sums`.
    fn read_back(&self, source: &[usize], d: &Read, sums: &mut Self);
}

/// The weights of the encoder that reads in both directions, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Bidirectional {
    /// W_v, (V_s, D).
    pub sources: Matrix,
    /// Reads from the first word to the last.
    pub forward: Layer,
    /// Reads from the last word to the first.
    pub backward: Layer,
    /// W'_s, (H, H).
    pub start: Matrix,
}

impl Bidirectional {
    /// What both layers did at each word, in the order of the words.
    pub fn run(&self, source: &[usize]) -> (Vec<Step>, Vec<Step>) {
        let mut words: Vec<_> = source.iter().map(|&v| &self.sources[v]).collect();
        let forward = self.forward.run(&words);
        words.reverse();
        let mut backward = self.backward.run(&words);
        backward.reverse();
        (forward, backward)
    }
}

/// h_j = [h→_j, h←_j] for each word (10.1).
pub fn annotations(forward: &[Step], backward: &[Step]) -> Matrix {
    let both = forward.iter().zip(backward);
    both.map(|(f, b)| [&f.hidden[..], &b.hidden].concat())
        .collect()
}

/// h'_0 = tanh(h W'_s) (10.5), of the state from which it is made.
pub fn start(state: &[f64], w_s: &Matrix) -> Vec<f64> {
    tanh(&times(state, w_s))
}

/// δ_0 W'_sᵀ of (10.11): what that state gets, with δ_0 = h̄'_0 ⊙ (1 − h'_0 ⊙ h'_0). The gradient of W'_s is
/// added to `sum`.
pub fn start_back(
    state: &[f64],
    w_s: &Matrix,
    (start, d_start): (&[f64], &[f64]),
    sum: &mut Matrix,
) -> Vec<f64> {
    let delta = tanh_back(start, d_start);
    outer(sum, state, &delta);
    back(&delta, w_s)
}

impl Encoder for Bidirectional {
    fn read(&self, source: &[usize]) -> Read {
        let (forward, backward) = self.run(source);
        Read {
            annotations: annotations(&forward, &backward),
            start: start(&backward[0].hidden, &self.start),
        }
    }

    fn read_back(&self, source: &[usize], d: &Read, sums: &mut Self) {
        let (forward, mut backward) = self.run(source);
        let first = &backward[0].hidden;
        let h_0 = start(first, &self.start);
        let of_start = start_back(first, &self.start, (&h_0, &d.start), &mut sums.start);
        // The third term of (10.11), in the backward half of the first word.
        let mut d_annotations = d.annotations.clone();
        let half = first.len();
        add_row(&mut d_annotations[0][half..], &of_start);

        let mut words: Vec<_> = source.iter().map(|&v| &self.sources[v]).collect();
        let halves = |part: std::ops::Range<usize>| {
            let each = d_annotations.iter();
            each.map(move |d| &d[part.clone()]).collect::<Vec<_>>()
        };
        let (onward, mut returning) = (halves(0..half), halves(half..2 * half));
        let of_forward = self
            .forward
            .back(&words, &forward, &onward, &mut sums.forward);
        words.reverse();
        backward.reverse();
        returning.reverse();
        let mut of_backward =
            self.backward
                .back(&words, &backward, &returning, &mut sums.backward);
        of_backward.reverse();
        for (&v, (f, b)) in source.iter().zip(of_forward.iter().zip(&of_backward)) {
            add_row(&mut sums.sources[v], &sum(f, b));
        }
    }
}

/// The weights of the encoder that leaves its last state, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct LastState {
    /// W_v, (V_s, D).
    pub sources: Matrix,
    /// Reads from the first word to the last.
    pub forward: Layer,
    /// W'_s, (H, H).
    pub start: Matrix,
}

impl LastState {
    /// What the layer did at each word.
    pub fn run(&self, source: &[usize]) -> Vec<Step> {
        let words: Vec<_> = source.iter().map(|&v| &self.sources[v]).collect();
        self.forward.run(&words)
    }
}

impl Encoder for LastState {
    fn read(&self, source: &[usize]) -> Read {
        let steps = self.run(source);
        let last = &steps[source.len() - 1].hidden;
        Read {
            annotations: vec![last.clone()],
            start: start(last, &self.start),
        }
    }

    fn read_back(&self, source: &[usize], d: &Read, sums: &mut Self) {
        let steps = self.run(source);
        let last = &steps[source.len() - 1].hidden;
        let h_0 = start(last, &self.start);
        let of_start = start_back(last, &self.start, (&h_0, &d.start), &mut sums.start);
        let d_last = sum(&d.annotations[0], &of_start);
        let none = vec![0.0; d_last.len()];
        let mut d_states = vec![&none[..]; source.len()];
        d_states[source.len() - 1] = &d_last;
        let words: Vec<_> = source.iter().map(|&v| &self.sources[v]).collect();
        let d_words = self
            .forward
            .back(&words, &steps, &d_states, &mut sums.forward);
        for (&v, d) in source.iter().zip(&d_words) {
            add_row(&mut sums.sources[v], d);
        }
    }
}

/// k_j = h_j U_a (10.2).
pub fn keys(annotations: &Matrix, u_a: &Matrix) -> Matrix {
    annotations.iter().map(|h| times(h, u_a)).collect()
}

/// g_{tj} = tanh(u_t + k_j) for each word (10.2), from the query u_t = h'_{t−1} W_q.
pub fn squashed(query: &[f64], keys: &Matrix) -> Matrix {
    keys.iter().map(|key| tanh(&sum(query, key))).collect()
}

/// e_{tj} = g_{tj} v_aᵀ for each word (10.2).
pub fn scores(squashed: &Matrix, v_a: &[f64]) -> Vec<f64> {
    squashed.iter().map(|g| dot(g, v_a)).collect()
}

/// The softmax: α_{tj} of the scores of one step (10.3), or the probabilities of the words (10.8).
pub fn weights(scores: &[f64]) -> Vec<f64> {
    let top = scores.iter().copied().largest(f64::NEG_INFINITY);
    let all: Vec<f64> = scores.iter().map(|e| (e - top).exp()).collect();
    let sum: f64 = all.iter().sum();
    all.iter().map(|e| e / sum).collect()
}

/// c_t = Σ_j α_{tj} h_j (10.4).
pub fn context(weights: &[f64], annotations: &Matrix) -> Vec<f64> {
    let mut c = vec![0.0; annotations[0].len()];
    for (weight, h) in weights.iter().zip(annotations) {
        add_row(&mut c, &scaled(*weight, h));
    }
    c
}

/// ∂c_t/∂e_{tj} = α_{tj} (h_j − c_t), a row for each word (10.9).
pub fn moves(weights: &[f64], annotations: &Matrix, context: &[f64]) -> Matrix {
    let each = weights.iter().zip(annotations);
    each.map(|(weight, h)| {
        let apart = h.iter().zip(context).map(|(h, c)| h - c);
        apart.map(|x| weight * x).collect()
    })
    .collect()
}

/// ē_{tj} = α_{tj} (h_j − c_t) c̄_tᵀ for each word (10.10).
pub fn scores_back(
    weights: &[f64],
    annotations: &Matrix,
    context: &[f64],
    d_context: &[f64],
) -> Vec<f64> {
    let moves = moves(weights, annotations, context);
    moves.iter().map(|row| dot(row, d_context)).collect()
}

/// δ^g_{tj} = ē_{tj} v_a ⊙ (1 − g_{tj} ⊙ g_{tj}) for each word: the error at the sum of query and key.
pub fn squashed_back(squashed: &Matrix, d_scores: &[f64], v_a: &[f64]) -> Matrix {
    let each = squashed.iter().zip(d_scores);
    each.map(|(g, d)| tanh_back(g, &scaled(*d, v_a))).collect()
}

/// The first two terms of (10.11): Σ_t α_{tj} c̄_t + k̄_j U_aᵀ for each word. `weights` has a row for each
/// step.
pub fn annotations_back(
    weights: &Matrix,
    d_contexts: &Matrix,
    d_keys: &Matrix,
    u_a: &Matrix,
) -> Matrix {
    let one = |(j, d_key): (usize, &Vec<f64>)| {
        let mut d_h = back(d_key, u_a);
        for (row, d_c) in weights.iter().zip(d_contexts) {
            add_row(&mut d_h, &scaled(row[j], d_c));
        }
        d_h
    };
    d_keys.iter().enumerate().map(one).collect()
}

/// v̄_a where v_a is zero (10.13), from the annotations of a source, c̄_t and g_{tj} of each step.
pub fn first_scores(
    annotations: &Matrix,
    d_contexts: &Matrix,
    squashed: &[Matrix],
) -> Vec<f64> {
    let even = 1.0 / annotations.len() as f64;
    let mean = context(&vec![even; annotations.len()], annotations);
    let mut d_v = vec![0.0; squashed[0][0].len()];
    for (d_c, of_step) in d_contexts.iter().zip(squashed) {
        for (h, g) in annotations.iter().zip(of_step) {
            let apart: Vec<f64> = h.iter().zip(&mean).map(|(h, m)| h - m).collect();
            add_row(&mut d_v, &scaled(even * dot(&apart, d_c), g));
        }
    }
    d_v
}

/// The weights of the decoder, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoder {
    /// W_w, (V, D).
    pub words: Matrix,
    /// W'_x, (D, 3H).
    pub word_nets: Matrix,
    /// b', 3H.
    pub bias: Vec<f64>,
    /// U'_r, U'_z and U'_n, (H, H) each.
    pub recurrent: Three<Matrix>,
    /// W_q, (H, K).
    pub query: Matrix,
    /// U_a, (A, K).
    pub keys: Matrix,
    /// v_a, K.
    pub score: Vec<f64>,
    /// W_c, (A, 3H).
    pub context_nets: Matrix,
    /// Q_h, (H, 2M).
    pub state_pieces: Matrix,
    /// Q_w, (D, 2M).
    pub word_pieces: Matrix,
    /// Q_c, (A, 2M).
    pub context_pieces: Matrix,
    /// W_o, (M, V).
    pub output: Matrix,
}

/// What the attention did at a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Attended {
    /// g_{tj}, a row for each word.
    pub squashed: Matrix,
    /// e_{tj}.
    pub scores: Vec<f64>,
    /// α_{tj}.
    pub weights: Vec<f64>,
    /// c_t.
    pub context: Vec<f64>,
}

/// A run of the decoder over a target.
#[derive(Debug, Clone)]
pub struct Run {
    /// The word before, and the word that is due.
    pub steps: Vec<(usize, usize)>,
    /// What the attention did at each step.
    pub attended: Vec<Attended>,
    /// What the unit did at each step.
    pub units: Vec<Step>,
    /// q_t, 2M pieces of each step.
    pub pieces: Matrix,
    /// y_t, what maxout leaves of them.
    pub readouts: Matrix,
    /// p_t.
    pub probabilities: Matrix,
}

/// What the way back through a run finds besides the gradients of the weights.
#[derive(Debug, Clone)]
pub struct RunBack {
    /// Of the annotations, the first two terms of (10.11), and h̄'_0.
    pub read: Read,
    /// c̄_t of each step.
    pub contexts: Matrix,
    /// ē_{tj}, a row for each step.
    pub scores: Matrix,
    /// δ^g_{tj}, for each step a row for each word.
    pub squashed: Vec<Matrix>,
    /// k̄_j.
    pub keys: Matrix,
    /// δ_t of each step.
    pub nets: Matrix,
}

impl Decoder {
    /// Weights and context of a step (10.2) to (10.4), from the state before it.
    pub fn attend(&self, annotations: &Matrix, keys: &Matrix, state: &[f64]) -> Attended {
        let squashed = squashed(&times(state, &self.query), keys);
        let scores = scores(&squashed, &self.score);
        let weights = weights(&scores);
        let context = context(&weights, annotations);
        Attended {
            squashed,
            scores,
            weights,
            context,
        }
    }

    /// a_t = W_w\[w_{t−1}\] W'_x + c_t W_c + b' (10.6).
    pub fn nets(&self, before: usize, context: &[f64]) -> Vec<f64> {
        let mut nets = times(&self.words[before], &self.word_nets);
        add_row(&mut nets, &times(context, &self.context_nets));
        add_row(&mut nets, &self.bias);
        nets
    }

    /// q_t = h'_{t−1} Q_h + W_w\[w_{t−1}\] Q_w + c_t Q_c (10.7).
    pub fn pieces(&self, state: &[f64], before: usize, context: &[f64]) -> Vec<f64> {
        let mut pieces = times(state, &self.state_pieces);
        add_row(&mut pieces, &times(&self.words[before], &self.word_pieces));
        add_row(&mut pieces, &times(context, &self.context_pieces));
        pieces
    }

    /// All steps of a target.
    pub fn run(&self, read: &Read, steps: &[(usize, usize)]) -> Run {
        let keys = keys(&read.annotations, &self.keys);
        let mut run = Run {
            steps: steps.to_vec(),
            attended: Vec::new(),
            units: Vec::new(),
            pieces: Matrix::new(),
            readouts: Matrix::new(),
            probabilities: Matrix::new(),
        };
        let mut h = read.start.clone();
        for &(before, _) in steps {
            let attended = self.attend(&read.annotations, &keys, &h);
            let c = &attended.context;
            let pieces = self.pieces(&h, before, c);
            let readout = maxout(&pieces);
            // (10.8).
            run.probabilities
                .push(weights(&times(&readout, &self.output)));
            let unit = unit(&self.recurrent, &self.nets(before, c), &h);
            h.clone_from(&unit.hidden);
            run.units.push(unit);
            run.pieces.push(pieces);
            run.readouts.push(readout);
            run.attended.push(attended);
        }
        run
    }

    /// The way back through a run, (10.10) to (10.12), from what the last state gets from elsewhere. The
    /// gradients of the weights are added to `sums`.
    pub fn back(
        &self,
        annotations: &Matrix,
        run: &Run,
        d_last: &[f64],
        sums: &mut Decoder,
    ) -> RunBack {
        let (count, width) = (run.steps.len(), self.score.len());
        let mut contexts = vec![Vec::new(); count];
        let mut scores = vec![Vec::new(); count];
        let mut squashed = vec![Matrix::new(); count];
        let mut nets = vec![Vec::new(); count];
        let mut keys = zeros(annotations.len(), width);
        let mut d_h = d_last.to_vec();
        for (t, &(before, due)) in run.steps.iter().enumerate().rev() {
            let (attended, step) = (&run.attended[t], &run.units[t]);
            let (state, word) = (&step.before, &self.words[before]);
            // The outputs: p_t − d_t, and all of ȳ_t to the larger piece.
            let mut error = run.probabilities[t].clone();
            error[due] -= 1.0;
            outer(&mut sums.output, &run.readouts[t], &error);
            let d_pieces = maxout_back(&run.pieces[t], &back(&error, &self.output));
            outer(&mut sums.state_pieces, state, &d_pieces);
            outer(&mut sums.word_pieces, word, &d_pieces);
            outer(&mut sums.context_pieces, &attended.context, &d_pieces);
            // The unit.
            let (u, of_unit) = (&self.recurrent, &mut sums.recurrent);
            let (delta, through_unit) = unit_back(u, step, &d_h, of_unit);
            outer(&mut sums.word_nets, word, &delta);
            outer(&mut sums.context_nets, &attended.context, &delta);
            add_row(&mut sums.bias, &delta);
            let d_word = &mut sums.words[before];
            add_row(d_word, &back(&delta, &self.word_nets));
            add_row(d_word, &back(&d_pieces, &self.word_pieces));
            // (10.10).
            let mut d_context = back(&delta, &self.context_nets);
            add_row(&mut d_context, &back(&d_pieces, &self.context_pieces));
            let (weights, c) = (&attended.weights, &attended.context);
            let d_scores = scores_back(weights, annotations, c, &d_context);
            let errors = squashed_back(&attended.squashed, &d_scores, &self.score);
            let mut d_query = vec![0.0; width];
            for (j, error) in errors.iter().enumerate() {
                add_row(&mut keys[j], error);
                add_row(&mut d_query, error);
                let g = &attended.squashed[j];
                add_row(&mut sums.score, &scaled(d_scores[j], g));
            }
            outer(&mut sums.query, state, &d_query);
            // (10.12): by the unit, by the word, by the scores.
            d_h = through_unit;
            add_row(&mut d_h, &back(&d_pieces, &self.state_pieces));
            add_row(&mut d_h, &back(&d_query, &self.query));
            (contexts[t], scores[t], squashed[t], nets[t]) =
                (d_context, d_scores, errors, delta);
        }
        for (h, d_key) in annotations.iter().zip(&keys) {
            outer(&mut sums.keys, h, d_key);
        }
        let weights: Matrix = run.attended.iter().map(|a| a.weights.clone()).collect();
        RunBack {
            read: Read {
                annotations: annotations_back(&weights, &contexts, &keys, &self.keys),
                start: d_h,
            },
            contexts,
            scores,
            squashed,
            keys,
            nets,
        }
    }
}

impl Run {
    /// E = −Σ_t ln p_t(w_t), the end with it (10.8).
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
    let read = encoder.read(source);
    let run = decoder.run(&read, &steps(target, true));
    // Nothing reads the last state.
    let none = vec![0.0; read.start.len()];
    let found = decoder.back(&read.annotations, &run, &none, sums.1);
    encoder.read_back(source, &found.read, sums.0);
    run.loss()
}

/// Steps from a source word to a target word (10.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lags {
    /// By the forward layer's last state, handed over at the start.
    pub forward: usize,
    /// By the backward layer's last state, handed over at the start.
    pub backward: usize,
    /// By a summary that each step is shown.
    pub summary: usize,
    /// By the word's own annotation.
    pub attention: usize,
}

/// From source word j of S to target word t, both counted from 1 (10.14).
///
/// # Panics
/// When j is not among 1 to S, or t is 0.
pub fn lags(words: usize, j: usize, t: usize) -> Lags {
    assert!(
        (1..=words).contains(&j) && t > 0,
        "word {j} of {words}, to {t}"
    );
    Lags {
        forward: words - j + t,
        backward: j + t - 1,
        summary: words - j + 1,
        attention: 1,
    }
}

/// Multiplications on the way forward of one pair (10.15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// S A K.
    pub keys: usize,
    /// (T + 1) H K.
    pub queries: usize,
    /// S (T + 1) (K + A): the scores and the contexts.
    pub each: usize,
}

/// Of a source of S words and so many steps, T + 1, with annotations of A, keys of K and states of H values
/// (10.15).
pub fn cost(words: usize, steps: usize, [a, k, h]: [usize; 3]) -> Cost {
    Cost {
        keys: words * a * k,
        queries: steps * h * k,
        each: words * steps * (k + a),
    }
}

/// The source word of the largest weight, counted from 0; of equal ones the first (10.16).
///
/// # Panics
/// When there are no weights.
pub fn link(weights: &[f64]) -> usize {
    let mut best = 0;
    for (j, weight) in weights.iter().enumerate() {
        if *weight > weights[best] {
            best = j;
        }
    }
    assert!(best < weights.len(), "a source has words");
    best
}

/// Target word and source word of each link, from 0, of weights that have a row for each target word and
/// one for the end, which makes no link (10.16).
pub fn links(weights: &Matrix) -> Vec<(usize, usize)> {
    let words = weights.len().saturating_sub(1);
    let each = weights[..words].iter().enumerate();
    each.map(|(t, row)| (t, link(row))).collect()
}

/// The alignment error rate (10.16). Sure links are possible ones too.
pub fn error_rate(
    found: &[(usize, usize)],
    sure: &BTreeSet<(usize, usize)>,
    possible: &BTreeSet<(usize, usize)>,
) -> f64 {
    let among = |right: &BTreeSet<(usize, usize)>| {
        found.iter().filter(|link| right.contains(link)).count()
    };
    let right = among(sure) + among(possible);
    1.0 - right as f64 / (found.len() + sure.len()) as f64
}
