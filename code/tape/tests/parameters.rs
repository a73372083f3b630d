// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parameters by name: listing, freezing, starts, gradient statistics.
use dfdx::prelude::*;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use tape::readout::Readout;
use tape::train::initialize::{draw, spectral_radius};
use tape::train::parameters::{count, for_each, names, Frozen};
use tape::train::statistics::{global_norm, statistics};
use tape::train::{initialize, Parameters, Scalar, Start, Visitor};

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// A model of all kinds of fields.
#[derive(Clone)]
struct Model<E: Scalar> {
    layers: Vec<Readout<Const<2>, Const<3>, Const<4>, E>>,
    pair: [Tensor<Rank1<5>, E, Cpu>; 2],
    absent: Option<Tensor<Rank0, E, Cpu>>,
    scale: Tensor<Rank0, E, Cpu>,
}

impl<E: Scalar> Model<E> {
    fn new() -> Self {
        let device = Cpu::default();
        let layer = || Readout {
            inputs: Const,
            units: device.zeros(),
            bias: Some(device.zeros()),
            skip: None,
        };
        Model {
            layers: (0..11).map(|_| layer()).collect(),
            pair: [device.zeros(), device.zeros()],
            absent: None,
            scale: device.zeros(),
        }
    }
}

impl<E: Scalar> Parameters<E> for Model<E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("layers", &mut self.layers);
        visitor.visit("pair", &mut self.pair);
        visitor.visit("absent", &mut self.absent);
        visitor.visit("scale", &mut self.scale);
    }
}

#[test]
fn names_are_the_way_to_a_field() {
    let mut model = Model::<f32>::new();
    let all = names(&mut model);
    assert_eq!(all.len(), 2 * 11 + 2 + 1);
    assert_eq!(all[..2], ["layers.0.units", "layers.0.bias"]);
    assert_eq!(all[21..], ["layers.10.bias", "pair.0", "pair.1", "scale"]);
    assert_eq!(count(&mut model), 11 * (12 + 4) + 10 + 1);
    let mut tensor = model.scale;
    assert_eq!(names(&mut tensor), [""]);
}

#[test]
fn a_name_is_within_its_own_parts_only() {
    let mut model = Model::<f32>::new();
    let mut within = |part: &str| {
        let mut found = Vec::new();
        for_each(&mut model, |name, _| {
            if name.within(part) {
                found.push(name.to_string());
            }
            assert_eq!(name.is(part), name.to_string() == part, "{name} is {part}");
            let text = name.to_string();
            let expected = part.is_empty()
                || text == part
                || text.strip_prefix(part).is_some_and(|r| r.starts_with('.'));
            assert_eq!(name.within(part), expected, "{name} within {part:?}");
        });
        found
    };
    assert_eq!(within("layers.1"), ["layers.1.units", "layers.1.bias"]);
    assert_eq!(within("pair.1"), ["pair.1"]);
    assert_eq!(within("").len(), 25);
    assert_eq!(within("layers").len(), 22);
    for nothing in [
        "layer",
        "layers.",
        "layers.1.",
        "pair.11",
        "scale.0",
        ".",
        "ayers",
        "layers.1.unit",
    ] {
        assert!(within(nothing).is_empty(), "{nothing}");
    }
}

#[test]
fn frozen_parameters_are_not_visited() {
    let mut model = Model::<f32>::new();
    let mut rest = Frozen::new(&mut model, &["layers", "pair.0"]);
    assert_eq!(names(&mut rest), ["pair.1", "scale"]);
    let mut less = Frozen::new(&mut rest, &["scale"]);
    assert_eq!(names(&mut less), ["pair.1"]);
}

#[test]
#[should_panic(expected = "no parameter \"layer\" to freeze")]
fn freezing_what_is_not_there_is_refused() {
    Frozen::new(&mut Model::<f32>::new(), &["pair", "layer"]);
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
    (mean, variance.sqrt())
}

#[test]
fn a_uniform_start_fills_its_range_evenly() {
    let values = draw(&Start::Uniform(0.08), &[200, 300], &mut rng(1)).unwrap();
    assert!(values.iter().all(|v| v.abs() <= 0.08));
    let mut tenths = [0u32; 10];
    for v in &values {
        tenths[((v / 0.08 + 1.0) * 5.0) as usize] += 1;
    }
    // 6000 are expected in each, with a standard deviation of 73.
    assert!(
        tenths.iter().all(|&n| n.abs_diff(6_000) < 300),
        "{tenths:?}"
    );
}

#[test]
fn a_normal_start_has_its_standard_deviation_and_the_shares_of_the_bell() {
    let values = draw(&Start::Normal(0.01), &[60_000], &mut rng(2)).unwrap();
    let (mean, deviation) = moments(&values);
    assert!(mean.abs() < 2e-4, "{mean}");
    assert!((deviation - 0.01).abs() < 1.5e-4, "{deviation}");
    // The normal distribution's own shares within one, two and three standard deviations.
    for (k, share) in [(1.0, 0.6827), (2.0, 0.9545), (3.0, 0.9973)] {
        let inside = values.iter().filter(|v| v.abs() < 0.01 * k).count();
        let seen = inside as f64 / values.len() as f64;
        assert!((seen - share).abs() < 0.01, "{k}: {seen}");
    }
    // Neighbors, which come from one draw of the polar method, have nothing in common.
    let pairs = values.chunks_exact(2).map(|p| p[0] * p[1]).sum::<f64>() / 30_000.0;
    assert!(pairs.abs() < 4e-6, "{pairs}");
}

#[test]
fn an_orthogonal_start_has_orthonormal_rows_or_columns() {
    for (rows, columns) in [(1, 1), (7, 7), (64, 64), (13, 5), (5, 13), (1, 9), (9, 1)] {
        let gain = 0.5;
        let w = draw(&Start::Orthogonal(gain), &[rows, columns], &mut rng(3)).unwrap();
        let short = rows.min(columns);
        for a in 0..short {
            for b in 0..short {
                let product: f64 = (0..rows.max(columns))
                    .map(|k| {
                        if rows >= columns {
                            w[k * columns + a] * w[k * columns + b]
                        } else {
                            w[a * columns + k] * w[b * columns + k]
                        }
                    })
                    .sum();
                let expected = if a == b { gain * gain } else { 0.0 };
                assert!(
                    (product - expected).abs() < 1e-14,
                    "{rows}×{columns}: {a}, {b}: {product}"
                );
            }
        }
    }
}

/// Uniform over rotations and reflections: no entry is preferred, no sign, and the determinant of
/// a 2×2 matrix is 1 as often as −1.
#[test]
fn orthogonal_starts_are_spread_evenly() {
    let mut rng = rng(4);
    let mut first = Vec::new();
    let mut reflections = 0;
    for _ in 0..4_000 {
        let w = draw(&Start::Orthogonal(1.0), &[2, 2], &mut rng).unwrap();
        reflections += usize::from(w[0] * w[3] - w[1] * w[2] < 0.0);
        first.push(w[0]);
    }
    assert!(reflections.abs_diff(2_000) < 150, "{reflections}");
    // The first entry is the cosine of an angle that is uniform: mean 0, variance 1/2.
    let (mean, deviation) = moments(&first);
    assert!(mean.abs() < 0.04, "{mean}");
    assert!((deviation - 0.5f64.sqrt()).abs() < 0.02, "{deviation}");
}

#[test]
fn a_sparse_start_has_its_incoming_weights_and_its_spectral_radius() {
    for (units, incoming, radius) in [(50, 15, 0.95), (6, 2, 1.1), (3, 3, 0.4), (1, 1, 2.0)] {
        let start = Start::Sparse { incoming, radius };
        let w = draw(&start, &[units, units], &mut rng(5)).unwrap();
        for column in 0..units {
            let seen = (0..units)
                .filter(|row| w[row * units + column] != 0.0)
                .count();
            assert_eq!(seen, incoming, "column {column}");
        }
        // Not the function that scaled it: how a vector grows, over many steps of x ← x W.
        let mut x = vec![1.0; units];
        let steps = 20_000;
        let mut growth = 0.0;
        for _ in 0..steps {
            let mut next = vec![0.0; units];
            for (row, value) in x.iter().enumerate() {
                for (n, weight) in next.iter_mut().zip(&w[row * units..][..units]) {
                    *n += value * weight;
                }
            }
            let norm = next.iter().map(|v| v * v).sum::<f64>().sqrt();
            growth += norm.ln();
            x = next.into_iter().map(|v| v / norm).collect();
        }
        let seen = (growth / f64::from(steps)).exp();
        assert!((seen / radius - 1.0).abs() < 1e-3, "{units}: {seen}");
    }
}

#[test]
fn the_spectral_radius_of_known_matrices_is_found() {
    let close = |seen: f64, expected: f64| {
        assert!(
            (seen - expected).abs() <= 1e-8 * expected,
            "{seen} {expected}"
        );
    };
    close(spectral_radius(&[3.0], 1), 3.0);
    // A rotation by one radian times 0.9: a pair of complex eigenvalues.
    let (sin, cos) = 1f64.sin_cos();
    close(
        spectral_radius(&[0.9 * cos, -0.9 * sin, 0.9 * sin, 0.9 * cos], 2),
        0.9,
    );
    // Far from normal: the norm is a thousand times the radius.
    close(spectral_radius(&[0.5, 500.0, 0.0, -0.4], 2), 0.5);
    // A block that is not diagonalizable.
    close(spectral_radius(&[0.7, 1.0, 0.0, 0.7], 2), 0.7);
    // The companion of x³ − 6x² + 11x − 6, with roots 1, 2, 3.
    close(
        spectral_radius(&[6.0, -11.0, 6.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0], 3),
        3.0,
    );
    assert_eq!(spectral_radius(&[0.0, 1.0, 0.0, 0.0], 2), 0.0);
    assert_eq!(spectral_radius(&[], 0), 0.0);
    assert!(spectral_radius(&[f64::NAN], 1).is_nan());
}

#[test]
fn an_identity_start_is_the_identity() {
    let w = draw(&Start::Identity(0.01), &[3, 3], &mut rng(6)).unwrap();
    assert_eq!(w, [0.01, 0.0, 0.0, 0.0, 0.01, 0.0, 0.0, 0.0, 0.01]);
}

#[test]
fn column_groups_start_each_on_its_own() {
    let groups = Start::Columns(vec![
        Start::Identity(1.0),
        Start::Constant(2.0),
        Start::Orthogonal(1.0),
    ]);
    let w = draw(&groups, &[2, 6], &mut rng(7)).unwrap();
    let alone = draw(&Start::Orthogonal(1.0), &[2, 2], &mut rng(7)).unwrap();
    assert_eq!(w[..4], [1.0, 0.0, 2.0, 2.0]);
    assert_eq!(w[6..10], [0.0, 1.0, 2.0, 2.0]);
    assert_eq!([w[4], w[5], w[10], w[11]], alone[..]);
    let bias = Start::Columns(vec![Start::Constant(0.0), Start::Constant(1.0)]);
    assert_eq!(
        draw(&bias, &[4], &mut rng(7)).unwrap(),
        [0.0, 0.0, 1.0, 1.0]
    );
}

#[test]
fn a_start_that_does_not_fit_is_refused_in_one_line() {
    let mut model = Model::<f32>::new();
    let cases = [
        (Start::Identity(1.0), "square"),
        (Start::Orthogonal(1.0), "matrix"),
        (
            Start::Sparse {
                incoming: 1,
                radius: 1.0,
            },
            "square",
        ),
        (
            Start::Columns(vec![
                Start::Constant(0.0),
                Start::Constant(1.0),
                Start::Constant(1.0),
            ]),
            "equal groups",
        ),
        (Start::Columns(Vec::new()), "equal groups"),
    ];
    for (start, reason) in cases {
        let error = initialize(&mut model, &mut rng(8), |name, _| {
            if name.is("pair.1") {
                start.clone()
            } else {
                Start::Constant(0.0)
            }
        })
        .unwrap_err()
        .to_string();
        assert!(
            error.starts_with("pair.1, shape [5]") && error.contains(reason),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1);
    }
    for incoming in [0, 4] {
        let start = Start::Sparse {
            incoming,
            radius: 1.0,
        };
        let error = draw(&start, &[3, 3], &mut rng(9)).unwrap_err();
        assert!(error.contains("from 1 to 3"), "{error}");
    }
}

#[test]
fn one_seed_starts_f32_and_f64_alike() {
    fn start<E: Scalar>(seed: u64) -> Vec<f64> {
        let mut model = Model::<E>::new();
        initialize(&mut model, &mut rng(seed), |name, dims| {
            if name.within("layers") && dims.len() == 2 {
                Start::Orthogonal(1.0)
            } else {
                Start::Normal(0.1)
            }
        })
        .unwrap();
        let mut all = Vec::new();
        for_each(&mut model, |_, parameter| {
            let mut values = vec![E::default(); parameter.count()];
            parameter.copy_into(&mut values);
            all.extend(values.into_iter().map(Scalar::wide));
        });
        all
    }
    let (narrow, wide) = (start::<f32>(1), start::<f64>(1));
    assert!(narrow
        .iter()
        .zip(&wide)
        .all(|(n, w)| *n == f64::from(*w as f32)));
    assert_ne!(start::<f64>(2), wide);
}

/// The bits are part of every record: they may not change.
#[test]
fn starts_have_the_same_bits_on_every_processor() {
    let hash = |start: Start, dims: &[usize]| {
        draw(&start, dims, &mut rng(11))
            .unwrap()
            .iter()
            .fold(0u64, |hash, value| {
                hash.wrapping_mul(0x100_0000_01b3) ^ value.to_bits()
            })
    };
    assert_eq!(
        [
            hash(Start::Uniform(0.1), &[37, 11]),
            hash(Start::Normal(0.1), &[37, 11]),
            hash(Start::Orthogonal(1.0), &[37, 11]),
            hash(
                Start::Sparse {
                    incoming: 5,
                    radius: 0.95
                },
                &[23, 23]
            ),
        ],
        [
            10_078_710_700_763_965_343,
            7_453_663_710_402_575_758,
            5_802_008_037_257_071_018,
            9_116_250_721_888_485_008,
        ]
    );
}

/// A tape's gradients with these values.
fn gradients<E: Scalar>(
    model: &mut Model<E>,
    mut value: impl FnMut(&str, usize) -> f64,
) -> Gradients<E, Cpu> {
    let mut gradients = Gradients::leaky();
    for_each(model, |name, parameter| {
        let name = name.to_string();
        for (place, g) in parameter.gradient(&mut gradients).iter_mut().enumerate() {
            *g = E::nearest(value(&name, place));
        }
    });
    gradients
}

#[test]
fn statistics_say_what_a_gradient_is_like() {
    let mut model = Model::<f32>::new();
    let mut some = gradients(&mut model, |name, place| match (name, place) {
        ("pair.0", 0) => 3.0,
        ("pair.0", 4) => -4.0,
        ("scale", _) => 12.0,
        ("pair.1", 2) => f64::INFINITY,
        ("pair.1", 3) => 1.0,
        _ => 0.0,
    });
    let all = statistics(&mut model, &mut some);
    let of = |name: &str| all.iter().find(|s| s.name == name).unwrap();
    let pair = of("pair.0");
    assert_eq!((pair.count, pair.norm, pair.largest), (5, 5.0, 4.0));
    assert_eq!((pair.zeros, pair.not_finite), (0.6, 0));
    assert_eq!(of("layers.3.bias").zeros, 1.0);
    assert_eq!(of("pair.1").not_finite, 1);
    assert_eq!(of("pair.1").largest, f64::INFINITY);
    assert_eq!(global_norm(&mut model, &mut some), f64::INFINITY);
    let mut rest = Frozen::new(&mut model, &["pair.1"]);
    assert_eq!(global_norm(&mut rest, &mut some), 13.0);
    let mut nan = gradients(&mut model, |name, _| {
        if name == "scale" {
            f64::NAN
        } else {
            f64::INFINITY
        }
    });
    assert!(global_norm(&mut model, &mut nan).is_nan());
}

/// A parameter that the loss does not touch has a gradient of zeros, and that is seen.
#[test]
fn a_parameter_without_a_gradient_is_all_zeros() {
    let mut model = Model::<f64>::new();
    let mut some = (model.scale.leaky_trace() * 2.0).backward();
    let all = statistics(&mut model, &mut some);
    let touched: Vec<&str> = all
        .iter()
        .filter(|s| s.zeros < 1.0)
        .map(|s| s.name.as_str())
        .collect();
    assert_eq!(touched, ["scale"]);
}

#[test]
fn a_norm_is_right_at_the_ends_of_the_range() {
    let mut model = Model::<f64>::new();
    let count = count(&mut model) as f64;
    for size in [1e200, 1e-200, 1e-310, 1.0] {
        let mut some = gradients(
            &mut model,
            |_, place| {
                if place % 2 == 0 {
                    size
                } else {
                    -size
                }
            },
        );
        let seen = global_norm(&mut model, &mut some);
        assert!(
            (seen / (count.sqrt() * size) - 1.0).abs() < 1e-10,
            "{size}: {seen}"
        );
    }
    let mut model = Model::<f32>::new();
    let mut some = gradients(&mut model, |_, _| 1e30);
    let seen = global_norm(&mut model, &mut some);
    assert!((seen / (count.sqrt() * 1e30) - 1.0).abs() < 1e-6, "{seen}");
}
