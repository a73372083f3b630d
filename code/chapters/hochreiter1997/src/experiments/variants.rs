// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rows that differ from a printed one in what may explain why it comes out otherwise here, and the
//! tanh network with an orthogonal start. They have the scale of the paper alone.
use super::{skipping, Config, NetworkConfig, RecurrentWeights, Row, Stop, TaskConfig};

/// The learning rates of the tanh network with an orthogonal start; it is judged by its best.
pub const ORTHOGONAL_RATES: [f64; 8] = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0];
/// The largest norm of its gradients together, as in Pascanu, Mikolov and Bengio (2013).
const LARGEST_NORM: f64 = 1.0;

/// The variants of an experiment's rows.
pub fn of(experiment: &str, rows: &[Row]) -> Vec<Row> {
    let row = |id: &str| rows.iter().find(|row| row.id == id);
    let row = |id: &str| row(id).expect("a row of the experiment");
    match experiment {
        "reber" => reber(&rows[..5]),
        "noise-free" => noise_free(row("p100")),
        "random-middle" => random_middle(row("p100")),
        "distractors" => distractors(rows),
        "adding" => adding(row("t100")),
        "temporal-order" => temporal_order(row("6a"), row("6b")),
        _ => Vec::new(),
    }
}

/// Changes fields of a row's memory network.
macro_rules! change {
    ($row:ident, $($field:ident = $value:expr),+) => {
        if let NetworkConfig::Memory { $($field),+, .. } = &mut $row.config.model {
            $(*$field = $value;)+
        }
    };
}

/// Experiment 1. What the paper leaves open, when weights change; what its table's caption says
/// otherwise, the ranges of g and h; and what keeps the outputs from the symbol just seen.
fn reber(printed: &[Row]) -> Vec<Row> {
    let last = printed.len() - 1;
    let mut rows: Vec<Row> = printed[..last].iter().map(skipping).collect();
    rows.extend(printed.iter().map(|row| {
        let mut row = row.again("skip-bias", "outputs read the inputs and have biases");
        change!(row, skip = true, output_bias = true);
        row
    }));
    rows.extend(printed.iter().map(|row| {
        let words = "outputs read the inputs and have biases, full gradient";
        let mut row = row.again("skip-bias-full", words);
        change!(
            row,
            skip = true,
            output_bias = true,
            gradient = "full".into()
        );
        row.trials = 30;
        row
    }));
    let mut zero = printed[last].again("zero", "output gates' biases from zero");
    change!(zero, output_gate_biases = vec![0.0; 3]);
    let mut swapped = printed[last].again("swapped", "ranges of g and h exchanged");
    change!(swapped, swapped_ranges = true);
    rows.extend([zero, swapped]);
    rows.extend(printed.iter().map(each_step));
    for row in &mut rows {
        // Most do not come out as soon as the paper's.
        row.expected = 70_000;
    }
    rows.extend(orthogonal("", &printed[0].config, 10, 30, 100_000));
    rows
}

/// The same row with an update after each step.
fn each_step(row: &Row) -> Row {
    let mut row = row.again("steps", "an update after each step");
    change!(row, each_step = true);
    row
}

/// The same row with a constant in the net input of each input gate, in words.
fn shifted(row: &Row, id: &str, shift: f32) -> Row {
    let words = format!("input gate shifted by {shift}").replace('-', "−");
    let mut row = row.again(id, &words);
    change!(row, input_gate_shift = Some(shift));
    row
}

/// Experiment 2a: up to a fifth of the paper's cap, with and without an input gate that starts almost
/// closed; and an update after each step.
fn noise_free(printed: &Row) -> Vec<Row> {
    let longer = |mut row: Row, expected| {
        row.config.protocol.cap = 1_000_000;
        row.config.protocol.curve_every = 2_000;
        row.expected = expected;
        row
    };
    let shifted = longer(shifted(printed, "shift", -3.0), 25_000);
    let long = longer(printed.again("long", "up to 1,000,000 sequences"), 300_000);
    let mut steps = each_step(printed);
    steps.expected = 40_000;
    vec![shifted, long, steps]
}

/// Experiment 2b: an error at the end only, with and without an input gate that starts almost closed;
/// that gate alone; and an update after each step.
fn random_middle(printed: &Row) -> Vec<Row> {
    let mut at_end = printed.again("end", "error at the end only");
    at_end.config.data = TaskConfig::RandomMiddle {
        p: 100,
        at_end: true,
    };
    let protocol = &mut at_end.config.protocol;
    if let Stop::HeldOut { sequences, .. } = &mut protocol.stop {
        *sequences = 1_000;
    }
    (protocol.cap, protocol.curve_every) = (200_000, 400);
    at_end.expected = 150_000;
    let mut both = shifted(&at_end, "shift", -2.0);
    both.expected = 25_000;
    let mut others = [shifted(printed, "shift", -2.0), each_step(printed)];
    for row in &mut others {
        row.expected = row.config.protocol.cap;
    }
    let [shift, steps] = others;
    vec![both, at_end, steps, shift]
}

/// Experiment 2c: the weights between the hidden units from zero, or not trained.
fn distractors(rows: &[Row]) -> Vec<Row> {
    let mut variants = Vec::new();
    for (id, trials, cap, zero, frozen) in [
        ("q100-p100", 20, 600_000, 600_000, 200_000),
        ("q200-p200", 12, 300_000, 300_000, 250_000),
    ] {
        let row = rows.iter().find(|row| row.id == id).expect("a printed row");
        let mut from_zero = row.again("zero", "recurrent weights from zero");
        change!(from_zero, recurrent_weights = RecurrentWeights::FromZero);
        from_zero.expected = zero;
        let mut as_drawn = row.again("frozen", "recurrent weights not trained");
        change!(as_drawn, recurrent_weights = RecurrentWeights::Frozen);
        as_drawn.expected = frozen;
        for mut row in [as_drawn, from_zero] {
            row.trials = trials;
            row.config.protocol.cap = cap;
            variants.push(row);
        }
    }
    variants.extend(orthogonal("", &rows[0].config, 6, 10, 600_000));
    variants
}

/// Experiment 4 at other rates than the printed 0.5. No trial of the printed row needs as many
/// sequences as their cap.
fn adding(printed: &Row) -> Vec<Row> {
    let at_rate = |(rate, expected): (f64, u64)| {
        let mut row = printed.again(&format!("rate-{rate}"), &format!("rate {rate}"));
        row.config.learning_rate = rate;
        row.config.protocol.cap = 1_000_000;
        row.expected = expected;
        row
    };
    let rates = [
        (1.0, 450_000),
        (2.0, 250_000),
        (4.0, 200_000),
        (8.0, 1_000_000),
    ];
    let mut rows: Vec<Row> = rates.map(at_rate).into();
    rows.extend(orthogonal("t100-", &printed.config, 8, 5, 1_000_000));
    rows
}

/// Experiment 6: part b at other rates and other starts of the input gates, by two more open and by
/// two more closed; and the tanh network of part a up to the memory cells' cap.
fn temporal_order(two: &Row, three: &Row) -> Vec<Row> {
    let mut rows = Vec::new();
    for (rate, expected) in [(0.05, 400_000), (0.1, 250_000), (0.3, 200_000)] {
        for (name, shift) in [("", 0.0), ("-open", 2.0), ("-closed", -2.0)] {
            if (rate, shift) == (0.1, 0.0) {
                continue;
            }
            let gates = [-2.0, -4.0, -6.0].map(|bias: f32| bias + shift);
            let words = gates.map(|bias| bias.to_string().replace('-', "−"));
            let words = format!("rate {rate}, input gates from {}", words.join(", "));
            let mut row = three.again(&format!("{rate}{name}"), &words);
            change!(row, input_gate_biases = gates.to_vec());
            row.config.learning_rate = rate;
            row.config.protocol.cap = 600_000;
            row.expected = expected;
            rows.push(row);
        }
    }
    let cap = two.config.protocol.cap;
    rows.extend(orthogonal("6a-", &two.config, 7, 10, cap));
    rows
}

/// The tanh network beside a memory network with a start that lets errors pass, gradients that are
/// held at a norm, and every rate of [`ORTHOGONAL_RATES`], up to `cap` sequences.
fn orthogonal(prefix: &str, like: &Config, hidden: usize, trials: u64, cap: u64) -> Vec<Row> {
    let at_rate = |rate| {
        let mut config = like.clone();
        config.model = NetworkConfig::Tanh {
            hidden,
            orthogonal: true,
            clip: Some(LARGEST_NORM),
        };
        config.learning_rate = rate;
        config.protocol.cap = cap;
        config.protocol.curve_every = cap / 50;
        config.protocol.trace = false;
        Row {
            id: format!("{prefix}orthogonal-{rate}"),
            title: format!(
                "tanh network, {hidden} units, orthogonal start, clipped, rate {rate}"
            ),
            config,
            trials,
            paper: None,
            expected: cap,
        }
    };
    ORTHOGONAL_RATES.map(at_rate).into()
}
