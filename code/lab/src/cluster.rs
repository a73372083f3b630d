// SPDX-License-Identifier: MIT OR Apache-2.0
//! Trees of clusters, and how well a cut through one agrees with classes that are known.

/// Two clusters become one. The vectors are the clusters from 0, and the first merge makes the cluster
/// of the next number, the second that of the one after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merge {
    /// One of the two clusters.
    pub left: usize,
    /// The other.
    pub right: usize,
    /// The mean distance between the vectors of the one and those of the other.
    pub height: f64,
}

/// The tree of some vectors by average linkage: those two clusters are merged whose vectors have the
/// least mean Euclidean distance from each other, until there is one. Of several with the same
/// distance, the first.
pub fn average_linkage(vectors: &[Vec<f64>]) -> Vec<Merge> {
    let count = vectors.len();
    let squares = |a: &[f64], b: &[f64]| -> f64 {
        let pairs = a.iter().zip(b);
        pairs.map(|(a, b)| (a - b) * (a - b)).sum()
    };
    let mut apart: Vec<Vec<f64>> = vectors
        .iter()
        .map(|a| vectors.iter().map(|b| squares(a, b).sqrt()).collect())
        .collect();
    // A cluster stands in the row of one of its vectors: its number and size.
    let mut rows: Vec<Option<(usize, usize)>> =
        (0..count).map(|number| Some((number, 1))).collect();
    let mut merges = Vec::with_capacity(count.saturating_sub(1));
    for next in count..(2 * count).saturating_sub(1) {
        let mut least = (f64::INFINITY, 0, 0);
        for a in 0..count {
            if rows[a].is_none() {
                continue;
            }
            for b in a + 1..count {
                if rows[b].is_some() && apart[a][b] < least.0 {
                    least = (apart[a][b], a, b);
                }
            }
        }
        let (height, a, b) = least;
        let (Some((left, m)), Some((right, n))) = (rows[a], rows[b]) else {
            // No two have a distance that is a number.
            break;
        };
        merges.push(Merge {
            left,
            right,
            height,
        });
        let weight = |size: usize| size as f64 / (m + n) as f64;
        let both = apart[a].iter().zip(&apart[b]);
        let means: Vec<f64> = both.map(|(x, y)| weight(m) * x + weight(n) * y).collect();
        for (row, mean) in apart.iter_mut().zip(&means) {
            row[a] = *mean;
        }
        apart[a] = means;
        rows[a] = Some((next, m + n));
        rows[b] = None;
    }
    merges
}

/// The cluster of each of `count` vectors where the tree is cut into so many clusters: numbers from 0,
/// in the order in which the clusters' first vectors stand.
pub fn cut(merges: &[Merge], count: usize, clusters: usize) -> Vec<usize> {
    let mut of: Vec<usize> = (0..count).collect();
    let made = count.saturating_sub(clusters.max(1));
    for (place, merge) in merges.iter().take(made).enumerate() {
        for cluster in &mut of {
            if *cluster == merge.left || *cluster == merge.right {
                *cluster = count + place;
            }
        }
    }
    let mut known: Vec<usize> = Vec::new();
    of.into_iter()
        .map(|cluster| {
            let place = known.iter().position(|other| *other == cluster);
            place.unwrap_or_else(|| {
                known.push(cluster);
                known.len() - 1
            })
        })
        .collect()
}

/// The best agreement of the known classes with a cut through the tree, over all numbers of clusters:
/// where it lies does not matter, and a vector far from all others, which is a cluster of its own in
/// every cut, costs little.
pub fn best_cut(merges: &[Merge], known: &[usize]) -> f64 {
    let mut best = agreement(&cut(merges, known.len(), 1), known);
    for clusters in 2..=known.len() {
        let one = agreement(&cut(merges, known.len(), clusters), known);
        if one > best {
            best = one;
        }
    }
    best
}

/// The adjusted Rand index of two ways to put the same things into classes (Hubert and Arabie 1985):
/// of all pairs, how many both put together, beyond what classes of these sizes have by chance, as a
/// share of the most there could be. One where they are the same, zero on average by chance.
///
/// # Panics
/// When they are not of equally many things.
pub fn agreement(ours: &[usize], known: &[usize]) -> f64 {
    assert_eq!(ours.len(), known.len());
    let pairs = |count: usize| (count * count.saturating_sub(1)) as f64 / 2.0;
    let classes = |of: &[usize]| 1 + of.iter().max().copied().unwrap_or(0);
    let mut table = vec![vec![0; classes(known)]; classes(ours)];
    for (&a, &b) in ours.iter().zip(known) {
        table[a][b] += 1;
    }
    let sizes: Vec<usize> = table.iter().map(|row| row.iter().sum()).collect();
    let mut others = vec![0; classes(known)];
    for row in &table {
        for (sum, count) in others.iter_mut().zip(row) {
            *sum += count;
        }
    }
    let sum = |counts: &[usize]| counts.iter().map(|&count| pairs(count)).sum::<f64>();
    let both: f64 = table.iter().map(|row| sum(row)).sum();
    let (a, b, all) = (sum(&sizes), sum(&others), pairs(ours.len()));
    let chance = if all > 0.0 { a * b / all } else { 0.0 };
    let most = (a + b) / 2.0;
    if most - chance > 0.0 {
        (both - chance) / (most - chance)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::{agreement, average_linkage, best_cut, cut, Merge};

    /// By hand: 0, 1, 4, 6, 20 on a line. The pair 0 and 1 is merged at 1, the pair 4 and 6 at 2, both
    /// at the mean of 4, 6, 3 and 5, and all with 20 at the mean of 20, 19, 16 and 14.
    #[test]
    fn clusters_merge_at_the_mean_distance_of_their_vectors() {
        let line = [0.0, 4.0, 20.0, 1.0, 6.0].map(|x| vec![x, 0.0]);
        let merges = average_linkage(&line);
        let expected = [(0, 3, 1.0), (1, 4, 2.0), (5, 6, 4.5), (7, 2, 17.25)];
        let expected = expected.map(|(left, right, height)| Merge {
            left,
            right,
            height,
        });
        assert_eq!(merges, expected);
        assert_eq!(cut(&merges, 5, 1), [0; 5]);
        assert_eq!(cut(&merges, 5, 2), [0, 0, 1, 0, 0]);
        assert_eq!(cut(&merges, 5, 3), [0, 1, 2, 0, 1]);
        assert_eq!(cut(&merges, 5, 5), [0, 1, 2, 3, 4]);
        // The one far from all others is a cluster of its own.
        let known = [0, 1, 1, 0, 1];
        assert!(agreement(&cut(&merges, 5, 2), &known) < 0.1);
        let best = agreement(&cut(&merges, 5, 3), &known);
        assert!(best > 0.5 && best < 1.0);
        assert_eq!(best_cut(&merges, &known), best);
        assert_eq!(best_cut(&merges, &[0, 1, 2, 0, 1]), 1.0);
        assert_eq!(average_linkage(&[]), []);
        assert_eq!(average_linkage(&line[..1]), []);
    }

    /// The mean over all pairs of vectors, formed anew at each merge.
    #[test]
    fn heights_are_the_means_over_all_pairs() {
        let at = |k: usize| vec![((k * 7919) % 101) as f64, ((k * 104_729) % 89) as f64];
        let vectors: Vec<Vec<f64>> = (0..23).map(at).collect();
        let distance = |a: usize, b: usize| {
            let pairs = vectors[a].iter().zip(&vectors[b]);
            pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
        };
        let mut members: Vec<Vec<usize>> = (0..vectors.len()).map(|k| vec![k]).collect();
        let mean = |a: &[usize], b: &[usize]| {
            let all = a
                .iter()
                .flat_map(|&a| b.iter().map(move |&b| distance(a, b)));
            all.sum::<f64>() / (a.len() * b.len()) as f64
        };
        let mut alive: Vec<usize> = (0..vectors.len()).collect();
        for merge in average_linkage(&vectors) {
            let height = mean(&members[merge.left], &members[merge.right]);
            assert!((merge.height - height).abs() < 1e-9);
            for &a in &alive {
                for &b in alive.iter().filter(|b| **b > a) {
                    assert!(mean(&members[a], &members[b]) > merge.height - 1e-9);
                }
            }
            alive.retain(|&cluster| cluster != merge.left && cluster != merge.right);
            alive.push(members.len());
            let joined = [&members[merge.left][..], &members[merge.right]].concat();
            members.push(joined);
        }
        assert_eq!(alive.len(), 1);
    }

    /// By hand: two classes of three, cut into a pair and four.
    #[test]
    fn agreement_is_one_for_the_same_and_zero_by_chance() {
        let known = [0, 0, 0, 1, 1, 1];
        assert_eq!(agreement(&[1, 1, 1, 0, 0, 0], &known), 1.0);
        // Table (2, 0; 1, 3): pairs 1 + 3, of 1 + 6 and 3 + 3.
        let (both, chance) = (4.0, 7.0 * 6.0 / 15.0);
        let expected = (both - chance) / (6.5 - chance);
        assert!((agreement(&[0, 0, 1, 1, 1, 1], &known) - expected).abs() < 1e-12);
        assert_eq!(agreement(&[0; 6], &known), 0.0);
        // All ways to draw a class of three out of six.
        let mut sum = 0.0;
        let mut count = 0.0;
        for drawn in 0..64_usize {
            if drawn.count_ones() == 3 {
                let ours: Vec<usize> = (0..6).map(|k| drawn >> k & 1).collect();
                sum += agreement(&ours, &known);
                count += 1.0;
            }
        }
        assert!((sum / count).abs() < 1e-12);
        assert_eq!(agreement(&[0, 0], &[0, 0]), 1.0);
    }
}
