// SPDX-License-Identifier: MIT OR Apache-2.0
//! XOR in time (Elman 1990, the first simulation): two random bits and their exclusive or, and
//! the next two, without a break. One bit is shown a step and the next is to be predicted; only
//! every third can be.
use crate::random::coin;
use rand_chacha::ChaCha8Rng;

/// Bits of the training sequence in the paper.
pub const BITS: usize = 3000;

/// `triples` times two random bits and their exclusive or, each bit 0 or 1.
pub fn draw(rng: &mut ChaCha8Rng, triples: usize) -> Vec<f32> {
    let mut bits = Vec::with_capacity(3 * triples);
    for _ in 0..triples {
        let (a, b) = (coin(rng), coin(rng));
        bits.extend([a, b, a ^ b].map(|bit| f32::from(u8::from(bit))));
    }
    bits
}

/// Whether the bit at this place follows from the two before it.
pub fn predictable(place: usize) -> bool {
    place % 3 == 2
}
