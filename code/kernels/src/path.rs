// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which instructions the kernels use: chosen once, by what the processor has.
use crate::Real;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;
use std::sync::OnceLock;

/// The instructions that a path through the kernels is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Instructions {
    /// No fused multiply-add: the same bytes on every processor.
    Portable,
    /// Eight `f32` at once, multiply and add fused.
    Avx2,
    /// Sixteen `f32` at once, multiply and add fused.
    Avx512,
}

impl Instructions {
    /// All of them, the slowest first.
    pub const ALL: [Instructions; 3] = [
        Instructions::Portable,
        Instructions::Avx2,
        Instructions::Avx512,
    ];

    /// Its name, as the environment variable `UNROLLED_PATH` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Instructions::Portable => "portable",
            Instructions::Avx2 => "avx2",
            Instructions::Avx512 => "avx512",
        }
    }

    /// Whether this processor can.
    pub fn is_supported(self) -> bool {
        match self {
            Instructions::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => {
                is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
            }
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => {
                Instructions::Avx2.is_supported() && is_x86_feature_detected!("avx512f")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }
}

/// The environment variable that forces a path.
pub const VARIABLE: &str = "UNROLLED_PATH";

/// The path that is taken where none is asked for: what the environment variable `UNROLLED_PATH`
/// says, else the best of this processor. It is chosen once in a process.
///
/// # Errors
/// When the variable names no path, or one that this processor has not: a line that says so.
pub fn chosen() -> Result<Instructions, String> {
    static CHOSEN: OnceLock<Result<Instructions, String>> = OnceLock::new();
    let choose = || match std::env::var_os(VARIABLE) {
        None => Ok(best()),
        Some(name) => named(&name.to_string_lossy()),
    };
    CHOSEN.get_or_init(choose).clone()
}

/// The best path of this processor.
fn best() -> Instructions {
    let mut best = Instructions::ALL.into_iter().rev();
    best.find(|path| path.is_supported())
        .unwrap_or(Instructions::Portable)
}

/// The path of this name.
fn named(name: &str) -> Result<Instructions, String> {
    let Some(path) = Instructions::ALL
        .into_iter()
        .find(|path| path.name() == name)
    else {
        let names = Instructions::ALL.map(Instructions::name).join(", ");
        return Err(format!("{VARIABLE}={name}: not a path; there are {names}"));
    };
    if !path.is_supported() {
        let best = best().name();
        return Err(format!(
            "{VARIABLE}={name}: this processor has no such instructions; its best path is {best}"
        ));
    }
    Ok(path)
}

impl Default for Instructions {
    /// As [`chosen`].
    ///
    /// # Panics
    /// When [`chosen`] is an error; the command looks at that first.
    fn default() -> Self {
        chosen().unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Arithmetic that differs between the paths.
pub trait Arithmetic: Copy + Default {
    /// A register full of numbers.
    type Vector<F: Real>: Vector<F>;
    /// Whether a multiplication and the addition after it round once.
    const FUSED: bool;
    /// `a · b + c`.
    fn multiply_add<F: Real>(a: F, b: F, c: F) -> F;
    /// Says that what lies there is soon read. Changes nothing but the time that takes; any address
    /// will do.
    #[inline(always)]
    fn soon<F>(_at: *const F) {}
}

/// As many numbers as fit into a register, for the loops that LLVM does not vectorise by itself.
#[allow(unsafe_code)]
pub trait Vector<F>: Copy {
    /// How many.
    const LANES: usize;
    /// All zero.
    fn zero() -> Self;
    /// All the same.
    fn splat(value: F) -> Self;
    /// `self · factor + term`, fused where the path fuses.
    fn multiply_add(self, factor: Self, term: Self) -> Self;
    /// Reads.
    ///
    /// # Safety
    /// `LANES` numbers can be read from there, and the processor has the path.
    unsafe fn load(from: *const F) -> Self;
    /// Puts the sum of itself and what is at `from` to `to`, which may be the same place.
    ///
    /// # Safety
    /// `LANES` numbers can be read and written there, and the processor has the path.
    unsafe fn add(self, from: *const F, to: *mut F);
}

#[allow(unsafe_code)]
impl<F: Real> Vector<F> for [F; 4] {
    const LANES: usize = 4;
    #[inline(always)]
    fn zero() -> Self {
        [F::ZERO; 4]
    }
    #[inline(always)]
    fn splat(value: F) -> Self {
        [value; 4]
    }
    #[inline(always)]
    fn multiply_add(self, b: Self, c: Self) -> Self {
        [
            self[0] * b[0] + c[0],
            self[1] * b[1] + c[1],
            self[2] * b[2] + c[2],
            self[3] * b[3] + c[3],
        ]
    }
    #[inline(always)]
    unsafe fn load(from: *const F) -> Self {
        // SAFETY: by contract.
        unsafe { from.cast::<[F; 4]>().read() }
    }
    #[inline(always)]
    unsafe fn add(self, from: *const F, to: *mut F) {
        // SAFETY: by contract.
        let there = unsafe { from.cast::<[F; 4]>().read() };
        let sums = std::array::from_fn(|k| there[k] + self[k]);
        // SAFETY: by contract.
        unsafe { to.cast::<[F; 4]>().write(sums) }
    }
}

#[cfg(target_arch = "x86_64")]
macro_rules! vector {
    ($float:ty, $register:ty, $lanes:literal, $zero:ident, $splat:ident, $fused:ident, $load:ident, $store:ident, $add:ident) => {
        #[allow(unsafe_code)]
        impl Vector<$float> for $register {
            const LANES: usize = $lanes;
            #[inline(always)]
            fn zero() -> Self {
                // SAFETY: only code for a path that the processor has makes these.
                unsafe { $zero() }
            }
            #[inline(always)]
            fn splat(value: $float) -> Self {
                // SAFETY: as above.
                unsafe { $splat(value) }
            }
            #[inline(always)]
            fn multiply_add(self, factor: Self, term: Self) -> Self {
                // SAFETY: as above.
                unsafe { $fused(self, factor, term) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $float) -> Self {
                // SAFETY: by contract.
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn add(self, from: *const $float, to: *mut $float) {
                // SAFETY: by contract.
                unsafe { $store(to, $add($load(from), self)) }
            }
        }
    };
}
#[cfg(target_arch = "x86_64")]
vector!(
    f32,
    __m256,
    8,
    _mm256_setzero_ps,
    _mm256_set1_ps,
    _mm256_fmadd_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps
);
#[cfg(target_arch = "x86_64")]
vector!(
    f64,
    __m256d,
    4,
    _mm256_setzero_pd,
    _mm256_set1_pd,
    _mm256_fmadd_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_add_pd
);
#[cfg(target_arch = "x86_64")]
vector!(
    f32,
    __m512,
    16,
    _mm512_setzero_ps,
    _mm512_set1_ps,
    _mm512_fmadd_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_add_ps
);
#[cfg(target_arch = "x86_64")]
vector!(
    f64,
    __m512d,
    8,
    _mm512_setzero_pd,
    _mm512_set1_pd,
    _mm512_fmadd_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_add_pd
);

/// Multiplies, rounds, adds, rounds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rounded;
/// Multiplies and adds, then rounds once, in registers of 32 bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fused32;
/// As [`Fused32`], in registers of 64 bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fused64;

impl Arithmetic for Rounded {
    type Vector<F: Real> = [F; 4];
    const FUSED: bool = false;
    #[inline(always)]
    fn multiply_add<F: Real>(a: F, b: F, c: F) -> F {
        a * b + c
    }
}
#[cfg(target_arch = "x86_64")]
impl Arithmetic for Fused32 {
    type Vector<F: Real> = F::Bytes32;
    const FUSED: bool = true;
    #[inline(always)]
    fn multiply_add<F: Real>(a: F, b: F, c: F) -> F {
        a.fused(b, c)
    }
    #[inline(always)]
    fn soon<F>(at: *const F) {
        soon(at);
    }
}
#[cfg(target_arch = "x86_64")]
impl Arithmetic for Fused64 {
    type Vector<F: Real> = F::Bytes64;
    const FUSED: bool = true;
    #[inline(always)]
    fn multiply_add<F: Real>(a: F, b: F, c: F) -> F {
        a.fused(b, c)
    }
    #[inline(always)]
    fn soon<F>(at: *const F) {
        soon(at);
    }
}

/// Every processor of 64 bits has this.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
#[allow(unsafe_code)]
fn soon<F>(at: *const F) {
    // SAFETY: no address is wrong: nothing is read that the program could see.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
}

/// Work that can be done on every path. `run` and all that it calls are `#[inline(always)]`, so that
/// they are compiled for the instructions of the path.
pub trait Work {
    /// What comes out.
    type Output;
    /// Does it.
    fn run<A: Arithmetic>(self) -> Self::Output;
}

/// Does the work on this path.
///
/// # Panics
/// When the processor cannot.
#[allow(unsafe_code)]
pub fn run_on<W: Work>(path: Instructions, work: W) -> W::Output {
    assert!(path.is_supported(), "this processor has no {}", path.name());
    match path {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has the features, as just asserted.
        Instructions::Avx2 => unsafe { avx2(work) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Instructions::Avx512 => unsafe { avx512(work) },
        _ => work.run::<Rounded>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<W: Work>(work: W) -> W::Output {
    work.run::<Fused32>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512dq,avx512bw")]
fn avx512<W: Work>(work: W) -> W::Output {
    work.run::<Fused64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_by_its_name_or_refused_in_one_line() {
        assert_eq!(named("portable"), Ok(Instructions::Portable));
        let refusal = named("avx").expect_err("no such path");
        assert_eq!(
            refusal,
            "UNROLLED_PATH=avx: not a path; there are portable, avx2, avx512"
        );
        for path in Instructions::ALL {
            assert_eq!(named(path.name()).is_ok(), path.is_supported());
        }
        assert!(best().is_supported());
    }
}
