//! Stub.
use crate::dims::Rows;
use crate::recurrent::Row;
use crate::train::{Parameters, Scalar, Visitor};
use dfdx::prelude::*;
use kernels::rnn::Activation;
use kernels::Instructions;
/// Stub.
#[derive(Debug, Clone)]
pub struct GatedConvolutions<N: Dim, E: Scalar> {
    /// W.
    pub w_left: Tensor<(N, N), E, Cpu>,
    /// Path.
    pub path: Instructions,
}
impl<N: Dim, E: Scalar> GatedConvolutions<N, E> {
    /// Stub.
    pub fn zeros(width: N, _activation: Activation) -> Self {
        GatedConvolutions {
            w_left: Cpu::default().zeros_like(&(width, width)),
            path: Instructions::default(),
        }
    }
    /// Stub.
    pub fn gates(&self, _words: &Row<Rows, N, E>, _lengths: &[usize], _steps: usize) -> Vec<Vec<Vec<[f64; 3]>>> { todo!() }
    /// Stub.
    pub fn run<B: Dim, T: Tape<E, Cpu>>(
        &self,
        _words: Row<Rows, N, E, T>,
        _lengths: &[usize],
        _steps: usize,
        _sentences: B,
    ) -> Result<Row<B, N, E, T>, CpuError> {
        todo!()
    }
}
impl<N: Dim, E: Scalar> Parameters<E> for GatedConvolutions<N, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("w_left", &mut self.w_left);
    }
}
