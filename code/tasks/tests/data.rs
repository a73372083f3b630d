// SPDX-License-Identifier: MIT OR Apache-2.0
//! Readers of real data: what they read, what they refuse and how, and that no bytes make them panic.

#![allow(missing_docs)]

use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tasks::data::bible::{self, Testament, Verse};
use tasks::data::cache::{Cache, DataError};
use tasks::data::chorales::Chorale;
use tasks::data::help::{self, Paragraph};
use tasks::data::music::{self, Chord, Music};
use tasks::data::musicxml::{self, QUARTER};
use tasks::data::parallel::{self, Part, Sentences};
use tasks::data::{audio, images, midi, sets, text, Malformed};

/// What is wrong with a file, as one line.
fn refusal<T: std::fmt::Debug>(result: Result<T, Malformed>) -> String {
    let line = result.unwrap_err().to_string();
    assert_eq!(line.lines().count(), 1, "{line}");
    line
}

/// Reads damaged copies of a file: cut short, bytes replaced, taken out, put in and doubled.
/// Whatever comes of it, it is not a panic, and an error names the file.
fn mutate<T: std::fmt::Debug>(good: &[u8], read: impl Fn(&[u8]) -> Result<T, Malformed>) {
    let mut rng = ChaCha8Rng::seed_from_u64(20);
    let mut refused = 0;
    let mut check = |bytes: &[u8]| {
        if let Err(error) = read(bytes) {
            refused += 1;
            let line = error.to_string();
            assert!(line.starts_with("a.file: "), "{line}");
            assert_eq!(line.lines().count(), 1, "{line}");
            assert!(!error.place.is_empty() && !error.what.is_empty(), "{line}");
        }
    };
    for length in 0..good.len().min(500) {
        check(&good[..length]);
    }
    // What the formats are sensitive to, and any byte.
    let telling: &[u8] = b"\0\x01\x7F\x80\xFF[]{},:\"-0189.eE<>/&; \n";
    for round in 0..4_000 {
        let mut bytes = good.to_vec();
        for _ in 0..=round % 4 {
            let mut below = |n: usize| rng.next_u32() as usize % n.max(1);
            let at = below(bytes.len());
            let byte = match below(3) {
                0 => below(256) as u8,
                _ => telling[below(telling.len())],
            };
            match below(5) {
                _ if bytes.is_empty() => bytes.push(byte),
                0 => bytes[at] ^= 1 << below(8),
                1 => bytes[at] = byte,
                2 => drop(bytes.remove(at)),
                3 => bytes.insert(at, byte),
                _ => {
                    let end = (at + 1 + below(12)).min(bytes.len());
                    let piece = bytes[at..end].to_vec();
                    let to = below(bytes.len());
                    bytes.splice(to..to, piece);
                }
            }
        }
        check(&bytes);
    }
    let mut noise = vec![0; 300];
    for _ in 0..500 {
        rng.fill_bytes(&mut noise);
        check(&noise);
    }
    assert!(refused > 500, "only {refused} refused");
}

mod chung2014 {
    use super::*;

    const MUSIC: &str = r#"{
  "train": [[[60, 64, 67, 72], [], [59, 62]], [[60]]],
  "valid": [[[21], [108]]],
  "test": [[[0, 127]]]
}"#;

    fn read(text: &str) -> Result<Music, Malformed> {
        music::read("a.file", text.as_bytes())
    }

    #[test]
    fn music_in_the_usual_layout_is_read() {
        let music = read(MUSIC).unwrap();
        assert_eq!(
            (music.train.len(), music.valid.len(), music.test.len()),
            (2, 1, 1)
        );
        let notes: Vec<u8> = music.train[0][0].notes().collect();
        assert_eq!(notes, [60, 64, 67, 72]);
        assert!(music.train[0][1].is_empty());
        assert_eq!(music.range(), Some((0, 127)));
        let renamed = MUSIC.replace("valid", "validation");
        assert_eq!(read(&renamed).unwrap(), music);
        let marked = format!("\u{feff}{MUSIC}");
        assert_eq!(read(&marked).unwrap(), music);
    }

    /// As public files of the chorales have them: notes with a point, and −1 for a silent voice.
    #[test]
    fn whole_numbers_with_a_point_are_notes_and_minus_one_is_a_rest() {
        let points = MUSIC
            .replace("60, 64", "60.0, 6.4e1")
            .replace("108", "108.0");
        assert_ne!(points, MUSIC);
        assert_eq!(read(&points).unwrap(), read(MUSIC).unwrap());
        let rests = MUSIC
            .replace("[59, 62]", "[-1, 59, 62, -1.0]")
            .replace("[]", "[-1, -1]");
        assert_eq!(read(&rests).unwrap(), read(MUSIC).unwrap());
    }

    #[test]
    fn splits_without_names_are_refused_in_one_line() {
        let split = "[[[60], [62]]]";
        let line = refusal(read(&format!("\n [{split}, {split}, {split}]")));
        assert_eq!(
            line,
            "a.file: line 2: a list of splits without names, expected {\"train\": [[[60, 64, 67], ...], \
             ...], \"valid\": ..., \"test\": ...}"
        );
    }

    #[test]
    fn music_that_is_written_is_read_back() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut below = |n: u32| rng.next_u32() % n;
        for _ in 0..200 {
            let mut split = || -> Vec<music::Piece> {
                let mut piece = || {
                    let mut chord =
                        || -> Chord { (0..below(6)).map(|_| below(128) as u8).collect() };
                    (0..5).map(|_| chord()).collect()
                };
                (0..3).map(|_| piece()).collect()
            };
            let music = Music {
                train: split(),
                valid: split(),
                test: split(),
            };
            let text = serde_json::to_string(&music).unwrap();
            assert_eq!(read(&text).unwrap(), music);
        }
    }

    #[test]
    fn a_malformed_file_of_music_is_refused_with_its_place() {
        for (from, to, expected) in [
            ("127]]]", "128]]]", "line 4, column 19, test[0][0][1]: 128 is no MIDI note, expected 0 to 127; of a silent voice write nothing, or -1"),
            ("[21]", "[-2]", "valid[0][0][0]: -2 is no MIDI note, expected 0 to 127; of a silent voice write nothing, or -1"),
            ("[21]", "[-1.5]", "valid[0][0][0]: -1.5 is no MIDI note"),
            ("[21]", "[1e300]", "valid[0][0][0]: 1e300 is no MIDI note"),
            ("[21]", "[60.5]", "valid[0][0][0]: 60.5 is no MIDI note"),
            ("[21]", "[\"C4\"]", "valid[0][0][0]: invalid type: string \"C4\", expected a MIDI note"),
            ("[21]", "21", "valid[0][0]: invalid type: integer `21`, expected a step, which is a list of notes"),
            ("[[[21], [108]]]", "[]", "valid: empty, expected at least one piece"),
            ("[[21], [108]]", "[]", "valid[0]: empty, expected at least one step"),
            ("\"valid\"", "\"dev\"", "missing field `valid`, expected {\"train\": [[["),
            ("\"valid\"", "\"train\"", "duplicate field `train`, expected {\"train\": [[["),
            ("\"test\"", "\"validation\"", "duplicate field `valid`, expected {\"train\": [[["),
            ("\"train\": [", "\"train\": ", "expected a step, which is a list of notes"),
            ("]]]\n}", "]]]\n}}", "line 5, column 2: no JSON (trailing characters)"),
            ("]]]\n}", "]]", "cut short (EOF while parsing"),
        ] {
            let text = MUSIC.replace(from, to);
            assert_ne!(text, MUSIC, "{from}");
            let line = refusal(read(&text));
            assert!(line.starts_with("a.file: line ") && line.contains(expected), "{line}");
        }
        let utf16: Vec<u8> = [0xFF, 0xFE]
            .into_iter()
            .chain(MUSIC.bytes().flat_map(|b| [b, 0]))
            .collect();
        let line = refusal(music::read("a.file", &utf16));
        assert_eq!(
            line,
            "a.file: line 1: a text in UTF-16, expected UTF-8: convert it"
        );
        let latin = MUSIC.replace("test", "t~st").into_bytes();
        let latin: Vec<u8> = latin
            .into_iter()
            .map(|b| if b == b'~' { 0xE9 } else { b })
            .collect();
        let line = refusal(music::read("a.file", &latin));
        assert!(
            line.starts_with("a.file: line 4, byte 5: the byte 0xe9 is not UTF-8"),
            "{line}"
        );
        assert_eq!(refusal(read("")), "a.file: line 1: empty, expected a text");
    }

    #[test]
    fn no_bytes_make_the_reader_of_music_panic() {
        mutate(MUSIC.as_bytes(), |bytes| music::read("a.file", bytes));
        let deep = "[".repeat(100_000);
        refusal(read(&deep));
        refusal(read(&format!("{{\"train\": {deep}")));
    }

    #[test]
    fn a_chord_holds_every_note_once() {
        let all: Chord = (0..=127).chain([60, 60]).collect();
        assert_eq!(all.len(), 128);
        assert!(all.notes().eq(0..=127));
        assert!(all.contains(127) && !all.contains(128));
        assert_eq!(Chord::SILENCE.notes().next(), None);
        let mut row = [9.0; 3];
        music::fill_row([60, 62].into_iter().collect(), 60, &mut row);
        assert_eq!(row, [1.0, 0.0, 1.0]);
    }

    #[test]
    #[should_panic = "the note 59 is not in the row"]
    fn a_note_outside_of_the_row_is_a_mistake_of_the_program() {
        music::fill_row([59].into_iter().collect(), 60, &mut [0.0; 12]);
    }

    /// The piece in a MIDI file, as one who hears it would write it down.
    fn heard(file: &[u8]) -> Vec<Chord> {
        assert_eq!(&file[..14], b"MThd\0\0\0\x06\0\0\0\x01\x01\xE0");
        assert_eq!(&file[14..18], b"MTrk");
        let length = u32::from_be_bytes([file[18], file[19], file[20], file[21]]);
        let mut track = file[22..].iter().copied();
        assert_eq!(track.len(), length as usize);
        let (mut piece, mut now) = (Vec::new(), Vec::<u8>::new());
        loop {
            let mut ticks = 0;
            loop {
                let byte = track.next().unwrap();
                ticks = ticks << 7 | usize::from(byte & 0x7F);
                if byte < 0x80 {
                    break;
                }
            }
            assert_eq!(ticks % 480, 0);
            piece.extend((0..ticks / 480).map(|_| now.iter().copied().collect::<Chord>()));
            let mut next = || track.next().unwrap();
            match next() {
                0xFF if next() == 0x2F => break,
                0xFF => {
                    assert_eq!([next(), next(), next(), next()], [3, 0x07, 0xA1, 0x20]);
                }
                0xC0 => drop(next()),
                0x90 => {
                    let note = next();
                    assert!(!now.contains(&note) && next() > 0);
                    now.push(note);
                }
                0x80 => {
                    let note = next();
                    assert!(now.contains(&note));
                    now.retain(|&n| n != note);
                    next();
                }
                other => panic!("an event {other:#x}"),
            }
        }
        assert!(now.is_empty() && track.eq([0]));
        piece
    }

    #[test]
    fn a_piece_is_heard_as_it_was_written() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut below = |n: u32| rng.next_u32() % n;
        for _ in 0..200 {
            let steps = below(40);
            let piece: Vec<Chord> = (0..steps)
                .map(|_| (0..below(5)).map(|_| 60 + below(4) as u8).collect())
                .collect();
            assert_eq!(heard(&midi::write(&piece, 500)), piece);
        }
        // A rest at the end, and one that is longer than a byte of delay can say.
        let mut piece = vec![Chord::SILENCE; 50];
        piece[40].insert(60);
        assert_eq!(heard(&midi::write(&piece, 500)), piece);
    }

    /// Two measures: a quarter and a half tied on; a bass in eighths with a grace note, a chord, a
    /// second voice by way of a step back, and a horn that sounds lower than it is written.
    const SCORE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 1.1 Partwise//EN" "partwise.dtd">
<score-partwise><part-list><score-part id="P1"><part-name>Soprano</part-name></score-part>
<score-part id="P2"><part-name>Horn</part-name></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>2</divisions></attributes>
<note><pitch><step>C</step><octave>5</octave></pitch><duration>2</duration><tie type="start"/></note>
</measure><measure number="2">
<note><pitch><step>C</step><octave>5</octave></pitch><duration>4</duration><tie type="stop"/></note>
</measure></part>
<part id="P2"><measure number="1"><attributes><divisions>4</divisions>
<transpose><diatonic>-4</diatonic><chromatic>-7</chromatic></transpose></attributes>
<note><grace/><pitch><step>D</step><octave>4</octave></pitch></note>
<note><pitch><step>F</step><alter>1</alter><octave>4</octave></pitch><duration>2</duration></note>
<note><chord/><pitch><step>B</step><alter>-1</alter><octave>4</octave></pitch><duration>2</duration></note>
<note><rest/><duration>2</duration></note></measure>
<measure number="2"><note><pitch><step>G</step><octave>3</octave></pitch><duration>8</duration></note>
<backup><duration>4</duration></backup><forward><duration>2</duration></forward>
<note><pitch><step>E</step><octave>3</octave></pitch><duration>2</duration></note></measure></part>
</score-partwise>
"#;

    #[test]
    fn a_score_gives_its_notes_and_times() {
        let parts = musicxml::read("a.file", SCORE).unwrap();
        let notes = |part: usize| {
            let unit = QUARTER / 4;
            parts[part]
                .notes
                .iter()
                .map(|n| (n.start / unit, n.end / unit, n.pitch, n.tied))
                .collect::<Vec<_>>()
        };
        assert_eq!(parts[0].name, "Soprano");
        assert_eq!(notes(0), [(0, 4, 72, false), (4, 12, 72, true)]);
        let horn = [
            (0, 2, 59, false),
            (0, 2, 63, false),
            (4, 12, 48, false),
            (10, 12, 45, false),
        ];
        assert_eq!(notes(1), horn);
        assert_eq!((parts[0].end, parts[1].end), (3 * QUARTER, 3 * QUARTER));
    }

    #[test]
    fn a_chorale_has_four_voices_and_steps_of_time() {
        let part = |name: &str, first: u8| {
            let mut parts = musicxml::read("a.file", SCORE).unwrap();
            let mut part = parts.swap_remove(0);
            part.name = name.into();
            part.notes[0].pitch = first;
            part
        };
        let four = vec![part("", 72), part("", 67), part("", 64), part("", 48)];
        let chorale = Chorale::new("x", four.clone()).unwrap();
        let piece = chorale.piece(1);
        assert_eq!(piece.len(), 3);
        assert!(piece[0].notes().eq([48, 64, 67, 72]));
        assert!(piece[2].notes().eq([72]));
        assert_eq!(chorale.piece(4).len(), 12);
        let names = ["Horn", "Bass Continuo", "Tenor", "alto", "Soprano\rOboe"];
        let many = || names.map(|name| part(name, name.len() as u8)).to_vec();
        let chorale = Chorale::new("x", many()).unwrap();
        assert_eq!(chorale.voices[0][0].pitch, 12);
        assert_eq!(chorale.voices[3][0].pitch, 13);
        let mut twice = many();
        twice[0].name = "Soprano 2".into();
        assert_eq!(Chorale::new("x", twice), None);
        assert_eq!(Chorale::new("x", four[..3].to_vec()), None);
        assert_eq!(Chorale::new("x", Vec::new()), None);
    }

    #[test]
    fn a_malformed_score_is_refused_with_its_place() {
        for (from, to, expected) in [
            ("<octave>5</octave>", "<octave>12</octave>", "line 6, column 7: `12` in `octave`, expected a whole number up to 10"),
            ("<octave>5</octave>", "<octave>9</octave><alter>12</alter>", "line 6, column 7: the MIDI note 132, expected 0 to 127"),
            ("<step>C</step>", "<step>H</step>", "the step `H`, expected a letter from A to G"),
            ("<alter>1</alter>", "<alter>0.5</alter>", "`0.5` in `alter`"),
            ("<divisions>2</divisions>", "<divisions>11</divisions>", "line 5, column 47: `11` divisions of a quarter note, expected a divisor of 10080"),
            ("<divisions>2</divisions>", "", "a duration before any `divisions`"),
            ("<duration>8</duration>", "<duration>-8</duration>", "the duration `-8`, expected a whole number"),
            ("<duration>8</duration>", "<duration>4000000</duration>", "expected less"),
            ("<duration>8</duration>", "<duration>400000</duration>", "longer than 50000 quarter notes"),
            ("<backup><duration>4", "<backup><duration>9", "a step back to before the measure"),
            ("score-partwise>", "score-timewise>", "an element `score-timewise`, expected `score-partwise`"),
            ("</score-partwise>", "", "no XML ("),
        ] {
            let text = SCORE.replace(from, to);
            assert_ne!(text, SCORE, "{from}");
            let line = refusal(musicxml::read("a.file", &text));
            assert!(line.starts_with("a.file: line ") && line.contains(expected), "{line}");
        }
        let line = refusal(musicxml::read("a.file", "<score-partwise/>"));
        assert_eq!(
            line,
            "a.file: line 1, column 1: a score without a part, expected at least one"
        );
    }

    #[test]
    fn no_bytes_make_the_reader_of_scores_panic() {
        mutate(SCORE.as_bytes(), |bytes| {
            musicxml::read("a.file", text::utf8("a.file", bytes)?)
        });
        let deep = format!("<score-partwise>{}", "<part>".repeat(100_000));
        refusal(musicxml::read("a.file", &deep));
    }

    /// A WAV file of these samples, with a title between format and samples.
    fn wav(samples: &[i16]) -> Vec<u8> {
        let mut bytes =
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x80\x3E\0\0\x02\0\x10\0"
                .to_vec();
        bytes.extend(b"LIST\x03\0\0\0abc\0data");
        bytes.extend((2 * samples.len() as u32).to_le_bytes());
        bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        bytes
    }

    #[test]
    fn a_recording_is_read() {
        let recording = audio::wav("a.file", &wav(&[0, -1, i16::MIN, i16::MAX])).unwrap();
        assert_eq!(recording.rate, 8_000);
        assert_eq!(recording.samples, [0, -1, i16::MIN, i16::MAX]);
    }

    #[test]
    fn a_malformed_recording_is_refused_with_its_place() {
        let good = wav(&[1, 2, 3]);
        let with = |at: usize, byte: u8| {
            let mut bytes = good.clone();
            bytes[at] = byte;
            refusal(audio::wav("a.file", &bytes))
        };
        assert_eq!(
            with(0, b'X'),
            "a.file: byte 0: no WAV file, which begins with RIFF"
        );
        assert!(with(8, b'X').contains("byte 8: a RIFF file of another kind"));
        assert_eq!(with(22, 2), "a.file: byte 12: encoding 1, 2 channels, 8000 samples a second of 16 bits, expected encoding 1, 1 channel, 16 bits");
        assert!(with(20, 7).contains("encoding 7"));
        assert!(with(34, 8).contains("8 bits"));
        assert!(with(12, b'X').contains("byte 48: samples before their format"));
        let cut = refusal(audio::wav("a.file", &good[..good.len() - 1]));
        assert_eq!(
            cut,
            "a.file: byte 56: cut short: 5 bytes are left, expected 6 of a chunk"
        );
        let none = refusal(audio::wav("a.file", &wav(&[])));
        assert_eq!(
            none,
            "a.file: byte 48: 0 bytes of samples, expected some, of 2 bytes each"
        );
    }

    #[test]
    fn no_bytes_make_the_reader_of_recordings_panic() {
        mutate(&wav(&[1, -2, 3]), |bytes| audio::wav("a.file", bytes));
    }
}

mod gers2000 {
    use super::*;

    /// IDX with two pictures of 2 by 3 pixels, and their labels.
    fn idx() -> (Vec<u8>, Vec<u8>) {
        let mut pictures = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3];
        pictures.extend([0, 51, 255, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        (pictures, vec![0, 0, 8, 1, 0, 0, 0, 2, 9, 0])
    }

    fn read(pictures: &[u8], labels: &[u8]) -> Result<images::Images, Malformed> {
        images::idx(("pictures", pictures), ("labels", labels), 10)
    }

    #[test]
    fn pictures_are_read_as_sequences_of_pixels() {
        let (pictures, labels) = idx();
        let images = read(&pictures, &labels).unwrap();
        assert_eq!((images.len(), images.rows, images.columns), (2, 2, 3));
        assert_eq!(images.labels, [9, 0]);
        assert_eq!(images.picture(1), [6, 7, 8, 9, 10, 11]);
        let first: Vec<f32> = images.sequence(0).take(3).collect();
        assert_eq!(first, [0.0, 0.2, 1.0]);
    }

    #[test]
    fn malformed_pictures_are_refused_with_their_place() {
        let (pictures, labels) = idx();
        let swapped = refusal(read(&labels, &pictures));
        assert_eq!(swapped, "pictures: byte 0: the mark 0x00000801, expected 0x00000803, IDX with pictures of bytes");
        let packed = refusal(read(b"\x1F\x8B\x08", &labels));
        assert_eq!(
            packed,
            "pictures: byte 0: compressed with gzip, expected IDX: unpack it first"
        );
        let cut = refusal(read(&pictures[..20], &labels));
        assert_eq!(
            cut,
            "pictures: byte 16: cut short: 4 bytes are left, expected 12 of pixels"
        );
        let long = refusal(read(&[&pictures[..], b"x"].concat(), &labels));
        assert_eq!(
            long,
            "pictures: byte 28: 1 more bytes, expected the end of the file"
        );
        let mut none = pictures.clone();
        none[7] = 0;
        assert_eq!(
            refusal(read(&none, &labels)),
            "pictures: byte 4: a size of 0, expected pictures of bytes"
        );
        let mut many = pictures.clone();
        many[4..16].fill(255);
        assert!(refusal(read(&many, &labels)).starts_with("pictures: byte 16: "));
        let mut more = labels.clone();
        more[7] = 3;
        assert_eq!(
            refusal(read(&pictures, &more)),
            "labels: byte 4: 3 labels, expected one for each of 2 pictures"
        );
        let mut wrong = labels.clone();
        wrong[9] = 10;
        assert_eq!(
            refusal(read(&pictures, &wrong)),
            "labels: byte 9: the label 10, expected one below 10"
        );
        assert_eq!(
            refusal(read(&pictures, &labels[..9])),
            "labels: byte 8: cut short: 1 bytes are left, expected 2 of labels"
        );
    }

    #[test]
    fn no_bytes_make_the_reader_of_pictures_panic() {
        let (pictures, labels) = idx();
        mutate(&pictures, |bytes| {
            images::idx(("a.file", bytes), ("a.file", &labels), 10)
        });
        mutate(&labels, |bytes| {
            images::idx(("a.file", &pictures), ("a.file", bytes), 10)
        });
    }

    /// Two digits.
    fn digits() -> Vec<u8> {
        let mut bytes = [64u64.to_le_bytes(), 2u64.to_le_bytes()].concat();
        let pixels = (0..128).map(|k| (k % 17) as f32);
        bytes.extend(pixels.chain([7.0, 0.0]).flat_map(f32::to_le_bytes));
        bytes
    }

    #[test]
    fn digits_are_read() {
        let read = images::digits("a.file", &digits()).unwrap();
        assert_eq!((read.len(), read.labels), (2, vec![7, 0]));
        assert_eq!(
            read.pixels[..18],
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 0]
        );
    }

    #[test]
    fn malformed_digits_are_refused_with_their_place() {
        let with = |at: usize, new: &[u8]| {
            let mut bytes = digits();
            bytes[at..at + new.len()].copy_from_slice(new);
            refusal(images::digits("a.file", &bytes))
        };
        assert_eq!(
            with(0, &[63]),
            "a.file: byte 0: 63 pixels a digit, expected 64"
        );
        assert_eq!(
            with(8, &[0]),
            "a.file: byte 8: no number of digits, expected at least 1"
        );
        assert_eq!(
            with(8, &[255; 8]),
            "a.file: byte 8: no number of digits, expected at least 1"
        );
        assert_eq!(
            with(8, &[3]),
            "a.file: byte 16: cut short: 520 bytes are left, expected 768 of pixels"
        );
        let long = [digits(), vec![0]].concat();
        assert_eq!(
            refusal(images::digits("a.file", &long)),
            "a.file: byte 536: 1 more bytes, expected the end of the file"
        );
        assert_eq!(
            with(20, &17f32.to_le_bytes()),
            "a.file: byte 20: 17 among pixels, expected a whole number from 0 to 16"
        );
        assert!(with(20, &f32::NAN.to_le_bytes()).contains("NaN among pixels"));
        assert!(with(20, &0.5f32.to_le_bytes()).contains("0.5 among pixels"));
        assert_eq!(
            with(528, &10f32.to_le_bytes()),
            "a.file: byte 528: 10 among labels, expected a whole number from 0 to 9"
        );
    }

    #[test]
    fn no_bytes_make_the_reader_of_digits_panic() {
        mutate(&digits(), |bytes| images::digits("a.file", bytes));
    }
}

mod pascanu2013 {
    use super::*;

    const BIBLE: &str = "Genesis 1:16 And God made two great lights:\n\
                         Genesis 1:17 And God set them\n\
                         Genesis 1:17 And God set them\n\
                         Song of Solomon 2:1 I [am] the rose of Sharon\n";

    fn read(bytes: &[u8]) -> Result<Vec<String>, Malformed> {
        let verses = text::verses("a.file", text::utf8("a.file", bytes)?)?;
        Ok(verses
            .into_iter()
            .map(|(place, text)| format!("{place}|{text}"))
            .collect())
    }

    #[test]
    fn verses_lose_their_numbers_and_a_doubled_one_counts_once() {
        let verses = read(BIBLE.as_bytes()).unwrap();
        assert_eq!(
            verses,
            [
                "Genesis 1:16|And God made two great lights:",
                "Genesis 1:17|And God set them",
                "Song of Solomon 2:1|I [am] the rose of Sharon"
            ]
        );
    }

    #[test]
    fn malformed_text_is_refused_with_its_place() {
        let broken = BIBLE.replace("Song of Solomon 2:1 I", "Song of Solomon 2 I");
        let line = refusal(read(broken.as_bytes()));
        assert_eq!(line, "a.file: line 4: expected `Book chapter:verse text`");
        let line = refusal(read(b"Genesis 1:1 a\nGenesis 1:2 b\xC3"));
        assert_eq!(
            line,
            "a.file: line 2, byte 14: cut short within a character, expected a text in UTF-8"
        );
        let line = refusal(read(b""));
        assert_eq!(line, "a.file: line 1: empty, expected a text");
    }

    #[test]
    fn no_bytes_make_the_reader_of_text_panic() {
        mutate(BIBLE.as_bytes(), read);
    }
}

mod translation {
    use super::*;

    fn read(source: &[u8], target: &[u8]) -> Result<Vec<Sentences>, Malformed> {
        let file = |name, bytes| parallel::File { name, bytes };
        parallel::read(file("a.file", source), file("b.file", target))
    }

    fn pair(source: &str, target: &str) -> Sentences {
        let [source, target] = [source, target].map(str::to_owned);
        Sentences { source, target }
    }

    #[test]
    fn two_files_are_pairs_line_by_line() {
        let pairs = [pair("a cat .", "un chat ."), pair("yes", "oui")];
        assert_eq!(read(b"a cat .\nyes\n", b"un chat .\noui").unwrap(), pairs);
        let loose = b"\xEF\xBB\xBF a  cat\t.\r\nyes\r\n";
        assert_eq!(read(loose, b"un chat .\noui\n").unwrap(), pairs);
    }

    #[test]
    fn two_files_that_do_not_fit_are_refused_with_the_place() {
        let long = "word ".repeat(10_000);
        let latin = b"a\nb \xE9\n";
        let utf16 = b"\xFF\xFEa\0\n\0";
        for (source, target, expected) in [
            (&b"a\nb\nc"[..], &b"x\ny\n"[..], "b.file: line 2: the file ends here, expected 3 lines as in a.file: each line translates the same line there"),
            (b"a\n", b"x\ny\nz\n", "a.file: line 1: the file ends here, expected 3 lines as in b.file: each line translates the same line there"),
            (b"a\n\nc", b"x\ny\nz", "a.file: line 2: empty, expected a sentence"),
            (b"a\nb", b"x\n \t", "b.file: line 2: empty, expected a sentence"),
            (b"", b"x", "a.file: line 1: empty, expected a text"),
            (b"a", long.as_bytes(), "b.file: line 1: 10000 words, expected one sentence of at most 1000"),
            (latin, b"x\ny", "a.file: line 2, byte 3: the byte 0xe9 is not UTF-8, expected a text in UTF-8"),
            (b"a", utf16, "b.file: line 1: a text in UTF-16, expected UTF-8: convert it"),
            (b"a\0b", b"x", "a.file: line 1: '\\0', expected a line of text"),
        ] {
            assert_eq!(refusal(read(source, target)), expected);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_of_two_files_panic() {
        let good = "le chat dort .\nl' \u{ee}le est l\u{e0} .\n".repeat(20);
        mutate(good.as_bytes(), |bytes| {
            read(bytes, good.as_bytes()).map_err(|mut error| {
                // Of two files either may be the short one.
                error.file = "a.file".into();
                error
            })
        });
    }

    #[test]
    fn a_sentence_that_is_repeated_stays_on_one_side() {
        let groups = vec![
            vec![pair("a", "x"), pair("b", "y"), pair("b", "y")],
            vec![pair("c", "z"), pair("a", "w")],
            vec![
                pair("d", "z"),
                pair("e", "v"),
                pair("b", "u"),
                pair("e", "v"),
            ],
        ];
        let parts = [Part::Test, Part::Dev, Part::Train];
        let split = parallel::by_group(groups, |group| parts[group]);
        assert_eq!(split.test, [pair("a", "x"), pair("b", "y"), pair("b", "y")]);
        assert_eq!(split.dev, [pair("c", "z")]);
        assert_eq!(split.train, [pair("e", "v"), pair("e", "v")]);
        assert_eq!(split.repeated, 3);
    }

    #[test]
    fn a_text_without_books_is_split_by_the_seed() {
        let pairs: Vec<Sentences> = (0..200)
            .map(|n| pair(&format!("s {}", n % 150), &format!("t {}", n % 150)))
            .collect();
        let split = parallel::split(pairs.clone(), 1);
        assert_eq!(split, parallel::split(pairs.clone(), 1));
        assert_ne!(split, parallel::split(pairs.clone(), 2));
        assert_eq!((split.test.len(), split.dev.len() <= 10), (10, true));
        let all = split.train.len() + split.dev.len() + split.test.len() + split.repeated;
        assert_eq!(all, 200);
        let disjoint =
            |a: &[Sentences], b: &[Sentences]| a.iter().all(|pair| !b.contains(pair));
        assert!(disjoint(&split.test, &split.train) && disjoint(&split.test, &split.dev));
        assert!(disjoint(&split.dev, &split.train));
        let three = parallel::split(pairs[..3].to_vec(), 1);
        assert_eq!(
            (three.train.len(), three.dev.len(), three.test.len()),
            (1, 1, 1)
        );
    }

    #[test]
    fn pairs_of_unlike_lengths_are_left_out() {
        let mut pairs = vec![
            pair("a b c", "x y z"),
            pair("a b c", "x"),
            pair("a b c d", "x y z"),
        ];
        parallel::within(&mut pairs, 3, 2.0);
        assert_eq!(pairs, [pair("a b c", "x y z")]);
    }

    const ENGLISH: &str =
        "Ruth 1:1 In the days .\nRuth 1:2 And the name;\nRuth 2:1\nJonah 1:1 Now";

    /// The places of four verses of two books with their heads: block, start, length.
    const PLACES: [(u32, u32, u16); 10] = [
        (0, 0, 0),
        (0, 0, 0),
        (0, 0, 0),
        (0, 0, 0),
        (0, 0, 16),
        (0, 16, 3),
        (0, 0, 0),
        (1, 0, 0),
        (1, 0, 0),
        (1, 0, 0),
    ];

    const TEXT: &str = "<w a=\"12\">EN</w>\u{e9}l.<x/>Y";

    fn files() -> (Vec<u8>, Vec<u8>) {
        let blocks = [(0u32, 9u32, 19u32), (9, 5, 6)];
        let blocks = blocks
            .iter()
            .flat_map(|&(a, b, c)| [a, b, c].map(u32::to_le_bytes));
        let mut places = Vec::new();
        let last = (1, 0, 6);
        for (block, from, length) in PLACES.into_iter().chain([last]) {
            places.extend(block.to_le_bytes());
            places.extend(from.to_le_bytes());
            places.extend(length.to_le_bytes());
        }
        (blocks.flatten().collect(), places)
    }

    fn spanish(text: &[u8], blocks: &[u8], places: &[u8]) -> Result<Vec<String>, Malformed> {
        let files = Testament {
            text: ("a.file", text),
            blocks: ("a.file", blocks),
            places: ("a.file", places),
        };
        bible::testament(files, &bible::english("a.txt", ENGLISH).unwrap())
    }

    #[test]
    fn verses_lie_behind_the_heads_of_books_and_chapters() {
        let verse = |book, chapter, text| Verse {
            book,
            chapter,
            text,
        };
        let verses = bible::english("a.txt", ENGLISH).unwrap();
        assert_eq!(verses[1], verse("Ruth", 1, "And the name;"));
        assert_eq!(verses[2], verse("Ruth", 2, ""));
        assert_eq!(
            refusal(bible::english("a.txt", "Ruth 1:1 a\nRuth one b")),
            "a.txt: line 2: expected `Book chapter:verse text`"
        );
        let (blocks, places) = files();
        let text = TEXT.as_bytes();
        assert_eq!(text.len(), 25);
        let found = spanish(text, &blocks, &places).unwrap();
        assert_eq!(found, ["EN", "\u{e9}l", "", ".Y"]);
        let short = &places[..places.len() - 10];
        assert_eq!(
            refusal(spanish(text, &blocks, short)),
            "a.file: byte 100: cut short: 0 bytes are left, expected 4 of a block's number"
        );
        assert!(refusal(spanish(&text[..20], &blocks, &places)).contains("outside of a.file"));
    }

    #[test]
    fn no_bytes_make_the_reader_of_verses_panic() {
        let (blocks, places) = files();
        mutate(&places, |bytes| spanish(TEXT.as_bytes(), &blocks, bytes));
        mutate(TEXT.as_bytes(), |bytes| spanish(bytes, &blocks, &places));
    }

    #[test]
    fn words_stand_apart_from_marks() {
        let said = " EN el  principio: \u{bf}qu\u{e9}?\u{a0}No-si\u{2019}s 12 ";
        let words = "en el principio : \u{bf} qu\u{e9} ? no - si \u{2019} s 12";
        assert_eq!(bible::words(said), words);
        assert_eq!(bible::words(" "), "");
    }

    /// A page as the package has it: a heading, a paragraph, a code and a list entry that comes again.
    const HELP: &str = r#"<!DOCTYPE html>
<html lang="en-US" dir="ltr">
<head><title>Pages</title><script src="a.js">if (a<b) { x = "<p id='no'>"; }</script></head>
<body><p dir="auto">Help of 7.4</p>
<h1 id="hd_1" dir="auto">
<a name="pages"></a>Page  Numbers</h1>
<p id="par_1" class="paragraph" title="a > b" dir="auto">Choose <span class="emph">Insert</span><br>&amp; press
 <span id="s1" class="switchinline"><span hidden="true" id="m1" class="MAC">Command</span><span hidden="true" id="d1">Ctrl</span></span>+&quot;A&quot;.</p>
<div class="note"><p id="par_2" dir="auto">=SUM(A1)</p></div>
<!-- <p id="par_0"> --><p id="par_3">Yes</p><p id="par_3">Yes</p>
<p id="par_4">H<sub>2</sub>O<img src="x.png" alt="x">3 < 4 &lt;</p><p id='par_5'></p>
</body></html>
"#;

    fn help_page(html: &[u8]) -> Result<Vec<(String, String)>, Malformed> {
        let found = help::paragraphs("a.file", text::utf8("a.file", html)?)?;
        let owned = |Paragraph { id, text }: Paragraph| (id.to_owned(), text);
        Ok(found.into_iter().map(owned).collect())
    }

    #[test]
    fn paragraphs_are_what_a_page_shows_without_its_marks() {
        let found = help_page(HELP.as_bytes()).unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(id, t)| (&**id, &**t)).collect();
        let expected = [
            ("hd_1", "Page Numbers"),
            ("par_1", "Choose Insert & press Ctrl+\"A\"."),
            ("par_2", "=SUM(A1)"),
            ("par_3", "Yes"),
            ("par_3", "Yes"),
            ("par_4", "H2O 3 < 4 <"),
            ("par_5", ""),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn of_texts_for_several_systems_one_is_taken() {
        let shown = |switch: &str| {
            let html =
                format!("<p id=a>x <span class=\"switchinline\">{switch}</span> z</p></html>");
            help_page(html.as_bytes()).unwrap().swap_remove(0).1
        };
        let named = |class: &str, text: &str| {
            format!("<span hidden=\"true\" class=\"{class}\">{text}</span>")
        };
        let default = "<span hidden=\"true\" id=\"d\">other<br></span>";
        let (mac, unix) = (named("MAC", "<a><b></b>"), named("UNIX", "u"));
        let mac = mac.replace(
            "<b></b>",
            "<span class=\"emph\">m</span><span hidden=\"true\">n</span>",
        );
        assert_eq!(shown(&format!(" {mac}\n{default}")), "x other z");
        assert_eq!(shown(&format!("{default}{mac}{unix}")), "x other z");
        assert_eq!(shown(&format!("{mac}{unix}")), "x mn z");
        assert_eq!(shown(&format!("{unix}{mac}")), "x u z");
        assert_eq!(shown("y"), "x y z");
        // Within a text that is taken, and within one that is not.
        let inner = format!("<span class=\"switchinline\">{mac}{default}</span>");
        assert_eq!(shown(&named("WIN", &inner)), "x other z");
        let lost = named("WIN", &inner);
        assert_eq!(shown(&format!("{unix}{lost}")), "x u z");
    }

    #[test]
    fn a_malformed_page_is_refused_with_its_place() {
        for (from, to, expected) in [
            ("</h1>", "", "line 7, column 1: `<p>` within the paragraph `hd_1`, expected its end `</h1>` before"),
            ("Numbers</h1>", "Numbers</p>", "line 6, column 34: `</p>` within the paragraph `hd_1`, expected `</h1>`"),
            ("Insert</span>", "Insert", "`</p>` of the paragraph `par_1`, expected `</span>` before"),
            ("Insert</span>", "Insert</span></span></span>", "line 7, column 97: `</span>` in the paragraph `par_1`, expected `<span>` before"),
            ("&amp;", "&auml;", "`&auml` in the paragraph `par_1`, expected one of `&amp;`, `&lt;`, `&gt;`, `&quot;` and `&nbsp;`"),
            ("&amp;", "&amp", "`&amp` in the paragraph `par_1`, expected one of"),
            ("&amp;", "&", "`&` in the paragraph `par_1`, expected one of"),
            ("<br>", "<table>", "`<table>` within the paragraph `par_1`, expected its end `</p>` before"),
            ("</body></html>", "</body></html", "line 12, column 8: `</html` without its end, expected `>`"),
            ("</script>", "", "line 3, column 27: a script without its end, expected `</script>`"),
            ("</html>", "", "line 13, column 1: the page ends here, expected `</html>`"),
            ("<p id='par_5'></p>", "<p id='par_5'>", "line 12, column 1: `</body>` within the paragraph `par_5`, expected `</p>`"),
            ("<p id='par_5'></p>\n</body></html>", "<p id=par_5>", "line 12, column 1: the page ends within the paragraph `par_5`, expected `</p>`"),
            (" id", " name", "line 13, column 1: no paragraph with an `id` in the page, expected some"),
        ] {
            let html = HELP.replace(from, to);
            assert_ne!(html, HELP, "{from}");
            let line = refusal(help_page(html.as_bytes()));
            assert!(line.starts_with("a.file: line ") && line.contains(expected), "{line}");
        }
        let line = refusal(help_page(b"<!DOCTYPE"));
        assert_eq!(
            line,
            "a.file: line 1, column 1: a declaration without its end, expected `>`"
        );
        let line = refusal(help_page(b""));
        assert_eq!(line, "a.file: line 1: empty, expected a text");
        let line = refusal(help_page(b"<p id=a>\n\xFC"));
        assert_eq!(
            line,
            "a.file: line 2, byte 1: the byte 0xfc is not UTF-8, expected a text in UTF-8"
        );
    }

    /// A page with these paragraphs.
    fn page_of(paragraphs: &[(&str, &str)]) -> String {
        let text = |(id, text): &(&str, &str)| format!("<p id=\"{id}\">{text}</p>");
        let all: String = paragraphs.iter().map(text).collect();
        format!("<html>{all}</html>")
    }

    fn side_by_side(source: &str, target: &str) -> Result<Vec<Sentences>, Malformed> {
        let file = |name, text: &'static str| parallel::File {
            name,
            bytes: text.as_bytes(),
        };
        let leak = |text: &str| &*Box::leak(text.to_owned().into_boxed_str());
        help::page(file("a.file", leak(source)), file("b.file", leak(target)))
    }

    #[test]
    fn paragraphs_that_have_one_id_translate_each_other() {
        let english = [
            ("a", "Cell"),
            ("b", "New."),
            ("c", ""),
            ("d", "Z"),
            ("d", "A"),
            ("e", "Q"),
        ];
        // The list `d` stands in the order of the other language, `e` says twice the same.
        let german = [
            ("b", "Neu."),
            ("a", "Zelle"),
            ("e", "Q"),
            ("d", "Ah"),
            ("d", "Zett"),
            ("c", "C"),
            ("e", "Q"),
        ];
        let pairs = side_by_side(&page_of(&english), &page_of(&german)).unwrap();
        let expected = [
            pair("Cell", "Zelle"),
            pair("New.", "Neu."),
            pair("", "C"),
            pair("Q", "Q"),
        ];
        assert_eq!(pairs, expected);
        // One of them is enough to leave both out.
        let pairs = side_by_side(
            &page_of(&[("a", "Cell"), ("d", "A"), ("d", "A")]),
            &page_of(&[("d", "Ah"), ("d", "Zett"), ("d", "Ah"), ("a", "Zelle")]),
        );
        assert_eq!(pairs.unwrap(), [pair("Cell", "Zelle")]);
    }

    #[test]
    fn a_paragraph_of_one_language_alone_is_refused_with_the_page_that_lacks_it() {
        let both = page_of(&[("a", "Cell")]);
        let more = page_of(&[("a", "Cell"), ("b", "New")]);
        assert_eq!(
            refusal(side_by_side(&more, &both)),
            "a.file: the paragraph `b`: expected it too in b.file"
        );
        assert_eq!(
            refusal(side_by_side(&both, &more)),
            "b.file: the paragraph `b`: expected it too in a.file"
        );
        assert!(refusal(side_by_side(&both, "<p id=a>")).starts_with("b.file: line 1, "));
    }

    #[test]
    fn prose_is_what_is_translated_and_in_words_once() {
        let pages = [
            (
                "one".to_owned(),
                vec![
                    pair("Press Ctrl+A.", "Dr\u{fc}cken Sie  Strg+A."),
                    pair("", "Leer"),
                    pair("Empty", " "),
                    pair("Writer", "Writer"),
                    pair("=A1", "A1"),
                    pair("Text", "a[1]"),
                    pair("The SUM(A1) function", "Die Funktion"),
                    pair("The pages (all)", "Die Seiten (alle)"),
                ],
            ),
            ("two".to_owned(), vec![pair("Writer", "Writer")]),
            (
                "three".to_owned(),
                vec![
                    pair("Press  Ctrl+A.", "Dr\u{fc}cken Sie Strg+A."),
                    pair("press Ctrl+A.", "Dr\u{fc}cken Sie Strg+A."),
                ],
            ),
        ];
        let pages = help::prose(pages);
        let first = "Dr\u{fc}cken Sie Strg + A .";
        assert_eq!(
            pages,
            [
                (
                    "one".to_owned(),
                    vec![
                        pair("Press Ctrl + A .", first),
                        pair("The pages ( all )", "Die Seiten ( alle )"),
                    ]
                ),
                ("three".to_owned(), vec![pair("press Ctrl + A .", first)]),
            ]
        );
        for c in "=<>[]{}\\_|~^#$@*".chars() {
            assert!(help::is_code(&format!("a {c} b")), "{c}");
        }
        assert!(!help::is_code(
            "\u{ab}A\u{bb} & (b); 5 % \u{2013} c/d, \"e\" + 'f'?"
        ));
        assert!(help::is_code("x\u{e4}(") && !help::is_code("(a)(b)"));
    }

    #[test]
    fn a_sentence_has_four_words_and_an_end_on_both_sides() {
        for (source, target, whole) in [
            ("Open the page .", "\u{d6}ffnen Sie sie .", true),
            ("Is it so ?", "Ist es so :", true),
            ("Open it .", "\u{d6}ffnen Sie es .", false),
            ("Open the page .", "\u{d6}ffnen Sie es bald", false),
            ("Open the page now", "\u{d6}ffnen Sie es .", false),
            ("", "", false),
        ] {
            assert_eq!(help::is_sentence(&pair(source, target)), whole, "{source}");
        }
    }

    #[test]
    fn help_is_split_by_page_and_a_sentence_stays_on_one_side() {
        let page = |k: usize| {
            let own = |n: usize| pair(&format!("s {k} {n}"), &format!("t {k} {n}"));
            let common = pair("See also", &format!("Siehe auch {}", k % 7));
            (format!("page {k}"), vec![own(0), own(1), common])
        };
        let pages: Vec<_> = (0..100).map(page).collect();
        let split = help::split(pages.clone(), 3);
        assert_eq!(split, help::split(pages.clone(), 3));
        assert_ne!(split, help::split(pages.clone(), 4));
        let page_of = |pair: &Sentences| pair.source.split(' ').nth(1).unwrap().to_owned();
        let pages_of = |part: &[Sentences]| -> std::collections::BTreeSet<String> {
            let own = part.iter().filter(|pair| pair.source != "See also");
            own.map(page_of).collect()
        };
        let (test, dev, train) = (
            pages_of(&split.test),
            pages_of(&split.dev),
            pages_of(&split.train),
        );
        assert_eq!((test.len(), dev.len(), train.len()), (5, 5, 90));
        assert!(test.is_disjoint(&dev) && test.is_disjoint(&train) && dev.is_disjoint(&train));
        // What all pages say is in the test alone.
        let sizes = [split.test.len(), split.dev.len(), split.train.len()];
        assert_eq!((sizes, split.repeated), ([15, 10, 180], 95));
    }

    #[test]
    fn no_bytes_make_the_reader_of_help_panic_or_go_on_for_ever() {
        mutate(HELP.as_bytes(), help_page);
        mutate(HELP.as_bytes(), |bytes| {
            let file = |bytes| parallel::File {
                name: "a.file",
                bytes,
            };
            help::page(file(HELP.as_bytes()), file(bytes))
        });
        let many = |piece: &str| format!("<p id=a>{}", piece.repeat(200_000));
        for piece in [
            "<",
            "<span>",
            "<a x= y=>",
            "</a>",
            "<!>",
            "\u{fc}<",
            "<a ==/",
            "\"='>",
        ] {
            refusal(help_page(many(piece).as_bytes()));
        }
    }

    #[test]
    fn a_set_of_help_that_was_not_fetched_is_named_with_the_way_to_it() {
        let folder = tempfile::TempDir::new().unwrap();
        for name in ["help-english", "help-german"] {
            let set = sets::find(name).unwrap();
            let error = Cache::at(folder.path()).open(set).unwrap_err();
            assert!(
                matches!(&error, DataError::NotFetched { name: missing, .. } if missing == name)
            );
            let way = format!("get it with `cargo run -- data fetch {name}`");
            assert!(error.to_string().contains(&way), "{error}");
        }
    }
}
