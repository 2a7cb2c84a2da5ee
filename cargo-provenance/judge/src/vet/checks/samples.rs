//! A package with a history, for the tests of the checks.

use std::path::Path;

use provenance_build::name::CRATES_IO;
use provenance_build::{Checksum, PackageId, PackageName, Source, Version};

use crate::advisory::Database;
use crate::archive::{self, License};
use crate::audit::crev::Proofs;
use crate::audit::{Bindings, Criteria, Import, Store};
use crate::finding::{Finding, Weight};
use crate::model::{Clock, Date, Dependency, DependencyKind, Evidence, Release};
use crate::policy::Policy;
use crate::samples::Sample;
use crate::survey::{Sources, Survey};
use crate::vet::release::DAY;
use crate::vet::reviews::{Known, translated};
use crate::vet::{
    Birth, Cooldown, Dossier, Fault, Ground, Judgment, Names, Needs, Previous, Reviews, Way, catalogue, judge,
};

/// 2026-11-23.
pub(super) const NOW: u64 = 1_795_392_000;

/// A package that is judged under a policy.
pub(super) struct Case {
    pub(super) policy: Policy,
    id: PackageId,
    pub(super) releases: Vec<Release>,
    pub(super) names: Names,
    pub(super) cooldown: Cooldown,
    pub(super) births: Option<Vec<Birth>>,
    pub(super) twins: Vec<Version>,
    pub(super) elsewhere: Vec<String>,
    pub(super) way: Way,
    pub(super) mends: Vec<String>,
    pub(super) pinned_from: Option<Source>,
    pub(super) direct: bool,
    pub(super) databases: Evidence<Vec<Database>>,
    audits: Evidence<Reviews>,
    pub(super) bytes: Known,
    /// What the index says of this version, where that does not follow from the releases.
    pub(super) release: Option<Evidence<Release>>,
    archive: Option<Vec<u8>>,
    /// The version before it, with its archive.
    pub(super) before: Evidence<(Version, Vec<u8>)>,
    license: Evidence<License>,
}

/// A release, published so many days ago.
pub(super) fn release(version: &str, days_ago: u64) -> Release {
    Release {
        version: Version::parse(version).expect("a version"),
        checksum: Checksum::from_bytes([0; 32]),
        yanked: false,
        published: Some(NOW - days_ago * DAY),
        dependencies: vec![],
        features: vec![],
        links: None,
    }
}

/// The same release with dependencies: name, kind, and whether it is optional.
pub(super) fn needing(mut release: Release, needs: &[(&str, DependencyKind, bool)]) -> Release {
    release.dependencies = needs
        .iter()
        .map(|(name, kind, optional)| Dependency {
            package: PackageName::parse(name).expect("a name"),
            kind: *kind,
            optional: *optional,
        })
        .collect();
    release
}

/// An archive of `dep v1.0.0` with this manifest.
pub(super) fn package(manifest: &str) -> Sample {
    let id = crate::samples::id("dep");
    Sample::empty(&id).file("Cargo.toml", manifest.as_bytes()).file("src/lib.rs", b"")
}

/// An archive of `dep v1.0.0` as cargo makes it, with `rest` in its manifest.
pub(super) fn packed(rest: &str) -> Sample {
    let vcs = format!("{{\"git\":{{\"sha1\":\"{}\"}}}}", "a".repeat(40));
    let manifest = format!("[package]\nname = 'dep'\nversion = '1.0.0'\n{rest}");
    package(&manifest).file(".cargo_vcs_info.json", vcs.as_bytes())
}

/// An archive of `dep v1.0.0` whose library is this.
pub(super) fn library(source: &str) -> Sample {
    let vcs = format!("{{\"git\":{{\"sha1\":\"{}\"}}}}", "a".repeat(40));
    let sample = Sample::empty(&crate::samples::id("dep")).file(".cargo_vcs_info.json", vcs.as_bytes());
    let sample = sample.file("Cargo.toml", b"[package]\nname = 'dep'\nversion = '1.0.0'\n");
    sample.file("src/lib.rs", source.as_bytes())
}

/// Expects of each build script that `check` finds it to be of this weight, or finds nothing.
pub(super) fn scripts(check: &str, expected: Option<Weight>, sources: &[&str]) {
    expect(check, expected, sources, &|source| packed("").file("build.rs", source.as_bytes()));
}

/// The same of each library.
pub(super) fn libraries(check: &str, expected: Option<Weight>, sources: &[&str]) {
    expect(check, expected, sources, &library);
}

fn expect(check: &str, expected: Option<Weight>, sources: &[&str], sample: &dyn Fn(&str) -> Sample) {
    for source in sources {
        let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
        case.archive(sample(source));
        let findings = case.judged().findings;
        let found = findings.iter().find(|finding| finding.id == check);
        assert_eq!(found.map(|finding| finding.weight), expected, "{source}: {findings:#?}");
    }
}

/// The ids of what was found.
pub(super) fn ids(judgment: &Judgment) -> Vec<&'static str> {
    judgment.findings.iter().map(|finding| finding.id).collect()
}

/// What a check says of a package with these files, its manifest and an empty library besides: the weight of each finding and
/// what it is about.
pub(super) fn seen(check: &str, files: &[(&str, &[u8])]) -> Vec<(Weight, String)> {
    seen_in(check, "", files)
}

/// The same for a package with `rest` in its manifest.
pub(super) fn seen_in(check: &str, rest: &str, files: &[(&str, &[u8])]) -> Vec<(Weight, String)> {
    let mut case = Case::new("", "1.0.0", vec![release("1.0.0", 900)]);
    case.archive(with(rest, files));
    of_check(check, &case.judged())
}

/// What a check said.
pub(super) fn of_check(check: &str, judgment: &Judgment) -> Vec<(Weight, String)> {
    let findings = judgment.findings.iter().filter(|finding| finding.id == check);
    findings.map(|finding| (finding.weight, finding.subject.clone().unwrap_or_default())).collect()
}

/// An archive with `rest` in its manifest and these files, which go before an empty library.
pub(super) fn with(rest: &str, files: &[(&str, &[u8])]) -> Sample {
    let manifest = format!("[package]\nname = 'dep'\nversion = '1.0.0'\n{rest}");
    let sample = Sample::empty(&crate::samples::id("dep")).file("Cargo.toml", manifest.as_bytes());
    let has_library = files.iter().any(|(path, _)| *path == "src/lib.rs");
    let sample = if has_library { sample } else { sample.file("src/lib.rs", b"") };
    files.iter().fold(sample, |sample, (path, content)| sample.file(path, content))
}

impl Case {
    /// Version `version` of `dep`, whose registry lists `releases`; `policy` without its first line.
    pub(super) fn new(policy: &str, version: &str, mut releases: Vec<Release>) -> Self {
        // Old enough as a crate, whatever the test is about.
        if releases.len() == 1 {
            releases.insert(0, release("0.0.1", 2_000));
        }
        let policy = format!("version = 1\n{policy}");
        let id = PackageId {
            name: PackageName::parse("dep").expect("a name"),
            version: Version::parse(version).expect("a version"),
            source: Source::parse(CRATES_IO),
        };
        Self {
            policy: Policy::parse(policy.as_bytes(), Path::new("Provenance.toml"), catalogue())
                .expect("a policy"),
            id,
            releases,
            names: Names::default(),
            cooldown: Cooldown::default(),
            births: None,
            twins: vec![],
            elsewhere: vec![],
            way: Way::Named,
            mends: vec![],
            pinned_from: None,
            direct: true,
            databases: Evidence::Absent,
            audits: Evidence::Absent,
            bytes: Known::default(),
            release: None,
            archive: None,
            before: Evidence::Absent,
            license: Evidence::Absent,
        }
    }

    /// Sets when its newest release was published.
    pub(super) fn published(&mut self, days_ago: u64) {
        let newest = self.releases.last_mut().expect("a release");
        newest.published = Some(NOW - days_ago * DAY);
    }

    /// Gives it an archive.
    pub(super) fn archive(&mut self, sample: Sample) {
        self.archive = Some(sample.build());
    }

    /// Gives it a version before, with this archive.
    pub(super) fn before(&mut self, version: &str, sample: Sample) {
        self.before = Evidence::Known((Version::parse(version).expect("a version"), sample.build()));
    }

    /// Lets it say this about its license.
    pub(super) fn license(&mut self, expression: Option<&str>, file: Option<&str>) {
        self.license = Evidence::Known(License::new(expression, file));
    }

    /// Gives it a `supply-chain/` with these audits and this configuration.
    pub(super) fn reviewed(&mut self, audits: &str, config: &str) {
        self.published_by(audits, config, "");
    }

    /// The same with an `imports.lock`.
    pub(super) fn published_by(&mut self, audits: &str, config: &str, imports: &str) {
        let audits = if audits.is_empty() { "[audits]\n" } else { audits };
        let (config, audits, imports) = (config.as_bytes(), audits.as_bytes(), imports.as_bytes());
        let store = Store::read(Path::new("supply-chain"), config, audits, imports);
        let store = store.expect("a store");
        let reviews = Reviews::new(store, self.policy.audits(), Default::default(), Date::of_seconds(NOW));
        self.audits = reviews.map_or_else(Evidence::Unavailable, Evidence::Known);
    }

    /// Binds these reviews to bytes.
    pub(super) fn bound(&mut self, bindings: &str) {
        let bindings = Bindings::read(bindings.as_bytes(), Path::new("bindings.toml")).expect("bindings");
        self.audits = self.audits.clone().map(|reviews| reviews.bound(bindings, vec![]).0);
    }

    /// Gives it what the reviewer of the policy signed.
    pub(super) fn signed(&mut self, proofs: &str) {
        let rules = self.policy.audits();
        let reviewer = &rules.expect("rules").crev[0].value;
        let mut read = Proofs::default();
        read.read(proofs.as_bytes(), "proofs", &reviewer.key).expect("proofs");
        let mut store = Store::default();
        let criteria = Criteria::of(&store.audits.criteria).expect("criteria");
        let (set, beside) = translated(read, reviewer, &criteria);
        store.config.imports.insert(reviewer.name.clone(), Import::default());
        store.imports.sets.insert(reviewer.name.clone(), set);
        let signed = [(reviewer.name.clone(), beside)].into();
        let reviews = Reviews::new(store, rules, Default::default(), Date::of_seconds(NOW));
        self.audits = Evidence::Known(reviews.expect("reviews").signed(signed));
    }

    /// Lets it come from another source.
    pub(super) fn from(&mut self, source: &str) {
        self.id.source = Some(Source::parse(source).expect("a source"));
    }

    /// Lets it come from a directory instead of a registry.
    pub(super) fn unpublished(&mut self) {
        self.id.source = None;
    }

    /// Calls it otherwise.
    pub(super) fn rename(&mut self, name: &str) {
        self.id.name = PackageName::parse(name).expect("a name");
    }

    /// What is said of it, as far as it is known, but for what the few releases of a test are bound to be told.
    pub(super) fn judged(&self) -> Judgment {
        let mut judgment = self.everything();
        let of_few = ["dormant-revival", "few-versions"];
        judgment.findings.retain(|finding| !of_few.contains(&finding.id));
        judgment
    }

    /// What a check says of it.
    pub(super) fn whole(&self, id: &str) -> Option<Finding> {
        self.everything().findings.into_iter().find(|finding| finding.id == id)
    }

    fn everything(&self) -> Judgment {
        let listed = self.releases.iter().find(|release| release.version == self.id.version);
        let release = self.release.as_ref().map(Evidence::as_ref);
        let is_published = self.id.source.as_ref().is_some_and(|source| !source.is_git());
        let (mut archive, mut faults) = (Evidence::Absent, vec![]);
        match self.archive.as_ref().map(|bytes| archive::read(bytes, &self.id)) {
            None => {}
            Some(Ok(read)) => archive = Evidence::Known(read),
            Some(Err(found)) => faults = found,
        }
        let survey = archive.as_ref().map(|archive| Survey::of(&Sources::of_archive(archive)));
        let read = |bytes: &Vec<u8>| archive::read(bytes, &self.id).expect("an archive of the same package");
        let before = self.before.as_ref();
        let before = before.map(|(version, bytes)| (version, Survey::of(&Sources::of_archive(&read(bytes)))));
        let fault = |it: archive::Fault| Fault { check: it.check, what: it.what, help: None, remark: false };
        let faults = faults.into_iter().map(fault).collect::<Vec<_>>();
        let dossier = Dossier {
            history: if is_published { Evidence::Known(&self.releases) } else { Evidence::Absent },
            release: release.unwrap_or(listed.map_or(Evidence::Absent, Evidence::Known)),
            pinned_from: self.pinned_from.as_ref(),
            mends: &self.mends,
            bytes: self.bytes,
            direct: self.direct,
            archive: archive.as_ref(),
            survey: survey.as_ref(),
            previous: before.as_ref().map(|(version, survey)| Previous { version, survey }),
            license: self.license.as_ref(),
            faults: &faults,
            births: self.births.as_deref(),
            twins: &self.twins,
            elsewhere: &self.elsewhere,
            ..Dossier::new(&self.id, self.way)
        };
        let databases = self.databases.as_ref().map(Vec::as_slice);
        let ground = Ground {
            policy: &self.policy,
            databases,
            audits: self.audits.as_ref(),
            index_of: &|_| None,
            names: &self.names,
            cooldown: &self.cooldown,
            now: Clock(NOW),
            judged_by: None,
        };
        judge(&dossier, &ground, &[Needs::BEFORE_FETCHING, Needs::OF_CONTENTS].concat())
    }
}
