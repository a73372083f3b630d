// SPDX-License-Identifier: MIT OR Apache-2.0
//! Recurrent layers on the tape: gradients against central differences of the whole model.
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::rnn::{Activation, Rnn};
use kernels::sequence::Cell;
use rand_chacha::{rand_core::SeedableRng, ChaCha8Rng};
use tape::dims::{Batch, Columns, Hidden, Input, Time};
use tape::loss::squared_error;
use tape::recurrent::{Inputs, OnNets, Reading, Recurrent, State, Steps};
use tape::train::{initialize, parameters, Parameters, Start, Visitor};

const B: usize = 3;
const T: usize = 5;
const LENGTHS: [usize; B] = [5, 0, 3];

/// Two layers, the second one backwards and from the first one's last states.
struct Model<C> {
    first: Recurrent<C, Input, Hidden, f64>,
    second: Recurrent<C, Hidden, Hidden, f64>,
}

impl<C> Parameters<f64> for Model<C> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, f64>) {
        visitor.visit("first", &mut self.first);
        visitor.visit("second", &mut self.second);
    }
}

type Target = Steps<Batch, Hidden, f64>;

impl<C: Cell<f64>> Model<C> {
    fn new(cell: C) -> Self {
        let mut model = Model {
            first: Recurrent::zeros(cell, Input(2), Hidden(4)),
            second: Recurrent::zeros(cell, Hidden(4), Hidden(4)),
        };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        initialize(&mut model, &mut rng, |_, _| Start::Uniform(0.5)).expect("a uniform start");
        model
    }

    /// The loss: of all outputs of the second layer, and of its states at the end.
    fn loss<Y: Tape<f64, Cpu> + Merge<NoneTape>>(
        &self,
        x: Steps<Batch, Input, f64, Y>,
        target: &Target,
    ) -> Tensor<Rank0, f64, Cpu, Y> {
        let mut reading = Reading {
            lengths: Some(&LENGTHS),
            ..Reading::default()
        };
        let (middle, end) = self.first.run(x, None, reading).expect("memory");
        reading.reverse = true;
        let (y, end) = self
            .second
            .run(middle, Some(&end), reading)
            .expect("memory");
        let (loss, tape) = squared_error(y, target, 0.7).expect("memory").split_tape();
        let last = end.output.put_tape(tape).square().sum::<Rank0, _>() + loss;
        match end.cell {
            Some(cell) => {
                let (last, tape) = last.split_tape();
                cell.put_tape(tape).sin().sum::<Rank0, _>() + last
            }
            None => last,
        }
    }
}

fn data(seed: u64, count: usize) -> Vec<f64> {
    let one = |k: usize| (((k as u64 + 1) * (seed + 7) * 2_654_435_761) % 2001) as f64;
    (0..count).map(|k| one(k) / 1000.0 - 1.0).collect()
}

fn check<C: Cell<f64>>(cell: C) {
    let device = Cpu::default();
    let x = device.tensor_from_vec(data(1, B * T * 2), (Batch(B), Time(T), Input(2)));
    let target = device.tensor_from_vec(data(2, B * T * 4), (Batch(B), Time(T), Hidden(4)));
    let mut model = Model::new(cell);
    let loss = model.loss(x.clone().retaped::<OwnedTape<f64, Cpu>>(), &target);
    let plain = model.loss(x.clone(), &target);
    assert_eq!(loss.array(), plain.array());
    let mut gradients = loss.backward();

    let mut slopes = Vec::new();
    parameters::for_each(&mut model, |name, parameter| {
        slopes.push((
            name.to_string(),
            parameter.gradient(&mut gradients).to_vec(),
        ));
    });
    for (which, (name, gradient)) in slopes.into_iter().enumerate() {
        for (k, &slope) in gradient.iter().enumerate() {
            let mut moved = |by: f64| {
                let mut number = 0;
                parameters::for_each(&mut model, |_, parameter| {
                    let mut values = vec![0.0; parameter.count()];
                    parameter.copy_into(&mut values);
                    if number == which {
                        values[k] += by;
                    }
                    parameter.copy_from(&values);
                    number += 1;
                });
                model.loss(x.clone(), &target).array()
            };
            let (up, down) = (moved(1e-5), moved(-2e-5));
            moved(1e-5);
            let difference = (up - down) / 2e-5;
            assert!(
                (slope - difference).abs() < 1e-8,
                "{name} {k}: {slope} {difference}"
            );
        }
    }
    let d_x = gradients.get(&x).as_vec();
    for (k, &slope) in d_x.iter().enumerate() {
        let moved = |by: f64| {
            let mut values = data(1, B * T * 2);
            values[k] += by;
            let x = device.tensor_from_vec(values, (Batch(B), Time(T), Input(2)));
            model.loss(x, &target).array()
        };
        let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((slope - difference).abs() < 1e-8, "x {k}");
    }
}

#[test]
fn gradients_of_stacked_layers_are_central_differences() {
    check(Rnn {
        activation: Activation::Tanh,
    });
    check(Lstm { peepholes: false });
    check(Lstm { peepholes: true });
    let update = Update::TakesCandidate;
    check(Gru {
        reset: Reset::BeforeMatrix,
        update,
    });
    check(Gru {
        reset: Reset::AfterMatrix,
        update,
    });
}

/// Step by step, each from the state before, is the same as all steps at once; to the bit.
#[test]
fn steps_are_the_sequence() {
    let device = Cpu::default();
    let mut layer = Recurrent::<Lstm, Const<2>, Const<4>, f64>::zeros(
        Lstm { peepholes: true },
        Const,
        Const,
    );
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    initialize(&mut layer, &mut rng, |_, _| Start::Uniform(0.5)).expect("a uniform start");
    let values = data(1, B * T * 2);
    let x = device.tensor_from_vec(values.clone(), (Const::<B>, Time(T), Const::<2>));
    let tape = OwnedTape::<f64, Cpu>::default();
    let run = layer.run(x.put_tape(tape), None, Reading::default());
    let (whole, _) = run.expect("memory");
    let all = whole.as_vec();
    let target = device.tensor_from_vec(data(2, B * 4), (Const::<B>, Const::<4>));

    // The loss is that of the last output; the same weights, so the same gradients.
    let last = whole.slice((.., T - 1.., ..));
    let last: Tensor<(Const<B>, Const<4>), f64, Cpu, _> =
        last.reshape_like(&(Const::<B>, Const::<4>));
    let loss = squared_error(last, &target, 1.0).expect("memory");
    let at_once = loss.backward();

    let stepper = layer.stepper(true, Inputs::Data);
    let mut state: Option<State<Const<B>, Const<4>, f64>> = None;
    let mut tape = OwnedTape::<f64, Cpu>::default();
    for t in 0..T {
        let rows = (0..B).flat_map(|b| values[(b * T + t) * 2..][..2].to_vec());
        let x = device.tensor_from_vec(rows.collect(), (Const::<B>, Const::<2>));
        let step = stepper.step(x.put_tape(tape), state.as_ref());
        let (h, next) = step.expect("memory");
        let (h, rest) = h.split_tape();
        for b in 0..B {
            let row = &all[(b * T + t) * 4..][..4];
            assert_eq!(&h.as_vec()[b * 4..][..4], row, "step {t}");
        }
        tape = rest;
        state = Some(next);
    }
    let end = state.expect("a state").output.put_tape(tape);
    let by_steps = squared_error(end, &target, 1.0).expect("memory").backward();
    for (a, b) in [(at_once.get(&layer.w_x), by_steps.get(&layer.w_x))] {
        for (a, b) in a.as_vec().into_iter().zip(b.as_vec()) {
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
    }
    let (a, b) = (at_once.get(&layer.w_h), by_steps.get(&layer.w_h));
    for (a, b) in a.as_vec().into_iter().zip(b.as_vec()) {
        assert!((a - b).abs() < 1e-14, "{a} {b}");
    }
}

/// Given x W_x a layer without W_x is the one with it: h, all gradients, and step by step.
#[test]
fn a_layer_on_net_inputs_is_the_layer_that_makes_them() {
    let device = Cpu::default();
    let cell = Gru {
        reset: Reset::AfterMatrix,
        update: Update::TakesCandidate,
    };
    let mut with = Recurrent::<Gru, Input, Hidden, f64>::zeros(cell, Input(2), Hidden(4));
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    initialize(&mut with, &mut rng, |_, _| Start::Uniform(0.5)).expect("a uniform start");
    let mut without = OnNets::<Gru, Hidden, f64>::on_nets(cell, Hidden(4));
    without.w_h = with.w_h.clone();
    without.bias = with.bias.clone();
    let mut names = Vec::new();
    parameters::for_each(&mut without, |name, _| names.push(name.to_string()));
    assert_eq!(names, ["w_h", "bias"]);

    let (batch, columns) = (Batch(B), with.bias.shape().0);
    let x = device.tensor_from_vec(data(1, B * T * 2), (batch, Time(T), Input(2)));
    let target = device.tensor_from_vec(data(2, B * T * 4), (batch, Time(T), Hidden(4)));
    let reading = Reading {
        lengths: Some(&LENGTHS),
        ..Reading::default()
    };
    let run = with.run(x.leaky_trace(), None, reading).expect("memory");
    let h = run.0.as_vec();
    let loss = squared_error(run.0, &target, 1.0).expect("memory");
    let should = loss.backward();
    let rows: Tensor<(usize, Input), f64, Cpu, _> =
        x.leaky_trace().reshape_like(&(B * T, Input(2)));
    let nets = rows.matmul(with.w_x.clone());
    let nets = nets.reshape_like(&(batch, Time(T), columns));
    let first: Tensor<(Batch, Columns), f64, Cpu> = device.tensor_from_vec(
        (0..B)
            .flat_map(|b| nets.as_vec()[b * T * 12..][..12].to_vec())
            .collect(),
        (batch, columns),
    );
    let run = without.run_nets(nets, None, reading).expect("memory");
    let near = |is: Vec<f64>, should: Vec<f64>| {
        for (is, should) in is.into_iter().zip(should) {
            assert!((is - should).abs() < 1e-13, "{is} {should}");
        }
    };
    let all = run.0.as_vec();
    near(all.clone(), h);
    let loss = squared_error(run.0, &target, 1.0).expect("memory");
    let is = loss.backward();
    near(is.get(&with.w_x).as_vec(), should.get(&with.w_x).as_vec());
    near(is.get(&x).as_vec(), should.get(&x).as_vec());
    near(
        is.get(&without.w_h).as_vec(),
        should.get(&with.w_h).as_vec(),
    );
    near(
        is.get(&without.bias).as_vec(),
        should.get(&with.bias).as_vec(),
    );

    let stepper = without.stepper(false, Inputs::Data);
    let (h, _) = stepper.step_nets(first, None).expect("memory");
    for b in [0, 2] {
        assert_eq!(h.as_vec()[b * 4..][..4], all[b * T * 4..][..4]);
    }
}

#[test]
#[should_panic(expected = "Columns is 8 in the net inputs and 4 in the layer")]
fn net_inputs_of_another_size_are_refused_by_name() {
    let activation = Activation::Tanh;
    let layer = OnNets::<Rnn, _, f64>::on_nets(Rnn { activation }, Hidden(4));
    let nets = Cpu::default().zeros_like(&(Batch(1), Time(1), Columns(8)));
    let _ = layer.run_nets(nets, None, Reading::default());
}

/// What a permuted tensor holds in memory is not what it says.
#[test]
fn the_order_in_memory_does_not_matter() {
    let device = Cpu::default();
    let mut layer =
        Recurrent::<Lstm, Const<2>, Const<4>, f64>::zeros(Lstm::default(), Const, Const);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    initialize(&mut layer, &mut rng, |_, _| Start::Uniform(0.5)).expect("a uniform start");
    let x = device.tensor_from_vec(data(5, B * T * 2), (Const::<B>, Time(T), Const::<2>));
    let turned: Tensor<(Time, Const<B>, Const<2>), f64, Cpu> = x.clone().permute();
    let memory = turned.contiguous();
    let back: Steps<Const<B>, Const<2>, f64> = memory.permute();
    let run = |x| {
        layer
            .run(x, None, Reading::default())
            .expect("memory")
            .0
            .as_vec()
    };
    assert_eq!(run(x), run(back));
}

/// One model, its sizes in its types or beside them: the same weights, the same bits.
#[test]
fn a_name_and_a_constant_compute_the_same() {
    let device = Cpu::default();
    let start = |layer: &mut dyn Parameters<f64>| {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        initialize(layer, &mut rng, |_, _| Start::Uniform(0.5)).expect("a uniform start");
    };
    let mut named = Recurrent::zeros(Lstm::default(), Input(2), Hidden(4));
    start(&mut named);
    let x = device.tensor_from_vec(data(5, B * T * 2), (Batch(B), Time(T), Input(2)));
    let (y, _) = named.run(x, None, Reading::default()).expect("memory");
    let mut constant = Recurrent::zeros(Lstm::default(), Const::<2>, Const::<4>);
    start(&mut constant);
    let x = device.tensor_from_vec(data(5, B * T * 2), (Const::<B>, Time(T), Const::<2>));
    let (by_constant, _) = constant.run(x, None, Reading::default()).expect("memory");
    assert_eq!(y.as_vec(), by_constant.as_vec());
}

#[test]
#[should_panic(expected = "Hidden is 4 in the inputs and 5 in the units")]
fn a_layer_of_one_name_in_two_sizes_is_refused() {
    Recurrent::<Lstm, _, _, f64>::zeros(Lstm::default(), Hidden(4), Hidden(5));
}

#[test]
#[should_panic(expected = "Input is 3 in x and 2 in the layer")]
fn inputs_of_another_size_are_refused_by_name() {
    let layer = Recurrent::<Lstm, _, _, f64>::zeros(Lstm::default(), Input(2), Hidden(4));
    let x = Cpu::default().zeros_like(&(Batch(1), Time(1), Input(3)));
    let _ = layer.run(x, None, Reading::default());
}

#[test]
#[should_panic(expected = "Hidden is 5 in the start and 4 in the layer")]
fn a_state_of_another_size_is_refused_by_name() {
    let layer = Recurrent::<Rnn, _, _, f64>::zeros(
        Rnn {
            activation: Activation::Tanh,
        },
        Input(2),
        Hidden(4),
    );
    let device = Cpu::default();
    let start = State {
        output: device.zeros_like(&(Batch(1), Hidden(5))),
        cell: None,
    };
    let x = device.zeros_like(&(Batch(1), Time(1), Input(2)));
    let _ = layer.run(x, Some(&start), Reading::default());
}
