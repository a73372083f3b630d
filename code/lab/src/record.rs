// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a run leaves behind.
//!
//! A [`Record`] is fixed to the byte by code, configuration and seeds.
//! What varies from run to run stands beside it in a [`RunInfo`].
use crate::experiment::Scale;
use crate::stats::{mean, wilson};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The format this program reads and writes; a newer one is refused.
pub const FORMAT: u32 = 1;

/// Everything one experiment recorded at one scale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this format, [`FORMAT`].
    pub format: u32,
    /// Key of the chapter, for instance `hochreiter1997`.
    pub chapter: String,
    /// Name of the experiment within the chapter.
    pub experiment: String,
    /// The experiment's revision when the record was made; see [`crate::experiment::Experiment::revision`].
    pub revision: u32,
    /// The scale it ran at.
    pub scale: Scale,
    /// One entry a configuration, in the experiment's order.
    pub arms: Vec<ArmRecord>,
    /// The run that stands beside it, where it was read together with it; no part of the record.
    #[serde(skip)]
    pub run: Option<RunInfo>,
}

/// What one configuration of an experiment recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmRecord {
    /// Name of the arm within the experiment.
    pub id: String,
    /// The configuration: with the code and the seed it fixes the result.
    pub config: serde_json::Value,
    /// Every seed that was run, ascending.
    pub trials: Vec<TrialRecord>,
}

/// What one seed of one arm recorded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// The seed.
    pub seed: u64,
    /// Whether the stopping criterion was met before the cap.
    pub solved: bool,
    /// Training sequences seen when it stopped.
    pub sequences: u64,
    /// Named results, for instance `wrong` and `tested`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "numbers")]
    pub measures: BTreeMap<String, f64>,
    /// Learning curve: training sequences seen, mean error since the point before.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "numbers")]
    pub curve: Vec<(u64, f64)>,
    /// Named series that a figure draws, for instance a cell's state at each step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "numbers")]
    pub series: BTreeMap<String, Vec<f64>>,
}

/// What varies from run to run; written beside a record as `<experiment>.run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Day the run ended, `YYYY-MM-DD`.
    pub date: String,
    /// Sum over the trials of the seconds that each took.
    pub trial_seconds: f64,
    /// Trials that ran side by side.
    pub threads: usize,
    /// The processor's name.
    pub processor: String,
    /// Version of this program.
    pub version: String,
    /// Seconds of each trial, in seed order, by arm; of arms that were recorded since this is kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arm_seconds: BTreeMap<String, Vec<f64>>,
    /// By arm, the digests of the claims that rested on it when it was recorded, by claim: a line
    /// whose digest stands here is older than the run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lines: BTreeMap<String, BTreeMap<String, String>>,
    /// By arm, the SHA-256 of the file with the weights of its first seed, where they are kept: see
    /// [`crate::store::weights_path`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, String>,
}

impl Record {
    /// The arm of this name, if there is one.
    pub fn arm(&self, id: &str) -> Option<&ArmRecord> {
        self.arms.iter().find(|arm| arm.id == id)
    }

    /// Seconds for one of the training sequences of an arm, as the fastest of its trials had them:
    /// what else the machine did then slowed the others down. `None` where nobody wrote them down.
    pub fn seconds_a_sequence(&self, id: &str) -> Option<f64> {
        let seconds = self.run.as_ref()?.arm_seconds.get(id)?;
        let trials = self.arm(id)?.trials.iter().zip(seconds);
        let each = trials.map(|(trial, seconds)| seconds / trial.sequences.max(1) as f64);
        each.min_by(f64::total_cmp)
    }
}

impl ArmRecord {
    /// How many trials met their stopping criterion.
    pub fn solved(&self) -> usize {
        self.trials.iter().filter(|trial| trial.solved).count()
    }

    /// `3 of 10`: the trials that met their stopping criterion.
    pub fn share(&self) -> String {
        format!("{} of {}", self.solved(), self.trials.len())
    }

    /// The 95 % Wilson interval of that share: `11 to 60 %`.
    pub fn interval(&self) -> String {
        let (low, high) = wilson(self.solved() as u64, self.trials.len() as u64);
        format!("{:.0} to {:.0} %", 100.0 * low, 100.0 * high)
    }

    /// Training sequences needed by each solved trial, in seed order.
    pub fn sequences_to_success(&self) -> Vec<f64> {
        self.trials
            .iter()
            .filter(|trial| trial.solved)
            .map(|trial| trial.sequences as f64)
            .collect()
    }

    /// The named measure of every trial that has it, in seed order.
    pub fn measure(&self, name: &str) -> Vec<f64> {
        self.trials
            .iter()
            .filter_map(|trial| trial.measures.get(name).copied())
            .collect()
    }

    /// The mean of a measure over the trials that have it; `None` of nothing.
    pub fn mean(&self, name: &str) -> Option<f64> {
        mean(&self.measure(name))
    }
}

/// Numbers of a record. JSON has none for NaN and infinity, of which `null` would be written and not
/// read again: they are the words `"NaN"`, `"inf"` and `"-inf"`.
mod numbers {
    use serde::de::{Error, Unexpected, Visitor};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;
    use std::fmt;

    /// A number as it is written.
    struct Number(f64);

    impl Serialize for Number {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            match self.0.is_finite() {
                true => to.serialize_f64(self.0),
                false => to.serialize_str(&self.0.to_string()),
            }
        }
    }

    impl<'de> Deserialize<'de> for Number {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Read;
            impl Visitor<'_> for Read {
                type Value = Number;
                fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                    f.write_str("a number, \"NaN\", \"inf\" or \"-inf\"")
                }
                fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                    Ok(Number(value))
                }
                fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                    Ok(Number(value as f64))
                }
                fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                    Ok(Number(value as f64))
                }
                fn visit_str<E: Error>(self, value: &str) -> Result<Number, E> {
                    match value {
                        "NaN" => Ok(Number(f64::NAN)),
                        "inf" => Ok(Number(f64::INFINITY)),
                        "-inf" => Ok(Number(f64::NEG_INFINITY)),
                        _ => Err(E::invalid_value(Unexpected::Str(value), &self)),
                    }
                }
            }
            from.deserialize_any(Read)
        }
    }

    /// What holds numbers, for instance a map of them.
    pub trait Held: Sized {
        /// Writes it.
        fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;
        /// Reads it.
        fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;
    }

    impl Held for BTreeMap<String, f64> {
        fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.collect_map(self.iter().map(|(name, value)| (name, Number(*value))))
        }
        fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let all = BTreeMap::<String, Number>::deserialize(from)?;
            Ok(all
                .into_iter()
                .map(|(name, value)| (name, value.0))
                .collect())
        }
    }

    impl Held for Vec<(u64, f64)> {
        fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            to.collect_seq(self.iter().map(|(at, value)| (at, Number(*value))))
        }
        fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let all = Vec::<(u64, Number)>::deserialize(from)?;
            Ok(all.into_iter().map(|(at, value)| (at, value.0)).collect())
        }
    }

    impl Held for BTreeMap<String, Vec<f64>> {
        fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            let written = |values: &Vec<f64>| -> Vec<Number> {
                values.iter().map(|value| Number(*value)).collect()
            };
            to.collect_map(self.iter().map(|(name, values)| (name, written(values))))
        }
        fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let all = BTreeMap::<String, Vec<Number>>::deserialize(from)?;
            let read = |values: Vec<Number>| values.into_iter().map(|value| value.0).collect();
            Ok(all
                .into_iter()
                .map(|(name, values)| (name, read(values)))
                .collect())
        }
    }

    pub fn serialize<H: Held, S: Serializer>(held: &H, to: S) -> Result<S::Ok, S::Error> {
        held.write(to)
    }

    pub fn deserialize<'de, H: Held, D: Deserializer<'de>>(from: D) -> Result<H, D::Error> {
        H::read(from)
    }
}

/// Six decimals after the point: short records, nothing lost that is shown.
pub fn six_decimals(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Six significant digits: short records, nothing lost that is shown.
pub fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_written_as_a_word_and_read_again() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1, -2.0, 3.0];
        let trial = TrialRecord {
            measures: BTreeMap::from([("loss".into(), f64::NAN), ("wrong".into(), 3.0)]),
            curve: odd.map(|value| (7, value)).to_vec(),
            series: BTreeMap::from([("state".into(), odd.to_vec())]),
            ..TrialRecord::default()
        };
        let text = serde_json::to_string(&trial).unwrap();
        assert!(!text.contains("null"), "{text}");
        let values = "\"state\":[\"NaN\",\"inf\",\"-inf\",0.1,-2.0,3.0]";
        assert!(text.contains(values), "{text}");
        let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
        for again in [
            serde_json::from_str::<TrialRecord>(&text).unwrap(),
            serde_json::from_value(whole).unwrap(),
        ] {
            let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&again.series["state"]), bits(&odd));
            let curve: Vec<f64> = again.curve.iter().map(|point| point.1).collect();
            assert_eq!(bits(&curve), bits(&odd));
            assert!(again.measures["loss"].is_nan());
            assert_eq!(serde_json::to_string(&again).unwrap(), text);
        }
        for wrong in ["null", "\"1\"", "\"nan\"", "true"] {
            let text = text.replace("\"NaN\",", &format!("{wrong},"));
            let error = serde_json::from_str::<TrialRecord>(&text).unwrap_err();
            assert!(error.to_string().contains("expected a number"), "{error}");
        }
        assert_eq!(
            serde_json::from_str::<TrialRecord>(
                "{\"seed\":1,\"solved\":true,\"sequences\":2,\"measures\":{\"a\":3}}"
            )
            .unwrap()
            .measures["a"],
            3.0
        );
    }
}
