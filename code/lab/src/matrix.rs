// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small matrices whose sizes are types, and the largest factor by which one stretches a vector.

/// A matrix of M rows and N columns.
pub type Matrix<const M: usize, const N: usize> = [[f64; N]; M];

/// The product A B.
pub fn product<const M: usize, const L: usize, const N: usize>(
    a: &Matrix<M, L>,
    b: &Matrix<L, N>,
) -> Matrix<M, N> {
    let mut result = [[0.0; N]; M];
    for (row, sums) in a.iter().zip(&mut result) {
        for (&scale, terms) in row.iter().zip(b) {
            for (sum, &term) in sums.iter_mut().zip(terms) {
                *sum += scale * term;
            }
        }
    }
    result
}

/// ‖A‖₂, the largest singular value, by one-sided Jacobi rotations.
pub fn spectral_norm<const M: usize, const N: usize>(a: &Matrix<M, N>) -> f64 {
    let mut a = *a;
    for _ in 0..60 {
        let mut rotated = false;
        for p in 0..N {
            for q in p + 1..N {
                let (mut pp, mut qq, mut pq) = (0.0, 0.0, 0.0);
                for row in &a {
                    pp += row[p] * row[p];
                    qq += row[q] * row[q];
                    pq += row[p] * row[q];
                }
                if pq.abs() <= 1e-15 * (pp * qq).sqrt() {
                    continue;
                }
                rotated = true;
                let zeta = (qq - pp) / (2.0 * pq);
                let t = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
                let cosine = 1.0 / (1.0 + t * t).sqrt();
                let sine = cosine * t;
                for row in &mut a {
                    (row[p], row[q]) = (
                        cosine * row[p] - sine * row[q],
                        sine * row[p] + cosine * row[q],
                    );
                }
            }
        }
        if !rotated {
            break;
        }
    }
    let columns = (0..N).map(|n| a.iter().map(|row| row[n] * row[n]).sum::<f64>().sqrt());
    // By comparison: see `kernels::extremes`.
    let mut largest = 0.0;
    for column in columns {
        if column > largest {
            largest = column;
        }
    }
    largest
}
