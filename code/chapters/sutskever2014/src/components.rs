// SPDX-License-Identifier: MIT OR Apache-2.0
//! Principal components of a few vectors of many numbers (9.13).
//!
//! With n vectors of d numbers, less their mean, the rows of X, the components are the eigenvectors of
//! Xᵀ X, d×d. They are found from X Xᵀ, n×n: where that has the eigenvector u, the component is u X,
//! scaled to length one. Additions, products, quotients and square roots in a fixed order alone: the
//! same bits on every processor.

/// Rotations of Jacobi's method go over all pairs at most so often; fewer than ten are enough.
const SWEEPS: usize = 60;
/// An eigenvalue below this part of the largest one is taken for zero.
const NOTHING: f64 = 1e-12;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The vectors less their mean.
fn centered(vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let count = vectors.len() as f64;
    let mut mean = vec![0.0; vectors.first().map_or(0, Vec::len)];
    for vector in vectors {
        assert_eq!(vector.len(), mean.len(), "vectors of different lengths");
        mean.iter_mut().zip(vector).for_each(|(mean, x)| *mean += x);
    }
    mean.iter_mut().for_each(|mean| *mean /= count);
    let less = |vector: &Vec<f64>| vector.iter().zip(&mean).map(|(x, m)| x - m).collect();
    vectors.iter().map(less).collect()
}

/// Eigenvalues of a symmetric matrix, which Jacobi's rotations make diagonal, and the eigenvectors,
/// row by row.
fn eigen(mut a: Vec<Vec<f64>>) -> Vec<(f64, Vec<f64>)> {
    let n = a.len();
    let unit = |k: usize| (0..n).map(|j| f64::from(u8::from(j == k))).collect();
    let mut vectors: Vec<Vec<f64>> = (0..n).map(unit).collect();
    let all: f64 = a.iter().flatten().map(|x| x * x).sum();
    for _ in 0..SWEEPS {
        let above = a.iter().enumerate().flat_map(|(p, row)| &row[p + 1..]);
        let off: f64 = above.map(|x| x * x).sum();
        if off <= all * 1e-32 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut vectors, p, q);
            }
        }
    }
    let values = (0..n).map(|k| a[k][k]);
    values.zip(vectors).collect()
}

/// The rotation in the plane of p and q that makes a_pq zero.
fn rotate(a: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let half = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let tangent = half.signum() / (half.abs() + (half * half + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    for row in a.iter_mut() {
        let (x, y) = (row[p], row[q]);
        (row[p], row[q]) = (cosine * x - sine * y, sine * x + cosine * y);
    }
    let turn = |rows: &mut [Vec<f64>]| {
        let (before, after) = rows.split_at_mut(q);
        for (x, y) in before[p].iter_mut().zip(&mut after[0]) {
            (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
        }
    };
    turn(a);
    turn(vectors);
}

// ANCHOR: principal
/// The first `count` principal components of the vectors (9.13), of length
/// one each, that of the greatest variance first. Of each the number that is
/// farthest from zero is positive. Where the vectors, less their mean, span
/// fewer dimensions, what is left are zeros.
///
/// # Panics
/// When vectors differ in length.
pub fn principal(vectors: &[Vec<f64>], count: usize) -> Vec<Vec<f64>> {
    let x = centered(vectors);
    let products = |a: &Vec<f64>| x.iter().map(|b| dot(a, b)).collect();
    let mut pairs = eigen(x.iter().map(products).collect());
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let width = x.first().map_or(0, Vec::len);
    let least = pairs.first().map_or(0.0, |first| first.0 * NOTHING);
    let mut components = Vec::with_capacity(count);
    for (value, u) in pairs.into_iter().take(count) {
        let mut component = vec![0.0; width];
        if value > least {
            for (weight, x) in u.iter().zip(&x) {
                component
                    .iter_mut()
                    .zip(x)
                    .for_each(|(to, x)| *to += weight * x);
            }
            let mut farthest = 0.0;
            for &value in &component {
                if value.abs() > f64::abs(farthest) {
                    farthest = value;
                }
            }
            let length = dot(&component, &component).sqrt().copysign(farthest);
            component.iter_mut().for_each(|value| *value /= length);
        }
        components.push(component);
    }
    components.resize(count, vec![0.0; width]);
    components
}
// ANCHOR_END: principal

/// Where the vectors, less their mean, stand along each of some components: one row for each vector.
///
/// # Panics
/// When vectors differ in length.
pub fn project(vectors: &[Vec<f64>], components: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let along = |x: &Vec<f64>| components.iter().map(|c| dot(x, c)).collect();
    centered(vectors).iter().map(along).collect()
}

/// The part of the vectors' variance that is along each of some components; zero where there is none.
///
/// # Panics
/// When vectors differ in length.
pub fn shares(vectors: &[Vec<f64>], components: &[Vec<f64>]) -> Vec<f64> {
    let all: f64 = centered(vectors).iter().map(|x| dot(x, x)).sum();
    let places = project(vectors, components);
    let share = |k: usize| -> f64 {
        let along: f64 = places.iter().map(|place| place[k] * place[k]).sum();
        if all > 0.0 {
            along / all
        } else {
            0.0
        }
    };
    (0..components.len()).map(share).collect()
}
