// SPDX-License-Identifier: MIT OR Apache-2.0
//! The largest and the smallest of some numbers, by comparison.
//!
//! Never a fold or a loop over `f64::max`: with AVX, which `-Ctarget-cpu=native` brings and the
//! kernels' own paths too, rustc 1.95 overlooks numbers at the end of some of them, as in
//! `columns.fold(0.0, f64::max)` over ten lengths of columns, where it took eight. A test of the
//! whole book looks for the like.

/// The extremes of numbers; one that is NaN does not count.
pub trait Extremes: Iterator + Sized
where
    Self::Item: PartialOrd,
{
    /// The largest, or `start` where none is larger.
    #[inline]
    fn largest(self, start: Self::Item) -> Self::Item {
        let mut most = start;
        for value in self {
            if value > most {
                most = value;
            }
        }
        most
    }

    /// The smallest, or `start` where none is smaller.
    #[inline]
    fn smallest(self, start: Self::Item) -> Self::Item {
        let mut least = start;
        for value in self {
            if value < least {
                least = value;
            }
        }
        least
    }
}

impl<I: Iterator> Extremes for I where I::Item: PartialOrd {}

#[cfg(test)]
mod tests {
    use super::Extremes;

    #[test]
    fn extremes_are_those_of_all_numbers_and_nan_is_none() {
        let values = [2.0, f64::NAN, -3.0, 7.0, f64::NAN];
        assert_eq!(values.into_iter().largest(0.0), 7.0);
        assert_eq!(values.into_iter().smallest(0.0), -3.0);
        assert_eq!(values.into_iter().largest(9.0), 9.0);
        assert_eq!(
            [f32::NAN].into_iter().smallest(f32::INFINITY),
            f32::INFINITY
        );
    }

    /// Fails with a fold over `f64::max` under `RUSTFLAGS=-Ctarget-cpu=native` on a processor that
    /// has AVX.
    #[test]
    fn no_column_is_overlooked_whatever_the_processor() {
        #[inline(never)]
        fn longest(a: &[[f64; 10]; 10]) -> f64 {
            let length = |n: usize| a.iter().map(|row| row[n] * row[n]).sum::<f64>().sqrt();
            (0..10).map(length).largest(0.0)
        }
        for column in 0..10 {
            let mut a = [[0.5; 10]; 10];
            a[3][column] = 100.0;
            assert!(longest(std::hint::black_box(&a)) >= 100.0, "{column}");
        }
    }
}
