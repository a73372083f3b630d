// SPDX-License-Identifier: MIT OR Apache-2.0
//! The search for sentences against trying all, and one sentence against many at once.
#![allow(missing_docs)]

use training::decoding::{sample, Found, Limits, Normalization, Search, Writes};

const V: usize = 4;
const START: u32 = 0;
const END: u32 = 3;

/// Tables of ln p that depend on the source and on all words before, by a hash.
struct Tables {
    seeds: Vec<u64>,
    /// How much an end is worth more than other words.
    ends: f64,
}

fn hash(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Tables {
    fn row(&self, key: u64) -> Vec<f32> {
        let score = |word: u64| {
            let unit = (hash(key ^ ((word + 1) * 0x9e37)) >> 11) as f64 / (1u64 << 53) as f64;
            2.0 * unit
                + if word == u64::from(END) {
                    self.ends
                } else {
                    0.0
                }
        };
        let scores: Vec<f64> = (0..V as u64).map(score).collect();
        let sum: f64 = scores.iter().map(|s| s.exp()).sum();
        scores.iter().map(|s| (s - sum.ln()) as f32).collect()
    }
}

impl Writes for Tables {
    /// A hash of source and words.
    type State = Vec<u64>;

    fn begin(&self) -> Vec<u64> {
        self.seeds.clone()
    }

    fn next(&self, state: &Vec<u64>, from: &[usize], words: &[u32]) -> (Vec<u64>, Vec<f32>) {
        let pairs = from.iter().zip(words);
        let next: Vec<u64> = pairs
            .map(|(&r, &w)| hash(state[r] ^ u64::from(w)))
            .collect();
        let all = next.iter().flat_map(|&key| self.row(key)).collect();
        (next, all)
    }
}

fn search(beam: usize) -> Search {
    Search {
        beam,
        best: 1,
        shrinks: false,
        normalization: Normalization::None,
        start: START,
        end: END,
        banned: vec![START],
    }
}

const LIMITS: Limits = Limits { least: 0, most: 4 };

/// Every sentence within the limits.
fn all(model: &Tables, source: usize, search: &Search, limits: Limits) -> Vec<Found> {
    let one = Tables {
        seeds: vec![model.seeds[source]],
        ends: model.ends,
    };
    let mut found = Vec::new();
    let mut open = vec![(one.begin(), Vec::new(), 0.0)];
    while let Some((state, words, before)) = open.pop() {
        let last = words.last().copied().unwrap_or(START);
        let (state, row) = one.next(&state, &[0], &[last]);
        for word in [1, 2, END] {
            let p = before + f64::from(row[word as usize]);
            let mut words = words.clone();
            let ended = word == END;
            if ended && words.len() < limits.least {
                continue;
            }
            if !ended {
                words.push(word);
            }
            if ended || words.len() == limits.most {
                let count = words.len() + usize::from(ended);
                let score = search.normalization.score(p, count);
                found.push(Found {
                    words,
                    log_probability: p,
                    score,
                    ended,
                });
            } else {
                open.push((state.clone(), words, p));
            }
        }
    }
    found.sort_by(|a: &Found, b| {
        b.score
            .total_cmp(&a.score)
            .then_with(|| a.words.cmp(&b.words))
    });
    found
}

fn models() -> impl Iterator<Item = Tables> {
    (0..40).map(|n| Tables {
        seeds: (0..5).map(|k| hash(1000 * n + k)).collect(),
        ends: [-1.0, 0.0, 1.0][n as usize % 3],
    })
}

fn near(a: &Found, b: &Found) {
    assert_eq!((&a.words, a.ended), (&b.words, b.ended));
    assert!((a.score - b.score).abs() < 1e-9, "{a:?} {b:?}");
}

/// A search that stopped at the first sentence to end would miss one that is longer and better.
#[test]
fn a_wide_beam_finds_what_trying_all_finds() {
    for normalization in [
        Normalization::None,
        Normalization::Length,
        Normalization::Power(0.6),
    ] {
        let wide = Search {
            best: 3,
            normalization,
            ..search(200)
        };
        for limits in [LIMITS, Limits { least: 2, most: 3 }] {
            for model in models() {
                let found = wide.run(&model, &vec![limits; model.seeds.len()]);
                for (source, found) in found.iter().enumerate() {
                    let should = all(&model, source, &wide, limits);
                    assert_eq!(found.len(), 3);
                    found
                        .iter()
                        .zip(&should)
                        .for_each(|(is, should)| near(is, should));
                }
            }
        }
    }
}

#[test]
fn a_beam_of_one_takes_the_most_probable_word() {
    for model in models() {
        let found = Search::greedy(START, END, vec![START]).run(&model, &[LIMITS; 5]);
        for (source, found) in found.iter().enumerate() {
            let mut state = vec![model.seeds[source]];
            let (mut words, mut p, mut last) = (Vec::new(), 0.0, START);
            while words.len() < LIMITS.most {
                let (next, row) = model.next(&state, &[0], &[last]);
                state = next;
                let mut best = 1;
                for word in [2, END] {
                    if row[word as usize] > row[best as usize] {
                        best = word;
                    }
                }
                p += f64::from(row[best as usize]);
                if best == END {
                    break;
                }
                words.push(best);
                last = best;
            }
            assert_eq!((&found[0].words, found[0].log_probability), (&words, p));
        }
    }
}

#[test]
fn one_at_a_time_is_all_at_once_to_the_bit() {
    let beam = Search {
        best: 2,
        ..search(3)
    };
    let limits = [1, 2, 3, 4, 6].map(|most| Limits { least: 0, most });
    for model in models() {
        let together = beam.run(&model, &limits);
        let drawn = sample(&model, &beam, &limits, 0.7, |n| 0.1 + 0.15 * n as f64);
        for n in 0..5 {
            let one = Tables {
                seeds: vec![model.seeds[n]],
                ends: model.ends,
            };
            assert_eq!(beam.run(&one, &limits[n..=n])[0], together[n]);
            let alone = sample(&one, &beam, &limits[n..=n], 0.7, |_| 0.1 + 0.15 * n as f64);
            assert_eq!(alone[0], drawn[n]);
        }
    }
}

#[test]
fn limits_and_bans_hold() {
    let limits = Limits { least: 2, most: 3 };
    for beam in [1, 2, 5] {
        for model in models() {
            let strict = Search {
                banned: vec![START, 1],
                ..search(beam)
            };
            let drawn = sample(&model, &strict, &[limits; 5], 1.0, |_| 0.5);
            let found = strict.run(&model, &[limits; 5]);
            for found in found.iter().flatten().chain(&drawn) {
                assert!((2..=3).contains(&found.words.len()), "{found:?}");
                assert!(found.words.iter().all(|&word| word == 2));
                assert_eq!(found.ended, found.words.len() == 2);
            }
        }
    }
}

/// The best sentence of a source when each that is over takes a place of the beam away, or none does,
/// one step after the other and to the last.
fn narrowing(model: &Tables, source: usize, beam: usize, shrinks: bool) -> (Vec<u32>, f64) {
    let mut live = vec![(vec![model.seeds[source]], Vec::new(), 0.0)];
    let mut over: Vec<(Vec<u32>, f64)> = Vec::new();
    while !live.is_empty() {
        let mut ways = Vec::new();
        for (state, words, before) in &live {
            let last = words.last().copied().unwrap_or(START);
            let (state, row) = model.next(state, &[0], &[last]);
            for word in [1, 2, END] {
                let p = before + f64::from(row[word as usize]);
                ways.push((state.clone(), [words.as_slice(), &[word]].concat(), p));
            }
        }
        ways.sort_by(|a, b| b.2.total_cmp(&a.2));
        ways.truncate(if shrinks {
            beam.saturating_sub(over.len())
        } else {
            beam
        });
        live.clear();
        for (state, mut words, p) in ways {
            if words.last() == Some(&END) {
                words.pop();
                over.push((words, p));
            } else if words.len() == LIMITS.most {
                over.push((words, p));
            } else {
                live.push((state, words, p));
            }
        }
    }
    let best = over.into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
    best.expect("a sentence is over")
}

#[test]
fn of_a_beam_that_shrinks_each_sentence_that_is_over_takes_a_place() {
    let mut apart = 0;
    for model in models() {
        for beam in [2, 3] {
            let found = |shrinks| {
                Search {
                    shrinks,
                    ..search(beam)
                }
                .run(&model, &[LIMITS; 5])
            };
            for (source, (small, wide)) in found(true).iter().zip(&found(false)).enumerate() {
                for (found, shrinks) in [(small, true), (wide, false)] {
                    let (words, p) = narrowing(&model, source, beam, shrinks);
                    assert_eq!(found[0].words, words);
                    assert!((found[0].log_probability - p).abs() < 1e-9);
                }
                apart += usize::from(small[0].words != wide[0].words);
            }
        }
    }
    assert!(apart > 0, "no sentence tells the two apart");
}

/// Words come as often as their probabilities to the power of one over the temperature say.
#[test]
fn drawn_words_are_as_frequent_as_they_are_probable() {
    let model = models().next().expect("a model");
    let (_, row) = model.next(&model.begin(), &[0], &[START]);
    let limits = [Limits { least: 0, most: 1 }; 5];
    let count = 20_000;
    let free = Search {
        banned: Vec::new(),
        ..search(1)
    };
    for temperature in [1.0, 0.5] {
        let mut counts = [0; V];
        for n in 0..count {
            let unit = (f64::from(n) + 0.5) / f64::from(count);
            let drawn = &sample(&model, &free, &limits, temperature, |_| unit)[0];
            let word = drawn.words.first().copied().unwrap_or(END);
            counts[word as usize] += 1;
        }
        let weight = |p: &f32| (f64::from(*p) / temperature).exp();
        let sum: f64 = row[..V].iter().map(weight).sum();
        for (count_of, p) in counts.iter().zip(&row) {
            let share = f64::from(*count_of) / f64::from(count);
            assert!((share - weight(p) / sum).abs() < 1e-3, "{share} {p}");
        }
    }
}

/// By hand: six nats over three words, and over seven.
#[test]
fn scores_are_those_of_their_papers() {
    assert_eq!(Normalization::None.score(-6.0, 3), -6.0);
    assert_eq!(Normalization::Length.score(-6.0, 3), -2.0);
    assert_eq!(Normalization::Power(1.0).score(-6.0, 7), -3.0);
    assert_eq!(Normalization::Power(2.0).score(-6.0, 7), -1.5);
}
