// SPDX-License-Identifier: MIT OR Apache-2.0
//! Recorded speech: WAV files of one channel with 16 bits a sample.

use super::cache::{DataError, Opened};
use super::{Bytes, Malformed};

/// A recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Samples a second.
    pub rate: u32,
    /// The samples.
    pub samples: Vec<i16>,
}

/// Reads a WAV file: RIFF, one channel, 16 bits a sample, not compressed.
///
/// # Errors
/// When the file is cut short, of another kind, or without a sample.
pub fn wav(file: &str, bytes: &[u8]) -> Result<Recording, Malformed> {
    let mut input = Bytes::new(file, bytes);
    if input.take(4, "the mark RIFF")? != b"RIFF" {
        let what = "no WAV file, which begins with RIFF";
        return Err(Malformed::new(file, "byte 0", what));
    }
    input.take(4, "the size of the file")?;
    if input.take(4, "the mark WAVE")? != b"WAVE" {
        let what = "a RIFF file of another kind, expected WAVE";
        return Err(Malformed::new(file, "byte 8", what));
    }
    let mut rate = None;
    loop {
        let at = input.at;
        let place = || format!("byte {at}");
        let kind: [u8; 4] = input.array("a chunk's name")?;
        let size = u32::from_le_bytes(input.array("a chunk's size")?) as usize;
        let chunk = input.take(size, "a chunk")?;
        match &kind {
            b"fmt " => rate = Some(format(file, &place(), chunk)?),
            b"data" => {
                let Some(rate) = rate else {
                    let what = "samples before their format, expected the chunk `fmt `";
                    return Err(Malformed::new(file, place(), what));
                };
                if chunk.is_empty() || !size.is_multiple_of(2) {
                    let what =
                        format!("{size} bytes of samples, expected some, of 2 bytes each");
                    return Err(Malformed::new(file, place(), what));
                }
                let pairs = chunk.chunks_exact(2);
                let samples = pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
                return Ok(Recording {
                    rate,
                    samples: samples.collect(),
                });
            }
            // Titles and the like. A chunk of an odd size is followed by a byte of padding.
            _ if !size.is_multiple_of(2) => drop(input.take(1, "padding")?),
            _ => {}
        }
    }
}

/// Samples a second, from the chunk of the format.
fn format(file: &str, place: &str, chunk: &[u8]) -> Result<u32, Malformed> {
    let refuse = |what: String| Err(Malformed::new(file, place, what));
    if chunk.len() < 16 {
        return refuse(format!("a format of {} bytes, expected 16", chunk.len()));
    }
    let short = |at: usize| u16::from_le_bytes([chunk[at], chunk[at + 1]]);
    let rate = u32::from_le_bytes([chunk[4], chunk[5], chunk[6], chunk[7]]);
    match (short(0), short(2), rate, short(14)) {
        (1, 1, 1.., 16) => Ok(rate),
        (kind, channels, rate, bits) => refuse(format!(
            "encoding {kind}, {channels} channels, {rate} samples a second of {bits} bits, \
             expected encoding 1, 1 channel, 16 bits"
        )),
    }
}

/// A phrase of the set `voice`: its name, which says what is said, and the samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// Path of the file in the set.
    pub name: String,
    /// The recording.
    pub recording: Recording,
}

/// The phrases of the set `voice`, by name, without its files of silence.
///
/// # Errors
/// When the set is damaged.
pub fn voice(set: &Opened) -> Result<Vec<Phrase>, DataError> {
    let spoken = set.names().filter(|name| !name.starts_with("silence/"));
    spoken
        .map(|name| {
            let bytes = set.read(name)?;
            let recording = wav(&set.path(name).display().to_string(), &bytes)?;
            Ok(Phrase {
                name: name.to_owned(),
                recording,
            })
        })
        .collect()
}
