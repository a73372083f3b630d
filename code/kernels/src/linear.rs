// SPDX-License-Identifier: MIT OR Apache-2.0
//! A linear map and a squashing function: y = φ(x W + b), with a bias or without one.
//!
//! Products, pieces and threads are those of a [`projection`](mod@crate::projection).
use crate::path::{Arithmetic, Instructions};
use crate::projection::{self, backward_outputs, infer, Outputs, Slopes};
use crate::rnn::Activation;
use crate::sequence::check;
use crate::Real;

/// Sizes of a linear layer, what it makes of its net inputs, and the path it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Width of a row of x, I; at least one.
    pub inputs: usize,
    /// Width of a row of y, O; at least one.
    pub outputs: usize,
    /// φ.
    pub activation: Activation,
    /// Which instructions.
    pub path: Instructions,
}

impl Layer {
    fn projection(self) -> projection::Layer {
        projection::Layer {
            width: self.inputs,
            outputs: self.outputs,
            path: self.path,
        }
    }
}

/// W, I×O, and b, O, where there is one; or their gradients.
#[derive(Debug, Clone, Copy)]
pub struct Weights<S> {
    /// W.
    pub w: S,
    /// b.
    pub bias: Option<S>,
}

/// Weights, packed for the products.
#[derive(Debug, Clone, Default)]
pub struct Prepared<F>(projection::Prepared<F>);

impl<F: Real> Prepared<F> {
    /// Packs; the buffers of what was packed before are used again. `backward`: for a gradient of
    /// x too.
    ///
    /// # Panics
    /// When a weight has not the size that its name asks for, or a size is zero.
    pub fn pack(&mut self, layer: Layer, weights: Weights<&[F]>, backward: bool) {
        (F::COMPILED.pack_linear)(self, layer, weights, backward);
    }

    pub(crate) fn pack_here(&mut self, layer: Layer, weights: Weights<&[F]>, backward: bool) {
        let Weights { w, bias } = weights;
        self.0.pack_with(layer.projection(), w, bias, backward);
    }
}

/// The buffers of both ways. Nothing that is in them is asked for again.
#[derive(Debug, Clone, Default)]
pub struct Buffers<F>(projection::Trace<F>);

impl<F: Real> Outputs<F> for Activation {
    #[inline(always)]
    fn outputs<A: Arithmetic>(self, nets: &mut [F]) {
        self.apply::<F, A>(nets);
    }
}

impl<F: Real> Slopes<F> for Activation {
    #[inline(always)]
    fn errors(self, y: &[F], d_y: &[F], errors: &mut [F]) {
        let all = errors.iter_mut().zip(y).zip(d_y);
        self.back(all.map(|((to, &y), &d)| (to, y, d)));
    }
}

/// y = φ(x W + b) for the N rows of x, N×I, into `y`, N×O.
///
/// # Panics
/// When a slice has not the size that its name asks for.
pub fn forward<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    x: &[F],
    y: &mut [F],
    buffers: &mut Buffers<F>,
) {
    (F::COMPILED.linear)(layer, weights, x, y, buffers);
}

pub(crate) fn forward_here<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    x: &[F],
    y: &mut [F],
    buffers: &mut Buffers<F>,
) {
    let (weights, trace) = (&weights.0, &mut buffers.0);
    infer(layer.activation, layer.projection(), weights, x, y, trace);
}

/// The way back from `d_y`, the gradient with respect to `y`, N×O, that [`forward`] made of x.
/// Gradients of W, b and x, N×I, are added to what the slices hold; b's is left out where there is
/// none.
///
/// # Panics
/// When a slice has not the size that its name asks for, or the weights were not prepared for a
/// gradient of x that is asked for.
#[allow(clippy::too_many_arguments)]
pub fn backward<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    x: &[F],
    y: &[F],
    d_y: &[F],
    gradients: Weights<&mut [F]>,
    d_x: Option<&mut [F]>,
    buffers: &mut Buffers<F>,
) {
    (F::COMPILED.backward_linear)(layer, weights, x, y, d_y, gradients, d_x, buffers);
}

#[allow(clippy::too_many_arguments)]
pub(crate) fn backward_here<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    x: &[F],
    y: &[F],
    d_y: &[F],
    gradients: Weights<&mut [F]>,
    d_x: Option<&mut [F]>,
    buffers: &mut Buffers<F>,
) {
    let Weights { w, bias } = gradients;
    check("the gradient of W", w.len(), layer.inputs * layer.outputs);
    if let Some(bias) = &bias {
        check("the gradient of b", bias.len(), layer.outputs);
    }
    let gradients = projection::Weights {
        projection: w,
        bias: bias.unwrap_or_default(),
    };
    backward_outputs(
        layer.activation,
        layer.projection(),
        &weights.0,
        x,
        [y, d_y],
        gradients,
        d_x,
        &mut buffers.0,
    );
}
