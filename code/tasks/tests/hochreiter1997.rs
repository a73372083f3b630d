// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the sheet of the paper says about its data, held against the generators.

#![allow(missing_docs)]

mod hochreiter1997 {
    use rand_chacha::ChaCha8Rng;
    use std::collections::HashSet;
    use tasks::adding::{Adding, Multiplication};
    use tasks::lag::{Distractors, NoiseFree, RandomMiddle, RandomMiddleAtEnd};
    use tasks::random::{symmetric, Normal};
    use tasks::reber::{self, Reber};
    use tasks::seeds::{generator, Purpose};
    use tasks::temporal_order::{self, Relevant, TemporalOrder};
    use tasks::two_sequence::TwoSequence;
    use tasks::{Example, Inputs, Target, Task};

    fn rng(seed: u64) -> ChaCha8Rng {
        generator(seed, Purpose::Training)
    }

    fn symbols(example: &Example) -> &[usize] {
        match &example.inputs {
            Inputs::OneHot { symbols, .. } => symbols,
            Inputs::Dense { .. } => panic!("not one-hot"),
        }
    }

    fn values(example: &Example) -> &[f32] {
        match &example.inputs {
            Inputs::Dense { values, .. } => values,
            Inputs::OneHot { .. } => panic!("not dense"),
        }
    }

    fn at_end(example: &Example) -> &[f32] {
        match &example.target {
            Target::AtEnd(target) => target,
            Target::EachStep { .. } => panic!("not at the end"),
        }
    }

    fn each_step(example: &Example) -> &[usize] {
        match &example.target {
            Target::EachStep { symbols, .. } => symbols,
            Target::AtEnd(_) => panic!("not at each step"),
        }
    }

    /// The unit with the target 1.
    fn class(example: &Example) -> usize {
        let target = at_end(example);
        assert_eq!(target.iter().filter(|&&t| t == 1.0).count(), 1);
        assert_eq!(
            target.iter().filter(|&&t| t == 0.0).count(),
            target.len() - 1
        );
        target.iter().position(|&t| t == 1.0).unwrap()
    }

    /// Calls `look` with `n` draws of the task.
    fn draws(task: &dyn Task, seed: u64, n: usize, mut look: impl FnMut(&Example)) {
        let mut rng = rng(seed);
        let mut example = task.example();
        for _ in 0..n {
            task.draw(&mut rng, &mut example);
            assert_eq!(example.inputs.width(), task.inputs());
            match &example.target {
                Target::AtEnd(target) => assert_eq!(target.len(), task.outputs()),
                Target::EachStep { width, symbols } => {
                    assert_eq!(*width, task.outputs());
                    assert_eq!(symbols.len(), example.len());
                    assert!(symbols.iter().all(|s| s < width));
                }
            }
            if let Inputs::OneHot { width, symbols } = &example.inputs {
                assert!(symbols.iter().all(|s| s < width));
            }
            look(&example);
        }
    }

    /// Whether `count` of `n` is within five standard deviations of a probability.
    fn near(count: usize, n: usize, p: f64) -> bool {
        let (count, n) = (count as f64, n as f64);
        (count - n * p).abs() <= 5.0 * (n * p * (1.0 - p)).sqrt()
    }

    fn every_task() -> Vec<(&'static str, Box<dyn Task>)> {
        vec![
            (
                "1",
                Box::new(Reber {
                    strings: reber::split(1).train,
                }),
            ),
            ("2a", Box::new(NoiseFree { p: 100 })),
            ("2b", Box::new(RandomMiddle { p: 100 })),
            ("2b, at the end", Box::new(RandomMiddleAtEnd { p: 100 })),
            ("2c", Box::new(Distractors { p: 50, q: 50 })),
            ("3a", Box::new(TwoSequence::a(100, 3))),
            ("3b", Box::new(TwoSequence::b(100, 1))),
            ("3c", Box::new(TwoSequence::c(100, 3))),
            ("4", Box::new(Adding { length: 100 })),
            ("5", Box::new(Multiplication { length: 100 })),
            (
                "6a",
                Box::new(TemporalOrder {
                    relevant: Relevant::Two,
                }),
            ),
            (
                "6b",
                Box::new(TemporalOrder {
                    relevant: Relevant::Three,
                }),
            ),
        ]
    }

    #[test]
    fn sizes_are_those_of_table_10() {
        let sizes: Vec<_> = every_task()
            .iter()
            .map(|(k, t)| (*k, t.inputs(), t.outputs()))
            .collect();
        let table_10 = [
            ("1", 7, 7),
            ("2a", 101, 101),
            ("2b", 101, 101),
            ("2b, at the end", 101, 101),
            ("2c", 54, 2),
            ("3a", 1, 1),
            ("3b", 1, 1),
            ("3c", 1, 1),
            ("4", 2, 1),
            ("5", 2, 1),
            ("6a", 8, 4),
            ("6b", 8, 8),
        ];
        assert_eq!(sizes, table_10);
    }

    #[test]
    fn a_seed_replays_and_another_seed_differs() {
        for (key, task) in every_task() {
            let mut runs = Vec::new();
            for seed in [5, 5, 6] {
                let mut run = Vec::new();
                draws(&*task, seed, 20, |e| run.push(e.clone()));
                runs.push(run);
            }
            assert_eq!(runs[0], runs[1], "{key}");
            assert_ne!(runs[0], runs[2], "{key}");
        }
    }

    #[test]
    fn buffers_of_another_kind_are_replaced_and_capacity_is_kept() {
        for (key, task) in every_task() {
            for (_, other) in every_task() {
                let (mut fresh, mut used) = (task.example(), other.example());
                other.draw(&mut rng(1), &mut used);
                task.draw(&mut rng(2), &mut fresh);
                task.draw(&mut rng(2), &mut used);
                assert_eq!(fresh, used, "{key}");
            }
            let mut rng = rng(3);
            let mut example = task.example();
            for _ in 0..500 {
                task.draw(&mut rng, &mut example);
            }
            let place = |e: &Example| match &e.inputs {
                Inputs::OneHot { symbols, .. } => symbols.as_ptr() as usize,
                Inputs::Dense { values, .. } => values.as_ptr() as usize,
            };
            let before = place(&example);
            for _ in 0..20 {
                task.draw(&mut rng, &mut example);
            }
            assert_eq!(place(&example), before, "{key} allocates");
        }
    }

    #[test]
    fn purposes_are_independent() {
        use rand::Rng;
        let all = [
            Purpose::Initialization,
            Purpose::Training,
            Purpose::Test,
            Purpose::Noise,
        ];
        let first: Vec<Vec<u32>> = all
            .iter()
            .map(|&p| {
                let mut rng = generator(9, p);
                (0..1000).map(|_| rng.gen()).collect()
            })
            .collect();
        for a in 0..4 {
            for b in 0..a {
                let differing: u32 = first[a]
                    .iter()
                    .zip(&first[b])
                    .map(|(x, y)| (x ^ y).count_ones())
                    .sum();
                assert!(
                    near(differing as usize, 32_000, 0.5),
                    "{:?} {:?}",
                    all[a],
                    all[b]
                );
            }
        }
        // Using one purpose leaves the others as they are: each begins anew from the seed.
        let mut noise = generator(9, Purpose::Noise);
        let _: [u32; 32] = noise.gen();
        assert_eq!(generator(9, Purpose::Training).gen::<u32>(), first[1][0]);
    }

    /// A change of the generator, of a range or of an order changes these numbers, and every
    /// record that rests on them.
    #[test]
    fn first_draws_are_pinned() {
        use rand::Rng;
        let mut r = rng(1);
        let words: Vec<u32> = (0..3).map(|_| r.gen()).collect();
        assert_eq!(words, PINNED_WORDS);
        let mut r = rng(1);
        let mut normal = Normal::default();
        let bits: Vec<u64> = (0..3).map(|_| normal.draw(&mut r).to_bits()).collect();
        assert_eq!(bits, PINNED_NORMAL);
        for ((key, task), (pinned_key, pinned)) in every_task().iter().zip(PINNED) {
            let mut r = rng(1);
            let mut example = task.example();
            // A fingerprint of three examples (FNV-1a over all their numbers).
            let mut print = 0xcbf2_9ce4_8422_2325_u64;
            let mut add = |word: u64| print = (print ^ word).wrapping_mul(0x0100_0000_01b3);
            for _ in 0..3 {
                task.draw(&mut r, &mut example);
                match &example.inputs {
                    Inputs::OneHot { symbols, .. } => {
                        symbols.iter().for_each(|&s| add(s as u64))
                    }
                    Inputs::Dense { values, .. } => {
                        values.iter().for_each(|v| add(u64::from(v.to_bits())))
                    }
                }
                match &example.target {
                    Target::AtEnd(t) => t.iter().for_each(|v| add(u64::from(v.to_bits()))),
                    Target::EachStep { symbols, .. } => {
                        symbols.iter().for_each(|&s| add(s as u64))
                    }
                }
            }
            assert_eq!((*key, print), (pinned_key, pinned));
        }
    }
    const PINNED_WORDS: [u32; 3] = [3_824_528_871, 3_658_934_869, 3_899_784_198];
    const PINNED_NORMAL: [u64; 3] = [
        0xbff3_0414_9c65_af05,
        0xbff9_b5a4_3987_f3cb,
        0xc001_7b14_6e86_bad1,
    ];
    const PINNED: [(&str, u64); 12] = [
        ("1", 0xaf71_6294_468b_6695),
        ("2a", 0x003b_7985_0633_36c3),
        ("2b", 0x7022_ffb2_fd0a_81f1),
        ("2b, at the end", 0xe3da_8291_7d90_b8d7),
        ("2c", 0x0287_99a3_56ed_f202),
        ("3a", 0x48d2_73eb_66b7_0a2f),
        ("3b", 0x4684_b58c_fbb4_302a),
        ("3c", 0x4477_c901_1dc2_bfd5),
        ("4", 0x307f_ecac_1235_5ccf),
        ("5", 0x1cda_2715_aaef_4f32),
        ("6a", 0xc726_69aa_501f_b04b),
        ("6b", 0xa6c4_22e6_d4af_e04b),
    ];

    #[test]
    fn normal_numbers_have_the_moments_of_a_normal() {
        let (mut rng, mut normal) = (rng(2), Normal::default());
        let n = 200_000;
        let x: Vec<f64> = (0..n).map(|_| normal.draw(&mut rng)).collect();
        let moment = |k: i32| x.iter().map(|x| x.powi(k)).sum::<f64>() / n as f64;
        // Five standard deviations of each mean: 1, √2, √15, √96 over √n.
        let unit = 5.0 / (n as f64).sqrt();
        assert!(moment(1).abs() < unit, "{}", moment(1));
        assert!(
            (moment(2) - 1.0).abs() < unit * 2f64.sqrt(),
            "{}",
            moment(2)
        );
        assert!(moment(3).abs() < unit * 15f64.sqrt(), "{}", moment(3));
        assert!(
            (moment(4) - 3.0).abs() < unit * 96f64.sqrt(),
            "{}",
            moment(4)
        );
        // Neighbors (the two of a pair, and across pairs) are uncorrelated.
        let lagged = x.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / n as f64;
        assert!(lagged.abs() < unit, "{lagged}");
        let inside = x.iter().filter(|x| x.abs() < 1.0).count();
        assert!(near(inside, n, 0.682_689_5));
    }

    #[test]
    fn uniform_numbers_fill_their_interval() {
        let mut rng = rng(2);
        let x: Vec<f32> = (0..100_000).map(|_| symmetric(&mut rng)).collect();
        assert!(x.iter().all(|x| (-1.0..1.0).contains(x)));
        for tenth in 0..10 {
            let low = -1.0 + 0.2 * tenth as f32;
            let inside = x.iter().filter(|&&x| x >= low && x < low + 0.2).count();
            assert!(near(inside, x.len(), 0.1), "{tenth}: {inside}");
        }
    }

    // ---- Experiment 1 ----

    /// An independent recognizer: the inner grammar as a set of rewriting steps on the
    /// string from the right, not from the generator's table.
    ///
    /// Reading a Reber string backward, the states 5, 4, 3, 2, 1, 0 are reached by: E last;
    /// into 5 from 3 by S or from 4 by V; into 4 from 2 by V; into 3 from 1 by X or from 4
    /// by P; into 2 from 0 by P, from 2 by T or from 3 by X; into 1 from 0 by T or from 1 by
    /// S.
    fn belongs(string: &str) -> bool {
        let s: Vec<char> = string.chars().collect();
        let n = s.len();
        if n < 9 || s[0] != 'B' || s[n - 1] != 'E' || s[1] != s[n - 2] {
            return false;
        }
        if !matches!(s[1], 'T' | 'P') || s[2] != 'B' || s[n - 3] != 'E' {
            return false;
        }
        let mut states: HashSet<u8> = HashSet::from([5]);
        for &c in s[3..n - 3].iter().rev() {
            let mut before = HashSet::new();
            for &state in &states {
                let from: &[(u8, char)] = match state {
                    5 => &[(3, 'S'), (4, 'V')],
                    4 => &[(2, 'V')],
                    3 => &[(1, 'X'), (4, 'P')],
                    2 => &[(0, 'P'), (2, 'T'), (3, 'X')],
                    1 => &[(0, 'T'), (1, 'S')],
                    _ => &[],
                };
                before.extend(from.iter().filter(|f| f.1 == c).map(|f| f.0));
            }
            states = before;
        }
        states.contains(&0)
    }

    fn spell(string: &[usize]) -> String {
        string.iter().map(|&s| reber::SYMBOLS[s]).collect()
    }

    fn read(string: &str) -> Vec<usize> {
        string
            .chars()
            .map(|c| reber::SYMBOLS.iter().position(|&s| s == c).unwrap())
            .collect()
    }

    #[test]
    fn reber_strings_are_legal_with_mean_length_12_and_least_length_9() {
        let mut rng = rng(4);
        let (mut string, n) = (Vec::new(), 20_000);
        let (mut total, mut least, mut ts) = (0, usize::MAX, 0);
        for _ in 0..n {
            reber::draw_string(&mut rng, &mut string);
            assert!(belongs(&spell(&string)), "{}", spell(&string));
            total += string.len();
            least = Ord::min(least, string.len());
            ts += usize::from(string[1] == reber::T);
        }
        assert_eq!(least, 9);
        let mean = total as f64 / n as f64;
        assert!((mean - 12.0).abs() < 0.15, "{mean}");
        assert!(near(ts, n, 0.5));
    }

    #[test]
    fn reber_successors_agree_with_the_recognizer() {
        // Every string of up to 11 symbols that the recognizer accepts, found by search.
        let mut open = vec![String::from("B")];
        let mut members = Vec::new();
        while let Some(prefix) = open.pop() {
            if belongs(&prefix) {
                members.push(prefix.clone());
            }
            if prefix.len() < 11 {
                open.extend(
                    reber::SYMBOLS
                        .iter()
                        .map(|c| format!("{prefix}{c}"))
                        .filter(|longer| {
                            // Prune what no member starts with: B, T or P, B.
                            let c: Vec<char> = longer.chars().collect();
                            matches!(c[1], 'T' | 'P')
                                && c.get(2).is_none_or(|&c| c == 'B')
                                && c[3.min(c.len())..].iter().filter(|&&c| c == 'B').count()
                                    == 0
                        }),
                );
            }
        }
        // What the inner grammar has between its B and E. 3 symbols: TXS, PVV. 4: TSXS,
        // PTVV, PVPS. 5: TSSXS, TXXVV, PTTVV, PTVPS. Each in two frames of 6 symbols.
        assert_eq!(members.len(), 2 * (2 + 3 + 4));
        for member in &members {
            let string = read(member);
            let legal = reber::successors(&string).unwrap();
            assert_eq!(legal.len(), string.len() - 1);
            for (t, set) in legal.iter().enumerate() {
                assert!(set.contains(string[t + 1]));
                assert!((1..=2).contains(&set.symbols().count()));
            }
            // The answer that needs the memory: one legal symbol, the second of the string.
            let close = legal[string.len() - 3];
            assert_eq!(close.symbols().collect::<Vec<_>>(), [string[1]]);
        }
        // Any other string of these symbols is refused: all changes of one symbol.
        for member in &members {
            for t in 0..member.len() {
                for s in 0..7 {
                    let mut string = read(member);
                    string[t] = s;
                    let accepted = reber::successors(&string).is_some();
                    assert_eq!(accepted, belongs(&spell(&string)), "{}", spell(&string));
                }
                assert!(reber::successors(&read(member)[..t]).is_none());
            }
            let longer = [read(member), vec![reber::E]].concat();
            assert!(reber::successors(&longer).is_none());
        }
        assert!(reber::successors(&[]).is_none());
    }

    #[test]
    fn reber_test_strings_are_not_in_training_and_are_longer() {
        let mean = |set: &[Vec<usize>]| {
            set.iter().map(Vec::len).sum::<usize>() as f64 / set.len() as f64
        };
        let (mut train, mut test) = (0.0, 0.0);
        for seed in 0..20 {
            let split = reber::split(seed);
            assert_eq!((split.train.len(), split.test.len()), (256, 256));
            let seen: HashSet<_> = split.train.iter().collect();
            assert!(
                (80..=120).contains(&seen.len()),
                "{} different strings",
                seen.len()
            );
            assert!(split.test.iter().all(|s| !seen.contains(s)));
            assert!(split.test.iter().all(|s| belongs(&spell(s))));
            train += mean(&split.train) / 20.0;
            test += mean(&split.test) / 20.0;
        }
        assert!((train - 12.0).abs() < 0.3, "{train}");
        assert!((test - 16.4).abs() < 0.4, "{train} {test}");
    }

    #[test]
    fn reber_criterion_asks_legal_symbols_to_be_the_most_active() {
        let string = read("BTBTXSETE");
        let legal = reber::successors(&string).unwrap();
        let set = legal[0]; // T or P
        assert!(set.most_active(&[0.1, 0.6, 0.5, 0.4, 0.0, 0.0, 0.2]));
        assert!(!set.most_active(&[0.1, 0.6, 0.4, 0.5, 0.0, 0.0, 0.2]));
        assert!(
            !set.most_active(&[0.1, 0.6, 0.5, 0.5, 0.0, 0.0, 0.2]),
            "a tie is not enough"
        );
        assert!(!set.most_active(&[0.1, f32::NAN, 0.5, 0.4, 0.0, 0.0, 0.2]));
        assert!(!set.most_active(&[f32::NAN; 7]));
        let split = reber::split(3);
        for string in split.train.iter().chain(&split.test) {
            let example = reber::example_of(string);
            let legal = reber::successors(string).unwrap();
            assert_eq!(symbols(&example), &string[..string.len() - 1]);
            assert_eq!(each_step(&example), &string[1..]);
            assert_eq!(legal.len(), example.len());
        }
    }

    // ---- Experiment 2 ----

    #[test]
    fn noise_free_has_two_sequences() {
        let task = NoiseFree { p: 100 };
        let mut seen = HashSet::new();
        let mut ys = 0;
        draws(&task, 1, 2000, |e| {
            assert_eq!(e.len(), 100);
            let (s, next) = (symbols(e), each_step(e));
            assert_eq!(s[1..], next[..99]);
            assert_eq!(s[1..], (0..99).collect::<Vec<_>>());
            assert_eq!(s[0], next[99]);
            assert!(s[0] == task.x() || s[0] == task.y());
            ys += usize::from(s[0] == task.y());
            seen.insert(s.to_vec());
        });
        assert_eq!(seen.len(), 2);
        assert!(near(ys, 2000, 0.5));
    }

    #[test]
    fn random_middle_is_uniform_and_ends_as_it_began() {
        let task = RandomMiddle { p: 100 };
        let mut counts = [0; 101];
        draws(&task, 1, 5000, |e| {
            assert_eq!(e.len(), 100);
            let (s, next) = (symbols(e), each_step(e));
            assert_eq!(s[1..], next[..99]);
            assert_eq!(s[0], next[99]);
            assert!(s[0] == task.x() || s[0] == task.y());
            s.iter().for_each(|&s| counts[s] += 1);
        });
        for count in &counts[..99] {
            assert!(near(*count, 5000 * 99, 1.0 / 99.0), "{count}");
        }
        assert_eq!(
            counts[99] + counts[100],
            5000,
            "the middle has no x and no y"
        );
        assert!(near(counts[100], 5000, 0.5));
    }

    #[test]
    fn a_random_middle_with_its_target_at_the_end_is_the_same_sequence() {
        let (each, end) = (RandomMiddle { p: 100 }, RandomMiddleAtEnd { p: 100 });
        let (mut a, mut b) = (each.example(), end.example());
        for seed in 1..20 {
            each.draw(&mut rng(seed), &mut a);
            end.draw(&mut rng(seed), &mut b);
            assert_eq!(symbols(&a), symbols(&b));
            assert_eq!(at_end(&b).len(), end.outputs());
            assert_eq!(class(&b), each_step(&a)[99]);
        }
    }

    #[test]
    fn distractors_have_the_mean_length_of_the_paper() {
        let task = Distractors { p: 50, q: 50 };
        let n = 40_000;
        let (mut total, mut least, mut ys) = (0, usize::MAX, 0);
        let mut counts = [0; 54];
        draws(&task, 1, n, |e| {
            let s = symbols(e);
            // The symbol to be predicted belongs to the sequence too.
            let length = s.len() + 1;
            total += length;
            least = Ord::min(least, length);
            assert_eq!(s[0], task.b());
            assert_eq!(*s.last().unwrap(), task.e());
            assert_eq!(class(e), s[1] - task.x());
            ys += class(e);
            assert!(s[2..s.len() - 1].iter().all(|&s| s < 50));
            s.iter().for_each(|&s| counts[s] += 1);
        });
        assert_eq!(least, 54, "q + 4");
        let mean = total as f64 / n as f64;
        // The number of further distractors has standard deviation √90.
        assert!(
            (mean - 63.0).abs() < 5.0 * 90f64.sqrt() / (n as f64).sqrt(),
            "{mean}"
        );
        assert!(near(ys, n, 0.5));
        let distractors: usize = counts[..50].iter().sum();
        for count in &counts[..50] {
            assert!(near(*count, distractors, 0.02), "{count}");
        }
    }

    // ---- Experiment 3 ----

    #[test]
    fn two_sequence_has_signal_noise_and_lengths_as_printed() {
        for (task, informative, noisy) in [
            (TwoSequence::a(100, 3), 3, false),
            (TwoSequence::a(100, 1), 1, false),
            (TwoSequence::b(100, 3), 3, true),
            (TwoSequence::c(100, 3).test(), 3, false),
        ] {
            let n = 8000;
            let (mut lengths, mut ups) = ([0; 111], 0);
            let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
            let (mut signal_squares, mut signals) = (0.0, 0.0);
            draws(&task, 1, n, |e| {
                lengths[e.len()] += 1;
                let targets = if task == TwoSequence::c(100, 3).test() {
                    [0.2, 0.8]
                } else {
                    [1.0, 0.0]
                };
                let up = at_end(e)[0] == targets[0];
                assert!(up || at_end(e)[0] == targets[1]);
                ups += usize::from(up);
                let sign = if up { 1.0 } else { -1.0 };
                for (t, &v) in values(e).iter().enumerate() {
                    if t >= informative {
                        sum += f64::from(v);
                        squares += f64::from(v * v);
                        count += 1.0;
                    } else if noisy {
                        signal_squares += (f64::from(v) - sign).powi(2);
                        signals += 1.0;
                    } else {
                        assert_eq!(f64::from(v), sign);
                    }
                }
            });
            assert_eq!(lengths[..100].iter().sum::<usize>(), 0);
            for length in &lengths[100..] {
                assert!(near(*length, n, 1.0 / 11.0), "{length}");
            }
            assert!(near(ups, n, 0.5));
            assert!((sum / count).abs() < 5.0 * (0.2f64 / count).sqrt());
            // The variance, not the deviation, is 0.2.
            assert!((squares / count - 0.2).abs() < 5.0 * 0.2 * (2.0f64 / count).sqrt());
            if noisy {
                let variance: f64 = signal_squares / signals;
                assert!((variance - 0.2).abs() < 5.0 * 0.2 * (2.0f64 / signals).sqrt());
            }
        }
    }

    #[test]
    fn task_3c_has_noise_of_variance_a_tenth_on_its_training_targets_only() {
        let n = 20_000;
        let (mut squares, mut sum) = (0.0, 0.0);
        draws(&TwoSequence::c(100, 3), 1, n, |e| {
            let clean = if values(e)[0] > 0.0 { 0.2 } else { 0.8 };
            let noise = f64::from(at_end(e)[0]) - clean;
            sum += noise;
            squares += noise * noise;
        });
        assert!((sum / n as f64).abs() < 5.0 * (0.1 / n as f64).sqrt());
        assert!((squares / n as f64 - 0.1).abs() < 5.0 * 0.1 * (2.0 / n as f64).sqrt());
        assert_eq!(TwoSequence::a(100, 3).test(), TwoSequence::a(100, 3));
        let mut train = Vec::new();
        draws(&TwoSequence::c(100, 3), 1, 1, |e| {
            train = values(e).to_vec()
        });
        draws(&TwoSequence::c(100, 3).test(), 1, 1, |e| {
            assert_eq!(values(e), train)
        });
    }

    // ---- Experiments 4 and 5 ----

    /// The rule of the paper, applied to the inputs alone.
    fn marked(example: &Example) -> Vec<(usize, f32)> {
        let pairs = values(example).chunks(2).enumerate();
        pairs
            .filter(|(_, pair)| pair[1] == 1.0)
            .map(|(t, pair)| (t, pair[0]))
            .collect()
    }

    #[test]
    fn adding_follows_the_rules_of_the_paper() {
        let task = Adding { length: 100 };
        let n = 60_000;
        let (mut lengths, mut early, mut places) = ([0; 111], 0, [0; 50]);
        let (mut error, mut correct, mut first_marked) = (0.0, 0, 0);
        draws(&task, 1, n, |e| {
            lengths[e.len()] += 1;
            let marks = marked(e);
            assert_eq!(marks.len(), 2);
            let (a, b) = (marks[0], marks[1]);
            assert!(
                a.0 < 10 && b.0 < 50,
                "X1 in the first ten, X2 in the first half"
            );
            early += usize::from(b.0 < 10);
            places[a.0] += 1;
            places[b.0] += 1;
            assert_eq!(at_end(e)[0], 0.5 + (a.1 + b.1) / 4.0);
            let pairs = values(e);
            assert_eq!(pairs[pairs.len() - 1], -1.0);
            if a.0 == 0 {
                first_marked += 1;
                assert_eq!(a.1, 0.0, "the value is zeroed, the marker stays");
            } else {
                assert_eq!(pairs[1], -1.0);
            }
            let others = pairs.chunks(2).enumerate().filter(|(t, _)| {
                *t != 0 && *t != a.0 && *t != b.0 && *t + 1 != pairs.len() / 2
            });
            assert!(others.clone().all(|(_, pair)| pair[1] == 0.0));
            assert!(others
                .clone()
                .all(|(_, pair)| (-1.0..1.0).contains(&pair[0])));
            let off = f64::from(at_end(e)[0]) - 0.5;
            error += off * off;
            correct += usize::from(off.abs() < 0.04);
        });
        for length in &lengths[100..] {
            assert!(near(*length, n, 1.0 / 11.0), "{length}");
        }
        // X2 falls on one of 49 pairs, 9 of which are among the first ten.
        assert!(near(early, n, 9.0 / 49.0));
        for (t, &count) in places.iter().enumerate() {
            let p = if t < 10 { 0.1 + 0.9 / 49.0 } else { 1.0 / 49.0 };
            assert!(near(count, n, p), "{t}: {count}");
        }
        assert!(near(first_marked, n, task.first_pair_marked()));
        assert!((task.first_pair_marked() - (0.1 + 0.9 / 49.0)).abs() < 1e-12);
        // The trivial answer ½: about .0392; .0417 if nothing were zeroed.
        let error = error / n as f64;
        assert!(
            (task.trivial_error() - 0.039_200_7).abs() < 1e-6,
            "{}",
            task.trivial_error()
        );
        assert!((error - task.trivial_error()).abs() < 7e-4, "{error}");
        // |X1 + X2| < .16: 15.36 % for two uniform numbers, 16 % when one is zero.
        let p = task.first_pair_marked();
        let right = (1.0 - p) * (0.16 - 0.16 * 0.16 / 4.0) + p * 0.16;
        assert!(near(correct, n, right), "{correct}");
    }

    #[test]
    fn multiplication_follows_the_rules_of_the_paper() {
        let task = Multiplication { length: 100 };
        let n = 60_000;
        let (mut sum, mut error, mut first_marked) = (0.0, 0.0, 0);
        draws(&task, 1, n, |e| {
            let marks = marked(e);
            assert_eq!(marks.len(), 2);
            assert!(marks[0].0 < 10 && marks[1].0 < 50);
            assert_eq!(at_end(e)[0], marks[0].1 * marks[1].1);
            if marks[0].0 == 0 {
                first_marked += 1;
                assert_eq!(marks[0].1, 1.0);
            }
            assert!(values(e)
                .chunks(2)
                .all(|pair| (0.0..=1.0).contains(&pair[0])));
            let target = f64::from(at_end(e)[0]);
            sum += target;
            error += (target - task.trivial_answer()).powi(2);
        });
        assert!(near(first_marked, n, task.first_pair_marked()));
        assert!((sum / n as f64 - task.trivial_answer()).abs() < 0.005);
        assert!((error / n as f64 - task.trivial_error()).abs() < 0.001);
        let unmarked: f64 = 1.0 / 9.0 - 1.0 / 16.0;
        assert!((unmarked - 7.0 / 144.0).abs() < 1e-15);
    }

    #[test]
    fn short_adding_sequences_keep_the_rules() {
        for length in 12..40 {
            draws(&Adding { length }, 1, 300, |e| {
                assert!((length..=length + length / 10).contains(&e.len()));
                let marks = marked(e);
                assert_eq!(marks.len(), 2);
                assert!(marks[1].0 + 1 < e.len());
                assert!(marks.iter().any(|m| m.0 < 10));
                assert!(marks.iter().any(|m| m.0 < length / 2));
            });
        }
    }

    #[test]
    #[should_panic(expected = "shorter than 12")]
    fn too_short_adding_sequences_are_refused() {
        draws(&Adding { length: 11 }, 1, 1, |_| ());
    }

    // ---- Experiment 6 ----

    #[test]
    fn temporal_order_has_positions_and_classes_as_printed() {
        for (relevant, ranges) in [
            (Relevant::Two, &[(10, 20), (50, 60)][..]),
            (Relevant::Three, &[(10, 20), (33, 43), (66, 76)][..]),
        ] {
            let task = TemporalOrder { relevant };
            let n = 20_000;
            let classes = task.outputs();
            let (mut counts, mut lengths, mut letters) = (vec![0; classes], [0; 111], [0; 8]);
            let mut places = vec![[0; 111]; ranges.len()];
            draws(&task, 1, n, |e| {
                let s = symbols(e);
                lengths[s.len()] += 1;
                s.iter().for_each(|&s| letters[s] += 1);
                let find = |symbol| s.iter().filter(|&&s| s == symbol).count();
                assert_eq!((s[0], find(temporal_order::E)), (temporal_order::E, 1));
                assert_eq!(s[s.len() - 1], temporal_order::B);
                assert_eq!(find(temporal_order::B), 1);
                let order: Vec<(usize, usize)> = s
                    .iter()
                    .enumerate()
                    .filter(|(_, &s)| s >= 6)
                    .map(|(t, &s)| (t, s))
                    .collect();
                assert_eq!(order.len(), ranges.len());
                let mut number = 0;
                for (k, &(t, s)) in order.iter().enumerate() {
                    let (first, last) = ranges[k];
                    assert!((first..=last).contains(&(t + 1)), "counted from 1");
                    places[k][t + 1] += 1;
                    number = 2 * number + (s - 6);
                }
                assert_eq!(class(e), number);
                counts[number] += 1;
                let last = order[order.len() - 1].0;
                assert!(
                    s.len() - 1 - last >= if classes == 4 { 40 } else { 24 },
                    "Table 10"
                );
            });
            for count in counts {
                assert!(near(count, n, 1.0 / classes as f64));
            }
            for length in &lengths[100..] {
                assert!(near(*length, n, 1.0 / 11.0), "{length}");
            }
            for (k, &(first, last)) in ranges.iter().enumerate() {
                for place in &places[k][first..=last] {
                    assert!(near(*place, n, 1.0 / 11.0), "{place}");
                }
            }
            let distractors: usize = letters[2..6].iter().sum();
            for letter in &letters[2..6] {
                assert!(near(*letter, distractors, 0.25));
            }
        }
    }

    // ---- Leaks ----

    /// The answer at the end cannot be read from the last input: for symbols it is the same
    /// in every class, for values it is uncorrelated with the target.
    #[test]
    fn the_last_input_does_not_tell_the_answer() {
        for (key, task) in every_task() {
            let mut last: HashSet<usize> = HashSet::new();
            let (mut xy, mut xx, mut yy, mut n) = (0.0, 0.0, 0.0, 0.0);
            let mean = match key {
                "5" => Multiplication { length: 100 }.trivial_answer(),
                _ => 0.5,
            };
            let center = if key == "5" { 0.5 } else { 0.0 };
            let mut agree = [[0; 2]; 2];
            draws(&*task, 11, 20_000, |e| match (&e.inputs, &e.target) {
                (Inputs::OneHot { symbols, .. }, Target::AtEnd(target))
                    if key.starts_with("2b") =>
                {
                    // What is shown last is independent of the answer, x or y.
                    let half = usize::from(symbols[symbols.len() - 1] < 49);
                    agree[usize::from(target[99] == 1.0)][half] += 1;
                }
                (Inputs::OneHot { symbols, .. }, Target::AtEnd(_)) => {
                    last.insert(*symbols.last().unwrap());
                }
                (Inputs::Dense { width, values }, Target::AtEnd(target)) => {
                    let x = f64::from(values[values.len() - width]) - center;
                    let y = f64::from(target[0]) - mean;
                    xy += x * y;
                    xx += x * x;
                    yy += y * y;
                    n += 1.0;
                }
                (Inputs::OneHot { symbols, .. }, Target::EachStep { symbols: next, .. }) => {
                    // The target that needs the memory: the last but one of experiment 1
                    // (T or P), the last of 2a and 2b (x or y). What is shown at that step
                    // is the same for both answers, or independent of them.
                    let t = symbols.len() - if key == "1" { 2 } else { 1 };
                    let half = match key {
                        "1" | "2a" => usize::from(symbols[t] == 6 || symbols[t] == 98),
                        _ => usize::from(symbols[t] < 49),
                    };
                    agree[usize::from(next[t] == 1 || next[t] == 99)][half] += 1;
                }
                (Inputs::Dense { .. }, Target::EachStep { .. }) => unreachable!(),
            });
            match key {
                "2c" | "6a" | "6b" => assert_eq!(last.len(), 1, "{key}"),
                "1" | "2a" => assert_eq!((agree[0][0], agree[1][0]), (0, 0), "{key}"),
                "2b" | "2b, at the end" => {
                    for row in agree {
                        assert!(near(row[0], row[0] + row[1], 50.0 / 99.0), "{key} {row:?}");
                    }
                }
                _ => {
                    let scale: f64 = xx * yy;
                    let r = xy / scale.sqrt();
                    assert!(r.abs() < 5.0 / f64::sqrt(n), "{key} {r}");
                }
            }
        }
    }
}
