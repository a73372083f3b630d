// SPDX-License-Identifier: MIT OR Apache-2.0
//! Both stacks, one pair of sentences at a time, by hand in `f64`: what the page derives, in the order
//! in which it does, forward and the whole way back. The model that trains is held against this. Below
//! stand the small formulas of the page: lags, clipping, scores.
use super::model::{Direction, END, START};

/// A matrix, row by row.
pub type Matrix = Vec<Vec<f64>>;

/// So many rows of zeros.
pub fn zeros(rows: usize, width: usize) -> Matrix {
    vec![vec![0.0; width]; rows]
}

/// x W, of a row x.
pub fn times(x: &[f64], w: &Matrix) -> Vec<f64> {
    let mut y = vec![0.0; w.first().map_or(0, Vec::len)];
    for (x, row) in x.iter().zip(w) {
        for (y, w) in y.iter_mut().zip(row) {
            *y += x * w;
        }
    }
    y
}

/// y Wᵀ, of a row y.
pub fn back(y: &[f64], w: &Matrix) -> Vec<f64> {
    let dot = |row: &Vec<f64>| row.iter().zip(y).map(|(w, y)| w * y).sum();
    w.iter().map(dot).collect()
}

/// W̄ ← W̄ + xᵀ y.
pub fn outer(to: &mut Matrix, x: &[f64], y: &[f64]) {
    for (row, x) in to.iter_mut().zip(x) {
        for (w, y) in row.iter_mut().zip(y) {
            *w += x * y;
        }
    }
}

/// to ← to + x.
pub fn add(to: &mut [f64], x: &[f64]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += x);
}

fn logistic(x: &f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The softmax of some scores (9.4).
pub fn softmax(scores: &[f64]) -> Vec<f64> {
    let all: f64 = scores.iter().map(|a| a.exp()).sum();
    scores.iter().map(|a| a.exp() / all).collect()
}

/// What an encoder reads of a source: its words in this order, then the end.
pub fn as_read(source: &[usize], direction: Direction) -> Vec<usize> {
    let mut words = source.to_vec();
    if direction == Direction::Reversed {
        words.reverse();
    }
    words.push(END);
    words
}

/// The steps of a target: the word before each word, and the word; the end is the last.
pub fn steps(target: &[usize]) -> Vec<(usize, usize)> {
    let before = [START].into_iter().chain(target.iter().copied());
    before.zip(target.iter().copied().chain([END])).collect()
}

/// The weights of one layer, or their gradients. Four groups of H columns stand side by side: input
/// gate, forget gate, candidate, output gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// W_x, I×4H.
    pub x: Matrix,
    /// W_h, H×4H.
    pub h: Matrix,
    /// b, 4H.
    pub b: Vec<f64>,
}

/// h and c of one layer, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// h.
    pub h: Vec<f64>,
    /// c.
    pub c: Vec<f64>,
}

impl State {
    /// Of H units.
    pub fn zeros(units: usize) -> Self {
        State {
            h: vec![0.0; units],
            c: vec![0.0; units],
        }
    }
}

/// What one step of a layer keeps for the way back.
#[derive(Debug, Clone)]
pub struct Step {
    /// x_t.
    pub x: Vec<f64>,
    /// h_{t−1} and c_{t−1}.
    pub before: State,
    /// The input gate.
    pub i: Vec<f64>,
    /// The forget gate.
    pub f: Vec<f64>,
    /// The candidate.
    pub g: Vec<f64>,
    /// The output gate.
    pub o: Vec<f64>,
    /// h_t and c_t.
    pub after: State,
}

/// Gradients of what a step is given: of x_t, and of h_{t−1} and c_{t−1}.
pub type Before = (Vec<f64>, State);

/// Layers one on the other, the lowest first.
pub type Stack = Vec<Layer>;

/// The steps of each layer of a stack.
pub type Run = Vec<Vec<Step>>;

/// All weights, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// A row for each source word.
    pub sources: Matrix,
    /// Reads.
    pub encoder: Stack,
    /// A row for each target word.
    pub words: Matrix,
    /// Writes.
    pub decoder: Stack,
    /// W_o, H×V.
    pub output: Matrix,
    /// b_o, V.
    pub bias: Vec<f64>,
}

// ANCHOR: forward
impl Layer {
    /// One step of a layer.
    pub fn step(&self, x: &[f64], before: &State) -> Step {
        let units = self.h.len();
        let mut net = times(x, &self.x);
        add(&mut net, &times(&before.h, &self.h));
        add(&mut net, &self.b);
        let group = |n: usize| &net[n * units..][..units];
        let gate = |n| group(n).iter().map(logistic).collect::<Vec<_>>();
        let (i, f, o) = (gate(0), gate(1), gate(3));
        let g: Vec<f64> = group(2).iter().map(|a| a.tanh()).collect();
        let cell = |j| f[j] * before.c[j] + i[j] * g[j];
        let c: Vec<f64> = (0..units).map(cell).collect();
        let h = (0..units).map(|j| o[j] * c[j].tanh()).collect();
        let (x, before) = (x.to_vec(), before.clone());
        Step {
            x,
            before,
            i,
            f,
            g,
            o,
            after: State { h, c },
        }
    }
}

/// All layers (9.1): each reads the outputs of the one below.
pub fn run(stack: &Stack, inputs: &Matrix, start: &[State]) -> Run {
    let mut all = Run::new();
    let mut inputs = inputs.clone();
    for (layer, start) in stack.iter().zip(start) {
        let (mut state, mut steps) = (start.clone(), Vec::new());
        for x in &inputs {
            let step = layer.step(x, &state);
            state = step.after.clone();
            steps.push(step);
        }
        inputs = steps.iter().map(|step| step.after.h.clone()).collect();
        all.push(steps);
    }
    all
}

/// The states after the last step (9.2); where there is none, the start.
pub fn ends(run: &Run, start: &[State]) -> Vec<State> {
    let last = |(steps, start): (&Vec<Step>, &State)| match steps.last() {
        Some(step) => step.after.clone(),
        None => start.clone(),
    };
    run.iter().zip(start).map(last).collect()
}

/// A pair of sentences, run through the model.
pub struct Pass {
    /// The word before, and the word that is due.
    pub steps: Vec<(usize, usize)>,
    /// The source.
    pub encoder: Run,
    /// The target.
    pub decoder: Run,
    /// p_t of each step.
    pub probabilities: Matrix,
}

impl Model {
    /// Zeros, from which the encoder starts.
    fn nothing(&self) -> Vec<State> {
        let units = |layer: &Layer| State::zeros(layer.h.len());
        self.encoder.iter().map(units).collect()
    }

    /// The sentence vector (9.2) of a source as it is read.
    pub fn encode(&self, source: &[usize]) -> (Run, Vec<State>) {
        let words = source.iter().map(|&v| self.sources[v].clone());
        let start = self.nothing();
        let run = run(&self.encoder, &words.collect(), &start);
        let vector = ends(&run, &start);
        (run, vector)
    }

    /// The decoder starts from the sentence vector (9.3); after each step
    /// every word has its probability (9.4).
    pub fn pass(&self, source: &[usize], steps: &[(usize, usize)]) -> Pass {
        let (encoder, vector) = self.encode(source);
        let words = steps.iter().map(|&(w, _)| self.words[w].clone());
        let decoder = run(&self.decoder, &words.collect(), &vector);
        let top = &decoder[decoder.len() - 1];
        let distribution = |step: &Step| {
            let mut scores = times(&step.after.h, &self.output);
            add(&mut scores, &self.bias);
            softmax(&scores)
        };
        Pass {
            steps: steps.to_vec(),
            probabilities: top.iter().map(distribution).collect(),
            encoder,
            decoder,
        }
    }
}

impl Pass {
    /// −ln p of the target and its end, one term of (9.5).
    pub fn loss(&self) -> f64 {
        let steps = self.steps.iter().zip(&self.probabilities);
        -steps.map(|(&(_, due), p)| p[due].ln()).sum::<f64>()
    }
}
// ANCHOR_END: forward

// ANCHOR: backward
impl Layer {
    /// The way back through one step. `d` has the gradients of h_t and c_t
    /// from all that comes after; out come those of x_t and of the state
    /// before. The weights' gradients are added to `to`.
    pub fn step_back(&self, step: &Step, d: &State, to: &mut Layer) -> Before {
        let (i, f, g, o) = (&step.i, &step.f, &step.g, &step.o);
        let units = d.h.len();
        let flat = |j: usize| step.after.c[j].tanh();
        let d_c = |j: usize| d.c[j] + d.h[j] * o[j] * (1.0 - flat(j) * flat(j));
        let slope = |y: f64| y * (1.0 - y);
        let before = &step.before.c;
        let each = 0..units;
        let mut net = Vec::with_capacity(4 * units);
        net.extend(each.clone().map(|j| d_c(j) * g[j] * slope(i[j])));
        net.extend(each.clone().map(|j| d_c(j) * before[j] * slope(f[j])));
        net.extend(each.clone().map(|j| d_c(j) * i[j] * (1.0 - g[j] * g[j])));
        net.extend(each.clone().map(|j| d.h[j] * flat(j) * slope(o[j])));
        outer(&mut to.x, &step.x, &net);
        outer(&mut to.h, &step.before.h, &net);
        add(&mut to.b, &net);
        let state = State {
            h: back(&net, &self.h),
            c: each.map(|j| d_c(j) * f[j]).collect(),
        };
        (back(&net, &self.x), state)
    }
}

/// The way back through a stack: `d_top` has the gradients of the top's h_t,
/// `d_end` those of the states after the last step. Out come the gradients
/// of the inputs and of the start of each layer.
pub fn run_back(
    stack: &Stack,
    run: &Run,
    d_top: Matrix,
    d_end: &[State],
    sums: &mut Stack,
) -> (Matrix, Vec<State>) {
    let mut from_above = d_top;
    let mut d_start = d_end.to_vec();
    for l in (0..stack.len()).rev() {
        let mut d_inputs = Matrix::new();
        for (step, above) in run[l].iter().zip(&from_above).rev() {
            add(&mut d_start[l].h, above);
            let (layer, to) = (&stack[l], &mut sums[l]);
            let (d_x, before) = layer.step_back(step, &d_start[l], to);
            d_start[l] = before;
            d_inputs.push(d_x);
        }
        d_inputs.reverse();
        from_above = d_inputs;
    }
    (from_above, d_start)
}

impl Model {
    /// −ln p of one pair, whose source is given as it is read, and the
    /// gradients of all weights, added to `sums`. Out comes the gradient of
    /// the sentence vector too: all that the encoder hears of the target,
    /// (9.8).
    pub fn gradient(
        &self,
        source: &[usize],
        steps: &[(usize, usize)],
        sums: &mut Model,
    ) -> (f64, Vec<State>) {
        let pass = self.pass(source, steps);
        let top = &pass.decoder[self.decoder.len() - 1];
        let mut d_top = Matrix::new();
        let found = top.iter().zip(&pass.probabilities);
        for ((step, p), &(_, due)) in found.zip(steps) {
            let mut error = p.clone();
            error[due] -= 1.0;
            outer(&mut sums.output, &step.after.h, &error);
            add(&mut sums.bias, &error);
            d_top.push(back(&error, &self.output));
        }
        // After the last target word there is nothing.
        let none = self.nothing();
        let (all, run, to) = (&self.decoder, &pass.decoder, &mut sums.decoder);
        let (d_words, d_vector) = run_back(all, run, d_top, &none, to);
        // What the encoder's top says at its steps is not looked at (9.8).
        let silent = zeros(source.len(), self.output.len());
        let (all, run, to) = (&self.encoder, &pass.encoder, &mut sums.encoder);
        let (d_sources, _) = run_back(all, run, silent, &d_vector, to);
        for (&(word, _), d) in steps.iter().zip(&d_words) {
            add(&mut sums.words[word], d);
        }
        for (&word, d) in source.iter().zip(&d_sources) {
            add(&mut sums.sources[word], d);
        }
        (pass.loss(), d_vector)
    }
}
// ANCHOR_END: backward

// ANCHOR: lags
/// The time lag of each source word, in steps: from the one that reads it to
/// the one that gives its translation a probability, which stands at the
/// place `places[i]` of the target, counted from 1. Read forward (9.6),
/// reversed (9.7).
///
/// Where an end is read behind the source, as [`Direction::arrange`] has it,
/// each lag is longer by that step.
pub fn lags(places: &[usize], direction: Direction) -> Vec<usize> {
    let words = places.len();
    let lag = |(i, place): (usize, &usize)| match direction {
        Direction::Forward => words + place - i,
        Direction::Reversed => place + i - 1,
    };
    (1..).zip(places).map(lag).collect()
}
// ANCHOR_END: lags

/// A gradient longer than the threshold is scaled to it (9.9): s = ‖g‖₂, and g ← 5g/s where s > 5.
pub fn clip(gradient: &mut [f64], threshold: f64) {
    let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    if norm > threshold {
        gradient.iter_mut().for_each(|g| *g *= threshold / norm);
    }
}

/// What a hypothesis of a beam is compared by (9.10): ln p of its words together, however many there
/// are.
pub fn score(words: &[f64]) -> f64 {
    words.iter().sum()
}

/// What a candidate of another system is compared by (9.12): the even average of that system's score
/// and of ln p.
pub fn even_average(theirs: f64, log_probability: f64) -> f64 {
    (theirs + log_probability) / 2.0
}
