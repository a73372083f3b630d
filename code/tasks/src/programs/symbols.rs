// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs and answers as numbers.

/// After an answer.
pub const END: char = '.';
/// What a decoder reads before the first symbol of an answer: the symbol that ends the program.
pub const BEGIN: char = '@';

/// The 41 symbols of programs, as many as Chung et al. (2015) count: the digits, the letters of
/// variables and of the words `for`, `in`, `range`, `if`, `else`, `print` and `x`, and the signs, among
/// them the space, `#` for the end of a line and `@` for the end of a program.
pub const SOURCE: Vocabulary = Vocabulary("0123456789abcdefghijlnoprstx()+-*=;:<> #@");

/// The 13 symbols of answers, as many as Chung et al. (2015) count. Digits, `-` and [`END`] are twelve.
/// The paper does not name the thirteenth; ours is [`BEGIN`], which no answer contains.
pub const ANSWER: Vocabulary = Vocabulary("0123456789-.@");

/// ASCII symbols, numbered from 0 on. The number of a digit is its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vocabulary(&'static str);

/// A text or a list of numbers that a vocabulary cannot translate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("place {place}: {found}, expected {expected}")]
pub struct Foreign {
    /// Where it stands, counted from 1.
    pub place: usize,
    /// What stands there.
    pub found: String,
    /// What can.
    pub expected: String,
}

impl Vocabulary {
    /// How many symbols there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of a symbol, if it is one.
    pub fn number(&self, symbol: char) -> Option<u32> {
        self.0.find(symbol).map(|number| number as u32)
    }

    /// The symbol of a number, if there is one.
    pub fn symbol(&self, number: u32) -> Option<char> {
        let byte = self.0.as_bytes().get(usize::try_from(number).ok()?);
        byte.map(|&byte| char::from(byte))
    }

    /// The numbers of a text.
    ///
    /// # Errors
    /// At the first character that is none of the symbols.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, Foreign> {
        let numbers = text.chars().enumerate().map(|(k, symbol)| {
            self.number(symbol).ok_or_else(|| Foreign {
                place: k + 1,
                found: format!("`{}`", symbol.escape_debug()),
                expected: format!("one of `{}`", self.0),
            })
        });
        numbers.collect()
    }

    /// The text of numbers.
    ///
    /// # Errors
    /// At the first number that no symbol has.
    pub fn decode(&self, numbers: &[u32]) -> Result<String, Foreign> {
        let symbols = numbers.iter().enumerate().map(|(k, &number)| {
            self.symbol(number).ok_or_else(|| Foreign {
                place: k + 1,
                found: number.to_string(),
                expected: format!("a number below {}", self.len()),
            })
        });
        symbols.collect()
    }
}
