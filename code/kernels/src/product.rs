// SPDX-License-Identifier: MIT OR Apache-2.0
//! Products with a matrix that is packed once and used often.
use crate::batch::pieces;
use crate::path::{run_on, Arithmetic, Instructions, Vector, Work};
use crate::Real;
use std::ops::Range;

/// Columns of a panel of a packed matrix.
const WIDTH: usize = 16;
/// Rows of a packed matrix that are gone through at once: a panel of them stays in the nearest cache.
const DEPTH: usize = 256;
/// Panels that are packed at once.
const GROUP: usize = 8;
/// Rows of the left side that are gone through at once.
const ROWS: usize = 96;

/// A matrix of K×N for the right side of a product: panels of 16 columns, a row of a panel after the
/// other, zeros where the last panel is wider than the matrix.
#[derive(Debug, Clone, Default)]
pub struct Packed<F> {
    lines: Vec<Line<F>>,
    rows: usize,
    columns: usize,
}

/// A row of a panel, where no register that is loaded from it lies on two lines of the cache.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(64))]
struct Line<F>([F; WIDTH]);

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
        self.rows = rows;
        self.columns = columns;
        let count = columns.div_ceil(WIDTH) * rows;
        self.lines.resize(count, Line::default());
        if rows == 0 {
            return;
        }
        // Some panels at once: what is read lies together.
        pieces(
            count * WIDTH > 200_000,
            &mut self.lines,
            GROUP * rows,
            &|group, to| {
                let first = group * GROUP * WIDTH;
                let width = (columns - first).min(GROUP * WIDTH);
                // A buffer that was used before has something there.
                let (whole, rest) = (width / WIDTH, width % WIDTH);
                for Line(to) in &mut to[whole * rows..] {
                    to[rest..].fill(F::ZERO);
                }
                if column == 1 {
                    for k in 0..rows {
                        let from = &values[k * row + first..][..width];
                        // Whole rows of panels first: a copy of a fixed size is no call.
                        let (lines, last) = from.as_chunks::<WIDTH>();
                        for (p, line) in lines.iter().enumerate() {
                            to[p * rows + k] = Line(*line);
                        }
                        if !last.is_empty() {
                            let Line(to) = &mut to[lines.len() * rows + k];
                            to[..last.len()].copy_from_slice(last);
                        }
                    }
                } else {
                    for n in 0..width {
                        let from = &values[(first + n) * column..];
                        let panel = &mut to[n / WIDTH * rows..][..rows];
                        for (k, Line(to)) in panel.iter_mut().enumerate() {
                            to[n % WIDTH] = from[k * row];
                        }
                    }
                }
            },
        );
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
    /// A left side whose rows lie across, packed; kept only so that it need not be made anew.
    pub scratch: &'a mut Vec<F>,
}

impl<F: Real> Product<'_, F> {
    /// On this path.
    pub fn add(self, path: Instructions) {
        run_on(path, Added(self, None));
    }

    /// As [`Product::add`], to a row of N values that is the same for all M, not to what is there.
    pub fn add_to(self, base: &[F], path: Instructions) {
        run_on(path, Added(self, Some(base)));
    }
}

/// A product, and what it is added to where that is not there.
struct Added<'a, 'b, F>(Product<'a, F>, Option<&'b [F]>);

impl<F: Real> Work for Added<'_, '_, F> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        add::<F, A>(self.0, self.1)
    }
}

/// See [`Product`].
#[inline(always)]
pub fn add_product<F: Real, A: Arithmetic>(product: Product<'_, F>) {
    add::<F, A>(product, None)
}

#[inline(always)]
fn add<F: Real, A: Arithmetic>(product: Product<'_, F>, base: Option<&[F]>) {
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
    assert!(base.is_none_or(|base| base.len() == columns && skip < depth));
    if rows == 0 || depth <= skip || columns == 0 {
        return;
    }
    assert!(left.values.len() > (rows - 1) * left.row + (depth - 1) * left.step);
    assert!(to.len() >= (rows - 1) * stride + columns && stride >= columns);
    let block = Block {
        left,
        right,
        base,
        k: skip,
        deep: 0,
        stride,
        soon: 0..0,
    };
    match WIDTH / A::Vector::<F>::LANES {
        1 => blocks::<F, A, 1, 12, 2>(block, to, rows, scratch),
        2 => blocks::<F, A, 2, 6, 1>(block, to, rows, scratch),
        4 => blocks::<F, A, 4, 3, 1>(block, to, rows, scratch),
        other => unreachable!("{other} registers a row"),
    }
}

/// With V registers for a row of a panel, and R rows of P panels in a full tile.
#[inline(always)]
fn blocks<F: Real, A: Arithmetic, const V: usize, const R: usize, const P: usize>(
    mut block: Block<F>,
    to: &mut [F],
    rows: usize,
    scratch: &mut Vec<F>,
) {
    let depth = block.right.rows;
    let panels = block.right.columns.div_ceil(WIDTH);
    for k in (block.k..depth).step_by(DEPTH) {
        block.k = k;
        block.deep = DEPTH.min(depth - k);
        for m in (0..rows).step_by(ROWS) {
            let span = m..rows.min(m + ROWS);
            // Rows that lie across are far apart from one step to the next.
            let across = block.left.row == 1 && block.left.step > 1;
            if across {
                pack_across::<F, R>(&block, span.clone(), scratch);
            }
            let (packed, mut block) = (across.then_some(&scratch[..]), block.clone());
            let mut p = 0;
            // One row leaves registers for several panels.
            while span.len() == 1 && V <= 2 && p + 4 <= panels {
                tile::<F, A, V, 1, 4>(&block, block.left_of(packed, m, 1, m), to, m, p);
                p += 4;
            }
            while p + P <= panels {
                tiles::<F, A, V, R, P>(&mut block, packed, to, span.clone(), p);
                p += P;
            }
            for p in p..panels {
                tiles::<F, A, V, R, 1>(&mut block, packed, to, span.clone(), p);
            }
        }
        block.base = None;
    }
}

/// Rows of the left side, so many steps of them, in the order in which the tiles need them.
#[inline(always)]
fn pack_across<F: Real, const R: usize>(
    block: &Block<F>,
    span: Range<usize>,
    scratch: &mut Vec<F>,
) {
    let size = span.len() * block.deep;
    if scratch.len() < size {
        scratch.resize(size, F::ZERO);
    }
    let mut r = span.start;
    while r < span.end {
        let tall = tall(R, span.end - r);
        let Left { values, step, .. } = block.left;
        let from = &values[r + block.k * step..];
        let to = &mut scratch[(r - span.start) * block.deep..][..tall * block.deep];
        match tall {
            1 => columns_of::<F, 1>(from, step, to),
            2 => columns_of::<F, 2>(from, step, to),
            3 => columns_of::<F, 3>(from, step, to),
            4 => columns_of::<F, 4>(from, step, to),
            8 => columns_of::<F, 8>(from, step, to),
            _ => columns_of::<F, R>(from, step, to),
        }
        r += tall;
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
    left: Left<'a, F>,
    right: &'a Packed<F>,
    /// What the sums are added to, where that is not there.
    base: Option<&'a [F]>,
    /// First row of the right side, and how many.
    k: usize,
    deep: usize,
    stride: usize,
    /// Steps of the next panels that a tile asks for.
    soon: Range<usize>,
}

impl<'a, F: Real> Block<'a, F> {
    /// The left side of a tile of so many rows, of a packed one from the row `first` on.
    #[inline(always)]
    fn left_of(
        &self,
        packed: Option<&'a [F]>,
        first: usize,
        tall: usize,
        row: usize,
    ) -> Left<'a, F> {
        match packed {
            Some(packed) => Left {
                values: &packed[(row - first) * self.deep..],
                row: 1,
                step: tall,
            },
            None => Left {
                values: &self.left.values[row * self.left.row + self.k * self.left.step..],
                ..self.left
            },
        }
    }
}

/// All rows of P panels.
#[inline(always)]
fn tiles<'a, F: Real, A: Arithmetic, const V: usize, const R: usize, const P: usize>(
    block: &mut Block<'a, F>,
    packed: Option<&'a [F]>,
    to: &mut [F],
    span: Range<usize>,
    p: usize,
) {
    // Each tile asks for a part of the panels that come next, so that they are near by then.
    let share = block.deep.div_ceil(span.len().div_ceil(R));
    block.soon = 0..share;
    let mut r = span.start;
    while r < span.end {
        let tall = tall(R, span.end - r);
        let left = block.left_of(packed, span.start, tall, r);
        match tall {
            1 => tile::<F, A, V, 1, P>(block, left, to, r, p),
            2 => tile::<F, A, V, 2, P>(block, left, to, r, p),
            3 => tile::<F, A, V, 3, P>(block, left, to, r, p),
            4 => tile::<F, A, V, 4, P>(block, left, to, r, p),
            8 => tile::<F, A, V, 8, P>(block, left, to, r, p),
            _ => tile::<F, A, V, R, P>(block, left, to, r, p),
        }
        r += tall;
        let first = block.soon.end;
        block.soon = first..(first + share).min(block.deep);
    }
}

/// R rows and P panels of the result. The sum of each element runs over k in order.
#[inline(always)]
#[allow(unsafe_code, clippy::needless_range_loop)]
fn tile<F: Real, A: Arithmetic, const V: usize, const R: usize, const P: usize>(
    b: &Block<F>,
    left: Left<F>,
    to: &mut [F],
    row: usize,
    panel: usize,
) {
    let zero = A::Vector::<F>::zero();
    let lanes = A::Vector::<F>::LANES;
    let mut sums = [[[zero; V]; P]; R];
    let size = b.right.rows;
    let from: [&[Line<F>]; P] =
        std::array::from_fn(|p| &b.right.lines[(panel + p) * size + b.k..][..b.deep]);
    let from = from.map(|from| from.as_ptr().cast::<F>());
    // Where the next panels begin, wherever that is.
    let (ahead, next) = (b.soon.len(), (P * size + b.soon.start) * WIDTH);
    assert!(left.values.len() > (R - 1) * left.row + (b.deep - 1) * left.step);
    let Left {
        values,
        row: down,
        step,
    } = left;
    let left = values.as_ptr();
    for r in 0..R {
        let place = (row + r) * b.stride + panel * WIDTH;
        for p in 0..P {
            A::soon(to.as_ptr().wrapping_add(place + p * WIDTH));
        }
    }
    // ANCHOR: tile
    for k in 0..b.deep {
        if k < ahead {
            for from in from {
                A::soon(from.wrapping_add(next + k * WIDTH));
            }
        }
        // SAFETY: each panel has deep·WIDTH values, as the slices above have shown, and the left side
        // has all up to the last row and step, as just asserted.
        unsafe {
            let mut row = [[zero; V]; P];
            for p in 0..P {
                for v in 0..V {
                    row[p][v] = Vector::load(from[p].add(k * WIDTH + v * lanes));
                }
            }
            for r in 0..R {
                let x = A::Vector::<F>::splat(*left.add(r * down + k * step));
                for p in 0..P {
                    for v in 0..V {
                        sums[r][p][v] = x.multiply_add(row[p][v], sums[r][p][v]);
                    }
                }
            }
        }
    }
    // ANCHOR_END: tile
    let (first, columns) = (panel * WIDTH, b.right.columns);
    let to = &mut to[row * b.stride + first..];
    // Loops that the compiler unrolls leave the sums in their registers.
    if first + P * WIDTH <= columns {
        let to = to[..(R - 1) * b.stride + P * WIDTH].as_mut_ptr();
        let base = b.base.map(|base| base[first..][..P * WIDTH].as_ptr());
        for r in 0..R {
            for p in 0..P {
                for v in 0..V {
                    let column = p * WIDTH + v * lanes;
                    // SAFETY: R rows of P·WIDTH values at the stride are there, as the slices have shown, and
                    // so many of the base.
                    unsafe {
                        let to = to.add(r * b.stride + column);
                        let from = base.map_or(to.cast_const(), |base| base.add(column));
                        sums[r][p][v].add(from, to);
                    }
                }
            }
        }
    } else {
        let mut all = [[[F::ZERO; WIDTH]; P]; R];
        for r in 0..R {
            for p in 0..P {
                for v in 0..V {
                    let to = all[r][p][v * lanes..][..lanes].as_mut_ptr();
                    // SAFETY: there are as many lanes.
                    unsafe { sums[r][p][v].add(to, to) };
                }
            }
        }
        for (to, all) in to.chunks_mut(b.stride).zip(&all) {
            let to = &mut to[..columns - first];
            if let Some(base) = b.base {
                to.copy_from_slice(&base[first..]);
            }
            for (to, sum) in to.iter_mut().zip(all.as_flattened()) {
                *to += *sum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers that look random.
    fn values<F: Real>(count: usize, seed: usize) -> Vec<F> {
        let one = |k: usize| ((k + seed) * 7919 % 2003) as f64 / 1001.0 - 1.0;
        (0..count).map(|k| F::from_f64(one(k))).collect()
    }

    /// A product on a path, on top of what is there or of a row, against the sum by its number.
    fn check<F: Real>(
        path: Instructions,
        [rows, depth, columns, skip]: [usize; 4],
        (across, base): (bool, bool),
        close: f64,
    ) {
        let stride = columns + 3;
        let (row, step) = match across {
            true => (1, rows + 2),
            false => (depth + 1, 1),
        };
        let left: Vec<F> = values(rows * row + depth * step, 1);
        let right: Vec<F> = values(depth * columns, 2);
        let mut to: Vec<F> = values(rows * stride, 3);
        let top: Vec<F> = values(columns, 4);
        let mut should: Vec<f64> = to.iter().map(|to| to.to_f64()).collect();
        for m in 0..rows {
            for n in 0..columns {
                let should = &mut should[m * stride + n];
                if base {
                    *should = top[n].to_f64();
                }
                for k in skip..depth {
                    let (a, b) = (left[m * row + k * step], right[k * columns + n]);
                    *should += a.to_f64() * b.to_f64();
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
        match base {
            true => product.add_to(&top, path),
            false => product.add(path),
        }
        for (a, b) in to.iter().zip(&should) {
            let sizes = [rows, depth, columns, skip];
            let a = a.to_f64();
            assert!((a - b).abs() < close, "{path:?} {sizes:?} {a} {b}");
        }
    }

    #[test]
    fn a_product_is_the_sum_on_every_path_whatever_its_sizes_and_strides() {
        for path in Instructions::ALL
            .into_iter()
            .filter(|path| path.is_supported())
        {
            for rows in [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 17, 24, 97] {
                for (depth, columns) in [(1, 1), (3, 16), (7, 17), (300, 40), (5, 130)] {
                    for (skip, across) in [(0, false), (2, false), (0, true), (2, true)] {
                        let sizes = [rows, depth, columns, skip];
                        for base in [false, true] {
                            // Nothing on top of a row is no product.
                            if skip < depth || !base {
                                check::<f64>(path, sizes, (across, base), 1e-12);
                                check::<f32>(path, sizes, (across, base), 1e-4);
                            }
                        }
                    }
                }
            }
        }
    }
}
