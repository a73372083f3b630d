// SPDX-License-Identifier: MIT OR Apache-2.0
//! The trial of translators on a toy that shows what it was given: batches, weights and gradients.
#![allow(missing_docs)]

use dfdx::prelude::*;
use lab::record::TrialRecord;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use tape::dims::{Rows, Vocabulary};
use tape::embedding::Embedding;
use tape::pairs::{Batch, END, PAD, START, UNKNOWN};
use tape::train::parameters::{for_each, set_weights, weights};
use tape::train::{Parameters, Visitor};
use tasks::stream::Stream;
use training::decoding::{Limits, Normalization, Search, Writes};
use training::sentences::{
    begin, perplexity, Answer, Ask, Falls, Found, Material, Numbers, Question, Rule, Settings,
    Translates, Way,
};
use training::to_bytes;

tape::dims! {
    /// Words of the target, and after them those of the source.
    Symbols,
}

/// Words of the target, the four that are no words among them.
const WORDS: usize = 9;
/// Words of the source; the first word of a source says which pair it is.
const SOURCES: usize = 320;

/// What the toy was given to learn from.
struct Learnt {
    batch: Batch,
    /// Before the update.
    weights: Vec<f32>,
    gradient: Vec<f32>,
}

/// What the toy was asked to write.
struct Asked {
    members: usize,
    search: Search,
    limits: Vec<Limits>,
}

/// All that it saw, in order.
#[derive(Default)]
struct Seen {
    learnt: Vec<Learnt>,
    asked: Vec<Asked>,
    /// The most pairs of a batch that nothing was learnt from.
    read: usize,
}

/// A word has the score that the word before gives it, the first word of the source and a bias. No kernel
/// that has paths is in it, so it computes as the portable path does.
#[derive(Clone)]
struct Toy {
    scores: Embedding<Symbols, Vocabulary, f32>,
    bias: Tensor<(Vocabulary,), f32, Cpu>,
    seen: Arc<Mutex<Seen>>,
}

impl Parameters<f32> for Toy {
    fn parameters(&mut self, visitor: &mut Visitor<'_, f32>) {
        visitor.visit("scores", &mut self.scores);
        visitor.visit("bias", &mut self.bias);
    }
}

/// ln p of every word, (rows, words).
type Logarithms<T> = Tensor<(Rows, Vocabulary), f32, Cpu, T>;

/// The first word of each source.
fn firsts(batch: &Batch) -> Vec<usize> {
    let each = batch.source.chunks(batch.source_steps);
    each.map(|words| words[0]).collect()
}

impl Toy {
    /// Of zeros: all words are as probable.
    fn zeros() -> Self {
        let (symbols, words) = (Symbols(WORDS + SOURCES), Vocabulary(WORDS));
        Toy {
            scores: Embedding::zeros(symbols, words),
            bias: Cpu::default().zeros_like(&(words,)),
            seen: Arc::default(),
        }
    }

    /// Weights from [−1, 1).
    fn drawn(seed: u64) -> Self {
        let mut toy = Toy::zeros();
        let mut stream = Stream::new(seed);
        let mut values = weights(&mut toy);
        values
            .iter_mut()
            .for_each(|w| *w = 2.0 * stream.unit() as f32 - 1.0);
        set_weights(&mut toy, &values);
        toy
    }

    /// The same with this added to the bias of a word.
    fn with_bias(mut self, word: usize, more: f32) -> Self {
        let mut bias = self.bias.as_vec();
        bias[word] += more;
        self.bias.copy_from(&bias);
        self
    }

    /// The same with other weights, and nothing seen.
    fn with(&self, values: &[f32]) -> Self {
        let mut toy = Toy::zeros();
        set_weights(&mut toy, values);
        toy
    }

    fn after<T: Tape<f32, Cpu> + Merge<NoneTape>>(
        &self,
        before: &[usize],
        sources: &[usize],
        tape: T,
    ) -> Logarithms<T> {
        let rows = Rows(before.len());
        let sources: Vec<usize> = sources.iter().map(|word| WORDS + word).collect();
        let own = self.scores.look_up(rows, before, tape).unwrap();
        let (own, tape) = own.split_tape();
        let of_sources = self.scores.look_up(rows, &sources, tape).unwrap();
        let (of_sources, tape) = of_sources.split_tape();
        let bias = self.bias.clone().put_tape(tape);
        let all = bias.broadcast_like(&(rows, Vocabulary(WORDS))) + own + of_sources;
        all.log_softmax::<Axis<1>>()
    }

    fn of_batch<T: Tape<f32, Cpu> + Merge<NoneTape>>(
        &self,
        batch: &Batch,
        tape: T,
    ) -> Logarithms<T> {
        let of_row = |first: usize| std::iter::repeat_n(first, batch.steps);
        let sources: Vec<usize> = firsts(batch).into_iter().flat_map(of_row).collect();
        self.after(&batch.before, &sources, tape)
    }

    fn cost(&self, batch: &Batch) -> Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>> {
        let all = self.of_batch(batch, OwnedTape::default());
        let mut due = vec![0.0; batch.target.len() * WORDS];
        for (row, target) in batch.target.iter().enumerate() {
            if let Some(word) = target {
                due[row * WORDS + word] = -1.0 / batch.lengths.len() as f32;
            }
        }
        let due: Logarithms<NoneTape> = Cpu::default().tensor_from_vec(due, *all.shape());
        (all * due).sum()
    }
}

impl Translates for Toy {
    fn loss(&self, batch: &Batch) -> Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>> {
        let mut gradients = self.cost(batch).backward();
        let mut gradient = Vec::new();
        for_each(&mut self.clone(), |_, parameter| {
            gradient.extend_from_slice(parameter.gradient(&mut gradients));
        });
        self.seen.lock().unwrap().learnt.push(Learnt {
            batch: batch.clone(),
            weights: weights(&mut self.clone()),
            gradient,
        });
        self.cost(batch)
    }

    fn each(&self, batch: &Batch) -> Vec<Vec<f64>> {
        self.note(batch);
        let all = self.of_batch(batch, NoneTape).as_vec();
        let word = |row: usize| f64::from(all[row * WORDS + batch.target[row].unwrap()]);
        let sentence = |(b, &length): (usize, &usize)| {
            let from = b * batch.steps;
            (from..from + length).map(word).collect()
        };
        batch.lengths.iter().enumerate().map(sentence).collect()
    }

    fn translate(&self, batch: &Batch, search: &Search, limits: &[Limits]) -> Vec<Vec<Found>> {
        self.note(batch);
        search.run(&Pen(self, firsts(batch)), limits)
    }

    fn together(
        &self,
        members: usize,
        batch: &Batch,
        search: &Search,
        limits: &[Limits],
    ) -> Vec<Vec<Found>> {
        self.seen.lock().unwrap().asked.push(Asked {
            members,
            search: search.clone(),
            limits: limits.to_vec(),
        });
        self.translate(batch, search, limits)
    }

    /// The scores that each source gives.
    fn vectors(&self, batch: &Batch) -> Vec<Vec<f32>> {
        self.note(batch);
        let row =
            |first: usize| self.scores.values()[(WORDS + first) * WORDS..][..WORDS].to_vec();
        firsts(batch).into_iter().map(row).collect()
    }

    /// All weights, and which pair it is.
    fn inside(&self, batch: &Batch) -> Vec<Vec<f32>> {
        self.note(batch);
        let all = weights(&mut self.clone());
        let one = |first: usize| [&all[..], &[first as f32]].concat();
        firsts(batch).into_iter().map(one).collect()
    }
}

impl Toy {
    fn note(&self, batch: &Batch) {
        let mut seen = self.seen.lock().unwrap();
        seen.read = Ord::max(seen.read, batch.lengths.len());
    }
}

/// The toy while it writes from sources with these first words.
struct Pen<'t>(&'t Toy, Vec<usize>);

impl Writes for Pen<'_> {
    type State = Vec<usize>;

    fn begin(&self) -> Vec<usize> {
        self.1.clone()
    }

    fn next(
        &self,
        state: &Vec<usize>,
        from: &[usize],
        words: &[u32],
    ) -> (Vec<usize>, Vec<f32>) {
        let sources: Vec<usize> = from.iter().map(|&row| state[row]).collect();
        let words: Vec<usize> = words.iter().map(|&word| word as usize).collect();
        let all = self.0.after(&words, &sources, NoneTape).as_vec();
        (sources, all)
    }
}

/// So many pairs from `first` on: the first word of a source is its number, targets have up to `most`
/// words.
fn pairs(first: usize, count: usize, most: usize) -> Vec<Numbers> {
    let mut stream = Stream::new(1_000 + first as u64);
    let mut pair = |n: usize| {
        let mut source = vec![n as u32];
        source.resize(1 + stream.below(7), 5);
        let mut word = || 4 + stream.below(WORDS - 4) as u32;
        let mut target: Vec<u32> = (0..most).map(|_| word()).collect();
        target.truncate(stream.below(most + 1));
        (source, target)
    };
    (first..first + count).map(&mut pair).collect()
}

fn batch(pairs: &[Numbers]) -> Batch {
    let slices: Vec<_> = pairs.iter().map(|(v, w)| (&v[..], &w[..])).collect();
    Batch::new(&slices, true, 1)
}

fn question(name: &str, pairs: &[Numbers], ask: Ask) -> Question {
    Question {
        name: name.into(),
        pairs: pairs.to_vec(),
        ask,
    }
}

const COST: Ask = Ask::Cost { keep: false };

fn settings() -> Settings {
    Settings {
        rule: Rule::Sgd,
        rate: 0.5,
        falls: None,
        clip: None,
        batch: 4,
        pool: 1,
        epochs: 3,
        patience: None,
    }
}

fn material(train: Vec<Numbers>, dev: Vec<Numbers>, questions: Vec<Question>) -> Arc<Material> {
    Arc::new(Material {
        train,
        dev,
        questions,
    })
}

/// What is left of a trial.
struct Run {
    record: TrialRecord,
    answers: Vec<Answer>,
    seen: Seen,
    /// Calls that did something.
    calls: usize,
}

/// Answers as a report puts them aside.
type Aside = Arc<Mutex<Vec<Answer>>>;

/// Puts the answers aside, and all their numbers to the bit into the record.
fn report(aside: Aside) -> impl Fn(&[Answer], &mut TrialRecord) + Send + 'static {
    move |answers, record| {
        *aside.lock().unwrap() = answers.to_vec();
        for (n, answer) in answers.iter().enumerate() {
            let numbers: Vec<f64> = match answer {
                Answer::Costs(all) => {
                    let each = all.iter();
                    each.flat_map(|cost| [cost.nats, cost.end].map(f64::from))
                        .collect()
                }
                Answer::Written(all) => {
                    let each = all.iter().flatten();
                    each.map(|found| found.log_probability).collect()
                }
                Answer::Vectors(all) => all.iter().flatten().map(|&x| x.into()).collect(),
            };
            record.series.insert(format!("answer-{n}"), numbers);
        }
    }
}

/// A trial of a toy to its end.
fn run(settings: &Settings, toy: Toy, material: &Arc<Material>) -> Run {
    let (seen, aside) = (toy.seen.clone(), Aside::default());
    let mut trial = begin(7, settings, toy, material.clone(), report(aside.clone()));
    let mut calls = 1;
    while !trial.advance() {
        calls += 1;
    }
    let record = trial.finish();
    let answers = std::mem::take(&mut *aside.lock().unwrap());
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    Run {
        record,
        answers,
        seen,
        calls,
    }
}

/// The weights with which question `place` was answered, of [`Ask::Inside`].
fn answered_with(run: &Run, place: usize) -> &[f32] {
    let one = &run.answers[place].vectors()[0];
    &one[..one.len() - 1]
}

/// A question that shows the weights.
fn shown() -> Question {
    question("shown", &pairs(0, 1, 2), Ask::Inside)
}

#[test]
fn a_pass_has_each_pair_once_with_pools_and_without() {
    let train = pairs(0, 42, 9);
    let material = material(train.clone(), pairs(50, 3, 4), Vec::new());
    for pool in [1, 2, 3, 50] {
        let Run { record, seen, .. } =
            run(&Settings { pool, ..settings() }, Toy::zeros(), &material);
        assert_eq!((record.sequences, seen.learnt.len()), (3 * 42, 3 * 11));
        let mut orders = BTreeSet::new();
        for pass in seen.learnt.chunks(11) {
            let sizes: Vec<usize> = pass.iter().map(|one| one.batch.lengths.len()).collect();
            assert_eq!(sizes, [&[4; 10][..], &[2]].concat(), "pool {pool}");
            let order: Vec<usize> = pass.iter().flat_map(|one| firsts(&one.batch)).collect();
            // Each beside its own translation.
            let due = pass.iter().zip(order.chunks(4));
            for (one, numbers) in due {
                let whole: Vec<Numbers> = numbers.iter().map(|&n| train[n].clone()).collect();
                assert_eq!(one.batch, batch(&whole));
            }
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert!(sorted.iter().copied().eq(0..42), "pool {pool}: {sorted:?}");
            assert_ne!(order, sorted, "no order was drawn");
            orders.insert(order);
        }
        assert_eq!(orders.len(), 3, "each pass has an order of its own");
    }
}

/// The longest and the shortest pair of a batch, by target and then by source.
fn ends(batch: &Batch) -> [(usize, usize); 2] {
    let both = batch
        .lengths
        .iter()
        .copied()
        .zip(batch.source_lengths.iter().copied());
    [both.clone().min().unwrap(), both.max().unwrap()]
}

#[test]
fn pooled_batches_hold_pairs_of_nearly_one_length() {
    // Ten pools of six batches, one of one batch, and three pairs that make no whole batch.
    let material = material(pairs(0, 308, 24), pairs(310, 3, 4), Vec::new());
    let of = |pool| {
        let settings = Settings {
            batch: 5,
            pool,
            epochs: 2,
            ..settings()
        };
        run(&settings, Toy::zeros(), &material).seen.learnt
    };
    let spread = |all: &[Learnt]| {
        let spread = |one: &Learnt| {
            let [least, most] = ends(&one.batch);
            (most.0 - least.0) as f64
        };
        all.iter().map(spread).sum::<f64>() / all.len() as f64
    };
    let (alone, pooled, all) = (of(1), of(6), of(1_000));
    assert!(
        spread(&pooled) < spread(&alone) / 3.0,
        "{} {}",
        spread(&pooled),
        spread(&alone)
    );
    assert!(spread(&all) < 1.0, "{}", spread(&all));
    let mut ascending = 0;
    for pass in pooled.chunks(62) {
        // The pairs of a pool are cut where they are sorted: no batch reaches into another.
        for pool in pass[..60].chunks(6) {
            let mut batches: Vec<_> = pool.iter().map(|one| ends(&one.batch)).collect();
            ascending += usize::from(batches.is_sorted());
            batches.sort_unstable();
            for two in batches.windows(2) {
                assert!(two[0][1] <= two[1][0], "{two:?}");
            }
        }
        assert_eq!(pass[61].batch.lengths.len(), 3);
    }
    assert!(
        ascending < 3,
        "the batches of {ascending} pools of 20 come from short to long"
    );
    // A pool is drawn from all pairs: that of all has no drawn rest but what is no whole batch.
    let rest = |all: &[Learnt]| all[61].batch.lengths.clone();
    assert_ne!(rest(&all), rest(&all[62..]));
}

/// What each update but the last was multiplied by, against the gradient, and how far it was from being
/// a multiple of it.
fn rates(learnt: &[Learnt]) -> Vec<(f64, f64)> {
    let rate = |two: &[Learnt]| {
        let step = two[0].weights.iter().zip(&two[1].weights);
        let step: Vec<f64> = step.map(|(a, b)| f64::from(a - b)).collect();
        let slope = || two[0].gradient.iter().map(|&g| f64::from(g));
        let square: f64 = slope().map(|g| g * g).sum();
        let along: f64 = step.iter().zip(slope()).map(|(s, g)| s * g).sum();
        let rate = along / square;
        let off = step.iter().zip(slope()).map(|(s, g)| (s - rate * g).abs());
        (rate, off.fold(0.0, |sum, off| sum + off))
    };
    learnt.windows(2).map(rate).collect()
}

#[test]
fn the_rate_falls_when_it_is_said_to() {
    let falls = Some(Falls {
        first: 5.0,
        every: 0.5,
        factor: 0.5,
    });
    // Of four updates a pass, of three, of one.
    for (count, every) in [(16, 4), (10, 3), (4, 1)] {
        let material = material(pairs(0, count, 6), pairs(50, 3, 4), Vec::new());
        for falls in [None, falls] {
            let settings = Settings {
                falls,
                rate: 0.1,
                epochs: 8,
                ..settings()
            };
            let learnt = run(&settings, Toy::drawn(1), &material).seen.learnt;
            assert_eq!(learnt.len(), 8 * every);
            for (done, (rate, off)) in rates(&learnt).into_iter().enumerate() {
                // After ten halves of a pass for the first time, then after each.
                let halves = 2 * done / every;
                let times = if falls.is_none() {
                    0
                } else {
                    halves.saturating_sub(9)
                };
                let due = 0.1 * 0.5f64.powi(times as i32);
                assert!(
                    (rate / due - 1.0).abs() < 0.01,
                    "{done} of {every}: {rate}, not {due}"
                );
                assert!(off < 1e-4);
            }
        }
    }
    // Another factor and other times: after one pass, then after every second.
    let material = material(pairs(0, 8, 6), pairs(50, 3, 4), Vec::new());
    let settings = Settings {
        falls: Some(Falls {
            first: 1.0,
            every: 2.0,
            factor: 0.7,
        }),
        rate: 0.1,
        epochs: 6,
        ..settings()
    };
    let all = rates(&run(&settings, Toy::drawn(1), &material).seen.learnt);
    let due = [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3];
    assert_eq!(all.len(), due.len());
    for ((rate, _), times) in all.into_iter().zip(due) {
        assert!(
            (rate / (0.1 * 0.7f64.powi(times)) - 1.0).abs() < 0.01,
            "{rate}"
        );
    }
}

fn norm(values: &[f32]) -> f64 {
    let squares = values.iter().map(|&g| f64::from(g) * f64::from(g));
    squares.sum::<f64>().sqrt()
}

#[test]
fn a_gradient_is_clipped_by_its_global_norm_and_by_nothing_else() {
    // Sentences of one word again and again: single values of the gradient are large.
    let one = |(n, (source, target)): (usize, Numbers)| {
        let words = vec![4 + n as u32 % 5; target.len()];
        (source, words)
    };
    let train = pairs(0, 40, 24).into_iter().enumerate().map(one).collect();
    let material = material(train, pairs(50, 3, 4), Vec::new());
    let learnt = |clip| {
        let settings = Settings {
            clip,
            rate: 1.0,
            ..settings()
        };
        run(&settings, Toy::drawn(2), &material).seen.learnt
    };
    let split = (WORDS + SOURCES) * WORDS;
    for clip in [None, Some(1e6), Some(4.0), Some(0.5)] {
        let learnt = learnt(clip);
        let (mut clipped, mut kept, mut largest) = (0, 0, 0.0f32);
        for two in learnt.windows(2) {
            let all = norm(&two[0].gradient);
            let threshold = clip.unwrap_or(f64::INFINITY);
            let factor = if all > threshold {
                threshold / all
            } else {
                1.0
            };
            clipped += usize::from(all > threshold);
            kept += usize::from(all <= threshold);
            let (of_scores, of_bias) = two[0].gradient.split_at(split);
            // Neither parameter is above the threshold alone, or not so far.
            assert!(norm(of_scores) < 0.99 * all && norm(of_bias) < 0.99 * all);
            for ((before, after), g) in two[0]
                .weights
                .iter()
                .zip(&two[1].weights)
                .zip(&two[0].gradient)
            {
                let due = f64::from(*before) - factor * f64::from(*g);
                let off = (f64::from(*after) - due).abs();
                assert!(
                    off < 2e-6 * due.abs().max(1.0),
                    "{clip:?}: {after}, not {due}"
                );
                if g.abs() > largest {
                    largest = g.abs();
                }
            }
        }
        // Both happen where it can, and a single value may be as large as it likes.
        match clip {
            Some(4.0) => assert!(clipped > 4 && kept > 4, "{clipped} {kept}"),
            Some(0.5) => assert!(clipped > 20 && kept == 0, "{clipped} {kept}"),
            _ => assert!(clipped == 0 && largest > 5.0, "{clipped} {largest}"),
        }
    }
}

/// Words that training does not have, among those that it has: what is learnt is good for a while.
fn surprising() -> (Vec<Numbers>, Vec<Numbers>) {
    let mut train = pairs(0, 24, 6);
    let mut dev = pairs(100, 60, 6);
    for (n, (_, target)) in train.iter_mut().enumerate() {
        target
            .iter_mut()
            .for_each(|word| *word = 4 + (*word + n as u32) % 3);
    }
    for (n, (_, target)) in dev.iter_mut().enumerate() {
        target.iter_mut().for_each(|word| *word = 4 + *word % 3);
        if n % 6 == 0 {
            target.push(8);
        }
    }
    (train, dev)
}

/// Nats of a word for a toy with these weights.
fn nats(values: &[f32], pairs: &[Numbers]) -> f64 {
    let each = Toy::zeros().with(values).each(&batch(pairs)).concat();
    -each.iter().sum::<f64>() / each.len() as f64
}

#[test]
fn the_weights_of_the_best_pass_answer_and_not_the_last() {
    let (train, dev) = surprising();
    let questions = vec![shown(), question("dev-again", &dev, COST)];
    let material = material(train, dev.clone(), questions);
    let (every, most) = (6, 60);
    for patience in [3, 5] {
        let settings = Settings {
            patience: Some(patience),
            epochs: most,
            rate: 0.7,
            ..settings()
        };
        let run = run(&settings, Toy::zeros(), &material);
        let of = |name: &str| run.record.measures[name];
        let passes = of("epochs") as usize;
        assert_eq!(run.seen.learnt.len(), passes * every);
        // The weights after each pass but the last, and what they cost on the development set.
        let after = |pass: usize| &run.seen.learnt[pass * every].weights;
        let costs: Vec<f64> = (1..passes).map(|pass| nats(after(pass), &dev)).collect();
        let mut best = 1;
        for pass in 1..passes {
            if costs[pass - 1] < costs[best - 1] {
                best = pass;
            }
        }
        assert!(best > 1 && passes < most as usize, "{costs:?}");
        assert_eq!(
            (of("best_epoch") as usize, passes),
            (best, best + patience as usize)
        );
        assert!(run.record.solved && of("capped") == 0.0);
        assert_eq!(answered_with(&run, 0), after(best));
        assert_ne!(after(best), after(passes - 1));
        // The development set costs as before, and more with later weights.
        let measured = of("dev");
        assert!((measured - costs[best - 1].exp()).abs() < 1e-5 * measured);
        assert!((of("dev-again") - measured).abs() < 1e-5);
        let curve: Vec<f64> = run.record.curve.iter().map(|point| point.1).collect();
        assert_eq!(curve, run.record.series["dev"]);
        assert_eq!(curve.len(), passes);
        for (curve, cost) in curve.iter().zip(&costs) {
            assert!((curve - cost).abs() < 2e-6, "{curve} {cost}");
        }
    }
    // Whoever stops while it still gets better is told so.
    let early = Settings {
        patience: Some(3),
        epochs: 1,
        ..settings()
    };
    let record = run(&early, Toy::zeros(), &material).record;
    assert!(record.measures["capped"] == 1.0 && !record.solved);
    // Where nothing chooses, the last weights answer, and it runs to its last pass.
    let settings = Settings {
        epochs: 12,
        rate: 0.7,
        ..settings()
    };
    let run = run(&settings, Toy::zeros(), &material);
    assert_eq!(run.record.measures["epochs"], 12.0);
    let best = run.record.measures["best_epoch"];
    assert!(
        best < 12.0 && run.record.measures["capped"] == 0.0,
        "{best}"
    );
    assert!(!run.record.solved);
    let last = run.seen.learnt.last().unwrap();
    let step = last
        .weights
        .iter()
        .zip(answered_with(&run, 0))
        .zip(&last.gradient);
    for ((before, after), g) in step {
        assert!((before - 0.7 * g - after).abs() < 1e-6);
    }
}

/// Questions of all kinds about more pairs than are read at once.
fn all_kinds() -> Vec<Question> {
    let way = |beam, best, normalized| {
        Ask::Write(Way {
            beam,
            best,
            normalized,
            ..Way::GREEDY
        })
    };
    vec![
        question("kept", &pairs(100, 121, 6), Ask::Cost { keep: true }),
        question("greedy", &pairs(20, 103, 3), Ask::Write(Way::GREEDY)),
        question("vectors", &pairs(150, 101, 3), Ask::Vectors),
        question("none", &[], COST),
        question("wide", &pairs(60, 21, 3), way(12, 3, true)),
        question("widest", &pairs(90, 7, 3), way(30, 1, false)),
        question("inside", &pairs(200, 51, 3), Ask::Inside),
        question("cost", &pairs(30, 50, 6), COST),
    ]
}

/// Calls of a set of so many pairs: its batches, and the one that sees that there is none left.
fn calls(pairs: usize, side: usize) -> usize {
    pairs.div_ceil(side) + 1
}

#[test]
fn a_trial_that_is_saved_between_any_two_calls_ends_in_the_same_bytes() {
    let material = material(pairs(0, 42, 9), pairs(50, 120, 4), all_kinds());
    let falls = Some(Falls {
        first: 1.0,
        every: 0.5,
        factor: 0.5,
    });
    let plain = settings();
    let adam = Settings {
        rule: Rule::Adam,
        rate: 0.05,
        pool: 3,
        clip: Some(1.0),
        falls,
        patience: Some(1),
        ..settings()
    };
    let adadelta = Settings {
        rule: Rule::Adadelta,
        rate: 1.0,
        pool: 2,
        patience: Some(3),
        ..settings()
    };
    // One that diverges in its second pass, after its best weights.
    let diverges = Settings {
        rate: 0.5,
        falls: Some(Falls {
            first: 1.5,
            every: 100.0,
            factor: 1e39,
        }),
        patience: Some(2),
        ..settings()
    };
    for (settings, diverged) in [(plain, 0.0), (adam, 0.0), (adadelta, 0.0), (diverges, 1.0)] {
        let whole = run(&settings, Toy::drawn(3), &material);
        assert_eq!(whole.record.measures["diverged"], diverged, "{settings:?}");
        if diverged == 0.0 {
            // Eleven updates a pass, an evaluation after it, and the final test.
            let passes = whole.record.measures["epochs"] as usize;
            let sides = [50, 50, 50, 50, 4, 2, 50, 50];
            let sets = material.questions.iter().zip(sides);
            let tested: usize = sets.map(|(of, side)| calls(of.pairs.len(), side)).sum();
            assert_eq!(whole.calls, passes * (11 + calls(120, 50)) + tested);
        }
        // The one that goes on has other weights until it is restored.
        let aside = Aside::default();
        let fresh = |seed| {
            let report = report(aside.clone());
            begin(7, &settings, Toy::drawn(seed), material.clone(), report)
        };
        let mut trial = fresh(3);
        let mut done = 0;
        let record = loop {
            let state = trial.save();
            trial = fresh(100 + done);
            trial.restore(&state).unwrap();
            assert_eq!(
                trial.save(),
                state,
                "what is restored saves as it was saved"
            );
            done += 1;
            if trial.advance() {
                break trial.finish();
            }
        };
        assert_eq!(done as usize, whole.calls);
        assert!(to_bytes(&record) == to_bytes(&whole.record), "{settings:?}");
        assert_eq!(*aside.lock().unwrap(), whole.answers);
    }
}

#[test]
fn a_state_that_is_cut_short_is_refused() {
    let material = material(pairs(0, 10, 5), pairs(50, 3, 4), Vec::new());
    let fresh = || begin(7, &settings(), Toy::zeros(), material.clone(), |_, _| ());
    let mut trial = fresh();
    (0..5).for_each(|_| assert!(!trial.advance()));
    let state = trial.save();
    assert!(fresh().restore(&state).is_ok());
    for length in [0, 10, 500, state.len() - 1] {
        assert!(fresh().restore(&state[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn answers_come_in_the_order_of_the_questions_and_of_their_pairs() {
    let toy = Toy::drawn(4);
    let material = material(pairs(0, 8, 5), pairs(50, 3, 4), all_kinds());
    // Nothing is learnt, so that the weights are known.
    let still = Settings {
        rate: 0.0,
        epochs: 1,
        ..settings()
    };
    let run = run(&still, toy.clone(), &material);
    assert_eq!(run.answers.len(), material.questions.len());
    for (question, answer) in material.questions.iter().zip(&run.answers) {
        let count = match answer {
            Answer::Costs(all) => all.len(),
            Answer::Written(all) => all.len(),
            Answer::Vectors(all) => all.len(),
        };
        assert_eq!(count, question.pairs.len(), "{}", question.name);
        for (n, pair) in question.pairs.iter().enumerate() {
            let only = batch(std::slice::from_ref(pair));
            match (question.ask, answer) {
                (Ask::Cost { .. }, Answer::Costs(all)) => {
                    let mut each = toy.each(&only).remove(0);
                    let end = -each.pop().unwrap() as f32;
                    let words = -each.iter().sum::<f64>() as f32;
                    assert_eq!((all[n].nats, all[n].end), (words, end));
                    assert_eq!(all[n].words as usize, pair.1.len());
                }
                (Ask::Write(way), Answer::Written(all)) => {
                    let own = toy.translate(&only, &way.search(), &way.limits(&only));
                    assert_eq!(all[n].len(), way.best);
                    for (found, own) in all[n].iter().zip(&own[0]) {
                        assert_eq!(found.words, own.words);
                        assert_eq!(found.log_probability, own.log_probability);
                    }
                    assert_eq!(answer.best()[n], own[0][0].words);
                }
                (Ask::Vectors, Answer::Vectors(all)) => {
                    assert_eq!(all[n], toy.vectors(&only)[0])
                }
                (Ask::Inside, Answer::Vectors(all)) => assert_eq!(all[n], toy.inside(&only)[0]),
                _ => panic!("{}: another answer than was asked for", question.name),
            }
        }
    }
    // The pairs can be told apart by their answers.
    let distinct: BTreeSet<u64> = run.answers[0]
        .costs()
        .iter()
        .map(|cost| cost.all().to_bits())
        .collect();
    assert!(distinct.len() > 100, "{}", distinct.len());
    let distinct: BTreeSet<&[u32]> = run.answers[1].best().into_iter().collect();
    assert!(distinct.len() > 10, "{}", distinct.len());
    // What was not asked for is nothing.
    assert!(run.answers[0].best().is_empty() && run.answers[0].vectors().is_empty());
    assert!(run.answers[1].costs().is_empty());
    assert!(run.seen.read <= 50, "{} pairs at once", run.seen.read);
}

#[test]
fn a_perplexity_counts_ends_and_that_of_words_does_not() {
    let toy = Toy::drawn(5).with_bias(END, 1.5);
    let (all, none) = (pairs(0, 70, 6), pairs(100, 4, 0));
    let questions = vec![
        question("kept", &all, Ask::Cost { keep: true }),
        question("cost", &all, COST),
        question("ends", &none, COST),
        question("written", &all, Ask::Write(Way::GREEDY)),
    ];
    let material = material(pairs(200, 8, 5), pairs(250, 3, 4), questions);
    let still = Settings {
        rate: 0.0,
        epochs: 1,
        ..settings()
    };
    let record = run(&still, toy.clone(), &material).record;
    let (mut words, mut ends, mut count) = (0.0, 0.0, 0);
    let mut nats = Vec::new();
    for pair in &all {
        let mut each = toy.each(&batch(std::slice::from_ref(pair))).remove(0);
        nats.push(-each.iter().sum::<f64>());
        ends -= each.pop().unwrap();
        words -= each.iter().sum::<f64>();
        count += each.len();
    }
    let with_ends = ((words + ends) / (count + all.len()) as f64).exp();
    let without = (words / count as f64).exp();
    assert!((with_ends - without).abs() > 0.5, "{with_ends} {without}");
    let close = |name: &str, due: f64| {
        let found = record.measures[name];
        assert!(
            (found / due - 1.0).abs() < 1e-5,
            "{name}: {found}, not {due}"
        );
    };
    for name in ["kept", "cost"] {
        close(name, with_ends);
        close(&format!("{name}-words"), without);
    }
    // Sentences of no words have no perplexity of words; that of nothing is one.
    let each = toy.each(&batch(&none)).concat();
    close("ends", (-each.iter().sum::<f64>() / 4.0).exp());
    close("ends-words", 1.0);
    assert_eq!(perplexity(0.0, 0), 1.0);
    assert!((perplexity(6.0 * 8f64.ln(), 6) - 8.0).abs() < 1e-12);
    // A translation has none.
    assert!(!record.measures.contains_key("written"));
    // What each costs is kept where that is asked, with its end, to two decimals.
    let kept = &record.series["kept-nats"];
    assert_eq!(kept.len(), all.len());
    for (kept, nats) in kept.iter().zip(&nats) {
        assert!((kept - nats).abs() < 0.00501, "{kept} {nats}");
        assert!((kept * 100.0 - (kept * 100.0).round()).abs() < 1e-6);
    }
    assert!(!record.series.contains_key("cost-nats"));
    assert_eq!(
        record.measures["weights"],
        ((WORDS + SOURCES + 1) * WORDS) as f64
    );
}

#[test]
fn a_divergence_ends_the_trial_and_is_said_in_the_record() {
    let questions = vec![shown(), question("cost", &pairs(0, 5, 4), COST)];
    let material = material(pairs(0, 40, 6), pairs(50, 3, 4), questions);
    let toy = || Toy::drawn(6);
    let start = weights(&mut toy());
    let healthy = run(&settings(), toy(), &material).record;
    assert_eq!(healthy.measures["diverged"], 0.0);
    // No f32 holds this rate: the second loss is no number.
    let huge = Settings {
        rate: 1e39,
        ..settings()
    };
    for clip in [None, Some(1.0)] {
        for patience in [None, Some(2)] {
            let settings = Settings {
                clip,
                patience,
                ..huge.clone()
            };
            let run = run(&settings, toy(), &material);
            assert_eq!(run.seen.learnt.len(), 2, "it went on");
            let of = |name: &str| run.record.measures.get(name).copied();
            assert_eq!((of("diverged"), of("epochs")), (Some(1.0), Some(0.0)));
            assert!(!run.record.solved && run.record.curve.is_empty());
            // The first weights are the best that there were, where the best are kept.
            match patience {
                Some(_) => {
                    assert_eq!(answered_with(&run, 0), start);
                    assert!(of("cost").is_some_and(f64::is_finite));
                }
                None => {
                    assert!(run.answers[0].vectors().is_empty());
                    assert_eq!(of("cost"), None);
                }
            }
        }
    }
    // With an update a pass it is the development set that shows it.
    let settings = Settings {
        batch: 40,
        patience: Some(2),
        ..huge
    };
    let run = run(&settings, toy(), &material);
    assert_eq!(run.seen.learnt.len(), 1);
    assert_eq!(run.record.measures["diverged"], 1.0);
    assert_eq!(answered_with(&run, 0), start);
}

#[test]
fn translations_have_at_most_so_many_words_for_each_of_the_source_and_five() {
    let way = |longest, beam, best, normalized, members| Way {
        beam,
        best,
        normalized,
        longest,
        members,
    };
    let ways = [
        Way::GREEDY,
        way(2, 1, 1, false, 1),
        way(0, 1, 1, false, 2),
        way(3, 4, 2, true, 5),
    ];
    assert_eq!(ways[0], ways[1]);
    let sources = pairs(0, 30, 3);
    let ask = |&way: &Way| question("written", &sources, Ask::Write(way));
    let questions: Vec<Question> = ways.iter().map(ask).collect();
    let material = material(pairs(200, 8, 5), pairs(250, 3, 4), questions);
    let still = Settings {
        rate: 0.0,
        epochs: 1,
        ..settings()
    };
    // The end never comes, and what is no word would always.
    let mut toy = Toy::drawn(7).with_bias(END, -60.0);
    for word in [PAD, UNKNOWN, START] {
        toy = toy.with_bias(word, 30.0);
    }
    let run = run(&still, toy, &material);
    for (way, answer) in ways.iter().zip(&run.answers) {
        let Answer::Written(all) = answer else {
            panic!("no translations");
        };
        for ((source, _), found) in sources.iter().zip(all) {
            assert_eq!(found.len(), way.best);
            for found in found {
                assert_eq!(found.words.len(), way.longest * source.len() + 5);
                assert!(
                    found.words.iter().all(|&word| word as usize > END),
                    "{found:?}"
                );
            }
        }
    }
    // Each way is searched for as it says.
    let mut asked = run.seen.asked.iter();
    for way in ways {
        let mut left = sources.len();
        while left > 0 {
            let Asked {
                members,
                search,
                limits,
            } = asked.next().unwrap();
            left -= limits.len();
            assert_eq!(*members, way.members);
            assert_eq!((search.beam, search.best), (way.beam, way.best));
            assert_eq!((search.start as usize, search.end as usize), (START, END));
            let banned: BTreeSet<usize> = search.banned.iter().map(|&w| w as usize).collect();
            assert_eq!(banned, BTreeSet::from([PAD, UNKNOWN, START]));
            let due = match way.normalized {
                true => Normalization::Length,
                false => Normalization::None,
            };
            assert_eq!(search.normalization, due);
            assert!(limits.iter().all(|limits| limits.least == 0));
        }
    }
    assert!(asked.next().is_none());
}

/// A rate beyond all bounds leaves weights that are no numbers, and without patience nothing goes back to
/// better ones; the answers are no numbers then.
#[test]
fn a_final_test_without_numbers_can_be_saved_and_restored() {
    let cost = Ask::Cost { keep: false };
    let questions = vec![question("cost", &pairs(0, 60, 4), cost)];
    let material = material(pairs(0, 40, 6), pairs(50, 3, 4), questions);
    let settings = Settings {
        rate: 1e39,
        batch: 40,
        epochs: 1,
        patience: None,
        ..settings()
    };
    let fresh = || begin(7, &settings, Toy::drawn(6), material.clone(), |_, _| ());
    let mut trial = fresh();
    for call in 0.. {
        let state = trial.save();
        trial = fresh();
        trial
            .restore(&state)
            .unwrap_or_else(|error| panic!("before call {call}: {error}"));
        if trial.advance() {
            break;
        }
    }
    assert!(!trial.finish().measures["cost"].is_finite());
}
