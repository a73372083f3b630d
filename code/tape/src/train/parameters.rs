// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parameters visited by name.
use crate::readout::Readout;
use crate::Element;
use dfdx::prelude::{Cpu, Dim, Gradients, HasShape, Shape, Tensor};
use std::fmt::{self, Display, Write};

/// A type that parameters can have: `f32` or `f64`.
pub trait Scalar: Element {
    /// Its name in files.
    const DTYPE: safetensors::Dtype;
    /// Bytes of one value.
    const BYTES: usize;
    /// The value of this type nearest to `value`.
    fn nearest(value: f64) -> Self;
    /// The same value in `f64`.
    fn wide(self) -> f64;
    /// √x, correctly rounded.
    fn root(self) -> Self;
    /// Whether it is neither infinite nor NaN.
    fn finite(self) -> bool;
    /// Appends the value, little end first.
    fn put(self, bytes: &mut Vec<u8>);
    /// The value of [`Scalar::BYTES`] bytes, little end first.
    fn get(bytes: &[u8]) -> Self;
}

macro_rules! scalar {
    ($type:ty, $dtype:ident) => {
        impl Scalar for $type {
            const DTYPE: safetensors::Dtype = safetensors::Dtype::$dtype;
            const BYTES: usize = size_of::<$type>();

            #[inline(always)]
            fn nearest(value: f64) -> Self {
                <Self as kernels::Real>::from_f64(value)
            }

            #[inline(always)]
            fn wide(self) -> f64 {
                kernels::Real::to_f64(self)
            }

            #[inline(always)]
            fn root(self) -> Self {
                self.sqrt()
            }

            #[inline(always)]
            fn finite(self) -> bool {
                self.is_finite()
            }

            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }

            fn get(bytes: &[u8]) -> Self {
                let mut value = [0; size_of::<$type>()];
                value.copy_from_slice(bytes);
                <$type>::from_le_bytes(value)
            }
        }
    };
}
scalar!(f32, F32);
scalar!(f64, F64);

/// The sizes of a tensor along its axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dims {
    sizes: [usize; 6],
    rank: usize,
}

impl Dims {
    /// Of a parameter that is no tensor.
    pub(crate) fn new(sizes: &[usize]) -> Self {
        let mut dims = Dims {
            sizes: [0; 6],
            rank: sizes.len(),
        };
        dims.sizes[..sizes.len()].copy_from_slice(sizes);
        dims
    }
}

impl std::ops::Deref for Dims {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        &self.sizes[..self.rank]
    }
}

/// One tensor of parameters, its shape forgotten.
pub trait Parameter<E> {
    /// Its sizes along its axes.
    fn dims(&self) -> Dims;
    /// How many values it has.
    fn count(&self) -> usize;
    /// Copies its values, row by row, into `values`, which has as many places.
    fn copy_into(&self, values: &mut [E]);
    /// Takes its values from `values`, which has as many.
    fn copy_from(&mut self, values: &[E]);
    /// Its gradient, row by row; zeros where the tape has none.
    fn gradient<'g>(&self, gradients: &'g mut Gradients<E, Cpu>) -> &'g mut [E]
    where
        E: Scalar;
    /// Those of its gradient's values that may not be zero: all of them, where only
    /// [an embedding](crate::embedding::Embedding) has fewer.
    fn present<'g>(&self, gradients: &'g mut Gradients<E, Cpu>) -> &'g mut [E]
    where
        E: Scalar,
    {
        self.gradient(gradients)
    }
    /// Where the gradient has some rows only: calls `each` with the weights and the gradient of
    /// each of them, and returns true.
    fn each_row(
        &mut self,
        _gradients: &mut Gradients<E, Cpu>,
        _each: &mut dyn FnMut(&mut [E], &[E]),
    ) -> bool
    where
        E: Scalar,
    {
        false
    }
}

impl<S: Shape, E: Scalar> Parameter<E> for Tensor<S, E, Cpu> {
    fn dims(&self) -> Dims {
        let mut dims = Dims {
            sizes: [0; 6],
            rank: S::NUM_DIMS,
        };
        for (place, size) in dims.sizes.iter_mut().zip(self.shape().concrete()) {
            *place = size;
        }
        dims
    }

    fn count(&self) -> usize {
        self.shape().num_elements()
    }

    fn copy_into(&self, values: &mut [E]) {
        Tensor::copy_into(self, values);
    }

    fn copy_from(&mut self, values: &[E]) {
        Tensor::copy_from(self, values);
    }

    fn gradient<'g>(&self, gradients: &'g mut Gradients<E, Cpu>) -> &'g mut [E] {
        gradients
            .get_or_alloc_mut(self)
            .expect("the heap holds a gradient beside each parameter")
    }
}

/// A parameter's name: the fields on the way to it, joined by points, as in `encoder.1.w_h`.
///
/// It is a chain through the visitors and costs no memory; [`Display`] writes it.
#[derive(Clone, Copy, Debug)]
pub struct Name<'n> {
    parent: Option<&'n Name<'n>>,
    part: Part<'n>,
}

#[derive(Clone, Copy, Debug)]
enum Part<'n> {
    Root,
    Field(&'n str),
    Number(usize),
}

impl Name<'_> {
    /// Whether this is `text`.
    pub fn is(&self, text: &str) -> bool {
        self.rest(text) == Some("")
    }

    /// Whether this is the parameter or within the model of that name: `encoder.1` holds
    /// `encoder.1.w_h` and not `encoder.10.w_h`. All is within the empty name.
    pub fn within(&self, model: &str) -> bool {
        struct Within<'t>(&'t str, bool);
        impl Write for Within<'_> {
            fn write_str(&mut self, written: &str) -> fmt::Result {
                // What is left of the model's name must be written first, then a point or nothing.
                let common = self.0.len().min(written.len());
                if self.0.as_bytes()[..common] != written.as_bytes()[..common] {
                    return Err(fmt::Error);
                }
                if written.len() > common && !self.1 {
                    if written.as_bytes()[common] != b'.' {
                        return Err(fmt::Error);
                    }
                    self.1 = true;
                }
                self.0 = &self.0[common..];
                Ok(())
            }
        }
        let mut within = Within(model, model.is_empty());
        write!(within, "{self}").is_ok() && within.0.is_empty()
    }

    /// What is left of `text` after this name; `None` when it begins otherwise.
    fn rest<'t>(&self, text: &'t str) -> Option<&'t str> {
        struct Rest<'t>(&'t str);
        impl Write for Rest<'_> {
            fn write_str(&mut self, written: &str) -> fmt::Result {
                self.0 = self.0.strip_prefix(written).ok_or(fmt::Error)?;
                Ok(())
            }
        }
        let mut rest = Rest(text);
        write!(rest, "{self}").ok().map(|()| rest.0)
    }
}

impl Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if !matches!(parent.part, Part::Root) {
                f.write_str(".")?;
            }
        }
        match self.part {
            Part::Root => Ok(()),
            Part::Field(field) => f.write_str(field),
            Part::Number(number) => write!(f, "{number}"),
        }
    }
}

/// What is done with each parameter.
type Each<'v, E> = dyn FnMut(Name<'_>, &mut dyn Parameter<E>) + 'v;

/// Goes through a model's parameters; a model hands it its fields.
pub struct Visitor<'v, E> {
    path: Name<'v>,
    each: &'v mut Each<'v, E>,
}

impl<E: Scalar> Visitor<'_, E> {
    /// Visits a field: a tensor, a model, an `Option`, a vector or an array of these.
    /// Members of vectors and arrays are numbered from 0.
    pub fn visit(&mut self, name: &str, field: &mut dyn Parameters<E>) {
        self.part(Part::Field(name), field);
    }

    /// Visits a parameter that is no tensor, under the name that it was visited by.
    pub(crate) fn parameter(&mut self, parameter: &mut dyn Parameter<E>) {
        (self.each)(self.path, parameter);
    }

    fn part(&mut self, part: Part<'_>, field: &mut dyn Parameters<E>) {
        let each = &mut *self.each;
        field.parameters(&mut Visitor {
            path: Name {
                parent: Some(&self.path),
                part,
            },
            each: &mut |name, parameter| each(name, parameter),
        });
    }
}

/// A model that lists its parameters, always in the same order.
///
/// ```
/// use dfdx::prelude::*;
/// use tape::dims::{Hidden, Input, Output};
/// use tape::readout::Readout;
/// use tape::train::{parameters, Parameters, Visitor};
///
/// /// A tanh network.
/// #[derive(Clone)]
/// struct Network {
///     w_x: Tensor<(Input, Hidden), f32, Cpu>,
///     w_h: Tensor<(Hidden, Hidden), f32, Cpu>,
///     readout: Readout<Input, Hidden, Output, f32>,
/// }
///
/// impl Parameters<f32> for Network {
///     fn parameters(&mut self, visitor: &mut Visitor<'_, f32>) {
///         visitor.visit("w_x", &mut self.w_x);
///         visitor.visit("w_h", &mut self.w_h);
///         visitor.visit("readout", &mut self.readout);
///     }
/// }
///
/// let device = Cpu::default();
/// let (input, hidden, output) = (Input(3), Hidden(5), Output(2));
/// let mut network = Network {
///     w_x: device.zeros_like(&(input, hidden)),
///     w_h: device.zeros_like(&(hidden, hidden)),
///     readout: Readout::zeros((input, hidden, output), true, false),
/// };
/// assert_eq!(parameters::names(&mut network), ["w_x", "w_h", "readout.units", "readout.bias"]);
/// assert_eq!(parameters::count(&mut network), 15 + 25 + 10 + 2);
/// ```
///
/// The list is over `&mut` because most uses write. To read from a shared model, visit a clone:
/// a tensor's clone shares its values.
pub trait Parameters<E: Scalar> {
    /// Hands each field that has parameters to the visitor.
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>);
}

impl<S: Shape, E: Scalar> Parameters<E> for Tensor<S, E, Cpu> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        (visitor.each)(visitor.path, self);
    }
}

impl<E: Scalar, P: Parameters<E>> Parameters<E> for Option<P> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        if let Some(model) = self {
            model.parameters(visitor);
        }
    }
}

impl<E: Scalar, P: Parameters<E>> Parameters<E> for Vec<P> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        for (number, model) in self.iter_mut().enumerate() {
            visitor.part(Part::Number(number), model);
        }
    }
}

impl<E: Scalar, P: Parameters<E>, const N: usize> Parameters<E> for [P; N] {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        for (number, model) in self.iter_mut().enumerate() {
            visitor.part(Part::Number(number), model);
        }
    }
}

impl<I: Dim, N: Dim, O: Dim, E: Scalar> Parameters<E> for Readout<I, N, O, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("units", &mut self.units);
        visitor.visit("bias", &mut self.bias);
        visitor.visit("skip", &mut self.skip);
    }
}

/// All weights of a model, one parameter after the other.
pub fn weights<E: Scalar>(model: &mut dyn Parameters<E>) -> Vec<E> {
    let mut all = Vec::new();
    for_each(model, |_, parameter| {
        let before = all.len();
        all.resize(before + parameter.count(), E::default());
        parameter.copy_into(&mut all[before..]);
    });
    all
}

/// Gives a model the weights that [`weights`] took from one of its sizes.
///
/// # Panics
/// When there are fewer than it has.
pub fn set_weights<E: Scalar>(model: &mut dyn Parameters<E>, weights: &[E]) {
    let mut left = weights;
    for_each(model, |_, parameter| {
        let (mine, rest) = left.split_at(parameter.count());
        parameter.copy_from(mine);
        left = rest;
    });
}

/// Runs over all parameters in the model's order.
pub fn for_each<E: Scalar>(
    model: &mut dyn Parameters<E>,
    mut each: impl FnMut(Name<'_>, &mut dyn Parameter<E>),
) {
    model.parameters(&mut Visitor {
        path: Name {
            parent: None,
            part: Part::Root,
        },
        each: &mut each,
    });
}

/// How many values the model has in all.
pub fn count<E: Scalar>(model: &mut dyn Parameters<E>) -> usize {
    let mut count = 0;
    for_each(model, |_, parameter| count += parameter.count());
    count
}

/// The names of all parameters, in the model's order.
pub fn names<E: Scalar>(model: &mut dyn Parameters<E>) -> Vec<String> {
    let mut names = Vec::new();
    for_each(model, |name, _| names.push(name.to_string()));
    names
}

/// A model without some of its parameters: they are not visited, so nothing here changes them,
/// and they count in no norm.
///
/// Optimizers keep their state by name, so parameters may be frozen and thawed while they train.
pub struct Frozen<'m, E> {
    model: &'m mut dyn Parameters<E>,
    names: &'m [&'m str],
}

impl<'m, E: Scalar> Frozen<'m, E> {
    /// The model without the parameters, or whole parts, of these names.
    ///
    /// # Panics
    /// When the model has nothing of one of the names.
    pub fn new(model: &'m mut dyn Parameters<E>, names: &'m [&'m str]) -> Self {
        for frozen in names {
            let mut found = false;
            for_each(model, |name, _| found |= name.within(frozen));
            assert!(found, "the model has no parameter {frozen:?} to freeze");
        }
        Frozen { model, names }
    }
}

impl<E: Scalar> Parameters<E> for Frozen<'_, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        let Frozen { model, names } = self;
        let each = &mut *visitor.each;
        model.parameters(&mut Visitor {
            path: visitor.path,
            each: &mut |name, parameter| {
                if !names.iter().any(|frozen| name.within(frozen)) {
                    each(name, parameter);
                }
            },
        });
    }
}
