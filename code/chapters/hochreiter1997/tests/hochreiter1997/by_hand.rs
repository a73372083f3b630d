// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page's example by hand: one cell, three steps, forward and back.
use dfdx::prelude::*;
use hochreiter1997::reference::{run, spread, Layer};
use kernels::cell1997::Gradient;

/// The same to the digits that the page prints.
fn same(ours: f64, printed: f64, half_a_digit: f64) {
    assert!(
        (ours - printed).abs() <= half_a_digit,
        "{ours} is printed as {printed}"
    );
}

#[test]
fn the_example_by_hand_comes_out() {
    let device = Cpu::default();
    let (three, nine) = (3.0_f64.ln(), 9.0_f64.ln());
    // Into the cell, its input gate and its output gate; from "store", "noise" and "ask".
    let layer = Layer::<3, 1, 1, 3, f64, Cpu> {
        w_x: device.tensor([
            [three, three, -nine],
            [-three, -nine, -nine],
            [0.0, -nine, nine],
        ]),
        w_u: device.zeros(),
        bias: device.zeros(),
        spread: spread(&device),
    };
    let symbol = |x: [f64; 3]| device.tensor([x]);
    let inputs = vec![
        symbol([1.0, 0.0, 0.0]),
        symbol([0.0, 1.0, 0.0]),
        symbol([0.0, 0.0, 1.0]),
    ];
    let tape = OwnedTape::<f64, Cpu>::default();
    let (steps, tape) = run(&layer, inputs, Gradient::Truncated, tape);
    for (step, [state, cell]) in
        steps
            .iter()
            .zip([[0.75, 0.0358], [0.65, 0.0314], [0.65, 0.2826]])
    {
        same(step.state.array()[0][0], state, 1e-12);
        same(step.cells.array()[0][0], cell, 5e-5);
    }

    let w_o: Tensor<Rank2<1, 1>, f64, Cpu> = device.tensor([[4.0]]);
    let cell = steps[2].cells.clone().put_tape(tape);
    let (answer, tape) = cell.matmul(w_o.clone()).sigmoid().split_tape();
    same(answer.array()[0][0], 0.7559, 5e-5);
    let error = (answer.put_tape(tape) - 1.0).square().sum::<Rank0, _>() * 0.5;
    same(error.array(), 0.0298, 5e-5);

    let gradients = error.backward();
    for step in &steps {
        same(gradients.get(&step.state).array()[0][0], -0.0731, 5e-5);
    }
    same(gradients.get(&w_o).array()[0][0], -0.0127, 5e-5);
    let of_weights = gradients.get(&layer.w_x).array();
    let printed = [
        [-0.0411, -0.0137, 0.0],
        [-0.0055, 0.0066, 0.0],
        [-0.0073, 0.0, -0.0051],
    ];
    for (ours, printed) in of_weights.as_flattened().iter().zip(printed.as_flattened()) {
        same(*ours, *printed, 5e-5);
    }
}
