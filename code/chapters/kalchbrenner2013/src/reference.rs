// SPDX-License-Identifier: MIT OR Apache-2.0
//! The language model and both translation models, one pair of sentences at a time, by hand in
//! `f64`: what the page derives, in the order in which it does, forward and the whole way back. The
//! models that train are held against this.
use super::model::{END, FEWER, PAD, START};

/// A matrix, row by row. Of a sentence a row is one of its columns.
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

/// to ← to + x ⊙ y.
pub fn add(to: &mut [f64], x: &[f64], y: &[f64]) {
    for (to, (x, y)) in to.iter_mut().zip(x.iter().zip(y)) {
        *to += x * y;
    }
}

/// to ← to + x.
fn add_row(to: &mut [f64], x: &[f64]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += x);
}

/// σ of each.
pub fn logistic(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect()
}

/// The error before the logistic function, from what came out and its error.
pub fn slope(y: &[f64], d_y: &[f64]) -> Vec<f64> {
    let each = y.iter().zip(d_y);
    each.map(|(y, d)| d * y * (1.0 - y)).collect()
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let all: f64 = scores.iter().map(|a| a.exp()).sum();
    scores.iter().map(|a| a.exp() / all).collect()
}

/// The steps of a target: the word before each word, and the word. With an end after it, (7.1),
/// where the model has ends.
pub fn steps(target: &[usize], ends: bool) -> Vec<(usize, usize)> {
    let before = [START].into_iter().chain(target.iter().copied());
    let due = target.iter().copied().chain(ends.then_some(END));
    before.zip(due).collect()
}

/// W_w, W_h and W_o of the language model, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Language {
    /// W_w, (V, H).
    pub words: Matrix,
    /// W_h, (H, H).
    pub recurrent: Matrix,
    /// W_o, (H, V).
    pub output: Matrix,
}

/// A run over a target.
#[derive(Debug, Clone)]
pub struct Run {
    /// The word before, and the word that is due.
    pub steps: Vec<(usize, usize)>,
    /// h_t of each.
    pub hidden: Matrix,
    /// p_t of each.
    pub probabilities: Matrix,
}

/// W_v, the kernels and the tops of the sentence model, or their gradients.
#[derive(Debug, Clone, PartialEq)]
pub struct Pyramid {
    /// W_v, (V_s, H).
    pub sources: Matrix,
    /// K^(2), K^(3), …, each with a row for each of its places.
    pub kernels: Vec<Matrix>,
    /// L^(2), L^(3), ….
    pub tops: Vec<Matrix>,
}

/// What makes a level from the one below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The kernel of this width.
    Kernel(usize),
    /// The top of this width.
    Top(usize),
}

/// What tells a language model of the source, or its gradients.
pub trait Reader {
    /// Whether the model has ends.
    const ENDS: bool;
    /// c_t W_c of so many steps: what is added to their net inputs.
    fn told(&self, source: &[usize], steps: usize) -> Matrix;
    /// The way back from the errors δ_t of all steps, added to `sums`.
    fn told_back(&self, source: &[usize], delta: &Matrix, sums: &mut Self);
}

/// Model I.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelOne {
    /// The sentence model.
    pub pyramid: Pyramid,
    /// W_c, (H, H).
    pub condition: Matrix,
}

/// Model II.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelTwo {
    /// W_v, (V_s, H).
    pub sources: Matrix,
    /// K^(2) and K^(3).
    pub kernels: [Matrix; 2],
    /// W_m, (H, H).
    pub map: Matrix,
    /// The kernels of the widths 2 and 3 on the way out.
    pub inverse: [Matrix; 2],
    /// W_c, (H, H).
    pub condition: Matrix,
}

// ANCHOR: forward
impl Language {
    /// All steps of a target, (7.2) and (7.3); with what is told of the
    /// source, (7.8) and (7.18).
    pub fn run(&self, steps: &[(usize, usize)], told: &Matrix) -> Run {
        let (mut hidden, mut probabilities) = (Matrix::new(), Matrix::new());
        let mut h = vec![0.0; self.recurrent.len()];
        for (&(before, _), told) in steps.iter().zip(told) {
            let mut net = times(&h, &self.recurrent);
            add_row(&mut net, &self.words[before]);
            add_row(&mut net, told);
            h = logistic(&net);
            probabilities.push(softmax(&times(&h, &self.output)));
            hidden.push(h.clone());
        }
        Run {
            steps: steps.to_vec(),
            hidden,
            probabilities,
        }
    }
}

impl Run {
    /// E, minus the logarithm of the product (7.1).
    pub fn loss(&self) -> f64 {
        let steps = self.steps.iter().zip(&self.probabilities);
        -steps.map(|(&(_, due), p)| p[due].ln()).sum::<f64>()
    }
}

/// A level from the one below, by a kernel that fits: (7.5).
pub fn narrow(kernel: &Matrix, x: &Matrix) -> Matrix {
    let column = |j: usize| {
        let mut net = vec![0.0; x[0].len()];
        for (n, k) in kernel.iter().enumerate() {
            add(&mut net, k, &x[j + n]);
        }
        logistic(&net)
    };
    (0..=x.len() - kernel.len()).map(column).collect()
}

/// What a source of so many words goes through: kernels while they fit
/// (7.6), then a top where more than one column is left (7.7).
pub fn levels(words: usize) -> Vec<Level> {
    let (mut columns, mut width) = (words, 2);
    let mut levels = Vec::new();
    while columns >= width {
        levels.push(Level::Kernel(width));
        columns -= width - 1;
        width += 1;
    }
    if columns > 1 {
        levels.push(Level::Top(columns));
    }
    levels
}

impl Pyramid {
    fn weights(&self, level: Level) -> &Matrix {
        match level {
            Level::Kernel(width) => &self.kernels[width - 2],
            Level::Top(width) => &self.tops[width - 2],
        }
    }

    /// The columns of all levels; the last level is c alone.
    pub fn columns(&self, source: &[usize]) -> Vec<Matrix> {
        let words = source.iter().map(|&v| self.sources[v].clone());
        let mut all: Vec<Matrix> = vec![words.collect()];
        for (below, level) in levels(source.len()).into_iter().enumerate() {
            all.push(narrow(self.weights(level), &all[below]));
        }
        all
    }
}

/// The columns of a wide convolution (7.17): column l is in the places n of
/// the columns j = l + n − 1.
pub fn wide(kernel: &Matrix, x: &Matrix) -> Matrix {
    let mut nets = zeros(x.len() + kernel.len() - 1, x[0].len());
    for (l, x) in x.iter().enumerate() {
        for (n, k) in kernel.iter().enumerate() {
            add(&mut nets[l + n], k, x);
        }
    }
    nets.iter().map(|net| logistic(net)).collect()
}

/// What model II makes of a source on the way to T words.
pub struct Columns {
    /// The source words that are read, four at least.
    pub words: Vec<usize>,
    /// X^(1), X^(2), X^(3).
    pub levels: [Matrix; 3],
    /// G_j, T − 3 of them.
    pub grams: Matrix,
    /// F_j.
    pub mapped: Matrix,
    /// T − 1 columns, and T: c_t.
    pub out: [Matrix; 2],
}

impl ModelTwo {
    /// From the source to c_t of each of so many steps.
    pub fn columns(&self, source: &[usize], steps: usize) -> Columns {
        // Fewer than four are filled up to four.
        let steps = steps.max(FEWER + 1);
        let mut words = source.to_vec();
        words.truncate(steps);
        while words.len() <= FEWER {
            words.push(PAD);
        }
        let one = words.iter().map(|&v| self.sources[v].clone()).collect();
        let two = narrow(&self.kernels[0], &one);
        // (7.14), and (7.16): zeros behind.
        let three = narrow(&self.kernels[1], &two);
        let mut grams = three.clone();
        grams.resize(steps - FEWER, vec![0.0; self.map.len()]);
        // (7.15).
        let mapped = grams.iter().map(|g| logistic(&times(g, &self.map)));
        let mapped = mapped.collect();
        // (7.17), of the widths 3 and 2.
        let first = wide(&self.inverse[1], &mapped);
        let second = wide(&self.inverse[0], &first);
        Columns {
            words,
            levels: [one, two, three],
            grams,
            mapped,
            out: [first, second],
        }
    }
}
// ANCHOR_END: forward

// ANCHOR: backward
impl Language {
    /// The way back through a run: δ_t of each step (7.10). The gradients of
    /// the weights are added to `sums`.
    pub fn back(&self, run: &Run, sums: &mut Language) -> Matrix {
        let units = self.recurrent.len();
        let mut all = zeros(run.steps.len(), units);
        let mut delta = vec![0.0; units];
        for (t, &(before, due)) in run.steps.iter().enumerate().rev() {
            // (7.9): p_t − d_t.
            let mut error = run.probabilities[t].clone();
            error[due] -= 1.0;
            outer(&mut sums.output, &run.hidden[t], &error);
            // (7.10).
            let mut d_h = back(&delta, &self.recurrent);
            add_row(&mut d_h, &back(&error, &self.output));
            delta = slope(&run.hidden[t], &d_h);
            if t > 0 {
                outer(&mut sums.recurrent, &run.hidden[t - 1], &delta);
            }
            add_row(&mut sums.words[before], &delta);
            all[t].clone_from(&delta);
        }
        all
    }
}

/// The way back through [`narrow`], (7.12): from the columns y and their
/// gradients to those of x; the kernel's are added to `sums`.
pub fn narrow_back(
    kernel: &Matrix,
    x: &Matrix,
    (y, d_y): (&Matrix, &Matrix),
    sums: &mut Matrix,
) -> Matrix {
    let mut d_x = zeros(x.len(), x[0].len());
    for (j, (y, d_y)) in y.iter().zip(d_y).enumerate() {
        let d = slope(y, d_y);
        for n in 0..kernel.len() {
            add(&mut sums[n], &d, &x[j + n]);
            add(&mut d_x[j + n], &d, &kernel[n]);
        }
    }
    d_x
}

/// The way back through [`wide`], which is the plain sum of (7.5).
pub fn wide_back(
    kernel: &Matrix,
    x: &Matrix,
    (y, d_y): (&Matrix, &Matrix),
    sums: &mut Matrix,
) -> Matrix {
    let mut d_x = zeros(x.len(), x[0].len());
    for (j, (y, d_y)) in y.iter().zip(d_y).enumerate() {
        let d = slope(y, d_y);
        for n in 0..kernel.len() {
            // Terms outside are zero.
            if let Some(l) = j.checked_sub(n).filter(|&l| l < x.len()) {
                add(&mut sums[n], &d, &x[l]);
                add(&mut d_x[l], &d, &kernel[n]);
            }
        }
    }
    d_x
}

/// Row k of a table's gradient is the sum over the places of word k.
fn rows_back(words: &[usize], d_x: &Matrix, sums: &mut Matrix) {
    for (&word, d_x) in words.iter().zip(d_x) {
        add_row(&mut sums[word], d_x);
    }
}

impl Reader for ModelOne {
    const ENDS: bool = true;

    /// c W_c at each step (7.8).
    fn told(&self, source: &[usize], steps: usize) -> Matrix {
        let columns = self.pyramid.columns(source);
        let c = &columns[columns.len() - 1][0];
        vec![times(c, &self.condition); steps]
    }

    /// (7.11) for model I, then level after level (7.12).
    fn told_back(&self, source: &[usize], delta: &Matrix, sums: &mut Self) {
        let columns = self.pyramid.columns(source);
        let c = &columns[columns.len() - 1][0];
        let mut d_c = vec![0.0; c.len()];
        for delta in delta {
            add_row(&mut d_c, &back(delta, &self.condition));
            outer(&mut sums.condition, c, delta);
        }
        let mut d_x = vec![d_c];
        for (n, &level) in levels(source.len()).iter().enumerate().rev() {
            let (x, y) = (&columns[n], &columns[n + 1]);
            let of_level = match level {
                Level::Kernel(width) => &mut sums.pyramid.kernels[width - 2],
                Level::Top(width) => &mut sums.pyramid.tops[width - 2],
            };
            let kernel = self.pyramid.weights(level);
            d_x = narrow_back(kernel, x, (y, &d_x), of_level);
        }
        rows_back(source, &d_x, &mut sums.pyramid.sources);
    }
}

impl Reader for ModelTwo {
    const ENDS: bool = false;

    /// c_t W_c (7.18).
    fn told(&self, source: &[usize], steps: usize) -> Matrix {
        let columns = self.columns(source, steps);
        let told = columns.out[1].iter().take(steps);
        told.map(|c| times(c, &self.condition)).collect()
    }

    /// (7.11) for model II, both wide convolutions, the map, and (7.12).
    fn told_back(&self, source: &[usize], delta: &Matrix, sums: &mut Self) {
        let columns = self.columns(source, delta.len());
        let [first, second] = &columns.out;
        let mut d_c = zeros(second.len(), second[0].len());
        for (t, delta) in delta.iter().enumerate() {
            d_c[t] = back(delta, &self.condition);
            outer(&mut sums.condition, &second[t], delta);
        }
        let [two, three] = &self.inverse;
        let [of_two, of_three] = &mut sums.inverse;
        let d_first = wide_back(two, first, (second, &d_c), of_two);
        let mapped = &columns.mapped;
        let d_mapped = wide_back(three, mapped, (first, &d_first), of_three);
        let mut d_grams = Matrix::new();
        for (j, g) in columns.grams.iter().enumerate() {
            let d = slope(&mapped[j], &d_mapped[j]);
            outer(&mut sums.map, g, &d);
            d_grams.push(back(&d, &self.map));
        }
        let [one, two, three] = &columns.levels;
        // Zeros that were put behind give nothing.
        d_grams.truncate(three.len());
        let [of_two, of_three] = &mut sums.kernels;
        let of_grams = (three, &d_grams);
        let d_two = narrow_back(&self.kernels[1], two, of_grams, of_three);
        let d_one = narrow_back(&self.kernels[0], one, (two, &d_two), of_two);
        rows_back(&columns.words, &d_one, &mut sums.sources);
    }
}

/// E of one pair and the gradients of all weights, added to `sums`.
pub fn gradient<R: Reader>(
    (language, reader): (&Language, &R),
    (source, target): (&[usize], &[usize]),
    sums: (&mut Language, &mut R),
) -> f64 {
    let steps = steps(target, R::ENDS);
    let told = reader.told(source, steps.len());
    let run = language.run(&steps, &told);
    let delta = language.back(&run, sums.0);
    reader.told_back(source, &delta, sums.1);
    run.loss()
}
// ANCHOR_END: backward
