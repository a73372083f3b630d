// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernels against their twins in dfdx's own operations: forward, and in every gradient.
use dfdx::prelude::*;
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::rnn::{Activation, Rnn};
use kernels::Path;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tape::primitives;
use tape::recurrent::{Inputs, Reading, Recurrent, State};
use tape::Element;

/// Everything that comes out: values and gradients, by name.
type Results = Vec<(&'static str, Vec<f64>)>;

struct Case<const B: usize> {
    rng: ChaCha8Rng,
    lengths: [usize; B],
    steps: usize,
    reverse: bool,
}

impl<const B: usize> Case<B> {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let steps = rng.gen_range(1..8);
        let lengths = [(); B].map(|()| rng.gen_range(0..=steps));
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
fn compare<const B: usize, const I: usize, const H: usize, const G: usize, C, E>(
    cell: C,
    seed: u64,
    within: f64,
) where
    C: kernels::sequence::Cell<E> + primitives::Cell + std::fmt::Debug + 'static,
    E: Element,
    Cpu: Device<E>,
{
    for path in Path::ALL.into_iter().filter(|path| path.is_supported()) {
        let mut case = Case::<B>::new(seed);
        let mut layer = Recurrent::<C, I, H, G, E>::zeros(cell);
        layer.path = path;
        layer.w_x = case.tensor(Default::default());
        layer.w_h = case.tensor(Default::default());
        layer.bias = case.tensor(Default::default());
        if layer.peepholes.is_some() {
            layer.peepholes = Some(case.tensor(Default::default()));
        }
        let steps = case.steps;
        let x: primitives::Steps<B, I, E, Cpu> = case.tensor((Const, steps, Const));
        let row = (Const::<B>, Const::<H>);
        let start: [Tensor<Rank2<B, H>, E, Cpu>; 2] = [case.tensor(row), case.tensor(row)];
        let d_y: primitives::Steps<B, H, E, Cpu> = case.tensor((Const, steps, Const));
        let d_end: [Tensor<Rank2<B, H>, E, Cpu>; 2] = [case.tensor(row), case.tensor(row)];

        // The loss: all outputs and states, each times a number of its own.
        let finish = |y: primitives::Steps<B, H, E, Cpu, OwnedTape<E, Cpu>>,
                      end: [Option<Tensor<Rank2<B, H>, E, Cpu>>; 2]|
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
                let lengths = case.lengths;
                assert!(close, "{cell:?} {path:?} {lengths:?}: {name} {k}: {a} {b}");
            }
        }
    }
}

/// All sizes for a cell, in both types.
macro_rules! twins {
    ($name:ident, $groups:literal, $($cell:expr),*) => {
        #[test]
        fn $name() {
            $(for seed in 0..4 {
                compare::<1, 1, 1, { $groups }, _, f64>($cell, seed, 1e-12);
                compare::<5, 3, 7, { $groups * 7 }, _, f64>($cell, seed, 1e-12);
                compare::<17, 2, 5, { $groups * 5 }, _, f64>($cell, seed, 1e-12);
                compare::<3, 11, 13, { $groups * 13 }, _, f32>($cell, seed, 2e-5);
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
    1,
    rnn(Activation::Tanh),
    rnn(Activation::Logistic),
    rnn(Activation::Relu),
    rnn(Activation::Identity)
);
twins!(
    the_lstm_is_its_twin,
    4,
    Lstm { peepholes: false },
    Lstm { peepholes: true }
);
twins!(
    the_gru_is_its_twin_in_each_convention,
    3,
    gru(Reset::BeforeMatrix, Update::KeepsPast),
    gru(Reset::BeforeMatrix, Update::TakesCandidate),
    gru(Reset::AfterMatrix, Update::KeepsPast),
    gru(Reset::AfterMatrix, Update::TakesCandidate)
);
