// SPDX-License-Identifier: MIT OR Apache-2.0
//! One answer to each exercise.

use super::{Answers, Component, Lags, Next, Unfinished, Way};

/// The answers as a set.
pub const ANSWERS: Answers = Answers {
    lags,
    clip,
    beam_step,
    stops,
    ensemble,
    rescore,
    component,
};

/// **lags** (★, 15 minutes). The time lags of the words of a source, one at least, when it is read
/// forward or reversed. `places` has for each source word, in the order of the source, the place of
/// its translation in the target, counted from 1.
pub fn lags(places: &[usize], reversed: bool) -> Lags {
    let words = places.len();
    let lag = |(before, place): (usize, &usize)| {
        let read = match reversed {
            true => words - before,
            false => before + 1,
        };
        words + place - read
    };
    let each: Vec<usize> = places.iter().enumerate().map(lag).collect();
    let least = each.iter().copied().min().unwrap_or(0);
    let mean = each.iter().sum::<usize>() as f64 / words as f64;
    Lags { each, least, mean }
}

/// The sum of products, entry by entry.
fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The mean of rows.
fn mean(rows: &[Vec<f64>]) -> Vec<f64> {
    let mut mean = vec![0.0; rows[0].len()];
    for row in rows {
        for (mean, value) in mean.iter_mut().zip(row) {
            *mean += value / rows.len() as f64;
        }
    }
    mean
}

/// **clip** (★, 15 minutes). The mean of the gradients of single sentences, one at least, clipped by
/// its norm.
pub fn clip(gradients: &[Vec<f64>], threshold: f64) -> Vec<f64> {
    let mut mean = mean(gradients);
    let norm = product(&mean, &mean).sqrt();
    if norm > threshold {
        mean.iter_mut().for_each(|value| *value *= threshold / norm);
    }
    mean
}

/// **beam_step** (★★, 25 minutes). The `beam` best ways on, the best first, or as many as there are.
/// `scores` has ln p of each unfinished sentence, `next` for each of them ln p of every word that may
/// follow; a word with minus infinity may not. Of equal ways the one from the earlier sentence comes
/// first, then the one with the lower word.
pub fn beam_step(scores: &[f64], next: &[Next], beam: usize) -> Vec<Way> {
    let mut ways = Vec::new();
    for (from, (score, row)) in scores.iter().zip(next).enumerate() {
        for (word, p) in row.iter().enumerate() {
            let score = score + p;
            if score > f64::NEG_INFINITY {
                ways.push(Way { from, word, score });
            }
        }
    }
    // A stable sort leaves equal ways in the order in which they were made.
    ways.sort_by(|a, b| b.score.total_cmp(&a.score));
    ways.truncate(beam);
    ways
}

/// **stops** (★★, 25 minutes). Whether a search may stop: no unfinished sentence can become better
/// than the `best` best finished ones, or there is none. `finished` has what finished sentences are
/// compared by, in any order; `unfinished` has ln p and the number of words of each of the others.
/// Without `longest` sentences are compared by ln p. With it they are compared by ln p divided by the
/// number of words, the end among them, and none has more than `longest`.
pub fn stops(
    finished: &[f64],
    unfinished: &[Unfinished],
    best: usize,
    longest: Option<usize>,
) -> bool {
    let mut finished = finished.to_vec();
    finished.sort_by(|a, b| b.total_cmp(a));
    // ln p can only fall; divided by the most words it falls least.
    let bound = |&(logarithm, _): &Unfinished| match longest {
        Some(longest) => logarithm / longest as f64,
        None => logarithm,
    };
    match finished.get(best - 1) {
        Some(&last) => unfinished.iter().all(|one| bound(one) <= last),
        None => unfinished.is_empty(),
    }
}

/// **ensemble** (★★, 20 minutes). ln p of every word under an ensemble, from ln p of every word under
/// each of its models, one model at least. It must not fail where p is too small for a number, nor
/// where it is zero.
pub fn ensemble(models: &[Vec<f64>]) -> Vec<f64> {
    let word = |word: usize| {
        let mut most = f64::NEG_INFINITY;
        for model in models {
            if most < model[word] {
                most = model[word];
            }
        }
        if most == f64::NEG_INFINITY {
            return most;
        }
        let parts = models.iter().map(|model| (model[word] - most).exp());
        most + (parts.sum::<f64>() / models.len() as f64).ln()
    };
    (0..models[0].len()).map(word).collect()
}

/// **rescore** (★, 10 minutes). Which candidate is chosen, counted from 0, from ln p under another
/// system and ln p under the network of each of them; the first one of equal candidates.
pub fn rescore(candidates: &[(f64, f64)]) -> usize {
    let (mut best, mut most) = (0, f64::NEG_INFINITY);
    for (place, (system, network)) in candidates.iter().enumerate() {
        let score = 0.5 * (system + network);
        if score > most {
            (best, most) = (place, score);
        }
    }
    best
}

/// **component** (★★★, 40 minutes). The first principal component of some rows that are not all the
/// same, by power iteration. Either of its two signs will do.
pub fn component(rows: &[Vec<f64>]) -> Component {
    let mean = mean(rows);
    let centered: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| row.iter().zip(&mean).map(|(x, mean)| x - mean).collect())
        .collect();
    // a Σ, without making Σ: the mean of (x · a) x.
    let times = |a: &[f64]| {
        let mut out = vec![0.0; a.len()];
        for row in &centered {
            let along = product(row, a) / rows.len() as f64;
            for (out, x) in out.iter_mut().zip(row) {
                *out += along * x;
            }
        }
        out
    };
    // Irregular, so that it is at a right angle to no direction by design.
    let start = |place: usize| 0.5 + f64::from(place as u32 + 2).sqrt().fract();
    let mut direction: Vec<f64> = (0..mean.len()).map(start).collect();
    let mut variance = 0.0;
    for _ in 0..10_000 {
        let next = times(&direction);
        let length = product(&next, &next).sqrt();
        direction = next.into_iter().map(|x| x / length).collect();
        let before = variance;
        variance = length;
        if (variance - before).abs() < 1e-15 * variance {
            break;
        }
    }
    let variance = product(&times(&direction), &direction);
    Component {
        direction,
        variance,
    }
}
