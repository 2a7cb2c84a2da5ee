//! What the last good look found, kept beside what was compiled: when it was, and which tree each package was pinned to.
//!
//! A package whose pin has changed under the same version was compiled from what the old pin allowed. Cargo does not
//! compile packages of registries, git and vendor directories again for an edit, so that artifact would stay in use.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::error::Error;
use crate::manifest::{Manifest, Pin};

/// The marker of one directory: a build script's `OUT_DIR`, or the one that the subcommand lets cargo build in.
#[derive(Clone, Debug)]
pub struct Marker(PathBuf);

impl Marker {
    /// The marker in a directory.
    pub fn of(directory: &Path) -> Self {
        Self(directory.join("provenance-verified"))
    }

    /// When the last good look began.
    pub fn time(&self) -> Option<SystemTime> {
        fs::metadata(&self.0).and_then(|marker| marker.modified()).ok()
    }

    /// The names of packages that may have been compiled from a tree that is pinned no more. (Cargo itself watches the files of path
    /// packages.)
    pub fn repinned(&self, manifest: &Manifest) -> BTreeSet<String> {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        let before = text.lines().filter_map(|line| line.rsplit_once(' ')).collect::<BTreeMap<_, _>>();
        let repinned = |pin: &&Pin| {
            let now = trees_of(pin);
            let is_pinned = |tree: &str| now.split('+').any(|now| now == tree);
            before.get(key(pin).as_str()).is_some_and(|trees| !trees.split('+').all(is_pinned))
        };
        let pins = manifest.packages.iter().filter(|pin| pin.source().is_some());
        pins.filter(repinned).map(|pin| pin.name.to_string()).collect()
    }

    /// Records a good look that began at `started`: what was compiled while it lasted is not known to be good. Packages that
    /// are pinned no more are kept, because they may be pinned again.
    pub fn write(&self, manifest: &Manifest, started: SystemTime) -> Result<(), Error> {
        let before = fs::read_to_string(&self.0).unwrap_or_default();
        let before = before.lines().filter_map(|line| line.rsplit_once(' '));
        let mut all =
            before.map(|(key, trees)| (key.to_owned(), trees.to_owned())).collect::<BTreeMap<_, _>>();
        all.extend(manifest.packages.iter().map(|pin| (key(pin), trees_of(pin))));
        let written =
            fs::write(&self.0, all.iter().map(|(key, trees)| format!("{key} {trees}\n")).collect::<String>());
        let written =
            written.and_then(|()| fs::File::options().write(true).open(&self.0)?.set_modified(started));
        written.map_err(|source| Error::io("write", &self.0, source))
    }
}

/// What a package may be compiled from.
fn trees_of(pin: &Pin) -> String {
    let vendored = pin.vendor_tree.map(|tree| format!("+{}", tree.hex())).unwrap_or_default();
    pin.tree.hex() + &vendored
}

fn key(pin: &Pin) -> String {
    format!("{} {} {}", pin.name, pin.version, pin.source().map_or("path", |source| source.as_str()))
}
