// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page's example by hand: one gated recurrent unit, three steps, forward and back.
use chung2014::reference::{Step, Weights};
use testing::printed as same;

#[test]
fn the_example_by_hand_comes_out() {
    let [two, three, nine] = [2.0_f64, 3.0, 9.0].map(f64::ln);
    let mut weights = Weights::zeros(3, 1);
    // From "store", "noise" and "ask" to the reset gate, the update gate and the candidate.
    weights.x = [
        vec![vec![0.0], vec![-nine], vec![nine]],
        vec![vec![nine], vec![-nine], vec![0.0]],
        vec![vec![three], vec![-two], vec![0.0]],
    ];
    weights.h[2] = vec![vec![1.0]];
    let mut h = vec![0.0];
    let mut steps: Vec<Step> = Vec::new();
    for symbol in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] {
        let step = weights.step(&symbol, &h);
        h = step.h.clone();
        steps.push(step);
    }
    let printed = [
        [0.5, 0.9, 0.8, 0.72],
        [0.1, 0.1, -0.5519, 0.5928],
        [0.9, 0.5, 0.4881, 0.5404],
    ];
    for (step, printed) in steps.iter().zip(printed) {
        let ours = [&step.r, &step.z, &step.n, &step.h].map(|row| row[0]);
        for (ours, printed) in ours.into_iter().zip(printed) {
            same(ours, printed);
        }
    }

    let p = 1.0 / (1.0 + (-2.0 * h[0]).exp());
    same(p, 0.7467);
    same(-p.ln(), 0.2921);
    let mut d_h = vec![2.0 * (p - 1.0)];
    let mut sums = Weights::zeros(3, 1);
    for (step, printed) in steps.iter().zip([-0.3873, -0.4270, -0.5067]).rev() {
        same(d_h[0], printed);
        d_h = weights.step_back(step, &d_h, &mut sums);
    }
    let printed = [
        [0.0, -0.0019, -0.0103],
        [-0.0279, 0.0489, 0.0133],
        [-0.1255, -0.0297, -0.1930],
    ];
    for (rows, printed) in sums.x.iter().zip(printed) {
        for (row, printed) in rows.iter().zip(printed) {
            same(row[0], printed);
        }
    }
    same(sums.h[2][0][0], -0.1051);
}
