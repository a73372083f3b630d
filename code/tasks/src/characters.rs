// SPDX-License-Identifier: MIT OR Apache-2.0
//! Text as symbols, for models that tell which character comes next, or comes some steps later
//! (Pascanu et al. 2013, section 4.2): an alphabet, a text in three parts, streams that are read side
//! by side, and what can be told from the last character alone.

use crate::data::Malformed;
use crate::random::{below, between};
use crate::words::{LEXICON, WORDS};
use rand_chacha::ChaCha8Rng;

/// Size of the alphabet: the printable characters of ASCII, and the line break.
pub const SYMBOLS: usize = 96;

/// The symbol of a character; `None` where the alphabet has none.
pub fn symbol(character: char) -> Option<u8> {
    match character {
        ' '..='~' => Some(character as u8 - b' '),
        '\n' => Some(95),
        _ => None,
    }
}

/// The symbols of a text.
///
/// # Errors
/// At the first character that the alphabet has not, with its line and column.
pub fn symbols(file: &str, text: &str) -> Result<Vec<u8>, Malformed> {
    let (mut line, mut column) = (1, 0);
    let mut all = Vec::with_capacity(text.len());
    for character in text.chars() {
        column += 1;
        let Some(symbol) = symbol(character) else {
            return Err(Malformed::new(
                file,
                format!("line {line}, column {column}"),
                format!("{character:?}, expected printable ASCII or a line break"),
            ));
        };
        all.push(symbol);
        if character == '\n' {
            (line, column) = (line + 1, 0);
        }
    }
    Ok(all)
}

/// A generated text: sentences of the lexicon of [`words`](crate::words), with spaces, a full stop and
/// a line break.
pub fn sentences(rng: &mut ChaCha8Rng, count: usize) -> String {
    let mut text = String::new();
    for _ in 0..count {
        for word in 0..between(rng, WORDS.0, WORDS.1) {
            if word > 0 {
                text.push(' ');
            }
            text.push_str(LEXICON[below(rng, LEXICON.len() as u32) as usize]);
        }
        text.push_str(".\n");
    }
    text
}

/// A text in three parts, in the order in which it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The first eighteen twentieths: what is learnt from.
    pub train: Vec<u8>,
    /// The next twentieth: what choices are made by.
    pub valid: Vec<u8>,
    /// The last twentieth: what is judged by.
    pub test: Vec<u8>,
}

impl Parts {
    /// Cuts a text.
    pub fn of(symbols: &[u8]) -> Self {
        Self::most(symbols, usize::MAX)
    }

    /// Cuts a text, and keeps so much of what is learnt from.
    pub fn most(symbols: &[u8], learnt: usize) -> Self {
        let twentieth = symbols.len() / 20;
        let (train, rest) = symbols.split_at(symbols.len() - 2 * twentieth);
        let (valid, test) = rest.split_at(twentieth);
        Parts {
            train: train[..train.len().min(learnt)].to_vec(),
            valid: valid.to_vec(),
            test: test.to_vec(),
        }
    }
}

/// A text that is read at several places at once, from each to where the next begins. At each character
/// the one so many steps later is to be told.
#[derive(Clone, Debug)]
pub struct Streams<'a> {
    /// The text.
    pub text: &'a [u8],
    /// Places, B.
    pub count: usize,
    /// Steps from a character to the one that is to be told; 1 for the next one.
    pub ahead: usize,
}

impl Streams<'_> {
    /// Characters of one stream.
    pub fn length(&self) -> usize {
        self.text.len().saturating_sub(self.ahead) / self.count
    }

    /// Characters `from..from + steps` of all streams, step by step, B a step, with what is to be told
    /// at each.
    ///
    /// # Panics
    /// When the streams are shorter.
    pub fn read(
        &self,
        from: usize,
        steps: usize,
        symbols: &mut Vec<u8>,
        targets: &mut Vec<u8>,
    ) {
        let length = self.length();
        assert!(from + steps <= length, "{from} and {steps} of {length}");
        symbols.clear();
        targets.clear();
        for step in from..from + steps {
            let places = (0..self.count).map(|stream| stream * length + step);
            symbols.extend(places.clone().map(|place| self.text[place]));
            targets.extend(places.map(|place| self.text[place + self.ahead]));
        }
    }
}

/// What tells who looks at no character: how often each one comes at all.
#[derive(Clone, Debug)]
pub struct Singles {
    counts: [f64; SYMBOLS],
}

impl Singles {
    /// Counts in a text; a tenth is added to each count, so that none is zero.
    pub fn of(text: &[u8]) -> Self {
        let mut counts = [0.1; SYMBOLS];
        for &symbol in text {
            counts[usize::from(symbol)] += 1.0;
        }
        Singles { counts }
    }

    /// Bits a character on another text, in the mean, from its character `ahead` on, as [`Pairs`]
    /// tells them.
    pub fn bits(&self, text: &[u8], ahead: usize) -> f64 {
        let sum: f64 = self.counts.iter().sum();
        let told = text.iter().skip(ahead);
        let bits = told
            .clone()
            .map(|&symbol| libm::log2(sum / self.counts[usize::from(symbol)]));
        bits.sum::<f64>() / told.count().max(1) as f64
    }
}

/// What the last character alone tells: how often each one came so many steps after it.
#[derive(Clone, Debug)]
pub struct Pairs {
    counts: Vec<[f64; SYMBOLS]>,
    ahead: usize,
}

impl Pairs {
    /// Counts in a text; a tenth is added to each count, so that none is zero.
    pub fn of(text: &[u8], ahead: usize) -> Self {
        let mut counts = vec![[0.1; SYMBOLS]; SYMBOLS];
        for (&now, &then) in text.iter().zip(text.iter().skip(ahead)) {
            counts[usize::from(now)][usize::from(then)] += 1.0;
        }
        Pairs { counts, ahead }
    }

    /// Bits a character on another text, in the mean.
    pub fn bits(&self, text: &[u8]) -> f64 {
        let sums: Vec<f64> = self.counts.iter().map(|row| row.iter().sum()).collect();
        let pairs = text.iter().zip(text.iter().skip(self.ahead));
        let bits = pairs.clone().map(|(&now, &then)| {
            let now = usize::from(now);
            libm::log2(sums[now] / self.counts[now][usize::from(then)])
        });
        bits.sum::<f64>() / pairs.count().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::{generator, Purpose};

    #[test]
    fn every_symbol_is_one_character_and_others_are_refused_with_their_place() {
        let all: String = (' '..='~').chain(['\n']).collect();
        let symbols = symbols("a.txt", &all).unwrap();
        let expected: Vec<u8> = (0..SYMBOLS as u8).collect();
        assert_eq!(symbols, expected);
        let refused = super::symbols("a.txt", "one\ntwo\tthree").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a.txt: line 2, column 4: '\\t', expected printable ASCII or a line break"
        );
        assert!(super::symbols("a.txt", "señor").is_err());
    }

    #[test]
    fn streams_read_every_character_once_and_tell_what_comes() {
        let text: Vec<u8> = (0..96).chain(0..7).collect();
        for (count, ahead) in [(1, 1), (3, 1), (4, 5)] {
            let streams = Streams {
                text: &text,
                count,
                ahead,
            };
            let length = streams.length();
            assert_eq!(length, (text.len() - ahead) / count);
            let (mut symbols, mut targets) = (Vec::new(), Vec::new());
            let mut seen = vec![0; text.len()];
            for from in [0, length / 2] {
                let steps = if from == 0 { length / 2 } else { length - from };
                streams.read(from, steps, &mut symbols, &mut targets);
                assert_eq!(
                    (symbols.len(), targets.len()),
                    (steps * count, steps * count)
                );
                for (n, (&symbol, &target)) in symbols.iter().zip(&targets).enumerate() {
                    let place = n % count * length + from + n / count;
                    assert_eq!((symbol, target), (text[place], text[place + ahead]));
                    seen[place] += 1;
                }
            }
            assert!(seen[..length * count].iter().all(|&n| n == 1));
        }
    }

    #[test]
    fn pairs_know_a_cycle_and_nothing_of_chance() {
        // a b c a b c …: the last character tells all.
        let cycle: Vec<u8> = (0..3_000).map(|n| (n % 3) as u8).collect();
        for ahead in [1, 5] {
            assert!(Pairs::of(&cycle, ahead).bits(&cycle[..300]) < 0.02);
        }
        // Four symbols at random: two bits, whatever came before.
        let mut rng = generator(1, Purpose::Training);
        let mut random =
            || -> Vec<u8> { (0..40_000).map(|_| below(&mut rng, 4) as u8).collect() };
        let (train, test) = (random(), random());
        let bits = Pairs::of(&train, 1).bits(&test);
        assert!((bits - 2.0).abs() < 0.01, "{bits}");
        let bits = Singles::of(&train).bits(&test, 1);
        assert!((bits - 2.0).abs() < 0.01, "{bits}");
    }

    /// By hand: `aab` counted is 2.1, 1.1 and 94 times 0.1 of 12.6; `ab` from its second on is `b`.
    #[test]
    fn singles_are_what_a_pencil_gives() {
        let singles = Singles::of(&[0, 0, 1]);
        let bits = singles.bits(&[0, 1], 1);
        assert!((bits - f64::log2(12.6 / 1.1)).abs() < 1e-12, "{bits}");
        let both = (f64::log2(12.6 / 2.1) + f64::log2(12.6 / 1.1)) / 2.0;
        assert!((singles.bits(&[0, 1], 0) - both).abs() < 1e-12);
    }

    #[test]
    fn parts_are_the_text_in_its_order() {
        let text: Vec<u8> = (0..95).collect();
        let parts = Parts::of(&text);
        assert_eq!((parts.valid.len(), parts.test.len()), (4, 4));
        let few = Parts::most(&text, 10);
        assert_eq!(few.train, text[..10]);
        assert_eq!((&few.valid, &few.test), (&parts.valid, &parts.test));
        assert_eq!([parts.train, parts.valid, parts.test].concat(), text);
    }

    #[test]
    fn sentences_are_of_the_lexicon() {
        let text = sentences(&mut generator(1, Purpose::Training), 20);
        assert_eq!(text.lines().count(), 20);
        for line in text.lines() {
            let words = line.strip_suffix('.').unwrap().split(' ');
            assert!((4..=9).contains(&words.clone().count()));
            assert!(words.into_iter().all(|word| LEXICON.contains(&word)));
        }
    }
}
