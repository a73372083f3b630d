// SPDX-License-Identifier: MIT OR Apache-2.0
//! Named dimensions: what an axis counts, as a type.
//!
//! A tensor of shape ([`Batch`], [`Hidden`]) can be multiplied with one of ([`Hidden`],
//! [`Output`]) and not with one of ([`Input`], [`Hidden`]), whatever their sizes: the compiler
//! compares the names. The sizes are values, so that one compiled copy of a model serves all of
//! them. Where a size is to be part of the type, `Const<46>` stands in the same place: whatever is
//! generic over [`Dim`] takes both.
//!
//! ```
//! use dfdx::prelude::*;
//! use tape::dims::{Batch, Hidden, Input};
//!
//! let device = Cpu::default();
//! let w_x: Tensor<(Input, Hidden), f32, _> = device.zeros_like(&(Input(20), Hidden(20)));
//! let x: Tensor<(Batch, Input), f32, _> = device.ones_like(&(Batch(3), Input(20)));
//! let net: Tensor<(Batch, Hidden), f32, _> = x.matmul(w_x);
//! assert_eq!(net.shape(), &(Batch(3), Hidden(20)));
//! ```
//!
//! The compiler does not see that two sizes of one name are equal. Layers check that when they are
//! made, and what they read when they run.
pub use dfdx::prelude::Dim;
use std::any::{type_name, TypeId};

/// Makes types that name dimensions.
///
/// ```
/// use tape::dims::Dim;
///
/// tape::dims! {
///     /// Words of a source sentence.
///     Source,
/// }
/// assert_eq!(Source(7).size(), 7);
/// ```
#[macro_export]
macro_rules! dims {
    ($($(#[$about:meta])* $name:ident),* $(,)?) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name(pub usize);
        impl $crate::dims::Dim for $name {
            #[inline(always)]
            fn size(&self) -> usize {
                self.0
            }
            #[inline(always)]
            fn from_size(size: usize) -> Option<Self> {
                Some($name(size))
            }
        }
    )*};
}

dims! {
    /// Sequences of a batch, B.
    Batch,
    /// Steps of the longest sequence, T.
    Time,
    /// Steps of all sequences, B·T, one row each.
    Rows,
    /// Values that come in at a step, I.
    Input,
    /// Units of a recurrent layer, H.
    Hidden,
    /// Columns of a recurrent layer's net inputs: H for each group of its cell.
    Columns,
    /// Memory cells of a layer that has other units beside them, C.
    Cells,
    /// Values that come out at a step, O.
    Output,
    /// Symbols that there are, V.
    Vocabulary,
}

/// The name of a dimension: `Hidden`, or `Const<46>`.
pub fn name<D: Dim>() -> &'static str {
    let path = type_name::<D>();
    path.rsplit("::").next().unwrap_or(path)
}

/// Sees to it that a dimension has one size in two places.
///
/// # Panics
/// When it has not: in one line, with its name, both sizes and both places.
#[track_caller]
pub fn same<D: Dim>(one: (&str, D), other: (&str, D)) {
    let ((here, a), (there, b)) = (one, other);
    let (a, b) = (a.size(), b.size());
    assert!(
        a == b,
        "{} is {a} in {here} and {b} in {there}",
        name::<D>()
    );
}

/// Sees to it that two dimensions of one name have one size. `usize` is no name.
///
/// # Panics
/// As [`same`].
#[track_caller]
pub fn agree<A: Dim, B: Dim>(one: (&str, A), other: (&str, B)) {
    let named =
        TypeId::of::<A>() == TypeId::of::<B>() && TypeId::of::<A>() != TypeId::of::<usize>();
    if let (true, Some(size)) = (named, A::from_size(other.1.size())) {
        same(one, (other.0, size));
    }
}
