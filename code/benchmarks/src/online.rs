// SPDX-License-Identifier: MIT OR Apache-2.0
//! The cell of 1997 on experiment 6a: one sequence, one update, as the chapter trains it.
use super::{Blob, Outcome, Row, Step};
use hochreiter1997::network::{Build, GateBiases, MemoryNetwork, Sizes};
use kernels::cell1997::{Biases, Design, Gradient, Squash};
use std::sync::Arc;
use tasks::seeds::{generator, Purpose};
use tasks::temporal_order::{Relevant, TemporalOrder};
use tasks::{Example, Inputs, Target, Task};
use training::online::{measure, Network};

/// Of experiment 6a.
const SIZES: Sizes = Sizes {
    inputs: 8,
    blocks: 2,
    cells: 4,
    units: 8,
    outputs: 4,
};
/// The learning rate of experiment 6a.
const RATE: f64 = 0.5;
/// Sequences that are shown in turn.
const EXAMPLES: usize = 32;

/// The row.
pub fn row() -> Row {
    Row {
        name: "cell1997-6a".into(),
        chapter: "hochreiter1997",
        kind: "cell1997",
        sizes: vec![
            ("inputs", SIZES.inputs),
            ("blocks", SIZES.blocks),
            ("cells", SIZES.cells),
            ("units", SIZES.units),
            ("outputs", SIZES.outputs),
            ("examples", EXAMPLES),
        ],
        threads: &[1],
        work: 0.0,
        rate: RATE,
        clip: None,
        build: Arc::new(|| Box::new(Online::new())),
    }
}

struct Online {
    network: MemoryNetwork,
    start: Vec<Vec<f32>>,
    examples: Vec<Example>,
    next: usize,
    outputs: Vec<f32>,
    last: usize,
}

impl Online {
    fn new() -> Self {
        let build = Build {
            design: Design {
                squash_input: Squash::Wide,
                squash_state: Squash::Centered,
                biases: Biases::All,
                recurrent: true,
                gradient: Gradient::Truncated,
            },
            gate_biases: GateBiases {
                input: vec![-2.0, -4.0],
                output: Vec::new(),
            },
            output_bias: true,
            skip: false,
            starts_without_memory: false,
            range: 0.1,
        };
        let network =
            MemoryNetwork::new(SIZES, &mut generator(1, Purpose::Initialization), &build);
        let task = TemporalOrder {
            relevant: Relevant::Two,
        };
        let mut rng = generator(1, Purpose::Training);
        let drawn = (0..EXAMPLES).map(|_| {
            let mut example = task.example();
            task.draw(&mut rng, &mut example);
            example
        });
        let examples = drawn.collect();
        Online {
            start: network.save(),
            network,
            examples,
            next: 0,
            outputs: Vec::new(),
            last: 0,
        }
    }

    fn turn(&mut self) -> usize {
        let turn = self.next;
        self.next = (turn + 1) % EXAMPLES;
        turn
    }
}

impl Step for Online {
    fn restart(&mut self) {
        self.network
            .load(&self.start)
            .expect("the network takes what it gave");
        self.next = 0;
    }

    fn train(&mut self) -> Outcome {
        let turn = self.turn();
        let error = self.network.learn(&self.examples[turn], RATE);
        Outcome {
            loss: 0.5 * f64::from(error.squared),
            norm: None,
        }
    }

    fn infer(&mut self) {
        self.last = self.turn();
        self.outputs = self.network.outputs(&self.examples[self.last]);
    }

    fn inferred(&self) -> f64 {
        0.5 * f64::from(measure(&self.outputs, &self.examples[self.last]).squared)
    }

    fn kernel(&mut self) -> bool {
        false
    }

    fn blobs(&self) -> Vec<Blob> {
        let Sizes {
            inputs,
            cells,
            units,
            outputs,
            ..
        } = SIZES;
        let shapes: [(&str, Vec<usize>); 5] = [
            ("w_x", vec![inputs, units]),
            ("w_u", vec![units, units]),
            ("bias", vec![units]),
            ("w_o", vec![cells, outputs]),
            ("b_o", vec![outputs]),
        ];
        // The first thing saved is a mark, not a weight.
        let weights = shapes.iter().zip(&self.start[1..]);
        let mut blobs: Vec<Blob> = weights
            .map(|((name, shape), values)| Blob::floats(name, shape, values))
            .collect();
        let (mut symbols, mut lengths, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for example in &self.examples {
            if let Inputs::OneHot { symbols: own, .. } = &example.inputs {
                symbols.extend_from_slice(own);
                lengths.push(own.len());
            }
            if let Target::AtEnd(values) = &example.target {
                targets.extend_from_slice(values);
            }
        }
        blobs.push(Blob::indices("symbols", &[symbols.len()], &symbols));
        blobs.push(Blob::indices("lengths", &[lengths.len()], &lengths));
        blobs.push(Blob::floats("targets", &[EXAMPLES, outputs], &targets));
        blobs
    }
}
