// SPDX-License-Identifier: MIT OR Apache-2.0
//! Chains of convolutions against the loops that say what they compute, and their gradients against
//! central differences of these loops.
use kernels::convolution::{backward, forward, Direction, Layer, Sentence, Stage, Trace};
use kernels::path::Instructions;
use kernels::rnn::Activation;
use kernels::Real;

const ACTIVATIONS: [Activation; 4] = [
    Activation::Identity,
    Activation::Logistic,
    Activation::Tanh,
    Activation::Relu,
];

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit as u64) as usize
    }

    fn many(&mut self, range: f64, count: usize) -> Vec<f64> {
        let one = |_| range * (self.below(2_000_001) as f64 / 1e6 - 1.0);
        (0..count).map(one).collect()
    }
}

/// A sentence that owns its stages: its first row and its columns, and its first row of y.
type Owned = (usize, usize, Vec<Stage>, usize);

#[derive(Debug, Clone)]
struct Case {
    taps: usize,
    width: usize,
    activation: Activation,
    sentences: Vec<Owned>,
    /// The taps, x, and the gradient with respect to y.
    values: [Vec<f64>; 3],
}

impl Case {
    /// Sentences of up to `longest` columns, empty ones among them, each with up to four stages that
    /// fit; rows of x and y that are nobody's lie between them, and the last two read the same rows.
    fn new(
        numbers: &mut Numbers,
        [sentences, longest, taps, width]: [usize; 4],
        activation: Activation,
    ) -> Self {
        let (mut inputs, mut outputs) = (numbers.below(2), numbers.below(2));
        let mut all: Vec<Owned> = Vec::new();
        for s in 0..sentences {
            let mut columns = numbers.below(longest + 1);
            let mut from = inputs;
            match all.last() {
                Some(before) if s + 1 == sentences => (from, columns) = (before.0, before.1),
                _ => inputs += columns + numbers.below(3),
            }
            let (read, mut stages) = (columns, Vec::new());
            for _ in 0..numbers.below(5) {
                let direction = [Direction::Narrow, Direction::Wide][numbers.below(2)];
                let stage = Stage {
                    width: 1 + numbers.below(taps.min(4)),
                    first: 0,
                    direction,
                };
                if let Some(after) = stage.columns(columns) {
                    let first = numbers.below(taps - stage.width + 1);
                    stages.push(Stage { first, ..stage });
                    columns = after;
                }
            }
            all.push((from, read, stages, outputs));
            outputs += columns + numbers.below(3);
        }
        // They are in no order.
        all.reverse();
        let sizes = [taps * width, inputs * width, outputs * width];
        Case {
            taps,
            width,
            activation,
            sentences: all,
            values: sizes.map(|size| numbers.many(0.8, size)),
        }
    }

    fn all(seed: u64) -> impl Iterator<Item = Case> {
        let mut numbers = Numbers(seed);
        let sizes = [
            [0, 1, 1, 1],
            [1, 1, 1, 1],
            [1, 7, 5, 1],
            [2, 5, 3, 7],
            [5, 11, 13, 3],
            [17, 13, 11, 31],
            [3, 2, 7, 101],
        ];
        let all = sizes
            .into_iter()
            .flat_map(|sizes| ACTIVATIONS.map(|activation| (sizes, activation)));
        all.map(move |(sizes, activation)| Case::new(&mut numbers, sizes, activation))
    }

    fn layer(&self, path: Instructions) -> Layer {
        Layer {
            taps: self.taps,
            width: self.width,
            activation: self.activation,
            path,
        }
    }

    fn sentences(&self) -> Vec<Sentence<'_>> {
        let each = self.sentences.iter();
        each.map(|(from, columns, stages, to)| Sentence {
            from: *from,
            columns: *columns,
            stages,
            to: *to,
        })
        .collect()
    }

    /// y, said plainly: one component at a time.
    fn plainly(&self) -> Vec<f64> {
        let [taps, x, y] = &self.values;
        let h = self.width;
        let mut y = vec![0.0; y.len()];
        for (from, columns, stages, to) in &self.sentences {
            for c in 0..h {
                let mut line: Vec<f64> = (0..*columns).map(|j| x[(from + j) * h + c]).collect();
                for stage in stages {
                    let tap = |n: usize| taps[(stage.first + n) * h + c];
                    let narrow = stage.direction == Direction::Narrow;
                    let after = match narrow {
                        true => line.len() + 1 - stage.width,
                        false => line.len() + stage.width - 1,
                    };
                    let one = |j: usize| {
                        let mut net = 0.0;
                        for n in 0..stage.width {
                            let from = if narrow {
                                Some(j + n)
                            } else {
                                j.checked_sub(n)
                            };
                            let there = from.and_then(|from| line.get(from));
                            net += there.map_or(0.0, |value| tap(n) * value);
                        }
                        match self.activation {
                            Activation::Identity => net,
                            Activation::Logistic => 1.0 / (1.0 + (-net).exp()),
                            Activation::Tanh => net.tanh(),
                            Activation::Relu => net.max(0.0),
                        }
                    };
                    line = (0..after).map(one).collect();
                }
                for (j, value) in line.into_iter().enumerate() {
                    y[(to + j) * h + c] = value;
                }
            }
        }
        y
    }

    /// The outputs, each times a number of its own.
    fn loss(&self) -> f64 {
        let y = self.plainly();
        y.iter().zip(&self.values[2]).map(|(y, d)| y * d).sum()
    }
}

fn narrow<F: Real>(values: &[f64]) -> Vec<F> {
    values.iter().map(|&v| F::from_f64(v)).collect()
}

/// y, and the gradients of the taps and of x, added to 0.5.
fn run<F: Real>(case: &Case, path: Instructions) -> [Vec<F>; 3] {
    let layer = case.layer(path);
    let [taps, x, d_y] = case.values.each_ref().map(|v| narrow::<F>(v));
    let mut trace = Trace::default();
    let mut y = vec![F::from_f64(7.0); d_y.len()];
    forward(layer, &taps, &case.sentences(), &x, &mut y, &mut trace);
    let [mut d_taps, mut d_x] = [&taps, &x].map(|v| vec![F::HALF; v.len()]);
    let into_x = Some(&mut d_x[..]);
    backward(layer, &taps, &x, &d_y, &mut d_taps, into_x, &mut trace);
    [y, d_taps, d_x]
}

fn paths() -> impl Iterator<Item = Instructions> {
    Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
}

#[test]
fn outputs_are_what_the_loops_say_on_every_path() {
    fn check<F: Real>(case: &Case, should: &[f64], close: f64) {
        for path in paths() {
            let [y, ..] = run::<F>(case, path);
            assert_eq!(y.len(), should.len());
            for (y, should) in y.iter().zip(should) {
                let gap = (y.to_f64() - should).abs();
                assert!(gap < close, "{path:?} {y:?} {should} {case:?}");
            }
        }
    }
    let mut stages = 0;
    for seed in 1..6 {
        for case in Case::all(seed) {
            let should = case.plainly();
            check::<f64>(&case, &should, 1e-13);
            check::<f32>(&case, &should, 1e-5);
            stages += case.sentences.iter().map(|s| s.2.len()).sum::<usize>();
        }
    }
    assert!(stages > 500, "{stages} stages");
}

#[test]
fn gradients_are_central_differences_on_every_path() {
    let mut numbers = Numbers(6);
    for mut case in Case::all(7) {
        let all: Vec<_> = paths().map(|path| run::<f64>(&case, path)).collect();
        let small: Vec<_> = paths().map(|path| run::<f32>(&case, path)).collect();
        for which in 0..2 {
            let count = case.values[which].len();
            for _ in 0..count.min(20) {
                let k = numbers.below(count);
                let mut moved = |by: f64| {
                    let was = case.values[which][k];
                    case.values[which][k] = was + by;
                    let loss = case.loss();
                    case.values[which][k] = was;
                    loss
                };
                let slope = 0.5 + (moved(1e-5) - moved(-1e-5)) / 2e-5;
                let scale = slope.abs().max(1.0);
                for results in &all {
                    let gap = (results[1 + which][k] - slope).abs();
                    assert!(gap < 1e-7 * scale, "{which} {k}: {gap:e} {case:?}");
                }
                for results in &small {
                    let gap = (f64::from(results[1 + which][k]) - slope).abs();
                    assert!(gap < 1e-4 * scale, "{which} {k}: {gap:e} {case:?}");
                }
            }
        }
    }
}

#[test]
fn the_number_of_threads_leaves_the_bytes_alone() {
    let case = Case::new(&mut Numbers(8), [53, 20, 23, 101], Activation::Tanh);
    for path in paths() {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build()
                .expect("threads")
                .install(|| run::<f32>(&case, path))
        };
        let one = with(1);
        assert_eq!(one, with(2), "{path:?}");
        assert_eq!(one, with(5), "{path:?}");
    }
}

/// What a sentence gives does not depend on the others of its batch.
#[test]
fn a_sentence_alone_has_the_bytes_that_it_has_in_a_batch() {
    let case = Case::new(&mut Numbers(9), [19, 9, 11, 13], Activation::Logistic);
    for path in paths() {
        let [all, ..] = run::<f32>(&case, path);
        for sentence in &case.sentences {
            let mut alone = case.clone();
            alone.sentences = vec![sentence.clone()];
            let [y, ..] = run::<f32>(&alone, path);
            for (y, all) in y.iter().zip(&all) {
                assert!(*y == *all || *y == 0.0, "{path:?} {y} {all}");
            }
        }
    }
}

/// A sentence without stages is what it reads, and its gradient what comes back.
#[test]
fn a_sentence_of_no_stages_passes_through() {
    let mut case = Case::new(&mut Numbers(10), [0, 1, 3, 2], Activation::Logistic);
    case.sentences = vec![(1, 2, vec![], 2), (4, 0, vec![], 0)];
    case.values[1] = (0..10).map(f64::from).collect();
    case.values[2] = (10..20).map(f64::from).collect();
    for path in paths() {
        let [y, d_taps, d_x] = run::<f64>(&case, path);
        assert_eq!(y, [0., 0., 0., 0., 2., 3., 4., 5., 0., 0.]);
        assert_eq!(d_taps, [0.5; 6]);
        assert_eq!(d_x, [0.5, 0.5, 14.5, 15.5, 16.5, 17.5, 0.5, 0.5, 0.5, 0.5]);
    }
}

/// Of three sentences one is poisoned: the others and what is read of nobody stay as they are.
#[test]
fn nan_and_infinity_stay_in_their_sentence() {
    let stages = vec![Stage::narrow(0, 3), Stage::wide(3, 2)];
    for activation in ACTIVATIONS {
        let mut clean = Case::new(&mut Numbers(11), [0, 1, 5, 3], activation);
        let at = |s: usize| (s * 6, 5, stages.clone(), s * 5);
        clean.sentences = (0..3).map(at).collect();
        clean.values[1] = Numbers(12).many(0.8, 18 * 3);
        clean.values[2] = Numbers(13).many(0.8, 15 * 3);
        for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut case = clean.clone();
            // The first component of the middle column; and where nobody reads.
            case.values[1][8 * 3] = poison;
            case.values[1][11 * 3] = poison;
            case.values[2][4 * 3..5 * 3].fill(poison);
            for path in paths() {
                let [y, d_taps, d_x] = run::<f32>(&case, path);
                let should = run::<f32>(&clean, path);
                for (k, (y, should)) in y.iter().zip(&should[0]).enumerate() {
                    let poisoned = (15..27).contains(&k) && k % 3 == 0;
                    match (poisoned, activation) {
                        (false, _) => assert_eq!(y, should, "{path:?} {k}"),
                        (true, _) if poison.is_nan() => assert!(y.is_nan(), "{k}"),
                        (true, Activation::Logistic | Activation::Tanh) => {
                            assert!(y.abs() <= 1.0, "{y}");
                        }
                        _ => {}
                    }
                }
                for (k, (d, should)) in d_x.iter().zip(&should[2]).enumerate() {
                    if k / 18 != 1 || k % 3 != 0 {
                        assert_eq!(d, should, "{path:?} {k}");
                    }
                }
                for (d, should) in d_taps.chunks(3).zip(should[1].chunks(3)) {
                    assert_eq!(d[1..], should[1..]);
                }
                assert!(
                    d_taps.iter().any(|d| !d.is_finite()),
                    "{activation:?} {poison}"
                );
            }
        }
    }
}

#[test]
fn a_trace_is_used_again_without_allocation() {
    let case = Case::new(&mut Numbers(14), [37, 11, 13, 17], Activation::Logistic);
    let layer = case.layer(Instructions::default());
    let sentences = case.sentences();
    let [taps, x, d_y] = case.values.each_ref().map(|v| narrow::<f32>(v));
    let [mut d_taps, mut d_x, mut y] = [&taps, &x, &d_y].map(|v| vec![0.0; v.len()]);
    let mut trace = Trace::default();
    let mut both = || {
        forward(layer, &taps, &sentences, &x, &mut y, &mut trace);
        let into_x = Some(&mut d_x[..]);
        backward(layer, &taps, &x, &d_y, &mut d_taps, into_x, &mut trace);
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    pool.build().expect("a thread").install(|| {
        both();
        assert_eq!(allocation_counter::measure(&mut both).count_total, 0);
    });
}

/// A gradient of the taps alone is the same.
#[test]
fn without_a_gradient_of_x_that_of_the_taps_stays() {
    let case = Case::new(&mut Numbers(15), [9, 7, 5, 3], Activation::Tanh);
    for path in paths() {
        let [taps, x, d_y] = &case.values;
        let (mut y, mut d_taps) = (d_y.clone(), vec![0.5; taps.len()]);
        let (layer, mut trace) = (case.layer(path), Trace::default());
        forward(layer, taps, &case.sentences(), x, &mut y, &mut trace);
        backward(layer, taps, x, d_y, &mut d_taps, None, &mut trace);
        assert_eq!(d_taps, run::<f64>(&case, path)[1]);
    }
}

/// One sentence, or two, of a table of four taps, three rows of x and three of y.
fn refused(sentences: &[Owned]) {
    let mut case = Case::new(&mut Numbers(16), [0, 1, 4, 1], Activation::Tanh);
    case.sentences = sentences.to_vec();
    case.values[1] = vec![0.0; 3];
    case.values[2] = vec![0.0; 3];
    run::<f64>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "stage 1 of sentence 0 has width 3 for 2 columns")]
fn a_stage_that_is_too_wide_is_refused_with_its_place() {
    refused(&[(0, 3, vec![Stage::narrow(0, 2), Stage::narrow(0, 3)], 0)]);
}

#[test]
#[should_panic(expected = "stage 0 of sentence 1 has width 0 for 1 columns")]
fn a_stage_of_no_width_is_refused() {
    refused(&[(0, 1, vec![], 0), (1, 1, vec![Stage::wide(0, 0)], 1)]);
}

#[test]
#[should_panic(expected = "stage 0 of sentence 0 has width 1 for 0 columns")]
fn no_columns_have_no_stages() {
    refused(&[(0, 0, vec![Stage::wide(0, 1)], 0)]);
}

#[test]
#[should_panic(expected = "stage 0 of sentence 0 has taps 2 to 5 of 4")]
fn taps_that_are_not_there_are_refused() {
    refused(&[(0, 3, vec![Stage::narrow(2, 3)], 0)]);
}

#[test]
#[should_panic(expected = "sentence 0 reads rows 1 to 4 of 3")]
fn rows_that_are_not_there_are_not_read() {
    refused(&[(1, 3, vec![], 0)]);
}

#[test]
#[should_panic(expected = "sentence 0 writes rows 0 to 4 of 3")]
fn rows_that_are_not_there_are_not_written() {
    refused(&[(0, 3, vec![Stage::wide(0, 2)], 0)]);
}

#[test]
#[should_panic(expected = "two sentences write row 1")]
fn no_two_sentences_write_the_same_row() {
    refused(&[(1, 1, vec![], 1), (0, 2, vec![], 0)]);
}

#[test]
#[should_panic(expected = "the table of taps has 3 values, not 4")]
fn a_table_of_the_wrong_size_is_refused_by_name() {
    let mut case = Case::new(&mut Numbers(17), [0, 1, 4, 1], Activation::Tanh);
    case.values[0].pop();
    run::<f64>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "the trace is of other convolutions")]
fn a_trace_of_other_convolutions_is_refused() {
    let case = Case::new(&mut Numbers(18), [1, 3, 4, 1], Activation::Tanh);
    let [taps, x, d_y] = &case.values;
    let (mut y, mut trace) = (d_y.clone(), Trace::default());
    let mut layer = case.layer(Instructions::Portable);
    forward(layer, taps, &case.sentences(), x, &mut y, &mut trace);
    layer.activation = Activation::Logistic;
    let mut d_taps = taps.clone();
    backward(layer, taps, x, d_y, &mut d_taps, None, &mut trace);
}

/// On the portable path the same inputs give the same bytes on every processor.
#[test]
fn the_portable_path_gives_these_bits() {
    let (mut hash, mut numbers) = (0u64, Numbers(19));
    for activation in ACTIVATIONS {
        let case = Case::new(&mut numbers, [19, 13, 17, 23], activation);
        for value in run::<f32>(&case, Instructions::Portable).iter().flatten() {
            let bits = u64::from(value.to_bits());
            hash = hash.wrapping_mul(0x100_0000_01b3) ^ bits;
        }
    }
    assert_eq!(hash, 6_756_673_423_630_377_960);
}
