// SPDX-License-Identifier: MIT OR Apache-2.0
//! An optimizer: a paper's rule, and what the rule remembers of each parameter.
use super::parameters::{for_each, Name, Parameters, Scalar};
use dfdx::prelude::{Cpu, Gradients};
use std::fmt::Debug;

/// What a rule keeps beside each parameter, one value a weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Memory {
    /// Its name in a checkpoint.
    pub name: &'static str,
    /// Its value before the first update.
    pub start: f64,
}

/// One update of one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The learning rate.
    pub rate: f64,
    /// Which update of this parameter it is, from 1.
    pub number: u64,
}

/// A paper's formula for the update of one parameter.
///
/// Its `Debug` text names it with its constants; a checkpoint of one rule is refused by another.
pub trait Rule<E>: Debug + Send + Sync {
    /// What it keeps beside each parameter.
    fn memory(&self) -> Vec<Memory>;
    /// Changes `weights` by the `gradient` of the loss; all slices have one value a weight.
    /// `memory` has one vector for each that [`Rule::memory`] names.
    fn update(&self, step: Step, weights: &mut [E], gradient: &[E], memory: &mut [Vec<E>]);
    /// Whether it keeps nothing and leaves a weight whose gradient is zero as it is. Then only the
    /// rows of an embedding that were looked up are updated. Other rules, as their papers write
    /// them, go on without a gradient, and so visit every row.
    fn is_local(&self) -> bool {
        false
    }
}

/// What is remembered of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot<E> {
    /// The parameter's name.
    pub name: String,
    /// How often it was updated.
    pub updates: u64,
    /// The rule's memory.
    pub memory: Vec<Vec<E>>,
}

/// A rule with its memory of each parameter of one model.
///
/// ```
/// use dfdx::prelude::*;
/// use tape::train::{rules::Adam, Optimizer};
///
/// let mut weights: Tensor<Rank1<2>, f32, Cpu> = Cpu::default().tensor([1.0, -2.0]);
/// let mut optimizer = Optimizer::new(Adam::default());
/// let mut gradients = weights.leaky_trace().square().sum().backward();
/// optimizer.update(&mut weights, &mut gradients, 0.001);
/// assert_eq!(weights.array(), [0.999, -1.999]);
/// ```
///
/// After the first update of a parameter, updates allocate nothing.
#[derive(Debug)]
pub struct Optimizer<E> {
    rule: Box<dyn Rule<E>>,
    slots: Vec<Slot<E>>,
    /// For each slot the call of `update` that last used it.
    used: Vec<u64>,
    calls: u64,
    /// The weights while they are changed.
    weights: Vec<E>,
}

impl<E: Scalar> Optimizer<E> {
    /// An optimizer that has seen nothing yet.
    pub fn new(rule: impl Rule<E> + 'static) -> Self {
        Optimizer {
            rule: Box::new(rule),
            slots: Vec::new(),
            used: Vec::new(),
            calls: 0,
            weights: Vec::new(),
        }
    }

    /// Changes each parameter by its gradient at this learning rate.
    ///
    /// # Panics
    /// When two parameters have one name, or one changed its size since the last update.
    pub fn update(
        &mut self,
        model: &mut dyn Parameters<E>,
        gradients: &mut Gradients<E, Cpu>,
        rate: f64,
    ) {
        let Optimizer {
            rule,
            slots,
            used,
            calls,
            weights,
        } = self;
        *calls += 1;
        let mut next = 0;
        for_each(model, |name, parameter| {
            let count = parameter.count();
            next = find(rule.as_ref(), slots, next, name, count);
            used.resize(slots.len(), 0);
            assert_ne!(used[next], *calls, "two parameters have the name {name}");
            used[next] = *calls;
            let slot = &mut slots[next];
            next += 1;
            let step = Step {
                rate,
                number: slot.updates + 1,
            };
            slot.updates += 1;
            let local = rule.is_local();
            let mut row = |weights: &mut [E], gradient: &[E]| {
                rule.update(step, weights, gradient, &mut []);
            };
            if local && parameter.each_row(gradients, &mut row) {
                return;
            }
            if weights.len() < count {
                weights.resize(count, E::default());
            }
            let weights = &mut weights[..count];
            parameter.copy_into(weights);
            let gradient = parameter.gradient(gradients);
            rule.update(step, weights, gradient, &mut slot.memory);
            parameter.copy_from(weights);
        });
    }

    /// The rule with its constants.
    pub fn rule(&self) -> &dyn Rule<E> {
        self.rule.as_ref()
    }

    /// What it remembers, in the order in which parameters were first updated.
    pub fn slots(&self) -> &[Slot<E>] {
        &self.slots
    }

    /// Takes what [`Optimizer::slots`] gave.
    ///
    /// # Errors
    /// When a slot has not the memory of this rule.
    pub fn restore(&mut self, slots: Vec<Slot<E>>) -> Result<(), String> {
        let expected = self.rule.memory().len();
        for slot in &slots {
            if slot.memory.len() != expected {
                return Err(format!(
                    "{}: {} vectors of memory, {:?} keeps {expected}",
                    slot.name,
                    slot.memory.len(),
                    self.rule
                ));
            }
        }
        self.used = vec![self.calls; slots.len()];
        self.slots = slots;
        Ok(())
    }
}

/// The place of a parameter's slot: the next one, unless parameters were frozen or thawed.
fn find<E: Scalar>(
    rule: &dyn Rule<E>,
    slots: &mut Vec<Slot<E>>,
    next: usize,
    name: Name<'_>,
    count: usize,
) -> usize {
    let place = if slots.get(next).is_some_and(|slot| name.is(&slot.name)) {
        next
    } else if let Some(place) = slots.iter().position(|slot| name.is(&slot.name)) {
        place
    } else {
        let memory = rule.memory();
        slots.push(Slot {
            name: name.to_string(),
            updates: 0,
            memory: memory
                .iter()
                .map(|memory| vec![E::nearest(memory.start); count])
                .collect(),
        });
        slots.len() - 1
    };
    for memory in &slots[place].memory {
        let known = memory.len();
        assert_eq!(
            known, count,
            "{name} had {known} weights at its last update, now {count}"
        );
    }
    place
}
