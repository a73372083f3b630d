// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory cell network and the tanh network against PyTorch, on a fixture that
//! `code/peers/hochreiter1997.py` made: everything inside the forward pass, the error, every
//! gradient and three updates, on ragged batches.

use ::elman1990::TanhNetwork;
use ::hochreiter1997::network::{Build, GateBiases, MemoryNetwork, Sizes};
use ::hochreiter1997::reference;
use dfdx::prelude::*;
use kernels::cell1997::{Biases, Design, Gradient, Memory, Squash};
use kernels::tanh_rnn::Tanh;
use kernels::Real;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::BTreeMap;
use std::rc::Rc;
use tape::dims::{Batch, Hidden, Input, Output, Time};
use tape::readout::{squared_error, Readout, TargetBatch};
use tape::sgd::descend;
use tape::{Element, Sequences};
use tasks::{Example, Inputs, Target};
use training::online::Network;

/// How far a value may be from PyTorch's, as a part of its size or of one, whichever is larger.
const SINGLE: f64 = 1e-5;
const DOUBLE: f64 = 1e-10;

struct Fixture {
    rate: f64,
    case: Value,
}

impl Fixture {
    fn load(name: &str) -> Fixture {
        let text = include_str!("parity.json");
        let all: Value = serde_json::from_str(text).unwrap();
        assert_eq!(all["script"], "code/peers/hochreiter1997.py");
        let cases = all["cases"].as_array().unwrap();
        let case = cases.iter().find(|case| case["name"] == name).unwrap();
        Fixture {
            rate: all["rate"].as_f64().unwrap(),
            case: case.clone(),
        }
    }

    fn sizes(&self, expected: &[(&str, usize)]) {
        let sizes = self.case["sizes"].as_object().unwrap();
        assert_eq!(sizes.len(), expected.len());
        for (name, size) in expected {
            assert_eq!(sizes[*name], *size);
        }
    }

    fn rows<F>(&self, key: &str, number: impl Fn(&Value) -> F + Copy) -> Vec<Vec<F>> {
        let rows = self.case[key].as_array().unwrap();
        let row = |row: &Value| row.as_array().unwrap().iter().map(number).collect();
        rows.iter().map(row).collect()
    }

    fn inputs<E: Element>(&self) -> Rc<Sequences<E>> {
        Rc::new(match self.case["input_kind"].as_str() {
            Some("one-hot") => Sequences::OneHot(self.rows("inputs", index)),
            _ => Sequences::Dense(self.rows("inputs", real)),
        })
    }

    fn targets<E: Element>(&self) -> Rc<TargetBatch<E>> {
        Rc::new(match self.case["target_kind"].as_str() {
            Some("each-step") => TargetBatch::EachStep(self.rows("targets", index)),
            _ => TargetBatch::AtEnd(self.rows("targets", real)),
        })
    }

    fn examples(&self, width: usize, outputs: usize) -> Vec<Example> {
        let inputs = self.inputs::<f32>();
        let targets = self.targets::<f32>();
        let example = |b: usize| Example {
            inputs: match &*inputs {
                Sequences::OneHot(all) => Inputs::OneHot {
                    width,
                    symbols: all[b].clone(),
                },
                Sequences::Dense(all) => Inputs::Dense {
                    width,
                    values: all[b].clone(),
                },
            },
            target: match &*targets {
                TargetBatch::AtEnd(all) => Target::AtEnd(all[b].clone()),
                TargetBatch::EachStep(all) => Target::EachStep {
                    width: outputs,
                    symbols: all[b].clone(),
                },
            },
        };
        (0..inputs.batch()).map(example).collect()
    }

    fn parameter<E: Element>(&self, name: &str) -> Vec<E> {
        let values = self.case["parameters"][name].as_array().unwrap();
        values.iter().map(real).collect()
    }

    fn matrix<const M: usize, const N: usize, E: Element>(
        &self,
        name: &str,
    ) -> Tensor<Rank2<M, N>, E, Cpu> {
        Cpu::default().tensor_from_vec(self.parameter(name), Default::default())
    }

    fn vector<const N: usize, E: Element>(&self, name: &str) -> Tensor<Rank1<N>, E, Cpu> {
        Cpu::default().tensor_from_vec(self.parameter(name), Default::default())
    }

    fn has(&self, name: &str) -> bool {
        self.case["parameters"].get(name).is_some()
    }

    fn readout<const I: usize, const N: usize, const O: usize, E: Element>(
        &self,
    ) -> Readout<Const<I>, Const<N>, Const<O>, E> {
        Readout {
            inputs: Const,
            units: self.matrix("w_o"),
            bias: self.has("b_o").then(|| self.vector("b_o")),
            skip: self.has("w_s").then(|| self.matrix("w_s")),
        }
    }

    fn design(&self) -> Design {
        let squash = |key: &str| match self.case[key].as_str() {
            Some("identity") => Squash::Identity,
            Some("logistic") => Squash::Logistic,
            Some("centered") => Squash::Centered,
            Some("wide") => Squash::Wide,
            other => panic!("{other:?}"),
        };
        Design {
            squash_input: squash("squash_input"),
            squash_state: squash("squash_state"),
            biases: match self.case["biases"].as_str() {
                Some("all") => Biases::All,
                Some("gates") => Biases::Gates,
                Some("none") => Biases::None,
                other => panic!("{other:?}"),
            },
            recurrent: self.case["recurrent"] == true,
            gradient: match self.case["gradient"].as_str() {
                Some("truncated") => Gradient::Truncated,
                Some("full") => Gradient::Full,
                other => panic!("{other:?}"),
            },
        }
    }
}

fn real<E: Real>(value: &Value) -> E {
    E::from_f64(value.as_f64().unwrap())
}

fn index(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn values<S: Shape, E: Element>(tensor: &Tensor<S, E, Cpu>) -> Vec<E> {
    let mut values = vec![<E as Real>::ZERO; tensor.shape().num_elements()];
    tensor.copy_into(&mut values);
    values
}

/// Holds `ours` against PyTorch's; nests of arrays are read in their order.
fn close<E: Real>(what: &str, ours: &[E], theirs: &Value, tolerance: f64) {
    fn flatten(value: &Value, into: &mut Vec<f64>) {
        match value {
            Value::Array(rows) => rows.iter().for_each(|row| flatten(row, into)),
            _ => into.push(value.as_f64().unwrap()),
        }
    }
    let mut expected = Vec::new();
    flatten(theirs, &mut expected);
    assert_eq!(ours.len(), expected.len(), "{what}");
    for (place, (a, b)) in ours.iter().map(|a| a.to_f64()).zip(expected).enumerate() {
        let allowed = tolerance * b.abs().max(1.0);
        assert!(
            (a - b).abs() <= allowed,
            "{what}[{place}]: {a} here, {b} in PyTorch"
        );
    }
}

fn cell<
    const I: usize,
    const K: usize,
    const C: usize,
    const U: usize,
    const O: usize,
    E: Element,
>(
    name: &str,
    tolerance: f64,
) {
    let fixture = Fixture::load(name);
    let case = &fixture.case;
    fixture.sizes(&[("I", I), ("K", K), ("C", C), ("U", U), ("O", O)]);
    let (inputs, targets) = (fixture.inputs::<E>(), fixture.targets::<E>());
    let mut w_x = fixture.matrix::<I, U, E>("w_x");
    let mut w_u = fixture.matrix::<U, U, E>("w_u");
    let mut bias = fixture.vector::<U, E>("bias");
    let mut readout = fixture.readout::<I, C, O, E>();

    let layer = tape::cell1997::Layer {
        design: fixture.design(),
        cells: Const::<C>,
        kernel: Memory::of::<K, C, U>(),
    };
    let traces = tape::cell1997::inspect(layer, &inputs, &w_x, &w_u, &bias);
    for (b, trace) in traces.iter().enumerate() {
        for (part, ours) in [
            ("hidden", &trace.hidden),
            ("candidate", &trace.candidate),
            ("state", &trace.state),
            ("squashed", &trace.squashed),
        ] {
            let what = format!("{part} of sequence {b}");
            close(&what, ours, &case["trace"][part][b], tolerance);
        }
    }

    for update in 0..=3 {
        let cells =
            tape::cell1997::memory(layer, &inputs, w_x.leaky_trace(), &w_u, &bias).unwrap();
        let (error, outputs) = squared_error(&readout, &inputs, cells, &targets).unwrap();
        if update == 3 {
            let last = &case["error_after_updates"];
            close(
                "the error after three updates",
                &[error.array()],
                last,
                tolerance,
            );
            break;
        }
        let sum = error.array();
        let gradients = error.backward();
        if update == 0 {
            close(
                "the outputs",
                &outputs.concat(),
                &case["outputs"],
                tolerance,
            );
            close("the error", &[sum], &case["error"], tolerance);
            let expected = &case["gradients"];
            let check = |name: &str, ours: Vec<E>| {
                let what = format!("the gradient of {name}");
                close(&what, &ours, &expected[name], tolerance);
            };
            check("w_x", values(&gradients.get(&w_x)));
            check("w_u", values(&gradients.get(&w_u)));
            check("bias", values(&gradients.get(&bias)));
            check("w_o", values(&gradients.get(&readout.units)));
            if let Some(b_o) = &readout.bias {
                check("b_o", values(&gradients.get(b_o)));
            }
            if let Some(w_s) = &readout.skip {
                check("w_s", values(&gradients.get(w_s)));
            }
        }
        descend(&mut w_x, &gradients, fixture.rate);
        descend(&mut w_u, &gradients, fixture.rate);
        descend(&mut bias, &gradients, fixture.rate);
        descend(&mut readout.units, &gradients, fixture.rate);
        let expected = &case["updates"][update];
        let check = |name: &str, ours: Vec<E>| {
            let what = format!("{name} after update {}", update + 1);
            close(&what, &ours, &expected[name], tolerance);
        };
        check("w_x", values(&w_x));
        check("w_u", values(&w_u));
        check("bias", values(&bias));
        check("w_o", values(&readout.units));
        if let Some(b_o) = &mut readout.bias {
            descend(b_o, &gradients, fixture.rate);
            check("b_o", values(b_o));
        }
        if let Some(w_s) = &mut readout.skip {
            descend(w_s, &gradients, fixture.rate);
            check("w_s", values(w_s));
        }
    }
}

/// The plain cell, operation by operation, one sequence after the other; the gradients of a
/// batch are the sums of theirs.
fn plain_cell<
    const I: usize,
    const K: usize,
    const C: usize,
    const U: usize,
    const O: usize,
    E: Element,
>(
    name: &str,
    tolerance: f64,
) where
    Cpu: Device<E>,
{
    let fixture = Fixture::load(name);
    let case = &fixture.case;
    let device = Cpu::default();
    let layer = reference::Layer::<I, K, C, U, E, Cpu> {
        w_x: fixture.matrix("w_x"),
        w_u: fixture.matrix("w_u"),
        bias: fixture.vector("bias"),
        spread: reference::spread(&device),
    };
    let readout = fixture.readout::<I, C, O, E>();
    let unit = |width: usize, place: usize| {
        let mut row = vec![<E as Real>::ZERO; width];
        row[place] = <E as Real>::ONE;
        row
    };
    let (inputs, targets) = (fixture.inputs::<E>(), fixture.targets::<E>());
    let mut sums: BTreeMap<&str, Vec<E>> = BTreeMap::new();
    for b in 0..inputs.batch() {
        let rows: Vec<Vec<E>> = match &*inputs {
            Sequences::OneHot(all) => all[b].iter().map(|&symbol| unit(I, symbol)).collect(),
            Sequences::Dense(all) => all[b].chunks_exact(I).map(<[E]>::to_vec).collect(),
        };
        let wanted: Vec<(usize, Vec<E>)> = match &*targets {
            TargetBatch::AtEnd(all) => vec![(rows.len() - 1, all[b].clone())],
            TargetBatch::EachStep(all) => all[b]
                .iter()
                .map(|&symbol| unit(O, symbol))
                .enumerate()
                .collect(),
        };
        let row = |row: Vec<E>| device.tensor_from_vec(row, (Const::<1>, Const::<I>));
        let (_, tape) = layer.w_x.leaky_trace().split_tape();
        let (memory, mut tape) = reference::run::<1, I, K, C, U, E, Cpu, _>(
            &layer,
            rows.into_iter().map(row).collect(),
            fixture.design().gradient,
            tape,
        );
        let all = |part: fn(&reference::Memory<1, C, U, E, Cpu>) -> Vec<E>| -> Vec<E> {
            memory.iter().flat_map(part).collect()
        };
        let (states, hidden) = (all(|m| values(&m.state)), all(|m| values(&m.hidden)));
        close("state", &states, &case["trace"]["state"][b], tolerance);
        close("hidden", &hidden, &case["trace"]["hidden"][b], tolerance);
        let mut error: Tensor<Rank0, E, Cpu> = device.zeros();
        let mut shown = Vec::new();
        for (t, target) in wanted {
            let target = device.tensor_from_vec(target, (Const::<1>, Const::<O>));
            let net = memory[t]
                .cells
                .clone()
                .put_tape(tape)
                .matmul(readout.units.clone());
            let net = match &readout.bias {
                Some(bias) => net + bias.retaped::<OwnedTape<E, Cpu>>().broadcast(),
                None => net,
            };
            let (y, rest) = net.sigmoid().split_tape();
            shown.extend(values(&y));
            let half = (y.put_tape(rest) - target).square().sum() * <E as Real>::HALF;
            (error, tape) = (half + error).split_tape();
        }
        close("the outputs", &shown, &case["outputs"][b], tolerance);
        let gradients = error.put_tape(tape).backward();
        let mut add = |name: &'static str, gradient: Vec<E>| {
            let sum = sums
                .entry(name)
                .or_insert_with(|| vec![<E as Real>::ZERO; gradient.len()]);
            sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g);
        };
        add("w_x", values(&gradients.get(&layer.w_x)));
        add("w_u", values(&gradients.get(&layer.w_u)));
        add("bias", values(&gradients.get(&layer.bias)));
        add("w_o", values(&gradients.get(&readout.units)));
        if let Some(bias) = &readout.bias {
            add("b_o", values(&gradients.get(bias)));
        }
    }
    if case["biases"] == "gates" {
        // The plain cell has no frozen biases: their gradients are left out.
        sums.get_mut("bias").unwrap()[..C].fill(<E as Real>::ZERO);
    }
    for (name, sum) in sums {
        close(
            &format!("the gradient of {name}"),
            &sum,
            &case["gradients"][name],
            tolerance,
        );
    }
}

fn tanh_layer<const I: usize, const H: usize, const O: usize, E: Element>(
    name: &str,
    tolerance: f64,
) {
    let fixture = Fixture::load(name);
    let case = &fixture.case;
    fixture.sizes(&[("I", I), ("H", H), ("O", O)]);
    let (inputs, targets) = (fixture.inputs::<E>(), fixture.targets::<E>());
    let mut w_x = fixture.matrix::<I, H, E>("w_x");
    let mut w_h = fixture.matrix::<H, H, E>("w_h");
    let mut bias = fixture.vector::<H, E>("bias");
    let mut readout = fixture.readout::<I, H, O, E>();
    for update in 0..3 {
        let hidden = tape::tanh_rnn::tanh_layer(
            Tanh::of::<H>(),
            &inputs,
            w_x.leaky_trace(),
            &w_h,
            &bias,
        )
        .unwrap();
        if update == 0 {
            let (Batch(count), Time(steps), _) = *hidden.shape();
            let mut padded = vec![<E as Real>::ZERO; count * steps * H];
            hidden.copy_into(&mut padded);
            for (b, length) in inputs.lengths(I).into_iter().enumerate() {
                let (run, beyond) = padded[b * steps * H..][..steps * H].split_at(length * H);
                close("hidden", run, &case["trace"]["hidden"][b], tolerance);
                assert!(beyond.iter().all(|&v| v == <E as Real>::ZERO));
            }
        }
        let (error, outputs) = squared_error(&readout, &inputs, hidden, &targets).unwrap();
        let sum = error.array();
        let gradients = error.backward();
        if update == 0 {
            close(
                "the outputs",
                &outputs.concat(),
                &case["outputs"],
                tolerance,
            );
            close("the error", &[sum], &case["error"], tolerance);
            let check = |name: &str, ours: Vec<E>| {
                let what = format!("the gradient of {name}");
                close(&what, &ours, &case["gradients"][name], tolerance);
            };
            check("w_x", values(&gradients.get(&w_x)));
            check("w_h", values(&gradients.get(&w_h)));
            check("bias", values(&gradients.get(&bias)));
            check("w_o", values(&gradients.get(&readout.units)));
            check(
                "b_o",
                values(&gradients.get(readout.bias.as_ref().unwrap())),
            );
        }
        descend(&mut w_x, &gradients, fixture.rate);
        descend(&mut w_h, &gradients, fixture.rate);
        descend(&mut bias, &gradients, fixture.rate);
        descend(&mut readout.units, &gradients, fixture.rate);
        descend(readout.bias.as_mut().unwrap(), &gradients, fixture.rate);
        let check = |name: &str, ours: Vec<E>| {
            let what = format!("{name} after update {}", update + 1);
            close(&what, &ours, &case["updates"][update][name], tolerance);
        };
        check("w_x", values(&w_x));
        check("w_h", values(&w_h));
        check("bias", values(&bias));
        check("w_o", values(&readout.units));
        check("b_o", values(readout.bias.as_ref().unwrap()));
    }
}

/// One online update on each sequence, each from the same weights: their sum is the batch's
/// update in PyTorch.
fn online_updates_sum_to_the_batch(
    fixture: &Fixture,
    examples: &[Example],
    names: &[&str],
    network: &mut dyn Network,
    before: &[Vec<f32>],
) {
    let first = before.len() - names.len();
    let mut sums: Vec<Vec<f32>> = before.iter().map(|w| vec![0.0; w.len()]).collect();
    for example in examples {
        network.load(before).unwrap();
        network.learn(example, fixture.rate);
        for ((sum, after), start) in sums.iter_mut().zip(network.save()).zip(before) {
            for ((sum, after), start) in sum.iter_mut().zip(after).zip(start) {
                *sum += (start - after) / fixture.rate as f32;
            }
        }
    }
    for (name, sum) in names.iter().zip(&sums[first..]) {
        let expected = &fixture.case["gradients"][*name];
        close(&format!("the updates of {name}"), sum, expected, SINGLE);
    }
}

fn memory_network<
    const I: usize,
    const K: usize,
    const C: usize,
    const U: usize,
    const O: usize,
>(
    name: &str,
) {
    let fixture = Fixture::load(name);
    let build = Build {
        design: fixture.design(),
        gate_biases: GateBiases::default(),
        output_bias: fixture.has("b_o"),
        skip: fixture.has("w_s"),
        starts_without_memory: false,
        range: 0.1,
    };
    let sizes = Sizes {
        inputs: I,
        blocks: K,
        cells: C,
        units: U,
        outputs: O,
    };
    let mut network = MemoryNetwork::new(sizes, &mut ChaCha8Rng::seed_from_u64(1), &build);
    let mut names = vec!["w_x", "w_u", "bias", "w_o"];
    names.extend(fixture.has("b_o").then_some("b_o"));
    names.extend(fixture.has("w_s").then_some("w_s"));
    let mut before = vec![vec![1.0]];
    before.extend(names.iter().map(|name| fixture.parameter::<f32>(name)));
    let examples = fixture.examples(I, O);
    online_updates_sum_to_the_batch(&fixture, &examples, &names, &mut network, &before);
    network.load(&before).unwrap();
    let outputs: Vec<f32> = examples.iter().flat_map(|e| network.outputs(e)).collect();
    close("the outputs", &outputs, &fixture.case["outputs"], SINGLE);
}

fn tanh_network<const I: usize, const H: usize, const O: usize>(name: &str) {
    let fixture = Fixture::load(name);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let sizes = (Input(I), Hidden(H), Output(O));
    let mut network = TanhNetwork::new(sizes, Tanh::of::<H>(), &mut rng, 0.1);
    let names = ["w_x", "w_h", "bias", "w_o", "b_o"];
    let before = names.map(|name| fixture.parameter::<f32>(name));
    let examples = fixture.examples(I, O);
    online_updates_sum_to_the_batch(&fixture, &examples, &names, &mut network, &before);
    network.load(&before).unwrap();
    let outputs: Vec<f32> = examples.iter().flat_map(|e| network.outputs(e)).collect();
    close("the outputs", &outputs, &fixture.case["outputs"], SINGLE);
}

mod hochreiter1997 {
    use super::*;

    #[test]
    fn blocks_agree_with_pytorch() {
        cell::<3, 2, 4, 8, 3, f32>("blocks of two, truncated", SINGLE);
        cell::<3, 2, 4, 8, 3, f64>("blocks of two, truncated", DOUBLE);
    }

    #[test]
    fn blocks_with_the_full_gradient_agree_with_pytorch() {
        cell::<3, 2, 4, 8, 3, f32>("blocks of two, full", SINGLE);
        cell::<3, 2, 4, 8, 3, f64>("blocks of two, full", DOUBLE);
    }

    #[test]
    fn one_hot_inputs_with_a_target_at_each_step_agree_with_pytorch() {
        cell::<5, 3, 3, 9, 5, f32>("one-hot, truncated", SINGLE);
        cell::<5, 3, 3, 9, 5, f64>("one-hot, truncated", DOUBLE);
    }

    #[test]
    fn one_hot_inputs_with_the_full_gradient_agree_with_pytorch() {
        cell::<5, 3, 3, 9, 5, f32>("one-hot, full", SINGLE);
        cell::<5, 3, 3, 9, 5, f64>("one-hot, full", DOUBLE);
    }

    #[test]
    fn the_wiring_of_experiment_2a_agrees_with_pytorch() {
        cell::<4, 1, 1, 2, 4, f32>("no output gate", SINGLE);
        cell::<4, 1, 1, 2, 4, f64>("no output gate", DOUBLE);
    }

    #[test]
    fn the_plain_cell_agrees_with_pytorch() {
        plain_cell::<3, 2, 4, 8, 3, f32>("blocks of two, truncated", SINGLE);
        plain_cell::<3, 2, 4, 8, 3, f64>("blocks of two, truncated", DOUBLE);
        plain_cell::<3, 2, 4, 8, 3, f64>("blocks of two, full", DOUBLE);
        plain_cell::<5, 3, 3, 9, 5, f64>("one-hot, truncated", DOUBLE);
        plain_cell::<5, 3, 3, 9, 5, f64>("one-hot, full", DOUBLE);
    }

    #[test]
    fn the_online_network_takes_pytorch_s_step() {
        memory_network::<3, 2, 4, 8, 3>("blocks of two, truncated");
        memory_network::<3, 2, 4, 8, 3>("blocks of two, full");
        memory_network::<5, 3, 3, 9, 5>("one-hot, truncated");
        memory_network::<4, 1, 1, 2, 4>("no output gate");
    }

    /// The truncated and the full gradient are of the same network and differ: were they the
    /// same in the fixture, agreement with both would say nothing.
    #[test]
    fn the_fixture_tells_the_truncated_from_the_full_gradient() {
        for kind in ["blocks of two", "one-hot"] {
            let truncated = Fixture::load(&format!("{kind}, truncated")).case;
            let full = Fixture::load(&format!("{kind}, full")).case;
            assert_eq!(truncated["parameters"], full["parameters"]);
            assert_eq!(truncated["outputs"], full["outputs"]);
            assert_eq!(truncated["gradients"]["w_o"], full["gradients"]["w_o"]);
            let gradient = |case: &Value| -> Vec<f64> {
                let w_u = case["gradients"]["w_u"].as_array().unwrap();
                w_u.iter().map(|v| v.as_f64().unwrap()).collect()
            };
            let (a, b) = (gradient(&truncated), gradient(&full));
            assert!(a.iter().zip(b).any(|(a, b)| (a - b).abs() > 1e-3));
        }
    }
}

mod elman1990 {
    use super::*;

    #[test]
    fn the_tanh_layer_agrees_with_pytorch() {
        tanh_layer::<3, 5, 2, f32>("tanh, dense", SINGLE);
        tanh_layer::<3, 5, 2, f64>("tanh, dense", DOUBLE);
        tanh_layer::<4, 3, 4, f32>("tanh, one-hot", SINGLE);
        tanh_layer::<4, 3, 4, f64>("tanh, one-hot", DOUBLE);
    }

    #[test]
    fn the_online_tanh_network_takes_pytorch_s_step() {
        tanh_network::<3, 5, 2>("tanh, dense");
        tanh_network::<4, 3, 4>("tanh, one-hot");
    }
}
