//! The draft of a manifest: what is proven gets a pin, what is refused a finding.

use std::collections::BTreeSet;

use provenance_build::manifest::{self, Acceptance, Basis, Line, Origin, Pin, Trust};
use provenance_build::{LockedPackage, Manifest, PackageId};

use super::super::vetting::{Examined, Vetted};
use super::{Material, Rigor};
use crate::audit::Grade;
use crate::collect::entrants::Entrant;
use crate::collect::situation::Situation;
use crate::finding::{Finding, Weight};
use crate::model::Date;
use crate::report::Outcome;
use crate::vet::engine::NOT_JUDGED;
use crate::vet::waiver::{self, Waived, Waiver};
use crate::vet::{CHECK_SET, Open, Proof};

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
    /// What could not be looked up, although the answer depends on it.
    pub open: Vec<Open>,
    /// What was found and does not refuse, because people accepted it.
    pub waived: Vec<Waived>,
}

impl Draft {
    /// Whether the manifest may be written.
    pub fn may_be_written(&self) -> bool {
        self.open.is_empty() && self.findings.iter().all(|finding| finding.weight == Weight::Note)
    }

    /// What a draft that may not be written comes to. A lockfile that lags behind the manifests is no matter of the policy.
    pub fn outcome(&self) -> Outcome {
        let known = |finding: &&Finding| finding.weight != Weight::Note && finding.id != NOT_JUDGED;
        let mut against = self.findings.iter().filter(known).peekable();
        if against.peek().is_none() {
            Outcome::Undecided
        } else if against.peek().is_some() && against.all(|finding| finding.id == "lock-stale") {
            Outcome::Drift
        } else {
            Outcome::Refused
        }
    }
}

/// The pin of a proven package that nobody has pinned before. `advisories` is the date of the newest advisory that it was
/// compared with.
pub(in crate::ops) fn pin(
    id: &PackageId,
    entrant: &Entrant,
    vetted: &Vetted,
    rigor: Rigor,
    advisories: Option<Date>,
) -> Pin {
    let origin = match (&id.source, &entrant.path) {
        (Some(source), _) => Origin::Source(source.clone()),
        (None, path) => Origin::Path(path.clone().unwrap_or_default()),
    };
    let accepted = vetted.waived.iter().filter_map(|waived| match &waived.by {
        Waiver::Accepted(acceptance) => Some(acceptance.clone()),
        Waiver::Baseline | Waiver::Excepted(..) => None,
    });
    let accepted = accepted.collect::<Vec<_>>();
    let baseline = vetted.waived.iter().filter(|waived| waived.by == Waiver::Baseline);
    let baseline = baseline.map(|waived| waiver::key(&waived.finding)).collect::<Vec<_>>();
    let proof = vetted.judgment.proof.as_ref().filter(|proof| proof.grade == Grade::Fully);
    let proof = proof.filter(|_| baseline.is_empty() && accepted.is_empty());
    let basis = match rigor {
        Rigor::Baseline => Basis::Baseline,
        Rigor::Policy | Rigor::Recheck if !baseline.is_empty() => Basis::Baseline,
        Rigor::Policy | Rigor::Recheck if accepted.is_empty() => Basis::Policy,
        Rigor::Policy | Rigor::Recheck => Basis::Accepted,
    };
    Pin {
        name: id.name.clone(),
        version: id.version.clone(),
        origin,
        checksum: entrant.checksum,
        tree: entrant.tree,
        vendor_tree: entrant.vendor_tree,
        build_time: entrant.build_time.clone(),
        trust: proof.map_or_else(|| Trust::on(basis), proven),
        vetted: Some(manifest::Vetted {
            checks: CHECK_SET,
            advisories: advisories.map(|date| date.to_string()),
        }),
        repository: None,
        accepted,
        baseline,
        line: Line(0),
    }
}

/// The trust that reviews, or the name of a publisher, make.
fn proven(proof: &Proof) -> Trust {
    let basis = if proof.on_publisher { Basis::Publisher } else { Basis::Audit };
    Trust { criteria: Some(proof.criteria.clone()), from: proof.from.clone(), ..Trust::on(basis) }
}

/// Writes into a pin that stays what reviews prove of the package now that more is required of it, and what a person accepts.
/// Only what names criteria says less than that.
pub(in crate::ops) fn renew(pin: &mut Pin, vetted: &Vetted) {
    let proof = vetted.judgment.proof.as_ref().filter(|proof| proof.grade == Grade::Fully);
    if !vetted.accepted.is_empty() {
        let is_new =
            |it: &Acceptance| vetted.accepted.iter().any(|new| (&new.check, &new.id) == (&it.check, &it.id));
        pin.accepted.retain(|it| !is_new(it));
        pin.accepted.extend(vetted.accepted.iter().cloned());
        pin.trust = Trust::on(Basis::Accepted);
    } else if let (Some(proof), Basis::Audit | Basis::Publisher) = (proof, pin.trust.basis) {
        pin.trust = proven(proof);
    }
}

/// A pin that was judged again. Nobody has looked at what only the baseline waives; everything else is kept or newer.
fn rechecked(kept: Pin, anew: Pin) -> Pin {
    let trust = match kept.trust.basis {
        Basis::Baseline if !anew.baseline.is_empty() => kept.trust,
        // What was reviewed, or whose publisher was trusted, may not count as that any more.
        Basis::Accepted | Basis::Audit | Basis::Baseline | Basis::Policy | Basis::Publisher => anew.trust,
    };
    Pin { trust, vetted: anew.vetted, accepted: anew.accepted, baseline: anew.baseline, ..kept }
}

impl Draft {
    /// Gives a package its pin, or tells why it gets none.
    pub(super) fn enter(
        &mut self,
        package: &LockedPackage,
        examined: &Examined,
        vetted: &Vetted,
        material: &Material<'_>,
    ) {
        if let Ok(entrant) = &examined.proven {
            self.admit(package, entrant, vetted, material);
        }
        for finding in &vetted.judgment.findings {
            let mut finding = finding.clone();
            finding.places.insert(0, material.situation.locked_at(package, "locked here"));
            self.findings.push(finding);
        }
        self.open.extend(vetted.judgment.open.iter().cloned());
        self.waived.extend(vetted.waived.iter().cloned());
    }

    fn admit(
        &mut self,
        package: &LockedPackage,
        entrant: &Entrant,
        vetted: &Vetted,
        material: &Material<'_>,
    ) {
        let id = &package.id;
        let pin = pin(id, entrant, vetted, material.rigor, material.advisories);
        let before = material.old.and_then(|old| old.pin_for(id));
        let same = |before: &&Pin| {
            (&before.origin, &before.checksum, &before.tree) == (&pin.origin, &pin.checksum, &pin.tree)
        };
        if let Some(before) = before.filter(same) {
            // The same bytes keep the trust that they have; only what vendoring leaves of them is new.
            let vendor_tree = pin.vendor_tree.or(before.vendor_tree);
            let kept = Pin { vendor_tree, ..before.clone() };
            self.manifest.packages.push(match material.rigor {
                Rigor::Recheck => rechecked(kept, pin),
                Rigor::Baseline | Rigor::Policy => kept,
            });
            self.kept += 1;
            return;
        }
        self.added.push(id.clone());
        self.manifest.packages.push(pin);
        if let (None, Some(path)) = (&id.source, &entrant.path) {
            let message = format!("`{}` in `{path}` is pinned as a third party's path package", id.short());
            let help = format!("if it is the team's own, add \"{path}\" to `own` in `Provenance.toml`");
            let finding = Finding::new("path-package", Weight::Note, message).about(id.clone()).help(help);
            self.findings
                .push(finding.at(material.situation.locked_at(package, "locked here, without a source")));
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
            let note = match is_cooldown(&setting.key) {
                true => "it says how old what cargo resolves must be; it runs nothing",
                false => "it can run or swap code; review it like code",
            };
            self.findings.push(Finding::new("cargo-setting", Weight::Note, message).note(note));
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

/// Whether a setting is cargo's own cool-down, by its name or that of one registry.
fn is_cooldown(key: &str) -> bool {
    let key = key.rsplit_once('#').map_or(key, |(_, key)| key);
    key.ends_with(".global-min-publish-age") || key.ends_with(".min-publish-age")
}
