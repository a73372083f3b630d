// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rows of a table, looked up by index, and a gradient that has only the rows that were.
use crate::Real;

/// Copies rows of a table, V×`width`, into `to`, a row for each index.
///
/// # Panics
/// When an index is not below V, or `to` has not a row for each.
pub fn gather<F: Real>(table: &[F], width: usize, indices: &[usize], to: &mut Vec<F>) {
    to.clear();
    to.reserve(indices.len() * width);
    let rows = table.len() / width;
    for &index in indices {
        assert!(index < rows, "index {index} in a table of {rows} rows");
        to.extend_from_slice(&table[index * width..][..width]);
    }
}

/// Some rows of a table-shaped gradient, whose other rows are zero.
#[derive(Debug, Clone, Default)]
pub struct Sparse<F> {
    /// Which rows, in ascending order, each once.
    pub indices: Vec<usize>,
    /// Their values.
    pub rows: Vec<F>,
    order: Vec<(usize, usize)>,
    before: Vec<F>,
}

impl<F: Real> Sparse<F> {
    /// Adds a row for each index. Rows of one index are summed in the order in which they come.
    ///
    /// # Panics
    /// When `rows` has not `width` values for each index.
    pub fn add(&mut self, width: usize, indices: &[usize], rows: &[F]) {
        assert_eq!(rows.len(), indices.len() * width, "a row for each index");
        let Sparse {
            indices: all,
            rows: sums,
            order,
            before,
        } = self;
        let known = all.len();
        order.clear();
        order.extend(
            all.iter()
                .chain(indices)
                .copied()
                .enumerate()
                .map(|(k, i)| (i, k)),
        );
        order.sort_unstable();
        std::mem::swap(sums, before);
        all.clear();
        sums.clear();
        for &(index, k) in &*order {
            let row = match k.checked_sub(known) {
                None => &before[k * width..][..width],
                Some(k) => &rows[k * width..][..width],
            };
            if all.last() == Some(&index) {
                let last = sums.len() - width;
                for (sum, &value) in sums[last..].iter_mut().zip(row) {
                    *sum += value;
                }
            } else {
                all.push(index);
                sums.extend_from_slice(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_one_index_are_summed_and_none_is_twice() {
        for (width, table) in [(1, 1), (3, 5), (7, 101)] {
            let mut sparse = Sparse::default();
            let mut should = vec![0.0; table * width];
            for (round, count) in [0, 1, 13, 40, 2].into_iter().enumerate() {
                let indices: Vec<usize> = (0..count).map(|k| (k * k + round) % table).collect();
                let one = |k: usize| (k * 31 + round) as f64 / 7.0;
                let rows: Vec<f64> = (0..count * width).map(one).collect();
                sparse.add(width, &indices, &rows);
                for (k, &index) in indices.iter().enumerate() {
                    for c in 0..width {
                        should[index * width + c] += rows[k * width + c];
                    }
                }
                assert!(sparse.indices.is_sorted_by(|a, b| a < b));
                let mut is = vec![0.0; table * width];
                for (k, &index) in sparse.indices.iter().enumerate() {
                    is[index * width..][..width]
                        .copy_from_slice(&sparse.rows[k * width..][..width]);
                }
                assert_eq!(is, should);
            }
        }
    }

    #[test]
    fn buffers_are_used_again_without_allocation() {
        let table: Vec<f32> = (0..500).map(|k| k as f32).collect();
        let indices = [3, 99, 3, 0, 17];
        let (mut rows, mut sparse) = (Vec::new(), Sparse::default());
        let mut step = || {
            gather(&table, 5, &indices, &mut rows);
            sparse.indices.clear();
            sparse.rows.clear();
            sparse.add(5, &indices, &rows);
            assert_eq!(sparse.indices, [0, 3, 17, 99]);
            assert_eq!(sparse.rows[5..8], [30.0, 32.0, 34.0]);
        };
        step();
        step();
        assert_eq!(allocation_counter::measure(step).count_total, 0);
    }

    #[test]
    #[should_panic(expected = "index 2 in a table of 2 rows")]
    fn an_index_beyond_the_table_is_refused() {
        gather(&[0.0; 6], 3, &[1, 2], &mut Vec::new());
    }
}
