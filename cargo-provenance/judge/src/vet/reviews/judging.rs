//! One package, held against the entries about its crate.

use std::collections::{BTreeMap, BTreeSet};

use super::people::{self, Person, Pivotal};
use super::{Missing, OWN, Opinion, Proof, Reviews, Standing, Violation, crev};
use crate::audit::{
    self, AuditKind, AuditRef, ByName, Config, Conflict, Imports, Link, Mode, Origin, Policy, PolicyFor,
    Requirement, Set, Store, Strict, Tree, TreePackage, Verdict, VetVersion, Void, Why,
};
use crate::vet::dossier::Dossier;

/// No crate can be called so.
const WORKSPACE: &str = "(workspace)";

impl Reviews {
    /// What is said of a package of which these criteria are required, where publishers are what `strict` knows of them.
    pub(super) fn judged(
        &self,
        dossier: &Dossier<'_>,
        demand: &[String],
        strict: &Strict,
        doubts: Vec<String>,
    ) -> Opinion {
        let id = dossier.id;
        let open = |why: &str| Opinion {
            violations: vec![],
            standing: Standing::Open(Missing { why: vec![why.to_owned()], gap: None }),
        };
        let Some(version) = VetVersion::of(id) else { return open("its version cannot be compared") };
        let origin = Origin::of(id.source.as_ref());
        let name = id.name.as_str();
        let (store, reasons) = self.counting(dossier, (&version, origin), demand);
        let tree = tree(name, &version, origin);
        let resolved = |store: &Store| audit::resolve(store, &tree, self.today, Mode::Strict(strict));
        let verdicts = match resolved(&store) {
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
        missing.why.extend(doubts.into_iter().chain(reasons));
        let mut violations = vec![];
        let standing = match verdicts.packages.get(place) {
            Some(Verdict::Proven { grade, chains }) => {
                let prove = |store: &Store| {
                    let verdicts = resolved(store).ok();
                    match verdicts.as_ref().and_then(|verdicts| verdicts.packages.get(place)) {
                        Some(Verdict::Proven { chains, .. }) => {
                            Ok(chains.values().flatten().cloned().collect())
                        }
                        Some(Verdict::Unproven { gap, .. }) => Err(Some(gap.clone())),
                        _ => Err(None),
                    }
                };
                let reviewers = usize::from(self.rules.reviewers.value);
                match self.people.pivotal(&store, name, reviewers.saturating_sub(1), &prove) {
                    Pivotal::Nobody => {
                        let links = || chains.values().flatten();
                        let from = links().map(|link| who(&store, link)).collect::<BTreeSet<_>>();
                        Standing::Proven(Proof {
                            criteria: demand.join(", "),
                            from: from.into_iter().collect(),
                            grade: *grade,
                            on_publisher: links()
                                .any(|link| matches!(link, Link::Trusted { .. } | Link::Wildcard { .. })),
                        })
                    }
                    Pivotal::Untold => {
                        missing.why.insert(
                            0,
                            format!(
                                "{reviewers} different people must vouch for it, and its reviews are too tangled to tell \
                                 whether they do: reviews of the whole version are not"
                            ),
                        );
                        Standing::Open(missing)
                    }
                    Pivotal::Group(few, gap) => {
                        missing.why.insert(0, self.too_few(&few));
                        missing.gap = gap.map(|gap| (version, gap));
                        Standing::Open(missing)
                    }
                }
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
                violations.sort_by(|a: &Violation, b| {
                    (&a.from, &a.place, &a.notes).cmp(&(&b.from, &b.place, &b.notes))
                });
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

    /// The entries about a package that count, and why others do not, a line each.
    fn counting(
        &self,
        dossier: &Dossier<'_>,
        (version, origin): (&VetVersion, Origin),
        demand: &[String],
    ) -> (Store, Vec<String>) {
        let name = dossier.id.name.as_str();
        let may_vouch = |reviewer: &String| {
            origin == Origin::CratesIo && dossier.on_record.is_none_or(|record| record.contains(reviewer))
        };
        let stands_for = self.stands_for(name, version, origin);
        let mut store = self.about(name, (version, origin), demand, &may_vouch);
        let mut foreign = BTreeSet::new();
        for (set, entries) in &mut store.imports.sets {
            let Some(audits) = entries.audits.get_mut(name).filter(|_| !self.signed.contains_key(set)) else {
                continue;
            };
            let before = audits.len();
            audits.retain(|audit| audit.kind.to().is_none_or(|to| !stands_for.contains(&to)));
            foreign.extend((audits.len() < before).then(|| set.clone()));
        }
        let unbound = self.bound.take_out(&mut store, name, (version, origin, &dossier.bytes), &self.rules);
        let foreign = foreign.iter();
        let mut reasons = foreign
            .map(|set| format!("what `{set}` reviewed is the package of crates.io"))
            .collect::<Vec<_>>();
        if !self.rules.self_reviews {
            let own_work = self.people.take_out_own_work(&mut store, name, version).into_iter();
            reasons.extend(
                own_work.map(|who| format!("{who} published it, so that their review does not count")),
            );
        }
        reasons.extend(unbound);
        if self.rules.reviewers.value > 1 {
            people::without_nobodys(&mut store);
        }
        for (reviewer, signed) in &self.signed {
            let passed = signed.passed(name, &version.semver);
            reasons.extend(passed.map(|why| format!("a review by `{reviewer}` does not count: {why}")));
            if !may_vouch(reviewer) && signed.claims(name, &version.semver).next().is_some() {
                reasons.push(match origin {
                    Origin::CratesIo => format!(
                        "what `{reviewer}` reviewed was not compared with this package yet: `cargo provenance pin --recheck` does"
                    ),
                    _ => format!("what `{reviewer}` reviewed is the package of crates.io"),
                });
            }
        }
        (store, reasons)
    }

    /// The versions of crates.io under whose names a package from elsewhere goes: its own, and those that are said to stand for it.
    /// Nobody but the team can tell that the bytes are those which others saw. What they saw of other versions may be a ground
    /// for what the team reviewed.
    fn stands_for<'v>(&'v self, krate: &str, version: &'v VetVersion, origin: Origin) -> Vec<&'v VetVersion> {
        if origin == Origin::CratesIo {
            return vec![];
        }
        let own = Some(version).filter(|version| version.git.is_none());
        let others = self.store.imports.unpublished.get(krate).into_iter().flatten();
        own.into_iter().chain(others.map(|it| &it.audited_as)).collect()
    }

    fn too_few(&self, few: &BTreeSet<Person>) -> String {
        let number = self.rules.reviewers.value;
        let few = few.iter().map(ToString::to_string).collect::<Vec<_>>();
        format!("{number} different people must vouch for it, and without {} nobody does", few.join(" and "))
    }

    /// The entries about one crate: what is wrong with others says nothing about it.
    fn about(
        &self,
        krate: &str,
        (version, origin): (&VetVersion, Origin),
        demand: &[String],
        may_vouch: &dyn Fn(&String) -> bool,
    ) -> Store {
        let Store { folder, config, audits, imports } = &self.store;
        let sets = imports.sets.iter().map(|(name, set)| {
            let set = about(set, krate);
            let set = match self.signed.contains_key(name) {
                true => crev::bearing_on(set, krate, version, may_vouch(name)),
                false => set,
            };
            (name.clone(), set)
        });
        let mut policy = ByName::from([(
            WORKSPACE.to_owned(),
            PolicyFor::Every(Policy { criteria: Some(demand.to_vec()), ..Policy::default() }),
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
            let place = self.place(name, line);
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
            None => format!("{}:{}", self.own("audits.toml"), audit.line),
            Some(_) => self.place(from, audit.line),
        };
        versions.concerns(version).then(|| Violation {
            from: from.to_owned(),
            criteria: audit.criteria.clone(),
            place,
            notes: audit.notes.clone(),
        })
    }

    fn place(&self, import: &str, line: u32) -> String {
        match (self.signed.get(import), self.files.get(import)) {
            (Some(signed), _) => signed.place(line).to_owned(),
            (None, Some(file)) => format!("{file}:{line}"),
            (None, None) => format!("{}:{line}", self.own("imports.lock")),
        }
    }

    /// A file of the store, as it is shown.
    pub(super) fn own(&self, name: &str) -> String {
        self.store.folder.join(name).display().to_string()
    }

    fn discounted(&self, store: &Store, krate: &str, void: &Void) -> String {
        let why = match void.why {
            Why::Banned => "a violation speaks against its version",
            Why::Excluded => "nothing is to be taken over for this crate",
            Why::EndsTooLate => "it ends more than a year ahead",
            Why::NewBuildCode => "the version brings code that runs at build time",
            Why::NewDependency => "the version brings a dependency",
            Why::NotKnown => "who published before, and what the version brings, is not known",
            Why::OtherPublisher => "somebody else published the versions before",
            Why::TooYoung => "it was published too short a time ago",
        };
        let from = who(store, &void.link);
        let line = store.place(krate, &void.link).map(|(_, line)| match self.signed.get(&from) {
            Some(signed) => format!(" ({})", signed.place(line)),
            None => format!(" (line {line})"),
        });
        format!("an entry of `{from}`{} does not count: {why}", line.unwrap_or_default())
    }
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
