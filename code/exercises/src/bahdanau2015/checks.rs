// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an answer must fulfill. Each check works on any set of functions, so the same ones
//! grade the stubs and test the solutions.

use super::{Answers, Layers, Link, Matrix, Scorer, Weighed};
use crate::{all_same, ask, check, same, Check, Fault};

/// All checks of the chapter, by exercise in the order of [`super::EXERCISES`].
pub const CHECKS: &[Check<Answers>] = &[
    check(
        "attend",
        "three words by hand",
        "10.2 to 10.4",
        1,
        attend_by_hand,
    ),
    check(
        "attend",
        "the page's example",
        "10.2 to 10.4",
        1,
        attend_as_printed,
    ),
    check(
        "attend",
        "padding behind a source",
        "10.3 and 10.4",
        1,
        attend_padded,
    ),
    check("attend", "scores in the thousands", "10.3", 1, attend_large),
    check(
        "attend_back",
        "the page's example",
        "10.10 to 10.12",
        1,
        back_as_printed,
    ),
    check(
        "attend_back",
        "no choice, and a choice that changes nothing",
        "10.10 to 10.13",
        1,
        back_limits,
    ),
    check(
        "attend_back",
        "central differences",
        "10.10 to 10.12",
        2,
        back_differences,
    ),
    check(
        "annotations",
        "three words by hand",
        "10.1",
        1,
        annotations_by_hand,
    ),
    check(
        "annotations",
        "padding behind a source",
        "10.1",
        1,
        annotations_padded,
    ),
    check(
        "annotations",
        "two units and words of three values",
        "10.1",
        1,
        annotations_wide,
    ),
    check("align", "one pair by hand", "10.16", 1, align_by_hand),
    check("align", "equal weights", "10.16", 1, align_equal),
    check("align", "counts of a corpus", "10.16", 1, align_corpus),
];

/// Holds the weights and the context of a step against what they should be, both to `tolerance`, and
/// the weights of padding to the bit.
fn attended(
    answers: &Answers,
    scorer: &Scorer,
    state: &[f64],
    annotations: &[Vec<f64>],
    weights: &[f64],
    context: &[f64],
    tolerance: f64,
) -> Result<(), Fault> {
    let length = weights.len();
    let found = ask!(answers.attend(scorer, state, annotations, length));
    if found.weights.len() != annotations.len() {
        let what = "the number of weights, those of padding among them,";
        return Err(Fault::new(what, annotations.len(), found.weights.len()));
    }
    let (words, pads) = found.weights.split_at(length);
    all_same("the weights", words, weights, tolerance)?;
    let none = vec![0.0; pads.len()];
    all_same("the weights of padding", pads, &none, 0.0)?;
    all_same("the context", &found.context, context, tolerance)
}

/// Weights and three annotations. With a query of ln 2 the sums before the squashing are 0, ln 2 and
/// ln 3, whose hyperbolic tangents are 0, 0.6 and 0.8, and the exponentials of the scores 1, 8 and 16.
fn three() -> (Scorer, Matrix) {
    let ln = f64::ln;
    let scorer = Scorer {
        query: vec![vec![ln(2.0)], vec![ln(2.0)]],
        keys: vec![vec![1.0], vec![0.0]],
        score: vec![5.0 * ln(2.0)],
    };
    let annotations = vec![vec![-ln(2.0), 5.0], vec![0.0, -1.0], vec![ln(1.5), 2.0]];
    (scorer, annotations)
}

/// The weights of [`three`].
const WEIGHTS: [f64; 3] = [0.04, 0.32, 0.64];

/// The context of [`three`].
fn context_of_three() -> [f64; 2] {
    let first = 0.64 * f64::ln(1.5) - 0.04 * f64::ln(2.0);
    [first, 0.2 - 0.32 + 1.28]
}

fn attend_by_hand(answers: &Answers) -> Result<(), Fault> {
    let (scorer, annotations) = three();
    let context = context_of_three();
    let state = [2.0, -1.0];
    attended(
        answers,
        &scorer,
        &state,
        &annotations,
        &WEIGHTS,
        &context,
        1e-12,
    )?;
    // A source of one word, whatever its score.
    let (only, context) = (&annotations[2..], &annotations[2]);
    attended(answers, &scorer, &state, only, &[1.0], context, 1e-12)
}

/// The example by hand of the page: what makes scores, the first state, the annotations.
fn printed() -> (Scorer, [f64; 1], Matrix) {
    let scorer = Scorer {
        query: vec![vec![1.0, -1.0]],
        keys: vec![vec![1.0, 1.0], vec![0.0, 1.0]],
        score: vec![2.0, 1.0],
    };
    let annotations = vec![vec![-0.4, 0.5], vec![0.2, 0.6], vec![0.8, 0.2]];
    (scorer, [0.6], annotations)
}

fn attend_as_printed(answers: &Answers) -> Result<(), Fault> {
    let (scorer, state, annotations) = printed();
    let (weights, context) = ([0.0662, 0.3255, 0.6083], [0.5253, 0.3501]);
    attended(
        answers,
        &scorer,
        &state,
        &annotations,
        &weights,
        &context,
        6e-5,
    )
}

fn attend_padded(answers: &Answers) -> Result<(), Fault> {
    let (scorer, annotations) = three();
    let context = context_of_three();
    for pad in [0.0, 1e3, f64::INFINITY, f64::NAN] {
        let mut padded = annotations.clone();
        padded.resize(5, vec![pad; 2]);
        let state = [2.0, -1.0];
        attended(answers, &scorer, &state, &padded, &WEIGHTS, &context, 1e-12)?;
    }
    Ok(())
}

fn attend_large(answers: &Answers) -> Result<(), Fault> {
    let (mut scorer, mut annotations) = three();
    let state = [2.0, -1.0];
    // Scores that are thousands apart.
    for (times, weights) in [(3_000.0, [0.0, 0.0, 1.0]), (-3_000.0, [1.0, 0.0, 0.0])] {
        scorer.score = vec![times];
        let context = match times < 0.0 {
            true => annotations[0].clone(),
            false => annotations[2].clone(),
        };
        attended(
            answers,
            &scorer,
            &state,
            &annotations,
            &weights,
            &context,
            1e-12,
        )?;
    }
    // The weights of `three`, with one number added to all scores: a second value of the key, which
    // with the query is ln 2, and only of the padding 0.
    let (ln, [first, second]) = (f64::ln, context_of_three());
    scorer.query = vec![vec![ln(2.0); 2]; 2];
    scorer.keys = vec![vec![1.0, 0.0], vec![0.0, 0.0], vec![0.0, 1.0]];
    annotations.iter_mut().for_each(|row| row.push(0.0));
    annotations.push(vec![0.0, 0.0, -ln(2.0)]);
    for times in [5_000.0, -5_000.0] {
        scorer.score = vec![5.0 * ln(2.0), times];
        let context = [first, second, 0.0];
        attended(
            answers,
            &scorer,
            &state,
            &annotations,
            &WEIGHTS,
            &context,
            1e-9,
        )?;
    }
    Ok(())
}

/// Holds the gradients of a step against what they should be: by the query, by the annotations and by
/// v_a.
fn gradients_are(
    answers: &Answers,
    (scorer, state, annotations, above): (&Scorer, &[f64], &[Vec<f64>], &[f64]),
    query: &[f64],
    rows: &[Vec<f64>],
    score: &[f64],
    tolerance: f64,
) -> Result<(), Fault> {
    let found = ask!(answers.attend_back(scorer, state, annotations, above));
    all_same("the gradient of v_a", &found.score, score, tolerance)?;
    all_same("the gradient of the query", &found.query, query, tolerance)?;
    if found.annotations.len() != rows.len() {
        let what = "the number of gradients of annotations";
        return Err(Fault::new(what, rows.len(), found.annotations.len()));
    }
    for (place, (found, expected)) in found.annotations.iter().zip(rows).enumerate() {
        let what = format!("the gradient of annotation {place}");
        all_same(&what, found, expected, tolerance)?;
    }
    Ok(())
}

fn back_as_printed(answers: &Answers) -> Result<(), Fault> {
    let (scorer, state, annotations) = printed();
    let above = [-0.333631, 0.060050];
    // Without what the first annotation has from the decoder's start.
    let rows = [
        vec![0.034876, 0.020514],
        vec![-0.025003, 0.058191],
        vec![-0.281814, -0.015871],
    ];
    gradients_are(
        answers,
        (&scorer, &state, &annotations, &above),
        &[0.058906, 0.002783],
        &rows,
        &[-0.023367, -0.025050],
        3e-6,
    )
}

fn back_limits(answers: &Answers) -> Result<(), Fault> {
    let (mut scorer, annotations) = three();
    let (state, above) = ([2.0, -1.0], [0.5, -3.0]);
    // One word has all the weight, whatever its score: the context is its annotation.
    let only = &annotations[1..2];
    let rows = [above.to_vec()];
    let asked = (&scorer, &state[..], only, &above[..]);
    gradients_are(answers, asked, &[0.0], &rows, &[0.0], 1e-12)?;
    // Two words that are the same have a half each.
    let twice = vec![annotations[2].clone(); 2];
    let rows = vec![vec![0.25, -1.5]; 2];
    let asked = (&scorer, &state[..], &twice[..], &above[..]);
    gradients_are(answers, asked, &[0.0], &rows, &[0.0], 1e-12)?;
    // v_a is zero: weights of a third, and nothing but v_a learns to choose.
    scorer.score = vec![0.0];
    let rows = vec![vec![0.5 / 3.0, -1.0]; 3];
    let along = [0, 1, 2].map(|j| 0.5 * annotations[j][0] - 3.0 * annotations[j][1]);
    let mean = along.iter().sum::<f64>() / 3.0;
    let by_score = (0.6 * (along[1] - mean) + 0.8 * (along[2] - mean)) / 3.0;
    let asked = (&scorer, &state[..], &annotations[..], &above[..]);
    gradients_are(answers, asked, &[0.0], &rows, &[by_score], 1e-12)
}

/// A row times a matrix, added to another row.
fn plus(to: &[f64], row: &[f64], matrix: &Matrix) -> Vec<f64> {
    let entry = |(place, to): (usize, &f64)| {
        let terms = row
            .iter()
            .zip(matrix)
            .map(|(x, weights)| x * weights[place]);
        to + terms.sum::<f64>()
    };
    to.iter().enumerate().map(entry).collect()
}

/// The context of a step of which the query is given, times a row.
fn along(
    keys: &Matrix,
    score: &[f64],
    query: &[f64],
    annotations: &[Vec<f64>],
    row: &[f64],
) -> f64 {
    let (mut sum, mut all) = (0.0, 0.0);
    for annotation in annotations {
        let inside = plus(query, annotation, keys);
        let terms = inside.iter().zip(score);
        let share = terms.map(|(x, v)| x.tanh() * v).sum::<f64>().exp();
        all += share;
        let product = annotation.iter().zip(row).map(|(h, c)| h * c);
        sum += share * product.sum::<f64>();
    }
    sum / all
}

/// A central difference.
fn slope(of: &dyn Fn(f64) -> f64) -> f64 {
    (of(1e-5) - of(-1e-5)) / 2e-5
}

/// A row of which one entry is moved.
fn moved(row: &[f64], place: usize, by: f64) -> Vec<f64> {
    let mut row = row.to_vec();
    row[place] += by;
    row
}

fn back_differences(answers: &Answers) -> Result<(), Fault> {
    // H = 2, A = 3, K = 2, and four words.
    let scorer = Scorer {
        query: vec![vec![0.7, -1.1], vec![-0.4, 0.5]],
        keys: vec![vec![0.9, 0.3], vec![-0.6, 1.2], vec![0.2, -0.8]],
        score: vec![1.6, -2.1],
    };
    let Scorer { keys, score, .. } = &scorer;
    let annotations = [
        [0.5, -0.7, 0.2],
        [-0.3, 0.4, 0.9],
        [0.8, 0.1, -0.6],
        [-0.9, -0.2, 0.3],
    ]
    .map(Vec::from);
    for (state, above) in [
        ([0.6, -0.5], [1.0, -2.0, 0.5]),
        ([-0.8, 0.9], [-0.4, 0.3, 3.0]),
    ] {
        let query = plus(&[0.0; 2], &state, &scorer.query);
        let by_query = [0, 1].map(|place| {
            let at = |by| along(keys, score, &moved(&query, place, by), &annotations, &above);
            slope(&at)
        });
        let by_score = [0, 1].map(|place| {
            let at = |by| along(keys, &moved(score, place, by), &query, &annotations, &above);
            slope(&at)
        });
        let by_rows = [0, 1, 2, 3].map(|word| {
            let entry = |place: usize| {
                slope(&|by| {
                    let mut rows = annotations.clone();
                    rows[word][place] += by;
                    along(keys, score, &query, &rows, &above)
                })
            };
            vec![entry(0), entry(1), entry(2)]
        });
        let asked = (&scorer, &state[..], &annotations[..], &above[..]);
        gradients_are(answers, asked, &by_query, &by_rows, &by_score, 1e-8)?;
    }
    Ok(())
}

/// Holds annotations against what they should be, to the bit.
fn annotations_are(
    answers: &Answers,
    layers: &Layers,
    words: &[Vec<f64>],
    length: usize,
    expected: &[Vec<f64>],
) -> Result<(), Fault> {
    let found = ask!(answers.annotations(layers, words, length));
    if found.len() != expected.len() {
        let what = "the number of annotations, those of padding among them,";
        return Err(Fault::new(what, expected.len(), found.len()));
    }
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let what = match place < length {
            true => format!("the annotation of word {place}"),
            false => format!("the annotation of row {place}, which is padding,"),
        };
        all_same(&what, found, expected, 0.0)?;
    }
    Ok(())
}

/// Units of which each step can be computed in the head: a half, and a quarter, of the state before.
const ONE: Layers = Layers {
    forward: |word, before| vec![0.5 * before[0] + word[0] + 1.0],
    backward: |word, before| vec![0.25 * before[0] - word[0]],
    units: 1,
};

/// The annotations of the words 1, 3 and 4 by [`ONE`].
fn of_one_three_four() -> Matrix {
    vec![vec![2.0, -2.0], vec![5.0, -4.0], vec![7.5, -4.0]]
}

fn annotations_by_hand(answers: &Answers) -> Result<(), Fault> {
    let words = [1.0, 3.0, 4.0].map(|word| vec![word]);
    annotations_are(answers, &ONE, &words, 3, &of_one_three_four())?;
    let (only, expected) = ([vec![3.0]], [vec![4.0, -3.0]]);
    annotations_are(answers, &ONE, &only, 1, &expected)
}

fn annotations_padded(answers: &Answers) -> Result<(), Fault> {
    let mut expected = of_one_three_four();
    expected.resize(5, vec![0.0; 2]);
    for pad in [0.0, 8.0, f64::NAN] {
        let words = [1.0, 3.0, 4.0, pad, pad].map(|word| vec![word]);
        annotations_are(answers, &ONE, &words, 3, &expected)?;
    }
    let words = [3.0, 9.0, 9.0].map(|word| vec![word]);
    let expected = [vec![4.0, -3.0], vec![0.0; 2], vec![0.0; 2]];
    annotations_are(answers, &ONE, &words, 1, &expected)
}

/// Two units that read each other's states, and words of three values.
const TWO: Layers = Layers {
    forward: |word, before| vec![before[1] + word[0], 0.5 * before[0] + word[1]],
    backward: |word, before| vec![word[2] - before[1], before[0] + word[0]],
    units: 2,
};

fn annotations_wide(answers: &Answers) -> Result<(), Fault> {
    let words = [[1.0, 2.0, 3.0], [4.0, 0.0, -1.0], [2.0, 1.0, 5.0]].map(Vec::from);
    let expected = [
        vec![1.0, 2.0, -6.0, -2.0],
        vec![6.0, 0.5, -3.0, 9.0],
        vec![2.5, 4.0, 5.0, 2.0],
    ];
    annotations_are(answers, &TWO, &words, 3, &expected)
}

/// Links from pairs of a target word and a source word.
fn links(all: &[(usize, usize)]) -> Vec<Link> {
    let link = |&(target, source)| Link { target, source };
    all.iter().map(link).collect()
}

/// Three target words and four source words: two of three sure links are found, and a possible one.
fn two_of_three() -> Weighed {
    let rows = [
        [0.7, 0.1, 0.1, 0.1],
        [0.1, 0.2, 0.6, 0.1],
        [0.1, 0.5, 0.3, 0.1],
        [0.05, 0.05, 0.1, 0.8],
    ];
    Weighed {
        weights: rows.map(Vec::from).to_vec(),
        sure: links(&[(0, 0), (1, 2), (2, 3)]),
        possible: links(&[(0, 0), (1, 2), (2, 3), (2, 1)]),
    }
}

/// One target word and two source words, the wrong one chosen.
fn wrong() -> Weighed {
    Weighed {
        weights: vec![vec![0.1, 0.9], vec![0.5, 0.5]],
        sure: links(&[(0, 0)]),
        possible: links(&[(0, 0)]),
    }
}

/// Holds links and their error rate against what they should be.
fn aligned_as(
    answers: &Answers,
    pairs: &[Weighed],
    expected: &[&[usize]],
    error: f64,
) -> Result<(), Fault> {
    let found = ask!(answers.align(pairs));
    if found.links != expected {
        let (expected, found) = (format!("{expected:?}"), format!("{:?}", found.links));
        let what = "the source word of each target word";
        return Err(Fault::new(what, expected, found));
    }
    same("the alignment error rate", found.error, error, 1e-12)
}

fn align_by_hand(answers: &Answers) -> Result<(), Fault> {
    let expected = 1.0 - (2.0 + 3.0) / (3.0 + 3.0);
    aligned_as(answers, &[two_of_three()], &[&[0, 2, 1]], expected)?;
    aligned_as(answers, &[wrong()], &[&[1]], 1.0)
}

fn align_equal(answers: &Answers) -> Result<(), Fault> {
    // As before anything is learnt, and two weights that are the largest.
    let pair = Weighed {
        weights: vec![vec![1.0 / 3.0; 3], vec![0.2, 0.4, 0.4], vec![1.0 / 3.0; 3]],
        sure: links(&[(0, 2), (1, 1)]),
        possible: links(&[(0, 2), (1, 1)]),
    };
    aligned_as(answers, &[pair], &[&[0, 1]], 0.5)
}

fn align_corpus(answers: &Answers) -> Result<(), Fault> {
    let expected = 1.0 - (2.0 + 3.0) / (4.0 + 4.0);
    for pairs in [[two_of_three(), wrong()], [wrong(), two_of_three()]] {
        let first = pairs[0].weights.len() == 2;
        let links: [&[usize]; 2] = match first {
            true => [&[1], &[0, 2, 1]],
            false => [&[0, 2, 1], &[1]],
        };
        aligned_as(answers, &pairs, &links, expected)?;
    }
    Ok(())
}
