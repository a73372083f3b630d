// SPDX-License-Identifier: MIT OR Apache-2.0
//! The measured peak of the matrix product on one core.
use super::uniform;
use dfdx::prelude::*;
use std::time::Instant;

/// Side of the square matrices.
const SIDE: usize = 768;

/// The best rate of a product of two 768×768 matrices over `repeats` of them, in operations a
/// second; a multiplication and an addition are two. Takes the threads that it is run with.
pub fn product(repeats: usize) -> f64 {
    let device = Cpu::default();
    let shape = (Const::<SIDE>, Const::<SIDE>);
    let a = device.tensor_from_vec(uniform(1, 1.0, SIDE * SIDE), shape);
    let b = device.tensor_from_vec(uniform(2, 1.0, SIDE * SIDE), shape);
    let mut best = f64::MAX;
    for _ in 0..repeats {
        let begun = Instant::now();
        std::hint::black_box(a.clone().matmul(b.clone()));
        let seconds = begun.elapsed().as_secs_f64();
        if seconds < best {
            best = seconds;
        }
    }
    2.0 * (SIDE as f64).powi(3) / best
}
