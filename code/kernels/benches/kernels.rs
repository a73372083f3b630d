// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernels alone, forward and backward: `cargo bench -p kernels`, with a name to choose.
//! Beside PyTorch and with the whole training step: `cargo run -- bench`.
#![allow(missing_docs)]

use divan::Bencher;
use kernels::cell1997::{self, Biases, Design, Gradient, Squash, Trace, Weights};
use kernels::convolution::{self, Sentence, Stage};
use kernels::feedback::{self, Connection, Unit};
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::path::Instructions;
use kernels::product::{Left, Packed, Product};
use kernels::rnn::{Activation, Rnn};
use kernels::sequence::{self, Cell, Layer, Prepared, Purpose};
use kernels::softmax::Indices;
use kernels::{gated_convolution, linear, projection, tanh_rnn, Batch, Inputs};

fn main() {
    divan::main();
}

/// Numbers between −range and range that look random and are the same in every run.
fn numbers(seed: u32, range: f32, count: usize) -> Vec<f32> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        range * (f64::from(state >> 8) / f64::from(1 << 23) - 1.0) as f32
    };
    (0..count).map(next).collect()
}

/// One sequence through the tanh layer, there and back.
#[divan::bench]
fn tanh_sequence(bencher: Bencher) {
    const I: usize = 64;
    const H: usize = 128;
    const T: usize = 100;
    let (w_x, w_h, b) = (
        numbers(1, 0.1, I * H),
        numbers(2, 0.1, H * H),
        numbers(3, 0.1, H),
    );
    let (x, d_hidden) = (numbers(4, 1.0, T * I), numbers(5, 1.0, T * H));
    let (mut d_w_x, mut d_w_h, mut d_b) = (vec![0.0; I * H], vec![0.0; H * H], vec![0.0; H]);
    let mut hidden = Vec::new();
    bencher.bench_local(|| {
        let weights = Weights {
            input: &w_x[..],
            recurrent: &w_h[..],
            bias: &b[..],
        };
        tanh_rnn::forward::<f32, H>(weights, I, Inputs::Dense(&x), &mut hidden);
        let gradients = Weights {
            input: &mut d_w_x[..],
            recurrent: &mut d_w_h[..],
            bias: &mut d_b[..],
        };
        tanh_rnn::backward::<f32, H>(
            weights,
            I,
            Inputs::Dense(&x),
            &hidden,
            &d_hidden,
            gradients,
        );
    });
}

/// One sequence of experiment 6a's length through the cell of 1997, there and back.
#[divan::bench]
fn cell1997_sequence(bencher: Bencher) {
    const I: usize = 8;
    const K: usize = 2;
    const C: usize = 4;
    const U: usize = 8;
    const T: usize = 105;
    let design = Design {
        squash_input: Squash::Wide,
        squash_state: Squash::Centered,
        biases: Biases::All,
        recurrent: true,
        gradient: Gradient::Truncated,
    };
    let (w_x, w_u, b) = (
        numbers(1, 0.1, I * U),
        numbers(2, 0.1, U * U),
        numbers(3, 0.1, U),
    );
    let symbols: Vec<usize> = (0..T).map(|t| t % I).collect();
    let d_cells = numbers(4, 1.0, T * C);
    let (mut d_w_x, mut d_w_u, mut d_b) = (vec![0.0; I * U], vec![0.0; U * U], vec![0.0; U]);
    let mut trace = Trace::default();
    bencher.bench_local(|| {
        let weights = Weights {
            input: &w_x[..],
            recurrent: &w_u[..],
            bias: &b[..],
        };
        let inputs = Inputs::OneHot(&symbols);
        cell1997::forward::<f32, K, C, U>(&design, weights, I, inputs, &mut trace);
        let gradients = Weights {
            input: &mut d_w_x[..],
            recurrent: &mut d_w_u[..],
            bias: &mut d_b[..],
        };
        cell1997::backward::<f32, K, C, U>(
            &design, weights, I, inputs, &trace, &d_cells, gradients,
        );
    });
}

/// A batch of sequences through a layer of 64 inputs and 128 units, there and back.
fn batch<C: Cell<f32>>(bencher: Bencher, cell: C, path: Instructions) {
    const B: usize = 16;
    const I: usize = 64;
    const H: usize = 128;
    const T: usize = 20;
    let g = C::GROUPS * H;
    let layer = Layer {
        inputs: I,
        units: H,
        path,
    };
    let (w_x, w_h, bias) = (
        numbers(1, 0.1, I * g),
        numbers(2, 0.1, H * g),
        numbers(3, 0.1, g),
    );
    let (x, d_y) = (numbers(4, 1.0, B * T * I), numbers(5, 1.0, B * T * H));
    let (mut y, mut d_w_x) = (vec![0.0; B * T * H], vec![0.0; I * g]);
    let (mut d_w_h, mut d_b) = (vec![0.0; H * g], vec![0.0; g]);
    let (mut prepared, mut trace) = (Prepared::default(), sequence::Trace::default());
    let batch = Batch {
        lengths: &[T; B],
        steps: T,
        reverse: false,
    };
    bencher.bench_local(|| {
        let weights = sequence::Weights {
            input: &w_x[..],
            recurrent: &w_h,
            bias: &bias,
            peepholes: &[],
        };
        let purpose = Purpose::Training { inputs: false };
        prepared.pack(cell, layer, weights, purpose);
        sequence::forward(
            cell, layer, &prepared, batch, &x, None, &mut y, None, &mut trace,
        );
        let gradients = sequence::Weights {
            input: &mut d_w_x[..],
            recurrent: &mut d_w_h,
            bias: &mut d_b,
            peepholes: &mut [],
        };
        sequence::backward(
            cell, layer, &prepared, batch, &d_y, None, gradients, None, None, &mut trace,
        );
    });
}

/// The paths of this processor.
fn paths() -> impl Iterator<Item = Instructions> {
    Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
}

#[divan::bench(args = paths())]
fn tanh_batch(bencher: Bencher, path: Instructions) {
    let activation = Activation::Tanh;
    batch(bencher, Rnn { activation }, path);
}

#[divan::bench(args = paths())]
fn lstm_batch(bencher: Bencher, path: Instructions) {
    batch(bencher, Lstm::default(), path);
}

#[divan::bench(args = paths())]
fn gru_batch(bencher: Bencher, path: Instructions) {
    let (reset, update) = (Reset::AfterMatrix, Update::KeepsPast);
    batch(bencher, Gru { reset, update }, path);
}

/// A product of two matrices of 256 by 256.
#[divan::bench(args = paths())]
fn product(bencher: Bencher, path: Instructions) {
    const N: usize = 256;
    let (left, right) = (numbers(1, 1.0, N * N), numbers(2, 1.0, N * N));
    let (mut to, mut scratch) = (vec![0.0; N * N], Vec::new());
    let mut packed = Packed::default();
    packed.pack(&right, N, N, N, 1);
    bencher.bench_local(|| {
        let product = Product {
            left: Left {
                values: &left,
                row: N,
                step: 1,
            },
            right: &packed,
            to: &mut to,
            stride: N,
            rows: N,
            skip: 0,
            scratch: &mut scratch,
        };
        product.add(path);
    });
}

/// A linear layer of 640 rows, there and back.
#[divan::bench(args = paths())]
fn linear_rows(bencher: Bencher, path: Instructions) {
    const N: usize = 640;
    const H: usize = 256;
    let layer = linear::Layer {
        inputs: H,
        outputs: H,
        activation: Activation::Logistic,
        path,
    };
    let (w, x, d_y) = (
        numbers(1, 0.06, H * H),
        numbers(2, 1.0, N * H),
        numbers(3, 1.0, N * H),
    );
    let (mut y, mut d_w, mut d_x) = (vec![0.0; N * H], vec![0.0; H * H], vec![0.0; N * H]);
    let (mut prepared, mut buffers) = (linear::Prepared::default(), Default::default());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    let pool = pool.build().expect("a thread");
    bencher.bench_local(|| {
        pool.install(|| {
            let weights = linear::Weights {
                w: &w[..],
                bias: None,
            };
            prepared.pack(layer, weights, true);
            linear::forward(layer, &prepared, &x, &mut y, &mut buffers);
            let sums = linear::Weights {
                w: &mut d_w[..],
                bias: None,
            };
            let d_x = Some(&mut d_x[..]);
            linear::backward(layer, &prepared, &x, &y, &d_y, sums, d_x, &mut buffers);
        })
    });
}

/// Sentences of 20 columns through kernels of widths 2, 3, …, to one column each, there and back.
#[divan::bench(args = paths())]
fn convolutions(bencher: Bencher, path: Instructions) {
    const B: usize = 64;
    const T: usize = 20;
    const H: usize = 256;
    let widths = [2, 3, 4, 5, 6, 5];
    let first = |k: usize| widths[..k].iter().sum();
    let stages: Vec<Stage> = (0..widths.len())
        .map(|k| Stage::narrow(first(k), widths[k]))
        .collect();
    let sentences: [Sentence; B] = std::array::from_fn(|b| Sentence {
        from: b * T,
        columns: T,
        stages: &stages,
        to: b,
    });
    let layer = convolution::Layer {
        taps: first(widths.len()),
        width: H,
        activation: Activation::Logistic,
        path,
    };
    let taps = numbers(1, 0.5, layer.taps * H);
    let (x, d_y) = (numbers(2, 1.0, B * T * H), numbers(3, 1.0, B * H));
    let [mut y, mut d_taps, mut d_x] = [&d_y, &taps, &x].map(|v| vec![0.0; v.len()]);
    let mut trace = convolution::Trace::default();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    let pool = pool.build().expect("a thread");
    bencher.bench_local(|| {
        pool.install(|| {
            convolution::forward(layer, &taps, &sentences, &x, &mut y, &mut trace);
            let d_x = Some(&mut d_x[..]);
            convolution::backward(layer, &taps, &x, &d_y, &mut d_taps, d_x, &mut trace);
        })
    });
}

/// Sentences of 20 columns through the gates of all levels, to one column each, there and back.
#[divan::bench(args = paths())]
fn gated_convolutions(bencher: Bencher, path: Instructions) {
    const B: usize = 64;
    const T: usize = 20;
    const N: usize = 128;
    let layer = gated_convolution::Layer {
        width: N,
        activation: Activation::Relu,
        path,
    };
    let start = [N * N, N * N, 3 * N, 3 * N].map(|count| numbers(count as u32, 0.08, count));
    let (x, d_y) = (numbers(1, 1.0, B * T * N), numbers(2, 1.0, B * N));
    let [mut w_left, mut w_right, mut g_left, mut g_right] = start.clone();
    let [mut y, mut d_x] = [&d_y, &x].map(|v| vec![0.0; v.len()]);
    let mut prepared = gated_convolution::Prepared::default();
    let mut trace = gated_convolution::Trace::default();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    let pool = pool.build().expect("a thread");
    bencher.bench_local(|| {
        pool.install(|| {
            let weights = gated_convolution::Weights {
                w_left: &start[0][..],
                w_right: &start[1],
                g_left: &start[2],
                g_right: &start[3],
            };
            prepared.pack(layer, weights, true);
            gated_convolution::forward(layer, &prepared, &[T; B], T, &x, &mut y, &mut trace);
            let sums = gated_convolution::Weights {
                w_left: &mut w_left[..],
                w_right: &mut w_right,
                g_left: &mut g_left,
                g_right: &mut g_right,
            };
            let d_x = Some(&mut d_x[..]);
            gated_convolution::backward(layer, &prepared, &d_y, sums, d_x, &mut trace);
        })
    });
}

/// The projection of 640 vectors to a vocabulary, its loss, and all gradients.
#[divan::bench]
fn softmax_projection(bencher: Bencher) {
    const N: usize = 640;
    const H: usize = 256;
    const V: usize = 10_000;
    let layer = projection::Layer {
        width: H,
        outputs: V,
        path: Instructions::default(),
    };
    let (w, b) = (numbers(1, 0.06, H * V), numbers(2, 0.06, V));
    let x = numbers(3, 1.0, N * H);
    let targets: Vec<Option<usize>> = (0..N).map(|n| Some(n * 7919 % V)).collect();
    let (mut d_w, mut d_b, mut d_x) = (vec![0.0; H * V], vec![0.0; V], vec![0.0; N * H]);
    let (mut prepared, mut trace) = (projection::Prepared::default(), Default::default());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    let pool = pool.build().expect("a thread");
    bencher.bench_local(|| {
        pool.install(|| {
            let weights = projection::Weights {
                projection: &w[..],
                bias: &b,
            };
            prepared.pack(layer, weights, true);
            let reduction = projection::Reduction::Mean;
            let indices = Indices(&targets);
            projection::forward(layer, &prepared, &x, indices, reduction, &mut trace);
            let gradients = projection::Weights {
                projection: &mut d_w[..],
                bias: &mut d_b,
            };
            projection::backward(layer, &prepared, 1.0, gradients, Some(&mut d_x), &mut trace);
        })
    });
}

/// Three layers of 64 LSTM units with gated feedback over 100 symbols, 32 sequences of 50 steps, there and
/// back.
#[divan::bench(args = paths())]
fn gated_feedback(bencher: Bencher, path: Instructions) {
    const B: usize = 32;
    const T: usize = 50;
    let sizes = feedback::Sizes {
        symbols: 100,
        layers: 3,
        units: 64,
        unit: Unit::Lstm,
        connection: Connection::Gated(feedback::Squash::Logistic),
        skip: true,
        path,
    };
    let (stack, columns, past) = (sizes.stack(), sizes.columns(), sizes.past());
    let input = numbers(1, 0.1, 100 * columns);
    let below = numbers(2, 0.1, 64 * columns);
    let (gates, candidate) = (
        numbers(3, 0.1, past * sizes.gates()),
        numbers(4, 0.1, past * 64),
    );
    let bias = numbers(5, 0.1, columns);
    let layer = |l: usize| feedback::Weights {
        input: &input[..],
        below: if l > 0 { &below[..] } else { &[] },
        gates: &gates,
        candidate: &candidate,
        bias: &bias,
    };
    let weights = [0, 1, 2].map(layer);
    let mut sums: Vec<[Vec<f32>; 5]> = weights
        .iter()
        .map(|w| [w.input, w.below, w.gates, w.candidate, w.bias].map(|w| vec![0.0; w.len()]))
        .collect();
    let symbols: Vec<usize> = (0..B * T).map(|n| n * 7919 % 100).collect();
    let (lengths, d_states) = ([T; B], numbers(6, 1.0, B * T * stack));
    let start = vec![0.0; B * stack];
    let (mut states, mut end, mut end_cells) =
        (vec![0.0; B * T * stack], start.clone(), start.clone());
    let (mut d_start, mut d_cells) = (start.clone(), start.clone());
    let (mut prepared, mut trace) = (feedback::Prepared::default(), feedback::Trace::default());
    bencher.bench_local(|| {
        prepared.pack(sizes, &weights, true);
        feedback::forward(
            sizes,
            &prepared,
            Batch {
                lengths: &lengths,
                steps: T,
                reverse: false,
            },
            &symbols,
            &[],
            sequence::State {
                output: &start,
                cell: &start,
            },
            feedback::Outputs {
                states: &mut states[..],
                gates: &mut [],
            },
            sequence::State {
                output: &mut end[..],
                cell: &mut end_cells,
            },
            &mut trace,
        );
        let mut gradients: Vec<_> = sums
            .iter_mut()
            .map(|[input, below, gates, candidate, bias]| feedback::Weights {
                input: &mut input[..],
                below: below.as_mut_slice(),
                gates: gates.as_mut_slice(),
                candidate: candidate.as_mut_slice(),
                bias: bias.as_mut_slice(),
            })
            .collect();
        feedback::backward(
            sizes,
            &prepared,
            &d_states,
            sequence::State {
                output: &start,
                cell: &start,
            },
            &mut gradients,
            sequence::State {
                output: &mut d_start[..],
                cell: &mut d_cells,
            },
            &mut trace,
        );
    });
}
