// SPDX-License-Identifier: MIT OR Apache-2.0
//! The layers, maxout units, convolutions, losses and embedding in dfdx's own operations on a GPU,
//! where there is one: the same as on the processor.
//! `cargo test -p tape --features cuda a_gpu`
#![cfg(feature = "cuda")]
#![expect(
    clippy::print_stderr,
    reason = "what is not checked, beside the test's name"
)]
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::rnn::{Activation, Rnn};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tape::convolution::{Sentence, Stage};
use tape::dims::{Batch, Columns, Hidden, Input, Output, Rows, Time, Vocabulary};
use tape::primitives::{
    embed, logistic_cross_entropy, maxout, run, softmax_cross_entropy, Attention, Cell,
    Convolutions, GatedConvolutions, Layer, Linear, Projection, Source, State,
};

const B: usize = 3;
const I: usize = 5;
const H: usize = 7;
const T: usize = 6;

/// Outputs, the state after them, and the gradients of all weights.
fn results<C: Cell, D: Device<f32>>(cell: C, groups: usize, device: &D) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut numbers = |count: usize| -> Vec<f32> {
        let one = |_| rng.gen_range(-0.8..0.8);
        (0..count).map(one).collect()
    };
    let (batch, input, hidden) = (Batch(B), Input(I), Hidden(H));
    let (g, columns) = (groups * H, Columns(groups * H));
    let layer = Layer {
        w_x: device.tensor_from_vec(numbers(I * g), (input, columns)),
        w_h: device.tensor_from_vec(numbers(H * g), (hidden, columns)),
        bias: device.tensor_from_vec(numbers(g), (columns,)),
        peepholes: Some(device.tensor_from_vec(numbers(3 * H), (Const, hidden))),
    };
    let x = device.tensor_from_vec(numbers(B * T * I), (batch, Time(T), input));
    let x = x.put_tape(OwnedTape::<f32, D>::default());
    let start = State::zeros(device, batch, hidden);
    let (y, end) = run(cell, &layer, x, &[6, 0, 4], true, &start);
    let (y, tape) = y.split_tape();
    let mut results = vec![y.as_vec(), end.output.as_vec(), end.cell.as_vec()];
    let loss = y.put_tape(tape).square().sum::<Rank0, _>();
    let gradients = loss.backward();
    results.push(gradients.get(&layer.w_x).as_vec());
    results.push(gradients.get(&layer.w_h).as_vec());
    results.push(gradients.get(&layer.bias).as_vec());
    results
}

/// Embedded symbols, both losses of what stands for outputs, and the gradients of all weights.
fn vocabulary<D: Device<f32>>(device: &D) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut numbers = |count: usize| -> Vec<f32> {
        let one = |_| rng.gen_range(-0.8..0.8);
        (0..count).map(one).collect()
    };
    let table: Tensor<_, f32, D> =
        device.tensor_from_vec(numbers(H * I), (Vocabulary(H), Input(I)));
    let projection = Projection {
        w: device.tensor_from_vec(numbers(I * H), (Input(I), Output(H))),
        bias: device.tensor_from_vec(numbers(H), (Output(H),)),
    };
    let targets = device.tensor_from_vec(vec![1.0; 4 * H], (Rows(4), Output(H)));
    let symbols = [vec![2, 6], vec![2]];
    let found = embed(table.retaped::<OwnedTape<f32, D>>(), Batch(2), &symbols);
    let (found, tape) = found.split_tape();
    let rows = || {
        let found = found.retaped::<OwnedTape<f32, D>>();
        found.reshape_like(&(Rows(4), Input(I)))
    };
    let softmax = softmax_cross_entropy(&projection, rows(), &[Some(3), Some(0), None, None]);
    let part = [true, true, true, false];
    let logistic = logistic_cross_entropy(&projection, rows(), &targets, &part);
    let (loss, own) = (softmax + logistic).split_tape();
    let mut results = vec![found.as_vec(), loss.as_vec()];
    let gradients = loss.put_tape(tape.merge(own)).backward();
    results.push(gradients.get(&table).as_vec());
    results.push(gradients.get(&projection.w).as_vec());
    results.push(gradients.get(&projection.bias).as_vec());
    results
}

/// Two sentences through a linear layer, convolutions and maxout units, and all gradients.
fn convolutions<D: Device<f32>>(device: &D) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut numbers = |count: usize| -> Vec<f32> {
        let one = |_| rng.gen_range(-0.8..0.8);
        (0..count).map(one).collect()
    };
    let activation = Activation::Logistic;
    let linear = Linear {
        w: device.tensor_from_vec(numbers(I * H), (Input(I), Hidden(H))),
        bias: Some(device.tensor_from_vec(numbers(H), (Hidden(H),))),
        activation,
    };
    let taps = device.tensor_from_vec(numbers(5 * H), (Output(5), Hidden(H)));
    let layer = Convolutions { taps, activation };
    let x: Tensor<_, f32, D> = device.tensor_from_vec(numbers(8 * I), (Rows(8), Input(I)));
    let stages = [Stage::narrow(0, 2), Stage::wide(2, 3)];
    let sentence = |from, columns, stages, to| Sentence {
        from,
        columns,
        stages,
        to,
    };
    let sentences = [sentence(0, 4, &stages[..], 0), sentence(4, 2, &[], 6)];
    let words = linear.run(x.retaped::<OwnedTape<f32, D>>());
    let (y, tape) = layer.run(words, &sentences, Batch(9)).split_tape();
    let mut results = vec![y.as_vec()];
    let pieces = x.retaped::<OwnedTape<f32, D>>();
    let units = maxout(pieces.reshape_like(&(Rows(4), Input(2 * I))), Output(I));
    let loss = y.put_tape(tape).square().sum::<Rank0, _>() + units.square().sum();
    let gradients = loss.backward();
    results.push(gradients.get(&layer.taps).as_vec());
    results.push(gradients.get(&linear.w).as_vec());
    results.push(gradients.get(&x).as_vec());
    results
}

/// Three sentences through gated convolutions, and all gradients.
fn gated<D: Device<f32>>(device: &D) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let mut numbers = |count: usize| -> Vec<f32> {
        let one = |_| rng.gen_range(-0.8..0.8);
        (0..count).map(one).collect()
    };
    let hidden = Hidden(H);
    let layer = GatedConvolutions {
        w_left: device.tensor_from_vec(numbers(H * H), (hidden, hidden)),
        w_right: device.tensor_from_vec(numbers(H * H), (hidden, hidden)),
        g_left: device.tensor_from_vec(numbers(H * 3), (hidden, Const)),
        g_right: device.tensor_from_vec(numbers(H * 3), (hidden, Const)),
        activation: Activation::Relu,
    };
    let x: Tensor<_, f32, D> = device.tensor_from_vec(numbers(12 * H), (Rows(12), hidden));
    let words = x.retaped::<OwnedTape<f32, D>>();
    let (y, tape) = layer.run(words, &[4, 1, 3], 4, Batch(3)).split_tape();
    let mut results = vec![y.as_vec()];
    let loss = y.put_tape(tape).square().sum::<Rank0, _>();
    let gradients = loss.backward();
    results.push(gradients.get(&layer.w_left).as_vec());
    results.push(gradients.get(&layer.w_right).as_vec());
    results.push(gradients.get(&layer.g_left).as_vec());
    results.push(gradients.get(&layer.g_right).as_vec());
    results.push(gradients.get(&x).as_vec());
    results
}

/// Three targets that attend to three sources, and all gradients. A = H, K = I, S = B.
fn attention<D: Device<f32>>(device: &D) -> Vec<Vec<f32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut numbers = |count: usize| -> Vec<f32> {
        let one = |_| rng.gen_range(-0.8..0.8);
        (0..count).map(one).collect()
    };
    let (batch, words, key, hidden) = (Batch(B), Rows(B), Input(I), Hidden(H));
    let columns = Columns(3 * H);
    let layer = Attention {
        layer: Layer {
            w_x: device.zeros_like(&(Const, columns)),
            w_h: device.tensor_from_vec(numbers(H * 3 * H), (hidden, columns)),
            bias: device.tensor_from_vec(numbers(3 * H), (columns,)),
            peepholes: None,
        },
        query: device.tensor_from_vec(numbers(H * I), (hidden, key)),
        score: device.tensor_from_vec(numbers(I), (key,)),
        context_nets: device.tensor_from_vec(numbers(H * 3 * H), (hidden, columns)),
    };
    let nets: Tensor<_, f32, D> =
        device.tensor_from_vec(numbers(B * T * 3 * H), (batch, Time(T), columns));
    let annotations: Tensor<_, f32, D> =
        device.tensor_from_vec(numbers(B * B * H), (batch, words, hidden));
    let keys: Tensor<_, f32, D> =
        device.tensor_from_vec(numbers(B * B * I), (batch, words, key));
    let source = Source {
        annotations: annotations.retaped::<OwnedTape<f32, D>>(),
        keys: keys.retaped::<OwnedTape<f32, D>>(),
        lengths: &[3, 1, 2],
    };
    let unit = Gru {
        reset: Reset::BeforeMatrix,
        update: Update::TakesCandidate,
    };
    let (x, start) = (
        nets.retaped::<OwnedTape<f32, D>>(),
        State::zeros(device, batch, hidden),
    );
    let (rows, states, weights) = layer.run(unit, x, source, &start, &[6, 0, 4], Output(2 * H));
    let (rows, tape) = rows.split_tape();
    let mut results = vec![rows.as_vec(), states.as_vec(), weights.as_vec()];
    let loss = rows.put_tape(tape).square().sum::<Rank0, _>();
    let gradients = loss.backward();
    results.push(gradients.get(&layer.layer.w_h).as_vec());
    results.push(gradients.get(&layer.query).as_vec());
    results.push(gradients.get(&layer.score).as_vec());
    results.push(gradients.get(&layer.context_nets).as_vec());
    results.push(gradients.get(&annotations).as_vec());
    results.push(gradients.get(&keys).as_vec());
    results.push(gradients.get(&nets).as_vec());
    results
}

fn compare<C: Cell>(cell: C, groups: usize, gpu: &Cuda) {
    let here = results(cell, groups, &Cpu::default());
    close(here, results(cell, groups, gpu));
}

fn close(here: Vec<Vec<f32>>, there: Vec<Vec<f32>>) {
    for (here, there) in here.into_iter().flatten().zip(there.into_iter().flatten()) {
        assert!((here - there).abs() < 1e-4 * here.abs().max(1.0));
    }
}

#[test]
fn a_gpu_computes_what_the_processor_does() {
    let gpu = match Cuda::try_build(0, 0) {
        Ok(gpu) => gpu,
        Err(error) => {
            eprintln!("no GPU: {error:?}");
            return;
        }
    };
    close(vocabulary(&Cpu::default()), vocabulary(&gpu));
    close(convolutions(&Cpu::default()), convolutions(&gpu));
    close(gated(&Cpu::default()), gated(&gpu));
    close(attention(&Cpu::default()), attention(&gpu));
    let activation = Activation::Tanh;
    compare(Rnn { activation }, 1, &gpu);
    compare(Lstm { peepholes: true }, 4, &gpu);
    for reset in [Reset::BeforeMatrix, Reset::AfterMatrix] {
        let update = Update::KeepsPast;
        compare(Gru { reset, update }, 3, &gpu);
    }
}
