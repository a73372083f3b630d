// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small gray pictures with labels: IDX files and the digits of 8 by 8 pixels.

use super::cache::{DataError, Opened};
use super::{Bytes, Malformed};

/// Pictures of one size, each with a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// Pixels from top to bottom.
    pub rows: usize,
    /// Pixels from left to right.
    pub columns: usize,
    /// The value of a pixel that is fully lit; 0 is none.
    pub lit: u8,
    /// All pictures, each row by row.
    pub pixels: Vec<u8>,
    /// The label of each.
    pub labels: Vec<u8>,
}

impl Images {
    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is none. No reader gives none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The pixels of a picture, row by row.
    ///
    /// # Panics
    /// If there is no picture of this number.
    pub fn picture(&self, number: usize) -> &[u8] {
        let size = self.rows * self.columns;
        &self.pixels[number * size..][..size]
    }

    /// The pixels of a picture as a sequence, row by row, each from 0 to 1.
    ///
    /// # Panics
    /// If there is no picture of this number.
    pub fn sequence(&self, number: usize) -> impl Iterator<Item = f32> + '_ {
        let lit = f32::from(self.lit);
        self.picture(number)
            .iter()
            .map(move |&pixel| f32::from(pixel) / lit)
    }
}

/// The marks of IDX files with bytes in them: of three dimensions, and of one.
const PICTURES: u32 = 0x0803;
const LABELS: u32 = 0x0801;

/// The head of an IDX file: the mark, and `N` sizes.
fn head<const N: usize>(
    input: &mut Bytes,
    mark: u32,
    kind: &str,
) -> Result<[usize; N], Malformed> {
    if input.bytes.starts_with(&[0x1F, 0x8B]) {
        return Err(input.error("compressed with gzip, expected IDX: unpack it first"));
    }
    let found = u32::from_be_bytes(input.array("the mark")?);
    if found != mark {
        let what = format!("the mark {found:#010x}, expected {mark:#010x}, IDX with {kind}");
        return Err(Malformed::new(input.file, "byte 0", what));
    }
    let mut sizes = [0; N];
    for size in &mut sizes {
        *size = u32::from_be_bytes(input.array("a size")?) as usize;
        if *size == 0 {
            input.at -= 4;
            return Err(input.error(format!("a size of 0, expected {kind}")));
        }
    }
    Ok(sizes)
}

/// Reads two IDX files, one with pictures and one with their labels, which are below `classes`.
///
/// # Errors
/// When a file is of another kind, cut short or too long, the two differ in number, or a label is
/// out of range.
pub fn idx(
    (pictures, picture_bytes): (&str, &[u8]),
    (labels, label_bytes): (&str, &[u8]),
    classes: u8,
) -> Result<Images, Malformed> {
    let mut input = Bytes::new(pictures, picture_bytes);
    let [count, rows, columns] = head(&mut input, PICTURES, "pictures of bytes")?;
    let size = count
        .checked_mul(rows)
        .and_then(|size| size.checked_mul(columns))
        .ok_or_else(|| input.error("more pixels than a machine can count"))?;
    let pixels = input.take(size, "pixels")?.to_vec();
    input.end()?;

    let mut input = Bytes::new(labels, label_bytes);
    let [labeled] = head(&mut input, LABELS, "labels of bytes")?;
    if labeled != count {
        let what = format!("{labeled} labels, expected one for each of {count} pictures");
        return Err(Malformed::new(labels, "byte 4", what));
    }
    let start = input.at;
    let given = input.take(count, "labels")?.to_vec();
    input.end()?;
    if let Some(at) = given.iter().position(|&label| label >= classes) {
        let what = format!("the label {}, expected one below {classes}", given[at]);
        return Err(Malformed::new(labels, format!("byte {}", start + at), what));
    }
    Ok(Images {
        rows,
        columns,
        lit: u8::MAX,
        pixels,
        labels: given,
    })
}

/// Pixels of a digit from top to bottom and from left to right.
const DIGIT: usize = 8;
/// The value of a pixel of a digit that is fully lit.
const DIGIT_LIT: u8 = 16;

/// Reads digits of 8 by 8 pixels: two counts of 8 bytes, 64 pixels and the number of digits, then
/// all pixels, 0 to 16, and all labels, 0 to 9, as floating-point numbers of 4 bytes, the lowest
/// byte first.
///
/// # Errors
/// When the file is cut short or too long, or a value is out of range.
pub fn digits(file: &str, bytes: &[u8]) -> Result<Images, Malformed> {
    let mut input = Bytes::new(file, bytes);
    let size = DIGIT * DIGIT;
    let pixels = u64::from_le_bytes(input.array("the number of pixels")?);
    if pixels != size as u64 {
        let what = format!("{pixels} pixels a digit, expected {size}");
        return Err(Malformed::new(file, "byte 0", what));
    }
    let count = u64::from_le_bytes(input.array("the number of digits")?);
    let count = usize::try_from(count)
        .ok()
        .filter(|&count| count > 0 && count.checked_mul(4 * (size + 1)).is_some());
    let Some(count) = count else {
        let what = "no number of digits, expected at least 1";
        return Err(Malformed::new(file, "byte 8", what));
    };
    let pixels = whole_numbers(&mut input, count * size, DIGIT_LIT, "pixels")?;
    let labels = whole_numbers(&mut input, count, 9, "labels")?;
    input.end()?;
    Ok(Images {
        rows: DIGIT,
        columns: DIGIT,
        lit: DIGIT_LIT,
        pixels,
        labels,
    })
}

/// Floating-point numbers that are whole numbers up to `most`.
fn whole_numbers(
    input: &mut Bytes,
    count: usize,
    most: u8,
    what: &str,
) -> Result<Vec<u8>, Malformed> {
    let start = input.at;
    let bytes = input.take(4 * count, what)?;
    let mut values = Vec::with_capacity(count);
    for (at, four) in bytes.chunks_exact(4).enumerate() {
        let value = f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
        // Within the range the conversion is exact, or cuts a fraction off.
        let whole = value as u8;
        if !(0.0..=f32::from(most)).contains(&value) || f32::from(whole) != value {
            let place = format!("byte {}", start + 4 * at);
            let what =
                format!("{value} among {what}, expected a whole number from 0 to {most}");
            return Err(Malformed::new(input.file, place, what));
        }
        values.push(whole);
    }
    Ok(values)
}

/// The pictures of the set `fashion-mnist`: 60,000 to train on and 10,000 to test on.
///
/// # Errors
/// When the set is damaged.
pub fn fashion(set: &Opened) -> Result<(Images, Images), DataError> {
    let read = |split: &str| {
        let pictures = format!("{split}-images-idx3-ubyte");
        let labels = format!("{split}-labels-idx1-ubyte");
        let path = |name: &str| set.path(name).display().to_string();
        let images = idx(
            (&path(&pictures), &set.read(&pictures)?),
            (&path(&labels), &set.read(&labels)?),
            10,
        )?;
        Ok::<_, DataError>(images)
    };
    Ok((read("train")?, read("t10k")?))
}

/// The pictures of the set `digits`, in its order; nobody has split them.
///
/// # Errors
/// When the set is damaged.
pub fn handwritten(set: &Opened) -> Result<Images, DataError> {
    let name = "digits.xy";
    let bytes = set.read(name)?;
    Ok(digits(&set.path(name).display().to_string(), &bytes)?)
}
