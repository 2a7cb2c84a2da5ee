//! The draft of a manifest: what is proven gets a pin, what is refused a finding.

use std::collections::BTreeSet;

use provenance_build::manifest::{Basis, Line, Origin, Pin, Trust, Vetted};
use provenance_build::{LockedPackage, Manifest, PackageId};

use super::{Material, Rigor};
use crate::collect::entrants::Entrant;
use crate::collect::situation::Situation;
use crate::finding::{Finding, Weight};
use crate::model::Evidence;
use crate::policy::CHECK_SET;
use crate::registry::Refusal;
use crate::registry::proof::Verdict;
use crate::report::Outcome;
use crate::vet::entry::{Candidate, Way, judge};

/// A manifest in the making, and what was noticed on the way.
#[derive(Debug)]
pub struct Draft {
    /// The new manifest.
    pub manifest: Manifest,
    /// Packages that got a pin or another one.
    pub added: Vec<PackageId>,
    /// Pins and members that are no longer needed, as they are shown.
    pub removed: Vec<String>,
    /// New members.
    pub joined: Vec<String>,
    /// How many pins stayed as they were.
    pub kept: usize,
    /// What was noticed.
    pub findings: Vec<Finding>,
    /// Whether something could not be looked up that the answer depends on.
    pub undecided: bool,
}

impl Draft {
    /// Whether the manifest may be written.
    pub fn may_be_written(&self) -> bool {
        !self.undecided && self.findings.iter().all(|finding| finding.weight == Weight::Note)
    }

    /// What a draft that may not be written comes to. A lockfile that lags behind the manifests is no matter of the policy.
    pub fn outcome(&self) -> Outcome {
        let mut against = self.findings.iter().filter(|finding| finding.weight != Weight::Note).peekable();
        if self.undecided {
            Outcome::Undecided
        } else if against.peek().is_some() && against.all(|finding| finding.id == "lock-stale") {
            Outcome::Drift
        } else {
            Outcome::Refused
        }
    }
}

/// The pin of a proven package that nobody has pinned before.
pub(in crate::ops) fn pin(id: &PackageId, entrant: &Entrant, rigor: Rigor) -> Pin {
    let origin = match (&id.source, &entrant.path) {
        (Some(source), _) => Origin::Source(source.clone()),
        (None, path) => Origin::Path(path.clone().unwrap_or_default()),
    };
    let (basis, vetted) = match rigor {
        Rigor::Baseline => (Basis::Baseline, None),
        Rigor::Policy => (Basis::Policy, Some(Vetted { checks: CHECK_SET, advisories: None })),
    };
    Pin {
        name: id.name.clone(),
        version: id.version.clone(),
        origin,
        checksum: entrant.checksum,
        tree: entrant.tree,
        vendor_tree: entrant.vendor_tree,
        build_time: entrant.build_time.clone(),
        trust: Trust::on(basis),
        vetted,
        accepted: vec![],
        baseline: vec![],
        line: Line(0),
    }
}

impl Draft {
    pub(super) fn admit(&mut self, package: &LockedPackage, entrant: &Entrant, material: &Material<'_>) {
        let id = &package.id;
        let pin = pin(id, entrant, material.rigor);
        let before = material.old.and_then(|old| old.pin_for(id));
        let same = |before: &&Pin| {
            (&before.origin, &before.checksum, &before.tree) == (&pin.origin, &pin.checksum, &pin.tree)
        };
        if let Some(before) = before.filter(same) {
            // The same bytes keep the trust that they have; only what vendoring leaves of them is new.
            let vendor_tree = pin.vendor_tree.or(before.vendor_tree);
            self.manifest.packages.push(Pin { vendor_tree, ..before.clone() });
            self.kept += 1;
            return;
        }
        self.added.push(id.clone());
        self.manifest.packages.push(pin);
        let judgment = judge(
            Candidate { id, releases: &entrant.releases, way: Way::Locked },
            material.policy,
            |name| material.situation.index_of(name),
            material.now,
        );
        let lenient = material.rigor == Rigor::Baseline;
        self.undecided |= judgment.undecided && !lenient;
        for mut finding in judgment.findings {
            if lenient {
                finding.weight = Weight::Note;
                finding.help.clear();
            }
            let place = material.situation.locked_at(package, "locked here");
            finding.places.insert(0, place);
            self.findings.push(finding);
        }
        for (check, what) in &entrant.remarks {
            let message = format!("`{}`: {what}", id.short());
            self.findings.push(Finding::new(check, Weight::Note, message).about(id.clone()));
        }
        if let (None, Some(path)) = (&id.source, &entrant.path) {
            let message = format!("`{}` in `{path}` is pinned as a third party's path package", id.short());
            let help = format!("if it is the team's own, add \"{path}\" to `own` in `Provenance.toml`");
            let finding = Finding::new("path-package", Weight::Note, message).about(id.clone()).help(help);
            self.findings
                .push(finding.at(material.situation.locked_at(package, "locked here, without a source")));
        }
    }

    pub(super) fn refuse(&mut self, package: &LockedPackage, refusals: &[Refusal], situation: &Situation) {
        for refusal in refusals {
            self.undecided |= refusal.verdict == Verdict::Undecided;
            let message = format!("`{}`: {}", package.id.short(), refusal.what);
            let finding = Finding::new(refusal.check, Weight::Denial, message)
                .about(package.id.clone())
                .at(situation.locked_at(package, "locked here"))
                .help(refusal.help.clone());
            self.findings.push(finding);
        }
    }

    /// A source that the policy does not list any more is refused for kept pins too.
    pub(super) fn judge_kept(&mut self, material: &Material<'_>) {
        if material.rigor == Rigor::Baseline {
            return;
        }
        let Material { situation, policy, .. } = *material;
        for (index, pin) in &material.split.kept {
            let package = &situation.lockfile.packages[*index];
            // Without releases nothing but the source is judged; a git package has none anyway.
            let none = Evidence::Unavailable(String::new());
            let candidate = Candidate { id: &pin.id(), releases: &none, way: Way::Locked };
            let judgment = judge(candidate, policy, |name| situation.index_of(name), material.now);
            for mut finding in judgment.findings.into_iter().filter(|finding| finding.id == "source") {
                finding.places.insert(0, situation.locked_at(package, "locked here"));
                self.findings.push(finding);
            }
        }
    }

    pub(super) fn settings(&mut self, old: Option<&Manifest>, situation: &Situation) {
        let Some(old) = old else { return };
        for setting in situation.configuration.recorded.values() {
            let before = old.cargo_config.get(&setting.key);
            if before == Some(&setting.value) {
                continue;
            }
            let verb = if before.is_some() { "another value of" } else { "new" };
            let message = format!("recorded {verb} cargo setting `{}`: {}", setting.key, setting.value);
            self.findings.push(
                Finding::new("cargo-setting", Weight::Note, message)
                    .note("it can run or swap code; review it like code"),
            );
        }
        for key in old.cargo_config.keys() {
            if !situation.configuration.recorded.contains_key(key) {
                self.removed.push(format!("cargo setting `{key}`"));
            }
        }
    }

    pub(super) fn gone(&mut self, old: Option<&Manifest>) {
        let Some(old) = old else { return };
        let pins = self.manifest.packages.iter().map(Pin::id).collect::<BTreeSet<_>>();
        let members = self.manifest.members.iter().map(|member| &member.name).collect::<BTreeSet<_>>();
        let gone = old.packages.iter().map(Pin::id).filter(|id| !pins.contains(id));
        self.removed.extend(gone.map(|id| id.to_string()));
        let left = old.members.iter().filter(|member| !members.contains(&member.name));
        self.removed.extend(left.map(|member| format!("member `{}`", member.name)));
    }
}
