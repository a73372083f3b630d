// SPDX-License-Identifier: MIT OR Apache-2.0
//! One unit without input, x_t = w σ(x_{t−1}) + b: its fixed points, its error surface and the wall
//! in it (the paper's Figures 3 and 6).
use kernels::{Extremes, Real};
use lab::experiment::{listed, Arm, AtOnce, Experiment, Scale};
use lab::record::{six_digits, TrialRecord};
use std::collections::BTreeMap;

/// x_0 of Figure 6.
pub const START: f64 = 0.5;
/// Steps of Figure 6.
pub const STEPS: usize = 50;
/// What σ(x_50) should be in Figure 6.
pub const TARGET: f64 = 0.7;
/// w of Figure 3.
pub const FIGURE_3_W: f64 = 5.0;

/// σ', the slope of the logistic function.
pub fn slope(x: f64) -> f64 {
    let s = x.logistic();
    s * (1.0 - s)
}

// ANCHOR: unit
/// E = (σ(x_T) − target)² after T steps of x_t = w σ(x_{t−1}) + b from x_0 (2.8).
pub fn error(w: f64, b: f64) -> f64 {
    let last = (0..STEPS).fold(START, |x, _| w * x.logistic() + b);
    let difference = last.logistic() - TARGET;
    difference * difference
}

/// (∂E/∂w, ∂E/∂b): both derivatives of x_t are carried along with it (2.9).
pub fn gradient(w: f64, b: f64) -> (f64, f64) {
    let (mut x, mut by_w, mut by_b) = (START, 0.0, 0.0);
    for _ in 0..STEPS {
        let factor = w * slope(x);
        by_w = x.logistic() + factor * by_w;
        by_b = 1.0 + factor * by_b;
        x = w * x.logistic() + b;
    }
    let outer = 2.0 * (x.logistic() - TARGET) * slope(x);
    (outer * by_w, outer * by_b)
}
// ANCHOR_END: unit

/// ∂x_T/∂x_0, the product of the factors w σ'(x_t) (2.5).
pub fn by_start(w: f64, b: f64) -> f64 {
    let (mut x, mut product) = (START, 1.0);
    for _ in 0..STEPS {
        product *= w * slope(x);
        x = w * x.logistic() + b;
    }
    product
}

// ANCHOR: saddle
/// The two b between which the unit has three fixed points: there w σ'(x) = 1 as well as
/// x = w σ(x) + b (2.10). `None` for w ≤ 4, where there is one fixed point whatever b is.
pub fn saddle_nodes(w: f64) -> Option<(f64, f64)> {
    let root = (1.0 - 4.0 / w).sqrt();
    (w > 4.0).then(|| {
        let b = |s: f64| libm::log(s / (1.0 - s)) - w * s;
        (b((1.0 + root) / 2.0), b((1.0 - root) / 2.0))
    })
}
// ANCHOR_END: saddle

/// The fixed points x = w σ(x) + b, from the lowest to the highest; w > 0.
pub fn fixed_points(w: f64, b: f64) -> Vec<f64> {
    let miss = |x: f64| x - w * x.logistic() - b;
    // Between its turning points x − w σ(x) is monotonic.
    let mut ends = vec![b - 1.0];
    if w > 4.0 {
        let s = (1.0 + (1.0 - 4.0 / w).sqrt()) / 2.0;
        let turn = libm::log(s / (1.0 - s));
        ends.extend(
            [-turn, turn]
                .into_iter()
                .filter(|&x| x > b - 1.0 && x < b + w + 1.0),
        );
    }
    ends.push(b + w + 1.0);
    let pieces = ends.windows(2).filter_map(|ends| {
        let (mut low, mut high) = (ends[0], ends[1]);
        let sign = miss(low).signum();
        if sign == miss(high).signum() {
            return None;
        }
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if miss(middle).signum() == sign {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(0.5 * (low + high))
    });
    pieces.collect()
}

/// The b between `low` and `high` at which |∂E/∂b| is greatest at this w, and that slope: a grid,
/// made finer eight times about its greatest value.
pub fn steepest(w: f64, mut low: f64, mut high: f64) -> (f64, f64) {
    let mut best = (low, 0.0);
    for _ in 0..8 {
        let apart = (high - low) / 2_000.0;
        for n in 0..=2_000 {
            let b = low + apart * f64::from(n);
            let size = gradient(w, b).1.abs();
            if size > best.1 {
                best = (b, size);
            }
        }
        (low, high) = (best.0 - 2.0 * apart, best.0 + 2.0 * apart);
    }
    best
}

// ANCHOR: steps
/// Steps of gradient descent on (w, b), the start included; with `threshold`, longer gradients are
/// scaled to it (2.11).
pub fn descend(
    start: (f64, f64),
    rate: f64,
    threshold: Option<f64>,
    steps: usize,
) -> Vec<(f64, f64)> {
    let mut path = vec![start];
    let (mut w, mut b) = start;
    for _ in 0..steps {
        let (d_w, d_b) = gradient(w, b);
        let norm = (d_w * d_w + d_b * d_b).sqrt();
        let scale = match threshold {
            Some(threshold) if norm > threshold => threshold / norm,
            _ => 1.0,
        };
        w -= rate * scale * d_w;
        b -= rate * scale * d_b;
        path.push((w, b));
    }
    path
}
// ANCHOR_END: steps

/// The part of the error surface that Figure 6 shows: w, then b.
pub const MAP: [(f64, f64); 2] = [(4.6, 5.4), (-2.9, -2.0)];
/// Whether a place lies on that part.
pub fn on_map(w: f64, b: f64) -> bool {
    (MAP[0].0..=MAP[0].1).contains(&w) && (MAP[1].0..=MAP[1].1).contains(&b)
}

/// Where the two paths start, on the plateau beside the wall, and their rate.
pub const PATH_START: (f64, f64) = (4.9, -2.5);
/// Learning rate of the paths.
pub const PATH_RATE: f64 = 0.03;
/// θ of the clipped path.
pub const PATH_THRESHOLD: f64 = 1.0;

/// The experiment: one unit on its own.
pub fn experiment() -> Box<dyn Experiment> {
    listed(
        "one-unit",
        "Figures 3 and 6: one unit, its fixed points and its error surface",
        arms,
        |arm, seed| {
            let unit = UnitTrial {
                arm: arm.id.clone(),
                config: arm.config.clone(),
            };
            Box::new(AtOnce(move || {
                let (measures, series) = unit.results();
                TrialRecord {
                    seed,
                    solved: true,
                    sequences: 1,
                    measures,
                    series,
                    ..TrialRecord::default()
                }
            }))
        },
    )
}

/// Its arms.
fn arms(scale: Scale) -> Vec<Arm> {
    let fine = |smoke: usize, book: usize| if scale == Scale::Smoke { smoke } else { book };
    let arm = |id: &str, title: &str, config: serde_json::Value| Arm {
        id: id.into(),
        title: title.into(),
        config,
        seeds: 1..=1,
        paper: None,
        expected_seconds: 0.1,
    };
    vec![
        arm(
            "map",
            "error over w and b",
            serde_json::json!({ "start": START, "steps": STEPS, "target": TARGET,
                "ranges": MAP, "columns": fine(5, 97), "rows": fine(5, 109) }),
        ),
        arm(
            "slice",
            "error and slope over b at w = 5",
            serde_json::json!({ "start": START, "steps": STEPS, "target": TARGET,
                "w": FIGURE_3_W, "range": [-3.0, -2.0], "points": fine(5, 501) }),
        ),
        arm(
            "fixed-points",
            "fixed points over b at w = 5",
            serde_json::json!({ "w": FIGURE_3_W, "range": [-3.0, -2.0], "points": fine(5, 101) }),
        ),
        arm(
            "paths",
            "gradient descent beside the wall",
            serde_json::json!({ "from": PATH_START, "rate": PATH_RATE,
                "threshold": PATH_THRESHOLD, "steps": fine(5, 80) }),
        ),
    ]
}

/// One arm.
struct UnitTrial {
    arm: String,
    config: serde_json::Value,
}

/// Evenly spaced places, both ends included.
fn spaced((low, high): (f64, f64), count: usize) -> Vec<f64> {
    let apart = (high - low) / (count - 1) as f64;
    (0..count).map(|n| low + apart * n as f64).collect()
}

impl UnitTrial {
    fn size(&self, name: &str) -> usize {
        self.config[name].as_u64().unwrap_or(2) as usize
    }

    /// Named results and named series.
    fn results(&self) -> (BTreeMap<String, f64>, BTreeMap<String, Vec<f64>>) {
        let (mut measures, mut series) = (BTreeMap::new(), BTreeMap::new());
        let mut put = |name: &str, values: Vec<f64>| {
            series.insert(
                name.to_owned(),
                values.into_iter().map(six_digits).collect(),
            );
        };
        match self.arm.as_str() {
            "map" => {
                let w = spaced(MAP[0], self.size("columns"));
                let b = spaced(MAP[1], self.size("rows"));
                let errors = b.iter().flat_map(|&b| w.iter().map(move |&w| error(w, b)));
                put("error", errors.collect());
                put("w", w.clone());
                put("b", b.clone());
            }
            "slice" => {
                let b = spaced((-3.0, -2.0), self.size("points"));
                put("error", b.iter().map(|&b| error(FIGURE_3_W, b)).collect());
                let slopes = b.iter().map(|&b| gradient(FIGURE_3_W, b).1.abs());
                put("slope", slopes.collect());
                put("b", b.clone());
                let (place, size) = steepest(FIGURE_3_W, -2.7, -2.5);
                measures.insert("steepest-at".to_owned(), place);
                measures.insert("steepest".to_owned(), size);
            }
            "fixed-points" => {
                let b = spaced((-3.0, -2.0), self.size("points"));
                let all: Vec<Vec<f64>> =
                    b.iter().map(|&b| fixed_points(FIGURE_3_W, b)).collect();
                put(
                    "count",
                    all.iter().map(|points| points.len() as f64).collect(),
                );
                put("points", all.concat());
                let last =
                    |b: f64| (0..STEPS).fold(START, |x, _| FIGURE_3_W * x.logistic() + b);
                put("last", b.iter().map(|&b| last(b)).collect());
                put("b", b.clone());
                // Found without the closed form: where the number of fixed points changes.
                let change = |mut low: f64, mut high: f64| {
                    let count = |b: f64| fixed_points(FIGURE_3_W, b).len();
                    let at_low = count(low);
                    for _ in 0..60 {
                        let middle = 0.5 * (low + high);
                        if count(middle) == at_low {
                            low = middle;
                        } else {
                            high = middle;
                        }
                    }
                    0.5 * (low + high)
                };
                measures.insert(
                    "first-saddle-node".to_owned(),
                    six_digits(change(-3.0, -2.5)),
                );
                measures.insert(
                    "second-saddle-node".to_owned(),
                    six_digits(change(-2.5, -2.0)),
                );
            }
            _ => {
                let steps = self.size("steps");
                for (name, threshold) in [("plain", None), ("clipped", Some(PATH_THRESHOLD))] {
                    let path = descend(PATH_START, PATH_RATE, threshold, steps);
                    let longest = path
                        .windows(2)
                        .map(|step| {
                            let (w, b) = (step[1].0 - step[0].0, step[1].1 - step[0].1);
                            (w * w + b * b).sqrt()
                        })
                        .largest(0.0);
                    measures.insert(format!("{name}-longest-step"), six_digits(longest));
                    let (w, b) = path[path.len() - 1];
                    measures.insert(format!("{name}-last-error"), six_digits(error(w, b)));
                    put(&format!("{name}-w"), path.iter().map(|p| p.0).collect());
                    put(&format!("{name}-b"), path.iter().map(|p| p.1).collect());
                }
            }
        }
        (measures, series)
    }
}
