// SPDX-License-Identifier: MIT OR Apache-2.0
//! Timing in turn: ours, the peer's, ours, the peer's, so that whatever else the machine does
//! falls on both.
use super::peer::Stopped;
use anyhow::{Result, bail};
use benchmarks::{Outcome, Step};
use lab::stats::{median, quantile};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often each side has its turn.
const ROUNDS: usize = 5;
/// The same where one step takes longer than [`SLOW`].
const SLOW_ROUNDS: usize = 3;
/// Seconds of a slow step.
const SLOW: f64 = 0.4;
/// Threads of a side that has had its turn spin for a moment before they sleep.
const PAUSE: Duration = Duration::from_millis(10);
/// Most steps in one turn.
const MOST: usize = 50_000;
/// How often a row is measured beside a peer; odd, so that one of them is the median.
const REPEATS: usize = 3;
/// Losses and norms that differ by more than this share are not those of the same step.
const TOLERANCE: f64 = 1e-4;

/// What is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Training steps, from the initial weights at each turn.
    Training,
    /// Outputs only.
    Inference,
}

/// One of the two that take turns.
pub trait Side {
    /// Does it `count` times; the seconds of each.
    ///
    /// # Errors
    /// When a peer does not answer.
    fn times(&mut self, what: What, count: usize) -> Result<Vec<f64>>;
}

/// Our side.
pub struct Ours<'a> {
    /// What is timed.
    pub step: &'a mut dyn Step,
    /// Set from outside to stop.
    pub stop: &'a AtomicBool,
}

impl Side for Ours<'_> {
    fn times(&mut self, what: What, count: usize) -> Result<Vec<f64>> {
        if self.stop.load(Ordering::SeqCst) {
            return Err(Stopped.into());
        }
        self.step.restart();
        let timed = (0..count).map(|_| {
            let begun = Instant::now();
            match what {
                What::Training => {
                    self.step.train();
                }
                What::Inference => self.step.infer(),
            }
            begun.elapsed().as_secs_f64()
        });
        Ok(timed.collect())
    }
}

/// Median and quartiles of a time, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// A quarter of the steps were faster.
    pub low: f64,
    /// A quarter of the steps were slower.
    pub high: f64,
}

impl Spread {
    /// Of these seconds.
    pub fn of(seconds: &[f64]) -> Self {
        Self {
            median: median(seconds) * 1e3,
            low: quantile(seconds, 0.25) * 1e3,
            high: quantile(seconds, 0.75) * 1e3,
        }
    }
}

/// The times of both sides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Ours.
    pub ours: Spread,
    /// The peer's.
    pub peer: Option<Spread>,
}

impl Timing {
    /// How many times as long as ours the peer takes.
    pub fn ratio(&self) -> Option<f64> {
        self.peer.map(|peer| peer.median / self.ours.median)
    }
}

/// Times both sides in turn, for about `seconds` each; beside a peer three times, and the one with
/// the median ratio counts.
///
/// # Errors
/// When a side fails.
pub fn in_turn(
    ours: &mut dyn Side,
    mut peer: Option<&mut dyn Side>,
    what: What,
    seconds: f64,
) -> Result<Timing> {
    let repeats = if peer.is_some() { REPEATS } else { 1 };
    let all = (0..repeats).map(|_| once(ours, &mut peer, what, seconds));
    let mut all = all.collect::<Result<Vec<_>>>()?;
    let ratio = |timing: &Timing| timing.ratio().unwrap_or(f64::NAN);
    all.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    Ok(all[repeats / 2])
}

fn once(
    ours: &mut dyn Side,
    peer: &mut Option<&mut dyn Side>,
    what: What,
    seconds: f64,
) -> Result<Timing> {
    let our_plan = plan(ours, what, seconds)?;
    let peer_plan = match peer {
        Some(peer) => plan(*peer, what, seconds)?,
        None => our_plan,
    };
    let rounds = our_plan.rounds.max(peer_plan.rounds);
    let (mut our_times, mut peer_times) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        our_times.extend(ours.times(what, our_plan.steps)?);
        if let Some(peer) = peer {
            thread::sleep(PAUSE);
            peer_times.extend(peer.times(what, peer_plan.steps)?);
            thread::sleep(PAUSE);
        }
    }
    Ok(Timing {
        ours: Spread::of(&our_times),
        peer: peer.is_some().then(|| Spread::of(&peer_times)),
    })
}

#[derive(Clone, Copy)]
struct Plan {
    rounds: usize,
    steps: usize,
}

/// How often a side has its turn and how many steps it takes in each, told from a first turn that warms up and
/// is not counted.
fn plan(side: &mut dyn Side, what: What, seconds: f64) -> Result<Plan> {
    let first = side.times(what, 1)?[0];
    let step = if first < 0.01 {
        median(&side.times(what, 5)?)
    } else {
        first
    };
    let rounds = if step > SLOW { SLOW_ROUNDS } else { ROUNDS };
    let steps = (seconds / rounds as f64 / step.max(1e-7)) as usize;
    Ok(Plan {
        rounds,
        steps: steps.clamp(1, MOST),
    })
}

/// The median seconds of a row's kernel alone, forward and backward; `None` where there is none.
pub fn kernel(step: &mut dyn Step, seconds: f64) -> Option<f64> {
    step.restart();
    if !step.kernel() {
        return None;
    }
    let (begun, mut times) = (Instant::now(), Vec::new());
    while times.len() < 3 || begun.elapsed().as_secs_f64() < seconds {
        let begun = Instant::now();
        step.kernel();
        times.push(begun.elapsed().as_secs_f64());
    }
    Some(median(&times))
}

/// Whether both sides compute the same: losses and norms of the first training steps, and the
/// loss of the outputs.
///
/// # Errors
/// Says where they differ; a fast wrong step is not a result.
pub fn agree(ours: &[Outcome], peer: &[Outcome], inferred: (f64, f64)) -> Result<()> {
    if ours.len() != peer.len() {
        bail!(
            "the peer answered with {} steps, not {}",
            peer.len(),
            ours.len()
        );
    }
    let mut pairs = Vec::new();
    for (step, (our, peer)) in ours.iter().zip(peer).enumerate() {
        pairs.push((
            format!("the losses of training step {}", step + 1),
            our.loss,
            peer.loss,
        ));
        match (our.norm, peer.norm) {
            (Some(our), Some(peer)) => pairs.push((
                format!("the gradient norms of training step {}", step + 1),
                our,
                peer,
            )),
            (None, None) => {}
            _ => bail!("only one of the two clips its gradients"),
        }
    }
    pairs.push(("the losses of inference".into(), inferred.0, inferred.1));
    for (what, ours, peer) in pairs {
        // Not finite is not the same either.
        let gap = (ours - peer).abs();
        if gap.is_nan() || gap > TOLERANCE * ours.abs().max(peer.abs()) {
            bail!(
                "{what} differ: {ours:.7e} here, {peer:.7e} there; a wrong step is not timed"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes as long as it is told, turn by turn, and notes whose turn it was.
    struct Scripted<'a> {
        name: char,
        milliseconds: Vec<f64>,
        turn: usize,
        log: &'a std::cell::RefCell<String>,
    }

    impl Side for Scripted<'_> {
        fn times(&mut self, _: What, count: usize) -> Result<Vec<f64>> {
            self.log.borrow_mut().push(self.name);
            let time = self.milliseconds[self.turn.min(self.milliseconds.len() - 1)] / 1e3;
            self.turn += 1;
            Ok(vec![time; count])
        }
    }

    fn scripted<'a>(
        name: char,
        milliseconds: &[f64],
        log: &'a std::cell::RefCell<String>,
    ) -> Scripted<'a> {
        Scripted {
            name,
            milliseconds: milliseconds.to_vec(),
            turn: 0,
            log,
        }
    }

    #[test]
    fn the_two_take_turns() {
        let log = Default::default();
        let (mut ours, mut peer) = (scripted('a', &[20.0], &log), scripted('b', &[60.0], &log));
        let timing = in_turn(&mut ours, Some(&mut peer), What::Training, 0.0).unwrap();
        assert_eq!(log.borrow().as_str(), "ab".repeat(18));
        assert_eq!(timing.ours.median, 20.0);
        assert_eq!(timing.ratio(), Some(3.0));
    }

    #[test]
    fn a_row_is_measured_three_times_and_judged_by_the_median() {
        // One turn to plan and five that count, three times over; a first ratio that is far from close too.
        for (times, ratio) in [([10.0, 30.0, 15.0], 0.75), ([60.0, 20.0, 30.0], 1.5)] {
            let log = Default::default();
            let mut ours = scripted('a', &[20.0], &log);
            let mut peer = scripted('b', &times.map(|time| [time; 6]).concat(), &log);
            let timing = in_turn(&mut ours, Some(&mut peer), What::Training, 0.0).unwrap();
            assert_eq!(timing.ratio(), Some(ratio));
            assert_eq!(log.borrow().len(), 36);
        }
    }

    #[test]
    fn without_a_peer_there_is_no_ratio() {
        let log = Default::default();
        let mut ours = scripted('a', &[20.0], &log);
        let timing = in_turn(&mut ours, None, What::Inference, 0.0).unwrap();
        assert_eq!((timing.peer, timing.ratio()), (None, None));
    }

    #[test]
    fn a_step_that_differs_is_refused_by_name() {
        let outcome = |loss, norm| Outcome {
            loss,
            norm: Some(norm),
        };
        let ours = [outcome(1.0, 2.0), outcome(0.5, 1.0)];
        let same = [outcome(1.00005, 2.0001), outcome(0.5, 1.0)];
        assert!(agree(&ours, &same, (3.0, 3.0)).is_ok());
        for (peer, inferred, expected) in [
            (
                [outcome(1.0, 2.0), outcome(0.5002, 1.0)],
                3.0,
                "losses of training step 2",
            ),
            (
                [outcome(1.0, 2.001), outcome(0.5, 1.0)],
                3.0,
                "norms of training step 1",
            ),
            (same, 3.001, "losses of inference"),
            (same, f64::NAN, "losses of inference"),
        ] {
            let error = agree(&ours, &peer, (3.0, inferred))
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(agree(&ours, &same[..1], (3.0, 3.0)).is_err());
    }
}
