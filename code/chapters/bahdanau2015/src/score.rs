// SPDX-License-Identifier: MIT OR Apache-2.0
//! The numbers that come of a trial's answers: translations, and alignments against the corpus's links.
use super::data::Data;
use cho2014::score::{counts_of, letters, put, texts};
use lab::record::{six_decimals, TrialRecord};
use std::collections::BTreeMap;
use training::sentences::{Answer, Numbers};
use translation::classic::oracle;
use translation::metrics::alignment::{heaviest, Counts, Gold};
use translation::vocabulary::UNKNOWN;
use translation::{Constituent, Kind, Link, Pair};

/// The first seed of the experiments. Seed 1 ran while the program was written; chapter 8 has seen the
/// sentences of the seeds from 11 on.
pub const FIRST_SEED: u64 = 21;

/// Whether a record keeps texts and pictures of this seed: the first of its arm.
fn is_shown(seed: u64) -> bool {
    seed == FIRST_SEED || seed == 1
}

/// Translations and alignments whose text and weights a record keeps.
const SHOWN: usize = 6;
/// Forms of the article of one thing; which is due the noun decides.
const ARTICLES: [&str; 3] = ["le", "la", "l'"];
/// What stands before several things in either gender.
const CONTROLS: [&str; 3] = ["des", "beaucoup", "ces"];

/// Measures and series of a trial.
pub fn report(data: &Data, answers: &[Answer], record: &mut TrialRecord) {
    for name in data.right.keys() {
        let Some((place, question)) = data.question(name) else {
            continue;
        };
        let own = answers[place].best().into_iter();
        let own: Vec<String> = own
            .map(|numbers| data.vocabularies.1.decode(numbers))
            .collect();
        written(data, name, &question.pairs, &own, record);
    }
    if let Some((place, question)) = data.question("test") {
        let costs = answers[place].costs();
        let all: f64 = costs.iter().map(|cost| cost.all()).sum();
        put(record, "sentence", all / question.pairs.len().max(1) as f64);
    }
    if let Some((place, _)) = data.question("inside") {
        weights(data, answers[place].vectors(), record);
    }
}

/// BLEU and what it is made of, of the translations of one question.
pub fn written(
    data: &Data,
    name: &str,
    pairs: &[Numbers],
    own: &[String],
    record: &mut TrialRecord,
) {
    let right = &data.right[name];
    texts(record, name, own, right);
    // Where lines ask for the interval of a difference.
    if name == "written" || name.starts_with("bucket") {
        counts_of(record, &format!("{name}-counts"), own, right);
    }
    if let (Some(suite), "agree") = (&data.agree, name) {
        let hits = own.iter().enumerate();
        let hits = hits.filter(|(n, text)| suite.right(*n, text)).count();
        put(record, "agreed", hits as f64 / own.len().max(1) as f64);
    }
    if name == "written" {
        known(data, pairs, own, record);
    }
    if name == "written" && is_shown(record.seed) {
        for (n, (own, right)) in own.iter().zip(right).take(SHOWN).enumerate() {
            let source = data.vocabularies.0.decode(&pairs[n].0);
            for (name, text) in [("source", &source), ("right", right), ("own", own)] {
                record.series.insert(format!("{name}-{n}"), letters(text));
            }
        }
    }
}

/// BLEU of the sentences in which no word is unknown on either side, where there are others.
fn known(data: &Data, pairs: &[Numbers], own: &[String], record: &mut TrialRecord) {
    let is_known = |(v, w): &Numbers| !v.contains(&UNKNOWN) && !w.contains(&UNKNOWN);
    let which: Vec<usize> = (0..pairs.len()).filter(|&n| is_known(&pairs[n])).collect();
    if which.len() == pairs.len() || which.is_empty() {
        return;
    }
    let of =
        |all: &[String]| -> Vec<String> { which.iter().map(|&n| all[n].clone()).collect() };
    let (own, right) = (of(own), of(&data.right["written"]));
    texts(record, "known", &own, &right);
}

/// Weights of attention under forced decoding as alignments. Of each sentence one row for each target
/// word and the end, of as many weights as the source has words; where there are fewer, as without
/// attention, nothing comes of them.
fn weights(data: &Data, all: &[Vec<f32>], record: &mut TrialRecord) {
    let whole = |(own, pair): (&Vec<f32>, &Pair)| {
        own.len() == pair.source_len() * (pair.target_len() + 1)
    };
    if data.test.is_empty() || !all.iter().zip(&data.test).all(whole) {
        return;
    }
    let rows = |n: usize| {
        let pair = &data.test[n];
        let (sources, targets) = (pair.source_len(), pair.target_len());
        (&all[n][..sources * targets], sources, &all[n][sources..])
    };
    let (mut soft, mut late) = (Counts::default(), Counts::default());
    let (mut entropy, mut steps) = (0.0, 0.0);
    let (mut article, mut control) = (Next::of(&ARTICLES), Next::of(&CONTROLS));
    let (mut monotone, mut of_gold) = (Monotone::default(), Monotone::default());
    let mut links = Vec::new();
    for (n, pair) in data.test.iter().enumerate() {
        // `next` has for each target word the weights of the step after its own.
        let (own, sources, next) = rows(n);
        soft.add_weights(Gold::from(pair), own, sources);
        late.add(Gold::from(pair), &heaviest(next, sources));
        for row in own.chunks_exact(sources) {
            let of = |&weight: &f32| match f64::from(weight) {
                p if p > 0.0 => -p * libm::log(p),
                _ => 0.0,
            };
            entropy += row.iter().map(of).sum::<f64>();
            steps += 1.0;
        }
        article.add(pair, own, sources);
        control.add(pair, own, sources);
        let link = heaviest(own, sources);
        monotone.add(&link);
        of_gold.add(&oracle(pair));
        links.push(link);
    }
    put(record, "soft-error", soft.error());
    put(record, "late-error", late.error());
    put(record, "entropy", entropy / steps);
    for (name, next) in [("article", article), ("control", control)] {
        put(record, &format!("{name}s"), next.count);
        if next.count > 0.0 {
            put(record, &format!("{name}-noun"), next.weight / next.count);
        }
    }
    put(record, "monotone", monotone.share());
    put(record, "monotone-due", of_gold.share());
    aligned(&data.test, &links, record);
    if is_shown(record.seed) {
        for (n, pair) in data.test.iter().take(SHOWN).enumerate() {
            let each = all[n].iter().map(|&weight| six_decimals(weight.into()));
            record.series.insert(format!("weights-{n}"), each.collect());
            for (name, text) in [("read", &pair.source), ("due", &pair.target)] {
                record.series.insert(format!("{name}-{n}"), letters(text));
            }
            for (name, links) in [("sure", &pair.sure), ("possible", &pair.possible)] {
                let each = links.iter().flat_map(|link| [link.target, link.source]);
                let each = each.map(f64::from).collect();
                record.series.insert(format!("{name}-{n}"), each);
            }
        }
    }
}

/// The weight on the noun where a word before it is due, of noun phrases of two words.
struct Next {
    /// Which words are due.
    due: &'static [&'static str],
    weight: f64,
    count: f64,
}

impl Next {
    fn of(due: &'static [&'static str]) -> Self {
        Next {
            due,
            weight: 0.0,
            count: 0.0,
        }
    }

    fn add(&mut self, pair: &Pair, weights: &[f32], sources: usize) {
        let words: Vec<&str> = pair.target.split(' ').collect();
        let two = |constituent: &&Constituent| {
            constituent.kind == Kind::Noun && constituent.to - constituent.from == 2
        };
        for phrase in pair.constituents.iter().filter(two) {
            let first = |link: &&Link| link.source == phrase.from;
            let Some(link) = pair.sure.iter().find(first) else {
                continue;
            };
            let t = usize::from(link.target);
            if self.due.contains(&words[t]) {
                let noun = t * sources + usize::from(phrase.from) + 1;
                self.weight += f64::from(weights[noun]);
                self.count += 1.0;
            }
        }
    }
}

/// How many steps do not go back in the source.
#[derive(Default)]
struct Monotone {
    steps: f64,
    kept: f64,
}

impl Monotone {
    /// Adds the links of a sentence, one for each target word that has one, in its order.
    fn add(&mut self, links: &[Link]) {
        for pair in links.windows(2) {
            self.steps += 1.0;
            self.kept += f64::from(u8::from(pair[1].source >= pair[0].source));
        }
    }

    fn share(&self) -> f64 {
        self.kept / self.steps
    }
}

/// The source word of each target word that has one sure link and no more.
fn only(pair: &Pair) -> BTreeMap<usize, usize> {
    let mut each: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for link in &pair.sure {
        let of = each.entry(link.target.into()).or_default();
        of.push(link.source.into());
    }
    let one = each.into_iter().filter(|(_, all)| all.len() == 1);
    one.map(|(target, all)| (target, all[0])).collect()
}

/// Alignments of the test pairs with at most one link for each target word, against the links that are
/// there: the error rate; of neighbors that the target language exchanges, how many are found so; how many
/// links are found of words that are translated one by one, and of those that are not; these also as a share
/// of what one link for each target word can find.
pub fn aligned(pairs: &[Pair], links: &[Vec<Link>], record: &mut TrialRecord) {
    let mut counts = Counts::default();
    let (mut exchanged, mut right) = (0.0, 0.0);
    // Sure links, those found, and those that one link for each target word can find at most: of words
    // translated one by one, of others.
    let mut recall = [[0.0; 3]; 2];
    for (pair, links) in pairs.iter().zip(links) {
        counts.add(Gold::from(pair), links);
        let own: BTreeMap<usize, usize> = links
            .iter()
            .map(|link| (link.target.into(), link.source.into()))
            .collect();
        let gold = only(pair);
        let best = oracle(pair);
        for (&t, &j) in &gold {
            if gold.get(&(t + 1)).is_some_and(|&next| next + 1 == j) {
                exchanged += 1.0;
                let is = |t: usize| own.get(&t) == gold.get(&t);
                right += f64::from(u8::from(is(t) && is(t + 1)));
            }
        }
        for link in &pair.sure {
            let of_source = pair.sure.iter().filter(|other| other.source == link.source);
            let of_target = pair.sure.iter().filter(|other| other.target == link.target);
            let several = of_source.count() > 1 || of_target.count() > 1;
            let place = usize::from(several);
            recall[place][0] += 1.0;
            let found = own.get(&link.target.into()) == Some(&link.source.into());
            recall[place][1] += f64::from(u8::from(found));
            recall[place][2] += f64::from(u8::from(best.contains(link)));
        }
    }
    put(record, "error", counts.error());
    put(record, "link-precision", counts.precision());
    put(record, "link-recall", counts.recall());
    put(record, "exchanged", exchanged);
    if exchanged > 0.0 {
        put(record, "exchanged-right", right / exchanged);
    }
    for (name, [all, found, most]) in ["one", "several"].into_iter().zip(recall) {
        if most > 0.0 {
            put(record, &format!("{name}-recall"), found / all);
            put(record, &format!("{name}-found"), found / most);
        }
    }
}
