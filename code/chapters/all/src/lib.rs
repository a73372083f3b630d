// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one list of chapters: all sixteen, written or not, and the pages that compare them.
pub mod comparison;
pub mod corpus;

use lab::chapter::{Chapter, Part, Records, Survey, Table, Values};
pub use lab::root::root;
use lab::{experiment::Experiment, figure::Figure};

/// All chapters in the order of the book.
pub fn all() -> Vec<Chapter> {
    vec![
        elman1990::chapter(),
        pascanu2013::chapter(),
        hochreiter1997::chapter(),
        gers2000::chapter(),
        chung2014::chapter(),
        draft(
            6,
            "chung2015",
            "Gated feedback",
            Part::Memory,
            "Gates between layers let every layer of a stack feed every other, at the time that suits it.",
            "https://proceedings.mlr.press/v37/chung15.html",
        ),
        kalchbrenner2013::chapter(),
        cho2014::chapter(),
        sutskever2014::chapter(),
        bahdanau2015::chapter(),
        draft(
            11,
            "luong2015",
            "Global and local attention",
            Part::Translation,
            "Simpler scores and a window that moves make attention cheaper and better.",
            "https://aclanthology.org/D15-1166/",
        ),
        draft(
            12,
            "tu2016",
            "Coverage",
            Part::Translation,
            "Remembering what has been attended to keeps a translation from saying things twice or never.",
            "https://aclanthology.org/P16-1008/",
        ),
        draft(
            13,
            "gehring2017",
            "Convolutional sequence to sequence",
            Part::Translation,
            "Convolutions with attention in every layer translate without recurrence.",
            "https://proceedings.mlr.press/v70/gehring17a.html",
        ),
        draft(
            14,
            "xu2015",
            "Show, attend and tell",
            Part::BeyondSentences,
            "A caption is written while attention moves over the picture, softly or by sampling.",
            "https://proceedings.mlr.press/v37/xuc15.html",
        ),
        draft(
            15,
            "graves2014",
            "Neural Turing machines",
            Part::BeyondSentences,
            "A network with an addressable memory learns small algorithms that outlast their training lengths.",
            "https://arxiv.org/abs/1410.5401",
        ),
        draft(
            16,
            "vinyals2015",
            "Pointer networks",
            Part::BeyondSentences,
            "Attention used as the output lets a network answer with positions of its own input.",
            "https://arxiv.org/abs/1506.03134",
        ),
    ]
}

/// The pages that compare chapters.
pub fn surveys() -> Vec<Survey> {
    vec![comparison::survey(), corpus::survey()]
}

/// The chapter of this key.
pub fn find(key: &str) -> Option<Chapter> {
    all().into_iter().find(|chapter| chapter.key == key)
}

/// A chapter that is not written yet.
fn draft(
    number: u32,
    key: &'static str,
    title: &'static str,
    part: Part,
    gist: &'static str,
    link: &'static str,
) -> Chapter {
    Chapter {
        key,
        number,
        title,
        part,
        gist,
        link,
        draft: true,
        prerequisites: &[],
        minutes_to_read: 0,
        experiments: || Vec::<Box<dyn Experiment>>::new(),
        claims: Vec::new,
        values: |_: &Records| Values::new(),
        figures: |_: &Records| Vec::<Figure>::new(),
        tables: |_: &Records| Vec::<(&'static str, Table)>::new(),
    }
}
