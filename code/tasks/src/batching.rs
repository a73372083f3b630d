// SPDX-License-Identifier: MIT OR Apache-2.0
//! Batches of sequences of similar length: less padding, so less work.
//!
//! Everything is in numbers of sequences, and for pairs the caller says which length counts.

use crate::random::below;
use rand_chacha::ChaCha8Rng;

/// The numbers below `count` in random order, each order with the same probability.
///
/// # Panics
/// If `count` is 2³² or more.
pub fn shuffled(rng: &mut ChaCha8Rng, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    shuffle(rng, &mut order);
    order
}

/// Fisher and Yates.
fn shuffle<T>(rng: &mut ChaCha8Rng, values: &mut [T]) {
    for last in (1..values.len()).rev() {
        let choices = u32::try_from(last + 1).expect("fewer than 2³² sequences");
        values.swap(last, below(rng, choices) as usize);
    }
}

/// Reads `pool` batches' worth of sequences in this order, sorts them by length, cuts them into
/// batches, and so on. Of one length the order stays. The last batch may be smaller.
///
/// Bahdanau et al. (2015), appendix B.2: batches of 80, pools of 20 batches, the order shuffled
/// once.
///
/// # Panics
/// If `batch` or `pool` is 0, or a sequence of the order has no length.
pub fn by_pools(
    order: &[usize],
    lengths: &[usize],
    batch: usize,
    pool: usize,
) -> Vec<Vec<usize>> {
    assert!(batch > 0 && pool > 0, "batches and pools hold at least one");
    let mut batches = Vec::with_capacity(order.len().div_ceil(batch));
    for read in order.chunks(batch.saturating_mul(pool)) {
        let mut read = read.to_vec();
        read.sort_by_key(|&sequence| lengths[sequence]);
        batches.extend(read.chunks(batch).map(<[usize]>::to_vec));
    }
    batches
}

/// A sequence that is longer than the last bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Its number.
    pub sequence: usize,
    /// Its length.
    pub length: usize,
    /// The length at which the last bucket ends.
    pub last: usize,
}

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "sequence {} has length {}, the last bucket ends at {}",
            self.sequence, self.length, self.last
        )
    }
}

impl std::error::Error for TooLong {}

/// Puts each sequence, in this order, into the first bucket whose end is not below its length, and
/// makes a batch of each bucket that is full. What is left in the buckets makes one smaller batch
/// each; then the batches are shuffled.
///
/// # Errors
/// When a sequence is longer than the last end.
///
/// # Panics
/// If `batch` is 0, the ends do not rise, or a sequence of the order has no length.
pub fn by_buckets(
    rng: &mut ChaCha8Rng,
    order: &[usize],
    lengths: &[usize],
    batch: usize,
    ends: &[usize],
) -> Result<Vec<Vec<usize>>, TooLong> {
    assert!(batch > 0, "a batch holds at least one sequence");
    assert!(
        ends.is_sorted_by(|a, b| a < b),
        "the ends of the buckets do not rise: {ends:?}"
    );
    let mut buckets = vec![Vec::new(); ends.len()];
    let mut batches = Vec::new();
    for &sequence in order {
        let length = lengths[sequence];
        let bucket = ends.partition_point(|&end| end < length);
        let Some(bucket) = buckets.get_mut(bucket) else {
            let last = ends.last().copied().unwrap_or(0);
            return Err(TooLong {
                sequence,
                length,
                last,
            });
        };
        bucket.push(sequence);
        if bucket.len() == batch {
            batches.push(std::mem::take(bucket));
        }
    }
    batches.extend(buckets.into_iter().filter(|bucket| !bucket.is_empty()));
    shuffle(rng, &mut batches);
    Ok(batches)
}

/// The share of steps that are padding when each batch is as long as its longest sequence.
///
/// # Panics
/// If a sequence has no length.
pub fn padding(batches: &[Vec<usize>], lengths: &[usize]) -> f64 {
    let (mut padded, mut real) = (0, 0);
    for batch in batches {
        let all = batch.iter().map(|&sequence| lengths[sequence]);
        padded += batch.len() * all.clone().max().unwrap_or(0);
        real += all.sum::<usize>();
    }
    if padded == 0 {
        0.0
    } else {
        (padded - real) as f64 / padded as f64
    }
}

#[cfg(test)]
mod tests {
    use super::{by_buckets, by_pools, padding, shuffled};
    use rand_chacha::rand_core::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    /// Lengths from 1 to 50, many short ones.
    fn lengths(count: usize) -> Vec<usize> {
        (0..count)
            .map(|k| 1 + (k * 7919 % 50) * (k * 104_729 % 50) / 49)
            .collect()
    }

    fn sorted(batches: &[Vec<usize>]) -> Vec<usize> {
        let mut all = batches.concat();
        all.sort_unstable();
        all
    }

    #[test]
    fn every_sequence_is_in_one_batch() {
        for count in [0, 1, 79, 80, 81, 1_600, 3_333] {
            let lengths = lengths(count);
            let order = shuffled(&mut rng(1), count);
            let every: Vec<usize> = (0..count).collect();
            let pools = by_pools(&order, &lengths, 80, 20);
            assert_eq!(sorted(&pools), every);
            assert_eq!(pools.len(), count.div_ceil(80));
            let buckets =
                by_buckets(&mut rng(2), &order, &lengths, 80, &[5, 10, 20, 50]).unwrap();
            assert_eq!(sorted(&buckets), every);
            assert!(buckets.iter().all(|b| !b.is_empty() && b.len() <= 80));
            assert!(buckets.iter().filter(|b| b.len() < 80).count() <= 4);
        }
    }

    #[test]
    fn pools_are_read_in_order_and_sorted_each_on_its_own() {
        let lengths = [9, 1, 5, 5, 3, 2, 8, 7];
        let order = [0, 1, 2, 3, 4, 5, 6, 7];
        assert_eq!(
            by_pools(&order, &lengths, 2, 2),
            [[1, 2], [3, 0], [5, 4], [7, 6]]
        );
        assert_eq!(
            by_pools(&order[..3], &lengths, 2, 20),
            [vec![1, 2], vec![0]]
        );
    }

    #[test]
    fn sequences_of_one_length_stay_in_order() {
        let lengths = lengths(1_600);
        let order = shuffled(&mut rng(8), 1_600);
        let mut place = vec![0; 1_600];
        for (k, &sequence) in order.iter().enumerate() {
            place[sequence] = k;
        }
        let sorted = by_pools(&order, &lengths, 80, 20).concat();
        assert!(sorted.is_sorted_by_key(|&sequence| (lengths[sequence], place[sequence])));
    }

    #[test]
    fn a_bucket_holds_the_lengths_up_to_its_end() {
        let lengths = lengths(2_000);
        let order = shuffled(&mut rng(3), 2_000);
        let ends = [5, 10, 20, 50];
        let bucket = |length| ends.iter().position(|&end| length <= end);
        for batch in by_buckets(&mut rng(4), &order, &lengths, 32, &ends).unwrap() {
            let first = bucket(lengths[batch[0]]);
            assert!(batch.iter().all(|&k| bucket(lengths[k]) == first));
        }
        let error = by_buckets(&mut rng(4), &[0, 1], &[3, 21], 2, &[10, 20]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "sequence 1 has length 21, the last bucket ends at 20"
        );
    }

    #[test]
    fn batches_by_length_need_less_padding() {
        let lengths = lengths(8_000);
        let order = shuffled(&mut rng(5), 8_000);
        let plain = padding(&by_pools(&order, &lengths, 80, 1), &lengths);
        let pools = padding(&by_pools(&order, &lengths, 80, 20), &lengths);
        let buckets = by_buckets(&mut rng(6), &order, &lengths, 80, &[5, 10, 20, 30, 50]);
        let buckets = padding(&buckets.unwrap(), &lengths);
        assert!(
            plain > 0.6 && pools < 0.1 && buckets < 0.35,
            "{plain} {pools} {buckets}"
        );
        assert_eq!(padding(&[vec![0, 1], vec![]], &[1, 3]), 2.0 / 6.0);
        assert_eq!(padding(&[vec![0]], &[0]), 0.0);
    }

    #[test]
    fn a_shuffle_is_even() {
        let mut seen = [[0u32; 4]; 4];
        let mut rng = rng(7);
        for _ in 0..8_000 {
            for (place, value) in shuffled(&mut rng, 4).into_iter().enumerate() {
                seen[place][value] += 1;
            }
        }
        // 2000 are expected, with a standard deviation of 39.
        assert!(
            seen.iter().flatten().all(|&n| n.abs_diff(2_000) < 160),
            "{seen:?}"
        );
    }
}
