// SPDX-License-Identifier: MIT OR Apache-2.0
//! One answer to each exercise.

use super::{Answers, Gradients, Pyramid, Sentence};

/// The answers as a set.
pub const ANSWERS: Answers = Answers {
    columns,
    narrow,
    narrow_back,
    length,
    perplexity,
    adagrad,
};

/// **columns** (★, 15 minutes). What becomes of a source of so many words, one at least: the
/// columns of each level as long as the next kernel fits, the words that one of them sees, and
/// the width of the top.
pub fn columns(words: usize) -> Pyramid {
    let (mut columns, mut fields) = (vec![words], vec![1]);
    let (mut left, mut field, mut width) = (words, 1, 2);
    while left >= width {
        left = left + 1 - width;
        field += width - 1;
        width += 1;
        columns.push(left);
        fields.push(field);
    }
    let top = if left > 1 { left } else { 0 };
    Pyramid {
        columns,
        fields,
        top,
    }
}

/// σ.
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// **narrow** (★★, 20 minutes). One component of the next level: a kernel, at each place where it
/// fits as a whole, and the logistic function. Where it fits nowhere there is no column.
pub fn narrow(kernel: &[f64], x: &[f64]) -> Vec<f64> {
    let sum = |x: &[f64]| kernel.iter().zip(x).map(|(k, x)| k * x).sum();
    x.windows(kernel.len()).map(|x| logistic(sum(x))).collect()
}

/// **narrow_back** (★★★, 40 minutes). The gradients of the kernel and of the columns `x` of
/// exercise `narrow`, from the gradient of what came out.
pub fn narrow_back(kernel: &[f64], x: &[f64], above: &[f64]) -> Gradients {
    let (mut by_kernel, mut by_x) = (vec![0.0; kernel.len()], vec![0.0; x.len()]);
    for (j, (y, bar)) in narrow(kernel, x).iter().zip(above).enumerate() {
        let d = bar * y * (1.0 - y);
        for (n, k) in kernel.iter().enumerate() {
            by_kernel[n] += d * x[j + n];
            by_x[j + n] += d * k;
        }
    }
    (by_kernel, by_x)
}

/// **length** (★★, 20 minutes). What a target of `target` words costs in nats when its source has
/// `source` words: under the Poisson distribution that makes the lengths of the training pairs
/// most probable. Pairs are source length and target length; one at least has this source length,
/// and its target has a word. It must not fail for a thousand words.
pub fn length(pairs: &[(usize, usize)], source: usize, target: usize) -> f64 {
    let of_source = pairs.iter().filter(|pair| pair.0 == source);
    let targets: Vec<f64> = of_source.map(|pair| pair.1 as f64).collect();
    let mean = targets.iter().sum::<f64>() / targets.len() as f64;
    let factorial: f64 = (1..=target).map(|n| (n as f64).ln()).sum();
    mean - target as f64 * mean.ln() + factorial
}

/// **perplexity** (★, 15 minutes). The perplexity of some sentences, of words alone or with their
/// ends.
pub fn perplexity(sentences: &[Sentence], ends: bool) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for (words, end) in sentences {
        let end = ends.then_some(end);
        for logarithm in words.iter().chain(end) {
            sum -= logarithm;
            count += 1;
        }
    }
    (sum / f64::from(count)).exp()
}

/// **adagrad** (★★, 20 minutes). A weight and its sum of squares after an update, from the weight,
/// the sum and the gradient of the loss; then follow η, δ, and the λ of the squares of weights.
pub fn adagrad(w: f64, sum: f64, g: f64, eta: f64, delta: f64, lambda: f64) -> (f64, f64) {
    let g = g + lambda * w;
    let sum = sum + g * g;
    (w - eta * g / (delta + sum.sqrt()), sum)
}
