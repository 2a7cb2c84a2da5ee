//! One folder of vendored packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use provenance_build::manifest::Pin;
use provenance_build::{Lockfile, PackageId, toml};
use serde_json::Value;

use super::names::{Style, names};
use super::{Edit, Error, Pins, Scene, Vendoring, accepts};
use crate::cargo::real;
use crate::finding::{Finding, Weight};
use crate::store::{self, Contents, Staged, contents};

/// A folder of vendored packages and what is known of it.
#[derive(Debug, Default)]
pub(super) struct Folder<'a> {
    /// The packages of the new lockfile that must be in it, by their places there.
    pub(super) wanted: BTreeSet<usize>,
    /// The directories in it that packages of the old lockfile were found in. All of them match their pins.
    pub(super) held: BTreeMap<String, Vec<&'a PackageId>>,
}

impl Folder<'_> {
    /// Adds what has to change in `directory`. `claimed` are the directories in it that cargo may take for packages of the
    /// new lockfile, with the pins of those.
    pub(super) fn plan(
        &self,
        scene: Scene<'_>,
        directory: &Path,
        (lockfile, pins): (&Lockfile, &Pins<'_>),
        claimed: &BTreeMap<String, Vec<&Pin>>,
        vendoring: &mut Vendoring,
    ) -> Result<(), Error> {
        let held = self.held.iter().flat_map(|(name, ids)| ids.iter().map(|id| (name.as_str(), *id)));
        let style = Style::of(held);
        let places = names(&lockfile.packages, style);
        let wanted = self.wanted.iter().filter_map(|index| Some((places[*index].clone()?, *index)));
        let wanted = wanted.collect::<BTreeMap<String, usize>>();
        if wanted.len() < self.wanted.len() {
            // One version of a package from two sources: cargo vendors no such thing, and says so.
            vendoring.vendored(scene)?;
        }
        // Others may use what lies elsewhere.
        let ours = directory.starts_with(real(&scene.gate.root));
        let old = names(&scene.gate.seen.observation.lockfile.packages, style);
        let named = places.iter().chain(&old).flatten().map(String::as_str).collect::<BTreeSet<_>>();
        let shared = !ours || self.is_shared(directory, &named)?;
        for (name, index) in &wanted {
            let id = &lockfile.packages[*index].id;
            let pin = pins.get(id).ok_or_else(|| Error::Unpinned(id.to_string()))?;
            self.put(scene, &directory.join(name), (id, pin), ours, vendoring)?;
        }
        for (name, ids) in &self.held {
            if wanted.contains_key(name) {
                continue;
            }
            let path = directory.join(name);
            if shared {
                vendoring.kept.push(path);
            } else if let Some(now) = contents(&path)? {
                known(&path, ids, scene, now)?;
                vendoring.edits.push(Edit { path, old: Some(now.whole), new: None });
            }
        }
        for (name, pins) in claimed {
            let path = directory.join(name);
            let stays = !wanted.contains_key(name) && (shared || !self.held.contains_key(name));
            if stays && !contents(&path)?.is_some_and(|now| pins.iter().all(|pin| accepts(pin, now.package)))
            {
                return Err(Error::InTheWay { path });
            }
        }
        Ok(())
    }

    /// Sees to it that the directory `path` holds the package.
    fn put(
        &self,
        scene: Scene<'_>,
        path: &Path,
        (id, pin): (&PackageId, &Pin),
        ours: bool,
        vendoring: &mut Vendoring,
    ) -> Result<(), Error> {
        let held = path.file_name().and_then(|name| self.held.get(name.to_str()?));
        let old = scene.gate.seen.manifest.pin_for(id);
        let same = old.is_some_and(|old| (old.tree, old.vendor_tree) == (pin.tree, pin.vendor_tree));
        if same && held.is_some_and(|ids| ids.contains(&id)) {
            return Ok(());
        }
        let now = contents(path)?;
        let fits = now.is_some_and(|now| accepts(pin, now.package));
        if !ours {
            let directory = path.parent().unwrap_or(path).to_owned();
            return if fits { Ok(()) } else { Err(Error::Outside { directory }) };
        }
        let from = vendoring.vendored(scene)?.package(id);
        match (now, held) {
            (Some(_), _) if fits && list(path) == list(&from) => return Ok(()),
            (Some(now), Some(ids)) if !fits => known(path, ids, scene, now)?,
            (Some(_), None) if !fits => return Err(Error::InTheWay { path: path.to_owned() }),
            _ => {}
        }
        match contents(&from)? {
            Some(new) if accepts(pin, new.package) => {
                let new = Some(Staged { from, whole: new.whole });
                vendoring.edits.push(Edit { path: path.to_owned(), old: now.map(|now| now.whole), new });
            }
            found => vendoring.findings.push(differs(id, pin, found)),
        }
        Ok(())
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

/// Makes sure that a directory is still what it was when it was compared with the manifest.
fn known(path: &Path, ids: &[&PackageId], scene: Scene<'_>, now: Contents) -> Result<(), Error> {
    let pins = ids.iter().filter_map(|id| scene.gate.seen.manifest.pin_for(id));
    match pins.into_iter().any(|pin| accepts(pin, now.package)) {
        true => Ok(()),
        false => Err(store::Error::Changed { path: path.to_owned() }.into()),
    }
}

/// What cargo's list of checksums in a vendored package says: the files, and the archive that they come from.
fn list(package: &Path) -> Option<(Value, Value)> {
    let text = toml::read(&package.join(".cargo-checksum.json")).ok()?;
    let mut list = serde_json::from_str::<Value>(&text).ok()?;
    Some((list.get_mut("files")?.take(), list.get_mut("package").map(Value::take).unwrap_or_default()))
}

fn differs(id: &PackageId, pin: &Pin, found: Option<Contents>) -> Finding {
    let message = format!("`{}`: what `cargo vendor` made of it is not what was proven", id.short());
    let found = found.map_or("nothing".to_owned(), |found| found.package.to_string());
    let stem = id.file_stem();
    Finding::new("vendor-differs", Weight::Denial, message)
        .about(id.clone())
        .note(format!("proven {}", pin.vendor_tree.unwrap_or(pin.tree)))
        .note(format!("vendored {found}"))
        .help(format!("remove `registry/src/*/{stem}` below the cargo home, where it may have been edited"))
        .help("then run this command again")
}
