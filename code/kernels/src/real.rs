// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two floating-point types and their own transcendental functions.
use crate::compiled::{self, Compiled};
use crate::path::{Arithmetic, Rounded};
use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

/// `f32` or `f64`, with functions that are made of additions, multiplications and one division,
/// so that they vectorise and give the same bits on every processor.
///
/// NaN passes through each of them; infinities give the limits.
pub trait Real:
    Copy
    + Debug
    + Default
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + Sum
    + Send
    + Sync
    + 'static
{
    /// A register of 32 bytes.
    #[cfg(target_arch = "x86_64")]
    type Bytes32: crate::path::Vector<Self>;
    /// A register of 64 bytes.
    #[cfg(target_arch = "x86_64")]
    type Bytes64: crate::path::Vector<Self>;
    /// What is compiled for this type.
    #[doc(hidden)]
    const COMPILED: &'static Compiled<Self>;
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;
    /// One half.
    const HALF: Self;
    /// Terms of artanh(s) / s, up to s = 1/3, that reach the last place.
    const SERIES: usize;
    /// The nearest value of this type.
    fn from_f64(value: f64) -> Self;
    /// The same value, or nearest to it, as `f64`.
    fn to_f64(self) -> f64;
    /// `self · factor + term`, rounded once.
    fn fused(self, factor: Self, term: Self) -> Self;
    /// [`Real::exponential`] in the arithmetic of a path.
    fn exponential_in<A: Arithmetic>(self) -> Self;
    /// [`Real::hyperbolic_tangent`] in the arithmetic of a path.
    fn hyperbolic_tangent_in<A: Arithmetic>(self) -> Self;

    /// The exponential function, saturating where the result would leave the normal range:
    /// below about 1e-38 (1e-307 in `f64`) and above about 1.6e38 (8e307).
    #[inline(always)]
    fn exponential(self) -> Self {
        self.exponential_in::<Rounded>()
    }

    /// The hyperbolic tangent.
    #[inline(always)]
    fn hyperbolic_tangent(self) -> Self {
        self.hyperbolic_tangent_in::<Rounded>()
    }

    /// ln(1 + x) for x from 0 to 1, in the arithmetic of a path: 2 artanh(x / (2 + x)) as a series.
    #[inline(always)]
    fn log_one_plus_in<A: Arithmetic>(self) -> Self {
        let s = self / (Self::ONE + Self::ONE + self);
        let z = s * s;
        let mut sum = Self::ZERO;
        for k in (1..Self::SERIES).rev() {
            sum = A::multiply_add(sum, z, Self::from_f64(1.0 / (2 * k + 1) as f64));
        }
        A::multiply_add(sum * z, s + s, s + s)
    }

    /// The logistic function 1 / (1 + exp(−x)).
    #[inline(always)]
    fn logistic(self) -> Self {
        self.logistic_in::<Rounded>()
    }

    /// [`Real::logistic`] in the arithmetic of a path.
    #[inline(always)]
    fn logistic_in<A: Arithmetic>(self) -> Self {
        Self::ONE / (Self::ONE + (-self).exponential_in::<A>())
    }
}

/// `value` held between `low` and `high`; NaN stays NaN.
#[inline(always)]
fn clamp<F: Real>(value: F, low: F, high: F) -> F {
    let value = if value > high { high } else { value };
    if value < low {
        low
    } else {
        value
    }
}

/// The natural logarithm, within 4 units in the last place, with the same bits on every processor:
/// x = 2ⁿ m with m from √½ to √2, and ln m = 2 artanh((m − 1) / (m + 1)) as a series.
pub fn logarithm(x: f64) -> f64 {
    /// ln 2 in two parts; multiples of the first by an exponent are exact.
    const LN2_HIGH: f64 = 6.931_457_519_531_25e-1;
    const LN2_LOW: f64 = 1.428_606_820_309_417_2e-6;
    /// Moves what is below the normal range into it.
    const SCALE: f64 = (1u64 << 54) as f64;
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x == f64::INFINITY {
        return x;
    }
    let (x, moved) = match x < f64::MIN_POSITIVE {
        true => (x * SCALE, 54),
        false => (x, 0),
    };
    let bits = x.to_bits();
    let mut n = (bits >> 52) as i64 - 1023 - moved;
    let mut m = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        n += 1;
    }
    let s = (m - 1.0) / (m + 1.0);
    let z = s * s;
    let sum = (1..12)
        .rev()
        .fold(0.0, |sum, k| sum * z + 1.0 / f64::from(2 * k + 1));
    let n = n as f64;
    n * LN2_HIGH + (2.0 * s + (2.0 * s * (sum * z) + n * LN2_LOW))
}

/// 2ⁿ and exp(r) − 1 of a number x = n ln 2 + r, which is not beyond what exp saturates at, with
/// |r| ≤ ln 2 / 2: a polynomial for the one, and n put into the exponent bits for the other. The
/// split of ln 2 and the coefficients are those of the Cephes library (Moshier, 1989).
#[inline(always)]
fn exponential_parts<A: Arithmetic>(x: f32) -> (f32, f32) {
    const ROUND: f32 = 12_582_912.0; // 1.5 · 2^23: adding it rounds to an integer
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let shifted = A::multiply_add(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = A::multiply_add(-n, LN2_HIGH, x);
    let r = A::multiply_add(-n, LN2_LOW, r);
    let p = 1.987_569_1e-4_f32;
    let p = A::multiply_add(p, r, 1.398_199_9e-3);
    let p = A::multiply_add(p, r, 8.333_452e-3);
    let p = A::multiply_add(p, r, 4.166_579_6e-2);
    let p = A::multiply_add(p, r, 1.666_666_5e-1);
    let p = A::multiply_add(p, r, 0.5);
    let exponent = (shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let power = f32::from_bits((exponent.wrapping_add(127) as u32) << 23);
    (power, A::multiply_add(p, r * r, r))
}

impl Real for f32 {
    const COMPILED: &'static Compiled<Self> = &compiled::F32;
    #[cfg(target_arch = "x86_64")]
    type Bytes32 = std::arch::x86_64::__m256;
    #[cfg(target_arch = "x86_64")]
    type Bytes64 = std::arch::x86_64::__m512;
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const HALF: Self = 0.5;
    const SERIES: usize = 8;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self.into()
    }

    #[inline(always)]
    fn fused(self, factor: f32, term: f32) -> f32 {
        self.mul_add(factor, term)
    }

    #[inline(always)]
    fn exponential_in<A: Arithmetic>(self) -> Self {
        let (power, rest) = exponential_parts::<A>(clamp(self, -87.3, 88.0));
        (rest + 1.0) * power
    }

    /// An odd polynomial near zero, through the exponential elsewhere (coefficients: Cephes). Where
    /// multiplications are fused, −m / (2 + m) with m = exp(−2|x|) − 1 is as good near zero.
    #[inline(always)]
    fn hyperbolic_tangent_in<A: Arithmetic>(self) -> Self {
        let size = self.abs();
        if A::FUSED {
            let double = -2.0 * size;
            let (power, rest) =
                exponential_parts::<A>(if double < -87.3 { -87.3 } else { double });
            let m = A::multiply_add(power, rest, power - 1.0);
            return (-m / (m + 2.0)).copysign(self);
        }
        let z = self * self;
        let p = -5.704_988_7e-3_f32;
        let p = A::multiply_add(p, z, 2.063_908_8e-2);
        let p = A::multiply_add(p, z, -5.373_971_6e-2);
        let p = A::multiply_add(p, z, 1.333_144_2e-1);
        let p = A::multiply_add(p, z, -3.333_328e-1);
        let near = A::multiply_add(p * z, self, self);
        let far = 1.0 - 2.0 / ((2.0 * size).exponential_in::<A>() + 1.0);
        let far = if self < 0.0 { -far } else { far };
        if size < 0.625 {
            near
        } else {
            far
        }
    }
}

impl Real for f64 {
    const COMPILED: &'static Compiled<Self> = &compiled::F64;
    #[cfg(target_arch = "x86_64")]
    type Bytes32 = std::arch::x86_64::__m256d;
    #[cfg(target_arch = "x86_64")]
    type Bytes64 = std::arch::x86_64::__m512d;
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    const HALF: Self = 0.5;
    const SERIES: usize = 17;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn fused(self, factor: f64, term: f64) -> f64 {
        self.mul_add(factor, term)
    }

    /// As for `f32`, with the Taylor polynomial of degree 13, whose rest is below 5e-18 there.
    #[inline(always)]
    fn exponential_in<A: Arithmetic>(self) -> Self {
        const ROUND: f64 = 6_755_399_441_055_744.0; // 1.5 · 2^52
        const LN2_HIGH: f64 = 6.931_457_519_531_25e-1;
        const LN2_LOW: f64 = 1.428_606_820_309_417_2e-6;
        let x = clamp(self, -708.0, 709.0);
        let shifted = A::multiply_add(x, std::f64::consts::LOG2_E, ROUND);
        let n = shifted - ROUND;
        let r = A::multiply_add(-n, LN2_HIGH, x);
        let r = A::multiply_add(-n, LN2_LOW, r);
        let mut p = 1.0 / 6_227_020_800.0;
        for factorial in [
            479_001_600.0,
            39_916_800.0,
            3_628_800.0,
            362_880.0,
            40_320.0,
            5_040.0,
            720.0,
            120.0,
            24.0,
            6.0,
            2.0,
        ] {
            p = A::multiply_add(p, r, 1.0 / factorial);
        }
        let p = A::multiply_add(p, r * r, r) + 1.0;
        let exponent = (shifted.to_bits() as i64).wrapping_sub(ROUND.to_bits() as i64);
        p * f64::from_bits((exponent.wrapping_add(1023) as u64) << 52)
    }

    /// A rational function near zero, through the exponential elsewhere (coefficients: Cephes).
    #[inline(always)]
    fn hyperbolic_tangent_in<A: Arithmetic>(self) -> Self {
        let size = self.abs();
        let z = self * self;
        let p = A::multiply_add(-9.643_991_794_250_523e-1, z, -9.928_772_310_019_185e1);
        let p = A::multiply_add(p, z, -1.614_687_684_417_084_5e3);
        let q = z + 1.128_116_784_916_329_3e2;
        let q = A::multiply_add(q, z, 2.235_488_390_601_004_5e3);
        let q = A::multiply_add(q, z, 4.844_063_053_251_255e3);
        let near = A::multiply_add(self * z, p / q, self);
        let far = 1.0 - 2.0 / ((2.0 * size).exponential_in::<A>() + 1.0);
        let far = if self < 0.0 { -far } else { far };
        if size < 0.625 {
            near
        } else {
            far
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{logarithm, Real, Rounded};
    use crate::path::{run_on, Arithmetic, Instructions, Work};

    /// Distance in units in the last place, by the order of the bit patterns.
    fn ulps(a: f32, b: f32) -> u32 {
        let key = |x: f32| {
            let bits = x.to_bits() as i32;
            if bits < 0 {
                i32::MIN.wrapping_sub(bits)
            } else {
                bits
            }
        };
        key(a).abs_diff(key(b))
    }

    /// A dense grid over everything that does not saturate.
    fn grid(limit: f64) -> impl Iterator<Item = f64> {
        let steps = 400_000;
        let fine = (-steps..=steps).map(move |k| limit * k as f64 / steps as f64);
        let near_zero = (0..150_000).flat_map(|k| {
            let size = 2f64.powf(-k as f64 / 2000.0);
            [size, -size]
        });
        fine.chain(near_zero)
    }

    /// Exponential, logistic function and hyperbolic tangent of each number, on a path.
    struct Functions<'a, F>(&'a [F]);

    impl<F: Real> Work for Functions<'_, F> {
        type Output = Vec<[F; 3]>;
        #[inline(always)]
        fn run<A: Arithmetic>(self) -> Self::Output {
            let each = |x: &F| {
                [
                    x.exponential_in::<A>(),
                    x.logistic_in::<A>(),
                    x.hyperbolic_tangent_in::<A>(),
                ]
            };
            self.0.iter().map(each).collect()
        }
    }

    fn paths() -> impl Iterator<Item = Instructions> {
        Instructions::ALL
            .into_iter()
            .filter(|path| path.is_supported())
    }

    #[test]
    fn f32_functions_are_within_four_ulp() {
        let numbers: Vec<f32> = grid(87.0).map(|x| x as f32).collect();
        for path in paths() {
            let mut worst = [0; 3];
            for (&x, ours) in numbers.iter().zip(run_on(path, Functions(&numbers))) {
                let exact = f64::from(x);
                let theirs = [exact.exp(), 1.0 / (1.0 + (-exact).exp()), exact.tanh()];
                for (k, (ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
                    worst[k] = Ord::max(worst[k], ulps(ours, theirs as f32));
                }
            }
            assert!(
                worst.iter().all(|&w| w <= 4),
                "{path:?}: exp, logistic, tanh: {worst:?} ulp"
            );
        }
    }

    #[test]
    fn f64_functions_agree_with_the_platform() {
        let numbers: Vec<f64> = grid(700.0).collect();
        for path in paths() {
            for (&x, ours) in numbers.iter().zip(run_on(path, Functions(&numbers))) {
                let theirs = [x.exp(), 1.0 / (1.0 + (-x).exp()), x.tanh()];
                for (a, b) in ours.into_iter().zip(theirs) {
                    let close = (a - b).abs() <= 4.0 * f64::EPSILON * b.abs();
                    assert!(close, "{path:?} {x}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn logarithms_are_within_four_ulp() {
        let distance = |a: f64, b: f64| {
            let key = |x: f64| {
                let bits = x.to_bits() as i64;
                if bits < 0 {
                    i64::MIN.wrapping_sub(bits)
                } else {
                    bits
                }
            };
            key(a).abs_diff(key(b))
        };
        let mut worst = (0, 0, 0);
        let wide = (-740_000..700_000).map(|k| (f64::from(k) / 1_000.0).exp());
        let one = (1..400_000).map(|k| 0.25 + f64::from(k) / 100_000.0);
        let near = (0..100_000).flat_map(|k| {
            let size = (-f64::from(k) / 2_800.0).exp();
            [1.0 + size, 1.0 - size]
        });
        for x in wide.chain(one).chain(near) {
            worst.0 = Ord::max(worst.0, distance(logarithm(x), x.ln()));
        }
        for k in 0..=400_000 {
            let x = f64::from(k) / 400_000.0;
            let off = distance(x.log_one_plus_in::<Rounded>(), x.ln_1p());
            worst.1 = Ord::max(worst.1, off);
            let x = x as f32;
            let exact = f64::from(x).ln_1p() as f32;
            worst.2 = Ord::max(worst.2, ulps(x.log_one_plus_in::<Rounded>(), exact));
        }
        assert!(worst.0 <= 4 && worst.1 <= 4 && worst.2 <= 4, "{worst:?}");
        assert_eq!(logarithm(0.0), f64::NEG_INFINITY);
        assert_eq!(logarithm(f64::INFINITY), f64::INFINITY);
        assert!(logarithm(-1.0).is_nan() && logarithm(f64::NAN).is_nan());
        assert!(f32::NAN.log_one_plus_in::<Rounded>().is_nan());
    }

    #[test]
    fn limits_and_nan_pass_through() {
        assert!(f32::NAN.logistic().is_nan() && f64::NAN.logistic().is_nan());
        assert!(
            f32::NAN.hyperbolic_tangent().is_nan() && f64::NAN.hyperbolic_tangent().is_nan()
        );
        assert_eq!(f32::INFINITY.logistic(), 1.0);
        assert!(f32::NEG_INFINITY.logistic() < 1e-37);
        assert_eq!(f32::INFINITY.hyperbolic_tangent(), 1.0);
        assert_eq!(f64::NEG_INFINITY.hyperbolic_tangent(), -1.0);
        for path in paths() {
            let tangents = |numbers: &[f32]| -> Vec<f32> {
                let all = run_on(path, Functions(numbers));
                all.into_iter().map(|[_, _, tangent]| tangent).collect()
            };
            let limits = tangents(&[f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN]);
            assert_eq!(limits, [1.0, -1.0, 1.0, -1.0], "{path:?}");
            let small = [f32::MIN_POSITIVE, -1e-40, 0.0];
            assert_eq!(tangents(&small), small, "{path:?}");
            assert!(tangents(&[f32::NAN])[0].is_nan(), "{path:?}");
        }
    }

    #[test]
    fn values_are_the_same_bits_on_every_processor() {
        let sum = |f: fn(f32) -> f32| {
            (-40_000..=40_000)
                .map(|k| u64::from(f(k as f32 / 2_048.0).to_bits()))
                .fold(0u64, |hash, bits| hash.wrapping_mul(0x100_0000_01b3) ^ bits)
        };
        assert_eq!(
            [
                sum(Real::exponential),
                sum(Real::logistic),
                sum(Real::hyperbolic_tangent)
            ],
            [
                277_506_217_582_735_799,
                3_933_216_777_244_968_114,
                18_359_970_335_928_767_936
            ]
        );
    }
}
