// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernels that know the type of their numbers and nothing else: compiled here once for `f32`
//! and once for `f64`, so that a crate that uses them links them.
use crate::attention;
use crate::convolution::{self, Sentence};
use crate::feedback;
use crate::gated_convolution;
use crate::gru::Gru;
use crate::linear;
use crate::logistic::{self, Values};
use crate::lstm::Lstm;
use crate::maxout;
use crate::mixture::Mixture;
use crate::projection::{self, forward_here, Layer, Prepared, Reduction, Trace, Weights};
use crate::rnn::Rnn;
use crate::sequence::State;
use crate::softmax::{self, Indices};
use crate::symbol_rnn::{self, Batch, Buffers, Pass, Run};
use crate::{readout, sequence, Inputs, Real};

/// The functions of one type.
#[allow(clippy::type_complexity)]
pub struct Compiled<F: 'static> {
    pub(crate) rnn: sequence::Compiled<Rnn, F>,
    pub(crate) lstm: sequence::Compiled<Lstm, F>,
    pub(crate) gru: sequence::Compiled<Gru, F>,
    pub(crate) attention_rnn: attention::Compiled<Rnn, F>,
    pub(crate) attention_lstm: attention::Compiled<Lstm, F>,
    pub(crate) attention_gru: attention::Compiled<Gru, F>,
    pub(crate) pack_projection: fn(&mut Prepared<F>, Layer, Weights<&[F]>, bool),
    pub(crate) softmax: fn(Layer, &Prepared<F>, &[F], Indices, Reduction, &mut Trace<F>) -> f64,
    pub(crate) logistic:
        fn(Layer, &Prepared<F>, &[F], Values<F>, Reduction, &mut Trace<F>) -> f64,
    pub(crate) mixture:
        fn(Layer, &Prepared<F>, &[F], Mixture<F>, Reduction, &mut Trace<F>) -> f64,
    pub(crate) backward_projection:
        fn(Layer, &Prepared<F>, F, Weights<&mut [F]>, Option<&mut [F]>, &mut Trace<F>),
    pub(crate) log_probabilities: fn(Layer, &Prepared<F>, &[F], &mut [F], &mut Trace<F>),
    pub(crate) probabilities: fn(Layer, &Prepared<F>, &[F], &mut [F], &mut Trace<F>),
    pub(crate) pack_linear:
        fn(&mut linear::Prepared<F>, linear::Layer, linear::Weights<&[F]>, bool),
    pub(crate) linear:
        fn(linear::Layer, &linear::Prepared<F>, &[F], &mut [F], &mut linear::Buffers<F>),
    pub(crate) backward_linear: fn(
        linear::Layer,
        &linear::Prepared<F>,
        &[F],
        &[F],
        &[F],
        linear::Weights<&mut [F]>,
        Option<&mut [F]>,
        &mut linear::Buffers<F>,
    ),
    pub(crate) convolutions:
        fn(convolution::Layer, &[F], &[Sentence], &[F], &mut [F], &mut convolution::Trace<F>),
    pub(crate) backward_convolutions: fn(
        convolution::Layer,
        &[F],
        &[F],
        &[F],
        &mut [F],
        Option<&mut [F]>,
        &mut convolution::Trace<F>,
    ),
    pub(crate) pack_gated_convolution: fn(
        &mut gated_convolution::Prepared<F>,
        gated_convolution::Layer,
        gated_convolution::Weights<&[F]>,
        bool,
    ),
    pub(crate) gated_convolution: fn(
        gated_convolution::Layer,
        &gated_convolution::Prepared<F>,
        &[usize],
        usize,
        &[F],
        &mut [F],
        &mut gated_convolution::Trace<F>,
    ),
    pub(crate) backward_gated_convolution: fn(
        gated_convolution::Layer,
        &gated_convolution::Prepared<F>,
        &[F],
        gated_convolution::Weights<&mut [F]>,
        Option<&mut [F]>,
        &mut gated_convolution::Trace<F>,
    ),
    pub(crate) pack_feedback:
        fn(&mut feedback::Prepared<F>, feedback::Sizes, &[feedback::Weights<&[F]>], bool),
    pub(crate) feedback: fn(
        feedback::Sizes,
        &feedback::Prepared<F>,
        crate::Batch,
        &[usize],
        &[Option<F>],
        State<&[F]>,
        feedback::Outputs<&mut [F]>,
        State<&mut [F]>,
        &mut feedback::Trace<F>,
    ),
    pub(crate) backward_feedback: fn(
        feedback::Sizes,
        &feedback::Prepared<F>,
        &[F],
        State<&[F]>,
        &mut [feedback::Weights<&mut [F]>],
        State<&mut [F]>,
        &mut feedback::Trace<F>,
    ),
    pub(crate) maxout: fn(&[F], &mut [F]),
    pub(crate) backward_maxout: fn(&[F], &[F], &mut [F]),
    pub(crate) pass: fn(
        Run,
        &symbol_rnn::Weights<F>,
        Batch,
        &mut symbol_rnn::Weights<F>,
        &mut Buffers<F>,
    ) -> Pass,
    pub(crate) answer: fn(Run, &symbol_rnn::Weights<F>, Batch, &mut Buffers<F>) -> f64,
    pub(crate) readout: fn(
        readout::Sizes,
        readout::Weights<&[F]>,
        Inputs<F>,
        &[F],
        readout::Targets<F>,
        &mut Vec<F>,
    ) -> F,
    pub(crate) backward_readout: fn(
        readout::Sizes,
        readout::Weights<&[F]>,
        Inputs<F>,
        &[F],
        readout::Targets<F>,
        &[F],
        F,
        readout::Weights<&mut [F]>,
        &mut [F],
    ),
}

impl<F: Real> Compiled<F> {
    const fn new() -> Self {
        Compiled {
            rnn: sequence::compiled(),
            lstm: sequence::compiled(),
            gru: sequence::compiled(),
            attention_rnn: attention::compiled(),
            attention_lstm: attention::compiled(),
            attention_gru: attention::compiled(),
            pack_projection: Prepared::pack_here,
            softmax: |layer, w, x, t, reduction, trace| {
                forward_here(layer, w, x, t, reduction, trace)
            },
            logistic: |layer, w, x, t, reduction, trace| {
                forward_here(layer, w, x, t, reduction, trace)
            },
            mixture: |layer, w, x, t, reduction, trace| {
                forward_here(layer, w, x, t, reduction, trace)
            },
            backward_projection: projection::backward_here,
            log_probabilities: softmax::log_probabilities_here,
            probabilities: logistic::probabilities_here,
            pack_linear: linear::Prepared::pack_here,
            linear: linear::forward_here,
            backward_linear: linear::backward_here,
            convolutions: convolution::forward_here,
            backward_convolutions: convolution::backward_here,
            pack_gated_convolution: gated_convolution::Prepared::pack_here,
            gated_convolution: gated_convolution::forward_here,
            backward_gated_convolution: gated_convolution::backward_here,
            pack_feedback: feedback::Prepared::pack_here,
            feedback: feedback::forward_here,
            backward_feedback: feedback::backward_here,
            maxout: maxout::forward_here,
            backward_maxout: maxout::backward_here,
            pass: symbol_rnn::pass_here,
            answer: symbol_rnn::answer_here,
            readout: readout::forward_here,
            backward_readout: readout::backward_here,
        }
    }
}

pub(crate) static F32: Compiled<f32> = Compiled::new();
pub(crate) static F64: Compiled<f64> = Compiled::new();
