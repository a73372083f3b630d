// SPDX-License-Identifier: MIT OR Apache-2.0
//! The equations of chapter 7: what the page derives by hand, the models that train, and central
//! differences agree.

use super::made::*;
use dfdx::prelude::*;
use kalchbrenner2013::data::{Lengths, Numbers};
use kalchbrenner2013::model::{end, Bag, Blind, FromSizes, Places, Rctm1, Rctm2};
use kalchbrenner2013::model::{Sizes, Translator, END, PAD, START};
use kalchbrenner2013::reference::{
    self, back, levels, logistic, narrow, narrow_back, times, wide, wide_back, zeros, Level,
    Matrix, ModelOne, ModelTwo, Reader,
};
use kalchbrenner2013::score::perplexity;
use kernels::projection::Reduction;
use kernels::rnn::Activation;
use tape::convolution::{Convolutions, Direction, Sentence, Stage};
use tape::dims::{Hidden, Output, Rows};
use tape::train::decay::WeightDecay;
use tape::train::rules::Adagrad;
use tape::train::Optimizer;
use translation::classic::ibm::{Ibm, Settings};
use translation::metrics::perplexity::{Ends, Perplexity};

type One = Translator<Rctm1<f64>, f64>;
type Two = Translator<Rctm2<f64>, f64>;

/// Every sequence of so many words of a vocabulary without some of them.
fn sequences(length: usize, words: &[u32]) -> Vec<Vec<u32>> {
    let mut all = vec![Vec::new()];
    for _ in 0..length {
        let longer = |sentence: &Vec<u32>| -> Vec<Vec<u32>> {
            let word = |&w: &u32| [&sentence[..], &[w]].concat();
            words.iter().map(word).collect()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// A vocabulary of five.
fn few_words() -> Sizes {
    Sizes {
        words: 5,
        ..sizes(5)
    }
}

/// All sentences of fewer than three words with their ends, and all beginnings of three.
#[test]
fn eq_7_1_all_sentences_together_have_the_probability_one() {
    let model: One = drawn(few_words(), 1);
    let source = sentence(1, 5, SOURCES);
    let total = |words: &[u32], length: usize, end: bool| -> f64 {
        let sentences = sequences(length, words).into_iter();
        let pairs: Vec<Pair> = sentences.map(|w| (source.clone(), w)).collect();
        let all = model.each(&batch(&pairs, true));
        let one = |each: &Vec<f64>| -> f64 {
            assert_eq!(each.len(), length + 1);
            each[..length + usize::from(end)].iter().sum::<f64>().exp()
        };
        all.iter().map(one).sum()
    };
    let no_end = [PAD as u32, 1, START as u32, 4];
    let ended: f64 = (0..3).map(|length| total(&no_end, length, true)).sum();
    close("all", &[ended + total(&no_end, 3, false)], &[1.0]);
    // Where an end is a word like others and ends nothing, those of each length sum to one.
    let words = [&no_end[..], &[END as u32]].concat();
    for length in 1..=3 {
        close("one length", &[total(&words, length, false)], &[1.0]);
    }
    // The product is the loss.
    let pair = pair(1, 5, 4);
    let each = model.each(&only(&(pair.0.clone(), vec![4, 0, 4, 1]), true));
    let steps = reference::steps(&[4, 0, 4, 1], true);
    assert_eq!(steps, [(START, 4), (4, 0), (0, 4), (4, 1), (1, END)]);
    let target = (pair.0, vec![4, 0, 4, 1]);
    close(
        "the loss",
        &[loss(&model, &only(&target, true))],
        &[-each[0].iter().sum::<f64>()],
    );
}

#[test]
fn eq_7_2_a_word_adds_its_row_to_the_net_inputs() {
    let mut model: Translator<Blind, f64> = drawn(sizes(1), 2);
    let all = weights(&mut model);
    let pair = pair(2, 1, 7);
    let found = hidden(&model, &pair);
    let mut before = (START, vec![0.0; H]);
    for (t, h) in found.iter().enumerate() {
        let mut net = times(&before.1, &all["w_h"]);
        reference::add(&mut net, &[1.0; H], &all["words"][before.0]);
        close("h", h, &logistic(&net));
        before = (pair.1.get(t).map_or(END, |&w| w as usize), h.clone());
    }
    assert_eq!(found.len(), 8);
}

#[test]
fn eq_7_3_words_have_the_softmax_of_the_scores() {
    let mut model: Translator<Blind, f64> = drawn(sizes(1), 3);
    let all = weights(&mut model);
    let pair = pair(3, 1, 6);
    let batch = only(&pair, true);
    let each = model.each(&batch);
    let found = distributions(&model, &batch);
    for (t, (h, row)) in hidden(&model, &pair).iter().zip(&found).enumerate() {
        let scores = times(h, &all["w_o"]);
        let sum: f64 = scores.iter().map(|a| a.exp()).sum();
        let expected: Vec<f64> = scores.iter().map(|a| a - sum.ln()).collect();
        close("ln p", row, &expected);
        let due = pair.1.get(t).map_or(END, |&w| w as usize);
        assert_eq!(each[0][t], row[due]);
    }
    // With W_o = 0 every word has 1/V.
    put(&mut model, "w_o", &zeros(H, WORDS));
    let even = -(WORDS as f64).ln();
    close("alike", &model.each(&batch)[0], &[even; 7]);
}

#[test]
fn eq_7_4_perplexity_is_the_exponential_of_the_mean_surprise() {
    let model = Translator::<Blind, f64>::zeros(sizes(1));
    let each = model.each(&batch(&pairs(), true)).concat();
    let nats: f64 = -each.iter().sum::<f64>();
    close(
        "k words",
        &[perplexity(nats, each.len() as u64)],
        &[WORDS as f64],
    );
    // Always certain and right; and one word that had no probability.
    assert_eq!(perplexity(0.0, 12), 1.0);
    assert_eq!(perplexity(f64::INFINITY, 12), f64::INFINITY);
    let model: Translator<Blind, f64> = drawn(sizes(1), 4);
    let all = model.each(&batch(&pairs(), true)).concat();
    let product: f64 = all
        .iter()
        .map(|p| p.exp().powf(-1.0 / all.len() as f64))
        .product();
    let found = perplexity(-all.iter().sum::<f64>(), all.len() as u64);
    close("the root of the product", &[found], &[product]);
    let mut other = Perplexity::new(Ends::NotCounted);
    other.add(all.iter().copied(), -7.0);
    close("the corpus's measure", &[other.value()], &[found]);
}

/// The columns that one convolution of the floor makes.
fn of_the_floor(kernel: &Matrix, x: &Matrix, direction: Direction) -> Matrix {
    let (places, width) = (Output(kernel.len()), Hidden(H));
    let mut layer = Convolutions::zeros(places, width, Activation::Logistic);
    layer.taps.copy_from(&kernel.concat());
    let stages = [Stage {
        first: 0,
        width: kernel.len(),
        direction,
    }];
    let sentences = [Sentence {
        from: 0,
        columns: x.len(),
        stages: &stages,
        to: 0,
    }];
    let rows = match direction {
        Direction::Narrow => x.len() + 1 - kernel.len(),
        Direction::Wide => x.len() + kernel.len() - 1,
    };
    let x = Cpu::default().tensor_from_vec(x.concat(), (Rows(x.len()), width));
    matrix(&layer.run(x, &sentences, Rows(rows)).unwrap().as_vec(), H)
}

/// Σ y ⊙ g.
fn weighted(y: &Matrix, g: &Matrix) -> f64 {
    let (y, g) = (y.concat(), g.concat());
    y.iter().zip(&g).map(|(y, g)| y * g).sum()
}

/// The two gradients of a convolution against central differences.
fn back_by_differences(
    convolution: fn(&Matrix, &Matrix) -> Matrix,
    way_back: fn(&Matrix, &Matrix, (&Matrix, &Matrix), &mut Matrix) -> Matrix,
    seed: u64,
) {
    for (width, columns) in [(1, 1), (1, 4), (2, 2), (2, 5), (3, 3), (3, 7), (5, 6)] {
        let (kernel, x) = (rows(seed, width), rows(seed + 1, columns));
        let y = convolution(&kernel, &x);
        let g = rows(seed + 2, y.len());
        let mut sums = zeros(width, H);
        let d_x = way_back(&kernel, &x, (&y, &g), &mut sums);
        for c in 0..H {
            for n in 0..width {
                let slope = difference(|by| {
                    let mut kernel = kernel.clone();
                    kernel[n][c] += by;
                    weighted(&convolution(&kernel, &x), &g)
                });
                close_to("the kernel", &[sums[n][c]], &[slope], 1e-9);
            }
            for l in 0..columns {
                let slope = difference(|by| {
                    let mut x = x.clone();
                    x[l][c] += by;
                    weighted(&convolution(&kernel, &x), &g)
                });
                close_to("the columns", &[d_x[l][c]], &[slope], 1e-9);
            }
        }
    }
}

#[test]
fn eq_7_5_a_column_is_made_from_its_neighbors_component_by_component() {
    for (i, columns) in [(2, 2), (2, 9), (3, 8), (4, 5), (5, 7)] {
        let (kernel, x) = (rows(5, i), rows(6, columns));
        let found = narrow(&kernel, &x);
        assert_eq!(found.len(), columns - i + 1);
        // As it is printed, counted from 1.
        for j in 1..=found.len() {
            for a in 0..H {
                let net: f64 = (1..=i).map(|n| kernel[n - 1][a] * x[j + n - 2][a]).sum();
                close(
                    "a column",
                    &[found[j - 1][a]],
                    &[1.0 / (1.0 + (-net).exp())],
                );
            }
        }
        alike(
            "the floor",
            &of_the_floor(&kernel, &x, Direction::Narrow),
            &found,
        );
    }
}

/// Which places differ.
fn changed(a: &Matrix, b: &Matrix) -> Vec<usize> {
    (0..a.len()).filter(|&j| a[j] != b[j]).collect()
}

#[test]
fn eq_7_6_levels_lose_columns_and_columns_see_more_words() {
    for words in 1..=40 {
        for (level, columns) in columns_of(words).into_iter().enumerate() {
            let i = level + 1;
            assert_eq!(columns, words - i * (i - 1) / 2, "level {i} of {words}");
        }
    }
    let mut model: One = drawn(sizes(16), 6);
    let pyramid = ModelOne::of(&weights(&mut model)).pyramid;
    let source = wide_numbers(&sentence(6, 16, SOURCES));
    let before = pyramid.columns(&source);
    assert_eq!(before.len(), 6);
    let fields = [1, 2, 4, 7, 11, 16];
    for s in 0..16 {
        let mut other = source.clone();
        other[s] = if source[s] == 4 { 5 } else { 4 };
        let after = pyramid.columns(&other);
        for (i, field) in (1..).zip(fields) {
            assert_eq!(field, 1 + i * (i - 1) / 2);
            let (a, b) = (&before[i - 1], &after[i - 1]);
            let sees = |j: &usize| (*j..j + field).contains(&s);
            let expected: Vec<usize> = (0..a.len()).filter(sees).collect();
            assert_eq!(changed(a, b), expected, "word {s}, level {i}");
        }
    }
}

/// The columns of each level that has a kernel.
fn columns_of(words: usize) -> Vec<usize> {
    let mut all = vec![words];
    for level in levels(words) {
        if let Level::Kernel(width) = level {
            all.push(all[all.len() - 1] + 1 - width);
        }
    }
    all
}

#[test]
fn eq_7_7_one_column_is_left() {
    use Level::{Kernel, Top};
    assert_eq!(levels(1), []);
    assert_eq!(levels(2), [Kernel(2)]);
    assert_eq!(levels(3), [Kernel(2), Top(2)]);
    let without = (1..=20).filter(|&words| !matches!(levels(words).last(), Some(Top(_))));
    assert_eq!(without.collect::<Vec<usize>>(), [1, 2, 4, 7, 11, 16]);
    let mut model: One = drawn(sizes(20), 7);
    let hand = ModelOne::of(&weights(&mut model));
    let (widest, left) = end(20);
    assert_eq!(left, 5);
    // With at most 20 words the kernels reach from 2 to 6 and the tops from 2 to 5.
    assert_eq!(widest, 6);
    let tops = (1..=20).flat_map(levels).filter_map(|level| match level {
        Top(width) => Some(width),
        Kernel(_) => None,
    });
    assert_eq!(tops.clone().max(), Some(5));
    assert_eq!(tops.min(), Some(2));
    let pairs: Vec<Pair> = (1..=20).map(|words| pair(words as u64, words, 3)).collect();
    let of_all = model
        .reader
        .sentence
        .sentences::<NoneTape>(&batch(&pairs, true));
    for ((source, _), found) in pairs.iter().zip(of_all.as_vec().chunks(H)) {
        let columns = hand.pyramid.columns(&wide_numbers(source));
        let last = columns.last().unwrap();
        assert_eq!(last.len(), 1);
        close("c", found, &last[0]);
        // The stages of the model are those levels.
        let stages = model.reader.sentence.stages(source.len());
        let rows = |width: usize| (2..width).sum::<usize>();
        let expected = levels(source.len()).into_iter().map(|level| match level {
            Kernel(width) => (rows(width), width),
            Top(width) => (rows(widest + 1) + rows(width), width),
        });
        let found = stages.iter().map(|stage| (stage.first, stage.width));
        assert!(found.eq(expected), "{} words", source.len());
    }
    // One word is not squashed; three meet a kernel of two and a top of two.
    let one = wide_numbers(&pairs[0].0);
    assert_eq!(
        hand.pyramid.columns(&one),
        [vec![hand.pyramid.sources[one[0]].clone()]]
    );
    let three = hand.pyramid.columns(&wide_numbers(&pairs[2].0));
    let (x, top) = (&three[1], &hand.pyramid.tops[0]);
    for a in 0..H {
        let net = top[0][a] * x[0][a] + top[1][a] * x[1][a];
        close("c", &[three[2][0][a]], &[1.0 / (1.0 + (-net).exp())]);
    }
}

#[test]
fn eq_7_8_the_vector_of_the_source_is_told_at_each_step() {
    let mut model: One = drawn(sizes(11), 8);
    let all = weights(&mut model);
    let pair = pair(8, 11, 5);
    let context = model
        .reader
        .sentence
        .sentences::<NoneTape>(&only(&pair, true));
    let from_source = times(&context.as_vec(), &all["reader.condition.w"]);
    let mut before = (START, vec![0.0; H]);
    for (t, h) in hidden(&model, &pair).iter().enumerate() {
        let mut net = times(&before.1, &all["w_h"]);
        reference::add(&mut net, &[1.0; H], &all["words"][before.0]);
        reference::add(&mut net, &[1.0; H], &from_source);
        close("h", h, &logistic(&net));
        before = (pair.1.get(t).map_or(END, |&w| w as usize), h.clone());
    }
    // W_c = 0 is the language model.
    put(&mut model, "reader.condition.w", &zeros(H, H));
    let mut alone: Translator<Blind, f64> = drawn(sizes(1), 80);
    for name in ["words", "w_h", "w_o"] {
        put(&mut alone, name, &all[name]);
    }
    assert_eq!(hidden(&model, &pair), hidden(&alone, &pair));
}

#[test]
fn eq_7_9_the_error_of_the_scores_is_the_probabilities_less_what_came() {
    let mut model: Translator<Blind, f64> = drawn(sizes(1), 9);
    let all = weights(&mut model);
    let pair = pair(9, 1, 5);
    let batch = only(&pair, true);
    let mut expected = zeros(H, WORDS);
    let found = distributions(&model, &batch);
    for (t, (h, row)) in hidden(&model, &pair).iter().zip(&found).enumerate() {
        let due = pair.1.get(t).map_or(END, |&w| w as usize);
        let mut error: Vec<f64> = row.iter().map(|p| p.exp()).collect();
        error[due] -= 1.0;
        let scores = times(h, &all["w_o"]);
        for k in 0..WORDS {
            let slope = difference(|by| {
                let mut moved = scores.clone();
                moved[k] += by;
                moved.iter().map(|a| a.exp()).sum::<f64>().ln() - moved[due]
            });
            close_to("a score", &[error[k]], &[slope], 1e-9);
        }
        reference::outer(&mut expected, h, &error);
    }
    let (_, found) = on_the_tape(&mut model, &batch, Reduction::Sum);
    alike("W_o", &found["w_o"], &expected);
    // A word that had all the probability teaches nothing.
    let certain: Matrix = (0..H)
        .map(|_| {
            let score = |k| if k == 5 { 2000.0 } else { 0.0 };
            (0..WORDS).map(score).collect()
        })
        .collect();
    put(&mut model, "w_o", &certain);
    let five = (pair.0, vec![5, 5]);
    let end = loss(&model, &only(&five, true));
    assert!(end > 100.0);
    let mut without = only(&five, true);
    without.target[2] = None;
    let (value, found) = on_the_tape(&mut model, &without, Reduction::Sum);
    assert_eq!(value, 0.0);
    let mut all = found.values().flatten().flatten();
    assert!(all.all(|g| g.abs() < 1e-100));
}

#[test]
fn eq_7_10_errors_come_from_the_word_and_from_the_next_state() {
    three_ways::<Blind>(10);
    // δ_t is the gradient by the net inputs of step t.
    let mut model: Translator<Blind, f64> = drawn(sizes(1), 10);
    let own = language(&weights(&mut model));
    let steps = reference::steps(&wide_numbers(&sentence(10, 6, WORDS)), true);
    let told = rows(10, steps.len());
    let run = own.run(&steps, &told);
    let delta = own.back(&run, &mut own.clone());
    for t in 0..steps.len() {
        for j in 0..H {
            let slope = difference(|by| {
                let mut told = told.clone();
                told[t][j] += by;
                own.run(&steps, &told).loss()
            });
            close_to("δ", &[delta[t][j]], &[slope], 1e-8);
        }
    }
    // After the last step there is no state.
    let last = steps.len() - 1;
    let mut error = run.probabilities[last].clone();
    error[END] -= 1.0;
    let d_h = back(&error, &own.output);
    let expected = reference::slope(&run.hidden[last], &d_h);
    close("the last", &delta[last], &expected);
}

#[test]
fn eq_7_11_the_source_gets_the_sum_of_the_errors_of_all_steps() {
    three_ways::<Rctm1<f64>>(11);
    let mut model: One = drawn(sizes(11), 11);
    let all = weights(&mut model);
    let (own, hand) = (language(&all), ModelOne::of(&all));
    let (v, w) = pair(11, 7, 5);
    let (v, w) = (wide_numbers(&v), wide_numbers(&w));
    let steps = reference::steps(&w, true);
    let columns = hand.pyramid.columns(&v);
    let c = columns.last().unwrap()[0].clone();
    let loss = |c: &[f64]| {
        let told = vec![times(c, &hand.condition); steps.len()];
        own.run(&steps, &told)
    };
    let delta = own.back(&loss(&c), &mut own.clone());
    for k in 0..H {
        let by_steps: f64 = delta.iter().map(|d| back(d, &hand.condition)[k]).sum();
        let slope = difference(|by| {
            let mut c = c.clone();
            c[k] += by;
            loss(&c).loss()
        });
        close_to("c̄", &[by_steps], &[slope], 1e-8);
    }
    // Words that the pair does not have get no gradient for their rows, and a word's row gets the
    // sum over the steps that it stands before.
    let target: Vec<u32> = vec![4, 6, 4, 7];
    let pair = (sentence(11, 7, SOURCES), target.clone());
    let batch = only(&pair, true);
    let (_, found) = on_the_tape(&mut model, &batch, Reduction::Sum);
    let steps = reference::steps(&wide_numbers(&target), true);
    let told = hand.told(&wide_numbers(&pair.0), steps.len());
    let delta = own.back(&own.run(&steps, &told), &mut own.clone());
    for (k, row) in found["words"].iter().enumerate() {
        let mut expected = vec![0.0; H];
        for (&(before, _), d) in steps.iter().zip(&delta) {
            if before == k {
                reference::add(&mut expected, &[1.0; H], d);
            }
        }
        close("a row", row, &expected);
        let there = [START, 4, 6, 7].contains(&k);
        assert_eq!(row.iter().any(|&g| g != 0.0), there, "word {k}");
    }
    for (k, row) in found["reader.sentence.sources"].iter().enumerate() {
        let there = pair.0.contains(&(k as u32));
        assert_eq!(row.iter().any(|&g| g != 0.0), there, "source word {k}");
    }
}

#[test]
fn eq_7_12_the_way_back_through_a_convolution_is_the_transposed_one() {
    back_by_differences(narrow, narrow_back, 12);
    // Three columns and a kernel of two, as matrices.
    let (kernel, x) = (rows(120, 2), rows(121, 3));
    let y = narrow(&kernel, &x);
    let d = rows(122, 2);
    let mut d_y = d.clone();
    for (d_y, y) in d_y.iter_mut().zip(&y) {
        d_y.iter_mut().zip(y).for_each(|(d, y)| *d /= y * (1.0 - y));
    }
    let d_x = narrow_back(&kernel, &x, (&y, &d_y), &mut zeros(2, H));
    for a in 0..H {
        let (k_1, k_2) = (kernel[0][a], kernel[1][a]);
        let one_way: Matrix = vec![vec![k_1, k_2, 0.0], vec![0.0, k_1, k_2]];
        let column: Vec<f64> = x.iter().map(|x| x[a]).collect();
        let nets = back(&column, &one_way);
        close("forth", &logistic(&nets), &[y[0][a], y[1][a]]);
        let errors = [d[0][a], d[1][a]];
        let found: Vec<f64> = d_x.iter().map(|d| d[a]).collect();
        close("back", &found, &times(&errors, &one_way));
    }
}

/// Every target of so many words, and every number of words.
#[test]
fn eq_7_13_targets_of_each_length_sum_to_the_probability_of_the_length() {
    let model: Two = drawn(few_words(), 13);
    let source = sentence(13, 5, SOURCES);
    for length in 1..=4 {
        let sentences = sequences(length, &[0, 1, 2, 3, 4]).into_iter();
        let pairs: Vec<Pair> = sentences.map(|w| (source.clone(), w)).collect();
        let all = model.each(&batch(&pairs, false));
        assert!(all.iter().all(|each| each.len() == length));
        let sum = all.iter().map(|each| each.iter().sum::<f64>().exp());
        close("one length", &[sum.sum()], &[1.0]);
    }
    let lengths = Lengths::of(&[(vec![4; 5], vec![4; 3])]);
    let sum = (0..60).map(|length| lengths.log_probability(5, length).exp());
    close("all lengths", &[sum.sum()], &[1.0]);
}

/// Model II in closed form, with the model.
fn model_two(seed: u64) -> (Two, ModelTwo) {
    let mut model: Two = drawn(sizes(11), seed);
    let hand = ModelTwo::of(&weights(&mut model));
    (model, hand)
}

/// A source with another word at a place.
fn with_another(source: &[usize], place: usize) -> Vec<usize> {
    let mut other = source.to_vec();
    other[place] = if source[place] == 4 { 5 } else { 4 };
    other
}

#[test]
fn eq_7_14_source_columns_of_model_two_see_four_words() {
    let (_, hand) = model_two(14);
    for words in 4..=11 {
        let source = wide_numbers(&sentence(14, words, SOURCES));
        let before = hand.columns(&source, 11);
        assert_eq!(before.levels[2].len(), words - 3);
        for s in 0..words {
            let after = hand.columns(&with_another(&source, s), 11);
            let sees = |j: &usize| (*j..j + 4).contains(&s);
            let expected: Vec<usize> = (0..words - 3).filter(sees).collect();
            assert_eq!(changed(&before.levels[2], &after.levels[2]), expected);
        }
        // It is the third level of a pyramid with these kernels.
        let pyramid = reference::Pyramid {
            sources: hand.sources.clone(),
            kernels: [&hand.kernels[..], &[rows(1, 4), rows(2, 5)]].concat(),
            tops: (2..=5).map(|width| rows(3, width)).collect(),
        };
        if words >= 6 {
            assert_eq!(pyramid.columns(&source)[2], before.levels[2]);
        }
    }
}

#[test]
fn eq_7_15_components_meet_in_the_map() {
    let (_, hand) = model_two(15);
    let source = wide_numbers(&sentence(15, 7, SOURCES));
    let before = hand.columns(&source, 7);
    for (g, f) in before.grams.iter().zip(&before.mapped) {
        for (b, f) in f.iter().enumerate() {
            let net: f64 = (0..H).map(|a| g[a] * hand.map[a][b]).sum();
            close("F", &[*f], &[1.0 / (1.0 + (-net).exp())]);
        }
    }
    let mut moved = hand.clone();
    moved.sources[source[0]][0] += 0.1;
    let after = moved.columns(&source, 7);
    assert!((1..H).all(|a| before.grams[0][a] == after.grams[0][a]));
    assert!((0..H).all(|b| before.mapped[0][b] != after.mapped[0][b]));
}

#[test]
fn eq_7_16_columns_are_as_many_as_the_target_needs() {
    let (model, hand) = model_two(16);
    for (source, steps) in LENGTHS {
        let (v, w) = pair(16, source, steps);
        let columns = hand.columns(&wide_numbers(&v), steps);
        let wanted = if steps < 4 { 1 } else { steps - 3 };
        assert_eq!(
            (columns.grams.len(), columns.mapped.len()),
            (wanted, wanted)
        );
        let real = source.clamp(4, wanted + 3) - 3;
        assert_eq!(columns.grams[..real], columns.levels[2][..]);
        // Behind them stand zeros, and so one half.
        assert!(columns.grams[real..].concat().iter().all(|&g| g == 0.0));
        assert!(columns.mapped[real..].concat().iter().all(|&f| f == 0.5));
        alike(
            "told",
            &told(&model, &(v.clone(), w)),
            &hand.told(&wide_numbers(&v), steps),
        );
    }
    // Where the target is longer, the last steps are told nothing of the source.
    let other = |seed| told(&model, &pair(seed, 5, 9));
    let (one, two) = (other(160), other(161));
    assert_eq!(changed(&one, &two), [0, 1, 2, 3, 4]);
    // Where it is shorter, words after the first T are not read, but for those up to the fourth.
    for (steps, read) in [(6, 6), (4, 4), (2, 4), (1, 4)] {
        let (source, target) = pair(162, 11, steps);
        let before = told(&model, &(source.clone(), target.clone()));
        for s in 0..11 {
            let other = with_another(&wide_numbers(&source), s);
            let other = other.iter().map(|&v| v as u32).collect();
            let after = told(&model, &(other, target.clone()));
            assert_eq!(before != after, s < read, "word {s}, {steps} steps");
        }
    }
    // Fewer than four are filled up.
    let (short, target) = pair(163, 2, 6);
    let filled = [&short[..], &[PAD as u32; 2]].concat();
    alike(
        "filled up",
        &told(&model, &(short, target.clone())),
        &told(&model, &(filled, target)),
    );
    // S = T changes nothing.
    let even = hand.columns(&wide_numbers(&sentence(164, 8, SOURCES)), 8);
    assert_eq!(even.grams, even.levels[2]);
}

#[test]
fn eq_7_17_a_wide_convolution_has_more_columns_than_it_was_given() {
    for (i, columns) in [(2, 1), (2, 6), (3, 1), (3, 5), (4, 2)] {
        let (kernel, x) = (rows(17, i), rows(18, columns));
        let found = wide(&kernel, &x);
        assert_eq!(found.len(), columns + i - 1);
        // As it is printed, counted from 1, with zeros outside.
        let at = |j: isize, a: usize| match usize::try_from(j) {
            Ok(j) if (1..=columns).contains(&j) => x[j - 1][a],
            _ => 0.0,
        };
        for j in 1..=found.len() {
            for a in 0..H {
                let term = |n: usize| kernel[n - 1][a] * at(j as isize - n as isize + 1, a);
                let net: f64 = (1..=i).map(term).sum();
                close(
                    "a column",
                    &[found[j - 1][a]],
                    &[1.0 / (1.0 + (-net).exp())],
                );
            }
        }
        alike(
            "the floor",
            &of_the_floor(&kernel, &x, Direction::Wide),
            &found,
        );
    }
    back_by_differences(wide, wide_back, 170);
    let (_, hand) = model_two(17);
    for steps in 4..=9 {
        let columns = hand.columns(&[4, 5, 6, 7, 8], steps);
        let counts = [&columns.mapped, &columns.out[0], &columns.out[1]].map(Vec::len);
        assert_eq!(counts, [steps - 3, steps - 1, steps]);
    }
}

#[test]
fn eq_7_18_each_step_is_told_its_own_column() {
    three_ways::<Rctm2<f64>>(18);
    let mut model: Two = drawn(sizes(11), 18);
    let all = weights(&mut model);
    let pair = pair(18, 7, 9);
    let from_source = told(&model, &pair);
    assert!(from_source.windows(2).all(|two| two[0] != two[1]));
    let mut before = (START, vec![0.0; H]);
    for (t, h) in hidden(&model, &pair).iter().enumerate() {
        let mut net = times(&before.1, &all["w_h"]);
        reference::add(&mut net, &[1.0; H], &all["words"][before.0]);
        reference::add(&mut net, &[1.0; H], &from_source[t]);
        close("h", h, &logistic(&net));
        before = (pair.1[t] as usize, h.clone());
    }
    // With kernels of zeros all c_t are one half, and it is (7.8).
    put(&mut model, "reader.inverse.taps", &zeros(5, H));
    let half = times(&[0.5; H], &all["reader.condition.w"]);
    for row in told(&model, &pair) {
        close("c_t W_c", &row, &half);
    }
    let steps = reference::steps(&wide_numbers(&pair.1), false);
    let run = language(&all).run(&steps, &vec![half; steps.len()]);
    alike("h", &hidden(&model, &pair), &run.hidden);
}

#[test]
fn the_controls_get_the_gradients_of_their_closed_forms_and_of_differences() {
    three_ways::<Bag<f64>>(30);
    three_ways::<Places<f64>>(31);
}

/// Pairs of which only the lengths matter.
fn of_lengths(lengths: &[(usize, usize)]) -> Vec<Numbers> {
    let pair = |&(source, target): &(usize, usize)| (vec![4; source], vec![4; target]);
    lengths.iter().map(pair).collect()
}

#[test]
fn eq_7_19_lengths_have_a_poisson_distribution() {
    let lengths = Lengths::of(&of_lengths(&[(6, 7), (6, 9), (6, 5), (2, 3), (2, 2)]));
    for (source, mean) in [(6, 7.0), (2, 2.5)] {
        let (mut sum, mut first, mut factorial) = (0.0, 0.0, 1.0);
        for length in 0..=60 {
            factorial *= if length > 0 { f64::from(length) } else { 1.0 };
            let p = f64::exp(-mean) * f64::powi(mean, length) / factorial;
            let found = lengths.log_probability(source, length as usize);
            if length < 40 {
                close("ln p(T | S)", &[found], &[p.ln()]);
            }
            sum += found.exp();
            first += f64::from(length) * found.exp();
        }
        close("the sum", &[sum], &[1.0]);
        close("the mean", &[first], &[mean]);
        // A length is drawn as often as it is probable: over an even grid of numbers.
        let draws: Vec<usize> = (0..4000)
            .map(|k| lengths.draw(source, (f64::from(k) + 0.5) / 4000.0))
            .collect();
        for length in 0..12 {
            let share = draws.iter().filter(|&&t| t == length).count() as f64 / 4000.0;
            let p = lengths.log_probability(source, length).exp();
            assert!((share - p).abs() < 1.0 / 4000.0, "{length}: {share} {p}");
        }
    }
    // A length that is always the same still costs.
    let always = Lengths::of(&of_lengths(&[(12, 12), (12, 12)]));
    let p = always.log_probability(12, 12).exp();
    assert!(
        (p - 0.114).abs() < 5e-4 && (-p.ln() - 2.17).abs() < 5e-3,
        "{p}"
    );
    close("no words", &[always.log_probability(12, 0)], &[-12.0]);
}

#[test]
fn eq_7_20_the_mean_length_is_the_most_likely() {
    let train = [
        (6, 7),
        (6, 9),
        (6, 5),
        (6, 6),
        (2, 3),
        (2, 2),
        (9, 0),
        (9, 1),
    ];
    let lengths = Lengths::of(&of_lengths(&train));
    for (source, mean) in [(6, 6.75), (2, 2.5), (9, 0.5)] {
        close("λ", &[lengths.mean(source)], &[mean]);
        let targets: Vec<usize> = train
            .iter()
            .filter(|&&(s, _)| s == source)
            .map(|&(_, t)| t)
            .collect();
        let likelihood = |mean: f64| -> f64 {
            let one = |&t: &usize| {
                let factorial: f64 = (1..=t).map(|n| (n as f64).ln()).sum();
                t as f64 * mean.ln() - mean - factorial
            };
            targets.iter().map(one).sum()
        };
        let found = targets.iter().map(|&t| lengths.log_probability(source, t));
        close("ℓ", &[found.sum()], &[likelihood(mean)]);
        let slope = difference(|by| likelihood(mean + by));
        assert!(slope.abs() < 1e-8, "{slope}");
        let mut below = likelihood(mean);
        for factor in [1.01, 1.1, 1.5, 2.0] {
            let (up, down) = (likelihood(mean * factor), likelihood(mean / factor));
            assert!(up < likelihood(mean) && down < likelihood(mean));
            assert!(up < below);
            below = up;
        }
    }
    // A source length that training did not have gets as many words a word as all pairs together.
    let ratio = 33.0 / 46.0;
    close("λ", &[lengths.mean(4)], &[4.0 * ratio]);
}

#[test]
fn eq_7_21_each_weight_has_its_own_sum_of_squares() {
    let (rate, delta) = (0.3, 1e-3);
    let mut model: One = drawn(sizes(11), 21);
    let mut expected = weights(&mut model);
    let batch = batch(&pairs(), true);
    let mut sums: Table = expected
        .iter()
        .map(|(name, w)| (name.clone(), zeros(w.len(), w[0].len())))
        .collect();
    let mut optimizer = Optimizer::new(Adagrad { delta });
    for _ in 0..3 {
        let loss = model.loss::<OwnedTape<f64, Cpu>>(&batch, Reduction::Mean);
        let mut found = loss.backward();
        for (name, g) in gradients(&mut model, &mut found) {
            let (w, sum) = (
                expected.get_mut(&name).unwrap(),
                sums.get_mut(&name).unwrap(),
            );
            for (r, g) in g.iter().enumerate() {
                for (c, g) in g.iter().enumerate() {
                    sum[r][c] += g * g;
                    w[r][c] -= rate * g / (delta + sum[r][c].sqrt());
                }
            }
        }
        optimizer.update(&mut model, &mut found, rate);
        tables_alike(&weights(&mut model), &expected);
    }
    // Under a constant gradient the first update is nearly the rate, and the t-th has √t less.
    let mut w: Tensor<Rank1<3>, f64, Cpu> = Cpu::default().zeros();
    let g = Cpu::default().tensor([1e-2, -1.0, 1e4]);
    let mut optimizer = Optimizer::new(Adagrad { delta: 1e-9 });
    let mut before = [0.0; 3];
    for t in 1..=9 {
        let loss = (w.leaky_trace() * g.clone()).sum();
        optimizer.update(&mut w, &mut loss.backward(), rate);
        let after = w.array();
        let step = rate / f64::from(t).sqrt();
        let moved: Vec<f64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
        close_to("a step", &moved, &[-step, step, -step], 1e-6);
        before = after;
    }
}

#[test]
fn eq_7_22_the_squares_of_the_weights_are_in_the_loss() {
    let lambda = 0.07;
    let mut model: Two = drawn(sizes(11), 22);
    let all = weights(&mut model);
    let batch = batch(&pairs(), false);
    let loss = model.loss::<OwnedTape<f64, Cpu>>(&batch, Reduction::Mean);
    let mut found = loss.backward();
    let plain = gradients(&mut model, &mut found);
    let penalty = WeightDecay::new(lambda).apply(&mut model, &mut found, |_| true);
    let squares = |all: &Table| all.values().flatten().flatten().map(|w| w * w).sum::<f64>();
    close("the penalty", &[penalty], &[0.5 * lambda * squares(&all)]);
    for (name, g) in gradients(&mut model, &mut found) {
        let (plain, w) = (plain[&name].concat(), all[&name].concat());
        let expected: Vec<f64> = plain.iter().zip(&w).map(|(g, w)| g + lambda * w).collect();
        close(&name, &g.concat(), &expected);
    }
    for name in ["reader.map.w", "words"] {
        let slope = difference(|by| {
            let mut all = all.clone();
            all.get_mut(name).unwrap()[2][1] += by;
            0.5 * lambda * squares(&all)
        });
        close_to(name, &[slope], &[lambda * all[name][2][1]], 1e-8);
    }
    // Without another gradient a weight moves towards zero, at first by nearly the rate: the row of
    // a word that no sentence has.
    let mut optimizer = Optimizer::new(Adagrad { delta: 1e-9 });
    optimizer.update(&mut model, &mut found, 0.01);
    let after = weights(&mut model);
    for (before, after) in all["words"][1].iter().zip(&after["words"][1]) {
        close_to("nearly", &[before - after], &[0.01 * before.signum()], 1e-6);
    }
}

/// Two pairs, *a b* with *x y* and *a* with *x*: one round by hand.
#[test]
fn eq_7_23_target_words_come_from_source_words_or_from_none() {
    let (a, b, x, y) = (4u32, 5u32, 4u32, 5u32);
    let (first, second) = ((vec![a, b], vec![x, y]), (vec![a], vec![x]));
    let slices = [(&first.0[..], &first.1[..]), (&second.0[..], &second.1[..])];
    let once = Settings {
        rounds: 1,
        ..Settings::MODEL_1
    };
    let model = Ibm::train(&slices, 6, once);
    // At first x and y are as probable everywhere, so the shares are the priors: 0.46, 0.46 and
    // 0.08 of each word of the first pair, 0.92 and 0.08 of the second's.
    let table = [
        (a, [0.46 + 0.92, 0.46]),
        (b, [0.46, 0.46]),
        (0, [0.08 + 0.08, 0.08]),
    ];
    for (source, [of_x, of_y]) in table {
        let sum = of_x + of_y;
        let found = [model.probability(source, x), model.probability(source, y)];
        close("t", &found, &[of_x / sum, of_y / sum]);
    }
    // (7.23) with p₀ = 0.08 and that table: 3/4 and 1/4 for a, a half for b, 2/3 and 1/3 for none.
    let of_x = 0.08 * 2.0 / 3.0 + 0.46 * (0.75 + 0.5);
    let of_y = 0.08 / 3.0 + 0.46 * (0.25 + 0.5);
    let words: Vec<f64> = model.words(slices[0]).iter().map(|p| p.exp()).collect();
    close("p(w | v, T)", &words, &[of_x, of_y]);
    let alone = 0.08 * 2.0 / 3.0 + 0.92 * 0.75;
    close("p(w | v, T)", &[model.words(slices[1])[0].exp()], &[alone]);
    let likelihood = of_x.ln() + of_y.ln() + alone.ln();
    close("the likelihood", &model.likelihoods()[1..], &[likelihood]);
    assert!(model.likelihoods()[0] < likelihood);
    // Model 2: the prior falls with the distance from the diagonal, |t/T − j/S|.
    let nearer = Ibm::train(
        &slices,
        6,
        Settings {
            diagonal: true,
            ..once
        },
    );
    let fall = (-nearer.tension() * 0.5).exp();
    let t = |source, target| nearer.probability(source, target);
    let of_x = 0.08 * t(0, x) + 0.92 * (t(a, x) + fall * t(b, x)) / (1.0 + fall);
    close("p(w | v, T)", &[nearer.words(slices[0])[0].exp()], &[of_x]);
}
