// SPDX-License-Identifier: MIT OR Apache-2.0
//! Polyphonic music without a data set: canons in two voices, and the answers that need no network.
//!
//! The first voice walks at random over the C major scale. The second sings what the first sang
//! [`DELAY`] steps before, an octave lower. So half of each next chord can be told by whoever
//! remembers that far, and by nobody else.
use crate::data::music::{Chord, Music, Piece};
use crate::random::{below, coin};
use rand_chacha::ChaCha8Rng;

/// Steps by which the second voice is behind the first.
pub const DELAY: usize = 4;
/// Steps of the scale in an octave, above its tonic.
const SCALE: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
/// The lowest note of the first voice, middle C.
const LOWEST: u8 = 60;
/// Notes that the first voice sings, two octaves of the scale.
const NOTES: u32 = 14;

/// A canon of this many steps.
pub fn canon(rng: &mut ChaCha8Rng, steps: usize) -> Piece {
    let mut degree = below(rng, NOTES);
    let mut melody = Vec::with_capacity(steps);
    for _ in 0..steps {
        let octave = u8::try_from(degree / 7).unwrap_or(0);
        melody.push(LOWEST + 12 * octave + SCALE[(degree % 7) as usize]);
        let up = match degree {
            0 => true,
            d if d + 1 == NOTES => false,
            _ => coin(rng),
        };
        degree = if up { degree + 1 } else { degree - 1 };
    }
    let sings = |t: usize| {
        let second = t.checked_sub(DELAY).map(|before| melody[before] - 12);
        std::iter::once(melody[t]).chain(second).collect()
    };
    (0..steps).map(sings).collect()
}

/// A set of canons, so many in each split, all of this many steps.
pub fn music(rng: &mut ChaCha8Rng, [train, valid, test]: [usize; 3], steps: usize) -> Music {
    let mut split = |count: usize| (0..count).map(|_| canon(rng, steps)).collect();
    Music {
        train: split(train),
        valid: split(valid),
        test: split(test),
    }
}

/// Of a note that the baselines know: how often it sounded, among how many steps.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    sounded: f64,
    steps: f64,
}

impl Count {
    fn add(&mut self, sounds: bool) {
        self.sounded += f64::from(u8::from(sounds));
        self.steps += 1.0;
    }

    /// The share of the steps, with one more step at which the note sounded by `prior`.
    fn share(self, prior: f64) -> f64 {
        (self.sounded + prior) / (self.steps + 1.0)
    }
}

/// The trivial answers about the next chord, learnt by counting.
///
/// Each note is told on its own: by how often it sounds at all, or by how often it sounds after a
/// step at which it sounded, or did not. The second holds what sounds, which is repeating the last
/// chord with the confidence that it deserves.
#[derive(Clone, Debug)]
pub struct Counts {
    all: [Count; 128],
    after: [[Count; 2]; 128],
}

impl Counts {
    /// Counts the notes of these pieces from their second step on, as the networks predict them.
    pub fn of(pieces: &[Piece]) -> Self {
        let mut counts = Counts {
            all: [Count::default(); 128],
            after: [[Count::default(); 2]; 128],
        };
        for (before, now) in pairs(pieces) {
            for note in 0..128u8 {
                let sounds = now.contains(note);
                counts.all[usize::from(note)].add(sounds);
                let after = usize::from(before.contains(note));
                counts.after[usize::from(note)][after].add(sounds);
            }
        }
        counts
    }

    /// How surprising these pieces are to who tells that nothing sounds, and is as sure of it as is
    /// right: all of so many keys sound with one small probability. Nats a step, as below.
    pub fn silence(&self, pieces: &[Piece], keys: usize) -> f64 {
        let sounded: f64 = self.all.iter().map(|count| count.sounded).sum();
        let told = Count {
            sounded,
            steps: self.all[0].steps * keys as f64,
        };
        let p = told.share(0.5);
        let (mut sum, mut steps) = (0.0, 0.0);
        for (_, now) in pairs(pieces) {
            let sounding = now.len() as f64;
            sum -= sounding * libm::log(p) + (keys as f64 - sounding) * libm::log(1.0 - p);
            steps += 1.0;
        }
        sum / f64::max(steps, 1.0)
    }

    /// How surprising these pieces are to who knows each note's frequency: nats a step, summed
    /// over all notes and averaged over all steps but each piece's first.
    pub fn marginals(&self, pieces: &[Piece]) -> f64 {
        self.surprise(pieces, |note, _| self.all[note].share(0.5))
    }

    /// The same for who also knows the chord before.
    pub fn repeat(&self, pieces: &[Piece]) -> f64 {
        self.surprise(pieces, |note, before| {
            self.after[note][usize::from(before)].share(self.all[note].share(0.5))
        })
    }

    fn surprise(&self, pieces: &[Piece], share: impl Fn(usize, bool) -> f64) -> f64 {
        let (mut sum, mut steps) = (0.0, 0.0);
        for (before, now) in pairs(pieces) {
            for note in 0..128u8 {
                let p = share(usize::from(note), before.contains(note));
                let p = if now.contains(note) { p } else { 1.0 - p };
                sum -= libm::log(p);
            }
            steps += 1.0;
        }
        sum / f64::max(steps, 1.0)
    }
}

/// Each chord with the one before it.
fn pairs(pieces: &[Piece]) -> impl Iterator<Item = (Chord, Chord)> + '_ {
    pieces
        .iter()
        .flat_map(|piece| piece.windows(2).map(|pair| (pair[0], pair[1])))
}

#[cfg(test)]
mod tests {
    use super::{canon, music, Counts, DELAY};
    use crate::data::music::{Chord, Piece};
    use crate::seeds::{generator, Purpose};

    #[test]
    fn the_second_voice_follows_an_octave_lower() {
        let piece = canon(&mut generator(1, Purpose::Training), 60);
        assert_eq!(piece.len(), 60);
        for t in 0..60 {
            let notes: Vec<u8> = piece[t].notes().collect();
            assert_eq!(notes.len(), if t < DELAY { 1 } else { 2 }, "step {t}");
            if t >= DELAY {
                let first = piece[t - DELAY].notes().last().unwrap();
                assert!(piece[t].contains(first - 12), "step {t}");
            }
        }
    }

    #[test]
    fn a_set_has_the_sizes_that_were_asked_for_and_the_same_bytes_again() {
        let draw = || music(&mut generator(3, Purpose::Training), [4, 2, 3], 12);
        let set = draw();
        assert_eq!(set, draw());
        let sizes = [&set.train, &set.valid, &set.test].map(Vec::len);
        assert_eq!(sizes, [4, 2, 3]);
        assert!(set.test.iter().all(|piece| piece.len() == 12));
    }

    /// By hand: one note sounds at three of four counted steps, always after itself. Of the other
    /// 127 notes each is told not to sound by ln(1 + 0.5/4.5) or so.
    #[test]
    fn the_baselines_are_what_a_pencil_gives() {
        let chord = |on: bool| {
            let notes = [60u8].into_iter().filter(|_| on);
            notes.collect::<Chord>()
        };
        let piece: Piece = [true, true, true, true, false].map(chord).to_vec();
        let counts = Counts::of(std::slice::from_ref(&piece));
        let silent = 127.0 * -(1.0f64 - 0.5 / 5.0).ln();
        let p = (3.0 + 0.5) / 5.0;
        let marginals = (3.0 * -f64::ln(p) - f64::ln(1.0 - p)) / 4.0 + silent;
        let given = (3.0 + p) / 5.0;
        let quiet = 0.1 / 5.0;
        let repeat =
            (3.0 * -f64::ln(given) - f64::ln(1.0 - given)) / 4.0 - 127.0 * f64::ln(1.0 - quiet);
        let piece = [piece];
        assert!((counts.marginals(&piece) - marginals).abs() < 1e-12);
        assert!((counts.repeat(&piece) - repeat).abs() < 1e-12);
        // Of 96 keys and 4 steps three sounded.
        let p = 3.5 / 385.0;
        let silence = -(3.0 * f64::ln(p) + 381.0 * f64::ln(1.0 - p)) / 4.0;
        assert!((counts.silence(&piece, 96) - silence).abs() < 1e-12);
    }

    #[test]
    fn who_knows_the_chord_before_is_less_surprised() {
        let set = music(&mut generator(1, Purpose::Training), [30, 1, 10], 40);
        let counts = Counts::of(&set.train);
        let (marginals, repeat) = (counts.marginals(&set.test), counts.repeat(&set.test));
        assert!(repeat < marginals, "{repeat} {marginals}");
        let silence = counts.silence(&set.test, 96);
        assert!(marginals < silence, "{marginals} {silence}");
    }
}
