// SPDX-License-Identifier: MIT OR Apache-2.0
//! Weight normalization.
use super::parameters::Scalar;
use crate::{put_gradient, take_gradient, values};
use dfdx::prelude::*;

/// ‖v‖ of each column in `f64`, (O,).
fn column_norms<E: Scalar>(v: &[E], columns: usize) -> Vec<f64> {
    let mut norms = vec![0.0; columns];
    for row in v.chunks_exact(columns) {
        for (norm, v) in norms.iter_mut().zip(row) {
            *norm += v.wide() * v.wide();
        }
    }
    norms.iter_mut().for_each(|norm| *norm = norm.sqrt());
    norms
}

/// W = v · gain/‖v‖, column by column: each of O units has I incoming weights, of which v gives
/// the direction and the gain the length.
///
/// Salimans and Kingma, *Weight Normalization* (2016). A unit's weight vector is a column here. A
/// column of zeros has no direction and gives NaN.
///
/// The tape comes in with `v` and goes out with the result.
///
/// # Errors
/// When the device is out of memory.
pub fn weight_norm<const I: usize, const O: usize, E: Scalar, T: Tape<E, Cpu>>(
    v: Tensor<Rank2<I, O>, E, Cpu, T>,
    gain: &Tensor<Rank1<O>, E, Cpu>,
) -> Result<Tensor<Rank2<I, O>, E, Cpu, T>, CpuError> {
    let (v, mut tape) = v.split_tape();
    let (direction, lengths) = (values(&v), values(gain));
    let norms = column_norms(&direction, O);
    let scales: Vec<E> = lengths
        .iter()
        .zip(&norms)
        .map(|(g, norm)| E::nearest(g.wide() / norm))
        .collect();
    let mut weights = direction.clone();
    for row in weights.chunks_exact_mut(O) {
        for (w, &scale) in row.iter_mut().zip(&scales) {
            *w *= scale;
        }
    }
    let weights = v
        .device()
        .try_tensor_from_vec(weights, (Const::<I>, Const::<O>))?;
    if T::OWNS_TAPE {
        let (gain, result) = (gain.clone(), weights.clone());
        tape.add_backward_op(move |gradients| {
            let d_weights = take_gradient(gradients, &result)?;
            let mut d_v = take_gradient(gradients, &v)?;
            let mut d_gain = take_gradient(gradients, &gain)?;
            // ∂gain = ∂W · v/‖v‖; ∂v = gain/‖v‖ ∂W − gain ∂gain/‖v‖² v
            let mut along = vec![0.0; O];
            for (d_row, row) in d_weights.chunks_exact(O).zip(direction.chunks_exact(O)) {
                for ((sum, d), v) in along.iter_mut().zip(d_row).zip(row) {
                    *sum += d.wide() * v.wide();
                }
            }
            let mut back = vec![E::default(); O];
            for o in 0..O {
                let d = along[o] / norms[o];
                d_gain[o] += E::nearest(d);
                back[o] = E::nearest(lengths[o].wide() * d / (norms[o] * norms[o]));
            }
            let rows = d_v.chunks_exact_mut(O).zip(d_weights.chunks_exact(O));
            for ((d_v, d_w), v) in rows.zip(direction.chunks_exact(O)) {
                for o in 0..O {
                    d_v[o] += scales[o] * d_w[o] - back[o] * v[o];
                }
            }
            put_gradient(gradients, &result, d_weights)?;
            put_gradient(gradients, &v, d_v)?;
            put_gradient(gradients, &gain, d_gain)
        });
    }
    Ok(weights.put_tape(tape))
}

/// The gain with which [`weight_norm`] leaves v as it is: ‖v‖ of each column.
///
/// # Errors
/// When the device is out of memory.
pub fn gain_of<const I: usize, const O: usize, E: Scalar>(
    v: &Tensor<Rank2<I, O>, E, Cpu>,
) -> Result<Tensor<Rank1<O>, E, Cpu>, CpuError> {
    let norms = column_norms(&values(v), O);
    v.device()
        .try_tensor_from_vec(norms.into_iter().map(E::nearest).collect(), (Const::<O>,))
}
