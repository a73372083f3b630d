// SPDX-License-Identifier: MIT OR Apache-2.0
//! Maxout units against the loop that says what they compute, and their gradient against central
//! differences of it.
use kernels::maxout::{backward, forward};
use kernels::Real;

/// Numbers that look random and are the same in every run; some neighbors are equal.
fn numbers(seed: usize, count: usize) -> Vec<f64> {
    let one = |k: usize| ((k + 31 * seed) * 7919 % 2003) as f64 / 1001.0 - 1.0;
    let twice = |k: usize| if k % 14 == 1 { one(k - 1) } else { one(k) };
    (0..count).map(twice).collect()
}

fn narrow<F: Real>(values: &[f64]) -> Vec<F> {
    values.iter().map(|&v| F::from_f64(v)).collect()
}

/// y, and the gradient of x, added to 0.5.
fn run<F: Real>(x: &[f64], d_y: &[f64]) -> [Vec<F>; 2] {
    let (x, d_y) = (narrow::<F>(x), narrow::<F>(d_y));
    let mut y = vec![F::from_f64(7.0); d_y.len()];
    forward(&x, &mut y);
    let mut d_x = vec![F::HALF; x.len()];
    backward(&x, &d_y, &mut d_x);
    [y, d_x]
}

#[test]
fn a_unit_is_the_larger_of_its_pieces_and_only_that_has_a_gradient() {
    fn check<F: Real>(units: usize) {
        let (x, d_y) = (numbers(1, 2 * units), numbers(2, units));
        let [y, d_x] = run::<F>(&x, &d_y);
        for i in 0..units {
            let (a, b) = (F::from_f64(x[2 * i]), F::from_f64(x[2 * i + 1]));
            let (larger, d) = (if a < b { b } else { a }, F::HALF + F::from_f64(d_y[i]));
            assert!(y[i] == larger, "{i} of {units}");
            // Of two equal ones the first.
            let should = if a < b { [F::HALF, d] } else { [d, F::HALF] };
            assert!(d_x[2 * i..][..2] == should, "{i} of {units}");
        }
    }
    for units in [0, 1, 2, 7, 31, 64, 101] {
        check::<f32>(units);
        check::<f64>(units);
    }
}

#[test]
fn gradients_are_central_differences() {
    let (mut x, d_y) = (numbers(3, 202), numbers(4, 101));
    let [_, d_x] = run::<f64>(&x, &d_y);
    for k in 0..x.len() {
        if x[k] == x[k ^ 1] {
            continue;
        }
        let mut moved = |by: f64| -> f64 {
            let was = x[k];
            x[k] = was + by;
            let [y, _] = run::<f64>(&x, &d_y);
            x[k] = was;
            y.iter().zip(&d_y).map(|(y, d)| y * d).sum()
        };
        let slope = 0.5 + (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((d_x[k] - slope).abs() < 1e-8, "{k}: {} {slope}", d_x[k]);
    }
}

#[test]
fn nan_goes_on_from_either_piece_and_infinity_is_a_number() {
    let (nan, most) = (f64::NAN, f64::INFINITY);
    let x = [
        nan, 1.0, 1.0, nan, nan, most, -most, 2.0, -most, -most, 0.0, -0.0,
    ];
    let [y, d_x] = run::<f32>(&x, &[1.0; 6]);
    assert!(y[..3].iter().all(|y| y.is_nan()), "{y:?}");
    assert_eq!(y[3..5], [2.0, f32::NEG_INFINITY]);
    assert_eq!(
        y[5].to_bits(),
        0.0f32.to_bits(),
        "the first of two equal ones"
    );
    let firsts: Vec<f32> = d_x.iter().step_by(2).copied().collect();
    assert_eq!(firsts, [1.5, 0.5, 1.5, 0.5, 1.5, 1.5]);
    assert!(d_x.chunks(2).all(|d| d[0] + d[1] == 2.0), "{d_x:?}");
}

#[test]
#[should_panic(expected = "x has 5 values, not 6")]
fn an_odd_number_of_pieces_is_refused() {
    forward(&[0.0f32; 5], &mut [0.0; 3]);
}

#[test]
#[should_panic(expected = "d_x has 4 values, not 6")]
fn a_gradient_of_the_wrong_size_is_refused_by_name() {
    backward(&[0.0f32; 6], &[0.0; 3], &mut [0.0; 4]);
}
