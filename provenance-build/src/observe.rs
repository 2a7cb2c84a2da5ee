//! Looks at a workspace: lockfile, configuration, members, and the tree of every package that lies on disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::{Configuration, Surroundings};
use crate::error::Error;
use crate::locate::{self, Located, Place};
use crate::lockfile::Lockfile;
use crate::manifest::{self, Manifest, Origin};
use crate::members::{self, normal};
use crate::moment::Moment;
use crate::threads;
use crate::toml;
use crate::tree::{self, Layout};
use crate::verify::{Observation, ObservedTree, Sources};

/// A workspace as it lies on disk.
#[derive(Debug)]
pub struct Seen {
    /// `Provenance.lock`.
    pub manifest: Manifest,
    /// The text that it was read from.
    pub text: String,
    /// What it is compared with.
    pub observation: Observation,
    /// The configuration that decided where the sources lie.
    pub configuration: Configuration,
    /// The lockfile in force.
    pub lockfile: PathBuf,
    /// Directories and archives of each package, in the order of the lockfile.
    pub located: Vec<Located>,
}

/// Reads the manifest of the workspace at `surroundings.root` and observes everything that it speaks of.
pub fn observe(mut surroundings: Surroundings) -> Result<Seen, Error> {
    let root = surroundings.root.clone();
    let text = manifest_text(&root)?;
    let manifest = parse(&root, &text)?;
    surroundings.members.extend(manifest.members.iter().map(|member| normal(&root.join(&member.path))));
    let configuration = Configuration::read(&surroundings)?;
    let lockfile_path = configuration.lockfile(&root)?;
    let lockfile = read_lockfile(&lockfile_path)?;
    let mut located = locate::locate(&lockfile, &configuration, &surroundings.cargo_home)?;
    place_path_pins(&root, &manifest, &lockfile, &mut located);
    let sources = hash(&located);
    let members = members::inspect(&root, &manifest, &lockfile)?;
    let settings = configuration.recorded.clone();
    let now = Moment::of(SystemTime::now());
    let observation = Observation { lockfile, settings, members, policy: None, now, sources: sources? };
    Ok(Seen { manifest, text, observation, configuration, lockfile: lockfile_path, located })
}

/// Reads `Provenance.lock` at `root`.
pub fn read_manifest(root: &Path) -> Result<Manifest, Error> {
    parse(root, &manifest_text(root)?)
}

fn manifest_text(root: &Path) -> Result<String, Error> {
    let file = root.join(manifest::FILE_NAME);
    if file.exists() { toml::read(&file) } else { Err(no_manifest(root)) }
}

fn parse(root: &Path, text: &str) -> Result<Manifest, Error> {
    Manifest::parse(text.as_bytes(), &root.join(manifest::FILE_NAME))
}

pub(crate) fn no_manifest(root: &Path) -> Error {
    let what = format!("there is no `{}`", root.join(manifest::FILE_NAME).display());
    Error::unclear(what, "run `cargo provenance init`, or restore the file")
}

fn read_lockfile(file: &Path) -> Result<Lockfile, Error> {
    if file.exists() {
        return Lockfile::parse(toml::read(file)?.as_bytes(), file);
    }
    let what = format!("there is no `{}`", file.display());
    Err(Error::unclear(
        what,
        "restore it with `git checkout Cargo.lock`; or run `cargo generate-lockfile`, then `cargo provenance pin`",
    ))
}

/// Path packages outside the workspace have no source in the lockfile; their pins say where they lie.
fn place_path_pins(root: &Path, manifest: &Manifest, lockfile: &Lockfile, located: &mut [Located]) {
    let paths = manifest.packages.iter().filter_map(|pin| match &pin.origin {
        Origin::Path(path) => Some(((&pin.name, &pin.version), path)),
        Origin::Source(_) => None,
    });
    let paths = paths.collect::<BTreeMap<_, _>>();
    for (package, located) in lockfile.packages.iter().zip(located) {
        if let (None, Some(path)) = (&package.id.source, paths.get(&(&package.id.name, &package.id.version)))
        {
            let directory = normal(&root.join(path));
            located.directories.push(Place { directory, layout: Layout::Path });
        }
    }
}

/// Hashes every directory once: the packages of one git checkout share it.
fn hash(located: &[Located]) -> Result<Vec<Sources>, Error> {
    let mut places = located.iter().flat_map(|located| &located.directories).collect::<Vec<_>>();
    places.sort();
    places.dedup();
    let digests = threads::map(&places, |place| {
        let tree = tree::read(&place.directory, place.layout)?;
        Ok((*place, tree.map(|tree| tree.digest())))
    });
    let digests = digests.into_iter().collect::<Result<BTreeMap<_, _>, Error>>()?;
    let observed =
        |place: &Place| Some(ObservedTree { place: place.clone(), digest: digests.get(place)?.clone() });
    let sources = |located: &Located| {
        let trees = located.directories.iter().filter_map(observed).collect();
        Sources { trees, archives: vec![] }
    };
    Ok(located.iter().map(sources).collect())
}
