// SPDX-License-Identifier: MIT OR Apache-2.0
//! Attention on the tape: against its twin in dfdx's own operations, forward and in every gradient, and
//! as a layer of a model.
use dfdx::prelude::*;
use kernels::attention::Attends;
use kernels::gru::{Gru, Reset, Update};
use kernels::lstm::Lstm;
use kernels::rnn::{Activation, Rnn};
use kernels::Instructions;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tape::attention::{Attention, Glimpse, Glimpses, Source};
use tape::dims::{Batch, Columns, Hidden, Rows, Time};
use tape::primitives;
use tape::recurrent::{Row, State, Steps};
use tape::train::parameters::{count, names};
use tape::Element;

tape::dims! {
    /// Words of a source, S.
    Words,
    /// Values of an annotation, A.
    Annotation,
    /// Values of a key, K.
    Key,
    /// Values of a glimpse, H + A.
    Glanced,
}

/// The unit of Bahdanau and others.
const UNIT: Gru = Gru {
    reset: Reset::BeforeMatrix,
    update: Update::TakesCandidate,
};

struct Numbers(ChaCha8Rng);

impl Numbers {
    fn new(seed: u64) -> Self {
        Numbers(ChaCha8Rng::seed_from_u64(seed))
    }

    fn tensor<S: Shape, E: Element>(&mut self, shape: S) -> Tensor<S, E, Cpu> {
        let one = |_| <E as kernels::Real>::from_f64(self.0.gen_range(-0.8..0.8));
        let values = (0..shape.num_elements()).map(one).collect();
        Cpu::default().tensor_from_vec(values, shape)
    }
}

fn wide<E: Element, S: Shape>(tensor: &Tensor<S, E, Cpu>) -> Vec<f64> {
    let all = tensor.as_vec().into_iter();
    all.map(kernels::Real::to_f64).collect()
}

/// Everything that comes out: values and gradients, by name.
type Results = Vec<(&'static str, Vec<f64>)>;
type Layer<C, E> = Attention<C, Annotation, Key, Hidden, E>;

/// A layer, what it reads, and gradients with respect to what comes out.
struct Case<C, E: Element> {
    layer: Layer<C, E>,
    nets: Steps<Batch, Columns, E>,
    annotations: Tensor<(Batch, Words, Annotation), E, Cpu>,
    keys: Tensor<(Batch, Words, Key), E, Cpu>,
    start: State<Batch, Hidden, E>,
    source_lengths: Vec<usize>,
    lengths: Vec<usize>,
    d_rows: Steps<Batch, Glanced, E>,
    d_states: Steps<Batch, Hidden, E>,
}

impl<C: Attends<E>, E: Element> Case<C, E>
where
    Cpu: Device<E>,
{
    fn new(
        cell: C,
        lengths: &[usize],
        source_lengths: &[usize],
        [a, k, h]: [usize; 3],
        seed: u64,
    ) -> Self {
        let mut numbers = Numbers::new(seed);
        // One step and one word more than any sentence has.
        let longest = |lengths: &[usize]| lengths.iter().copied().max().map_or(1, |n| n + 1);
        let (time, words) = (Time(longest(lengths)), Words(longest(source_lengths)));
        let (batch, glanced) = (Batch(lengths.len()), Glanced(h + a));
        let (a, k, h) = (Annotation(a), Key(k), Hidden(h));
        let columns = Columns(C::GROUPS * h.0);
        let mut layer = Attention::zeros(cell, a, k, h);
        layer.query = numbers.tensor((h, k));
        layer.score = numbers.tensor((k,));
        layer.context_nets = numbers.tensor((a, columns));
        layer.layer.w_h = numbers.tensor((h, columns));
        layer.layer.bias = numbers.tensor((columns,));
        if let Some(peepholes) = &mut layer.layer.peepholes {
            *peepholes = numbers.tensor((Const, h));
        }
        Case {
            layer,
            nets: numbers.tensor((batch, time, columns)),
            annotations: numbers.tensor((batch, words, a)),
            keys: numbers.tensor((batch, words, k)),
            start: State {
                output: numbers.tensor((batch, h)),
                cell: C::CELLS.then(|| numbers.tensor((batch, h))),
            },
            source_lengths: source_lengths.to_vec(),
            lengths: lengths.to_vec(),
            d_rows: numbers.tensor((batch, time, glanced)),
            d_states: numbers.tensor((batch, time, h)),
        }
    }

    fn glanced(&self) -> Glanced {
        self.d_rows.shape().2
    }

    fn run<T: Tape<E, Cpu> + Merge<T>>(&self) -> Glimpses<Batch, Words, Hidden, Glanced, E, T> {
        let source = Source {
            annotations: self.annotations.retaped::<T>(),
            keys: self.keys.retaped::<T>(),
            lengths: &self.source_lengths,
        };
        let nets = self.nets.retaped::<T>();
        let run = self
            .layer
            .run(nets, source, &self.start, &self.lengths, self.glanced());
        run.expect("memory")
    }

    /// Values and gradients of what comes out of a run.
    fn results(
        &self,
        rows: Steps<Batch, Glanced, E, OwnedTape<E, Cpu>>,
        states: Steps<Batch, Hidden, E>,
        weights: &Steps<Batch, Words, E>,
    ) -> Results {
        let mut all = vec![
            ("rows", wide(&rows.retaped::<NoneTape>())),
            ("states", wide(&states)),
            ("weights", wide(weights)),
        ];
        let (of_rows, tape) = (rows * self.d_rows.clone()).sum::<Rank0, _>().split_tape();
        let of_states = states.put_tape(tape) * self.d_states.clone();
        let loss = of_states.sum::<Rank0, _>() + of_rows;
        let gradients = loss.backward();
        let layer = &self.layer;
        all.extend([
            ("query", wide(&gradients.get(&layer.query))),
            ("score", wide(&gradients.get(&layer.score))),
            ("context_nets", wide(&gradients.get(&layer.context_nets))),
            ("w_h", wide(&gradients.get(&layer.layer.w_h))),
            ("bias", wide(&gradients.get(&layer.layer.bias))),
            ("nets", wide(&gradients.get(&self.nets))),
            ("annotations", wide(&gradients.get(&self.annotations))),
            ("keys", wide(&gradients.get(&self.keys))),
            ("start", wide(&gradients.get(&self.start.output))),
        ]);
        if let Some(peepholes) = &layer.layer.peepholes {
            all.push(("peepholes", wide(&gradients.get(peepholes))));
        }
        if let Some(cell) = &self.start.cell {
            all.push(("cells", wide(&gradients.get(cell))));
        }
        all
    }

    fn ours(&self) -> Results {
        let Glimpses {
            rows,
            states,
            weights,
        } = self.run::<OwnedTape<E, Cpu>>();
        self.results(rows, states, &weights)
    }

    fn twin(&self) -> Results
    where
        C: primitives::Cell,
    {
        let (layer, device) = (&self.layer, Cpu::default());
        let plain = primitives::Attention {
            layer: primitives::Layer {
                w_x: layer.layer.w_x.clone(),
                w_h: layer.layer.w_h.clone(),
                bias: layer.layer.bias.clone(),
                peepholes: layer.layer.peepholes.clone(),
            },
            query: layer.query.clone(),
            score: layer.score.clone(),
            context_nets: layer.context_nets.clone(),
        };
        let start = primitives::State {
            output: self.start.output.clone(),
            cell: match &self.start.cell {
                Some(cell) => cell.clone(),
                None => device.zeros_like(self.start.output.shape()),
            },
        };
        let source = primitives::Source {
            annotations: self.annotations.retaped::<OwnedTape<E, Cpu>>(),
            keys: self.keys.retaped::<OwnedTape<E, Cpu>>(),
            lengths: &self.source_lengths,
        };
        let (rows, states, weights) = plain.run(
            layer.layer.cell,
            self.nets.retaped::<OwnedTape<E, Cpu>>(),
            source,
            &start,
            &self.lengths,
            self.glanced(),
        );
        self.results(rows, states, &weights)
    }
}

fn paths() -> impl Iterator<Item = Instructions> {
    Instructions::ALL
        .into_iter()
        .filter(|path| path.is_supported())
}

fn twins<C, E>(cell: C, within: f64)
where
    C: Attends<E> + primitives::Cell,
    E: Element,
    Cpu: Device<E>,
{
    let cases = [
        (&[2][..], &[3][..], [1, 1, 1]),
        (&[3, 0, 5], &[2, 4, 1], [3, 5, 2]),
        (&[1, 4, 2], &[3, 0, 6], [7, 17, 3]),
        (&[2; 19], &[4; 19], [5, 3, 4]),
    ];
    for (seed, (lengths, source_lengths, sizes)) in (1..).zip(cases) {
        let mut case = Case::<C, E>::new(cell, lengths, source_lengths, sizes, seed);
        let twin = case.twin();
        for path in paths() {
            case.layer.layer.path = path;
            let ours = case.ours();
            assert_eq!(ours.len(), twin.len());
            for ((name, ours), (_, twin)) in ours.iter().zip(&twin) {
                assert_eq!(ours.len(), twin.len(), "{name}");
                for (k, (a, b)) in ours.iter().zip(twin).enumerate() {
                    let near = (a - b).abs() <= within * (1.0 + b.abs());
                    assert!(near, "{name} {k} {path:?} {lengths:?}: {a} {b}");
                }
            }
            // Without a tape the same values come out.
            let plain = case.run::<NoneTape>();
            assert_eq!(wide(&plain.rows), ours[0].1);
            assert_eq!(wide(&plain.states), ours[1].1);
            assert_eq!(wide(&plain.weights), ours[2].1);
        }
    }
}

#[test]
fn attention_is_its_twin() {
    for activation in [Activation::Tanh, Activation::Logistic] {
        twins::<_, f64>(Rnn { activation }, 1e-12);
    }
    for peepholes in [false, true] {
        twins::<_, f64>(Lstm { peepholes }, 1e-12);
    }
    for reset in [Reset::BeforeMatrix, Reset::AfterMatrix] {
        for update in [Update::KeepsPast, Update::TakesCandidate] {
            twins::<_, f64>(Gru { reset, update }, 1e-12);
        }
    }
    twins::<_, f32>(UNIT, 5e-5);
    twins::<_, f32>(Lstm { peepholes: true }, 5e-5);
}

/// Two targets of one source, step by step, each beside the other.
#[test]
fn single_steps_are_the_whole_run() {
    fn check<C: Attends<f64>>(cell: C) {
        let case = Case::<C, f64>::new(cell, &[4, 4], &[3, 5], [3, 7, 2], 5);
        let run = case.run::<NoneTape>();
        let source = Source {
            annotations: case.annotations.clone(),
            keys: case.keys.clone(),
            lengths: &case.source_lengths,
        };
        let stepper = case.layer.stepper(&source);
        let (device, rows, sources) = (Cpu::default(), Rows(3), [1, 0, 1]);
        let pick = |values: Vec<f64>, width: usize| -> Vec<f64> {
            let row = |&b: &usize| values[b * width..][..width].to_vec();
            sources.iter().flat_map(row).collect()
        };
        let hidden = case.layer.units();
        let chosen = |from: &Row<Batch, Hidden, f64>| {
            device.tensor_from_vec(pick(from.as_vec(), hidden.0), (rows, hidden))
        };
        let mut state = State {
            output: chosen(&case.start.output),
            cell: case.start.cell.as_ref().map(chosen),
        };
        let steps = case.nets.shape().1 .0;
        for t in 0..4 {
            let at = |values: Vec<f64>, width: usize| -> Vec<f64> {
                let row = |&b: &usize| values[(b * steps + t) * width..][..width].to_vec();
                sources.iter().flat_map(row).collect()
            };
            let columns = case.nets.shape().2;
            let nets = at(case.nets.as_vec(), columns.0);
            let nets = device.tensor_from_vec(nets, (rows, columns));
            let step = stepper.step(&nets, &sources, &state, case.glanced());
            let Glimpse {
                row,
                weights,
                state: next,
            } = step.expect("memory");
            assert_eq!(row.as_vec(), at(run.rows.as_vec(), case.glanced().0));
            let words = weights.shape().1 .0;
            assert_eq!(weights.as_vec(), at(run.weights.as_vec(), words));
            let states = at(run.states.as_vec(), hidden.0);
            assert_eq!(next.output.as_vec(), states);
            state = next;
        }
    }
    check(UNIT);
    check(Lstm { peepholes: true });
}

/// Annotations that are the keys too, a start that is both halves of a state, and a layer that runs
/// twice: gradients are added.
#[test]
fn what_is_used_twice_adds_its_gradients() {
    let mut numbers = Numbers::new(6);
    let (key, hidden) = (Key(3), Hidden(2));
    let mut layer =
        Attention::<_, Key, Key, Hidden, f64>::zeros(Lstm::default(), key, key, hidden);
    let columns = layer.layer.bias.shape().0;
    layer.query = numbers.tensor((hidden, key));
    layer.score = numbers.tensor((key,));
    layer.context_nets = numbers.tensor((key, columns));
    layer.layer.w_h = numbers.tensor((hidden, columns));
    let (batch, glanced) = (Batch(2), Glanced(5));
    let nets: Steps<_, _, f64> = numbers.tensor((batch, Time(3), columns));
    let words: Tensor<_, f64, Cpu> = numbers.tensor((batch, Words(4), key));
    let both: Row<Batch, Hidden, f64> = numbers.tensor((batch, hidden));
    // One tensor in two places, or two equal ones.
    let once = |keys: &Tensor<(Batch, Words, Key), f64, Cpu>,
                cell: &Row<Batch, Hidden, f64>| {
        let source = Source {
            annotations: words.retaped::<OwnedTape<f64, Cpu>>(),
            keys: keys.retaped::<OwnedTape<f64, Cpu>>(),
            lengths: &[4, 2],
        };
        let start = State {
            output: both.clone(),
            cell: Some(cell.clone()),
        };
        let nets = nets.retaped::<OwnedTape<f64, Cpu>>();
        let run = layer.run(nets, source, &start, &[3, 1], glanced);
        run.expect("memory").rows.square().sum::<Rank0, _>()
    };
    let device = Cpu::default();
    let keys = device.tensor_from_vec(words.as_vec(), *words.shape());
    let cell = device.tensor_from_vec(both.as_vec(), *both.shape());
    let (apart, joined) = (
        once(&keys, &cell).backward(),
        once(&words, &both).backward(),
    );
    let twice = (once(&words, &both) + once(&words, &both)).backward();
    let close = |ours: Vec<f64>, should: Vec<f64>| {
        assert_eq!(ours.len(), should.len());
        for (a, b) in ours.iter().zip(&should) {
            assert!((a - b).abs() < 1e-14, "{a} {b}");
        }
    };
    let sum = |one: Vec<f64>, other: Vec<f64>| -> Vec<f64> {
        one.iter().zip(&other).map(|(a, b)| a + b).collect()
    };
    let of_keys = apart.get(&keys).as_vec();
    close(
        joined.get(&words).as_vec(),
        sum(apart.get(&words).as_vec(), of_keys),
    );
    let of_cell = apart.get(&cell).as_vec();
    close(
        joined.get(&both).as_vec(),
        sum(apart.get(&both).as_vec(), of_cell),
    );
    let double = |values: Vec<f64>| sum(values.clone(), values);
    close(
        twice.get(&words).as_vec(),
        double(joined.get(&words).as_vec()),
    );
    close(
        twice.get(&both).as_vec(),
        double(joined.get(&both).as_vec()),
    );
    close(
        twice.get(&nets).as_vec(),
        double(joined.get(&nets).as_vec()),
    );
    let (query, score) = (&layer.query, &layer.score);
    close(
        twice.get(query).as_vec(),
        double(joined.get(query).as_vec()),
    );
    close(
        twice.get(score).as_vec(),
        double(joined.get(score).as_vec()),
    );
}

#[test]
fn parameters_are_seen_by_name() {
    let (a, k, h) = (Annotation(5), Key(3), Hidden(4));
    let mut layer = Layer::<_, f32>::zeros(UNIT, a, k, h);
    let all = ["query", "score", "context_nets", "layer.w_h", "layer.bias"];
    assert_eq!(names(&mut layer), all);
    assert_eq!(count(&mut layer), 4 * 3 + 3 + 5 * 12 + 4 * 12 + 12);
}

/// A small layer, and what it reads.
fn small() -> Case<Gru, f32> {
    Case::new(UNIT, &[2, 1], &[1, 2], [3, 4, 2], 7)
}

#[test]
#[should_panic(expected = "a glimpse of 6 values: a state has 2 and a context 3")]
fn a_glimpse_of_another_width_is_refused() {
    let mut case = small();
    case.d_rows = Cpu::default().zeros_like(&(Batch(2), Time(3), Glanced(6)));
    case.run::<NoneTape>();
}

#[test]
#[should_panic(expected = "Key is 5 in the keys and 4 in the layer")]
fn keys_of_another_width_are_refused_by_name() {
    let mut case = small();
    case.keys = Cpu::default().zeros_like(&(Batch(2), Words(3), Key(5)));
    case.run::<NoneTape>();
}

#[test]
#[should_panic(expected = "Words is 4 in the keys and 3 in the annotations")]
fn keys_of_another_source_are_refused_by_name() {
    let mut case = small();
    case.keys = Cpu::default().zeros_like(&(Batch(2), Words(4), Key(4)));
    case.run::<NoneTape>();
}

#[test]
#[should_panic(expected = "lengths of 2 sources")]
fn lengths_of_other_sources_are_refused() {
    let mut case = small();
    case.source_lengths.pop();
    case.run::<NoneTape>();
}

#[test]
#[should_panic(expected = "a start with inner states: true; the cell has them: false")]
fn a_start_with_a_half_too_many_is_refused() {
    let mut case = small();
    case.start.cell = Some(case.start.output.clone());
    case.run::<NoneTape>();
}
