//! What the Rust code of a package can do, as far as its tokens say.
//!
//! A determined author gets around every rule here: code can be put together at run time, and a name can come from anywhere. Age,
//! pins and the closure are the floor; this raises the price.

mod declared;
mod difference;
mod encoded;
mod names;
mod path;
mod paths;
mod relevant;
mod scan;
mod shape;
mod sources;
mod tests_only;
mod words;

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::Sources;
use crate::archive::File;
use crate::model::DependencyKind;
use scan::Seen;
use sources::{Files, Set};

pub use difference::Change;

/// So many files are named for each kind of sighting; of the others only their number is kept.
const FILES: usize = 64;

/// Sources that run at build time are kept up to so many bytes together, so that what changed can be shown.
const KEPT: usize = 256 * 1024;

/// Sources with more lines are not kept: to compare two of them takes their product in time.
const KEPT_LINES: usize = 4_000;

/// So many bytes of a package's sources are read, and so many modules and the like are followed, so that no package keeps
/// whoever judges it from judging another. That there is more is told.
const BUDGET: usize = 64 * 1024 * 1024;
const FOLLOWED: usize = 65_536;

/// What the Rust code of a package can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Code {
    /// Its build scripts.
    pub build_scripts: Vec<String>,
    /// Whether its library is a procedural macro.
    pub proc_macro: bool,
    /// What runs while other packages compile: build scripts and procedural macros.
    pub build_time: Part,
    /// The files that this is made of.
    pub build_files: Vec<BuildFile>,
    /// What runs later: its library and its programs.
    pub run_time: Part,
    /// The dependencies of what runs at build time that bring the network.
    pub net_dependencies: Vec<String>,
}

/// What a part of the code can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// In the order of kind, file and line.
    sightings: Vec<Sighting>,
    /// In how many more files there is something of a kind.
    more: BTreeMap<What, usize>,
}

/// Something that a source can do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sighting {
    /// What it is.
    pub what: What,
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// What stands there, printable.
    pub excerpt: String,
}

/// A file of what runs at build time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildFile {
    /// Its path.
    pub path: String,
    /// BLAKE3 of its bytes.
    digest: [u8; 32],
    /// Its text, where that is not too long.
    text: Option<String>,
}

/// What a source can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// It holds assembly.
    Asm,
    /// It changes the permissions of a file.
    Chmod,
    /// It names a variable that tells that a build server runs it.
    CiVariable,
    /// It names a file that holds credentials.
    CredentialPath,
    /// It turns bytes into text, and then acts.
    Decoding,
    /// It loads a library while it runs.
    Dlopen,
    /// It names `.env`.
    DotEnv,
    /// It starts a program that downloads, or that runs what it is told.
    Downloader,
    /// It holds an address or a command that is encoded.
    EncodedUrl,
    /// It reads a variable of the environment.
    Env,
    /// It reads the whole environment.
    EnvDump,
    /// It starts a program.
    Exec,
    /// It names a host that stolen data is sent to.
    ExfilHost,
    /// It writes files.
    FileWrite,
    /// It holds the address of a machine.
    IpLiteral,
    /// It opens a connection.
    Net,
    /// It names what opens or takes connections.
    NetName,
    /// It writes to a place outside the folder that cargo gives it.
    OutsideWrite,
    /// It names a private key.
    PrivateKey,
    /// It names a variable that holds a secret.
    SecretName,
    /// It looks for what secrets look like.
    SecretPattern,
    /// It uses a place for temporary files.
    Temporary,
    /// It takes any certificate.
    TlsOff,
    /// Part of it cannot be read, or is more than is read.
    Unread,
}

impl Code {
    pub(super) fn of(sources: &Sources<'_>) -> Self {
        let mut files = Files::of(sources);
        let scripts = sources.build_scripts.iter().filter_map(|script| files.find("", script));
        let mut roots = scripts.collect::<Vec<_>>();
        let library = sources.library.as_deref().and_then(|library| files.find("", library));
        if sources.proc_macro {
            roots.extend(library);
            roots.extend(files.below_src());
        }
        let build_time = files.compiled(roots, true);
        let mut later = files.below_src();
        // The root may have any name.
        if let Some(library) = library.filter(|library| later.iter().all(|it| it.path != library.path)) {
            later.extend(files.compiled(vec![library], false).into_values());
        }
        later.retain(|file| !build_time.contains_key(file.path));
        let run_time = files.relevant(later);
        Self {
            build_scripts: sources.build_scripts.clone(),
            proc_macro: sources.proc_macro,
            build_files: build_files(&build_time),
            build_time: Part::of(&mut files, &build_time, true),
            run_time: Part::of(&mut files, &run_time, false),
            net_dependencies: net_dependencies(sources),
        }
    }
}

/// The dependencies of build scripts, and those of a procedural macro, that bring the network.
fn net_dependencies(sources: &Sources<'_>) -> Vec<String> {
    let runs = |kind: DependencyKind| match kind {
        DependencyKind::Build => true,
        DependencyKind::Normal => sources.proc_macro,
        DependencyKind::Dev => false,
    };
    let found = sources.dependencies.iter().filter(|it| runs(it.kind) && words::is_net_package(&it.package));
    found.map(|it| it.package.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn build_files(files: &Set<'_>) -> Vec<BuildFile> {
    let mut left = KEPT;
    let file = |file: &File<'_>| {
        let text = std::str::from_utf8(file.content)
            .ok()
            .filter(|text| text.len() <= left && text.lines().count() <= KEPT_LINES);
        left -= text.map_or(0, str::len);
        let digest = *blake3::hash(file.content).as_bytes();
        BuildFile { path: file.path.to_owned(), digest, text: text.map(str::to_owned) }
    };
    files.values().map(file).collect()
}

impl Part {
    fn of<'a>(files: &mut Files<'a>, set: &Set<'a>, is_build_time: bool) -> Self {
        let mut part = Self::default();
        let mut in_files: BTreeMap<What, BTreeSet<&str>> = BTreeMap::new();
        for file in set.values() {
            let scanned = files.scanned(file, is_build_time);
            let is_compiled = |is_test: bool| is_build_time || !(is_test || scanned.is_test);
            let unread = files.is_unread(file.path).then(|| Seen {
                what: What::Unread,
                line: 1,
                excerpt: "the package has more code than is read".to_owned(),
            });
            let seen = scanned.seen.iter().filter(|(_, is_test)| is_compiled(*is_test)).map(|(seen, _)| seen);
            for seen in seen.chain(&unread) {
                let known = in_files.entry(seen.what).or_default();
                known.insert(file.path);
                if known.len() <= FILES {
                    part.sightings.push(Sighting {
                        what: seen.what,
                        file: file.path.to_owned(),
                        line: seen.line,
                        excerpt: seen.excerpt.clone(),
                    });
                }
            }
        }
        part.sightings.sort();
        let more = in_files.into_iter().filter(|(_, files)| files.len() > FILES);
        part.more = more.map(|(what, files)| (what, files.len() - FILES)).collect();
        part
    }

    /// What there is of a kind.
    pub fn all(&self, what: What) -> impl Iterator<Item = &Sighting> {
        self.sightings.iter().filter(move |sighting| sighting.what == what)
    }

    /// Whether there is something of a kind.
    pub fn has(&self, what: What) -> bool {
        self.all(what).next().is_some()
    }

    /// In how many more files there is something of a kind than are named.
    pub fn more(&self, what: What) -> usize {
        self.more.get(&what).copied().unwrap_or(0)
    }
}
