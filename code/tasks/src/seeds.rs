// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random generators by seed and purpose.
//!
//! A seed names a trial. Each purpose has a stream of its own, so that drawing one more
//! weight leaves the training sequences as they were, and two models with the same seed are
//! shown the same sequences.

use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

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

/// The seeds of a run, one for each purpose: changing one leaves what the others draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seeds {
    /// For [`Purpose::Initialization`].
    pub initialization: u64,
    /// For [`Purpose::Training`].
    pub training: u64,
    /// For [`Purpose::Test`].
    pub test: u64,
    /// For [`Purpose::Noise`].
    pub noise: u64,
}

impl Seeds {
    /// One seed for all purposes.
    pub const fn all(seed: u64) -> Self {
        Seeds {
            initialization: seed,
            training: seed,
            test: seed,
            noise: seed,
        }
    }

    /// The generator for a purpose; with one seed for all it is that of [`generator`].
    pub fn generator(&self, purpose: Purpose) -> ChaCha8Rng {
        let seed = match purpose {
            Purpose::Initialization => self.initialization,
            Purpose::Training => self.training,
            Purpose::Test => self.test,
            Purpose::Noise => self.noise,
        };
        generator(seed, purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::{generator, Purpose, Seeds};
    use rand_chacha::rand_core::RngCore;

    const PURPOSES: [Purpose; 4] = [
        Purpose::Initialization,
        Purpose::Training,
        Purpose::Test,
        Purpose::Noise,
    ];

    fn draws(seeds: Seeds) -> [[u64; 8]; 4] {
        PURPOSES.map(|purpose| {
            let mut rng = seeds.generator(purpose);
            [(); 8].map(|()| rng.next_u64())
        })
    }

    #[test]
    fn changing_one_seed_leaves_what_the_others_draw() {
        let all = Seeds::all(5);
        let others = [
            Seeds {
                initialization: 6,
                ..all
            },
            Seeds { training: 6, ..all },
            Seeds { test: 6, ..all },
            Seeds { noise: 6, ..all },
        ];
        for (changed, seeds) in others.into_iter().enumerate() {
            let (before, after) = (draws(all), draws(seeds));
            for purpose in 0..4 {
                let same = before[purpose] == after[purpose];
                assert_eq!(same, purpose != changed, "{changed} {purpose}");
            }
        }
    }

    #[test]
    fn one_seed_for_all_gives_a_stream_for_each_purpose() {
        let all = draws(Seeds::all(5));
        for (k, &purpose) in PURPOSES.iter().enumerate() {
            assert_eq!(all[k][0], generator(5, purpose).next_u64());
            for other in &all[..k] {
                assert!(other.iter().all(|draw| !all[k].contains(draw)));
            }
        }
    }

    /// Drawing more for one purpose leaves the others as they were.
    #[test]
    fn a_stream_does_not_see_how_much_another_drew() {
        let seeds = Seeds::all(5);
        let mut noise = seeds.generator(Purpose::Noise);
        let mut data = seeds.generator(Purpose::Training);
        let mut alone = seeds.generator(Purpose::Training);
        for step in 0..50 {
            (0..step).for_each(|_| {
                noise.next_u64();
            });
            assert_eq!(data.next_u64(), alone.next_u64());
        }
    }
}
