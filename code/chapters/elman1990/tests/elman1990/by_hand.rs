// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page's example by hand: two units, three steps, one error that goes back one, two or three of
//! them.
use elman1990::network::{Moment, Unit, Weights};
use testing::printed as same;

#[test]
fn the_example_by_hand_comes_out() {
    let mut weights: Weights<1, 2, 1, f64> = Weights::zero();
    weights.w_x = [[3.0_f64.ln(), 0.0]];
    weights.w_h = [[0.0, 1.0], [1.0, 0.0]];
    weights.w_o = [[2.0], [0.0]];
    let mut context = [0.0; 2];
    let mut moments = Vec::new();
    let printed = [[0.8, 0.0], [0.0, 0.6640], [0.5810, 0.0]];
    for (input, printed) in [[1.0], [0.0], [0.0]].into_iter().zip(printed) {
        let hidden = weights.step(Unit::Tanh, &input, &context);
        for (ours, printed) in hidden.into_iter().zip(printed) {
            same(ours, printed);
        }
        moments.push(Moment {
            input,
            context,
            hidden,
        });
        context = hidden;
    }
    let answer = weights.output(&context);
    same(answer[0], 0.7617);
    same(0.5 * (answer[0] - 1.0).powi(2), 0.0284);

    // Into the weight from unit 2 to unit 1, from unit 1 to unit 2, and from the input to unit 1.
    for (columns, printed) in [
        (1, [-0.0380, 0.0, 0.0]),
        (2, [-0.0380, -0.0256, 0.0]),
        (3, [-0.0380, -0.0256, -0.0115]),
    ] {
        let mut gradient = Weights::zero();
        let visited = moments[3 - columns..].iter();
        weights.back(Unit::Tanh, visited, &answer, &[1.0], &mut gradient);
        same(gradient.w_h[1][0], printed[0]);
        same(gradient.w_h[0][1], printed[1]);
        same(gradient.w_x[0][0], printed[2]);
        same(gradient.w_o[0][0], -0.0251);
    }
}
