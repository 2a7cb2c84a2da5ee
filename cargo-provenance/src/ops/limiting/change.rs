//! What a new lockfile changes: which packages enter, for whom, and which leave. Pure.

use std::collections::BTreeSet;

use provenance_build::manifest::Pin;
use provenance_build::{LockedPackage, Lockfile, Manifest, PackageId, Version};

use crate::graph::{Graph, GraphError};
use crate::vet::{Demand, release};

/// The difference that a new lockfile makes to a workspace behind the gate.
#[derive(Debug)]
pub(in crate::ops) struct Change {
    /// The new lockfile.
    pub(in crate::ops) lockfile: Lockfile,
    /// Packages that no pin covers, in the lockfile's order.
    pub(in crate::ops) entering: Vec<Entry>,
    /// Packages that the new lockfile no longer has, and nothing takes the place of.
    pub(in crate::ops) leaving: Vec<PackageId>,
    /// Who pulls in whom.
    pub(in crate::ops) graph: Graph,
    /// Packages that turned out to be the team's own, by their places in the lockfile.
    own: BTreeSet<usize>,
}

/// A package that would enter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::ops) struct Entry {
    /// Its place in the lockfile.
    pub(in crate::ops) index: usize,
    /// Name, version and source.
    pub(in crate::ops) id: PackageId,
    /// The version of the same package that leaves, if just one does.
    pub(in crate::ops) replaces: Option<Version>,
    /// Whether a first-party package depends on it directly.
    pub(in crate::ops) direct: bool,
    /// Who pulls it in: `app > serde`.
    pub(in crate::ops) chain: String,
    /// What was required of it before, where it stays as it is pinned and more is required now.
    pub(in crate::ops) asked_before: Option<Demand>,
}

impl Change {
    /// Compares lockfiles. Only a pin with the locked checksum lets a package stay; the old lockfile decides nothing, it is
    /// there to tell what leaves.
    pub(in crate::ops) fn between(
        old: &Lockfile,
        new: Lockfile,
        manifest: &Manifest,
    ) -> Result<Self, GraphError> {
        let pinned = |package: &LockedPackage| {
            manifest.pin_for(&package.id).is_some_and(|pin| pin.checksum == package.checksum)
        };
        Self::of(old, new, pinned, |id| is_member(id, manifest))
    }

    /// Compares lockfiles where there are no pins yet: what is locked in the old one stays.
    pub(in crate::ops) fn since(old: &Lockfile, new: Lockfile) -> Result<Self, GraphError> {
        let locked = old.packages.iter().map(|package| (&package.id, package.checksum));
        let locked = locked.collect::<BTreeSet<_>>();
        let stays = |package: &LockedPackage| locked.contains(&(&package.id, package.checksum));
        Self::of(old, new, stays, |id| id.source.is_none())
    }

    fn of(
        old: &Lockfile,
        new: Lockfile,
        stays: impl Fn(&LockedPackage) -> bool,
        is_first_party: impl Fn(&PackageId) -> bool,
    ) -> Result<Self, GraphError> {
        let graph = Graph::of(&new)?;
        let ids: BTreeSet<&PackageId> = new.packages.iter().map(|package| &package.id).collect();
        let mut leaving: Vec<PackageId> =
            old.packages.iter().map(|package| &package.id).filter(|id| !ids.contains(id)).cloned().collect();
        let first_party = |index: usize| is_first_party(&new.packages[index].id);
        let mut entering = vec![];
        for (index, package) in new.packages.iter().enumerate() {
            if first_party(index) || stays(package) {
                continue;
            }
            entering.push(entry(&graph, &new, index, first_party));
        }
        pair_all(&mut entering, &mut leaving);
        Ok(Self { lockfile: new, entering, leaving, graph, own: BTreeSet::new() })
    }

    /// Takes out what turns out to be the team's own.
    pub(in crate::ops) fn leave_out(&mut self, index: usize) {
        self.entering.retain(|entry| entry.index != index);
        self.own.insert(index);
    }

    /// A package that stays as it is pinned, and of which more is required now.
    pub(in crate::ops) fn staying(&self, index: usize, before: Demand, manifest: &Manifest) -> Entry {
        let is_first_party =
            |at: usize| self.own.contains(&at) || is_member(&self.lockfile.packages[at].id, manifest);
        let entry = entry(&self.graph, &self.lockfile, index, is_first_party);
        Entry { asked_before: Some(before), ..entry }
    }

    /// The pins of the packages that stay.
    pub(in crate::ops) fn kept_pins(&self, manifest: &Manifest) -> Vec<Pin> {
        let entering: BTreeSet<&PackageId> = self.entering.iter().map(|entry| &entry.id).collect();
        let staying = self.lockfile.packages.iter().map(|p| &p.id).filter(|id| !entering.contains(id));
        staying.filter_map(|id| manifest.pin_for(id).cloned()).collect()
    }
}

/// A package of a lockfile as it would enter, and for whom.
fn entry(graph: &Graph, lockfile: &Lockfile, index: usize, is_first_party: impl Fn(usize) -> bool) -> Entry {
    let chain = graph.chain(index, is_first_party);
    let above = chain.iter().take(chain.len().saturating_sub(1));
    let names = above.map(|at| lockfile.packages[*at].id.name.as_str()).collect::<Vec<_>>();
    Entry {
        index,
        id: lockfile.packages[index].id.clone(),
        replaces: None,
        direct: chain.len() == 2,
        chain: names.join(" > "),
        asked_before: None,
    }
}

/// The packages of which one lockfile has another version than the other, each with the version there. What has no
/// counterpart is not among them.
pub(in crate::ops) fn moved(first: &Lockfile, last: &Lockfile) -> Vec<(PackageId, PackageId)> {
    fn ids(lockfile: &Lockfile) -> BTreeSet<&PackageId> {
        lockfile.packages.iter().map(|package| &package.id).filter(|id| id.source.is_some()).collect()
    }
    let (before, after) = (ids(first), ids(last));
    let entry = |id: &PackageId| Entry {
        index: 0,
        id: id.clone(),
        replaces: None,
        direct: false,
        chain: String::new(),
        asked_before: None,
    };
    let mut entering = after.difference(&before).map(|id| entry(id)).collect::<Vec<_>>();
    let mut leaving = before.difference(&after).map(|id| (*id).clone()).collect::<Vec<_>>();
    pair_all(&mut entering, &mut leaving);
    let pairs = entering.into_iter().filter_map(|entry| {
        let from = PackageId { version: entry.replaces?, ..entry.id.clone() };
        Some((from, entry.id))
    });
    pairs.collect()
}

/// Pairs what enters with what leaves: a version takes the place of the one of its own semver line; of any other only where
/// there is no doubt.
fn pair_all(entering: &mut [Entry], leaving: &mut Vec<PackageId>) {
    let same = |a: &PackageId, b: &PackageId| a.name == b.name && a.source == b.source;
    let same_line = |a: &PackageId, b: &PackageId| {
        let line =
            |id: &PackageId| semver::Version::parse(id.version.as_str()).ok().map(|v| release::line(&v));
        same(a, b) && line(a) == line(b)
    };
    pair(entering, leaving, same_line);
    pair(entering, leaving, same);
}

/// Pairs what enters with what leaves, where just one of each is alike.
fn pair(
    entering: &mut [Entry],
    leaving: &mut Vec<PackageId>,
    alike: impl Fn(&PackageId, &PackageId) -> bool,
) {
    for at in 0..entering.len() {
        let id = entering[at].id.clone();
        let free = |entry: &&Entry| entry.replaces.is_none() && alike(&entry.id, &id);
        let rivals = entering.iter().filter(free).count();
        let mut gone = leaving.iter().filter(|gone| alike(gone, &id));
        if let (Some(only), None, 1, None) =
            (gone.next().cloned(), gone.next(), rivals, &entering[at].replaces)
        {
            leaving.retain(|gone| *gone != only);
            entering[at].replaces = Some(only.version);
        }
    }
}

fn is_member(id: &PackageId, manifest: &Manifest) -> bool {
    id.source.is_none() && manifest.members.iter().any(|member| member.name == id.name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use provenance_build::manifest::{Basis, Line, Member, Origin, Trust};
    use provenance_build::name::CRATES_IO;
    use provenance_build::{Checksum, LockedPackage, PackageName, Source, TreeDigest};

    use super::*;

    fn id(spec: &str) -> PackageId {
        let (name, version) = spec.split_once(' ').expect("name and version");
        let (version, source) = match version.strip_suffix('*') {
            Some(version) => (version, None),
            None => (version, Source::parse(CRATES_IO)),
        };
        PackageId {
            name: PackageName::parse(name).expect("a name"),
            version: Version::parse(version).expect("a version"),
            source,
        }
    }

    /// `name version`, `*` after the version for a local package; a byte of the checksum; dependencies.
    fn lockfile(packages: &[(&str, u8, &[&str])]) -> Lockfile {
        let packages = packages.iter().map(|(spec, sum, dependencies)| {
            let id = id(spec);
            LockedPackage {
                checksum: id.source.is_some().then(|| Checksum::from_bytes([*sum; 32])),
                id,
                dependencies: dependencies.iter().map(|&name| name.to_owned()).collect(),
                line: 1,
            }
        });
        Lockfile { version: 4, packages: packages.collect() }
    }

    fn manifest(pins: &[(&str, u8)]) -> Manifest {
        let pin = |(spec, sum): &(&str, u8)| {
            let id = id(spec);
            Pin {
                name: id.name,
                version: id.version,
                origin: id.source.map_or(Origin::Path("x".to_owned()), Origin::Source),
                checksum: Some(Checksum::from_bytes([*sum; 32])),
                tree: TreeDigest::from_bytes([0; 32]),
                vendor_tree: None,
                build_time: vec![],
                trust: Trust::on(Basis::Policy),
                vetted: None,
                repository: None,
                accepted: vec![],
                baseline: vec![],
                line: Line(0),
            }
        };
        Manifest {
            version: 1,
            policy: Checksum::from_bytes([0; 32]),
            expires: None,
            cargo_config: BTreeMap::new(),
            members: vec![Member { name: id("app 0.1.0*").name, path: ".".to_owned(), own: None }],
            packages: pins.iter().map(pin).collect(),
        }
    }

    #[test]
    fn what_enters_is_told_with_who_pulls_it_in() {
        let old = lockfile(&[("app 0.1.0*", 0, &["a"]), ("a 1.0.0", 1, &[]), ("gone 1.0.0", 2, &[])]);
        let new = lockfile(&[
            ("a 1.1.0", 3, &["b"]),
            ("app 0.1.0*", 0, &["a", "c"]),
            ("b 1.0.0", 4, &[]),
            ("c 1.0.0", 5, &[]),
        ]);
        let manifest = manifest(&[("a 1.0.0", 1), ("c 1.0.0", 5), ("gone 1.0.0", 2)]);
        let change = Change::between(&old, new, &manifest).expect("a graph");
        let shown: Vec<_> = change
            .entering
            .iter()
            .map(|entry| {
                let replaces = entry.replaces.as_ref().map(Version::as_str);
                (entry.id.short(), replaces, entry.direct, entry.chain.as_str())
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("a v1.1.0".to_owned(), Some("1.0.0"), true, "app"),
                ("b v1.0.0".to_owned(), None, false, "app > a")
            ]
        );
        assert_eq!(change.leaving, [id("gone 1.0.0")]);
        let kept: Vec<_> = change.kept_pins(&manifest).iter().map(|pin| pin.id().short()).collect();
        assert_eq!(kept, ["c v1.0.0"]);
    }

    #[test]
    fn a_pin_with_another_checksum_covers_nothing() {
        let new = lockfile(&[("a 1.0.0", 9, &[]), ("app 0.1.0*", 0, &["a"])]);
        let change = Change::between(&new.clone(), new, &manifest(&[("a 1.0.0", 1)])).expect("a graph");
        assert_eq!(change.entering.len(), 1);
        assert!(change.kept_pins(&manifest(&[("a 1.0.0", 1)])).is_empty());
    }

    #[test]
    fn each_semver_line_is_replaced_by_its_own_kind() {
        let old =
            lockfile(&[("a 1.0.0", 1, &[]), ("a 2.0.0", 2, &[]), ("app 0.1.0*", 0, &["a 1.0.0", "a 2.0.0"])]);
        let new =
            lockfile(&[("a 1.1.0", 3, &[]), ("a 2.1.0", 4, &[]), ("app 0.1.0*", 0, &["a 1.1.0", "a 2.1.0"])]);
        let change =
            Change::between(&old, new, &manifest(&[("a 1.0.0", 1), ("a 2.0.0", 2)])).expect("a graph");
        let replaced: Vec<_> =
            change.entering.iter().map(|e| e.replaces.as_ref().map(Version::as_str)).collect();
        assert_eq!(replaced, [Some("1.0.0"), Some("2.0.0")]);
        assert!(change.leaving.is_empty());
    }

    #[test]
    fn a_local_package_that_is_no_member_is_seen() {
        let new = lockfile(&[("app 0.1.0*", 0, &["near"]), ("near 0.1.0*", 0, &[])]);
        let mut change = Change::between(&new.clone(), new, &manifest(&[])).expect("a graph");
        assert_eq!(change.entering[0].id, id("near 0.1.0*"));
        change.leave_out(1);
        assert!(change.entering.is_empty());
    }
}
