// SPDX-License-Identifier: MIT OR Apache-2.0
//! Products with a matrix that is packed once and used often.
use crate::path::{run_on, Arithmetic, Path, Vector, Work};
use crate::Real;
use std::ops::Range;

/// Columns of a panel of a packed matrix.
const WIDTH: usize = 16;
/// Rows of a packed matrix that are gone through at once: a panel of them stays in the nearest cache.
const DEPTH: usize = 256;
/// Rows of the left side that are gone through at once.
const ROWS: usize = 96;

/// A matrix of K×N for the right side of a product: panels of 16 columns, a row of a panel after the
/// other, zeros where the last panel is wider than the matrix.
#[derive(Debug, Clone, Default)]
pub struct Packed<F> {
    values: Vec<F>,
    rows: usize,
    columns: usize,
}

impl<F: Real> Packed<F> {
    /// Packs a matrix: `at(k, n)` would be `values[k * row + n * column]`.
    pub fn pack(
        &mut self,
        values: &[F],
        rows: usize,
        columns: usize,
        row: usize,
        column: usize,
    ) {
        let panels = columns.div_ceil(WIDTH);
        self.rows = rows;
        self.columns = columns;
        self.values.clear();
        self.values.resize(panels * rows * WIDTH, F::ZERO);
        for p in 0..panels {
            let first = p * WIDTH;
            let width = WIDTH.min(columns - first);
            let panel = &mut self.values[p * rows * WIDTH..][..rows * WIDTH];
            if column == 1 && width == WIDTH {
                for (k, to) in panel.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
                    if let Some(from) = values[k * row + first..].first_chunk() {
                        *to = *from;
                    }
                }
            } else if column == 1 {
                for (k, to) in panel.chunks_exact_mut(WIDTH).enumerate() {
                    to[..width].copy_from_slice(&values[k * row + first..][..width]);
                }
            } else {
                for n in 0..width {
                    let from = &values[(first + n) * column..];
                    for (k, to) in panel.chunks_exact_mut(WIDTH).enumerate() {
                        to[n] = from[k * row];
                    }
                }
            }
        }
    }
}

/// The left side of a product, M×K: `at(m, k)` is `values[m * row + k * step]`.
#[derive(Debug, Clone, Copy)]
pub struct Left<'a, F> {
    /// Where the values lie.
    pub values: &'a [F],
    /// From one row to the next.
    pub row: usize,
    /// From one column to the next.
    pub step: usize,
}

/// `to += left · packed` for M rows, `to` of M×N with `stride` from row to row.
pub struct Product<'a, F> {
    /// M×K.
    pub left: Left<'a, F>,
    /// K×N.
    pub right: &'a Packed<F>,
    /// M×N.
    pub to: &'a mut [F],
    /// From a row of `to` to the next.
    pub stride: usize,
    /// M.
    pub rows: usize,
    /// How many rows of the right side, and columns of the left, are left out at the beginning.
    pub skip: usize,
    /// Rows of the left side, packed; kept only so that it need not be made anew.
    pub scratch: &'a mut Vec<F>,
}

impl<F: Real> Product<'_, F> {
    /// On this path.
    pub fn add(self, path: Path) {
        run_on(path, self)
    }
}

impl<F: Real> Work for Product<'_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        add_product::<F, A>(self)
    }
}

/// See [`Product`].
#[inline(always)]
pub fn add_product<F: Real, A: Arithmetic>(product: Product<'_, F>) {
    let Product {
        left,
        right,
        to,
        stride,
        rows,
        skip,
        scratch,
    } = product;
    let (depth, columns) = (right.rows, right.columns);
    if rows == 0 || depth <= skip || columns == 0 {
        return;
    }
    assert!(left.values.len() > (rows - 1) * left.row + (depth - 1) * left.step);
    assert!(to.len() >= (rows - 1) * stride + columns && stride >= columns);
    match WIDTH / A::Vector::<F>::LANES {
        1 => blocks::<F, A, 1, 12>(left, right, to, stride, rows, skip, scratch),
        2 => blocks::<F, A, 2, 6>(left, right, to, stride, rows, skip, scratch),
        4 => blocks::<F, A, 4, 3>(left, right, to, stride, rows, skip, scratch),
        other => unreachable!("{other} registers a row"),
    }
}

/// With V registers for a row of a panel, and R rows in a full tile.
#[inline(always)]
fn blocks<F: Real, A: Arithmetic, const V: usize, const R: usize>(
    left: Left<F>,
    right: &Packed<F>,
    to: &mut [F],
    stride: usize,
    rows: usize,
    skip: usize,
    scratch: &mut Vec<F>,
) {
    let (depth, columns) = (right.rows, right.columns);
    if scratch.len() < ROWS.min(rows) * DEPTH.min(depth) {
        scratch.resize(ROWS.min(rows) * DEPTH.min(depth), F::ZERO);
    }
    let panels = columns.div_ceil(WIDTH);
    for k in (skip..depth).step_by(DEPTH) {
        let deep = DEPTH.min(depth - k);
        for m in (0..rows).step_by(ROWS) {
            let end = rows.min(m + ROWS);
            let mut r = m;
            while r < end {
                let tall = tall(R, end - r);
                let to = &mut scratch[(r - m) * deep..][..tall * deep];
                if left.row == 1 && left.step >= tall {
                    let from = &left.values[r + k * left.step..];
                    match tall {
                        1 => columns_of::<F, 1>(from, left.step, to),
                        2 => columns_of::<F, 2>(from, left.step, to),
                        3 => columns_of::<F, 3>(from, left.step, to),
                        4 => columns_of::<F, 4>(from, left.step, to),
                        8 => columns_of::<F, 8>(from, left.step, to),
                        _ => columns_of::<F, R>(from, left.step, to),
                    }
                } else if left.step == 1 {
                    let from = &left.values[r * left.row + k..];
                    match tall {
                        1 => rows_of::<F, 1>(from, left.row, deep, to),
                        2 => rows_of::<F, 2>(from, left.row, deep, to),
                        3 => rows_of::<F, 3>(from, left.row, deep, to),
                        4 => rows_of::<F, 4>(from, left.row, deep, to),
                        8 => rows_of::<F, 8>(from, left.row, deep, to),
                        _ => rows_of::<F, R>(from, left.row, deep, to),
                    }
                } else {
                    for row in 0..tall {
                        let from = &left.values[(r + row) * left.row + k * left.step..];
                        let from = from.iter().step_by(left.step);
                        for (to, &from) in to[row..].iter_mut().step_by(tall).zip(from) {
                            *to = from;
                        }
                    }
                }
                r += tall;
            }
            let block = Block {
                left: scratch,
                first: m,
                right,
                k,
                deep,
                stride,
                columns,
                soon: 0..0,
            };
            let mut p = 0;
            // One row leaves registers for several panels.
            while end - m == 1 && V <= 2 && p + 4 <= panels {
                tile::<F, A, V, 1, 4>(&block, to, m, p);
                p += 4;
            }
            // Each tile asks for a part of the panel that comes next, so that it is near by then.
            let share = deep.div_ceil((end - m).div_ceil(R));
            for p in p..panels {
                let mut r = m;
                let mut block = Block {
                    soon: 0..share.min(deep),
                    ..block.clone()
                };
                while r < end {
                    let tall = tall(R, end - r);
                    match tall {
                        1 => tile::<F, A, V, 1, 1>(&block, to, r, p),
                        2 => tile::<F, A, V, 2, 1>(&block, to, r, p),
                        3 => tile::<F, A, V, 3, 1>(&block, to, r, p),
                        4 => tile::<F, A, V, 4, 1>(&block, to, r, p),
                        8 => tile::<F, A, V, 8, 1>(&block, to, r, p),
                        _ => tile::<F, A, V, R, 1>(&block, to, r, p),
                    }
                    r += tall;
                    let Range { end: first, .. } = block.soon;
                    block.soon = first..(first + share).min(deep);
                }
            }
        }
    }
}

/// R values at each step, one step after the other.
#[inline(always)]
fn columns_of<F: Real, const R: usize>(from: &[F], step: usize, to: &mut [F]) {
    for (k, to) in to.as_chunks_mut::<R>().0.iter_mut().enumerate() {
        if let Some(from) = from[k * step..].first_chunk() {
            *to = *from;
        }
    }
}

/// A value of each of R rows at each step, from rows that lie one after the other.
#[inline(always)]
fn rows_of<F: Real, const R: usize>(from: &[F], row: usize, deep: usize, to: &mut [F]) {
    let rows: [&[F]; R] = std::array::from_fn(|r| &from[r * row..][..deep]);
    for (k, to) in to.as_chunks_mut::<R>().0.iter_mut().take(deep).enumerate() {
        for (to, row) in to.iter_mut().zip(&rows) {
            *to = row[k];
        }
    }
}

/// How many rows the next tile has when so many are left and R fit.
#[inline(always)]
fn tall(most: usize, left: usize) -> usize {
    match left {
        _ if left >= 2 * most => most,
        _ if most == 6 && left > 8 => 6,
        _ if most == 12 && (left == 12 || left > 16) => 12,
        _ if most > 8 && left >= 8 => 8,
        _ if most > 4 && left == most => most,
        _ if most > 4 && left >= 4 => 4,
        _ => left.min(3).min(most),
    }
}

#[derive(Clone)]
struct Block<'a, F> {
    left: &'a [F],
    first: usize,
    right: &'a Packed<F>,
    k: usize,
    deep: usize,
    stride: usize,
    columns: usize,
    /// Steps of the next panel that a tile asks for.
    soon: Range<usize>,
}

/// R rows and P panels of the result. The sum of each element runs over k in order.
#[inline(always)]
#[allow(unsafe_code, clippy::needless_range_loop)]
fn tile<F: Real, A: Arithmetic, const V: usize, const R: usize, const P: usize>(
    b: &Block<F>,
    to: &mut [F],
    row: usize,
    panel: usize,
) {
    let zero = A::Vector::<F>::zero();
    let lanes = A::Vector::<F>::LANES;
    let mut sums = [[[zero; V]; R]; P];
    let size = b.right.rows * WIDTH;
    let from: [&[F]; P] = std::array::from_fn(|p| {
        &b.right.values[(panel + p) * size + b.k * WIDTH..][..b.deep * WIDTH]
    });
    let from = from.map(<[F]>::as_ptr);
    // Where the next panel begins, wherever that is.
    let (ahead, next) = (
        b.soon.len(),
        from[0].wrapping_add(size + b.soon.start * WIDTH),
    );
    let left = b.left[(row - b.first) * b.deep..][..R * b.deep].as_ptr();
    for p in 0..P {
        for r in 0..R {
            let place = (row + r) * b.stride + (panel + p) * WIDTH;
            A::soon(to.as_ptr().wrapping_add(place));
        }
    }
    // ANCHOR: tile
    for k in 0..b.deep {
        if k < ahead {
            A::soon(next.wrapping_add(k * WIDTH));
        }
        // SAFETY: each panel has deep·WIDTH values, the left side all up to the last row and step, as
        // the two slices above have shown.
        unsafe {
            for p in 0..P {
                let mut row = [zero; V];
                for (v, row) in row.iter_mut().enumerate() {
                    *row = Vector::load(from[p].add(k * WIDTH + v * lanes));
                }
                for r in 0..R {
                    let x = *left.add(k * R + r);
                    let x = A::Vector::<F>::splat(x);
                    for v in 0..V {
                        sums[p][r][v] = x.multiply_add(row[v], sums[p][r][v]);
                    }
                }
            }
        }
    }
    // ANCHOR_END: tile
    for (p, sums) in sums.iter().enumerate() {
        let column = (panel + p) * WIDTH;
        let width = WIDTH.min(b.columns - column);
        for (r, sums) in sums.iter().enumerate() {
            let to = &mut to[(row + r) * b.stride + column..][..width];
            if width == WIDTH {
                for (v, sum) in sums.iter().enumerate() {
                    // SAFETY: `to` has WIDTH = V·lanes values.
                    unsafe { sum.add_to(to.as_mut_ptr().add(v * lanes)) };
                }
            } else {
                let mut all = [F::ZERO; WIDTH];
                for (v, sum) in sums.iter().enumerate() {
                    // SAFETY: as above.
                    unsafe { sum.add_to(all.as_mut_ptr().add(v * lanes)) };
                }
                for (to, sum) in to.iter_mut().zip(all) {
                    *to += sum;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All of what a product has, by sizes and by number.
    fn values(count: usize, seed: usize) -> Vec<f64> {
        let one = |k: usize| ((k + seed) * 7919 % 2003) as f64 / 1001.0 - 1.0;
        (0..count).map(one).collect()
    }

    #[test]
    fn a_product_is_the_sum_on_every_path_whatever_its_sizes_and_strides() {
        for path in Path::ALL.into_iter().filter(|path| path.is_supported()) {
            for rows in [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 17, 24, 97] {
                for (depth, columns) in [(1, 1), (3, 16), (7, 17), (300, 40), (5, 130)] {
                    for (skip, transposed) in [(0, false), (2, false), (0, true), (2, true)] {
                        let stride = columns + 3;
                        let (row, step) = match transposed {
                            true => (1, rows + 2),
                            false => (depth + 1, 1),
                        };
                        let left = values(rows * row + depth * step, 1);
                        let right = values(depth * columns, 2);
                        let mut to = values(rows * stride, 3);
                        let mut should = to.clone();
                        for m in 0..rows {
                            for n in 0..columns {
                                for k in skip..depth {
                                    let a = left[m * row + k * step];
                                    should[m * stride + n] += a * right[k * columns + n];
                                }
                            }
                        }
                        let mut packed = Packed::default();
                        packed.pack(&right, depth, columns, columns, 1);
                        let product = Product {
                            left: Left {
                                values: &left,
                                row,
                                step,
                            },
                            right: &packed,
                            to: &mut to,
                            stride,
                            rows,
                            skip,
                            scratch: &mut Vec::new(),
                        };
                        product.add(path);
                        for (a, b) in to.iter().zip(&should) {
                            let sizes = [rows, depth, columns, skip];
                            assert!((a - b).abs() < 1e-12, "{path:?} {sizes:?} {a} {b}");
                        }
                    }
                }
            }
        }
    }
}
