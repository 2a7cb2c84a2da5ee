//! What a change does to reviews: what it takes out of the store and adds to it, and what its pins claim.

use std::path::Path;

use provenance_build::manifest::{Basis, Pin};

use super::{Finding, Gate, Report, Weight, plural};
use crate::audit::{BINDINGS, Effect, Published, Set, Store, compare};
use crate::collect::{audits, vet_store};
use crate::finding::Role;
use crate::finding::drift::Excerpts;
use crate::git::Revision;
use crate::vet::{Judgment, Proof};

/// The id of a finding about a pin that says more than is proven.
pub(super) const TRUST_OVERSTATED: &str = "trust-overstated";

/// The files of a store, ours among them.
const FILES: [&str; 5] = ["config.toml", "audits.toml", "imports.lock", BINDINGS, audits::PUBLISHERS];

/// New exemptions that are told one by one.
const TOLD: usize = 20;

/// The store at another commit.
pub(super) struct StoreBefore {
    /// The bytes of each of [`FILES`].
    files: [Option<Vec<u8>>; FILES.len()],
    /// What they say, where that can be read.
    store: Store,
}

impl StoreBefore {
    /// Reads the store at a commit, in the folder where it lay. What cannot be read is taken for absent, so that all is new.
    pub(super) fn read(gate: &Gate, revision: &Revision) -> Self {
        let read = |path: &str| revision.file(path).ok().flatten();
        let manifest = read("Cargo.toml").map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let Ok(folder) = vet_store::folder_before(&gate.root, manifest.as_deref()) else {
            return Self { files: Default::default(), store: Store::default() };
        };
        let files = FILES.map(|name| read(&format!("{folder}/{name}")));
        let bytes = |index: usize| files[index].as_deref().unwrap_or_default();
        let store = Store::read(Path::new(&folder), bytes(0), bytes(1), bytes(2)).unwrap_or_default();
        Self { files, store }
    }

    /// Tells which files of the store a change touches, the warnings that it takes away and the exemptions that it adds.
    pub(super) fn tell(&self, gate: &Gate, new: &mut Report) {
        let Ok(folder) = vet_store::folder(&gate.root) else { return };
        let store = audits::store(&gate.root).ok().flatten().unwrap_or_default();
        for (name, before) in FILES.iter().zip(&self.files) {
            let shown = format!("{folder}/{name}");
            let now = audits::bytes(&gate.root.join(&shown), &shown).ok().flatten();
            let what = match (before, &now) {
                (None, Some(_)) => "is new",
                (Some(_), None) => "was removed",
                _ if *before != now => "was changed",
                _ => continue,
            };
            let gone = match *name {
                "audits.toml" => unwarned(&self.store.audits, &store.audits),
                "imports.lock" => {
                    let none = Set::default();
                    let sets = self.store.imports.sets.iter();
                    sets.map(|(name, set)| unwarned(set, store.imports.sets.get(name).unwrap_or(&none))).sum()
                }
                _ => 0,
            };
            let gone = match gone {
                0 => String::new(),
                1 => ": 1 warning was removed".to_owned(),
                more => format!(": {} were removed", plural(more, "warning")),
            };
            new.step("Reviews", format!("`{shown}` {what}{gone}"));
        }
        self.tell_exemptions(&store, new);
    }

    fn tell_exemptions(&self, store: &Store, new: &mut Report) {
        let all =
            store.config.exemptions.iter().flat_map(|(krate, list)| list.iter().map(move |it| (krate, it)));
        let added = all.filter(|(krate, it)| {
            let before = self.store.config.exemptions.get(*krate).map(Vec::as_slice).unwrap_or_default();
            !before.iter().any(|old| old.version == it.version && old.criteria == it.criteria)
        });
        let added = added.collect::<Vec<_>>();
        for (krate, it) in added.iter().take(TOLD) {
            let place = store.folder.join("config.toml");
            let criteria = it.criteria.join(", ");
            new.step(
                "Exemption",
                format!("{krate} {} for {criteria} ({}:{})", it.version, place.display(), it.line),
            );
        }
        if let more @ 1.. = added.len().saturating_sub(TOLD) {
            new.step("Exemption", format!("of {more} more"));
        }
    }
}

/// How many warnings of a set are gone.
fn unwarned(old: &Set, new: &Set) -> usize {
    let published = |set: &Set| Published { set: set.clone(), losses: vec![] };
    let changes = compare(&published(old), &published(new));
    changes.iter().filter(|change| change.effect == Effect::Unwarns).count()
}

/// A finding about a pin that claims reviews, or the name of a publisher, which prove nothing of the package now. It refuses only
/// what a change writes: what was true once may have been taken back since. `old` is the pin before the change, where one is judged.
pub(super) fn overstated(
    gate: &Gate,
    pin: Option<&Pin>,
    judgment: &Judgment,
    old: Option<Option<&Pin>>,
) -> Option<Finding> {
    let pin = pin.filter(|_| judgment.open.is_empty())?;
    let trust = &pin.trust;
    let proof = judgment.proof.as_ref();
    let is_proven = |proof: &Proof| match trust.basis {
        Basis::Audit => !proof.on_publisher,
        _ => true,
    };
    let is_claimed = matches!(trust.basis, Basis::Audit | Basis::Publisher);
    let is_new = old.is_some_and(|old| old.is_none_or(|old| old.trust != *trust));
    let is_same = |proof: &Proof| {
        trust.criteria.as_deref() == Some(&proof.criteria)
            && trust.from.iter().all(|it| proof.from.contains(it))
    };
    let is_true = proof.is_some_and(|proof| is_proven(proof) && (!is_new || is_same(proof)));
    if !is_claimed || is_true {
        return None;
    }
    let weight = if is_new { Weight::Denial } else { Weight::Note };
    let id = pin.id();
    let message = format!("the pin of `{}` says more than is proven", id.short());
    let mut finding = Finding::new(TRUST_OVERSTATED, weight, message).about(id);
    finding.places.push(gate.pinned(pin.line.0, "pinned here".to_owned(), Role::Primary));
    let found = match proof {
        Some(proof) if proof.on_publisher => {
            format!("only the name of its publisher speaks for it, for {}", proof.criteria)
        }
        Some(proof) => format!("it was reviewed for {} ({})", proof.criteria, proof.from.join(", ")),
        None => "no review and no publisher's name proves anything of it".to_owned(),
    };
    Some(finding.note(found).help("run `cargo provenance pin --recheck`, which writes what is proven"))
}
