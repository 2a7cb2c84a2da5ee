//! One folder of vendored packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use provenance_build::manifest::Pin;
use provenance_build::{PackageId, toml};
use serde_json::Value;

use super::names::{Style, names};
use super::{Edit, Error, Pins, Scene, Vendoring, accepts};
use crate::cargo::real;
use crate::store::{self, Contents, Staged, contents};

/// A folder of vendored packages and what is known of it. Directories in it go by their names.
#[derive(Debug, Default)]
pub(super) struct Folder<'a> {
    /// The packages of the new lockfile that must be in it, by their places there.
    pub(super) wanted: BTreeSet<usize>,
    /// The directories that packages of the old lockfile were found in. All of them match their pins.
    pub(super) held: BTreeMap<String, Vec<&'a PackageId>>,
    /// The directories that cargo may take for packages of the new lockfile, with the pins of those.
    pub(super) claimed: BTreeMap<String, Vec<&'a Pin>>,
}

/// A directory that what cargo vendors must be compared with, or put in place of.
#[derive(Debug)]
pub(super) struct Needed<'a> {
    /// The package's place in the new lockfile.
    pub(super) index: usize,
    /// Its pin.
    pub(super) pin: &'a Pin,
    /// Where it must be.
    pub(super) path: PathBuf,
    /// What is there.
    pub(super) now: Option<Contents>,
}

impl<'a> Folder<'a> {
    /// Finds out what has to change in `directory`: what is known already becomes an edit, the rest is needed.
    pub(super) fn survey(
        &self,
        scene: Scene<'_>,
        pins: &Pins<'a>,
        directory: &Path,
        vendoring: &mut Vendoring,
        needed: &mut Vec<Needed<'a>>,
    ) -> Result<(), Error> {
        let packages = &scene.situation.lockfile.packages;
        let style =
            Style::of(self.held.iter().flat_map(|(name, ids)| ids.iter().map(|id| (name.as_str(), *id))));
        let new = names(packages, style);
        let old = names(&scene.gate.seen.observation.lockfile.packages, style);
        let mut wanted = BTreeMap::new();
        for (name, index) in self.wanted.iter().filter_map(|index| Some((new[*index].as_deref()?, *index))) {
            if wanted.insert(name, index).is_some() {
                // Two sources offer the same version. `cargo vendor` refuses that as well.
                return Err(Error::Twice(packages[index].id.short()));
            }
        }
        // Others may use what lies elsewhere, and what neither lockfile names is somebody's.
        let ours = directory.starts_with(real(&scene.gate.root));
        let named = new.iter().chain(&old).flatten().map(String::as_str).collect::<BTreeSet<_>>();
        let shared = !ours || self.is_shared(directory, &named)?;
        for (name, &index) in &wanted {
            let id = &packages[index].id;
            let pin = pins.get(id).ok_or_else(|| Error::Unpinned(id.to_string()))?;
            let held = self.held.get(*name);
            if stays(scene, id, pin) && held.is_some_and(|ids| ids.contains(&id)) {
                continue;
            }
            let path = directory.join(name);
            let now = contents(&path)?;
            let fits = now.is_some_and(|now| accepts(pin, now.package));
            match now {
                _ if !ours && fits => continue,
                _ if !ours => return Err(Error::Outside { directory: directory.to_owned() }),
                Some(now) if !fits => match held {
                    Some(ids) => known(&path, ids, scene, now)?,
                    None => return Err(Error::InTheWay { path }),
                },
                _ => {}
            }
            match self.moved(scene, directory, id, pin)? {
                Some(new) if !fits => {
                    vendoring.edits.push(Edit { path, old: now.map(|now| now.whole), new: Some(new) });
                }
                _ => needed.push(Needed { index, pin, path, now }),
            }
        }
        for (name, ids) in self.held.iter().filter(|(name, _)| !wanted.contains_key(name.as_str())) {
            let path = directory.join(name);
            if shared {
                vendoring.kept.push(path);
            } else if let Some(now) = contents(&path)? {
                known(&path, ids, scene, now)?;
                vendoring.edits.push(Edit { path, old: Some(now.whole), new: None });
            }
        }
        for (name, pins) in &self.claimed {
            let path = directory.join(name);
            let remains = !wanted.contains_key(name.as_str()) && (shared || !self.held.contains_key(name));
            if remains
                && !contents(&path)?.is_some_and(|now| pins.iter().all(|pin| accepts(pin, now.package)))
            {
                return Err(Error::InTheWay { path });
            }
        }
        Ok(())
    }

    /// A package that is in the folder already, under a name that it has no more.
    fn moved(
        &self,
        scene: Scene<'_>,
        directory: &Path,
        id: &PackageId,
        pin: &Pin,
    ) -> Result<Option<Staged>, Error> {
        if !stays(scene, id, pin) {
            return Ok(None);
        }
        let Some((name, _)) = self.held.iter().find(|(_, ids)| ids.contains(&id)) else { return Ok(None) };
        let from = directory.join(name);
        let now = contents(&from)?.filter(|now| accepts(pin, now.package));
        Ok(now.map(|now| Staged { from, whole: now.whole }))
    }

    /// Whether the folder holds packages that neither lockfile names: those of another workspace, or of nobody.
    fn is_shared(&self, directory: &Path, named: &BTreeSet<&str>) -> Result<bool, Error> {
        let unread = |source| provenance_build::Error::io("list", directory, source);
        let entries = match fs::read_dir(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            entries => entries.map_err(unread)?,
        };
        for entry in entries {
            let entry = entry.map_err(unread)?;
            let name = entry.file_name();
            let known =
                |name: &str| name.starts_with('.') || named.contains(name) || self.held.contains_key(name);
            if !name.to_str().is_some_and(known) && entry.path().join("Cargo.toml").exists() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether a package is pinned as it was before.
fn stays(scene: Scene<'_>, id: &PackageId, pin: &Pin) -> bool {
    let old = scene.gate.seen.manifest.pin_for(id);
    old.is_some_and(|old| (old.tree, old.vendor_tree) == (pin.tree, pin.vendor_tree))
}

/// Makes sure that a directory is still what it was when it was compared with the manifest.
fn known(path: &Path, ids: &[&PackageId], scene: Scene<'_>, now: Contents) -> Result<(), Error> {
    let mut pins = ids.iter().filter_map(|id| scene.gate.seen.manifest.pin_for(id));
    match pins.any(|pin| accepts(pin, now.package)) {
        true => Ok(()),
        false => Err(store::Error::Changed { path: path.to_owned() }.into()),
    }
}

/// What cargo's list of checksums in a vendored package says: the files, and the archive that they come from.
pub(super) fn list(package: &Path) -> Option<(Value, Value)> {
    let text = toml::read(&package.join(".cargo-checksum.json")).ok()?;
    let mut list = serde_json::from_str::<Value>(&text).ok()?;
    Some((list.get_mut("files")?.take(), list.get_mut("package").map(Value::take).unwrap_or_default()))
}
