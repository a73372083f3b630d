// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernels against their twins in dfdx's own operations: forward, and in every gradient.
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::rnn::{Activation, Rnn};
use kernels::Instructions;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tape::dims::{Batch, Columns, Hidden, Input, Time};
use tape::primitives;
use tape::recurrent::{Inputs, Reading, Recurrent, Row, State};
use tape::Element;

/// Everything that comes out: values and gradients, by name.
type Results = Vec<(&'static str, Vec<f64>)>;

struct Case {
    rng: ChaCha8Rng,
    lengths: Vec<usize>,
    steps: usize,
    reverse: bool,
}

impl Case {
    fn new(batch: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let steps = rng.gen_range(1..8);
        let lengths = (0..batch).map(|_| rng.gen_range(0..=steps)).collect();
        let reverse = rng.gen();
        Case {
            rng,
            lengths,
            steps,
            reverse,
        }
    }

    fn tensor<S: Shape, E: Element>(&mut self, shape: S) -> Tensor<S, E, Cpu> {
        let one = |_| <E as kernels::Real>::from_f64(self.rng.gen_range(-0.8..0.8));
        let values = (0..shape.num_elements()).map(one).collect();
        Cpu::default().tensor_from_vec(values, shape)
    }
}

fn wide<E: Element, S: Shape>(tensor: &Tensor<S, E, Cpu>) -> Vec<f64> {
    let all = tensor.as_vec().into_iter();
    all.map(kernels::Real::to_f64).collect()
}

/// Both sides of a case, and how far they may be apart.
fn compare<C, E>(cell: C, [b, i, h]: [usize; 3], seed: u64, within: f64)
where
    C: kernels::sequence::Cell<E> + primitives::Cell + std::fmt::Debug + 'static,
    E: Element,
    Cpu: Device<E>,
{
    for path in Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
    {
        let (batch, input, hidden) = (Batch(b), Input(i), Hidden(h));
        let mut case = Case::new(b, seed);
        let mut layer = Recurrent::<C, Input, Hidden, E>::zeros(cell, input, hidden);
        let columns = Columns(C::GROUPS * h);
        layer.path = path;
        layer.w_x = case.tensor((input, columns));
        layer.w_h = case.tensor((hidden, columns));
        layer.bias = case.tensor((columns,));
        if layer.peepholes.is_some() {
            layer.peepholes = Some(case.tensor((Const, hidden)));
        }
        let time = Time(case.steps);
        let x: Tensor<_, E, Cpu> = case.tensor((batch, time, input));
        let row = (batch, hidden);
        let start: [Tensor<_, E, Cpu>; 2] = [case.tensor(row), case.tensor(row)];
        let d_y: Tensor<_, E, Cpu> = case.tensor((batch, time, hidden));
        let d_end: [Tensor<_, E, Cpu>; 2] = [case.tensor(row), case.tensor(row)];

        // The loss: all outputs and states, each times a number of its own.
        let finish = |y: primitives::Steps<Batch, Hidden, E, Cpu, OwnedTape<E, Cpu>>,
                      end: [Option<Row<Batch, Hidden, E>>; 2]|
         -> Results {
            let (y, tape) = y.split_tape();
            let mut results = vec![("y", wide(&y))];
            let mut sum = (y.put_tape(tape) * d_y.clone()).sum::<Rank0, _>();
            for (end, d) in end.into_iter().zip(&d_end) {
                let Some(end) = end else { continue };
                results.push(("end", wide(&end)));
                let part = end.retaped::<OwnedTape<E, Cpu>>() * d.clone();
                sum = sum + part.sum::<Rank0, _>();
            }
            let gradients = sum.backward();
            results.push(("w_x", wide(&gradients.get(&layer.w_x))));
            results.push(("w_h", wide(&gradients.get(&layer.w_h))));
            results.push(("bias", wide(&gradients.get(&layer.bias))));
            if let Some(peepholes) = &layer.peepholes {
                results.push(("peepholes", wide(&gradients.get(peepholes))));
            }
            results.push(("x", wide(&gradients.get(&x))));
            results.push(("start", wide(&gradients.get(&start[0]))));
            if <C as primitives::Cell>::CELLS {
                results.push(("start's cells", wide(&gradients.get(&start[1]))));
            }
            results
        };

        let reading = Reading {
            lengths: Some(&case.lengths),
            reverse: case.reverse,
            inputs: Inputs::Computed,
        };
        let from = State {
            output: start[0].clone(),
            cell: <C as primitives::Cell>::CELLS.then(|| start[1].clone()),
        };
        let run = layer.run(x.retaped::<OwnedTape<E, Cpu>>(), Some(&from), reading);
        let (y, end) = run.expect("memory");
        let ours = finish(y, [Some(end.output), end.cell]);

        let plain = primitives::Layer {
            w_x: layer.w_x.clone(),
            w_h: layer.w_h.clone(),
            bias: layer.bias.clone(),
            peepholes: layer.peepholes.clone(),
        };
        let from = primitives::State {
            output: start[0].clone(),
            cell: start[1].clone(),
        };
        let (y, end) = primitives::run(
            cell,
            &plain,
            x.retaped::<OwnedTape<E, Cpu>>(),
            &case.lengths,
            case.reverse,
            &from,
        );
        let cells = <C as primitives::Cell>::CELLS.then_some(end.cell);
        let twin = finish(y, [Some(end.output), cells]);

        assert_eq!(ours.len(), twin.len());
        for ((name, ours), (_, twin)) in ours.iter().zip(&twin) {
            for (k, (a, b)) in ours.iter().zip(twin).enumerate() {
                let close = (a - b).abs() <= within * b.abs().max(1.0);
                let lengths = &case.lengths;
                assert!(close, "{cell:?} {path:?} {lengths:?}: {name} {k}: {a} {b}");
            }
        }
    }
}

/// All sizes for a cell, in both types.
macro_rules! twins {
    ($name:ident, $($cell:expr),*) => {
        #[test]
        fn $name() {
            $(for seed in 0..4 {
                for sizes in [[1, 1, 1], [5, 3, 7], [17, 2, 5]] {
                    compare::<_, f64>($cell, sizes, seed, 1e-12);
                }
                compare::<_, f32>($cell, [3, 11, 13], seed, 2e-5);
            })*
        }
    };
}

const fn rnn(activation: Activation) -> Rnn {
    Rnn { activation }
}
const fn gru(reset: Reset, update: Update) -> Gru {
    Gru { reset, update }
}

twins!(
    networks_without_gates_are_their_twins,
    rnn(Activation::Tanh),
    rnn(Activation::Logistic),
    rnn(Activation::Relu),
    rnn(Activation::Identity)
);
twins!(
    the_lstm_is_its_twin,
    Lstm { peepholes: false },
    Lstm { peepholes: true }
);
twins!(
    the_gru_is_its_twin_in_each_convention,
    gru(Reset::BeforeMatrix, Update::KeepsPast),
    gru(Reset::BeforeMatrix, Update::TakesCandidate),
    gru(Reset::AfterMatrix, Update::KeepsPast),
    gru(Reset::AfterMatrix, Update::TakesCandidate)
);
