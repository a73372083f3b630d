// SPDX-License-Identifier: MIT OR Apache-2.0
//! Trees that are read from the gates of a pyramid, and their brackets against the true ones.

use super::made::{close, only, pair, pyramidal};
use cho2014::trees::{
    counted, left_branching, random, right_branching, spans, tree, Gates, Score, Span,
};
use dfdx::prelude::NoneTape;
use std::collections::BTreeSet;
use tape::dims::Rows;
use tasks::stream::Stream;
use translation::{sample, Constituent, Kind, Knobs};

const JOIN: Gates<f32> = [0.5, 0.3, 0.2];
const LEFT: Gates<f32> = [0.2, 0.5, 0.3];
const RIGHT: Gates<f32> = [0.1, 0.3, 0.6];

/// Levels above so many words whose columns are given by their level and place.
fn levels(words: usize, gates: impl Fn(usize, usize) -> Gates<f32>) -> Vec<Vec<Gates<f32>>> {
    let level = |l: usize| (0..words - l).map(|j| gates(l, j)).collect();
    (1..words).map(level).collect()
}

/// Levels of drawn gates.
fn drawn(words: usize, stream: &mut Stream) -> Vec<Vec<Gates<f32>>> {
    let mut all = levels(words, |_, _| [0.0; 3]);
    for gate in all.iter_mut().flatten().flatten() {
        *gate = stream.unit() as f32;
    }
    all
}

/// Whether two spans have a word in common and each one that the other has not.
fn crossed(a: Span, b: Span) -> bool {
    a.0 < b.0 && b.0 < a.1 && a.1 < b.1 || b.0 < a.0 && a.0 < b.1 && b.1 < a.1
}

/// A binary tree over all words: one bracket fewer than words, the whole among them, none twice, none
/// that cross.
fn is_binary(brackets: &[Span], words: usize) {
    let distinct: BTreeSet<Span> = brackets.iter().copied().collect();
    assert_eq!((brackets.len(), distinct.len()), (words - 1, words - 1));
    assert!(words < 2 || brackets[0] == (0, words));
    for &a in brackets {
        assert!(a.0 + 2 <= a.1 && a.1 <= words);
        assert!(brackets.iter().all(|&b| !crossed(a, b)), "{brackets:?}");
    }
}

#[test]
fn every_pyramid_is_one_binary_tree() {
    let mut stream = Stream::of(1, 0);
    for words in 1..=25 {
        for _ in 0..20 {
            is_binary(&tree(&drawn(words, &mut stream)), words);
            is_binary(&random(words, &mut stream), words);
        }
        is_binary(&right_branching(words), words);
        is_binary(&left_branching(words), words);
    }
}

/// Gates that say a tree: the column of each bracket joins, one that begins where a bracket does and ends
/// between the bracket's parts copies its left neighbor, one that ends where it does its right one.
fn said(brackets: &[Span], words: usize) -> Vec<Vec<Gates<f32>>> {
    let leaves = (0..words).map(|w| (w, w + 1));
    let nodes: BTreeSet<Span> = brackets.iter().copied().chain(leaves).collect();
    let mut all = levels(words, |_, _| [0.4, 0.35, 0.25]);
    let mut put = |(from, to): Span, gates| all[to - from - 2][from] = gates;
    for &(from, to) in brackets {
        put((from, to), JOIN);
        let middle =
            (from + 1..to).find(|&m| nodes.contains(&(from, m)) && nodes.contains(&(m, to)));
        let middle = middle.expect("a binary tree");
        (middle + 1..to).for_each(|end| put((from, end), LEFT));
        (from + 1..middle).for_each(|begin| put((begin, to), RIGHT));
    }
    all
}

#[test]
fn each_binary_tree_can_be_said_by_gates() {
    let mut stream = Stream::of(2, 0);
    for words in 2..=20 {
        for _ in 0..10 {
            let due = random(words, &mut stream);
            assert_eq!(tree(&said(&due, words)), due);
        }
        let (left, right) = (left_branching(words), right_branching(words));
        assert_eq!(tree(&said(&left, words)), left);
        assert_eq!(tree(&said(&right, words)), right);
    }
}

#[test]
fn a_column_that_copies_is_the_one_it_copies() {
    // (will look for) (the king): two columns join, and others pass them on.
    let gates = levels(5, |level, place| match (level, place) {
        (4, 0) | (2, 0) | (1, 0) | (1, 3) => JOIN,
        (3, 0) => LEFT,
        (3, 1) | (2, 2) => RIGHT,
        (1, 1) => RIGHT,
        _ => LEFT,
    });
    let found = tree(&gates);
    assert_eq!(found, [(0, 5), (0, 3), (0, 2), (3, 5)]);
}

#[test]
fn words_that_a_copy_drops_join_last() {
    // The top copies its left neighbor, so the stop has no part in it; below it two halves are joined.
    let gates = levels(5, |level, place| match (level, place) {
        (4, 0) => LEFT,
        (3, 0) | (1, _) => JOIN,
        (2, 0) => LEFT,
        _ => RIGHT,
    });
    assert_eq!(tree(&gates), [(0, 5), (0, 4), (0, 2), (2, 4)]);
    // Copies of the left neighbor alone leave the first word, and each other word joins from the right;
    // copies of the right one the other way round.
    for words in 2..=9 {
        assert_eq!(tree(&levels(words, |_, _| LEFT)), left_branching(words));
        assert_eq!(tree(&levels(words, |_, _| RIGHT)), right_branching(words));
    }
}

#[test]
fn columns_that_only_join_are_divided_in_the_middle() {
    assert_eq!(
        tree(&levels(8, |_, _| JOIN)),
        [(0, 8), (0, 4), (0, 2), (2, 4), (4, 8), (4, 6), (6, 8)]
    );
    assert_eq!(tree(&levels(3, |_, _| JOIN)), [(0, 3), (1, 3)]);
    // Of equal gates the first of join, copy left, copy right is taken.
    let even = [1.0_f32 / 3.0; 3];
    assert_eq!(tree(&levels(8, |_, _| even)), tree(&levels(8, |_, _| JOIN)));
    let pair = [0.2, 0.4, 0.4];
    assert_eq!(tree(&levels(6, |_, _| pair)), left_branching(6));
    // One word and two have nothing to choose.
    assert_eq!(tree::<f32>(&[]), []);
    assert_eq!(tree(&[vec![RIGHT]]), [(0, 2)]);
}

#[test]
#[should_panic(expected = "2 columns for 3, 4 words")]
fn a_level_that_lacks_a_column_is_refused() {
    tree(&[vec![JOIN; 2], vec![JOIN; 2], vec![JOIN]]);
}

#[test]
fn the_gates_of_a_model_make_a_tree() {
    let model = pyramidal(1);
    let batch = only(&pair(1, 9, 1));
    let rows = Rows(batch.source.len());
    let words = model.encoder.sources.look_up(rows, &batch.source, NoneTape);
    let columns = &model.encoder.columns;
    let gates = columns.gates(&words.unwrap(), &batch.source_lengths, batch.source_steps);
    is_binary(&tree(&gates[0]), 9);
}

#[test]
fn a_drawn_tree_is_divided_at_each_place_equally_often() {
    let mut stream = Stream::of(3, 0);
    let mut counts = [0; 3];
    for _ in 0..9_000 {
        let first = random(4, &mut stream);
        // Of four words the first part has one, two or three.
        let part = |&(from, to): &Span| (from == 0 && to < 4).then_some(to);
        let parts: Vec<usize> = first.iter().filter_map(part).collect();
        counts[parts.first().map_or(0, |to| to - 1)] += 1;
    }
    assert!(
        counts.iter().all(|&n: &i32| (n - 3_000).abs() < 200),
        "{counts:?}"
    );
    // A seed is the same trees for ever.
    let [a, b] = [1, 1].map(|seed| random(12, &mut Stream::of(seed, 7)));
    assert_eq!(a, b);
}

fn constituent(from: u16, to: u16) -> Constituent {
    Constituent {
        kind: Kind::Noun,
        from,
        to,
    }
}

#[test]
fn brackets_are_counted_once_and_the_whole_sentence_never() {
    // The king sees the old queen, and a stop, which is cut off. One constituent comes twice, one has
    // one word, and one is the sentence.
    let gold = [(0, 2), (3, 6), (3, 6), (2, 6), (4, 5), (0, 6)];
    let gold = gold.map(|(from, to)| constituent(from, to));
    let due = BTreeSet::from([(0, 2), (3, 6), (2, 6)]);
    assert_eq!(counted(spans(&gold), 6), due);
    // With the stop in it nothing else is counted.
    let with_stop = [(0, 2), (3, 7), (2, 7), (0, 7), (5, 7), (6, 7)];
    assert_eq!(counted(with_stop, 6), due);
    // To the right: (1, 6), (2, 6), (3, 6) and (4, 6), of which two are true.
    let mut score = Score::default();
    score.add(&right_branching(7), &gold, 7);
    let expected = Score {
        right: 2,
        given: 4,
        gold: 3,
    };
    assert_eq!(score, expected);
    assert_eq!((score.precision(), score.recall()), (0.5, 2.0 / 3.0));
    close("F1", &[score.f1()], &[4.0 / 7.0]);
    // Counts are summed before they are divided. To the left: (0, 2) to (0, 5).
    score.add(&left_branching(7), &gold, 7);
    let expected = Score {
        right: 3,
        given: 8,
        gold: 6,
    };
    assert_eq!(score, expected);
    let (p, r) = (score.precision(), score.recall());
    close("F1", &[score.f1()], &[2.0 * p * r / (p + r)]);
    // The best binary tree has all true brackets and one more.
    let mut best = Score::default();
    best.add_best(&gold, 7);
    let expected = Score {
        right: 3,
        given: 4,
        gold: 3,
    };
    assert_eq!(best, expected);
    // Nothing to divide by.
    assert_eq!(Score::default().f1(), 0.0);
}

#[test]
fn the_trees_of_the_grammar_can_be_reached_by_a_binary_tree() {
    let pairs = sample(Knobs::default(), 20, 1, 300);
    let mut stream = Stream::of(4, 0);
    let [mut right, mut left, mut drawn, mut best, mut said_again] = [Score::default(); 5];
    for pair in &pairs {
        let (words, gold) = (pair.source_len() - 1, &pair.constituents);
        assert!(pair.source.ends_with(" ."));
        let all = counted(spans(gold), words);
        let apart = |a: &Span| all.iter().all(|&b| !crossed(*a, b));
        assert!(all.iter().all(apart), "{}", pair.source);
        // The trees have the stop in them.
        right.add(&right_branching(words + 1), gold, words + 1);
        left.add(&left_branching(words + 1), gold, words + 1);
        drawn.add(&random(words + 1, &mut stream), gold, words + 1);
        best.add_best(gold, words + 1);
        // A tree with all true brackets, and through gates.
        let mut binary = vec![(0, words + 1)];
        binary.extend(completed(&all, (0, words)));
        is_binary(&binary, words + 1);
        said_again.add(&tree(&said(&binary, words + 1)), gold, words + 1);
    }
    assert_eq!(said_again, best);
    assert_eq!(best.recall(), 1.0);
    assert!(best.precision() < 1.0);
    // English joins to the right, and no tree without learning is near the best.
    let f1 = [left, drawn, right, best].map(|score| score.f1());
    assert!(
        f1[0] < f1[2] && f1[1] < f1[2] && f1[2] < 0.8 * f1[3],
        "{f1:?}"
    );
    // With the stop in them brackets to the right were never true: all have it.
    let first = &pairs[0];
    let words = first.source_len();
    let all = counted(spans(&first.constituents), words);
    assert!(right_branching(words)
        .iter()
        .all(|bracket| !all.contains(bracket)));
}

/// A binary tree that has all of these brackets, in the order of [`tree`]: parts join from the left.
fn completed(gold: &BTreeSet<Span>, (from, to): Span) -> Vec<Span> {
    if to - from < 2 {
        return vec![];
    }
    // The last part: the longest bracket within that ends here, or the last word.
    let middle = (from + 1..to).find(|&m| gold.contains(&(m, to)));
    let middle = middle.unwrap_or(to - 1);
    let fits = |m: usize| gold.iter().all(|&bracket| !crossed(bracket, (from, m)));
    assert!(fits(middle));
    let parts = [(from, middle), (middle, to)].map(|part| completed(gold, part));
    [vec![(from, to)], parts.concat()].concat()
}
