//! Trees: no paths or link targets make a tree panic or leave it, and the order of the entries does not matter.
//!
//! The input is one entry a line: `path`, or `path<TAB>target` for a link.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provenance_build::tree::{Content, Entry, Tree};

fuzz_target!(|text: &str| {
    let entry = |line: &str| match line.split_once('\t') {
        Some((path, target)) => Entry { path: path.to_owned(), content: Content::Link(target.to_owned()) },
        None => Entry { path: line.to_owned(), content: Content::File([0; 32]) },
    };
    let entries = text.split('\n').map(entry).collect::<Vec<_>>();
    let backwards = entries.iter().rev().cloned().collect::<Vec<_>>();
    let (tree, mirrored) = (Tree::new(entries), Tree::new(backwards));
    assert_eq!(tree.is_ok(), mirrored.is_ok());
    let (Ok(tree), Ok(mirrored)) = (tree, mirrored) else { return };
    assert_eq!(tree.digest(), mirrored.digest());
    for entry in tree.entries() {
        assert!(entry.path.split('/').all(|part| !matches!(part, "" | "." | "..")));
    }
});
