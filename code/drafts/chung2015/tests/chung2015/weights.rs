// SPDX-License-Identifier: MIT OR Apache-2.0
//! How many weights: what Table 1's sizes say about what the paper leaves open.

use super::made::{designs, drawn};
use chung2015::model::{Design, Unit, Wiring, LAYERS, SYMBOLS};
use kernels::Instructions;
use tape::train::parameters::count;

/// Table 1: a unit, and the units of a single layer, of each of three stacked ones, of three with gated
/// feedback, and of "GF-RNN L", where there is one.
const TABLE_1: [(Unit, [usize; 3], Option<usize>); 3] = [
    (Unit::Tanh, [1000, 390, 303], None),
    (Unit::Gru, [540, 228, 165], Some(228)),
    (Unit::Lstm, [456, 191, 140], Some(191)),
];

fn paper(unit: Unit, wiring: Wiring, units: usize) -> Design {
    Design {
        unit,
        wiring,
        symbols: SYMBOLS,
        next: SYMBOLS,
        layers: if wiring == Wiring::Single { 1 } else { LAYERS },
        units,
        skip: true,
        path: Instructions::Portable,
    }
}

#[test]
fn eq_6_11_counts_the_weights_that_there_are() {
    for design in designs() {
        let output = (design.layers * design.units + 1) * design.next;
        let all = count(&mut drawn(design, 1));
        assert_eq!(all, design.weights() + output, "{design:?}");
        let most = Design { units: 9, ..design };
        let weights = most.weights() + (most.layers * 9 + 1) * most.next;
        assert_eq!(design.units_for(weights), Some(9));
        assert_eq!(design.units_for(weights - 1), Some(8));
        assert_eq!(design.units_for(0), None);
    }
}

#[test]
fn table_1_has_equal_weights_where_symbols_feed_all_layers_and_unit_gates_read_all() {
    let counts = TABLE_1.map(|(unit, units, _)| {
        let wirings = [Wiring::Single, Wiring::Stacked, Wiring::Gated];
        [0, 1, 2].map(|k| paper(unit, wirings[k], units[k]).weights())
    });
    // With a bias at each feedback gate, 9 of them, which the paper does not write and its program has.
    assert_eq!(
        counts,
        [
            [1_206_000, 1_001_520, 1_208_997 + 9],
            [1_208_520, 1_202_472, 1_211_625 + 9],
            [1_207_488, 1_201_772, 1_214_945 + 9],
        ]
    );
    let mut all = counts.concat();
    all.sort_unstable();
    // But for the stacked tanh network they are within 1.1 percent of one another.
    assert!(all[8] * 1000 < all[1] * 1011);
    assert!(all[0] * 100 < all[1] * 84);
}

#[test]
fn table_1_has_not_equal_weights_without_either() {
    for (unit, units, _) in TABLE_1 {
        let single = paper(unit, Wiring::Single, units[0]).weights();
        let far = |weights: usize| weights * 100 < single * 90;
        for (wiring, units) in [(Wiring::Stacked, units[1]), (Wiring::Gated, units[2])] {
            let thin = Design {
                skip: false,
                ..paper(unit, wiring, units)
            };
            assert!(far(thin.weights()), "{thin:?} {}", thin.weights());
        }
        // Unit gates that read their own layer's state alone.
        let gates = match unit {
            Unit::Tanh => continue,
            Unit::Gru => 2,
            Unit::Lstm => 3,
        };
        let others = LAYERS * (LAYERS - 1) * gates * units[2] * units[2];
        let own = paper(unit, Wiring::Gated, units[2]).weights() - others;
        assert!(far(own));
        let printed = if unit == Unit::Gru { 884_925 } else { 862_145 };
        assert_eq!(own, printed + 9);
    }
}

/// "GF-RNN L" has the units of the stacked network, and so more weights, not other gates.
#[test]
fn the_large_network_of_table_1_has_nearly_twice_the_weights() {
    for (unit, units, large) in TABLE_1 {
        let Some(large) = large else { continue };
        assert_eq!(large, units[1]);
        let [stacked, gated] =
            [Wiring::Stacked, Wiring::Gated].map(|wiring| paper(unit, wiring, large).weights());
        assert!(gated * 10 > stacked * 17 && gated * 10 < stacked * 19);
        // A gate that is not squashed has as many.
        assert_eq!(paper(unit, Wiring::Linear, large).weights(), gated);
    }
}
