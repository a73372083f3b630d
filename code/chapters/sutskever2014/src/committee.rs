// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several translators that are trained side by side, on the same batches from weights of their own, and
//! write together.
use super::model::{log_mean, Batch, Ensemble, Translator};
use dfdx::prelude::{Cpu, OwnedTape, Rank0, Tensor};
use tape::train::{Parameters, Visitor};
use training::decoding::{Limits, Search};
use training::sentences::{Found, Translates};

/// Translators that share nothing but their batches.
#[derive(Debug, Clone)]
pub struct Committee {
    /// At least one.
    pub members: Vec<Translator<f32>>,
}

impl Parameters<f32> for Committee {
    fn parameters(&mut self, visitor: &mut Visitor<'_, f32>) {
        visitor.visit("members", &mut self.members);
    }
}

impl Translates for Committee {
    /// The sum of the members' losses: the gradient of each is that of its own.
    fn loss(&self, batch: &Batch) -> Tensor<Rank0, f32, Cpu, OwnedTape<f32, Cpu>> {
        let mut losses = self.members.iter().map(|member| member.loss(batch));
        let first = losses.next().expect("a committee has a member");
        losses.fold(first, |sum, loss| sum + loss)
    }

    /// ln of the mean of the members' probabilities (9.11).
    fn each(&self, batch: &Batch) -> Vec<Vec<f64>> {
        self.each_of(self.members.len(), batch)
    }

    fn translate(&self, batch: &Batch, search: &Search, limits: &[Limits]) -> Vec<Vec<Found>> {
        self.together(self.members.len(), batch, search, limits)
    }

    fn together(
        &self,
        members: usize,
        batch: &Batch,
        search: &Search,
        limits: &[Limits],
    ) -> Vec<Vec<Found>> {
        let writers = self.members.iter().take(members.max(1));
        let writers = writers.map(|member| member.writer(batch)).collect();
        search.run(&Ensemble::new(writers), limits)
    }

    /// Of the first member.
    fn vectors(&self, batch: &Batch) -> Vec<Vec<f32>> {
        self.members[0].vectors(batch)
    }

    /// −ln p of each target with its end, for one member, two, and so on to all.
    fn inside(&self, batch: &Batch) -> Vec<Vec<f32>> {
        let mut all = vec![Vec::new(); batch.lengths.len()];
        for members in 1..=self.members.len() {
            let each = self.each_of(members, batch);
            for (own, words) in all.iter_mut().zip(each) {
                own.push(-words.iter().sum::<f64>() as f32);
            }
        }
        all
    }
}

impl Committee {
    /// ln of the mean probability of each word, over the first so many members.
    fn each_of(&self, members: usize, batch: &Batch) -> Vec<Vec<f64>> {
        let members = self.members.iter().take(members);
        let all: Vec<Vec<Vec<f64>>> = members.map(|member| member.each(batch)).collect();
        let sentence = |b: usize| {
            let word = |t: usize| {
                let each: Vec<f32> = all.iter().map(|own| own[b][t] as f32).collect();
                f64::from(log_mean(&each))
            };
            (0..batch.lengths[b]).map(word).collect()
        };
        (0..batch.lengths.len()).map(sentence).collect()
    }
}
