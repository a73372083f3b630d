// SPDX-License-Identifier: MIT OR Apache-2.0
//! Gated feedback against the loops that say what it computes, and its gradients against central
//! differences of these loops.
use kernels::feedback::{
    backward, forward, Connection, Outputs, Prepared, Sizes, Squash, Trace, Unit, Weights,
};
use kernels::path::Instructions;
use kernels::sequence::State;
use kernels::{Batch, Real};

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % limit as u64) as usize
    }

    fn many(&mut self, range: f64, count: usize) -> Vec<f64> {
        let one = |_| range * (self.below(2_000_001) as f64 / 1e6 - 1.0);
        (0..count).map(one).collect()
    }
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Arrays of a layer, in this order: W_x, from below, of the gates, of the candidate, b.
const OF_LAYER: usize = 5;
const INPUT: usize = 0;
const BELOW: usize = 1;
const GATES: usize = 2;
const CANDIDATE: usize = 3;
const BIAS: usize = 4;

/// Behind those of all layers: the start, and the gradients with respect to what comes out.
const START: usize = 0;
const CELLS: usize = 1;
const D_STATES: usize = 2;
const D_END: usize = 3;
const D_END_CELLS: usize = 4;

#[derive(Debug, Clone)]
struct Case {
    sizes: Sizes,
    lengths: Vec<usize>,
    steps: usize,
    symbols: Vec<usize>,
    held: Vec<Option<f64>>,
    values: Vec<Vec<f64>>,
}

/// What comes out: states, gates, and the two parts of the end.
type Out = [Vec<f64>; 4];

impl Case {
    /// Sequences of up to so many steps, empty ones among them.
    fn new(numbers: &mut Numbers, sizes: Sizes, count: usize, most: usize) -> Self {
        let mut lengths: Vec<usize> = (0..count).map(|_| numbers.below(most + 1)).collect();
        if let Some(last) = lengths.last_mut() {
            *last = most;
        }
        let steps = most + numbers.below(3);
        Case::of(numbers, sizes, lengths, steps)
    }

    fn of(numbers: &mut Numbers, sizes: Sizes, lengths: Vec<usize>, steps: usize) -> Self {
        let (v, h, p, q) = (sizes.symbols, sizes.units, sizes.past(), sizes.columns());
        let count = lengths.len();
        let range = |rows: usize| 1.5 / (rows as f64).sqrt();
        let mut values = Vec::new();
        for l in 0..sizes.layers {
            let fed = if sizes.is_fed(l) { v * q } else { 0 };
            values.push(numbers.many(0.8, fed));
            values.push(numbers.many(range(h), if l > 0 { h * q } else { 0 }));
            values.push(numbers.many(range(p), p * sizes.gates()));
            values.push(numbers.many(range(p), p * h));
            values.push(numbers.many(0.5, q));
        }
        let rows = count * sizes.stack();
        let inner = if sizes.unit.cells() { rows } else { 0 };
        for size in [rows, inner, rows * steps, rows, inner] {
            values.push(numbers.many(0.9, size));
        }
        let symbols = (0..count * steps).map(|_| numbers.below(v)).collect();
        let mut case = Case {
            sizes,
            lengths,
            steps,
            symbols,
            held: Vec::new(),
            values,
        };
        // What stands beyond an end is not read.
        for b in 0..count {
            for t in case.lengths[b]..steps {
                case.symbols[b * steps + t] = usize::MAX;
                let at = case.last(D_STATES);
                let row = (b * steps + t) * sizes.stack();
                case.values[at][row..][..sizes.stack()].fill(f64::NAN);
            }
        }
        case
    }

    /// The place of an array that belongs to no layer.
    fn last(&self, which: usize) -> usize {
        OF_LAYER * self.sizes.layers + which
    }

    /// All cases of a unit and a connection.
    fn all(
        unit: Unit,
        connection: Connection,
        skip: bool,
        seed: u64,
    ) -> impl Iterator<Item = Case> {
        let mut numbers = Numbers(seed);
        let sizes = [
            // Symbols, layers, units; sequences, steps.
            ([1, 1, 1], [0, 1]),
            ([1, 1, 1], [1, 1]),
            ([3, 2, 1], [2, 0]),
            ([2, 3, 2], [1, 3]),
            ([5, 1, 4], [3, 4]),
            ([4, 2, 3], [5, 4]),
            ([7, 3, 2], [17, 2]),
            ([3, 2, 17], [2, 3]),
        ];
        sizes
            .into_iter()
            .map(move |([symbols, layers, units], [count, steps])| {
                let sizes = Sizes {
                    symbols,
                    layers,
                    units,
                    unit,
                    connection,
                    skip,
                    path: Instructions::Portable,
                };
                Case::new(&mut numbers, sizes, count, steps)
            })
    }

    /// What comes out, said plainly.
    fn plainly(&self) -> Out {
        let Sizes {
            layers,
            units: h,
            unit,
            connection,
            ..
        } = self.sizes;
        let (stack, a, q) = (layers * h, self.sizes.gates(), self.sizes.columns());
        let pairs = match connection.is_gated() {
            true => layers * layers,
            false => 0,
        };
        let (count, steps) = (self.lengths.len(), self.steps);
        let mut states = vec![0.0; count * steps * stack];
        let mut gates = vec![0.0; count * steps * pairs];
        let mut end = self.values[self.last(START)].clone();
        let mut end_cells = self.values[self.last(CELLS)].clone();
        for b in 0..count {
            let mut hidden = end[b * stack..][..stack].to_vec();
            let mut cells = match unit.cells() {
                true => end_cells[b * stack..][..stack].to_vec(),
                false => Vec::new(),
            };
            for t in 0..self.lengths[b] {
                let row = b * steps + t;
                let mut new = vec![0.0; stack];
                for l in 0..layers {
                    let below = new[..l * h].to_vec();
                    let w = &self.values[OF_LAYER * l..][..OF_LAYER];
                    // Of this step.
                    let net = |at: usize| {
                        let mut net = w[BIAS][at];
                        if self.sizes.is_fed(l) {
                            net += w[INPUT][self.symbols[row] * q + at];
                        }
                        if l > 0 {
                            for i in 0..h {
                                net += below[(l - 1) * h + i] * w[BELOW][i * q + at];
                            }
                        }
                        net
                    };
                    // The states before that are read, layer by layer.
                    let from: Vec<usize> = match connection {
                        Connection::Own => vec![l],
                        _ => (0..layers).collect(),
                    };
                    let gate_net = |at: usize| {
                        let mut sum = net(at);
                        for (place, &k) in from.iter().enumerate() {
                            for i in 0..h {
                                sum += hidden[k * h + i] * w[GATES][(place * h + i) * a + at];
                            }
                        }
                        sum
                    };
                    let of_feedback: Vec<f64> = match connection {
                        Connection::Gated(squash) => (0..layers)
                            .map(|k| {
                                let net = gate_net(unit.gates() * h + k);
                                let held = self.held.get(l * layers + k).copied().flatten();
                                match (held, squash) {
                                    (Some(value), _) => value,
                                    (None, Squash::Logistic) => logistic(net),
                                    (None, Squash::Linear) => net,
                                }
                            })
                            .collect(),
                        _ => vec![1.0; from.len()],
                    };
                    if pairs > 0 {
                        gates[row * pairs + l * layers..][..layers]
                            .copy_from_slice(&of_feedback);
                    }
                    for j in 0..h {
                        let mut s = 0.0;
                        for (place, &k) in from.iter().enumerate() {
                            for i in 0..h {
                                s += of_feedback[place]
                                    * hidden[k * h + i]
                                    * w[CANDIDATE][(place * h + i) * h + j];
                            }
                        }
                        let (m, at) = (net(a + j), l * h + j);
                        let unit_gate = |number: usize| logistic(gate_net(number * h + j));
                        new[at] = match unit {
                            Unit::Tanh => (m + s).tanh(),
                            Unit::Gru => {
                                let (r, z) = (unit_gate(0), unit_gate(1));
                                (1.0 - z) * hidden[at] + z * (m + r * s).tanh()
                            }
                            Unit::Lstm => {
                                cells[at] =
                                    unit_gate(1) * cells[at] + unit_gate(0) * (m + s).tanh();
                                unit_gate(2) * cells[at].tanh()
                            }
                        };
                    }
                }
                hidden = new;
                states[row * stack..][..stack].copy_from_slice(&hidden);
            }
            end[b * stack..][..stack].copy_from_slice(&hidden);
            if unit.cells() {
                end_cells[b * stack..][..stack].copy_from_slice(&cells);
            }
        }
        [states, gates, end, end_cells]
    }

    /// The sum of what comes out, each times the gradient with respect to it.
    fn loss(&self) -> f64 {
        let [states, _, end, end_cells] = self.plainly();
        let all = [(states, D_STATES), (end, D_END), (end_cells, D_END_CELLS)];
        let of = |(y, which): (Vec<f64>, usize)| -> f64 {
            let each = y.iter().zip(&self.values[self.last(which)]);
            // Beyond an end there is no gradient.
            each.filter(|(_, d)| !d.is_nan()).map(|(y, d)| y * d).sum()
        };
        all.into_iter().map(of).sum()
    }

    fn narrow<F: Real>(&self) -> Vec<Vec<F>> {
        let one = |values: &Vec<f64>| values.iter().map(|&v| F::from_f64(v)).collect();
        self.values.iter().map(one).collect()
    }

    fn batch(&self) -> Batch<'_> {
        Batch {
            lengths: &self.lengths,
            steps: self.steps,
            reverse: false,
        }
    }

    /// So large that several threads are worth it, and so that a chunk is not all of it.
    fn large(seed: u64, unit: Unit, connection: Connection) -> Case {
        let sizes = Sizes {
            symbols: 19,
            layers: 3,
            units: 23,
            unit,
            connection,
            skip: true,
            path: Instructions::Portable,
        };
        Case::new(&mut Numbers(seed), sizes, 71, 11)
    }
}

/// Packed weights, a trace, and what they are used for.
struct Run<F> {
    prepared: Prepared<F>,
    trace: Trace<F>,
    /// Gradients of weights and start; then all that comes out.
    all: Vec<Vec<F>>,
    held: Vec<Option<F>>,
}

impl<F: Real> Run<F> {
    fn new(case: &Case) -> Self {
        let learned = case.last(CELLS) + 1;
        let mut all: Vec<Vec<F>> = case.values[..learned]
            .iter()
            .map(|values| vec![F::HALF; values.len()])
            .collect();
        let (rows, layers) = (case.lengths.len() * case.steps, case.sizes.layers);
        let pairs = if case.sizes.connection.is_gated() {
            layers * layers
        } else {
            0
        };
        all.push(vec![F::HALF; rows * case.sizes.stack()]);
        all.push(vec![F::HALF; rows * pairs]);
        all.push(vec![F::HALF; case.values[case.last(D_END)].len()]);
        all.push(vec![F::HALF; case.values[case.last(D_END_CELLS)].len()]);
        let held = case.held.iter();
        Run {
            prepared: Prepared::default(),
            trace: Trace::default(),
            all,
            held: held.map(|held| held.map(F::from_f64)).collect(),
        }
    }

    fn forward(&mut self, case: &Case, values: &[Vec<F>], path: Instructions) {
        let sizes = Sizes { path, ..case.sizes };
        let mut weights = [Weights::default(); 8];
        let layers = values.chunks(OF_LAYER).take(sizes.layers);
        for (to, values) in weights.iter_mut().zip(layers) {
            *to = Weights {
                input: &values[INPUT][..],
                below: &values[BELOW],
                gates: &values[GATES],
                candidate: &values[CANDIDATE],
                bias: &values[BIAS],
            };
        }
        self.prepared.pack(sizes, &weights[..sizes.layers], true);
        let first = case.last(CELLS) + 1;
        let [states, gates, end, end_cells] = &mut self.all[first..] else {
            unreachable!("four arrays come out")
        };
        forward(
            sizes,
            &self.prepared,
            case.batch(),
            &case.symbols,
            &self.held,
            State {
                output: &values[case.last(START)],
                cell: &values[case.last(CELLS)],
            },
            Outputs {
                states: &mut states[..],
                gates,
            },
            State {
                output: &mut end[..],
                cell: end_cells,
            },
            &mut self.trace,
        );
    }

    fn backward(&mut self, case: &Case, values: &[Vec<F>], path: Instructions) {
        let sizes = Sizes { path, ..case.sizes };
        let (of_layers, rest) = self.all.split_at_mut(case.last(START));
        let mut gradients: [Weights<&mut [F]>; 8] = Default::default();
        for (to, values) in gradients.iter_mut().zip(of_layers.chunks_mut(OF_LAYER)) {
            let [input, below, gates, candidate, bias] = values else {
                unreachable!("five arrays a layer")
            };
            *to = Weights {
                input,
                below,
                gates,
                candidate,
                bias,
            };
        }
        let [start, cells, ..] = rest else {
            unreachable!("a start of two parts")
        };
        backward(
            sizes,
            &self.prepared,
            &values[case.last(D_STATES)],
            State {
                output: &values[case.last(D_END)],
                cell: &values[case.last(D_END_CELLS)],
            },
            &mut gradients[..sizes.layers],
            State {
                output: start,
                cell: cells,
            },
            &mut self.trace,
        );
    }
}

/// The gradients of weights and start, added to 0.5, and what comes out.
fn run<F: Real>(case: &Case, path: Instructions) -> Vec<Vec<F>> {
    let values = case.narrow::<F>();
    let mut run = Run::new(case);
    run.forward(case, &values, path);
    run.backward(case, &values, path);
    run.all
}

fn paths() -> impl Iterator<Item = Instructions> {
    Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
}

const UNITS: [Unit; 3] = [Unit::Tanh, Unit::Gru, Unit::Lstm];
const CONNECTIONS: [Connection; 4] = [
    Connection::Own,
    Connection::All,
    Connection::Gated(Squash::Logistic),
    Connection::Gated(Squash::Linear),
];
const GATED: Connection = Connection::Gated(Squash::Logistic);

/// All cases; of the gated ones some hold gates.
fn cases(seed: u64) -> Vec<Case> {
    let mut all = Vec::new();
    for unit in UNITS {
        for connection in CONNECTIONS {
            for skip in [true, false] {
                all.extend(Case::all(unit, connection, skip, seed));
            }
            if connection.is_gated() {
                let mut numbers = Numbers(seed + 1);
                all.extend(Case::all(unit, connection, true, seed + 2).map(|mut case| {
                    let pairs = case.sizes.layers * case.sizes.layers;
                    let values = numbers.many(1.5, pairs);
                    let held = |value| (numbers.below(2) == 0).then_some(value);
                    case.held = values.into_iter().map(held).collect();
                    case
                }));
            }
        }
    }
    all
}

#[test]
fn outputs_are_what_the_loops_say_on_every_path() {
    fn check<F: Real>(case: &Case, should: &Out, close: f64) {
        for path in paths() {
            let all = run::<F>(case, path);
            let first = case.last(CELLS) + 1;
            for (which, (ours, should)) in all[first..].iter().zip(should).enumerate() {
                assert_eq!(ours.len(), should.len());
                for (k, (y, should)) in ours.iter().zip(should).enumerate() {
                    let gap = (y.to_f64() - should).abs();
                    let close = close * (1.0 + should.abs());
                    assert!(gap < close, "{path:?} {which} {k} {y:?} {should} {case:?}");
                }
            }
        }
    }
    for case in cases(1) {
        let should = case.plainly();
        check::<f64>(&case, &should, 1e-13);
        check::<f32>(&case, &should, 2e-5);
    }
}

#[test]
fn gradients_are_central_differences_on_every_path() {
    let mut numbers = Numbers(5);
    for mut case in cases(6) {
        let all: Vec<_> = paths().map(|path| run::<f64>(&case, path)).collect();
        let small: Vec<_> = paths().map(|path| run::<f32>(&case, path)).collect();
        for which in 0..=case.last(CELLS) {
            let count = case.values[which].len();
            for _ in 0..usize::min(count, 4) {
                let k = numbers.below(count);
                let mut moved = |by: f64| {
                    let was = case.values[which][k];
                    case.values[which][k] = was + by;
                    let loss = case.loss();
                    case.values[which][k] = was;
                    loss
                };
                let slope = 0.5 + (moved(1e-5) - moved(-1e-5)) / 2e-5;
                let scale = 1.0 + slope.abs();
                for results in &all {
                    let gap = (results[which][k] - slope).abs();
                    assert!(gap < 1e-7 * scale, "{which} {k}: {gap:e} {case:?}");
                }
                for results in &small {
                    let gap = (f64::from(results[which][k]) - slope).abs();
                    assert!(gap < 3e-4 * scale, "{which} {k}: {gap:e} {case:?}");
                }
            }
        }
    }
}

/// Gates that are held at one are no gates; held at zero but into their own layers, layers are only
/// stacked, where the unit gates are deaf to the others.
#[test]
fn held_gates_turn_the_connection_into_the_others() {
    for unit in UNITS {
        let sizes = Sizes {
            symbols: 5,
            layers: 3,
            units: 4,
            unit,
            connection: GATED,
            skip: true,
            path: Instructions::Portable,
        };
        let mut gated = Case::new(&mut Numbers(21), sizes, 5, 4);
        let (h, stack, columns) = (4, 12, sizes.columns());
        // Without the columns of the feedback gates.
        let thin = |values: &[f64], columns: usize| -> Vec<f64> {
            let own = unit.gates() * h;
            let rows = values.chunks_exact(columns);
            rows.flat_map(|row| row[..own].iter().chain(&row[own + 3..]).copied())
                .collect()
        };
        let mut open = gated.clone();
        open.sizes.connection = Connection::All;
        for l in 0..3 {
            for which in [INPUT, BELOW, BIAS] {
                let at = OF_LAYER * l + which;
                open.values[at] = thin(&gated.values[at], columns);
            }
            let at = OF_LAYER * l + GATES;
            open.values[at] = thin(&gated.values[at], sizes.gates());
        }
        gated.held = vec![Some(1.0); 9];
        let mut own = open.clone();
        own.sizes.connection = Connection::Own;
        let mut apart = gated.clone();
        apart.held = (0..9)
            .map(|pair| Some(f64::from(pair / 3 == pair % 3)))
            .collect();
        for l in 0..3 {
            for (which, width) in [(GATES, unit.gates() * h), (CANDIDATE, h)] {
                let at = OF_LAYER * l + which;
                let rows = l * h * width..(l + 1) * h * width;
                own.values[at] = open.values[at][rows].to_vec();
            }
            let at = OF_LAYER * l + GATES;
            let rows = apart.values[at].chunks_exact_mut(sizes.gates());
            for (row, values) in rows.enumerate() {
                if row / h != l {
                    values.fill(0.0);
                }
            }
        }
        for (a, b) in [(&gated, &open), (&apart, &own)] {
            for path in paths() {
                let (a, b) = (run::<f64>(a, path), run::<f64>(b, path));
                let first = gated.last(CELLS) + 1;
                for which in [first, first + 2, first + 3, gated.last(START)] {
                    for (x, y) in a[which].iter().zip(&b[which]) {
                        assert!((x - y).abs() < 1e-13, "{unit:?} {path:?} {which} {x} {y}");
                    }
                }
            }
        }
        // No gradient for what makes a gate that is held.
        let all = run::<f64>(&gated, Instructions::Portable);
        for l in 0..3 {
            for (which, width, own) in [
                (BIAS, columns, unit.gates() * h),
                (GATES, sizes.gates(), unit.gates() * h),
            ] {
                let rows = all[OF_LAYER * l + which].chunks_exact(width);
                assert!(rows.flat_map(|row| &row[own..own + 3]).all(|&d| d == 0.5));
            }
        }
        assert_eq!(stack, sizes.stack());
    }
}

#[test]
fn the_number_of_threads_leaves_the_bytes_alone() {
    for unit in UNITS {
        for connection in [Connection::Own, GATED] {
            let case = Case::large(11, unit, connection);
            for path in paths() {
                let with = |threads: usize| {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                    pool.build()
                        .expect("threads")
                        .install(|| run::<f32>(&case, path))
                };
                let one = with(1);
                assert_eq!(one, with(2), "{path:?}");
                assert_eq!(one, with(5), "{path:?}");
            }
        }
    }
}

/// The part of a sequence, of an array that has one for each.
fn part<T>(values: &[T], sequences: usize, b: usize) -> &[T] {
    let width = values.len() / sequences;
    &values[b * width..][..width]
}

/// What a sequence gives does not depend on the others of its batch, nor on the padding.
#[test]
fn a_sequence_alone_has_the_bytes_that_it_has_in_a_batch() {
    for unit in UNITS {
        for connection in CONNECTIONS {
            let case = Case::large(12, unit, connection);
            let count = case.lengths.len();
            for path in paths() {
                let all = run::<f32>(&case, path);
                for b in 0..count {
                    let length = case.lengths[b];
                    let mut alone = case.clone();
                    (alone.lengths, alone.steps) = (vec![length], length);
                    alone.symbols = part(&case.symbols, count, b)[..length].to_vec();
                    for which in [START, CELLS, D_STATES, D_END, D_END_CELLS] {
                        let at = case.last(which);
                        let own = part(&case.values[at], count, b);
                        let size = match which {
                            D_STATES => length * case.sizes.stack(),
                            _ => own.len(),
                        };
                        alone.values[at] = own[..size].to_vec();
                    }
                    let one = run::<f32>(&alone, path);
                    for which in case.last(START)..one.len() {
                        let batched = part(&all[which], count, b);
                        let (own, beyond) = batched.split_at(one[which].len());
                        assert_eq!(one[which], own, "{path:?} {b} {which}");
                        assert!(beyond.iter().all(|&value| value == 0.0));
                    }
                }
            }
        }
    }
}

/// Of three sequences one is poisoned: the others stay as they are.
#[test]
fn nan_and_infinity_stay_in_their_sequence() {
    for unit in UNITS {
        let sizes = Sizes {
            symbols: 3,
            layers: 2,
            units: 3,
            unit,
            connection: GATED,
            skip: true,
            path: Instructions::Portable,
        };
        let clean = Case::of(&mut Numbers(13), sizes, vec![3; 3], 3);
        for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for which in [START, CELLS, D_STATES, D_END, D_END_CELLS] {
                let mut case = clean.clone();
                let at = case.last(which);
                let width = case.values[at].len() / 3;
                case.values[at][width..2 * width].fill(poison);
                for path in paths() {
                    let (all, should) = (run::<f32>(&case, path), run::<f32>(&clean, path));
                    for result in case.last(START)..all.len() {
                        for b in [0, 2] {
                            let same = part(&all[result], 3, b) == part(&should[result], 3, b);
                            assert!(same, "{path:?} {which} {result} {b}");
                        }
                    }
                }
            }
        }
    }
}

/// Two halves, the second from where the first ended, are the whole.
#[test]
fn a_run_in_two_halves_has_the_bytes_of_the_whole() {
    for unit in UNITS {
        for connection in CONNECTIONS {
            let sizes = Sizes {
                symbols: 7,
                layers: 3,
                units: 5,
                unit,
                connection,
                skip: true,
                path: Instructions::Portable,
            };
            let whole = Case::of(&mut Numbers(14), sizes, vec![6; 4], 6);
            let half = |from: usize| {
                let mut half = whole.clone();
                (half.lengths, half.steps) = (vec![3; 4], 3);
                let symbols = whole.symbols.chunks(6);
                half.symbols = symbols
                    .flat_map(|row| &row[from..from + 3])
                    .copied()
                    .collect();
                let at = whole.last(D_STATES);
                half.values[at] = vec![0.0; 4 * 3 * 15];
                half
            };
            for path in paths() {
                let all = run::<f64>(&whole, path);
                let states = whole.last(CELLS) + 1;
                let first = run::<f64>(&half(0), path);
                let mut second = half(3);
                second.values[whole.last(START)] = first[states + 2].clone();
                second.values[whole.last(CELLS)] = first[states + 3].clone();
                let second = run::<f64>(&second, path);
                for which in [states, states + 1] {
                    for b in 0..4 {
                        let both =
                            [part(&first[which], 4, b), part(&second[which], 4, b)].concat();
                        assert_eq!(both, part(&all[which], 4, b), "{path:?} {which} {b}");
                    }
                }
                assert_eq!(second[states + 2..], all[states + 2..]);
            }
        }
    }
}

#[test]
fn a_trace_is_used_again_without_allocation() {
    for unit in UNITS {
        for connection in CONNECTIONS {
            let case = Case::large(15, unit, connection);
            let values = case.narrow::<f32>();
            let mut run = Run::new(&case);
            let mut both = || {
                run.forward(&case, &values, Instructions::default());
                run.backward(&case, &values, Instructions::default());
            };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
            pool.build().expect("a thread").install(|| {
                both();
                assert_eq!(allocation_counter::measure(&mut both).count_total, 0);
            });
        }
    }
}

/// A trace that had another batch, of other sizes, leaves nothing.
#[test]
fn a_trace_that_had_another_batch_gives_the_same_bytes() {
    let case = Case::large(16, Unit::Gru, GATED);
    let mut sizes = case.sizes;
    (sizes.layers, sizes.units, sizes.unit) = (4, 11, Unit::Lstm);
    let mut other = Case::new(&mut Numbers(17), sizes, 31, 13);
    other.held = vec![Some(0.25); 16];
    for path in paths() {
        let mut before = Run::new(&other);
        before.forward(&other, &other.values, path);
        before.backward(&other, &other.values, path);
        let mut after = Run::new(&case);
        (after.prepared, after.trace) = (before.prepared, before.trace);
        after.forward(&case, &case.values, path);
        after.backward(&case, &case.values, path);
        assert_eq!(after.all, run::<f64>(&case, path));
    }
}

/// Two sequences, of three steps and one.
fn small() -> Case {
    let sizes = Sizes {
        symbols: 3,
        layers: 2,
        units: 2,
        unit: Unit::Lstm,
        connection: GATED,
        skip: true,
        path: Instructions::Portable,
    };
    Case::of(&mut Numbers(18), sizes, vec![3, 1], 3)
}

#[test]
#[should_panic(expected = "a sequence is longer than the 3 steps of its batch")]
fn a_sequence_beyond_the_steps_is_refused() {
    let mut case = small();
    case.lengths[0] = 4;
    run::<f64>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "sequence 1 has a symbol that is not there")]
fn a_symbol_that_is_not_there_is_refused() {
    let mut case = small();
    case.symbols[3] = 3;
    run::<f64>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "the weights of the candidate has 7 values, not 8")]
fn a_weight_of_the_wrong_size_is_refused_by_name() {
    let mut case = small();
    case.values[CANDIDATE].pop();
    run::<f64>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "the held gates has 3 values, not 4")]
fn held_gates_of_another_number_are_refused() {
    let mut case = small();
    case.held = vec![None; 3];
    run::<f64>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "gates are held where there are none")]
fn gates_that_are_not_there_are_not_held() {
    let mut case = Case::large(19, Unit::Tanh, Connection::All);
    case.held = vec![Some(1.0); 9];
    run::<f64>(&case, Instructions::Portable);
}

#[test]
#[should_panic(expected = "the trace is of other sizes, or not for a way back")]
fn a_trace_goes_back_once() {
    let case = small();
    let mut run = Run::new(&case);
    run.forward(&case, &case.values, Instructions::Portable);
    run.backward(&case, &case.values, Instructions::Portable);
    run.backward(&case, &case.values, Instructions::Portable);
}

/// On the portable path the same inputs give the same bytes on every processor.
#[test]
fn the_portable_path_gives_these_bits() {
    let mut hash = 0u64;
    for unit in UNITS {
        let case = Case::large(20, unit, GATED);
        for value in run::<f32>(&case, Instructions::Portable).iter().flatten() {
            let bits = u64::from(value.to_bits());
            hash = hash.wrapping_mul(0x100_0000_01b3) ^ bits;
        }
    }
    assert_eq!(hash, 4_526_568_774_763_556_477);
}
