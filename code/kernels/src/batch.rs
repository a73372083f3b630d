// SPDX-License-Identifier: MIT OR Apache-2.0
//! A batch of sequences of different lengths, cut into chunks and packed step by step.
use crate::Real;
use std::cmp::Reverse;
use std::ops::Range;

/// B sequences in a padded array, (B, T, width): row t of sequence b starts at (b·T + t)·width.
/// Rows beyond a sequence's length are never read.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// The length of each of the B sequences, T at most; zero is a length.
    pub lengths: &'a [usize],
    /// T.
    pub steps: usize,
    /// Whether each sequence is read from its own end to its beginning.
    pub reverse: bool,
}

/// Most sequences of a chunk of which nothing is kept.
const MOST: usize = 96;

/// How a batch is cut into chunks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    pub chunks: Vec<Chunk>,
    /// The sequences, chunk by chunk, in each the longest first.
    order: Vec<usize>,
    /// Chunk of each sequence, and its row in a step there.
    pub places: Vec<(usize, usize)>,
}

impl Layout {
    /// For training, chunks have sequences of similar lengths, and they depend on the batch and the
    /// width of the layer alone, so that sums over a batch do not depend on the number of threads.
    /// Outputs depend on nothing beside them: for outputs only, on so many `threads`, a chunk has
    /// sequences that are neighbors, so that their outputs are too. Returns how many a chunk has.
    pub fn cut(&mut self, batch: Batch, units: usize, threads: Option<usize>) -> usize {
        let sequences = batch.lengths.len();
        assert!(
            batch.lengths.iter().all(|&length| length <= batch.steps),
            "a sequence is longer than the {} steps of its batch",
            batch.steps
        );
        // A chunk is the work of one thread. Weights that do not fit into the near caches want more
        // rows for each time that they are read.
        let most = if units < 512 { 32 } else { 64 };
        let rows = match (threads, sequences) {
            (Some(threads), _) => sequences
                .div_ceil(sequences.div_ceil(MOST).max(threads))
                .max(1),
            (None, 0..=15) => sequences.max(1),
            (None, _) => sequences.div_ceil(2).min(most),
        };
        self.order.clear();
        self.order.extend(0..sequences);
        let lengths = batch.lengths;
        let among = if threads.is_some() {
            rows
        } else {
            sequences.max(1)
        };
        for order in self.order.chunks_mut(among) {
            order.sort_unstable_by_key(|&b| (Reverse(lengths[b]), b));
        }
        self.chunks
            .resize_with(sequences.div_ceil(rows), Chunk::default);
        self.places.resize(sequences, (0, 0));
        for (c, chunk) in self.chunks.iter_mut().enumerate() {
            let order = &self.order[c * rows..sequences.min((c + 1) * rows)];
            chunk.fill(batch, order);
            for (r, &b) in order.iter().enumerate() {
                self.places[b] = (c, r);
            }
        }
        rows
    }

    /// Rows of all chunks.
    pub fn rows(&self) -> usize {
        self.chunks.iter().map(Chunk::rows).sum()
    }
}

/// Some sequences of a batch, the longest first. Step t holds one row for each of the sequences that
/// are not over yet, and the rows of all steps stand one after the other: no row is padding.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunk {
    /// Which sequences of the batch.
    pub order: Vec<usize>,
    /// First row of each step, and at the end the number of all rows.
    offsets: Vec<usize>,
    /// Row of the padded array for each row here.
    pub places: Vec<usize>,
}

impl Chunk {
    fn fill(&mut self, batch: Batch, order: &[usize]) {
        self.order.clear();
        self.order.extend_from_slice(order);
        self.offsets.clear();
        self.offsets.push(0);
        self.places.clear();
        let longest = order.first().map_or(0, |&b| batch.lengths[b]);
        for t in 0..longest {
            for &b in order.iter().take_while(|&&b| batch.lengths[b] > t) {
                let last = batch.lengths[b] - 1;
                let t = if batch.reverse { last - t } else { t };
                self.places.push(b * batch.steps + t);
            }
            self.offsets.push(self.places.len());
        }
    }

    /// Becomes some steps of another chunk.
    pub fn take(&mut self, from: &Chunk, steps: Range<usize>) {
        let first = from.offsets[steps.start];
        self.offsets.clear();
        let offsets = &from.offsets[steps.start..=steps.end];
        self.offsets
            .extend(offsets.iter().map(|offset| offset - first));
        self.places.clear();
        self.places
            .extend_from_slice(&from.places[first..from.offsets[steps.end]]);
    }

    /// Steps of the longest sequence.
    pub fn steps(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Rows of all steps.
    pub fn rows(&self) -> usize {
        self.places.len()
    }

    /// First row of step t, and how many rows it has.
    pub fn step(&self, t: usize) -> (usize, usize) {
        (self.offsets[t], self.offsets[t + 1] - self.offsets[t])
    }

    /// The row of step t of the r-th sequence here, in the order in which it is read.
    pub fn row(&self, t: usize, r: usize) -> usize {
        self.offsets[t] + r
    }

    /// Rows of the padded array, packed.
    pub fn gather<F: Real>(&self, from: &[F], width: usize, to: &mut Vec<F>) {
        to.clear();
        to.reserve(self.rows() * width);
        for &place in &self.places {
            to.extend_from_slice(&from[place * width..][..width]);
        }
    }

    /// The last of the rows of each sequence, to its row of `to`.
    pub fn last<F: Real>(&self, from: &[F], width: usize, to: &mut [F]) {
        let mut done = 0;
        for t in (0..self.steps()).rev() {
            let (first, rows) = self.step(t);
            let from = &from[(first + done) * width..(first + rows) * width];
            to[done * width..rows * width].copy_from_slice(from);
            done = rows;
        }
    }

    /// For each row the row of the same sequence one step before, `start` before the first.
    pub fn shift<F: Real>(&self, start: &[F], from: &[F], width: usize, to: &mut Vec<F>) {
        to.clear();
        to.reserve(self.rows() * width);
        for t in 0..self.steps() {
            let (_, rows) = self.step(t);
            let before = match t {
                0 => start,
                _ => &from[self.offsets[t - 1] * width..],
            };
            to.extend_from_slice(&before[..rows * width]);
        }
    }
}

/// Calls `work` with each of the items, on the threads of the pool that it is called from where
/// that is worth it. What is done is behind a pointer, here and below, so that the threads' side of
/// it is compiled once.
pub(crate) fn each<T: Send>(
    worthwhile: bool,
    items: &mut [T],
    work: &(dyn Fn(usize, &mut T) + Sync),
) {
    #[cfg(feature = "threads")]
    if worthwhile && items.len() > 1 && rayon::current_num_threads() > 1 {
        use rayon::prelude::*;
        let items = items.par_iter_mut().with_max_len(1).enumerate();
        return items.for_each(|(k, item)| work(k, item));
    }
    let _ = worthwhile;
    items
        .iter_mut()
        .enumerate()
        .for_each(|(k, item)| work(k, item));
}

/// As [`each`], with pieces of so many values of a slice, each beside one of the others.
pub(crate) fn each_piece<T: Send, U: Send>(
    worthwhile: bool,
    values: &mut [T],
    size: usize,
    others: &mut [U],
    work: &(dyn Fn(usize, &mut [T], &mut U) + Sync),
) {
    assert!(others.len() >= values.len().div_ceil(size));
    #[cfg(feature = "threads")]
    if worthwhile && values.len() > size && rayon::current_num_threads() > 1 {
        use rayon::prelude::*;
        let pieces = values.par_chunks_mut(size).zip(others).enumerate();
        return pieces.for_each(|(k, (piece, other))| work(k, piece, other));
    }
    let _ = worthwhile;
    let pieces = values.chunks_mut(size).zip(others).enumerate();
    pieces.for_each(|(k, (piece, other))| work(k, piece, other));
}

/// As [`each_piece`], with nothing beside.
pub(crate) fn pieces<T: Send>(
    worthwhile: bool,
    values: &mut [T],
    size: usize,
    work: &(dyn Fn(usize, &mut [T]) + Sync),
) {
    // A vector of nothing allocates nothing.
    let mut others = vec![(); values.len().div_ceil(size)];
    each_piece(worthwhile, values, size, &mut others, &|k, piece, ()| {
        work(k, piece)
    });
}

/// How many threads work where that is worth it.
pub(crate) fn threads(worthwhile: bool) -> usize {
    #[cfg(feature = "threads")]
    if worthwhile {
        return rayon::current_num_threads();
    }
    let _ = worthwhile;
    1
}

/// Does both, on two threads of the pool that it is called from where that is worth it.
pub fn both(
    worthwhile: bool,
    one: &mut (dyn FnMut() + Send),
    other: &mut (dyn FnMut() + Send),
) {
    #[cfg(feature = "threads")]
    if worthwhile && rayon::current_num_threads() > 1 {
        rayon::join(one, other);
        return;
    }
    let _ = worthwhile;
    one();
    other();
}
