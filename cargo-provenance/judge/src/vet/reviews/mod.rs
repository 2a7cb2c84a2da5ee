//! What reviews say of packages: whether somebody vouches for them, and whether somebody warns of them.
//!
//! Each package is judged alone, by the entries that are about its crate, strictly: a publisher's name proves nothing by
//! itself ([`Look`] says what else is asked for). What is required of it follows from who depends on it ([`demand`]).

mod bindings;
mod crev;
pub mod demand;
mod judging;
mod people;
mod publishers;
mod select;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use provenance_build::signing::Fingerprint;
use provenance_build::{PackageId, Source};

use crate::audit::{
    self, Bindings, ByName, Criteria, Gap, Grade, Mode, Origin, PolicyFor, SAFE_TO_RUN, Store, Strict, Tree,
    VetVersion,
};
use crate::model::Date;
use crate::policy::{At, AuditRules, Required};
use crate::vet::dossier::Dossier;

use bindings::Bound;
pub use bindings::{Known, Otherwise};
pub use crev::{Claim, Signed, translated};
use demand::Rules;
pub use demand::{Demand, Demands};
use people::People;
pub use publishers::{Look, before, contradict};
pub use select::{selected, unmatched};

/// What reviews of the team itself are called where it says who vouches.
pub const OWN: &str = "supply-chain";

/// The reviews that count, and what is required.
#[derive(Clone, Debug)]
pub struct Reviews {
    store: Store,
    criteria: Criteria,
    /// By whose rules packages are asked for reviews.
    asks: Rules,
    /// Whether it is the policy before a change that asks.
    is_before: bool,
    rules: AuditRules,
    people: People,
    bound: Bound,
    /// The files of the sets that the policy imports, by name.
    files: BTreeMap<String, String>,
    /// What stands beside the sets that are proofs of crev, by name.
    signed: BTreeMap<String, Signed>,
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
    /// Nothing is required of it, and who says so, a line each.
    NotAsked(Vec<String>),
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
        let asks = Rules::of(rules);
        if let Some(unknown) = asks.names().find_map(|names| criteria.set(names).err()) {
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
        let rules = rules.cloned().unwrap_or_default();
        let people = People::of(rules.auditors.iter().map(|at| &at.value), files.keys());
        let (bound, signed) = (Bound::default(), BTreeMap::new());
        Ok(Self { store, criteria, asks, is_before: false, rules, people, bound, files, signed, today })
    }

    /// The same reviews, bound to bytes; keys with these fingerprints sign nothing any more. Also names the bindings that belong
    /// to no review.
    pub fn bound(self, bindings: Bindings, revoked: Vec<Fingerprint>) -> (Self, Vec<String>) {
        let bound = Bound::of(self.store.folder.display().to_string(), bindings, revoked);
        let astray = bound.astray(&self.store);
        (Self { bound, ..self }, astray)
    }

    /// Knows which of the sets are proofs of crev, and what they say of contents.
    pub fn signed(mut self, mut signed: BTreeMap<String, Signed>) -> Self {
        crev::reconcile(&mut self.store.imports.sets, &mut signed);
        self.signed = signed;
        self
    }

    /// The same reviews, of which the policy before and the store's own policies before require what they require; why that
    /// cannot be, if so. Keys with these fingerprints sign nothing either.
    pub fn held_to(
        &self,
        rules: Option<&AuditRules>,
        policies: &ByName<PolicyFor>,
        revoked: Vec<Fingerprint>,
    ) -> Result<Self, String> {
        let asks = Rules::of(rules);
        if let Some(unknown) = asks.names().find_map(|names| self.criteria.set(names).err()) {
            return Err(format!("the policy before asks for `{unknown}`, which nothing defines any more"));
        }
        let rules = rules.cloned().unwrap_or_default();
        let people = People::of(rules.auditors.iter().map(|at| &at.value), self.files.keys());
        let mut before = Self { rules, people, asks, is_before: true, ..self.clone() };
        before.store.config.policy.clone_from(policies);
        before.bound.revoke(revoked);
        Ok(before)
    }

    /// Of which packages reviews are required, and the line of the policy.
    pub fn required(&self) -> At<Required> {
        self.rules.required
    }

    /// Whether reviews are required of any package.
    pub fn asks(&self) -> bool {
        self.rules.required.value != Required::None
    }

    /// What is said of a package, as far as it is known, whoever published it.
    pub fn of(&self, dossier: &Dossier<'_>) -> Opinion {
        self.asked(dossier, &Strict::default(), vec![])
    }

    /// The same, where the name of who published it counts too, as far as what is known of the package lets it: a chain of
    /// reviews goes before a name, and a name before an exemption.
    pub fn given(&self, dossier: &Dossier<'_>, look: Look) -> Opinion {
        let alone = self.of(dossier);
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
            min_age: i64::try_from(self.rules.publisher_days()).unwrap_or(i64::MAX),
            circumstances: BTreeMap::from([(
                (name.to_owned(), VetVersion { semver, git: None }),
                known.circumstances,
            )]),
            own: vec![],
        };
        let named = self.asked(dossier, &strict, known.doubts);
        match (&alone.standing, &named.standing) {
            (Standing::Proven(_), Standing::Proven(proof)) if proof.grade == Grade::Fully => named,
            (Standing::Proven(_), _) => alone,
            (Standing::NotAsked(_), _) => alone,
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

    /// What good reviews that are signed with crev say of the contents of a package, each with the name of its reviewer.
    pub fn claims(&self, id: &PackageId) -> Vec<(&str, &Claim)> {
        let is_meant = id.source.as_ref().is_some_and(|source| source.is_crates_io());
        let Some(version) = semver::Version::parse(id.version.as_str()).ok().filter(|_| is_meant) else {
            return vec![];
        };
        let claims = self.signed.iter().flat_map(|(name, signed)| {
            signed.claims(id.name.as_str(), &version).map(move |claim| (name.as_str(), claim))
        });
        claims.collect()
    }

    /// The reviews of the team that saw other bytes under the name and version of a package.
    pub fn of_other_bytes(&self, id: &PackageId, bytes: &Known) -> Vec<Otherwise> {
        let placed = VetVersion::of(id).zip(Some(Origin::of(id.source.as_ref())));
        let found =
            placed.map(|(version, origin)| self.bound.otherwise(id.name.as_str(), &version, origin, bytes));
        found.unwrap_or_default()
    }

    fn asked(&self, dossier: &Dossier<'_>, strict: &Strict, doubts: Vec<String>) -> Opinion {
        let strictest = || self.asks.strictest();
        let demand = dossier.demand.known().copied().cloned().unwrap_or_else(strictest);
        if !demand.criteria.is_empty() {
            return self.judged(dossier, &demand.criteria, strict, doubts);
        }
        // Nobody has to vouch for it, and whoever warns of running it warns all the same.
        let warned = self.judged(dossier, &[SAFE_TO_RUN.to_owned()], strict, doubts);
        match warned.violations.is_empty() {
            true => Opinion { violations: vec![], standing: Standing::NotAsked(demand.why) },
            false => warned,
        }
    }
}
