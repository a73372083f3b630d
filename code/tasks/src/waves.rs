// SPDX-License-Identifier: MIT OR Apache-2.0
//! Raw sound, a few samples at a time: see some, predict the next. Sequences cut from recordings,
//! sequences made without any, and the answers that need no network.
use crate::random::unit;
use rand_chacha::ChaCha8Rng;

/// A set of sequences of samples, all of one length, scaled so that the training samples have mean
/// 0 and variance 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Waves {
    /// To learn from.
    pub train: Vec<Vec<f32>>,
    /// To choose by.
    pub valid: Vec<Vec<f32>>,
    /// To be judged by.
    pub test: Vec<Vec<f32>>,
}

/// How a sequence becomes steps: at each, `seen` samples are read and the `predicted` after them
/// are told; then both move on by `predicted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Samples that are read.
    pub seen: usize,
    /// Samples that are told.
    pub predicted: usize,
}

impl Cut {
    /// Steps of a sequence of this many samples.
    pub fn steps(self, samples: usize) -> usize {
        samples.saturating_sub(self.seen) / self.predicted
    }

    /// All that is read and all that is told, step after step.
    pub fn rows(self, samples: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let starts = (0..self.steps(samples.len())).map(|t| t * self.predicted);
        let read = starts.clone().flat_map(|s| &samples[s..s + self.seen]);
        let told = starts.flat_map(|s| &samples[s + self.seen..][..self.predicted]);
        (read.copied().collect(), told.copied().collect())
    }
}

/// Sequences of `length` samples from recordings, one after the other, without those that are
/// silent: whose root mean square is below `quiet`. Of each recording at most `most`, from its
/// beginning on.
pub fn windows(recording: &[i16], length: usize, quiet: f64, most: usize) -> Vec<Vec<f32>> {
    let loud = |window: &&[i16]| {
        let squares = window.iter().map(|&s| f64::from(s) * f64::from(s));
        libm::sqrt(squares.sum::<f64>() / window.len() as f64) >= quiet
    };
    let all = recording.chunks_exact(length).filter(loud).take(most);
    all.map(|window| window.iter().map(|&s| f32::from(s)).collect())
        .collect()
}

impl Waves {
    /// Scales all samples as the training samples need it.
    pub fn standardized(mut self) -> Self {
        let all = || self.train.iter().flatten().map(|&s| f64::from(s));
        let count = all().count().max(1) as f64;
        let mean = all().sum::<f64>() / count;
        let variance = all().map(|s| (s - mean) * (s - mean)).sum::<f64>() / count;
        let factor = 1.0 / libm::sqrt(variance).max(f64::MIN_POSITIVE);
        for split in [&mut self.train, &mut self.valid, &mut self.test] {
            for sample in split.iter_mut().flatten() {
                *sample = ((f64::from(*sample) - mean) * factor) as f32;
            }
        }
        self
    }
}

/// Sound without a recording: of each sequence a tone of random pitch that dies away and is struck
/// again, by a rotation of two numbers, and a little noise.
pub fn tones(rng: &mut ChaCha8Rng, counts: [usize; 3], length: usize) -> Waves {
    let mut one = || -> Vec<f32> {
        let angle = 0.1 + 0.5 * f64::from(unit(rng));
        let (turn, half) = (libm::cos(angle), libm::sin(angle));
        let again = 40 + (60.0 * unit(rng)) as usize;
        let (mut x, mut y) = (0.0, 0.0);
        let sample = |t: usize| {
            if t.is_multiple_of(again) {
                (x, y) = (1.0, 0.0);
            }
            (x, y) = (0.98 * (turn * x - half * y), 0.98 * (half * x + turn * y));
            (y + 0.02 * (f64::from(unit(rng)) - 0.5)) as f32
        };
        (0..length).map(sample).collect()
    };
    let [train, valid, test] = counts.map(|count| (0..count).map(|_| one()).collect());
    let all = Waves { train, valid, test };
    all.standardized()
}

/// The trivial answers, each a normal density for every predicted sample, learnt from rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Lines {
    cut: Cut,
    /// For each predicted sample the weights of those that are read, then the constant, then the
    /// variance of what is left.
    constant: Vec<(f64, f64)>,
    hold: Vec<f64>,
    linear: Vec<(Vec<f64>, f64)>,
}

impl Lines {
    /// Learns from these sequences.
    pub fn of(cut: Cut, sequences: &[Vec<f32>]) -> Self {
        let rows: Vec<Row> = rows(cut, sequences).collect();
        let count = rows.len().max(1) as f64;
        let mean = |value: &dyn Fn(&Row) -> f64| rows.iter().map(value).sum::<f64>() / count;
        let inputs = cut.seen + 1;
        let mut square = vec![vec![0.0; inputs]; inputs];
        let mut cross = vec![vec![0.0; cut.predicted]; inputs];
        for (x, y) in &rows {
            for (i, a) in x.iter().chain([&1.0]).enumerate() {
                for (sum, b) in square[i].iter_mut().zip(x.iter().chain([&1.0])) {
                    *sum += a * b / count;
                }
                for (sum, b) in cross[i].iter_mut().zip(y) {
                    *sum += a * b / count;
                }
            }
        }
        for (i, row) in square.iter_mut().enumerate() {
            // Samples next to each other are nearly the same; this keeps the system solvable.
            row[i] += 1e-6;
        }
        let solved = solve(square, cross);
        let place = |k: usize| {
            let weights: Vec<f64> = solved.iter().map(|row| row[k]).collect();
            let left = mean(&|(x, y)| (y[k] - line(&weights, x)).powi(2));
            (weights, left.max(LEAST))
        };
        let spread = |k: usize| {
            let center = mean(&|(_, y)| y[k]);
            (center, mean(&|(_, y)| (y[k] - center).powi(2)).max(LEAST))
        };
        let held = |k: usize| mean(&|(x, y)| (y[k] - x[cut.seen - 1]).powi(2)).max(LEAST);
        Lines {
            cut,
            constant: (0..cut.predicted).map(spread).collect(),
            hold: (0..cut.predicted).map(held).collect(),
            linear: (0..cut.predicted).map(place).collect(),
        }
    }

    /// Nats a step of who knows each sample's mean and variance.
    pub fn constant(&self, sequences: &[Vec<f32>]) -> f64 {
        self.mean(sequences, |_, k| self.constant[k])
    }

    /// Nats a step of who holds the last sample that was read.
    pub fn hold(&self, sequences: &[Vec<f32>]) -> f64 {
        self.mean(sequences, |x, k| (x[self.cut.seen - 1], self.hold[k]))
    }

    /// Nats a step of who fits a line to the samples that were read, by least squares.
    pub fn linear(&self, sequences: &[Vec<f32>]) -> f64 {
        self.mean(sequences, |x, k| {
            let (weights, variance) = &self.linear[k];
            (line(weights, x), *variance)
        })
    }

    fn mean(
        &self,
        sequences: &[Vec<f32>],
        answer: impl Fn(&[f64], usize) -> (f64, f64),
    ) -> f64 {
        let (mut sum, mut steps) = (0.0, 0.0);
        for (x, y) in rows(self.cut, sequences) {
            for (k, y) in y.iter().enumerate() {
                let (center, variance) = answer(&x, k);
                let z = (y - center) * (y - center) / variance;
                sum += 0.5 * (z + libm::log(std::f64::consts::TAU * variance));
            }
            steps += 1.0;
        }
        sum / f64::max(steps, 1.0)
    }
}

/// What is read at a step, and what is told.
type Row = (Vec<f64>, Vec<f64>);

/// The least variance of an answer.
const LEAST: f64 = 1e-4;

/// What is read and what is told, step by step.
fn rows(cut: Cut, sequences: &[Vec<f32>]) -> impl Iterator<Item = Row> + '_ {
    sequences.iter().flat_map(move |samples| {
        let wide = |all: &[f32]| all.iter().map(|&s| f64::from(s)).collect();
        (0..cut.steps(samples.len())).map(move |t| {
            let from = &samples[t * cut.predicted..];
            (
                wide(&from[..cut.seen]),
                wide(&from[cut.seen..][..cut.predicted]),
            )
        })
    })
}

/// A line through the samples: their weights, then the constant.
fn line(weights: &[f64], x: &[f64]) -> f64 {
    x.iter()
        .chain([&1.0])
        .zip(weights)
        .map(|(a, b)| a * b)
        .sum()
}

/// Solves `square` · w = `right` by elimination; `square` is symmetric and positive.
fn solve(mut square: Vec<Vec<f64>>, mut right: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let n = square.len();
    for i in 0..n {
        let (pivot, pivot_right) = (square[i].clone(), right[i].clone());
        for k in (0..n).filter(|&k| k != i) {
            let factor = square[k][i] / pivot[i];
            for (a, b) in square[k].iter_mut().zip(&pivot) {
                *a -= factor * b;
            }
            for (a, b) in right[k].iter_mut().zip(&pivot_right) {
                *a -= factor * b;
            }
        }
    }
    for (i, row) in right.iter_mut().enumerate() {
        row.iter_mut().for_each(|value| *value /= square[i][i]);
    }
    right
}

#[cfg(test)]
mod tests {
    use super::{solve, tones, windows, Cut, Lines};
    use crate::seeds::{generator, Purpose};

    const CUT: Cut = Cut {
        seen: 3,
        predicted: 2,
    };

    #[test]
    fn what_is_told_follows_what_is_read() {
        let samples: Vec<f32> = (0..8u8).map(f32::from).collect();
        assert_eq!(CUT.steps(8), 2);
        let (read, told) = CUT.rows(&samples);
        assert_eq!(read, [0.0, 1.0, 2.0, 2.0, 3.0, 4.0]);
        assert_eq!(told, [3.0, 4.0, 5.0, 6.0]);
        assert_eq!(CUT.steps(4), 0);
    }

    #[test]
    fn windows_are_loud_and_few() {
        let mut recording = vec![0i16; 40];
        recording[10..30].fill(100);
        assert_eq!(windows(&recording, 10, 50.0, 9).len(), 2);
        assert_eq!(windows(&recording, 10, 50.0, 1).len(), 1);
        assert_eq!(windows(&recording, 10, 0.0, 9).len(), 4);
    }

    #[test]
    fn a_system_is_solved() {
        let square = vec![vec![4.0, 1.0], vec![1.0, 3.0]];
        let found = solve(square, vec![vec![6.0], vec![7.0]]);
        assert!((found[0][0] - 1.0).abs() < 1e-12 && (found[1][0] - 2.0).abs() < 1e-12);
    }

    /// A constant costs ½ ln 2πe for each sample that is told and has variance one, and ½ ln v more
    /// where it has variance v.
    #[test]
    fn who_reads_more_is_less_surprised() {
        let set = tones(&mut generator(1, Purpose::Training), [40, 1, 20], 200);
        let cut = Cut {
            seen: 20,
            predicted: 10,
        };
        let lines = Lines::of(cut, &set.train);
        let told: Vec<f32> = set.train.iter().flat_map(|s| cut.rows(s).1).collect();
        let expected: f64 = (0..cut.predicted)
            .map(|place| {
                let samples = told.chunks_exact(cut.predicted);
                let samples: Vec<f64> = samples.map(|row| f64::from(row[place])).collect();
                let count = samples.len() as f64;
                let mean = samples.iter().sum::<f64>() / count;
                let squares = samples.iter().map(|sample| (sample - mean).powi(2));
                let variance = squares.sum::<f64>() / count;
                0.5 * (1.0 + (std::f64::consts::TAU * variance).ln())
            })
            .sum();
        let constant = lines.constant(&set.train);
        assert!((constant - expected).abs() < 1e-6, "{constant} {expected}");
        let linear = lines.linear(&set.test);
        for other in [lines.constant(&set.test), lines.hold(&set.test)] {
            assert!(linear < other - 1.0, "{linear} {other}");
        }
    }
}
