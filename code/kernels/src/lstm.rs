// SPDX-License-Identifier: MIT OR Apache-2.0
//! The long short-term memory with a forget gate (Gers, Schmidhuber & Cummins 2000), with peephole
//! connections where they are asked for (Gers & Schmidhuber 2000).
use crate::path::Arithmetic;
use crate::product::{Left, Product};
use crate::sequence::{room, Recurrence, Share, Steps};
use crate::Real;

/// Columns of the net inputs, H each: input gate i, forget gate f, candidate g, output gate o.
/// c_t = f ⊙ c_{t−1} + i ⊙ g and h_t = o ⊙ tanh c_t.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lstm {
    /// Whether gates also see the cells: 3·H weights, those of the input and the forget gate on
    /// c_{t−1}, then those of the output gate on c_t.
    pub peepholes: bool,
}

impl<F: Real> Recurrence<F> for Lstm {
    const GROUPS: usize = 4;
    const CELLS: bool = true;

    fn peepholes(&self, units: usize) -> usize {
        if self.peepholes {
            3 * units
        } else {
            0
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
        // For outputs only, gates and squashed cells are not written; with peepholes that is rare.
        let keep = rows.keep || self.peepholes;
        let kept = if keep { h } else { 0 };
        room(&mut rows.kept, chunk.rows() * kept);
        for t in 0..chunk.steps() {
            let (first, n) = chunk.step(t);
            let (old, outputs) = rows.outputs.split_at_mut(first * h);
            let (old_cells, cells) = rows.cells.split_at_mut(first * h);
            let (before, cells_before) = match t {
                0 => (&rows.start.output[..], &rows.start.cell[..]),
                _ => {
                    let from = chunk.row(t - 1, 0) * h;
                    (&old[from..], &old_cells[from..])
                }
            };
            let nets = &mut rows.nets[first * 4 * h..(first + n) * 4 * h];
            let product = Product {
                left: Left {
                    values: before,
                    row: h,
                    step: 1,
                },
                right: &weights.forth.all,
                to: nets,
                stride: 4 * h,
                rows: n,
                skip: 0,
                scratch: &mut rows.scratch,
            };
            // Without a past there is nothing to multiply.
            if t > 0 || !rows.fresh {
                product.add(layer.path);
            }
            for (r, net) in nets.chunks_exact_mut(4 * h).enumerate() {
                let span = r * h..(r + 1) * h;
                let squashed = &mut rows.kept[(first + r) * kept..][..kept];
                let (before, cell) = (&cells_before[span.clone()], &mut cells[span.clone()]);
                let (output, peepholes) = (&mut outputs[span], &weights.peepholes[..]);
                if self.peepholes {
                    activate::<F, A, true, true>(
                        net, peepholes, before, cell, squashed, output,
                    );
                } else if keep {
                    activate::<F, A, false, true>(net, &[], before, cell, squashed, output);
                } else {
                    activate::<F, A, false, false>(net, &[], before, cell, squashed, output);
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
            let nets = &mut rows.nets[first * 4 * h..(first + n) * 4 * h];
            let cells_before = match t {
                0 => &rows.start.cell[..],
                _ => &rows.cells[chunk.row(t - 1, 0) * h..],
            };
            for (r, net) in nets.chunks_exact_mut(4 * h).enumerate() {
                let span = r * h..(r + 1) * h;
                let squashed = &rows.kept[(first + r) * h..][..h];
                let d_y = &d_y[chunk.places[first + r] * h..][..h];
                let before = &cells_before[span.clone()];
                let error = &rows.error.output[span.clone()];
                let d_cell = &mut rows.error.cell[span];
                if self.peepholes {
                    deactivate::<F, A, true>(
                        net,
                        &weights.peepholes,
                        before,
                        squashed,
                        d_y,
                        error,
                        d_cell,
                    );
                } else {
                    deactivate::<F, A, false>(net, &[], before, squashed, d_y, error, d_cell);
                }
            }
            let error = &mut rows.error.output[..n * h];
            error.fill(F::ZERO);
            let product = Product {
                left: Left {
                    values: nets,
                    row: 4 * h,
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

    fn add_peephole_gradient(&self, steps: &Share<'_, F>, to: &mut [F]) {
        let h = steps.units;
        let (chunk, rows) = (steps.chunk, steps.rows);
        let (of_input, rest) = to.split_at_mut(h);
        let (of_forget, of_output) = rest.split_at_mut(h);
        for t in 0..chunk.steps() {
            let (first, n) = chunk.step(t);
            for r in 0..n {
                let before = match t {
                    0 => &rows.start.cell[r * h..][..h],
                    _ => &rows.cells[chunk.row(t - 1, r) * h..][..h],
                };
                let cell = &rows.cells[(first + r) * h..][..h];
                let net = &rows.nets[(first + r) * 4 * h..][..4 * h];
                for j in 0..h {
                    of_input[j] += net[j] * before[j];
                    of_forget[j] += net[h + j] * before[j];
                    of_output[j] += net[3 * h + j] * cell[j];
                }
            }
        }
    }
}

/// One row of one step, from net inputs to the output; to be kept, gates and candidate take their
/// place.
#[inline(always)]
fn activate<F: Real, A: Arithmetic, const PEEPHOLES: bool, const KEEP: bool>(
    net: &mut [F],
    peepholes: &[F],
    before: &[F],
    cell: &mut [F],
    squashed: &mut [F],
    output: &mut [F],
) {
    let h = cell.len();
    let (i, rest) = net.split_at_mut(h);
    let (f, rest) = rest.split_at_mut(h);
    let (g, o) = rest.split_at_mut(h);
    let (o, before) = (&mut o[..h], &before[..h]);
    let squashed = &mut squashed[..if KEEP { h } else { 0 }];
    let output = &mut output[..h];
    let (p_i, rest) = peepholes.split_at(if PEEPHOLES { h } else { 0 });
    let (p_f, p_o) = rest.split_at(if PEEPHOLES { h } else { 0 });
    for j in 0..h {
        let c = before[j];
        let (mut net_i, mut net_f) = (i[j], f[j]);
        if PEEPHOLES {
            net_i = A::multiply_add(p_i[j], c, net_i);
            net_f = A::multiply_add(p_f[j], c, net_f);
        }
        let (gate_i, gate_f) = (net_i.logistic_in::<A>(), net_f.logistic_in::<A>());
        let candidate = g[j].hyperbolic_tangent_in::<A>();
        cell[j] = A::multiply_add(gate_f, c, gate_i * candidate);
        if KEEP {
            (i[j], f[j], g[j]) = (gate_i, gate_f, candidate);
        }
    }
    // In a loop of its own, since it waits for the cell: more of both is then under way at once.
    for j in 0..h {
        let c = cell[j];
        let mut net = o[j];
        if PEEPHOLES {
            net = A::multiply_add(p_o[j], c, net);
        }
        let (gate, flat) = (net.logistic_in::<A>(), c.hyperbolic_tangent_in::<A>());
        output[j] = gate * flat;
        if KEEP {
            (o[j], squashed[j]) = (gate, flat);
        }
    }
}

/// One row of one step, from the errors of output and cell to those of the net inputs, which take
/// the place of gates and candidate, and to the error of the cell before.
#[inline(always)]
fn deactivate<F: Real, A: Arithmetic, const PEEPHOLES: bool>(
    net: &mut [F],
    peepholes: &[F],
    before: &[F],
    squashed: &[F],
    d_y: &[F],
    d_output: &[F],
    d_cell: &mut [F],
) {
    let h = d_cell.len();
    let (i, rest) = net.split_at_mut(h);
    let (f, rest) = rest.split_at_mut(h);
    let (g, o) = rest.split_at_mut(h);
    let (o, before, squashed) = (&mut o[..h], &before[..h], &squashed[..h]);
    let (d_y, d_output) = (&d_y[..h], &d_output[..h]);
    let (p_i, rest) = peepholes.split_at(if PEEPHOLES { h } else { 0 });
    let (p_f, p_o) = rest.split_at(if PEEPHOLES { h } else { 0 });
    for j in 0..h {
        let d = d_output[j] + d_y[j];
        let s = squashed[j];
        let d_o = d * s * (o[j] * (F::ONE - o[j]));
        let mut d_c = A::multiply_add(d * o[j], F::ONE - s * s, d_cell[j]);
        if PEEPHOLES {
            d_c = A::multiply_add(d_o, p_o[j], d_c);
        }
        let (i_j, f_j, g_j) = (i[j], f[j], g[j]);
        let d_i = d_c * g_j * (i_j * (F::ONE - i_j));
        let d_f = d_c * before[j] * (f_j * (F::ONE - f_j));
        i[j] = d_i;
        f[j] = d_f;
        g[j] = d_c * i_j * (F::ONE - g_j * g_j);
        o[j] = d_o;
        let mut d_before = d_c * f_j;
        if PEEPHOLES {
            d_before = A::multiply_add(d_i, p_i[j], d_before);
            d_before = A::multiply_add(d_f, p_f[j], d_before);
        }
        d_cell[j] = d_before;
    }
}
