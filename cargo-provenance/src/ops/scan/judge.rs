//! What is wrong with images: a function of what they say and of what the scan judges by.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use provenance_build::PackageId;
use provenance_build::name::{CRATES_IO, Source};

use super::ground::Ground;
use crate::advisory::{self, Database, Hit, Hits, Kind};
use crate::artifact::{Embedded, EmbeddedKind, EmbeddedPackage, EmbeddedSource};
use crate::collect::images::Image;
use crate::finding::{Finding, Place, Role, Weight};
use crate::processes::Running;
use crate::report::{Tolerated, plural};
use crate::vex::{Statement, Subject};

/// Images that are named in one finding; the rest is counted. Machines get all as places.
const NAMED: usize = 10;

/// What the advisories say of everything that was found.
#[derive(Default)]
pub(super) struct Advised<'g> {
    found: BTreeMap<Key, Found<'g>>,
    cache: BTreeMap<PackageId, Hits>,
    /// Packages that were looked up, each once.
    pub(super) packages: BTreeSet<PackageId>,
    /// Packages that no database speaks of.
    pub(super) uncovered: BTreeSet<String>,
    /// Files of databases that name a package and cannot be read.
    pub(super) odd: BTreeSet<String>,
    /// Images with a vulnerability that nobody muted.
    pub(super) vulnerable: usize,
}

/// What belongs together: the same advisory for the same package, muted or not for the same reason.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    kind: Kind,
    id: String,
    package: PackageId,
    at_build: bool,
    why: Option<String>,
}

struct Found<'g> {
    hit: Hit,
    said: Option<&'g Statement>,
    images: Vec<(PathBuf, String)>,
}

impl<'g> Advised<'g> {
    /// Looks up what an image was built from.
    pub(super) fn look_up(
        &mut self,
        image: &Image,
        running: Option<&Running>,
        embedded: &Embedded,
        databases: &[&Database],
        ground: &'g Ground,
    ) {
        let root = embedded.root().map(id_of);
        let sha256 = image.sha256.as_ref().map(provenance_build::Checksum::hex);
        let mut is_vulnerable = false;
        for package in &embedded.packages {
            let id = id_of(package);
            self.packages.insert(id.clone());
            if package.source != EmbeddedSource::CratesIo {
                if !package.root {
                    self.uncovered.insert(format!("{} ({})", id.short(), package.source.as_str()));
                }
                continue;
            }
            let hits = self
                .cache
                .entry(id.clone())
                .or_insert_with(|| advisory::hits(databases.iter().copied(), &id));
            self.odd.extend(hits.unreadable.iter().map(|odd| format!("`{}` {}", odd.path, odd.why)));
            for hit in &hits.hits {
                let ids =
                    std::iter::once(&hit.id).chain(&hit.aliases).map(String::as_str).collect::<Vec<_>>();
                let subject =
                    Subject { root: root.as_ref(), sha256: sha256.as_deref(), package: &id, ids: &ids };
                let said = ground.vex.of(&subject);
                let muted = said.filter(|said| said.status.mutes());
                let at_build = package.kind == EmbeddedKind::Build;
                is_vulnerable |= muted.is_none()
                    && !at_build
                    && weighs(hit.kind)
                    && ground.weight(hit.kind.as_str()).is_some();
                let key = Key {
                    kind: hit.kind,
                    id: hit.id.clone(),
                    package: id.clone(),
                    at_build,
                    why: muted.map(why),
                };
                let found =
                    self.found.entry(key).or_insert_with(|| Found { hit: hit.clone(), said, images: vec![] });
                found.images.push((image.file.clone(), called(image, running)));
            }
        }
        self.vulnerable += usize::from(is_vulnerable);
    }

    /// The findings, and those that somebody says do not apply.
    pub(super) fn findings(self, ground: &Ground) -> (Vec<Finding>, Vec<Tolerated>) {
        let (mut findings, mut tolerated) = (vec![], vec![]);
        for (key, found) in self.found {
            let weight = match key.at_build {
                // It ran where the program was built; it is not in it.
                true => ground.weight(key.kind.as_str()).map(|_| Weight::Note),
                false => ground.weight(key.kind.as_str()),
            };
            let Some(weight) = weight else { continue };
            let finding = finding(&key, &found, weight);
            match key.why {
                Some(why) => tolerated.push(Tolerated { finding, why }),
                None => findings.push(finding),
            }
        }
        (findings, tolerated)
    }
}

fn weighs(kind: Kind) -> bool {
    matches!(kind, Kind::Malicious | Kind::Vulnerability | Kind::Unsound)
}

fn finding(key: &Key, found: &Found<'_>, weight: Weight) -> Finding {
    let Found { hit, said, images } = found;
    let id = hit.kind.as_str();
    let message = format!("`{}` {}: {} ({})", key.package.short(), hit.kind.says(), hit.title, hit.id);
    let mut finding = Finding::new(id, weight, message).about(key.package.clone());
    finding.subject = Some(hit.id.clone());
    finding.places.extend(places(images));
    finding.notes.extend(named(images));
    finding.notes.extend(hit.url.as_ref().map(|url| format!("reported on {}, {url}", hit.date)));
    if key.at_build {
        finding.notes.push("it ran while the program was built, and is not in it".to_owned());
    }
    if !hit.functions.is_empty() {
        finding.notes.push(format!("affected functions: {}", hit.functions.join(", ")));
    }
    if let Some(said) = said.filter(|said| !said.status.mutes()) {
        finding.notes.push(why(said));
    }
    match hit.kind {
        Kind::Malicious => finding
            .help("stop it, and treat the secrets of this machine and of every one that built it as stolen"),
        Kind::Vulnerability | Kind::Unsound if hit.patched.is_empty() => {
            finding.note("no version of it is patched")
        }
        Kind::Vulnerability | Kind::Unsound => finding
            .help(format!("patched: {}; build with one of these and roll it out", hit.patched.join(" or "))),
        Kind::Notice | Kind::Unmaintained => finding,
    }
}

/// The files, each once.
pub(super) fn places(images: &[(PathBuf, String)]) -> impl Iterator<Item = Place> {
    let files = images.iter().map(|(file, _)| file).collect::<BTreeSet<_>>();
    files.into_iter().map(|file| Place {
        file: file.clone(),
        line: 0,
        excerpt: String::new(),
        label: String::new(),
        role: Role::Primary,
    })
}

/// The images by name; the rest is counted.
fn named(images: &[(PathBuf, String)]) -> impl Iterator<Item = String> {
    let more = images.len().saturating_sub(NAMED);
    let rest = (more > 0).then(|| format!("in {}", plural(more, "more program")));
    images.iter().take(NAMED).map(|(_, name)| format!("in {name}")).chain(rest)
}

/// What to call an image in a line: its name, and who runs it.
pub(super) fn called(image: &Image, running: Option<&Running>) -> String {
    match running {
        None => format!("`{}`", image.name),
        Some(running) => {
            let pids = running.users.iter().take(NAMED).map(|user| user.pid.to_string()).collect::<Vec<_>>();
            let more = if running.users.len() > NAMED { ", …" } else { "" };
            let contained =
                if running.users.iter().any(|user| user.contained) { ", in a container" } else { "" };
            let noun = if running.users.len() == 1 { "process" } else { "processes" };
            format!("`{}` ({noun} {}{more}{contained})", image.name, pids.join(", "))
        }
    }
}

/// Who says what, and why.
fn why(said: &Statement) -> String {
    let reason = if said.reason.is_empty() { String::new() } else { format!(": {}", said.reason) };
    format!("`{}` by {} in `{}`{reason}", said.status.as_str(), said.author, said.file)
}

/// The package as advisories know it.
fn id_of(package: &EmbeddedPackage) -> PackageId {
    let source = match package.source {
        EmbeddedSource::CratesIo => Source::parse(CRATES_IO),
        _ => None,
    };
    PackageId { name: package.name.clone(), version: package.version.clone(), source }
}
