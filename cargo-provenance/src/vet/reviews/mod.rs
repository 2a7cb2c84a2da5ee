//! What reviews say of packages: whether somebody vouches for them, and whether somebody warns of them.
//!
//! Each package is judged alone, by the entries that are about its crate, strictly: the same is required of every package,
//! whoever depends on it, and a publisher's name proves nothing by itself ([`Look`] says what else is asked for).

mod publishers;
mod select;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use provenance_build::{PackageId, Source};

use crate::audit::{
    self, AuditKind, AuditRef, ByName, Config, Conflict, Criteria, Gap, Grade, Imports, Link, Mode, Origin,
    Policy, PolicyFor, Requirement, SAFE_TO_DEPLOY, Set, Store, Strict, Tree, TreePackage, Verdict,
    VetVersion, Void, Why,
};
use crate::model::Date;
use crate::policy::{At, AuditRules, Required};
use crate::vet::dossier::Dossier;

pub use publishers::{Look, before, contradict};
pub use select::selected;

/// What reviews of the team itself are called where it says who vouches.
pub const OWN: &str = "supply-chain";

/// No crate can be called so.
const WORKSPACE: &str = "(workspace)";

/// The reviews that count, and what is required.
#[derive(Clone, Debug)]
pub struct Reviews {
    store: Store,
    criteria: Criteria,
    demand: Vec<String>,
    required: At<Required>,
    /// Days that a release must be old before the name of its publisher counts.
    publisher_days: u64,
    /// The files of the sets that the policy imports, by name.
    files: BTreeMap<String, String>,
    today: Date,
}

/// What reviews say of one package.
#[derive(Clone, Debug)]
pub struct Opinion {
    /// Who warns of it.
    pub violations: Vec<Violation>,
    /// Whether somebody vouches for it.
    pub standing: Standing,
}

/// A warning of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Whose it is: the name of an import, or [`OWN`].
    pub from: String,
    /// What is not met; nothing where that could not be read.
    pub criteria: Vec<String>,
    /// Where it stands.
    pub place: String,
    /// What its author wrote.
    pub notes: Option<String>,
}

/// Whether somebody vouches for a package.
#[derive(Clone, Debug)]
pub enum Standing {
    /// A chain of entries proves all that is required.
    Proven(Proof),
    /// Something is missing.
    Open(Missing),
}

/// Who vouches for a package, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The criteria, in one line.
    pub criteria: String,
    /// The names of the imports, and [`OWN`].
    pub from: Vec<String>,
    /// Whether it is exemptions that prove it.
    pub grade: Grade,
    /// Whether something of it stands on the name of a publisher, and no chain of reviews would do.
    pub on_publisher: bool,
}

/// What is missing before a package counts as reviewed.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    /// Why, a line each.
    pub why: Vec<String>,
    /// Between which versions a review is missing, where one would do.
    pub gap: Option<(VetVersion, Gap)>,
}

impl Reviews {
    /// The reviews of a store, with the imports of the policy in it; why it cannot be used, where that is so.
    ///
    /// `files` names the files of those imports.
    pub fn new(
        mut store: Store,
        rules: Option<&AuditRules>,
        files: BTreeMap<String, String>,
        today: Date,
    ) -> Result<Self, String> {
        let criteria = Criteria::of(&store.audits.criteria).map_err(|error| error.to_string())?;
        let demand = rules.and_then(|rules| rules.criteria.clone());
        let demand = demand.unwrap_or_else(|| vec![SAFE_TO_DEPLOY.to_owned()]);
        if let Err(unknown) = criteria.set(&demand) {
            return Err(format!("`[audits] criteria` names `{unknown}`, which nothing defines"));
        }
        // What single packages require of others is of no use here; whose name a package bears is asked for each.
        let policy = std::mem::take(&mut store.config.policy);
        let strict = Strict::default();
        if let Err(faults) = audit::resolve(&store, &Tree::default(), today, Mode::Strict(&strict)) {
            let more = faults.len().saturating_sub(1);
            let first = faults.first().map(ToString::to_string).unwrap_or_default();
            return Err(if more > 0 { format!("{first}, and {more} more faults") } else { first });
        }
        store.config.policy = policy;
        let required = rules.map(|rules| rules.required).unwrap_or_default();
        let publisher_days = days(rules);
        Ok(Self { store, criteria, demand, required, publisher_days, files, today })
    }

    /// The same reviews, of which another policy requires what it requires; why that cannot be, if so.
    pub fn held_to(&self, rules: Option<&AuditRules>) -> Result<Self, String> {
        let demand = rules.and_then(|rules| rules.criteria.clone());
        let demand = demand.unwrap_or_else(|| vec![SAFE_TO_DEPLOY.to_owned()]);
        if let Err(unknown) = self.criteria.set(&demand) {
            return Err(format!("the policy before asks for `{unknown}`, which nothing defines any more"));
        }
        let required = rules.map(|rules| rules.required).unwrap_or_default();
        Ok(Self { required, demand, publisher_days: days(rules), ..self.clone() })
    }

    /// Of which packages reviews are required, and the line of the policy.
    pub fn required(&self) -> At<Required> {
        self.required
    }

    /// What is required, in one line.
    pub fn demand(&self) -> String {
        self.demand.join(", ")
    }

    /// What is said of a package, whoever published it.
    pub fn of(&self, id: &PackageId) -> Opinion {
        self.judged(id, &Strict::default(), vec![])
    }

    /// The same, where the name of who published it counts too, as far as what is known of the package lets it: a chain of
    /// reviews goes before a name, and a name before an exemption.
    pub fn given(&self, dossier: &Dossier<'_>, look: Look) -> Opinion {
        let alone = self.of(dossier.id);
        let is_reviewed = matches!(&alone.standing, Standing::Proven(proof) if proof.grade == Grade::Fully);
        let is_published = dossier.id.source.as_ref().is_some_and(Source::is_crates_io);
        let name = dossier.id.name.as_str();
        let (false, true, true, Ok(semver)) = (
            is_reviewed,
            is_published,
            self.trusts_for(name),
            semver::Version::parse(dossier.id.version.as_str()),
        ) else {
            return alone;
        };
        let rows = self.store.imports.publications.get(name).map(Vec::as_slice).unwrap_or_default();
        let known = publishers::known(rows, dossier, look);
        let strict = Strict {
            min_age: i64::try_from(self.publisher_days).unwrap_or(i64::MAX),
            circumstances: BTreeMap::from([(
                (name.to_owned(), VetVersion { semver, git: None }),
                known.circumstances,
            )]),
            own: vec![],
        };
        let named = self.judged(dossier.id, &strict, known.doubts);
        match (&alone.standing, &named.standing) {
            (Standing::Proven(_), Standing::Proven(proof)) if proof.grade == Grade::Fully => named,
            (Standing::Proven(_), _) => alone,
            (Standing::Open(_), _) => named,
        }
    }

    /// Whether an entry trusts somebody with publishing a crate.
    pub fn trusts_for(&self, krate: &str) -> bool {
        let mut sets = [&self.store.audits].into_iter().chain(self.store.imports.sets.values());
        self.store.audits.trusted.contains_key(krate) || sets.any(|set| set.wildcards.contains_key(krate))
    }

    /// The crates that an entry of the team itself trusts somebody with publishing.
    pub fn own_trust(&self) -> impl Iterator<Item = &str> {
        let own = &self.store.audits;
        own.trusted.keys().chain(own.wildcards.keys()).map(String::as_str)
    }

    /// The versions about which those who say who published them contradict each other.
    pub fn contradictions(&self) -> Vec<String> {
        let all = self.store.imports.publications.iter();
        let odd = all.flat_map(|(krate, rows)| {
            publishers::contradicted(rows).into_iter().map(move |version| format!("{krate} v{version}"))
        });
        odd.collect()
    }

    fn judged(&self, id: &PackageId, strict: &Strict, doubts: Vec<String>) -> Opinion {
        let open = |why: &str| Opinion {
            violations: vec![],
            standing: Standing::Open(Missing { why: vec![why.to_owned()], gap: None }),
        };
        let Ok(semver) = semver::Version::parse(id.version.as_str()) else {
            return open("its version cannot be compared");
        };
        let git = id.source.as_ref().and_then(|source| source.commit()).map(str::to_owned);
        let version = VetVersion { semver, git };
        let name = id.name.as_str();
        let origin = match &id.source {
            None => Origin::Path,
            Some(source) if source.is_git() => Origin::Git,
            Some(source) if source.is_crates_io() => Origin::CratesIo,
            Some(_) => Origin::Registry,
        };
        let store = self.about(name, &version, origin);
        let tree = tree(name, &version, origin);
        let verdicts = match audit::resolve(&store, &tree, self.today, Mode::Strict(strict)) {
            Ok(verdicts) => verdicts,
            Err(faults) => {
                let why = faults.first().map(ToString::to_string).unwrap_or_default();
                return open(&why);
            }
        };
        let place = tree.packages.iter().position(|package| !package.is_member).unwrap_or_default();
        let voids = verdicts.voids.get(name).map(Vec::as_slice).unwrap_or_default();
        let void = voids
            .iter()
            .filter(|void| void.version == version)
            .map(|void| self.discounted(&store, name, void));
        let mut missing = Missing { why: void.collect(), gap: None };
        missing.why.extend(doubts);
        let mut violations = vec![];
        let standing = match verdicts.packages.get(place) {
            Some(Verdict::Proven { grade, chains }) => {
                let links = || chains.values().flatten();
                let mut from = links().map(|link| who(&store, link)).collect::<Vec<_>>();
                from.sort();
                from.dedup();
                let on_publisher =
                    links().any(|link| matches!(link, Link::Trusted { .. } | Link::Wildcard { .. }));
                Standing::Proven(Proof { criteria: self.demand(), from, grade: *grade, on_publisher })
            }
            Some(Verdict::Unproven { missing: criteria, gap }) => {
                let names = self.criteria.minimal(*criteria).join("`, `");
                missing.why.insert(0, format!("nobody vouches for `{names}`"));
                missing.gap = Some((version, gap.clone()));
                Standing::Open(missing)
            }
            Some(Verdict::Violated(conflicts)) => {
                let warnings =
                    conflicts.iter().filter_map(|conflict| self.warning(&store, name, conflict, &version));
                violations.extend(warnings);
                violations.sort_by(|a: &Violation, b| (&a.from, &a.place).cmp(&(&b.from, &b.place)));
                violations.dedup();
                if violations.is_empty() {
                    missing.why.insert(
                        0,
                        "reviews and violations of other versions contradict each other".to_owned(),
                    );
                } else {
                    missing.why.insert(0, "somebody warns of this version".to_owned());
                }
                Standing::Open(missing)
            }
            Some(Verdict::Own | Verdict::Undeclared) | None => {
                let why =
                    "it does not come from crates.io, and nothing says which of its packages it stands for";
                missing.why.insert(0, why.to_owned());
                Standing::Open(missing)
            }
        };
        Opinion { violations, standing }
    }

    /// The entries about one crate: what is wrong with others says nothing about it.
    fn about(&self, krate: &str, version: &VetVersion, origin: Origin) -> Store {
        let Store { folder, config, audits, imports } = &self.store;
        let sets = imports.sets.iter().map(|(name, set)| (name.clone(), about(set, krate)));
        let mut policy = ByName::from([(
            WORKSPACE.to_owned(),
            PolicyFor::Every(Policy { criteria: Some(self.demand.clone()), ..Policy::default() }),
        )]);
        // That a package is the team's own is for `own` to say: here it would only hide it.
        let stands_for = config.policy(krate, version).and_then(|policy| policy.audit_as_crates_io);
        if stands_for == Some(true) && origin != Origin::CratesIo {
            let declared = Policy { audit_as_crates_io: Some(true), ..Policy::default() };
            policy.insert(krate.to_owned(), PolicyFor::Each(BTreeMap::from([(version.clone(), declared)])));
        }
        Store {
            folder: folder.clone(),
            config: Config {
                version: config.version,
                default_criteria: None,
                imports: config.imports.clone(),
                policy,
                exemptions: only(&config.exemptions, krate),
            },
            audits: about(audits, krate),
            imports: Imports {
                unpublished: only(&imports.unpublished, krate),
                publications: only(&imports.publications, krate),
                sets: sets.collect(),
            },
        }
    }

    /// A violation that covers the version; one of another version warns of that one.
    fn warning(
        &self,
        store: &Store,
        krate: &str,
        conflict: &Conflict,
        version: &VetVersion,
    ) -> Option<Violation> {
        let Some(reference) = conflict.violation else {
            let barred = store.imports.sets.iter().find_map(|(name, set)| {
                let covers = |versions: &Option<Requirement>| {
                    versions.as_ref().is_none_or(|versions| versions.concerns(version))
                };
                let bar = set.bars.iter().find(|bar| bar.krate == krate && covers(&bar.versions))?;
                Some((name.as_str(), bar.line))
            });
            let (name, line) = barred?;
            let place = format!("{}:{line}", self.file(name));
            return Some(Violation { from: name.to_owned(), criteria: vec![], place, notes: None });
        };
        let AuditRef { set, entry } = reference;
        let (from, audits) = match set {
            None => (OWN, &store.audits),
            Some(set) => store.set(set)?,
        };
        let audit = audits.audits.get(krate)?.get(entry)?;
        let AuditKind::Violation(versions) = &audit.kind else { return None };
        let place = match set {
            None => format!("supply-chain/audits.toml:{}", audit.line),
            Some(_) => format!("{}:{}", self.file(from), audit.line),
        };
        versions.concerns(version).then(|| Violation {
            from: from.to_owned(),
            criteria: audit.criteria.clone(),
            place,
            notes: audit.notes.clone(),
        })
    }

    fn file(&self, import: &str) -> &str {
        self.files.get(import).map_or("supply-chain/imports.lock", String::as_str)
    }

    fn discounted(&self, store: &Store, krate: &str, void: &Void) -> String {
        let why = match void.why {
            Why::Banned => "a violation speaks against its version",
            Why::Excluded => "nothing is to be taken over for this crate",
            Why::EndsTooLate => "it ends more than a year ahead",
            Why::NewBuildCode => "the version brings code that runs at build time",
            Why::NewDependency => "the version brings a dependency",
            Why::NotKnown => "who published it and the version before, or what it brings in, is not known",
            Why::OtherPublisher => "somebody else published the versions before",
            Why::TooYoung => "it was published too short a time ago",
        };
        let line =
            store.place(krate, &void.link).map(|(_, line)| format!(" (line {line})")).unwrap_or_default();
        format!("an entry of `{}`{line} does not count: {why}", who(store, &void.link))
    }
}

fn days(rules: Option<&AuditRules>) -> u64 {
    rules.map_or_else(|| AuditRules::default().publisher_days(), AuditRules::publisher_days)
}

fn who(store: &Store, link: &Link) -> String {
    let set = match *link {
        Link::Imported { set, .. } | Link::Wildcard { set: Some(set), .. } => store.set(set),
        _ => None,
    };
    set.map_or(OWN, |(name, _)| name).to_owned()
}

fn about(set: &Set, krate: &str) -> Set {
    Set {
        criteria: set.criteria.clone(),
        wildcards: only(&set.wildcards, krate),
        audits: only(&set.audits, krate),
        trusted: only(&set.trusted, krate),
        bars: set.bars.iter().filter(|bar| bar.krate == krate).cloned().collect(),
    }
}

fn only<T: Clone>(all: &ByName<Vec<T>>, krate: &str) -> ByName<Vec<T>> {
    all.get(krate).map(|entries| (krate.to_owned(), entries.clone())).into_iter().collect()
}

/// A workspace that needs one package.
fn tree(name: &str, version: &VetVersion, origin: Origin) -> Tree {
    let package = |name: &str, version: VetVersion, origin, is_member, dependencies| TreePackage {
        name: name.to_owned(),
        version,
        origin,
        is_member,
        is_root: false,
        dependencies,
        dev_dependencies: vec![],
    };
    let first = VetVersion { semver: semver::Version::new(0, 0, 0), git: None };
    Tree::new(vec![
        package(WORKSPACE, first, Origin::Path, true, vec![1]),
        package(name, version.clone(), origin, false, vec![]),
    ])
}
