// SPDX-License-Identifier: MIT OR Apache-2.0
//! A ragged batch of input sequences.
use crate::dims::{Batch, Time};
use crate::Element;
use dfdx::prelude::{Cpu, Tensor};
use kernels::Inputs;

/// N values at each step of B sequences, (B, T, N) with T the longest length; zero beyond a
/// sequence's end.
pub type Padded<N, E, T> = Tensor<(Batch, Time, N), E, Cpu, T>;

/// B sequences of inputs, each of its own length.
#[derive(Debug, Clone, PartialEq)]
pub enum Sequences<E> {
    /// One index a step.
    OneHot(Vec<Vec<usize>>),
    /// One row of I values a step.
    Dense(Vec<Vec<E>>),
}

impl<E: Element> Sequences<E> {
    /// How many sequences.
    pub fn batch(&self) -> usize {
        match self {
            Sequences::OneHot(all) => all.len(),
            Sequences::Dense(all) => all.len(),
        }
    }

    /// The sequence of this number, for a kernel.
    pub fn get(&self, index: usize) -> Inputs<'_, E> {
        match self {
            Sequences::OneHot(all) => Inputs::OneHot(&all[index]),
            Sequences::Dense(all) => Inputs::Dense(&all[index]),
        }
    }

    /// Steps of each sequence, for inputs of this width.
    pub fn lengths(&self, width: usize) -> Vec<usize> {
        (0..self.batch())
            .map(|index| self.get(index).steps(width))
            .collect()
    }
}

/// The longest of these lengths: the time axis of a padded batch.
pub(crate) fn longest(lengths: &[usize]) -> usize {
    lengths.iter().copied().max().unwrap_or(0)
}
