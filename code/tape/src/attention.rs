// SPDX-License-Identifier: MIT OR Apache-2.0
//! A recurrent layer that attends to another sequence: all steps of a batch, forward and backward, are
//! one entry on the tape.
//!
//! A source of two words in a batch that is padded to three, and a target of one step:
//!
//! ```
//! use dfdx::prelude::*;
//! use kernels::rnn::{Activation, Rnn};
//! use tape::attention::{Attention, Source};
//! use tape::dims::{Batch, Columns, Hidden, Time};
//! use tape::recurrent::State;
//!
//! tape::dims! { Words, Annotation, Key, Both }
//!
//! let cell = Rnn { activation: Activation::Tanh };
//! let layer = Attention::<_, _, _, _, f32>::zeros(cell, Annotation(1), Key(2), Hidden(3));
//! let (device, batch, words) = (Cpu::default(), Batch(1), Words(3));
//! let annotations = vec![1.0, 2.0, 6.0];
//! let source = Source {
//!     annotations: device.tensor_from_vec(annotations, (batch, words, Annotation(1))),
//!     keys: device.zeros_like(&(batch, words, Key(2))),
//!     lengths: &[2],
//! };
//! let start = State { output: device.zeros_like(&(batch, Hidden(3))), cell: None };
//! let nets = device.zeros_like(&(batch, Time(1), Columns(3)));
//! let run = layer.run(nets, source, &start, &[1], Both(4))?;
//! // Without weights the two words weigh alike; the padding weighs nothing.
//! assert_eq!(run.weights.as_vec(), [0.5, 0.5, 0.0]);
//! // The state before the step, and the mean of the annotations.
//! assert_eq!(run.rows.as_vec(), [0.0, 0.0, 0.0, 1.5]);
//! # Ok::<(), dfdx::tensor::CpuError>(())
//! ```
use crate::dims::{self, Columns};
use crate::pool::Pool;
use crate::recurrent::{OnNets, Row, State, Steps};
use crate::train::{Parameters, Scalar, Visitor};
use crate::{copy, put_gradient, take_gradient, Element};
use dfdx::prelude::*;
use kernels::attention::{
    self, Attends, Inputs, Layer, Outputs, Prepared, Sentences, Trace, Weights,
};
use kernels::sequence;
use std::fmt;

// ANCHOR: attention
/// A recurrent layer of H units with additive attention (Bahdanau, Cho & Bengio 2015). A source has an
/// annotation of A values and a key of K values for each of its words. Before each step of the target
/// the state h asks, q = h W_q; each key k answers, e = v · tanh(q + k); the softmax of the scores e over
/// the words of the source gives the weights α; and c = Σ α a, the mean of the annotations with
/// these weights, is the context, which adds c W_c to the net inputs of the step.
pub struct Attention<C, A: Dim, K: Dim, H: Dim, E: Element> {
    /// The recurrent layer, on net inputs; its path is that of the attention too.
    pub layer: OnNets<C, H, E>,
    /// W_q, (H, K).
    pub query: Tensor<(H, K), E, Cpu>,
    /// v, (K,).
    pub score: Tensor<(K,), E, Cpu>,
    /// W_c, (A, Columns).
    pub context_nets: Tensor<(A, Columns), E, Cpu>,
    buffers: Pool<Buffers<E>>,
}

/// What B targets look at, each at its own of B sources of at most S words.
#[derive(Debug, Clone)]
pub struct Source<'a, B: Dim, S: Dim, A: Dim, K: Dim, E: Element, T = NoneTape> {
    /// Of each word, (B, S, A).
    pub annotations: Tensor<(B, S, A), E, Cpu, T>,
    /// Of each word, (B, S, K).
    pub keys: Tensor<(B, S, K), E, Cpu, T>,
    /// The length of each source. Rows beyond it are not read, get no gradient, and have the weight 0.
    pub lengths: &'a [usize],
}

/// What comes out of a run. Rows beyond a target's end are zeros.
#[derive(Debug, Clone)]
pub struct Glimpses<B: Dim, S: Dim, H: Dim, G: Dim, E: Element, T> {
    /// The state before each step and the context that it found, side by side, (B, T, H + A), with
    /// the tape.
    pub rows: Steps<B, G, E, T>,
    /// The state after each step, (B, T, H), which takes part in the gradient as the rows do.
    pub states: Steps<B, H, E>,
    /// α of each step, (B, T, S), which take part in no gradient.
    pub weights: Steps<B, S, E>,
}
// ANCHOR_END: attention

/// What comes out of a single step of R targets.
#[derive(Debug, Clone)]
pub struct Glimpse<R: Dim, S: Dim, H: Dim, G: Dim, E: Element> {
    /// The state before the step and the context, (R, H + A).
    pub row: Row<R, G, E>,
    /// α, (R, S).
    pub weights: Row<R, S, E>,
    /// The state after the step.
    pub state: State<R, H, E>,
}

impl<C: Attends<E>, A: Dim, K: Dim, H: Dim, E: Element> Attention<C, A, K, H, E> {
    /// A layer whose weights are all zero; [`initialize`](crate::train::initialize()) starts them.
    ///
    /// # Panics
    /// When two of A, K and H are one name of two sizes.
    pub fn zeros(cell: C, annotation: A, key: K, units: H) -> Self {
        dims::agree(("the annotations", annotation), ("the keys", key));
        dims::agree(("the annotations", annotation), ("the units", units));
        dims::agree(("the keys", key), ("the units", units));
        let device = Cpu::default();
        let layer = OnNets::on_nets(cell, units);
        let columns = layer.bias.shape().0;
        Attention {
            layer,
            query: device.zeros_like(&(units, key)),
            score: device.zeros_like(&(key,)),
            context_nets: device.zeros_like(&(annotation, columns)),
            buffers: Pool::default(),
        }
    }

    /// A.
    pub fn annotation(&self) -> A {
        self.context_nets.shape().0
    }

    /// K.
    pub fn key(&self) -> K {
        self.query.shape().1
    }

    /// H.
    pub fn units(&self) -> H {
        self.layer.units()
    }

    // ANCHOR: run
    /// Runs the layer over a batch, from `start`, on net inputs x from elsewhere, (B, T, Columns):
    /// x + c W_c + b are those of a step. `lengths` are those of the targets; `glimpse` has the size
    /// H + A. The tapes of `nets` and of the source come out as one; `start` takes part in the
    /// gradient, and whoever computed it on a tape of its own joins that to the others.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When there are not B lengths of sources and targets, a length is above S or T, `glimpse` is not
    /// H + A, `start` has not the parts that the cell's state has, or a dimension has another size
    /// here or there.
    #[allow(clippy::type_complexity)]
    pub fn run<B: Dim, S: Dim, G: Dim, T: Tape<E, Cpu> + Merge<T>>(
        &self,
        nets: Steps<B, Columns, E, T>,
        source: Source<B, S, A, K, E, T>,
        start: &State<B, H, E>,
        lengths: &[usize],
        glimpse: G,
    ) -> Result<Glimpses<B, S, H, G, E, T>, CpuError> {
        // ANCHOR_END: run
        let (nets, mut tape) = nets.try_contiguous()?.split_tape();
        let (annotations, own) = source.annotations.try_contiguous()?.split_tape();
        tape = tape.merge(own);
        let (keys, own) = source.keys.try_contiguous()?.split_tape();
        tape = tape.merge(own);
        let &(batch, time, columns) = nets.shape();
        self.check(columns, glimpse);
        let words = self.check_source(&annotations, &keys, source.lengths);
        dims::same(("the annotations", words.0), ("the net inputs", batch));
        let count = batch.size();
        assert_eq!(lengths.len(), count, "lengths of {count} targets");
        let start = self.contiguous(start, batch)?;

        let mut buffers = self.buffers.take();
        let mut prepared = std::mem::take(&mut buffers.prepared);
        self.prepare(&mut prepared, &mut buffers, T::OWNS_TAPE);
        copy(&nets, &mut buffers.nets);
        copy(&annotations, &mut buffers.annotations);
        copy(&keys, &mut buffers.keys);
        let device = nets.device().clone();
        let zero = <E as kernels::Real>::ZERO;
        let shapes = (
            (batch, time, glimpse),
            (batch, time, self.units()),
            (batch, time, words.1),
        );
        let mut rows = vec![zero; shapes.0.num_elements()];
        let mut states = vec![zero; shapes.1.num_elements()];
        let mut weights = vec![zero; shapes.2.num_elements()];
        buffers.copy_start(&start);
        let Buffers {
            nets: nets_values,
            annotations: annotations_values,
            keys: keys_values,
            start: start_values,
            trace,
            ..
        } = &mut buffers;
        let sentences = Sentences {
            lengths,
            steps: time.size(),
            source_lengths: source.lengths,
            source_steps: words.1.size(),
            sources: None,
        };
        let inputs = Inputs {
            nets: &nets_values[..],
            source: attention::Source {
                annotations: annotations_values,
                keys: keys_values,
            },
            start: sequence::State {
                output: &start_values.output,
                cell: &start_values.cell,
            },
        };
        let outputs = Outputs {
            glimpses: &mut rows[..],
            states: &mut states,
            weights: &mut weights,
        };
        let (cell, layer) = (self.layer.cell, self.sizes());
        attention::forward(
            cell, layer, &prepared, sentences, inputs, outputs, None, trace,
        );
        let rows = device.try_tensor_from_vec(rows, shapes.0)?;
        let states = device.try_tensor_from_vec(states, shapes.1)?;
        let weights = device.try_tensor_from_vec(weights, shapes.2)?;
        if !T::OWNS_TAPE {
            buffers.prepared = prepared;
            self.buffers.give(buffers);
            let rows = rows.put_tape(tape);
            return Ok(Glimpses {
                rows,
                states,
                weights,
            });
        }
        let (query, score) = (self.query.clone(), self.score.clone());
        let (context_nets, w_h) = (self.context_nets.clone(), self.layer.w_h.clone());
        let (bias, peepholes) = (self.layer.bias.clone(), self.layer.peepholes.clone());
        let (of_rows, of_states) = (rows.clone(), states.clone());
        let pool = self.buffers.clone();
        tape.add_backward_op(move |gradients| {
            let d_rows = take_gradient(gradients, &of_rows)?;
            let d_states = take_gradient(gradients, &of_states)?;
            let mut d_query = take_gradient(gradients, &query)?;
            let mut d_score = take_gradient(gradients, &score)?;
            let mut d_context_nets = take_gradient(gradients, &context_nets)?;
            let mut d_w_h = take_gradient(gradients, &w_h)?;
            let mut d_bias = take_gradient(gradients, &bias)?;
            let mut d_peepholes = match &peepholes {
                Some(peepholes) => take_gradient(gradients, peepholes)?,
                None => Vec::new(),
            };
            let mut d_nets = take_gradient(gradients, &nets)?;
            let mut d_annotations = take_gradient(gradients, &annotations)?;
            // Keys may be the annotations themselves, and a start's two parts one tensor: what they
            // get is added when all others are back.
            let Buffers {
                annotations: annotations_values,
                keys: keys_values,
                d_keys,
                start: d_start,
                trace,
                ..
            } = &mut buffers;
            d_keys.clear();
            d_keys.resize(keys_values.len(), zero);
            d_start.output.fill(zero);
            d_start.cell.fill(zero);
            attention::backward(
                cell,
                layer,
                &prepared,
                attention::Source {
                    annotations: &annotations_values[..],
                    keys: keys_values,
                },
                Outputs {
                    glimpses: &d_rows[..],
                    states: &d_states,
                    weights: &[],
                },
                Weights {
                    query: &mut d_query[..],
                    score: &mut d_score,
                    context: &mut d_context_nets,
                    cell: sequence::Weights {
                        input: &mut [],
                        recurrent: &mut d_w_h,
                        bias: &mut d_bias,
                        peepholes: &mut d_peepholes,
                    },
                },
                Inputs {
                    nets: &mut d_nets[..],
                    source: attention::Source {
                        annotations: &mut d_annotations,
                        keys: d_keys,
                    },
                    start: sequence::State {
                        output: &mut d_start.output,
                        cell: &mut d_start.cell,
                    },
                },
                trace,
            );
            put_gradient(gradients, &of_rows, d_rows)?;
            put_gradient(gradients, &of_states, d_states)?;
            put_gradient(gradients, &query, d_query)?;
            put_gradient(gradients, &score, d_score)?;
            put_gradient(gradients, &context_nets, d_context_nets)?;
            put_gradient(gradients, &w_h, d_w_h)?;
            put_gradient(gradients, &bias, d_bias)?;
            if let Some(peepholes) = &peepholes {
                put_gradient(gradients, peepholes, d_peepholes)?;
            }
            put_gradient(gradients, &nets, d_nets)?;
            put_gradient(gradients, &annotations, d_annotations)?;
            add(gradients.get_or_alloc_mut(&keys)?, &buffers.d_keys);
            let State { output, cell } = &start;
            add(gradients.get_or_alloc_mut(output)?, &buffers.start.output);
            if let Some(cell) = cell {
                add(gradients.get_or_alloc_mut(cell)?, &buffers.start.cell);
            }
            buffers.prepared = prepared;
            pool.give(buffers);
            Ok(())
        });
        Ok(Glimpses {
            rows: rows.put_tape(tape),
            states,
            weights,
        })
    }

    /// The layer for single steps outside any tape, with these sources and its weights as they are
    /// now.
    ///
    /// # Panics
    /// When there are not B lengths, a length is above S, or a dimension has another size here or
    /// there.
    pub fn stepper<B: Dim, S: Dim>(
        &self,
        source: &Source<B, S, A, K, E>,
    ) -> Stepper<'_, C, S, A, K, H, E> {
        let Source {
            annotations,
            keys,
            lengths,
        } = source;
        let (_, words) = self.check_source(annotations, keys, lengths);
        let mut buffers = self.buffers.take();
        let mut prepared = Prepared::default();
        self.prepare(&mut prepared, &mut buffers, false);
        self.buffers.give(buffers);
        Stepper {
            attention: self,
            prepared,
            annotations: crate::values(annotations),
            keys: crate::values(keys),
            lengths: lengths.to_vec(),
            words,
        }
    }

    fn sizes(&self) -> Layer {
        Layer {
            annotation: self.annotation().size(),
            key: self.key().size(),
            units: self.units().size(),
            path: self.layer.path,
        }
    }

    /// Sees to it that net inputs are as wide as the layer's, and a glimpse is as wide as it has to be.
    #[track_caller]
    fn check<G: Dim>(&self, columns: Columns, glimpse: G) {
        let own = self.layer.bias.shape().0;
        dims::same(("the net inputs", columns), ("the layer", own));
        let (h, a) = (self.units().size(), self.annotation().size());
        let is = glimpse.size();
        assert!(
            is == h + a,
            "a glimpse of {is} values: a state has {h} and a context {a}"
        );
    }

    /// B and S of a source, when all of it fits.
    #[track_caller]
    fn check_source<B: Dim, S: Dim>(
        &self,
        annotations: &Tensor<(B, S, A), E, Cpu>,
        keys: &Tensor<(B, S, K), E, Cpu>,
        lengths: &[usize],
    ) -> (B, S) {
        let (&(batch, words, annotation), &of_keys) = (annotations.shape(), keys.shape());
        dims::same(("the keys", of_keys.0), ("the annotations", batch));
        dims::same(("the keys", of_keys.1), ("the annotations", words));
        dims::same(
            ("the annotations", annotation),
            ("the layer", self.annotation()),
        );
        dims::same(("the keys", of_keys.2), ("the layer", self.key()));
        let count = batch.size();
        assert_eq!(lengths.len(), count, "lengths of {count} sources");
        (batch, words)
    }

    /// A state whose values lie in order, when it fits.
    #[track_caller]
    fn contiguous<B: Dim>(
        &self,
        state: &State<B, H, E>,
        batch: B,
    ) -> Result<State<B, H, E>, CpuError> {
        let State { output, cell } = state;
        let is = cell.is_some();
        assert!(
            is == C::CELLS,
            "a start with inner states: {is}; the cell has them: {}",
            C::CELLS
        );
        for part in [Some(output), cell.as_ref()].into_iter().flatten() {
            dims::same(("the start", part.shape().0), ("the net inputs", batch));
            dims::same(("the start", part.shape().1), ("the layer", self.units()));
        }
        Ok(State {
            output: output.clone().try_contiguous()?,
            cell: cell.clone().map(ReshapeTo::try_contiguous).transpose()?,
        })
    }

    fn prepare(&self, prepared: &mut Prepared<E>, buffers: &mut Buffers<E>, backward: bool) {
        let Buffers {
            query,
            score,
            context_nets,
            w_h,
            bias,
            peepholes,
            ..
        } = buffers;
        copy(&self.query, query);
        copy(&self.score, score);
        copy(&self.context_nets, context_nets);
        copy(&self.layer.w_h, w_h);
        copy(&self.layer.bias, bias);
        match &self.layer.peepholes {
            Some(from) => copy(from, peepholes),
            None => peepholes.clear(),
        }
        let weights = Weights {
            query: &query[..],
            score,
            context: context_nets,
            cell: sequence::Weights {
                input: &[],
                recurrent: w_h,
                bias,
                peepholes,
            },
        };
        prepared.pack(self.layer.cell, self.sizes(), weights, backward);
    }
}

/// A layer for models that choose each word after they have seen the one before: single steps of many
/// unfinished targets, several of which may look at one source.
pub struct Stepper<'a, C, S: Dim, A: Dim, K: Dim, H: Dim, E: Element> {
    attention: &'a Attention<C, A, K, H, E>,
    prepared: Prepared<E>,
    annotations: Vec<E>,
    keys: Vec<E>,
    lengths: Vec<usize>,
    words: S,
}

impl<C: Attends<E>, S: Dim, A: Dim, K: Dim, H: Dim, E: Element> Stepper<'_, C, S, A, K, H, E> {
    /// One step of R targets from their states, on net inputs x from elsewhere, (R, Columns); the r-th
    /// looks at the source of number `sources[r]`. `glimpse` has the size H + A.
    ///
    /// # Errors
    /// When the device is out of memory.
    ///
    /// # Panics
    /// When there are not R sources, or one is not there, `glimpse` is not H + A, `state` has not the
    /// parts that the cell's state has, or a dimension has another size here or there.
    #[allow(clippy::type_complexity)]
    pub fn step<R: Dim, G: Dim>(
        &self,
        nets: &Row<R, Columns, E>,
        sources: &[usize],
        state: &State<R, H, E>,
        glimpse: G,
    ) -> Result<Glimpse<R, S, H, G, E>, CpuError> {
        let (attention, device) = (self.attention, nets.device().clone());
        let &(rows, columns) = nets.shape();
        attention.check(columns, glimpse);
        let count = rows.size();
        assert_eq!(sources.len(), count, "sources of {count} targets");
        let start = attention.contiguous(state, rows)?;
        let mut buffers = attention.buffers.take();
        buffers.copy_start(&start);
        copy(nets, &mut buffers.nets);
        buffers.ones.clear();
        buffers.ones.resize(count, 1);
        let zero = <E as kernels::Real>::ZERO;
        let (units, words) = (attention.units(), self.words);
        let mut row = vec![zero; count * glimpse.size()];
        let mut output = vec![zero; count * units.size()];
        let mut cell = vec![zero; if C::CELLS { count * units.size() } else { 0 }];
        let mut weights = vec![zero; count * words.size()];
        let Buffers {
            nets: nets_values,
            start: start_values,
            states,
            ones,
            trace,
            ..
        } = &mut buffers;
        states.resize(count * units.size(), zero);
        attention::forward(
            attention.layer.cell,
            attention.sizes(),
            &self.prepared,
            Sentences {
                lengths: ones,
                steps: 1,
                source_lengths: &self.lengths,
                source_steps: words.size(),
                sources: Some(sources),
            },
            Inputs {
                nets: &nets_values[..],
                source: attention::Source {
                    annotations: &self.annotations,
                    keys: &self.keys,
                },
                start: sequence::State {
                    output: &start_values.output,
                    cell: &start_values.cell,
                },
            },
            Outputs {
                glimpses: &mut row[..],
                states,
                weights: &mut weights,
            },
            Some(sequence::State {
                output: &mut output[..],
                cell: &mut cell,
            }),
            trace,
        );
        attention.buffers.give(buffers);
        Ok(Glimpse {
            row: device.try_tensor_from_vec(row, (rows, glimpse))?,
            weights: device.try_tensor_from_vec(weights, (rows, words))?,
            state: State {
                output: device.try_tensor_from_vec(output, (rows, units))?,
                cell: match C::CELLS {
                    true => Some(device.try_tensor_from_vec(cell, (rows, units))?),
                    false => None,
                },
            },
        })
    }
}

/// Buffers of one run, which the next one takes over.
#[derive(Debug, Default)]
struct Buffers<E> {
    query: Vec<E>,
    score: Vec<E>,
    context_nets: Vec<E>,
    w_h: Vec<E>,
    bias: Vec<E>,
    peepholes: Vec<E>,
    prepared: Prepared<E>,
    trace: Trace<E>,
    nets: Vec<E>,
    annotations: Vec<E>,
    keys: Vec<E>,
    d_keys: Vec<E>,
    /// Values on the way forward, gradients on the way back.
    start: Pair<E>,
    /// Of a single step: states that its end has too, and the lengths of its targets.
    states: Vec<E>,
    ones: Vec<usize>,
}

/// The two halves of a state.
#[derive(Debug, Default)]
struct Pair<E> {
    output: Vec<E>,
    cell: Vec<E>,
}

impl<E: Element> Buffers<E> {
    fn copy_start<B: Dim, H: Dim>(&mut self, State { output, cell }: &State<B, H, E>) {
        copy(output, &mut self.start.output);
        match cell {
            Some(cell) => copy(cell, &mut self.start.cell),
            None => self.start.cell.clear(),
        }
    }
}

fn add<E: Element>(to: &mut [E], values: &[E]) {
    for (to, &value) in to.iter_mut().zip(values) {
        *to += value;
    }
}

impl<C: Clone, A: Dim, K: Dim, H: Dim, E: Element> Clone for Attention<C, A, K, H, E> {
    /// The same tensors, with buffers of its own.
    fn clone(&self) -> Self {
        Attention {
            layer: self.layer.clone(),
            query: self.query.clone(),
            score: self.score.clone(),
            context_nets: self.context_nets.clone(),
            buffers: Pool::default(),
        }
    }
}

impl<C: fmt::Debug, A: Dim, K: Dim, H: Dim, E: Element> fmt::Debug
    for Attention<C, A, K, H, E>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Attention");
        text.field("layer", &self.layer);
        text.field("annotation", &self.context_nets.shape().0);
        text.field("key", &self.query.shape().1).finish()
    }
}

impl<C, A: Dim, K: Dim, H: Dim, E: Scalar> Parameters<E> for Attention<C, A, K, H, E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("query", &mut self.query);
        visitor.visit("score", &mut self.score);
        visitor.visit("context_nets", &mut self.context_nets);
        visitor.visit("layer", &mut self.layer);
    }
}
