// SPDX-License-Identifier: MIT OR Apache-2.0
//! Weights before training.
use super::parameters::{for_each, Name, Parameters, Scalar};
use super::random::{below, unit, Normal};
use super::sums::dot;
use rand_chacha::rand_core::RngCore;

/// How a parameter starts.
///
/// All is computed in `f64` and rounded once, so that one seed gives the same weights in `f32` and
/// `f64` up to that rounding, and the same bits on every processor.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// This value everywhere.
    Constant(f64),
    /// Uniform from −r to r.
    Uniform(f64),
    /// Normal with mean 0 and this standard deviation (not variance).
    Normal(f64),
    /// A random matrix with orthonormal rows or columns, whichever there are fewer of, times this
    /// gain: Gram and Schmidt on normal vectors, which is uniform over such matrices. So are the
    /// left singular vectors of a normal matrix, that Cho et al. (2014) take.
    Orthogonal(f64),
    /// A square matrix in which each unit has this many incoming weights, at random places and
    /// normal, all scaled to this spectral radius. A unit's incoming weights are its column.
    ///
    /// The "smart tanh" start of Pascanu, Mikolov and Bengio (2013), with 15 and 0.95; whatever
    /// standard deviation is drawn from, the scaling takes it out.
    Sparse {
        /// Incoming weights of each unit that are not 0.
        incoming: usize,
        /// The largest modulus of an eigenvalue.
        radius: f64,
    },
    /// The identity matrix times this, as Le, Jaitly and Hinton (2015) start a ReLU network.
    Identity(f64),
    /// Column groups of equal width, from left to right, each with a start of its own: the gates
    /// of a cell. A vector counts as one row.
    Columns(Vec<Start>),
}

/// Why a parameter cannot start so.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{name}, shape {shape:?}, cannot start as {start:?}: {reason}")]
pub struct StartError {
    /// The parameter.
    pub name: String,
    /// Its sizes.
    pub shape: Vec<usize>,
    /// The start.
    pub start: Start,
    /// What does not fit.
    pub reason: String,
}

/// Starts every parameter of the model as `start` says for its name and sizes.
///
/// ```
/// use dfdx::prelude::*;
/// use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
/// use tape::dims::{Hidden, Input, Output};
/// use tape::readout::Readout;
/// use tape::train::initialize::{initialize, Start};
///
/// let sizes = (Input(3), Hidden(4), Output(2));
/// let mut readout = Readout::<_, _, _, f32>::zeros(sizes, true, false);
/// let mut rng = ChaCha8Rng::seed_from_u64(1);
/// initialize(&mut readout, &mut rng, |name, _| {
///     if name.is("bias") { Start::Constant(0.0) } else { Start::Uniform(0.08) }
/// })?;
/// assert!(readout.units.as_vec().iter().all(|w| w.abs() <= 0.08));
/// assert_eq!(readout.bias.unwrap().as_vec(), [0.0, 0.0]);
/// # Ok::<(), tape::train::initialize::StartError>(())
/// ```
///
/// # Errors
/// When a start does not fit a parameter's shape; parameters before it have started already.
pub fn initialize<E: Scalar>(
    model: &mut dyn Parameters<E>,
    rng: &mut dyn RngCore,
    mut start: impl FnMut(Name<'_>, &[usize]) -> Start,
) -> Result<(), StartError> {
    let mut result = Ok(());
    for_each(model, |name, parameter| {
        if result.is_err() {
            return;
        }
        let dims = parameter.dims();
        let start = start(name, &dims);
        match draw(&start, &dims, rng) {
            Ok(values) => {
                let values: Vec<E> = values.into_iter().map(E::nearest).collect();
                parameter.copy_from(&values);
            }
            Err(reason) => {
                result = Err(StartError {
                    name: name.to_string(),
                    shape: dims.to_vec(),
                    start,
                    reason,
                });
            }
        }
    });
    result
}

/// The values of a parameter of these sizes, row by row.
///
/// # Errors
/// When the start does not fit the sizes.
pub fn draw(start: &Start, dims: &[usize], rng: &mut dyn RngCore) -> Result<Vec<f64>, String> {
    let count = dims.iter().product();
    match *start {
        Start::Constant(value) => Ok(vec![value; count]),
        Start::Uniform(range) => Ok((0..count)
            .map(|_| range * (2.0 * unit(rng) - 1.0))
            .collect()),
        Start::Normal(deviation) => {
            let mut normal = Normal::default();
            Ok((0..count).map(|_| deviation * normal.draw(rng)).collect())
        }
        Start::Orthogonal(gain) => {
            let &[rows, columns] = dims else {
                return Err("it needs a matrix".into());
            };
            orthogonal(rows, columns, gain, rng)
        }
        Start::Sparse { incoming, radius } => {
            let units = square(dims)?;
            if incoming == 0 || incoming > units {
                return Err(format!("a unit has from 1 to {units} incoming weights"));
            }
            sparse(units, incoming, radius, rng)
        }
        Start::Identity(scale) => {
            let units = square(dims)?;
            Ok((0..count)
                .map(|place| {
                    let diagonal = place / units == place % units;
                    if diagonal {
                        scale
                    } else {
                        0.0
                    }
                })
                .collect())
        }
        Start::Columns(ref groups) => {
            let (rows, columns) = match *dims {
                [columns] => (1, columns),
                [rows, columns] => (rows, columns),
                _ => return Err("it needs a matrix or a vector".into()),
            };
            if groups.is_empty() || columns % groups.len() != 0 {
                let groups = groups.len();
                return Err(format!("{columns} columns are not {groups} equal groups"));
            }
            let width = columns / groups.len();
            let mut values = vec![0.0; count];
            for (group, start) in groups.iter().enumerate() {
                let part = draw(start, &[rows, width], rng)?;
                for row in 0..rows {
                    values[row * columns + group * width..][..width]
                        .copy_from_slice(&part[row * width..][..width]);
                }
            }
            Ok(values)
        }
    }
}

/// The side of a square matrix.
fn square(dims: &[usize]) -> Result<usize, String> {
    match *dims {
        [rows, columns] if rows == columns => Ok(rows),
        _ => Err("it needs a square matrix".into()),
    }
}

/// Orthonormal vectors, as many as the smaller side and as long as the larger.
fn orthogonal(
    rows: usize,
    columns: usize,
    gain: f64,
    rng: &mut dyn RngCore,
) -> Result<Vec<f64>, String> {
    let (long, short) = (rows.max(columns), rows.min(columns));
    let mut normal = Normal::default();
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(short);
    let mut redrawn = 0;
    while vectors.len() < short {
        let mut vector: Vec<f64> = (0..long).map(|_| normal.draw(rng)).collect();
        let before = dot(&vector, &vector).sqrt();
        // Twice: what the first round leaves by rounding, the second takes.
        for _ in 0..2 {
            for other in &vectors {
                let along = dot(other, &vector);
                for (v, o) in vector.iter_mut().zip(other) {
                    *v -= along * o;
                }
            }
        }
        let norm = dot(&vector, &vector).sqrt();
        // A vector that lies in the span of those before it is drawn anew.
        if norm > 1e-8 * before {
            vector.iter_mut().for_each(|v| *v /= norm);
            vectors.push(vector);
        } else {
            redrawn += 1;
            if redrawn == 100 {
                return Err("a hundred draws had no new direction".into());
            }
        }
    }
    Ok((0..rows * columns)
        .map(|place| {
            let (row, column) = (place / columns, place % columns);
            gain * if rows >= columns {
                vectors[column][row]
            } else {
                vectors[row][column]
            }
        })
        .collect())
}

/// A sparse square matrix of the spectral radius asked for.
fn sparse(
    units: usize,
    incoming: usize,
    radius: f64,
    rng: &mut dyn RngCore,
) -> Result<Vec<f64>, String> {
    let mut normal = Normal::default();
    // Few weights may have no cycle among them, and then no eigenvalue but 0.
    for _ in 0..100 {
        let mut matrix = vec![0.0; units * units];
        let mut rows: Vec<usize> = (0..units).collect();
        for column in 0..units {
            for place in 0..incoming {
                rows.swap(place, place + below(rng, units - place));
                matrix[rows[place] * units + column] = normal.draw(rng);
            }
        }
        let found = spectral_radius(&matrix, units);
        if found > 1e-6 {
            matrix.iter_mut().for_each(|w| *w *= radius / found);
            return Ok(matrix);
        }
    }
    Err("a hundred draws had no eigenvalue but 0".into())
}

/// The largest modulus of an eigenvalue of a square matrix, row by row, `side` values a row.
///
/// By Gelfand's formula, ρ(A) = lim ‖Aᵏ‖^(1/k), with k = 2³⁴ from 34 squarings. ‖Aᵏ‖ is at most
/// ρᵏ times a factor that grows as a power of k, and the root of that factor is 1 to nine digits.
///
/// # Panics
/// When the matrix has not side² values.
pub fn spectral_radius(matrix: &[f64], side: usize) -> f64 {
    assert_eq!(matrix.len(), side * side, "the matrix has not side² values");
    let mut power = matrix.to_vec();
    let mut squared = vec![0.0; side * side];
    let mut logarithm = 0.0;
    let mut share = 1.0;
    for _ in 0..=34 {
        let norm = dot(&power, &power).sqrt();
        if norm == 0.0 || !norm.is_finite() {
            return norm;
        }
        logarithm += share * libm::log(norm);
        share *= 0.5;
        power.iter_mut().for_each(|v| *v /= norm);
        squared.fill(0.0);
        for (row, result) in power.chunks_exact(side).zip(squared.chunks_exact_mut(side)) {
            for (&left, right) in row.iter().zip(power.chunks_exact(side)) {
                for (sum, r) in result.iter_mut().zip(right) {
                    *sum += left * r;
                }
            }
        }
        std::mem::swap(&mut power, &mut squared);
    }
    libm::exp(logarithm)
}
