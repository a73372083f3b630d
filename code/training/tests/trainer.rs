// SPDX-License-Identifier: MIT OR Apache-2.0
//! The trainer on a toy: its pieces of work, what it saves, and when it ends.
use lab::experiment::Trial;
use lab::record::TrialRecord;
use rand_chacha::rand_core::RngCore;
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use training::{
    from_bytes, to_bytes, updates_a_pass, Curve, Draws, Evaluation, Goal, Learner, Plan,
    Problem, Recent, Score, Set, State, Trainer,
};

/// Sequences of a pass, in batches of three.
const COUNT: usize = 8;
/// Parts of an evaluation, and of each set of the final test.
const PARTS: usize = 5;

/// A chaotic map, moved on by what it learns: any difference grows.
struct Map {
    x: f64,
    kept: f64,
    /// The update that brings no number, and the part of an evaluation that has none.
    breaks: [u64; 2],
    updates: u64,
    parts: u64,
    /// Batches that were learnt or evaluated.
    work: Arc<AtomicU64>,
}

impl Learner for Map {
    type Batch = f64;

    fn learn(&mut self, batch: &f64, rate: f64) -> Option<Score> {
        self.work.fetch_add(1, Ordering::SeqCst);
        self.updates += 1;
        self.x = (3.9 * self.x * (1.0 - self.x) + rate * batch) % 1.0;
        let wrong = u64::from(self.x > 0.5);
        let score = Score::of(self.x, 1);
        (self.updates != self.breaks[0]).then_some(Score { wrong, ..score })
    }

    fn evaluate(&mut self, batch: &f64, _: Set) -> Score {
        self.work.fetch_add(1, Ordering::SeqCst);
        self.parts += 1;
        let loss = match self.parts == self.breaks[1] {
            true => f64::NAN,
            false => (self.x - batch).abs(),
        };
        let wrong = u64::from(loss > 0.3);
        let score = Score::of(loss, 1);
        Score { wrong, ..score }
    }

    fn parameters(&self) -> usize {
        1
    }

    fn save(&self) -> Vec<u8> {
        to_bytes(&(self.x, self.kept, self.updates, self.parts))
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), String> {
        (self.x, self.kept, self.updates, self.parts) = from_bytes(bytes)?;
        Ok(())
    }

    fn keep(&mut self) {
        self.kept = self.x;
    }

    fn recall(&mut self) {
        self.x = self.kept;
    }
}

/// Batches of a pass, and parts that are drawn two at a time.
struct Toy {
    batch: f64,
    drawn: [f64; 2],
}

fn number(rng: &mut ChaCha8Rng) -> f64 {
    f64::from(rng.next_u32()) / f64::from(u32::MAX)
}

impl Problem for Toy {
    type Learner = Map;

    fn training(&mut self, draws: &mut Draws) -> &f64 {
        let which = draws.of_pass(COUNT, 3);
        self.batch = which.iter().map(|&k| k as f64).sum::<f64>() / 100.0;
        &self.batch
    }

    fn part(&mut self, set: Set, place: usize, rng: &mut ChaCha8Rng) -> Option<&f64> {
        if place >= PARTS + usize::from(set == Set::Test(1)) {
            return None;
        }
        if place.is_multiple_of(2) {
            self.drawn = [number(rng), number(rng)];
        }
        Some(&self.drawn[place % 2])
    }

    fn report(&self, learner: &mut Map, state: &State, record: &mut TrialRecord) {
        let mut put = |name: &str, value| record.measures.insert(name.into(), value);
        put("x", learner.x);
        put("best", state.best);
        put("best-updates", state.best_updates as f64);
        put("best-sequences", state.best_sequences as f64);
        put("updates", state.draws.updates as f64);
        put("milestone", state.milestone.unwrap_or(0) as f64);
        put("diverged", f64::from(u8::from(state.diverged)));
        put("tested", state.tested.len() as f64);
        for (set, score) in state.tested.iter().enumerate() {
            put(&format!("loss-{set}"), score.mean());
            put(&format!("wrong-{set}"), score.wrong as f64);
        }
        record
            .series
            .insert("training".into(), state.curve.iter().map(|p| p.1).collect());
    }
}

fn plan() -> Plan {
    Plan {
        rate: 0.7,
        updates: 40,
        sequences: 120,
        curve: Curve::every(4, |mean| mean),
        evaluation: Some(Evaluation {
            milestone: Some(Goal::below(0.4)),
            noted: Some(|loss| loss),
            ceiling: 2.0,
            ..Evaluation::every(updates_a_pass(COUNT, 3))
        }),
        tests: 2,
        ..Plan::default()
    }
}

fn trial(plan: Plan, breaks: [u64; 2]) -> (Trainer<Toy>, Arc<AtomicU64>) {
    let work = Arc::new(AtomicU64::new(0));
    let map = Map {
        x: 0.3,
        kept: 0.3,
        breaks,
        updates: 0,
        parts: 0,
        work: work.clone(),
    };
    let toy = Toy {
        batch: 0.0,
        drawn: [0.0; 2],
    };
    (Trainer::new(7, plan, toy, Box::new(map)), work)
}

/// The record of a trial that is never saved, and its pieces of work.
fn whole(plan: Plan, breaks: [u64; 2]) -> (TrialRecord, usize) {
    let (mut trial, _) = trial(plan, breaks);
    let mut calls = 1;
    while !trial.advance() {
        calls += 1;
    }
    assert!(trial.advance(), "a trial that has ended has ended");
    (trial.finish(), calls)
}

/// The same, saved and restored before every piece of work.
fn cut(plan: &Plan, breaks: [u64; 2]) -> TrialRecord {
    let (mut cut, _) = trial(plan.clone(), breaks);
    loop {
        let state = cut.save();
        (cut, _) = trial(plan.clone(), breaks);
        cut.restore(&state).unwrap();
        assert_eq!(cut.save(), state, "what is restored saves as it was saved");
        if cut.advance() {
            return cut.finish();
        }
    }
}

#[test]
fn a_trial_that_is_saved_at_every_moment_ends_in_the_same_record() {
    let recent = Plan {
        evaluation: None,
        recent: Some(Recent {
            updates: 5,
            goal: Goal {
                fewer_than: 2,
                below: 0.6,
            },
        }),
        ..plan()
    };
    for (plan, breaks) in [
        (plan(), [0; 2]),
        (recent, [0; 2]),
        (plan(), [10, 0]),
        (plan(), [0, 3]),
    ] {
        let (record, calls) = whole(plan.clone(), breaks);
        assert!(calls > 8, "{calls}");
        let (cut, whole) = (cut(&plan, breaks), record);
        assert_eq!(format!("{cut:?}"), format!("{whole:?}"));
    }
}

#[test]
fn no_call_does_more_than_one_batch_in_an_evaluation_or_in_the_final_test_either() {
    let (mut trial, work) = trial(plan(), [0; 2]);
    let mut ended = false;
    while !ended {
        let before = work.load(Ordering::SeqCst);
        ended = trial.advance();
        assert!(work.load(Ordering::SeqCst) - before <= 1);
    }
    // Thirteen evaluations, and the two sets of the final test.
    let evaluated = 13 * PARTS + PARTS + PARTS + 1;
    assert_eq!(work.load(Ordering::SeqCst), 40 + evaluated as u64);
}

#[test]
fn a_pass_reads_each_sequence_once_and_the_last_batch_may_be_smaller() {
    let mut draws: Draws = from_bytes(&to_bytes(&(
        tasks::seeds::generator(1, tasks::seeds::Purpose::Training),
        0u64,
        0u64,
        Vec::<usize>::new(),
    )))
    .unwrap();
    let mut orders = Vec::new();
    for pass in 1..=3 {
        let mut seen = Vec::new();
        for size in [3, 3, 2] {
            let which = draws.of_pass(COUNT, 3).to_vec();
            assert_eq!(which.len(), size);
            seen.extend(which);
            draws.updates += 1;
        }
        orders.push(seen.clone());
        seen.sort_unstable();
        assert_eq!(seen, (0..COUNT).collect::<Vec<_>>());
        assert_eq!(draws.sequences, pass * COUNT as u64);
    }
    assert_ne!(orders[0], orders[1]);
}

#[test]
fn an_evaluation_ends_at_the_first_wrong_answer_too_many() {
    let mut plan = plan();
    plan.evaluation = plan.evaluation.map(|evaluation| Evaluation {
        goal: Some(Goal::fewer_than(1)),
        ..evaluation
    });
    let (ended, calls) = whole(plan.clone(), [0; 2]);
    plan.evaluation = plan.evaluation.map(|evaluation| Evaluation {
        goal: Some(Goal::below(-1.0)),
        ..evaluation
    });
    let (never, all) = whole(plan, [0; 2]);
    assert!(!never.solved && all >= 40 + 13 * (PARTS + 1));
    assert!(calls < all, "{calls} of {all}: {ended:?}");
}

#[test]
fn without_anything_better_the_trial_ends_and_the_best_weights_are_tested() {
    let mut plan = plan();
    plan.evaluation = plan.evaluation.map(|evaluation| Evaluation {
        patience: Some(4),
        ..evaluation
    });
    plan.updates = 4_000;
    let (record, _) = whole(plan.clone(), [0; 2]);
    let of = |name: &str| record.measures[name];
    assert_eq!(of("updates"), of("best-updates") + 4.0 * 3.0);
    assert!(of("updates") < 4_000.0 && of("tested") == 2.0);
    let least = record.curve.iter().map(|point| point.1);
    assert_eq!(Some(of("best")), least.min_by(f64::total_cmp));
    let (mut again, _) = trial(plan, [0; 2]);
    while again.progress().0 < of("best-sequences") as u64 {
        again.advance();
    }
    assert_eq!(again.learner().x, of("x"));
}

#[test]
fn a_trial_that_diverges_has_no_test_and_an_evaluation_without_a_number_counts_as_the_ceiling()
{
    let (record, _) = whole(plan(), [10, 0]);
    assert_eq!(
        (record.measures["diverged"], record.measures["tested"]),
        (1.0, 0.0)
    );
    assert_eq!(record.measures["updates"], 10.0);
    let (record, _) = whole(plan(), [0, 3]);
    assert_eq!((record.curve[0].1, record.measures["diverged"]), (2.0, 0.0));
}

#[test]
fn a_state_that_is_cut_short_or_of_something_else_is_refused() {
    let (mut first, _) = trial(plan(), [0; 2]);
    for _ in 0..7 {
        first.advance();
    }
    let state = first.save();
    for length in 0..state.len() {
        assert!(
            trial(plan(), [0; 2]).0.restore(&state[..length]).is_err(),
            "{length}"
        );
    }
    trial(plan(), [0; 2]).0.restore(&state).unwrap();
}
