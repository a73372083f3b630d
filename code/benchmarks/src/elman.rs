// SPDX-License-Identifier: MIT OR Apache-2.0
//! Elman's network on the sequence of letters: one letter, one update, as the chapter trains it.
use super::{Blob, Outcome, Row, Step};
use elman1990::network::{Online, Reader, Unit, Weights};
use std::sync::Arc;
use tasks::letters;
use tasks::seeds::{generator, Purpose};

/// Inputs, hidden units, outputs.
const SIZES: [usize; 3] = [6, 20, 6];
/// The learning rate of the chapter.
const RATE: f64 = 0.05;
/// Consonants of the sequence that is read in turn.
const CONSONANTS: usize = 20;

/// The row.
pub fn row() -> Row {
    let [inputs, hidden, outputs] = SIZES;
    Row {
        name: "elman-letters".into(),
        chapter: "elman1990",
        kind: "elman",
        sizes: vec![("inputs", inputs), ("hidden", hidden), ("outputs", outputs)],
        threads: &[1],
        work: 0.0,
        rate: RATE,
        clip: None,
        build: Arc::new(|| Box::new(Letters::new())),
    }
}

struct Letters {
    weights: Weights<6, 20, 6, f32>,
    network: Online<6, 20, 6>,
    rows: Vec<f32>,
    next: usize,
    outputs: Vec<f32>,
    last: usize,
}

impl Letters {
    fn new() -> Self {
        let weights = Weights::uniform(&mut generator(1, Purpose::Initialization), 0.5);
        let drawn = letters::draw(&mut generator(1, Purpose::Training), CONSONANTS);
        Letters {
            network: Online::new(Unit::Tanh, weights.clone(), 1, 0.0),
            weights,
            rows: letters::encode(&drawn),
            next: 0,
            outputs: Vec::new(),
            last: 0,
        }
    }

    /// Where the letter is that has its turn; the next one follows it, round and round.
    fn turn(&mut self) -> usize {
        let turn = self.next;
        self.next = (turn + 1) % (self.rows.len() / SIZES[0]);
        turn
    }

    fn letter(&self, turn: usize) -> &[f32] {
        let width = SIZES[0];
        &self.rows[turn % (self.rows.len() / width) * width..][..width]
    }
}

impl Step for Letters {
    fn restart(&mut self) {
        self.network = Online::new(Unit::Tanh, self.weights.clone(), 1, 0.0);
        self.next = 0;
    }

    fn train(&mut self) -> Outcome {
        let turn = self.turn();
        let width = SIZES[0];
        let (input, target) = (turn * width, self.next * width);
        let rows = &self.rows;
        let squared = self.network.learn(
            &rows[input..][..width],
            &rows[target..][..width],
            RATE as f32,
        );
        Outcome {
            loss: 0.5 * f64::from(squared),
            norm: None,
        }
    }

    fn infer(&mut self) {
        self.last = self.turn();
        self.outputs = self.network.answer(self.letter(self.last));
    }

    fn inferred(&self) -> f64 {
        let pairs = self.outputs.iter().zip(self.letter(self.last + 1));
        let squares = pairs.map(|(y, d)| f64::from(y - d) * f64::from(y - d));
        0.5 * squares.sum::<f64>()
    }

    fn kernel(&mut self) -> bool {
        false
    }

    fn blobs(&self) -> Vec<Blob> {
        let [inputs, hidden, outputs] = SIZES;
        let shapes: [(&str, Vec<usize>); 5] = [
            ("w_x", vec![inputs, hidden]),
            ("w_h", vec![hidden, hidden]),
            ("bias", vec![hidden]),
            ("w_o", vec![hidden, outputs]),
            ("b_o", vec![outputs]),
        ];
        let mut values = self.weights.values().copied();
        let mut blobs = Vec::new();
        for (name, shape) in shapes {
            let count = shape.iter().product();
            let own: Vec<f32> = values.by_ref().take(count).collect();
            blobs.push(Blob::floats(name, &shape, &own));
        }
        let letters = self.rows.len() / inputs;
        blobs.push(Blob::floats("letters", &[letters, inputs], &self.rows));
        blobs
    }
}
