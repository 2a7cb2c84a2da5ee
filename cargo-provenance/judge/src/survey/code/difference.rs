//! What changed in the code that runs at build time.

use super::{BuildFile, Code};
use crate::archive::printable;
use crate::model::{Fate, Lines};

/// The changed lines of a file that are shown.
const LINES: usize = 40;

/// A file that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its path.
    pub path: String,
    /// How many lines came and went; `None` where the text is not at hand.
    pub lines: Option<(usize, usize)>,
    /// The first lines that came or went, with `+` or `-` before them; printable.
    pub shown: Vec<String>,
}

impl Code {
    /// What changed since `previous` in the files that run at build time, in the order of their paths.
    pub fn changes_since(&self, previous: &Self) -> Vec<Change> {
        let find = |files: &[BuildFile], path: &str| files.iter().find(|file| file.path == path).cloned();
        let mut paths = self.build_files.iter().chain(&previous.build_files);
        let mut paths = paths.by_ref().map(|file| file.path.as_str()).collect::<Vec<_>>();
        paths.sort_unstable();
        paths.dedup();
        let pairs = paths
            .into_iter()
            .map(|path| (path, find(&previous.build_files, path), find(&self.build_files, path)));
        let digest = |file: &Option<BuildFile>| file.as_ref().map(|file| file.digest);
        pairs
            .filter(|(_, old, new)| digest(old) != digest(new))
            .map(|(path, old, new)| change(path, old.as_ref(), new.as_ref()))
            .collect()
    }
}

fn change(path: &str, old: Option<&BuildFile>, new: Option<&BuildFile>) -> Change {
    let text = |file: Option<&BuildFile>| file.map_or(Some(String::new()), |file| file.text.clone());
    let (Some(old), Some(new)) = (text(old), text(new)) else {
        return Change { path: path.to_owned(), lines: None, shown: vec![] };
    };
    let stretches = Lines::compare(&old, &new).stretches(0);
    let lines = || stretches.iter().flat_map(|stretch| &stretch.lines);
    let count = |wanted: Fate| lines().filter(|(fate, _)| *fate == wanted).count();
    let shown = lines()
        .take(LINES)
        .map(|(fate, line)| format!("{} {}", fate.sign(), printable(line.trim_end().as_bytes())));
    Change {
        path: path.to_owned(),
        lines: Some((count(Fate::New), count(Fate::Gone))),
        shown: shown.collect(),
    }
}
