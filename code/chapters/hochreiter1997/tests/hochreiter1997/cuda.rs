// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory cell of 1997 in dfdx's own operations on a GPU, where there is one: the same as on
//! the processor. `cargo test -p hochreiter1997 --features cuda a_gpu`
#![cfg(feature = "cuda")]
#![expect(
    clippy::print_stderr,
    reason = "what is not checked, beside the test's name"
)]
use ::hochreiter1997::reference::{run, spread, Layer};
use dfdx::prelude::*;
use kernels::cell1997::Gradient;

const B: usize = 3;
const I: usize = 4;
const K: usize = 2;
const C: usize = 4;
const U: usize = C + 2 * K;
const T: usize = 5;

/// States and outputs of every step, and the gradients of all weights.
fn results<D: Device<f32>>(device: &D, gradient: Gradient) -> Vec<Vec<f32>> {
    let numbers = |seed: usize, count: usize| -> Vec<f32> {
        (0..count).map(|k| ((k + seed) as f32).sin()).collect()
    };
    let layer = Layer::<I, K, C, U, f32, D> {
        w_x: device.tensor_from_vec(numbers(1, I * U), (Const, Const)),
        w_u: device.tensor_from_vec(numbers(2, U * U), (Const, Const)),
        bias: device.tensor_from_vec(numbers(3, U), (Const,)),
        spread: spread(device),
    };
    let x = |t| device.tensor_from_vec(numbers(10 + t, B * I), (Const, Const));
    let inputs: Vec<Tensor<Rank2<B, I>, f32, D>> = (0..T).map(x).collect();
    let (memories, mut tape) = run(&layer, inputs, gradient, OwnedTape::<f32, D>::default());
    let mut results = Vec::new();
    let mut sum: Tensor<Rank0, f32, D> = device.zeros();
    for memory in memories {
        results.extend([memory.state.as_vec(), memory.cells.as_vec()]);
        let squares = memory.cells.put_tape(tape).square().sum::<Rank0, _>();
        (sum, tape) = (squares + sum).split_tape();
    }
    let gradients = sum.put_tape(tape).backward();
    results.push(gradients.get(&layer.w_x).as_vec());
    results.push(gradients.get(&layer.w_u).as_vec());
    results.push(gradients.get(&layer.bias).as_vec());
    results
}

mod hochreiter1997 {
    use super::*;

    #[test]
    fn a_gpu_computes_what_the_processor_does() {
        let gpu = match Cuda::try_build(0, 0) {
            Ok(gpu) => gpu,
            Err(error) => {
                eprintln!("no GPU: {error:?}");
                return;
            }
        };
        for gradient in [Gradient::Full, Gradient::Truncated] {
            let here = results(&Cpu::default(), gradient);
            let there = results(&gpu, gradient);
            for (here, there) in here.into_iter().flatten().zip(there.into_iter().flatten()) {
                assert!((here - there).abs() < 1e-4 * here.abs().max(1.0));
            }
        }
    }
}
