// SPDX-License-Identifier: MIT OR Apache-2.0
//! A table of vectors, looked up by index as one entry on the tape, with a gradient of only the
//! rows that were.
//!
//! The gradient stands beside the others, under a tensor that has no rows of its own: first the
//! values of the rows, then their indices as numbers. So a step costs what its words cost, however
//! large the table. Where all rows are asked for, the others are put in as zeros.
use crate::dims;
use crate::train::parameters::{Dims, Parameter};
use crate::train::{Parameters, Scalar, Visitor};
use crate::{put_gradient, take_gradient, Element};
use dfdx::prelude::*;
use kernels::embedding::{gather, Sparse};
use std::sync::Arc;

/// V vectors of N values.
#[derive(Debug, Clone)]
pub struct Embedding<V: Dim, N: Dim, E: Element> {
    /// Row by row; clones share it until one is written to.
    table: Arc<Vec<E>>,
    symbols: V,
    /// What the gradient stands under.
    place: Tensor<(usize, N), E, Cpu>,
}

impl<V: Dim, N: Dim, E: Element> Embedding<V, N, E> {
    /// A table of zeros; [`initialize`](crate::train::initialize()) starts it.
    ///
    /// # Panics
    /// When V and N are one name of two sizes, or V has 2²⁴ or more.
    pub fn zeros(symbols: V, width: N) -> Self {
        dims::agree(("the symbols", symbols), ("the width", width));
        let (rows, values) = (symbols.size(), symbols.size() * width.size());
        assert!(
            rows < 1 << 24,
            "a table of {rows} rows; f32 counts no further"
        );
        Embedding {
            table: Arc::new(vec![<E as kernels::Real>::ZERO; values]),
            symbols,
            place: Cpu::default().zeros_like(&(0, width)),
        }
    }

    /// V and N.
    fn sizes(&self) -> (usize, usize) {
        (self.symbols.size(), self.place.shape().1.size())
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
    ) -> Result<Tensor<(B, N), E, Cpu, T>, CpuError> {
        let (given, size) = (indices.len(), batch.size());
        assert!(given == size, "{given} indices for {size} rows");
        let mut rows = Vec::new();
        let shape = (batch, self.place.shape().1);
        let width = shape.1.size();
        gather(&self.table, width, indices, &mut rows);
        let result = Cpu::default().try_tensor_from_vec(rows, shape)?;
        if T::OWNS_TAPE {
            let (place, output, indices) =
                (self.place.clone(), result.clone(), indices.to_vec());
            tape.add_backward_op(move |gradients| {
                let d = take_gradient(gradients, &output)?;
                let mut sparse = unpack(width, take_gradient(gradients, &place)?);
                sparse.add(width, &indices, &d);
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
fn unpack<E: Element>(width: usize, mut values: Vec<E>) -> Sparse<E> {
    let rows = values.len() / (width + 1);
    let mut sparse = Sparse::default();
    let indices = values[rows * width..].iter();
    let indices = indices.map(|&index| kernels::Real::to_f64(index) as usize);
    sparse.indices.extend(indices);
    values.truncate(rows * width);
    sparse.rows = values;
    sparse
}

impl<V: Dim, N: Dim, E: Scalar> Parameter<E> for Embedding<V, N, E> {
    fn dims(&self) -> Dims {
        let (v, n) = self.sizes();
        Dims::new(&[v, n])
    }

    fn count(&self) -> usize {
        self.table.len()
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
        let (v, n) = self.sizes();
        if all.len() < v * (n + 1) {
            let sparse = unpack(n, std::mem::take(&mut **all));
            let mut dense = Sparse::default();
            dense.indices.extend(0..v);
            dense.rows.resize(v * n, E::default());
            for (&index, row) in sparse.indices.iter().zip(sparse.rows.chunks_exact(n)) {
                dense.rows[index * n..][..n].copy_from_slice(row);
            }
            **all = pack(dense);
        }
        &mut all[..v * n]
    }

    fn present<'g>(&self, gradients: &'g mut Gradients<E, Cpu>) -> &'g mut [E] {
        let all = gradients
            .get_or_alloc_mut(&self.place)
            .expect("the heap holds a gradient beside each parameter");
        let (_, n) = self.sizes();
        let rows = all.len() / (n + 1);
        &mut all[..rows * n]
    }

    fn each_row(
        &mut self,
        gradients: &mut Gradients<E, Cpu>,
        each: &mut dyn FnMut(&mut [E], &[E]),
    ) -> bool {
        let all = gradients
            .get_or_alloc_mut(&self.place)
            .expect("the heap holds a gradient beside each parameter");
        let (_, n) = self.sizes();
        let (rows, indices) = all.split_at(all.len() / (n + 1) * n);
        let table = Arc::make_mut(&mut self.table);
        for (row, index) in rows.chunks_exact(n).zip(indices) {
            each(&mut table[index.wide() as usize * n..][..n], row);
        }
        true
    }
}

impl<V: Dim, N: Dim, E: Scalar> Parameters<E> for Embedding<V, N, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.parameter(self);
    }
}
