// SPDX-License-Identifier: MIT OR Apache-2.0
//! The gated recurrent unit, in the conventions of its papers.
use crate::path::Arithmetic;
use crate::product::{Left, Product};
use crate::sequence::{room, zeros, Recurrence, Recurrent, Rows, Share, Steps};
use crate::Real;

/// Columns of the net inputs, H each: reset gate r, update gate z, candidate n.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gru {
    /// Where the reset gate stands.
    pub reset: Reset,
    /// What the update gate keeps.
    pub update: Update,
}

/// Where the reset gate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    /// Before the matrix: n = tanh(x W_n + (r ⊙ h) U_n + b_n) (5.5) (Cho et al. 2014; Chung et al.
    /// 2014).
    BeforeMatrix,
    /// After it: n = tanh(x W_n + r ⊙ (h U_n) + b_n) (5.7) (PyTorch).
    AfterMatrix,
}

/// What the update gate z is the share of in h_t.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// h_t = z ⊙ h_{t−1} + (1 − z) ⊙ n (Cho et al. 2014; PyTorch).
    KeepsPast,
    /// h_t = (1 − z) ⊙ h_{t−1} + z ⊙ n (Chung et al. 2014).
    TakesCandidate,
}

impl<F: Real> Recurrence<F> for Gru {
    const GROUPS: usize = 3;
    const CELLS: bool = false;

    fn pack(&self, h: usize, recurrent: &[F], to: &mut Recurrent<F>) {
        match self.reset {
            Reset::AfterMatrix => to.all.pack(recurrent, h, 3 * h, 3 * h, 1),
            Reset::BeforeMatrix => {
                to.all.pack(recurrent, h, 2 * h, 3 * h, 1);
                to.rest.pack(&recurrent[2 * h..], h, h, 3 * h, 1);
            }
        }
    }

    fn pack_back(&self, h: usize, recurrent: &[F], to: &mut Recurrent<F>) {
        match self.reset {
            Reset::AfterMatrix => to.all.pack(recurrent, 3 * h, h, 1, 3 * h),
            Reset::BeforeMatrix => {
                to.all.pack(recurrent, 2 * h, h, 1, 3 * h);
                to.rest.pack(&recurrent[2 * h..], h, h, 1, 3 * h);
            }
        }
    }

    #[inline(always)]
    fn forward<A: Arithmetic>(&self, steps: Steps<'_, F>) {
        let Steps {
            layer,
            weights,
            chunk,
            rows,
        } = steps;
        let h = layer.units;
        // After the matrix: h W_h of each step; before it: r ⊙ h.
        let wide = match self.reset {
            Reset::AfterMatrix => 3 * h,
            Reset::BeforeMatrix => h,
        };
        match self.reset {
            Reset::AfterMatrix => zeros(&mut rows.kept, chunk.rows() * wide),
            Reset::BeforeMatrix => room(&mut rows.kept, chunk.rows() * wide),
        }
        for t in 0..chunk.steps() {
            let (first, n) = chunk.step(t);
            let (old, outputs) = rows.outputs.split_at_mut(first * h);
            let before = match t {
                0 => &rows.start.output[..n * h],
                _ => &old[chunk.row(t - 1, 0) * h..][..n * h],
            };
            let outputs = &mut outputs[..n * h];
            let nets = &mut rows.nets[first * 3 * h..(first + n) * 3 * h];
            let kept = &mut rows.kept[first * wide..(first + n) * wide];
            let left = Left {
                values: before,
                row: h,
                step: 1,
            };
            let product = Product {
                left,
                right: &weights.forth.all,
                to: match self.reset {
                    Reset::AfterMatrix => kept,
                    Reset::BeforeMatrix => nets,
                },
                stride: 3 * h,
                rows: n,
                skip: 0,
                scratch: &mut rows.scratch,
            };
            // Without a past there is nothing to multiply.
            let past = t > 0 || !rows.fresh;
            if past {
                product.add(layer.path);
            }
            let nets = &mut rows.nets[first * 3 * h..(first + n) * 3 * h];
            let kept = &mut rows.kept[first * wide..(first + n) * wide];
            if self.reset == Reset::BeforeMatrix {
                let all = nets.chunks_exact_mut(3 * h).zip(kept.chunks_exact_mut(h));
                for ((net, kept), before) in all.zip(before.chunks_exact(h)) {
                    open::<F, A>(net, before, kept);
                }
                let product = Product {
                    left: Left {
                        values: kept,
                        row: h,
                        step: 1,
                    },
                    right: &weights.forth.rest,
                    to: &mut nets[2 * h..],
                    stride: 3 * h,
                    rows: n,
                    skip: 0,
                    scratch: &mut rows.scratch,
                };
                if past {
                    product.add(layer.path);
                }
            }
            let all = nets.chunks_exact_mut(3 * h).zip(before.chunks_exact(h));
            let all = all.zip(outputs.chunks_exact_mut(h)).enumerate();
            for (r, ((net, before), output)) in all {
                if self.reset == Reset::AfterMatrix {
                    open_after::<F, A>(net, &kept[r * 3 * h..][..3 * h]);
                }
                match self.update {
                    Update::KeepsPast => mix::<F, A, true>(net, before, output),
                    Update::TakesCandidate => mix::<F, A, false>(net, before, output),
                }
            }
        }
    }

    #[inline(always)]
    fn backward<A: Arithmetic>(&self, steps: Steps<'_, F>, d_y: &[F]) {
        let Steps {
            layer,
            weights,
            chunk,
            rows,
        } = steps;
        let h = layer.units;
        for t in (0..chunk.steps()).rev() {
            let (first, n) = chunk.step(t);
            let before = &rows.before[first * h..(first + n) * h];
            let nets = &mut rows.nets[first * 3 * h..(first + n) * 3 * h];
            let error = &mut rows.error.output[..n * h];
            for (r, net) in nets.chunks_exact_mut(3 * h).enumerate() {
                let span = r * h..(r + 1) * h;
                let d_y = &d_y[chunk.places[first + r] * h..][..h];
                let (before, error) = (&before[span.clone()], &mut error[span]);
                match self.update {
                    Update::KeepsPast => unmix::<F, true>(net, before, d_y, error),
                    Update::TakesCandidate => unmix::<F, false>(net, before, d_y, error),
                }
                if self.reset == Reset::AfterMatrix {
                    let kept = &mut rows.kept[(first + r) * 3 * h..][..3 * h];
                    close_after(net, kept);
                }
            }
            if self.reset == Reset::BeforeMatrix {
                zeros(&mut rows.step, n * h);
                let product = Product {
                    left: Left {
                        values: &nets[2 * h..],
                        row: 3 * h,
                        step: 1,
                    },
                    right: &weights.back.rest,
                    to: &mut rows.step,
                    stride: h,
                    rows: n,
                    skip: 0,
                    scratch: &mut rows.scratch,
                };
                product.add(layer.path);
                let all = nets.chunks_exact_mut(3 * h).zip(rows.step.chunks_exact(h));
                let others = before.chunks_exact(h).zip(error.chunks_exact_mut(h));
                for ((net, d_reset), (before, error)) in all.zip(others) {
                    close::<F, A>(net, before, d_reset, error);
                }
            }
            let left = match self.reset {
                Reset::AfterMatrix => &rows.kept[first * 3 * h..(first + n) * 3 * h],
                Reset::BeforeMatrix => nets,
            };
            let product = Product {
                left: Left {
                    values: left,
                    row: 3 * h,
                    step: 1,
                },
                right: &weights.back.all,
                to: error,
                stride: h,
                rows: n,
                skip: 0,
                scratch: &mut rows.scratch,
            };
            if t > 0 || rows.start_wanted {
                product.add(layer.path);
            }
        }
    }

    fn pack_errors(&self, h: usize, rows: &mut Rows<F>) {
        let all = rows.before.len() / h;
        match self.reset {
            Reset::AfterMatrix => {
                rows.errors_recurrent.pack(&rows.kept, all, 3 * h, 3 * h, 1);
            }
            Reset::BeforeMatrix => {
                rows.errors_recurrent.pack(&rows.nets, all, 2 * h, 3 * h, 1);
                let candidates = rows.nets.get(2 * h..).unwrap_or_default();
                rows.errors_second.pack(candidates, all, h, 3 * h, 1);
            }
        }
    }

    fn add_recurrent_gradient(&self, steps: &Share<'_, F>, to: &mut [F], scratch: &mut Vec<F>) {
        let (h, rows) = (steps.units, steps.rows);
        let of_before = Share {
            left: &rows.before,
            ..*steps
        };
        of_before.add(&rows.errors_recurrent, to, 3 * h, scratch);
        if self.reset == Reset::BeforeMatrix {
            let of_reset = Share {
                left: &rows.kept,
                ..*steps
            };
            of_reset.add(&rows.errors_second, &mut to[2 * h..], 3 * h, scratch);
        }
    }
}

/// Both gates of a row, and r ⊙ h.
#[inline(always)]
fn open<F: Real, A: Arithmetic>(net: &mut [F], before: &[F], kept: &mut [F]) {
    let h = before.len();
    let (r, rest) = net.split_at_mut(h);
    let (z, kept) = (&mut rest[..h], &mut kept[..h]);
    for j in 0..h {
        r[j] = r[j].logistic_in::<A>();
        z[j] = z[j].logistic_in::<A>();
        kept[j] = r[j] * before[j];
    }
}

/// Both gates of a row, and the net input of the candidate, from x W_x + b and h W_h.
#[inline(always)]
fn open_after<F: Real, A: Arithmetic>(net: &mut [F], recurrent: &[F]) {
    let h = net.len() / 3;
    let (gates, n) = net.split_at_mut(2 * h);
    let (of_gates, of_n) = recurrent.split_at(2 * h);
    // Two loops, each with so few slices that the compiler finds out that they do not overlap.
    for (gate, &of) in gates.iter_mut().zip(of_gates) {
        *gate = (*gate + of).logistic_in::<A>();
    }
    for ((n, &r), &of) in n.iter_mut().zip(&gates[..h]).zip(of_n) {
        *n = A::multiply_add(r, of, *n);
    }
}

/// The candidate of a row, and its mixture with the past.
#[inline(always)]
fn mix<F: Real, A: Arithmetic, const PAST: bool>(
    net: &mut [F],
    before: &[F],
    output: &mut [F],
) {
    let h = before.len();
    let (z, n) = net[h..].split_at_mut(h);
    let (n, output) = (&mut n[..h], &mut output[..h]);
    for j in 0..h {
        n[j] = n[j].hyperbolic_tangent_in::<A>();
        let (past, new) = (before[j], n[j]);
        output[j] = if PAST {
            A::multiply_add(z[j], past - new, new)
        } else {
            A::multiply_add(z[j], new - past, past)
        };
    }
}

/// From the error of the output to those of candidate and update gate; the past's own part of it
/// takes its place.
#[inline(always)]
fn unmix<F: Real, const PAST: bool>(net: &mut [F], before: &[F], d_y: &[F], error: &mut [F]) {
    let h = before.len();
    let (z, n) = net[h..].split_at_mut(h);
    let (n, d_y, error) = (&mut n[..h], &d_y[..h], &mut error[..h]);
    for j in 0..h {
        let d = error[j] + d_y[j];
        let (past, new) = (before[j], n[j]);
        let kept = if PAST { z[j] } else { F::ONE - z[j] };
        let (d_z, d_n) = if PAST {
            (d * (past - new), d * (F::ONE - z[j]))
        } else {
            (d * (new - past), d * z[j])
        };
        error[j] = d * kept;
        z[j] = d_z * (z[j] * (F::ONE - z[j]));
        n[j] = d_n * (F::ONE - new * new);
    }
}

/// The error of the reset gate, and those of h W_h.
#[inline(always)]
fn close_after<F: Real>(net: &mut [F], recurrent: &mut [F]) {
    let h = net.len() / 3;
    let (r, rest) = net.split_at_mut(h);
    let (z, n) = rest.split_at(h);
    let (of_r, rest) = recurrent.split_at_mut(h);
    let (of_z, of_n) = rest.split_at_mut(h);
    let (z, n, of_z, of_n) = (&z[..h], &n[..h], &mut of_z[..h], &mut of_n[..h]);
    for j in 0..h {
        let d_r = n[j] * of_n[j] * (r[j] * (F::ONE - r[j]));
        of_n[j] = n[j] * r[j];
        of_r[j] = d_r;
        of_z[j] = z[j];
        r[j] = d_r;
    }
}

/// The error of the reset gate from that of r ⊙ h, whose other part goes to the past.
#[inline(always)]
fn close<F: Real, A: Arithmetic>(net: &mut [F], before: &[F], d_reset: &[F], error: &mut [F]) {
    let h = before.len();
    let (r, d_reset, error) = (&mut net[..h], &d_reset[..h], &mut error[..h]);
    for j in 0..h {
        error[j] = A::multiply_add(d_reset[j], r[j], error[j]);
        r[j] = d_reset[j] * before[j] * (r[j] * (F::ONE - r[j]));
    }
}
