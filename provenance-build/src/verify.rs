//! The judgment: manifest and observation go in, the disagreements come out. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::config::Setting;
use crate::digest::{Checksum, TreeDigest};
use crate::drift::Drift;
use crate::locate::Place;
use crate::lockfile::{LockedPackage, Lockfile};
use crate::manifest::{Manifest, Pin};
use crate::moment::Moment;
use crate::name::PackageId;
use crate::tree::{Layout, Unacceptable};

/// Everything that was seen of a workspace.
#[derive(Clone, Debug)]
pub struct Observation {
    /// `Cargo.lock`.
    pub lockfile: Lockfile,
    /// The settings of the repository's cargo configuration that can run or swap code.
    pub settings: BTreeMap<String, Setting>,
    /// What is wrong with the listed members, found by [`crate::members::inspect`].
    pub members: Vec<Drift>,
    /// The digest of the policy in force; `None` where the caller does not judge it.
    pub policy: Option<Checksum>,
    /// The clock of whoever verifies.
    pub now: Moment,
    /// What lies on disk of each package, in the order of the lockfile.
    pub sources: Vec<Sources>,
}

/// What lies on disk of one package.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Every directory that cargo could compile it from.
    pub trees: Vec<ObservedTree>,
    /// Every cached archive that cargo would unpack, with its checksum, as far as the caller looked.
    pub archives: Vec<(PathBuf, Checksum)>,
}

/// One directory with what its tree came to.
#[derive(Clone, Debug)]
pub struct ObservedTree {
    /// Where it lies and how it came to be.
    pub place: Place,
    /// Its digest, or why it has none.
    pub digest: Result<TreeDigest, Unacceptable>,
}

/// What the comparison came to.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Every disagreement, in reporting order.
    pub drift: Vec<Drift>,
    /// How many third-party packages match their pins on disk, by tree or by archive.
    pub matching: usize,
    /// Packages with a pin of which neither directory nor archive lies on disk.
    pub absent: Vec<PackageId>,
    /// How many packages of the lockfile are first-party.
    pub members: usize,
}

/// Compares a manifest with what was observed. Linear in the number of packages, apart from looking them up.
pub fn verify(manifest: &Manifest, observation: &Observation) -> Verdict {
    let mut verdict = Verdict::default();
    settings(manifest, &observation.settings, &mut verdict.drift);
    verdict.drift.extend(observation.members.iter().cloned());
    let mut stale = Vec::new();
    if let Some(on) = manifest.expires.clone().filter(|_| manifest.is_expired(observation.now)) {
        stale.push(Drift::Expired { on });
    }
    if let Some(found) = observation.policy.filter(|found| *found != manifest.policy) {
        stale.push(Drift::Policy { pinned: manifest.policy, found });
    }

    let members = manifest.members.iter().map(|member| member.name.as_str()).collect::<BTreeSet<_>>();
    let mut used = BTreeSet::new();
    let mut listed = BTreeSet::new();
    for (locked, sources) in observation.lockfile.packages.iter().zip(&observation.sources) {
        if locked.id.source.is_none() && members.contains(locked.id.name.as_str()) {
            listed.insert(locked.id.name.as_str());
            verdict.members += 1;
            // A member's own directory is not looked for, so what was found is a `paths` override.
            for tree in &sources.trees {
                let (name, file) = (locked.id.name.to_string(), tree.place.directory.clone());
                let what = "a `paths` override takes the place of the member".to_owned();
                verdict.drift.push(Drift::Detour { name, file, what });
            }
            continue;
        }
        match manifest.position_of(&locked.id) {
            Some(position) => {
                used.insert(position);
                compare(&manifest.packages[position], locked, sources, &mut verdict);
            }
            None => verdict.drift.push(Drift::Unpinned { id: locked.id.clone(), lock_line: locked.line }),
        }
    }
    let unused = |what, pin_line| Drift::Unused { what, pin_line };
    stale.extend(members.difference(&listed).map(|name| unused((*name).to_owned(), 0)));
    let pins = manifest.packages.iter().enumerate().filter(|(position, _)| !used.contains(position));
    stale.extend(pins.map(|(_, pin)| unused(pin.id().short(), pin.line.0)));
    verdict.drift.append(&mut stale);
    verdict
}

fn settings(manifest: &Manifest, found: &BTreeMap<String, Setting>, drift: &mut Vec<Drift>) {
    for (key, setting) in found {
        let recorded = manifest.cargo_config.get(key);
        if recorded != Some(&setting.value) {
            drift.push(Drift::Setting { found: setting.clone(), recorded: recorded.cloned() });
        }
    }
    for key in manifest.cargo_config.keys().filter(|key| !found.contains_key(*key)) {
        drift.push(Drift::SettingGone { key: key.clone() });
    }
}

fn compare(pin: &Pin, locked: &LockedPackage, sources: &Sources, verdict: &mut Verdict) {
    let before = verdict.drift.len();
    let (lock_line, pin_line) = (locked.line, pin.line.0);
    if let (Some(pinned), Some(locked_sum)) = (pin.checksum, locked.checksum) {
        if pinned != locked_sum {
            let (id, locked) = (locked.id.clone(), locked_sum);
            verdict.drift.push(Drift::Checksum { id, pinned, locked, lock_line, pin_line });
        }
    }
    for tree in &sources.trees {
        let pinned = pin.tree;
        let (id, directory) = (locked.id.clone(), tree.place.directory.clone());
        let found = tree.digest.clone();
        if !found.as_ref().is_ok_and(|found| accepts(pin, tree.place.layout, *found)) {
            verdict.drift.push(Drift::Tree { id, pinned, found, directory, lock_line, pin_line });
        }
    }
    for (file, found) in &sources.archives {
        if let Some(pinned) = pin.checksum.filter(|pinned| pinned != found) {
            let (id, file) = (locked.id.clone(), file.clone());
            verdict.drift.push(Drift::Archive { id, pinned, found: *found, file, pin_line });
        }
    }
    if verdict.drift.len() > before {
    } else if sources.trees.is_empty() && sources.archives.is_empty() {
        verdict.absent.push(locked.id.clone());
    } else {
        verdict.matching += 1;
    }
}

/// A directory source may hold what `cargo vendor` left of the package; everything else is whole.
fn accepts(pin: &Pin, layout: Layout, found: TreeDigest) -> bool {
    found == pin.tree || (layout == Layout::Directory && pin.vendor_tree == Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Basis, Line, Member, Origin, Trust};
    use crate::name::{CRATES_IO, PackageName, Source, Version};

    fn id(name: &str, source: Option<&str>) -> PackageId {
        PackageId {
            name: PackageName::parse(name).expect("a name"),
            version: Version::parse("1.0.0").expect("a version"),
            source: source.map(|source| Source::parse(source).expect("a source")),
        }
    }

    fn sum(byte: u8) -> Checksum {
        Checksum::from_bytes([byte; 32])
    }

    fn digest(byte: u8) -> TreeDigest {
        TreeDigest::from_bytes([byte; 32])
    }

    fn pin(name: &str, origin: Origin) -> Pin {
        let id = id(name, None);
        let checksum = matches!(origin, Origin::Source(_)).then(|| sum(1));
        let trust = Trust { basis: Basis::Baseline, criteria: None, from: vec![] };
        let (tree, vendor_tree) = (digest(1), Some(digest(2)));
        let (build_time, vetted, accepted) = (vec![], None, vec![]);
        let (name, version, line) = (id.name, id.version, Line(7));
        Pin {
            name,
            version,
            origin,
            checksum,
            tree,
            vendor_tree,
            build_time,
            trust,
            vetted,
            repository: None,
            accepted,
            baseline: vec![],
            line,
        }
    }

    fn manifest() -> Manifest {
        let app =
            Member { name: PackageName::parse("app").expect("a name"), path: ".".to_owned(), own: None };
        Manifest {
            version: 1,
            policy: sum(9),
            expires: None,
            cargo_config: BTreeMap::new(),
            members: vec![app],
            packages: vec![pin("dep", Origin::Source(Source::parse(CRATES_IO).expect("a source")))],
        }
    }

    fn locked(name: &str, source: Option<&str>) -> LockedPackage {
        LockedPackage {
            id: id(name, source),
            checksum: source.map(|_| sum(1)),
            dependencies: vec![],
            line: 3,
        }
    }

    fn tree(layout: Layout, found: u8) -> Sources {
        let place = Place { directory: PathBuf::from("/d"), layout };
        Sources { trees: vec![ObservedTree { place, digest: Ok(digest(found)) }], archives: vec![] }
    }

    fn seen(packages: Vec<(LockedPackage, Sources)>) -> Observation {
        let (packages, sources) = packages.into_iter().unzip();
        let lockfile = Lockfile { version: 4, packages };
        let now = Moment::day("2026-11-25").expect("a day");
        Observation { lockfile, settings: BTreeMap::new(), members: vec![], policy: None, now, sources }
    }

    fn codes(observation: &Observation) -> Vec<&'static str> {
        verify(&manifest(), observation).drift.iter().map(Drift::code).collect()
    }

    fn workspace(source: Option<&str>, sources: Sources) -> Observation {
        seen(vec![(locked("app", None), Sources::default()), (locked("dep", source), sources)])
    }

    #[test]
    fn equal_trees_match() {
        let verdict = verify(&manifest(), &workspace(Some(CRATES_IO), tree(Layout::Registry, 1)));
        assert!(verdict.drift.is_empty());
        assert_eq!((verdict.matching, verdict.members), (1, 1));
    }

    #[test]
    fn only_a_directory_source_may_lack_what_vendoring_drops() {
        assert!(codes(&workspace(Some(CRATES_IO), tree(Layout::Directory, 2))).is_empty());
        assert_eq!(codes(&workspace(Some(CRATES_IO), tree(Layout::Registry, 2))), ["source-differs"]);
        assert_eq!(codes(&workspace(Some(CRATES_IO), tree(Layout::Directory, 3))), ["source-differs"]);
    }

    #[test]
    fn every_directory_of_a_package_must_match() {
        let mut sources = tree(Layout::Registry, 1);
        sources.trees.extend(tree(Layout::Path, 5).trees);
        assert_eq!(codes(&workspace(Some(CRATES_IO), sources)), ["source-differs"]);
    }

    #[test]
    fn a_package_is_pinned_for_its_source_only() {
        for source in [None, Some("registry+https://elsewhere.invalid/index")] {
            assert_eq!(codes(&workspace(source, Sources::default())), ["not-pinned", "pin-unused"]);
        }
    }

    #[test]
    fn a_locked_checksum_must_be_the_pinned_one() {
        let mut observation = workspace(Some(CRATES_IO), tree(Layout::Registry, 1));
        observation.lockfile.packages[1].checksum = Some(sum(2));
        assert_eq!(codes(&observation), ["checksum-differs"]);
    }

    #[test]
    fn an_override_of_a_member_is_drift() {
        let mut observation = workspace(Some(CRATES_IO), tree(Layout::Registry, 1));
        observation.sources[0] = tree(Layout::Path, 1);
        assert_eq!(codes(&observation), ["path-detour"]);
    }

    #[test]
    fn what_is_not_on_disk_is_counted_and_not_called_a_match() {
        let verdict = verify(&manifest(), &workspace(Some(CRATES_IO), Sources::default()));
        assert_eq!((verdict.matching, verdict.absent.len(), verdict.drift.len()), (0, 1, 0));
    }

    #[test]
    fn a_manifest_is_good_until_its_last_day_is_over() {
        let observation = workspace(Some(CRATES_IO), tree(Layout::Registry, 1));
        for (day, expected) in
            [("2026-11-24", vec![("manifest-expired", true)]), ("2026-11-25", vec![]), ("2026-11-26", vec![])]
        {
            let manifest = Manifest { expires: Some(day.to_owned()), ..manifest() };
            let drift = verify(&manifest, &observation).drift;
            let seen = drift.iter().map(|drift| (drift.code(), drift.refuses_build())).collect::<Vec<_>>();
            assert_eq!(seen, expected, "{day}");
        }
    }

    #[test]
    fn settings_are_compared_both_ways() {
        let mut manifest = manifest();
        manifest.cargo_config.insert("paths".to_owned(), "[]".to_owned());
        let mut observation = workspace(Some(CRATES_IO), tree(Layout::Registry, 1));
        let key = "build.rustc".to_owned();
        let setting = Setting {
            key: key.clone(),
            value: "\"x\"".to_owned(),
            file: PathBuf::from("config.toml"),
            line: 2,
        };
        observation.settings.insert(key, setting);
        let drift = verify(&manifest, &observation).drift;
        assert_eq!(
            drift.iter().map(Drift::code).collect::<Vec<_>>(),
            ["cargo-setting", "cargo-setting-gone"]
        );
        assert_eq!(drift.iter().map(Drift::refuses_build).collect::<Vec<_>>(), [true, false]);
    }
}
