// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random generators by seed and purpose.
//!
//! A seed names a trial. Each purpose has a stream of its own, so that drawing one more
//! weight leaves the training sequences as they were, and two models with the same seed are
//! shown the same sequences.

use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The weights before training.
    Initialization,
    /// The training sequences and their order.
    Training,
    /// The sequences of the test.
    Test,
    /// Noise that a method adds, apart from the data.
    Noise,
}

impl Purpose {
    /// The stream of the generator. These numbers are part of every record: never change one.
    const fn stream(self) -> u64 {
        match self {
            Purpose::Initialization => 0,
            Purpose::Training => 1,
            Purpose::Test => 2,
            Purpose::Noise => 3,
        }
    }
}

/// The generator of a seed for a purpose: ChaCha with 8 rounds, the same on every machine.
pub fn generator(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(purpose.stream());
    rng
}
