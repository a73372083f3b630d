// SPDX-License-Identifier: MIT OR Apache-2.0
//! Outputs and their loss as one operation: z = x W + b for each row of x, then softmax with
//! cross-entropy, or independent logistic outputs with binary cross-entropy. No target is written
//! out as a vector of zeros and a one, and the logits become their errors where they stand.
use crate::batch::{each, each_piece};
use crate::path::{run_on, Arithmetic, Path, Work};
use crate::product::{Left, Packed, Product};
use crate::sequence::zeros;
use crate::Real;

/// What each row should be.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a, F> {
    /// One of the V outputs, softmax, −log p of it; a row without target takes no part.
    One(&'a [Option<usize>]),
    /// V independent outputs from 0 to 1, row after row: −t log σ(z) − (1 − t) log(1 − σ(z)) summed
    /// over them. The second slice says which rows take part.
    Each(&'a [F], &'a [bool]),
}

/// Sizes of a projection and the path it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Projection {
    /// Width of an input, H.
    pub inputs: usize,
    /// Outputs, V.
    pub outputs: usize,
    /// Which instructions.
    pub path: Path,
}

/// The errors that the way forward leaves for the way back, and the buffers of both.
#[derive(Debug, Clone, Default)]
pub struct Trace<F> {
    chunks: Vec<Chunk<F>>,
    packed: Packed<F>,
    scratches: Vec<Vec<F>>,
    rows: usize,
}

/// Some rows; how many depends on nothing but their number.
#[derive(Debug, Clone, Default)]
struct Chunk<F> {
    /// z, then E's gradient with respect to it.
    logits: Vec<F>,
    /// The same as the right side of a product.
    errors: Packed<F>,
    d_inputs: Vec<F>,
    loss: f64,
    counted: usize,
    scratch: Vec<F>,
}

/// Rows of a chunk.
const ROWS: usize = 64;

/// The loss summed over the rows that take part, and how many they are. x is N×H, W is H×V, b is V.
///
/// # Panics
/// When a slice has not the size that its name asks for, or a target is not below V.
pub fn forward<F: Real>(
    projection: Projection,
    weight: &[F],
    bias: &[F],
    x: &[F],
    targets: Targets<F>,
    trace: &mut Trace<F>,
) -> (f64, usize) {
    let Projection {
        inputs: h,
        outputs: v,
        path,
    } = projection;
    assert!(h > 0 && v > 0, "a projection of {h} inputs to {v} outputs");
    assert!(
        weight.len() == h * v,
        "W has {} values, not {h}·{v}",
        weight.len()
    );
    assert!(bias.len() == v, "b has {} values, not {v}", bias.len());
    assert!(
        x.len().is_multiple_of(h),
        "x has {} values, not rows of {h}",
        x.len()
    );
    let rows = x.len() / h;
    match targets {
        Targets::One(all) => {
            assert!(all.len() == rows, "{} targets for {rows} rows", all.len());
            assert!(
                all.iter().flatten().all(|&target| target < v),
                "a target is not one of the {v} outputs"
            );
        }
        Targets::Each(all, mask) => {
            assert!(
                all.len() == rows * v,
                "{} targets, not {rows}·{v}",
                all.len()
            );
            assert!(mask.len() == rows, "a mask of {}, not {rows}", mask.len());
        }
    }
    trace.rows = rows;
    trace.packed.pack(weight, h, v, v, 1);
    trace
        .chunks
        .resize_with(rows.div_ceil(ROWS), Chunk::default);
    let packed = &trace.packed;
    each(rows * h * v > 300_000, &mut trace.chunks, |k, chunk| {
        let first = k * ROWS;
        let count = ROWS.min(rows - first);
        chunk.logits.clear();
        chunk.logits.reserve(count * v);
        for _ in 0..count {
            chunk.logits.extend_from_slice(bias);
        }
        let product = Product {
            left: Left {
                values: &x[first * h..][..count * h],
                row: h,
                step: 1,
            },
            right: packed,
            to: &mut chunk.logits,
            stride: v,
            rows: count,
            skip: 0,
            scratch: &mut chunk.scratch,
        };
        product.add(path);
        let work = Losses {
            outputs: v,
            targets,
            first,
            logits: &mut chunk.logits,
        };
        (chunk.loss, chunk.counted) = run_on(path, work);
    });
    let sum = |(loss, count), chunk: &Chunk<F>| (loss + chunk.loss, count + chunk.counted);
    trace.chunks.iter().fold((0.0, 0), sum)
}

struct Losses<'a, F> {
    outputs: usize,
    targets: Targets<'a, F>,
    first: usize,
    logits: &'a mut [F],
}

impl<F: Real> Work for Losses<'_, F> {
    type Output = (f64, usize);
    #[inline(always)]
    fn run<A: Arithmetic>(self) -> (f64, usize) {
        let (mut loss, mut counted) = (0.0, 0);
        let rows = self.logits.chunks_exact_mut(self.outputs).enumerate();
        for (r, z) in rows {
            let row = self.first + r;
            let of_row = match self.targets {
                Targets::One(all) => all[row].map(|target| softmax::<F, A>(z, target)),
                Targets::Each(all, mask) => mask[row].then(|| {
                    let targets = &all[row * self.outputs..][..self.outputs];
                    logistic::<F, A>(z, targets)
                }),
            };
            match of_row {
                Some(of_row) => {
                    loss += of_row;
                    counted += 1;
                }
                None => z.fill(F::ZERO),
            }
        }
        (loss, counted)
    }
}

/// How many sums run side by side, on every path.
const SUMS: usize = 16;

/// −log p of the target; the logits become p − 1 there and p elsewhere.
#[inline(always)]
fn softmax<F: Real, A: Arithmetic>(z: &mut [F], target: usize) -> f64 {
    let mut largest = [z[0]; SUMS];
    for z in z.chunks(SUMS) {
        for (most, &z) in largest.iter_mut().zip(z) {
            *most = if z > *most { z } else { *most };
        }
    }
    let most = largest
        .into_iter()
        .fold(z[0], |a, b| if b > a { b } else { a });
    let chosen = (z[target] - most).to_f64();
    let mut sums = [F::ZERO; SUMS];
    for z in z.chunks_mut(SUMS) {
        for (sum, z) in sums.iter_mut().zip(z) {
            *z = (*z - most).exponential_in::<A>();
            *sum += *z;
        }
    }
    let sum = sums.into_iter().fold(F::ZERO, |a, b| a + b);
    let share = F::ONE / sum;
    z.iter_mut().for_each(|z| *z = *z * share);
    z[target] -= F::ONE;
    logarithm(sum.to_f64()) - chosen
}

/// The loss of a row of independent outputs; the logits become σ(z) − t.
#[inline(always)]
fn logistic<F: Real, A: Arithmetic>(z: &mut [F], targets: &[F]) -> f64 {
    let mut loss = 0.0;
    for (z, &t) in z.iter_mut().zip(targets) {
        // max(z, 0) − z t + log(1 + exp(−|z|)) overflows nowhere.
        let wide = z.to_f64();
        let size = if wide < 0.0 { -wide } else { wide };
        let above = if wide < 0.0 { 0.0 } else { wide };
        loss += above - wide * t.to_f64() + logarithm(1.0 + (-size).exponential());
        *z = z.logistic_in::<A>() - t;
    }
    loss
}

/// The way back over the rows that went forward last with this trace: `scale` times the gradient of
/// the summed loss. Those of W and b are added to what is there; `d_x` (N×H) is overwritten.
///
/// # Panics
/// When a slice has not the size that its name asks for.
#[allow(clippy::too_many_arguments)]
pub fn backward<F: Real>(
    projection: Projection,
    weight: &[F],
    x: &[F],
    scale: F,
    d_weight: &mut [F],
    d_bias: &mut [F],
    d_x: Option<&mut [F]>,
    trace: &mut Trace<F>,
) {
    let Projection {
        inputs: h,
        outputs: v,
        path,
    } = projection;
    let rows = trace.rows;
    assert!(
        x.len() == rows * h,
        "x has {} values, not {rows}·{h}",
        x.len()
    );
    assert!(
        weight.len() == h * v && d_weight.len() == h * v && d_bias.len() == v,
        "W and the gradients of W and b are of {h}·{v} and {v} values"
    );
    let large = rows * h * v > 300_000;
    let wanted = d_x.is_some();
    let Trace {
        chunks,
        packed,
        scratches,
        ..
    } = trace;
    if wanted {
        packed.pack(weight, v, h, 1, v);
    }
    let packed = &*packed;
    each(large, chunks, |_, chunk| {
        let count = chunk.logits.len() / v;
        chunk.logits.iter_mut().for_each(|d| *d = *d * scale);
        chunk.errors.pack(&chunk.logits, count, v, v, 1);
        if wanted {
            zeros(&mut chunk.d_inputs, count * h);
            let product = Product {
                left: Left {
                    values: &chunk.logits,
                    row: v,
                    step: 1,
                },
                right: packed,
                to: &mut chunk.d_inputs,
                stride: h,
                rows: count,
                skip: 0,
                scratch: &mut chunk.scratch,
            };
            product.add(path);
        }
    });
    let chunks = &*chunks;
    let piece = match large {
        true => h.div_ceil(8).next_multiple_of(6).clamp(24, 96),
        false => 96,
    };
    scratches.resize_with(h.div_ceil(piece), Vec::new);
    each_piece(large, d_weight, piece * v, scratches, |k, to, scratch| {
        for (c, chunk) in chunks.iter().enumerate() {
            let product = Product {
                left: Left {
                    values: &x[c * ROWS * h + k * piece..],
                    row: 1,
                    step: h,
                },
                right: &chunk.errors,
                rows: to.len() / v,
                to,
                stride: v,
                skip: 0,
                scratch,
            };
            product.add(path);
        }
    });
    each_piece(large, d_bias, 512, &mut vec![(); v], |k, to, ()| {
        for chunk in chunks {
            for row in chunk.logits.chunks_exact(v) {
                for (to, &d) in to.iter_mut().zip(&row[k * 512..]) {
                    *to += d;
                }
            }
        }
    });
    if let Some(d_x) = d_x {
        assert!(
            d_x.len() == x.len(),
            "the gradient of x has {} values",
            d_x.len()
        );
        for (to, chunk) in d_x.chunks_mut(ROWS * h).zip(chunks) {
            to.copy_from_slice(&chunk.d_inputs);
        }
    }
}

/// The natural logarithm, from additions, multiplications and one division: x = m·2ⁿ with m within
/// √½ and √2, log m = 2 artanh((m − 1) / (m + 1)) by its series. NaN passes through; 0 gives −∞,
/// what is below it NaN. Subnormal numbers count as 0.
pub fn logarithm(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    if x.is_nan() || x == f64::INFINITY {
        return x;
    }
    if x < f64::MIN_POSITIVE {
        return if x < 0.0 { f64::NAN } else { f64::NEG_INFINITY };
    }
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i64 - 1023;
    let mut m = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    let f = m - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let mut p = 2.0 / 23.0;
    for k in (1..11).rev() {
        p = p * z + 2.0 / (2 * k + 1) as f64;
    }
    // log m = 2 s + s z p, and 2 s = f − s f, which keeps the last digits of f.
    let n = exponent as f64;
    n * LN2_HIGH + (f - (s * (f - z * p) - n * LN2_LOW))
}

#[cfg(test)]
mod tests {
    use super::logarithm;

    #[test]
    fn the_logarithm_is_within_four_ulp() {
        let fine = (1..400_000).map(|k| k as f64 / 1e5);
        let wide = (-3000..3000).map(|k| 1.37 * 1.26f64.powi(k / 2) * (1.0 + k as f64 / 1e4));
        let near = (0..100_000).map(|k| 1.0 + (k as f64 - 5e4) * 1e-12);
        for x in fine
            .chain(wide)
            .chain(near)
            .filter(|x| x.is_normal() && *x > 0.0)
        {
            let (is, should) = (logarithm(x), x.ln());
            let gap = (is - should).abs();
            assert!(
                gap <= 4.0 * f64::EPSILON * should.abs(),
                "{x:e}: {is:e} {should:e}"
            );
        }
        assert_eq!(logarithm(1.0), 0.0);
        assert_eq!(logarithm(0.0), f64::NEG_INFINITY);
        assert!(logarithm(-1.0).is_nan() && logarithm(f64::NAN).is_nan());
        assert_eq!(logarithm(f64::INFINITY), f64::INFINITY);
    }
}
