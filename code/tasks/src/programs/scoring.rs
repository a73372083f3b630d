// SPDX-License-Identifier: MIT OR Apache-2.0
//! How well answers are predicted, by a network or by what needs none.

use super::{ANSWER, END};
use serde::{Deserialize, Serialize};

/// The accuracy of Chung et al. (2015): the share of symbols that are predicted, where each is predicted
/// from the program and the true symbols before it. The end counts as a symbol. All symbols of a set
/// weigh the same, which is our reading; the paper does not say how it takes its mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Symbols that were predicted.
    pub right: u64,
    /// All symbols.
    pub symbols: u64,
}

impl Accuracy {
    /// Of predictions and the answers they are for, symbol by symbol.
    ///
    /// # Panics
    /// As [`Accuracy::add`].
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a [u32], &'a [u32])>) -> Accuracy {
        let mut all = Accuracy::default();
        for (predicted, answer) in pairs {
            all.add(predicted, answer);
        }
        all
    }

    /// Counts the symbols of one more answer.
    ///
    /// # Panics
    /// If there is not one prediction for each symbol.
    pub fn add(&mut self, predicted: &[u32], answer: &[u32]) {
        assert_eq!(
            predicted.len(),
            answer.len(),
            "predictions and symbols of an answer"
        );
        let right = predicted.iter().zip(answer).filter(|(p, a)| p == a);
        self.right += right.count() as u64;
        self.symbols += answer.len() as u64;
    }

    /// The share that is right; `None` of no symbols.
    pub fn share(&self) -> Option<f64> {
        (self.symbols > 0).then(|| self.right as f64 / self.symbols as f64)
    }
}

/// A baseline that does not read programs: at each place of an answer it predicts the symbol that most
/// answers of the training set have there. Of two that are as frequent it takes the one with the
/// smaller number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MostFrequent(Vec<u32>);

impl MostFrequent {
    /// Counts the symbols of answers, as numbers of [`ANSWER`] with their ends.
    ///
    /// # Panics
    /// If a number belongs to no symbol.
    pub fn of<'a>(answers: impl IntoIterator<Item = &'a [u32]>) -> MostFrequent {
        let mut counts: Vec<[u64; ANSWER.len()]> = Vec::new();
        for answer in answers {
            if counts.len() < answer.len() {
                counts.resize(answer.len(), [0; ANSWER.len()]);
            }
            for (count, &symbol) in counts.iter_mut().zip(answer) {
                count[symbol as usize] += 1;
            }
        }
        let most = |count: &[u64; ANSWER.len()]| {
            let mut best = 0;
            for symbol in 1..count.len() {
                if count[best] < count[symbol] {
                    best = symbol;
                }
            }
            best as u32
        };
        MostFrequent(counts.iter().map(most).collect())
    }

    /// What it predicts for an answer of so many symbols; the end where no answer that it counted was
    /// as long.
    pub fn predict(&self, symbols: usize) -> Vec<u32> {
        padded(self.0.iter().copied(), symbols)
    }
}

/// A baseline that computes nothing: it answers the last number that stands in the program, and its end
/// from there on. Predictions for an answer of so many symbols; where the program has no number they
/// are ends.
pub fn last_number(source: &str, symbols: usize) -> Vec<u32> {
    let digits = source.trim_end_matches(|c: char| !c.is_ascii_digit());
    let number = digits.rsplit(|c: char| !c.is_ascii_digit()).next();
    let number = number.unwrap_or_default();
    padded(number.chars().filter_map(|c| ANSWER.number(c)), symbols)
}

/// So many predictions, ends after the last.
fn padded(predictions: impl Iterator<Item = u32>, symbols: usize) -> Vec<u32> {
    let end = ANSWER.number(END).expect("the end is a symbol of answers");
    predictions
        .chain(std::iter::repeat(end))
        .take(symbols)
        .collect()
}
