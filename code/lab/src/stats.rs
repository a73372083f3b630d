// SPDX-License-Identifier: MIT OR Apache-2.0
//! Statistics that the claims and the prose rest on.

/// The 95 % Wilson score interval of a success rate, as fractions. (0, 1) of no trials.
pub fn wilson(successes: u64, trials: u64) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let z = 1.959_963_984_540_054;
    let n = trials as f64;
    let p = successes as f64 / n;
    let denominator = 1.0 + z * z / n;
    let center = (p + z * z / (2.0 * n)) / denominator;
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / denominator;
    ((center - half).max(0.0), (center + half).min(1.0))
}

/// The 95 % interval of the difference of two success rates, the first less the second, made of their
/// Wilson intervals (Newcombe 1998, method 10). Each is successes and trials.
pub fn difference(first: (u64, u64), second: (u64, u64)) -> (f64, f64) {
    let rate = |(successes, trials): (u64, u64)| successes as f64 / trials.max(1) as f64;
    let (p, q) = (rate(first), rate(second));
    let (p_low, p_high) = wilson(first.0, first.1);
    let (q_low, q_high) = wilson(second.0, second.1);
    let low = (p - p_low).hypot(q_high - q);
    let high = (p_high - p).hypot(q - q_low);
    (p - q - low, p - q + high)
}

/// The mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The median; the mean of the middle two of an even number. NaN of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

/// The quantile at `share` from 0 to 1, between neighbors in proportion (type 7 of Hyndman and Fan,
/// what R and NumPy take by default). NaN of nothing.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place as usize;
    let above = (below + 1).min(last);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// The 95 % bootstrap interval of the mean of `a − b` over paired seeds: quantiles of the means of
/// `resamples` draws with replacement. The same bytes for the same seed. `None` where the two are
/// not pairs or there is none.
pub fn paired_bootstrap(
    a: &[f64],
    b: &[f64],
    resamples: usize,
    seed: u64,
) -> Option<(f64, f64)> {
    let n = a.len();
    if n == 0 || n != b.len() || resamples == 0 {
        return None;
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let mut state = seed;
    let means: Vec<f64> = (0..resamples)
        .map(|_| {
            let drawn = (0..n).map(|_| {
                // The high word of a product is a fair enough place: n is far below 2^64.
                let place = (u128::from(split_mix(&mut state)) * n as u128) >> 64;
                differences[place as usize]
            });
            drawn.sum::<f64>() / n as f64
        })
        .collect();
    Some((quantile(&means, 0.025), quantile(&means, 0.975)))
}

/// Spearman's correlation of pairs of numbers: Pearson's of their ranks, where equal numbers share the
/// mean of theirs. `None` for fewer than two pairs, or where one side is all alike.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() || a.len() < 2 {
        return None;
    }
    let (a, b) = (ranks(a), ranks(b));
    // Ranks of n numbers have this mean, however many are alike.
    let middle = (a.len() - 1) as f64 / 2.0;
    let product = |a: &[f64], b: &[f64]| -> f64 {
        let each = a.iter().zip(b);
        each.map(|(a, b)| (a - middle) * (b - middle)).sum()
    };
    let (own, other) = (product(&a, &a), product(&b, &b));
    (own > 0.0 && other > 0.0).then(|| product(&a, &b) / (own * other).sqrt())
}

/// The place of each number in ascending order, from 0; equal numbers share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let same = |&&n: &&usize| values[n] == values[order[from]];
        let count = order[from..].iter().take_while(same).count();
        let rank = from as f64 + (count - 1) as f64 / 2.0;
        order[from..from + count]
            .iter()
            .for_each(|&n| ranks[n] = rank);
        from += count;
    }
    ranks
}

/// The directions in which vectors differ most, the first principal components, and each vector's
/// coordinates along them, `count` for each. A direction is found by multiplying with the vectors'
/// covariance until it stands still; its first component that is not zero is positive.
pub fn principal_components(
    vectors: &[Vec<f64>],
    count: usize,
) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let (n, width) = (vectors.len(), vectors.first().map_or(0, Vec::len));
    let mut middle = vec![0.0; width];
    for vector in vectors {
        for (sum, x) in middle.iter_mut().zip(vector) {
            *sum += x / n as f64;
        }
    }
    let apart = |vector: &Vec<f64>| vector.iter().zip(&middle).map(|(x, m)| x - m).collect();
    let centered: Vec<Vec<f64>> = vectors.iter().map(apart).collect();
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let mut directions: Vec<Vec<f64>> = Vec::new();
    for place in 0..count.min(width) {
        // A start that no symmetry of the vectors singles out.
        let mut state = place as u64;
        let mut direction: Vec<f64> = (0..width)
            .map(|_| split_mix(&mut state) as f64 / u64::MAX as f64 - 0.5)
            .collect();
        for _ in 0..STEPS {
            let mut next = vec![0.0; width];
            for vector in &centered {
                let along = dot(vector, &direction);
                next.iter_mut()
                    .zip(vector)
                    .for_each(|(to, x)| *to += along * x);
            }
            for found in &directions {
                let along = dot(&next, found);
                next.iter_mut()
                    .zip(found)
                    .for_each(|(to, x)| *to -= along * x);
            }
            let norm = dot(&next, &next).sqrt();
            if norm <= f64::MIN_POSITIVE {
                break;
            }
            next.iter_mut().for_each(|x| *x /= norm);
            direction = next;
        }
        let norm = dot(&direction, &direction).sqrt();
        let first = direction.iter().find(|x| x.abs() > 1e-9 * norm).copied();
        let scale = norm.copysign(first.unwrap_or(1.0));
        direction.iter_mut().for_each(|x| *x /= scale);
        directions.push(direction);
    }
    let along = |vector: &Vec<f64>| directions.iter().map(|d| dot(vector, d)).collect();
    let coordinates = centered.iter().map(along).collect();
    (directions, coordinates)
}

/// Multiplications until a principal direction counts as found.
const STEPS: usize = 300;

/// The next number of SplitMix64 (Steele, Lea, Flood 2014).
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: of four values the place of the quartile is 0.75, three quarters of the way from
    /// the first to the second.
    #[test]
    fn quantiles_lie_between_neighbors_in_proportion() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&values, 0.0), 1.0);
        assert_eq!(quantile(&values, 0.25), 1.75);
        assert_eq!(quantile(&values, 0.5), median(&values));
        assert_eq!(quantile(&values, 1.0), 4.0);
        assert_eq!(quantile(&[7.0], 0.3), 7.0);
        assert!(quantile(&[], 0.5).is_nan());
    }

    /// By hand: the ranks 0, 1, 2, 3, 4 against 0, 1, 2.5, 4, 2.5 have 8 over the root of 10 · 9.5.
    #[test]
    fn equal_numbers_share_their_ranks() {
        let rho = spearman(&[1.0, 2.0, 3.0, 4.0, 5.0], &[5.0, 6.0, 7.0, 8.0, 7.0]).unwrap();
        assert!((rho - 8.0 / 95f64.sqrt()).abs() < 1e-12);
        let falling = spearman(&[1.0, 10.0, 100.0], &[3.0, 2.0, -7.0]).unwrap();
        assert!((falling + 1.0).abs() < 1e-12);
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[1.0], &[1.0]), None);
    }

    /// Points on a cross: four along (0.6, 0.8), two nearer ones along (0.8, −0.6).
    #[test]
    fn principal_components_are_the_directions_of_greatest_variance() {
        let points = [
            (3.0, 0.0),
            (-3.0, 0.0),
            (2.0, 0.0),
            (-2.0, 0.0),
            (0.0, 1.0),
            (0.0, -1.0),
        ];
        let place = |(a, b): (f64, f64)| vec![0.6 * a + 0.8 * b + 5.0, 0.8 * a - 0.6 * b - 7.0];
        let vectors: Vec<Vec<f64>> = points.into_iter().map(place).collect();
        let (directions, coordinates) = principal_components(&vectors, 2);
        for (found, right) in directions.iter().flatten().zip([0.6, 0.8, 0.8, -0.6]) {
            assert!((found - right).abs() < 1e-9, "{directions:?}");
        }
        for (found, (a, b)) in coordinates.iter().zip(points) {
            assert!((found[0] - a).abs() < 1e-9 && (found[1] - b).abs() < 1e-9);
        }
    }

    /// The generator's first numbers from seed 1234567, as its reference implementation prints them.
    #[test]
    fn the_generator_is_split_mix() {
        let mut state = 1_234_567;
        assert_eq!(split_mix(&mut state), 6_457_827_717_110_365_317);
        assert_eq!(split_mix(&mut state), 3_203_168_211_198_807_973);
    }

    /// Pairs that differ by 0 or 1, half of a hundred each: the mean of a resample is a binomial
    /// share, whose exact 2.5 % and 97.5 % quantiles of 100 draws at one half are 0.40 and 0.60.
    #[test]
    fn the_paired_bootstrap_of_a_share_is_the_binomial_interval() {
        let a: Vec<f64> = (0..100).map(|k| f64::from(k % 2) + f64::from(k)).collect();
        let b: Vec<f64> = (0..100).map(f64::from).collect();
        let (low, high) = paired_bootstrap(&a, &b, 10_000, 1).unwrap();
        assert!(
            (low - 0.40).abs() < 0.0101 && (high - 0.60).abs() < 0.0101,
            "{low} {high}"
        );
        assert_eq!(
            paired_bootstrap(&a, &b, 10_000, 1).unwrap(),
            (low, high),
            "the same seed gave something else"
        );
        let shifted: Vec<f64> = b.iter().map(|x| x + 2.0).collect();
        assert_eq!(
            paired_bootstrap(&shifted, &b, 100, 1),
            Some((2.0, 2.0)),
            "pairs were torn apart"
        );
        assert_eq!(paired_bootstrap(&a, &b[1..], 100, 1), None);
        assert_eq!(paired_bootstrap(&[], &[], 100, 1), None);
    }

    /// The four cases of Newcombe, *Two-sided confidence intervals for the single proportion*,
    /// Statistics in Medicine 17 (1998), method 3.
    #[test]
    fn wilson_intervals_are_the_published_ones() {
        for (k, n, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let (ours_low, ours_high) = wilson(k, n);
            assert!((ours_low - low).abs() < 5e-5, "{k} of {n}: {ours_low}");
            assert!((ours_high - high).abs() < 5e-5, "{k} of {n}: {ours_high}");
        }
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }

    /// The six cases of Newcombe, *Interval estimation for the difference between independent
    /// proportions*, Statistics in Medicine 17 (1998), method 10.
    #[test]
    fn intervals_of_differences_are_the_published_ones() {
        for (first, second, low, high) in [
            ((56, 70), (48, 80), 0.0524, 0.3339),
            ((9, 10), (3, 10), 0.1705, 0.8090),
            ((6, 7), (2, 7), 0.0582, 0.8062),
            ((5, 56), (0, 29), -0.0381, 0.1926),
            ((0, 10), (0, 20), -0.1611, 0.2775),
            ((0, 10), (0, 10), -0.2775, 0.2775),
        ] {
            let (ours_low, ours_high) = difference(first, second);
            assert!((ours_low - low).abs() < 5e-5, "{first:?} {ours_low}");
            assert!((ours_high - high).abs() < 5e-5, "{first:?} {ours_high}");
        }
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert!(median(&[]).is_nan());
    }
}
