// SPDX-License-Identifier: MIT OR Apache-2.0
//! The records are what the code says. That smoke runs end in them is a test of each chapter.
use lab::experiment::Scale;
use lab::store;

fn figures() -> std::path::PathBuf {
    chapters::root().join("figures")
}

#[test]
fn every_record_is_what_the_code_says_now() {
    let mut lines = Vec::new();
    let mut seen = 0;
    for chapter in chapters::all() {
        let folders =
            [Scale::Smoke, Scale::Paper].map(|s| store::folder(&figures(), chapter.key, s));
        for folder in folders {
            let records = store::load_folder(&folder, chapter.key).unwrap();
            let experiments = (chapter.experiments)();
            for (name, record) in &records {
                seen += 1;
                match experiments
                    .iter()
                    .find(|experiment| experiment.id() == name)
                {
                    Some(experiment) => lines.extend(store::stale(experiment.as_ref(), record)),
                    None => lines.push(format!("{}/{name}: no such experiment", chapter.key)),
                }
            }
        }
    }
    assert!(
        lines.is_empty(),
        "{} stale\n{}",
        lines.len(),
        lines.join("\n")
    );
    assert!(seen > 10, "hardly any record was looked at");
}

#[test]
fn no_finished_seed_is_left_unmerged() {
    for chapter in chapters::all() {
        let folder = figures().join(chapter.key);
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(!name.ends_with(".seeds"), "{}", entry.path().display());
        }
    }
}

/// What a page loads later must be the run's own: its digest stands beside the record.
#[test]
fn every_file_of_weights_is_small_and_of_its_run() {
    for chapter in chapters::all() {
        let folder = store::folder(&figures(), chapter.key, Scale::Paper);
        let mut known = Vec::new();
        for (name, record) in store::load_folder(&folder, chapter.key).unwrap() {
            for (arm, digest) in record.run.iter().flat_map(|run| &run.weights) {
                let path = store::weights_path(&folder, &name, arm);
                let bytes = std::fs::read(&path)
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                assert_eq!(store::digest(&bytes), *digest, "{}", path.display());
                assert!(bytes.len() <= 300_000, "{}", path.display());
                known.push(path);
            }
        }
        for folder in [folder.join("smoke"), folder] {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let weights = path.extension().is_some_and(|end| end == "safetensors");
                assert!(!weights || known.contains(&path), "{}", path.display());
            }
        }
    }
}
