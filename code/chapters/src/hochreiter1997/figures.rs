// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chapter's figures, each a pure function of the records.
use lab::chapter::Table;
use lab::figure::diagram::Place;
use lab::figure::svg::{Anchor, Ink, Svg, Word, WIDTH};
use lab::figure::Figure;

/// The memory cell growing gate by gate. It shows no measurement.
pub fn cell() -> Figure {
    let column = WIDTH / 2 + 20;
    let mut svg = Svg::new(1470);
    let heads = [
        ((0, 0), "1  The carousel", "weight 1.0 keeps what is in *s*"),
        ((column, 0), "2  The input gate", "*i* decides what gets in"),
        ((0, 660), "3  The output gate", "*o* decides what gets out"),
        ((column, 660), "4  A block", "two cells share both gates"),
    ];
    for ((x, y), title, below) in heads {
        svg.word(&Word::new(x, y + 24, Anchor::Start, title).bold());
        svg.word(&Word::new(x, y + 72, Anchor::Start, below));
    }
    let formulas = [
        ((0, 400), "*s*_t = *s*_{t−1} + net^c"),
        ((column, 580), "*s*_t = *s*_{t−1} + *i* · *g*(net^c)"),
        ((0, 1340), "*y*^c = *o* · *h*(*s*_t)"),
    ];
    for ((x, y), formula) in formulas {
        svg.word(&Word::new(x + 4, y, Anchor::Start, formula));
    }
    let cell = |left, row, stage| Cell {
        left,
        row,
        stage,
        loop_up: true,
        name: "",
    };
    cell(0, 300, 1).draw(&mut svg);
    cell(column, 300, 2).draw(&mut svg);
    input_gate(&mut svg, (column, 475), &[300]);
    cell(0, 1060, 3).draw(&mut svg);
    input_gate(&mut svg, (0, 1235), &[1060]);
    output_gate(&mut svg, (0, 1235), &[1060]);
    Cell {
        name: "1",
        ..cell(column, 952, 3)
    }
    .draw(&mut svg);
    Cell {
        name: "2",
        loop_up: false,
        ..cell(column, 1282, 3)
    }
    .draw(&mut svg);
    input_gate(&mut svg, (column, 1117), &[952, 1282]);
    output_gate(&mut svg, (column, 1117), &[952, 1282]);
    let row = |cells: [&str; 3]| cells.map(String::from).to_vec();
    Figure::new(
        "cell",
        "The memory cell, gate by gate",
        "Four diagrams, each adding one part. First, the constant error carousel: a unit s with a \
         connection to itself of weight 1.0; net input comes in on the left and is added, and the \
         state goes out on the right. Second, the net input first passes the squashing function g \
         and is then multiplied by the activation i of an input gate, a sigmoid unit with a net \
         input of its own. Third, the state passes the squashing function h and is multiplied by \
         the activation o of an output gate before it leaves the cell as y. Fourth, a block: two \
         such cells, one above and one below, each with its own state and carousel, share one \
         input gate and one output gate. There is no forget gate.",
        &svg,
        Table {
            columns: row(["Part", "Computes", "Comes with"]),
            rows: vec![
                row(["carousel", "s(t) = s(t−1) + what comes in", "diagram 1"]),
                row(["squashing g", "4σ(net) − 2, from −2 to 2", "diagram 2"]),
                row(["input gate", "i = σ(net of the input gate), times g", "diagram 2"]),
                row(["squashing h", "2σ(s) − 1, from −1 to 1", "diagram 3"]),
                row(["output gate", "o = σ(net of the output gate), times h", "diagram 3"]),
                row(["block", "cells with one input gate and one output gate", "diagram 4"]),
            ],
        },
    )
}

/// Color of the carousel, of the input gate, of the output gate.
const CAROUSEL: Ink = Ink::One;
const INPUT: Ink = Ink::Three;
const OUTPUT: Ink = Ink::Four;

/// Where the parts of a cell stand, counted from its left edge.
const IN_TIMES: i32 = 250;
const STATE: i32 = 374;
const OUT_TIMES: i32 = 602;

/// One cell of the diagram.
struct Cell {
    left: i32,
    row: i32,
    loop_up: bool,
    /// 1: the carousel alone; 2: with squashed and gated input; 3: with squashed and gated output.
    stage: u8,
    /// Set below the names of state and output.
    name: &'static str,
}

impl Cell {
    fn draw(&self, svg: &mut Svg) {
        let Self { left, row: y, .. } = *self;
        let at = |x: i32| (left + x, y);
        let name = |base: &str| match self.name {
            "" => base.to_string(),
            name => format!("{base}_{name}"),
        };
        let label =
            |x: i32, anchor: Anchor, text: &str| Word::new(left + x, y - 44, anchor, text);
        svg.word(&label(4, Anchor::Start, &name("net^c")));
        if self.stage < 2 {
            svg.arrow(at(10), at(STATE - 56), Ink::Text);
        } else {
            svg.arrow(at(10), at(102), Ink::Text);
            svg.arrow(at(178), at(IN_TIMES - 28), Ink::Text);
            svg.arrow(at(IN_TIMES + 28), at(STATE - 56), Ink::Text);
            svg.unit(at(140), 76, Ink::Text, "*g*");
            svg.times(at(IN_TIMES), 28, INPUT);
        }
        let up = if self.loop_up { -1 } else { 1 };
        let bend = [
            (left + STATE + 140, y + up * 168),
            (left + STATE - 140, y + up * 168),
        ];
        let touch = |x: i32| (left + STATE + x, y + up * 50);
        svg.curved_arrow(touch(30), bend, touch(-32), CAROUSEL, 7);
        svg.word(
            &Word::new(left + STATE, y + up * 164, Anchor::Middle, "1.0")
                .ink(CAROUSEL)
                .bold(),
        );
        svg.node(at(STATE), 56, CAROUSEL, &name("*s*"));
        if self.stage < 3 {
            svg.arrow(at(STATE + 56), at(560), Ink::Text);
            svg.word(&label(556, Anchor::End, "*y*^c"));
        } else {
            svg.arrow(at(STATE + 56), at(462), Ink::Text);
            svg.arrow(at(538), at(OUT_TIMES - 28), Ink::Text);
            svg.arrow(at(OUT_TIMES + 28), at(694), Ink::Text);
            svg.unit(at(500), 76, Ink::Text, "*h*");
            svg.times(at(OUT_TIMES), 28, OUTPUT);
            svg.word(&label(696, Anchor::End, &name("*y*^c")));
        }
    }
}

/// The input gate of the cells in these rows.
fn input_gate(svg: &mut Svg, (left, y): Place, rows: &[i32]) {
    let x = left + IN_TIMES;
    svg.arrow((left + 10, y), (x - 40, y), INPUT);
    svg.word(&Word::new(left + 4, y - 40, Anchor::Start, "net^{in}").ink(INPUT));
    gate(svg, (x, y), INPUT, "*i*", rows);
}

/// The output gate of the cells in these rows.
fn output_gate(svg: &mut Svg, (left, y): Place, rows: &[i32]) {
    let x = left + OUT_TIMES;
    svg.arrow((left + 400, y), (x - 40, y), OUTPUT);
    svg.word(&Word::new(left + 396, y - 40, Anchor::Start, "net^{out}").ink(OUTPUT));
    gate(svg, (x, y), OUTPUT, "*o*", rows);
}

/// A gate's unit with an arrow to the multiplication in each row.
fn gate(svg: &mut Svg, (x, y): Place, ink: Ink, name: &str, rows: &[i32]) {
    for &row in rows {
        let up = if row < y { -1 } else { 1 };
        svg.arrow((x, y + up * 40), (x, row - up * 28), ink);
        svg.word(
            &Word::new(x + 18, (y + row) / 2 + up * 6, Anchor::Start, name)
                .ink(ink)
                .bold(),
        );
    }
    svg.node((x, y), 40, ink, "σ");
}
