// SPDX-License-Identifier: MIT OR Apache-2.0
//! A table of vectors, looked up by index as one entry on the tape, with a gradient of only the
//! rows that were.
//!
//! The gradient stands beside the others, under a tensor that has no rows of its own: first the
//! values of the rows, then their indices as numbers. So a step costs what its words cost, however
//! large the table. Where all rows are asked for, the others are put in as zeros.
use crate::train::parameters::{Dims, Parameter};
use crate::train::{Parameters, Scalar, Visitor};
use crate::{put_gradient, take_gradient, Element};
use dfdx::prelude::*;
use kernels::embedding::{gather, Sparse};
use std::sync::Arc;

/// V vectors of N values.
#[derive(Debug, Clone)]
pub struct Embedding<const V: usize, const N: usize, E: Element> {
    /// Row by row; clones share it until one is written to.
    table: Arc<Vec<E>>,
    /// What the gradient stands under.
    place: Tensor<(usize, Const<N>), E, Cpu>,
}

impl<const V: usize, const N: usize, E: Element> Embedding<V, N, E> {
    /// A table of zeros; [`initialize`](crate::train::initialize()) starts it.
    pub fn zeros() -> Self {
        const { assert!(V < 1 << 24, "f32 counts no further") };
        Embedding {
            table: Arc::new(vec![<E as kernels::Real>::ZERO; V * N]),
            place: Cpu::default().zeros_like(&(0, Const::<N>)),
        }
    }

    /// The table, row by row.
    pub fn values(&self) -> &[E] {
        &self.table
    }

    /// The vector of each index, (B, N) for a shape B. The result takes the tape on, and a table's
    /// rows may be looked up any number of times on one tape.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When there are not B indices, or one is not below V.
    pub fn look_up<B: Dim, T: Tape<E, Cpu>>(
        &self,
        batch: B,
        indices: &[usize],
        mut tape: T,
    ) -> Result<Tensor<(B, Const<N>), E, Cpu, T>, CpuError> {
        let (given, size) = (indices.len(), batch.size());
        assert!(given == size, "{given} indices for {size} rows");
        let mut rows = Vec::new();
        gather(&self.table, N, indices, &mut rows);
        let shape = (batch, Const::<N>);
        let result = Cpu::default().try_tensor_from_vec(rows, shape)?;
        if T::OWNS_TAPE {
            let (place, output, indices) =
                (self.place.clone(), result.clone(), indices.to_vec());
            tape.add_backward_op(move |gradients| {
                let d = take_gradient(gradients, &output)?;
                let mut sparse = unpack::<N, E>(take_gradient(gradients, &place)?);
                sparse.add(N, &indices, &d);
                put_gradient(gradients, &output, d)?;
                put_gradient(gradients, &place, pack(sparse))
            });
        }
        Ok(result.put_tape(tape))
    }
}

/// A gradient as it stands among the others.
fn pack<E: Element>(sparse: Sparse<E>) -> Vec<E> {
    let mut values = sparse.rows;
    let indices = sparse.indices.iter();
    values.extend(indices.map(|&index| <E as kernels::Real>::from_f64(index as f64)));
    values
}

/// What [`pack`] packed.
fn unpack<const N: usize, E: Element>(mut values: Vec<E>) -> Sparse<E> {
    let rows = values.len() / (N + 1);
    let mut sparse = Sparse::default();
    let indices = values[rows * N..].iter();
    let indices = indices.map(|&index| kernels::Real::to_f64(index) as usize);
    sparse.indices.extend(indices);
    values.truncate(rows * N);
    sparse.rows = values;
    sparse
}

impl<const V: usize, const N: usize, E: Scalar> Parameter<E> for Embedding<V, N, E> {
    fn dims(&self) -> Dims {
        Dims::new(&[V, N])
    }

    fn count(&self) -> usize {
        V * N
    }

    fn copy_into(&self, values: &mut [E]) {
        values.copy_from_slice(&self.table);
    }

    fn copy_from(&mut self, values: &[E]) {
        Arc::make_mut(&mut self.table).copy_from_slice(values);
    }

    fn gradient<'g>(&self, gradients: &'g mut Gradients<E, Cpu>) -> &'g mut [E] {
        let all = gradients
            .get_or_alloc_mut(&self.place)
            .expect("the heap holds a gradient beside each parameter");
        if all.len() < V * (N + 1) {
            let sparse = unpack::<N, E>(std::mem::take(&mut **all));
            let mut dense = Sparse::default();
            dense.indices.extend(0..V);
            dense.rows.resize(V * N, E::default());
            for (&index, row) in sparse.indices.iter().zip(sparse.rows.chunks_exact(N)) {
                dense.rows[index * N..][..N].copy_from_slice(row);
            }
            **all = pack(dense);
        }
        &mut all[..V * N]
    }

    fn present<'g>(&self, gradients: &'g mut Gradients<E, Cpu>) -> &'g mut [E] {
        let all = gradients
            .get_or_alloc_mut(&self.place)
            .expect("the heap holds a gradient beside each parameter");
        let rows = all.len() / (N + 1);
        &mut all[..rows * N]
    }

    fn each_row(
        &mut self,
        gradients: &mut Gradients<E, Cpu>,
        each: &mut dyn FnMut(&mut [E], &[E]),
    ) -> bool {
        let all = gradients
            .get_or_alloc_mut(&self.place)
            .expect("the heap holds a gradient beside each parameter");
        let (rows, indices) = all.split_at(all.len() / (N + 1) * N);
        let table = Arc::make_mut(&mut self.table);
        for (row, index) in rows.chunks_exact(N).zip(indices) {
            each(&mut table[index.wide() as usize * N..][..N], row);
        }
        true
    }
}

impl<const V: usize, const N: usize, E: Scalar> Parameters<E> for Embedding<V, N, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.parameter(self);
    }
}
