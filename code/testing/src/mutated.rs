// SPDX-License-Identifier: MIT OR Apache-2.0
//! Records as nobody makes them: changed by hand, cut short, or of another program.
use lab::record::Record;
use serde_json::{json, Value};
use std::collections::BTreeSet;

/// What numbers become.
fn numbers() -> [Value; 16] {
    [
        json!(0),
        json!(0.0),
        json!(1),
        json!(-1),
        json!(-0.5),
        json!(0.5),
        json!(255),
        json!(256),
        json!(4_294_967_296_u64),
        json!(1e16),
        json!(9_007_199_254_740_993_u64),
        json!(u64::MAX),
        json!(1e300),
        json!(-1e300),
        json!(f64::MAX),
        json!(5e-324),
    ]
}

/// Makes odd records from records; the same ones from the same seed.
pub struct Mutator(pub u64);

impl Mutator {
    /// The next number of SplitMix64, below `n`.
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n.max(1) as u64) as usize
    }

    /// Changes a place of the value, chosen level by level, so that lists count as much as the many
    /// numbers in them.
    fn place(&mut self, value: &mut Value) {
        let deeper = self.below(4) > 0;
        match value {
            Value::Array(items) if deeper && !items.is_empty() => {
                let at = self.below(items.len());
                self.place(&mut items[at]);
            }
            Value::Object(fields) if deeper && !fields.is_empty() => {
                let at = self.below(fields.len());
                if let Some((_, value)) = fields.iter_mut().nth(at) {
                    self.place(value);
                }
            }
            Value::Array(items) => match self.below(5) {
                0 => items.clear(),
                1 => items.truncate(1),
                2 => items.truncate(items.len() / 2),
                3 => drop(items.pop()),
                _ => items.extend(items.last().cloned()),
            },
            Value::Object(fields) => {
                let at = self.below(fields.len());
                let name = fields.keys().nth(at).cloned();
                name.and_then(|name| fields.remove(&name));
            }
            Value::Number(_) => {
                let numbers = numbers();
                *value = numbers[self.below(numbers.len())].clone();
            }
            Value::Bool(yes) => *yes = !*yes,
            Value::String(text) => text.clear(),
            Value::Null => {}
        }
    }

    /// Changes what one name stands for, a measure or a series, in the first trial of each arm or in
    /// all: numbers that no run has, a series of another length or without an end.
    fn named(&mut self, record: &mut Value) {
        let kind = ["measures", "series", "series"][self.below(3)];
        let most = [1, usize::MAX][self.below(2)];
        let mut trials: Vec<&mut Value> = Vec::new();
        for arm in record["arms"].as_array_mut().into_iter().flatten() {
            let of_arm = arm["trials"].as_array_mut().into_iter().flatten();
            trials.extend(of_arm.take(most));
        }
        let names: BTreeSet<String> = trials
            .iter()
            .filter_map(|trial| trial.get(kind)?.as_object())
            .flat_map(|fields| fields.keys().cloned())
            .collect();
        let Some(name) = names.iter().nth(self.below(names.len())) else {
            return;
        };
        let number = numbers()[self.below(16)].clone();
        let (way, at) = (self.below(5), self.below(1_000));
        for trial in trials {
            let Some(value) = trial.get_mut(kind).and_then(|all| all.get_mut(name)) else {
                continue;
            };
            match (value, way) {
                (Value::Array(items), 0) => items.clear(),
                (Value::Array(items), 1) => items.truncate(items.len() / 2),
                (Value::Array(items), 2) => items.truncate(1),
                (Value::Array(items), 3) => items.fill(number.clone()),
                (Value::Array(items), _) => {
                    let at = at % items.len().max(1);
                    items
                        .get_mut(at)
                        .into_iter()
                        .for_each(|item| *item = number.clone());
                }
                (value, 0) => *value = json!(0.0),
                (value, _) => *value = number.clone(),
            }
        }
    }

    /// A record that can still be read, with up to three changes: parts that are gone, cut short or
    /// there twice, numbers that no run has. `None` where they leave nothing that can be read.
    pub fn mutated(&mut self, record: &Record) -> Option<Record> {
        let mut value = serde_json::to_value(record).ok()?;
        for _ in 0..=self.below(3) {
            match self.below(3) {
                0 => self.place(&mut value["arms"]),
                _ => self.named(&mut value),
            }
        }
        // As a file has it.
        serde_json::from_str(&value.to_string()).ok()
    }
}
