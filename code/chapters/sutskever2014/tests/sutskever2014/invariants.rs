// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the types of the model cannot see. Each invariant is asked of the model, and of a model with a
//! mistake that has been made or could be, on which it must fail.

use super::made::*;
use dfdx::prelude::*;
use kernels::Instructions;
use std::collections::BTreeMap;
use sutskever2014::model::{
    Batch, Direction, Ensemble, Source, SourceWord, States, Translator, Writer, END, PAD, START,
};
use sutskever2014::reference::{as_read, zeros, Matrix};
use tape::dims::{self, Hidden, Time};
use tape::recurrent::{Reading, State};
use training::decoding::{Found, Normalization, Search, Writes};

/// How far the loss of a batch is from the sum over its pairs alone, when its sources are read so.
fn padding_costs(model: &Model, read: impl Fn(&Batch) -> Source) -> f64 {
    let loss = |pairs: &[Pair]| {
        let batch = batch(pairs);
        let (start, _) = model.read::<NoneTape>(&read(&batch));
        loss_from(model, &batch, &start)
    };
    let pairs = pairs();
    let alone = pairs.iter().map(|pair| loss(std::slice::from_ref(pair)));
    (alone.sum::<f64>() - loss(&pairs)).abs()
}

#[test]
fn padding_changes_nothing() {
    for (direction, layers) in [(Direction::Forward, 2), (Direction::Reversed, 3)] {
        let mut model = drawn(layers, direction, 20);
        assert!(padding_costs(&model, |batch| direction.arrange(batch)) < 1e-10);
        let pairs = pairs();
        let all = batch(&pairs);
        let (value, found) = on_the_tape(&mut model, &all);
        let (each, vectors) = (model.each(&all), model.vectors(&all));
        let mut sums: Table = BTreeMap::new();
        for (n, pair) in pairs.iter().enumerate() {
            let alone = only(pair);
            close("ln p", &each[n], &model.each(&alone)[0]);
            close("the vector", &vectors[n], &model.vectors(&alone)[0]);
            for (name, g) in on_the_tape(&mut model, &alone).1 {
                let sum = sums
                    .entry(name)
                    .or_insert_with(|| zeros(g.len(), g[0].len()));
                for (sum, g) in sum.iter_mut().flatten().zip(g.iter().flatten()) {
                    *sum += g / pairs.len() as f64;
                }
            }
        }
        tables_alike("alone", &found, &sums);
        // What stands on padding does not matter, to the bit.
        let mut other = all.clone();
        for (b, (&source, &target)) in all.source_lengths.iter().zip(&all.lengths).enumerate() {
            let (v, w) = (b * all.source_steps, b * all.steps);
            other.source[v + source..v + all.source_steps].fill(5);
            other.before[w + target..w + all.steps].fill(6);
        }
        assert_ne!((&other.source, &other.before), (&all.source, &all.before));
        let (again, same) = on_the_tape(&mut model, &other);
        assert_eq!(again.to_bits(), value.to_bits());
        assert_eq!(same, found);
        // More padding does not either.
        let slices: Vec<_> = pairs.iter().map(|(v, w)| (&v[..], &w[..])).collect();
        let wider = Batch::new(&slices, true, all.steps + 3);
        assert!(wider.source_steps > all.source_steps);
        close("wider", &[loss(&model, &wider)], &[value]);
    }
    let model = drawn(2, Direction::Reversed, 20);
    // The mistake: padding is read before a reversed source.
    assert!(padding_costs(&model, padding_first) > 1e-2);
    // The mistake: a length longer by one.
    let longer = |batch: &Batch| off_by_one(model.direction, batch, true);
    assert!(padding_costs(&model, longer) > 1e-2);
}

#[test]
fn a_reversed_source_is_reversed_within_its_length() {
    let pairs = pairs();
    let all = batch(&pairs);
    let holds = |source: &Source| {
        let rows = source.words.chunks(source.steps).zip(&source.lengths);
        rows.zip(&pairs).all(|((row, &length), (words, _))| {
            let mut back = wide_numbers(words);
            back.reverse();
            back.push(END);
            length == back.len()
                && row[..length] == back
                && row[length..].iter().all(|&word| word == PAD)
        })
    };
    assert!(holds(&Direction::Reversed.arrange(&all)));
    // The mistakes: padding first; the end reversed with the words; and not reversed.
    assert!(!holds(&padding_first(&all)));
    let mut end_first = Direction::Forward.arrange(&all);
    let lengths = end_first.lengths.clone();
    for (row, length) in end_first.words.chunks_mut(end_first.steps).zip(lengths) {
        row[..length].reverse();
    }
    assert!(!holds(&end_first));
    assert!(!holds(&Direction::Forward.arrange(&all)));

    // The vector of a reversed source is that of its words in the other order, read forward.
    let model = drawn(2, Direction::Reversed, 21);
    let mut forward = model.clone();
    forward.direction = Direction::Forward;
    for pair in &pairs {
        let turned = (pair.0.iter().rev().copied().collect(), pair.1.clone());
        let (own, other) = (model.vectors(&only(pair)), forward.vectors(&only(&turned)));
        assert_eq!(own, other);
    }
    // A kernel that reads from the end to the beginning does it too: the end before the words there
    // is the end behind them here, and each layer reads the one below in the same order.
    let source = Direction::Reversed.arrange(&all);
    let (expected, _) = model.read::<NoneTape>(&source);
    let mut words = vec![PAD; source.words.len()];
    for ((to, from), &length) in words
        .chunks_mut(source.steps)
        .zip(source.words.chunks(source.steps))
        .zip(&source.lengths)
    {
        let read = from[..length].iter().rev();
        to.iter_mut().zip(read).for_each(|(to, word)| *to = *word);
    }
    assert_eq!(words[0], END);
    let looked_up = model
        .sources
        .look_up(words.len(), &words, NoneTape)
        .unwrap();
    let shape = (
        dims::Batch(pairs.len()),
        Time(source.steps),
        SourceWord(VECTOR),
    );
    let reading = Reading {
        lengths: Some(&source.lengths),
        reverse: true,
        ..Reading::default()
    };
    let (_, found) = model
        .encoder
        .run(looked_up.reshape_like(&shape), None, reading);
    for (found, expected) in in_numbers(&found).iter().zip(in_numbers(&expected)) {
        close(
            "reversed by the kernel",
            &found.concat(),
            &expected.concat(),
        );
    }
}

/// The first step at which the probabilities change when each word of a target is another.
fn first_changes(read: impl Fn(&[u32]) -> Matrix) -> Vec<Option<usize>> {
    let target = sentence(22, 7, WORDS);
    let before = read(&target);
    let first = |k: usize| {
        let mut other = target.clone();
        other[k] = if target[k] == 4 { 5 } else { 4 };
        let after = read(&other);
        (0..before.len()).find(|&t| before[t] != after[t])
    };
    (0..target.len()).map(first).collect()
}

#[test]
fn the_future_changes_nothing_before_it() {
    for (direction, layers) in [(Direction::Forward, 1), (Direction::Reversed, 3)] {
        let model = drawn(layers, direction, 23);
        let source = sentence(23, 6, SOURCES);
        let read = |target: &[u32]| {
            let pair = (source.clone(), target.to_vec());
            distributions(&model, &only(&pair))
        };
        // The word at place k is read at the step after it.
        let expected: Vec<_> = (1..8).map(Some).collect();
        assert_eq!(first_changes(read), expected);
        // The mistake: each step reads the word that it is to predict.
        let mistaken = |target: &[u32]| {
            let pair = (source.clone(), target.to_vec());
            let mut batch = only(&pair);
            let due = batch.target.iter().zip(&mut batch.before);
            due.for_each(|(due, before)| *before = due.unwrap_or(PAD));
            distributions(&model, &batch)
        };
        let peeked: Vec<_> = (0..7).map(Some).collect();
        assert_eq!(first_changes(mistaken), peeked);
    }
}

/// The same states with zeros in some layers.
fn silenced(states: &States<f64>, layers: &[usize]) -> States<f64> {
    let mut states = states.clone();
    for &layer in layers {
        let State { output, cell } = &mut states[layer];
        let none = vec![0.0; output.shape().num_elements()];
        output.copy_from(&none);
        cell.as_mut().unwrap().copy_from(&none);
    }
    states
}

/// How many source words change what is said of the first target word, when each is another.
fn words_read(
    source: &[u32],
    model: &Model,
    vector: impl Fn(&Batch) -> States<f64>,
) -> (usize, usize) {
    let first = |source: &[u32]| {
        let batch = only(&(source.to_vec(), vec![5]));
        let own = vector(&batch);
        distributions_from(model, &batch, &own)[0].clone()
    };
    let before = first(source);
    let changes = |other: &[u32]| {
        let apart = first(other)
            .iter()
            .zip(&before)
            .any(|(a, b)| (a - b).abs() > 1e-7);
        usize::from(apart)
    };
    let mut words = 0;
    for place in 0..source.len() {
        let mut other = source.to_vec();
        other[place] = if source[place] == 4 { 5 } else { 4 };
        words += changes(&other);
    }
    let mut orders = 0;
    for place in 1..source.len() {
        let mut other = source.to_vec();
        other.swap(place - 1, place);
        orders += changes(&other);
    }
    (words, orders)
}

#[test]
fn the_source_is_really_read() {
    // No word twice in a row.
    let source = [4, 7, 5, 9, 6, 8];
    for direction in DIRECTIONS {
        let model = drawn(2, direction, 24);
        let own = |batch: &Batch| model.encode::<NoneTape>(batch).0;
        // Each word, and its place, change the first word already.
        assert_eq!(words_read(&source, &model, own), (6, 5));
        let (a, b) = (pair(24, 6, 5), pair(25, 6, 5));
        let foreign = (b.0, a.1.clone());
        let apart = loss(&model, &only(&a)) - loss(&model, &only(&foreign));
        assert!(apart.abs() > 1e-3, "{apart}");
        // The mistakes: the decoder starts from zeros; the encoder is stopped after one step.
        let deaf = |batch: &Batch| silenced(&model.encode::<NoneTape>(batch).0, &[0, 1]);
        assert_eq!(words_read(&source, &model, deaf), (0, 0));
        let hasty = |batch: &Batch| {
            let mut source = direction.arrange(batch);
            source.lengths.fill(1);
            model.read::<NoneTape>(&source).0
        };
        assert_eq!(words_read(&source, &model, hasty), (1, 1));
    }
}

/// The parts of a sentence vector that the loss depends on, when the decoder starts as `start` makes
/// of it: h and c of each layer.
fn handed_over(
    model: &Model,
    start: impl Fn(&States<f64>) -> States<f64>,
) -> Vec<(usize, bool)> {
    let batch = only(&pair(26, 5, 4));
    let (vector, _) = model.encode::<NoneTape>(&batch);
    let before = loss_from(model, &batch, &start(&vector));
    let mut heard = Vec::new();
    for layer in 0..vector.len() {
        for cell in [false, true] {
            let mut other = vector.clone();
            let part = match cell {
                true => other[layer].cell.as_mut().unwrap(),
                false => &mut other[layer].output,
            };
            let moved: Vec<f64> = part.as_vec().iter().map(|x| x + 0.25).collect();
            part.copy_from(&moved);
            if (loss_from(model, &batch, &start(&other)) - before).abs() > 1e-6 {
                heard.push((layer, cell));
            }
        }
    }
    heard
}

#[test]
fn every_layer_hands_its_state_to_the_decoder() {
    let model = drawn(3, Direction::Reversed, 27);
    let all: Vec<_> = (0..3).flat_map(|l| [(l, false), (l, true)]).collect();
    assert_eq!(handed_over(&model, States::clone), all);
    // The mistake: the lower layers start from zeros, and the model still learns.
    let mistaken = |states: &States<f64>| silenced(states, &[0, 1]);
    assert_eq!(handed_over(&model, mistaken), [(2, false), (2, true)]);
    // The mistake: h alone is handed over.
    let mistaken = |states: &States<f64>| {
        let mut states = states.clone();
        for state in &mut states {
            let cell = state.cell.as_mut().unwrap();
            cell.copy_from(&vec![0.0; cell.shape().num_elements()]);
        }
        states
    };
    assert_eq!(
        handed_over(&model, mistaken),
        [(0, false), (1, false), (2, false)]
    );
    // What the model itself does is the first of these.
    let batch = only(&pair(26, 5, 4));
    let (vector, _) = model.encode::<NoneTape>(&batch);
    let whole = loss_from(&model, &batch, &vector);
    assert_eq!(loss(&model, &batch), whole);
    assert!((loss_from(&model, &batch, &silenced(&vector, &[0])) - whole).abs() > 1e-3);
}

#[test]
fn every_parameter_gets_a_gradient() {
    for (direction, layers) in [(Direction::Forward, 1), (Direction::Reversed, 2)] {
        let mut model = drawn(layers, direction, 28);
        let mut pairs = pairs();
        pairs.push(((4..SOURCES as u32).collect(), (4..WORDS as u32).collect()));
        let (_, found) = on_the_tape(&mut model, &batch(&pairs));
        for (name, rows) in &found {
            for (row, g) in rows.iter().enumerate() {
                // A source is read with its end, a target after its start; words that are no words
                // stand in none.
                let dead = match name.as_str() {
                    "sources" => row < 4 && row != END,
                    "words" => row < 4 && row != START,
                    _ => false,
                };
                let nothing = g.iter().all(|&g| g == 0.0);
                let all = g.iter().all(|&g| g != 0.0 && g.is_finite());
                assert!(if dead { nothing } else { all }, "{name} {row}: {g:?}");
            }
        }
        // Every parameter has a name of its own, and all of a layer's are there.
        let (per_stack, rest) = (3 * layers, 4);
        assert_eq!(found.len(), 2 * per_stack + rest);
    }
}

/// A model in f32 on the portable path.
fn portable(seed: u64) -> Translator<f32> {
    let sizes = sutskever2014::model::Sizes {
        path: Instructions::Portable,
        units: 5,
        ..sizes(2)
    };
    let mut model = Translator::zeros(sizes, Direction::Reversed);
    draw(&mut model, 1.5, seed);
    model
}

/// What is found for some sources at once, read so.
fn found_at_once(
    model: &Translator<f32>,
    sources: &[Pair],
    search: &Search,
    read: impl Fn(&Batch) -> Source,
) -> Vec<Vec<Found>> {
    let (start, _) = model.read::<NoneTape>(&read(&batch(sources)));
    written(model, start, search, 12)
}

/// For how many sources what is found alone is what is found beside others, to the bit.
fn found_alone(
    model: &Translator<f32>,
    search: &Search,
    read: impl Fn(&Batch) -> Source,
) -> [usize; 2] {
    let sources: Vec<Pair> = (0..30)
        .map(|n| pair(300 + n, 1 + n as usize % 9, 0))
        .collect();
    let together = found_at_once(model, &sources, search, &read);
    let alone = |(source, found): (&Pair, &Vec<Found>)| {
        let one = found_at_once(model, std::slice::from_ref(source), search, &read);
        let same = one[0].iter().zip(found).all(|(a, b)| {
            a.words == b.words && a.log_probability.to_bits() == b.log_probability.to_bits()
        });
        same && one[0].len() == found.len()
    };
    let same = sources
        .iter()
        .zip(&together)
        .filter(|&pair| alone(pair))
        .count();
    [same, sources.len()]
}

#[test]
fn one_at_a_time_equals_many_at_once() {
    for (beam, best) in [(1, 1), (2, 1), (5, 5), (12, 1)] {
        let model = portable(29);
        let search = search(beam, best);
        let [same, all] = found_alone(&model, &search, |batch| model.direction.arrange(batch));
        assert_eq!(same, all, "beam {beam}");
        // The mistake: sources are read up to the longest of the batch.
        let mistaken = |batch: &Batch| {
            let mut source = model.direction.arrange(batch);
            source.lengths.fill(source.steps);
            source
        };
        let [same, all] = found_alone(&model, &search, mistaken);
        assert!(same < all / 2, "{same} of {all}");
    }
    // Beside others, or with another's place in the batch.
    let model = portable(30);
    let sources: Vec<Pair> = (0..7).map(|n| pair(340 + n, 2 + n as usize, 0)).collect();
    let turned: Vec<Pair> = sources.iter().rev().cloned().collect();
    let find = |sources: &[Pair]| {
        found_at_once(&model, sources, &search(3, 2), |batch| {
            model.direction.arrange(batch)
        })
    };
    let mut back = find(&turned);
    back.reverse();
    assert_eq!(find(&sources), back);
}

#[test]
fn an_ensemble_of_one_is_the_model() {
    let model = portable(31);
    let sources: Vec<Pair> = (0..9).map(|n| pair(360 + n, 1 + n as usize, 0)).collect();
    let batch = batch(&sources);
    for (beam, best) in [(1, 1), (4, 2)] {
        let (search, limits) = (search(beam, best), limits(sources.len(), 12));
        let alone = search.run(&model.writer(&batch), &limits);
        let one = Ensemble::new(vec![model.writer(&batch)]);
        assert_eq!(search.run(&one, &limits), alone);
        // Nor do copies of it say anything else.
        let copies = Ensemble::new((0..4).map(|_| model.writer(&batch)).collect());
        assert_eq!(search.run(&copies, &limits), alone);
        // Another model beside it does.
        let other = portable(32);
        let two = Ensemble::new(vec![model.writer(&batch), other.writer(&batch)]);
        assert_ne!(search.run(&two, &limits), alone);
    }
}

#[test]
#[should_panic(expected = "an ensemble of no models")]
fn an_ensemble_has_a_model() {
    Ensemble::<Writer<f32>>::new(Vec::new());
}

#[test]
fn what_is_written_costs_what_reading_it_costs() {
    for (direction, layers) in [(Direction::Forward, 3), (Direction::Reversed, 2)] {
        let model = drawn(layers, direction, 33);
        let sources: Vec<Pair> = (0..9).map(|n| pair(380 + n, 1 + n as usize, 0)).collect();
        let (start, _) = model.encode::<NoneTape>(&batch(&sources));
        let found = written(&model, start, &search(6, 6), 8);
        let (mut ended, mut cut) = (0, 0);
        for ((source, _), found) in sources.iter().zip(&found) {
            assert_eq!(found.len(), 6);
            for found in found {
                let pair = (source.clone(), found.words.clone());
                let each = model.each(&only(&pair)).remove(0);
                let paid = found.words.len() + usize::from(found.ended);
                let read: f64 = each[..paid].iter().sum();
                close_to("ln p", &[found.log_probability], &[read], 1e-5);
                ended += usize::from(found.ended);
                cut += usize::from(!found.ended);
            }
        }
        assert!(ended > 5 && cut > 0, "{ended} {cut}");
    }
}

/// A search of one source's sentences as one would first write it. `hasty`: it stops when the best
/// of a step's hypotheses has ended. A finished sentence leaves its place empty.
fn plain_search(model: &impl Writes, search: &Search, most: usize, hasty: bool) -> Vec<Found> {
    let mut state = model.begin();
    let mut live: Vec<(Vec<u32>, f64, usize)> = vec![(Vec::new(), 0.0, 0)];
    let mut done: Vec<Found> = Vec::new();
    while !live.is_empty() && done.len() < search.beam {
        let from: Vec<usize> = live.iter().map(|one| one.2).collect();
        let last = |one: &(Vec<u32>, f64, usize)| one.0.last().copied().unwrap_or(search.start);
        let words: Vec<u32> = live.iter().map(last).collect();
        let (next, all) = model.next(&state, &from, &words);
        state = next;
        let width = all.len() / from.len();
        let mut ways: Vec<(f64, usize, u32)> = Vec::new();
        for (row, one) in live.iter().enumerate() {
            for word in (0..width as u32).filter(|word| !search.banned.contains(word)) {
                let p = f64::from(all[row * width + word as usize]);
                ways.push((one.1 + p, row, word));
            }
        }
        ways.sort_by(|a, b| b.0.total_cmp(&a.0));
        ways.truncate(search.beam - done.len());
        let top_ended = ways[0].2 == search.end;
        let mut going = Vec::new();
        for (p, row, word) in ways {
            let mut words = live[row].0.clone();
            let ended = word == search.end;
            if !ended {
                words.push(word);
            }
            if ended || words.len() == most {
                let count = words.len() + usize::from(ended);
                done.push(Found {
                    score: search.normalization.score(p, count),
                    words,
                    log_probability: p,
                    ended,
                });
            } else {
                going.push((words, p, row));
            }
        }
        live = going;
        if hasty && top_ended {
            break;
        }
    }
    done.sort_by(|a, b| b.score.total_cmp(&a.score));
    done.truncate(search.best);
    done
}

/// In how many of some searches a plain one finds what the floor's finds, with the mistake or without.
fn as_found(search: &Search, hasty: bool) -> [usize; 2] {
    let (mut same, mut all) = (0, 0);
    for seed in 400..440 {
        let model = portable(seed);
        let batch = batch(&[pair(seed, 5, 0)]);
        let found = search.run(&model.writer(&batch), &limits(1, 9)).remove(0);
        let plain = plain_search(&model.writer(&batch), search, 9, hasty);
        same += usize::from(plain == found);
        all += 1;
    }
    [same, all]
}

#[test]
fn the_beam_goes_on_until_no_hypothesis_can_win() {
    let by_length = |beam, best| Search {
        normalization: Normalization::Length,
        ..search(beam, best)
    };
    for search in [search(4, 1), search(4, 4), by_length(4, 1), by_length(4, 4)] {
        let [same, all] = as_found(&search, false);
        assert_eq!(same, all, "{search:?}");
    }
    // The mistake: the beam stops when the best hypothesis has ended. Where one sentence is wanted and
    // ln p alone counts, as in the paper, nothing can win any more, and it is none.
    let [same, all] = as_found(&search(4, 1), true);
    assert_eq!(same, all);
    // Where several are wanted, or ln p is divided by the length, sentences are lost.
    for search in [search(4, 4), by_length(4, 1)] {
        let [same, all] = as_found(&search, true);
        assert!(same < all, "{search:?}");
    }
}

#[test]
fn a_source_that_is_read_in_both_orders_has_the_same_words() {
    let pairs = pairs();
    let all = batch(&pairs);
    let [forward, reversed] = DIRECTIONS.map(|direction| direction.arrange(&all));
    assert_eq!(forward.lengths, reversed.lengths);
    for ((a, b), (words, _)) in forward
        .words
        .chunks(forward.steps)
        .zip(reversed.words.chunks(reversed.steps))
        .zip(&pairs)
    {
        let (mut a, mut b) = (a.to_vec(), b.to_vec());
        let words = wide_numbers(words);
        assert_eq!(a[..words.len() + 1], as_read(&words, Direction::Forward));
        assert_eq!(b[..words.len() + 1], as_read(&words, Direction::Reversed));
        a.sort_unstable();
        b.sort_unstable();
        assert_eq!(a, b);
    }
}

#[test]
#[should_panic(expected = "1 states to start from")]
fn a_start_has_a_state_for_each_layer() {
    let model = drawn(2, Direction::Reversed, 34);
    let batch = only(&pair(34, 3, 3));
    let (mut states, tape) = model.encode::<NoneTape>(&batch);
    states.truncate(1);
    let _: Tensor<(dims::Rows, Hidden), f64, Cpu> = model.decode(&batch, &states, tape);
}

#[test]
fn weights_start_in_the_range_of_the_paper() {
    use sutskever2014::learner::{start, RANGE};
    assert_eq!(RANGE, 0.08);
    let mut model = portable(35);
    let mut rng = tasks::seeds::generator(1, tasks::seeds::Purpose::Initialization);
    start(&mut model, RANGE, &mut rng);
    tape::train::parameters::for_each(&mut model, |name, parameter| {
        let mut values = vec![0.0_f32; parameter.count()];
        parameter.copy_into(&mut values);
        assert!(values.iter().all(|w| w.abs() <= 0.08), "{name}");
        // Biases too are drawn, over the whole range.
        assert!(values.iter().any(|w| *w > 0.04) && values.iter().any(|w| *w < -0.04));
    });
}
