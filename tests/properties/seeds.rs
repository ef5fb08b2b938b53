//! Runs every seed of the fuzz targets once, with a stable compiler and no fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

type TestResult = Result<(), Box<dyn std::error::Error>>;

#[test]
fn the_properties_hold_for_every_seed() -> TestResult {
    for (name, target) in properties::TARGETS {
        let seeds = fs::read_dir(folder().join(name))?;
        let mut count = 0;
        for seed in seeds {
            let path = seed?.path();
            // Shown if the target panics.
            println!("{}", path.display());
            target(&fs::read(&path)?);
            count += 1;
        }
        assert!(count > 0, "{name} has no seeds");
    }
    Ok(())
}

#[test]
fn every_target_has_a_folder_of_seeds_and_a_program() -> TestResult {
    let names: BTreeSet<String> = properties::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(file_stems(&folder())?, names);
    assert_eq!(file_stems(&folder().join("../targets"))?, names);
    Ok(())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds")
}

fn file_stems(folder: &Path) -> std::io::Result<BTreeSet<String>> {
    let stem = |entry: fs::DirEntry| entry.path().file_stem().map(|stem| stem.to_string_lossy().into_owned());
    fs::read_dir(folder)?.filter_map(|entry| entry.map(stem).transpose()).collect()
}
