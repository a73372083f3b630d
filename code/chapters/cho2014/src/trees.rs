// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the gates of a pyramid say about the tree of a sentence, and how near that is to the true one.
//!
//! Cho et al. (2014b) draw every edge whose gate is above 0.1 and look at the picture. A
//! picture cannot be counted, so here a pyramid gives one binary tree, by its largest gates alone, and
//! brackets are counted. Words of a sentence are counted from 0; a span is its first word and the one
//! after its last.
use std::collections::BTreeSet;
use tasks::stream::Stream;
use translation::Constituent;

/// Words that stand together: the first, and the one after the last.
pub type Span = (usize, usize);

/// The gates of one column: of the candidate that joins its two neighbors below, of the left and of the
/// right one.
pub type Gates<G> = [G; 3];

/// What a column does with its two neighbors below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Join,
    CopyLeft,
    CopyRight,
}

/// A column by its level and its place: column j of level l is made from the words j to j + l. Level 0
/// has the words themselves.
type Place = (usize, usize);

// ANCHOR: tree
/// What a column does: what its largest gate says, and of equal ones the
/// first of join, copy left, copy right.
fn choice<G: PartialOrd>(gates: &Gates<G>) -> Choice {
    let [join, left, right] = gates;
    if join >= left && join >= right {
        Choice::Join
    } else if left >= right {
        Choice::CopyLeft
    } else {
        Choice::CopyRight
    }
}

/// The words of the column that is really meant by one: copies followed
/// down to a column that joins two, or to a word.
fn meant<G: PartialOrd>(levels: &[Vec<Gates<G>>], place: Place) -> Span {
    let (mut level, mut from) = place;
    while level > 0 {
        match choice(&levels[level - 1][from]) {
            Choice::Join => break,
            Choice::CopyLeft => {}
            Choice::CopyRight => from += 1,
        }
        level -= 1;
    }
    (from, from + level + 1)
}

/// The brackets that a column makes of the words `span`, all of which it sees.
fn grow<G: PartialOrd>(
    levels: &[Vec<Gates<G>>],
    (level, place): Place,
    span: Span,
    brackets: &mut Vec<Span>,
) {
    let (from, to) = span;
    if to - from < 2 {
        return;
    }
    let (left, right) = ((level - 1, place), (level - 1, place + 1));
    match choice(&levels[level - 1][place]) {
        // Its words are divided between the places where the left column's
        // end and where the right column's begin, as near to the middle as
        // these allow. Each column gets one word at least.
        Choice::Join => {
            let places = [meant(levels, left).1, meant(levels, right).0];
            let [a, b] = places.map(|place| place.clamp(from + 1, to - 1));
            let (first, last) = if a < b { (a, b) } else { (b, a) };
            let middle = ((from + to) / 2).clamp(first, last);
            brackets.push(span);
            grow(levels, left, (from, middle), brackets);
            grow(levels, right, (middle, to), brackets);
        }
        // The left column does not see the last word the column sees. If it
        // is one of `span`, it joins the others here, as the last one.
        Choice::CopyLeft if to > place + level => {
            brackets.push(span);
            grow(levels, left, (from, to - 1), brackets);
        }
        Choice::CopyRight if from == place => {
            brackets.push(span);
            grow(levels, right, (from + 1, to), brackets);
        }
        Choice::CopyLeft => grow(levels, left, span, brackets),
        Choice::CopyRight => grow(levels, right, span, brackets),
    }
}

/// The binary tree of a pyramid: its brackets of two words or more, outer
/// ones before inner ones, one fewer than there are words. From the top
/// column down, a column whose candidate has the largest gate joins its two
/// neighbors below, another one is the neighbor that it copies.
///
/// `levels` has the gates of the levels above the words, the lowest first:
/// of S words S − 1 levels of S − 1, S − 2, …, 1 columns.
///
/// # Panics
/// When it has not.
pub fn tree<G: PartialOrd>(levels: &[Vec<Gates<G>>]) -> Vec<Span> {
    let words = levels.len() + 1;
    for (below, level) in levels.iter().enumerate() {
        let (found, due) = (level.len(), words - 1 - below);
        assert!(found == due, "{found} columns for {due}, {words} words");
    }
    let mut brackets = Vec::new();
    grow(levels, (words - 1, 0), (0, words), &mut brackets);
    brackets
}
// ANCHOR_END: tree

/// The tree in which each word joins all that come after it.
pub fn right_branching(words: usize) -> Vec<Span> {
    (0..words.saturating_sub(1))
        .map(|from| (from, words))
        .collect()
}

/// The tree in which each word joins all that come before it.
pub fn left_branching(words: usize) -> Vec<Span> {
    (2..=words).rev().map(|to| (0, to)).collect()
}

/// A tree whose brackets are divided at places drawn from `stream`, each place of a bracket as probable
/// as another.
pub fn random(words: usize, stream: &mut Stream) -> Vec<Span> {
    let mut brackets = Vec::new();
    let mut open = vec![(0, words)];
    while let Some((from, to)) = open.pop() {
        if to - from >= 2 {
            brackets.push((from, to));
            let middle = from + 1 + stream.below(to - from - 1);
            open.extend([(middle, to), (from, middle)]);
        }
    }
    brackets
}

/// The brackets of the first `words` words that count, each once: two words or more, and not all of them,
/// since every tree has those. What comes after the words, a stop, is cut off.
pub fn counted(spans: impl IntoIterator<Item = Span>, words: usize) -> BTreeSet<Span> {
    let cut = |(from, to): Span| (from, if to < words { to } else { words });
    let counts = |&(from, to): &Span| to >= from + 2 && (from, to) != (0, words);
    spans.into_iter().map(cut).filter(counts).collect()
}

/// The spans of a sentence's true tree.
pub fn spans(gold: &[Constituent]) -> impl Iterator<Item = Span> + '_ {
    let span = |c: &Constituent| (usize::from(c.from), usize::from(c.to));
    gold.iter().map(span)
}

/// Brackets counted over many sentences.
///
/// Each has a stop, which belongs to no constituent but the sentence. As parsers are evaluated, it is
/// taken out before anything is counted: otherwise no bracket of a tree that joins to the right would be true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    /// Brackets that the trees have in common with the true ones.
    pub right: u64,
    /// Brackets of the trees.
    pub given: u64,
    /// Brackets of the true trees.
    pub gold: u64,
}

/// a / b, and 0 where there is nothing to divide by.
fn share(a: u64, b: u64) -> f64 {
    if b == 0 {
        0.0
    } else {
        a as f64 / b as f64
    }
}

impl Score {
    /// Counts the brackets of one more sentence of so many words, of which the last one is a stop.
    pub fn add(&mut self, tree: &[Span], gold: &[Constituent], words: usize) {
        let words = words.saturating_sub(1);
        let tree = counted(tree.iter().copied(), words);
        let gold = counted(spans(gold), words);
        self.right += tree.intersection(&gold).count() as u64;
        self.given += tree.len() as u64;
        self.gold += gold.len() as u64;
    }

    /// Counts one more sentence as a binary tree with all true brackets would: it has more of them where
    /// a constituent has more than two parts, so that its precision is below one. Words as in
    /// [`Score::add`].
    pub fn add_best(&mut self, gold: &[Constituent], words: usize) {
        let words = words.saturating_sub(1);
        let gold = counted(spans(gold), words).len() as u64;
        self.right += gold;
        self.given += words.saturating_sub(2) as u64;
        self.gold += gold;
    }

    /// How many of the trees' brackets are true.
    pub fn precision(&self) -> f64 {
        share(self.right, self.given)
    }

    /// How many of the true brackets the trees have.
    pub fn recall(&self) -> f64 {
        share(self.right, self.gold)
    }

    /// The harmonic mean of both, F₁.
    pub fn f1(&self) -> f64 {
        share(2 * self.right, self.given + self.gold)
    }
}
