// SPDX-License-Identifier: MIT OR Apache-2.0
//! Outputs of a projection, x W + b, with their loss as one operation: what
//! [`softmax`](crate::softmax) and [`logistic`](crate::logistic) outputs share.
//!
//! The net inputs of all rows are one buffer, which the way forward turns into their errors: so
//! nothing as large is ever made beside it. Rows without a target are left out from the beginning.
use crate::batch::{each_piece, pieces};
use crate::logistic::Values;
use crate::mixture::Mixture;
use crate::path::{run_on, Arithmetic, Instructions, Work};
use crate::product::{Left, Packed, Product};
use crate::sequence::{check, zeros};
use crate::softmax::Indices;
use crate::Real;

/// Rows that are one thread's work at a time. It depends on nothing, so sums do not either.
const ROWS: usize = 80;
/// Columns of the weights that are.
const COLUMNS: usize = 480;

/// Sizes of a projection and the path it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Width of a row of x, H; at least one.
    pub width: usize,
    /// Outputs, V; at least one.
    pub outputs: usize,
    /// Which instructions.
    pub path: Instructions,
}

/// What becomes of the losses of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reduction {
    /// Their mean over the rows that take part; 0 where there are none.
    #[default]
    Mean,
    /// Their sum.
    Sum,
}

/// W, H×V, and b, V; or their gradients.
#[derive(Debug, Clone, Copy)]
pub struct Weights<S> {
    /// W.
    pub projection: S,
    /// b.
    pub bias: S,
}

/// What the outputs are, and what they should be, for numbers of one type.
pub trait Targets<F: Real>: Copy {
    /// Rows of x, N, of V outputs each.
    ///
    /// # Panics
    /// When there are not V outputs.
    fn rows(&self, outputs: usize) -> usize;
    /// [`forward()`], compiled for these targets.
    #[doc(hidden)]
    fn loss(
        self,
        layer: Layer,
        weights: &Prepared<F>,
        x: &[F],
        reduction: Reduction,
        trace: &mut Trace<F>,
    ) -> f64;
}

/// The loss of a row and its gradient.
pub(crate) trait Errors<F: Real>: Copy + Send + Sync {
    /// As [`Targets::rows`].
    fn rows(&self, outputs: usize) -> usize;
    /// Whether a row takes part.
    fn has(&self, row: usize) -> bool;
    /// Turns the net inputs of a row into their errors, the gradient of the loss that it returns.
    fn errors<A: Arithmetic>(&self, row: usize, nets: &mut [F]) -> f64;
}

macro_rules! targets {
    ($($targets:ty: $compiled:ident;)*) => {$(
        impl<F: Real> Targets<F> for $targets {
            fn rows(&self, outputs: usize) -> usize {
                Errors::<F>::rows(self, outputs)
            }
            fn loss(
                self,
                layer: Layer,
                weights: &Prepared<F>,
                x: &[F],
                reduction: Reduction,
                trace: &mut Trace<F>,
            ) -> f64 {
                (F::COMPILED.$compiled)(layer, weights, x, self, reduction, trace)
            }
        }
    )*};
}
targets! {
    Indices<'_>: softmax;
    Values<'_, F>: logistic;
    Mixture<'_, F>: mixture;
}

/// Weights, packed for the products.
#[derive(Debug, Clone, Default)]
pub struct Prepared<F> {
    bias: Vec<F>,
    forward: Packed<F>,
    backward: Option<Packed<F>>,
}

impl<F: Real> Prepared<F> {
    /// Packs; the buffers of what was packed before are used again. `backward`: for a gradient of
    /// x too.
    ///
    /// # Panics
    /// When a weight has not the size that its name asks for, or a size is zero.
    pub fn pack(&mut self, layer: Layer, weights: Weights<&[F]>, backward: bool) {
        (F::COMPILED.pack_projection)(self, layer, weights, backward);
    }

    pub(crate) fn pack_here(&mut self, layer: Layer, weights: Weights<&[F]>, backward: bool) {
        self.pack_with(layer, weights.projection, Some(weights.bias), backward);
    }

    /// As [`Prepared::pack`], with zeros where there is no bias.
    pub(crate) fn pack_with(
        &mut self,
        layer: Layer,
        projection: &[F],
        bias: Option<&[F]>,
        backward: bool,
    ) {
        let (h, v) = (layer.width, layer.outputs);
        assert!(h > 0 && v > 0, "a projection of {h} values to {v} outputs");
        check("W", projection.len(), h * v);
        zeros(&mut self.bias, v);
        if let Some(bias) = bias {
            check("b", bias.len(), v);
            self.bias.copy_from_slice(bias);
        }
        self.forward.pack(projection, h, v, v, 1);
        if backward {
            let packed = self.backward.get_or_insert_default();
            packed.pack(projection, v, h, 1, v);
        } else {
            self.backward = None;
        }
    }
}

/// What the way forward leaves for the way back, and the buffers of both.
#[derive(Debug, Clone, Default)]
pub struct Trace<F> {
    layer: Option<Layer>,
    rows: usize,
    /// The rows that take part.
    places: Vec<usize>,
    /// x of these.
    inputs: Vec<F>,
    /// Net inputs, then their errors, V for each of these.
    errors: Vec<F>,
    chunks: Vec<Chunk<F>>,
    /// 1, or one by the rows that take part.
    share: f64,
    packed: Packed<F>,
    /// The gradient of W, transposed.
    turned: Vec<F>,
    scratches: Vec<Vec<F>>,
    d_inputs: Vec<F>,
}

/// Some rows.
#[derive(Debug, Clone, Default)]
struct Chunk<F> {
    losses: Vec<f64>,
    d_bias: Vec<F>,
    scratch: Vec<F>,
}

struct Forward<'a, F, T> {
    layer: Layer,
    weights: &'a Prepared<F>,
    targets: T,
    places: &'a [usize],
    inputs: &'a [F],
    nets: &'a mut [F],
    chunk: &'a mut Chunk<F>,
}

impl<F: Real, T: Errors<F>> Work for Forward<'_, F, T> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let Chunk {
            losses,
            d_bias,
            scratch,
        } = self.chunk;
        net_inputs(self.layer, self.weights, self.inputs, self.nets, scratch);
        losses.clear();
        zeros(d_bias, self.layer.outputs);
        let rows = self.nets.chunks_exact_mut(self.layer.outputs);
        for (nets, &place) in rows.zip(self.places) {
            losses.push(self.targets.errors::<A>(place, nets));
            add_row(d_bias, nets);
        }
    }
}

/// Adds a row to another.
#[inline(always)]
fn add_row<F: Real>(to: &mut [F], row: &[F]) {
    for (to, &value) in to.iter_mut().zip(row) {
        *to += value;
    }
}

/// x W + b for some rows.
fn net_inputs<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    inputs: &[F],
    nets: &mut [F],
    scratch: &mut Vec<F>,
) {
    let (h, v) = (layer.width, layer.outputs);
    let rows = inputs.len() / h;
    let product = Product {
        left: Left {
            values: inputs,
            row: h,
            step: 1,
        },
        right: &weights.forward,
        to: nets,
        stride: v,
        rows,
        skip: 0,
        scratch,
    };
    product.add_to(&weights.bias, layer.path);
}

/// Threads are worth it beyond so many operations.
fn worthwhile(layer: Layer, rows: usize) -> bool {
    rows * layer.width * layer.outputs > 300_000
}

/// The loss of x, N×H, against its targets: the losses of the rows, reduced in their order.
///
/// # Panics
/// When a slice has not the size that its name asks for.
pub fn forward<F: Real, T: Targets<F>>(
    layer: Layer,
    weights: &Prepared<F>,
    x: &[F],
    targets: T,
    reduction: Reduction,
    trace: &mut Trace<F>,
) -> f64 {
    targets.loss(layer, weights, x, reduction, trace)
}

pub(crate) fn forward_here<F: Real, T: Errors<F>>(
    layer: Layer,
    weights: &Prepared<F>,
    x: &[F],
    targets: T,
    reduction: Reduction,
    trace: &mut Trace<F>,
) -> f64 {
    let (h, v) = (layer.width, layer.outputs);
    check("b", weights.bias.len(), v);
    let all = targets.rows(v);
    check("x", x.len(), all * h);
    let Trace {
        places,
        inputs,
        errors,
        chunks,
        ..
    } = trace;
    places.clear();
    places.extend((0..all).filter(|&row| targets.has(row)));
    inputs.clear();
    for &place in &*places {
        inputs.extend_from_slice(&x[place * h..][..h]);
    }
    errors.resize(places.len() * v, F::ZERO);
    chunks.resize_with(places.len().div_ceil(ROWS), Chunk::default);
    let large = worthwhile(layer, places.len());
    each_piece(large, errors, ROWS * v, chunks, &|k, nets, chunk| {
        let rows = nets.len() / v;
        let work = Forward {
            layer,
            weights,
            targets,
            places: &places[k * ROWS..][..rows],
            inputs: &inputs[k * ROWS * h..][..rows * h],
            nets,
            chunk,
        };
        run_on(layer.path, work);
    });
    let sum: f64 = chunks.iter().flat_map(|chunk| &chunk.losses).sum();
    trace.share = match reduction {
        Reduction::Mean => 1.0 / places.len().max(1) as f64,
        Reduction::Sum => 1.0,
    };
    trace.rows = all;
    trace.layer = Some(layer);
    trace.share * sum
}

/// Adds the gradients of `scale` times the loss that went forward last with this trace; `d_x` is
/// N×H. Rows without a target are left as they are.
///
/// # Panics
/// When a slice has not the size that its name asks for, or the weights were not prepared for a
/// gradient of x that is asked for.
pub fn backward<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    scale: F,
    gradients: Weights<&mut [F]>,
    d_x: Option<&mut [F]>,
    trace: &mut Trace<F>,
) {
    (F::COMPILED.backward_projection)(layer, weights, scale, gradients, d_x, trace);
}

pub(crate) fn backward_here<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    scale: F,
    gradients: Weights<&mut [F]>,
    d_x: Option<&mut [F]>,
    trace: &mut Trace<F>,
) {
    let (h, v) = (layer.width, layer.outputs);
    assert!(
        trace.layer == Some(layer),
        "the trace is of another projection"
    );
    check("the gradient of W", gradients.projection.len(), h * v);
    check("the gradient of b", gradients.bias.len(), v);
    let scale = scale * F::from_f64(trace.share);
    add_gradients(layer, weights, scale, gradients, d_x, trace);
}

/// Adds `scale` times the gradients that follow from the errors of the net inputs. An empty
/// gradient of b is left out.
fn add_gradients<F: Real>(
    layer: Layer,
    weights: &Prepared<F>,
    scale: F,
    gradients: Weights<&mut [F]>,
    d_x: Option<&mut [F]>,
    trace: &mut Trace<F>,
) {
    let (h, v) = (layer.width, layer.outputs);
    let Trace {
        places,
        inputs,
        errors,
        chunks,
        packed,
        turned,
        scratches,
        d_inputs,
        ..
    } = trace;
    if places.is_empty() {
        if let Some(d_x) = d_x {
            check("d_x", d_x.len(), trace.rows * h);
        }
        return;
    }
    let errors = &errors[..];
    let large = worthwhile(layer, places.len());
    if let Some(d_x) = d_x {
        check("d_x", d_x.len(), trace.rows * h);
        let back = weights.backward.as_ref();
        let right = back.expect("the weights were not prepared for a gradient of x");
        zeros(d_inputs, places.len() * h);
        each_piece(large, d_inputs, ROWS * h, chunks, &|k, to, chunk| {
            let product = Product {
                left: Left {
                    values: &errors[k * ROWS * v..],
                    row: v,
                    step: 1,
                },
                right,
                stride: h,
                rows: to.len() / h,
                to,
                skip: 0,
                scratch: &mut chunk.scratch,
            };
            product.add(layer.path);
        });
        for (from, &place) in d_inputs.chunks_exact(h).zip(&*places) {
            for (to, &d) in d_x[place * h..][..h].iter_mut().zip(from) {
                *to += scale * d;
            }
        }
    }
    for chunk in &*chunks {
        for (to, &d) in gradients.bias.iter_mut().zip(&chunk.d_bias) {
            *to += scale * d;
        }
    }
    // The transposed gradient has the small factor on its right side, where it is packed.
    inputs.iter_mut().for_each(|x| *x = scale * *x);
    packed.pack(inputs, places.len(), h, h, 1);
    zeros(turned, v * h);
    scratches.resize_with(v.div_ceil(COLUMNS), Vec::new);
    let right = &*packed;
    each_piece(large, turned, COLUMNS * h, scratches, &|k, to, scratch| {
        let product = Product {
            left: Left {
                values: &errors[k * COLUMNS..],
                row: 1,
                step: v,
            },
            right,
            stride: h,
            rows: to.len() / h,
            to,
            skip: 0,
            scratch,
        };
        product.add(layer.path);
    });
    let turned = &turned[..];
    pieces(large, gradients.projection, TILE * v, &|k, to| {
        add_turned(turned, h, k * TILE, to, v);
    });
}

/// Side of a square that is transposed at once.
const TILE: usize = 16;

/// Adds columns of a matrix of rows of `h` values, from the column `first`, to rows of `v`.
fn add_turned<F: Real>(from: &[F], h: usize, first: usize, to: &mut [F], v: usize) {
    let rows = to.len() / v;
    for n in (0..v).step_by(TILE) {
        let columns = TILE.min(v - n);
        let mut square = [[F::ZERO; TILE]; TILE];
        for (square, from) in square[..columns].iter_mut().zip(from[n * h..].chunks(h)) {
            square[..rows].copy_from_slice(&from[first..][..rows]);
        }
        for (r, to) in to.chunks_exact_mut(v).enumerate() {
            for (to, square) in to[n..][..columns].iter_mut().zip(&square) {
                *to += square[r];
            }
        }
    }
}

/// What a projection gives without a target.
pub(crate) trait Outputs<F: Real>: Copy + Send + Sync {
    /// Turns the net inputs of a row into it.
    fn outputs<A: Arithmetic>(self, nets: &mut [F]);
}

struct Infer<'a, F, O> {
    layer: Layer,
    weights: &'a Prepared<F>,
    outputs: O,
    inputs: &'a [F],
    nets: &'a mut [F],
    scratch: &'a mut Vec<F>,
}

impl<F: Real, O: Outputs<F>> Work for Infer<'_, F, O> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        net_inputs(
            self.layer,
            self.weights,
            self.inputs,
            self.nets,
            self.scratch,
        );
        for nets in self.nets.chunks_exact_mut(self.layer.outputs) {
            self.outputs.outputs::<A>(nets);
        }
    }
}

/// The outputs of x, N×H, into `y`, N×V.
pub(crate) fn infer<F: Real, O: Outputs<F>>(
    outputs: O,
    layer: Layer,
    weights: &Prepared<F>,
    x: &[F],
    y: &mut [F],
    trace: &mut Trace<F>,
) {
    let (h, v) = (layer.width, layer.outputs);
    check("b", weights.bias.len(), v);
    let rows = x.len() / h;
    check("x", x.len(), rows * h);
    check("y", y.len(), rows * v);
    let chunks = &mut trace.chunks;
    trace.layer = None;
    chunks.resize_with(rows.div_ceil(ROWS), Chunk::default);
    let large = worthwhile(layer, rows);
    each_piece(large, y, ROWS * v, chunks, &|k, nets, chunk| {
        let work = Infer {
            layer,
            weights,
            outputs,
            inputs: &x[k * ROWS * h..][..nets.len() / v * h],
            nets,
            scratch: &mut chunk.scratch,
        };
        run_on(layer.path, work);
    });
}

/// Where net inputs become outputs y = φ(net): the way back through φ.
pub(crate) trait Slopes<F: Real>: Copy + Send + Sync {
    /// d ⊙ φ', the errors of a row's net inputs, from y and d, the gradient with respect to it.
    fn errors(self, y: &[F], d_y: &[F], errors: &mut [F]);
}

struct Back<'a, F, S> {
    slopes: S,
    outputs: usize,
    y: &'a [F],
    d_y: &'a [F],
    errors: &'a mut [F],
    chunk: &'a mut Chunk<F>,
}

impl<F: Real, S: Slopes<F>> Work for Back<'_, F, S> {
    type Output = ();
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        let v = self.outputs;
        zeros(&mut self.chunk.d_bias, v);
        let all = self.y.chunks_exact(v).zip(self.d_y.chunks_exact(v));
        for (errors, (y, d_y)) in self.errors.chunks_exact_mut(v).zip(all) {
            self.slopes.errors(y, d_y, errors);
            add_row(&mut self.chunk.d_bias, errors);
        }
    }
}

/// Adds the gradients for outputs `y` of x that [`infer`] gave, N×V, whose own gradient is `d_y`.
/// An empty gradient of b is left out.
#[allow(clippy::too_many_arguments)]
pub(crate) fn backward_outputs<F: Real, S: Slopes<F>>(
    slopes: S,
    layer: Layer,
    weights: &Prepared<F>,
    x: &[F],
    [y, d_y]: [&[F]; 2],
    gradients: Weights<&mut [F]>,
    d_x: Option<&mut [F]>,
    trace: &mut Trace<F>,
) {
    let (h, v) = (layer.width, layer.outputs);
    let rows = x.len() / h;
    check("x", x.len(), rows * h);
    check("y", y.len(), rows * v);
    check("d_y", d_y.len(), rows * v);
    let Trace {
        places,
        inputs,
        errors,
        chunks,
        ..
    } = trace;
    places.clear();
    places.extend(0..rows);
    inputs.clear();
    inputs.extend_from_slice(x);
    errors.resize(rows * v, F::ZERO);
    chunks.resize_with(rows.div_ceil(ROWS), Chunk::default);
    let large = worthwhile(layer, rows);
    each_piece(large, errors, ROWS * v, chunks, &|k, errors, chunk| {
        let span = k * ROWS * v..k * ROWS * v + errors.len();
        let work = Back {
            slopes,
            outputs: v,
            y: &y[span.clone()],
            d_y: &d_y[span],
            errors,
            chunk,
        };
        run_on(layer.path, work);
    });
    trace.rows = rows;
    trace.layer = None;
    add_gradients(layer, weights, F::ONE, gradients, d_x, trace);
}
