// SPDX-License-Identifier: MIT OR Apache-2.0
//! The catalogue: which real data sets there are, where each comes from, and its checksums.
//!
//! Two checksums pin a set. [`Set::archive`] is that of the package as its registry serves it.
//! [`Set::sums`] is that of the list `SHA256SUMS` of what is unpacked from it, one line a file, as
//! the program `sha256sum` prints and checks it; it stands for the content of the set, whichever
//! package the files came in.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The program that downloads a set's package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Client {
    /// Rust's, from its crate registry.
    Cargo,
    /// Python's.
    Pip,
    /// Debian's. A distribution made from Debian builds the same files into a package of its own,
    /// and Debian builds one again for every update of a release, after which the one before is no
    /// longer to be had; so here the content decides and not the package, and a set takes no file
    /// that changes from one build to the next.
    Apt,
}

impl Client {
    /// How the program is called.
    pub fn name(self) -> &'static str {
        match self {
            Client::Cargo => "cargo",
            Client::Pip => "pip",
            Client::Apt => "apt-get",
        }
    }
}

/// How a file lies in its package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it is.
    Plain,
    /// Compressed with gzip; the name loses `.gz`.
    Gzip,
    /// In blocks one after the other, each compressed with zlib and filled up with zeros; `.bzz`
    /// becomes `.txt`.
    Zlib,
    /// A score in a zip archive of its own; `.mxl` becomes `.xml`.
    Mxl,
}

/// Files of a package that belong to the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where they are in the package: a file, or a folder when it ends in `/`. A file loses its
    /// folders when it is unpacked, what is in a folder keeps its path below it.
    pub from: &'static str,
    /// How their names end.
    pub ending: &'static str,
    /// How they lie there.
    pub form: Form,
}

/// A real data set.
#[derive(Clone, Copy, Debug)]
pub struct Set {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in one line.
    pub title: &'static str,
    /// The license of the data.
    pub license: &'static str,
    /// Keys of the chapters that learn from it.
    pub chapters: &'static [&'static str],
    /// What downloads it.
    pub client: Client,
    /// The package's name.
    pub package: &'static str,
    /// The package's version.
    pub version: &'static str,
    /// The package's size in bytes.
    pub download: u64,
    /// SHA-256 of the package.
    pub archive: &'static str,
    /// What is taken out of it.
    pub parts: &'static [Part],
    /// Number of files that are unpacked.
    pub files: usize,
    /// Their size in bytes.
    pub unpacked: u64,
    /// SHA-256 of the list of their checksums.
    pub sums: &'static str,
}

/// What a record says about the data it was made from: which, and that it was that to the byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The set's name, or the name of a user's own file.
    pub name: String,
    /// Package and version that it came in; empty for a user's own file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// [`Set::sums`]; of a user's own file its SHA-256.
    pub sha256: String,
}

impl Source {
    /// What a record says about a user's own file.
    pub fn of_file(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.into(),
            package: String::new(),
            sha256: sha256(bytes),
        }
    }
}

impl Set {
    /// What a record says about this set.
    pub fn source(&self) -> Source {
        Source {
            name: self.name.into(),
            package: format!("{} {}", self.package, self.version),
            sha256: self.sums.into(),
        }
    }
}

/// SHA-256 of some bytes, in 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// The set of this name.
pub fn find(name: &str) -> Option<&'static Set> {
    SETS.iter().find(|set| set.name == name)
}

/// All sets, in the order in which the chapters first use them.
pub const SETS: &[Set] = &[
    Set {
        name: "king-james",
        title: "The King James Bible, 31,102 verses: text for models of characters",
        license: "public domain outside the United Kingdom (package: MIT)",
        chapters: &["pascanu2013"],
        client: Client::Cargo,
        package: "bible-lib",
        version: "1.2.2",
        download: 5_300_352,
        archive: "9f9537c9361df6c107e87b44533e0c44e837dd9c1f1688bc634a2823b8bca634",
        parts: &[
            Part {
                from: "bible-lib-1.2.2/src/bible_translations/kjv.txt",
                ending: ".txt",
                form: Form::Plain,
            },
            Part {
                from: "bible-lib-1.2.2/LICENSE",
                ending: "LICENSE",
                form: Form::Plain,
            },
        ],
        files: 2,
        unpacked: 4_622_224,
        sums: "53dc31b38f9fcfd9ae12cb0bd42723206caa8770a4875da83238ad793e364a00",
    },
    Set {
        name: "sqlite",
        title: "The source of SQLite, 271,131 lines of C: code for models of characters",
        license: "public domain (package: MIT)",
        chapters: &["pascanu2013"],
        client: Client::Cargo,
        package: "libsqlite3-sys",
        version: "0.39.1",
        download: 2_759_388,
        archive: "14a5f01b87b92705d07b433c06f96cbc764637d81a0bffb5734ce17cf0f9a2b3",
        parts: &[
            Part {
                from: "libsqlite3-sys-0.39.1/sqlite3/sqlite3.c",
                ending: ".c",
                form: Form::Plain,
            },
            Part {
                from: "libsqlite3-sys-0.39.1/LICENSE",
                ending: "LICENSE",
                form: Form::Plain,
            },
        ],
        files: 2,
        unpacked: 9_583_588,
        sums: "cd47ba73ce688d8f13f0a38c9fea79085a50ee7bc53c0da0d279fe3ec67ece24",
    },
    Set {
        name: "digits",
        title: "1,797 handwritten digits of 8 by 8 pixels: sequences of 64 steps",
        license: "CC BY 4.0, Alpaydin and Kaynak, Optical Recognition of Handwritten Digits \
                  (package: Apache-2.0)",
        chapters: &["gers2000"],
        client: Client::Cargo,
        package: "smartcore",
        version: "0.7.0",
        download: 491_782,
        archive: "8027848a0450ef3014a0d4a76c94ab7ac70bd3f94cf77ea5bacb437ef4686ba8",
        parts: &[
            Part {
                from: "smartcore-0.7.0/src/dataset/digits.xy",
                ending: ".xy",
                form: Form::Plain,
            },
            Part {
                from: "smartcore-0.7.0/LICENSE",
                ending: "LICENSE",
                form: Form::Plain,
            },
        ],
        files: 2,
        unpacked: 478_617,
        sums: "1bccf70f4b46213e2545c77b0a3792d3cbd01662b7414cff4be8225c30feb126",
    },
    Set {
        name: "fashion-mnist",
        title: "70,000 pictures of clothes of 28 by 28 pixels: sequences of 784 steps",
        license: "MIT, Zalando SE",
        chapters: &["gers2000"],
        client: Client::Apt,
        package: "dataset-fashion-mnist",
        version: "0.0~git20200523.55506a9-1",
        download: 30_900_652,
        archive: "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
        parts: &[Part {
            from: "usr/share/datasets/fashion-mnist/",
            ending: "-ubyte.gz",
            form: Form::Gzip,
        }],
        files: 4,
        unpacked: 54_950_048,
        sums: "d0a13531871adf77cb1d75902c9d2a2fdf613723748f5e8c24e0169faf064dc8",
    },
    Set {
        name: "chorales",
        title: "410 scores of Bach, most of them four-part chorales: polyphonic music",
        license: "music: public domain; encodings: distributed with the permission of their \
                  encoders, some for non-commercial use only, so not to be passed on \
                  (package: BSD-3-Clause)",
        chapters: &["chung2014"],
        client: Client::Pip,
        package: "music21",
        version: "10.5.1",
        download: 20_118_992,
        archive: "dc3309498c4c95cebdf8d4f20c868deb6b63bce1d929cad4f51a7ccc982987b1",
        parts: &[
            Part {
                from: "music21/corpus/bach/",
                ending: ".mxl",
                form: Form::Mxl,
            },
            Part {
                from: "music21/corpus/bach/",
                ending: ".xml",
                form: Form::Plain,
            },
            Part {
                from: "music21/corpus/license.txt",
                ending: ".txt",
                form: Form::Plain,
            },
        ],
        files: 411,
        unpacked: 39_946_145,
        sums: "76dbf60503a7072a35be4c567efbcd4fd0e23310001dc26bbc7744a71cacc180",
    },
    Set {
        name: "voice",
        title: "568 recorded phrases of one voice, 25 minutes at 8 kHz: raw audio",
        license: "CC BY-SA 3.0, Allison Smith",
        chapters: &["chung2014"],
        client: Client::Apt,
        package: "asterisk-core-sounds-en-wav",
        version: "1.6.1-1",
        download: 18_272_864,
        archive: "2be3ea287d83299d143815fa804f11179a75b7affd4a758b98b55f5afc18a35d",
        parts: &[Part {
            from: "usr/share/asterisk/sounds/en_US_f_Allison/",
            ending: ".wav",
            form: Form::Plain,
        }],
        files: 568,
        unpacked: 24_484_548,
        sums: "c5aaa003fc071d5f6d4ea9de116ca77a950fafeb7c6d4d03874f91ed4116662a",
    },
    Set {
        name: "bible-english",
        title:
            "The American Standard Version of 1901, 31,102 verses: the source of translations",
        license: "public domain (package: MIT)",
        chapters: &["bahdanau2015"],
        client: Client::Cargo,
        package: "bible-lib",
        version: "1.2.2",
        download: 5_300_352,
        archive: "9f9537c9361df6c107e87b44533e0c44e837dd9c1f1688bc634a2823b8bca634",
        parts: &[
            Part {
                from: "bible-lib-1.2.2/src/bible_translations/asv.txt",
                ending: ".txt",
                form: Form::Plain,
            },
            Part {
                from: "bible-lib-1.2.2/LICENSE",
                ending: "LICENSE",
                form: Form::Plain,
            },
        ],
        files: 2,
        unpacked: 4_600_168,
        sums: "99fc73d8dec10128ec041427e10e74ebcbe10abfd864335d723798ec86f922ff",
    },
    Set {
        name: "bible-spanish",
        title: "Reina-Valera of 1909, verse by verse as the English Bible: its translation",
        license: "public domain",
        chapters: &["bahdanau2015"],
        client: Client::Apt,
        package: "sword-text-sparv",
        version: "2.60-1",
        download: 2_722_332,
        archive: "5c87f9b2bc97457e8a872f5bae7ea7ce59cb3de1dcee73e4d4740451863694cf",
        parts: &[
            Part {
                from: "usr/share/sword/modules/texts/ztext/spaRV1909eb/",
                ending: ".bzs",
                form: Form::Plain,
            },
            Part {
                from: "usr/share/sword/modules/texts/ztext/spaRV1909eb/",
                ending: ".bzv",
                form: Form::Plain,
            },
            Part {
                from: "usr/share/sword/modules/texts/ztext/spaRV1909eb/",
                ending: ".bzz",
                form: Form::Zlib,
            },
            Part {
                from: "usr/share/doc/sword-text-sparv/copyright",
                ending: "copyright",
                form: Form::Plain,
            },
        ],
        files: 7,
        unpacked: 15_545_872,
        sums: "473f436970de6bd1666c02d8f6ad2eaec5ba164ad8373ce72eb069a1092d1d34",
    },
    Set {
        name: "help-english",
        title:
            "The help of LibreOffice 7.4 in English, 2,560 pages: the source of translations",
        license: "MPL-2.0, The Document Foundation and others (parts of it: Apache-2.0)",
        chapters: &["bahdanau2015"],
        client: Client::Apt,
        package: "libreoffice-help-en-us",
        version: "7.4.7-1+deb12u14",
        download: 1_753_504,
        archive: "8faa840285734d6cfe1ed25537b48f07e74bd6412e3917bf8e5f8a653f7b3712",
        parts: &[Part {
            from: "usr/share/libreoffice/help/en-US/text/",
            ending: ".html",
            form: Form::Plain,
        }],
        files: 2_560,
        unpacked: 23_417_538,
        sums: "b59df49bc9bf69083bfb70b64513673ddd79be2bb24a080e923039a247e4406d",
    },
    Set {
        name: "help-german",
        title:
            "The help of LibreOffice 7.4 in German, page by page as in English: its translation",
        license: "MPL-2.0, The Document Foundation and others (parts of it: Apache-2.0)",
        chapters: &["bahdanau2015"],
        client: Client::Apt,
        package: "libreoffice-help-de",
        version: "7.4.7-1+deb12u14",
        download: 3_293_908,
        archive: "00490b63c509ac96f7f212d6a6e40452d3e0d1f97ccf4b824dd5ec4c01e8277f",
        parts: &[Part {
            from: "usr/share/libreoffice/help/de/text/",
            ending: ".html",
            form: Form::Plain,
        }],
        files: 2_560,
        unpacked: 24_385_006,
        sums: "183412b6a9b4326848e5c8c18965c88c1fe13a724e622da07fe84f1bfe48427a",
    },
];
