// SPDX-License-Identifier: MIT OR Apache-2.0
//! The random numbers of the corpus: a generator of ten lines, so that what a seed draws is
//! fixed by this file and by no library's version.

/// SplitMix64 of Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*,
/// OOPSLA 2014, Figure 14: a counter and a mixing function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    state: u64,
}

/// What the counter grows by: 2⁶⁴ over the golden ratio, made odd.
const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

/// The mixing function: a bijection whose every output bit depends on every input bit.
const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Stream {
    /// The generator that starts at this state.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// One of the many generators of a seed: `part` says what its numbers are for.
    pub const fn of(seed: u64, part: u64) -> Self {
        Self {
            state: mix(seed) ^ mix(part.wrapping_add(1).wrapping_mul(GAMMA)),
        }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// A whole number below `n`, each with the same probability: numbers that would favor
    /// some are thrown away.
    ///
    /// # Panics
    /// If `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "there is no number below 0");
        let n = n as u64;
        let last = u64::MAX - (u64::MAX % n + 1) % n;
        loop {
            let bits = self.bits();
            if bits <= last {
                return (bits % n) as usize;
            }
        }
    }

    /// Uniform over [0, 1), a multiple of 2⁻⁵³: every step of the computation is exact.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the entries of a slice, each with the same probability.
    ///
    /// # Panics
    /// If there is none.
    pub fn choose<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// An index, with probabilities that are in the ratio of `weights`.
    ///
    /// # Panics
    /// If there is no weight.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut left = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        weights.len().checked_sub(1).expect("at least one weight")
    }

    /// Puts a slice into an order, each with the same probability (Fisher and Yates).
    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stream;

    /// The published first numbers of the seed 1234567.
    #[test]
    fn the_stream_is_splitmix64() {
        let mut stream = Stream::new(1_234_567);
        let first = [(); 5].map(|()| stream.bits());
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ]
        );
    }

    #[test]
    fn draws_are_as_frequent_as_they_should_be() {
        let mut stream = Stream::of(1, 0);
        let mut counts = [0; 7];
        let mut weighted = [0; 3];
        let mut shuffled = [[0; 4]; 4];
        for _ in 0..70_000 {
            counts[stream.below(7)] += 1;
            weighted[stream.weighted(&[1.0, 4.0, 2.0])] += 1;
            let mut order = [0, 1, 2, 3];
            stream.shuffle(&mut order);
            for (place, &entry) in order.iter().enumerate() {
                shuffled[place][entry] += 1;
            }
        }
        let near = |count: i32, expected: i32| (count - expected).abs() < 600;
        assert!(counts.iter().all(|&n| near(n, 10_000)), "{counts:?}");
        let expected = [10_000, 40_000, 20_000];
        assert!(weighted.iter().zip(expected).all(|(&n, m)| near(n, m)));
        assert!(shuffled.as_flattened().iter().all(|&n| near(n, 17_500)));
        assert!((0..1_000).all(|_| (0.0..1.0).contains(&stream.unit())));
    }

    #[test]
    fn a_seed_has_many_streams() {
        let first = |seed, part| Stream::of(seed, part).bits();
        let mut all: Vec<u64> = (0..20)
            .flat_map(|seed| (0..20).map(move |part| first(seed, part)))
            .collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 400);
    }
}
