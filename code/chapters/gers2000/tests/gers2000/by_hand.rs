// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page's example by hand: one cell, three symbols, what is carried forward, and one error.
use kernels::cell2000::{State, Weights};
use testing::printed as same;

/// What the error after *store*, *noise*, *end* gives, for a cell with U kinds of weights.
fn after_three<const U: usize>(
    rows: [[f64; U]; 3],
    gate: f64,
    states: [f64; 3],
) -> (f64, [Vec<f64>; 4]) {
    let mut weights: Weights<f64, 1, U, 1> = Weights::zeros(3);
    weights.hidden[..3].copy_from_slice(&rows);
    weights.hidden[4][2] = gate;
    weights.output[0] = [4.0];
    let mut state = State::new(3);
    for (symbol, cell) in states.into_iter().enumerate() {
        state.step::<1>(&weights, symbol, true);
        same(state.cell[0], cell);
    }
    let error = state.error(&weights, &[0.0]);
    let mut sums: Weights<f64, 1, U, 1> = Weights::zeros(3);
    state.add_gradient::<1>(&error, 1.0, &mut sums);
    let kinds = [0, 1, 2, 3].map(|kind| {
        let rows = sums.hidden[..3].iter();
        rows.filter_map(|row| row.get(kind).copied()).collect()
    });
    (state.output[0], kinds)
}

#[test]
fn the_example_by_hand_comes_out() {
    let (three, nine) = (3.0_f64.ln(), 9.0_f64.ln());
    // Candidate, input gate, output gate, forget gate.
    let rows = [
        [three, three, 0.0, nine],
        [-three, -nine, 0.0, nine],
        [0.0, -nine, 0.0, -nine],
    ];
    let (y, [candidate, input, _, forget]) = after_three(rows, nine, [0.75, 0.575, 0.0575]);
    same(y, 0.5258);
    for (kind, printed) in [
        (candidate, [0.0119, 0.0018, 0.0236]),
        (input, [0.0040, -0.0021, 0.0]),
        (forget, [0.0, 0.0016, 0.0122]),
    ] {
        for (ours, printed) in kind.into_iter().zip(printed) {
            same(ours, printed);
        }
    }

    // Without a forget gate.
    let rows = rows.map(|[candidate, input, output, _]| [candidate, input, output]);
    let (y, [candidate, ..]) = after_three(rows, nine, [0.75, 0.65, 0.65]);
    same(y, 0.7559);
    same(candidate[0], 0.1273);
}
