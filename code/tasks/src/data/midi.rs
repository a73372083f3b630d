// SPDX-License-Identifier: MIT OR Apache-2.0
//! A piece as a standard MIDI file, to hear it.

use super::music::Chord;

/// Ticks of the file in a step of the piece.
const STEP: u32 = 480;

/// How hard a note is struck, of 127.
const VELOCITY: u8 = 80;

/// The sound, counted from 0: a church organ, which holds a note as long as it lasts.
const ORGAN: u8 = 19;

/// Writes a piece as a standard MIDI file of one track, each step `step` milliseconds long. A note
/// that sounds at two steps in a row is held over both.
///
/// # Panics
/// If a step is not from 1 to 16,000 milliseconds long.
pub fn write(piece: &[Chord], step: u32) -> Vec<u8> {
    assert!(
        (1..=16_000).contains(&step),
        "a step of {step} milliseconds"
    );
    let mut track = Vec::new();
    // A step is what MIDI calls a quarter note; its length is in microseconds, in three bytes.
    track.extend([0, 0xFF, 0x51, 3]);
    track.extend_from_slice(&(step * 1_000).to_be_bytes()[1..]);
    track.extend([0, 0xC0, ORGAN]);
    let mut before = Chord::SILENCE;
    let mut waited = 0;
    for &chord in piece.iter().chain([&Chord::SILENCE]) {
        let ends = before.notes().filter(|&note| !chord.contains(note));
        let begins = chord.notes().filter(|&note| !before.contains(note));
        let events = ends
            .map(|note| [0x80, note, 0])
            .chain(begins.map(|note| [0x90, note, VELOCITY]));
        for event in events {
            delay(&mut track, waited);
            track.extend(event);
            waited = 0;
        }
        waited += STEP;
        before = chord;
    }
    // The last step was waited for by the events that end its notes, or is silent.
    delay(&mut track, waited - STEP);
    track.extend([0xFF, 0x2F, 0]);

    let mut file = b"MThd".to_vec();
    file.extend(6u32.to_be_bytes());
    // One track, in one stream, and the ticks in a quarter note.
    file.extend([0, 0, 0, 1]);
    file.extend_from_slice(&STEP.to_be_bytes()[2..]);
    file.extend(b"MTrk");
    file.extend((track.len() as u32).to_be_bytes());
    file.extend(track);
    file
}

/// A number of ticks: seven bits a byte, the highest first, all but the last marked.
fn delay(track: &mut Vec<u8>, ticks: u32) {
    let groups = (32 - ticks.leading_zeros()).div_ceil(7).max(1);
    for group in (0..groups).rev() {
        let bits = (ticks >> (7 * group) & 0x7F) as u8;
        track.push(if group > 0 { bits | 0x80 } else { bits });
    }
}
