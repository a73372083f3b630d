// SPDX-License-Identifier: MIT OR Apache-2.0
//! A stack of recurrent layers that predicts the next symbol, with the connections between steps that the
//! paper compares.
use chung2014::network;
use dfdx::prelude::*;
use kernels::feedback::{self, Sizes, Squash};
use kernels::projection::Reduction;
use kernels::Instructions;
use tape::dims::{self, Hidden, Rows, Time, Vocabulary};
use tape::feedback::{Feedback, Kind, Layers, Pairs, Stack};
use tape::projection::Projection;
use tape::recurrent::{Row, State, Steps};
use tape::train::{Parameters, Scalar, Visitor};

pub use network::Unit;

tape::dims! {
    /// Symbols that may come next, O.
    Next,
}

/// V of the paper's text: 205 symbols, the unknown one among them (§4.1).
pub const SYMBOLS: usize = 205;
/// L of all networks but the single layer (Table 1).
pub const LAYERS: usize = 3;

// ANCHOR: wiring
/// What a layer reads of the step before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wiring {
    /// There is one layer, and it reads its own state, (6.1) without a layer
    /// below.
    Single,
    /// Each layer reads its own state (6.1).
    Stacked,
    /// Each layer reads the states of all, without gates (6.2). The paper's
    /// "Feedback*".
    Open,
    /// Each layer reads the states of all, the candidate through gates,
    /// (6.3) and (6.4).
    Gated,
    /// As `Gated`, with gates that are not squashed (6.8). Ours.
    Linear,
}
// ANCHOR_END: wiring

impl Wiring {
    /// All, in the order of the page.
    pub const ALL: [Wiring; 5] = [
        Wiring::Single,
        Wiring::Stacked,
        Wiring::Open,
        Wiring::Gated,
        Wiring::Linear,
    ];

    /// Its name in records.
    pub const fn id(self) -> &'static str {
        match self {
            Wiring::Single => "single",
            Wiring::Stacked => "stacked",
            Wiring::Open => "open",
            Wiring::Gated => "gated",
            Wiring::Linear => "linear",
        }
    }

    /// The same for the kernel.
    const fn connection(self) -> feedback::Connection {
        match self {
            Wiring::Single | Wiring::Stacked => feedback::Connection::Own,
            Wiring::Open => feedback::Connection::All,
            Wiring::Gated => feedback::Connection::Gated(Squash::Logistic),
            Wiring::Linear => feedback::Connection::Gated(Squash::Linear),
        }
    }
}

/// The kernel's name of a unit.
const fn unit(unit: Unit) -> feedback::Unit {
    match unit {
        Unit::Tanh => feedback::Unit::Tanh,
        Unit::Gru => feedback::Unit::Gru,
        Unit::Lstm => feedback::Unit::Lstm,
    }
}

/// Sizes and kinds of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Design {
    /// The unit of all layers.
    pub unit: Unit,
    /// What a layer reads of the step before.
    pub wiring: Wiring,
    /// Symbols that come in, V.
    pub symbols: usize,
    /// Symbols that may come next, O.
    pub next: usize,
    /// Layers, L.
    pub layers: usize,
    /// Units of each layer, H.
    pub units: usize,
    /// Whether the symbol feeds all layers, and not the first alone. The
    /// paper leaves it out of its figure; its sizes ask for it.
    pub skip: bool,
    /// Which instructions compute it.
    pub path: Instructions,
}

impl Design {
    fn kind(self) -> Kind {
        Kind {
            unit: unit(self.unit),
            connection: self.wiring.connection(),
            skip: self.skip,
        }
    }

    fn sizes(self) -> Sizes {
        let Kind {
            unit,
            connection,
            skip,
        } = self.kind();
        Sizes {
            symbols: self.symbols,
            layers: self.layers,
            units: self.units,
            unit,
            connection,
            skip,
            path: self.path,
        }
    }

    // ANCHOR: weights
    /// N, the weights of all layers, biases included and the output left
    /// out (6.11).
    pub fn weights(self) -> usize {
        let sizes = self.sizes();
        let layer = |l: usize| {
            let fed = if sizes.is_fed(l) { self.symbols } else { 0 };
            let below = if l > 0 { self.units } else { 0 };
            let this_step = (fed + below + 1) * sizes.columns();
            this_step + sizes.past() * (sizes.gates() + self.units)
        };
        (0..self.layers).map(layer).sum()
    }
    // ANCHOR_END: weights

    /// The most units for which a network has at most so many weights, the output included; none where
    /// one unit has more.
    pub fn units_for(self, weights: usize) -> Option<usize> {
        let all = |units: usize| {
            let design = Design { units, ..self };
            design.weights() + (design.layers * units + 1) * design.next
        };
        (1..).take_while(|&units| all(units) <= weights).last()
    }
}

/// A stretch of B sequences, T steps of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// What comes in at each step, B·T, one sequence after the other; those
    /// beyond an end are not read.
    pub symbols: Vec<usize>,
    /// What comes next, B·T; `None` where it is not asked for.
    pub next: Vec<Option<usize>>,
    /// The length of each sequence, T at most.
    pub lengths: Vec<usize>,
}

impl Stretch {
    /// Sequences of one length, each asked for its next symbol at every step: of each sequence its T
    /// symbols and the one behind them.
    ///
    /// # Panics
    /// When the sequences have not one length, or one is empty.
    pub fn of(sequences: &[&[usize]]) -> Self {
        let steps = sequences.first().map_or(0, |first| first.len() - 1);
        let same = sequences.iter().all(|one| one.len() == steps + 1);
        assert!(same, "sequences of several lengths");
        let symbols = sequences.iter().flat_map(|one| &one[..steps]);
        let next = sequences.iter().flat_map(|one| &one[1..]);
        Stretch {
            symbols: symbols.copied().collect(),
            next: next.copied().map(Some).collect(),
            lengths: vec![steps; sequences.len()],
        }
    }

    /// B.
    pub fn sequences(&self) -> dims::Batch {
        dims::Batch(self.lengths.len())
    }

    /// T.
    pub fn steps(&self) -> Time {
        Time(self.symbols.len() / usize::max(self.lengths.len(), 1))
    }
}

/// The states of all layers of B sequences, between two stretches.
pub type Carried<E> = State<dims::Batch, Stack, E>;
/// What comes of a stretch: the states of all layers at each step, the last of
/// them, and the gates.
pub type Run<E, T> = tape::feedback::Run<dims::Batch, E, T>;

// ANCHOR: network
/// A stack of layers of H units and a readout of all of them.
#[derive(Debug, Clone)]
pub struct Network<E: Scalar> {
    /// The layers, (6.1) to (6.8).
    pub feedback: Feedback<Vocabulary, Hidden, E>,
    /// W_o and b_o, which read the states of all layers (6.10).
    pub output: Projection<Stack, Next, E>,
}

impl<E: Scalar> Network<E> {
    /// A network whose weights are all zero.
    ///
    /// # Panics
    /// When the wiring is `Single` and there is not one layer.
    pub fn zeros(design: Design) -> Self {
        let layers = design.layers;
        let fits = design.wiring != Wiring::Single || layers == 1;
        assert!(fits, "a single layer of {layers} layers");
        let (symbols, units) = (Vocabulary(design.symbols), Hidden(design.units));
        let mut feedback = Feedback::zeros(design.kind(), symbols, Layers(layers), units);
        let mut output = Projection::zeros(feedback.stack(), Next(design.next));
        (feedback.path, output.path) = (design.path, design.path);
        Network { feedback, output }
    }

    /// h*_t of each step, from `start` or from zeros (6.1) to (6.9).
    pub fn run<T: Tape<E, Cpu>>(
        &self,
        stretch: &Stretch,
        start: Option<&Carried<E>>,
        tape: T,
    ) -> Run<E, T> {
        let shape = (stretch.sequences(), stretch.steps());
        let (symbols, lengths) = (&stretch.symbols, Some(&stretch.lengths[..]));
        let run = self.feedback.run(symbols, shape, lengths, start, tape);
        run.expect("the heap holds one stretch")
    }

    /// What a stretch costs, −ln p of what comes next in nats, the mean or the
    /// sum over the steps that are asked (6.10); and the states at its end,
    /// from which the next stretch goes on. No gradient crosses from one
    /// stretch to the other unless the end is given a tape.
    pub fn loss<T: Tape<E, Cpu>>(
        &self,
        stretch: &Stretch,
        start: Option<&Carried<E>>,
        reduction: Reduction,
        tape: T,
    ) -> (Tensor<Rank0, E, Cpu, T>, Carried<E>) {
        let Run { states, end, .. } = self.run(stretch, start, tape);
        let loss = self
            .output
            .cross_entropy(rows(states), &stretch.next, reduction);
        (loss.expect("the heap holds one stretch"), end)
    }
    // ANCHOR_END: network

    /// ln p of each symbol that may come next, (B·T, O), and the states at the end.
    pub fn predictions(
        &self,
        stretch: &Stretch,
        start: Option<&Carried<E>>,
    ) -> (Row<Rows, Next, E>, Carried<E>) {
        let Run { states, end, .. } = self.run(stretch, start, NoneTape);
        let all = self.output.log_probabilities(&rows(states));
        (all.expect("the heap holds one stretch"), end)
    }

    /// Of each pair of layers the mean of its gate over the steps of a stretch, L·L, those into the first
    /// layer first; none where there are no gates.
    pub fn mean_gates(
        &self,
        stretch: &Stretch,
        start: Option<&Carried<E>>,
    ) -> Option<Vec<f64>> {
        let gates: Steps<dims::Batch, Pairs, E> = self.run(stretch, start, NoneTape).gates?;
        let (_, steps, pairs) = *gates.shape();
        let mut means = vec![0.0; pairs.0];
        let all = gates.as_vec();
        let sequences = all.chunks(usize::max(steps.0, 1) * pairs.0);
        for (gates, &length) in sequences.zip(&stretch.lengths) {
            for gates in gates.chunks(pairs.0).take(length) {
                for (mean, gate) in means.iter_mut().zip(gates) {
                    *mean += gate.wide();
                }
            }
        }
        let count: usize = stretch.lengths.iter().sum();
        means
            .iter_mut()
            .for_each(|mean| *mean /= usize::max(count, 1) as f64);
        Some(means)
    }

    /// The same network with these numbers in the places of its gates, L·L, where there is one (6.9).
    ///
    /// # Panics
    /// When there are not L·L.
    pub fn holding(&self, gates: &[Option<f64>]) -> Self {
        let pairs = self.feedback.layers.len().pow(2);
        assert_eq!(gates.len(), pairs, "one number for each pair of layers");
        let mut network = self.clone();
        let held = gates.iter().map(|gate| gate.map(E::nearest));
        network.feedback.held = held.collect();
        network
    }
}

/// A row for each step of each sequence.
fn rows<E: Scalar, T: Tape<E, Cpu>>(
    states: Steps<dims::Batch, Stack, E, T>,
) -> Row<Rows, Stack, E, T> {
    let (sequences, steps, stack) = *states.shape();
    states.reshape_like(&(Rows(sequences.0 * steps.0), stack))
}

impl<E: Scalar> Parameters<E> for Network<E> {
    fn parameters(&mut self, visitor: &mut Visitor<'_, E>) {
        visitor.visit("feedback", &mut self.feedback);
        visitor.visit("output", &mut self.output);
    }
}
